/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of whoever works with a semaphore,
 * a latch, an event or a barrier. Then no number is wrong by more than what the
 * victim itself was adding or taking, what it held is back where that was
 * asked for, and the others go on.
 */

#include <qt/shm/barrier.h>
#include <qt/shm/event.h>
#include <qt/shm/latch.h>
#include <qt/shm/semaphore.h>

#include "sync_world.h"

/* --- Semaphore ----------------------------------------------------------- */

#define PERMITS	4u

static struct world *
semaphore_new(int *fd, uint32_t flags)
{
	struct qt_semaphore_spec	 spec = { .value = PERMITS,
	    .max = PERMITS, .flags = flags };
	struct world			*w = world_new(fd);
	struct qt_semaphore		*s = NULL;

	step_must(qt_semaphore_create(w->g.seg, "s", &spec, NULL) == 0 &&
	    qt_semaphore_open(w->g.seg, "s", &s, NULL) == 0 &&
	    qt_semaphore_wait(s, soon()) == 0, "semaphore");
	w->it = s;
	return w;
}

static void *
semaphore_plain(int *fd)
{
	return semaphore_new(fd, 0);
}

static void *
semaphore_undo(int *fd)
{
	return semaphore_new(fd, QT_SEMAPHORE_UNDO);
}

static void
semaphore_clean(void *state)
{
	struct world	*w = state;

	qt_semaphore_close(w->it);
	world_end(w);
}

static void
take_two(struct world *w)
{
	want(qt_semaphore_wait(w->it, soon()) == 0, 3);
	want(qt_semaphore_wait(w->it, soon()) == 0, 3);
}

static void
semaphore_of_the_dead(void *state)
{
	join(state);
	die_after(state, take_two);
}

static void
semaphore_op(void *state)
{
	struct world	*w = state;

	want(qt_semaphore_wait(w->it, soon()) == 0, 2);
	want(qt_semaphore_wait(w->it, soon()) == 0, 3);
	want(qt_semaphore_post(w->it) == 0, 4);
	want(qt_semaphore_trywait(w->it) == 0, 5);
	want(qt_semaphore_post(w->it) == 0, 6);
	want(qt_semaphore_post(w->it) == 0, 7);
}

/* One more than there are, so that who died is noticed. */
static void
semaphore_op_all(void *state)
{
	struct world	*w = state;

	for (unsigned int i = 1; i < PERMITS; i++)
		want(qt_semaphore_wait(w->it, soon()) == 0, 2);
	want(qt_semaphore_wait(w->it, qt_wait_deadline(SHORT_MS)) ==
	    -ETIMEDOUT, 3);
	qt_semaphore_close(w->it);
}

/* count more can be had, and not one more than that; three times. */
static const char *
semaphore_laps(struct world *w, unsigned int count)
{
	for (int lap = 0; lap < 3; lap++) {
		for (unsigned int i = 0; i < count; i++)
			if (qt_semaphore_wait(w->it, soon()) < 0)
				return "one is lost";
		if (qt_semaphore_trywait(w->it) != -EBUSY)
			return "one too many";
		for (unsigned int i = 0; i < count; i++)
			if (qt_semaphore_post(w->it) < 0)
				return "it cannot be posted";
	}
	if (qt_semaphore_value(w->it) != count)
		return "a wrong value";
	return check_sound(w);
}

static const char *
semaphore_check_undo(void *state)
{
	struct world	*w = state;

	return semaphore_laps(w, PERMITS - 1);
}

/* Sweeping alone is enough. */
static const char *
semaphore_check_swept(void *state)
{
	const char	*wrong = check_sound(state);

	return wrong != NULL ? wrong : semaphore_check_undo(state);
}

/* What the victim held is gone, and that is all. */
static const char *
semaphore_check_plain(void *state)
{
	struct world	*w = state;
	unsigned int	 value = qt_semaphore_value(w->it);

	if (value < PERMITS - 3 || value > PERMITS - 1)
		return "more than what the victim held is lost";
	return semaphore_laps(w, value);
}

/* --- Latch and event ----------------------------------------------------- */

static void *
latch_new(int *fd)
{
	struct world	*w = world_new(fd);
	struct qt_latch	*l = NULL;

	step_must(qt_latch_create(w->g.seg, "l", 5, NULL) == 0 &&
	    qt_latch_open(w->g.seg, "l", &l, NULL) == 0, "latch");
	w->it = l;
	return w;
}

