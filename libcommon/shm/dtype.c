/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading NumPy's dtype strings. See <qt/shm/dtype.h>.
 *
 *	dtype	 = scalar | "[" field {"," field} [","] "]"
 *	field	 = "(" string "," (string | dtype) ["," shape] ")"
 *	shape	 = number | "(" number {"," number} [","] ")"
 *	string	 = one in ' or ", without escapes
 *
 * The text comes from outside: every step looks at what is left, nesting is at
 * most DEPTH deep, and no sum can be over QT_DTYPE_SIZE_MAX.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <qt/shm/dtype.h>

#define DEPTH	4

struct parse {
	const char	*at;		/* ends with NUL */
	struct qt_dtype	*out;
	struct qt_err	*err;
};

static int
bad(struct parse *p, const char *what)
{
	qt_err_set(p->err, "%s, at '%.24s'", what, p->at);
	return -EINVAL;
}

static void
skip_space(struct parse *p)
{
	while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n')
		p->at++;
}

/* 1 when c comes next, which is taken. */
static int
take(struct parse *p, char c)
{
	skip_space(p);
	if (*p->at != c)
		return 0;
	p->at++;
	return 1;
}

static int
number(struct parse *p, uint32_t *n)
{
	uint64_t	value = 0;
	const char	*start;

	skip_space(p);
	for (start = p->at; *p->at >= '0' && *p->at <= '9'; p->at++) {
		value = value * 10 + (uint64_t)(*p->at - '0');
		if (value > QT_DTYPE_SIZE_MAX)
			return bad(p, "a number that is too large");
	}
	if (p->at == start)
		return bad(p, "a number is missing");
	*n = (uint32_t)value;
	return 0;
}

/* What is between quotes, into size bytes. */
static int
string(struct parse *p, char *out, size_t size)
{
	const char	*end;
	char		 quote;
	size_t		 len;

	skip_space(p);
	quote = *p->at;
	if (quote != '\'' && quote != '"')
		return bad(p, "a text in quotes is missing");
	end = strchr(p->at + 1, quote);
	if (end == NULL)
		return bad(p, "a quote without its end");
	len = (size_t)(end - p->at) - 1;
	if (len >= size)
		return bad(p, "a text that is too long");
	if (memchr(p->at + 1, '\\', len) != NULL)
		return bad(p, "a text with a backslash");
	memcpy(out, p->at + 1, len);
	out[len] = '\0';
	p->at = end + 1;
	return 0;
}

/* --- Scalars ------------------------------------------------------------- */

static const struct {
	const char	*name, *text;
} names[] = {
	{ "bool", "?" }, { "int8", "i1" }, { "int16", "i2" },
	{ "int32", "i4" }, { "int64", "i8" }, { "uint8", "u1" },
	{ "uint16", "u2" }, { "uint32", "u4" }, { "uint64", "u8" },
	{ "float16", "f2" }, { "float32", "f4" }, { "float64", "f8" },
	{ "int", "i8" }, { "float", "f8" }, { "double", "f8" },
};

static int
is_size(char kind, uint32_t n)
{
	switch (kind) {
	case 'i': case 'u':	return n == 1 || n == 2 || n == 4 || n == 8;
	case 'f':		return n == 2 || n == 4 || n == 8;
	case 'b':		return n == 1;
	case 'M': case 'm':	return n == 8;
	case 'U':		return n <= QT_DTYPE_SIZE_MAX / 4;
	default:		return 1;	/* S, V: any */
	}
}

/* The unit of a time, "[ms]" or "[25us]". */
static int
unit(struct parse *p)
{
	size_t	len = 0;

	if (*p->at != '[')
		return 0;
	for (p->at++; p->at[len] != ']'; len++)
		if (len == 8 || strchr("0123456789YMWDhmsunpfa",
		    p->at[len]) == NULL || p->at[len] == '\0')
			return bad(p, "a unit that is none");
	p->at += len + 1;
	return 0;
}

