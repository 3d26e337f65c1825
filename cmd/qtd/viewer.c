/* SPDX-License-Identifier: Apache-2.0 */
/* One viewer of one session on a worker. See viewer.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include <qt/base/buf.h>
#include <qt/base/log.h>

#include "viewer.h"

#define PIECE_MAX	(48u << 10)	/* one frame */
#define TURN_MAX	(512u << 10)	/* a viewer's bytes in one loop turn */
#define FLOOD_BYTES	(16u << 10)	/* moved since the bell: a flood */
#define FLOOD_MS	1
#define SCREEN_MS	3000
/*
 * A viewer may be behind by all that the ring keeps: what bounds how old its
 * picture gets is the window of unacknowledged bytes (qt.1), or little space
 * in the kernel (TCP_NOTSENT_LOWAT), not the ring.
 */
#define LAG_MAX		UINT64_MAX

struct viewer {
	struct host_slot	 slot;		/* first: slot is the viewer */
	struct viewer_conf	 conf;
	struct qt_view		*view;		/* NULL: not attached now */
	uv_timer_t		*timer;		/* flood, or screen deadline */
	uv_poll_t		*screen;	/* the screen's answer to come */
	int			 screen_fd;
	uint64_t		 offset;	/* where to go on after a loss */
	uint32_t		 generation;
	uint8_t			 is_lead, was_attached, is_waiting;
	uint8_t			 is_pumping, is_dead;
};

static void	pump(struct viewer *v);
static int	attach(struct viewer *v);

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void
release(struct viewer *v)
{
	if (v->is_pumping)
		return;		/* the pump's end does it */
	free(v);
}

static void
end_screen(struct viewer *v)
{
	if (v->screen == NULL)
		return;
	uv_timer_stop(v->timer);
	uv_close((uv_handle_t *)v->screen, free_handle);
	v->screen = NULL;
	close(v->screen_fd);
	v->screen_fd = -1;
	v->is_waiting = 0;
}

static void
fail(struct viewer *v, int code, const char *text)
{
	v->conf.ops->failed(v, code, text);
}

static void
on_screen(uv_poll_t *poll, int status, int events)
{
	struct viewer		*v = poll->data;
	struct qt_screen_answer	 answer;
	struct qt_buf		 redraw = QT_BUF_INIT;
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc;

	(void)events;
	rc = status < 0 ? status :
	    qt_screen_finish(v->screen_fd, &answer, &redraw, &err);
	end_screen(v);
	if (rc == 0)
		rc = qt_view_snapshot(v->view, &answer, redraw.data,
		    redraw.len);
	if (rc < 0) {
		qt_debug("qtd", "screen: %s: %s", err.text, qt_strerror(rc));
		qt_view_no_snapshot(v->view);
	}
	qt_buf_clear(&redraw);
	pump(v);
}

static void
on_screen_late(uv_timer_t *timer)
{
	struct viewer	*v = timer->data;

	end_screen(v);
	qt_view_no_snapshot(v->view);
	pump(v);
}

/* Asks the screen; without one, the oldest bytes are replayed. */
static void
begin_screen(struct viewer *v, const struct qt_screen_request *req)
{
	struct qt_err	err = QT_ERR_INIT;
	int		fd;

	fd = qt_screen_begin_at(v->conf.screen_path, req, &err);
	if (fd < 0) {
		qt_debug("qtd", "screen: %s: %s", err.text, qt_strerror(fd));
		qt_view_no_snapshot(v->view);
		return;
	}
	v->screen = calloc(1, sizeof(*v->screen));
	if (v->screen == NULL || uv_poll_init(v->conf.loop, v->screen,
	    fd) < 0) {
		free(v->screen);
		v->screen = NULL;
		close(fd);
		qt_view_no_snapshot(v->view);
		return;
	}
	v->screen->data = v;
	v->screen_fd = fd;
	v->is_waiting = 1;
	uv_poll_start(v->screen, UV_READABLE, on_screen);
	uv_timer_start(v->timer, on_screen_late, SCREEN_MS, 0);
}

static void
update_lead(struct viewer *v)
{
	const struct qt_session	*s = qt_view_session(v->view);
	struct qt_client	*c = host_client(v->conf.host);

	v->is_lead = s != NULL && c != NULL &&
	    s->lead == qt_client_conn(c) && s->lead_slot == v->slot.index;
	qt_view_set_lead(v->view, v->is_lead);
}

