/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_TRACE_H
#define QT_TEST_TRACE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What processes did to a store, as they saw it, in memory that outlives them;
 * and whether what is in the store afterwards can have come of it: it has to be
 * what a prefix of the history, by versions, leaves, and the prefix has to hold
 * everything that was done.
 *
 * Keys are small numbers, the value of an operation is its own number, so each
 * value found tells who wrote it.
 */
#define TRACE_KEYS	16u		/* that one operation writes at once */

enum trace_state {
	TRACE_NOT,		/* never tried, or only just */
	TRACE_BEGUN,		/* may be there or not */
	TRACE_DONE,		/* has to be there */
	TRACE_REFUSED		/* is not there */
};
struct trace_op {
	_Atomic uint32_t	state, is_del;
	uint32_t		count, key[TRACE_KEYS];
	_Atomic uint64_t	version;	/* of its last record; 0: not known */
};
struct trace {
	size_t			max, keys;
	_Atomic size_t		next;		/* from 1 */
	struct trace_op		op[];
};

struct trace *trace_new(size_t max, size_t keys);
void	trace_free(struct trace *t);
/* Its number, from 1; 0: there is no room for more. */
size_t	trace_begin(struct trace *t, int is_del, const uint32_t *keys,
	    uint32_t count);
void	trace_visible(struct trace *t, size_t op, uint64_t version);
void	trace_done(struct trace *t, size_t op, uint64_t version);
void	trace_refused(struct trace *t, size_t op);

/* What was found of a key; op 0: nothing. */
struct trace_item {
	size_t		op;
	uint64_t	version;
};
/*
 * found has t->keys items. state may be NULL, else it says of each operation by
 * number what holds in place of t's own, as for a moment in the past. NULL, or
 * what is wrong, until the next call. Others may write to the trace meanwhile.
 */
const char *trace_judge(const struct trace *t, const struct trace_item *found,
	    const unsigned char *state);

#endif /* QT_TEST_TRACE_H */
