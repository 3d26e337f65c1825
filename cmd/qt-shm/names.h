/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_NAMES_H
#define QT_SHM_NAMES_H

#include <qt/shm/object.h>

#include "grid.h"
#include "target.h"

/* What can be said of a structure, one column each: ls SEG, stat SEG/NAME. */
extern const struct grid_column names_columns[];

/* A row for each structure of a segment; how many. Exits when it cannot. */
size_t	names_list(struct grid *g, const struct target *t);
/*
 * All entries of a segment, by name, in memory that the caller frees; how many.
 */
size_t	names_all(struct qt_seg *seg, struct qt_seg_entry **out);
/* A row for one entry. */
void	names_row(struct grid *g, struct qt_seg *seg,
	    const struct qt_seg_entry *entry);

#endif /* QT_SHM_NAMES_H */
