/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of the life of an object of every
 * type: it is made, opened, closed and erased. Then it is there whole or not at
 * all, the name can be used again, three times, and every page is back. And the
 * same for who collects what dead ones left, and for who repairs.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <qt/shm/array.h>
#include <qt/shm/barrier.h>
#include <qt/shm/cache.h>
#include <qt/shm/event.h>
#include <qt/shm/latch.h>
#include <qt/shm/map.h>
#include <qt/shm/mutex.h>
#include <qt/shm/once.h>
#include <qt/shm/pool.h>
#include <qt/shm/queue.h>
#include <qt/shm/rwlock.h>
#include <qt/shm/semaphore.h>
#include <qt/shm/set.h>
#include <qt/shm/skiplist.h>
#include <qt/shm/spsc.h>
#include <qt/shm/stack.h>
#include <qt/shm/value.h>

#include "ground.h"

#define BODY	512		/* bytes of every object's head */
#define BOTH	(QT_SPSC_PRODUCER | QT_SPSC_CONSUMER)

static const struct qt_array_spec	an_array = { .dtype = "<i8",
    .shape = { 9 } };
static const struct qt_cache_spec	a_cache = { .bytes = 12000,
    .key_max = 4, .value_max = 200, .unit = 64 };
static const struct qt_map_spec		a_map = { .key_max = 4,
    .value_max = 8, .capacity = 8 };
static const struct qt_shm_pool_spec	a_pool = { .size = 40,
    .capacity = 4 };
static const struct qt_queue_spec	a_queue = { .dtype = "<u8",
    .capacity = 4 };
static const struct qt_semaphore_spec	a_semaphore = { .value = 1,
    .max = 3, .flags = QT_SEMAPHORE_UNDO };
static const struct qt_set_spec		a_set = { .key_max = 4,
    .capacity = 8 };
static const struct qt_skiplist_spec	a_skiplist = { .key_max = 4,
    .value_max = 8, .capacity = 8 };
static const struct qt_spsc_spec	an_spsc = { .item_max = 24,
    .capacity = 4 };
static const struct qt_stack_spec	a_stack = { .dtype = "<u8",
    .capacity = 4 };
static const struct qt_value_spec	a_value = { .size = 40 };

/* What one says of a type before its name and behind it. */
#define NOTHING
#define JUST(...)	__VA_ARGS__,
#define TYPE(type, made, how)						\
	static int							\
	type##_make(struct qt_seg *seg)					\
	{								\
		return type##_create(seg, "x", made NULL);		\
	}								\
	static int							\
	type##_use(struct qt_seg *seg)					\
	{								\
		struct type	*it;					\
		int		 rc = type##_open(seg, "x", how &it, NULL); \
									\
		if (rc == 0)						\
			type##_close(it);				\
		return rc;						\
	}

TYPE(qt_array, JUST(&an_array), JUST(NULL))
TYPE(qt_barrier, JUST(2), NOTHING)
TYPE(qt_cache, JUST(&a_cache), NOTHING)
TYPE(qt_event, JUST(QT_EVENT_AUTO), NOTHING)
TYPE(qt_latch, JUST(5), NOTHING)
TYPE(qt_map, JUST(&a_map), JUST(NULL, NULL))
TYPE(qt_mutex, NOTHING, NOTHING)
TYPE(qt_once, NOTHING, NOTHING)
TYPE(qt_queue, JUST(&a_queue), JUST(NULL))
TYPE(qt_rwlock, NOTHING, NOTHING)
TYPE(qt_semaphore, JUST(&a_semaphore), NOTHING)
TYPE(qt_set, JUST(&a_set), JUST(NULL))
TYPE(qt_shm_pool, JUST(&a_pool), JUST(NULL))
TYPE(qt_skiplist, JUST(&a_skiplist), JUST(NULL, NULL))
TYPE(qt_spsc, JUST(&an_spsc), JUST(NULL, BOTH))
TYPE(qt_stack, JUST(&a_stack), JUST(NULL))
TYPE(qt_value, JUST(&a_value), JUST(NULL))

