/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_STORE_H
#define QT_STORE_STORE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <qt/base/err.h>

/*
 * A store: a durable, ordered map from bytes to bytes, in one folder, that any
 * number of processes open, read and write at once, without a daemon. It is a
 * log-structured merge tree (P. O'Neil, E. Cheng, D. Gawlick, E. O'Neil, Acta
 * Informatica 33, 1996). The format is qt-store(5).
 *
 *	put --> WAL image in shared memory (the memtable) --> index --> visible
 *	             |                        |
 *	             | one of the waiting     | when full, by whoever comes by
 *	             v writers, for all       v
 *	        wal/N.wal, fdatasync     run/N.run, sorted --> compaction
 *	             |
 *	             '--> durable
 *
 * Whatever process is killed, wherever: the others go on, and what was
 * acknowledged stays. What a mode promises about power failures:
 *
 *	sync	an operation returns when it is durable
 *	async	when it is visible; durable within the sync interval while a
 *		process has the store open, at the latest when it closes it
 *	hybrid	as sync for the keys and tags that the settings name, and for
 *		operations that ask for it; else as async
 *	memory	visible; durable only by qt_store_sync(), SYNC_NOW and
 *		qt_store_checkpoint(), or when a memtable is full
 *
 * Versions: each record has a version, a 64-bit number, greater than that of
 * every record that was written before: its position in the log. Deleting
 * writes a record, too. A snapshot is such a number.
 *
 * Time does not go back in a store: what has expired stays so when the machine's
 * clock is set back. So after a clock that was far ahead for a while, all that
 * expires before the time that it showed has expired, also what is put later,
 * until the clock is there. Keys that do not expire are not concerned. A copy by
 * qt_store_salvage() goes by the clock of now, and has what is left of the others.
 *
 * A process that is stopped (by SIGSTOP, a debugger, a frozen container) while it
 * writes to the disk for all is passed by after a second, or ten. While it holds
 * the lock for writing, which takes microseconds, or that for maintenance, others
 * who want it wait for the lock timeout and get -ETIMEDOUT with its process id:
 * it can be continued, or killed, which harms nobody; the next one puts right what
 * it left. Readers wait for nobody.
 *
 * Calls on one handle are safe from several threads; calls on one scan, batch,
 * value or snapshot are not. A fork child may use its parent's handle: it
 * becomes a user of its own with the first call that needs it. Scans and
 * snapshots stay the parent's.
 *
 * Errors: -errno, or -QT_E...: -QT_EFORMAT not a store, -QT_EVERSION a newer
 * format, -QT_ECORRUPT damage (which, and where, in err), -EROFS read-only or
 * poisoned by an error of the disk, -ETIMEDOUT a lock was not to be had within
 * the lock timeout (who has it, in err), -QT_EGONE its shared memory was removed
 * or is another's: open it again, -ENOSPC, -EIO, -EMSGSIZE a key or a value over
 * the limit.
 */
struct qt_store;

#define QT_STORE_KEY_MAX	65536u			/* bytes; at least 1 */
#define QT_STORE_VALUE_MAX	(UINT32_C(1) << 30)	/* bytes */
#define QT_STORE_PATH_SIZE	1024

enum qt_store_mode {
	QT_STORE_SYNC, QT_STORE_ASYNC, QT_STORE_HYBRID, QT_STORE_MEMORY
};

