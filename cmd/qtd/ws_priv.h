/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_WS_PRIV_H
#define QTD_WS_PRIV_H

#include <sys/types.h>

/*
 * Bytes that were read from fd. Returns how many of them libwebsockets may
 * have: all for a descriptor that is no WebSocket; 0 for none.
 */
ssize_t	ws_received(int fd, const void *data, size_t len);

#endif /* QTD_WS_PRIV_H */
