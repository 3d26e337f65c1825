/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_SHARED_H
#define QTD_SHARED_H

#include <stdatomic.h>
#include <stdint.h>

#include <qt/net/stats.h>

#include "options.h"

/*
 * What the workers and the monitor see of each other: counters, and the
 * back-off of failed logins, in anonymous shared memory, made before the first
 * fork. Each worker writes its own slot; the monitor sets a dead one's gauges
 * to zero.
 */
#define SHARED_COUNTER_MAP(X)						\
	X(ws_open,		"WebSockets open now")			\
	X(ws_opened,		"WebSockets opened")			\
	X(ws_messages_in,	"WebSocket messages received")		\
	X(ws_messages_out,	"WebSocket messages sent")		\
	X(ws_bytes_in,		"WebSocket payload bytes received")	\
	X(ws_bytes_out,		"WebSocket payload bytes sent")		\
	X(ws_refused_frame,	"WebSockets closed for a bad frame")	\
	X(ws_refused_long,	"WebSockets closed for a long message")	\
	X(ws_refused_clients,	"WebSockets refused by --max-clients")	\
	X(viewers,		"sessions being viewed now")		\
	X(skipped_bytes,	"output bytes that slow viewers skipped") \
	X(input_held,		"input that had to wait for the host")	\
	X(host_lost,		"connections to the session host lost")

struct shared_slot {
	struct qt_net_stats	net;
#define X(name, help) _Atomic uint64_t name;
	SHARED_COUNTER_MAP(X)
#undef X
	_Atomic uint32_t	pid;
	_Atomic uint32_t	starts;		/* how often it was started */
};

struct shared {
	_Atomic uint64_t	started_ms;
	_Atomic uint32_t	had_client;	/* one was accepted, ever */
	uint32_t		count;
	struct qt_net_backoff	*backoff;	/* of failed logins */
	struct shared_slot	worker[WORKERS_MAX];
};

/* NULL when there is no memory. Lives as long as the process. */
struct shared *shared_new(unsigned int workers);
/* WebSockets open in all workers. */
uint64_t shared_clients(const struct shared *s);
/* A dead worker has nothing open. */
void	shared_clear_gauges(struct shared_slot *slot);

#endif /* QTD_SHARED_H */
