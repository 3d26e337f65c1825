/* SPDX-License-Identifier: Apache-2.0 */
/* What is waited for: events, latches, barriers, and what is done once. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <qt/shm/barrier.h>
#include <qt/shm/event.h>
#include <qt/shm/latch.h>
#include <qt/shm/once.h>

#include "thing.h"

THING_OPEN(event)
THING_OPEN(latch)
THING_OPEN(barrier)
THING_OPEN(once)

/* get: one number, which is read by fn from the handle. */
#define GET(type, fn)							\
	static int							\
	type##_get(struct thing *t, const char *key,			\
	    const struct sink *sink, struct qt_err *err)		\
	{								\
		(void)key;						\
		(void)sink;						\
		(void)err;						\
		printf("%" PRIu64 "\n", (uint64_t)fn(t->handle));	\
		return 0;						\
	}

/* --- Event --------------------------------------------------------------- */

GET(event, qt_event_is_set)

static int
event_create(struct qt_seg *seg, const char *name,
    const struct thing_spec *spec, struct qt_err *err)
{
	return qt_event_create(seg, name, spec->is_automatic ? QT_EVENT_AUTO :
	    QT_EVENT_MANUAL, err);
}

static int
event_put(struct thing *t, char **words, size_t count, struct qt_err *err)
{
	(void)err;
	if (count == 1 && strcmp(words[0], "1") == 0)
		return qt_event_set(t->handle);
	if (count == 1 && strcmp(words[0], "0") == 0)
		return qt_event_reset(t->handle);
	qt_die(QT_EXIT_USAGE, "%s: an event is put to 1, set, or to 0",
	    t->target.text);
}

static int
event_wait(struct thing *t, uint64_t deadline)
{
	return qt_event_wait(t->handle, deadline);
}

const struct thing_type event_thing = {
	.type = QT_TYPE_EVENT, .options = "A", .create = event_create,
	.open = event_open, .close = event_close, .get = event_get,
	.put = event_put, .wait = event_wait,
};

/* --- Latch --------------------------------------------------------------- */

GET(latch, qt_latch_count)

static int
latch_create(struct qt_seg *seg, const char *name,
    const struct thing_spec *spec, struct qt_err *err)
{
	if (spec->capacity == 0)
		qt_die(QT_EXIT_USAGE, "a latch needs -c COUNT");
	return qt_latch_create(seg, name, spec->capacity, err);
}

/* "add s/l -2" counts down by 2; and prints what is left. */
static int
latch_add(struct thing *t, char **words, size_t count, struct qt_err *err)
{
	int64_t	n = thing_number(count > 0 ? words[0] : "-1");
	int	rc;

	if (count > 1 || n > 0 || n == INT64_MIN)
		qt_die(QT_EXIT_USAGE, "%s: a latch is counted down: add -N",
		    t->target.text);
	rc = qt_latch_down(t->handle, (uint64_t)-n);
	if (rc == -ERANGE)
		qt_err_set(err, "fewer than %" PRId64 " are left", -n);
	return rc < 0 ? rc : latch_get(t, "", NULL, err);
}

static int
latch_wait(struct thing *t, uint64_t deadline)
{
	return qt_latch_wait(t->handle, deadline);
}

const struct thing_type latch_thing = {
	.type = QT_TYPE_LATCH, .options = "c", .create = latch_create,
	.open = latch_open, .close = latch_close, .get = latch_get,
	.add = latch_add, .wait = latch_wait,
};

/* --- Barrier ------------------------------------------------------------- */

GET(barrier, qt_barrier_arrived)

static int
barrier_create(struct qt_seg *seg, const char *name,
    const struct thing_spec *spec, struct qt_err *err)
{
	if (spec->capacity == 0 || spec->capacity > QT_BARRIER_MAX)
		qt_die(QT_EXIT_USAGE, "a barrier needs -c PARTIES, at most %u",
		    QT_BARRIER_MAX);
	return qt_barrier_create(seg, name, (uint32_t)spec->capacity, err);
}

static int
barrier_wait(struct thing *t, uint64_t deadline)
{
	int	rc = qt_barrier_wait(t->handle, deadline);

	return rc > 0 ? 0 : rc;
}

const struct thing_type barrier_thing = {
	.type = QT_TYPE_BARRIER, .options = "c", .create = barrier_create,
	.open = barrier_open, .close = barrier_close, .get = barrier_get,
	.wait = barrier_wait,
};

/* --- Once ---------------------------------------------------------------- */

GET(once, qt_once_is_done)

static int
once_create(struct qt_seg *seg, const char *name,
    const struct thing_spec *spec, struct qt_err *err)
{
	(void)spec;
	return qt_once_create(seg, name, err);
}

/* To run what is to be done: 'lock' succeeds only for who does it. */
static int
once_lock(struct thing *t, int is_shared, uint64_t deadline)
{
	int	rc = qt_once_begin(t->handle, deadline);

	(void)is_shared;
	return rc == 1 ? 0 : rc == 0 ? -EALREADY : rc;
}

static int
once_unlock(struct thing *t, int is_shared, int is_whole)
{
	(void)is_shared;
	return is_whole ? qt_once_done(t->handle) : qt_once_fail(t->handle);
}

const struct thing_type once_thing = {
	.type = QT_TYPE_ONCE, .options = "", .create = once_create,
	.open = once_open, .close = once_close, .get = once_get,
	.lock = once_lock, .unlock = once_unlock,
};
