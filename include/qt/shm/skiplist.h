/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_SKIPLIST_H
#define QT_SHM_SKIPLIST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <qt/shm/object.h>

/*
 * An ordered map in shared memory: as <qt/shm/map.h>, and entries can be gone
 * through in the order of their keys, from any key on, in both directions.
 *
 *	3  ----------------> c ------------------> 0
 *	2  ------> b ------> c ------------------> 0
 *	1  -> a -> b ------> c ------> d --------> 0	this one is the map
 *
 * Keys are ordered as their dtype says when that is a whole number of the
 * machine's byte order; otherwise byte by byte, as memcmp(3) does it, a key
 * before those that it is the beginning of.
 *
 * As in a map, each change is one compare-and-swap, values are seen whole, what
 * is read is copied, and nobody waits for anybody. What the map says of
 * deaths, threads, read-only handles and fullness is true here as well. Only
 * the lowest list counts: where a death left an entry out of the upper ones it
 * takes a few more steps to find. The algorithm is after K. Fraser (2004).
 */
struct qt_skiplist;

#define QT_SKIPLIST_KEY_MAX	1024		/* bytes of a key at most */
#define QT_SKIPLIST_VALUE_MAX	(1u << 24)

struct qt_skiplist_spec {
	/* Types, or NULL: bytes of any length up to the sizes below. */
	const char	*key_dtype;	/* <qt/shm/dtype.h> */
	const char	*dtype;		/* of values */
	uint32_t	 key_max;	/* bytes; used without a key_dtype */
	uint32_t	 value_max;	/* bytes; used without a dtype */
	uint64_t	 capacity;	/* entries; they all fit */
};

/* As qt_map_create(), qt_map_open(). */
int	qt_skiplist_create(struct qt_seg *seg, const char *name,
	    const struct qt_skiplist_spec *spec, struct qt_err *err);
int	qt_skiplist_open(struct qt_seg *seg, const char *name,
	    const char *key_dtype, const char *dtype,
	    struct qt_skiplist **out, struct qt_err *err);
void	qt_skiplist_close(struct qt_skiplist *list);	/* NULL is fine */
struct qt_obj *qt_skiplist_obj(struct qt_skiplist *list);

uint32_t qt_skiplist_key_max(const struct qt_skiplist *list);
uint32_t qt_skiplist_value_max(const struct qt_skiplist *list);
uint64_t qt_skiplist_capacity(const struct qt_skiplist *list);
uint64_t qt_skiplist_count(struct qt_skiplist *list);

/* As qt_map_put(), qt_map_put_new(), qt_map_get(), qt_map_has(), qt_map_del(). */
int	qt_skiplist_put(struct qt_skiplist *list, const void *key,
	    size_t key_len, const void *value, size_t len);
int	qt_skiplist_put_new(struct qt_skiplist *list, const void *key,
	    size_t key_len, const void *value, size_t len);
ssize_t	qt_skiplist_get(const struct qt_skiplist *list, const void *key,
	    size_t key_len, void *out, size_t size);
int	qt_skiplist_has(const struct qt_skiplist *list, const void *key,
	    size_t key_len);
int	qt_skiplist_del(struct qt_skiplist *list, const void *key,
	    size_t key_len);

enum qt_seek {
	QT_SEEK_FIRST, QT_SEEK_LAST,	/* of all; the key is not used */
	QT_SEEK_FROM, QT_SEEK_AFTER,	/* the first >= or > the key */
	QT_SEEK_TO, QT_SEEK_BEFORE,	/* the last <= or < the key */
};

/*
 * Finds an entry by the order of keys: 1 with its key copied to key_out, which
 * has room for key_max bytes and may be where key is, and its length in
 * *out_len; 0 when there is none. The value's first size bytes are copied to
 * value, and its length is in *len; both may be NULL.
 *
 * A range is QT_SEEK_FROM its start, then QT_SEEK_AFTER each that was found
 * until qt_skiplist_compare() says that the end is reached; keys with a common
 * beginning are QT_SEEK_FROM that beginning, until one has another. Backwards
 * it is QT_SEEK_TO and QT_SEEK_BEFORE. An entry that is there all the time is
 * seen once.
 */
int	qt_skiplist_seek(const struct qt_skiplist *list, enum qt_seek how,
	    const void *key, size_t key_len, void *key_out, size_t *out_len,
	    void *value, size_t size, size_t *len);
/*
 * The entry after, or before, that of key, which is replaced by what is found;
 * *key_len 0 begins with the first, or the last. As qt_map_next().
 */
int	qt_skiplist_next(const struct qt_skiplist *list, void *key,
	    size_t *key_len, void *value, size_t size, size_t *len);
int	qt_skiplist_prev(const struct qt_skiplist *list, void *key,
	    size_t *key_len, void *value, size_t size, size_t *len);
/* Less than 0, 0, more than 0: the order of two keys. */
int	qt_skiplist_compare(const struct qt_skiplist *list, const void *a,
	    size_t a_len, const void *b, size_t b_len);

/* As qt_map_clear(). */
int64_t	qt_skiplist_clear(struct qt_skiplist *list);

#endif /* QT_SHM_SKIPLIST_H */
