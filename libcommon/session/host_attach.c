/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attachments: who looks at what, and who of them is the lead viewer (the one
 * whose terminal answers the program's queries). The lead is the writer who
 * did something last: typed, resized, asked for it, or came.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host_priv.h"

static int
is_viewer(const struct qt__attach *a)
{
	return (a->flags & QT_ATTACH_HELPER) == 0 &&
	    (a->conn->flags & QT_HELLO_HELPER) == 0;
}

uint32_t
qt__attach_count(const struct qt__session *s)
{
	uint32_t	n = 0;

	for (const struct qt__attach *a = s->attach; a != NULL; a = a->next)
		n += (uint32_t)is_viewer(a);
	return n;
}

struct qt__attach *
qt__attach_of(struct qt__conn *c, uint32_t channel)
{
	return channel < c->bell_slots ? c->attach[channel] : NULL;
}

/* Tells everybody who the lead is and how many look. */
static void
publish(struct qt__session *s)
{
	struct qt_session	rec;

	if (qt__table_get(s->host->table, s->slot, &rec) < 0)
		return;
	rec.viewers = qt__attach_count(s);
	if (rec.lead != 0 && s->lead == NULL)
		rec.lead_offset = s->head;
	rec.lead = s->lead != NULL ? s->lead->conn->id : 0;
	rec.lead_slot = s->lead != NULL ? s->lead->channel : 0;
	(void)qt__table_put(s->host->table, &rec);
}

static void
tell(struct qt__session *s, const struct qt__attach *a, const char *what)
{
	struct qt_session	rec;
	struct qt__event	e;

	if (!is_viewer(a) ||
	    qt__table_get(s->host->table, s->slot, &rec) < 0)
		return;
	qt__event_begin(&e, what, &rec);
	qt_json_uint(&e.json, "conn", a->conn->id);
	qt_json_uint(&e.json, "channel", a->channel);
	qt_json_str(&e.json, "role", qt_role_name((enum qt_role)a->role));
	qt_json_uint(&e.json, "viewers", rec.viewers);
	qt__event_end(s->host, &e);
}

static int
may_lead(const struct qt__attach *a)
{
	return a->role >= QT_ROLE_WRITER && is_viewer(a);
}

/* It did something: the lead, and the latest for the size. */
void
qt__attach_lead(struct qt__attach *a)
{
	struct qt__session	*s = a->session;

	if (!may_lead(a))
		return;
	a->active = ++s->host->active;
	if (s->lead != a) {
		s->lead = a;
		publish(s);
		tell(s, a, "lead");
		qt__bell_change(s);
	}
	qt__size_decide(s);
}

static void
choose_lead(struct qt__session *s)
{
	s->lead = NULL;
	for (struct qt__attach *a = s->attach; a != NULL; a = a->next) {
		if (may_lead(a) &&
		    (s->lead == NULL || a->active > s->lead->active))
			s->lead = a;
	}
}

/* Frees the session too when it has ended and this was the last. */
void
qt__attach_end(struct qt__attach *a, int is_kicked)
{
	struct qt__session	*s = a->session;
	struct qt__host		*h = s->host;
	uint32_t		 slot = s->slot;

	if (a->prev != NULL)
		a->prev->next = a->next;
	else
		s->attach = a->next;
	if (a->next != NULL)
		a->next->prev = a->prev;
	a->conn->attach[a->channel] = NULL;
	a->conn->attached--;
	h->attached--;
	if (is_kicked)
		qt__bell_end(a);
	if (s->lead == a)
		choose_lead(s);
	publish(s);
	tell(s, a, is_kicked ? "kicked" : "detached");
	free(a);
	if (s->fd >= 0) {
		qt__bell_change(s);
		qt__size_decide(s);
	} else if (s->is_forget && !s->is_starting &&
	    qt__attach_count(s) == 0) {
		qt__session_forget(h, slot);	/* helpers do not keep it */
	} else if (s->attach == NULL && !s->is_starting) {
		qt__session_free(s);
	}
}

/* The session, also of a record that has ended; NULL with err. */
static struct qt__session *
find_session(struct qt__host *h, const struct qt_control_attach *req,
    int *code, struct qt_err *err)
{
	struct qt__session	*s;
	struct qt_session	 rec;

	*code = qt__table_find_id(h->table, &req->id, &rec);
	if (*code == 0 && rec.state == QT_STATE_SPARE)
		*code = -ENOENT;
	if (*code < 0) {
		qt_err_set(err, "no such session");
		return NULL;
	}
	s = qt__session_of(h, rec.slot);
	if (s == NULL)
		s = qt__session_add(h, rec.slot, err);
	if (s == NULL)
		*code = -ENOMEM;
	return s;
}

static int
check(struct qt__conn *c, const struct qt_control_attach *req,
    struct qt_err *err)
{
	if (req->channel >= c->bell_slots) {
		qt_err_set(err, "channel %u is not one of the %u of HELLO",
		    req->channel, c->bell_slots);
		return -EINVAL;
	}
	if (c->attach[req->channel] != NULL) {
		qt_err_set(err, "channel %u is in use", req->channel);
		return -EBUSY;
	}
	if (req->role < QT_ROLE_READER || req->role > c->role) {
		qt_err_set(err, "attach as %s",
		    qt_role_name((enum qt_role)req->role));
		return -QT_EROLE;
	}
	if (c->host->attached >= QT__ATTACH_MAX) {
		qt_err_set(err, "%u attachments", QT__ATTACH_MAX);
		return -QT_EFULL;
	}
	return 0;
}

struct qt__attach *
qt__attach_add(struct qt__session *s, struct qt__conn *c,
    const struct qt_control_attach *req)
{
	struct qt__attach	*a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->conn = c;
	a->session = s;
	a->channel = req->channel;
	a->role = req->role;
	a->flags = req->flags;
	a->cols = req->cols;
	a->rows = req->rows;
	a->active = ++s->host->active;
	a->next = s->attach;
	if (a->next != NULL)
		a->next->prev = a;
	s->attach = a;
	c->attach[a->channel] = a;
	c->attached++;
	s->host->attached++;
	return a;
}

void
qt__msg_attach(struct qt__conn *c, const struct qt_control_head *head,
    const void *body)
{
	struct qt_control_attached	 answer;
	struct qt_control_attach	 req;
	struct qt__session		*s = NULL;
	struct qt__attach		*a;
	struct qt_session		 rec;
	struct qt_err			 err = QT_ERR_INIT;
	int				 rc = -QT_EPROTO;

	if (head->len == sizeof(req)) {
		memcpy(&req, body, sizeof(req));
		rc = check(c, &req, &err);
	}
	if (rc == 0)
		s = find_session(c->host, &req, &rc, &err);
	if (s == NULL) {
		qt__conn_error(c, head->tag, rc, "%s", err.text);
		return;
	}
	a = qt__attach_add(s, c, &req);
	if (a == NULL) {
		qt__conn_error(c, head->tag, -ENOMEM, "attach");
		return;
	}
	atomic_store(&c->bell[a->channel].rung, 0);
	atomic_store(&c->bell[a->channel].wake_at, 0);
	if (may_lead(a))
		s->lead = a;
	publish(s);
	tell(s, a, "attached");
	if (qt__table_get(c->host->table, s->slot, &rec) < 0)
		rec.generation = 0;
	answer = (struct qt_control_attached){
		.slot = s->slot, .generation = rec.generation, .role = a->role,
	};
	qt__conn_send(c, QT_MSG_ATTACHED, head->tag, &answer, sizeof(answer));
	if (c->is_closed)
		return;
	qt__bell_change(s);
	qt__size_decide(s);
}
