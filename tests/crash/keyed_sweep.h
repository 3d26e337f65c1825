/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_KEYED_SWEEP_H
#define QT_KEYED_SWEEP_H

/*
 * Kill sweeps of a map or a skip list: they have the same functions under other
 * names, KEYED(put) being qt_map_put() or qt_skiplist_put(), on a struct
 * KEYED_TYPE with nodes in its member KEYED_NODES; CAPACITY entries fit. Each
 * says how one is made so that every run is the same, keyed_new(), and what is
 * to be done before something is put.
 */

#include <errno.h>
#include <stdbool.h>

#include "ground.h"

static struct KEYED_TYPE *keyed_new(struct qt_seg *seg);
static void	keyed_before_put(struct KEYED_TYPE *m, int64_t key);
static void	keyed_before_op(struct KEYED_TYPE *m);

struct world {
	struct ground	g;
	struct KEYED_TYPE *m;
	int		before, after;	/* the victim's value, or -1 */
	bool		 is_full, is_cleared;
};

static const int	victim = 3;

/* Keys 1 to count and their values; the same lists in every run. */
static inline struct world *
world_new(int *fd, int count, int before, int after)
{
	struct world	*w = ground_new(sizeof(*w), 256u << 10, fd);

	w->m = keyed_new(w->g.seg);
	for (int64_t k = 1; k <= count; k++) {
		keyed_before_put(w->m, k);
		step_must(k == victim && before < 0 ? 1 :
		    KEYED(put)(w->m, &k, 4, &k, 8) == 0, "put");
	}
	w->before = before;
	w->after = after;
	return w;
}

static inline void *
new_key(int *fd)
{
	return world_new(fd, 8, -1, 77);
}

static inline void *
old_key(int *fd)
{
	return world_new(fd, 8, victim, 77);
}

static inline void *
last_key(int *fd)
{
	return world_new(fd, CAPACITY, -1, 77);
}

static inline void *
full(int *fd)
{
	return world_new(fd, CAPACITY, victim, 77);
}

static inline void *
going(int *fd)
{
	return world_new(fd, 8, victim, -1);
}

static inline void *
clearing(int *fd)
{
	struct world	*w = world_new(fd, 8, victim, -1);

	w->is_cleared = true;
	return w;
}

static inline void *
doubted(int *fd)
{
	struct world	*w = world_new(fd, 8, victim, victim);

	qt__obj_count(w->m->KEYED_NODES.obj, QT__HASH_DOUBT, 1);
	return w;
}

static inline void
world_end(void *state)
{
	struct world	*w = state;

	KEYED(close)(w->m);
	ground_end(w);
}

static inline int
value_of(struct world *w, int key)
{
	int64_t	v = 0;
	ssize_t	len = KEYED(get)(w->m, &key, 4, &v, 8);

	return len == -ENOENT ? -1 : len != 8 ? -2 : (int)v;
}

static inline const char *
check_words(struct world *w)
{
	for (uint32_t at = 1; at <= w->m->KEYED_NODES.node_count; at++)
		if (qt__owner_state(qt__hash_node(&w->m->KEYED_NODES, at)->word) !=
		    QT__NODE_FREE)
			return "a node is lost";
	return NULL;
}

static inline const char *
check_count(struct world *w, bool is_exact)
{
	char	key[4];
	size_t	len = 0;
	int	rc, count = 0;

	while ((rc = KEYED(next)(w->m, key, &len, NULL, 0, NULL)) > 0)
		count++;
	if (rc < 0)
		return "it cannot be gone through";
	if (is_exact && KEYED(count)(w->m) != (uint64_t)count)
		return "the count is not right";
	return NULL;
}

