/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of each change of a cache. The
 * entry that it was about is then as before, as after, or not there; what else
 * is there is right; and a survivor fills and empties the cache three times,
 * with as many units as ever.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/shm/cache.h>

#include "../../libcommon/shm/cache_priv.h"

#include "ground.h"

#define VALUE_MAX	200
#define MANY		200	/* keys; more than fit */

struct world {
	struct ground	g;
	struct qt_cache	*c;
	uint32_t	 before, after;	/* lengths of the victim's value, or
					 * NONE */
};

#define NONE UINT32_MAX

static const uint32_t	victim = 5;

static void
fill(unsigned char *value, uint32_t key, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		value[i] = (unsigned char)(key * 31 + len * 7 + i * 3 + 1);
}

static int
put(struct world *w, uint32_t key, uint32_t len, uint64_t ttl)
{
	unsigned char	value[VALUE_MAX];

	fill(value, key, len);
	return qt_cache_put(w->c, &key, 4, value, len, 10, ttl);
}

/* Its length, NONE, or NONE - 1: wrong. */
static uint32_t
get(struct world *w, uint32_t key, uint64_t now)
{
	unsigned char	value[VALUE_MAX], want[VALUE_MAX];
	ssize_t		len = qt_cache_get(w->c, &key, 4, value, VALUE_MAX,
	    now);

	if (len == -ENOENT)
		return NONE;
	if (len < 0)
		return NONE - 1;
	fill(want, key, (uint32_t)len);
	return memcmp(value, want, (size_t)len) == 0 ? (uint32_t)len :
	    NONE - 1;
}

static struct world *
world_new(int *fd, uint32_t keys, uint32_t before, uint32_t after,
    uint64_t ttl)
{
	struct qt_cache_spec	 cache = { .bytes = 12000, .key_max = 4,
	    .value_max = VALUE_MAX, .unit = 64 };
	struct world		*w = ground_new(sizeof(*w), 96u << 10, fd);

	step_must(qt_cache_create(w->g.seg, "c", &cache, NULL) == 0, "cache");
	step_must(qt_cache_open(w->g.seg, "c", &w->c, NULL) == 0, "open");
	w->c->hash.key = (struct qt_hash_key){ { 1, 2 } };
	if (before != NONE)
		step_must(put(w, victim, before, ttl) == 0, "put");
	for (uint32_t k = 100; k < 100 + keys; k++)
		step_must(put(w, k, k % 3 * 50, 0) == 0, "put");
	w->before = before;
	w->after = after;
	return w;
}

static void *
new_small(int *fd)
{
	return world_new(fd, 8, NONE, 10, 0);
}

static void *
new_large(int *fd)
{
	return world_new(fd, 8, NONE, VALUE_MAX, 0);
}

static void *
old_large(int *fd)
{
	return world_new(fd, 8, VALUE_MAX - 40, VALUE_MAX, 0);
}

static void *
full(int *fd)
{
	return world_new(fd, MANY, NONE, VALUE_MAX, 0);
}

static void *
going(int *fd)
{
	return world_new(fd, 8, VALUE_MAX, NONE, 50);
}

static void
world_end(void *state)
{
	struct world	*w = state;

	qt_cache_close(w->c);
	ground_end(w);
}

static const char *
check_entries(struct world *w)
{
	uint32_t	len = get(w, victim, 10);

	if (len != NONE && len != w->before && len != w->after)
		return "the entry is neither as before nor as after";
	for (uint32_t k = 100; k < 100 + MANY; k++) {
		len = get(w, k, 10);
		if (len != NONE && len != k % 3 * 50)
			return "another entry is not what was put";
	}
	return NULL;
}

static const char *
check_count(struct world *w)
{
	uint32_t	key, count = 0;
	size_t		len = 0;
	int		rc;

	while ((rc = qt_cache_next(w->c, &key, &len, NULL, 0, NULL, 0)) > 0)
		count++;
	if (rc < 0)
		return "the cache cannot be gone through";
	return qt_cache_count(w->c) == count ? NULL : "the count is not right";
}

static const char *
check_empty(struct world *w)
{
	if (qt_cache_clear(w->c) < 0)
		return "it cannot be cleared";
	for (uint32_t at = 1; at <= w->c->hash.node_count; at++)
		if (qt__owner_state(qt__hash_node(&w->c->hash, at)->word) !=
		    QT__NODE_FREE)
			return "a unit is lost";
	return NULL;
}

static const char *
three_laps(struct world *w)
{
	const char	*wrong = NULL;

	for (int lap = 0; lap < 3 && wrong == NULL; lap++) {
		for (uint32_t k = 100; k < 100 + MANY; k++) {
			if (put(w, k, k % 3 * 50, 0) < 0)
				return "a put is refused";
			if (get(w, k, 10) != k % 3 * 50)
				return "it is not there though it was put";
		}
		wrong = check_entries(w);
		if (wrong == NULL)
			wrong = check_count(w);
		if (wrong == NULL)
			wrong = check_empty(w);
	}
	return wrong;
}

