/* SPDX-License-Identifier: Apache-2.0 */
/* What is held: mutexes, read-write locks, semaphores. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <qt/shm/mutex.h>
#include <qt/shm/rwlock.h>
#include <qt/shm/semaphore.h>

#include "thing.h"

THING_OPEN(mutex)
THING_OPEN(rwlock)
THING_OPEN(semaphore)

/* --- Mutex --------------------------------------------------------------- */

static int
mutex_create(struct qt_seg *seg, const char *name,
    const struct thing_spec *spec, struct qt_err *err)
{
	(void)spec;
	return qt_mutex_create(seg, name, err);
}

static int
mutex_lock(struct thing *t, int is_shared, uint64_t deadline)
{
	if (is_shared)
		qt_die(QT_EXIT_USAGE, "%s: a mutex has one holder; -s is for "
		    "an rwlock", t->target.text);
	return qt_mutex_lock(t->handle, deadline);
}

static int
mutex_unlock(struct thing *t, int is_shared, int is_whole)
{
	(void)is_shared;
	if (is_whole)
		(void)qt_mutex_consistent(t->handle);
	return qt_mutex_unlock(t->handle);
}

/* The participant that holds it, or 0. */
static int
mutex_get(struct thing *t, const char *key, const struct sink *sink,
    struct qt_err *err)
{
	(void)key;
	(void)sink;
	(void)err;
	printf("%" PRIu32 "\n", qt_mutex_owner(t->handle));
	return 0;
}

const struct thing_type mutex_thing = {
	.type = QT_TYPE_MUTEX, .options = "", .create = mutex_create,
	.open = mutex_open, .close = mutex_close, .get = mutex_get,
	.lock = mutex_lock, .unlock = mutex_unlock,
};

/* --- Read-write lock ----------------------------------------------------- */

static int
rwlock_create(struct qt_seg *seg, const char *name,
    const struct thing_spec *spec, struct qt_err *err)
{
	(void)spec;
	return qt_rwlock_create(seg, name, err);
}

static int
rwlock_lock(struct thing *t, int is_shared, uint64_t deadline)
{
	if (is_shared)
		return qt_rwlock_lock_read(t->handle, deadline);
	return qt_rwlock_lock_write(t->handle, deadline);
}

static int
rwlock_unlock(struct thing *t, int is_shared, int is_whole)
{
	if (is_shared)
		return qt_rwlock_unlock_read(t->handle);
	if (is_whole)
		(void)qt_rwlock_consistent(t->handle);
	return qt_rwlock_unlock_write(t->handle);
}

/* The participant that writes, or 0; and how many read. */
static int
rwlock_get(struct thing *t, const char *key, const struct sink *sink,
    struct qt_err *err)
{
	(void)key;
	(void)sink;
	(void)err;
	printf("%" PRIu32 "\t%" PRIu64 "\n", qt_rwlock_writer(t->handle),
	    qt_rwlock_readers(t->handle, 0));
	return 0;
}

const struct thing_type rwlock_thing = {
	.type = QT_TYPE_RWLOCK, .options = "", .create = rwlock_create,
	.open = rwlock_open, .close = rwlock_close, .get = rwlock_get,
	.lock = rwlock_lock, .unlock = rwlock_unlock,
};

/* --- Semaphore ----------------------------------------------------------- */

static int
semaphore_create(struct qt_seg *seg, const char *name,
    const struct thing_spec *spec, struct qt_err *err)
{
	struct qt_semaphore_spec	s = { .value = (uint32_t)spec->capacity,
	    .flags = spec->is_undone ? QT_SEMAPHORE_UNDO : 0 };

	if (spec->capacity > QT_SEMAPHORE_MAX)
		qt_die(QT_EXIT_USAGE, "-c: a semaphore counts to %" PRIu32,
		    QT_SEMAPHORE_MAX);
	return qt_semaphore_create(seg, name, &s, err);
}

static int
semaphore_lock(struct thing *t, int is_shared, uint64_t deadline)
{
	(void)is_shared;
	return qt_semaphore_wait(t->handle, deadline);
}

static int
semaphore_unlock(struct thing *t, int is_shared, int is_whole)
{
	(void)is_shared;
	(void)is_whole;
	return qt_semaphore_post(t->handle);
}

static int
semaphore_get(struct thing *t, const char *key, const struct sink *sink,
    struct qt_err *err)
{
	(void)key;
	(void)sink;
	(void)err;
	printf("%" PRIu32 "\n", qt_semaphore_value(t->handle));
	return 0;
}

/* Puts in that many. */
static int
semaphore_add(struct thing *t, char **words, size_t count, struct qt_err *err)
{
	int64_t	n = thing_number(count > 0 ? words[0] : NULL);
	int	rc = 0;

	if (count > 1 || n < 0 || n > QT_SEMAPHORE_MAX)
		qt_die(QT_EXIT_USAGE, "%s: one N from 0 to %" PRIu32 " is "
		    "wanted", t->target.text, QT_SEMAPHORE_MAX);
	for (int64_t i = 0; i < n && rc == 0; i++)
		rc = qt_semaphore_post(t->handle);
	if (rc == 0)
		return semaphore_get(t, "", NULL, err);
	return rc;
}

static int
semaphore_take(struct thing *t, uint64_t deadline)
{
	return qt_semaphore_wait(t->handle, deadline);
}

const struct thing_type semaphore_thing = {
	.type = QT_TYPE_SEMAPHORE, .options = "cU",
	.create = semaphore_create, .open = semaphore_open,
	.close = semaphore_close, .get = semaphore_get, .add = semaphore_add,
	.lock = semaphore_lock, .unlock = semaphore_unlock,
	.wait = semaphore_take,
};
