/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_MAP_ANSWERS_H
#define QT_MAP_ANSWERS_H

#include <stdint.h>

#include <qt/base/buf.h>
#include <qt/base/err.h>
#include <qt/store/store.h>

/*
 * The answers of batch, one for each command, in order:
 *
 *	ok		done, and as durable as the map's mode promises
 *	no		it is not there; a condition does not hold
 *	= VALUE		escaped, in a line; with -0 as it is, or, when a NUL
 *			is in it, "\ " and escaped
 *	error TEXT	not done
 *
 * Puts wait for the disk together: their answers are kept until it has them
 * all. So that it can also be told when it has not, answers are kept as they
 * will be if that goes well, and as they will be if it does not.
 */
struct answers {
	struct qt_buf	good, bad;
	uint64_t	unsynced;	/* the last version not synced, or 0 */
	int		is_grouped;	/* puts are left to answers_flush() */
	int		status;		/* the worst so far */
	char		end;
};

#define ANSWERS_INIT(end) { QT_BUF_INIT, QT_BUF_INIT, 0, 0, 0, end }

void	answer(struct answers *a, const char *text);
/* Of a put, or a delete, that is done, with this version. */
void	answer_put(struct answers *a, uint64_t version);
void	answer_value(struct answers *a, struct qt_store *store,
	    const void *value, size_t len);
/* "error ...", or "no" where rc says that. */
void	answer_error(struct answers *a, int rc, const struct qt_err *err);

/* Syncs what is to be synced, and writes what there is. */
void	answers_flush(struct answers *a, struct qt_store *store);
/* Whether so much is kept that it should be written. */
int	answers_are_many(const struct answers *a);
void	answers_clear(struct answers *a);

#endif /* QT_MAP_ANSWERS_H */
