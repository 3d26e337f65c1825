/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log. See <qt/net/audit.h>. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/json.h>
#include <qt/base/log.h>
#include <qt/base/sys.h>
#include <qt/net/audit.h>

#define TEXT_MAX	512
#define SAY_EVERY_MS	60000	/* that lines are lost */

struct qt_net_audit {
	int		fd;
	int		is_stderr;
	int		is_torn;	/* half of our last line was written */
	uint64_t	said_ms;
	char		*path;
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
	a->path = strdup(path);
	a->is_stderr = strcmp(path, "-") == 0;
	/* Nonblocking: a FIFO that nobody reads must not hold us up. */
	a->fd = a->is_stderr ? STDERR_FILENO : qt_sys_open(AT_FDCWD, path,
	    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (a->fd < 0 || a->path == NULL) {
		rc = a->fd < 0 ? a->fd : -ENOMEM;
		qt_err_set(err, "audit log '%s'%s", path, rc == -ENXIO ?
		    " (a FIFO that nobody reads)" : "");
		free(a->path);
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
	free(a->path);
	free(a);
}

static void
add(struct qt_json *j, const char *key, const char *text)
{
	if (text != NULL)
		qt_json_strn(j, key, text, strnlen(text, TEXT_MAX));
}

/* One write; what a full disk took half of does not spoil the next line. */
static int
append(struct qt_net_audit *a, const struct qt_buf *line)
{
	uint64_t	now = qt_clock_mono_ms();
	ssize_t		n;

	n = qt_sys_write(a->fd, line->data + !a->is_torn,
	    line->len - !a->is_torn);
	if (n == (ssize_t)line->len - !a->is_torn) {
		a->is_torn = 0;
		return 0;
	}
	if (n > 0)
		a->is_torn = 1;
	n = n < 0 ? n : -ENOSPC;
	if (a->said_ms == 0 || now - a->said_ms >= SAY_EVERY_MS) {
		a->said_ms = now;
		qt_log(QT_LOG_ERROR, "audit", "a line for '%s' is lost: %s",
		    a->path, qt_strerror((int)n));
	}
	return (int)n;
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
	int		rc;

	if (a == NULL)
		return 0;
	qt_clock_iso(qt_clock_real_ms(), time_text);
	if (qt_buf_add(&line, "\n", 1) < 0)	/* see append() */
		return -ENOMEM;
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
	if (rc == 0)
		rc = append(a, &line);
	qt_buf_clear(&line);
	return rc;
}
