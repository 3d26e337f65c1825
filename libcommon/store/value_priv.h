/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_VALUE_PRIV_H
#define QT_STORE_VALUE_PRIV_H
/*
 * From what an entry holds to the value that its writer gave: for most they are
 * the same bytes; a deflated one has to be inflated first, and of a big one the
 * entry only says where it is.
 */
#include <stdlib.h>

#include "big_priv.h"
#include "store_priv.h"

/* Memory for a value that is not in its entry; used again by the next one. */
struct qt__value_room {
	void	*data;		/* malloc(3), NULL: not needed so far */
	size_t	 size;
	struct qt__big big;	/* the last one, if it was a big one: mapped */
};
#define QT__VALUE_ROOM_INIT { NULL, 0, { NULL, 0, NULL } }

/*
 * *data, *len: the whole value. It is the entry's own, in its place, where e
 * has no flag for it, and then room is not touched; else it is in room. e is
 * not a deletion. -ENOENT: its file is gone; -QT_ECORRUPT, with why in err;
 * -ENOMEM.
 */
int	qt__value_resolve(struct qt_store *s, struct qt__value_room *room,
	    const struct qt__entry *e, const void **data, size_t *len,
	    struct qt_err *err);

static inline void
qt__value_room_clear(struct qt__value_room *room)
{
	free(room->data);
	qt__big_close(&room->big);
	*room = (struct qt__value_room)QT__VALUE_ROOM_INIT;
}

#endif /* QT_STORE_VALUE_PRIV_H */
