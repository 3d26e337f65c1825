/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of a session on the user's own terminal. See viewer.h. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/prog.h>

#include "viewer.h"
#include "width.h"

#define READ_SIZE	4096
#define DETACH_KEY	"C-\\"

enum { FD_IN, FD_OUT, FD_SIGNAL, FD_MIRROR, FD_FOLLOW,
    FD_COUNT = FD_FOLLOW + FOLLOW_FDS };

void
viewer_check_key(const char *key)
{
	struct detach_key	k;

	if (key != NULL && detach_key_parse(&k, key) < 0)
		qt_die(QT_EXIT_USAGE, "-k '%s' is not a key: C-x, ^X, one "
		    "character, or - for none", key);
}

void
viewer_check_nesting(int may_nest)
{
	const char	*own = getenv("QT_SESSION");

	if (may_nest || own == NULL || own[0] == '\0')
		return;
	qt_die(QT_EXIT_SYS, "already inside session '%s': detach from it "
	    "first (Ctrl-\\), or say --nest", own);
}

void
viewer_check_terminal(uint16_t *cols, uint16_t *rows)
{
	struct qt_err	err = QT_ERR_INIT;
	struct term	t;

	if (term_open(&t, &err) < 0)
		qt_die(QT_EXIT_SYS, "%s (from scripts use new -d, send, "
		    "capture or record)", err.text);
	*cols = t.cols;
	*rows = t.rows;
	term_close(&t);
}

static int
signals_open(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGWINCH);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGQUIT);
	sigaddset(set, SIGTSTP);
	sigprocmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void
send_size(struct viewer *v)
{
	uint16_t	size[2] = { v->term.cols, v->term.rows };

	v->is_size_due = 0;
	if (v->f.w.client == NULL || v->f.is_down || !v->f.is_attached)
		return;
	v->f.req.cols = v->term.cols;
	v->f.req.rows = v->term.rows;
	v->is_size_due = qt_client_send(v->f.w.client, QT_MSG_SIZE, 0,
	    v->f.req.channel, size, sizeof(size)) == -EAGAIN;
}

/* Gives the terminal back, stops as the user asked, and takes it again. */
static int
suspend(struct viewer *v)
{
	struct qt_err	err;
	sigset_t	stop;
	int		rc;

	mirror_stop(&v->mirror);
	term_restore(&v->term);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, NULL);	/* stops here */
	sigprocmask(SIG_BLOCK, &stop, NULL);
	rc = term_raw(&v->term, &err);
	if (rc < 0)
		return rc;
	v->is_drawn = 0;
	v->needs_reset = 1;
	term_size(&v->term);
	send_size(v);
	v->fit_ms = qt_clock_mono_ms();
	return follow_restart(&v->f, &err);
}

static int
on_signal(struct viewer *v)
{
	struct signalfd_siginfo	si;

	while (read(v->sig_fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		switch (si.ssi_signo) {
		case SIGWINCH:
			if (!term_size(&v->term))
				break;
			send_size(v);
			v->fit_ms = qt_clock_mono_ms() + 1;
			if (!v->mirror.is_on)
				v->fit_ms += 150;
			break;
		case SIGTSTP:
			return suspend(v);
		default:
			viewer_end(v, 128 + (int)si.ssi_signo,
			    "detached from %s: %s", v->f.session.name,
			    strsignal((int)si.ssi_signo));
		}
	}
	return 0;
}

/* Reads the keyboard; a reader's keys only detach. */
static void
on_keys(struct viewer *v)
{
	char	data[READ_SIZE];
	size_t	room = input_room(&v->in), typed, key_len;
	ssize_t	n;

	n = read(v->term.in, data, room < sizeof(data) ? room : sizeof(data));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		viewer_end(v, 128 + SIGHUP, "detached from %s: "
		    "the terminal is gone", v->f.session.name);
		return;
	}
	typed = detach_key_find(&v->key, data, (size_t)n, &key_len);
	if (v->opt->role >= QT_ROLE_WRITER)
		input_add(&v->in, data, typed);
	if (typed < (size_t)n)
		viewer_end(v, QT_EXIT_OK, "detached from %s",
		    v->f.session.name);
}

