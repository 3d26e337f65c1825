/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets in commands. See <qt/hist/redact.h>.
 *
 * All rules look at the text as it was, and what they find is united before
 * anything is replaced; so their order does not matter. What was replaced may
 * look like a secret to another rule, as the text before and behind it has moved
 * together: therefore once more, until nothing is found.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redact_priv.h"

#define SPANS_MAX	4096u	/* of a text; more: all from there on */
#define MATCH_LIMIT	200000u	/* steps of one search */
#define HEAP_LIMIT	8192u	/* KiB of one search */
#define TIMES_MAX	4u

struct rule {
	const char	*name, *pattern;
	pcre2_code	*code;		/* NULL: not needed yet */
	bool		 is_off, is_users;
};

struct span {
	size_t	from, to;
};

struct qt_hist_redact {
	enum qt_hist_redact_mode mode;
	struct qt__hints	 hints;
	struct qt__user_rules	 users;
	struct rule		*rules;		/* ours, then theirs */
	size_t			 count;
	pcre2_match_context	*limits;
	pcre2_match_data	*match;
	struct span		 spans[SPANS_MAX];
	size_t			 span_count;
};

/* --- Rules ---------------------------------------------------------------- */

static pcre2_code *
compile(const char *pattern, int *code, size_t *at)
{
	PCRE2_SIZE	 where = 0;
	pcre2_code	*c = pcre2_compile((PCRE2_SPTR)pattern,
	    PCRE2_ZERO_TERMINATED, PCRE2_NEVER_UTF | PCRE2_NEVER_UCP, code,
	    &where, NULL);

	*at = where;
	return c;
}

const char *
qt__pattern_check(const char *pattern, char why[256])
{
	PCRE2_UCHAR	 text[160] = "";
	pcre2_code	*c;
	size_t		 at;
	int		 code;

	c = compile(pattern, &code, &at);
	if (c != NULL) {
		pcre2_code_free(c);
		return NULL;
	}
	(void)pcre2_get_error_message(code, text, sizeof(text));
	snprintf(why, 256, "at character %zu: %s", at + 1, (const char *)text);
	return why;
}

/* In place of one of ours of the same name; else one more. */
static void
add_users(struct qt_hist_redact *r, const struct qt__user_rule *u)
{
	for (size_t i = 0; i < qt__rules_count; i++)
		if (strcmp(r->rules[i].name, u->name) == 0)
			r->rules[i].is_off = true;
	if (u->pattern != NULL)
		r->rules[r->count++] = (struct rule){ .name = u->name,
		    .pattern = u->pattern, .is_users = true };
}

int
qt_hist_redact_open(struct qt_hist_redact **out, const char *path,
    void (*tell)(void *arg, const char *what), void *arg, struct qt_err *err)
{
	struct qt_hist_redact	*r = calloc(1, sizeof(*r));
	int			 rc = -ENOMEM;

	*out = NULL;
	if (r == NULL)
		return -ENOMEM;
	if (path != NULL) {
		rc = qt__user_rules_load(&r->users, path, tell, arg, err);
		if (rc < 0)
			goto fail;
	}
	rc = -ENOMEM;
	r->rules = calloc(qt__rules_count + r->users.count, sizeof(*r->rules));
	r->limits = pcre2_match_context_create(NULL);
	r->match = pcre2_match_data_create(2, NULL);
	if (r->rules == NULL || r->limits == NULL || r->match == NULL)
		goto fail;
	(void)pcre2_set_match_limit(r->limits, MATCH_LIMIT);
	(void)pcre2_set_heap_limit(r->limits, HEAP_LIMIT);
	for (; r->count < qt__rules_count; r->count++) {
		r->rules[r->count].name = qt__rules[r->count].name;
		r->rules[r->count].pattern = qt__rules[r->count].pattern;
	}
	for (size_t i = 0; i < r->users.count; i++)
		add_users(r, &r->users.rules[i]);
	r->mode = r->users.mode;
	*out = r;
	return 0;
fail:
	qt_hist_redact_close(r);
	return rc;
}

void
qt_hist_redact_close(struct qt_hist_redact *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++)
		pcre2_code_free(r->rules[i].code);
	free(r->rules);
	pcre2_match_data_free(r->match);
	pcre2_match_context_free(r->limits);
	qt__hints_clear(&r->hints);
	qt__user_rules_clear(&r->users);
	free(r);
}

enum qt_hist_redact_mode
qt_hist_redact_mode(const struct qt_hist_redact *r)
{
	return r->mode;
}

void
qt_hist_redact_set_mode(struct qt_hist_redact *r,
    enum qt_hist_redact_mode mode)
{
	r->mode = mode;
}

int
qt_hist_redact_next(const struct qt_hist_redact *r, size_t *cursor,
    const char **name, bool *is_users)
{
	while (*cursor < r->count && r->rules[*cursor].is_off)
		++*cursor;
	if (*cursor >= r->count)
		return 0;
	*name = r->rules[*cursor].name;
	*is_users = r->rules[*cursor].is_users;
	++*cursor;
	return 1;
}

/* --- Finding -------------------------------------------------------------- */

static bool
is_redacted(const char *text, const struct span *s)
{
	return s->to - s->from == sizeof(QT_HIST_REDACTION) - 1 &&
	    memcmp(text + s->from, QT_HIST_REDACTION, s->to - s->from) == 0;
}

