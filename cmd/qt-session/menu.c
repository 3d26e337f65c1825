/* SPDX-License-Identifier: Apache-2.0 */
/* The interactive list: its life and its loop. See menu.h. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/session/screen.h>

#include "menu.h"
#include "verbs.h"
#include "viewer.h"

#define LOOK_MS		250
#define PREVIEW_MS	100	/* between two pictures */
#define ESCAPE_MS	30	/* a sequence's bytes come together */
#define READ_MAX	256u	/* of what is typed, at once */

const struct row *
menu_selected(const struct menu *m)
{
	return m->selected < m->nshown ? &m->rows[m->shown[m->selected]] :
	    NULL;
}

static int
matches(const struct row *r, const char *filter)
{
	return filter[0] == '\0' || strcasestr(r->session.name, filter) ||
	    strcasestr(r->session.command, filter) ||
	    strcasestr(r->session.title, filter);
}

void
menu_filter(struct menu *m)
{
	size_t	i;

	m->nshown = 0;
	for (i = 0; i < m->nrows; i++) {
		if (matches(&m->rows[i], m->filter))
			m->shown[m->nshown++] = i;
	}
	if (m->selected >= m->nshown)
		m->selected = m->nshown > 0 ? m->nshown - 1 : 0;
	m->is_dirty = 1;
}

static void
add_row(struct menu *m, const struct qt_session *s, int is_alive,
    uint64_t now_ms)
{
	struct row	*rows;
	size_t		*shown;

	rows = realloc(m->rows, (m->nrows + 1) * sizeof(*rows));
	if (rows == NULL)
		return;
	m->rows = rows;
	shown = realloc(m->shown, (m->nrows + 1) * sizeof(*shown));
	if (shown == NULL)
		return;
	m->shown = shown;
	row_fill(&m->rows[m->nrows++], m->w.table, s, is_alive, now_ms);
}

/*
 * Selects the session that was selected before the list was read again. When
 * it is gone, a question about it must not be answered for another one.
 */
static void
select_id(struct menu *m, const struct qt_uuid *id)
{
	size_t	i;

	for (i = 0; i < m->nshown; i++) {
		if (memcmp(&m->rows[m->shown[i]].session.id, id,
		    sizeof(*id)) == 0) {
			m->selected = i;
			return;
		}
	}
	m->click_ms = 0;
	if (m->mode == MENU_KILL || m->mode == MENU_RENAME) {
		m->mode = MENU_LIST;
		snprintf(m->note, sizeof(m->note), "that session is gone");
	}
}

/* One half of the list: what runs, or what has ended and was not seen. */
static void
add_rows(struct menu *m, int is_running)
{
	struct qt_session	s;
	uint64_t		cursor = 0, now_ms = qt_clock_real_ms();
	int			is_alive = is_host_alive(m->w.table);

	while (qt_session_next(m->w.table, NULL, &cursor, &s) == 1) {
		if (s.state == QT_STATE_SPARE ||
		    (s.state == QT_STATE_RUNNING) != is_running ||
		    (!is_running && (s.flags & QT_SESSION_SEEN)))
			continue;
		add_row(m, &s, is_alive, now_ms);
	}
}

void
menu_load(struct menu *m)
{
	const struct row	*before = menu_selected(m);
	struct qt_uuid		 id = { { 0 } };

	if (before != NULL)
		id = before->session.id;
	/* A table that was made since, by another host, has another name. */
	if (m->w.table == NULL || !is_host_alive(m->w.table)) {
		world_close(&m->w);
		world_look(&m->w);
	}
	m->nrows = 0;
	if (m->w.table != NULL) {
		add_rows(m, 1);
		add_rows(m, 0);
	}
	menu_filter(m);
	select_id(m, &id);
}

int
menu_connect(struct menu *m, unsigned int flags, struct world *w)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	*w = (struct world)WORLD_INIT;
	rc = qt_client_open(flags, QT_ROLE_OWNER, 1, &w->client, &err);
	if (rc < 0) {
		snprintf(m->note, sizeof(m->note), "%.100s: %s", err.text,
		    qt_strerror(rc));
		return rc;
	}
	w->table = qt_client_table(w->client);
	return 0;
}

static int
has_picture(const struct menu *m, const struct row *r)
{
	return m->has_preview && m->preview_at == r->output &&
	    memcmp(&m->preview_id, &r->session.id, sizeof(r->session.id)) == 0;
}

/* Asks for a picture of the selected session when the one we have is old. */
static void
preview_ask(struct menu *m)
{
	struct qt_screen_request req = { .form = QT_SCREEN_STYLED };
	const struct row	*r = menu_selected(m);
	struct qt_err		 err = QT_ERR_INIT;
	uint64_t		 now_ms = qt_clock_mono_ms();

	if (r == NULL || m->preview_fd >= 0 || has_picture(m, r) ||
	    now_ms < m->preview_ms)
		return;
	if (memcmp(&m->preview_id, &r->session.id, sizeof(m->preview_id)))
		m->has_preview = 0;
	m->preview_id = req.id = r->session.id;
	m->preview_at = r->output;
	m->preview_ms = now_ms + PREVIEW_MS;
	m->preview_fd = qt_screen_begin(&req, &err);
	if (m->preview_fd >= 0)
		return;
	snprintf(m->preview_why, sizeof(m->preview_why), "%s",
	    qt_strerror(m->preview_fd));
	m->preview_fd = -1;
	m->is_dirty = 1;
}

