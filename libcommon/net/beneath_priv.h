/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_BENEATH_PRIV_H
#define QT_NET_BENEATH_PRIV_H

/*
 * Opens the relative path for reading strictly beneath the folder dirfd: no
 * "..", no symbolic link anywhere, never blocking (a FIFO, a terminal).
 * The descriptor, or -errno: -ELOOP for a link, -EXDEV for an escape.
 */
int	qt__net_open_beneath(int dirfd, const char *path);

/* The same, segment by segment, for kernels without openat2(2). */
int	qt__net_open_beneath_walk(int dirfd, const char *path);

#endif /* QT_NET_BENEATH_PRIV_H */
