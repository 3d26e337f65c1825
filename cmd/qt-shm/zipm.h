/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_CMD_ZIPM_H
#define QT_SHM_CMD_ZIPM_H

#include <qt/shm/npy.h>
#include <qt/shm/zipm.h>

#include "grid.h"
#include "target.h"

/*
 * 1 with z open when the target's segment is one of zeroipc; 0 when it is
 * something else, or nothing. One that is damaged ends the program.
 */
int	zipm_open(struct qt_zipm *z, const struct target *t);
/* The entry that the target names, or the end. */
const struct qt_zipm_entry *zipm_entry(const struct qt_zipm *z,
	    const struct target *t);

/* Rows as names_list() and stat fill them. */
void	zipm_row(struct grid *g, const struct qt_zipm *z,
	    const struct target *t, const struct qt_zipm_entry *entry);
void	zipm_stat(struct grid *g, const struct qt_zipm *z,
	    const struct target *t);
/* As hexdump -C, each entry after a line that says which. */
void	zipm_dump(const struct qt_zipm *z, const struct target *t);
/* What export needs to know. A dtype that does not fit ends the program. */
void	zipm_npy(const struct qt_zipm *z, const struct target *t,
	    const char *dtype, struct qt_npy *npy);

#endif /* QT_SHM_CMD_ZIPM_H */