static void
latch_clean(void *state)
{
	struct world	*w = state;

	qt_latch_close(w->it);
	world_end(w);
}

static void
latch_op(void *state)
{
	struct world	*w = state;

	want(qt_latch_wait(w->it, qt_wait_deadline(SHORT_MS)) == -ETIMEDOUT,
	    2);
	want(qt_latch_down(w->it, 2) == 0, 3);
	want(qt_latch_down(w->it, 3) == 1, 4);
	want(qt_latch_wait(w->it, QT_WAIT_NEVER) == 0, 5);
}

static const char *
latch_check(void *state)
{
	struct world	*w = state;
	uint64_t	 left = qt_latch_count(w->it);

	if (left != 5 && left != 3 && left != 0)
		return "half counted";
	if (qt_latch_wait(w->it, QT_WAIT_NEVER) != (left == 0 ? 0 : -EBUSY))
		return "open or not?";
	while (left-- > 0)
		if (qt_latch_down(w->it, 1) < 0)
			return "it cannot be counted down";
	for (int i = 0; i < 3; i++)
		if (qt_latch_wait(w->it, soon()) != 0)
			return "it does not open";
	return check_sound(w);
}

static struct world *
event_new(int *fd, uint32_t flags)
{
	struct world	*w = world_new(fd);
	struct qt_event	*e = NULL;

	step_must(qt_event_create(w->g.seg, "e", flags, NULL) == 0 &&
	    qt_event_open(w->g.seg, "e", &e, NULL) == 0, "event");
	w->it = e;
	return w;
}

static void *
event_auto(int *fd)
{
	return event_new(fd, QT_EVENT_AUTO);
}

static void *
event_manual(int *fd)
{
	return event_new(fd, QT_EVENT_MANUAL);
}

static void
event_clean(void *state)
{
	struct world	*w = state;

	qt_event_close(w->it);
	world_end(w);
}

static void
event_op(void *state)
{
	struct world	*w = state;

	want(qt_event_wait(w->it, qt_wait_deadline(SHORT_MS)) == -ETIMEDOUT,
	    2);
	want(qt_event_set(w->it) == 0, 3);
	want(qt_event_wait(w->it, soon()) == 0, 4);
	want(qt_event_reset(w->it) == 0, 5);
	want(qt_event_set(w->it) == 0, 6);
}

static const char *
event_laps(struct world *w, int is_auto)
{
	(void)qt_event_reset(w->it);
	for (int i = 0; i < 3; i++) {
		if (qt_event_wait(w->it, QT_WAIT_NEVER) != -EBUSY ||
		    qt_event_set(w->it) < 0 ||
		    qt_event_wait(w->it, soon()) != 0)
			return "it is not set";
		if (qt_event_wait(w->it, QT_WAIT_NEVER) !=
		    (is_auto ? -EBUSY : 0))
			return "set again, or not any more";
		(void)qt_event_reset(w->it);
	}
	return check_sound(w);
}

static const char *
event_check_auto(void *state)
{
	return event_laps(state, 1);
}

static const char *
event_check_manual(void *state)
{
	return event_laps(state, 0);
}

/* --- Barrier ------------------------------------------------------------- */

static void *
barrier_new(int *fd)
{
	struct world		*w = world_new(fd);
	struct qt_barrier	*b = NULL;

	step_must(qt_barrier_create(w->g.seg, "b", 2, NULL) == 0 &&
	    qt_barrier_open(w->g.seg, "b", &b, NULL) == 0 &&
	    qt_barrier_join(b) == 0, "barrier");
	w->it = b;
	return w;
}

static void
barrier_clean(void *state)
{
	struct world	*w = state;

	qt_barrier_close(w->it);
	world_end(w);
}

/* Three phases that end well; deaths are told in between. */
static int
three_laps(struct world *w)
{
	int	told = 0;

	for (int i = 0; i < 3;) {
		int	rc = qt_barrier_wait(w->it, soon());

		if (rc >= 0)
			i++;
		else if (rc != -EOWNERDEAD || ++told > 3)
			return 20 - rc % 64;
	}
	return 0;
}

/* One party waits all the time, so that the victim is the last to come. */
static void *
barrier_with_peer(int *fd)
{
	struct world	*w = world_new(fd);
	struct qt_barrier *b = NULL;

	step_must(qt_barrier_create(w->g.seg, "b", 2, NULL) == 0 &&
	    qt_barrier_open(w->g.seg, "b", &b, NULL) == 0, "barrier");
	w->it = b;
	start_peer(w, three_laps);
	while (qt_barrier_arrived(b) == 0)
		step_must(waitpid(w->peer, NULL, WNOHANG) == 0, "peer");
	return w;
}

