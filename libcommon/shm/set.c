/* SPDX-License-Identifier: Apache-2.0 */
/* Sets: maps without values. See <qt/shm/set.h>. */

#include <qt/shm/map.h>
#include <qt/shm/set.h>

#include "map_priv.h"

static struct qt_map *
map_of(const struct qt_set *set)
{
	return (struct qt_map *)(uintptr_t)set;
}

int
qt_set_open(struct qt_seg *seg, const char *name, const char *dtype,
    struct qt_set **out, struct qt_err *err)
{
	struct qt_map	*m;
	int		 rc = qt__map_attach(seg, name, QT_TYPE_SET, dtype, NULL,
	    &m, err);

	*out = (struct qt_set *)m;
	return rc;
}

void
qt_set_close(struct qt_set *set)
{
	qt_map_close(map_of(set));
}

struct qt_obj *
qt_set_obj(struct qt_set *set)
{
	return qt_map_obj(map_of(set));
}

uint32_t
qt_set_key_max(const struct qt_set *set)
{
	return qt_map_key_max(map_of(set));
}

uint64_t
qt_set_capacity(const struct qt_set *set)
{
	return qt_map_capacity(map_of(set));
}

uint64_t
qt_set_count(struct qt_set *set)
{
	return qt_map_count(map_of(set));
}

int
qt_set_add(struct qt_set *set, const void *key, size_t len)
{
	return qt_map_put_new(map_of(set), key, len, NULL, 0);
}

int
qt_set_has(const struct qt_set *set, const void *key, size_t len)
{
	return qt_map_has(map_of(set), key, len);
}

int
qt_set_del(struct qt_set *set, const void *key, size_t len)
{
	return qt_map_del(map_of(set), key, len);
}

int
qt_set_next(const struct qt_set *set, void *key, size_t *len)
{
	return qt_map_next(map_of(set), key, len, NULL, 0, NULL);
}

int64_t
qt_set_clear(struct qt_set *set)
{
	return qt_map_clear(map_of(set));
}
