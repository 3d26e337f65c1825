/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about a session, which each begin with its id. */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <qt/base/utf8.h>

#include "host_priv.h"

/* A request that was checked so far. */
struct request {
	struct qt__conn		*conn;
	struct qt__host		*host;
	struct qt_session	 rec;
	struct qt__session	*session;	/* NULL: only a record */
	const char		*rest;		/* after the id */
	size_t			 len;
};

/* Did this connection make it, or is it attached to it as a writer? */
static int
is_own(const struct request *r, int is_maker)
{
	const struct qt__attach	*a;

	if (r->conn->role >= QT_ROLE_OWNER)
		return 1;
	if (r->conn->role < QT_ROLE_WRITER || r->session == NULL)
		return 0;
	if (r->session->conn == r->conn->id)
		return 1;
	for (a = r->session->attach; a != NULL && !is_maker; a = a->next) {
		if (a->conn == r->conn && a->role >= QT_ROLE_WRITER)
			return 1;
	}
	return 0;
}

static int
is_allowed(const struct request *r, unsigned int type)
{
	switch (type) {
	case QT_MSG_SEND:
	case QT_MSG_RESIZE:
		return is_own(r, 0);
	case QT_MSG_REPLY:
	case QT_MSG_TITLE:
		return r->conn->role >= QT_ROLE_WRITER &&
		    (r->conn->flags & QT_HELLO_HELPER) != 0;
	case QT_MSG_SEEN:
		return r->conn->role >= QT_ROLE_READER;
	default:
		return is_own(r, 1);
	}
}

int
qt__session_signal(const struct qt__session *s, int sig)
{
	pid_t	group;

	/* A shell's foreground job is in a group of its own. */
	if (ioctl(s->fd, TIOCGPGRP, &group) == 0 && group > 1 &&
	    group != s->pid)
		(void)kill(-group, sig);
	if (kill(-s->pid, sig) < 0 && kill(s->pid, sig) < 0)
		return -errno;
	/* A stopped one would not hear it. */
	if (sig == SIGHUP || sig == SIGTERM)
		(void)kill(-s->pid, SIGCONT);
	return 0;
}

static int
do_kill(struct request *r, struct qt_err *err)
{
	struct qt__event	e;
	uint32_t		sig;
	int			rc;

	if (r->len != sizeof(sig))
		return -QT_EPROTO;
	memcpy(&sig, r->rest, sizeof(sig));
	if (sig >= NSIG)
		return -EINVAL;
	if (r->session == NULL || r->session->fd < 0) {
		qt_err_set(err, "session '%s' has ended", r->rec.name);
		return -QT_EGONE;
	}
	rc = qt__session_signal(r->session, (int)sig);
	if (rc < 0)
		return rc;
	qt__event_begin(&e, "killed", &r->rec);
	qt_json_uint(&e.json, "signal", sig);
	qt__event_end(r->host, &e);
	return 0;
}

static int
do_rename(struct request *r, struct qt_err *err)
{
	struct qt_session	other;
	struct qt__event	e;
	char			old[QT_SESSION_NAME_SIZE];
	int			rc;

	memcpy(old, r->rec.name, sizeof(old));
	if (r->len >= QT_SESSION_NAME_SIZE)
		return -EINVAL;
	memset(r->rec.name, 0, sizeof(r->rec.name));
	memcpy(r->rec.name, r->rest, r->len);
	if (qt_session_name_check(r->rec.name) < 0 ||
	    strlen(r->rec.name) != r->len) {
		qt_err_set(err, "that is not a name: 1 to %d bytes without "
		    "'/', ':', controls or a leading '-'",
		    QT_SESSION_NAME_SIZE - 1);
		return -EINVAL;
	}
	if (strcmp(old, r->rec.name) == 0)
		return 0;
	if (qt__table_find_name(r->host->table, r->rec.name, &other) == 0 &&
	    other.state == QT_STATE_RUNNING) {
		qt_err_set(err, "the name '%s' is taken by a running session",
		    r->rec.name);
		return -EEXIST;
	}
	rc = qt__table_put(r->host->table, &r->rec);
	if (rc < 0)
		return rc;
	r->host->name_hint = 0;
	qt__event_begin(&e, "renamed", &r->rec);
	qt_json_str(&e.json, "from", old);
	qt__event_end(r->host, &e);
	if (r->session != NULL)
		qt__bell_change(r->session);
	return 0;
}

