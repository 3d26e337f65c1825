/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock of tables and allocator, which survives its owner.
 *
 *	31       30..16  15..0
 *	waiters  0       participant that holds it, 0: nobody
 *
 * Taking it is one CAS from 0 to our id. Whoever finds it taken spins a little,
 * raises the waiters flag, asks the kernel whether the owner is dead, and
 * sleeps on the word for at most 100 ms before it asks again: a wake-up that
 * died with its sender costs that long and no more. The flag is not a count,
 * so a dead waiter leaves at worst one needless wake-up behind.
 *
 * From a dead owner the lock is taken over while holding the owner's slot (see
 * segment_join.c). What the owner left is then finished before anything else:
 * a committed redo log is applied again, and pages that it noted to be given
 * back are given back. If that fails (the system refuses the call) the notes
 * stay, the lock is released, and the next one to take it tries again.
 *
 * A stopped owner is alive. Its waiters wait; but not those who only sweep while
 * they wait for something else: these come again another time.
 *
 * Threads of one process are one participant, so a mutex of the process comes
 * first. No memory is allocated and no callback is made under the lock.
 */

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>

#include "segment_priv.h"

#define SPINS		200
#define SLEEP_NS	100000000
#define SOON_MS		20

static void
relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static void
sleep_on(_Atomic uint32_t *word, uint32_t value, long ns)
{
	struct timespec	ts = { .tv_nsec = ns };

	syscall(SYS_futex, word, FUTEX_WAIT, value, &ts, NULL, 0);
}

static void
release(struct qt_seg *seg)
{
	/* Pairs with the acquiring CAS of the next owner. */
	uint32_t	old = atomic_exchange_explicit(&seg->ctl->lock, 0,
	    memory_order_release);

	if (old & QT__LOCK_WAITERS)
		syscall(SYS_futex, &seg->ctl->lock, FUTEX_WAKE, 1, NULL, NULL,
		    0);
}

/*
 * If the lock's owner is id, who is dead and whose slot we hold, the lock is
 * ours: nothing but the flag can have changed meanwhile.
 */
static int
take_over(struct qt_seg *seg, uint32_t id)
{
	_Atomic uint32_t	*lock = &seg->ctl->lock;
	uint32_t		 old;

	old = atomic_load_explicit(lock, memory_order_relaxed);
	while ((old & QT__LOCK_OWNER) == id)
		/* Acquire pairs with nothing that the dead one released:
		 * its stores were done before the kernel dropped its byte. */
		if (atomic_compare_exchange_weak_explicit(lock, &old,
		    seg->self | QT__LOCK_WAITERS, memory_order_acquire,
		    memory_order_relaxed))
			return 1;
	return 0;
}

/* 1 when the lock is ours now, 0 when its owner is alive. */
static int
take_from_dead(struct qt_seg *seg, uint32_t id)
{
	int	got;

	if (qt__slot_hold(seg, id) < 0)
		return 0;
	got = take_over(seg, id);
	if (got)
		atomic_fetch_add(&seg->ctl->takeovers, 1);
	/* The slot stays taken: sweeping frees it, when all is finished. */
	qt__slot_unhold(seg, id);
	return got;
}

/* until: milliseconds of the steady clock; then -EBUSY, but not at once. */
static int
acquire(struct qt_seg *seg, uint64_t until)
{
	_Atomic uint32_t	*lock = &seg->ctl->lock;
	uint32_t		 mine = seg->self;
	long			 ns = until == UINT64_MAX ? SLEEP_NS :
	    SOON_MS * 1000000L / 4;

	for (unsigned int spins = 0;; spins++) {
		uint32_t	old = 0, id;

		/* Pairs with the exchange in release(). */
		if (atomic_compare_exchange_strong_explicit(lock, &old, mine,
		    memory_order_acquire, memory_order_relaxed))
			return 0;
		id = old & QT__LOCK_OWNER;
		if (id == 0 || id > seg->head.slot_count || id == seg->self)
			return -QT_ECORRUPT;
		if (spins < SPINS) {
			relax();
			continue;
		}
		if (!(old & QT__LOCK_WAITERS) &&
		    !atomic_compare_exchange_strong_explicit(lock, &old,
		    old | QT__LOCK_WAITERS, memory_order_relaxed,
		    memory_order_relaxed))
			continue;
		if (take_from_dead(seg, id))
			return 0;
		if (until != UINT64_MAX && qt_clock_mono_ms() >= until)
			return -EBUSY;
		sleep_on(lock, old | QT__LOCK_WAITERS, ns);
		/* Others may sleep behind us: let our release wake one. */
		mine = seg->self | QT__LOCK_WAITERS;
	}
}

static int
finish(struct qt_seg *seg)
{
	int	rc = qt__txn_redo(seg);

	return rc < 0 ? rc : qt__give_back(seg);
}

/* With the mutex. */
static int
lock_until(struct qt_seg *seg, uint64_t until)
{
	int	rc = acquire(seg, until);

	if (rc == 0) {
		rc = finish(seg);
		if (rc < 0)
			release(seg);
	}
	return rc;
}

int
qt__seg_lock_inner_soon(struct qt_seg *seg)
{
	return lock_until(seg, qt_clock_mono_ms() + SOON_MS);
}

void
qt__seg_unlock_inner(struct qt_seg *seg)
{
	release(seg);
}

int
qt__seg_lock(struct qt_seg *seg)
{
	int	rc;

	if (seg->self == 0 || seg->pid != getpid())
		return -EACCES;
	pthread_mutex_lock(&seg->mutex);
	rc = lock_until(seg, UINT64_MAX);
	if (rc < 0)
		pthread_mutex_unlock(&seg->mutex);
	return rc;
}

int
qt__seg_mutex_soon(struct qt_seg *seg)
{
	struct timespec	ts = { .tv_nsec = 1000000 };

	for (int ms = 0; ms < SOON_MS; ms++) {
		if (pthread_mutex_trylock(&seg->mutex) == 0)
			return 0;
		nanosleep(&ts, NULL);
	}
	return -EBUSY;
}

int
qt__seg_lock_soon(struct qt_seg *seg)
{
	int	rc;

	if (seg->self == 0 || seg->pid != getpid())
		return -EACCES;
	rc = qt__seg_mutex_soon(seg);
	if (rc == 0) {
		rc = qt__seg_lock_inner_soon(seg);
		if (rc < 0)
			pthread_mutex_unlock(&seg->mutex);
	}
	return rc;
}

void
qt__seg_unlock(struct qt_seg *seg)
{
	release(seg);
	pthread_mutex_unlock(&seg->mutex);
}

int
qt__seg_settle(struct qt_seg *seg)
{
	int	rc = qt__seg_lock(seg);

	if (rc == 0)
		qt__seg_unlock(seg);
	return rc;
}

int
qt__seg_inherit(struct qt_seg *seg, uint32_t id)
{
	int	rc;

	if (!take_over(seg, id))
		return 0;
	rc = finish(seg);
	release(seg);
	return rc;
}
