/* SPDX-License-Identifier: Apache-2.0 */
/* One WebSocket, and which protocol speaks on it. See conn.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conn.h"
#include "pulse.h"

static void
on_open(struct ws *ws, const char *protocol)
{
	struct conn	*c = ws_user(ws);

	if (strcmp(protocol, "tty") == 0)
		tty_open(c);
	else
		qt1_open(c);
	pulse_add(c, c->user.role == QT_NET_ROLE_NONE);
}

static void
on_message(struct ws *ws, const void *data, size_t len, int is_binary)
{
	struct conn	*c = ws_user(ws);

	if (c->tty != NULL)
		tty_message(c, data, len, is_binary);
	else
		qt1_message(c, data, len, is_binary);
}

static void
on_writable(struct ws *ws)
{
	struct conn	*c = ws_user(ws);

	if (c->tty != NULL)
		tty_writable(c);
	else
		qt1_writable(c);
}

static void
link_conn(struct conn *c)
{
	c->next = c->worker->conns;
	if (c->next != NULL)
		c->next->prev = c;
	c->worker->conns = c;
}

static void
free_conn(struct conn *c)
{
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		c->worker->conns = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	free(c->query);
	free(c);
}

/* -o and -q: the monitor looks whether that was the last one. */
static void
tell_clients(struct worker *w)
{
	struct mon_message	m = { .type = MON_CLIENTS };

	if (w->opt->is_once || w->opt->is_exit_no_conn)
		mon_tell(w->mon, &m);
}

static void
on_closed(struct ws *ws)
{
	struct conn	*c = ws_user(ws);
	struct worker	*w = c->worker;

	if (c->tty != NULL)
		tty_closed(c);
	else
		qt1_closed(c);
	pulse_del(c);
	free_conn(c);
	tell_clients(w);
	worker_conn_closed(w);
}

const struct ws_ops conn_ops = { on_open, on_message, on_writable, on_closed };

int
conn_adopt(struct worker *w, const struct user *user, uint64_t cookie_id,
    const struct qt_net_upgrade *up, struct qt_net_str query)
{
	struct conn	*c = calloc(1, sizeof(*c));
	int		 rc;

	if (c != NULL && query.len > 0)
		c->query = strndup(query.p, query.len);
	if (c == NULL || (query.len > 0 && c->query == NULL)) {
		close(up->fd);
		free(c);
		return -ENOMEM;
	}
	c->worker = w;
	c->user = *user;
	c->cookie_id = cookie_id;
	link_conn(c);
	revoke_begin(w);
	/* It may be open, and closed again, when this returns. */
	rc = ws_adopt(w->ws, up->fd, up->head.p, up->head.len, up->rest.p,
	    up->rest.len, c, &c->ws);
	if (rc < 0)
		free_conn(c);
	return rc;
}

/* The codes from 4000 on are exit codes to clients of the tty protocol. */
void
conn_log_out(struct conn *c)
{
	ws_close(c->ws, c->tty != NULL ? 1008 : QT_WIRE_LOGGED_OUT,
	    "logged out");
}

void
conn_log_out_all(struct worker *w, uint64_t cookie_id)
{
	for (struct conn *c = w->conns; c != NULL; c = c->next) {
		if (c->cookie_id == cookie_id)
			conn_log_out(c);
	}
}

void
conn_close_all(struct worker *w, unsigned int code)
{
	for (struct conn *c = w->conns; c != NULL; c = c->next)
		ws_close(c->ws, code, NULL);
}

void
conn_input_taken(struct conn *c)
{
	if (c->is_paused || !host_is_full(c->worker->host))
		return;
	c->is_paused = 1;
	ws_pause(c->ws, 1);
	qt_net_count(&c->worker->slot->input_held, 1);
}

void
conn_resume_all(struct worker *w)
{
	for (struct conn *c = w->conns; c != NULL; c = c->next) {
		if (!c->is_paused)
			continue;
		c->is_paused = 0;
		ws_pause(c->ws, 0);
	}
}

void
conn_going_all(struct worker *w)
{
	struct qt_wire_head	head = { .type = QT_WIRE_GOING };

	for (struct conn *c = w->conns; c != NULL; c = c->next) {
		if (c->tty == NULL)
			qt1_send(c, &head, NULL, 0);
		ws_close(c->ws, 1001, NULL);
	}
}
