/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsing queries: words, operators, what belongs together. The contract is in
 * <qt/hist/query.h>.
 *
 *	bytes | a part up to a blank | ! | name: or ' ^ " $ re: | term, filter
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "query_priv.h"

static const char *const	names[] = {
#define X(name, text) text,
	QT_HIST_FILTER_MAP(X)
#undef X
};

const char *
qt_hist_filter_name(enum qt_hist_filter_name name)
{
	return name < QT_HIST_FILTER_NAMES ? names[name] : "?";
}

int
qt__query_fail(struct qt__parse *p, int rc, size_t at, size_t len,
    const char *expected)
{
	p->mistake.at = (uint32_t)at;
	p->mistake.len = (uint32_t)len;
	snprintf(p->mistake.expected, sizeof(p->mistake.expected), "%s",
	    expected);
	return rc;
}

int
qt__query_add(struct qt__parse *p, const char *data, size_t len)
{
	struct qt_hist_query	*q = p->q;

	if (len > sizeof(q->bytes) - q->used)
		return qt__query_fail(p, -E2BIG, p->at, 0,
		    "a shorter query: its folders are too long");
	if (len > 0)
		memcpy(q->bytes + q->used, data, len);
	q->used += (uint32_t)len;
	return 0;
}

/* --- One part ------------------------------------------------------------- */

/* A word being read: where it is, and what is said about it. */
struct word {
	size_t	at, end;	/* of the whole part */
	size_t	body;		/* behind operators */
	bool	is_negated, is_quoted;
	uint32_t text, len;	/* in q->bytes, unescaped */
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' ||
	    c == '\v';
}

static bool
is_end(const struct qt__parse *p, size_t at)
{
	return at >= p->len || is_blank(p->text[at]);
}

/* What a backslash takes the meaning from. */
static bool
is_special(char c)
{
	return c != '\0' && strchr(" \t\"'\\!^$|:", c) != NULL;
}

/*
 * The body from w->body to its end, into q->bytes: in quotes, or up to a blank.
 * In a pattern backslashes stay, but they still hide a blank or a quote.
 */
static int
read_body(struct qt__parse *p, struct word *w, bool is_pattern)
{
	size_t	at = w->body;
	int	rc;

	w->text = p->q->used;
	w->is_quoted = at < p->len && p->text[at] == '"';
	at += w->is_quoted;
	for (; w->is_quoted ? at < p->len && p->text[at] != '"' :
	    !is_end(p, at); at++) {
		if (p->text[at] == '\\' && at + 1 < p->len &&
		    (w->is_quoted && !is_pattern ?
		    strchr("\"\\", p->text[at + 1]) != NULL &&
		    p->text[at + 1] != '\0' : is_special(p->text[at + 1]))) {
			if (is_pattern &&
			    (rc = qt__query_add(p, "\\", 1)) < 0)
				return rc;
			at++;
		}
		if ((rc = qt__query_add(p, p->text + at, 1)) < 0)
			return rc;
	}
	w->len = p->q->used - w->text;
	if (w->is_quoted && at >= p->len && !p->here->is_typing)
		return qt__query_fail(p, -EINVAL, w->body, p->len - w->body,
		    "'\"' where the quote ends");
	w->end = at + (w->is_quoted && at < p->len);
	return 0;
}

/* A '$' that ends the part, and that no backslash hides. */
static bool
take_dollar(struct qt__parse *p, struct word *w)
{
	size_t	slashes = 0, last;

	if (w->is_quoted) {
		if (w->end >= p->len || p->text[w->end] != '$' ||
		    !is_end(p, w->end + 1))
			return false;
		w->end++;
		return true;
	}
	if (w->len < 2 || p->text[w->end - 1] != '$')
		return false;
	last = w->end - 1;
	while (last - slashes > w->body && p->text[last - slashes - 1] == '\\')
		slashes++;
	if (slashes % 2 == 1)
		return false;
	w->len--;
	p->q->used--;
	return true;
}

static bool
has_capital(const char *text, size_t len, bool is_pattern)
{
	for (size_t i = 0; i < len; i++) {
		if (is_pattern && text[i] == '\\')
			i++;		/* \S is no capital */
		else if (text[i] >= 'A' && text[i] <= 'Z')
			return true;
	}
	return false;
}

static int
add_term(struct qt__parse *p, const struct word *w,
    enum qt_hist_term_kind kind, bool is_or)
{
	struct qt_hist_query	*q = p->q;
	struct qt_hist_term	*t;

