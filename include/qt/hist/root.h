/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_ROOT_H
#define QT_HIST_ROOT_H
/* The repository that a folder belongs to. */
#include <qt/base/buf.h>

/*
 * path, an absolute folder, becomes the nearest one from there upwards that has
 * a .git; empty when none has, or it is not absolute, or longer than 4096 bytes.
 * Looks at the file system as it is now; "/" is never one. 0 or -ENOMEM.
 */
int	qt_hist_root(struct qt_buf *path);

#endif /* QT_HIST_ROOT_H */
