/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that a query matches, the best first. See <qt/hist/find.h>. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "find_priv.h"

#define SCOPES	QT_HIST_SCOPES

static const struct {
	const char	*name, *query, *missing;
} scopes[SCOPES] = {
	[QT_HIST_EVERYWHERE] = { "all", "", "" },
	[QT_HIST_THIS_HOST] = { "host", "host:.", "a host's name" },
	[QT_HIST_THIS_SESSION] = { "session", "session:.",
		"a session: no hook of qt-hist runs in this shell" },
	[QT_HIST_THIS_FOLDER] = { "folder", "cwd:.", "a folder to be in" },
	[QT_HIST_THIS_REPOSITORY] = { "repository", "git:.",
		"a repository to be in" },
};

const char *
qt_hist_scope_name(enum qt_hist_scope scope)
{
	return scope < SCOPES ? scopes[scope].name : "";
}

/* --- A finder ------------------------------------------------------------- */

static int
copy_here(struct qt__here *to, const struct qt_hist_here *here)
{
	const char	**from[5] = { &to->here.home, &to->here.cwd,
		&to->here.git, &to->here.host, &to->here.session };

	to->here = *here;
	for (int i = 0; i < 5; i++) {
		if (*from[i] == NULL)
			continue;
		to->held[i] = strdup(*from[i]);
		if (to->held[i] == NULL)
			return -ENOMEM;
		*from[i] = to->held[i];
	}
	return 0;
}

int
qt_hist_find_new(struct qt_hist_find **out, struct qt_hist_index *ix,
    struct qt_hist_db *db, const struct qt_hist_here *here,
    struct qt_err *err)
{
	struct qt_hist_find	*f = calloc(1, sizeof(*f));
	int			 rc = f == NULL ? -ENOMEM : 0;

	*out = NULL;
	if (rc == 0) {
		f->ix = ix;
		f->db = db;
		qt_hist_index_view(ix, &f->view);
		rc = copy_here(&f->here, here);
	}
	if (rc == 0)
		rc = qt__prior_make(f);
	if (rc == 0) {
		f->found = malloc((((size_t)f->view.commands + 63) / 64 + 1) *
		    sizeof(*f->found));
		rc = f->found == NULL ? -ENOMEM : 0;
	}
	if (rc < 0) {
		qt_err_set(err, "look for commands");
		qt_hist_find_free(f);
		return rc;
	}
	*out = f;
	return 0;
}

void
qt_hist_find_free(struct qt_hist_find *f)
{
	if (f == NULL)
		return;
	qt_hist_match_free(f->match);
	qt__prior_clear(&f->prior);
	qt__passed_clear(&f->passed);
	for (int i = 0; i < 5; i++)
		free(f->here.held[i]);
	free(f->found);
	free(f->hits);
	free(f);
}

/* --- One query ------------------------------------------------------------ */

static int
parse(struct qt_hist_find *f, struct qt_hist_finding *what,
    struct qt_err *err)
{
	const char		*scope = what->scope < SCOPES ?
	    scopes[what->scope].query : "";
	struct qt_hist_here	 here = f->here.here;
	int			 rc;

	here.is_typing = what->is_typing;
	rc = qt_hist_query_parse(&f->scope, scope, strlen(scope), &here, NULL,
	    err);
	if (rc < 0) {
		what->mistake = (struct qt_hist_mistake){ .at = 0 };
		strcpy(what->mistake.expected, scopes[what->scope].missing);
		return rc;
	}
	return qt_hist_query_parse(&f->query, what->query, what->len, &here,
	    &what->mistake, err);
}

/* is_all stays when the query goes on with the last one. */
static int
make_match(struct qt_hist_find *f, struct qt_hist_finding *what,
    bool has_filters, struct qt_err *err)
{
	struct qt_hist_match	*before = f->match;
	int			 rc;

	rc = qt_hist_match_new(&f->match, &f->query, &what->mistake, err);
	f->is_all = rc == 0 && f->is_all &&
	    qt_hist_match_narrows(f->match, before);
	if (f->is_all && !has_filters)
		qt_hist_match_go_on(f->match, before);
	qt_hist_match_free(before);
	return rc;
}

/* The last run of a command that counts. */
static uint32_t
event_of(const struct qt_hist_find *f, uint32_t command, bool has_filters)
{
	return has_filters ? f->passed.newest[command] :
	    f->view.last[command];
}

