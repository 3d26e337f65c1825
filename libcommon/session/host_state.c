/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a host tells the program that replaces it by exec(2), in a memfd: one
 * head, then connections, then sessions each with its attachments and queued
 * input. Descriptors are passed by number; they stay open over exec.
 *
 * Both ends are on one machine and of one QT_HOST_STATE_VERSION, which
 * host_upgrade.c has asked the new program for; so these are plain structs.
 * They are still checked, since a host that went wrong here would take every
 * session with it: better to refuse while the old one can go on.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/log.h>
#include <qt/base/sys.h>

#include "host_priv.h"
#include "host_state_priv.h"

static int
save_conns(struct qt__host *h, struct qt_buf *out)
{
	struct qt__state_conn	 sc;
	const struct qt__conn	*c;
	int			 rc = 0;

	for (uint32_t i = 0; i < h->conn_slots && rc == 0; i++) {
		c = h->conns[i];
		if (c == NULL)
			continue;
		sc = (struct qt__state_conn){ c->id, c->fd, c->bell_fd,
		    c->event_fd, c->bell_slots, c->role, c->flags, 0 };
		rc = qt_buf_add(out, &sc, sizeof(sc));
	}
	return rc;
}

static int
save_attach(const struct qt__session *s, struct qt_buf *out)
{
	struct qt__state_attach	 sa;
	const struct qt__attach	*a;
	int			 rc = 0;

	for (a = s->attach; a != NULL && rc == 0; a = a->next) {
		sa = (struct qt__state_attach){
			.active = a->active, .conn = a->conn->id,
			.channel = a->channel, .role = a->role,
			.flags = a->flags, .cols = a->cols, .rows = a->rows,
			.is_lead = s->lead == a,
		};
		rc = qt_buf_add(out, &sa, sizeof(sa));
	}
	return rc;
}

static int
save_session(const struct qt__session *s, struct qt_buf *out)
{
	struct qt__state_session	ss = {
		.slot = s->slot, .conn = s->conn, .fd = s->fd, .pid = s->pid,
		.status = s->status, .is_dead = s->is_dead,
		.is_spare = s->is_spare, .is_forget = s->is_forget,
		.bound = s->bound,
		.input_len = (uint32_t)(s->input.len - s->input_at),
	};
	int				rc;

	for (const struct qt__attach *a = s->attach; a != NULL; a = a->next)
		ss.attached++;
	rc = qt_buf_add(out, &ss, sizeof(ss));
	if (rc == 0)
		rc = save_attach(s, out);
	if (rc == 0 && ss.input_len > 0)
		rc = qt_buf_add(out, s->input.data + s->input_at,
		    ss.input_len);
	return rc;
}

/* fd is the memfd; seg_fd and it are the caller's to close when exec fails. */
int
qt__state_save(struct qt__host *h, int *fd, int *seg_fd, struct qt_err *err)
{
	struct qt__state_head	head = {
		.magic = QT__STATE_MAGIC, .version = QT_HOST_STATE_VERSION,
		.lock_fd = h->lock_fd, .listen_fd = h->listen_fd,
		.screen_fd = h->screen.listen_fd, .conns = h->conn_count,
		.conn_last = h->conn_last, .active = h->active,
		.nofile_cur = h->nofile.rlim_cur,
		.nofile_max = h->nofile.rlim_max,
		.asker = h->upgrade_conn, .tag = h->upgrade_tag,
	};
	struct qt_buf		buf = QT_BUF_INIT;
	int			rc;

	*fd = *seg_fd = -1;
	for (uint32_t i = 0; i < h->session_slots; i++)
		head.sessions += h->sessions[i] != NULL;
	*seg_fd = head.seg_fd = qt_seg_dup_rdwr(h->seg);
	rc = *seg_fd < 0 ? *seg_fd : qt_buf_add(&buf, &head, sizeof(head));
	if (rc == 0)
		rc = save_conns(h, &buf);
	for (uint32_t i = 0; i < h->session_slots && rc == 0; i++) {
		if (h->sessions[i] != NULL)
			rc = save_session(h->sessions[i], &buf);
	}
	if (rc == 0)
		rc = *fd = qt_sys_memfd("qt-host-state", 0, 0);
	if (rc >= 0)
		rc = qt_sys_write_all(*fd, buf.data, buf.len);
	qt_buf_clear(&buf);
	if (rc < 0)
		qt_err_set(err, "save the host's state");
	return rc < 0 ? rc : 0;
}

