/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks between processes. See lock_priv.h.
 *
 *	23       22       21    20..0
 *	WAITERS  STARVED  DIED  id of the user who has it, 0: nobody
 *
 * Taking a lock that nobody wants is one compare-and-swap from 0 to our id,
 * giving it back one from our id to 0. Who finds it taken spins for a moment
 * (not where there is one processor), raises WAITERS and sleeps on the word; who
 * gives it back and finds the flag drops it and wakes one. That one raises it
 * again when it takes the lock, for there may be more: so it is a flag and not a
 * count, and a waiter that is killed leaves nothing to be counted down.
 *
 * Death. A waiter asks the kernel before it sleeps, and from then on each
 * millisecond that it is awake, whether the owner lives. If not, it locks the
 * dead one's byte of LOCK itself, looks at the word again, and if it still names
 * the dead one takes the lock over with DIED, and unlocks the byte. To compare
 * and swap the word that it saw when it asked would not do: ids are used again,
 * so the word may have come to name somebody who lives in between,
 *
 *	waiter			owner 7			another process
 *	sees 7			gives, closes
 *	asks: 7 is dead					becomes 7, takes the lock
 *	swaps 7 for its own id: two owners
 *
 * and a waiter may be stopped there for as long as you like. But while we hold
 * the byte nobody can become 7, and a 7 in the word is a dead one's. Killed with
 * that byte, we free it; stopped with it, the dead one looks alive until we are
 * continued, as if we had been stopped a moment later with the lock. Who looks
 * for a free id meanwhile takes another one. For the same reason it needs no
 * care in which order a new user with a dead one's id, its waiters and
 * qt__lock_disown() come: before that the lock looks taken by somebody who lives,
 * and nobody touches it. Bytes belong to the description, that is to all threads
 * of a user, so threads take over one after the other. Our own byte we never ask
 * about: it would be "free", and unlocking it would be our death. It is ours,
 * and threads of one user exclude each other before, so a word that names us
 * before we took the lock is a dead one's, too.
 *
 * DIED stays in the word, with the lock, from its taking over until it is given
 * back; who dies with it leaves it all the more.
 *
 * Fairness. A lock that was given back can be taken by anybody who comes by,
 * before the one that was woken is there: that is several times faster than to
 * hand it over. Who has waited for a millisecond is starved and says so in the
 * word by STARVED. From then on who comes new neither takes it nor spins but
 * sleeps; who gives it back leaves the flag where it is and wakes one of the
 * starved, who have a wake-up mask of their own; and the one that gets it drops
 * the flag. Another starved one raises it again when it looks next, which is
 * when it is woken in vain. So of any two turns one at least is a starved one's,
 * and the starved are woken first in, first out.
 *
 *	killed, or no longer willing, with its STARVED in the word: who comes
 *	new sleeps for one millisecond, is then starved itself, and takes it.
 *	If who gives the lock back finds none of them asleep, it drops the flag.
 *	A call that does not wait at all respects the flag for RESERVED_MS from
 *	when the lock was given back
 *	killed, or stopped, asleep: the kernel takes it from its queue, so it
 *	gets no wake-up that others need
 *	killed, or stopped, as the one that was woken, or killed between giving
 *	back and waking: the others sleep to the end of their slices, which are
 *	20 ms at most
 *
 * since_ms, pid and pid_ns are written after the word and are for people.
 */

#include <assert.h>
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/clock.h>

#include "lock_priv.h"

#define OWNER		((1u << 21) - 1)
#define DIED		(1u << 21)
#define STARVED		(1u << 22)
#define WAITERS		(1u << 23)

#define NS_PER_MS	UINT64_C(1000000)
#define SPINS		100
#define STARVED_NS	NS_PER_MS
#define ASK_NS		NS_PER_MS
#define SLICE_MAX_NS	(20 * NS_PER_MS)
#define RESERVED_MS	10
#define NEW_ONES	1u		/* masks of futex(2) */
#define STARVED_ONES	2u

