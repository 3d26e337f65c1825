/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of which an event passes the filters. See <qt/hist/find.h>.
 *
 *	filters	of a place (cwd dir git)	| asked once of each place
 *		of a context (host session shell)	once of each context
 *		of an event (exit dur before ...)	of those that are left
 *
 * Filters of different names are independent of each other, so a query's fall
 * into these parts. Where few events can pass, they are reached by the chains of
 * their places, or sessions; else the whole ring is looked at.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/hist/tag.h>

#include "find_priv.h"

#define CHAIN_MAX	65536u	/* events by chains; then the ring is quicker */
#define ASK_EACH	65536u	/* events between is_over() */

enum part { PLACE, CONTEXT, EVENT, PARTS };

/* Tags of an event, as the index knows it. */
struct tagged {
	uint64_t		start_us;
	uint32_t		id, first, count;	/* of its tags */
};

struct passing {
	struct qt_hist_find	*f;
	struct qt_hist_query	*parts[2 * PARTS];	/* scope's, query's */
	uint32_t		 facts;
	/* Of each fact: 0 not asked, 1 passes, 2 does not. */
	uint8_t			*asked;
	struct tagged		*tagged;
	size_t			 tagged_count;
	struct qt_hist_bytes	*tags;
	size_t			 tag_count;
	bool			(*is_over)(void *arg);
	void			*arg;
};

static enum part
part_of(enum qt_hist_filter_name name)
{
	switch (name) {
	case QT_HIST_CWD:
	case QT_HIST_DIR:
	case QT_HIST_GIT:
		return PLACE;
	case QT_HIST_HOST:
	case QT_HIST_SESSION:
	case QT_HIST_SHELL:
		return CONTEXT;
	default:
		return EVENT;
	}
}

/* A query's filters of one part; NULL in *out: it has none. */
static int
split(const struct qt_hist_query *q, enum part part,
    struct qt_hist_query **out)
{
	struct qt_hist_query	*p;

	*out = NULL;
	for (uint32_t i = 0; i < q->filter_count; i++) {
		if (part_of(q->filters[i].name) != part)
			continue;
		if (*out == NULL) {
			*out = p = malloc(sizeof(*p));
			if (p == NULL)
				return -ENOMEM;
			*p = *q;
			p->filter_count = p->term_count = 0;
		}
		(*out)->filters[(*out)->filter_count++] = q->filters[i];
	}
	return 0;
}

/* --- Tags ----------------------------------------------------------------- */

static int
hold_tags(void *arg, uint64_t start_us, uint64_t id,
    const struct qt_hist_bytes *tags, size_t count)
{
	struct passing		*p = arg;
	struct tagged		*tagged;
	struct qt_hist_bytes	*all;

	tagged = realloc(p->tagged, (p->tagged_count + 1) * sizeof(*tagged));
	if (tagged == NULL)
		return -ENOMEM;
	p->tagged = tagged;
	all = realloc(p->tags, (p->tag_count + count + 1) * sizeof(*all));
	if (all == NULL)
		return -ENOMEM;
	p->tags = all;
	tagged[p->tagged_count++] = (struct tagged){ .start_us = start_us,
		.id = (uint32_t)id, .first = (uint32_t)p->tag_count,
		.count = (uint32_t)count };
	for (size_t i = 0; i < count; i++) {
		char	*copy = malloc(tags[i].len + 1);

		if (copy == NULL)
			return -ENOMEM;
		memcpy(copy, tags[i].data, tags[i].len);
		p->tags[p->tag_count++] = (struct qt_hist_bytes){ copy,
			tags[i].len };
	}
	return 0;
}

