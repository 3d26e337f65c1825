/* SPDX-License-Identifier: Apache-2.0 */
/* What the monitor does for its workers. The protocol is mon.h. */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/err.h>
#include <qt/base/log.h>
#include <qt/net/place.h>
#include <qt/session/client.h>

#include "monitor.h"

/*
 * Every worker hears it: one that is so stuck that its socket is full would go
 * on with WebSockets of who has logged out, so another takes its place.
 */
static void
tell_all(struct monitor *m, const struct mon_message *msg)
{
	for (unsigned int i = 0; i < m->opt->workers; i++) {
		struct child	*c = &m->child[i];

		if (c->fd >= 0 && mon_send_message(c->fd, msg, -1) < 0 &&
		    c->pid > 0)
			kill(c->pid, SIGKILL);
	}
}

static int
del_session(struct monitor *m, const struct mon_message *msg)
{
	struct mon_message	out = { .type = MON_LOGOUT };
	int			rc;

	rc = qt_net_sessions_del(m->sessions, &msg->hash);
	out.session.id = msg->session.id;
	if (rc == 0 && out.session.id != 0)
		tell_all(m, &out);
	return rc;
}

/* Starts one where none runs; it stays when we close. */
static int
start_host(void)
{
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_client	*c;
	int			 rc;

	rc = qt_client_open(QT_CLIENT_START, QT_ROLE_OWNER, 0, &c, &err);
	if (rc < 0)
		qt_log(QT_LOG_ERROR, "qtd", "start the session host: %s: %s",
		    err.text, qt_strerror(rc));
	else
		qt_client_close(c);
	return rc;
}

static void
open_file(struct child *c, struct mon_message *msg)
{
	char	name[MON_TEXT_MAX];
	int	fd;

	/* The path comes back in place of the name. */
	memcpy(name, msg->text, msg->len + 1);
	fd = strlen(name) != msg->len ? -EINVAL :
	    open_session_file(msg->pid, msg->flags, name, msg->text,
	    sizeof(msg->text));
	msg->code = fd < 0 ? fd : 0;
	msg->len = fd < 0 ? 0 : (uint32_t)strlen(msg->text);
	mon_send_message(c->fd, msg, fd);
	if (fd >= 0)
		close(fd);
}

/* 1 when msg, changed, is the answer. */
static int
handle(struct monitor *m, struct child *c, struct mon_message *msg, int fd)
{
	struct qt_net_session	s = msg->session;

	switch (msg->type) {
	case MON_ADD:
		msg->code = qt_net_sessions_add(m->sessions, &msg->hash,
		    &msg->session);
		return 1;
	case MON_TAKE:
		msg->code = qt_net_sessions_take(m->sessions, &msg->hash,
		    s.kind, qt_clock_real_ms(), &msg->session) == 1 ? 0 :
		    -ENOENT;
		return 1;
	case MON_DEL:
		msg->code = del_session(m, msg);
		return 1;
	case MON_RENEW:
		msg->code = qt_net_sessions_renew(m->sessions, &msg->hash,
		    s.expires_ms);
		return 1;
	case MON_HOST:
		msg->code = start_host();
		return 1;
	case MON_OPEN:
		open_file(c, msg);
		return 0;
	case MON_LINK:
		msg->code = fd < 0 || strlen(msg->text) != msg->len ? -EINVAL :
		    link_session_file(fd, msg->flags, msg->text);
		return 1;
	case MON_HISTORY:
		msg->code = history_start(m, c, msg, fd);
		return msg->code < 0;
	case MON_DROP:
		if (fd >= 0)
			qt_net_place_drop(fd);
		return 0;
	case MON_READY: c->is_ready = 1; return 0;
	default:	/* MON_CLIENTS: the loop looks anyway */
		return 0;
	}
}

int
serve_worker(struct monitor *m, struct child *c)
{
	struct mon_message	msg;
	int			fd, rc;

	rc = mon_recv_message(c->fd, &msg, &fd);
	if (rc == -EAGAIN)
		return 0;
	if (rc <= 0)
		return rc < 0 ? rc : -EPIPE;
	if (handle(m, c, &msg, fd) && msg.tag != 0) {
		msg.len = 0;
		mon_send_message(c->fd, &msg, -1);
	}
	if (fd >= 0)
		close(fd);
	return 0;
}
