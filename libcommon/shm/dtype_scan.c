/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elements from text. See <qt/shm/dtype.h>; dtype_format.c is the way back.
 *
 * The text is gone through twice, first without storing anything, so that an
 * element is changed as a whole or not at all.
 */

#include <errno.h>
#include <math.h>

#include <qt/base/utf8.h>

#include "dtype_priv.h"

struct scan {
	const char	*at, *end;
	unsigned char	*out;		/* of the field; NULL: only look */
	struct qt_err	*err;
};

static int
bad(const struct scan *s, int rc, const char *what)
{
	size_t	left = (size_t)(s->end - s->at);

	qt_err_set(s->err, "%s, at '%.*s'", what, left > 24 ? 24 : (int)left,
	    s->at);
	return rc;
}

static void
skip_space(struct scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' ||
	    *s->at == '\r' || *s->at == '\n'))
		s->at++;
}

static int
take(struct scan *s, char c)
{
	skip_space(s);
	if (s->at == s->end || *s->at != c)
		return 0;
	s->at++;
	return 1;
}

/* --- Numbers -------------------------------------------------------------- */

/* The word that comes next, up to what may follow a number. */
static int
word(struct scan *s, char text[128])
{
	size_t	n = 0;

	skip_space(s);
	while (s->at + n < s->end && strchr(" \t\r\n,[]()", s->at[n]) == NULL)
		n++;
	if (n == 0)
		return bad(s, -EINVAL, "a value is missing");
	if (n >= 128 || memchr(s->at, '\0', n) != NULL)
		return bad(s, -EINVAL, "it is no number");
	memcpy(text, s->at, n);
	text[n] = '\0';
	return (int)n;
}

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* A whole number, decimal or 0x..., as sign and magnitude. */
static int
whole(const char *text, int *is_negative, uint64_t *n)
{
	unsigned int	base = 10;

	*n = 0;
	*is_negative = *text == '-';
	if (*text == '-' || *text == '+')
		text++;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	if (*text == '\0')
		return -EINVAL;
	for (; *text != '\0'; text++) {
		unsigned int	digit = (unsigned int)digit_of(*text);

		if (digit >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(*n, base, n) ||
		    __builtin_add_overflow(*n, digit, n))
			return -ERANGE;
	}
	return 0;
}

static int
scan_int(const struct qt_dtype_field *f, const char *text, uint64_t *out)
{
	uint64_t	n, max;
	int		is_negative, rc;

	if ((f->kind == 'M' || f->kind == 'm') && strcmp(text, "NaT") == 0) {
		*out = UINT64_C(1) << 63;
		return 0;
	}
	rc = whole(text, &is_negative, &n);
	if (rc < 0)
		return rc;
	max = UINT64_MAX >> (64 - f->size * 8);
	if (f->kind != 'u')
		max = (max >> 1) + (uint64_t)is_negative;
	else if (is_negative)
		max = 0;
	*out = is_negative ? 0 - n : n;
	return n > max ? -ERANGE : 0;
}

static int
scan_bool(const char *text, uint64_t *out)
{
	if (strcmp(text, "true") == 0 || strcmp(text, "True") == 0 ||
	    strcmp(text, "1") == 0)
		*out = 1;
	else if (strcmp(text, "false") == 0 || strcmp(text, "False") == 0 ||
	    strcmp(text, "0") == 0)
		*out = 0;
	else
		return -EINVAL;
	return 0;
}

static int
scan_float(const struct qt_dtype_field *f, const char *text, uint64_t *out)
{
	char	*end;
	double	 v = qt__dtype_strtod(text, &end);

	if (end == text || *end != '\0')
		return -EINVAL;
	*out = qt__dtype_from_double(f, v);
	/* Too large, unless it was asked for ("inf", "nan"). */
	if (!isfinite(qt__dtype_to_double(f, *out)) &&
	    text[strcspn(text, "0123456789")] != '\0')
		return -ERANGE;
	return 0;
}

static int
scan_number(struct scan *s, const struct qt_dtype_field *f)
{
	char		text[128];
	uint64_t	v = 0;
	int		n = word(s, text), rc;

	if (n < 0)
		return n;
	if (f->kind == 'f')
		rc = scan_float(f, text, &v);
	else if (f->kind == 'b')
		rc = scan_bool(text, &v);
	else
		rc = scan_int(f, text, &v);
	if (rc < 0)
		return bad(s, rc, rc == -ERANGE ?
		    "a number that is too large for its type" :
		    "it is no number of its type");
	s->at += n;
	if (s->out != NULL)
		qt__dtype_store(f, s->out, v);
	return 0;
}

