/* SPDX-License-Identifier: Apache-2.0 */
/* Events as others' histories have them. See <qt/hist/export.h>. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <qt/base/json.h>
#include <qt/base/utf8.h>
#include <qt/hist/export.h>

#include "import_priv.h"

/* --- bash ----------------------------------------------------------------- */

static bool
needs_quotes(const struct qt_hist_event *e)
{
	struct qt_hist_import	i = { .data = e->text.data,
	    .len = e->text.len };
	struct qt__line		line;
	uint64_t		seconds;

	if (qt__starts(e->text.data, e->text.len, "eval -- $'") ||
	    e->text.data[e->text.len - 1] == '\n' ||
	    (e->start_us == 0 &&
	    memchr(e->text.data, '\n', e->text.len) != NULL))
		return true;
	while (qt__line_next(&i, &line))
		if (qt__bash_is_time(&line, &seconds))
			return true;
	return false;
}

static int
add_quoted(struct qt_buf *out, const struct qt_hist_bytes *text)
{
	int	rc = qt_buf_addf(out, "eval -- $'");

	for (size_t i = 0; i < text->len && rc == 0; i++) {
		char	c = text->data[i];

		if (c == '\n')
			rc = qt_buf_add(out, "\\n", 2);
		else if (c == '\\' || c == '\'')
			rc = qt_buf_addf(out, "\\%c", c);
		else
			rc = qt_buf_add(out, &c, 1);
	}
	return rc < 0 ? rc : qt_buf_add(out, "'\n", 2);
}

static int
add_bash(struct qt_buf *out, const struct qt_hist_event *e)
{
	int	rc = 0;

	/* Nine digits at least, else it would be a comment. */
	if (e->start_us != 0)
		rc = qt_buf_addf(out, "#%09" PRIu64 "\n",
		    e->start_us / 1000000);
	if (rc == 0 && needs_quotes(e))
		return add_quoted(out, &e->text);
	if (rc == 0)
		rc = qt_buf_add(out, e->text.data, e->text.len);
	return rc < 0 ? rc : qt_buf_add(out, "\n", 1);
}

/* --- zsh ------------------------------------------------------------------ */

static bool
is_token(unsigned char c)
{
	return c >= 0x83 && c <= 0xa2;
}

static int
add_zsh(struct qt_buf *out, const struct qt_hist_event *e)
{
	uint64_t	took = e->took_us == UINT64_MAX ? 0 : e->took_us;
	bool		is_slash = false;
	int		rc;

	rc = qt_buf_addf(out, ": %" PRIu64 ":%" PRIu64 ";",
	    e->start_us / 1000000, took / 1000000);
	for (size_t i = 0; i < e->text.len && rc == 0; i++) {
		unsigned char	c = (unsigned char)e->text.data[i];

		is_slash = c == '\\' || (is_slash && c == ' ');
		if (is_token(c))
			rc = qt_buf_addf(out, "\x83%c", c ^ 0x20);
		else if (c == '\n')
			rc = qt_buf_add(out, "\\\n", 2);
		else
			rc = qt_buf_add(out, &e->text.data[i], 1);
	}
	if (rc == 0 && is_slash)
		rc = qt_buf_add(out, " ", 1);
	return rc < 0 ? rc : qt_buf_add(out, "\n", 1);
}

/* --- fish, PowerShell ----------------------------------------------------- */

static int
add_fish(struct qt_buf *out, const struct qt_hist_event *e)
{
	int	rc = qt_buf_addf(out, "- cmd: ");

	for (size_t i = 0; i < e->text.len && rc == 0; i++) {
		char	c = e->text.data[i];

		if (c == '\n' || c == '\\')
			rc = qt_buf_add(out, c == '\n' ? "\\n" : "\\\\", 2);
		else
			rc = qt_buf_add(out, &c, 1);
	}
	if (rc == 0)
		rc = qt_buf_add(out, "\n", 1);
	if (rc == 0 && e->start_us != 0)
		rc = qt_buf_addf(out, "  when: %" PRIu64 "\n",
		    e->start_us / 1000000);
	return rc;
}

static int
add_powershell(struct qt_buf *out, const struct qt_hist_event *e)
{
	char	last = e->text.data[e->text.len - 1];
	int	rc = 0;

	if (last == '`' || last == '\r' ||
	    qt__starts(e->text.data, e->text.len, "\xef\xbb\xbf") ||
	    memmem(e->text.data, e->text.len, "\r\n", 2) != NULL)
		return -ENOTSUP;
	for (size_t i = 0; i < e->text.len && rc == 0; i++) {
		char	c = e->text.data[i];

		if (c == '\n')
			rc = qt_buf_add(out, "`\n", 2);
		else
			rc = qt_buf_add(out, &c, 1);
	}
	return rc < 0 ? rc : qt_buf_add(out, "\n", 1);
}

