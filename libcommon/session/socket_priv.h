/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_SOCKET_PRIV_H
#define QT_SESSION_SOCKET_PRIV_H

/* Unix sockets of packets (SOCK_SEQPACKET), nonblocking, close-on-exec. */

#include <sys/un.h>

#include <qt/base/err.h>

/* Complete when it appears; replaces what was there. The descriptor or <0. */
int	qt__socket_listen(const char *path, struct qt_err *err);
/* The descriptor; -ENOENT, -ECONNREFUSED, -EAGAIN (its queue is full). */
int	qt__socket_connect(const char *path, struct qt_err *err);

#endif /* QT_SESSION_SOCKET_PRIV_H */
