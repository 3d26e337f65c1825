/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_CRASH_GROUND_H
#define QT_CRASH_GROUND_H

/* What the kill sweeps of objects stand on: a segment, and who joins it. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/shm/object.h>

#include "../unit/step.h"

#define PARTICIPANTS	6u

/* The first member of each sweep's world. */
struct ground {
	struct qt_seg	*seg;
	int		 fd;		/* to be watched */
};

/* Zeros of that size, which begin with the ground; ends by ground_end(). */
static inline void *
ground_new(size_t world_size, uint64_t size, int *fd)
{
	struct qt_seg_spec	 spec = { .size = size, .mode = 0600,
	    .group = (gid_t)-1, .participants = PARTICIPANTS, .entries = 8,
	    .kind = "crash" };
	struct ground		*g = calloc(1, world_size);

	step_must(g != NULL, "calloc");
	step_must(qt_seg_create(NULL, &spec, &g->seg, NULL) == 0, "segment");
	g->fd = qt_seg_dup_rdonly(g->seg);
	*fd = g->fd;
	return g;
}

/* For clean: what stands on it was closed before. */
static inline void
ground_end(void *world)
{
	struct ground	*g = world;

	close(g->fd);
	qt_seg_close(g->seg);
	free(g);
}

/* For begin: the victim becomes a participant of its own. */
static inline void
join(void *world)
{
	struct ground	*g = world;

	if (qt_seg_after_fork(g->seg, NULL) < 0)
		_exit(1);
}

/* In the victim. */
static inline void
want(int ok, int code)
{
	if (!ok)
		_exit(code);
}

/* When all is over: nothing names anybody, and fsck finds nothing. */
static inline const char *
check_sound(void *world)
{
	struct ground	*g = world;

	if (qt_seg_sweep(g->seg) < 0)
		return "sweep";
	if (qt_obj_fsck(g->seg, 0, NULL, NULL) != 0)
		return "fsck of objects";
	return qt_seg_fsck(g->seg, NULL) < 0 ? "fsck" : NULL;
}

#endif /* QT_CRASH_GROUND_H */
