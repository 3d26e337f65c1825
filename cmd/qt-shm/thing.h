/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_THING_H
#define QT_SHM_THING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <qt/base/buf.h>
#include <qt/base/err.h>
#include <qt/shm/dtype.h>
#include <qt/shm/object.h>
#include <qt/shm/segment.h>
#include <qt/shm/wait.h>

#include "target.h"

/*
 * A structure as the commands see it: what can be done with it, in words and
 * lines of text. Each type has a file, thing_TYPE.c, and a row in thing.c; what
 * it cannot do is NULL there, and the command says so.
 */
struct thing;

/* What 'new' was told; 0 or NULL: nothing. */
struct thing_spec {
	const char	*dtype;
	const char	*key_dtype;
	uint64_t	 capacity;
	uint64_t	 shape[4];
	uint64_t	 item_max;	/* bytes of an item, value or key */
	uint64_t	 key_max;
	const char	*roles;		/* "--spsc", "--mpmc" */
	int		 is_redelivered, is_undone, is_automatic;
	int		 has_epochs;
};

/* How items are printed: end is '\n', '\0', or -1 for nothing between them. */
struct sink {
	int		 end;
	int		 is_raw;	/* bytes as they are, no text */
	int		 is_field;	/* bytes escaped, as qt_text_escape() */
};

/* An item that was taken out of a queue, and may be put back. */
struct taken {
	void		*data;
	size_t		 len;
	uint32_t	 index, generation;	/* the type's own */
};

struct thing_type {
	uint32_t	 type;		/* QT_TYPE_... */
	const char	*options;	/* letters that 'new' takes for it */
	unsigned int	 batch;		/* items that may be taken at once */

	int		 has_members;	/* a line is one, without a value */
	int		 has_ttl;	/* put takes a time to live */
	int		 is_counting;	/* get changes its numbers */

	/* Makes one; what is wanting in spec is a usage error. */
	int	(*create)(struct qt_seg *seg, const char *name,
		    const struct thing_spec *spec, struct qt_err *err);
	int	(*open)(struct thing *t, struct qt_err *err);
	void	(*close)(struct thing *t);

	/*
	 * Items. push: 0 or an error, "no" being -QT_EFULL; take: -QT_EEMPTY.
	 * peek: the length, as much as fits copied.
	 */
	int	(*push)(struct thing *t, const void *item, size_t len,
		    uint64_t deadline);
	int	(*take)(struct thing *t, struct taken *item,
		    uint64_t deadline);
	int	(*release)(struct thing *t, struct taken *item);
	/* Puts it back, so that somebody gets it. */
	int	(*requeue)(struct thing *t, struct taken *item);
	ssize_t	(*peek)(struct thing *t, uint64_t which, void *out,
		    size_t size);
	/*
	 * Of what is not taken out, but read by everybody: writes what is there
	 * to standard output, and with is_waiting what comes, until a signal or
	 * until it is erased. 0, -errno of the writing, or negative.
	 */
	int	(*follow)(struct thing *t, const struct sink *sink,
		    int is_waiting);

	/*
	 * By key or index, as typed; "" for all of it. They print to stdout.
	 * 0, 1 when the answer is no (no such key), or negative with err. What
	 * is no key or value at all exits 2.
	 */
	int	(*get)(struct thing *t, const char *key,
		    const struct sink *sink, struct qt_err *err);
	/* What follows SEG/NAME: a key and values, or what the type takes. */
	int	(*put)(struct thing *t, char **words, size_t count,
		    struct qt_err *err);
	int	(*del)(struct thing *t, const char *key, struct qt_err *err);
	/* 1: something else is there, which is printed. */
	int	(*cas)(struct thing *t, const char *key, const char *old,
		    const char *desired, struct qt_err *err);
	int	(*add)(struct thing *t, char **words, size_t count,
		    struct qt_err *err);

	/* All of it, a line an element. */
	int	(*dump)(struct thing *t, struct qt_err *err);

	/*
	 * Holding it, alone or with other readers: 0, 1 when the last holder
	 * died while it held it, or negative; "no" is -EBUSY. is_whole: what it
	 * protects was put right.
	 */
	int	(*lock)(struct thing *t, int is_shared, uint64_t deadline);
	int	(*unlock)(struct thing *t, int is_shared, int is_whole);

	/* Until what the type waits for; -ETIMEDOUT, -EBUSY, -QT_EGONE. */
	int	(*wait)(struct thing *t, uint64_t deadline);
};

struct thing {
	struct target		 target;
	const struct thing_type	*type;
	struct qt_seg		*seg;
	void			*handle;	/* struct qt_array, ... */
	struct qt_obj_stat	 stat;
	struct qt_dtype		 dtype, key_dtype;
	int			 has_dtype, has_key_dtype;
	unsigned int		 flags;
	size_t			 item_max;	/* bytes of the longest item */
	uint64_t		 ttl_ms;	/* for put; 0: for ever */
	int			 end;		/* of items of push, as sink's */
};

/* NULL for a type that this program only lists. */
const struct thing_type *thing_type(uint32_t type);
/* "array, queue, ...": what 'new' makes. */
void	thing_names(struct qt_buf *out);

/* For thing_open(): what is wanted of a queue that has roles. */
#define THING_PUSH	16u
#define THING_POP	32u

/* Reads SEG/NAME and opens both, or exits; flags: QT_SEG_... | THING_... */
void	thing_open(struct thing *t, const char *operand, unsigned int flags);
void	thing_close(struct thing *t);
/* Exits 3: "get does not work on ... type queue (what does: dump, ...)". */
_Noreturn void thing_cannot(const struct thing *t, const char *verb);

/*
 * An item as text: by dtype when there is one, else its bytes. To stdout; a
 * terminal gets nothing that would drive it.
 */
void	item_print(const struct qt_dtype *dtype, const void *data, size_t len,
	    const struct sink *sink);
/* The same into a buffer, without the end. */
void	item_format(const struct qt_dtype *dtype, const void *data, size_t len,
	    const struct sink *sink, struct qt_buf *out);
/*
 * The reverse: the bytes of the item that text says replace what out holds.
 * 0, -EINVAL or -ERANGE with the reason in err. dtype NULL: the text itself.
 */
int	item_scan(const struct qt_dtype *dtype, const char *text, size_t len,
	    struct qt_buf *out, struct qt_err *err);

/* The dtype of items, or NULL when they are bytes. */
const struct qt_dtype *thing_dtype(const struct thing *t);
/* All items of a queue, as peek finds them. */
int	thing_dump_items(struct thing *t, struct qt_err *err);
/* A whole number for 'add', or exit 2. NULL is 1. */
int64_t	thing_number(const char *text);

extern const struct thing_type array_thing, barrier_thing, cache_thing,
	event_thing, latch_thing, map_thing, mutex_thing, once_thing, pool_thing,
	queue_thing, ring_thing, rwlock_thing, semaphore_thing, set_thing,
	skiplist_thing, spsc_thing, stack_thing, value_thing;

/*
 * TYPE_open() and TYPE_close() of a type without options: each has an open of
 * its own that gives a handle of its own.
 */
#define THING_OPEN(type)						\
	static int							\
	type##_open(struct thing *t, struct qt_err *err)		\
	{								\
		struct qt_##type	*handle;			\
		int			 rc;				\
									\
		rc = qt_##type##_open(t->seg, t->target.name, &handle,	\
		    err);						\
		t->handle = handle;					\
		return rc;						\
	}								\
	static void							\
	type##_close(struct thing *t)					\
	{								\
		qt_##type##_close(t->handle);				\
	}

#endif /* QT_SHM_THING_H */
