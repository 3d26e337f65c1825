/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_INDEX_H
#define QT_HIST_INDEX_H
/*
 * The index: what finding needs of a history, in shared memory, made of the
 * history on disk (<qt/hist/db.h>) and at any time made anew.
 *
 *	ring of events --> commands --> text
 *	   |    |             ^  ^
 *	   v    v             |  '-- tries of commands and of words
 *	context place      hash, Bloom filter
 *
 * There is one segment (<qt/shm/segment.h>) for each history. It gets its name
 * when it is complete; when it is full, damaged, of another layout or lacks what
 * the history has, another one takes its place, and the old one says so.
 *
 * One process at a time may write, which the caller's lock sees to: the one
 * under which spools are taken in. Any number reads meanwhile, without a lock:
 * arrays only grow, and a count says what is complete. What a reader follows is
 * checked, so a segment that is damaged gives wrong answers at worst.
 *
 * A handle is for one thread at a time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>
#include <qt/hist/db.h>

#define QT_HIST_NONE		UINT32_MAX	/* no command, no fact */
#define QT_HIST_RING		(1u << 20)	/* events kept, unless told */
#define QT_HIST_NEXT		4u		/* commands that follow */
#define QT_HIST_COMPLETE_MAX	256u

struct qt_hist_index;

struct qt_hist_index_options {
	uint32_t	ring;	/* a power of 2, from 64 on; 0: QT_HIST_RING */
	uint32_t	commands;	/* room for them at least; 0: 16384 */
};

/*
 * For reading. path is the history's folder, which need not be opened. -ENOENT:
 * there is no index; -QT_ECORRUPT, -QT_EVERSION, -QT_EFORMAT, -QT_EOWNER: none
 * that can be used. In all these cases qt_hist_index_update() makes one.
 */
int	qt_hist_index_open(struct qt_hist_index **out, const char *path,
	    struct qt_err *err);
/*
 * For writing, under the caller's lock: opens the index of db's history, which
 * is that in path, brings it up to date or makes it anew. *ix is NULL, or an
 * index that this function gave, and is replaced by another one when need be;
 * it stays the caller's, also on failure. A batch that was added since
 * costs as much as its events; more than QT_HIST_BATCHES of them, or a process
 * that was killed here, a rebuild. options may be NULL. -ENOSPC and -ENOMEM as
 * the segment's, or the history's errors. -EWOULDBLOCK: something is being erased,
 * which may take seconds; *ix, if any, is as it was.
 */
#define QT_HIST_BATCHES		64u
int	qt_hist_index_update(struct qt_hist_index **ix,
	    struct qt_hist_db *db, const char *path,
	    const struct qt_hist_index_options *options, struct qt_err *err);
/* NULL is fine. What was borrowed from it dies. */
void	qt_hist_index_close(struct qt_hist_index *ix);
/* The index's segment of the history in path is removed, and who reads it told
   that it is outdated. 0, or negative. */
int	qt_hist_index_remove(const char *path);

/* Whether another one takes its place: close it, and open that. */
bool	qt_hist_index_is_outdated(const struct qt_hist_index *ix);
/* Whether it is db's history's, not outdated, and has its last batch: then an
   update would leave it as it is. */
bool	qt_hist_index_is_current(const struct qt_hist_index *ix,
	    struct qt_hist_db *db);
/*
 * The number of the last batch that is in it, and that of the history's last
 * batch. Who reads and finds them different lacks events.
 */
uint64_t qt_hist_index_batch(const struct qt_hist_index *ix);
int	qt_hist_db_batch(struct qt_hist_db *db, uint64_t *out,
	    struct qt_err *err);

/*
 * Events have numbers, from 1 on. What came in since the last update is in the
 * order of time; what comes later has a higher number, though it began before
 * (what ran long), until a rebuild puts all in that order. The ring has the last
 * ones.
 */
#define QT_HIST_TOOK_NONE	UINT32_MAX
struct qt_hist_index_event {
	uint64_t	start_us;
	uint32_t	id;		/* the lower half of its id */
	uint32_t	command, context, place;
	uint32_t	took;		/* see qt_hist_index_took_us() */
	int16_t		status;		/* -1: not known */
	uint16_t	flags;
	/* Numbers of the one before with the same; 0: none. Always less. */
	uint32_t	of_command, of_place, of_session, of_host;
};
/* Up to 2^31 us in us, then in ms. UINT64_MAX: not known. */
static inline uint64_t
qt_hist_index_took_us(uint32_t took)
{
	if (took == QT_HIST_TOOK_NONE)
		return UINT64_MAX;
	return took >> 31 == 0 ? took : (uint64_t)(took & INT32_MAX) * 1000;
}
/* The number of the last one; 0: there is none. And of the first in the ring. */
uint32_t qt_hist_index_last(const struct qt_hist_index *ix);
uint32_t qt_hist_index_first(const struct qt_hist_index *ix);
/* Copies an event out. false: it is not in the ring, or not any more. */
bool	qt_hist_index_event(const struct qt_hist_index *ix, uint32_t number,
	    struct qt_hist_index_event *out);

