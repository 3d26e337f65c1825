/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_STORE_PRIV_H
#define QT_STORE_STORE_PRIV_H
/*
 * An open store, and what its parts are to each other.
 *
 *	open.c    opens, closes     recover.c  makes shared memory from the logs
 *	open_memory.c  finds it     lineage.c  is it of this folder's history?
 *	super.c   what readers see  get.c scan.c snap.c
 *	put.c     writes            rotate.c   the next memtable
 *	sync.c    makes durable     maintain.c memtables into runs, compaction
 *	handle.c  cache, user, fork collect.c  what nobody needs goes
 *	checkpoint.c clear.c stat.c worker.c   does it meanwhile
 *
 * Locks, in the order in which they may be taken: maintain_mutex and MAINTAIN,
 * write_mutex and WRITE, sync_mutex and SYNC, order_mutex and a memtable's ORDER,
 * user_mutex, super_mutex. A mutex excludes threads of this process, the word in
 * the segment processes.
 */
#include <pthread.h>

#include <qt/store/store.h>

#include "cache_priv.h"
#include "control_priv.h"
#include "fork_priv.h"
#include "format_priv.h"
#include "manifest_priv.h"
#include "mem_priv.h"
#include "stripe_priv.h"

#define QT__SUPERS	128u

/*
 * A super version (RocksDB's word): the memtables and the manifest that a
 * reader looks at. Immutable but for what is loaded when first needed. Counted
 * references keep it. Supers live in an array of the handle and their counters are never freed, so
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
	void			(*tell)(void *arg, const char *what);
	void			*tell_arg;
	bool			 is_rdonly;
	bool			 is_private;	/* our own copy in memory */
	uint64_t		 store_id;	/* first half of the id */

	char			 name[QT__SEG_NAME_SIZE];
	mode_t			 mode;
	gid_t			 group;
	struct qt_seg		*seg;
	struct qt__ctl		*ctl;

	pthread_mutex_t		 maintain_mutex, write_mutex, sync_mutex;
	pthread_mutex_t		 order_mutex, user_mutex, super_mutex;
	struct qt__user		 user;
	_Atomic uint32_t	 user_id;	/* of user; 0: none */
	struct qt__forked	 forked;

	_Atomic(struct qt__super *) super;
	struct qt__super	*supers;	/* QT__SUPERS of them, */
	uint32_t		 super_count;	/* so many in use so far */
	struct qt__open_run	*runs;
	uint32_t		 run_count, run_room;
	struct qt__block_cache	*cache;

	_Atomic bool		 is_unsynced;	/* by this handle, maybe */
	uint32_t		 dead_syncer;	/* found on opening, or 0 */
	_Atomic(struct qt__worker *) worker;	/* background thread, or NULL */
	struct qt__manifest	*now;	/* the current one, if loaded: MAINTAIN */
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
int	qt__super_get_slowly(struct qt_store *s, struct qt__stripe **stripe,
	    struct qt_err *err);

static inline void
qt__super_release(struct qt__stripe *stripe)
{
	if (stripe != NULL)
		qt__stripe_give(stripe->super->stripes);
}

/* Once more, for who holds it already. */
static inline struct qt__stripe *
qt__super_hold(struct qt__stripe *stripe)
{
	return qt__stripe_take(stripe->super->stripes);
}

/* The one that we have, when it is still current; see stripe_priv.h. */
static inline bool
qt__super_try(struct qt_store *s, struct qt__stripe **stripe)
{
	struct qt__super	*super = atomic_load_explicit(&s->super,
	    memory_order_acquire);

	if (super == NULL)
		return false;
	*stripe = qt__stripe_take(super->stripes);
	if (atomic_load(&s->super) == super && super->epoch ==
	    atomic_load_explicit(&s->ctl->epoch, memory_order_acquire))
		return true;
	qt__super_release(*stripe);
	return false;
}

static inline int
qt__super_get(struct qt_store *s, struct qt__stripe **stripe,
    struct qt_err *err)
{
	return qt__super_try(s, stripe) ? 0 :
	    qt__super_get_slowly(s, stripe, err);
}
/*
 * A file that super names is not there. 0: the store has moved on, and there is
 * a newer super to be asked; else an error, with why.
 */
int	qt__super_moved(struct qt_store *s, const struct qt__super *super,
	    struct qt_err *err);
/* Its manifest, loaded when it is not. */
int	qt__super_manifest(struct qt_store *s, struct qt__super *super,
	    const struct qt__manifest **out, struct qt_err *err);
/* The open slice of index i; stays open as long as the super. */
int	qt__super_run(struct qt_store *s, struct qt__super *super, uint32_t i,
	    struct qt__run **out, struct qt_err *err);
/* The first one, of memtables (oldest first) that only this handle has. */
void	qt__super_adopt(struct qt_store *s, struct qt__mem **mems,
	    uint32_t count);
void	qt__super_clear(struct qt_store *s);	/* all of them, on closing */