struct type {
	const char	*name;
	int		(*make)(struct qt_seg *seg);
	int		(*use)(struct qt_seg *seg);	/* open and close */
};

static const struct type	types[] = {
#define ROW(name, type) { name, type##_make, type##_use }
	ROW("life of an array", qt_array),
	ROW("life of a barrier", qt_barrier),
	ROW("life of a cache", qt_cache),
	ROW("life of an event", qt_event),
	ROW("life of a latch", qt_latch),
	ROW("life of a map", qt_map),
	ROW("life of a mutex", qt_mutex),
	ROW("life of a once", qt_once),
	ROW("life of a queue", qt_queue),
	ROW("life of an rwlock", qt_rwlock),
	ROW("life of a semaphore", qt_semaphore),
	ROW("life of a set", qt_set),
	ROW("life of a pool", qt_shm_pool),
	ROW("life of a skiplist", qt_skiplist),
	ROW("life of an spsc", qt_spsc),
	ROW("life of a stack", qt_stack),
	ROW("life of a value", qt_value),
};
#define TYPES	(sizeof(types) / sizeof(types[0]))

static const struct type	*now;	/* whose life it is */

struct world {
	struct ground	g;
	uint64_t	used;
};

static void *
world_new(int *fd)
{
	struct world	*w = ground_new(sizeof(*w), 256u << 10, fd);
	uint64_t	 at;

	/* Once all of it, so that the whole page map has memory. */
	step_must(qt_seg_alloc(w->g.seg, 160u << 10, &at) == 0 &&
	    qt_seg_free(w->g.seg, at) == 0, "alloc");
	w->used = qt_seg_used(w->g.seg);
	return w;
}

static const char *
check_gone(struct world *w)
{
	int	rc = qt_obj_erase(w->g.seg, "x", NULL);

	if (rc < 0 && rc != -ENOENT)
		return "it cannot be erased";
	if (qt_obj_gc(w->g.seg) < 0)
		return "gc failed";
	return qt_seg_used(w->g.seg) != w->used ? "memory was lost" : NULL;
}

static const char *
check_life(void *state)
{
	struct world	*w = state;
	const char	*wrong = check_sound(w);
	int		 rc = now->use(w->g.seg);

	if (wrong == NULL && rc < 0 && rc != -ENOENT)
		wrong = "it cannot be opened";
	if (wrong == NULL)
		wrong = check_gone(w);
	for (int i = 0; i < 3 && wrong == NULL; i++) {
		if (now->make(w->g.seg) < 0 || now->use(w->g.seg) < 0)
			return "none can be made any more";
		wrong = check_gone(w);
	}
	return wrong != NULL ? wrong : check_sound(w);
}

static void
op_life(void *state)
{
	struct world	*w = state;

	want(now->make(w->g.seg) == 0, 2);
	want(now->use(w->g.seg) == 0, 3);
	want(qt_obj_erase(w->g.seg, "x", NULL) == 0, 4);
}

/* --- Who collects, and who repairs ---------------------------------------- */

static void *
world_array(int *fd)
{
	struct world	*w = world_new(fd);

	now = &types[0];
	step_must(now->make(w->g.seg) == 0, "array");
	return w;
}

/*
 * "x" is erased while somebody has it open who then dies. After the victim has
 * joined, for who joins collects.
 */
static void
begin_left(void *state)
{
	struct world	*w = state;
	struct qt_array	*a;
	pid_t		 pid;
	int		 status;

	join(w);
	pid = fork();
	want(pid >= 0, 2);
	if (pid == 0) {
		join(w);
		want(qt_array_open(w->g.seg, "x", NULL, &a, NULL) == 0, 3);
		raise(SIGSTOP);
	}
	want(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status),
	    4);
	want(qt_obj_erase(w->g.seg, "x", NULL) == 0, 5);
	want(qt_seg_used(w->g.seg) > w->used, 6);
	kill(pid, SIGKILL);
	want(waitpid(pid, &status, 0) == pid, 7);
}

static void
op_gc(void *state)
{
	struct world	*w = state;

	want(qt_obj_gc(w->g.seg) >= 0, 2);
	want(qt_seg_used(w->g.seg) == w->used, 3);
}

