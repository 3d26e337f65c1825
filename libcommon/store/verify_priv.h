/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_VERIFY_PRIV_H
#define QT_STORE_VERIFY_PRIV_H
/* Looking through all files of a store. See verify.c. */
#include <stdbool.h>

#include "format_priv.h"
#include "manifest_priv.h"

struct qt__verify {
	int		dirfd, run_fd, wal_fd;
	bool		is_used;	/* by others, meanwhile */
	bool		has_format;
	struct qt__format format;
	void		(*tell)(void *arg, const char *what);
	void		*arg;
	int		found;
	uint64_t	*done;		/* runs that were looked through */
	size_t		done_count, done_room;
};

void	qt__verify_found(struct qt__verify *v, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
void	qt__verify_note(struct qt__verify *v, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* The logs from that one on. */
int	qt__verify_logs(struct qt__verify *v, uint64_t first_wal);

#endif /* QT_STORE_VERIFY_PRIV_H */
