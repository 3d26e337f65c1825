/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ringing the bells of those who sleep. The contract with readers is in
 * <qt/session/control.h>, "The bell page".
 *
 * Looking at a bell is a load from a page that the reader writes, perhaps on
 * another core; with 200 viewers that would cost more than the output. So a
 * session looks at once while little flows (the first WINDOW_BYTES of each
 * millisecond: an echoed key never waits), and in a flood the rest of that
 * millisecond is looked at once, by a timer.
 */

#include <unistd.h>

#include <qt/base/clock.h>

#include "host_priv.h"

#define WINDOW_NS	UINT64_C(1000000)
#define WINDOW_BYTES	(16u << 10)

static void
ring(struct qt__attach *a, uint32_t why)
{
	static const uint64_t	one = 1;
	struct qt__conn		*c = a->conn;
	ssize_t			 n;

	atomic_fetch_or(&c->bell[a->channel].rung, why);
	/* It is nonblocking, and full only when it is readable anyway. */
	n = write(c->event_fd, &one, sizeof(one));
	(void)n;
	c->host->rings++;
	if (a->session->live != NULL)
		atomic_fetch_add_explicit(&a->session->live->rings, 1,
		    memory_order_relaxed);
}

/*
 * Dekker: our store of the head (in qt_ring_publish, then the fence) and load
 * of wake_at, against the reader's store of wake_at and load of the head. The
 * exchange below is the seq_cst pair; the fence-like one is in look().
 */
static void
look(struct qt__session *s, int is_change)
{
	_Atomic uint64_t	*wake;
	uint64_t		 at;

	for (struct qt__attach *a = s->attach; a != NULL; a = a->next) {
		wake = &a->conn->bell[a->channel].wake_at;
		at = atomic_load(wake);
		if (at == 0 || (!is_change && s->head < at))
			continue;
		if (atomic_exchange(wake, 0) != 0)
			ring(a, QT_BELL_LOOK);
	}
}

/*
 * A full barrier between publishing and looking: a locked instruction on a
 * line of our own, which ThreadSanitizer understands too.
 */
static void
barrier(struct qt__session *s)
{
	if (s->live != NULL)
		atomic_store(&s->live->output_bytes, s->head);
}

/* 1 while this millisecond has had its share of looking. */
static int
is_flood(struct qt__session *s, size_t len)
{
	uint64_t	now;

	s->window_bytes += (uint32_t)len;
	if (s->window_bytes <= WINDOW_BYTES)
		return 0;
	now = qt_clock_mono_ns();
	if (now - s->window_ns < WINDOW_NS)
		return 1;
	s->window_ns = now;
	s->window_bytes = (uint32_t)len;
	return 0;
}

static void
look_at_due(uv_timer_t *timer)
{
	struct qt__host		*h = timer->data;
	struct qt__session	*s;

	while ((s = h->bell_due) != NULL) {
		h->bell_due = s->bell_next;
		s->is_bell_due = 0;
		look(s, 0);
	}
}

void
qt__bell_output(struct qt__session *s, size_t len)
{
	struct qt__host	*h = s->host;

	barrier(s);
	if (s->attach == NULL || s->is_bell_due)
		return;
	if (!is_flood(s, len)) {
		look(s, 0);
		return;
	}
	s->is_bell_due = 1;
	s->bell_next = h->bell_due;
	h->bell_due = s;
	if (!uv_is_active((uv_handle_t *)&h->bell_timer))
		(void)uv_timer_start(&h->bell_timer, look_at_due, 1, 0);
}

void
qt__bell_change(struct qt__session *s)
{
	barrier(s);
	look(s, 1);
}

void
qt__bell_end(struct qt__attach *a)
{
	atomic_store(&a->conn->bell[a->channel].wake_at, 0);
	ring(a, QT_BELL_ENDED);
}

void
qt__bell_created(struct qt__host *h)
{
	static const uint64_t	one = 1;

	for (uint32_t i = 0; i < h->conn_slots; i++) {
		struct qt__conn	*c = h->conns[i];

		if (c != NULL && !c->is_closed && c->event_fd >= 0 &&
		    (c->flags & QT_HELLO_HELPER) != 0 &&
		    write(c->event_fd, &one, sizeof(one)) > 0)
			h->rings++;
	}
}