static void
damage(struct qt_seg *seg, const char *name, uint64_t word)
{
	struct qt_obj_stat	st;

	step_must(qt_obj_stat(seg, name, &st, NULL) == 0, "stat");
	memcpy(qt_seg_at(seg, st.offset + BODY, 8), &word, 8);
}

/* Objects whose first words make no sense. */
static void *
world_damaged(int *fd)
{
	struct world	*w = world_new(fd);
	struct qt_seg	*seg = w->g.seg;

	step_must(qt_latch_create(seg, "latch", 5, NULL) == 0 &&
	    qt_event_create(seg, "event", QT_EVENT_AUTO, NULL) == 0 &&
	    qt_semaphore_create(seg, "semaphore", &a_semaphore, NULL) == 0 &&
	    qt_mutex_create(seg, "mutex", NULL) == 0, "create");
	damage(seg, "latch", 1000);
	damage(seg, "event", 77);
	damage(seg, "semaphore", UINT64_MAX >> 8);
	damage(seg, "mutex", 0x7777);
	step_must(qt_obj_fsck(seg, 0, NULL, NULL) == 4, "damage");
	return w;
}

static void
op_repair(void *state)
{
	struct world	*w = state;

	want(qt_obj_fsck(w->g.seg, QT_OBJ_FSCK_REPAIR, NULL, NULL) == 0, 2);
	want(qt_obj_fsck(w->g.seg, 0, NULL, NULL) == 0, 3);
}

static const char *
check_usable(struct qt_seg *seg)
{
	struct qt_latch		*l;
	struct qt_event		*e;
	struct qt_mutex		*m;
	struct qt_semaphore	*s;
	const char		*wrong = NULL;

	if (qt_latch_open(seg, "latch", &l, NULL) < 0 ||
	    qt_event_open(seg, "event", &e, NULL) < 0 ||
	    qt_mutex_open(seg, "mutex", &m, NULL) < 0 ||
	    qt_semaphore_open(seg, "semaphore", &s, NULL) < 0)
		return "open what was repaired";
	if (qt_latch_count(l) > 5)
		wrong = "the latch was not repaired";
	(void)qt_event_reset(e);
	for (int i = 0; i < 3 && wrong == NULL; i++)
		if (qt_event_set(e) < 0 || qt_event_wait(e, 0) != 0 ||
		    qt_mutex_lock(m, 0) < 0 || qt_mutex_unlock(m) < 0 ||
		    qt_semaphore_wait(s, 0) != 0 || qt_semaphore_post(s) < 0)
			wrong = "what was repaired cannot be used";
	qt_latch_close(l);
	qt_event_close(e);
	qt_mutex_close(m);
	qt_semaphore_close(s);
	return wrong;
}

static const char *
check_repaired(void *state)
{
	static const char *const names[] = { "latch", "event", "semaphore",
	    "mutex" };
	struct world		*w = state;
	const char		*wrong;

	if (qt_obj_fsck(w->g.seg, QT_OBJ_FSCK_REPAIR, NULL, NULL) != 0)
		return "faults are left";
	wrong = check_sound(w);
	if (wrong == NULL)
		wrong = check_usable(w->g.seg);
	for (int i = 0; i < 4 && wrong == NULL; i++)
		if (qt_obj_erase(w->g.seg, names[i], NULL) < 0)
			wrong = "what was repaired cannot be erased";
	return wrong != NULL ? wrong : check_gone(w);
}

int
main(void)
{
	static const struct step_case	others[] = {
		{ "collect what a dead one had open", world_array, begin_left,
		    op_gc, check_life, ground_end },
		{ "repair", world_damaged, join, op_repair, check_repaired,
		    ground_end },
	};
	int				bad = 0, n = 0;

	printf("1..%zu\n", TYPES + 2);
	for (now = types; now < types + TYPES; now++) {
		struct step_case	c = { now->name, world_new, join,
		    op_life, check_life, ground_end };

		bad |= step_sweep(&c, ++n);
	}
	for (int i = 0; i < 2; i++)
		bad |= step_sweep(&others[i], ++n);
	return bad;
}
