/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an open store has of its own in this process: its cache, its user, and
 * what a child of fork(2) makes of both. See store_priv.h.
 *
 * A child finds super_mutex and user_mutex free and what they guard whole, for
 * they are held across fork(). The others are made anew in it: what they guard
 * is in shared memory, where the thread that is at it goes on, in the parent;
 * and fork() shall not wait for a lock that is another process's, or for a disk.
 */

#include <errno.h>
#include <time.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>

#include "handle_priv.h"
#include "pin_priv.h"
#include "store_priv.h"
#include "super_priv.h"
#include "worker_priv.h"

/* --- The cache ------------------------------------------------------------ */

void
qt__handle_count(struct qt_store *s)
{
	uint64_t	hits, misses;

	if (s->cache == NULL || s->ctl == NULL || s->is_rdonly)
		return;
	qt__cache_tell(s->cache, &hits, &misses);
	if (hits > 0)
		qt__count(s->ctl, QT__CACHE_HITS, hits);
	if (misses > 0)
		qt__count(s->ctl, QT__CACHE_MISSES, misses);
}

/* --- Fork ----------------------------------------------------------------- */

static void
lock_mutexes(void *arg)
{
	struct qt_store	*s = arg;

	pthread_mutex_lock(&s->user_mutex);
	pthread_mutex_lock(&s->super_mutex);
}

static void
unlock_mutexes(void *arg)
{
	struct qt_store	*s = arg;

	pthread_mutex_unlock(&s->super_mutex);
	pthread_mutex_unlock(&s->user_mutex);
}

static void
begin_child(void *arg)
{
	struct qt_store	*s = arg;

	unlock_mutexes(s);
	/* Some thread was at it, so what it has may be half of something. */
	if (pthread_mutex_trylock(&s->maintain_mutex) != 0)
		s->now = NULL;
	pthread_mutex_init(&s->maintain_mutex, NULL);
	pthread_mutex_init(&s->write_mutex, NULL);
	pthread_mutex_init(&s->sync_mutex, NULL);
	pthread_mutex_init(&s->order_mutex, NULL);
	atomic_store(&s->user_id, 0);
	qt__worker_forget(s);
	/* What was written before is the parent's to sync. */
	s->is_unsynced = false;
}

int
qt__handle_start(struct qt_store *s, struct qt_err *err)
{
	int	rc = 0;

	/*
	 * Its mutexes are taken under ours; so it watches first, and is locked
	 * after us.
	 */
	if (s->set.cache_size > 0)
		rc = qt__cache_new(&s->cache, s->set.cache_size);
	if (rc < 0) {
		qt_err_set(err, "a cache of blocks");
		return rc;
	}
	s->forked = (struct qt__forked){ .before = lock_mutexes,
	    .parent = unlock_mutexes, .child = begin_child, .arg = s };
	rc = qt__fork_watch(&s->forked);
	if (rc < 0)
		qt_err_set(err, "watch for fork");
	return rc;
}

void
qt__handle_stop(struct qt_store *s)
{
	qt__fork_unwatch(&s->forked);
	qt__handle_count(s);
	qt__cache_free(s->cache);
	s->cache = NULL;
}

/* --- The user ------------------------------------------------------------- */

/*
 * Somebody may be removing the store: he has looked for users before there was
 * us, and what he does then is done with the lock.
 */
static int
wait_for_remover(struct qt_store *s, struct qt_err *err)
{
	uint64_t	deadline = qt__store_deadline(s);
	int		rc;

	while ((rc = qt_sys_is_locked(s->user.fd, QT__LOCK_FORMAT, 1)) == 1) {
		if (qt_clock_mono_ms() > deadline) {
			qt_err_set(err, "another process has been opening or "
			    "removing the store for too long");
			return -ETIMEDOUT;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	if (rc < 0)
		qt_err_set(err, "look at the locks of 'LOCK'");
	return rc;
}

/*
 * Is the shared memory that we have still the store's? From here on it will be:
 * who makes another looks for users first, of whom we are one.
 */
static int
check_memory(struct qt_store *s, struct qt_err *err)
{
	uint8_t	stamp[QT__STAMP_SIZE];
	int	is_named = qt_seg_is_named(s->seg);
	int	rc = qt__stamp_get(s->user.fd, stamp);

	if (is_named < 0)
		return is_named;
	if (rc < 0) {
		qt_err_set(err, "read 'LOCK'");
		return rc;
	}
	if (is_named && memcmp(stamp, s->ctl->stamp, sizeof(stamp)) == 0)
		return 0;
	qt_err_set(err, "the shared memory of the store was removed or replaced "
	    "since this process opened it: open it again");
	return -QT_EGONE;
}

/* What a dead process of our id left would live as long as we do. */
static void
disown(struct qt_store *s)
{
	struct qt__ctl	*ctl = s->ctl;
	uint32_t	 id = s->user.id;

	qt__lock_disown(&ctl->write, &s->user);
	qt__lock_disown(&ctl->sync, &s->user);
	qt__lock_disown(&ctl->maintain, &s->user);
	/* Some have seen that its syncer's id lives, and left it to us. */
	if (atomic_compare_exchange_strong(&ctl->syncer, &id, 0))
		s->is_unsynced = true;
	/* The rescue that he died in is begun again by who leads next. */
	id = s->user.id;
	(void)atomic_compare_exchange_strong(&ctl->rescuer, &id, 0);
	qt__pin_disown(ctl, &s->user);
}

/*
 * The same of memtables; those that are mapped later: qt__handle_mapped(). Before
 * another thread may take one of these locks, so under user_mutex.
 */
static void
disown_mems(struct qt_store *s)
{
	struct qt__super	*super;

	pthread_mutex_lock(&s->super_mutex);
	super = atomic_load(&s->super);
	for (uint32_t i = 0; super != NULL && i < super->mem_count; i++)
		qt__handle_mapped(s, super->mems[i]);
	pthread_mutex_unlock(&s->super_mutex);
}

void
qt__handle_mapped(struct qt_store *s, struct qt__mem *m)
{
	struct qt__user	u = { .id = atomic_load(&s->user_id) };

	if (u.id != 0)
		qt__lock_disown(&m->head->order, &u);
}

static int
join(struct qt_store *s, struct qt_err *err)
{
	int	rc = qt__user_open(&s->user, s->dirfd, s->set.max_ops,
	    qt__store_deadline(s), err);

	if (rc < 0)
		return rc;
	rc = wait_for_remover(s, err);
	if (rc == 0)
		rc = check_memory(s, err);
	if (rc < 0) {
		qt__user_close(&s->user);
		return rc;
	}
	disown(s);
	atomic_store(&s->user_id, s->user.id);
	disown_mems(s);
	return 0;
}

int
qt__store_user(struct qt_store *s, struct qt_err *err)
{
	int	rc = 0;

	pthread_mutex_lock(&s->user_mutex);
	if (s->user.fd < 0)
		rc = join(s, err);
	pthread_mutex_unlock(&s->user_mutex);
	return rc;
}
