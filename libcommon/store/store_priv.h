/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_STORE_PRIV_H
#define QT_STORE_STORE_PRIV_H
/*
 * An open store, and what its parts are. What one is to the others is in a header
 * of its name: super_priv.h says what readers see, and so on.
 *
 *	open.c    opens, closes     recover.c  makes shared memory from the logs
 *	open_memory.c  finds it     lineage.c  is it of this folder's history?
 *	super.c   what readers see  get.c scan.c snap.c
 *	put.c     writes            rotate.c   the next memtable
 *	sync.c    makes durable     maintain.c memtables into runs, compaction
 *	handle.c  cache, user, fork collect.c  what nobody needs goes
 *	checkpoint.c clear.c purge.c stat.c worker.c   does it meanwhile
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

struct qt__open_run;
struct qt__super;
struct qt__worker;

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
	bool			 keeps_no_log;	/* for the next one: MAINTAIN */
	struct qt__manifest	*now;	/* the current one, if loaded: MAINTAIN */
};

/* What this handle may change: 0, -EROFS with why. */
int	qt__store_writable(struct qt_store *s, struct qt_err *err);
uint64_t qt__store_deadline(const struct qt_store *s);
/*
 * How long it is until interval_ms have passed since then, in ms of
 * CLOCK_MONOTONIC. 0: they have, or that is still to come: it is the time of
 * another time namespace.
 */
uint64_t qt__store_left(uint64_t since_ms, uint64_t interval_ms);
/* Wall clock in ms, never less than any that was ever used in this store. */
uint64_t qt__store_now(const struct qt_store *s);
#endif /* QT_STORE_STORE_PRIV_H */
