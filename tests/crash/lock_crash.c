/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of whoever works with a mutex or a
 * read-write lock. The lock protects two words that are changed one after the
 * other: who gets it after the death sees them equal, or is told that it is
 * stale. Then it goes on as if nothing had happened.
 */

#include <qt/shm/mutex.h>
#include <qt/shm/rwlock.h>

#include "sync_world.h"

/* --- Mutex --------------------------------------------------------------- */

static void *
mutex_free(int *fd)
{
	struct world	*w = world_new(fd);
	struct qt_mutex	*m = NULL;

	step_must(qt_mutex_create(w->g.seg, "m", NULL) == 0 &&
	    qt_mutex_open(w->g.seg, "m", &m, NULL) == 0, "mutex");
	w->it = m;
	return w;
}

static void
mutex_clean(void *state)
{
	struct world	*w = state;

	qt_mutex_close(w->it);
	world_end(w);
}

static void *
mutex_ours(int *fd)
{
	struct world	*w = mutex_free(fd);

	step_must(qt_mutex_lock(w->it, soon()) == 0, "lock");
	return w;
}

static void
mutex_begin_change(struct world *w)
{
	want(qt_mutex_lock(w->it, soon()) == 0, 3);
	w->data[0]++;
}

static void
mutex_of_the_dead(void *state)
{
	join(state);
	die_after(state, mutex_begin_change);
}

static const char *
mutex_laps(struct world *w)
{
	for (int i = 0; i < 3; i++) {
		if (qt_mutex_lock(w->it, soon()) != 0)
			return "a lap: lock";
		change(w);
		if (!is_whole(w) || qt_mutex_unlock(w->it) < 0)
			return "a lap: unlock";
	}
	if (qt_mutex_owner(w->it) != 0)
		return "a free mutex has an owner";
	return check_sound(w);
}

static const char *
mutex_check(void *state)
{
	struct world	*w = state;
	int		 rc = qt_mutex_lock(w->it, soon());

	if (rc < 0)
		return "it cannot be locked";
	if (rc == 0 && !is_whole(w))
		return "half a change, and nobody was told";
	put_right(w);
	if (rc == 1 && qt_mutex_consistent(w->it) < 0)
		return "consistent";
	if (qt_mutex_unlock(w->it) < 0)
		return "unlock";
	return mutex_laps(w);
}

/* Sweeping alone is enough. */
static const char *
mutex_check_swept(void *state)
{
	const char	*wrong = check_sound(state);

	return wrong != NULL ? wrong : mutex_check(state);
}

/* The survivor has it all the time. */
static const char *
mutex_check_ours(void *state)
{
	struct world	*w = state;

	if (qt_mutex_unlock(w->it) < 0)
		return "it is no longer ours";
	return mutex_laps(w);
}

static void
mutex_op(void *state)
{
	struct world	*w = state;
	int		 rc = qt_mutex_lock(w->it, soon());

	want(rc >= 0, 2);
	if (rc == 1) {
		put_right(w);
		want(qt_mutex_consistent(w->it) == 0, 3);
	}
	change(w);
	want(qt_mutex_unlock(w->it) == 0, 4);
	want(qt_mutex_trylock(w->it) == 0, 5);
	change(w);
	want(qt_mutex_unlock(w->it) == 0, 6);
}

static void
mutex_op_wait(void *state)
{
	struct world	*w = state;

	want(qt_mutex_trylock(w->it) == -EBUSY, 2);
	want(qt_mutex_lock(w->it, qt_wait_deadline(SHORT_MS)) == -ETIMEDOUT,
	    3);
}

static void
mutex_op_close(void *state)
{
	struct world	*w = state;

	want(qt_mutex_lock(w->it, soon()) == 0, 2);
	w->data[0]++;
	qt_mutex_close(w->it);
}

/* --- Read-write lock ----------------------------------------------------- */

static void *
rwlock_free(int *fd)
{
	struct world		*w = world_new(fd);
	struct qt_rwlock	*l = NULL;

	step_must(qt_rwlock_create(w->g.seg, "l", NULL) == 0 &&
	    qt_rwlock_open(w->g.seg, "l", &l, NULL) == 0, "rwlock");
	w->it = l;
	return w;
}

static void
rwlock_clean(void *state)
{
	struct world	*w = state;

	qt_rwlock_close(w->it);
	world_end(w);
}

static void *
rwlock_read(int *fd)
{
	struct world	*w = rwlock_free(fd);

	step_must(qt_rwlock_lock_read(w->it, soon()) == 0, "lock");
	return w;
}

static void *
rwlock_written(int *fd)
{
	struct world	*w = rwlock_free(fd);

	step_must(qt_rwlock_lock_write(w->it, soon()) == 0, "lock");
	return w;
}

static void
rwlock_begin_change(struct world *w)
{
	want(qt_rwlock_lock_write(w->it, soon()) == 0, 3);
	w->data[0]++;
}

static void
rwlock_begin_read(struct world *w)
{
	want(qt_rwlock_lock_read(w->it, soon()) == 0, 3);
}

static void
rwlock_of_dead_writer(void *state)
{
	join(state);
	die_after(state, rwlock_begin_change);
}

static void
rwlock_of_dead_reader(void *state)
{
	join(state);
	die_after(state, rwlock_begin_read);
}

