/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of reading, retiring and allocating
 * blocks of a pool with epochs, and of who sweeps after one who died at it. The
 * survivor finds what was given, but the victim's own at most, allocates and
 * retires all blocks three times, and none is missing.
 */

#include <sys/wait.h>

#include "../../libcommon/shm/pool_priv.h"
#include "ground.h"

#define SIZE		(80u << 10)
#define CAPACITY	6u
#define LOOK_AFTER	32u	/* blocks retired between two looks */

struct world {
	struct ground		 g;
	struct qt_shm_pool	*p;
	uint64_t		 handle[CAPACITY];	/* given */
	uint64_t		 fill;
};

static uint64_t
alloc(struct world *w)
{
	uint64_t	h;

	return qt_shm_pool_alloc(w->p, &h, QT_WAIT_NEVER) < 0 ? QT_POOL_NONE :
	    h;
}

/* With so many that are nobody's, and as many retired as a handle has seen. */
static struct world *
world_with(int *fd, uint64_t fill, unsigned int retired)
{
	struct qt_shm_pool_spec	 spec = { .size = 40, .capacity = CAPACITY,
	    .flags = QT_POOL_EPOCHS };
	struct world		*w = ground_new(sizeof(*w), SIZE, fd);

	step_must(qt_shm_pool_create(w->g.seg, "p", &spec, NULL) == 0 &&
	    qt_shm_pool_open(w->g.seg, "p", NULL, &w->p, NULL) == 0, "pool");
	for (; w->fill < fill; w->fill++) {
		w->handle[w->fill] = alloc(w);
		step_must(qt_shm_pool_give(w->p, w->handle[w->fill]) == 0,
		    "give");
	}
	for (unsigned int i = 0; i < retired; i++)
		step_must(qt_shm_pool_retire(w->p, alloc(w)) == 0, "retire");
	return w;
}

static void *world_some(int *fd) { return world_with(fd, 2, 0); }
static void *world_limbo(int *fd) { return world_with(fd, 2, CAPACITY - 2); }
/* The next that is retired lets a look at all that was. */
static void *
world_look(int *fd)
{
	return world_with(fd, 2, LOOK_AFTER - 1);
}

/* One that closed left what it owned. */
static void *
world_orphans(int *fd)
{
	struct world	*w = world_with(fd, 2, 0);

	for (unsigned int i = 2; i < CAPACITY; i++)
		step_must(alloc(w) != QT_POOL_NONE, "alloc");
	qt_shm_pool_close(w->p);
	step_must(qt_shm_pool_open(w->g.seg, "p", NULL, &w->p, NULL) == 0,
	    "open");
	return w;
}

/*
 * One that died had entered, owned a block, was about to retire another, had
 * one on a list that did not yet say so, and one off its list and not yet free.
 */
static void
die(struct world *w)
{
	struct qt_shm_pool	*p = w->p;
	struct qt__epoch_guard	 g;
	uint32_t		 id, i;
	_Atomic uint64_t	*word;

	join(w);
	id = qt_seg_self(w->g.seg);
	want(qt__epoch_enter(&p->epoch, &g) == 0 && alloc(w) != QT_POOL_NONE,
	    1);
	i = (uint32_t)alloc(w) - 1;
	word = &qt__chunk_at(&p->chunks, i)->word;
	qt__epoch_push(&p->epoch, g.record, id, i + 1,
	    qt__pool_epochs.node(&p->obj, i + 1));
	atomic_store(word, qt__chunk_word(*word, id, QT__EPOCH_RETIRING));
	word = &qt__chunk_at(&p->chunks, (uint32_t)alloc(w) - 1)->word;
	atomic_store(word, qt__chunk_word(*word, id, QT__EPOCH_RETIRING));
	word = &qt__chunk_at(&p->chunks, (uint32_t)alloc(w) - 1)->word;
	atomic_store(word, qt__chunk_word(*word, id, QT__EPOCH_FREEING));
	_exit(0);
}

static void *
world_dead(int *fd)
{
	struct world	*w = world_with(fd, 2, 0);
	int		 status;
	pid_t		 pid = fork();

	if (pid == 0)
		die(w);
	step_must(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0,
	    "a dead one");
	return w;
}

static void
world_end(void *state)
{
	struct world	*w = state;

	qt_shm_pool_close(w->p);
	ground_end(w);
}

/* --- What a survivor finds ------------------------------------------------- */

/* Given blocks are there, but `out` at most; and `in` more at most. */
static const char *
check_pool(struct world *w, uint64_t out, uint64_t in)
{
	const char	*wrong = check_sound(w);
	uint64_t	 n = qt_shm_pool_count(w->p), h[CAPACITY + 1], k;

	if (wrong != NULL)
		return wrong;
	if (n + out < w->fill || n > w->fill + in)
		return "blocks were lost or kept";
	for (int lap = 0; lap < 3; lap++) {
		for (k = n; k <= CAPACITY; k++) {
			h[k] = alloc(w);
			if (h[k] == QT_POOL_NONE)
				break;
		}
		if (k != CAPACITY)
			return "not all blocks can be had";
		while (k-- > n)
			if (qt_shm_pool_retire(w->p, h[k]) < 0)
				return "a block cannot be retired";
	}
	return check_sound(w);
}

static const char *check_same(void *w) { return check_pool(w, 0, 0); }
static const char *check_give(void *w) { return check_pool(w, 0, 1); }
static const char *check_retire(void *w) { return check_pool(w, 1, 0); }

/* --- Operations ------------------------------------------------------------ */

static void
op_read(void *state)
{
	struct world			*w = state;
	struct qt_shm_pool_guard	 g;

	want(qt_shm_pool_enter(w->p, &g) == 0, 1);
	want(qt_shm_pool_get(w->p, w->handle[0]) != NULL, 2);
	qt_shm_pool_leave(&g);
}

/* What a reader did not leave is left when it closes. */
static void
op_read_and_close(void *state)
{
	struct world			*w = state;
	struct qt_shm_pool_guard	 g;

	want(qt_shm_pool_enter(w->p, &g) == 0, 1);
	want(alloc(w) != QT_POOL_NONE, 2);
	qt_shm_pool_close(w->p);
}

static void
op_retire(void *state)
{
	struct world	*w = state;

	want(qt_shm_pool_retire(w->p, w->handle[0]) == 0, 1);
}

static void
op_alloc_and_retire(void *state)
{
	struct world	*w = state;

	want(qt_shm_pool_retire(w->p, alloc(w)) == 0, 1);
}

static void
op_alloc_and_give(void *state)
{
	struct world	*w = state;
	uint64_t	 h = alloc(w);

	want(h != QT_POOL_NONE, 1);
	want(qt_shm_pool_give(w->p, h) == 0, 2);
}

int
main(void)
{
	static const struct step_case	cases[] = {
#define CASE(name, world, begin, op, check) \
	{ name, world, begin, op, check, world_end }
		CASE("enter and leave", world_some, join, op_read, check_same),
		CASE("enter and close", world_some, join, op_read_and_close,
		    check_same),
		CASE("retire", world_some, join, op_retire, check_retire),
		CASE("alloc and retire", world_some, join,
		    op_alloc_and_retire, check_same),
		CASE("retire, and free what is old", world_look, join,
		    op_retire, check_retire),
		CASE("alloc what was retired", world_limbo, join,
		    op_alloc_and_give, check_give),
		CASE("alloc what a dead one owned", world_orphans, join,
		    op_alloc_and_give, check_give),
		CASE("sweep a dead one", world_dead, NULL, join, check_same),
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
