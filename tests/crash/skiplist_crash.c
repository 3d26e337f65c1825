/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of each change of a skip list. The entry
 * that it was about is then as before or as after, and stays so; the others are
 * untouched; and a survivor fills, replaces and empties the list three times,
 * with as many entries as ever.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/shm/skiplist.h>

#include "../../libcommon/shm/skiplist_priv.h"

#include "../unit/step.h"

#define CAPACITY 24

struct world {
	struct qt_seg	*seg;
	struct qt_skiplist *m;
	int		 fd, before;	/* the victim's value, or -1 */
	int		 after;
	bool		 is_full, is_cleared;
};

static const int	victim = 3;

/* Sets the dice so that the next node has that many levels. */
static void
throw(struct qt_skiplist *s, uint32_t height)
{
	for (uint64_t k = 1;; k++) {
		uint64_t	x = k;
		uint32_t	h = 1;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		for (x >>= 8; h < s->levels && (x & 3) == 0; x >>= 2)
			h++;
		if (h != height)
			continue;
		atomic_store(&s->dice, k);
		return;
	}
}

/* Keys 1 to CAPACITY and their values; the same lists in every run. */
static struct world *
world_new(int *fd, int count, int before, int after)
{
	struct qt_seg_spec	 spec = { .size = 256u << 10, .mode = 0600,
	    .group = (gid_t)-1, .participants = 4, .entries = 8,
	    .kind = "crash" };
	struct qt_skiplist_spec	 list = { .key_max = 4, .value_max = 8,
	    .capacity = CAPACITY };
	struct world		*w = calloc(1, sizeof(*w));

	step_must(w != NULL, "calloc");
	step_must(qt_seg_create(NULL, &spec, &w->seg, NULL) == 0, "create");
	step_must(qt_skiplist_create(w->seg, "m", &list, NULL) == 0, "list");
	step_must(qt_skiplist_open(w->seg, "m", NULL, NULL, &w->m, NULL) == 0,
	    "open");
	throw(w->m, 1);
	for (int64_t k = 1; k <= count; k++) {
		throw(w->m, 1 + (uint32_t)(k + 2) % w->m->levels);
		step_must(k == victim && before < 0 ? 1 :
		    qt_skiplist_put(w->m, &k, 4, &k, 8) == 0, "put");
	}
	w->before = before;
	w->after = after;
	w->fd = qt_seg_dup_rdonly(w->seg);
	*fd = w->fd;
	return w;
}

static void *
new_key(int *fd)
{
	return world_new(fd, 8, -1, 77);
}

static void *
old_key(int *fd)
{
	return world_new(fd, 8, victim, 77);
}

static void *
last_key(int *fd)
{
	return world_new(fd, CAPACITY, -1, 77);
}

static void *
full(int *fd)
{
	return world_new(fd, CAPACITY, victim, 77);
}

static void *
going(int *fd)
{
	return world_new(fd, 8, victim, -1);
}

static void *
clearing(int *fd)
{
	struct world	*w = world_new(fd, 8, victim, -1);

	w->is_cleared = true;
	return w;
}

static void
world_end(void *state)
{
	struct world	*w = state;

	close(w->fd);
	qt_skiplist_close(w->m);
	qt_seg_close(w->seg);
	free(w);
}

static int
value_of(struct world *w, int key)
{
	int64_t	v = 0;
	ssize_t	len = qt_skiplist_get(w->m, &key, 4, &v, 8);

	return len == -ENOENT ? -1 : len != 8 ? -2 : (int)v;
}

static const char *
check_words(struct world *w)
{
	for (uint32_t at = 1; at <= w->m->nodes.node_count; at++)
		if (qt__owner_state(qt__hash_node(&w->m->nodes, at)->word) !=
		    QT__NODE_FREE)
			return "a node is lost";
	return NULL;
}

static const char *
check_count(struct world *w, bool is_exact)
{
	char	key[4];
	size_t	len = 0;
	int	rc, count = 0;

	while ((rc = qt_skiplist_next(w->m, key, &len, NULL, 0, NULL)) > 0)
		count++;
	if (rc < 0)
		return "the list cannot be gone through";
	if (is_exact && qt_skiplist_count(w->m) != (uint64_t)count)
		return "the count is not right";
	return NULL;
}