static int
do_resize(struct request *r, struct qt_err *err)
{
	uint16_t	size[2];
	uint32_t	policy;
	int		rc = 0;

	if (r->len != sizeof(size) + sizeof(policy))
		return -QT_EPROTO;
	memcpy(size, r->rest, sizeof(size));
	memcpy(&policy, r->rest + sizeof(size), sizeof(policy));
	if (policy != UINT32_MAX && policy > QT_RESIZE_FIXED)
		return -EINVAL;
	if (size[0] > 0 && size[1] > 0)
		rc = qt__size_check(size[0], size[1], err);
	if (rc < 0)
		return rc;
	if (r->session == NULL || r->session->fd < 0) {
		qt_err_set(err, "session '%s' has ended", r->rec.name);
		return -QT_EGONE;
	}
	if (policy != UINT32_MAX && policy != r->session->policy) {
		r->rec.policy = (enum qt_resize_policy)policy;
		r->session->policy = (uint8_t)policy;
		rc = qt__table_put(r->host->table, &r->rec);
		qt__bell_change(r->session);
	}
	if (rc == 0 && size[0] > 0 && size[1] > 0)
		rc = qt__size_set(r->session, size[0], size[1]);
	else if (rc == 0)
		qt__size_decide(r->session);
	return rc;
}

static int
do_forget(struct request *r, struct qt_err *err)
{
	if (r->rec.state == QT_STATE_RUNNING) {
		qt_err_set(err, "session '%s' is running: kill it first",
		    r->rec.name);
		return -EBUSY;
	}
	qt__event(r->host, "forgotten", &r->rec);
	qt__session_forget(r->host, r->rec.slot);
	return 0;
}

static int
do_seen(struct request *r)
{
	if (r->rec.state == QT_STATE_RUNNING ||
	    (r->rec.flags & QT_SESSION_SEEN) != 0)
		return 0;
	r->rec.flags |= QT_SESSION_SEEN;
	return qt__table_put(r->host->table, &r->rec);
}

static int
do_send(struct request *r, struct qt_err *err)
{
	int	rc = -QT_EGONE;

	if (r->session != NULL)
		rc = qt__session_input(r->session, r->rest, r->len);
	if (rc == -QT_EFULL)
		qt_err_set(err, "session '%s' has not read the last %u bytes",
		    r->rec.name, QT_SESSION_INPUT_MAX);
	else if (rc == -QT_EGONE)
		qt_err_set(err, "session '%s' has ended", r->rec.name);
	return rc;
}

/* The screen service: what the program calls its window. */
static int
do_title(struct request *r)
{
	char	title[sizeof(r->rec.title)] = "";
	size_t	at = 0, n;
	int	is_valid;

	for (size_t i = 0; i < r->len; i += n) {
		n = qt_utf8_next(r->rest + i, r->len - i, &is_valid);
		if (at + n >= sizeof(title))
			break;
		if (!is_valid || qt_utf8_is_control(r->rest + i, n))
			continue;
		memcpy(title + at, r->rest + i, n);
		at += n;
	}
	if (strcmp(title, r->rec.title) == 0)
		return 0;
	memcpy(r->rec.title, title, sizeof(title));
	if (qt__table_put(r->host->table, &r->rec) == 0 && r->session != NULL)
		qt__bell_change(r->session);
	return 0;
}

