/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of making, arming, ringing and
 * closing a doorbell. Then no FIFO is left once the dead are swept, and who
 * lives is rung at once by the next that puts something in.
 */

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <qt/shm/doorbell.h>
#include <qt/shm/queue.h>
#include <qt/shm/wait.h>

#include "ground.h"

#define CAPACITY	4u
#define LONG_MS		20000

struct world {
	struct ground	 g;
	struct qt_queue	*q;		/* the survivor's, or the victim's */
	int		 bell;		/* the survivor's, or -1 */
};

static struct qt_queue *
open_queue(struct qt_seg *seg)
{
	struct qt_queue	*q;

	return qt_queue_open(seg, "q", NULL, &q, NULL) < 0 ? NULL : q;
}

static void *
world_new(int *fd)
{
	struct qt_queue_spec	 spec = { .item_max = 8,
	    .capacity = CAPACITY };
	struct world		*w = ground_new(sizeof(*w), 1u << 20, fd);

	step_must(qt_queue_create(w->g.seg, "q", &spec, NULL) == 0, "queue");
	w->bell = -1;
	return w;
}

/* The survivor waits for an item, by its doorbell. */
static void *
world_listening(int *fd)
{
	struct world	*w = world_new(fd);

	w->q = open_queue(w->g.seg);
	step_must(w->q != NULL, "open");
	w->bell = qt_obj_doorbell(qt_queue_obj(w->q), NULL);
	step_must(w->bell >= 0 &&
	    qt_obj_doorbell_arm(qt_queue_obj(w->q)) == 0, "doorbell");
	return w;
}

static void
world_end(void *state)
{
	struct world	*w = state;

	/* Of a victim that was not checked. */
	(void)qt_seg_sweep(w->g.seg);
	if (w->q != NULL)
		qt_queue_close(w->q);
	ground_end(w);
}

/* --- What the survivor finds --------------------------------------------- */

static int
count_fifos(const struct qt_seg *seg)
{
	DIR		*dir = opendir("/dev/shm");
	struct dirent	*d;
	char		 begin[40];
	int		 n = 0;

	step_must(dir != NULL, "/dev/shm");
	snprintf(begin, sizeof(begin), ".qt-bell-%016llx-",
	    (unsigned long long)qt_seg_id(seg));
	while ((d = readdir(dir)) != NULL)
		n += strncmp(d->d_name, begin, strlen(begin)) == 0;
	closedir(dir);
	return n;
}