static void
preview_take(struct menu *m)
{
	struct qt_screen_answer	a;
	struct qt_err		err = QT_ERR_INIT;
	int			rc;

	qt_buf_reset(&m->preview);
	rc = qt_screen_finish(m->preview_fd, &a, &m->preview, &err);
	close(m->preview_fd);
	m->preview_fd = -1;
	m->has_preview = rc == 0;
	m->cursor_row = rc == 0 ? a.cursor_row : 0;
	m->cursor_col = rc == 0 ? a.cursor_col : 0;
	m->preview_why[0] = '\0';
	if (rc < 0)
		snprintf(m->preview_why, sizeof(m->preview_why), "%s",
		    qt_strerror(rc));
	m->is_dirty = 1;
}

/*
 * A lone Escape is told from a sequence by the silence after it. What a read
 * cut in two (a turn of the wheel is many reports) is held for the next one.
 */
static void
read_keys(struct menu *m)
{
	struct pollfd	p = { .fd = m->term.in, .events = POLLIN };
	char		data[sizeof(m->held) + 2 * READ_MAX];
	size_t		len = m->nheld, used;
	ssize_t		n;

	memcpy(data, m->held, len);
	n = read(m->term.in, data + len, READ_MAX);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		m->is_done = 1;
		return;
	}
	len += (size_t)n;
	if (data[len - 1] == '\033' && poll(&p, 1, ESCAPE_MS) > 0) {
		n = read(m->term.in, data + len, READ_MAX);
		len += n > 0 ? (size_t)n : 0;
	}
	used = menu_input(m, data, len);
	m->nheld = m->is_done ? 0 : len - used;
	memcpy(m->held, data + used, m->nheld);
}

static void
on_signal(struct menu *m, int sig_fd)
{
	struct signalfd_siginfo	si;

	while (read(sig_fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGWINCH) {
			term_size(&m->term);
			m->is_dirty = 1;
		} else {
			m->is_done = 1;
		}
	}
}

static int
signals_open(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGWINCH);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigprocmask(SIG_BLOCK, set, NULL);
	return signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void
menu_loop(struct menu *m, int sig_fd)
{
	uint64_t	look_ms = 0, now_ms;
	struct pollfd	fds[4];
	int		ms;

	while (!m->is_done) {
		now_ms = qt_clock_mono_ms();
		if (now_ms >= look_ms) {
			menu_load(m);
			look_ms = now_ms + LOOK_MS;
		}
		preview_ask(m);
		if (m->is_dirty)
			menu_draw(m);
		ms = (int)(look_ms - now_ms);
		if (m->preview_ms > now_ms && m->preview_fd < 0 &&
		    m->preview_ms - now_ms < (uint64_t)ms)
			ms = (int)(m->preview_ms - now_ms);
		fds[0] = (struct pollfd){ m->term.in, POLLIN, 0 };
		fds[1] = (struct pollfd){ sig_fd, POLLIN, 0 };
		fds[2] = (struct pollfd){ m->preview_fd, POLLIN, 0 };
		fds[3] = (struct pollfd){ m->term.pending.len > 0 ?
		    m->term.out : -1, POLLOUT, 0 };
		if (poll(fds, 4, ms) <= 0)
			continue;
		if (fds[1].revents != 0)
			on_signal(m, sig_fd);
		if (fds[0].revents != 0)
			read_keys(m);
		if (fds[2].revents != 0 && m->preview_fd >= 0)
			preview_take(m);
		if (fds[3].revents != 0 && term_flush(&m->term) < 0)
			m->is_done = 1;
	}
}

/* Goes on as attach would. */
static int
attach_chosen(const struct qt_uuid *id)
{
	struct viewer_opt	opt = VIEWER_OPT_INIT;
	struct world		w = WORLD_INIT;
	struct qt_session	s;

	world_connect(&w, 0, QT_ROLE_OWNER);
	if (qt_session_find(w.table, id, &s) < 0)
		qt_die(QT_EXIT_SYS, "the session was removed meanwhile");
	return viewer_run(&w, &s, &opt);
}

int
menu_main(void)
{
	struct menu	m = { .preview_fd = -1, .is_dirty = 1 };
	struct qt_err	err = QT_ERR_INIT;
	const char	*no_color = getenv("NO_COLOR");
	sigset_t	set;
	int		sig_fd, rc;

	m.has_color = no_color == NULL || no_color[0] == '\0';
	rc = term_open(&m.term, &err);
	if (rc < 0)
		die_err(rc, &err);
	menu_load(&m);		/* while errors can still be shown */
	sig_fd = signals_open(&set);
	rc = sig_fd < 0 ? -errno : term_raw(&m.term, &err);
	if (rc < 0)
		die_err(rc, &err);
	m.term.is_tidy = 1;
	term_size(&m.term);	/* no SIGWINCH is lost from here on */
	term_print(&m.term, "\033[?1049h\033[?25l\033[?1000h"
	    "\033[?1006h");
	menu_loop(&m, sig_fd);
	term_close(&m.term);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	close(sig_fd);
	if (m.preview_fd >= 0)
		close(m.preview_fd);
	qt_buf_clear(&m.preview);
	free(m.rows);
	free(m.shown);
	world_close(&m.w);
	return m.has_choice ? attach_chosen(&m.chosen) : QT_EXIT_OK;
}
