/* SPDX-License-Identifier: Apache-2.0 */
/* The user's rules of redaction. See <qt/hist/redact.h>. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "redact_priv.h"

#define FILE_MAX	((size_t)1 << 20)	/* bytes */

void
qt__user_rules_clear(struct qt__user_rules *u)
{
	for (size_t i = 0; i < u->count; i++) {
		free(u->rules[i].name);
		free(u->rules[i].pattern);
	}
	free(u->rules);
	*u = (struct qt__user_rules){ 0 };
}

static int
set_mode(struct qt__user_rules *u, const char *text, char why[256])
{
	static const char *const modes[] = { "redact", "drop", "keep" };

	for (size_t i = 0; i < 3; i++)
		if (strcmp(modes[i], text) == 0) {
			u->mode = (enum qt_hist_redact_mode)i;
			return 0;
		}
	snprintf(why, 256, "mode '%.64s': redact, drop or keep", text);
	return -EINVAL;
}

static int
add(struct qt__user_rules *u, const char *name, const char *pattern)
{
	struct qt__user_rule	*r = realloc(u->rules,
	    (u->count + 1) * sizeof(*r));

	if (r == NULL)
		return -ENOMEM;
	u->rules = r;
	r += u->count;
	r->name = strdup(name);
	r->pattern = pattern == NULL ? NULL : strdup(pattern);
	if (r->name == NULL || (pattern != NULL && r->pattern == NULL)) {
		free(r->name);
		free(r->pattern);
		return -ENOMEM;
	}
	u->count++;
	return 0;
}

static bool
is_ours(const char *name)
{
	for (size_t i = 0; i < qt__rules_count; i++)
		if (strcmp(qt__rules[i].name, name) == 0)
			return true;
	return false;
}

static int
add_rule(struct qt__user_rules *u, const char *name, const char *pattern,
    char why[256])
{
	char	detail[256];

	if (u->count == QT_HIST_RULES_MAX) {
		snprintf(why, 256, "more than %u rules", QT_HIST_RULES_MAX);
		return -EINVAL;
	}
	if (strcmp(pattern, "-") == 0) {
		if (is_ours(name))
			return add(u, name, NULL);
		snprintf(why, 256, "there is no rule '%.64s' to switch off",
		    name);
		return -EINVAL;
	}
	if (qt__pattern_check(pattern, detail) != NULL) {
		snprintf(why, 256, "rule '%.64s': %.160s", name, detail);
		return -EINVAL;
	}
	return add(u, name, pattern);
}

int
qt__user_rules_line(struct qt__user_rules *u, char *line, size_t len,
    char why[256])
{
	char	*rest;

	if (memchr(line, '\0', len) != NULL || len > QT_HIST_RULE_MAX) {
		snprintf(why, 256, len > QT_HIST_RULE_MAX ? "too long" :
		    "a NUL byte");
		return -EINVAL;
	}
	line[len] = '\0';
	while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL)
		line[--len] = '\0';
	line += strspn(line, " \t");
	if (*line == '\0' || *line == '#')
		return 0;
	rest = line + strcspn(line, " \t");
	if (*rest == '\0') {
		snprintf(why, 256, "'%.64s' has no pattern", line);
		return -EINVAL;
	}
	*rest++ = '\0';
	rest += strspn(rest, " \t");
	return strcmp(line, "mode") == 0 ? set_mode(u, rest, why) :
	    add_rule(u, line, rest, why);
}

static int
read_all(struct qt_buf *out, int fd)
{
	ssize_t	n = 1;

	while (n > 0 && out->len <= FILE_MAX) {
		int	rc = qt_buf_reserve(out, 4096);

		if (rc < 0)
			return rc;
		n = qt_sys_read(fd, out->data + out->len, 4096);
		if (n > 0)
			out->len += (size_t)n;
	}
	return n < 0 ? (int)n : out->len > FILE_MAX ? -EFBIG : 0;
}

int
qt__user_rules_load(struct qt__user_rules *u, const char *path,
    void (*tell)(void *arg, const char *what), void *arg, struct qt_err *err)
{
	struct qt_buf	b = QT_BUF_INIT;
	char		why[256], what[320];
	unsigned int	number = 0;
	int		fd = qt_sys_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK,
	    0), rc;

	if (fd == -ENOENT)
		return 0;
	rc = fd < 0 ? fd : read_all(&b, fd);
	if (fd >= 0)
		close(fd);
	/* Each line ends in a byte that can be its NUL. */
	if (rc == 0)
		rc = qt_buf_add(&b, "\n", 1);
	for (char *p = b.data; rc == 0 && p < b.data + b.len;) {
		char	*end = memchr(p, '\n', (size_t)(b.data + b.len - p));

		number++;
		rc = qt__user_rules_line(u, p, (size_t)(end - p), why);
		if (rc == -EINVAL) {
			snprintf(what, sizeof(what), "line %u: %s", number,
			    why);
			if (tell != NULL)
				tell(arg, what);
			rc = 0;
		}
		p = end + 1;
	}
	qt_buf_clear(&b);
	if (rc < 0)
		qt_err_set(err, "read rules of redaction from '%s'", path);
	return rc;
}
