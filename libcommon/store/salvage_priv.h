/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_SALVAGE_PRIV_H
#define QT_STORE_SALVAGE_PRIV_H
/* Copying what is sound of a damaged store. See salvage.c. */
#include <stdbool.h>

#include "big_priv.h"
#include "format_priv.h"
#include "manifest_priv.h"

/* A file of records that another one may have newer ones than. */
struct qt__source {
	uint64_t	 number;
	struct qt__run	*run;		/* NULL: it cannot be searched */
};

struct qt__salvage {
	int		 dirfd, run_fd, wal_fd, big_fd, lock_fd;
	bool		 has_format;
	struct qt__format format;
	struct qt_store	*to;
	struct qt__manifest *manifest;	/* NULL: damaged, and then: */
	struct qt__source *sources;	/* all runs that there are */
	size_t		 source_count;
	uint64_t	 now_ms;
	uint64_t	 count;
	void		(*tell)(void *arg, const char *what);
	void		*arg;
	struct qt_err	*err;
};

void	qt__salvage_tell(struct qt__salvage *s, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/*
 * Records come in order of age, the oldest first; what a later one says counts.
 * of: the file that it is in.
 */
int	qt__salvage_put(struct qt__salvage *s, const struct qt__entry *e,
	    const char *of);
/*
 * Whether a run other than number has a newer one of its key: asked where there
 * is no manifest to say which run, or log, is older.
 */
bool	qt__salvage_is_hidden(const struct qt__salvage *s,
	    const struct qt__entry *e, uint64_t number);
int	qt__salvage_runs(struct qt__salvage *s);
int	qt__salvage_logs(struct qt__salvage *s);

#endif /* QT_STORE_SALVAGE_PRIV_H */
