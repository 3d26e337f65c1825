/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that end with the connection that made them (QT_NEW_BOUND). The
 * kernel closes a connection when its process dies, so nobody has to be left
 * who remembers them: not the worker that had the viewer, nor its monitor.
 */

#include <signal.h>

#include <qt/base/log.h>

#include "host_priv.h"

void
qt__bound_load(struct qt__session *s, uint8_t sig)
{
	struct qt__conn	*c = qt__conn_get(s->host, s->conn);

	s->bound = sig;
	if (sig != 0 && c != NULL)
		c->has_bound = 1;
}

void
qt__bound_set(struct qt__session *s, const struct qt__new *n)
{
	uint8_t	sig = n->opt.flags >> 8 & 0xff;

	if ((n->opt.flags & QT_NEW_BOUND) == 0)
		return;
	qt__bound_load(s, sig != 0 ? sig : SIGHUP);
}

void
qt__bound_end(struct qt__conn *c)
{
	struct qt__host		*h = c->host;
	struct qt__session	*s;

	for (uint32_t i = 0; c->has_bound && i < h->session_slots; i++) {
		s = h->sessions[i];
		if (s == NULL || s->bound == 0 || s->conn != c->id ||
		    s->fd < 0 || s->is_dead)
			continue;
		qt_debug(QT__MODULE, "session in slot %u ends with its "
		    "connection", s->slot);
		(void)qt__session_signal(s, s->bound);
	}
}
