/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deadlines of connections: one libuv timer and one red-black tree.
 *
 * A deadline moves far more often than it passes (each request of a
 * keep-alive connection moves it), so moving it later is one store: the tree
 * keeps the old, earlier key, and when that comes up the connection goes back
 * in with its true deadline. Only moving it earlier touches the tree.
 */

#include "conn_priv.h"

#define SLACK_MS 20	/* connections within it share a wake-up */

static int
cmp(const struct qt_rb_node *a, const struct qt_rb_node *b)
{
	uint64_t	x = qt_rb_entry(a, struct qt__conn, timer)->timer_at;
	uint64_t	y = qt_rb_entry(b, struct qt__conn, timer)->timer_at;

	return (x > y) - (x < y);
}

static void	fired(uv_timer_t *timer);

void
qt__timer_at(struct qt_net_server *s, uint64_t at_ms)
{
	uint64_t	now = qt__now(s);

	if (s->is_freeing || (s->timer_at != 0 && s->timer_at <= at_ms))
		return;
	s->timer_at = at_ms;
	uv_timer_start(&s->timer, fired,
	    (at_ms > now ? at_ms - now : 0) + SLACK_MS, 0);
}

static void
insert(struct qt__conn *c)
{
	c->timer_at = c->deadline;
	qt_rb_add(&c->server->timers, &c->timer);
}

static void
fired(uv_timer_t *timer)
{
	struct qt_net_server	*s = timer->data;
	struct qt_rb_node	*n;
	struct qt__conn		*c;
	uint64_t		 now = qt__now(s);

	s->timer_at = 0;
	qt__accept_resume(s);
	while ((n = qt_rb_first(&s->timers)) != NULL) {
		c = qt_rb_entry(n, struct qt__conn, timer);
		if (c->timer_at > now)
			break;
		qt_rb_del(&s->timers, n);
		c->timer_at = 0;
		if (c->deadline > now)
			insert(c);
		else
			qt__conn_expired(c);
	}
	if (n != NULL)
		qt__timer_at(s, qt_rb_entry(n, struct qt__conn,
		    timer)->timer_at);
}

void
qt__timer_init(struct qt_net_server *s)
{
	s->timers = (struct qt_rb)QT_RB_INIT(cmp);
	uv_timer_init(s->loop, &s->timer);
	uv_unref((uv_handle_t *)&s->timer);
	s->timer.data = s;
}

void
qt__timer_set(struct qt__conn *c, uint64_t at_ms, enum qt_net_reject why)
{
	c->deadline = at_ms;
	c->why = why;
	if (c->timer_at != 0) {
		if (c->timer_at <= at_ms)
			return;
		qt_rb_del(&c->server->timers, &c->timer);
	}
	insert(c);
	qt__timer_at(c->server, at_ms);
}

void
qt__timer_del(struct qt__conn *c)
{
	if (c->timer_at == 0)
		return;
	qt_rb_del(&c->server->timers, &c->timer);
	c->timer_at = 0;
}
