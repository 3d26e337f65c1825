/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A WebSocket was granted to an account as it was then. When the account is
 * another (a new password, another role, removed), whoever holds it has to log
 * in again: the WebSocket is closed, with a code by which the page knows.
 * Cookies are void by the same stamp, at their next request (auth.c).
 *
 * The users file is looked at once a second while there are WebSockets: one
 * stat. Only when it was loaded again are they gone through.
 */

#include <errno.h>
#include <stdlib.h>
#include <uv.h>

#include <qt/net/audit.h>

#include "conn.h"

#define EVERY_MS 1000

struct revoke {
	uv_timer_t	timer;
	uint64_t	loads;	/* of the users file that was gone through */
};

static void
check_all(struct worker *w)
{
	struct conn	*next;
	uint64_t	 stamp;

	for (struct conn *c = w->conns; c != NULL; c = next) {
		next = c->next;
		if (c->user.role == QT_NET_ROLE_NONE ||
		    (auth_stamp(w, c->user.name, &stamp, NULL) &&
		    stamp == c->user.stamp))
			continue;
		qt_net_audit(w->audit, "revoke", 1, c->user.name,
		    qt_net_role_name(c->user.role), NULL, NULL);
		conn_log_out(c);
	}
}

static void
look(struct worker *w)
{
	uint64_t	loads, stamp;

	if (w->users == NULL)
		return;
	(void)auth_stamp(w, "", &stamp, NULL);	/* loads it if need be */
	loads = qt_net_users_loads(w->users);
	if (loads == w->revoke->loads)
		return;
	w->revoke->loads = loads;
	check_all(w);
}

static void
on_timer(uv_timer_t *timer)
{
	struct worker	*w = timer->data;

	look(w);
	if (w->conns == NULL)
		uv_timer_stop(timer);
}

void
revoke_look(struct worker *w)
{
	w->users_ms = 0;
	look(w);
}

void
revoke_begin(struct worker *w)
{
	if (w->users != NULL && !uv_is_active((uv_handle_t *)&w->revoke->timer))
		uv_timer_start(&w->revoke->timer, on_timer, EVERY_MS, EVERY_MS);
}

int
revoke_new(struct worker *w)
{
	w->revoke = calloc(1, sizeof(*w->revoke));
	if (w->revoke == NULL)
		return -ENOMEM;
	uv_timer_init(w->loop, &w->revoke->timer);
	w->revoke->timer.data = w;
	return 0;
}

static void
on_closed(uv_handle_t *handle)
{
	free((struct revoke *)(void *)handle);
}

void
revoke_free(struct worker *w)
{
	if (w->revoke != NULL)
		uv_close((uv_handle_t *)&w->revoke->timer, on_closed);
	w->revoke = NULL;
}
