/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_MAP_PRIV_H
#define QT_SHM_MAP_PRIV_H

#include "hash_priv.h"

/* A set is a map without values. */
struct qt_map {
	struct qt_obj	obj;
	struct qt__hash	hash;
	bool		is_key_fixed, is_value_fixed;	/* of one length */
	uint32_t	int_size;	/* of a value; 0: no whole number */
	bool		is_signed;
};

/* map_life.c: what maps and sets have in common. type: of the two. */
int	qt__map_attach(struct qt_seg *seg, const char *name, uint32_t type,
	    const char *key_dtype, const char *dtype, struct qt_map **out,
	    struct qt_err *err);

/* A key of a permitted length? */
static inline bool
qt__map_is_key(const struct qt_map *m, size_t len)
{
	return m->is_key_fixed ? len == m->hash.key_max :
	    len > 0 && len <= m->hash.key_max;
}

#endif /* QT_SHM_MAP_PRIV_H */