	if (w->len == 0 && p->here->is_typing && w->end == p->len)
		return 0;
	if (w->len == 0)
		return qt__query_fail(p, -EINVAL, w->at, w->end - w->at,
		    w->is_quoted ? "something in the quotes" :
		    "a word behind it ('\\' before it looks for it)");
	if (kind == QT_HIST_REGEX && w->len > QT_HIST_PATTERN_MAX)
		return qt__query_fail(p, -E2BIG, w->at, w->end - w->at,
		    "a pattern of 1024 bytes at most");
	if (q->term_count == QT_HIST_TERMS_MAX)
		return qt__query_fail(p, -E2BIG, w->at, w->end - w->at,
		    "64 words at most");
	t = &q->terms[q->term_count++];
	*t = (struct qt_hist_term){ .kind = kind, .is_or = is_or,
	    .is_negated = w->is_negated, .text = w->text, .len = w->len,
	    .at = (uint32_t)w->at, .at_len = (uint32_t)(w->end - w->at),
	    .is_case = has_capital(q->bytes + w->text, w->len,
	    kind == QT_HIST_REGEX) };
	if (kind == QT_HIST_FUZZY && (w->is_negated || w->is_quoted ||
	    w->len > QT_HIST_FUZZY_MAX))
		t->kind = QT_HIST_EXACT;
	return 0;
}

/* Behind a closing quote. */
static int
need_end(struct qt__parse *p, const struct word *w)
{
	return is_end(p, w->end) ? 0 :
	    qt__query_fail(p, -EINVAL, w->end, 1, "a blank behind the quote");
}

static int
read_word(struct qt__parse *p, struct word *w, bool is_or)
{
	enum qt_hist_term_kind	kind = QT_HIST_FUZZY;
	bool			is_pattern, is_last;
	int			rc;

	is_pattern = p->len - w->body >= 3 &&
	    memcmp(p->text + w->body, "re:", 3) == 0;
	if (is_pattern) {
		kind = QT_HIST_REGEX;
		w->body += 3;
	} else if (w->body < p->len && p->text[w->body] == '\'') {
		kind = QT_HIST_EXACT;
		w->body++;
	} else if (w->body < p->len && p->text[w->body] == '^') {
		kind = QT_HIST_PREFIX;
		w->body++;
	}
	rc = read_body(p, w, is_pattern);
	if (rc < 0)
		return rc;
	is_last = (kind == QT_HIST_FUZZY || kind == QT_HIST_PREFIX) &&
	    take_dollar(p, w);
	if (is_last)
		kind = kind == QT_HIST_PREFIX ? QT_HIST_WHOLE : QT_HIST_SUFFIX;
	rc = need_end(p, w);
	return rc < 0 ? rc : add_term(p, w, kind, is_or);
}

/* Which filter begins here; QT_HIST_FILTER_NAMES: none. *behind the ':'. */
static enum qt_hist_filter_name
filter_at(const struct qt__parse *p, size_t at, size_t *behind)
{
	unsigned int	i;

	for (i = 0; i < QT_HIST_FILTER_NAMES; i++) {
		size_t	len = strlen(names[i]);

		if (p->len - at > len && p->text[at + len] == ':' &&
		    memcmp(p->text + at, names[i], len) == 0) {
			*behind = at + len + 1;
			break;
		}
	}
	return (enum qt_hist_filter_name)i;
}

static int
read_filter(struct qt__parse *p, struct word *w, enum qt_hist_filter_name name)
{
	char			 value[QT_HIST_QUERY_MAX];
	struct qt_hist_query	*q = p->q;
	struct qt_hist_filter	 f = { .name = name };
	int			 rc;

	rc = read_body(p, w, false);
	if (rc == 0)
		rc = need_end(p, w);
	if (rc < 0)
		return rc;
	if (w->len == 0 && p->here->is_typing && w->end == p->len)
		return 0;
	if (w->len == 0)
		return qt__query_fail(p, -EINVAL, w->at, w->end - w->at,
		    "a value behind ':'");
	if (q->filter_count == QT_HIST_FILTERS_MAX)
		return qt__query_fail(p, -E2BIG, w->at, w->end - w->at,
		    "64 filters at most");
	/* The text is what the value becomes, not what was typed. */
	memcpy(value, q->bytes + w->text, w->len);
	q->used = w->text;
	f.is_negated = w->is_negated;
	f.at = (uint32_t)w->at;
	f.at_len = (uint32_t)(w->end - w->at);
	rc = qt__query_value(p, &f, value, w->len, w->body);
	if (rc == -EINVAL && p->here->is_typing && w->end == p->len) {
		q->used = w->text;
		return 0;
	}
	if (rc == 0)
		q->filters[q->filter_count++] = f;
	return rc;
}

