/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log. See <qt/net/audit.h>. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/json.h>
#include <qt/base/sys.h>
#include <qt/net/audit.h>

#define TEXT_MAX 512

struct qt_net_audit {
	int	fd;
	int	is_stderr;
};

int
qt_net_audit_open(const char *path, struct qt_net_audit **out,
    struct qt_err *err)
{
	struct qt_net_audit	*a = calloc(1, sizeof(*a));
	int			 rc;

	*out = NULL;
	if (a == NULL)
		return -ENOMEM;
	a->is_stderr = strcmp(path, "-") == 0;
	a->fd = a->is_stderr ? STDERR_FILENO : qt_sys_open(AT_FDCWD, path,
	    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0600);
	if (a->fd < 0) {
		rc = a->fd;
		qt_err_set(err, "audit log '%s'", path);
		free(a);
		return rc;
	}
	*out = a;
	return 0;
}

void
qt_net_audit_close(struct qt_net_audit *a)
{
	if (a == NULL)
		return;
	if (!a->is_stderr)
		close(a->fd);
	free(a);
}

static void
add(struct qt_json *j, const char *key, const char *text)
{
	if (text != NULL)
		qt_json_strn(j, key, text, strnlen(text, TEXT_MAX));
}

int
qt_net_audit(struct qt_net_audit *a, const char *event, int ok,
    const char *user, const char *role, const struct qt_net_addr *addr,
    const char *detail)
{
	struct qt_buf	line = QT_BUF_INIT;
	struct qt_json	j = QT_JSON_INIT(&line);
	char		time_text[QT_CLOCK_ISO_SIZE];
	char		addr_text[QT_NET_ADDR_TEXT_SIZE];
	ssize_t		n;
	int		rc;

	if (a == NULL)
		return 0;
	qt_clock_iso(qt_clock_real_ms(), time_text);
	qt_json_object(&j, NULL);
	qt_json_str(&j, "time", time_text);
	add(&j, "event", event);
	qt_json_bool(&j, "ok", ok);
	add(&j, "user", user);
	add(&j, "role", role);
	if (addr != NULL) {
		qt_net_addr_text(addr, addr_text);
		add(&j, "addr", addr_text);
	}
	add(&j, "detail", detail);
	qt_json_end(&j);
	rc = qt_json_status(&j);
	if (rc == 0)
		rc = qt_buf_add(&line, "\n", 1);
	if (rc == 0) {
		n = qt_sys_write(a->fd, line.data, line.len);
		rc = n < 0 ? (int)n : (size_t)n < line.len ? -EIO : 0;
	}
	qt_buf_clear(&line);
	return rc;
}
