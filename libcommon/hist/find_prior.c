/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What speaks for a command but its text. See <qt/hist/find.h>.
 *
 *	prior = frecency + folder + repository + follows
 *
 * Frecency is the index's score, a logarithm. The others are logarithms, too, of
 * how often it ran here, or after what ran last, so each doubling counts as much
 * as two weeks do; a bound keeps a folder's favourites from hiding all others.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "find_priv.h"

#define ONE		(1u << 20)	/* as the index's scores have it */
#define FOLDER_MAX	(4 * ONE)
#define REPOSITORY_MAX	(2 * ONE)
#define FOLLOWS_MAX	(6 * ONE)
#define WALK_MAX	4096u		/* events of a place that are looked at */
#define WALK_ALL	16384u

/* log2(1 + n), at most max: whole steps, and what is between them in a line. */
static uint32_t
grade(uint32_t n, uint32_t max)
{
	uint64_t	x = (uint64_t)n + 1;
	uint32_t	whole = 63 - (uint32_t)__builtin_clzll(x);
	uint64_t	part = ((x << 20) >> whole) - ONE;
	uint64_t	all = ((uint64_t)whole << 20) + part;

	return all < max ? (uint32_t)all : max;
}

/* --- Runs near here ------------------------------------------------------- */

static struct qt__near *
add_near(struct qt__prior *p, uint32_t command)
{
	if (p->near_count == p->near_room) {
		size_t		 room = p->near_room * 2 + 256;
		struct qt__near	*near = realloc(p->near,
		    room * sizeof(*near));

		if (near == NULL)
			return NULL;
		p->near = near;
		p->near_room = room;
	}
	p->near[p->near_count] = (struct qt__near){ .command = command };
	return &p->near[p->near_count++];
}

static int
by_command(const void *a, const void *b)
{
	uint32_t	x = ((const struct qt__near *)a)->command;
	uint32_t	y = ((const struct qt__near *)b)->command;

	return (x > y) - (x < y);
}

/* One for each command, the runs summed. */
static void
merge_near(struct qt__prior *p)
{
	size_t	count = 0;

	if (p->near_count > 1)
		qsort(p->near, p->near_count, sizeof(*p->near), by_command);
	for (size_t i = 0; i < p->near_count; i++) {
		struct qt__near	*at = &p->near[count == 0 ? 0 : count - 1];

		if (count == 0 || at->command != p->near[i].command) {
			p->near[count++] = p->near[i];
			continue;
		}
		at->folder += p->near[i].folder;
		at->repository += p->near[i].repository;
		at->follows += p->near[i].follows;
	}
	p->near_count = count;
}

static int
add_runs(struct qt_hist_find *f, uint32_t last, bool is_folder,
    bool is_repository, uint32_t *left)
{
	struct qt_hist_index_event	e;
	uint32_t			n = last;

	for (uint32_t i = 0; i < WALK_MAX && *left > 0 &&
	    qt_hist_index_event(f->ix, n, &e); i++, n = e.of_place) {
		struct qt__near	*near;

		(*left)--;
		if (e.command >= f->view.commands)
			continue;
		near = add_near(&f->prior, e.command);
		if (near == NULL)
			return -ENOMEM;
		near->folder = is_folder;
		near->repository = is_repository;
	}
	return 0;
}

static bool
is_text(const struct qt_hist_bytes *b, const char *text)
{
	size_t	len = text == NULL ? 0 : strlen(text);

	return len > 0 && b->len == len && memcmp(b->data, text, len) == 0;
}

static int
add_places(struct qt_hist_find *f)
{
	const struct qt_hist_here	*here = &f->here.here;
	struct qt_hist_event		 e;
	uint32_t			 id = QT_HIST_NONE, last;
	uint32_t			 left = WALK_ALL;
	int				 rc = 0;

	if (here->cwd == NULL && here->git == NULL)
		return 0;
	while (rc == 0 && (id = qt_hist_index_fact_next(f->ix, QT_HIST_FACT_PLACE,
	    id)) != QT_HIST_NONE) {
		bool	is_folder, is_repository;

		if (!qt_hist_index_fact(f->ix, QT_HIST_FACT_PLACE, id, &e, &last))
			continue;
		is_folder = is_text(&e.cwd, here->cwd);
		is_repository = is_text(&e.root, here->git);
		if (is_folder || is_repository)
			rc = add_runs(f, last, is_folder, is_repository,
			    &left);
	}
	return rc;
}

