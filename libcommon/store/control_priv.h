/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_CONTROL_PRIV_H
#define QT_STORE_CONTROL_PRIV_H
/*
 * The control segment of a store (kind "store"): what its users agree on while
 * the machine runs. It can be made again from the folder at any time nobody
 * uses the store, and is, after a reboot: recover.c.
 *
 * Where the data is, struct qt__where:
 *
 *	memtables first_wal .. active	(segments NAME-NUMBER)
 *	manifest			(manifest/NUMBER)
 *
 * changes at once and as a whole: there are two of it, and epoch says which one
 * counts. Who changes it, under WRITE, fills the other one and increments epoch.
 * Killed before: nothing has changed.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <qt/base/hash.h>
#include <qt/shm/segment.h>

#include "format_priv.h"
#include "gather_priv.h"
#include "lock_priv.h"

#define QT__MEMS_MAX	16u		/* memtables at once, one active */
#define QT__SLOTS	2048u

/* Who must find its files: a snapshot or scan. See pin_priv.h. */
struct qt__slot {
	_Atomic uint32_t owner;		/* a user's id; 0: free */
	_Atomic uint32_t pid;		/* for people */
	_Atomic uint64_t version;	/* 0: not said yet, so everything */
	_Atomic uint64_t manifest;
	_Atomic uint64_t since_ms;	/* CLOCK_MONOTONIC, for people */
};

struct qt__where {
	uint64_t	first_wal, active, manifest;
	uint32_t	sum;		/* of that manifest: its crc */
};

enum qt__count {
	QT__PUTS, QT__DELS, QT__GETS, QT__SCANS, QT__SYNCS, QT__SYNCED_BYTES,
	QT__FLUSHES, QT__COMPACTIONS, QT__WRITTEN_BYTES, QT__STALLS,
	QT__CACHE_HITS, QT__CACHE_MISSES,
	QT__COUNT_
};

struct qt__ctl {
	uint8_t		id[16];		/* of the store */
	struct qt_hash_key key;		/* of the memtables' hash */
	uint8_t		stamp[QT__STAMP_SIZE];
	uint64_t	pad0[2];

	struct qt__lock	write, sync, maintain;

	_Atomic uint64_t epoch;
	struct {
		_Atomic uint64_t first_wal, active, manifest, sum;
	}		where[2];
	_Atomic uint32_t due;		/* maintenance is: a hint */
	_Atomic uint32_t is_behind;	/* too many runs: writers wait */

	_Atomic uint64_t durable;	/* a version */
	_Atomic uint32_t round;		/* futex: a sync has ended */
	_Atomic uint32_t sleepers;	/* in round */
	_Atomic uint32_t poison;	/* errno of the disk's failure, or 0 */
	_Atomic uint32_t slot_high;	/* slots ever used */
	_Atomic uint64_t clock_ms;	/* the highest time; never goes back */
	_Atomic uint64_t big_swept;	/* files of big/ before it were looked
					   at, see big_collect.c */
	_Atomic uint64_t synced_ms;	/* CLOCK_MONOTONIC of the last sync */
	_Atomic uint64_t next_big;	/* number of the next file in big/ */
	_Atomic uint32_t syncer;	/* user id of who will sync later: detach.c */
	_Atomic uint32_t is_unsettled;	/* what CURRENT names is not sure, see
					   qt__manifest_settle() */
	_Atomic uint64_t frozen_ms;	/* when the active memtable was begun */
	_Atomic uint64_t reclaimed;	/* segments before it are unlinked */
	_Atomic uint32_t has_garbage;	/* files to be removed, maybe */
	_Atomic uint32_t bell;		/* futex of the workers */
	_Atomic uint64_t sync_by_ms;	/* when it will: CLOCK_MONOTONIC */
	_Atomic uint32_t hurry;		/* futex: it shall do it now, and end */
	_Atomic uint32_t rescuer;	/* user id: replaces a log's file */
	_Atomic uint32_t has_deposed;	/* a leader: logs go to new files first */
	_Atomic uint32_t is_gone;	/* LOCK is another's: nobody writes here */
	_Atomic uint32_t meetings;	/* qt__ctl_meet() */
	_Atomic uint32_t has_strays;	/* segments that nobody needs, and only
					   their owners may unlink */

