/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_LOAD_H
#define QT_HIST_LOAD_H
/*
 * Others' histories into ours, each event once, however often it is imported.
 *
 *	qt_hist_import_next() | without secrets, as db's redactor has it |
 *	is it there? | batches --> qt_hist_db_add()
 *
 * An event is there already
 *	- when as many of the same command, time and context (host, user, shell,
 *	  session) are there as there were in what was read up to it;
 *	- when the same command ran within a second of its time elsewhere: the
 *	  shell's hook saw it, or another tool did;
 *	- without a time, when as many of the same command without a time are
 *	  there as there were in what was read up to it.
 *
 * Killed anywhere: whole batches are there, and importing it again adds the
 * rest.
 */
#include <qt/hist/import.h>

struct qt_hist_loaded {
	uint64_t	read;		/* events */
	uint64_t	added;		/* that were not there */
	uint64_t	bad;		/* lines, or rows, that could not be read */
	uint64_t	erased;		/* not added: they were erased before */
	uint64_t	secret;		/* not added: the redactor drops it, or it is
					   a qt-hist delete */
};

struct qt_hist_load_options {
	/* Of events that do not say it; NULL: not known. */
	const char	*host, *user;
	/* Told what could not be read; may be NULL. */
	void		(*tell)(void *arg, const char *what);
	/* Told how far it is after each batch, and at the end; may be NULL. */
	void		(*progress)(void *arg, uint64_t done, uint64_t all,
			    const struct qt_hist_loaded *so_far);
	void		*arg;
};

/* What went well counts in *out, also on failure. Durable when it returns. */
int	qt_hist_load(struct qt_hist_db *db, struct qt_hist_import *from,
	    const struct qt_hist_load_options *options,
	    struct qt_hist_loaded *out, struct qt_err *err);

#endif /* QT_HIST_LOAD_H */
