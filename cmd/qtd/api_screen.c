/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET s/NAME/screen.txt: what a session shows now, as plain text, drawn by the
 * screen service; for scripts, and where no terminal can be shown.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include <qt/base/err.h>
#include <qt/session/screen.h>

#include "api.h"
#include "session.h"

#define WAIT_MS		3000
#define LINES_MAX	100000

struct drawing {
	struct qt_net_req	*req;	/* NULL: the client left */
	uv_poll_t		 poll;
	uv_timer_t		 timer;
	int			 fd, handles;
};

static void
on_closed(uv_handle_t *handle)
{
	struct drawing	*d = handle->data;

	if (--d->handles == 0) {
		close(d->fd);
		free(d);
	}
}

static void
end(struct drawing *d)
{
	if (uv_is_closing((uv_handle_t *)&d->poll))
		return;
	uv_close((uv_handle_t *)&d->poll, on_closed);
	uv_close((uv_handle_t *)&d->timer, on_closed);
}

static void
on_gone(void *arg)
{
	struct drawing	*d = arg;

	d->req = NULL;
	end(d);
}

static void
on_late(uv_timer_t *timer)
{
	struct drawing	*d = timer->data;

	if (d->req != NULL)
		qt_net_reply_text(d->req, 504, "The screen did not answer.");
	d->req = NULL;
	end(d);
}

static void
on_drawn(uv_poll_t *poll, int status, int events)
{
	struct drawing		*d = poll->data;
	struct qt_screen_answer	 answer;
	struct qt_buf		 text = QT_BUF_INIT;
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc;

	(void)events;
	rc = status < 0 ? status :
	    qt_screen_finish(d->fd, &answer, &text, &err);
	if (rc == -EAGAIN)
		return;
	if (d->req != NULL && rc < 0)
		api_error(d->req, rc, err.text);
	else if (d->req != NULL) {
		qt_net_reply_header(d->req, "Cache-Control", "no-store");
		qt_net_reply(d->req, 200, "text/plain; charset=utf-8",
		    text.data != NULL ? text.data : "", text.len);
	}
	d->req = NULL;
	qt_buf_clear(&text);
	end(d);
}

static void
ask(struct worker *w, struct qt_net_req *req,
    const struct qt_screen_request *what)
{
	struct drawing	*d = calloc(1, sizeof(*d));
	struct qt_err	 err = QT_ERR_INIT;
	int		 fd = d == NULL ? -ENOMEM :
	    qt_screen_begin_at(w->screen_path, what, &err);

	if (fd >= 0 && uv_poll_init(w->loop, &d->poll, fd) < 0) {
		close(fd);
		fd = -ENOMEM;
	}
	if (fd < 0) {
		free(d);
		api_error(req, fd, err.text);
		return;
	}
	uv_timer_init(w->loop, &d->timer);
	d->poll.data = d->timer.data = d;
	d->fd = fd;
	d->handles = 2;
	d->req = req;
	qt_net_req_defer(req, on_gone, d);
	uv_timer_start(&d->timer, on_late, WAIT_MS, 0);
	uv_poll_start(&d->poll, UV_READABLE, on_drawn);
}

void
screen_get(struct qt_net_req *req, void *arg)
{
	struct worker		*w = arg;
	struct qt_screen_request what = { .form = QT_SCREEN_TEXT };
	char			 lines[16];
	struct qt_session	 s;

	if (api_session(w, req, "/screen.txt", &s) < 0)
		return;
	if (qt_net_query_get(qt_net_req_query(req), "lines", lines,
	    sizeof(lines)) > 0)
		what.scrollback = (uint32_t)strtoul(lines, NULL, 10);
	if (what.scrollback > LINES_MAX)
		what.scrollback = LINES_MAX;
	what.id = s.id;
	ask(w, req, &what);
}