static inline const char *
three_laps(struct world *w)
{
	const char	*wrong;

	for (int64_t lap = 0; lap < 3; lap++) {
		for (int64_t k = 1; k <= CAPACITY; k++)
			if (KEYED(put)(w->m, &k, 4, &lap, 8) < 0)
				return "a put is refused";
		for (int64_t k = 1; k <= CAPACITY; k++)
			if (KEYED(put)(w->m, &k, 4, &k, 8) != 1)
				return "a replacement is refused";
		if (KEYED(put)(w->m, &lap, 4, &lap, 8) != (lap == 0 ?
		    -QT_EFULL : 1))
			return "it takes more than it has room for";
		for (int k = 1; k <= CAPACITY; k++)
			if (value_of(w, k) != k && k != lap)
				return "a value is not what was put";
		wrong = check_count(w, true);
		if (wrong != NULL)
			return wrong;
		if (KEYED(clear)(w->m) != CAPACITY)
			return "not every entry was deleted";
		wrong = check_words(w);
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

static inline const char *
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

static inline const char *
check(void *state)
{
	struct world	*w = state;
	const char	*wrong;
	int		 now, then;

	wrong = check_first(w, &now);
	if (wrong == NULL && qt_seg_sweep(w->g.seg) < 0)
		wrong = "the dead cannot be swept";
	if (wrong == NULL)
		wrong = check_first(w, &then);
	if (wrong == NULL && now != then)
		wrong = "the sweep changed an entry";
	if (wrong == NULL)
		wrong = check_count(w, true);
	if (wrong == NULL && qt_obj_fsck(w->g.seg, 0, NULL, NULL) != 0)
		wrong = "it is not sound";
	if (wrong == NULL && KEYED(clear)(w->m) < 0)
		wrong = "it cannot be cleared";
	if (wrong == NULL)
		wrong = check_words(w);
	return wrong == NULL ? three_laps(w) : wrong;
}

/* A survivor that never sweeps by itself: the full map makes it do so. */
static inline const char *
check_unswept(void *state)
{
	struct world	*w = state;
	const char	*wrong;
	int		 now;

	wrong = check_first(w, &now);
	if (wrong == NULL && KEYED(clear)(w->m) < 0)
		wrong = "it cannot be cleared";
	for (int64_t k = 1; k <= CAPACITY && wrong == NULL; k++)
		if (KEYED(put)(w->m, &k, 4, &k, 8) != 0)
			wrong = "a put is refused";
	if (wrong == NULL)
		wrong = check_count(w, false);
	if (wrong == NULL && qt_seg_sweep(w->g.seg) < 0)
		wrong = "the dead cannot be swept";
	if (wrong == NULL)
		wrong = check_count(w, true);
	if (wrong == NULL && KEYED(clear)(w->m) != CAPACITY)
		wrong = "not every entry was deleted";
	return wrong == NULL ? three_laps(w) : wrong;
}

static inline void
begin(void *state)
{
	struct world	*w = state;

	join(w);
	keyed_before_op(w->m);
}

static inline void
op_put(void *state)
{
	struct world	*w = state;
	int64_t		 v = w->after;

	if (KEYED(put)(w->m, &victim, 4, &v, 8) != (w->before >= 0))
		_exit(1);
}

static inline void
op_put_new(void *state)
{
	struct world	*w = state;
	int64_t		 v = w->after;

	if (KEYED(put_new)(w->m, &victim, 4, &v, 8) != 0)
		_exit(1);
}

static inline void
op_del(void *state)
{
	struct world	*w = state;

	if (KEYED(del)(w->m, &victim, 4) != 0)
		_exit(1);
}

static inline void
op_clear(void *state)
{
	struct world	*w = state;

	if (KEYED(clear)(w->m) != 8)
		_exit(1);
}

static inline void
op_count(void *state)
{
	struct world	*w = state;

	if (KEYED(count)(w->m) != 8 || KEYED(count)(w->m) != 8)
		_exit(1);
}

/* What both have; each adds its own. */
#define KEYED_CASES							\
	{ "put a new key", new_key, begin, op_put, check, world_end },	\
	{ "put a new key, and nobody sweeps", new_key, begin, op_put,	\
	    check_unswept, world_end },					\
	{ "put the last key", last_key, begin, op_put, check,		\
	    world_end },						\
	{ "put an old key", old_key, begin, op_put, check, world_end },	\
	{ "put an old key where it is full", full, begin, op_put,	\
	    check_unswept, world_end },					\
	{ "put_new", new_key, begin, op_put_new, check, world_end },	\
	{ "del", going, begin, op_del, check, world_end },		\
	{ "del, and nobody sweeps", going, begin, op_del,		\
	    check_unswept, world_end },					\
	{ "clear", clearing, begin, op_clear, check, world_end },	\
	{ "count what a death left in doubt", doubted, begin, op_count,	\
	    check, world_end }

#endif /* QT_KEYED_SWEEP_H */
