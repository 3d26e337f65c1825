/* SPDX-License-Identifier: Apache-2.0 */
/* A session followed live. See follow.h. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/clock.h>

#include "follow.h"

#define CHANNEL		0u	/* our one bell slot */
#define SCREEN_MS	3000	/* then replay without the screen's help */
#define RECONNECT_MS	50
#define LOST_MS		2000	/* no host for so long: it is not upgrading */
#define BUSY_MS		2	/* output is flowing: look again, no bell */

static int
attach(struct follow *f, struct qt_err *err)
{
	struct qt_control_attached	answer;
	int				rc;

	f->is_attached = 0;
	if (f->session.state != QT_STATE_RUNNING || f->w.client == NULL)
		return 0;
	rc = qt_client_attach(f->w.client, &f->req, &answer, err);
	if (rc < 0)
		return rc;
	f->is_attached = 1;
	/* The record as it is after our size has had its say. */
	return qt_session_find(f->w.table, &f->req.id, &f->session) < 0 ?
	    -QT_EGONE : 0;
}

static int
open_view(struct follow *f, struct qt_err *err)
{
	const struct qt_seg	*seg = f->w.client != NULL ?
	    qt_client_segment(f->w.client) : f->w.seg;
	int			 rc;

	rc = qt_view_open(f->w.table, seg, &f->opt, &f->view, err);
	if (rc == 0)
		qt_view_set_lead(f->view, follow_is_lead(f));
	return rc;
}

static void
drop_view(struct follow *f)
{
	if (f->screen_fd >= 0)
		close(f->screen_fd);
	f->screen_fd = -1;
	qt_view_close(f->view);
	f->view = NULL;
}

int
follow_open(struct follow *f, struct world *w,
    const struct qt_session *session, const struct qt_control_attach *req,
    const struct qt_view_opt *opt, struct qt_err *err)
{
	int	rc;

	memset(f, 0, sizeof(*f));
	f->w = *w;
	*w = (struct world)WORLD_INIT;
	f->screen_fd = -1;
	f->session = *session;
	f->req = *req;
	f->req.id = session->id;
	f->req.channel = CHANNEL;
	f->opt = *opt;
	f->opt.id = session->id;
	f->role = (enum qt_role)req->role;
	rc = attach(f, err);
	return rc < 0 ? rc : open_view(f, err);
}

void
follow_close(struct follow *f)
{
	drop_view(f);
	qt_buf_clear(&f->screen);
	world_close(&f->w);
}

int
follow_restart(struct follow *f, struct qt_err *err)
{
	drop_view(f);
	f->opt.offset = UINT64_MAX;
	return open_view(f, err);
}

int
follow_is_lead(const struct follow *f)
{
	return f->is_attached && f->w.client != NULL &&
	    f->session.lead == qt_client_conn(f->w.client) &&
	    f->session.lead_slot == CHANNEL;
}

/* The screen's answer is there, or it is too late for it. */
static int
end_screen(struct follow *f)
{
	struct qt_screen_answer	answer;
	struct qt_err		err;
	int			rc;

	qt_buf_reset(&f->screen);
	rc = qt_screen_finish(f->screen_fd, &answer, &f->screen, &err);
	close(f->screen_fd);
	f->screen_fd = -1;
	if (rc < 0)
		return qt_view_no_snapshot(f->view);
	if (f->redraw != NULL)
		f->redraw(&f->screen);
	return qt_view_snapshot(f->view, &answer, f->screen.data,
	    f->screen.len);
}

static int
ask_screen(struct follow *f, struct qt_screen_request *req)
{
	struct qt_err	err;

	req->flags |= f->screen_flags;
	f->screen_fd = qt_screen_begin(req, &err);
	f->screen_end_ms = qt_clock_mono_ms() + SCREEN_MS;
	if (f->screen_fd >= 0)
		return 0;
	f->screen_fd = -1;
	return qt_view_no_snapshot(f->view);
}

/* Asks to be woken by the next byte. Pairs with the host's publish. */
static void
arm(struct follow *f)
{
	struct qt_bell_slot	*slot;

	if (!f->is_attached || f->is_down)
		return;
	slot = qt_client_bell(f->w.client, CHANNEL);
	atomic_store(&slot->wake_at, qt_view_position(f->view) + 1);
}

