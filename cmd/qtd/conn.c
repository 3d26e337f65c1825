/* SPDX-License-Identifier: Apache-2.0 */
/* One WebSocket, and which protocol speaks on it. See conn.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conn.h"

static void
on_open(struct ws *ws, const char *protocol)
{
	struct conn	*c = ws_user(ws);

	if (strcmp(protocol, "tty") == 0)
		tty_open(c);
	else
		qt1_open(c);
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
on_closed(struct ws *ws)
{
	struct conn	*c = ws_user(ws);

	if (c->tty != NULL)
		tty_closed(c);
	else
		qt1_closed(c);
	watch_changed(c);
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		c->worker->conns = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	free(c);
}

const struct ws_ops conn_ops = { on_open, on_message, on_writable, on_closed };

int
conn_adopt(struct worker *w, const struct user *user, uint64_t cookie_id,
    int fd, const char *head, size_t head_len, const char *rest,
    size_t rest_len)
{
	struct conn	*c = calloc(1, sizeof(*c));
	int		 rc;

	if (c == NULL) {
		close(fd);
		return -ENOMEM;
	}
	c->worker = w;
	c->user = *user;
	c->cookie_id = cookie_id;
	rc = ws_adopt(w->ws, fd, head, head_len, rest, rest_len, c, &c->ws);
	if (rc < 0) {
		free(c);
		return rc;
	}
	c->next = w->conns;
	if (c->next != NULL)
		c->next->prev = c;
	w->conns = c;
	return 0;
}

void
conn_close_all(struct worker *w, uint64_t cookie_id, unsigned int code,
    const char *reason)
{
	for (struct conn *c = w->conns; c != NULL; c = c->next) {
		if (cookie_id == 0 || c->cookie_id == cookie_id)
			ws_close(c->ws, code, reason);
	}
}