/* What a store is set to; kept in its FORMAT file. */
struct qt_store_settings {
	enum qt_store_mode mode;
	char		wal_path[QT_STORE_PATH_SIZE];	/* "": in the store */
	uint32_t	sync_interval_ms;	/* async */
	uint32_t	checkpoint_interval_ms;	/* 0: when the memtable is full */
	uint64_t	wal_max;	/* bytes of log not yet in runs, of 15
					   memtables at most */
	uint32_t	level;		/* zlib, 0 (none) to 9, of runs' blocks */
	uint32_t	checksums;	/* of runs' blocks, verified when read */
	uint32_t	recover;	/* 0: a log that has records is not
					   replayed: opening fails, -ECANCELED */
	uint32_t	max_ops;	/* writers at once, of all processes */
	uint32_t	lock_timeout_ms;
	uint64_t	memtable_size;	/* bytes; wal_max / 2 if that is less */
	uint64_t	cache_size;	/* bytes, of decompressed blocks */
	/* hybrid: what is written as sync */
	char		sync_prefix[256];	/* keys that begin so; "": none */
	uint32_t	sync_tags;	/* bit n: records with tag n, n < 32 */
};
/* The defaults. */
void	qt_store_settings_init(struct qt_store_settings *s);
/*
 * One setting by its name and the text of its value, as in "memtable-size",
 * "64M". -ENOENT no such setting, -EINVAL not a value for it, with what is in
 * err.
 */
int	qt_store_settings_set(struct qt_store_settings *s, const char *name,
	    const char *value, struct qt_err *err);
/*
 * Iterates over all settings: *cursor from 0. 1 with a name, which is a
 * constant, and the value as text; 0 at the end.
 */
int	qt_store_settings_next(const struct qt_store_settings *s,
	    uint32_t *cursor, const char **name, char *value, size_t size);

/* Makes an empty store, a folder that is not there yet or is empty. -EEXIST. */
int	qt_store_init(const char *path, const struct qt_store_settings *s,
	    struct qt_err *err);
/* Reads, and replaces, what a store is set to; open handles keep what they had
 * until they are opened again. */
int	qt_store_settings_load(const char *path, struct qt_store_settings *s,
	    struct qt_err *err);
int	qt_store_settings_save(const char *path,
	    const struct qt_store_settings *s, struct qt_err *err);

/*
 * Removes a store: its folder (a symbolic link to it stays), its logs, and what
 * is of it in shared memory. It is gone at once or not at all. -EBUSY while
 * somebody writes to it; who reads it may see errors. -ENOTEMPTY, and nothing is
 * removed, where something is in its folder that is not the store's.
 */
int	qt_store_remove(const char *path, struct qt_err *err);

#define QT_STORE_RDONLY		1u	/* changes nothing, not even by recovery */
#define QT_STORE_NO_THREADS	2u	/* for who stays for one operation */
/*
 * For a command that opens, puts, closes and ends, with NO_THREADS: closing
 * does not wait for the disk. When something is not durable, and no such
 * process is there yet, it forks one, which waits until the sync interval is
 * over, syncs, does what maintenance is due and ends; so a power failure loses
 * the last interval at most. It is in a session of its own, with nothing of the
 * caller's open, and is nobody's to wait for. SIGTERM makes it sync at once.
 * Killed, the next open does its work when it closes, or leaves another one.
 */
#define QT_STORE_DETACH		4u

struct qt_store_options {
	unsigned int	flags;
	/* For this handle in place of the store's settings; NULL: as set. */
	const struct qt_store_settings *settings;
	/* Told what opening put right, such as a torn end of a log; or NULL. */
	void	(*tell)(void *arg, const char *what);
	void	*tell_arg;
};

/*
 * *out is the caller's, to be closed; NULL on failure. options may be NULL, and
 * are copied. -ENOENT no such folder, also where the store was removed while it
 * was opened, -QT_EFORMAT no store in it, -EINVAL
 * settings out of bounds, -EBUSY its users' shared memory is not to be seen from
 * here (another container, another host, another user), -EACCES.
 */
int	qt_store_open(const char *path, const struct qt_store_options *options,
	    struct qt_store **out, struct qt_err *err);
/*
 * What this handle wrote asynchronously is synced first; where it had a thread,
 * what maintenance is overdue is done, for a second or so. The handle is gone,
 * also when syncing failed. Clear its values, and close its snapshots and scans,
 * before; no other call on it may be under way. NULL is fine.
 */
int	qt_store_close(struct qt_store *store, struct qt_err *err);

