/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_ROTATE_PRIV_H
#define QT_STORE_ROTATE_PRIV_H
/* The next memtable, and the files of logs: rotate.c. */
#include "store_priv.h"

/* The next memtable becomes active; -EAGAIN: too many wait to be flushed. */
int	qt__rotate(struct qt_store *s, struct qt__mem *active,
	    struct qt_err *err);
/* The same for who drops all others: also where they wait to be flushed. */
int	qt__rotate_last(struct qt_store *s, struct qt__mem *active,
	    struct qt_err *err);
/* Bytes of a memtable's log; how many memtables there may be. */
uint64_t qt__rotate_size(const struct qt_store *s);
uint64_t qt__rotate_count(const struct qt_store *s);
/*
 * The log's file, opened for this process; borrowed. The writer and the leader
 * have one each, under their locks: else who finds that the file was replaced
 * would close it, and use its number again, while the other one writes to it.
 */
int	qt__wal_open(struct qt_store *s, struct qt__mem *m,
	    enum qt__wal_of whose, struct qt_err *err);
/* Makes the file's blocks sure up to end. WRITE. */
int	qt__wal_room(struct qt_store *s, struct qt__mem *m, uint64_t end,
	    struct qt_err *err);
/* A log that is in runs, whose blocks serve the next one. */
#define QT__WAL_SPARE	"spare.wal"

#endif /* QT_STORE_ROTATE_PRIV_H */
