/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_STRIPE_PRIV_H
#define QT_STORE_STRIPE_PRIV_H
/*
 * References that are counted by threads which do not hinder each other, in
 * stripes: how many were taken, and how many given back. One stripe is common
 * to all and counted by atomic additions. Each of the others belongs to one thread
 * at a time, which counts by a load and a store: an atomic addition would have
 * the processor finish all reads before it first, and a get is little else than
 * waiting for two of them.
 *
 *	a reader			who wants to know that nobody is left
 *	counts in its stripe		puts another one in its place
 *	is it still the current one?	qt__stripe_barrier()
 *	no: counts back			as many given as taken?
 *
 * Between its two steps a reader with a stripe of its own needs no fence: the
 * barrier, membarrier(2), is one in every thread of the process. Where there is
 * none, all threads use the common stripe.
 *
 * A reference may be given back by another thread than took it, each in its own
 * stripe, and be copied by who has one. Who sums up reads all that were given
 * before all that were taken: should they be equal, then there was none at the
 * moment between, and of none there are no copies.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define QT__STRIPES	16u		/* the first is the common one */

struct qt__super;

struct qt__stripe {
	_Atomic uint64_t taken, given;
	_Atomic uint64_t gets;		/* not yet in the statistics */
	struct qt__super *super;
	uint64_t	 pad[4];
};
_Static_assert(sizeof(struct qt__stripe) == 64, "one line");

/* This thread's stripe + 1; 0: not yet chosen. */
extern _Thread_local unsigned int qt__stripe_chosen;
unsigned int qt__stripe_choose(void);

static inline unsigned int
qt__stripe_mine(void)
{
	unsigned int	n = qt__stripe_chosen;

	return n != 0 ? n - 1 : qt__stripe_choose();
}

static inline void
qt__stripe_count(_Atomic uint64_t *counter, unsigned int mine)
{
	if (mine == 0)
		atomic_fetch_add(counter, 1);
	else
		atomic_store_explicit(counter, atomic_load_explicit(counter,
		    memory_order_relaxed) + 1, memory_order_release);
	/* The compiler keeps the order, too. */
	atomic_signal_fence(memory_order_seq_cst);
}
static inline struct qt__stripe *
qt__stripe_take(struct qt__stripe *stripes)
{
	unsigned int	mine = qt__stripe_mine();

	qt__stripe_count(&stripes[mine].taken, mine);
	return &stripes[mine];
}
static inline void
qt__stripe_give(struct qt__stripe *stripes)
{
	unsigned int	mine = qt__stripe_mine();

	qt__stripe_count(&stripes[mine].given, mine);
}

/* Whether every thread's counting before is seen now, and theirs after sees
 * what we stored before. */
bool	qt__stripe_barrier(void);
/* After the barrier: nobody has a reference. */
bool	qt__stripe_is_free(const struct qt__stripe *stripes);

#endif /* QT_STORE_STRIPE_PRIV_H */
