/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ending: every session is told (SIGHUP, and SIGCONT for the stopped), given
 * time, then killed, so that each has an exit status in its record.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "host_priv.h"

#define GRACE_MS	2000	/* between SIGHUP and SIGKILL */
#define PATIENCE_MS	1000	/* after SIGKILL: uninterruptible ones stay */

static void
signal_all(struct qt__host *h, int sig)
{
	struct qt__session	*s;

	for (uint32_t i = 0; i < h->session_slots; i++) {
		s = h->sessions[i];
		if (s == NULL || s->fd < 0 || s->is_dead)
			continue;
		/* Just forked, it may not lead a group yet. */
		if (kill(-s->pid, sig) < 0)
			(void)kill(s->pid, sig);
		if (sig == SIGHUP)
			(void)kill(-s->pid, SIGCONT);
	}
}

static void
finish(struct qt__host *h)
{
	h->is_stopping = 2;
	uv_stop(&h->loop);
}

static void
on_timer(uv_timer_t *timer)
{
	struct qt__host	*h = timer->data;

	if (h->stop_step++ == 0) {
		signal_all(h, SIGKILL);
		(void)uv_timer_start(timer, on_timer, PATIENCE_MS, 0);
		return;
	}
	finish(h);
}

void
qt__host_stop_look(struct qt__host *h)
{
	if (h->is_stopping == 1 && h->running == 0 && h->spares == 0 &&
	    h->starting == 0)
		finish(h);
}

void
qt__host_stop(struct qt__host *h)
{
	if (h->is_stopping)
		return;
	h->is_stopping = 1;
	signal_all(h, SIGHUP);
	(void)uv_timer_start(&h->stop_timer, on_timer, GRACE_MS, 0);
	qt__host_stop_look(h);
}

void
qt__msg_stop(struct qt__conn *c, const struct qt_control_head *head,
    const void *body)
{
	struct qt__host	*h = c->host;
	uint32_t	 mode;

	if (head->len != sizeof(mode)) {
		qt__conn_error(c, head->tag, -QT_EPROTO, "STOP");
		return;
	}
	memcpy(&mode, body, sizeof(mode));
	if (mode == 0 && h->running > 0) {
		qt__conn_error(c, head->tag, -EBUSY, "%u sessions are running",
		    h->running);
		return;
	}
	qt__conn_ok(c, head->tag);
	qt__host_stop(h);
}
