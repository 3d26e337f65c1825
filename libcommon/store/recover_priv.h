/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_RECOVER_PRIV_H
#define QT_STORE_RECOVER_PRIV_H
/* Recovery: recover.c reads logs, recover_end.c finds what is behind them. */
#include "store_priv.h"

struct qt__recovery {
	struct qt_store		*s;
	struct qt__manifest	*manifest;
	struct qt__mem		*mems[QT__MEMS_MAX];
	uint32_t		 count;
	struct qt_hash_key	 key;		/* of the memtables' hash */
	uint64_t		 number;	/* of the next log */
	uint64_t		 base;		/* where it begins */
	uint64_t		 claim;		/* durable, as the logs say */
	uint64_t		 clock_ms;
	uint64_t		 next_big;
	uint64_t		 wipes[QT__MEMS_MAX];	/* of each one's file,
							   from here on; or 0 */
	uint32_t		 chain;
	uint8_t			 stamp[QT__STAMP_SIZE];
	bool			 is_over;	/* the history ended already */
};

/*
 * Log r->number. 1: read, and if not r->is_over the last of r->mems; 0: there is
 * no such log, or it was never begun.
 */
int	qt__recover_log(struct qt__recovery *r, struct qt_err *err);
/*
 * The history ends before log r->number. -QT_ECORRUPT, and nothing is changed,
 * when more of it had been durable; else what is behind its end is removed.
 */
int	qt__recover_end(struct qt__recovery *r, struct qt_err *err);

#endif /* QT_STORE_RECOVER_PRIV_H */
