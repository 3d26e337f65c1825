/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BENCH_WSCLIENT_H
#define QT_BENCH_WSCLIENT_H

#include <stddef.h>
#include <stdint.h>

#include <qt/session/wire.h>

/*
 * The least of a WebSocket client that can load a server from one core: no
 * fragments, no extensions, masks of zero. It measures; it is no library (a
 * general client would be the bottleneck of what it measures). Every fault
 * ends the program.
 */
struct wsclient {
	int		 fd;
	uint8_t		*buf;		/* what was read and not yet parsed */
	size_t		 cap, len, at;
};

/* Connects to 127.0.0.1:port and upgrades to "qt.1". buf_size 0: idle. */
void	wsclient_open(struct wsclient *ws, int port, size_t buf_size);
void	wsclient_close(struct wsclient *ws);
void	wsclient_send(struct wsclient *ws, const struct qt_wire_head *head,
	    const void *payload, size_t len);
/* The next qt.1 frame; *payload is borrowed until the next call. */
void	wsclient_next(struct wsclient *ws, struct qt_wire_head *head,
	    const uint8_t **payload, size_t *len);

#endif /* QT_BENCH_WSCLIENT_H */
