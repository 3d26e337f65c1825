/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_UNPACK_H
#define QT_SHM_UNPACK_H

#include <qt/base/prog.h>

#include "target.h"

/*
 * All members of a .npz file as structures of a segment; path is for messages,
 * fd is borrowed. All of them or none, see import in qt-shm(1). Exits 3.
 */
void	unpack(const char *path, int fd, const struct target *t,
	    int is_forced);

#endif /* QT_SHM_UNPACK_H */
