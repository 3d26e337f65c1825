/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting in objects. See <qt/shm/wait.h>.
 *
 * An event count (D. Reed, R. Kanodia, "Synchronization with Eventcounts and
 * Sequencers", 1979) is a 32-bit word: how often anybody was woken, and in bit 0
 * whether somebody may be waiting.
 *
 *	waiter				publisher
 *	raise bit 0			publish
 *	look again: still nothing?	is bit 0 raised?
 *	sleep while it is the same	count + 1, bit 0 = 0; wake all
 *
 * Both write before they look, in one order for all (sequentially consistent),
 * so at least one of them sees the other. The bit is a flag and not a count:
 * a waiter that is killed leaves at most a flag, which the next publisher
 * clears. A publisher that is killed between its two steps leaves sleepers;
 * they sleep for 100 ms at most.
 */

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "object_priv.h"

#define SLEEP_MS		100u
#define SLEEP_RDONLY_MS		5u
#define SPIN_NS			10000u
#define SPIN_TURNS		32u	/* between two looks at the clock */
#define UNKNOWN			UINT64_MAX

static _Atomic uint64_t	spin_ns = UNKNOWN;

uint64_t
qt_wait_deadline(int64_t timeout_ms)
{
	return timeout_ms < 0 ? QT_WAIT_FOREVER :
	    qt_clock_mono_ms() + (uint64_t)timeout_ms;
}

/* With one processor, what we wait for cannot happen while we spin. */
static uint64_t
default_spin_ns(void)
{
	cpu_set_t	set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) == 0 &&
	    CPU_COUNT(&set) == 1)
		return 0;
	return SPIN_NS;
}

uint64_t
qt_wait_spin_ns(void)
{
	uint64_t	ns = atomic_load_explicit(&spin_ns,
	    memory_order_relaxed);

	if (ns == UNKNOWN) {
		ns = default_spin_ns();
		atomic_store_explicit(&spin_ns, ns, memory_order_relaxed);
	}
	return ns;
}

void
qt_wait_set_spin_ns(uint64_t ns)
{
	atomic_store_explicit(&spin_ns, ns == UNKNOWN ? ns - 1 : ns,
	    memory_order_relaxed);
}

void
qt__wake_all(struct qt_obj *obj, unsigned int which)
{
	_Atomic uint32_t	*word = &obj->shared->wait[which];
	uint32_t		 old;

	old = atomic_load_explicit(word, memory_order_relaxed);
	/* Who clears the flag wakes; each failure is somebody's progress. */
	while (old & 1)
		if (atomic_compare_exchange_weak(word, &old, old + 1)) {
			syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL,
			    NULL, 0);
			qt__bell_ring(obj);
			return;
		}
}

uint32_t
qt__wait_prepare(struct qt_obj *obj, unsigned int which)
{
	_Atomic uint32_t	*word = &obj->shared->wait[which];
	uint32_t		 key;

	/* On a read-only mapping there is nothing to raise. */
	if (obj->seg->is_rdonly)
		return atomic_load(word);
	/* Pairs with the load in qt__wake(), in the one order of all
	 * sequentially consistent operations; what is looked at next may be
	 * loaded by acquire, so a fence keeps it behind. */
	key = atomic_fetch_or(word, 1) | 1;
	qt__fence_after_rmw();
	return key;
}

/* Milliseconds until the deadline, at most max. */
static uint32_t
time_left(uint64_t deadline, uint32_t max)
{
	uint64_t	now;

	if (deadline == QT_WAIT_FOREVER)
		return max;
	now = qt_clock_mono_ms();
	if (now >= deadline)
		return 0;
	return deadline - now < max ? (uint32_t)(deadline - now) : max;
}

int
qt__wait_sleep(struct qt_obj *obj, unsigned int which, uint32_t key,
    uint64_t deadline)
{
	uint32_t	max = obj->seg->is_rdonly ? SLEEP_RDONLY_MS : SLEEP_MS;
	uint32_t	ms = time_left(deadline, max);
	struct timespec	ts = { .tv_nsec = (long)ms * 1000000 };
	long		rc;

	if (qt_obj_is_erased(obj))
		return -QT_EGONE;
	if (ms == 0)
		return -ETIMEDOUT;
	rc = syscall(SYS_futex, &obj->shared->wait[which], FUTEX_WAIT, key, &ts,
	    NULL, 0);
	return rc < 0 && errno == ETIMEDOUT ? -EAGAIN : 0;
}

static bool
is_no(int rc)
{
	return rc == -EAGAIN || rc == -EBUSY || rc == -QT_EFULL ||
	    rc == -QT_EEMPTY;
}

/* Looks again for a while. The answer, or a "no". */
static int
spin(int (*try)(void *arg, bool is_late), void *arg, uint64_t deadline)
{
	uint64_t	ns = qt_wait_spin_ns(), until;
	int		rc;

	if (ns == 0)
		return -EAGAIN;
	until = qt_clock_mono_ns() + ns;
	do {
		for (unsigned int i = 0; i < SPIN_TURNS; i++) {
			qt__relax();
			rc = try(arg, false);
			if (!is_no(rc))
				return rc;
		}
	} while (qt_clock_mono_ns() < until &&
	    time_left(deadline, SLEEP_MS) > 0);
	return rc;
}

int
qt__obj_wait(struct qt_obj *obj, unsigned int which, uint64_t deadline,
    int (*try)(void *arg, bool is_late), void *arg)
{
	int		rc = try(arg, true), slept;
	uint64_t	asked, now;
	bool		is_late = false;

	if (!is_no(rc) || deadline == QT_WAIT_NEVER)
		return rc;
	asked = qt_clock_mono_ms();
	rc = spin(try, arg, deadline);
	while (is_no(rc)) {
		uint32_t	key = qt__wait_prepare(obj, which);

		rc = try(arg, is_late);
		if (!is_no(rc))
			break;
		slept = qt__wait_sleep(obj, which, key, deadline);
		if (slept == -ETIMEDOUT || slept == -QT_EGONE)
			return slept;
		/* By the clock: signals that come often, and wake-ups that
		 * were for others, let no sleep come to its end. */
		now = qt_clock_mono_ms();
		is_late = slept == -EAGAIN || now - asked >= SLEEP_MS;
		if (is_late)
			asked = now;
	}
	return rc;
}