_Static_assert(QT__USER_MAX <= OWNER, "an id fits");

struct call {
	struct qt__lock		*l;
	const struct qt__user	*u;
	uint64_t		 deadline_ns, began_ns, now_ns, asked_ns;
	uint64_t		 slice_ns;
	uint32_t		 flags;	/* WAITERS, when we have slept */
	bool			 is_starved, has_asked;
};

static void
relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* With one processor, what we wait for cannot happen while we spin. */
static int
spins(void)
{
	static _Atomic int	known = -1;
	int			n = atomic_load_explicit(&known,
	    memory_order_relaxed);
	cpu_set_t		set;

	if (n < 0) {
		CPU_ZERO(&set);
		n = sched_getaffinity(0, sizeof(set), &set) == 0 &&
		    CPU_COUNT(&set) == 1 ? 0 : SPINS;
		atomic_store_explicit(&known, n, memory_order_relaxed);
	}
	return n;
}

/* A clock that costs little. */
static uint64_t
about_ms(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* As the word now is. */
static int
taken(struct qt__lock *l, const struct qt__user *u, uint32_t word)
{
	atomic_store_explicit(&l->since_ms, about_ms(), memory_order_relaxed);
	atomic_store_explicit(&l->pid, u->pid, memory_order_relaxed);
	atomic_store_explicit(&l->pid_ns, u->pid_ns, memory_order_relaxed);
	return (word & DIED) != 0;
}

/* Returns how many were woken. */
static long
wake(struct qt__lock *l, uint32_t mask)
{
	long	n = syscall(SYS_futex, &l->word, FUTEX_WAKE_BITSET, 1, NULL,
	    NULL, mask);

	return n < 0 ? 0 : n;
}

/* --- Waiting -------------------------------------------------------------- */

/* Takes it if it is free, and not somebody else's turn. */
static bool
grab(struct call *c, uint32_t *mine)
{
	uint32_t	w = atomic_load_explicit(&c->l->word,
	    memory_order_relaxed);

	while ((w & OWNER) == 0 && (c->is_starved || !(w & STARVED))) {
		*mine = c->u->id | c->flags | (w & (DIED | WAITERS));
		/* Pairs with the release in qt__lock_give(). */
		if (atomic_compare_exchange_weak_explicit(&c->l->word, &w,
		    *mine, memory_order_acquire, memory_order_relaxed))
			return true;
	}
	return false;
}

static bool
spin(struct call *c, uint32_t *mine)
{
	for (int i = spins(); i > 0; i--) {
		uint32_t	w = atomic_load_explicit(&c->l->word,
		    memory_order_relaxed);

		if (w & STARVED)
			return false;
		if ((w & OWNER) == 0 && grab(c, mine))
			return true;
		relax();
	}
	return false;
}

/* From id, of whom nobody is alive while we hold the byte. */
static bool
take_over(struct call *c, uint32_t id, uint32_t *mine)
{
	uint32_t	w = atomic_load_explicit(&c->l->word,
	    memory_order_relaxed);

	while ((w & OWNER) == id) {
		*mine = c->u->id | DIED | c->flags | (w & WAITERS) |
		    (c->is_starved ? 0 : w & STARVED);
		/*
		 * Acquire pairs with nothing that the dead one released: its
		 * stores were done before the kernel dropped its byte.
		 */
		if (atomic_compare_exchange_weak_explicit(&c->l->word, &w,
		    *mine, memory_order_acquire, memory_order_relaxed)) {
			atomic_fetch_add_explicit(&c->l->died, 1,
			    memory_order_relaxed);
			return true;
		}
	}
	return false;
}

static bool
take_from_dead(struct call *c, uint32_t *mine)
{
	uint32_t	id = atomic_load_explicit(&c->l->word,
	    memory_order_relaxed) & OWNER;
	bool		is_ours;

	c->has_asked = true;
	c->asked_ns = c->now_ns;
	if (id == 0)
		return false;
	/* Nobody else is us, so this is a dead one's who was so before us. */
	if (id == c->u->id)
		return take_over(c, id, mine);
	if (qt__user_bury(c->u, id) != 1)
		return false;
	is_ours = take_over(c, id, mine);
	qt__user_unbury(c->u, id);
	return is_ours;
}

static void
sleep_on(struct call *c)
{
	uint32_t	w = atomic_load_explicit(&c->l->word,
	    memory_order_relaxed);
	uint32_t	want = w | WAITERS | (c->is_starved ? STARVED : 0);
	uint64_t	until = c->now_ns + c->slice_ns;
	struct timespec	ts;

	if ((w & OWNER) == 0 && (c->is_starved || !(w & STARVED)))
		return;
	if (want != w && !atomic_compare_exchange_strong_explicit(&c->l->word,
	    &w, want, memory_order_relaxed, memory_order_relaxed))
		return;
	if (c->flags == 0)
		atomic_fetch_add_explicit(&c->l->waits, 1,
		    memory_order_relaxed);
	c->flags = WAITERS;
	if (until > c->deadline_ns)
		until = c->deadline_ns;
	ts.tv_sec = (time_t)(until / (1000 * NS_PER_MS));
	ts.tv_nsec = (long)(until % (1000 * NS_PER_MS));
	if (syscall(SYS_futex, &c->l->word, FUTEX_WAIT_BITSET, want, &ts, NULL,
	    c->is_starved ? STARVED_ONES : NEW_ONES) < 0 && errno == ETIMEDOUT)
		c->slice_ns = c->slice_ns * 2 < SLICE_MAX_NS ?
		    c->slice_ns * 2 : SLICE_MAX_NS;
}

static int
too_late(struct call *c, struct qt_err *err)
{
	uint32_t	w = atomic_load_explicit(&c->l->word,
	    memory_order_relaxed);
	uint64_t	pid = atomic_load_explicit(&c->l->pid,
	    memory_order_relaxed);
	uint64_t	since = atomic_load_explicit(&c->l->since_ms,
	    memory_order_relaxed), now = about_ms();

	if ((w & OWNER) == 0)
		qt_err_set(err, "others were faster each time");
	else
		qt_err_set(err, "held by process %llu%s for %llu s (is it "
		    "stopped?)", (unsigned long long)pid,
		    atomic_load_explicit(&c->l->pid_ns, memory_order_relaxed)
		    == c->u->pid_ns ? "" : " of another container",
		    now > since ? (unsigned long long)(now - since) / 1000 :
		    0ull);
	return c->deadline_ns == 0 ? -EBUSY : -ETIMEDOUT;
}

/* For who does not wait: is what was left to a starved one still waiting? */
static bool
is_left_over(const struct qt__lock *l)
{
	uint64_t	since = atomic_load_explicit(&l->since_ms,
	    memory_order_relaxed), now = about_ms();

	/* In the future: a clock of another namespace. */
	return now - since > RESERVED_MS && since - now > RESERVED_MS;
}

static int
wait_for(struct call *c, struct qt_err *err)
{
	uint32_t	mine;

	if (c->deadline_ns == 0)
		c->is_starved = is_left_over(c->l);
	else if (spin(c, &mine))
		return taken(c->l, c->u, mine);
	c->began_ns = qt_clock_mono_ns();
	for (;;) {
		c->now_ns = qt_clock_mono_ns();
		if (c->deadline_ns != 0 &&
		    c->now_ns - c->began_ns >= STARVED_NS)
			c->is_starved = true;
		if (grab(c, &mine))
			break;
		if ((!c->has_asked || c->now_ns - c->asked_ns >= ASK_NS) &&
		    take_from_dead(c, &mine))
			break;
		if (c->now_ns >= c->deadline_ns)
			return too_late(c, err);
		sleep_on(c);
	}
	return taken(c->l, c->u, mine);
}

/* --- Taking and giving ---------------------------------------------------- */

int
qt__lock_take(struct qt__lock *l, const struct qt__user *u,
    uint64_t deadline_ms, struct qt_err *err)
{
	uint32_t	w = 0;
	struct call	c = { .l = l, .u = u, .slice_ns = NS_PER_MS };

	assert(u->id != 0);
	/* Pairs with the release in qt__lock_give(). */
	if (atomic_compare_exchange_strong_explicit(&l->word, &w, u->id,
	    memory_order_acquire, memory_order_relaxed))
		return taken(l, u, u->id);
	c.deadline_ns = deadline_ms > UINT64_MAX / NS_PER_MS ? UINT64_MAX :
	    deadline_ms * NS_PER_MS;
	return wait_for(&c, err);
}

/* It was free, with STARVED, and w: whoever is to have it shall know. */
static void
hand_over(struct qt__lock *l, uint32_t w)
{
	if (wake(l, STARVED_ONES) > 0)
		return;
	/* None of them sleeps: so that who is new need not wait for them. */
	(void)atomic_compare_exchange_strong_explicit(&l->word, &w,
	    w & ~STARVED, memory_order_relaxed, memory_order_relaxed);
	wake(l, FUTEX_BITSET_MATCH_ANY);
}

void
qt__lock_give(struct qt__lock *l, const struct qt__user *u)
{
	uint32_t	w = u->id, left;

	/* Pairs with the acquire in qt__lock_take() and grab(). */
	if (atomic_compare_exchange_strong_explicit(&l->word, &w, 0,
	    memory_order_release, memory_order_relaxed))
		return;
	do {
		if ((w & OWNER) != u->id)	/* deposed */
			return;
		left = w & STARVED;
		/* From when on it is kept for the starved; before the word,
		 * for who comes at once. */
		if (left)
			atomic_store_explicit(&l->since_ms, about_ms(),
			    memory_order_relaxed);
	} while (!atomic_compare_exchange_weak_explicit(&l->word, &w, left,
	    memory_order_release, memory_order_relaxed));
	if (left)
		hand_over(l, left);
	else if (w & WAITERS)
		wake(l, FUTEX_BITSET_MATCH_ANY);
}

bool
qt__lock_depose(struct qt__lock *l, const struct qt__user *u,
    uint64_t held_ms)
{
	uint32_t	w = atomic_load_explicit(&l->word,
	    memory_order_acquire);
	uint64_t	since = atomic_load_explicit(&l->since_ms,
	    memory_order_relaxed), now = about_ms();

	if ((w & OWNER) == 0 || (w & OWNER) == u->id ||
	    now < since + held_ms)
		return false;
	if (!atomic_compare_exchange_strong_explicit(&l->word, &w,
	    u->id | (w & ~OWNER), memory_order_acq_rel, memory_order_relaxed))
		return false;
	(void)taken(l, u, w);
	return true;
}

bool
qt__lock_is_ours(const struct qt__lock *l, const struct qt__user *u)
{
	return (atomic_load(&l->word) & OWNER) == u->id;
}

void
qt__lock_disown(struct qt__lock *l, const struct qt__user *u)
{
	uint32_t	w = atomic_load_explicit(&l->word,
	    memory_order_relaxed);

	while ((w & OWNER) == u->id) {
		if (!atomic_compare_exchange_weak_explicit(&l->word, &w,
		    DIED | (w & STARVED), memory_order_acq_rel,
		    memory_order_relaxed))
			continue;
		atomic_fetch_add_explicit(&l->died, 1, memory_order_relaxed);
		if (w & STARVED)
			hand_over(l, DIED | STARVED);
		else if (w & WAITERS)
			wake(l, FUTEX_BITSET_MATCH_ANY);
		return;
	}
}

uint32_t
qt__lock_owner(struct qt__lock *l, const struct qt__user *u, bool *is_dead)
{
	uint32_t	id = atomic_load_explicit(&l->word,
	    memory_order_relaxed) & OWNER;

	if (is_dead != NULL)
		*is_dead = id != 0 && qt__user_is_alive(u, id) == 0;
	return id;
}
