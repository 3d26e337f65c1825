/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_MAP_ATOMIC_H
#define QT_MAP_ATOMIC_H

#include "answers.h"
#include "command.h"

/*
 * The commands of batch --atomic: kept, and done all at once at the end, or none
 * of them.
 */
struct atomic {
	struct qt_store_put	*puts;	/* key and value: offsets until the end */
	size_t			 count, room;
	struct qt_buf		 bytes;
	int			 is_void;	/* one was wrong: none is done */
};

#define ATOMIC_INIT { NULL, 0, 0, QT_BUF_INIT, 0 }

/* Keeps it; puts and deletes only: -EINVAL. Copies key and value. */
int	atomic_add(struct atomic *m, const struct command *c,
	    struct qt_err *err);
/* Does them, and adds an answer for each. */
void	atomic_end(struct atomic *m, struct qt_store *store, struct answers *a);

#endif /* QT_MAP_ATOMIC_H */
