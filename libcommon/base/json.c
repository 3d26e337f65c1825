/* SPDX-License-Identifier: Apache-2.0 */
/* JSON output. See <qt/base/json.h>. */

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/json.h>
#include <qt/base/utf8.h>

#define DEPTH_MAX 64

static void
put(struct qt_json *j, const char *text, size_t len)
{
	if (j->status == 0)
		j->status = qt_buf_add(j->buf, text, len);
}

static void
puts_(struct qt_json *j, const char *text)
{
	put(j, text, strlen(text));
}

/*
 * One character that may not stand for itself. DEL and the C1 controls could,
 * but JSON ends up on terminals; U+2028 and U+2029 could, but not in scripts.
 */
static void
put_escape(struct qt_json *j, const char *c, size_t len)
{
	const unsigned char	*s = (const unsigned char *)c;
	unsigned int		 code = s[0];
	char			 text[8];

	switch (s[0]) {
	case '"':	puts_(j, "\\\""); return;
	case '\\':	puts_(j, "\\\\"); return;
	case '\b':	puts_(j, "\\b"); return;
	case '\f':	puts_(j, "\\f"); return;
	case '\n':	puts_(j, "\\n"); return;
	case '\r':	puts_(j, "\\r"); return;
	case '\t':	puts_(j, "\\t"); return;
	default:	break;
	}
	if (len == 2)
		code = (s[0] & 0x1fu) << 6 | (s[1] & 0x3fu);
	else if (len == 3)
		code = (s[0] & 0x0fu) << 12 | (s[1] & 0x3fu) << 6 |
		    (s[2] & 0x3fu);
	snprintf(text, sizeof(text), "\\u%04x", code & 0xffff);
	puts_(j, text);
}

static int
needs_escape(const char *c, size_t len)
{
	if (len == 1 && (c[0] == '"' || c[0] == '\\'))
		return 1;
	if (len == 3 && memcmp(c, "\xe2\x80", 2) == 0)
		return c[2] == '\xa8' || c[2] == '\xa9';
	return qt_utf8_is_control(c, len);
}

static void
put_string(struct qt_json *j, const char *text, size_t len)
{
	size_t	at = 0, start = 0, n;
	int	is_valid;

	put(j, "\"", 1);
	while (at < len) {
		n = qt_utf8_next(text + at, len - at, &is_valid);
		if (is_valid && !needs_escape(text + at, n)) {
			at += n;
			continue;
		}
		put(j, text + start, at - start);
		if (is_valid)
			put_escape(j, text + at, n);
		else
			puts_(j, "\xef\xbf\xbd");	/* U+FFFD */
		at += n;
		start = at;
	}
	put(j, text + start, len - start);
	put(j, "\"", 1);
}

/* What comes before a value: the comma, and the key inside an object. */
static void
start_value(struct qt_json *j, const char *key)
{
	uint64_t	bit;

	if (j->depth == 0) {
		assert(key == NULL);
		return;
	}
	bit = UINT64_C(1) << (j->depth - 1);
	assert(((j->is_array & bit) != 0) == (key == NULL));
	if ((j->has_items & bit) != 0)
		put(j, ",", 1);
	j->has_items |= bit;
	if (key != NULL) {
		put_string(j, key, strlen(key));
		put(j, ":", 1);
	}
}

static void
open_value(struct qt_json *j, const char *key, int is_array)
{
	uint64_t	bit;

	assert(j->depth < DEPTH_MAX);
	start_value(j, key);
	bit = UINT64_C(1) << j->depth;
	j->depth++;
	j->has_items &= ~bit;
	j->is_array = is_array ? j->is_array | bit : j->is_array & ~bit;
	put(j, is_array ? "[" : "{", 1);
}

void
qt_json_object(struct qt_json *j, const char *key)
{
	open_value(j, key, 0);
}

void
qt_json_array(struct qt_json *j, const char *key)
{
	open_value(j, key, 1);
}

void
qt_json_end(struct qt_json *j)
{
	assert(j->depth > 0);
	j->depth--;
	put(j, j->is_array >> j->depth & 1 ? "]" : "}", 1);
}

void
qt_json_strn(struct qt_json *j, const char *key, const char *text, size_t len)
{
	start_value(j, key);
	put_string(j, text, len);
}

void
qt_json_str(struct qt_json *j, const char *key, const char *text)
{
	if (text == NULL)
		qt_json_null(j, key);
	else
		qt_json_strn(j, key, text, strlen(text));
}

void
qt_json_int(struct qt_json *j, const char *key, int64_t n)
{
	char	text[24];

	start_value(j, key);
	snprintf(text, sizeof(text), "%" PRId64, n);
	puts_(j, text);
}

void
qt_json_uint(struct qt_json *j, const char *key, uint64_t n)
{
	char	text[24];

	start_value(j, key);
	snprintf(text, sizeof(text), "%" PRIu64, n);
	puts_(j, text);
}

/* Whatever the locale puts for the decimal point becomes a point. */
static void
fix_point(char *text)
{
	char	*from = text, *to = text;

	while (*from != '\0') {
		if (strchr("0123456789+-e", *from) != NULL) {
			*to++ = *from++;
			continue;
		}
		*to++ = '.';
		while (*from != '\0' && strchr("0123456789+-e", *from) == NULL)
			from++;
	}
	*to = '\0';
}

void
qt_json_double(struct qt_json *j, const char *key, double n)
{
	char	text[64];
	int	digits;

	if (!isfinite(n)) {
		qt_json_null(j, key);
		return;
	}
	start_value(j, key);
	/* The shortest that reads back as the same number; 17 always does. */
	for (digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, n);
		if (strtod(text, NULL) == n)
			break;
	}
	fix_point(text);
	puts_(j, text);
}

void
qt_json_bool(struct qt_json *j, const char *key, int yes)
{
	start_value(j, key);
	puts_(j, yes ? "true" : "false");
}

void
qt_json_null(struct qt_json *j, const char *key)
{
	start_value(j, key);
	puts_(j, "null");
}

int
qt_json_status(const struct qt_json *j)
{
	return j->status;
}
