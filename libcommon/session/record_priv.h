/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_RECORD_PRIV_H
#define QT_SESSION_RECORD_PRIV_H

/* A reader's handle, shared by the record_*.c files. */

#include "table_priv.h"

struct qt__order {
	uint64_t	key;	/* first half of the id: its time of birth */
	uint32_t	slot;
};

struct qt_session_table {
	struct qt__table_map	 map;
	/* qt_session_next(): the slots to visit, in order. */
	struct qt__order	*order;
	size_t			 count, size;
	char			 owner[QT_SESSION_OWNER_SIZE];
};

/* record.c: by the index; by looking everywhere when no host keeps it. */
int	qt__record_find(struct qt_session_table *t, enum qt__index which,
	    const struct qt_session *key, struct qt_session *out);

/* record_host.c */
int	qt__is_host_alive(const struct qt__table_map *m);

#endif /* QT_SESSION_RECORD_PRIV_H */