static int
do_kick(struct request *r)
{
	struct qt__attach	*a, *next;
	uint32_t		 conn;

	if (r->len != sizeof(conn))
		return -QT_EPROTO;
	memcpy(&conn, r->rest, sizeof(conn));
	for (a = r->session != NULL ? r->session->attach : NULL; a != NULL;
	    a = next) {
		next = a->next;
		if (conn != 0 ? a->conn->id == conn : a->conn != r->conn &&
		    (a->flags & QT_ATTACH_HELPER) == 0 &&
		    (a->conn->flags & QT_HELLO_HELPER) == 0)
			qt__attach_end(a, 1);
	}
	return 0;
}

static int
run(struct request *r, unsigned int type, struct qt_err *err)
{
	switch (type) {
	case QT_MSG_KILL:
		return do_kill(r, err);
	case QT_MSG_RENAME:
		return do_rename(r, err);
	case QT_MSG_RESIZE:
		return do_resize(r, err);
	case QT_MSG_FORGET:
		return do_forget(r, err);
	case QT_MSG_SEEN:
		return do_seen(r);
	case QT_MSG_SEND:
		return do_send(r, err);
	case QT_MSG_REPLY:
		/* Somebody's own terminal answers. */
		if (r->session == NULL || r->session->lead != NULL)
			return 0;
		return qt__session_input(r->session, r->rest, r->len);
	case QT_MSG_TITLE:
		return do_title(r);
	default:
		return do_kick(r);
	}
}

void
qt__msg_command(struct qt__conn *c, const struct qt_control_head *head,
    const void *body)
{
	struct request	r = { .conn = c, .host = c->host };
	struct qt_err	err = QT_ERR_INIT;
	struct qt_uuid	id;
	int		rc = -QT_EPROTO;

	if (head->len >= sizeof(id)) {
		memcpy(&id, body, sizeof(id));
		r.rest = (const char *)body + sizeof(id);
		r.len = head->len - sizeof(id);
		rc = qt__table_find_id(c->host->table, &id, &r.rec);
		if (rc < 0 || r.rec.state == QT_STATE_SPARE) {
			rc = -ENOENT;
			qt_err_set(&err, "no such session");
		}
	}
	if (rc == 0) {
		r.session = qt__session_of(c->host, r.rec.slot);
		if (!is_allowed(&r, head->type)) {
			rc = -QT_EROLE;
			qt_err_set(&err, "request of a %s",
			    qt_role_name((enum qt_role)c->role));
		} else {
			rc = run(&r, head->type, &err);
		}
	}
	if (head->type == QT_MSG_REPLY || head->type == QT_MSG_TITLE)
		return;
	if (rc < 0)
		qt__conn_error(c, head->tag, rc, "%s", err.text);
	else
		qt__conn_ok(c, head->tag);
}

/* /proc/self/statm is in pages: size, resident, ... */
static uint64_t
own_rss(void)
{
	unsigned long	size, resident;
	FILE		*f = fopen("/proc/self/statm", "re");
	int		 n;

	if (f == NULL)
		return 0;
	n = fscanf(f, "%lu %lu", &size, &resident);
	fclose(f);
	return n == 2 ? resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

void
qt__msg_stat(struct qt__conn *c, const struct qt_control_head *head)
{
	struct qt__host		*h = c->host;
	struct qt_control_stat	 st = {
		.sessions = h->running, .connections = h->conn_count,
		.attachments = h->attached, .rss_bytes = own_rss(),
		.segment_bytes = qt_seg_used(h->seg),
		.output_bytes = h->output_bytes, .rings = h->rings,
		.loops = h->loops,
	};
	struct rusage		 ru;

	if (getrusage(RUSAGE_SELF, &ru) == 0) {
		st.cpu_user_us = (uint64_t)ru.ru_utime.tv_sec * 1000000 +
		    (uint64_t)ru.ru_utime.tv_usec;
		st.cpu_system_us = (uint64_t)ru.ru_stime.tv_sec * 1000000 +
		    (uint64_t)ru.ru_stime.tv_usec;
	}
	qt__conn_send(c, QT_MSG_STATED, head->tag, &st, sizeof(st));
}
