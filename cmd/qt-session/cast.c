/* SPDX-License-Identifier: Apache-2.0 */
/* Writing asciicast v2. See cast.h. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/json.h>
#include <qt/base/sys.h>

#include "cast.h"

int
cast_open(struct cast *c, const char *path, int may_replace,
    struct qt_err *err)
{
	if (strcmp(path, "-") == 0) {
		c->fd = STDOUT_FILENO;
		return 0;
	}
	c->fd = qt_sys_open(AT_FDCWD, path, O_WRONLY | O_CREAT |
	    (may_replace ? O_TRUNC : O_EXCL), 0600);
	if (c->fd < 0)
		qt_err_set(err, "record to '%s'", path);
	return c->fd < 0 ? c->fd : 0;
}

static int
put_line(struct cast *c, struct qt_json *json)
{
	int	rc = qt_json_status(json);

	if (rc == 0)
		rc = qt_buf_add(&c->line, "\n", 1);
	if (rc == 0)
		rc = qt_sys_write_all(c->fd, c->line.data, c->line.len);
	qt_buf_reset(&c->line);
	return rc;
}

static int
put_event(struct cast *c, const char *kind, const char *text, size_t len)
{
	struct qt_json	json = QT_JSON_INIT(&c->line);

	qt_json_array(&json, NULL);
	qt_json_double(&json, NULL,
	    (double)(qt_clock_mono_ns() / 1000 - c->start_us) / 1e6);
	qt_json_str(&json, NULL, kind);
	qt_json_strn(&json, NULL, text, len);
	qt_json_end(&json);
	return put_line(c, &json);
}

static int
put_header(struct cast *c, uint16_t cols, uint16_t rows, const char *title)
{
	struct qt_json	json = QT_JSON_INIT(&c->line);
	const char	*shell = getenv("SHELL");

	qt_json_object(&json, NULL);
	qt_json_uint(&json, "version", 2);
	qt_json_uint(&json, "width", cols);
	qt_json_uint(&json, "height", rows);
	qt_json_uint(&json, "timestamp", qt_clock_real_ms() / 1000);
	if (title[0] != '\0')
		qt_json_str(&json, "title", title);
	qt_json_object(&json, "env");
	qt_json_str(&json, "TERM", "xterm-256color");
	if (shell != NULL)
		qt_json_str(&json, "SHELL", shell);
	qt_json_end(&json);
	qt_json_end(&json);
	c->start_us = qt_clock_mono_ns() / 1000;
	c->is_started = 1;
	return put_line(c, &json);
}

int
cast_size(struct cast *c, uint16_t cols, uint16_t rows, const char *title)
{
	char	text[24];

	if (!c->is_started)
		return put_header(c, cols, rows, title);
	snprintf(text, sizeof(text), "%ux%u", cols, rows);
	return put_event(c, "r", text, strlen(text));
}

int
cast_marker(struct cast *c, const char *text)
{
	return put_event(c, "m", text, strlen(text));
}

/* How many of the last bytes begin a UTF-8 character that is not complete. */
static size_t
unfinished(const char *data, size_t len)
{
	size_t		i;
	unsigned char	b;

	for (i = 1; i <= 3 && i <= len; i++) {
		b = (unsigned char)data[len - i];
		if ((b & 0xc0) == 0x80)
			continue;
		if ((b >= 0xc2 && b <= 0xdf && i < 2) ||
		    (b >= 0xe0 && b <= 0xef && i < 3) ||
		    (b >= 0xf0 && b <= 0xf4 && i < 4))
			return i;
		return 0;
	}
	return 0;
}

int
cast_output(struct cast *c, const void *data, size_t len)
{
	struct qt_buf	whole = QT_BUF_INIT;
	size_t		rest;
	int		rc;

	rc = qt_buf_add(&whole, c->tail, c->tail_len);
	if (rc == 0)
		rc = qt_buf_add(&whole, data, len);
	if (rc == 0) {
		rest = unfinished(whole.data, whole.len);
		c->tail_len = rest;
		memcpy(c->tail, whole.data + whole.len - rest, rest);
		if (whole.len > rest)
			rc = put_event(c, "o", whole.data, whole.len - rest);
	}
	qt_buf_clear(&whole);
	return rc;
}

int
cast_close(struct cast *c)
{
	int	rc = 0;

	if (c->fd < 0)
		return 0;
	if (c->tail_len > 0)
		rc = put_event(c, "o", c->tail, c->tail_len);
	if (c->fd != STDOUT_FILENO) {
		if (rc == 0)
			rc = qt_sys_fsync(c->fd);
		if (rc == -EINVAL)	/* a pipe or a device keeps nothing */
			rc = 0;
		if (close(c->fd) < 0 && rc == 0)
			rc = -errno;
	}
	qt_buf_clear(&c->line);
	c->fd = -1;
	c->tail_len = 0;
	return rc;
}