/* Whoever types leads: the size follows, and queries come here. */
static void
push_input(struct viewer *v)
{
	struct qt_client	*c = v->f.w.client;
	int			 rc = 0;

	if (c == NULL || v->f.is_down || !v->f.is_attached)
		return;
	if (v->is_size_due)
		send_size(v);
	if (!input_is_empty(&v->in) && v->in.in_flight == 0 &&
	    !follow_is_lead(&v->f))
		rc = qt_client_send(c, QT_MSG_LEAD, 0, v->f.req.channel,
		    NULL, 0);
	if (rc == 0)
		rc = input_push(&v->in, c);
	if (rc < 0 && rc != -EAGAIN)
		follow_down(&v->f);
}

static void
on_host(struct viewer *v)
{
	struct qt_control_head	 head;
	const void		*body;
	int			 rc;

	for (;;) {
		rc = qt_client_recv(v->f.w.client, &head, &body);
		if (rc == 0)
			return;
		if (rc < 0) {
			follow_down(&v->f);
			input_restart(&v->in);
			return;
		}
		rc = input_answer(&v->in, &head, body);
		if (rc < 0)	/* it ended, or we may not type: not ours to say */
			input_clear(&v->in);
	}
}

static int
shorter(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int
sleep_ms(struct viewer *v, struct pollfd *fds)
{
	uint64_t	now_ms = qt_clock_mono_ms();
	int		ms;

	fds[FD_IN] = (struct pollfd){ .events = POLLIN,
	    .fd = input_room(&v->in) > 0 ? v->term.in : -1 };
	fds[FD_OUT] = (struct pollfd){ .events = POLLOUT,
	    .fd = v->term.pending.len > 0 ? v->term.out : -1 };
	fds[FD_SIGNAL] = (struct pollfd){ .events = POLLIN, .fd = v->sig_fd };
	ms = mirror_ask(&v->mirror, &v->f.session.id);
	fds[FD_MIRROR] = (struct pollfd){ .events = POLLIN,
	    .fd = v->mirror.fd };
	ms = shorter(ms, follow_sleep(&v->f, fds + FD_FOLLOW));
	if (v->in.is_blocked || v->is_size_due)
		fds[FD_FOLLOW].events |= POLLOUT;
	ms = shorter(ms, input_timeout(&v->in));
	if (v->fit_ms != 0)
		ms = shorter(ms, v->fit_ms > now_ms ?
		    (int)(v->fit_ms - now_ms) : 0);
	if (!v->is_idle && v->term.pending.len == 0)
		ms = 0;
	return ms;
}

static int
turn(struct viewer *v)
{
	struct pollfd	fds[FD_COUNT];
	int		rc;

	rc = viewer_show(v);
	if (rc < 0 || v->is_done)
		return rc;
	push_input(v);
	if (poll(fds, FD_COUNT, sleep_ms(v, fds)) < 0 && errno != EINTR)
		return -errno;
	if (fds[FD_SIGNAL].revents != 0 && (rc = on_signal(v)) < 0)
		return rc;
	if (fds[FD_IN].revents != 0 && !v->is_done)
		on_keys(v);
	if (fds[FD_OUT].revents != 0 && (rc = term_flush(&v->term)) < 0)
		return rc;
	if (fds[FD_MIRROR].revents != 0 && v->mirror.fd >= 0 &&
	    (rc = mirror_draw(&v->mirror, &v->term)) < 0)
		return rc;
	if (fds[FD_FOLLOW].revents != 0)
		on_host(v);
	rc = follow_wake(&v->f, fds + FD_FOLLOW);
	if (rc < 0)
		return rc;
	if (v->fit_ms != 0 && qt_clock_mono_ms() >= v->fit_ms)
		return viewer_fit(v);
	return 0;
}

/* Types what is still on its way, briefly, so that a detach loses nothing. */
static void
flush_input(struct viewer *v)
{
	uint64_t	end_ms = qt_clock_mono_ms() + 500;
	struct pollfd	p;

	while (!input_is_empty(&v->in) && v->f.is_attached && !v->f.is_down &&
	    qt_clock_mono_ms() < end_ms) {
		push_input(v);
		p = (struct pollfd){ .fd = qt_client_fd(v->f.w.client),
		    .events = POLLIN };
		if (poll(&p, 1, 20) > 0)
			on_host(v);
	}
}

static void
mark_seen(struct viewer *v)
{
	if (v->f.session.state == QT_STATE_EXITED && v->f.w.client != NULL &&
	    !v->f.is_down && v->opt->role >= QT_ROLE_WRITER)
		qt_client_call(v->f.w.client, QT_MSG_SEEN, 0,
		    &v->f.session.id, sizeof(v->f.session.id), QT_MSG_OK,
		    NULL, 0, NULL);
}

static void
say_goodbye(const struct viewer *v)
{
	char	text[24];

	width_bytes(text, v->skipped_all);
	if (v->skipped_all > 0)
		fprintf(stderr, "[%s; skipped %s that this terminal was too "
		    "slow for]\n", v->words, text);
	else
		fprintf(stderr, "[%s]\n", v->words);
}

static int
viewer_start(struct viewer *v, struct world *w,
    const struct qt_session *session, struct qt_err *err)
{
	struct qt_control_attach req = { .cols = v->term.cols,
	    .rows = v->term.rows, .role = (uint32_t)v->opt->role };
	struct qt_view_opt	 opt = { .offset = UINT64_MAX,
	    .scrollback = v->opt->scrollback };
	int			 rc;

	if (v->opt->role < QT_ROLE_WRITER)
		req.flags = QT_ATTACH_IGNORE_SIZE;
	v->mirror = (struct mirror)MIRROR_INIT;
	v->needs_reset = 1;
	input_init(&v->in, &session->id);
	rc = follow_open(&v->f, w, session, &req, &opt, err);
	if (rc < 0)
		return rc;
	v->f.screen_flags = QT_SCREEN_KEEP;
	v->f.redraw = viewer_redraw;
	if (v->f.is_attached && v->opt->role >= QT_ROLE_WRITER)
		qt_client_send(v->f.w.client, QT_MSG_LEAD, 0,
		    v->f.req.channel, NULL, 0);
	return 0;
}

int
viewer_run(struct world *w, const struct qt_session *session,
    const struct viewer_opt *opt)
{
	struct viewer	v = { .opt = opt };
	struct qt_err	err = QT_ERR_INIT;
	sigset_t	set;
	int		rc;

	detach_key_parse(&v.key, opt->key != NULL ? opt->key : DETACH_KEY);
	rc = term_open(&v.term, &err);
	if (rc == 0)
		rc = viewer_start(&v, w, session, &err);
	if (rc < 0)
		die_err(rc, &err);
	v.sig_fd = signals_open(&set);
	rc = v.sig_fd < 0 ? -errno : term_raw(&v.term, &err);
	/* A SIGWINCH before the mask was in place is gone; its size is not. */
	if (rc == 0 && term_size(&v.term)) {
		send_size(&v);
		v.fit_ms = qt_clock_mono_ms() + 150;
	}
	while (rc == 0 && !v.is_done)
		rc = turn(&v);
	if (rc == -QT_EGONE)
		viewer_end(&v, QT_EXIT_SYS, "%s was lost: its host died",
		    v.f.session.name);
	else if (rc == -ECANCELED)
		viewer_end(&v, QT_EXIT_OK, "detached from %s by another "
		    "viewer", v.f.session.name);
	else if (rc < 0)
		viewer_end(&v, QT_EXIT_SYS, "detached from %s: %s",
		    v.f.session.name, qt_strerror(rc));
	flush_input(&v);
	mirror_stop(&v.mirror);
	term_close(&v.term);
	mark_seen(&v);
	say_goodbye(&v);
	input_clear(&v.in);
	follow_close(&v.f);
	close(v.sig_fd);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return v.code;
}
