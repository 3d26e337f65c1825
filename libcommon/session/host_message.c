/* SPDX-License-Identifier: Apache-2.0 */
/* One received packet goes to whoever answers it; roles are checked here. */

#include <qt/base/err.h>
#include <qt/base/log.h>

#include <errno.h>
#include <string.h>

#include "host_priv.h"

static void
refuse_role(struct qt__conn *c, const struct qt_control_head *head)
{
	qt__conn_error(c, head->tag, -QT_EROLE, "request of a %s",
	    qt_role_name((enum qt_role)c->role));
}

/* Requests that speak of an attachment and get no answer unless refused. */
static void
on_channel(struct qt__conn *c, const struct qt_control_head *head,
    const void *body)
{
	struct qt__attach	*a = qt__attach_of(c, head->channel);
	uint16_t		 size[2];
	int			 rc;

	if (a == NULL) {
		/* It was kicked, or its session forgotten: it will notice. */
		if (head->type == QT_MSG_INPUT)
			qt__conn_error(c, head->tag, -QT_EGONE, "channel %u",
			    head->channel);
		return;
	}
	switch (head->type) {
	case QT_MSG_SIZE:
		if (head->len != sizeof(size))
			return;
		memcpy(size, body, sizeof(size));
		a->cols = size[0];
		a->rows = size[1];
		a->active = ++c->host->active;
		qt__size_decide(a->session);
		return;
	case QT_MSG_LEAD:
		qt__attach_lead(a);
		return;
	default:
		break;
	}
	if (a->role < QT_ROLE_WRITER) {
		refuse_role(c, head);
		return;
	}
	qt__attach_lead(a);
	rc = qt__session_input(a->session, body, head->len);
	if (rc == -QT_EFULL)
		qt__conn_error(c, head->tag, rc, "input refused: the program "
		    "has not read the last %u bytes", QT_SESSION_INPUT_MAX);
	else if (rc < 0)
		qt__conn_error(c, head->tag, rc, "input refused");
}

static void
on_detach(struct qt__conn *c, const struct qt_control_head *head)
{
	struct qt__attach	*a = qt__attach_of(c, head->channel);

	if (a != NULL)
		qt__attach_end(a, 0);
	qt__conn_ok(c, head->tag);
}

void
qt__host_message(struct qt__conn *c, const void *packet, size_t len)
{
	struct qt_control_head	head;
	const void		*body;

	if (qt_control_unpack(packet, len, &head, &body) < 0) {
		qt_log(QT_LOG_WARN, QT__MODULE,
		    "connection %u broke the protocol: closed", c->id);
		qt__conn_close(c);
		return;
	}
	switch (head.type) {
	case QT_MSG_HELLO:
		qt__msg_hello(c, &head, body);
		return;
	case QT_MSG_INPUT:
	case QT_MSG_SIZE:
	case QT_MSG_LEAD:
		on_channel(c, &head, body);
		return;
	case QT_MSG_ATTACH:
		qt__msg_attach(c, &head, body);
		return;
	case QT_MSG_DETACH:
		on_detach(c, &head);
		return;
	case QT_MSG_STAT:
		qt__msg_stat(c, &head);
		return;
	case QT_MSG_NEW:
		if (c->role < QT_ROLE_WRITER)
			refuse_role(c, &head);
		else
			qt__msg_new(c, &head, body);
		return;
	case QT_MSG_UPGRADE:
	case QT_MSG_STOP:
		if (c->role < QT_ROLE_OWNER)
			refuse_role(c, &head);
		else if (head.type == QT_MSG_STOP)
			qt__msg_stop(c, &head, body);
		else
			qt__msg_upgrade(c, &head, body);
		return;
	case QT_MSG_KILL:
	case QT_MSG_RENAME:
	case QT_MSG_RESIZE:
	case QT_MSG_FORGET:
	case QT_MSG_SEND:
	case QT_MSG_REPLY:
	case QT_MSG_TITLE:
	case QT_MSG_SEEN:
	case QT_MSG_KICK:
		qt__msg_command(c, &head, body);
		return;
	default:
		qt__conn_error(c, head.tag, -QT_EPROTO, "unknown request %u",
		    head.type);
	}
}
