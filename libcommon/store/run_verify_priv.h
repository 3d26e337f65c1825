/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_RUN_VERIFY_PRIV_H
#define QT_STORE_RUN_VERIFY_PRIV_H
/* Verifying a run, as its parts share it. */
#include <qt/base/buf.h>

#include "run_file_priv.h"

struct qt__run_verify {
	struct qt__run	 run;
	struct qt__run_info sum;
	struct qt__block_reader reader;
	struct qt_buf	 last;		/* key */
	uint64_t	 last_version;
	bool		 has_last;
	bool		 is_whole;	/* so far every record was seen */
	int		 found;
	void		(*tell)(void *arg, const char *what);
	void		*arg;
};

/* Tells one damage. */
void	qt__run_found(struct qt__run_verify *v, uint64_t at, const char *fmt,
	    ...) __attribute__((format(printf, 3, 4)));
void	qt__run_check_zeros(struct qt__run_verify *v, uint64_t from,
	    uint64_t to);
/*
 * Block i; *end is where the one before it ends, and then it, as far as that
 * can be said. Negative when not all of its records were seen.
 */
int	qt__run_check_block(struct qt__run_verify *v, uint32_t i,
	    uint64_t *end);

#endif /* QT_STORE_RUN_VERIFY_PRIV_H */
