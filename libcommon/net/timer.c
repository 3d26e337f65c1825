/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deadlines: one libuv timer and one red-black tree.
 *
 * A deadline moves far more often than it passes (each request of a
 * keep-alive connection moves it), so moving it later is one store: the tree
 * keeps the old, earlier key, and when that comes up the timer goes back in
 * with its true deadline. Only moving it earlier touches the tree.
 */

#include "conn_priv.h"

#define SLACK_MS 20	/* deadlines within it share a wake-up */

static int
cmp(const struct qt_rb_node *a, const struct qt_rb_node *b)
{
	uint64_t	x = qt_rb_entry(a, struct qt__timer, node)->at;
	uint64_t	y = qt_rb_entry(b, struct qt__timer, node)->at;

	return (x > y) - (x < y);
}

static void	fired(uv_timer_t *timer);

void
qt__net_timer_at(struct qt_net_server *s, uint64_t at_ms)
{
	uint64_t	now = qt__net_now(s);

	if (s->is_freeing || at_ms == QT__NEVER ||
	    (s->timer_at != 0 && s->timer_at <= at_ms))
		return;
	s->timer_at = at_ms;
	uv_timer_start(&s->timer, fired,
	    (at_ms > now ? at_ms - now : 0) + SLACK_MS, 0);
}

static void
insert(struct qt_net_server *s, struct qt__timer *t)
{
	t->at = t->deadline;
	qt_rb_add(&s->timers, &t->node);
}

static void
fired(uv_timer_t *timer)
{
	struct qt_net_server	*s = timer->data;
	struct qt_rb_node	*n;
	struct qt__timer	*t;
	uint64_t		 now = qt__net_now(s);

	s->timer_at = 0;
	qt__net_accept_resume(s);
	while ((n = qt_rb_first(&s->timers)) != NULL) {
		t = qt_rb_entry(n, struct qt__timer, node);
		if (t->at > now) {
			qt__net_timer_at(s, t->at);
			break;
		}
		qt__net_timer_del(s, t);
		if (t->deadline > now)
			insert(s, t);
		else
			t->expired(t);
	}
}

void
qt__net_timer_init(struct qt_net_server *s)
{
	s->timers = (struct qt_rb)QT_RB_INIT(cmp);
	uv_timer_init(s->loop, &s->timer);
	uv_unref((uv_handle_t *)&s->timer);
	s->timer.data = s;
}

void
qt__net_timer_set(struct qt_net_server *s, struct qt__timer *t, uint64_t at_ms)
{
	t->deadline = at_ms;
	if (t->at != 0) {
		if (t->at <= at_ms)
			return;
		qt__net_timer_del(s, t);
	} else if (at_ms == QT__NEVER) {
		return;
	}
	insert(s, t);
	qt__net_timer_at(s, at_ms);
}

void
qt__net_timer_del(struct qt_net_server *s, struct qt__timer *t)
{
	if (t->at == 0)
		return;
	qt_rb_del(&s->timers, &t->node);
	t->at = 0;
}
