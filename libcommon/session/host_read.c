/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the pty straight into ring memory.
 *
 * Each session may take QT__READ_BUDGET a loop turn; what is left makes the
 * descriptor ready again next turn, so all take turns. No viewer is ever
 * waited for.
 *
 * A pty says EIO when its other side is closed everywhere. That is the end
 * only once the child is dead: login(1) hangs its terminal up and opens it
 * again. Until then such a session is looked at by a timer, more and more
 * rarely, since epoll would report it without end.
 */

#include <errno.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/log.h>
#include <qt/base/sys.h>

#include "host_priv.h"

#define HUP_MS_MIN	10
#define HUP_MS_MAX	1000
#define STARVED_MS	60000
#define SHORT_READ	2048	/* after less there is rarely more */

static void
on_ready(uv_poll_t *poll, int status, int events)
{
	struct qt__session	*s = (struct qt__session *)(void *)poll;

	if (status == 0 && (events & UV_WRITABLE) != 0 && s->input.len > 0)
		qt__session_flush(s);
	if (status < 0 || (events & (UV_READABLE | UV_DISCONNECT)) != 0)
		(void)qt__session_read(s, QT__READ_BUDGET, 0);
}

/* Watches for what is wanted now. */
void
qt__session_poll(struct qt__session *s)
{
	int	events = UV_READABLE;

	if (s->fd < 0 || s->is_hup || s->is_starting)
		return;
	if (s->input.len > s->input_at)
		events |= UV_WRITABLE;
	if (s->events == events)
		return;
	s->events = (uint8_t)events;
	(void)uv_poll_start(&s->poll, events, on_ready);
}

/*
 * All that are hung up are looked at with the shortest delay among them;
 * each look without success doubles its own.
 */
static void
look_at_hung_up(uv_timer_t *timer)
{
	struct qt__host		*h = timer->data;
	struct qt__session	*s, *list = h->hup;
	uint16_t		 delay = HUP_MS_MAX, was;

	h->hup = NULL;
	while ((s = list) != NULL) {
		list = s->hup_next;
		was = s->hup_ms;
		s->is_hup = 0;
		if (qt__session_read(s, QT__READ_BUDGET, 0) == 0)
			qt__session_poll(s);
		else if (s->is_hup)
			s->hup_ms = was < HUP_MS_MAX / 2 ?
			    (uint16_t)(2 * was) : HUP_MS_MAX;
		if (s->is_hup && s->hup_ms < delay)
			delay = s->hup_ms;
	}
	if (h->hup != NULL)
		(void)uv_timer_start(timer, look_at_hung_up, delay, 0);
}

static void
hang_up(struct qt__session *s, uint16_t delay_ms)
{
	struct qt__host	*h = s->host;

	if (s->is_hup)
		return;
	(void)uv_poll_stop(&s->poll);
	s->events = 0;
	s->is_hup = 1;
	s->hup_ms = delay_ms;
	s->hup_next = h->hup;
	h->hup = s;
	if (!uv_is_active((uv_handle_t *)&h->hup_timer))
		(void)uv_timer_start(&h->hup_timer, look_at_hung_up, HUP_MS_MIN,
		    0);
}

static void
count(struct qt__session *s, size_t len)
{
	struct qt__host	*h = s->host;

	s->head = qt_ring_writer_head(s->ring);
	atomic_store_explicit(&s->live->output_ms, qt_clock_real_ms(),
	    memory_order_relaxed);
	h->output_bytes += len;
	atomic_store_explicit(&h->info->output_bytes, h->output_bytes,
	    memory_order_relaxed);
	qt__bell_output(s, len);
}

/* Said once a minute at most, however many wait: each tries every second. */
static void
starve(struct qt__session *s, int code)
{
	struct qt__host	*h = s->host;
	uint64_t	 now = qt_clock_mono_ms();

	if (!s->is_starved) {
		s->is_starved = 1;
		h->starved++;
	}
	if (h->starved_ms != 0 && now - h->starved_ms < STARVED_MS)
		return;
	h->starved_ms = now;
	h->is_starved_said = 1;
	qt_log(QT_LOG_ERROR, QT__MODULE, "no place for the output of process "
	    "%d: %s; it waits, %u sessions in all do", (int)s->pid,
	    qt_strerror(code), h->starved);
}

void
qt__session_fed(struct qt__session *s)
{
	struct qt__host	*h = s->host;

	if (!s->is_starved)
		return;
	s->is_starved = 0;
	if (--h->starved > 0 || !h->is_starved_said)
		return;
	h->is_starved_said = 0;
	qt_log(QT_LOG_INFO, QT__MODULE, "no output waits for a place any more");
}

/*
 * is_drain: until there is nothing more, since the child is dead. A read that
 * finds nothing makes the kernel bring in what is still on its way between
 * the two sides (n_tty_read flushes the port's work), so "nothing" is true.
 */
int
qt__session_read(struct qt__session *s, size_t limit, int is_drain)
{
	size_t	 total = 0;
	ssize_t	 room, n;
	void	*p;
	int	 rc = 0;

	while (total < limit) {
		room = qt_ring_reserve(s->ring, limit - total, &p);
		if (room < 0) {
			/* Not even one page: the program waits, not we. */
			starve(s, (int)room);
			hang_up(s, HUP_MS_MAX);
			break;
		}
		qt__session_fed(s);
		n = qt_sys_read(s->fd, p, (size_t)room);
		if (n == -EAGAIN)
			break;
		if (n <= 0) {
			rc = -EIO;
			break;
		}
		qt_ring_publish(s->ring, (size_t)n);
		total += (size_t)n;
		if (!is_drain && n < room && n < SHORT_READ)
			break;
	}
	if (total > 0)
		count(s, total);
	if (rc < 0 && !is_drain)
		hang_up(s, HUP_MS_MIN);
	return rc;
}