/* --- Texts ---------------------------------------------------------------- */

/* One of n characters goes where it belongs. -ERANGE: there is no room. */
static int
add(struct scan *s, const struct qt_dtype_field *f, uint32_t n, uint32_t c)
{
	struct qt_dtype_field	one = { .size = f->kind == 'U' ? 4 : 1,
	    .is_swapped = f->is_swapped };

	if (n >= f->size / one.size)
		return bad(s, -ERANGE, "a text that is too long");
	if (s->out != NULL)
		qt__dtype_store(&one, s->out + (size_t)n * one.size, c);
	return 0;
}

/* The character of a valid UTF-8 sequence. */
static uint32_t
decode(const char *p, size_t n)
{
	static const uint8_t	first[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t		c = (unsigned char)p[0] & first[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3f);
	return c;
}

static int
hex4(const struct scan *s, const char *p, uint32_t *c)
{
	*c = 0;
	for (int i = 0; i < 4; i++) {
		if (p + i >= s->end || digit_of(p[i]) > 15)
			return bad(s, -EINVAL, "an escape that is none");
		*c = *c << 4 | (uint32_t)digit_of(p[i]);
	}
	return 0;
}

/* What follows a backslash, as JSON has it. How long it was, or negative. */
static int
escape(const struct scan *s, const char *p, uint32_t *c)
{
	static const char	from[] = "\"\\/'bfnrt";
	static const char	to[] = "\"\\/'\b\f\n\r\t";
	const char		*known;
	uint32_t		 low;
	int			 rc;

	if (p == s->end)
		return bad(s, -EINVAL, "a text without its end");
	known = *p == '\0' ? NULL : strchr(from, *p);
	if (known != NULL) {
		*c = (unsigned char)to[known - from];
		return 1;
	}
	if (*p != 'u')
		return bad(s, -EINVAL, "an escape that is none");
	rc = hex4(s, p + 1, c);
	if (rc < 0 || *c < 0xd800 || *c >= 0xe000)
		return rc < 0 ? rc : 5;
	if (*c >= 0xdc00 || s->end - p < 11 || p[5] != '\\' || p[6] != 'u' ||
	    hex4(s, p + 7, &low) < 0 || low < 0xdc00 || low >= 0xe000)
		return bad(s, -EINVAL, "half a character");
	*c = 0x10000 + ((*c - 0xd800) << 10 | (low - 0xdc00));
	return 11;
}

/* The next character of a text for f; how long it was, or negative. */
static int
next_char(struct scan *s, const struct qt_dtype_field *f, char quote,
    uint32_t *c)
{
	int	is_valid, n;

	if (quote != '\0' && *s->at == '\\') {
		n = escape(s, s->at + 1, c);
		if (n > 0 && f->kind == 'S' && *c > 0xff)
			return bad(s, -ERANGE, "a character of no byte");
		return n < 0 ? n : n + 1;
	}
	if (f->kind == 'S') {
		*c = (unsigned char)*s->at;
		return 1;
	}
	n = (int)qt_utf8_next(s->at, (size_t)(s->end - s->at), &is_valid);
	if (!is_valid)
		return bad(s, -EINVAL, "it is not UTF-8");
	*c = decode(s->at, (size_t)n);
	return n;
}

/* V: pairs of hexadecimal digits, all of them. */
static int
scan_hex(struct scan *s, const struct qt_dtype_field *f, const char *end)
{
	if ((uint64_t)(end - s->at) != (uint64_t)f->size * 2)
		return bad(s, -ERANGE, "not two digits for each byte");
	for (uint32_t i = 0; i < f->size; i++, s->at += 2) {
		int	high = digit_of(s->at[0]), low = digit_of(s->at[1]);

		if (high > 15 || low > 15)
			return bad(s, -EINVAL, "it is not hexadecimal");
		if (s->out != NULL)
			s->out[i] = (unsigned char)(high << 4 | low);
	}
	return 0;
}

/* Up to the quote, which stays; or, without one, to the end. */
static int
scan_chars(struct scan *s, const struct qt_dtype_field *f, char quote)
{
	uint32_t	n = 0, c = 0;

	if (s->out != NULL)
		memset(s->out, 0, f->size);
	while (s->at < s->end && (quote == '\0' || *s->at != quote)) {
		int	len = next_char(s, f, quote, &c), rc;

		if (len < 0)
			return len;
		rc = add(s, f, n++, c);
		if (rc < 0)
			return rc;
		s->at += len;
	}
	return 0;
}

static int
scan_text(struct scan *s, const struct qt_dtype_field *f, int is_quoted)
{
	const char	*end = s->end;
	char		 quote = '\0';
	int		 rc;

	if (is_quoted) {
		skip_space(s);
		if (s->at == s->end || (*s->at != '"' && *s->at != '\''))
			return bad(s, -EINVAL, "a text in quotes is missing");
		quote = *s->at++;
		end = memchr(s->at, quote, (size_t)(s->end - s->at));
		if (end == NULL)
			return bad(s, -EINVAL, "a text without its end");
	}
	rc = f->kind == 'V' ? scan_hex(s, f, end) : scan_chars(s, f, quote);
	if (rc < 0 || quote == '\0')
		return rc;
	if (s->at == s->end)
		return bad(s, -EINVAL, "a text without its end");
	s->at++;
	return 0;
}

/* --- Structures ------------------------------------------------------------ */

static int
scan_one(struct scan *s, const struct qt_dtype_field *f, int is_quoted)
{
	return strchr("SUV", f->kind) != NULL ? scan_text(s, f, is_quoted) :
	    scan_number(s, f);
}

/* '[' or '('; what has to close it, or 0. */
static char
open_bracket(struct scan *s)
{
	if (take(s, '['))
		return ']';
	return take(s, '(') ? ')' : '\0';
}

static int
close_bracket(struct scan *s, char c)
{
	(void)take(s, ',');
	return take(s, c) ? 0 : bad(s, -EINVAL, "a bracket is missing");
}

static int
scan_field(struct scan *s, const struct qt_dtype_field *f, unsigned char *elem)
{
	char	closing;
	int	rc = 0;

	s->out = elem == NULL ? NULL : elem + f->offset;
	if (f->count == 1)
		return scan_one(s, f, 1);
	closing = open_bracket(s);
	if (closing == '\0')
		return bad(s, -EINVAL, "a bracket is missing");
	for (uint32_t i = 0; i < f->count && rc == 0; i++) {
		if (i > 0 && !take(s, ','))
			return bad(s, -EINVAL, "too few elements");
		rc = scan_one(s, f, 1);
		if (s->out != NULL)
			s->out += f->size;
	}
	return rc < 0 ? rc : close_bracket(s, closing);
}

static int
scan_struct(struct scan *s, const struct qt_dtype *d, unsigned char *elem)
{
	char	closing = open_bracket(s);
	int	rc = 0;

	if (closing == '\0')
		return bad(s, -EINVAL, "a structure is [FIELD, ...]");
	for (uint32_t i = 0; i < d->field_count && rc == 0; i++) {
		if (i > 0 && !take(s, ','))
			return bad(s, -EINVAL, "too few fields");
		rc = scan_field(s, &d->field[i], elem);
	}
	return rc < 0 ? rc : close_bracket(s, closing);
}

static int
scan_all(const struct qt_dtype *d, const char *text, size_t len,
    unsigned char *elem, struct qt_err *err)
{
	struct scan	s = { .at = text, .end = text + len, .out = elem,
	    .err = err };
	int		rc = d->is_struct ? scan_struct(&s, d, elem) :
	    scan_one(&s, &d->field[0], 0);

	if (rc < 0)
		return rc;
	if (d->is_struct || strchr("SUV", d->field[0].kind) == NULL)
		skip_space(&s);
	return s.at == s.end ? 0 : bad(&s, -EINVAL, "more than one value");
}

int
qt_dtype_scan(const struct qt_dtype *d, const char *text, size_t len,
    void *elem, struct qt_err *err)
{
	int	rc = scan_all(d, text, len, NULL, err);

	if (rc < 0) {
		qt_err_wrap(err, "a value of '%.60s'", d->text);
		return rc;
	}
	memset(elem, 0, d->size);
	return scan_all(d, text, len, elem, NULL);
}