/* False: there is no room for it. */
static bool
add_span(struct qt_hist_redact *r, const char *text, size_t from, size_t to)
{
	struct span	s = { from, to };

	if (from >= to || is_redacted(text, &s))
		return true;
	if (r->span_count == SPANS_MAX)
		return false;
	r->spans[r->span_count++] = s;
	return true;
}

/* What cannot be looked at is a secret, too. */
static void
add_rest(struct qt_hist_redact *r, size_t from, size_t len)
{
	if (r->span_count == SPANS_MAX)
		r->span_count--;
	r->spans[r->span_count++] = (struct span){ from, len };
}

static int
find_by(struct qt_hist_redact *r, struct rule *rule, const char *text,
    size_t len)
{
	const PCRE2_SIZE	*v = pcre2_get_ovector_pointer(r->match);
	size_t			 at = 0, where;
	int			 n, code;

	if (rule->code == NULL)
		rule->code = compile(rule->pattern, &code, &where);
	if (rule->code == NULL)
		return -ENOMEM;
	while (at < len) {
		n = pcre2_match(rule->code, (PCRE2_SPTR)text, len, at,
		    PCRE2_NOTEMPTY, r->match, r->limits);
		if (n == PCRE2_ERROR_NOMATCH)
			return 0;
		/* n 0: more groups than are asked for. */
		if (n < 0 || v[0] < at || v[1] <= at || v[1] > len) {
			add_rest(r, at, len);
			return 0;
		}
		if (n != 1 && v[2] != PCRE2_UNSET ?
		    !add_span(r, text, v[2], v[3]) :
		    !add_span(r, text, v[0], v[1])) {
			add_rest(r, v[0], len);
			return 0;
		}
		at = v[1];
	}
	return 0;
}

static int
by_begin(const void *a, const void *b)
{
	const struct span	*x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

static int
replace(struct qt_hist_redact *r, struct qt_buf *out, const char *text,
    size_t len)
{
	size_t	at = 0, i = 0;
	int	rc = 0;

	qsort(r->spans, r->span_count, sizeof(r->spans[0]), by_begin);
	while (i < r->span_count && rc == 0) {
		struct span	s = r->spans[i];

		/* Those that overlap or touch are one. */
		while (++i < r->span_count && r->spans[i].from <= s.to)
			if (r->spans[i].to > s.to)
				s.to = r->spans[i].to;
		rc = qt_buf_add(out, text + at, s.from - at);
		if (rc == 0)
			rc = qt_buf_add(out, QT_HIST_REDACTION,
			    sizeof(QT_HIST_REDACTION) - 1);
		at = s.to;
	}
	return rc < 0 ? rc : qt_buf_add(out, text + at, len - at);
}

/* 1: out has it without what was found; 0: nothing is found. */
static int
redact_once(struct qt_hist_redact *r, struct qt_buf *out, const char *text,
    size_t len)
{
	struct qt__rule_set	set;
	size_t			i;
	int			rc = 0;

	if (r->hints.states == 0)
		rc = qt__hints_init(&r->hints, qt__rules, qt__rules_count);
	if (rc < 0)
		return rc;
	r->span_count = 0;
	if (!qt__hints_find(&r->hints, &set, text, len) &&
	    r->count == qt__rules_count)
		return 0;
	for (i = 0; i < r->count && rc == 0; i++)
		if (!r->rules[i].is_off && (i >= qt__rules_count ||
		    (set.bits[i / 64] >> i % 64 & 1) != 0))
			rc = find_by(r, &r->rules[i], text, len);
	if (rc < 0 || r->span_count == 0)
		return rc;
	qt_buf_reset(out);
	rc = replace(r, out, text, len);
	return rc < 0 ? rc : 1;
}

int
qt_hist_redact_text(struct qt_hist_redact *r, struct qt_buf *out,
    const void *text, size_t len)
{
	struct qt_buf	before = QT_BUF_INIT, swap;
	int		rc = redact_once(r, out, text, len), more = rc;

	for (unsigned int i = 1; i < TIMES_MAX && more == 1; i++) {
		more = redact_once(r, &before, out->data, out->len);
		if (more == 1) {
			swap = before;
			before = *out;
			*out = swap;
		}
	}
	/* Something that grows for ever: nothing of it is kept. */
	if (more == 1 && rc == 1) {
		more = redact_once(r, &before, out->data, out->len);
		if (more == 1) {
			qt_buf_reset(out);
			more = qt_buf_add(out, QT_HIST_REDACTION,
			    sizeof(QT_HIST_REDACTION) - 1);
		}
	}
	if (before.data != NULL)
		explicit_bzero(before.data, before.len);
	qt_buf_clear(&before);
	return more < 0 ? more : rc;
}

int
qt_hist_redact_event(struct qt_hist_redact *r, struct qt_hist_event *e,
    struct qt_buf *hold)
{
	int	rc;

	if (r == NULL || r->mode == QT_HIST_KEEP)
		return 0;
	rc = qt_hist_redact_text(r, hold, e->text.data, e->text.len);
	if (rc <= 0)
		return rc;
	if (r->mode == QT_HIST_DROP)
		return 1;
	e->text = (struct qt_hist_bytes){ hold->data, hold->len };
	e->flags |= QT_HIST_REDACTED;
	return 0;
}