static const char *
rwlock_laps(struct world *w)
{
	for (int i = 0; i < 3; i++) {
		if (qt_rwlock_lock_write(w->it, soon()) != 0)
			return "a lap: write";
		change(w);
		if (qt_rwlock_unlock_write(w->it) < 0 ||
		    qt_rwlock_lock_read(w->it, soon()) != 0 || !is_whole(w) ||
		    qt_rwlock_unlock_read(w->it) < 0)
			return "a lap: read";
	}
	if (qt_rwlock_readers(w->it, 0) != 0 || qt_rwlock_writer(w->it) != 0)
		return "a free lock is held";
	return check_sound(w);
}

static const char *
rwlock_check(void *state)
{
	struct world	*w = state;
	int		 rc = qt_rwlock_lock_read(w->it, soon()), rc2;

	if (rc < 0)
		return "it cannot be read";
	if (rc == 0 && !is_whole(w))
		return "half a change, and nobody was told";
	if (qt_rwlock_unlock_read(w->it) < 0)
		return "unlock";
	rc2 = qt_rwlock_lock_write(w->it, soon());
	if (rc2 != rc)
		return "reader and writer are not told the same";
	put_right(w);
	if (rc == 1 && qt_rwlock_consistent(w->it) < 0)
		return "consistent";
	if (qt_rwlock_unlock_write(w->it) < 0)
		return "unlock";
	return rwlock_laps(w);
}

/* Sweeping alone is enough. */
static const char *
rwlock_check_swept(void *state)
{
	const char	*wrong = check_sound(state);

	return wrong != NULL ? wrong : rwlock_check(state);
}

static const char *
rwlock_check_read(void *state)
{
	struct world	*w = state;

	if (qt_rwlock_unlock_read(w->it) < 0)
		return "we read no longer";
	return rwlock_laps(w);
}

static const char *
rwlock_check_written(void *state)
{
	struct world	*w = state;

	if (qt_rwlock_unlock_write(w->it) < 0)
		return "we write no longer";
	return rwlock_laps(w);
}

static void
rwlock_op_read(void *state)
{
	struct world	*w = state;

	want(qt_rwlock_lock_read(w->it, soon()) >= 0, 2);
	want(qt_rwlock_unlock_read(w->it) == 0, 3);
}

static void
rwlock_op_write(void *state)
{
	struct world	*w = state;
	int		 rc = qt_rwlock_lock_write(w->it, soon());

	want(rc >= 0, 2);
	if (rc == 1) {
		put_right(w);
		want(qt_rwlock_consistent(w->it) == 0, 3);
	}
	change(w);
	want(qt_rwlock_unlock_write(w->it) == 0, 4);
}

static void
rwlock_op_wait_to_write(void *state)
{
	struct world	*w = state;

	want(qt_rwlock_lock_write(w->it, QT_WAIT_NEVER) == -EBUSY, 2);
	want(qt_rwlock_lock_write(w->it, qt_wait_deadline(SHORT_MS)) ==
	    -ETIMEDOUT, 3);
}

static void
rwlock_op_wait_to_read(void *state)
{
	struct world	*w = state;

	want(qt_rwlock_lock_read(w->it, QT_WAIT_NEVER) == -EBUSY, 2);
	want(qt_rwlock_lock_read(w->it, qt_wait_deadline(SHORT_MS)) ==
	    -ETIMEDOUT, 3);
}

int
main(void)
{
	static const struct step_case	cases[] = {
		{ "lock and unlock a mutex", mutex_free, join, mutex_op,
		    mutex_check, mutex_clean },
		{ "a mutex of the dead", mutex_free, mutex_of_the_dead,
		    mutex_op, mutex_check, mutex_clean },
		{ "wait for a mutex, and give up", mutex_ours, join,
		    mutex_op_wait, mutex_check_ours, mutex_clean },
		{ "close a mutex that one holds", mutex_free, join,
		    mutex_op_close, mutex_check, mutex_clean },
		{ "sweep who held a mutex", mutex_free, mutex_of_the_dead,
		    op_sweep, mutex_check_swept, mutex_clean },
		{ "read", rwlock_free, join, rwlock_op_read, rwlock_check,
		    rwlock_clean },
		{ "write", rwlock_free, join, rwlock_op_write, rwlock_check,
		    rwlock_clean },
		{ "read what a dead writer left", rwlock_free,
		    rwlock_of_dead_writer, rwlock_op_read, rwlock_check,
		    rwlock_clean },
		{ "write what a dead writer left", rwlock_free,
		    rwlock_of_dead_writer, rwlock_op_write, rwlock_check,
		    rwlock_clean },
		{ "write where a reader died", rwlock_free,
		    rwlock_of_dead_reader, rwlock_op_write, rwlock_check,
		    rwlock_clean },
		{ "wait to write, and give up", rwlock_read, join,
		    rwlock_op_wait_to_write, rwlock_check_read, rwlock_clean },
		{ "wait to read, and give up", rwlock_written, join,
		    rwlock_op_wait_to_read, rwlock_check_written,
		    rwlock_clean },
		{ "sweep a dead writer", rwlock_free, rwlock_of_dead_writer,
		    op_sweep, rwlock_check_swept, rwlock_clean },
		{ "sweep a dead reader", rwlock_free, rwlock_of_dead_reader,
		    op_sweep, rwlock_check_swept, rwlock_clean },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
