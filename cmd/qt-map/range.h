/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_MAP_RANGE_H
#define QT_MAP_RANGE_H

#include <qt/store/store.h>

/* Which keys: the options of every command that takes many. */
enum { RANGE_FROM = 512, RANGE_TO };
#define RANGE_OPTIONS							\
	{ 'p', "prefix", "KEY", "keys that begin so" },			\
	{ RANGE_FROM, "from", "KEY", "keys from this one on" },		\
	{ RANGE_TO, "to", "KEY", "keys before this one" }

/* 1 when id is one of them. */
int	range_option(struct qt_store_range *r, int id, const char *value);
/* After the options: exits 2 when they exclude each other. */
void	range_check(const struct qt_store_range *r);
/* How many keys; 0, or negative as the store says. */
int	range_count(struct qt_store *store, const struct qt_store_range *r,
	    uint64_t *count, struct qt_err *err);
int	range_is_all(const struct qt_store_range *r);

#endif /* QT_MAP_RANGE_H */
