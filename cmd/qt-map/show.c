/* SPDX-License-Identifier: Apache-2.0 */
/* Records on standard output. See show.h. */

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/base64.h>
#include <qt/base/clock.h>
#include <qt/base/json.h>
#include <qt/base/prog.h>
#include <qt/base/text.h>
#include <qt/base/utf8.h>

#include "show.h"
#include "tags.h"

#define ENOUGH	65536u

static struct qt_buf	out;

static void
must(int rc)
{
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "no memory for what is to be shown");
}

void
show_flush(void)
{
	if (out.len > 0)
		qt_prog_write(out.data, out.len);
	qt_buf_reset(&out);
}

/* Text as name, other bytes as base64 under name_base64. */
static void
json_bytes(struct qt_json *j, const char *name, const void *data, size_t len)
{
	size_t	 size = QT_BASE64_PADDED_LEN(len), n;
	char	 long_name[32], *text;

	if (tag_is(TAG_TEXT, data, len)) {
		qt_json_strn(j, name, data, len);
		return;
	}
	text = malloc(size);
	must(text == NULL ? -1 : 0);
	for (n = qt_base64_encode(text, data, len, 0); n < size; n++)
		text[n] = '=';
	snprintf(long_name, sizeof(long_name), "%s_base64", name);
	qt_json_strn(j, long_name, text, size);
	free(text);
}

/* Numbers as such where the value is one, and JSON has it: not nan or inf. */
static void
json_value(struct qt_json *j, const struct qt_store_item *item)
{
	char	text[400];	/* what follows a stored value is no NUL */

	if (item->tag < TAG_I64 || item->tag > TAG_F64 ||
	    item->value_len >= sizeof(text))
		goto bytes;
	memcpy(text, item->value, item->value_len);
	text[item->value_len] = '\0';
	if (!tag_is(item->tag, text, item->value_len) ||
	    (item->tag == TAG_F64 && !isfinite(strtod(text, NULL))))
		goto bytes;
	if (item->tag == TAG_I64)
		qt_json_int(j, "value", strtoll(text, NULL, 10));
	else if (item->tag == TAG_U64)
		qt_json_uint(j, "value", strtoull(text, NULL, 10));
	else
		qt_json_double(j, "value", strtod(text, NULL));
	return;
bytes:
	json_bytes(j, "value", item->value, item->value_len);
}

static void
add_json(const struct qt_store_item *item, unsigned int what)
{
	struct qt_json	j = QT_JSON_INIT(&out);
	char		time[QT_CLOCK_ISO_SIZE];
	const char	*type = tag_name(item->tag);

	qt_json_object(&j, NULL);
	if (what & SHOW_KEY)
		json_bytes(&j, "key", item->key, item->key_len);
	if (what & SHOW_VALUE)
		json_value(&j, item);
	if (type != NULL)
		qt_json_str(&j, "type", type);
	else
		qt_json_uint(&j, "type", item->tag);
	qt_json_uint(&j, "version", item->version);
	if (item->expires_ms > 0) {
		qt_clock_iso(item->expires_ms, time);
		qt_json_str(&j, "expires", time);
	}
	qt_json_end(&j);
	must(qt_json_status(&j));
	must(qt_buf_add(&out, "\n", 1));
}

/* Large ones go past the buffer. */
static void
add_bytes(const void *data, size_t len)
{
	if (len < ENOUGH) {
		must(qt_buf_add(&out, data, len));
		return;
	}
	show_flush();
	qt_prog_write(data, len);
}

static void
add_field(const void *data, size_t len, int is_raw, char end)
{
	if (is_raw)
		add_bytes(data, len);
	else {
		must(qt_buf_reserve(&out, 4 * len));
		qt_text_escape(&out, data, len);
	}
	must(qt_buf_add(&out, &end, 1));
}

/* One of a line: in quotes, which end for a quote. */
static void
add_word(const char *p, size_t len)
{
	const char	*end = p + len, *quote;

	must(qt_buf_add(&out, " \"", 2));
	for (; (quote = memchr(p, '"', (size_t)(end - p))) != NULL;
	    p = quote + 1) {
		qt_text_escape(&out, p, (size_t)(quote - p));
		must(qt_buf_add(&out, "\\\"", 2));
	}
	qt_text_escape(&out, p, (size_t)(end - p));
	must(qt_buf_add(&out, "\"", 1));
}

static void
add_command(const struct qt_store_item *item)
{
	uint64_t	now;

	must(qt_buf_addf(&out, "put"));
	if (item->tag != TAG_BYTES && tag_name(item->tag) != NULL)
		must(qt_buf_addf(&out, " -t %s", tag_name(item->tag)));
	else if (item->tag != TAG_BYTES)
		must(qt_buf_addf(&out, " -t %u", item->tag));
	if (item->expires_ms > 0) {
		now = qt_clock_real_ms();
		must(qt_buf_addf(&out, " -T %" PRIu64 "ms",
		    item->expires_ms > now ? item->expires_ms - now : 1));
	}
	must(qt_buf_reserve(&out, 4 * (item->key_len + item->value_len)));
	must(qt_buf_addf(&out, " --"));
	add_word(item->key, item->key_len);
	add_word(item->value, item->value_len);
	must(qt_buf_add(&out, "\n", 1));
}

void
show_item(const struct qt_store_item *item, unsigned int what)
{
	int	is_raw = (what & SHOW_NUL) != 0;
	char	end = is_raw ? '\0' : '\n';

	if (what & SHOW_COMMAND)
		add_command(item);
	else if (what & SHOW_JSON)
		add_json(item, what);
	else {
		if (what & SHOW_KEY)
			add_field(item->key, item->key_len, is_raw,
			    what & SHOW_VALUE && !is_raw ? '\t' : end);
		if (what & SHOW_VALUE)
			add_field(item->value, item->value_len, is_raw, end);
	}
	if (out.len >= ENOUGH)
		show_flush();
}

/* Whether anything in it could be more than text of some lines. */
static int
is_tame(const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] >= 0x7f || (p[i] < ' ' && p[i] != '\n' &&
		    p[i] != '\t'))
			return 0;
	return 1;
}

static void
tame(const char *p, size_t len)
{
	size_t	n;
	int	is_valid;

	for (; len > 0; p += n, len -= n) {
		n = qt_utf8_next(p, len, &is_valid);
		if (is_valid && (*p == '\n' || *p == '\t' ||
		    !qt_utf8_is_control(p, n)))
			must(qt_buf_add(&out, p, n));
		else
			for (size_t i = 0; i < n; i++)
				must(qt_buf_addf(&out, "\\x%02x",
				    (unsigned char)p[i]));
		if (out.len >= ENOUGH)
			show_flush();
	}
}

void
show_value(const struct qt_store_value *v, int end)
{
	char	c = (char)end;

	/* Asks about the terminal only where the answer matters. */
	if ((v->len < ENOUGH && is_tame(v->data, v->len)) ||
	    !isatty(STDOUT_FILENO))
		add_bytes(v->data, v->len);
	else
		tame(v->data, v->len);
	if (end >= 0)
		must(qt_buf_add(&out, &c, 1));
	if (out.len >= ENOUGH)
		show_flush();
}
