/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_PLACE_H
#define QT_NET_PLACE_H

#include <stddef.h>

/*
 * A file that arrives piece by piece: nobody sees half of one.
 *
 *	open ──► (write to the descriptor) ──► commit: it has its name
 *	                                  └──► drop: it was never there
 *
 * Until commit it has no name at all (O_TMPFILE), so it goes with its last
 * descriptor. Where a file system cannot do that (FAT, NFS, many of FUSE) it
 * is named ".qt-upload-" and 16 hex digits meanwhile, and locked by its open
 * description: drop removes it, and if everybody was killed before that, the
 * next open in that folder does, by the lock that nobody holds any more.
 *
 * The descriptor may be passed to another process, which writes to it.
 */
#define QT_NET_PLACE_OVER 1u	/* may replace a plain file that is there */

/*
 * Checks that name, which is no path, can be placed into the folder dir (any
 * descriptor of it, O_PATH too), and opens a file for it. The descriptor, or
 * -EINVAL (not the name of a plain file), -EEXIST, or what open(2) says.
 */
int	qt_net_place_open(int dir, const char *name, unsigned int flags);
/*
 * Names it: path is absolute, in the same folder. -EEXIST when something
 * (without OVER) or something that is no plain file (with OVER) is there:
 * drop it then. -EINVAL: fd is not of open, or path of another folder.
 */
int	qt_net_place_commit(int fd, const char *path, unsigned int flags);
/* Removes its name, if it has one of ours. Closing fd is the caller's. */
void	qt_net_place_drop(int fd);

#endif /* QT_NET_PLACE_H */