/* --- JSON ----------------------------------------------------------------- */

static void
add_bytes(struct qt_json *j, const char *key, const struct qt_hist_bytes *b)
{
	if (b->len > 0)
		qt_json_strn(j, key, b->data, b->len);
}

static bool
is_utf8(const struct qt_hist_bytes *b)
{
	int	is_valid = 1;

	for (size_t at = 0; at < b->len && is_valid;)
		at += qt_utf8_next(b->data + at, b->len - at, &is_valid);
	return is_valid;
}

static int
add_hex(struct qt_json *j, const struct qt_hist_bytes *b)
{
	struct qt_buf	hex = QT_BUF_INIT;
	int		rc = 0;

	for (size_t i = 0; i < b->len && rc == 0; i++)
		rc = qt_buf_addf(&hex, "%02x", (unsigned char)b->data[i]);
	if (rc == 0)
		qt_json_strn(j, "command_hex", hex.data, hex.len);
	qt_buf_clear(&hex);
	return rc;
}

static int
add_json(struct qt_buf *out, const struct qt_hist_event *e, const char *id,
    const struct qt_hist_bytes *tags, size_t tag_count)
{
	struct qt_json	j = QT_JSON_INIT(out);
	int		rc = 0;

	qt_json_object(&j, NULL);
	if (id != NULL)
		qt_json_str(&j, "id", id);
	qt_json_strn(&j, "command", e->text.data, e->text.len);
	if (!is_utf8(&e->text))
		rc = add_hex(&j, &e->text);
	if (e->start_us != 0)
		qt_json_double(&j, "start", (double)e->start_us / 1e6);
	if (e->took_us != UINT64_MAX)
		qt_json_double(&j, "duration", (double)e->took_us / 1e6);
	if (e->flags & QT_HIST_RUNNING)
		qt_json_bool(&j, "running", true);
	else if (e->status >= 0)
		qt_json_int(&j, "exit", e->status);
	if (e->pipe_count > 0)
		qt_json_array(&j, "pipe");
	for (uint32_t i = 0; i < e->pipe_count; i++)
		qt_json_int(&j, NULL, e->pipe[i]);
	if (e->pipe_count > 0)
		qt_json_end(&j);
	add_bytes(&j, "cwd", &e->cwd);
	add_bytes(&j, "git", &e->root);
	add_bytes(&j, "host", &e->host);
	add_bytes(&j, "user", &e->user);
	add_bytes(&j, "tty", &e->tty);
	add_bytes(&j, "shell", &e->shell);
	add_bytes(&j, "session", &e->session);
	add_bytes(&j, "qt_session", &e->qt_session);
	if (tag_count > 0)
		qt_json_array(&j, "tags");
	for (size_t i = 0; i < tag_count; i++)
		qt_json_strn(&j, NULL, tags[i].data, tags[i].len);
	if (tag_count > 0)
		qt_json_end(&j);
	qt_json_end(&j);
	if (rc == 0)
		rc = qt_json_status(&j);
	return rc < 0 ? rc : qt_buf_add(out, "\n", 1);
}

int
qt_hist_export_json(struct qt_buf *out, const struct qt_hist_event *e,
    const struct qt_hist_bytes *tags, size_t count)
{
	char	id[QT_HIST_NAME + 1];

	qt_hist_name(id, e->start_us, e->id);
	return add_json(out, e, id, tags, count);
}

int
qt_hist_export_tagged(struct qt_buf *out, const struct qt_hist_event *e,
    const struct qt_hist_bytes *tags, size_t count)
{
	return e->text.len == 0 ? 0 : add_json(out, e, NULL, tags, count);
}

int
qt_hist_export_add(struct qt_buf *out, enum qt_hist_format format,
    const struct qt_hist_event *e)
{
	if (e->text.len == 0)
		return 0;
	switch (format) {
	case QT_HIST_BASH:	return add_bash(out, e);
	case QT_HIST_ZSH:	return add_zsh(out, e);
	case QT_HIST_FISH:	return add_fish(out, e);
	case QT_HIST_POWERSHELL: return add_powershell(out, e);
	case QT_HIST_JSON:	return add_json(out, e, NULL, NULL, 0);
	default:		return -EINVAL;
	}
}
