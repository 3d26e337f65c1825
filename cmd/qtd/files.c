/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uploads and downloads, beneath the folder that a session's program is in.
 * The monitor opens; here bytes are moved, a piece at a time.
 *
 *	PUT	OPEN ─► body ─► write ... ─► LINK (or DROP) ─► 201 {path}
 *	GET	OPEN ─► read ─► send ... (no faster than it is taken)
 *
 * The struct outlives its request when the client leaves before an answer of
 * the monitor.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/err.h>
#include <qt/base/sys.h>
#include <qt/net/audit.h>

#include "api.h"
#include "session.h"

#define PIECE (64u << 10)

struct transfer {
	struct worker		*w;
	struct qt_net_req	*req;	/* NULL: the client left */
	char			*path;
	int64_t			 left;	/* of a download */
	int			 fd;
	unsigned int		 flags;
	uint8_t			 is_asking; /* the monitor has yet to answer */
	uint8_t			 is_linked;
};

static uint8_t	piece[PIECE];

/* An upload that did not end well has a name on some file systems. */
static void
drop(const struct transfer *t)
{
	struct mon_message	m = { .type = MON_DROP };
	struct stat		st;

	if ((t->flags & MON_OPEN_WRITE) != 0 && !t->is_linked &&
	    fstat(t->fd, &st) == 0 && st.st_nlink > 0)
		(void)mon_tell_fd(t->w->mon, &m, t->fd);
}

static void
transfer_free(struct transfer *t)
{
	if (t->fd >= 0)
		drop(t);
	if (t->fd >= 0)
		close(t->fd);
	free(t->path);
	free(t);
}

static void
on_gone(void *arg)
{
	struct transfer	*t = arg;

	t->req = NULL;
	if (!t->is_asking)
		transfer_free(t);
}

static void
fail(struct transfer *t, int code, const char *text)
{
	if (t->req != NULL)
		api_error(t->req, code, text);
	transfer_free(t);
}

static const char *
reason(int code)
{
	switch (code) {
	case -EEXIST: return "a file of that name is there";
	case -ENOENT: return "there is no such file";
	case -EISDIR: return "that is a folder";
	case -QT_EGONE: return "the session has ended";
	case -EINVAL: return "that is not the name of a plain file";
	case -ENOSPC: return "the disk is full";
	default: return NULL;
	}
}

/* The session that the query names. 0, or negative after an answer. */
static int
find_session(struct worker *w, struct qt_net_req *req, struct qt_session *s)
{
	char	name[128];
	int	rc = -ENOENT;

	if (qt_net_query_get(qt_net_req_query(req), "session", name,
	    sizeof(name)) > 0)
		rc = session_resolve(w, name, s);
	if (rc == 0 && s->state != QT_STATE_RUNNING)
		rc = -QT_EGONE;
	if (rc < 0)
		api_error(req, rc, rc == -ENOENT ? "there is no such session" :
		    reason(rc));
	return rc;
}

/* Asks the monitor for the file that key of the query names. */
static void
begin(struct worker *w, struct qt_net_req *req, const char *key,
    unsigned int flags, mon_answer_fn *fn)
{
	struct mon_message	 m = { .type = MON_OPEN, .flags = flags };
	struct qt_session	 s;
	struct transfer		*t;
	long			 n;
	int			 rc;

	if (find_session(w, req, &s) < 0)
		return;
	n = qt_net_query_get(qt_net_req_query(req), key, m.text,
	    sizeof(m.text) - 1);
	t = n > 0 ? calloc(1, sizeof(*t)) : NULL;
	if (t == NULL) {
		api_error(req, n > 0 ? -ENOMEM : -EINVAL, reason(-EINVAL));
		return;
	}
	m.len = (uint32_t)n;
	m.pid = s.pid;
	t->w = w;
	t->req = req;
	t->fd = -1;
	rc = mon_ask(w->mon, &m, fn, t);
	if (rc < 0) {
		fail(t, rc, NULL);
		return;
	}
	t->is_asking = 1;
	qt_net_req_defer(req, on_gone, t);
}

/* 1 when the transfer goes on. */
static int
opened(struct transfer *t, const struct mon_message *m, int fd)
{
	t->is_asking = 0;
	t->fd = fd;
	t->flags = m->flags;
	if (t->req == NULL) {
		transfer_free(t);
		return 0;
	}
	if (m->code < 0 || fd < 0) {
		fail(t, m->code < 0 ? m->code : -EIO, reason(m->code));
		return 0;
	}
	t->path = strndup(m->text, m->len);
	if (t->path == NULL) {
		fail(t, -ENOMEM, NULL);
		return 0;
	}
	return 1;
}

static void
audit(const struct transfer *t, const char *event)
{
	const struct qt_net_user	*user = qt_net_req_user(t->req);

	qt_net_audit(t->w->audit, event, 1, user != NULL ? user->name : NULL,
	    NULL, qt_net_req_addr(t->req), t->path);
}

