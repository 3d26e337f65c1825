/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_DB_H
#define QT_HIST_DB_H
/*
 * The history on disk: a store (<qt/store/store.h>) of events, and of what many
 * events have in common, each under its hash.
 *
 *	key			value
 *	e start(8) id(8)	an event, see libcommon/hist/event_priv.h
 *	c hash(16)		a command's bytes
 *	x hash(16)		a context: host user tty shell session QT_SESSION
 *	l hash(16)		a place: folder, root of its repository
 *	g start(8) id(8)	an event's tags, see <qt/hist/tag.h>
 *	o name			of a spool: how far it was taken in
 *	j, j slot		the last batches, see libcommon/hist/journal_priv.h
 *	k			32 random bytes, the key of all hashes
 *	k hash(16)		of what was erased: nothing
 *	d			how often something was erased, 8
 *	p			something is being erased, erase.h
 *
 * start is microseconds since 1970, the highest byte first, so events lie in the
 * order of time; 0 where it is not known, and then id counts up in the order in
 * which they were imported. Otherwise id is the hash of the session and of the
 * command's number in it: who writes an event again replaces it, so whatever is
 * taken in twice, after a death say, is there once.
 *
 * Hashes are BLAKE2b of 16 bytes (RFC 7693; libsodium's crypto_generichash),
 * keyed, so one that is seen elsewhere does not tell what the command was.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>
#include <qt/hist/spool.h>

#define QT_HIST_RUNNING		1u	/* or nobody saw it end */
#define QT_HIST_REDACTED	2u
#define QT_HIST_IMPORTED	4u

/* A command that was run. All bytes are borrowed. */
struct qt_hist_event {
	uint64_t	id;
	uint64_t	start_us;	/* since 1970; 0: not known */
	uint64_t	took_us;	/* UINT64_MAX: not known */
	int32_t		status;		/* -1: not known */
	uint32_t	pipe_count;
	int32_t		pipe[QT_HIST_PIPE_MAX];
	uint32_t	flags;
	struct qt_hist_bytes text, cwd, root;
	struct qt_hist_bytes host, user, tty, shell, session, qt_session;
};

struct qt_hist_db;

/*
 * The history in a folder, which is made when there is none; with is_rdonly,
 * -ENOENT then. One thread at a time may use a handle; any number of processes
 * have one. Errors are qt_store_open()'s. NULL is fine for close, whose error is
 * that of syncing.
 */
int	qt_hist_db_open(struct qt_hist_db **out, const char *path,
	    bool is_rdonly, struct qt_err *err);
int	qt_hist_db_close(struct qt_hist_db *db, struct qt_err *err);

/*
 * What looks for secrets in commands that are taken in from now on; borrowed, as
 * long as db is open. NULL: nothing does. What calls qt_hist_db_add() itself asks
 * qt_hist_redact_event() before.
 */
struct qt_hist_redact;
void	qt_hist_db_set_redact(struct qt_hist_db *db, struct qt_hist_redact *r);

/*
 * What names an event, for people and scripts: its start and its id, 32 lowercase
 * hex digits. parse: 0, or -EINVAL when it is no such text.
 */
#define QT_HIST_NAME	32u
void	qt_hist_name(char out[QT_HIST_NAME + 1], uint64_t start_us,
	    uint64_t id);
int	qt_hist_name_parse(uint64_t *start_us, uint64_t *id,
	    const char *text);

/* The id of a session's command with this number. */
uint64_t qt_hist_db_id(const struct qt_hist_db *db,
	    const struct qt_hist_bytes *session, uint64_t number);

/* How far a spool was taken in: bytes, 0 for one that is new. */
int	qt_hist_db_spool(struct qt_hist_db *db, const char *name,
	    uint64_t *offset, struct qt_err *err);
/*
 * Adds events, or replaces those of the same start and id, all at once, with how
 * far the spool that they come from is taken in then (name NULL: from none;
 * offset 0: the spool is gone). Durable when it returns. Each call that has events
 * is a batch: see qt_hist_db_batch() in <qt/hist/index.h>.
 */
int	qt_hist_db_add(struct qt_hist_db *db, const struct qt_hist_event *events,
	    size_t count, const char *name, uint64_t offset,
	    struct qt_err *err);
/* One event, borrowed until the next call of get() or next(). -ENOENT. */
int	qt_hist_db_get(struct qt_hist_db *db, uint64_t start_us, uint64_t id,
	    struct qt_hist_event *out, struct qt_err *err);

/* Events of [from, to) in the order of time, or the other way round. */
struct qt_hist_scan;
int	qt_hist_scan_open(struct qt_hist_db *db, uint64_t from_us,
	    uint64_t to_us, bool is_reverse, struct qt_hist_scan **out,
	    struct qt_err *err);
/* 1 with an event, borrowed until the next call; 0 at the end; negative. */
int	qt_hist_scan_next(struct qt_hist_scan *scan, struct qt_hist_event *out,
	    struct qt_err *err);
void	qt_hist_scan_close(struct qt_hist_scan *scan);

#endif /* QT_HIST_DB_H */
