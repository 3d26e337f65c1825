/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_STACK_H
#define QT_SHM_STACK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <qt/shm/object.h>
#include <qt/shm/wait.h>

/*
 * A stack in shared memory: any number of processes and threads push items onto
 * it and pop the newest. Items are bytes, up to a size that is chosen when the
 * stack is made, or elements of one dtype.
 *
 *	top --> [item] --> [item] --> [item]
 *
 * No operation waits for another process. When a participant is killed, after
 * whatever instruction, an item that it was pushing is on the stack or is not;
 * one that it was popping, and had not copied yet, is dropped, or, in a stack
 * made with QT_STACK_REDELIVER, on top again. Both are counted. As with queues
 * (<qt/shm/queue.h>) this happens when somebody sweeps.
 *
 * Capacity: items on the stack when push begins to refuse; what others are
 * pushing at that moment, and what is delivered again, may come on top of it.
 *
 * A handle may be used by any number of threads. The algorithm is R. Treiber's
 * (1986), with an owner in each word.
 */
struct qt_stack;

#define QT_STACK_REDELIVER	1u

#define QT_STACK_CHUNKS_MAX	(1u << 22)	/* capacity, and one for each
						 * who may push meanwhile */
#define QT_STACK_ITEM_MAX	(1u << 30)

struct qt_stack_spec {
	const char	*dtype;		/* elements; NULL: item_max bytes */
	uint64_t	 capacity;	/* items */
	uint32_t	 item_max;	/* bytes of an item, when no dtype */
	uint32_t	 flags;		/* QT_STACK_... */
};

/* As qt_queue_create() and qt_queue_open(). */
int	qt_stack_create(struct qt_seg *seg, const char *name,
	    const struct qt_stack_spec *spec, struct qt_err *err);
int	qt_stack_open(struct qt_seg *seg, const char *name, const char *dtype,
	    struct qt_stack **out, struct qt_err *err);
void	qt_stack_close(struct qt_stack *stack);		/* NULL is fine */
struct qt_obj *qt_stack_obj(struct qt_stack *stack);

uint64_t qt_stack_capacity(const struct qt_stack *stack);
uint32_t qt_stack_item_max(const struct qt_stack *stack);
const char *qt_stack_dtype(const struct qt_stack *stack);	/* or "" */
uint64_t qt_stack_count(const struct qt_stack *stack);

/*
 * push: 0; -QT_EFULL; -EMSGSIZE (longer than item_max; not exactly one element,
 * in a stack with a dtype). pop: the length; -QT_EEMPTY; -EMSGSIZE when the
 * newest is longer than size, and then it stays. Both: -EACCES (no
 * participant), -QT_ECORRUPT, -ETIMEDOUT, -QT_EGONE.
 */
int	qt_stack_push(struct qt_stack *stack, const void *item, size_t len,
	    uint64_t deadline);
ssize_t	qt_stack_pop(struct qt_stack *stack, void *out, size_t size,
	    uint64_t deadline);

/*
 * Copies the item that is which places below the newest, as much as fits, and
 * leaves it there; returns its length. -QT_EEMPTY when there is none; -EBUSY
 * when others change the stack all the time. Works for anyone who may read.
 * It walks from the top: which steps.
 */
ssize_t	qt_stack_peek(const struct qt_stack *stack, uint64_t which, void *out,
	    size_t size);

/* Where one who looks at all of a stack is. All zero: before the newest. */
struct qt_stack_cursor {
	uint64_t	which;		/* places below the newest: the next */
	uint64_t	top;		/* the rest is as it was found there */
	uint32_t	chunk;
};
#define QT_STACK_CURSOR_INIT { 0, 0, 0 }
/*
 * qt_stack_peek() of cursor->which, which then is the one below. One step as
 * long as nobody changes the stack; after a change it walks from the top again.
 * With an error the cursor stays. It is for one thread at a time.
 */
ssize_t	qt_stack_next(const struct qt_stack *stack,
	    struct qt_stack_cursor *cursor, void *out, size_t size);

#endif /* QT_SHM_STACK_H */