static const char *
check(void *state)
{
	struct world	*w = state;
	const char	*wrong = check_entries(w);

	if (wrong == NULL && qt_seg_sweep(w->g.seg) < 0)
		wrong = "the dead cannot be swept";
	if (wrong == NULL)
		wrong = check_entries(w);
	if (wrong == NULL)
		wrong = check_count(w);
	if (wrong == NULL && qt_obj_fsck(w->g.seg, 0, NULL, NULL) != 0)
		wrong = "the cache is not sound";
	if (wrong == NULL)
		wrong = check_empty(w);
	return wrong == NULL ? three_laps(w) : wrong;
}

/* The survivor goes on at once; sweeping comes late. */
static const char *
check_late(void *state)
{
	struct world	*w = state;
	const char	*wrong = check_entries(w);

	for (uint32_t k = 100; k < 100 + MANY && wrong == NULL; k++)
		if (put(w, k, k % 3 * 50, 0) < 0)
			wrong = "a put is refused";
	return wrong == NULL ? check(w) : wrong;
}

static void
op_put(void *state)
{
	struct world	*w = state;

	if (put(w, victim, w->after, 0) != (w->before != NONE))
		_exit(1);
}

/* What was there before in the same memory would have stayed for longer. */
static void *
reused(int *fd)
{
	struct world	*w = world_new(fd, MANY, NONE, VALUE_MAX, 0);

	for (uint32_t k = 100; k < 100 + MANY; k++)
		step_must(put(w, k, k % 3 * 50, 500) >= 0, "put");
	step_must(qt_cache_clear(w->c) >= 0, "clear");
	return w;
}

static void
op_put_to_expire(void *state)
{
	struct world	*w = state;

	if (put(w, victim, w->after, 50) != 0)
		_exit(1);
}

/* It is not there, or until 60 and no longer; sweeping does not change that. */
static const char *
check_expiry(void *state)
{
	struct world	*w = state;
	uint32_t	 len = get(w, victim, 12), then;

	if (qt_seg_sweep(w->g.seg) < 0)
		return "the dead cannot be swept";
	then = get(w, victim, 59);
	if (len != NONE && len != w->after)
		return "the entry is neither as before nor as after";
	if (then != len)
		return "it goes early, or comes late";
	if (get(w, victim, 60) != NONE)
		return "it stays for ever";
	return check(w);
}

static void
op_del(void *state)
{
	struct world	*w = state;

	if (qt_cache_del(w->c, &victim, 4) != 0)
		_exit(1);
}

static void
op_expire(void *state)
{
	if (get(state, victim, 60) != NONE)
		_exit(1);
}

static void
op_touch(void *state)
{
	struct world	*w = state;

	if (qt_cache_touch(w->c, &victim, 4, 20, 5) != 0 ||
	    get(w, victim, 24) != w->before)
		_exit(1);
}

static void
op_clear(void *state)
{
	struct world	*w = state;

	if (qt_cache_clear(w->c) != 9)
		_exit(1);
}

/* Nobody knows whether a dead one's entry was counted. */
static void *
doubted(int *fd)
{
	struct world	*w = world_new(fd, 8, VALUE_MAX, VALUE_MAX, 0);

	qt__obj_count(w->c->hash.obj, QT__HASH_DOUBT, 1);
	return w;
}

static void
op_count(void *state)
{
	struct world	*w = state;

	if (qt_cache_count(w->c) != 9 || qt_cache_count(w->c) != 9)
		_exit(1);
}

int
main(void)
{
	static const struct step_case	cases[] = {
		{ "put a new small value", new_small, join, op_put, check,
		    world_end },
		{ "put a new large value", new_large, join, op_put, check,
		    world_end },
		{ "put a new large value, and nobody sweeps", new_large, join,
		    op_put, check_late, world_end },
		{ "put an old key", old_large, join, op_put, check,
		    world_end },
		{ "put an old key, and nobody sweeps", old_large, join,
		    op_put, check_late, world_end },
		{ "put into a full cache", full, join, op_put, check,
		    world_end },
		{ "put into a full cache, and nobody sweeps", full, join,
		    op_put, check_late, world_end },
		{ "put what is to expire", reused, join, op_put_to_expire,
		    check_expiry, world_end },
		{ "del", going, join, op_del, check, world_end },
		{ "get what is too old", going, join, op_expire, check,
		    world_end },
		{ "touch", going, join, op_touch, check, world_end },
		{ "count what a death left in doubt", doubted, join, op_count,
		    check, world_end },
		{ "clear", going, join, op_clear, check_late, world_end },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
