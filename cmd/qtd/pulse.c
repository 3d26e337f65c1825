/* SPDX-License-Identifier: Apache-2.0 */
/* Pings, and who has to say who it is. See pulse.h. */

#include <errno.h>
#include <stdlib.h>
#include <uv.h>

#include <qt/base/clock.h>

#include "pulse.h"

#define GREETING_MS	10000
#define TICK_MS		500
#define MISSES_MAX	2

struct queue {
	struct conn	*first, *last;
	unsigned int	 period_ms;	/* 0: not used */
};

struct pulse {
	struct queue	 greeting, ping;
	uv_timer_t	 timer;
};

static void
append(struct queue *q, struct conn *c)
{
	c->due_ms = qt_clock_mono_ms() + q->period_ms;
	c->due_prev = q->last;
	c->due_next = NULL;
	if (q->last != NULL)
		q->last->due_next = c;
	else
		q->first = c;
	q->last = c;
	c->queue = q;
}

static void
unlink_due(struct conn *c)
{
	struct queue	*q = c->queue;

	if (q == NULL)
		return;
	if (c->due_prev != NULL)
		c->due_prev->due_next = c->due_next;
	else
		q->first = c->due_next;
	if (c->due_next != NULL)
		c->due_next->due_prev = c->due_prev;
	else
		q->last = c->due_prev;
	c->queue = NULL;
}

static void
on_tick(uv_timer_t *timer)
{
	struct pulse	*p = timer->data;
	uint64_t	 now = qt_clock_mono_ms();
	struct conn	*c;

	while ((c = p->greeting.first) != NULL && c->due_ms <= now) {
		unlink_due(c);
		ws_close(c->ws, 1008, "nothing was said");
	}
	while ((c = p->ping.first) != NULL && c->due_ms <= now) {
		unlink_due(c);
		if (ws_ping(c->ws) >= MISSES_MAX)
			ws_drop(c->ws);
		else
			append(&p->ping, c);
	}
	if (p->greeting.first == NULL && p->ping.first == NULL)
		uv_timer_stop(timer);
}

static void
run(struct pulse *p)
{
	if (!uv_is_active((uv_handle_t *)&p->timer))
		uv_timer_start(&p->timer, on_tick, TICK_MS, TICK_MS);
}

int
pulse_new(struct worker *w)
{
	struct pulse	*p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -ENOMEM;
	p->greeting.period_ms = GREETING_MS;
	p->ping.period_ms = w->opt->ping_s * 1000;
	uv_timer_init(w->loop, &p->timer);
	p->timer.data = p;
	w->pulse = p;
	return 0;
}

static void
on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void
pulse_free(struct worker *w)
{
	if (w->pulse != NULL)
		uv_close((uv_handle_t *)&w->pulse->timer, on_closed);
	w->pulse = NULL;
}

void
pulse_add(struct conn *c, int is_greeting)
{
	struct pulse	*p = c->worker->pulse;

	if (is_greeting)
		append(&p->greeting, c);
	else if (p->ping.period_ms != 0)
		append(&p->ping, c);
	else
		return;
	run(p);
}

void
pulse_greeted(struct conn *c)
{
	pulse_del(c);
	pulse_add(c, 0);
}

void
pulse_del(struct conn *c)
{
	unlink_due(c);
}
