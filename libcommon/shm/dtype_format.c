/* SPDX-License-Identifier: Apache-2.0 */
/* Elements as text. See <qt/shm/dtype.h>; dtype_scan.c is the way back. */

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "dtype_priv.h"

struct format {
	struct qt_buf	*out;
	int		 is_quoted;	/* texts in quotes: inside a structure */
	int		 status;
};

static void
put(struct format *t, const void *text, size_t len)
{
	if (t->status == 0)
		t->status = qt_buf_add(t->out, text, len);
}

static void
puts_(struct format *t, const char *text)
{
	put(t, text, strlen(text));
}

/* One byte of a text. */
static void
put_char(struct format *t, char c)
{
	char	text[8];

	if (!t->is_quoted || ((unsigned char)c >= ' ' && c != '"' &&
	    c != '\\')) {
		put(t, &c, 1);
	} else if (c == '"' || c == '\\') {
		put(t, "\\", 1);
		put(t, &c, 1);
	} else {
		snprintf(text, sizeof(text), "\\u%04x",
		    (unsigned int)(unsigned char)c);
		puts_(t, text);
	}
}

/* Another locale may have another point. */
static void
fix_point(char *text)
{
	char	*p = strchr(text, ',');

	if (p != NULL)
		*p = '.';
}

/* The fewest digits that read back as the same. */
static void
put_float(struct format *t, const struct qt_dtype_field *f, uint64_t bits)
{
	double	v = qt__dtype_to_double(f, bits);
	char	text[64];
	int	first = f->size == 8 ? 15 : f->size == 4 ? 6 : 3;
	int	last = f->size == 8 ? 17 : f->size == 4 ? 9 : 5;

	if (isnan(v)) {
		puts_(t, "nan");
		return;
	}
	if (isinf(v)) {
		puts_(t, v > 0 ? "inf" : "-inf");
		return;
	}
	for (int digits = first; digits <= last; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		fix_point(text);
		if (qt__dtype_from_double(f, qt__dtype_strtod(text, NULL)) ==
		    bits)
			break;
	}
	puts_(t, text);
}

static int64_t
sign_extend(uint64_t v, uint32_t size)
{
	unsigned int	shift = 64 - size * 8;

	return (int64_t)(v << shift) >> shift;
}

static void
put_number(struct format *t, const struct qt_dtype_field *f,
    const unsigned char *at)
{
	uint64_t	v = qt__dtype_load(f, at);
	char		text[32];

	if (f->kind == 'f') {
		put_float(t, f, v);
		return;
	}
	if (f->kind == 'b')
		snprintf(text, sizeof(text), "%s", v ? "true" : "false");
	else if (f->kind == 'u')
		snprintf(text, sizeof(text), "%" PRIu64, v);
	else if (f->kind != 'i' && v == UINT64_C(1) << 63)
		snprintf(text, sizeof(text), "NaT");
	else
		snprintf(text, sizeof(text), "%" PRId64,
		    sign_extend(v, f->size));
	puts_(t, text);
}

static void
put_bytes(struct format *t, const struct qt_dtype_field *f,
    const unsigned char *at)
{
	uint32_t	len = f->size;

	while (len > 0 && at[len - 1] == 0)
		len--;
	if (!t->is_quoted)
		put(t, at, len);
	else
		for (uint32_t i = 0; i < len; i++)
			put_char(t, (char)at[i]);
}

/* UTF-32 to UTF-8; what is no character becomes U+FFFD. */
static void
put_text(struct format *t, const struct qt_dtype_field *f,
    const unsigned char *at)
{
	struct qt_dtype_field	one = { .size = 4,
	    .is_swapped = f->is_swapped };
	uint32_t		len = f->size / 4;

	while (len > 0 && qt__dtype_load(&one, at + 4 * (len - 1)) == 0)
		len--;
	for (uint32_t i = 0; i < len; i++) {
		uint32_t	c = (uint32_t)qt__dtype_load(&one, at + 4 * i);
		char		u[4];

		if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
			c = 0xfffd;
		if (c < 0x80) {
			put_char(t, (char)c);
		} else if (c < 0x800) {
			u[0] = (char)(0xc0 | c >> 6);
			u[1] = (char)(0x80 | (c & 63));
			put(t, u, 2);
		} else if (c < 0x10000) {
			u[0] = (char)(0xe0 | c >> 12);
			u[1] = (char)(0x80 | (c >> 6 & 63));
			u[2] = (char)(0x80 | (c & 63));
			put(t, u, 3);
		} else {
			u[0] = (char)(0xf0 | c >> 18);
			u[1] = (char)(0x80 | (c >> 12 & 63));
			u[2] = (char)(0x80 | (c >> 6 & 63));
			u[3] = (char)(0x80 | (c & 63));
			put(t, u, 4);
		}
	}
}

static void
put_hex(struct format *t, const struct qt_dtype_field *f,
    const unsigned char *at)
{
	static const char	digits[] = "0123456789abcdef";

	for (uint32_t i = 0; i < f->size; i++) {
		put(t, &digits[at[i] >> 4], 1);
		put(t, &digits[at[i] & 15], 1);
	}
}

static void
put_one(struct format *t, const struct qt_dtype_field *f,
    const unsigned char *at)
{
	if (strchr("SUV", f->kind) == NULL) {
		put_number(t, f, at);
		return;
	}
	if (t->is_quoted)
		puts_(t, "\"");
	if (f->kind == 'S')
		put_bytes(t, f, at);
	else if (f->kind == 'U')
		put_text(t, f, at);
	else
		put_hex(t, f, at);
	if (t->is_quoted)
		puts_(t, "\"");
}

static void
put_field(struct format *t, const struct qt_dtype_field *f,
    const unsigned char *elem)
{
	const unsigned char	*at = elem + f->offset;

	if (f->count == 1) {
		put_one(t, f, at);
		return;
	}
	puts_(t, "[");
	for (uint32_t i = 0; i < f->count && t->status == 0; i++) {
		if (i > 0)
			puts_(t, ", ");
		put_one(t, f, at + (size_t)i * f->size);
	}
	puts_(t, "]");
}

int
qt_dtype_format(const struct qt_dtype *d, const void *elem, struct qt_buf *out)
{
	struct format	t = { .out = out, .is_quoted = d->is_struct };

	if (!d->is_struct) {
		put_one(&t, &d->field[0], elem);
		return t.status;
	}
	puts_(&t, "[");
	for (uint32_t i = 0; i < d->field_count; i++) {
		if (i > 0)
			puts_(&t, ", ");
		put_field(&t, &d->field[i], elem);
	}
	puts_(&t, "]");
	return t.status;
}
