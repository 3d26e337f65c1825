/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON lines, as qt-hist export writes them: see <qt/hist/export.h> for the
 * fields. Bytes that are not UTF-8 JSON cannot hold: then
 * all of them are in "command_hex", too.
 */

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include <qt/base/hex.h>
#include <qt/hist/tag.h>

#include "import_priv.h"

static int
bad(const struct qt_hist_import *i, struct qt_err *err, const char *why)
{
	qt_err_set(err, "line %llu: %s", (unsigned long long)i->line, why);
	return -QT_EFORMAT;
}

/* Where a field is in i->more, since that moves. */
struct place {
	size_t	at, len;
};

static int
keep(struct qt_hist_import *i, const json_t *object, const char *key,
    struct place *out)
{
	const json_t	*s = json_object_get(object, key);
	const char	*text = json_string_value(s);

	*out = (struct place){ i->more.len, 0 };
	if (text == NULL)
		return 0;
	out->len = strlen(text);
	return qt_buf_add(&i->more, text, out->len);
}

static uint64_t
micros(const json_t *object, const char *key, uint64_t unknown)
{
	const json_t	*n = json_object_get(object, key);
	double		 us = json_number_value(n) * 1e6;

	return json_is_number(n) && us >= 0 && us < 9e18 ?
	    (uint64_t)(us + 0.5) : unknown;
}

/* Two digits a byte. 0, -EINVAL, -ENOMEM. */
static int
add_hex(struct qt_buf *out, const char *text, size_t len)
{
	int	rc = len % 2 == 0 ? 0 : -EINVAL;

	for (size_t k = 0; k < len && rc == 0; k += 2) {
		int	high = qt_hex_value(text[k]);
		int	low = qt_hex_value(text[k + 1]);
		char	c = (char)((unsigned int)high << 4 | (unsigned int)low);

		rc = high < 0 || low < 0 ? -EINVAL : qt_buf_add(out, &c, 1);
	}
	return rc;
}

static int
read_text(struct qt_hist_import *i, const json_t *object,
    struct qt_hist_event *out, struct qt_err *err)
{
	const json_t	*text = json_object_get(object, "command");
	const json_t	*hex = json_object_get(object, "command_hex");
	int		 rc;

	qt_buf_reset(&i->text);
	if (json_is_string(hex))
		rc = add_hex(&i->text, json_string_value(hex),
		    json_string_length(hex));
	else if (json_is_string(text))
		rc = qt_buf_add(&i->text, json_string_value(text),
		    json_string_length(text));
	else
		return bad(i, err, "it has no text \"command\"");
	if (rc == -EINVAL)
		return bad(i, err, "\"command_hex\" is not hexadecimal");
	out->text = (struct qt_hist_bytes){ i->text.data, i->text.len };
	return rc < 0 ? rc : 1;
}

static void
read_statuses(const json_t *object, struct qt_hist_event *out)
{
	const json_t	*status = json_object_get(object, "exit");
	const json_t	*all = json_object_get(object, "pipe");
	json_int_t	 n = json_integer_value(status);

	if (json_is_integer(status) && n >= 0 && n <= INT32_MAX)
		out->status = (int32_t)n;
	for (size_t k = 0; k < json_array_size(all) &&
	    k < QT_HIST_PIPE_MAX; k++) {
		n = json_integer_value(json_array_get(all, k));
		out->pipe[out->pipe_count++] = n >= 0 && n <= INT32_MAX ?
		    (int32_t)n : -1;
	}
}

/* Names that are none are left out. */
static int
read_tags(struct qt_hist_import *i, const json_t *object)
{
	const json_t	*all = json_object_get(object, "tags");
	int		 rc = 0;

	qt_buf_reset(&i->tags);
	for (size_t k = 0; k < json_array_size(all) &&
	    k < QT_HIST_TAGS_MAX && rc == 0; k++) {
		const json_t	*tag = json_array_get(all, k);

		if (json_is_string(tag) && qt_hist_tag_check(
		    json_string_value(tag), json_string_length(tag)) == 0)
			rc = qt_buf_add(&i->tags, json_string_value(tag),
			    json_string_length(tag) + 1);
	}
	return rc;
}

static int
read_object(struct qt_hist_import *i, const json_t *object,
    struct qt_hist_event *out, struct qt_err *err)
{
	static const char *const	keys[] = { "cwd", "host", "user",
	    "tty", "shell", "session", "qt_session", "git" };
	struct qt_hist_bytes		*fields[] = { &out->cwd, &out->host,
	    &out->user, &out->tty, &out->shell, &out->session,
	    &out->qt_session, &out->root };
	struct place			 places[8];

	qt_buf_reset(&i->more);
	for (size_t k = 0; k < 8; k++)
		if (keep(i, object, keys[k], &places[k]) < 0)
			return -ENOMEM;
	for (size_t k = 0; k < 8; k++)
		if (places[k].len > 0)
			*fields[k] = (struct qt_hist_bytes){
				i->more.data + places[k].at, places[k].len };
	out->start_us = micros(object, "start", 0);
	out->took_us = micros(object, "duration", UINT64_MAX);
	if (json_is_true(json_object_get(object, "running")))
		out->flags |= QT_HIST_RUNNING;
	read_statuses(object, out);
	if (read_tags(i, object) < 0)
		return -ENOMEM;
	return read_text(i, object, out, err);
}

int
qt__json_next(struct qt_hist_import *i, struct qt_hist_event *out,
    struct qt_err *err)
{
	struct qt__line	line;
	json_error_t	why;
	json_t		*object;
	int		 rc;

	do {
		if (!qt__line_next(i, &line))
			return 0;
	} while (line.len == 0);
	object = json_loadb(line.data, line.len, JSON_ALLOW_NUL, &why);
	if (!json_is_object(object)) {
		json_decref(object);
		return bad(i, err, object == NULL ? why.text :
		    "it is no object");
	}
	rc = read_object(i, object, out, err);
	json_decref(object);
	return rc;
}
