/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session list, pushed to those who watch it. While somebody does, the
 * head of the host's ring of events is compared four times a second (every
 * change of a record is an event); the list is made once for all.
 */

#include <stdlib.h>
#include <uv.h>

#include <qt/session/record.h>
#include <qt/shm/ring.h>

#include "conn.h"
#include "qt1_priv.h"
#include "session.h"

#define LOOK_MS		250

struct watch {
	uv_timer_t	 timer;
	struct worker	*worker;
	struct qt_ring_reader *events;	/* of the connection we have now */
	const void	*seg;
	uint64_t	 head;
};

static void
forget_ring(struct watch *watch)
{
	if (watch->events != NULL)
		qt_ring_reader_close(watch->events);
	watch->events = NULL;
	watch->seg = NULL;
}

/* 1 when the list may have changed since the last call. */
static int
is_changed(struct watch *watch)
{
	struct host		*h = watch->worker->host;
	struct qt_client	*c = host_client(h);
	struct qt_host_info	 info;
	uint64_t		 head;

	if (c == NULL) {
		forget_ring(watch);
		return 0;
	}
	if (watch->events != NULL && watch->seg != qt_client_segment(c))
		forget_ring(watch);
	if (watch->events == NULL) {
		if (qt_host_info(qt_client_table(c), &info) < 0 ||
		    qt_ring_reader_open(qt_client_segment(c),
		    info.events_ring, &watch->events, NULL) < 0)
			return 1;
		watch->seg = qt_client_segment(c);
		watch->head = ~0ull;
	}
	qt_ring_range(watch->events, NULL, &head);
	if (head == watch->head)
		return 0;
	watch->head = head;
	return 1;
}

static void
on_look(uv_timer_t *timer)
{
	struct watch		*watch = timer->data;
	struct worker		*w = watch->worker;
	struct qt_wire_head	 head = { .type = QT_WIRE_SESSIONS };
	struct qt_buf		 list = QT_BUF_INIT;
	int			 changed = is_changed(watch), watchers = 0;

	if (changed && session_list(w, &list, QT1_LIST_MAX) < 0)
		changed = 0;
	for (struct conn *c = w->conns; c != NULL; c = c->next) {
		if (!c->is_watching)
			continue;
		watchers++;
		c->is_stale |= changed != 0;
		/* One who is slow gets the next list, not all of them. */
		if (c->is_stale && ws_can_write(c->ws)) {
			if (list.len == 0 &&
			    session_list(w, &list, QT1_LIST_MAX) < 0)
				continue;
			qt1_send(c, &head, list.data, list.len);
			c->is_stale = 0;
		}
	}
	qt_buf_clear(&list);
	if (watchers == 0)
		uv_timer_stop(timer);
}

/* Somebody began or ended to watch. */
void
watch_changed(struct conn *c)
{
	struct worker	*w = c->worker;

	if (!c->is_watching)
		return;
	if (w->watch == NULL) {
		w->watch = calloc(1, sizeof(*w->watch));
		if (w->watch == NULL)
			return;
		w->watch->worker = w;
		uv_timer_init(w->loop, &w->watch->timer);
		uv_unref((uv_handle_t *)&w->watch->timer);
		w->watch->timer.data = w->watch;
	}
	c->is_stale = 1;
	if (!uv_is_active((uv_handle_t *)&w->watch->timer))
		uv_timer_start(&w->watch->timer, on_look, LOOK_MS, LOOK_MS);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void
watch_free(struct worker *w)
{
	if (w->watch == NULL)
		return;
	forget_ring(w->watch);
	uv_close((uv_handle_t *)&w->watch->timer, on_timer_closed);
	w->watch = NULL;
}