static void
barrier_join(void *state)
{
	struct world	*w = state;

	join(w);
	want(qt_barrier_join(w->it) == 0, 2);
}

static void
barrier_op_laps(void *state)
{
	want(three_laps(state) == 0, 3);
}

static void
barrier_op_leave(void *state)
{
	struct world	*w = state;

	want(qt_barrier_leave(w->it) == 0, 3);
}

/* The survivor has not come: in the victim it is its own only handle. */
static void
barrier_op_give_up(void *state)
{
	struct world	*w = state;

	want(qt_barrier_wait(w->it, qt_wait_deadline(SHORT_MS)) ==
	    -ETIMEDOUT, 3);
	want(qt_barrier_wait(w->it, QT_WAIT_NEVER) == -EBUSY, 4);
	qt_barrier_close(w->it);
}

/* The peer goes on alone. */
static const char *
barrier_check_peer(void *state)
{
	struct world	*w = state;
	static char	 text[80];
	int		 rc = end_peer(w);

	if (rc != 0) {
		snprintf(text, sizeof(text), "the other party ended with %d",
		    rc);
		return text;
	}
	return check_sound(w);
}

/* Nobody is left but us, as soon as a place that is free is given up. */
static const char *
barrier_check_alone(void *state)
{
	struct world		*w = state;
	struct qt_barrier	*b = NULL;
	const char		*wrong = NULL;

	if (qt_seg_sweep(w->g.seg) < 0 ||
	    qt_barrier_open(w->g.seg, "b", &b, NULL) < 0)
		return "open";
	if (qt_barrier_join(b) < 0)
		wrong = "no place is free";
	else if (qt_barrier_leave(b) < 0)
		wrong = "leave";
	else if (three_laps(w) != 0)
		wrong = "three laps";
	qt_barrier_close(b);
	return wrong != NULL ? wrong : check_sound(w);
}

/* Sweeping alone is enough. */
static const char *
barrier_check_swept(void *state)
{
	const char	*wrong = check_sound(state);

	return wrong != NULL ? wrong : barrier_check_alone(state);
}

static void
come_and_die(struct world *w)
{
	want(qt_barrier_wait(w->it, QT_WAIT_NEVER) == -EBUSY, 3);
}

static void
barrier_of_the_dead(void *state)
{
	join(state);
	die_after(state, come_and_die);
}

static void
barrier_op_replace(void *state)
{
	struct world	*w = state;

	want(qt_barrier_join(w->it) == 0, 3);
	want(qt_barrier_leave(w->it) == 0, 4);
	want(qt_barrier_reset(w->it) == 1, 5);
}

int
main(void)
{
	static const struct step_case	cases[] = {
		{ "take and post", semaphore_plain, join, semaphore_op,
		    semaphore_check_plain, semaphore_clean },
		{ "take and post, to be undone", semaphore_undo, join,
		    semaphore_op, semaphore_check_undo, semaphore_clean },
		{ "take what a dead one held, give up, close", semaphore_undo,
		    semaphore_of_the_dead, semaphore_op_all,
		    semaphore_check_undo, semaphore_clean },
		{ "sweep who held some", semaphore_undo,
		    semaphore_of_the_dead, op_sweep, semaphore_check_swept,
		    semaphore_clean },
		{ "count down a latch", latch_new, join, latch_op,
		    latch_check, latch_clean },
		{ "an automatic event", event_auto, join, event_op,
		    event_check_auto, event_clean },
		{ "a manual event", event_manual, join, event_op,
		    event_check_manual, event_clean },
		{ "come to a barrier last, and again", barrier_with_peer,
		    barrier_join, barrier_op_laps, barrier_check_peer,
		    barrier_clean },
		{ "leave a barrier", barrier_with_peer, barrier_join,
		    barrier_op_leave, barrier_check_peer, barrier_clean },
		{ "join a barrier, give up, close", barrier_new, join,
		    barrier_op_give_up, barrier_check_alone, barrier_clean },
		{ "sweep a party", barrier_new, barrier_of_the_dead, op_sweep,
		    barrier_check_swept, barrier_clean },
		{ "take the place of a dead one", barrier_new,
		    barrier_of_the_dead, barrier_op_replace,
		    barrier_check_alone, barrier_clean },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
