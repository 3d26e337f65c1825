/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_STORE_PRIV_H
#define QT_STORE_STORE_PRIV_H
/*
 * An open store, and what its parts are to each other.
 *
 *	open.c    opens, closes     recover.c  makes shared memory from the logs
 *	super.c   what readers see  get.c scan.c snap.c
 *	put.c     writes            rotate.c   the next memtable
 *	sync.c    makes durable     maintain.c memtables into runs, compaction
 *	handle.c  cache, user, fork
 *
 * Locks, in the order in which they may be taken: maintain_mutex and MAINTAIN,
 * write_mutex and WRITE, sync_mutex and SYNC, super_mutex, user_mutex. A mutex
 * excludes threads of this process, the word in the control segment processes.
 */
#include <pthread.h>

#include <qt/store/store.h>

#include "cache_priv.h"
#include "control_priv.h"
#include "fork_priv.h"
#include "format_priv.h"
#include "manifest_priv.h"
#include "mem_priv.h"

#define QT__STRIPES	16u
#define QT__SUPERS	128u

struct qt__stripe {
	_Atomic int64_t	 refs;
	_Atomic uint64_t gets;		/* not yet in the statistics */
	struct qt__super *super;
	uint64_t	 pad[5];
};

/*
 * A super version (RocksDB's word): the memtables and the manifest that a
 * reader looks at. Immutable but for what is loaded when first needed. Counted
 * references keep it; the counter is split so that threads do not share a line.
 * Supers live in an array of the handle and their counters are never freed, so
 * who loads the pointer, counts, and then finds another in its place has
 * counted in vain but not in freed memory.
 */
struct qt__super {
	struct qt__stripe	 stripes[QT__STRIPES];
	uint64_t		 epoch;
	uint64_t		 manifest_number;
	struct qt__mem		*mems[QT__MEMS_MAX];	/* newest first */
	uint32_t		 mem_count;
	bool			 is_used;	/* by super_mutex */
	_Atomic(struct qt__manifest *) manifest;	/* NULL: not loaded */
	_Atomic(struct qt__run *) *open;	/* a slice each */
};

/* Open slices by number, for all supers: super_mutex. */
struct qt__open_run {
	uint64_t	 number;
	uint32_t	 refs;
	struct qt__run	*run;
};

struct qt_store {
	char			*path;
	int			 dirfd, run_fd, big_fd, wal_dirfd;
	struct qt__format	 format;
	struct qt_store_settings set;
	unsigned int		 flags;
	bool			 is_rdonly;
	bool			 is_private;	/* our own copy in memory */
	uint64_t		 store_id;	/* first half of the id */

	char			 name[QT__SEG_NAME_SIZE];
	mode_t			 mode;
	gid_t			 group;
	struct qt_seg		*seg;
	struct qt__ctl		*ctl;

	pthread_mutex_t		 maintain_mutex, write_mutex, sync_mutex;
	pthread_mutex_t		 super_mutex, user_mutex;
	struct qt__user		 user;
	_Atomic uint32_t	 user_id;	/* of user; 0: none */
	struct qt__forked	 forked;

	_Atomic(struct qt__super *) super;
	struct qt__super	*supers;	/* QT__SUPERS of them */
	struct qt__open_run	*runs;
	uint32_t		 run_count, run_room;
	struct qt__block_cache	*cache;

	bool			 is_unsynced;	/* by this handle, maybe */
	struct qt__worker	*worker;	/* background thread, or NULL */
};

/* What this handle may change: 0, -EROFS with why. */
int	qt__store_writable(struct qt_store *s, struct qt_err *err);
uint64_t qt__store_deadline(const struct qt_store *s);
/* Wall clock in ms, never less than any that was ever used in this store. */
uint64_t qt__store_now(const struct qt_store *s);
/*
 * Makes this process a user with an id, when it is none. -ESTALE: our shared
 * memory is not the store's any more. No mutex from super_mutex on is held.
 */
int	qt__store_user(struct qt_store *s, struct qt_err *err);

/* The cache, and what is done at fork(2). */
int	qt__handle_start(struct qt_store *s, struct qt_err *err);
void	qt__handle_stop(struct qt_store *s);	/* before the runs are closed */
/* Adds what the cache has counted to the statistics. */
void	qt__handle_count(struct qt_store *s);
/* After a memtable was mapped: super_mutex. */
void	qt__handle_mapped(struct qt_store *s, struct qt__mem *m);

/*
 * The super that is current, counted; refreshed when the store has moved on.
 * *stripe is what is to be released.
 */
int	qt__super_get(struct qt_store *s, struct qt__stripe **stripe,
	    struct qt_err *err);
void	qt__super_release(struct qt__stripe *stripe);
/* Its manifest, loaded when it is not. */
int	qt__super_manifest(struct qt_store *s, struct qt__super *super,
	    const struct qt__manifest **out, struct qt_err *err);
/* The open slice of index i; stays open as long as the super. */
int	qt__super_run(struct qt_store *s, struct qt__super *super, uint32_t i,
	    struct qt__run **out, struct qt_err *err);
void	qt__super_clear(struct qt_store *s);	/* all of them, on closing */

/*
 * The newest entry of key at most max_version, deleted or not: 1, 0, negative;
 * -ENOENT: a file is gone, get a new super. *own as for qt__run_get().
 */
int	qt__lookup(struct qt_store *s, struct qt__super *super,
	    struct qt__entry *e, void **own, const void *key, size_t len,
	    uint64_t max_version, struct qt_err *err);

/* WRITE, put right if its last owner died. *mem: the active one, borrowed. */
int	qt__write_begin(struct qt_store *s, struct qt__stripe **stripe,
	    struct qt__mem **mem, struct qt_err *err);
void	qt__write_end(struct qt_store *s, struct qt__stripe *stripe);
/* The next memtable becomes active; -EAGAIN: too many wait to be flushed. */
int	qt__rotate(struct qt_store *s, struct qt__mem *active,
	    struct qt_err *err);
/* The log's file, opened for this process; borrowed. */
int	qt__wal_open(struct qt_store *s, struct qt__mem *m, struct qt_err *err);
/* Makes the file's blocks sure up to end. WRITE. */
int	qt__wal_room(struct qt_store *s, struct qt__mem *m, uint64_t end,
	    struct qt_err *err);
void	qt__wal_name(char out[32], uint64_t number);

/* Returns when durable >= upto. */
int	qt__sync_to(struct qt_store *s, uint64_t upto, struct qt_err *err);

int	qt__recover(struct qt_store *s, struct qt_err *err);

#endif /* QT_STORE_STORE_PRIV_H */