#define QT_STORE_IF_ABSENT	1u	/* -EEXIST when the key is there */
#define QT_STORE_IF_VERSION	2u	/* -ESTALE when its version is another */
#define QT_STORE_DEL		4u	/* delete it; -ENOENT when it is not there */
#define QT_STORE_SYNC_NOW	8u	/* returns when durable, in every mode */
#define QT_STORE_ASYNC_NOW	16u	/* returns when visible, in every mode */

struct qt_store_put {
	const void	*key;
	size_t		 key_len;
	const void	*value;
	size_t		 value_len;
	uint64_t	 expires_ms;	/* since 1970; 0: never */
	uint64_t	 if_version;	/* 0: the key is not there */
	unsigned int	 flags;
	uint8_t		 tag;		/* the caller's; kept with the value */
};

/*
 * Writes one record, or all of several at once: nobody sees some of them only,
 * nor does a crash leave some only. -E2BIG for more than fit into a memtable.
 * With conditions, all must hold, and are about what was there before the call;
 * the error is that of the first that does not hold, and its index is in *which
 * (may be NULL). SYNC_NOW in one of them is for all. *version (may be NULL) is
 * that of the last. Keys and values are borrowed until it returns.
 * -EIO and -EROFS may mean that the records are visible and the disk has failed:
 * they are not durable.
 */
int	qt_store_put(struct qt_store *store, uint64_t *version,
	    const struct qt_store_put *put, struct qt_err *err);
int	qt_store_put_many(struct qt_store *store, uint64_t *version,
	    size_t *which, const struct qt_store_put *puts, size_t count,
	    struct qt_err *err);
/*
 * Makes everything that is visible up to version durable; 0: everything. Where
 * another process does it already, waits for it.
 */
int	qt_store_sync(struct qt_store *store, uint64_t version,
	    struct qt_err *err);
/* Everything up to this version is durable. */
uint64_t qt_store_durable(const struct qt_store *store);

/* A value, read in place: borrowed until qt_store_value_clear(). */
struct qt_store_value {
	const void	*data;
	size_t		 len;
	uint64_t	 version, expires_ms;
	uint8_t		 tag;
	uint8_t		 is_mapped_;	/* the store's: what own_ is */
	void		*hold_;		/* the store's: what keeps it there */
	void		*own_;		/* the store's: memory to be given back */
};
#define QT_STORE_VALUE_INIT { NULL, 0, 0, 0, 0, 0, NULL, NULL }
void	qt_store_value_clear(struct qt_store_value *value);

struct qt_store_snap;

/*
 * The newest value of a key, or, with a snap, the newest that it sees. -ENOENT
 * when there is none, and *out is empty then. *out is overwritten, so clear it
 * between two gets. Any thread may clear it, before the store is closed.
 */
int	qt_store_get(struct qt_store *store, const struct qt_store_snap *snap,
	    struct qt_store_value *out, const void *key, size_t key_len,
	    struct qt_err *err);

/*
 * Whether the key is there: 0, or -ENOENT. As get, but its value is not looked
 * at, which may have to be read and inflated.
 */
int	qt_store_has(struct qt_store *store, const struct qt_store_snap *snap,
	    const void *key, size_t key_len, struct qt_err *err);

/*
 * A moment of the store, seen unchanged until it is closed, whatever is
 * written, compacted, cleared or expires meanwhile. Held by a slot that other
 * processes see: files that it needs stay. Values and scans that were got from
 * it may be used when it is closed. A handle that is open for reading only has
 * no slot, but opens all files at once; of values that have a file of their own
 * it may then get -ESTALE. -QT_EFULL when too many are held. NULL is fine for
 * close.
 */
int	qt_store_snap_open(struct qt_store *store, struct qt_store_snap **out,
	    struct qt_err *err);
/* The greatest version that it may see. */
uint64_t qt_store_snap_version(const struct qt_store_snap *snap);
void	qt_store_snap_close(struct qt_store_snap *snap);

/* Keys of [from, to), or that begin with prefix; NULL: without a bound. */
struct qt_store_range {
	const void	*from, *to, *prefix;
	size_t		 from_len, to_len, prefix_len;
	int		 is_reverse;
	int		 is_keys_only;	/* values, which may be large or have
					   to be inflated, are not looked at:
					   NULL, 0 */
};
struct qt_store_item {
	const void	*key, *value;	/* borrowed until the next call */
	size_t		 key_len, value_len;
	uint64_t	 version, expires_ms;
	uint8_t		 tag;
};
struct qt_store_scan;

