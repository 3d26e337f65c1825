/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_STORED_PRIV_H
#define QT_STORE_STORED_PRIV_H
/*
 * What a record holds in place of its value: most often the value; what it is
 * deflated, where the store is set so (compression) and that saves an eighth at
 * least; or, of one that is too large for a memtable, the name of a file. All
 * that takes time is done before WRITE is taken.
 */
#include "big_priv.h"
#include "store_priv.h"

#define QT__DEFLATE_MIN	256u		/* bytes */
#define QT__BIG_MIN	(1u << 20)	/* or a quarter of the memtable */

struct qt__stored {
	const void	*value;
	uint32_t	 len;
	uint32_t	 flags;		/* QT__DEFLATED, QT__BIG */
	void		*own;		/* deflated: malloc(3)'s */
	uint64_t	 number;	/* of the file, claimed; 0: none */
	uint8_t		 ref[QT__BIG_REF_SIZE];
};

/*
 * Whether any of them is stored in another way than as it is: then, and only
 * then, there is something to be made.
 */
bool	qt__stored_is_due(const struct qt_store *s,
	    const struct qt_store_put *puts, size_t count);
/*
 * One for each put, whose keys and values are within the limits. The files are
 * durable. When it fails nothing is left.
 */
int	qt__stored_make(struct qt_store *s, struct qt__stored **out,
	    const struct qt_store_put *puts, size_t count, struct qt_err *err);
/* Not committed: their files go. NULL is fine. */
void	qt__stored_free(struct qt_store *s, struct qt__stored *stored,
	    size_t count, bool is_committed);

#endif /* QT_STORE_STORED_PRIV_H */
