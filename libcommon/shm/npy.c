/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of .npy files. See <qt/shm/npy.h>, and numpy/lib/format.py, whose
 * documentation is the format.
 *
 * What is between the braces is a Python literal; here it is read as the one
 * kind of literal that NumPy writes, key by key, and anything else is refused.
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <qt/shm/npy.h>

#define MAGIC		"\x93NUMPY"
#define MAGIC_SIZE	6u
#define SIZE_MAX_	(UINT64_C(1) << 48)
#define ALIGN		64u

struct scan {
	const char	*p, *end;
	struct qt_err	*err;
};

static int
fail(struct scan *s, const char *what)
{
	qt_err_set(s->err, "the .npy header: %s", what);
	return -EINVAL;
}

static void
blanks(struct scan *s)
{
	while (s->p < s->end && *s->p == ' ')
		s->p++;
}

static int
has_char(struct scan *s, char c)
{
	blanks(s);
	if (s->p == s->end || *s->p != c)
		return 0;
	s->p++;
	return 1;
}

static int
has_word(struct scan *s, const char *word)
{
	size_t	len = strlen(word);

	if ((size_t)(s->end - s->p) < len || memcmp(s->p, word, len) != 0)
		return 0;
	s->p += len;
	return 1;
}

/* What is between two quotes; no backslashes, which NumPy never writes here. */
static int
quoted(struct scan *s, const char **text, size_t *len)
{
	const char	*close;
	char		 quote;

	blanks(s);
	if (s->p == s->end || (*s->p != '\'' && *s->p != '"'))
		return fail(s, "a text in quotes is wanted");
	quote = *s->p++;
	close = memchr(s->p, quote, (size_t)(s->end - s->p));
	if (close == NULL)
		return fail(s, "a quote without its end");
	*text = s->p;
	*len = (size_t)(close - s->p);
	if (memchr(*text, '\\', *len) != NULL)
		return fail(s, "a backslash");
	s->p = close + 1;
	return 0;
}

/* From '[' to its ']', quotes looked at. */
static int
bracketed(struct scan *s, const char **text, size_t *len)
{
	const char	*t;
	size_t		 n;
	int		 depth = 0, rc;

	*text = s->p;
	do {
		if (s->p == s->end)
			return fail(s, "a list without its end");
		if (*s->p == '\'' || *s->p == '"') {
			rc = quoted(s, &t, &n);
			if (rc < 0)
				return rc;
			continue;
		}
		depth += (*s->p == '[') - (*s->p == ']');
		s->p++;
	} while (depth > 0);
	*len = (size_t)(s->p - *text);
	return 0;
}

static int
read_descr(struct scan *s, struct qt_npy *out)
{
	char		 text[QT_DTYPE_TEXT * 4];
	const char	*from;
	size_t		 len;
	int		 rc;

	blanks(s);
	rc = s->p < s->end && *s->p == '[' ? bracketed(s, &from, &len) :
	    quoted(s, &from, &len);
	if (rc < 0)
		return rc;
	if (len >= sizeof(text) || memchr(from, '\0', len) != NULL)
		return fail(s, "a dtype that is too long");
	memcpy(text, from, len);
	text[len] = '\0';
	rc = qt_dtype_parse(&out->dtype, text, s->err);
	if (rc < 0)
		qt_err_wrap(s->err, "the .npy header");
	return rc;
}

static int
read_number(struct scan *s, uint64_t *out)
{
	const char	*from;

	blanks(s);
	from = s->p;
	*out = 0;
	while (s->p < s->end && *s->p >= '0' && *s->p <= '9') {
		if (*out > SIZE_MAX_)
			return fail(s, "a dimension that is too large");
		*out = *out * 10 + (uint64_t)(*s->p++ - '0');
	}
	return s->p == from ? fail(s, "a whole number is wanted") : 0;
}

/* "()", "(3,)", "(3, 4)" */
static int
read_shape(struct scan *s, struct qt_npy *out)
{
	int	rc, has_comma = 1;

	if (!has_char(s, '('))
		return fail(s, "a shape in parentheses is wanted");
	while (!has_char(s, ')')) {
		if (out->dims == QT_NPY_DIMS)
			return fail(s, "more than four dimensions");
		if (!has_comma)
			return fail(s, "a comma is wanted in the shape");
		rc = read_number(s, &out->shape[out->dims++]);
		if (rc < 0)
			return rc;
		has_comma = has_char(s, ',');
	}
	return out->dims == 1 && !has_comma ?
	    fail(s, "a shape of one dimension ends in a comma") : 0;
}

/* One key and its value; seen has a bit for each key that was there. */
static int
read_key(struct scan *s, struct qt_npy *out, unsigned int *seen)
{
	static const char *const names[] = { "descr", "fortran_order",
	    "shape" };
	const char	*key;
	size_t		 len;
	unsigned int	 which = 0;
	int		 rc = quoted(s, &key, &len);

	if (rc < 0)
		return rc;
	while (which < 3 && (strlen(names[which]) != len ||
	    memcmp(names[which], key, len) != 0))
		which++;
	if (which == 3 || (*seen & 1u << which) != 0)
		return fail(s, which == 3 ? "a key that is not known" :
		    "a key that is there twice");
	*seen |= 1u << which;
	if (!has_char(s, ':'))
		return fail(s, "a colon is wanted after a key");
	if (which == 0)
		return read_descr(s, out);
	if (which == 2)
		return read_shape(s, out);
	blanks(s);
	out->is_fortran = has_word(s, "True");
	return out->is_fortran || has_word(s, "False") ? 0 :
	    fail(s, "fortran_order is True or False");
}