static void
say_created(struct transfer *t)
{
	struct qt_buf	buf = QT_BUF_INIT;
	struct qt_json	j = QT_JSON_INIT(&buf);

	audit(t, "upload");
	qt_json_object(&j, NULL);
	qt_json_str(&j, "path", t->path);
	qt_json_end(&j);
	qt_net_reply_json(t->req, 201, &buf);
	qt_buf_clear(&buf);
	transfer_free(t);
}

static void
on_linked(void *arg, const struct mon_message *m, int fd)
{
	struct transfer	*t = arg;

	(void)fd;
	t->is_asking = 0;
	t->is_linked = m->code == 0;
	if (t->req == NULL)
		transfer_free(t);
	else if (m->code < 0)
		fail(t, m->code, reason(m->code));
	else
		say_created(t);
}

static void
finish_upload(struct transfer *t)
{
	struct mon_message	m = { .type = MON_LINK, .flags = t->flags };
	int			rc;

	m.len = (uint32_t)strlen(t->path);
	memcpy(m.text, t->path, m.len);
	rc = mon_ask_fd(t->w->mon, &m, t->fd, on_linked, t);
	if (rc < 0)
		fail(t, rc, NULL);
	else
		t->is_asking = 1;
}

static void
on_body(struct qt_net_req *req, const void *p, size_t len, void *arg)
{
	struct transfer	*t = arg;
	int		 rc;

	(void)req;
	if (len == 0) {
		finish_upload(t);
		return;
	}
	rc = qt_sys_write_all(t->fd, p, len);
	if (rc < 0)
		fail(t, rc, reason(rc));
}

static void
on_opened_upload(void *arg, const struct mon_message *m, int fd)
{
	struct transfer	*t = arg;

	if (opened(t, m, fd)) {
		qt_net_req_on_body(t->req, on_body, t);
		qt_net_req_resume(t->req);
	}
}

void
file_put(struct qt_net_req *req, void *arg)
{
	struct worker	*w = arg;
	struct user	 user;
	char		 over[8];
	unsigned int	 flags = MON_OPEN_WRITE;

	api_user(req, &user);
	if (user_role(w, &user) < QT_ROLE_WRITER) {
		api_error(req, -QT_EROLE, "readers may not upload");
		return;
	}
	if (qt_net_query_get(qt_net_req_query(req), "overwrite", over,
	    sizeof(over)) == 1 && over[0] == '1')
		flags |= MON_OPEN_OVER;
	/* The body waits until there is a file for it. */
	qt_net_req_pause(req);
	begin(w, req, "name", flags, on_opened_upload);
}

static void
send_pieces(struct qt_net_req *req, void *arg)
{
	struct transfer	*t = arg;
	ssize_t		 n;
	int		 rc = 0;

	while (t->left > 0 && rc == 0) {
		n = qt_sys_read(t->fd, piece, t->left < (int64_t)PIECE ?
		    (size_t)t->left : PIECE);
		if (n <= 0)
			break;	/* it was cut: the client sees that too */
		t->left -= n;
		rc = qt_net_reply_write(req, piece, (size_t)n);
	}
	if (rc < 0 || (rc == 1 && t->left > 0))
		return;		/* gone() or drain() follows */
	qt_net_reply_end(req);
	transfer_free(t);
}

/* attachment; filename*=UTF-8''a%20b.txt */
static void
name_attachment(struct qt_net_req *req, const char *path)
{
	const char	*name = strrchr(path, '/');
	char		 line[900];
	size_t		 len;

	name = name != NULL ? name + 1 : path;
	len = (size_t)snprintf(line, sizeof(line),
	    "attachment; filename*=UTF-8''");
	for (; *name != '\0' && len + 4 < sizeof(line); name++) {
		unsigned char	c = (unsigned char)*name;

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') || strchr("-._~", c) != NULL)
			line[len++] = (char)c;
		else
			len += (size_t)snprintf(line + len,
			    sizeof(line) - len, "%%%02X", c);
	}
	line[len] = '\0';
	qt_net_reply_header(req, "Content-Disposition", line);
}

static void
on_opened_download(void *arg, const struct mon_message *m, int fd)
{
	struct transfer	*t = arg;
	struct stat	 st;

	if (!opened(t, m, fd))
		return;
	if (fstat(t->fd, &st) < 0) {
		fail(t, -errno, NULL);
		return;
	}
	audit(t, "download");
	t->left = st.st_size;
	name_attachment(t->req, t->path);
	qt_net_reply_header(t->req, "Cache-Control", "no-store");
	if (qt_net_reply_begin(t->req, 200, "application/octet-stream",
	    t->left) < 0) {
		transfer_free(t);
		return;
	}
	qt_net_reply_on_drain(t->req, send_pieces, t);
	send_pieces(t->req, t);
}

void
file_get(struct qt_net_req *req, void *arg)
{
	struct worker	*w = arg;
	struct user	 user;

	api_user(req, &user);
	if (w->opt->is_no_files || (user_role(w, &user) < QT_ROLE_WRITER &&
	    !w->opt->is_reader_files)) {
		api_error(req, -QT_EROLE, w->opt->is_no_files ?
		    "this server moves no files" :
		    "readers may not download here");
		return;
	}
	begin(w, req, "path", 0, on_opened_download);
}