/* One element of a scalar type: kind, order, size. */
static int
scalar(struct parse *p, struct qt_dtype_field *f)
{
	static const uint16_t	one = 1;
	char			native, order = '=';
	uint32_t		n = 0;
	int			rc;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(p->at, names[i].name) == 0)
			p->at = names[i].text;
	native = *(const unsigned char *)&one == 1 ? '<' : '>';
	if (*p->at != '\0' && strchr("<>|=", *p->at) != NULL)
		order = *p->at++;
	f->kind = *p->at == '?' ? 'b' : *p->at;
	if (f->kind == '\0' || strchr("iufbSUVMm", f->kind) == NULL)
		return bad(p, "no such kind of element");
	if (*p->at++ == '?')
		n = 1;
	else if (*p->at < '0' || *p->at > '9')
		return bad(p, "a kind without its size");
	else if ((rc = number(p, &n)) < 0)
		return rc;
	if (!is_size(f->kind, n) || n == 0)
		return bad(p, "no such size of that kind");
	if ((f->kind == 'M' || f->kind == 'm') && (rc = unit(p)) < 0)
		return rc;
	f->size = f->kind == 'U' ? n * 4 : n;
	f->is_swapped = order != '=' && order != '|' && order != native &&
	    f->kind != 'S' && f->kind != 'V' &&
	    (f->kind == 'U' || f->size > 1);
	f->count = 1;
	return 0;
}

/* --- Structures ---------------------------------------------------------- */

static int	structure(struct parse *p, const char *prefix, int depth);

static int
shape(struct parse *p, uint32_t *count)
{
	uint64_t	all = 1;
	uint32_t	n = 1;
	int		rc;

	if (!take(p, '(')) {
		rc = number(p, count);
		return rc < 0 ? rc : *count == 0 ? bad(p, "no elements") : 0;
	}
	while (!take(p, ')')) {
		rc = number(p, &n);
		if (rc < 0)
			return rc;
		all *= n;
		if (n == 0 || all > QT_DTYPE_SIZE_MAX)
			return bad(p, "too many elements, or none");
		if (!take(p, ',') && *p->at != ')')
			return bad(p, "',' or ')' is missing");
	}
	*count = (uint32_t)all;
	return 0;
}

static int
add(struct parse *p, const struct qt_dtype_field *f)
{
	struct qt_dtype	*d = p->out;
	uint64_t	 size = (uint64_t)f->size * f->count;

	if (size > QT_DTYPE_SIZE_MAX - d->size)
		return bad(p, "the element is too large");
	if (f->name[0] != '\0') {
		for (uint32_t i = 0; i < d->field_count; i++)
			if (strcmp(d->field[i].name, f->name) == 0)
				return bad(p, "two fields of one name");
		if (d->field_count == QT_DTYPE_FIELDS)
			return bad(p, "too many fields");
		d->field[d->field_count] = *f;
		d->field[d->field_count++].offset = d->size;
	}
	d->size += (uint32_t)size;
	return 0;
}

/* A field's type, its shape, and the ')' behind them. */
static int
field_type(struct parse *p, struct qt_dtype_field *f)
{
	char		text[QT_DTYPE_TEXT];
	struct parse	q = { .at = text, .out = p->out, .err = p->err };
	int		rc = string(p, text, sizeof(text));

	if (rc == 0)
		rc = scalar(&q, f);
	if (rc == 0 && *q.at != '\0')
		rc = bad(&q, "more than a type");
	if (rc == 0 && take(p, ',') && *p->at != ')')
		rc = shape(p, &f->count);
	if (rc == 0)
		rc = add(p, f);
	return rc;
}

static int
field(struct parse *p, const char *prefix, int depth)
{
	struct qt_dtype_field	f = { .count = 1 };
	char			name[QT_DTYPE_NAME];
	int			n, rc;

	if (!take(p, '('))
		return bad(p, "'(' is missing");
	rc = string(p, name, sizeof(name));
	if (rc < 0)
		return rc;
	n = snprintf(f.name, sizeof(f.name), "%s%s%s",
	    name[0] == '\0' ? "" : prefix,
	    prefix[0] == '\0' || name[0] == '\0' ? "" : ".", name);
	if (n < 0 || (size_t)n >= sizeof(f.name))
		return bad(p, "a name that is too long");
	if (!take(p, ','))
		return bad(p, "',' is missing");
	skip_space(p);
	if (*p->at == '[')
		rc = name[0] == '\0' ? bad(p, "a structure without a name") :
		    structure(p, f.name, depth + 1);
	else
		rc = field_type(p, &f);
	if (rc < 0)
		return rc;
	(void)take(p, ',');
	return take(p, ')') ? 0 : bad(p, "')' is missing");
}

