/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_VERIFY_PRIV_H
#define QT_STORE_VERIFY_PRIV_H
/* Looking through all files of a store. See verify.c. */
#include <stdbool.h>

#include "format_priv.h"
#include "manifest_priv.h"

struct qt__verify {
	int		dirfd, lock_fd, run_fd, wal_fd, big_fd;
	bool		is_used;	/* by others, since we began */
	bool		has_format;
	struct qt__format format;
	void		(*tell)(void *arg, const char *what);
	void		*arg;
	int		found;
	uint64_t	*done;		/* runs that were looked through */
	size_t		done_count, done_room;
	struct qt_buf	named;		/* uint64_t, files of big/, also twice */
};

void	qt__verify_found(struct qt__verify *v, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* Whether others use the store, or have since we began: what looks like damage
 * may be what they are at. */
bool	qt__verify_is_used(struct qt__verify *v);
void	qt__verify_note(struct qt__verify *v, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* The logs that the manifest says are not in runs. */
int	qt__verify_logs(struct qt__verify *v, const struct qt__manifest *m);
/*
 * The file that a record names, if it does; of says what holds the record.
 * -ENOENT: there is none, which the caller may know to be damage.
 */
int	qt__verify_value(struct qt__verify *v, const struct qt__entry *e,
	    const char *of);
void	qt__verify_missing(struct qt__verify *v, const struct qt__entry *e,
	    const char *of);
/* Notes files that nothing names; when all runs and logs have been read. */
int	qt__verify_bigs(struct qt__verify *v, const struct qt__manifest *m);

#endif /* QT_STORE_VERIFY_PRIV_H */