/* The next size bytes of the state, or NULL. */
static const void *
take(struct qt__state *st, size_t size)
{
	const char	*p = st->data + st->at;

	if (size > st->len - st->at)
		return NULL;
	st->at += size;
	return p;
}

/* The state's bytes; the descriptors of the host itself. */
int
qt__state_open(struct qt__host *h, int fd, struct qt__state *st,
    struct qt_err *err)
{
	off_t		size = lseek(fd, 0, SEEK_END);
	const void	*p;
	ssize_t		n = -1;

	*st = (struct qt__state){ .data = NULL };
	if (size > 0 && size < QT__STATE_MAX) {
		st->data = malloc((size_t)size);
		if (st->data == NULL)
			return -ENOMEM;
		n = qt_sys_pread(fd, st->data, (size_t)size, 0);
	}
	close(fd);
	st->len = n > 0 ? (size_t)n : 0;
	p = n == size ? take(st, sizeof(st->head)) : NULL;
	if (p != NULL)
		memcpy(&st->head, p, sizeof(st->head));
	if (p == NULL || st->head.magic != QT__STATE_MAGIC ||
	    st->head.version != QT_HOST_STATE_VERSION) {
		qt_err_set(err, "the state of the host before this program");
		return -QT_EFORMAT;
	}
	h->lock_fd = st->head.lock_fd;
	h->listen_fd = st->head.listen_fd;
	h->screen.listen_fd = st->head.screen_fd;
	h->conn_last = st->head.conn_last;
	h->active = st->head.active;
	h->nofile.rlim_cur = st->head.nofile_cur;
	h->nofile.rlim_max = st->head.nofile_max;
	h->upgrade_conn = st->head.asker;
	h->upgrade_tag = st->head.tag;
	return 0;
}

void
qt__state_close(struct qt__state *st)
{
	free(st->data);
	st->data = NULL;
}

/* That one must come again; the others need not. */
static void
drop_conn(const struct qt__state_conn *sc, const struct qt_err *err)
{
	qt_log(QT_LOG_WARN, QT__MODULE, "connection %u is lost by the upgrade: "
	    "%s", sc->id, err->text);
	close(sc->fd);
	if (sc->bell_slots == 0)
		return;
	close(sc->bell_fd);
	close(sc->event_fd);
}

static void
load_conn(struct qt__host *h, const struct qt__state_conn *sc)
{
	struct qt_err	 err = QT_ERR_INIT;
	struct qt__conn	*c;
	void		*map = NULL;

	(void)fcntl(sc->fd, F_SETFD, FD_CLOEXEC);
	c = qt__conn_add(h, sc->fd, sc->id, &err);
	if (c == NULL) {
		drop_conn(sc, &err);
		return;
	}
	c->role = sc->role;
	c->flags = sc->flags;
	if (sc->bell_slots == 0)
		return;
	(void)fcntl(sc->bell_fd, F_SETFD, FD_CLOEXEC);
	(void)fcntl(sc->event_fd, F_SETFD, FD_CLOEXEC);
	c->bell_fd = sc->bell_fd;
	c->event_fd = sc->event_fd;
	c->attach = calloc(sc->bell_slots, sizeof(struct qt__attach *));
	if (c->attach == NULL ||
	    qt_sys_mmap(sc->bell_fd, sc->bell_slots *
	    sizeof(struct qt_bell_slot), PROT_READ | PROT_WRITE, &map) < 0) {
		/* Without its bell it must come again. */
		qt__conn_close(c);
		return;
	}
	c->bell = map;
	c->bell_slots = sc->bell_slots;
}

static void
load_attach(struct qt__host *h, struct qt__session *s,
    const struct qt__state_attach *sa)
{
	struct qt__conn			*c = qt__conn_get(h, sa->conn);
	struct qt_control_attach	 req = {
		.cols = sa->cols, .rows = sa->rows, .role = sa->role,
		.channel = sa->channel, .flags = sa->flags,
	};
	struct qt__attach		*a;

	if (c == NULL || sa->channel >= c->bell_slots)
		return;
	a = qt__attach_add(s, c, &req);
	if (a == NULL) {
		qt__conn_close(c);
		return;
	}
	a->active = sa->active;
	if (sa->is_lead)
		s->lead = a;
}

