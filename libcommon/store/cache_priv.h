/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_CACHE_PRIV_H
#define QT_STORE_CACHE_PRIV_H
/*
 * Decompressed blocks, of this process, by S3-FIFO (Yang, Zhang, Qiu, Yue,
 * Vinayak, "FIFO queues are all you need for cache eviction", SOSP 2023).
 * Blocks that are not compressed are read in place and never come here: the
 * page cache shares them among all processes already.
 */
#include <stddef.h>
#include <stdint.h>

struct qt__block_cache;
struct qt__block {		/* reference-counted: stays while it is held */
	const uint8_t	*data;
	size_t		 len;
};
/* Cheap: room for what it holds is made when the first block comes. */
int	qt__cache_new(struct qt__block_cache **out, uint64_t size);
void	qt__cache_free(struct qt__block_cache *c);
/* 1 with a held block, 0. Thread-safe, as all here. */
int	qt__cache_get(struct qt__block_cache *c, uint64_t file, uint64_t offset,
	    struct qt__block **out);
/* Takes data (malloc) over; *out is held. -ENOMEM frees data. */
int	qt__cache_add(struct qt__block_cache *c, uint64_t file, uint64_t offset,
	    uint8_t *data, size_t len, struct qt__block **out);
void	qt__block_release(struct qt__block *b);
void	qt__cache_stat(struct qt__block_cache *c, uint64_t *hits,
	    uint64_t *misses, uint64_t *bytes);
/* Hits and misses since the last call. */
void	qt__cache_tell(struct qt__block_cache *c, uint64_t *hits,
	    uint64_t *misses);

#endif /* QT_STORE_CACHE_PRIV_H */