/*
 * Distinct commands, as arrays for who looks at all of them: id is an index
 * into each. count, last and score change while one looks. The score is for
 * comparing: each run is worth half of what one two weeks later is; it is the
 * binary logarithm of their sum, in 2^20ths.
 */
#define QT_HIST_HALF_S	1209600u	/* two weeks */
struct qt_hist_index_view {
	uint32_t	 commands;	/* so many */
	const uint64_t	*signature;	/* qt_hist_match_signature() */
	const uint32_t	*text, *len;	/* where in the arena, how long */
	const uint32_t	*count, *last;	/* runs, number of the last one */
	const uint32_t	*successes, *score;
	const char	*arena;
	size_t		 arena_len;
};
void	qt_hist_index_view(const struct qt_hist_index *ix,
	    struct qt_hist_index_view *out);
/* A command's bytes; none when what the segment says cannot be. */
static inline struct qt_hist_bytes
qt_hist_index_text(const struct qt_hist_index_view *v, uint32_t command)
{
	uint32_t	at, len;

	if (command >= v->commands)
		return (struct qt_hist_bytes){ "", 0 };
	at = v->text[command];
	len = v->len[command];
	if (at > v->arena_len || len > v->arena_len - at)
		return (struct qt_hist_bytes){ "", 0 };
	return (struct qt_hist_bytes){ v->arena + at, len };
}
/* The command of these bytes, or QT_HIST_NONE. */
uint32_t qt_hist_index_find(const struct qt_hist_index *ix, const void *text,
	    size_t len);
/* What followed a command in its session, most often first; how many. */
struct qt_hist_index_next {
	uint32_t	command, count;
};
uint32_t qt_hist_index_next(const struct qt_hist_index *ix, uint32_t command,
	    struct qt_hist_index_next out[QT_HIST_NEXT]);

/*
 * Contexts, places and hosts are facts, with ids of their own. next: the first
 * fact of a kind behind id (QT_HIST_NONE: of all); QT_HIST_NONE at the end.
 */
enum qt_hist_fact {
	QT_HIST_FACT_CONTEXT = 1, QT_HIST_FACT_PLACE, QT_HIST_FACT_HOST
};
uint32_t qt_hist_index_fact_next(const struct qt_hist_index *ix,
	    enum qt_hist_fact kind, uint32_t id);
/*
 * Fills in e's fields that the fact has (a host's is host), and *last (may be
 * NULL), the number of the last event with it. false: it is no such fact.
 */
bool	qt_hist_index_fact(const struct qt_hist_index *ix,
	    enum qt_hist_fact kind, uint32_t id, struct qt_hist_event *e,
	    uint32_t *last);

/*
 * The k commands, or words, with the best score that begin with prefix, the
 * best first; k is at most QT_HIST_COMPLETE_MAX. Returns how many. Takes time
 * for the prefix and for k, not for how much there is. A word is of commands,
 * between blanks, of 3 to 128 bytes; its score is that of command, the best one
 * that has it.
 */
enum qt_hist_complete {
	QT_HIST_COMMANDS, QT_HIST_WORDS
};
struct qt_hist_completion {
	struct qt_hist_bytes	text;	/* borrowed from the index */
	uint32_t		command, score;
};
uint32_t qt_hist_index_complete(const struct qt_hist_index *ix,
	    enum qt_hist_complete of, const void *prefix, size_t len,
	    struct qt_hist_completion *out, uint32_t k);

struct qt_hist_index_stat {
	uint64_t	used, size;	/* bytes: of memory, of addresses */
	uint32_t	events, commands, words, facts, nodes;
	uint64_t	text;		/* bytes */
	bool		was_built;	/* by this handle's last update */
};
void	qt_hist_index_stat(const struct qt_hist_index *ix,
	    struct qt_hist_index_stat *out);

#endif /* QT_HIST_INDEX_H */
