/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_SPSC_H
#define QT_SHM_SPSC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <qt/shm/object.h>
#include <qt/shm/wait.h>

/*
 * A queue for one producer and one consumer, in two processes or two threads:
 * the fastest there is between two, and wait-free. Items are elements of a
 * dtype, which lie in one row and can be moved by many at once; or bytes, each
 * item with a length of its own.
 *
 *	head		       tail
 *	 v			v
 *	[item][item] ... [item][free] ...	a power of two of them
 *
 * Who is producer and who is consumer is written in the object: a second one
 * is refused (-EBUSY), and one that died is replaced by the next who asks. All
 * that was published stays; what was not published never was in the queue, and
 * what was not released is seen again by the next consumer.
 *
 * One thread at a time may use the producer's side of a handle, and one the
 * consumer's. The algorithm is L. Lamport's (1983).
 */
struct qt_spsc;

#define QT_SPSC_CAPACITY_MAX	(UINT64_C(1) << 40)
#define QT_SPSC_ITEM_MAX	(1u << 30)

struct qt_spsc_spec {
	const char	*dtype;		/* elements; NULL: item_max bytes */
	uint64_t	 capacity;	/* items */
	uint32_t	 item_max;	/* bytes of an item, when no dtype */
};

/* As qt_queue_create(). */
int	qt_spsc_create(struct qt_seg *seg, const char *name,
	    const struct qt_spsc_spec *spec, struct qt_err *err);

#define QT_SPSC_LOOK		0u	/* only peek and the numbers */
#define QT_SPSC_PRODUCER	1u
#define QT_SPSC_CONSUMER	2u	/* or both */

/*
 * Opens it in a role, until it is closed. -EBUSY when somebody alive has it,
 * another handle of ours too; -EACCES (no participant); and as
 * qt_queue_open(). A fork child has none of its parent's roles.
 */
int	qt_spsc_open(struct qt_seg *seg, const char *name, const char *dtype,
	    unsigned int roles, struct qt_spsc **out, struct qt_err *err);
void	qt_spsc_close(struct qt_spsc *spsc);		/* NULL is fine */
struct qt_obj *qt_spsc_obj(struct qt_spsc *spsc);

uint64_t qt_spsc_capacity(const struct qt_spsc *spsc);
uint32_t qt_spsc_item_max(const struct qt_spsc *spsc);
const char *qt_spsc_dtype(const struct qt_spsc *spsc);	/* or "" */
uint64_t qt_spsc_count(const struct qt_spsc *spsc);

/*
 * Errors that all of these share: -EACCES (not in that role), -QT_ECORRUPT, and
 * as <qt/shm/wait.h> says -ETIMEDOUT and -QT_EGONE. "No" is -QT_EFULL or
 * -QT_EEMPTY.
 */

/* As qt_queue_push() and qt_queue_pop(). */
int	qt_spsc_push(struct qt_spsc *spsc, const void *item, size_t len,
	    uint64_t deadline);
ssize_t	qt_spsc_pop(struct qt_spsc *spsc, void *out, size_t size,
	    uint64_t deadline);

/*
 * count elements, one behind the other: as many as there is room for, or are
 * there. They wait, if at all, for the first. Return how many, at least 1.
 * -EINVAL for a queue without a dtype.
 */
ssize_t	qt_spsc_push_n(struct qt_spsc *spsc, const void *items, size_t count,
	    uint64_t deadline);
ssize_t	qt_spsc_pop_n(struct qt_spsc *spsc, void *items, size_t count,
	    uint64_t deadline);

/*
 * The same in place. loan gives room for up to count elements in one row, or
 * for one item of a queue without a dtype; publish puts n elements of them in,
 * or that one item of n bytes. What is not published is given back by the next
 * loan or push. take and release likewise, from the oldest on: release n items.
 * They return how many are there, at least 1, or a negative code; publish and
 * release 0, or -EINVAL (more than loan or take gave).
 */
ssize_t	qt_spsc_loan(struct qt_spsc *spsc, void **data, size_t count,
	    uint64_t deadline);
int	qt_spsc_publish(struct qt_spsc *spsc, size_t n);
/* *len, which may be NULL: bytes of all of it. */
ssize_t	qt_spsc_take(struct qt_spsc *spsc, const void **data, size_t *len,
	    size_t count, uint64_t deadline);
int	qt_spsc_release(struct qt_spsc *spsc, size_t n);

/* As qt_queue_peek(). */
ssize_t	qt_spsc_peek(const struct qt_spsc *spsc, uint64_t which, void *out,
	    size_t size);

#endif /* QT_SHM_SPSC_H */
