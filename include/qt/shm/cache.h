/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_CACHE_H
#define QT_SHM_CACHE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <qt/shm/object.h>

/*
 * A cache in shared memory: as many entries as fit into a number of bytes that
 * is fixed when it is made. What is not used goes when room is needed.
 *
 *	put ---> small queue ---> evicted, remembered by its hash (ghost)
 *	            | hit meanwhile           |
 *	            v                         v put again
 *	         main: a clock that goes round, two bits of hits an entry
 *
 * The order of going is that of S3-FIFO (J. Yang and others, "FIFO queues are
 * all you need for cache eviction", SOSP 2023): what is asked for once goes
 * soon, what is asked for again stays. It is best effort, and so is the
 * remembering; what an entry holds is exact: whole, of its key, the last one
 * put. A get costs no lock and, when the entry has its bits, no store but that
 * of the counter.
 *
 * Memory is taken in units, so large and small values share it. As for maps
 * (<qt/shm/map.h>), nobody waits for anybody, and a process that is killed
 * anywhere leaves nothing that others cannot use again.
 *
 * Time is the caller's: milliseconds from any clock, the same one for all. An
 * entry with a time to live is there while now is before the sum of the `now`
 * and the ttl it was put with. Should the clock go back, entries live longer
 * by that; they are never kept for it when room is needed.
 *
 * Any number of threads may use one handle. What changes the cache answers
 * -EACCES on a handle that belongs to no participant; get works there, and
 * counts nothing. -QT_ECORRUPT as for maps.
 */
struct qt_cache;

struct qt_cache_spec {
	uint64_t	bytes;		/* of the whole object, at most */
	uint32_t	key_max;	/* 1 to 1024 */
	uint32_t	value_max;	/* a quarter of the units at most */
	uint32_t	unit;		/* bytes, a multiple of 64; 0: as it
					 * suits the other two */
};

/*
 * Makes an empty cache. -EEXIST, -EINVAL (sizes; the bytes are too few),
 * -ENOMEM, -ENOSPC, -QT_EFULL, -EACCES.
 */
int	qt_cache_create(struct qt_seg *seg, const char *name,
	    const struct qt_cache_spec *spec, struct qt_err *err);
/* -ENOENT, -EINVAL (of another type), -QT_ECORRUPT. */
int	qt_cache_open(struct qt_seg *seg, const char *name,
	    struct qt_cache **out, struct qt_err *err);
void	qt_cache_close(struct qt_cache *cache);	/* NULL is fine */
struct qt_obj *qt_cache_obj(struct qt_cache *cache);

uint32_t qt_cache_key_max(const struct qt_cache *cache);
uint32_t qt_cache_value_max(const struct qt_cache *cache);
/* Entries now, those included whose time has passed and nobody noticed. */
uint64_t qt_cache_count(struct qt_cache *cache);

/*
 * Inserts (0) or replaces (1), evicting others. ttl_ms 0: for ever. -EINVAL (a
 * key or value of another length than permitted), -QT_EFULL (processes that
 * are stopped hold all that is not in use).
 */
int	qt_cache_put(struct qt_cache *cache, const void *key, size_t key_len,
	    const void *value, size_t len, uint64_t now_ms, uint64_t ttl_ms);
/*
 * Copies the value, or its first size bytes. Returns its whole length, or
 * -ENOENT.
 */
ssize_t	qt_cache_get(struct qt_cache *cache, const void *key, size_t key_len,
	    void *out, size_t size, uint64_t now_ms);
/* 0 or -ENOENT. */
int	qt_cache_del(struct qt_cache *cache, const void *key, size_t key_len);
/*
 * Gives an entry a new time to live from now on, and counts as a use. 0 or
 * -ENOENT.
 */
int	qt_cache_touch(struct qt_cache *cache, const void *key, size_t key_len,
	    uint64_t now_ms, uint64_t ttl_ms);
/* As qt_map_next(); entries whose time has passed are left out. */
int	qt_cache_next(const struct qt_cache *cache, void *key, size_t *key_len,
	    void *value, size_t size, size_t *len, uint64_t now_ms);
/* Deletes every entry. Returns how many, or negative. */
int64_t	qt_cache_clear(struct qt_cache *cache);

/* Sums over all processes since the cache was made. */
struct qt_cache_counts {
	uint64_t	hits, misses;	/* of get */
	uint64_t	puts;		/* that were done */
	uint64_t	evictions;	/* to make room */
	uint64_t	expired;	/* taken out because of their time */
	uint64_t	refused;	/* puts that found no room */
};
void	qt_cache_counts(const struct qt_cache *cache,
	    struct qt_cache_counts *out);

#endif /* QT_SHM_CACHE_H */
