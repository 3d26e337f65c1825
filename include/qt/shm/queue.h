/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_QUEUE_H
#define QT_SHM_QUEUE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <qt/shm/object.h>
#include <qt/shm/wait.h>

/*
 * A queue in shared memory: any number of processes and threads put items in
 * at the tail and take them out at the head. Items are bytes, up to a size
 * that is chosen when the queue is made, or elements of one dtype.
 *
 *	loan		publish			take		  release
 *	  |		   |			  |		     |
 *	a chunk	-->	its number in --> [head ... tail] --> the chunk again
 *			the ring		copied out,	free
 *						or used in place
 *
 * push and pop copy; loan, publish, take and release are the same without
 * copying. No operation waits for another process: one that is stopped half
 * way is in nobody's way.
 *
 * When a participant is killed, after whatever instruction:
 *	- what it had published stays in the queue; what it was still filling
 *	  never was in it, and its chunk is free again;
 *	- what it had taken and not released is dropped, so each item is seen at
 *	  most once; or, in a queue made with QT_QUEUE_REDELIVER, is put in at
 *	  the tail again, so each is released at least once. Both are counted.
 * This happens when somebody sweeps: whoever joins, whoever begins to wait or
 * has waited for 100 ms in vain, and push when chunks are short.
 *
 * Order: each producer's items keep their order, but for items that are
 * delivered again. Capacity: items in the queue when push and loan begin to
 * refuse; what others hold on loan at that moment may come on top of it, and so
 * may what is delivered again.
 *
 * A handle may be used by any number of threads.
 */
struct qt_queue;

/* Items that were taken by who died are delivered again, at the tail. */
#define QT_QUEUE_REDELIVER	1u

#define QT_QUEUE_CHUNKS_MAX	(1u << 24)	/* capacity and loans */
#define QT_QUEUE_ITEM_MAX	(1u << 30)

struct qt_queue_spec {
	const char	*dtype;		/* elements; NULL: item_max bytes */
	uint64_t	 capacity;	/* items */
	uint32_t	 item_max;	/* bytes of an item, when no dtype */
	uint32_t	 flags;		/* QT_QUEUE_... */
	uint32_t	 loans;		/* items that may be on loan or taken at
					 * once; 0: two a participant, at most
					 * 128 */
};

/*
 * -EEXIST, -EINVAL (a capacity of 0 or too large, no size, a dtype that is
 * none), -ENOMEM, -ENOSPC, -QT_EFULL (no row for the name), -EACCES.
 */
int	qt_queue_create(struct qt_seg *seg, const char *name,
	    const struct qt_queue_spec *spec, struct qt_err *err);
/*
 * -ENOENT, -EINVAL (another type; another dtype than the one given, NULL takes
 * any), -QT_ECORRUPT. On a read-only segment only peek and the numbers work.
 */
int	qt_queue_open(struct qt_seg *seg, const char *name, const char *dtype,
	    struct qt_queue **out, struct qt_err *err);
/* Gives back loans of this process when it is its last handle. */
void	qt_queue_close(struct qt_queue *queue);		/* NULL is fine */
struct qt_obj *qt_queue_obj(struct qt_queue *queue);

uint64_t qt_queue_capacity(const struct qt_queue *queue);
uint32_t qt_queue_item_max(const struct qt_queue *queue);
const char *qt_queue_dtype(const struct qt_queue *queue);	/* or "" */
/* How many are in it, as seen while others go on. */
uint64_t qt_queue_count(const struct qt_queue *queue);

/*
 * Errors that all of these share: -EACCES (no participant), -QT_ECORRUPT (what
 * the queue says makes no sense), and as <qt/shm/wait.h> says -ETIMEDOUT and
 * -QT_EGONE. "No" is -QT_EFULL or -QT_EEMPTY.
 */

/*
 * Puts len bytes in. 0; -QT_EFULL; -EMSGSIZE (longer than item_max; not exactly
 * one element, in a queue with a dtype).
 */
int	qt_queue_push(struct qt_queue *queue, const void *item, size_t len,
	    uint64_t deadline);
/*
 * Takes the oldest out and returns its length. -QT_EEMPTY; -EMSGSIZE when it is
 * longer than size, and then it stays.
 */
ssize_t	qt_queue_pop(struct qt_queue *queue, void *out, size_t size,
	    uint64_t deadline);

/*
 * Several at once, in order, with less work for each. They wait, if at all, for
 * the first. Return how many, at least 1, or an error as above: of the first
 * item, for with others they stop there. popv: each iov_len is the room at
 * iov_base, and becomes the length.
 */
ssize_t	qt_queue_pushv(struct qt_queue *queue, const struct iovec *items,
	    size_t count, uint64_t deadline);
ssize_t	qt_queue_popv(struct qt_queue *queue, struct iovec *items,
	    size_t count, uint64_t deadline);

/* An item in place. Plain data; what is in it is ours until it is given back. */
struct qt_queue_item {
	void		*data;		/* aligned to 32 bytes */
	uint32_t	 len;		/* of what is there */
	uint32_t	 size;		/* of the room: item_max */
	uint32_t	 index, generation;	/* which it is */
};

/*
 * loan gives room for an item, which is in the queue when it is published with
 * its length; that is never refused for want of room. cancel gives it back.
 * -QT_EFULL also when too many are on loan.
 */
int	qt_queue_loan(struct qt_queue *queue, struct qt_queue_item *item,
	    uint64_t deadline);
/* 0; -EMSGSIZE (and it stays on loan); -EINVAL (not an item of ours). */
int	qt_queue_publish(struct qt_queue *queue, struct qt_queue_item *item,
	    size_t len);
int	qt_queue_cancel(struct qt_queue *queue, struct qt_queue_item *item);

/*
 * take takes the oldest out without copying it. It must be released; or put in
 * again at the tail by requeue, which loses nothing if we are killed meanwhile.
 */
int	qt_queue_take(struct qt_queue *queue, struct qt_queue_item *item,
	    uint64_t deadline);
int	qt_queue_release(struct qt_queue *queue, struct qt_queue_item *item);
int	qt_queue_requeue(struct qt_queue *queue, struct qt_queue_item *item);

/*
 * Copies the item that is which places behind the oldest, as much as fits, and
 * leaves it there; returns its length. -QT_EEMPTY when there is none. While
 * others pop, it may be one that has just gone. Works for anyone who may read.
 */
ssize_t	qt_queue_peek(const struct qt_queue *queue, uint64_t which, void *out,
	    size_t size);

#endif /* QT_SHM_QUEUE_H */
