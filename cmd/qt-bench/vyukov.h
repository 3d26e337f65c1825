/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BENCH_VYUKOV_H
#define QT_BENCH_VYUKOV_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * The peer of our queue: Dmitry Vyukov's bounded MPMC queue (1024cores.net,
 * "Bounded MPMC queue"), one sequence word a cell. It is fast, and a process
 * that is killed between its two steps makes it unusable for good.
 */
#define VYUKOV_CAPACITY	1024u

struct vyukov_cell {
	_Atomic uint64_t	seq;
	uint64_t		item;
};
struct vyukov {
	_Alignas(128) _Atomic uint64_t		tail;
	_Alignas(128) _Atomic uint64_t		head;
	_Alignas(128) struct vyukov_cell	cell[VYUKOV_CAPACITY];
};

static inline void
vyukov_init(struct vyukov *v)
{
	for (uint64_t i = 0; i < VYUKOV_CAPACITY; i++)
		atomic_store(&v->cell[i].seq, i);
}

static inline int
vyukov_push(struct vyukov *v, uint64_t item)
{
	uint64_t	t = atomic_load_explicit(&v->tail,
	    memory_order_relaxed);

	for (;;) {
		struct vyukov_cell	*c = &v->cell[t % VYUKOV_CAPACITY];
		int64_t			 d = (int64_t)(atomic_load_explicit(
		    &c->seq, memory_order_acquire) - t);

		if (d == 0 && atomic_compare_exchange_weak_explicit(&v->tail,
		    &t, t + 1, memory_order_relaxed, memory_order_relaxed)) {
			c->item = item;
			/* Pairs with the acquire load of pop. */
			atomic_store_explicit(&c->seq, t + 1,
			    memory_order_release);
			return 1;
		}
		if (d < 0)
			return 0;
		if (d > 0)
			t = atomic_load_explicit(&v->tail,
			    memory_order_relaxed);
	}
}

static inline int
vyukov_pop(struct vyukov *v, uint64_t *item)
{
	uint64_t	h = atomic_load_explicit(&v->head,
	    memory_order_relaxed);

	for (;;) {
		struct vyukov_cell	*c = &v->cell[h % VYUKOV_CAPACITY];
		int64_t			 d = (int64_t)(atomic_load_explicit(
		    &c->seq, memory_order_acquire) - (h + 1));

		if (d == 0 && atomic_compare_exchange_weak_explicit(&v->head,
		    &h, h + 1, memory_order_relaxed, memory_order_relaxed)) {
			*item = c->item;
			/* Pairs with the acquire load of push, a lap later. */
			atomic_store_explicit(&c->seq, h + VYUKOV_CAPACITY,
			    memory_order_release);
			return 1;
		}
		if (d < 0)
			return 0;
		if (d > 0)
			h = atomic_load_explicit(&v->head,
			    memory_order_relaxed);
	}
}

#endif /* QT_BENCH_VYUKOV_H */