static int
read_dict(struct scan *s, struct qt_npy *out)
{
	unsigned int	seen = 0;
	int		rc, has_comma = 1;

	if (!has_char(s, '{'))
		return fail(s, "no '{'");
	while (!has_char(s, '}')) {
		if (!has_comma)
			return fail(s, "a comma is wanted between keys");
		rc = read_key(s, out, &seen);
		if (rc < 0)
			return rc;
		has_comma = has_char(s, ',');
	}
	if (seen != 7)
		return fail(s, "descr, fortran_order or shape is missing");
	blanks(s);
	return s->end - s->p == 1 && *s->p == '\n' ? 0 :
	    fail(s, "it does not end in a new-line");
}

static int
count_all(struct scan *s, struct qt_npy *out)
{
	out->count = 1;
	for (unsigned int i = 0; i < out->dims; i++)
		if (__builtin_mul_overflow(out->count, out->shape[i],
		    &out->count))
			return fail(s, "too many elements");
	if (__builtin_mul_overflow(out->count, out->dtype.size, &out->size) ||
	    out->size > SIZE_MAX_)
		return fail(s, "more than 2^48 bytes of elements");
	return 0;
}

ssize_t
qt_npy_head_size(const void *first, struct qt_err *err)
{
	const unsigned char	*p = first;
	uint64_t		 size;

	if (memcmp(p, MAGIC, MAGIC_SIZE) != 0) {
		qt_err_set(err, "it is no .npy file");
		return -QT_EFORMAT;
	}
	if ((p[6] != 1 && p[6] != 2) || p[7] != 0) {
		qt_err_set(err, ".npy format %u.%u; 1.0 and 2.0 are known",
		    p[6], p[7]);
		return -QT_EVERSION;
	}
	size = (uint64_t)p[8] | (uint64_t)p[9] << 8;
	if (p[6] == 2)
		size |= (uint64_t)p[10] << 16 | (uint64_t)p[11] << 24;
	size += p[6] == 1 ? 10 : 12;
	if (size > QT_NPY_HEAD_MAX || size < QT_NPY_FIRST) {
		qt_err_set(err, "a .npy header of %" PRIu64 " bytes", size);
		return -EINVAL;
	}
	return (ssize_t)size;
}

int
qt_npy_parse(struct qt_npy *out, const void *head, size_t size,
    struct qt_err *err)
{
	const char	*p = head;
	struct scan	 s = { .end = p + size, .err = err };
	ssize_t		 want;
	int		 rc;

	memset(out, 0, sizeof(*out));
	if (size < QT_NPY_FIRST) {
		qt_err_set(err, "it is too short to be a .npy file");
		return -QT_EFORMAT;
	}
	want = qt_npy_head_size(head, err);
	if (want < 0)
		return (int)want;
	s.p = p + (p[6] == 1 ? 10 : 12);
	if ((size_t)want != size)
		return fail(&s, "it ends too early");
	rc = read_dict(&s, out);
	return rc < 0 ? rc : count_all(&s, out);
}

int
qt_npy_format(const struct qt_npy *npy, struct qt_buf *out)
{
	struct qt_buf	dict = QT_BUF_INIT;
	const char	*quote = npy->dtype.is_struct ? "" : "'";
	unsigned char	first[10] = MAGIC "\1";
	size_t		len;
	int		rc;

	rc = qt_buf_addf(&dict, "{'descr': %s%s%s, 'fortran_order': %s, "
	    "'shape': (", quote, npy->dtype.text, quote,
	    npy->is_fortran ? "True" : "False");
	for (unsigned int i = 0; i < npy->dims && rc == 0; i++)
		rc = qt_buf_addf(&dict, i > 0 ? " %" PRIu64 "%s" :
		    "%" PRIu64 "%s", npy->shape[i],
		    npy->dims == 1 || i + 1 < npy->dims ? "," : "");
	if (rc == 0)
		rc = qt_buf_addf(&dict, "), }");
	while (rc == 0 && (sizeof(first) + dict.len + 1) % ALIGN != 0)
		rc = qt_buf_add(&dict, " ", 1);
	if (rc == 0)
		rc = qt_buf_add(&dict, "\n", 1);
	len = dict.len;
	first[8] = (unsigned char)len;
	first[9] = (unsigned char)(len >> 8);
	if (rc == 0)
		rc = qt_buf_reserve(out, sizeof(first) + len);
	if (rc == 0)
		rc = qt_buf_add(out, first, sizeof(first));
	if (rc == 0)
		rc = qt_buf_add(out, dict.data, len);
	qt_buf_clear(&dict);
	return rc;
}