static int
is_ringing(int fd, int ms)
{
	struct pollfd	p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

/* An event loop that never waited too long: by that descriptor. */
static const char *
check_ringing(struct qt_seg *seg, struct qt_queue *q, int bell)
{
	struct qt_queue	*p;
	struct qt_seg	*other;
	uint64_t	 item = 1;
	int		 fd = qt_seg_dup_rdwr(seg), rc;
	const char	*wrong = NULL;

	rc = qt_seg_open_fd(fd, "crash", QT_SEG_JOIN, &other, NULL);
	close(fd);
	if (rc < 0 || (p = open_queue(other)) == NULL)
		return "nobody can join any more";
	for (int i = 0; i < 3 && wrong == NULL; i++) {
		if (qt_obj_doorbell_arm(qt_queue_obj(q)) < 0)
			wrong = "it cannot be armed";
		while (qt_queue_pop(q, &item, sizeof(item), QT_WAIT_NEVER) > 0)
			;
		if (qt_queue_push(p, &item, sizeof(item), QT_WAIT_NEVER) < 0)
			wrong = "nothing can be put in";
		if (wrong == NULL && !is_ringing(bell, 0))
			wrong = "it does not ring";
	}
	qt_queue_close(p);
	qt_seg_close(other);
	return wrong;
}

/* A doorbell of the survivor's own; by now it is the only one. */
static const char *
check_anew(struct world *w)
{
	struct qt_queue	*q = open_queue(w->g.seg);
	const char	*wrong;
	int		 bell;

	if (q == NULL)
		return "it cannot be opened";
	bell = qt_obj_doorbell(qt_queue_obj(q), NULL);
	wrong = bell < 0 ? "no doorbell can be made" :
	    check_ringing(w->g.seg, q, bell);
	if (wrong == NULL && count_fifos(w->g.seg) != 1)
		wrong = "a FIFO too many, or none";
	qt_queue_close(q);
	if (wrong == NULL && count_fifos(w->g.seg) != 0)
		wrong = "its FIFO stays";
	return wrong != NULL ? wrong : check_sound(w);
}

/* The victim had one, or was about to. */
static const char *
check_victim(void *state)
{
	struct world	*w = state;
	struct qt_queue	*q = open_queue(w->g.seg);
	uint64_t	 item = 7;
	int		 rc;

	if (q == NULL)
		return "it cannot be opened";
	/* Armed or not: who rings it does not notice. */
	rc = qt_queue_push(q, &item, sizeof(item), QT_WAIT_NEVER);
	if (rc == 0)
		rc = qt_queue_pop(q, &item, sizeof(item), QT_WAIT_NEVER) == 8 ?
		    0 : -1;
	qt_queue_close(q);
	if (rc < 0 || item != 7)
		return "an item was lost";
	if (qt_seg_sweep(w->g.seg) < 0)
		return "sweep";
	if (count_fifos(w->g.seg) != 0)
		return "its FIFO is left";
	return check_anew(w);
}

/* The victim was to ring: with or without it, the survivor awakes. */
static const char *
check_listener(void *state)
{
	struct world	*w = state;
	const char	*wrong;

	if (!is_ringing(w->bell, LONG_MS))
		return "it never rang";
	if (qt_seg_sweep(w->g.seg) < 0)
		return "sweep";
	wrong = check_ringing(w->g.seg, w->q, w->bell);
	if (wrong == NULL && count_fifos(w->g.seg) != 1)
		wrong = "the survivor's FIFO is gone";
	return wrong != NULL ? wrong : check_sound(w);
}

/* It has its name and is in order, or it has none and that was told. */
static const char *
check_erased(void *state)
{
	struct world		*w = state;
	struct qt_seg_entry	 e;

	if (qt_seg_entry_get(w->g.seg, "q", &e) == 0)
		return check_listener(state);
	if (!is_ringing(w->bell, LONG_MS))
		return "it never rang";
	if (qt_obj_gc(w->g.seg) < 0)
		return "gc";
	if (qt_obj_doorbell_arm(qt_queue_obj(w->q)) != -QT_EGONE)
		return "it was not told";
	qt_queue_close(w->q);
	w->q = NULL;
	if (count_fifos(w->g.seg) != 0)
		return "its FIFO stays";
	return check_sound(w);
}

/* --- What the victim does ------------------------------------------------ */

static void
open_only(void *state)
{
	struct world	*w = state;

	join(w);
	w->q = open_queue(w->g.seg);
	want(w->q != NULL, 2);
}

static void
open_and_make(void *state)
{
	struct world	*w = state;

	open_only(w);
	want(qt_obj_doorbell(qt_queue_obj(w->q), NULL) >= 0, 3);
}

static void
open_and_arm(void *state)
{
	struct world	*w = state;

	open_and_make(w);
	want(qt_obj_doorbell_arm(qt_queue_obj(w->q)) == 0, 4);
}

static void
op_make(void *state)
{
	struct world	*w = state;

	want(qt_obj_doorbell(qt_queue_obj(w->q), NULL) >= 0, 5);
}

static void
op_arm(void *state)
{
	struct world	*w = state;

	want(qt_obj_doorbell_arm(qt_queue_obj(w->q)) == 0, 6);
}

static void
op_push(void *state)
{
	struct world	*w = state;
	uint64_t	 item = 3;

	want(qt_queue_push(w->q, &item, sizeof(item), QT_WAIT_NEVER) == 0, 7);
}

static void
op_close(void *state)
{
	struct world	*w = state;

	qt_queue_close(w->q);
}

static void
op_leave(void *state)
{
	struct world	*w = state;

	qt_seg_close(w->g.seg);
}

static void
op_erase(void *state)
{
	struct world	*w = state;

	want(qt_obj_erase(w->g.seg, "q", NULL) == 0, 8);
}

int
main(void)
{
	static const struct step_case	cases[] = {
		{ "make a doorbell", world_new, open_only, op_make,
		    check_victim, world_end },
		{ "arm a doorbell", world_new, open_and_make, op_arm,
		    check_victim, world_end },
		{ "arm it again", world_new, open_and_arm, op_arm,
		    check_victim, world_end },
		{ "ring a doorbell", world_listening, open_only, op_push,
		    check_listener, world_end },
		{ "ring one with one's own armed", world_listening,
		    open_and_arm, op_push, check_listener, world_end },
		{ "close what has an armed doorbell", world_new, open_and_arm,
		    op_close, check_victim, world_end },
		{ "leave with an armed doorbell", world_new, open_and_arm,
		    op_leave, check_victim, world_end },
		{ "erase what somebody has a doorbell of", world_listening,
		    open_only, op_erase, check_erased, world_end },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
