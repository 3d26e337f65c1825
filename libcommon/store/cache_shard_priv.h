/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_CACHE_SHARD_PRIV_H
#define QT_STORE_CACHE_SHARD_PRIV_H
/*
 * One part of a cache: blocks in two queues, and the ghosts of those that were
 * there. All with the caller's mutex. See cache_shard.c.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cache_priv.h"

struct qt__cached {
	struct qt__block	 block;		/* first */
	uint8_t			*data;		/* its bytes, malloc(3)'s */
	_Atomic uint32_t	 refs;		/* holders, the cache is one */
	uint8_t			 used;		/* times since; at most 3 */
	uint64_t		 file, offset, hash;
	uint64_t		 charge;	/* bytes of memory, about */
	struct qt__cached	*chain;		/* in the table */
	struct qt__cached	*behind;	/* in the queue */
};

/* First in, first out. */
struct qt__fifo {
	struct qt__cached	*first, *last;
	uint64_t		 bytes, count;
};

struct qt__shard {
	uint64_t		 size;		/* bytes at most */
	struct qt__cached	**table;
	uint64_t		 mask;		/* of its length */
	struct qt__fifo		 small, main;
	uint64_t		*ghost;		/* {fingerprint, when}, or 0 */
	uint64_t		 ghost_mask;
	uint32_t		 ghosts;	/* that there ever were */
};

/* Its tables are made when the first block comes. */
void	qt__shard_init(struct qt__shard *s, uint64_t size);
/* Drops what it holds; others may hold blocks longer. */
void	qt__shard_clear(struct qt__shard *s);
/* NULL, or the block, which counts as used once more. */
struct qt__cached *qt__shard_find(struct qt__shard *s, uint64_t file,
	    uint64_t offset, uint64_t hash);
/* One that is not there; false when it is too large, or there is no memory for
 * the tables, and nothing was done. */
bool	qt__shard_add(struct qt__shard *s, struct qt__cached *b);
uint64_t qt__shard_bytes(const struct qt__shard *s);

void	qt__cached_drop(struct qt__cached *b);	/* one reference */

#endif /* QT_STORE_CACHE_SHARD_PRIV_H */