int
follow_next(struct follow *f, size_t size_max, struct qt_view_piece *out)
{
	const struct qt_session	*now;
	int			 rc, is_armed = 0;

	f->wait_ms = 0;
	for (;;) {
		out->kind = QT_VIEW_IDLE;
		if (f->screen_fd >= 0)
			return 0;
		rc = qt_view_next(f->view, size_max, out);
		if (rc < 0)
			return rc;
		now = qt_view_session(f->view);
		if (now != NULL)
			f->session = *now;
		switch (out->kind) {
		case QT_VIEW_IDLE:
			f->wait_ms = out->wait_ms;
			if (is_armed ||
			    qt_clock_mono_ms() < f->moved_ms + BUSY_MS)
				return 0;
			arm(f);
			is_armed = 1;
			continue;
		case QT_VIEW_SNAPSHOT:
			rc = ask_screen(f, &out->req);
			if (rc < 0)
				return rc;
			continue;
		case QT_VIEW_STATE:
			qt_view_set_lead(f->view, follow_is_lead(f));
			return 0;
		case QT_VIEW_DATA:
			if (out->count >= size_max / 2)
				f->moved_ms = qt_clock_mono_ms();
			return 0;
		default:
			return 0;
		}
	}
}

int
follow_sleep(struct follow *f, struct pollfd *fds)
{
	uint64_t	now_ms = qt_clock_mono_ms();
	int		has_host = f->w.client != NULL && !f->is_down;

	fds[0] = (struct pollfd){ .events = POLLIN,
	    .fd = has_host ? qt_client_fd(f->w.client) : -1 };
	fds[1] = (struct pollfd){ .events = POLLIN,
	    .fd = has_host ? qt_client_bell_fd(f->w.client) : -1 };
	fds[2] = (struct pollfd){ .events = POLLIN, .fd = f->screen_fd };
	if (f->screen_fd >= 0)
		return f->screen_end_ms > now_ms ?
		    (int)(f->screen_end_ms - now_ms) : 0;
	if (f->is_down)
		return RECONNECT_MS;
	if (now_ms < f->moved_ms + BUSY_MS)
		return 1;
	return f->wait_ms != 0 ? (int)f->wait_ms : -1;
}

/* -ECANCELED when the host ended the attachment of a session that is there. */
static int
hear_bell(struct follow *f)
{
	struct qt_bell_slot	*slot = qt_client_bell(f->w.client, CHANNEL);
	struct qt_session	 now;
	uint64_t		 count;

	if (read(qt_client_bell_fd(f->w.client), &count, sizeof(count)) < 0)
		return 0;
	if (!(atomic_exchange(&slot->rung, 0) & QT_BELL_ENDED))
		return 0;
	f->is_attached = 0;
	return qt_session_find(f->w.table, &f->req.id, &now) == 0 ?
	    -ECANCELED : 0;
}

void
follow_down(struct follow *f)
{
	if (f->is_down)
		return;
	f->is_down = 1;
	f->down_ms = qt_clock_mono_ms();
}

/* -EAGAIN: not yet. -QT_EGONE: the session did not survive. */
static int
reconnect(struct follow *f)
{
	struct world		 w = WORLD_INIT;
	struct qt_session	 session;
	struct qt_err		 err;
	int			 rc;

	rc = qt_client_open(0, f->role, 1, &w.client, &err);
	if (rc < 0)
		return qt_clock_mono_ms() > f->down_ms + LOST_MS ?
		    -QT_EGONE : -EAGAIN;
	w.table = qt_client_table(w.client);
	rc = qt_session_find(w.table, &f->req.id, &session);
	if (rc < 0 || session.state == QT_STATE_LOST) {
		world_close(&w);
		return -QT_EGONE;
	}
	f->opt.offset = qt_view_offset(f->view);
	f->opt.generation = f->session.generation;
	drop_view(f);
	world_close(&f->w);
	f->w = w;
	f->session = session;
	f->is_down = 0;
	rc = attach(f, &err);
	return rc < 0 ? rc : open_view(f, &err);
}

int
follow_wake(struct follow *f, const struct pollfd *fds)
{
	int	rc;

	if (fds[1].revents != 0) {
		rc = hear_bell(f);
		if (rc < 0)
			return rc;
	}
	if (f->screen_fd >= 0 && (fds[2].revents != 0 ||
	    qt_clock_mono_ms() >= f->screen_end_ms)) {
		rc = end_screen(f);
		if (rc < 0)
			return rc;
	}
	if (!f->is_down)
		return 0;
	rc = reconnect(f);
	return rc == -EAGAIN ? 0 : rc;
}
