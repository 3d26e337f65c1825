/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is likely to be run next. See <qt/hist/suggest.h>.
 *
 * The index counts what followed each command anywhere, for a few of them. What
 * followed it here is counted on the way back through the folder's events, each
 * of which knows the one before it in its session.
 */

#include <stdlib.h>
#include <string.h>

#include <qt/hist/suggest.h>

#define WALK_MAX	4096u	/* events that are looked at, of all places */
#define PICK_MAX	512u	/* commands that are compared */
#define SESSION_MAX	256u	/* events back to one that ended */
#define NOT_FOUND	127	/* of every shell */

struct pick {
	uint32_t	command, follows, folder, score;
};
struct picking {
	const struct qt_hist_index	*ix;
	const struct qt_hist_suggest	*what;
	struct qt_hist_index_view	 view;
	struct pick			 pick[PICK_MAX];
	uint32_t			 count;
	uint32_t			 slot[2 * PICK_MAX];	/* pick + 1, or 0 */
};

static bool
begins(const struct picking *p, uint32_t command)
{
	struct qt_hist_bytes	text = qt_hist_index_text(&p->view, command);

	return text.len > p->what->len &&
	    memcmp(text.data, p->what->prefix, p->what->len) == 0;
}

static bool
is_mistyped(const struct picking *p, uint32_t command)
{
	struct qt_hist_index_event	e;

	return p->view.successes[command] == 0 && qt_hist_index_event(p->ix,
	    p->view.last[command], &e) && e.status == NOT_FOUND;
}

/* NULL: it does not come into question, or there are too many. */
static struct pick *
pick(struct picking *p, uint32_t command)
{
	uint32_t	i = command * 0x9e3779b1u % (2 * PICK_MAX);

	if (command >= p->view.commands)
		return NULL;
	for (; p->slot[i] != 0; i = (i + 1) % (2 * PICK_MAX))
		if (p->pick[p->slot[i] - 1].command == command)
			return &p->pick[p->slot[i] - 1];
	if (p->count == PICK_MAX || !begins(p, command) ||
	    is_mistyped(p, command))
		return NULL;
	p->pick[p->count] = (struct pick){ .command = command,
	    .score = p->view.score[command] };
	p->slot[i] = ++p->count;
	return &p->pick[p->count - 1];
}

/* --- Where they come from ------------------------------------------------- */

static void
add_followers(struct picking *p)
{
	struct qt_hist_index_next	next[QT_HIST_NEXT];
	uint32_t			count;
	struct pick			*one;

	count = qt_hist_index_next(p->ix, p->what->after, next);
	for (uint32_t i = 0; i < count; i++) {
		one = pick(p, next[i].command);
		if (one != NULL)
			one->follows += next[i].count;
	}
}

/* Whether it came after the one that ran last. */
static bool
has_followed(const struct picking *p, const struct qt_hist_index_event *e)
{
	struct qt_hist_index_event	before;

	return p->what->after != QT_HIST_NONE && qt_hist_index_event(p->ix,
	    e->of_session, &before) && before.command == p->what->after;
}

/* A place's events, the last one first. */
static void
add_place(struct picking *p, uint32_t last, uint32_t *left)
{
	struct qt_hist_index_event	e;

	for (uint32_t n = last; *left > 0 && qt_hist_index_event(p->ix, n,
	    &e); n = e.of_place, (*left)--) {
		bool		 is_next = has_followed(p, &e);
		struct pick	*one;

		if (!is_next && p->what->len == 0)
			continue;
		one = pick(p, e.command);
		if (one == NULL)
			continue;
		one->folder++;
		/* Here it counts as often again, and once more. */
		one->follows += 2 * (uint32_t)is_next;
	}
}

static void
add_folder(struct picking *p)
{
	size_t			len = p->what->cwd == NULL ? 0 :
	    strlen(p->what->cwd);
	uint32_t		id = QT_HIST_NONE, last, left = WALK_MAX;
	struct qt_hist_event	e;

	while (len > 0 && (id = qt_hist_index_fact_next(p->ix,
	    QT_HIST_FACT_PLACE, id)) != QT_HIST_NONE)
		if (qt_hist_index_fact(p->ix, QT_HIST_FACT_PLACE, id, &e,
		    &last) && e.cwd.len == len &&
		    memcmp(e.cwd.data, p->what->cwd, len) == 0)
			add_place(p, last, &left);
}

static void
add_best(struct picking *p)
{
	struct qt_hist_completion	c[QT_HIST_SUGGEST_MAX];
	uint32_t			n;

	if (p->what->len == 0)
		return;
	n = qt_hist_index_complete(p->ix, QT_HIST_COMMANDS, p->what->prefix,
	    p->what->len, c, QT_HIST_SUGGEST_MAX);
	for (uint32_t i = 0; i < n; i++)
		(void)pick(p, c[i].command);
}

/* --- The best ------------------------------------------------------------- */

static int
by_worth(const void *va, const void *vb)
{
	const struct pick	*a = va, *b = vb;

	if (a->follows != b->follows)
		return a->follows > b->follows ? -1 : 1;
	if (a->folder != b->folder)
		return a->folder > b->folder ? -1 : 1;
	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return a->command < b->command ? -1 : a->command > b->command;
}

uint32_t
qt_hist_suggest(const struct qt_hist_index *ix,
    const struct qt_hist_suggest *what, uint32_t *out, uint32_t max)
{
	struct picking	p = { .ix = ix, .what = what };

	qt_hist_index_view(ix, &p.view);
	add_followers(&p);
	/* Before the folder's many, which may take all places. */
	add_best(&p);
	add_folder(&p);
	qsort(p.pick, p.count, sizeof(p.pick[0]), by_worth);
	if (max > QT_HIST_SUGGEST_MAX)
		max = QT_HIST_SUGGEST_MAX;
	if (max > p.count)
		max = p.count;
	for (uint32_t i = 0; i < max; i++)
		out[i] = p.pick[i].command;
	return max;
}

uint32_t
qt_hist_suggest_after(const struct qt_hist_index *ix, const char *session)
{
	size_t				len = session == NULL ? 0 :
	    strlen(session);
	uint32_t			id = QT_HIST_NONE, last, newest = 0;
	struct qt_hist_index_event	at;
	struct qt_hist_event		e;

	while (session != NULL && (id = qt_hist_index_fact_next(ix,
	    QT_HIST_FACT_CONTEXT, id)) != QT_HIST_NONE)
		if (qt_hist_index_fact(ix, QT_HIST_FACT_CONTEXT, id, &e,
		    &last) && last > newest && e.session.len == len &&
		    memcmp(e.session.data, session, len) == 0)
			newest = last;
	if (session == NULL)
		newest = qt_hist_index_last(ix);
	for (uint32_t i = 0; i < SESSION_MAX && qt_hist_index_event(ix,
	    newest, &at); i++) {
		if ((at.flags & QT_HIST_RUNNING) == 0)
			return at.command;
		newest = session == NULL ? newest - 1 : at.of_session;
	}
	return QT_HIST_NONE;
}