static int
structure(struct parse *p, const char *prefix, int depth)
{
	int	rc;

	if (depth > DEPTH)
		return bad(p, "too many structures in each other");
	if (!take(p, '['))
		return bad(p, "'[' is missing");
	do {
		rc = field(p, prefix, depth);
		if (rc < 0)
			return rc;
	} while (take(p, ',') && (skip_space(p), *p->at != ']'));
	return take(p, ']') ? 0 : bad(p, "',' or ']' is missing");
}

/* A scalar as NumPy writes it; a time keeps its unit. */
static void
scalar_text(const struct qt_dtype_field *f, const char *text,
    char out[QT_DTYPE_TEXT])
{
	static const uint16_t	one = 1;
	int			is_little = *(const unsigned char *)&one == 1;
	const char		*rest = strchr(text, '[');
	char			order;

	if (f->kind == 'S' || f->kind == 'V' || f->size == 1)
		order = '|';
	else
		order = is_little != f->is_swapped ? '<' : '>';
	snprintf(out, QT_DTYPE_TEXT, "%c%c%u%.16s", order, f->kind,
	    f->kind == 'U' ? f->size / 4 : f->size, rest ? rest : "");
}

static int
parse_scalar(struct parse *p)
{
	struct qt_dtype_field	*f = &p->out->field[0];
	const char		*text = p->at;
	int			 rc;

	rc = scalar(p, f);
	if (rc < 0)
		return rc;
	if (*p->at != '\0')
		return bad(p, "more than a type");
	p->out->field_count = 1;
	p->out->size = f->size;
	scalar_text(f, text, p->out->text);
	return 0;
}

int
qt_dtype_parse(struct qt_dtype *out, const char *text, struct qt_err *err)
{
	struct parse	p = { .at = text, .out = out, .err = err };
	int		rc;

	memset(out, 0, sizeof(*out));
	skip_space(&p);
	if (strlen(p.at) >= sizeof(out->text)) {
		rc = -EINVAL;
		qt_err_set(err, "longer than %zu bytes",
		    sizeof(out->text) - 1);
	} else if (*p.at == '[') {
		out->is_struct = 1;
		memcpy(out->text, p.at, strlen(p.at));
		rc = structure(&p, "", 0);
		skip_space(&p);
		if (rc == 0 && *p.at != '\0')
			rc = bad(&p, "more than a type");
		if (rc == 0 && out->field_count == 0)
			rc = bad(&p, "a structure without fields");
	} else {
		rc = parse_scalar(&p);
	}
	if (rc < 0) {
		qt_err_wrap(err, "dtype '%.60s'", text);
		memset(out, 0, sizeof(*out));
	}
	return rc;
}

int
qt_dtype_is_same(const struct qt_dtype *a, const struct qt_dtype *b)
{
	if (a->size != b->size || a->is_struct != b->is_struct ||
	    a->field_count != b->field_count)
		return 0;
	for (uint32_t i = 0; i < a->field_count; i++) {
		const struct qt_dtype_field	*f = &a->field[i];
		const struct qt_dtype_field	*g = &b->field[i];

		if (strcmp(f->name, g->name) != 0 || f->kind != g->kind ||
		    f->is_swapped != g->is_swapped || f->size != g->size ||
		    f->count != g->count || f->offset != g->offset)
			return 0;
	}
	return 1;
}

int
qt_dtype_is_int(const struct qt_dtype *d)
{
	const struct qt_dtype_field	*f = &d->field[0];

	return !d->is_struct && d->field_count == 1 && !f->is_swapped &&
	    (f->kind == 'i' || f->kind == 'u');
}