/*
 * The newest entry of key at most max_version, deleted or not: 1, 0, negative;
 * -ENOENT: a file is gone, get a new super. *own as for qt__run_get().
 */
int	qt__lookup(struct qt_store *s, struct qt__super *super,
	    struct qt__entry *e, void **own, const void *key, size_t len,
	    uint64_t max_version, struct qt_err *err);

/*
 * A cursor over the records of a memtable of offsets less than upto, in order.
 * They are put in order for everybody, if this process is a user, and where
 * nobody holds that up.
 */
int	qt__store_order(struct qt_store *s, struct qt__mem *m, uint64_t upto,
	    struct qt__cursor **out, struct qt_err *err);

/* WRITE alone; what its last owner left undone is done. */
int	qt__write_take(struct qt_store *s, struct qt_err *err);
void	qt__write_give(struct qt_store *s);
/* And the index whole. *mem: the active one, borrowed. */
int	qt__write_begin(struct qt_store *s, struct qt__stripe **stripe,
	    struct qt__mem **mem, struct qt_err *err);
void	qt__write_end(struct qt_store *s, struct qt__stripe *stripe);
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

/* Returns when durable >= upto. */
int	qt__sync_to(struct qt_store *s, uint64_t upto, struct qt_err *err);

/*
 * Before closing, with QT_STORE_DETACH: true when somebody will make durable
 * what is not yet, and do the maintenance that is due. A process that is forked
 * for it takes the handle's user.
 */
bool	qt__detach(struct qt_store *s);
/* On opening: what a killed one of those has left is ours to sync. */
void	qt__detach_adopt(struct qt_store *s);

/*
 * The store's shared memory, found or made. -EBUSY where it would have to be made
 * and somebody uses the store.
 */
int	qt__memory_open(struct qt_store *s, struct qt_err *err);
/*
 * Makes it from the folder, in place of what there is; with is_private for this
 * handle alone. lock_fd: LOCK, with QT__LOCK_FORMAT; nobody uses the store.
 */
int	qt__recover(struct qt_store *s, int lock_fd, struct qt_err *err);
/*
 * Whether shared memory is of the folder's history: 0, or nobody can tell; 1: it
 * is not, with why in err. -QT_ECORRUPT: a log is gone that had been durable.
 */
int	qt__lineage_check(struct qt_store *s, struct qt_err *err);

/*
 * MAINTAIN, with s->now loaded and what a dead one saved published. deadline_ms
 * 0: -EBUSY when somebody else has it.
 */
int	qt__maintain_begin(struct qt_store *s, uint64_t deadline_ms,
	    struct qt_err *err);
void	qt__maintain_end(struct qt_store *s);
/*
 * One step, between the two; *to is published. 1: something was done, 0:
 * nothing is due.
 */
int	qt__maintain_flush(struct qt_store *s, struct qt_err *err);
int	qt__maintain_merge(struct qt_store *s, uint64_t whole,
	    struct qt_err *err);
/* Lets readers see a manifest that was saved, which is taken over: s->now. */
int	qt__maintain_publish(struct qt_store *s, struct qt__manifest *to,
	    struct qt_err *err);
/* The same under WRITE; m stays the caller's. */
void	qt__maintain_tell(struct qt_store *s, const struct qt__manifest *m);
/* Under WRITE: what CURRENT names, where a dead maintainer did not come to it. */
int	qt__maintain_catch_up(struct qt_store *s, struct qt_err *err);
/* For a writer whose qt__rotate() had -EAGAIN. */
int	qt__maintain_make_room(struct qt_store *s, struct qt_err *err);
/* Flushes what is frozen, merges what is late; begins no step after budget_ms. */
void	qt__maintain_overdue(struct qt_store *s, uint32_t budget_ms);
/*
 * Between begin and end: all that is in memtables now is in runs then, except
 * for what is written meanwhile.
 */
int	qt__maintain_flush_all(struct qt_store *s, struct qt_err *err);
/* A copy that shares what it can, of s->now, at dest. MAINTAIN. */
int	qt__checkpoint_copy(struct qt_store *s, const char *dest,
	    struct qt_err *err);

/*
 * Removes what no live reader needs: logs, segments, runs, manifests. MAINTAIN,
 * behind a publish.
 */
int	qt__collect(struct qt_store *s, struct qt_err *err);
/* Those of our segments that others could not unlink. */
void	qt__collect_strays(struct qt_store *s);
/* The least manifest that a live slot names; UINT64_MAX: none. */
uint64_t qt__collect_oldest(struct qt_store *s);

/* Starts the thread, when this handle may have one and has none. */
void	qt__worker_start(struct qt_store *s);
void	qt__worker_stop(struct qt_store *s);
void	qt__worker_forget(struct qt_store *s);	/* in a fork child */
/* Something has changed: wakes the workers of all processes. */
void	qt__worker_wake(struct qt__ctl *ctl, bool is_due);

#endif /* QT_STORE_STORE_PRIV_H */