static void
on_flood(uv_timer_t *timer)
{
	pump(timer->data);
}

/* Nothing to show now. 1 when something came in the meantime. */
static int
sleep_now(struct viewer *v, const struct qt_view_piece *piece, uint64_t moved)
{
	const struct qt_session_live	*live;
	const struct qt_session		*s;
	uint64_t			 at;

	if (moved >= FLOOD_BYTES) {
		uv_timer_start(v->timer, on_flood, FLOOD_MS, 0);
		return 0;
	}
	if (piece->wait_ms != 0)
		uv_timer_start(v->timer, on_flood, piece->wait_ms, 0);
	at = qt_view_position(v->view);
	host_slot_arm(v->conf.host, &v->slot, at + 1);
	s = qt_view_session(v->view);
	if (s == NULL)
		return 1;
	/* Pairs with the host's publish and then load of wake_at. */
	live = qt_session_live(qt_client_table(host_client(v->conf.host)),
	    s->slot);
	return live != NULL && atomic_load(&live->output_bytes) > at;
}

/* 0 to go on, 1 to stop for now. */
static int
handle_piece(struct viewer *v, struct qt_view_piece *piece, uint64_t moved)
{
	switch (piece->kind) {
	case QT_VIEW_IDLE:
		return !sleep_now(v, piece, moved);
	case QT_VIEW_SNAPSHOT:
		begin_screen(v, &piece->req);
		return v->is_waiting;
	case QT_VIEW_STATE:
		update_lead(v);
		break;
	default:
		break;
	}
	v->conf.ops->piece(v, piece);
	return v->is_dead || piece->kind == QT_VIEW_EXIT ||
	    piece->kind == QT_VIEW_GONE;
}

/* Delivers until there is nothing more, or the other end is full. */
static void
pump(struct viewer *v)
{
	struct qt_view_piece	piece;
	uint64_t		moved = 0;
	int			rc = 0, is_done = 0;

	if (v->view == NULL || v->is_waiting || v->is_pumping || v->is_dead)
		return;
	v->is_pumping = 1;
	while (!is_done && v->conf.ops->can_take(v)) {
		if (moved >= TURN_MAX) {
			/* Others have a turn; the timer is due at once. */
			uv_timer_start(v->timer, on_flood, 0, 0);
			break;
		}
		rc = qt_view_next(v->view, PIECE_MAX, &piece);
		if (rc < 0) {
			fail(v, rc, "read the session");
			break;
		}
		moved += piece.kind == QT_VIEW_DATA ? piece.len : 0;
		is_done = handle_piece(v, &piece, moved);
	}
	v->is_pumping = 0;
	if (v->is_dead)
		release(v);
}

static void
on_bell(struct host_slot *slot)
{
	struct viewer	*v = (struct viewer *)slot;

	if (v->view != NULL)
		update_lead(v);
	pump(v);
}

static void
on_refused(struct host_slot *slot, int code, const char *text)
{
	struct viewer	*v = (struct viewer *)slot;

	if (!v->is_dead && v->conf.ops->refused != NULL)
		v->conf.ops->refused(v, code, text);
}

static void
close_view(struct viewer *v)
{
	end_screen(v);
	uv_timer_stop(v->timer);
	if (v->view != NULL) {
		v->offset = qt_view_offset(v->view);
		qt_view_close(v->view);
	}
	v->view = NULL;
}

static void
on_lost(struct host_slot *slot)
{
	close_view((struct viewer *)slot);
}

static void
on_back(struct host_slot *slot)
{
	struct viewer	*v = (struct viewer *)slot;
	int		 rc = attach(v);

	if (rc < 0)
		fail(v, rc, "attach again");
}