static struct qt_hist_found
found_of(const struct qt_hist_find *f, uint32_t command, uint32_t match,
    bool has_filters)
{
	return (struct qt_hist_found){ .command = command, .match = match,
		.event = event_of(f, command, has_filters),
		.prior = f->prior.of[command] };
}

static int
reserve_hits(struct qt_hist_find *f, uint32_t max)
{
	struct qt_hist_hit	*hits;

	if (max <= f->hit_room)
		return 0;
	hits = realloc(f->hits, max * sizeof(*hits));
	if (hits == NULL)
		return -ENOMEM;
	f->hits = hits;
	f->hit_room = max;
	return 0;
}

static int
by_index(const void *a, const void *b)
{
	uint32_t	x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Who types on has most of the best among the last ones. */
static void
remember(struct qt_hist_find *f, const struct qt_hist_batch *b)
{
	f->seed_count = b->count < QT_HIST_SEEDS ? b->count : QT_HIST_SEEDS;
	for (uint32_t i = 0; i < f->seed_count; i++)
		f->seeds[i] = b->hits[i].index;
	qsort(f->seeds, f->seed_count, sizeof(*f->seeds), by_index);
}

static int
match_all(struct qt_hist_find *f, struct qt_hist_finding *what,
    const uint32_t *priors, uint32_t max, bool has_filters)
{
	const struct qt_hist_commands	c = {
		.arena = f->view.arena, .arena_len = f->view.arena_len,
		.signatures = f->view.signature, .offsets = f->view.text,
		.lens = f->view.len, .priors = priors,
		.count = f->view.commands,
	};
	struct qt_hist_batch		b = {
		.hits = f->hits, .max = max, .found = f->found,
		.keep = has_filters ? f->passed.keep :
		    f->is_all ? f->found : NULL,
		.is_over = what->is_over, .arg = what->arg,
		.seeds = f->seeds, .seed_count = max > 0 ? f->seed_count : 0,
	};
	int				rc;

	rc = qt_hist_match_batch(f->match, &c, &b);
	if (max > 0)
		remember(f, &b);
	f->is_all = rc == 0 && b.gave_up == 0 && !has_filters;
	what->matched = b.matched;
	what->gave_up = b.gave_up;
	what->count = b.count;
	for (uint32_t i = 0; i < b.count; i++)
		what->found[i] = found_of(f, b.hits[i].index, b.hits[i].score,
		    has_filters);
	/* Patterns that take too long: the others count. */
	return rc == -E2BIG ? 0 : rc;
}

/* --- The latest ----------------------------------------------------------- */

/* Without words and filters: the ring, from its end. */
static void
walk_ring(const struct qt_hist_find *f, struct qt_hist_finding *what)
{
	uint32_t			n = qt_hist_index_last(f->ix);
	struct qt_hist_index_event	e;

	what->matched = f->view.commands;
	for (; what->count < what->max &&
	    qt_hist_index_event(f->ix, n, &e); n--)
		if (e.command < f->view.commands &&
		    f->view.last[e.command] == n)
			what->found[what->count++] = found_of(f, e.command, 1,
			    false);
}

/* The earliest of those kept is on top. */
static void
sift(struct qt_hist_found *h, uint32_t count, uint32_t at)
{
	struct qt_hist_found	moved = h[at];

	for (uint32_t child; (child = at * 2 + 1) < count; at = child) {
		if (child + 1 < count && h[child + 1].event < h[child].event)
			child++;
		if (h[child].event >= moved.event)
			break;
		h[at] = h[child];
	}
	h[at] = moved;
}

/* Of a set of commands those whose last run is the latest: a heap. */
static void
pick_latest(const struct qt_hist_find *f, struct qt_hist_finding *what,
    const uint64_t *set, bool has_filters)
{
	struct qt_hist_found	*h = what->found, one;
	uint32_t		 words = (f->view.commands + 63) / 64;

	what->count = 0;
	for (uint32_t w = 0; w < words && what->max > 0; w++)
		for (uint64_t bits = set[w]; bits != 0; bits &= bits - 1) {
			uint32_t	command = w * 64 +
			    (uint32_t)__builtin_ctzll(bits);

			one = found_of(f, command, 1, has_filters);
			if (what->count < what->max) {
				h[what->count++] = one;
				if (what->count < what->max)
					continue;
				for (uint32_t i = what->count / 2; i-- > 0;)
					sift(h, what->count, i);
			} else if (one.event > h[0].event) {
				h[0] = one;
				sift(h, what->count, 0);
			}
		}
}

static int
by_event(const void *a, const void *b)
{
	uint32_t	x = ((const struct qt_hist_found *)a)->event;
	uint32_t	y = ((const struct qt_hist_found *)b)->event;

	return (x < y) - (x > y);
}

static int
find_latest(struct qt_hist_find *f, struct qt_hist_finding *what,
    bool has_filters)
{
	const uint64_t	*set = f->passed.keep;
	int		 rc = 0;

	if (f->query.term_count == 0 && !has_filters) {
		walk_ring(f, what);
		return 0;
	}
	if (f->query.term_count > 0) {
		rc = match_all(f, what, NULL, 0, has_filters);
		set = f->found;
	} else {
		what->matched = f->passed.commands;
	}
	if (rc < 0)
		return rc;
	pick_latest(f, what, set, has_filters);
	if (what->count > 1)
		qsort(what->found, what->count, sizeof(*what->found),
		    by_event);
	return 0;
}

/* How well those match, where nobody asked for an order by that. */
static void
fill_match(struct qt_hist_find *f, struct qt_hist_finding *what)
{
	for (uint32_t i = 0; f->query.term_count > 0 && i < what->count;
	    i++) {
		struct qt_hist_bytes	text = qt_hist_index_text(&f->view,
		    what->found[i].command);
		uint32_t		match = qt_hist_match_one(f->match,
		    text.data, text.len, NULL);

		what->found[i].match = match == 0 ? 1 : match;
	}
}

int
qt_hist_find(struct qt_hist_find *f, struct qt_hist_finding *what,
    struct qt_err *err)
{
	enum qt_hist_order	order = what->order;
	bool			has_filters;
	int			rc;

	what->count = 0;
	what->matched = what->gave_up = 0;
	what->mistake = (struct qt_hist_mistake){ .at = 0 };
	rc = parse(f, what, err);
	if (rc < 0)
		return rc;
	has_filters = f->query.filter_count + f->scope.filter_count > 0;
	if (has_filters)
		rc = qt__passed_make(f, what->is_over, what->arg, err);
	if (rc == 0)
		rc = make_match(f, what, has_filters, err);
	if (rc == 0)
		rc = reserve_hits(f, what->max);
	if (rc < 0)
		return rc;
	if (order == QT_HIST_AUTO)
		order = f->query.term_count == 0 ? QT_HIST_LATEST :
		    QT_HIST_BEST;
	if (order == QT_HIST_BEST)
		return match_all(f, what, f->prior.of, what->max,
		    has_filters);
	rc = find_latest(f, what, has_filters);
	fill_match(f, what);
	return rc;
}

/* --- What was found ------------------------------------------------------- */

void
qt_hist_find_positions(struct qt_hist_find *f, uint32_t command,
    struct qt_hist_positions *out)
{
	struct qt_hist_bytes	text = qt_hist_index_text(&f->view, command);

	out->count = 0;
	if (f->match != NULL && f->query.term_count > 0)
		(void)qt_hist_match_one(f->match, text.data, text.len, out);
}

bool
qt_hist_find_event(const struct qt_hist_find *f, uint32_t number,
    struct qt_hist_event *out)
{
	struct qt_hist_index_event	e;
	struct qt_hist_index_view	v;

	*out = (struct qt_hist_event){ .status = -1, .took_us = UINT64_MAX };
	if (!qt_hist_index_event(f->ix, number, &e))
		return false;
	qt_hist_index_view(f->ix, &v);
	out->id = e.id;
	out->start_us = e.start_us;
	out->took_us = qt_hist_index_took_us(e.took);
	out->status = e.status;
	out->flags = e.flags;
	out->text = qt_hist_index_text(&v, e.command);
	return qt_hist_index_fact(f->ix, QT_HIST_FACT_CONTEXT, e.context, out,
	    NULL) && qt_hist_index_fact(f->ix, QT_HIST_FACT_PLACE, e.place, out,
	    NULL);
}
