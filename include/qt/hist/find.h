/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_FIND_H
#define QT_HIST_FIND_H
/*
 * Finding: the commands that a query matches, the best first.
 *
 *	query --> filters --> events that pass --> their commands --.
 *	      '-> terms ------> match of the text ------------------+--> the best
 *	          frecency, this folder, what follows --> prior ----'
 *
 * What matches better comes first. Of equal matches that with the higher prior:
 * how often and how lately it ran (<qt/hist/index.h>), more so in this folder, in
 * this repository, after what ran last in this session.
 *
 * Everything is read from the index; the history on disk is asked for tags only.
 * A finder remembers what passed the filters, so who types on pays for the words
 * alone. It is for one thread at a time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>
#include <qt/hist/index.h>
#include <qt/hist/match.h>
#include <qt/hist/query.h>

/* Of whose commands, without the query having to say so. */
enum qt_hist_scope {
	QT_HIST_EVERYWHERE, QT_HIST_THIS_HOST, QT_HIST_THIS_SESSION,
	QT_HIST_THIS_FOLDER, QT_HIST_THIS_REPOSITORY,
	QT_HIST_SCOPES
};
/* "all", "host", "session", "folder", "repository" */
const char *qt_hist_scope_name(enum qt_hist_scope scope);

enum qt_hist_order {
	QT_HIST_AUTO,		/* the best; of a query without words, the latest */
	QT_HIST_BEST,
	QT_HIST_LATEST
};

struct qt_hist_found {
	uint32_t	command;	/* of the index */
	uint32_t	event;		/* its last run that passes the filters */
	uint32_t	match;		/* how well the text matches; >= 1 */
	uint32_t	prior;		/* the other reasons: see below */
};

struct qt_hist_finding {
	/* What is asked. */
	const char		*query;
	size_t			 len;
	enum qt_hist_scope	 scope;
	enum qt_hist_order	 order;
	struct qt_hist_found	*found;		/* the caller's, of max */
	uint32_t		 max;
	bool			 is_typing;	/* see struct qt_hist_here */
	/* Asked now and then; true: no longer wanted. NULL: it is. */
	bool			(*is_over)(void *arg);
	void			*arg;
	/* What is answered. */
	uint32_t		 count;		/* of found, the best first */
	uint64_t		 matched;	/* of all commands */
	uint64_t		 gave_up;	/* a pattern took too long */
	struct qt_hist_mistake	 mistake;	/* with -EINVAL and -E2BIG */
};

struct qt_hist_find;

/*
 * A finder in ix, which has to outlive it, for who is here (copied; NULL in it:
 * not known). db (may be NULL) is asked for tags. 0 or -ENOMEM. NULL is fine for
 * free.
 */
int	qt_hist_find_new(struct qt_hist_find **out, struct qt_hist_index *ix,
	    struct qt_hist_db *db, const struct qt_hist_here *here,
	    struct qt_err *err);
void	qt_hist_find_free(struct qt_hist_find *f);

/*
 * 0, also when there is none; -EINVAL or -E2BIG: the query does not parse,
 * *mistake says where; -ECANCELED: is_over said so; -ENOMEM; the store's errors
 * for tags.
 */
int	qt_hist_find(struct qt_hist_find *f, struct qt_hist_finding *what,
	    struct qt_err *err);

/* Where the last query's words are in a command's text: bytes, ascending. */
void	qt_hist_find_positions(struct qt_hist_find *f, uint32_t command,
	    struct qt_hist_positions *out);

/* Why it is where it is: the parts of the prior, in 2^20ths, as index.h's score:
   each 2^20 counts as much as two weeks. */
struct qt_hist_reasons {
	uint32_t	frecency, folder, repository, follows;
	uint32_t	runs, runs_folder, runs_repository, runs_follows;
	uint32_t	successes;
};
void	qt_hist_find_reasons(const struct qt_hist_find *f, uint32_t command,
	    struct qt_hist_reasons *out);

/*
 * All that the index knows of an event; borrowed from it. id is the lower half
 * only, and there are no statuses of a pipeline. false: it is not in the ring.
 */
bool	qt_hist_find_event(const struct qt_hist_find *f, uint32_t number,
	    struct qt_hist_event *out);

#endif /* QT_HIST_FIND_H */