	struct qt__gather gather;

	_Atomic uint64_t counts[QT__COUNT_];
	struct qt__slot	slots[QT__SLOTS];
};

/*
 * Of two who each store something, come here, and then look at what the other
 * one stores, one at least sees it: a read-modify-write of one word puts them in
 * order, and who comes second sees all that the first one stored before. A full
 * fence would do as well, but ThreadSanitizer does not know what it orders.
 */
static inline void
qt__ctl_meet(struct qt__ctl *ctl)
{
	atomic_fetch_add(&ctl->meetings, 1);
}

static inline void
qt__count(struct qt__ctl *ctl, enum qt__count which, uint64_t n)
{
	atomic_fetch_add_explicit(&ctl->counts[which], n,
	    memory_order_relaxed);
}

/* Wait-free but for changes. The epoch of what is in *out. */
uint64_t qt__where_get(const struct qt__ctl *ctl, struct qt__where *out);
/* WRITE, or before anybody else sees ctl. */
void	qt__where_set(struct qt__ctl *ctl, const struct qt__where *where);

/*
 * The segments' names: "/qt-store-" and 16 hex digits, "-NUMBER". The digits are
 * a hash of the id and of LOCK's device, inode and time of birth, so a folder
 * that was copied with cp(1) has another one.
 */
#define QT__SEG_NAME_SIZE 64
int	qt__control_name(char out[QT__SEG_NAME_SIZE], int dirfd,
	    const uint8_t id[16]);
void	qt__mem_name(char out[QT__SEG_NAME_SIZE], const char *control,
	    uint64_t number);

/* Unlinks the segments of memtables that are there; and with all, control, whose
 * readers are told. */
int	qt__control_forget(const char *name, bool all);
/*
 * Gives back the memory of those that could not be unlinked, as they are another
 * user's: who still reads them sees zeros.
 */
int	qt__control_empty(const char *name);
/* Unlinks those before number first. 1: some are others' to unlink; 0. */
int	qt__control_forget_old(const char *name, uint64_t first);

/* Opens one that is there. -ENOENT; -QT_EFORMAT when it is of another store. */
int	qt__control_open(struct qt_seg **seg, struct qt__ctl **out,
	    const char *name, const uint8_t id[16], bool is_rdonly,
	    struct qt_err *err);
/*
 * Makes it; fill() puts in what it says before anybody can find it: a segment
 * without its entry is one whose maker died, and -ENOENT for qt__control_open().
 * Only under QT__LOCK_FORMAT: one of a dead maker is replaced. name NULL: for
 * this process alone.
 */
int	qt__control_create(struct qt_seg **seg, struct qt__ctl **out,
	    const char *name, mode_t mode, gid_t group,
	    void (*fill)(struct qt__ctl *ctl, void *arg), void *arg,
	    struct qt_err *err);

/* Who syncs later (detach.c) shall do it now, and end. */
void	qt__detach_hurry(struct qt__ctl *ctl);
/* The same, and waits until it has, so long; lock: a descriptor of LOCK. */
void	qt__detach_end(struct qt__ctl *ctl, int lock, uint64_t timeout_ms);
/* The same of a store that is not open here; nothing where it has no memory. */
void	qt__control_end_syncer(int dirfd, int lock,
	    const struct qt__format *f);
/*
 * Whether somebody uses the store, here or elsewhere, and stays: who is there
 * only to sync later ends soon, and lets go of ctl->syncer before. So who is
 * there is waited for, a second or the timeout at most. 1, 0, negative.
 */
int	qt__control_is_used(int lock, uint64_t timeout_ms);

#endif /* QT_STORE_CONTROL_PRIV_H */
