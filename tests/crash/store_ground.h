/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_CRASH_STORE_GROUND_H
#define QT_CRASH_STORE_GROUND_H

/*
 * A store in which somebody is killed by step.h while others have it open: they
 * go on at once, and what is there is right, in memory and on the disk alone.
 */

#include <qt/base/clock.h>

#include "../../libcommon/store/super_priv.h"
#include "../unit/step.h"
#include "store_world.h"

#define SOON_MS	5000u		/* on a machine that does much else */

struct ground {
	char		 dir[256], path[300];
	struct qt_store	*s;		/* inherited by who is killed */
};

static inline void
ground_put(struct ground *g, uint32_t key, uint32_t count, size_t len,
    unsigned int flags, int is_del)
{
	uint32_t	keys[3] = { key, key + 1, key + 2 };
	struct qt_err	err = QT_ERR_INIT;

	if (world_op(g->s, is_del, keys, count, len, flags, &err) != 0)
		_exit(1);
}

/*
 * With so many puts of so many bytes. What the control segment says but for
 * slots and statistics, and what the active memtable does, is watched.
 */
static inline struct ground *
ground_new(unsigned int puts, size_t len, unsigned int flags)
{
	struct ground	*g = calloc(1, sizeof(*g));

	step_must(g != NULL, "calloc");
	if (world_trace != NULL)
		trace_free(world_trace);
	world_trace = trace_new(100, WORLD_KEYS);
	place_new(g->dir, sizeof(g->dir));
	snprintf(g->path, sizeof(g->path), "%s/s", g->dir);
	world_init(g->path, QT_STORE_SYNC);
	g->s = world_open(g->path);
	for (unsigned int i = 0; i < puts; i++)
		ground_put(g, i % 6, 1, len, flags, 0);
	return g;
}

static inline void
ground_watch(struct ground *g)
{
	struct qt__stripe	*stripe;

	step_must(qt__super_get(g->s, &stripe, NULL) == 0, "super");
	step_watch(g->s->ctl, offsetof(struct qt__ctl, counts));
	step_watch(stripe->super->mems[0]->head, sizeof(struct qt__mem_head));
	qt__super_release(stripe);
}

static inline void
ground_free(void *state)
{
	struct ground	*g = state;

	qt_store_close(g->s, NULL);
	world_forget(g->path);
	place_remove(g->dir);
	free(g);
}

/* The others go on, at once. */
static inline const char *
ground_go_on(struct ground *g)
{
	uint64_t	 begun = qt_clock_mono_ms();
	const char	*wrong = world_judge(g->s, NULL);

	if (wrong == NULL)
		wrong = world_use(g->s);
	if (wrong == NULL)
		wrong = world_judge(g->s, NULL);
	if (wrong == NULL && qt_clock_mono_ms() - begun > SOON_MS)
		wrong = "the others waited for long";
	return wrong;
}

/* They do not any more; the disk holds the same. */
static inline void
ground_leave(struct ground *g)
{
	qt_store_close(g->s, NULL);
	g->s = NULL;
}

static inline const char *
ground_look(struct ground *g)
{
	world_forget(g->path);
	return world_look(g->path, NULL);
}

static inline const char *
ground_check(void *state)
{
	struct ground	*g = state;
	const char	*wrong = ground_go_on(g);

	ground_leave(g);
	return wrong != NULL ? wrong : ground_look(g);
}

static inline void
ground_note(void *arg, const char *what)
{
	if (strstr(what, "torn") == NULL && *(char *)arg == '\0')
		snprintf(arg, 600, "%s", what);
}

/*
 * The same; and maintained by somebody else, it holds nothing that is not needed.
 * Which is told of a store that nobody has open.
 */
static inline const char *
ground_check_kept(void *state)
{
	struct ground	*g = state;
	struct qt_err	 err = QT_ERR_INIT;
	char		 first[600] = "";
	const char	*wrong = ground_go_on(g);
	int		 rc;

	if (wrong != NULL)
		return wrong;
	rc = qt_store_compact(g->s, &err);
	if (rc < 0)
		return world_say("compact", rc, &err);
	ground_leave(g);
	rc = qt_store_verify(g->path, ground_note, first, &err);
	if (rc < 0)
		return world_say("verify", rc, &err);
	snprintf(world_wrong, sizeof(world_wrong), "it was maintained, and "
	    "then: %s", first);
	return first[0] != '\0' ? world_wrong : ground_look(g);
}

#endif /* QT_CRASH_STORE_GROUND_H */
