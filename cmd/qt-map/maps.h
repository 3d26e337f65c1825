/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_MAP_MAPS_H
#define QT_MAP_MAPS_H

#include <stddef.h>

/* The names of all maps that have one, sorted, malloc()ed; how many. Exits. */
size_t	maps_list(char ***names);

#endif /* QT_MAP_MAPS_H */
