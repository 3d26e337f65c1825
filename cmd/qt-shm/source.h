/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_SOURCE_H
#define QT_SHM_SOURCE_H

#include <qt/shm/array.h>
#include <qt/shm/npy.h>
#include <qt/shm/value.h>

#include "zipm.h"

/*
 * What export writes: an array; a value that has a dtype, which is a .npy file
 * without dimensions; an array of zeroipc.
 */
struct source {
	struct qt_npy		 npy;
	struct qt_array		*array;
	unsigned char		*value;	/* its bytes, copied at once */
	const struct qt_zipm	*zipm;
	uint64_t		 offset;	/* of zeroipc's first element */
};

/*
 * A structure of ours. 0; 1 when it is none that fits a .npy file, and *why
 * says what it is; or negative: -ENOENT, -QT_EEMPTY (a value that has none
 * yet), -QT_ECORRUPT, -ENOMEM.
 */
int	source_open(struct source *s, struct qt_seg *seg, const char *name,
	    const char **why, struct qt_err *err);
/* An array of zeroipc; exits when it is none of that dtype. */
void	source_open_zipm(struct source *s, const struct qt_zipm *z,
	    const struct target *t, const char *dtype);
void	source_close(struct source *s);

/* All elements in pieces, in order; what put() returns ends it. */
int	source_read(const struct source *s,
	    int (*put)(void *arg, const void *data, size_t len), void *arg);

#endif /* QT_SHM_SOURCE_H */
