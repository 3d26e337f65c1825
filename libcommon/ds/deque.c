/* SPDX-License-Identifier: Apache-2.0 */
/* The deque of a pool's thread. See deque_priv.h. */

#include <errno.h>
#include <stddef.h>

#include "deque_priv.h"

static _Atomic(void *) *
place(struct qt__deque *d, int64_t at)
{
	return &d->items[(uint64_t)at & (QT__DEQUE_ROOM - 1)];
}

int
qt__deque_push(struct qt__deque *d, void *item)
{
	int64_t	b, t;

	b = atomic_load_explicit(&d->bottom, memory_order_relaxed);
	/* Acquire: a thief has read its place before we write it again. */
	t = atomic_load_explicit(&d->top, memory_order_acquire);
	if (b - t >= (int64_t)QT__DEQUE_ROOM)
		return -EAGAIN;
	atomic_store_explicit(place(d, b), item, memory_order_relaxed);
	/* [A] The item, and what it points to, before the bottom. */
	atomic_store_explicit(&d->bottom, b + 1, memory_order_release);
	return 0;
}

void *
qt__deque_take(struct qt__deque *d)
{
	int64_t	b, t;
	void	*item;

	b = atomic_load_explicit(&d->bottom, memory_order_relaxed) - 1;
	/* [B] Either a thief sees that the last one is ours, or we see that
	 * it took it: this store and load against its two loads. */
	atomic_store(&d->bottom, b);
	t = atomic_load(&d->top);
	if (t > b) {
		atomic_store_explicit(&d->bottom, b + 1, memory_order_relaxed);
		return NULL;
	}
	item = atomic_load_explicit(place(d, b), memory_order_relaxed);
	if (t < b)
		return item;
	/* The last: whoever moves the top has it. */
	if (!atomic_compare_exchange_strong(&d->top, &t, t + 1))
		item = NULL;
	atomic_store_explicit(&d->bottom, b + 1, memory_order_relaxed);
	return item;
}

void *
qt__deque_steal(struct qt__deque *d)
{
	int64_t	t = atomic_load(&d->top);	/* pairs with B */
	int64_t	b = atomic_load(&d->bottom);	/* pairs with A and B */
	void	*item;

	if (t >= b)
		return NULL;
	item = atomic_load_explicit(place(d, t), memory_order_relaxed);
	/* What we read may be newer than t, but then the top has moved. */
	if (!atomic_compare_exchange_strong(&d->top, &t, t + 1))
		return NULL;
	return item;
}