static int
by_event(const void *a, const void *b)
{
	const struct tagged	*x = a, *y = b;

	if (x->start_us != y->start_us)
		return x->start_us < y->start_us ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static int
read_tags(struct passing *p, struct qt_err *err)
{
	int	rc = 0;

	if (p->f->db != NULL)
		rc = qt_hist_tags_each(p->f->db, hold_tags, p, err);
	if (rc == 0 && p->tagged_count > 1)
		qsort(p->tagged, p->tagged_count, sizeof(*p->tagged),
		    by_event);
	return rc;
}

static bool
has_tag_filter(const struct qt_hist_query *q)
{
	for (uint32_t i = 0; i < q->filter_count; i++)
		if (q->filters[i].name == QT_HIST_TAG)
			return true;
	return false;
}

/* --- Asking --------------------------------------------------------------- */

static bool
fact_passes(struct passing *p, enum part part, uint32_t id)
{
	struct qt_hist_event	e = { .id = 0 };
	bool			does;

	if (id >= p->facts)
		return false;
	if (p->asked[id] != 0)
		return p->asked[id] == 1;
	does = qt_hist_index_fact(p->f->ix, part == PLACE ? QT_HIST_FACT_PLACE :
	    QT_HIST_FACT_CONTEXT, id, &e, NULL);
	for (int i = part; i < 2 * PARTS && does; i += PARTS)
		does = p->parts[i] == NULL ||
		    qt_hist_query_passes(p->parts[i], &e, NULL, 0);
	p->asked[id] = does ? 1 : 2;
	return does;
}

static bool
has_part(const struct passing *p, enum part part)
{
	return p->parts[part] != NULL || p->parts[PARTS + part] != NULL;
}

static bool
itself_passes(struct passing *p, const struct qt_hist_index_event *at)
{
	const struct tagged	 key = { .start_us = at->start_us,
	    .id = at->id }, *t = NULL;
	const struct qt_hist_event	e = {
		.start_us = at->start_us, .flags = at->flags,
		.status = at->status,
		.took_us = qt_hist_index_took_us(at->took),
	};

	if (p->tagged_count > 0)
		t = bsearch(&key, p->tagged, p->tagged_count, sizeof(key),
		    by_event);
	for (int i = EVENT; i < 2 * PARTS; i += PARTS)
		if (p->parts[i] != NULL && !qt_hist_query_passes(p->parts[i],
		    &e, t == NULL ? NULL : p->tags + t->first,
		    t == NULL ? 0 : t->count))
			return false;
	return true;
}

static void
look_at(struct passing *p, uint32_t number,
    const struct qt_hist_index_event *e)
{
	struct qt__passed	*out = &p->f->passed;

	if (e->command >= p->f->view.commands ||
	    out->newest[e->command] >= number)
		return;
	if ((has_part(p, PLACE) && !fact_passes(p, PLACE, e->place)) ||
	    (has_part(p, CONTEXT) && !fact_passes(p, CONTEXT, e->context)) ||
	    (has_part(p, EVENT) && !itself_passes(p, e)))
		return;
	if (out->newest[e->command] == 0)
		out->commands++;
	out->newest[e->command] = number;
	out->keep[e->command / 64] |= UINT64_C(1) << (e->command % 64);
}

/* --- Which events --------------------------------------------------------- */

/* Whether what passes has to be one of what the filter names. */
static bool
is_narrow(const struct passing *p, enum part part)
{
	for (int i = part; i < 2 * PARTS; i += PARTS)
		for (uint32_t k = 0; p->parts[i] != NULL &&
		    k < p->parts[i]->filter_count; k++) {
			const struct qt_hist_filter	*f =
			    &p->parts[i]->filters[k];

			if (!f->is_negated && (part == PLACE ||
			    f->name == QT_HIST_SESSION))
				return true;
		}
	return false;
}

/* By the chains of all places, or sessions, that pass. false: too many. */
static bool
by_chains(struct passing *p, enum part part)
{
	enum qt_hist_fact		kind = part == PLACE ? QT_HIST_FACT_PLACE :
	    QT_HIST_FACT_CONTEXT;
	struct qt_hist_index_event	at;
	struct qt_hist_event		e;
	uint32_t			id = QT_HIST_NONE, n, seen = 0;

	while ((id = qt_hist_index_fact_next(p->f->ix, kind, id)) !=
	    QT_HIST_NONE) {
		if (!fact_passes(p, part, id) ||
		    !qt_hist_index_fact(p->f->ix, kind, id, &e, &n))
			continue;
		while (qt_hist_index_event(p->f->ix, n, &at)) {
			if (++seen > CHAIN_MAX)
				return false;
			look_at(p, n, &at);
			n = part == PLACE ? at.of_place : at.of_session;
		}
	}
	return true;
}

static int
all_events(struct passing *p)
{
	struct qt_hist_index_event	at;
	uint32_t			first = qt_hist_index_first(p->f->ix);

	for (uint32_t n = p->f->passed.last; n >= first && n > 0; n--) {
		if (n % ASK_EACH == 0 && p->is_over != NULL &&
		    p->is_over(p->arg))
			return -ECANCELED;
		if (qt_hist_index_event(p->f->ix, n, &at))
			look_at(p, n, &at);
	}
	return 0;
}

static int
look(struct passing *p, struct qt_err *err)
{
	struct qt_hist_index_stat	stat;
	int				rc = 0;

	qt_hist_index_stat(p->f->ix, &stat);
	p->facts = stat.facts;
	p->asked = calloc((size_t)p->facts + 1, 1);
	if (p->asked == NULL)
		return -ENOMEM;
	for (int i = 0; i < PARTS && rc == 0; i++) {
		rc = split(&p->f->scope, (enum part)i, &p->parts[i]);
		if (rc == 0)
			rc = split(&p->f->query, (enum part)i,
			    &p->parts[PARTS + i]);
	}
	if (rc == 0 && has_tag_filter(&p->f->query))
		rc = read_tags(p, err);
	if (rc < 0)
		return rc;
	if ((is_narrow(p, PLACE) && by_chains(p, PLACE)) ||
	    (is_narrow(p, CONTEXT) && by_chains(p, CONTEXT)))
		return 0;
	return all_events(p);
}

static void
clear(struct passing *p)
{
	for (int i = 0; i < 2 * PARTS; i++)
		free(p->parts[i]);
	for (size_t i = 0; i < p->tag_count; i++)
		free((char *)(uintptr_t)p->tags[i].data);
	free(p->tags);
	free(p->tagged);
	free(p->asked);
}

/* --- Remembering ---------------------------------------------------------- */

static bool
same_filters(const struct qt_hist_query *a, const struct qt_hist_query *b)
{
	if (a->filter_count != b->filter_count)
		return false;
	for (uint32_t i = 0; i < a->filter_count; i++) {
		const struct qt_hist_filter	*x = &a->filters[i];
		const struct qt_hist_filter	*y = &b->filters[i];

		if (x->name != y->name || x->compare != y->compare ||
		    x->is_negated != y->is_negated ||
		    x->number != y->number || x->len != y->len ||
		    memcmp(a->bytes + x->text, b->bytes + y->text, x->len) !=
		    0)
			return false;
	}
	return true;
}

int
qt__passed_make(struct qt_hist_find *f, bool (*is_over)(void *arg), void *arg,
    struct qt_err *err)
{
	struct qt__passed	*out = &f->passed;
	struct passing		 p = { .f = f, .is_over = is_over,
	    .arg = arg };
	size_t			 words = ((size_t)f->view.commands + 63) / 64;
	int			 rc;

	if (out->is_known && out->last == qt_hist_index_last(f->ix) &&
	    same_filters(&out->query, &f->query) &&
	    same_filters(&out->scope, &f->scope))
		return 0;
	if (out->newest == NULL) {
		out->newest = malloc(((size_t)f->view.commands + 1) *
		    sizeof(*out->newest));
		out->keep = malloc((words + 1) * sizeof(*out->keep));
	}
	if (out->newest == NULL || out->keep == NULL)
		return -ENOMEM;
	memset(out->newest, 0, f->view.commands * sizeof(*out->newest));
	memset(out->keep, 0, words * sizeof(*out->keep));
	out->commands = 0;
	out->is_known = false;
	out->last = qt_hist_index_last(f->ix);
	out->query = f->query;
	out->scope = f->scope;
	rc = look(&p, err);
	clear(&p);
	out->is_known = rc == 0;
	return rc;
}

void
qt__passed_clear(struct qt__passed *p)
{
	free(p->newest);
	free(p->keep);
}