/*
 * snap NULL: of the moment of this call, held by a slot as a snapshot is. The
 * range's bytes are copied; a range of zeros is all. *out is NULL on failure.
 */
int	qt_store_scan_open(struct qt_store *store,
	    const struct qt_store_snap *snap, const struct qt_store_range *range,
	    struct qt_store_scan **out, struct qt_err *err);
/* 1 with an item, 0 at the end, negative. */
int	qt_store_scan_next(struct qt_store_scan *scan,
	    struct qt_store_item *item, struct qt_err *err);
void	qt_store_scan_close(struct qt_store_scan *scan);

/* Removes all keys, at once; durable when it returns. */
int	qt_store_clear(struct qt_store *store, struct qt_err *err);
/*
 * Moves all that is in memtables into runs, durable. With a dest, a folder that
 * is not there yet or is empty (else -EEXIST), makes a store of it that holds the
 * same, by hard links where it can.
 */
int	qt_store_checkpoint(struct qt_store *store, const char *dest,
	    struct qt_err *err);
/* Merges all runs into one, without what was overwritten or has expired. */
int	qt_store_compact(struct qt_store *store, struct qt_err *err);
/*
 * As compact; and then what was deleted or overwritten before the call is in no
 * file and no shared memory of the store any more: no log is kept for later, and
 * none goes on that was used before. 1: but for files that somebody has open
 * (a scan, a snapshot), which go with the next maintenance or collect() after
 * that; 0: all is gone. What a disk keeps of files that were removed is not its
 * matter. Deleted keys are purged as values are.
 */
int	qt_store_purge(struct qt_store *store, struct qt_err *err);
/* Removes files that nobody needs any more. 1: some are in use yet; 0. */
int	qt_store_collect(struct qt_store *store, struct qt_err *err);
/*
 * Does what is due (memtables into runs, compaction, files that nobody needs)
 * in bounded steps until nothing is, or budget_ms have passed. 1 when more is
 * due, 0, or negative. Somebody else at it: 0.
 */
int	qt_store_maintain(struct qt_store *store, uint32_t budget_ms,
	    struct qt_err *err);

struct qt_store_stat {
	uint64_t	version, durable;	/* the greatest of each */
	uint64_t	memtables, memtable_bytes, memtable_records;
	uint64_t	runs, slices, run_bytes, run_records;	/* dels, too */
	uint64_t	disk_bytes;	/* of all its files */
	/* By all processes since the shared memory was made; gets, and the
	   cache's, as far as processes have added theirs. */
	uint64_t	puts, gets, dels, scans, syncs, synced_bytes;
	uint64_t	flushes, compactions, written_bytes, stalls;
	uint64_t	cache_hits, cache_misses;
	uint64_t	snapshots, writers;	/* now */
	uint64_t	poisoned;	/* errno, or 0 */
	uint64_t	manifest;
	char		id[33];
};
int	qt_store_stat(struct qt_store *store, struct qt_store_stat *out,
	    struct qt_err *err);

/*
 * Reads all files of a store that may be in use or damaged, and compares what
 * can be compared. Each damage is told with the file and the position. Returns
 * how many, 0 for none, or negative when it cannot be looked at. What begins
 * with "note: " is told besides and is no damage: a file that nothing names, a
 * torn end of a log.
 */
int	qt_store_verify(const char *path,
	    void (*tell)(void *arg, const char *what), void *arg,
	    struct qt_err *err);
/*
 * Copies what is sound of a damaged store, in use by nobody, into a new one at
 * dest; tells what was lost. *count: records copied.
 */
int	qt_store_salvage(const char *path, const char *dest, uint64_t *count,
	    void (*tell)(void *arg, const char *what), void *arg,
	    struct qt_err *err);

#endif /* QT_STORE_STORE_H */