/* --- The whole ------------------------------------------------------------ */

/* What the part before was, for a '|'. */
enum before { NOTHING, WORD, FILTER };

struct state {
	enum before	before;
	bool		is_or;		/* '|' was read */
	size_t		or_at;
};

/* Alternatives are words, or values of one filter, which are that anyway. */
static int
check_or(struct qt__parse *p, const struct state *s, const struct word *w,
    enum qt_hist_filter_name name)
{
	const struct qt_hist_query	*q = p->q;
	const struct qt_hist_filter	*f = q->filter_count == 0 ? NULL :
	    &q->filters[q->filter_count - 1];
	bool				 is_filter;

	is_filter = name != QT_HIST_FILTER_NAMES;
	if (!s->is_or || (!is_filter && s->before == WORD))
		return 0;
	if (is_filter && s->before == FILTER && f != NULL && f->name == name &&
	    !f->is_negated && !w->is_negated)
		return 0;
	return qt__query_fail(p, -EINVAL, s->or_at, 1,
	    "words on both sides of '|', or values of one filter");
}

static int
read_part(struct qt__parse *p, struct state *s)
{
	enum qt_hist_filter_name	name;
	struct word			w = { .at = p->at, .body = p->at };
	int				rc;

	if (p->text[p->at] == '|' && is_end(p, p->at + 1)) {
		if (s->before == NOTHING || s->is_or)
			return qt__query_fail(p, -EINVAL, p->at, 1,
			    "a word before '|' (\"|\" looks for it)");
		s->is_or = true;
		s->or_at = p->at++;
		return 0;
	}
	w.is_negated = p->text[p->at] == '!';
	w.body += w.is_negated;
	name = filter_at(p, w.body, &w.body);
	rc = check_or(p, s, &w, name);
	if (rc < 0)
		return rc;
	rc = name == QT_HIST_FILTER_NAMES ? read_word(p, &w, s->is_or) :
	    read_filter(p, &w, name);
	s->before = name == QT_HIST_FILTER_NAMES ? WORD : FILTER;
	s->is_or = false;
	p->at = w.end;
	return rc;
}

static int
parse(struct qt__parse *p)
{
	struct state	s = { .before = NOTHING };
	int		rc = 0;

	if (p->len > QT_HIST_QUERY_MAX)
		return qt__query_fail(p, -E2BIG, QT_HIST_QUERY_MAX, 0,
		    "a query of 4096 bytes at most");
	while (rc == 0 && p->at < p->len) {
		if (is_blank(p->text[p->at]))
			p->at++;
		else
			rc = read_part(p, &s);
	}
	if (rc == 0 && s.is_or && !p->here->is_typing)
		rc = qt__query_fail(p, -EINVAL, s.or_at, 1,
		    "a word behind '|' (\"|\" looks for it)");
	return rc;
}

/* The place as people see it: nothing that would drive a terminal. */
static void
say(const struct qt__parse *p, struct qt_err *err)
{
	const struct qt_hist_mistake	*m = &p->mistake;
	char				 part[65];
	size_t				 n = 0;

	while (n < m->len && n < sizeof(part) - 1 && m->at + n < p->len) {
		part[n] = p->text[m->at + n];
		if (part[n] < ' ' || part[n] == 127)
			part[n] = '?';
		n++;
	}
	part[n] = '\0';
	if (n > 0)
		qt_err_set(err, "query: at byte %u, '%s': expected %s",
		    m->at + 1, part, m->expected);
	else
		qt_err_set(err, "query: at byte %u: expected %s", m->at + 1,
		    m->expected);
}

int
qt_hist_query_parse(struct qt_hist_query *out, const char *text, size_t len,
    const struct qt_hist_here *here, struct qt_hist_mistake *mistake,
    struct qt_err *err)
{
	struct qt__parse	p = { .q = out, .here = here, .text = text,
	    .len = len };
	int			rc;

	out->term_count = out->filter_count = out->used = 0;
	rc = parse(&p);
	if (rc < 0) {
		out->term_count = out->filter_count = out->used = 0;
		if (mistake != NULL)
			*mistake = p.mistake;
		if (err != NULL)
			say(&p, err);
	}
	return rc;
}
