/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_DS_DEQUE_PRIV_H
#define QT_DS_DEQUE_PRIV_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * A work-stealing deque of pointers: its owner pushes and takes at the bottom,
 * the newest first, anybody steals at the top, the oldest first.
 *
 *	top ──► [ oldest | ... | newest ] ◄── bottom
 *	steal: any thread		push, take: the owner
 *
 * Chase, Lev, "Dynamic Circular Work-Stealing Deque" (SPAA 2005), in the C11
 * form of Lê, Pop, Cohen, Zappa Nardelli, "Correct and Efficient Work-Stealing
 * for Weak Memory Models" (PPoPP 2013), with an array of fixed size, and
 * sequentially consistent accesses in place of their fences (which Thread-
 * Sanitizer cannot follow). Lock-free: only the last item can be fought over,
 * and one of two always gets it.
 */
#define QT__DEQUE_ROOM	256u	/* a power of two */

struct qt__deque {
	_Alignas(64) _Atomic int64_t	top;
	_Alignas(64) _Atomic int64_t	bottom;
	_Atomic(void *)			items[QT__DEQUE_ROOM];
};

/* The owner's. 0, or -EAGAIN when it is full. item is not NULL. */
int	qt__deque_push(struct qt__deque *d, void *item);
/* The owner's: the newest, or NULL. */
void	*qt__deque_take(struct qt__deque *d);
/* The oldest, or NULL: empty, or another thread was quicker. */
void	*qt__deque_steal(struct qt__deque *d);

#endif /* QT_DS_DEQUE_PRIV_H */