static void
on_attached(void *arg, int code, const void *body, size_t len,
    const char *text)
{
	struct viewer			*v = arg;
	struct qt_control_attached	 got;
	struct qt_view_opt		 opt = { 0 };
	struct qt_err			 err = QT_ERR_INIT;
	struct qt_client		*c = host_client(v->conf.host);
	const struct qt_session		*s;
	int				 rc = code;

	if (code == -QT_ENOHOST)
		return;		/* lost: back() attaches again */
	if (rc == 0 && (len != sizeof(got) || c == NULL))
		rc = -QT_EPROTO;
	if (rc < 0) {
		fail(v, rc, text);
		return;
	}
	memcpy(&got, body, sizeof(got));
	v->conf.role = (enum qt_role)got.role;
	opt.id = v->conf.id;
	opt.offset = v->offset;
	opt.generation = v->generation;
	opt.scrollback = v->conf.scrollback;
	opt.lag_max = v->conf.lag_max != 0 ? v->conf.lag_max : LAG_MAX;
	rc = qt_view_open(qt_client_table(c), qt_client_segment(c), &opt,
	    &v->view, &err);
	s = rc == 0 ? qt_view_session(v->view) : NULL;
	if (s == NULL) {
		fail(v, rc < 0 ? rc : -QT_EGONE, err.text);
		return;
	}
	v->generation = got.generation;
	update_lead(v);
	v->is_pumping = 1;	/* it may close the viewer: free it later */
	v->conf.ops->attached(v, s, v->was_attached);
	v->is_pumping = 0;
	if (v->is_dead) {
		release(v);
		return;
	}
	v->was_attached = 1;
	pump(v);
}

static int
attach(struct viewer *v)
{
	struct qt_control_attach	req = { .id = v->conf.id,
	    .cols = v->conf.cols, .rows = v->conf.rows,
	    .role = v->conf.role, .channel = v->slot.index };

	if (v->conf.role < QT_ROLE_WRITER)
		req.flags |= QT_ATTACH_IGNORE_SIZE;
	return host_ask(v->conf.host, QT_MSG_ATTACH, 0, &req, sizeof(req),
	    on_attached, v);
}

int
viewer_open(const struct viewer_conf *conf, struct viewer **out)
{
	struct viewer	*v = calloc(1, sizeof(*v));
	int		 rc;

	if (v == NULL)
		return -ENOMEM;
	v->conf = *conf;
	v->slot.bell = on_bell;
	v->slot.refused = on_refused;
	v->slot.lost = on_lost;
	v->slot.back = on_back;
	v->offset = conf->offset;
	v->generation = conf->generation;
	v->screen_fd = -1;
	v->timer = calloc(1, sizeof(*v->timer));
	rc = v->timer == NULL ? -ENOMEM : host_slot_take(conf->host, &v->slot);
	if (rc < 0)
		goto err_after_alloc;
	rc = attach(v);
	if (rc < 0)
		goto err_after_slot;
	uv_timer_init(conf->loop, v->timer);
	v->timer->data = v;
	*out = v;
	return 0;

err_after_slot:
	host_slot_drop(conf->host, &v->slot);
err_after_alloc:
	free(v->timer);
	free(v);
	return rc;
}

void
viewer_close(struct viewer *v)
{
	if (v == NULL || v->is_dead)
		return;
	v->is_dead = 1;
	host_forget(v->conf.host, v);
	close_view(v);
	host_slot_drop(v->conf.host, &v->slot);
	uv_close((uv_handle_t *)v->timer, free_handle);
	release(v);
}

void *
viewer_user(const struct viewer *v)
{
	return v->conf.user;
}

void
viewer_resume(struct viewer *v)
{
	pump(v);
}

int
viewer_input(struct viewer *v, const void *data, size_t len)
{
	if (v->conf.role < QT_ROLE_WRITER)
		return -QT_EROLE;
	return host_input(v->conf.host, &v->slot, data, len);
}

void
viewer_resize(struct viewer *v, uint16_t cols, uint16_t rows)
{
	uint16_t	size[2] = { cols, rows };

	v->conf.cols = cols;
	v->conf.rows = rows;
	host_tell(v->conf.host, QT_MSG_SIZE, v->slot.index, size,
	    sizeof(size));
}

void
viewer_take_lead(struct viewer *v)
{
	host_tell(v->conf.host, QT_MSG_LEAD, v->slot.index, NULL, 0);
}

enum qt_role
viewer_role(const struct viewer *v)
{
	return v->conf.role;
}

int
viewer_is_lead(const struct viewer *v)
{
	return v->is_lead;
}

const struct qt_session *
viewer_session(const struct viewer *v)
{
	return v->view != NULL ? qt_view_session(v->view) : NULL;
}

uint32_t
viewer_generation(const struct viewer *v)
{
	return v->generation;
}