static const char *
three_laps(struct world *w)
{
	const char	*wrong;

	for (int64_t lap = 0; lap < 3; lap++) {
		for (int64_t k = 1; k <= CAPACITY; k++)
			if (qt_skiplist_put(w->m, &k, 4, &lap, 8) < 0)
				return "a put is refused";
		for (int64_t k = 1; k <= CAPACITY; k++)
			if (qt_skiplist_put(w->m, &k, 4, &k, 8) != 1)
				return "a replacement is refused";
		if (qt_skiplist_put(w->m, &lap, 4, &lap, 8) != (lap == 0 ?
		    -QT_EFULL : 1))
			return "it takes more than it has room for";
		for (int k = 1; k <= CAPACITY; k++)
			if (value_of(w, k) != k && k != lap)
				return "a value is not what was put";
		wrong = check_count(w, true);
		if (wrong != NULL)
			return wrong;
		if (qt_skiplist_clear(w->m) != CAPACITY)
			return "not every entry was deleted";
		wrong = check_words(w);
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

static const char *
check_first(struct world *w, int *now)
{
	*now = value_of(w, victim);
	if (*now != w->before && *now != w->after)
		return "the entry is neither as before nor as after";
	for (int k = 1; k <= 8; k++)
		if (k != victim && value_of(w, k) != k &&
		    !(w->is_cleared && value_of(w, k) == -1))
			return "another entry has changed";
	return check_count(w, false);
}

static const char *
check(void *state)
{
	struct world	*w = state;
	const char	*wrong;
	int		 now, then;

	wrong = check_first(w, &now);
	if (wrong == NULL && qt_seg_sweep(w->seg) < 0)
		wrong = "the dead cannot be swept";
	if (wrong == NULL)
		wrong = check_first(w, &then);
	if (wrong == NULL && now != then)
		wrong = "the sweep changed an entry";
	if (wrong == NULL)
		wrong = check_count(w, true);
	if (wrong == NULL && qt_obj_fsck(w->seg, 0, NULL, NULL) != 0)
		wrong = "the list is not sound";
	if (wrong == NULL && qt_skiplist_clear(w->m) < 0)
		wrong = "it cannot be cleared";
	if (wrong == NULL)
		wrong = check_words(w);
	return wrong == NULL ? three_laps(w) : wrong;
}

/* A survivor that never sweeps by itself: the full list makes it do so. */
static const char *
check_unswept(void *state)
{
	struct world	*w = state;
	const char	*wrong;
	int		 now;

	wrong = check_first(w, &now);
	if (wrong == NULL && qt_skiplist_clear(w->m) < 0)
		wrong = "it cannot be cleared";
	for (int64_t k = 1; k <= CAPACITY && wrong == NULL; k++)
		if (qt_skiplist_put(w->m, &k, 4, &k, 8) != 0)
			wrong = "a put is refused";
	if (wrong == NULL)
		wrong = check_count(w, false);
	if (wrong == NULL && qt_seg_sweep(w->seg) < 0)
		wrong = "the dead cannot be swept";
	if (wrong == NULL)
		wrong = check_count(w, true);
	if (wrong == NULL && qt_skiplist_clear(w->m) != CAPACITY)
		wrong = "not every entry was deleted";
	return wrong == NULL ? three_laps(w) : wrong;
}

static void
join(void *state)
{
	struct world	*w = state;

	if (qt_seg_after_fork(w->seg, NULL) < 0)
		_exit(1);
	throw(w->m, w->m->levels);
}

static void
op_put(void *state)
{
	struct world	*w = state;
	int64_t		 v = w->after;

	if (qt_skiplist_put(w->m, &victim, 4, &v, 8) != (w->before >= 0))
		_exit(1);
}

static void
op_put_new(void *state)
{
	struct world	*w = state;
	int64_t		 v = w->after;

	if (qt_skiplist_put_new(w->m, &victim, 4, &v, 8) != 0)
		_exit(1);
}

static void
op_del(void *state)
{
	struct world	*w = state;

	if (qt_skiplist_del(w->m, &victim, 4) != 0)
		_exit(1);
}

static void
op_clear(void *state)
{
	struct world	*w = state;

	if (qt_skiplist_clear(w->m) != 8)
		_exit(1);
}

int
main(void)
{
	static const struct step_case	cases[] = {
		{ "put a new key", new_key, join, op_put, check, world_end },
		{ "put a new key, and nobody sweeps", new_key, join, op_put,
		    check_unswept, world_end },
		{ "put the last key", last_key, join, op_put, check,
		    world_end },
		{ "put an old key", old_key, join, op_put, check, world_end },
		{ "put an old key in a full list", full, join, op_put,
		    check_unswept, world_end },
		{ "put_new", new_key, join, op_put_new, check, world_end },
		{ "del", going, join, op_del, check, world_end },
		{ "del, and nobody sweeps", going, join, op_del,
		    check_unswept, world_end },
		{ "clear", clearing, join, op_clear, check, world_end },
	};
	int				bad = 0, n = 0;

	printf("1..%zu\n", sizeof(cases) / sizeof(cases[0]));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		bad |= step_sweep(&cases[i], ++n);
	return bad;
}