/* What ran last in this session; QT_HIST_NONE: nothing did. */
static uint32_t
last_command(const struct qt_hist_find *f)
{
	struct qt_hist_index_event	at;
	struct qt_hist_event		e;
	uint32_t			id = QT_HIST_NONE, last, newest = 0;

	if (f->here.here.session == NULL)
		return QT_HIST_NONE;
	while ((id = qt_hist_index_fact_next(f->ix, QT_HIST_FACT_CONTEXT, id)) !=
	    QT_HIST_NONE)
		if (qt_hist_index_fact(f->ix, QT_HIST_FACT_CONTEXT, id, &e,
		    &last) && last > newest &&
		    is_text(&e.session, f->here.here.session))
			newest = last;
	return newest > 0 && qt_hist_index_event(f->ix, newest, &at) ?
	    at.command : QT_HIST_NONE;
}

static int
add_followers(struct qt_hist_find *f)
{
	struct qt_hist_index_next	next[QT_HIST_NEXT];
	uint32_t			count;

	count = qt_hist_index_next(f->ix, last_command(f), next);
	for (uint32_t i = 0; i < count; i++) {
		struct qt__near	*near;

		if (next[i].command >= f->view.commands)
			continue;
		near = add_near(&f->prior, next[i].command);
		if (near == NULL)
			return -ENOMEM;
		near->follows = next[i].count;
	}
	return 0;
}

/* --- Priors --------------------------------------------------------------- */

int
qt__prior_make(struct qt_hist_find *f)
{
	struct qt__prior	*p = &f->prior;
	int			 rc;

	p->count = f->view.commands;
	p->of = malloc(((size_t)p->count + 1) * sizeof(*p->of));
	if (p->of == NULL)
		return -ENOMEM;
	if (p->count > 0)
		memcpy(p->of, f->view.score, p->count * sizeof(*p->of));
	rc = add_places(f);
	if (rc == 0)
		rc = add_followers(f);
	if (rc < 0)
		return rc;
	merge_near(p);
	for (size_t i = 0; i < p->near_count; i++) {
		const struct qt__near	*near = &p->near[i];
		uint32_t		 more;

		more = grade(near->folder, FOLDER_MAX) +
		    grade(near->repository, REPOSITORY_MAX) +
		    grade(near->follows, FOLLOWS_MAX);
		p->of[near->command] = p->of[near->command] > UINT32_MAX -
		    more ? UINT32_MAX : p->of[near->command] + more;
	}
	return 0;
}

void
qt__prior_clear(struct qt__prior *p)
{
	free(p->of);
	free(p->near);
}

void
qt_hist_find_reasons(const struct qt_hist_find *f, uint32_t command,
    struct qt_hist_reasons *out)
{
	const struct qt__near	 wanted = { .command = command }, *near;

	*out = (struct qt_hist_reasons){ 0 };
	if (command >= f->view.commands)
		return;
	out->frecency = f->view.score[command];
	out->runs = f->view.count[command];
	out->successes = f->view.successes[command];
	near = f->prior.near_count == 0 ? NULL : bsearch(&wanted,
	    f->prior.near, f->prior.near_count, sizeof(wanted), by_command);
	if (near == NULL)
		return;
	out->runs_folder = near->folder;
	out->runs_repository = near->repository;
	out->runs_follows = near->follows;
	out->folder = grade(near->folder, FOLDER_MAX);
	out->repository = grade(near->repository, REPOSITORY_MAX);
	out->follows = grade(near->follows, FOLLOWS_MAX);
}
