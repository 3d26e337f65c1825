/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_LOG_PRIV_H
#define QT_STORE_LOG_PRIV_H
/*
 * The bytes of a log: writing frames, and finding out where a log ends that
 * comes back from a disk. Layout in mem_priv.h and qt-store(5).
 */
#include <stdbool.h>
#include <stddef.h>

#include "mem_priv.h"

/* "000000000012.wal", in the folder of logs. */
#define QT__WAL_NAME_SIZE	32
void	qt__wal_name(char out[QT__WAL_NAME_SIZE], uint64_t number);
uint32_t qt__log_seed(const struct qt__log_head *h);
void	qt__log_start(struct qt__log_head *h, uint64_t number, uint64_t base,
	    uint64_t store, uint32_t chain);
/* 0, -QT_EFORMAT (never one of this store), -QT_EVERSION, -QT_ECORRUPT. */
int	qt__log_check(const struct qt__log_head *h, size_t len, uint64_t number,
	    uint64_t store, struct qt_err *err);

struct qt__log_record {
	const void	*key, *value;
	uint32_t	 key_len, value_len;
	uint64_t	 expires_ms, time_ms;
	uint32_t	 flags;		/* QT__DEL ... QT__FRAME_MORE */
	uint8_t		 tag;
	uint16_t	 node;
};
/* Bytes of its frame. */
uint64_t qt__log_size(const struct qt__log_record *r);
/* Writes the frame and returns its crc, which is the next one's chain. */
uint32_t qt__log_put(struct qt__frame *f, uint32_t seed, uint32_t chain,
	    uint64_t lag, const struct qt__log_record *r);

/* Whether a whole, good frame lies at offset of an image of size bytes. */
bool	qt__log_is_frame(const uint8_t *log, uint64_t size, uint64_t offset,
	    uint32_t seed);

/*
 * The first good frame at offset at or behind it, or 0. Reads bytes that are
 * none at the cost of the budget.
 */
uint64_t qt__log_find(const uint8_t *log, uint64_t size, uint64_t at,
	    uint32_t seed, uint64_t *budget);
static inline uint64_t
qt__log_budget(uint64_t size)
{
	return size * 8;
}

/* What became of a log. */
struct qt__log_end {
	uint64_t	end;		/* after the last whole batch */
	uint64_t	records;
	uint64_t	claim;		/* highest version that a good frame says
					   was durable when it was written */
	uint64_t	later;		/* offset of the first good frame beyond
					   what is damaged, or 0 */
	uint64_t	clock_ms;	/* the highest time in it */
	uint32_t	chain;		/* of the frame that ends at end */
	bool		is_torn;	/* something was begun at end */
};
/*
 * Reads an image with a good head. Links are set to 0. Beyond the end it looks
 * at every multiple of 8 for good frames of this log: a claim above the end
 * means that something is missing that had been durable.
 */
void	qt__log_scan(struct qt__log_end *out, uint8_t *log, uint64_t size);
/*
 * Bytes of a log's file; -QT_ECORRUPT when it is something else than a file, or
 * larger than any log, so nobody wants memory for all of it.
 */
int	qt__log_stat(int fd, uint64_t *size, struct qt_err *err);
/*
 * A log's file as a whole, with zeros behind it. *image is free(3)'s, also after
 * an error.
 */
int	qt__log_read(int fd, uint8_t **image, size_t *len, struct qt_err *err);

#endif /* QT_STORE_LOG_PRIV_H */
