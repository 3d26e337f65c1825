/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_SET_H
#define QT_SHM_SET_H

#include <stddef.h>
#include <stdint.h>

#include <qt/shm/object.h>

/*
 * A set in shared memory: a map without values. What <qt/shm/map.h> says of
 * keys, threads, deaths and fullness is true here as well.
 */
struct qt_set;

struct qt_set_spec {
	const char	*dtype;		/* of members, or NULL: bytes */
	uint32_t	 key_max;	/* bytes, up to QT_MAP_KEY_MAX */
	uint64_t	 capacity;
};

/* As qt_map_create(), qt_map_open(). */
int	qt_set_create(struct qt_seg *seg, const char *name,
	    const struct qt_set_spec *spec, struct qt_err *err);
int	qt_set_open(struct qt_seg *seg, const char *name, const char *dtype,
	    struct qt_set **out, struct qt_err *err);
void	qt_set_close(struct qt_set *set);	/* NULL is fine */
struct qt_obj *qt_set_obj(struct qt_set *set);

uint32_t qt_set_key_max(const struct qt_set *set);
uint64_t qt_set_capacity(const struct qt_set *set);
uint64_t qt_set_count(struct qt_set *set);

/* 0, -EEXIST when it is a member already, -QT_EFULL, -EINVAL (length). */
int	qt_set_add(struct qt_set *set, const void *key, size_t len);
/* 1, 0, or negative. */
int	qt_set_has(const struct qt_set *set, const void *key, size_t len);
/* 0 or -ENOENT. */
int	qt_set_del(struct qt_set *set, const void *key, size_t len);
/* As qt_map_next(). */
int	qt_set_next(const struct qt_set *set, void *key, size_t *len);
/* As qt_map_clear(). */
int64_t	qt_set_clear(struct qt_set *set);

#endif /* QT_SHM_SET_H */
