/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_MAP_H
#define QT_SHM_MAP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <qt/shm/object.h>

/*
 * A map in shared memory: keys of bytes to values of bytes, any number of
 * processes and threads at once, up to a fixed number of entries.
 *
 *	hash -> bucket -> node {key, value} -> node {key, value}
 *
 * - Each change is one compare-and-swap: it has happened, or it has not. A key
 *   is never there twice, and never absent while it is replaced.
 * - A value is seen whole, the old or the new one. What is read is copied;
 *   nothing is pinned, no reader can hold up a writer.
 * - Nobody waits for anybody: a process that is stopped anywhere blocks none,
 *   and what one that was killed was about to do is done or undone by others.
 *   Each stopped one keeps a node or two until it goes on; there are some to
 *   spare.
 * - The space of a deleted entry is there at once for the next.
 * - It does not grow: when it is full, -QT_EFULL. Replacing works in a full
 *   map.
 *
 * Keys are spread by a keyed hash whose key is random and made with the map, so
 * nobody outside can choose keys that fall together. Keys of 8 bytes have one of
 * their own that takes less time: see qt_hash_word() in <qt/base/hash.h>.
 *
 * The algorithm is M. Michael's (2002), on lists of T. Harris (2001).
 *
 * All functions may be called by any number of threads on one handle. Those
 * that change the map answer -EACCES on a handle that belongs to no
 * participant. Any of them answers -QT_ECORRUPT when what it meets in the map
 * makes no sense.
 */
struct qt_map;

#define QT_MAP_KEY_MAX		4096		/* bytes of a key at most */
#define QT_MAP_VALUE_MAX	(1u << 24)	/* bytes of a value at most */

struct qt_map_spec {
	/* Types, or NULL: bytes of any length up to the sizes below. */
	const char	*key_dtype;	/* <qt/shm/dtype.h> */
	const char	*dtype;		/* of values */
	uint32_t	 key_max;	/* bytes; used without a key_dtype */
	uint32_t	 value_max;	/* bytes; used without a dtype */
	uint64_t	 capacity;	/* entries; they all fit */
};

/*
 * Makes an empty map. Each entry takes a multiple of 64 bytes: 32 and those of
 * key and value, each rounded up to 8; and 16 to 32 for its buckets.
 * -EEXIST, -EINVAL (a dtype that is none, a size of 0 or too large), -ENOMEM,
 * -ENOSPC, -QT_EFULL, -EACCES.
 */
int	qt_map_create(struct qt_seg *seg, const char *name,
	    const struct qt_map_spec *spec, struct qt_err *err);
/*
 * The dtypes are compared with those of the map; NULL takes any. -ENOENT,
 * -EINVAL (of another type or dtype), -QT_ECORRUPT.
 */
int	qt_map_open(struct qt_seg *seg, const char *name,
	    const char *key_dtype, const char *dtype, struct qt_map **out,
	    struct qt_err *err);
void	qt_map_close(struct qt_map *map);	/* NULL is fine */
struct qt_obj *qt_map_obj(struct qt_map *map);

uint32_t qt_map_key_max(const struct qt_map *map);
uint32_t qt_map_value_max(const struct qt_map *map);
uint64_t qt_map_capacity(const struct qt_map *map);
/*
 * How many entries there are. After a process was killed at work on the map it
 * is counted anew, which looks at every node.
 */
uint64_t qt_map_count(struct qt_map *map);

/*
 * A key has 1 to key_max bytes, or exactly those of its dtype; a value 0 to
 * value_max, or exactly those of its dtype. Otherwise -EINVAL, everywhere.
 *
 * put: inserts (0) or replaces (1). -QT_EFULL.
 * put_new: inserts; -EEXIST when the key is there. -QT_EFULL.
 * put_old: replaces; -ENOENT when the key is not there.
 */
int	qt_map_put(struct qt_map *map, const void *key, size_t key_len,
	    const void *value, size_t len);
int	qt_map_put_new(struct qt_map *map, const void *key, size_t key_len,
	    const void *value, size_t len);
int	qt_map_put_old(struct qt_map *map, const void *key, size_t key_len,
	    const void *value, size_t len);
/*
 * Replaces the value if it is the one expected, byte for byte: 1; 0 when it is
 * another; -ENOENT.
 */
int	qt_map_cas(struct qt_map *map, const void *key, size_t key_len,
	    const void *expected, size_t expected_len, const void *value,
	    size_t len);
/*
 * Adds n to a whole number: the value's dtype, or without one a value of 8
 * bytes, in the machine's byte order. A key that is not there is inserted, with
 * n. Sums wrap as the type does. *sum, which may be NULL, is the new number,
 * sign or zero extended. -EINVAL (no whole number), -QT_EFULL.
 */
int	qt_map_add(struct qt_map *map, const void *key, size_t key_len,
	    int64_t n, int64_t *sum);

/*
 * Copies the value, or its first size bytes. Returns its whole length, or
 * -ENOENT.
 */
ssize_t	qt_map_get(const struct qt_map *map, const void *key, size_t key_len,
	    void *out, size_t size);
/* 1, 0, or negative. */
int	qt_map_has(const struct qt_map *map, const void *key, size_t key_len);
/* 0 or -ENOENT. */
int	qt_map_del(struct qt_map *map, const void *key, size_t key_len);

/*
 * Goes through the map in an order of its own. key has room for key_max bytes;
 * *key_len 0 starts, and key and *key_len are then left as they are for the
 * next call. The value's first size bytes are copied as by qt_map_get(), its
 * length is in *len; both pointers may be NULL. 1 with an entry, 0 at the end.
 *
 * An entry that is there all the time is seen once, one that comes or goes once
 * or not at all. Entries may be put and deleted meanwhile, also the one that
 * was just seen.
 */
int	qt_map_next(const struct qt_map *map, void *key, size_t *key_len,
	    void *value, size_t size, size_t *len);

/*
 * Deletes every entry that is there when it comes by. Returns how many, or
 * negative.
 */
int64_t	qt_map_clear(struct qt_map *map);

#endif /* QT_SHM_MAP_H */