/* That one is lost: its program hears SIGHUP, the others go on. */
static void
drop_session(struct qt__session *s, int fd, const struct qt_err *err)
{
	struct qt__host		*h = s->host;
	struct qt_session	 rec;

	close(fd);
	if (s->is_spare) {
		qt__session_forget(h, s->slot);
		return;
	}
	if (qt__table_get(h->table, s->slot, &rec) < 0)
		return;
	qt_log(QT_LOG_ERROR, QT__MODULE, "session '%s' is lost by the "
	    "upgrade: %s", rec.name, err->text);
	rec.state = QT_STATE_LOST;
	rec.exited_ms = qt_clock_real_ms();
	rec.exit_offset = qt_ring_writer_head(s->ring);
	(void)qt__table_put(h->table, &rec);
	qt_ring_writer_close(s->ring);
	s->ring = NULL;
	if (s->attach == NULL)
		qt__session_free(s);
}

static int
load_session(struct qt__host *h, struct qt__state *st,
    const struct qt__state_session *ss, struct qt_err *err)
{
	struct qt__session	*s = qt__session_add(h, ss->slot, err);
	const void		*p = NULL;
	int			 rc;

	if (s == NULL)
		return -QT_ECORRUPT;
	s->conn = ss->conn;
	s->is_spare = ss->is_spare;
	s->is_forget = ss->is_forget;
	qt__bound_load(s, ss->bound);
	for (uint32_t i = 0; i < ss->attached; i++) {
		p = take(st, sizeof(struct qt__state_attach));
		if (p == NULL)
			return -QT_ECORRUPT;
		load_attach(h, s, p);
	}
	if (ss->fd < 0)
		return 0;
	p = take(st, ss->input_len);
	rc = p == NULL ? -QT_ECORRUPT : qt_ring_writer_open(h->seg,
	    *qt__table_ring(h->table, ss->slot), &s->ring, err);
	if (rc == 0)
		rc = qt_buf_add(&s->input, p, ss->input_len);
	if (rc < 0)
		return rc;
	(void)fcntl(ss->fd, F_SETFD, FD_CLOEXEC);
	if (qt__session_own(s, ss->fd, ss->pid, err) < 0) {
		drop_session(s, ss->fd, err);
		return 0;
	}
	s->head = qt_ring_writer_head(s->ring);
	s->is_dead = ss->is_dead;
	s->status = ss->status;
	if (s->is_spare)
		h->spares++;
	else
		h->running++;
	return 0;
}

int
qt__state_load(struct qt__host *h, struct qt__state *st, struct qt_err *err)
{
	const void	*p;
	int		 rc = 0;

	for (uint32_t i = 0; i < st->head.conns && rc == 0; i++) {
		p = take(st, sizeof(struct qt__state_conn));
		if (p != NULL)
			load_conn(h, p);
		else
			rc = -QT_ECORRUPT;
	}
	for (uint32_t i = 0; i < st->head.sessions && rc == 0; i++) {
		p = take(st, sizeof(struct qt__state_session));
		rc = p == NULL ? -QT_ECORRUPT : load_session(h, st, p, err);
	}
	if (rc < 0)
		qt_err_wrap(err, "take over the sessions");
	return rc;
}

/* Everything is in place: what waited meanwhile goes on. */
void
qt__state_resume(struct qt__host *h)
{
	struct qt__session	*s;
	struct qt__conn		*c;

	for (uint32_t i = 0; i < h->session_slots; i++) {
		s = h->sessions[i];
		if (s == NULL)
			continue;
		qt__session_poll(s);
		qt__bell_change(s);
		if (s->is_dead)
			qt__session_exit(s);
	}
	qt__host_reap(h);
	c = qt__conn_get(h, h->upgrade_conn);
	if (c != NULL)
		qt__conn_ok(c, h->upgrade_tag);
	h->upgrade_conn = 0;
	qt__event(h, "host-upgraded", NULL);
	qt_log(QT_LOG_INFO, QT__MODULE, "continuing with %u sessions and %u "
	    "connections", h->running, h->conn_count);
}
