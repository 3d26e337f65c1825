/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_OBJECT_SYNC_H
#define QT_OBJECT_SYNC_H

/* For object_fuzz.c: how locks and the like are made and used. */

#include <stdlib.h>

#include <qt/shm/barrier.h>
#include <qt/shm/event.h>
#include <qt/shm/latch.h>
#include <qt/shm/mutex.h>
#include <qt/shm/once.h>
#include <qt/shm/rwlock.h>
#include <qt/shm/semaphore.h>

static void
make_mutex(struct qt_seg *seg, const char *name)
{
	if (qt_mutex_create(seg, name, NULL) < 0)
		abort();
}

static void
use_mutex(struct qt_seg *seg, const char *name)
{
	struct qt_mutex	*m;

	if (qt_mutex_open(seg, name, &m, NULL) < 0)
		return;
	(void)qt_mutex_trylock(m);
	(void)qt_mutex_consistent(m);
	(void)qt_mutex_unlock(m);
	(void)qt_mutex_trylock(m);
	qt_mutex_close(m);
}

static void
make_rwlock(struct qt_seg *seg, const char *name)
{
	if (qt_rwlock_create(seg, name, NULL) < 0)
		abort();
}

static void
use_rwlock(struct qt_seg *seg, const char *name)
{
	struct qt_rwlock	*l;

	if (qt_rwlock_open(seg, name, &l, NULL) < 0)
		return;
	(void)qt_rwlock_lock_read(l, QT_WAIT_NEVER);
	(void)qt_rwlock_lock_write(l, QT_WAIT_NEVER);
	(void)qt_rwlock_unlock_read(l);
	(void)qt_rwlock_lock_write(l, QT_WAIT_NEVER);
	(void)qt_rwlock_consistent(l);
	(void)qt_rwlock_unlock_write(l);
	(void)qt_rwlock_readers(l, 0);
	qt_rwlock_close(l);
}

static void
make_semaphore(struct qt_seg *seg, const char *name)
{
	struct qt_semaphore_spec	spec = { .value = 2, .max = 3,
	    .flags = QT_SEMAPHORE_UNDO };

	if (qt_semaphore_create(seg, name, &spec, NULL) < 0)
		abort();
}

static void
use_semaphore(struct qt_seg *seg, const char *name)
{
	struct qt_semaphore	*s;

	if (qt_semaphore_open(seg, name, &s, NULL) < 0)
		return;
	(void)qt_semaphore_trywait(s);
	(void)qt_semaphore_post(s);
	(void)qt_semaphore_trywait(s);
	qt_semaphore_close(s);
}

static void
make_latch(struct qt_seg *seg, const char *name)
{
	if (qt_latch_create(seg, name, 2, NULL) < 0)
		abort();
}

static void
use_latch(struct qt_seg *seg, const char *name)
{
	struct qt_latch	*l;

	if (qt_latch_open(seg, name, &l, NULL) < 0)
		return;
	(void)qt_latch_wait(l, QT_WAIT_NEVER);
	(void)qt_latch_down(l, 1);
	qt_latch_close(l);
}

static void
make_barrier(struct qt_seg *seg, const char *name)
{
	if (qt_barrier_create(seg, name, 3, NULL) < 0)
		abort();
}

static void
use_barrier(struct qt_seg *seg, const char *name)
{
	struct qt_barrier	*b;

	if (qt_barrier_open(seg, name, &b, NULL) < 0)
		return;
	(void)qt_barrier_wait(b, QT_WAIT_NEVER);
	(void)qt_barrier_wait(b, QT_WAIT_NEVER);
	(void)qt_barrier_leave(b);
	(void)qt_barrier_reset(b);
	(void)qt_barrier_join(b);
	qt_barrier_close(b);
}

static void
make_event(struct qt_seg *seg, const char *name)
{
	if (qt_event_create(seg, name, QT_EVENT_AUTO, NULL) < 0)
		abort();
}

static void
use_event(struct qt_seg *seg, const char *name)
{
	struct qt_event	*e;

	if (qt_event_open(seg, name, &e, NULL) < 0)
		return;
	(void)qt_event_wait(e, QT_WAIT_NEVER);
	(void)qt_event_set(e);
	(void)qt_event_wait(e, QT_WAIT_NEVER);
	(void)qt_event_reset(e);
	qt_event_close(e);
}

static void
make_once(struct qt_seg *seg, const char *name)
{
	if (qt_once_create(seg, name, NULL) < 0)
		abort();
}

static void
use_once(struct qt_seg *seg, const char *name)
{
	struct qt_once	*o;

	if (qt_once_open(seg, name, &o, NULL) < 0)
		return;
	(void)qt_once_begin(o, QT_WAIT_NEVER);
	(void)qt_once_fail(o);
	(void)qt_once_begin(o, QT_WAIT_NEVER);
	(void)qt_once_done(o);
	qt_once_close(o);
}

#endif /* QT_OBJECT_SYNC_H */
