/* SPDX-License-Identifier: Apache-2.0 */
/* qt-session send - type into a session */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/session/scan.h>
#include <qt/session/screen.h>

#include "find.h"
#include "input.h"
#include "keys.h"
#include "verbs.h"

#define SCREEN_MS	3000
#define STALL_MS	10000	/* the program reads nothing for so long */

static const struct qt_opt opts[] = {
	{ 'k', "keys", NULL, "each TEXT is the name of a key: Enter, C-c, Up" },
	{ 'l', "line", NULL, "press Enter after the text" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb send_verb = {
	"send", send_main, "NAME TEXT...",
	"type into a session (- reads standard input)", opts,
};

struct typist {
	struct world		w;
	struct qt_session	session;
	struct input		in;
};

/* Whether the program wants cursor keys in application mode. */
static int
is_app_cursor(const struct qt_session *s)
{
	struct qt_screen_request req = { .id = s->id, .form = QT_SCREEN_ANSI,
	    .min_offset = 0 };
	struct qt_screen_answer	 answer;
	struct qt_scan		 scan = QT_SCAN_INIT;
	struct qt_modes		 modes = QT_MODES_INIT;
	struct qt_buf		 text = QT_BUF_INIT;

	if (qt_screen_get(&req, SCREEN_MS, &answer, &text, NULL) == 0)
		qt_scan_feed(&scan, text.data, text.len, qt_modes_seq, &modes);
	qt_buf_clear(&text);
	return (modes.dec & QT_MODE_APP_CURSOR) != 0;
}

static void
check_keys(char **names, int count)
{
	struct qt_buf	bytes = QT_BUF_INIT;

	while (count-- > 0) {
		if (key_bytes(&bytes, *names, 0) < 0)
			qt_die(QT_EXIT_USAGE, "'%s' is not the name of a key "
			    "(qt-session(1) lists them)", *names);
		names++;
	}
	qt_buf_clear(&bytes);
}

static void
add_keys(struct typist *t, char **names, int count)
{
	int	i, app_cursor = 0, needs_mode = 0;

	for (i = 0; i < count; i++)
		needs_mode |= key_is_cursor(names[i]);
	if (needs_mode)
		app_cursor = is_app_cursor(&t->session);
	for (i = 0; i < count; i++)
		key_bytes(&t->in.pending, names[i], app_cursor);
}

static void
add_texts(struct typist *t, char **texts, int count)
{
	int	i;

	for (i = 0; i < count; i++) {
		if (i > 0)
			input_add(&t->in, " ", 1);
		input_add(&t->in, texts[i], strlen(texts[i]));
	}
}

/* Waits for the answer to the piece in flight. */
static void
await_answer(struct typist *t, uint64_t *moved_ms)
{
	struct qt_control_head	 head;
	struct qt_err		 err = QT_ERR_INIT;
	const void		*body;
	struct pollfd		 p = { .fd = qt_client_fd(t->w.client),
	    .events = t->in.is_blocked ? POLLIN | POLLOUT : POLLIN };
	size_t			 before = t->in.pending.len;
	int			 rc, ms = input_timeout(&t->in);

	poll(&p, 1, ms < 0 ? 1000 : ms);
	while ((rc = qt_client_recv(t->w.client, &head, &body)) == 1) {
		rc = input_answer(&t->in, &head, body);
		if (rc < 0)
			break;
	}
	if (rc < 0) {
		qt_err_set(&err, "send to '%s'", t->session.name);
		die_err(rc, &err);
	}
	if (t->in.pending.len != before)
		*moved_ms = qt_clock_mono_ms();
	if (qt_clock_mono_ms() > *moved_ms + STALL_MS)
		qt_die(QT_EXIT_SYS, "'%s' does not read its input: its queue "
		    "is full, the rest was not sent", t->session.name);
}

static void
deliver(struct typist *t)
{
	uint64_t	moved_ms = qt_clock_mono_ms();
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	while (!input_is_empty(&t->in)) {
		rc = input_push(&t->in, t->w.client);
		if (rc < 0) {
			qt_err_set(&err, "send to '%s'", t->session.name);
			die_err(rc, &err);
		}
		await_answer(t, &moved_ms);
	}
}

static void
send_stdin(struct typist *t)
{
	char	data[INPUT_PIECE_MAX];
	ssize_t	n;

	while ((n = read(STDIN_FILENO, data, sizeof(data))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			qt_die(QT_EXIT_SYS, "read standard input: %s",
			    strerror(errno));
		input_add(&t->in, data, (size_t)n);
		deliver(t);
	}
}

int
send_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&send_verb, argc, argv);
	struct typist	t = { .w = WORLD_INIT };
	int		id, by_name = 0, is_line = 0;

	while ((id = qt_opts_next(&o)) != 0) {
		if (id == 'k')
			by_name = 1;
		else
			is_line = 1;
	}
	argc -= o.index;
	argv += o.index;
	if (argc < 1 || (argc < 2 && !is_line))
		qt_usage(&send_verb);
	if (by_name)
		check_keys(argv + 1, argc - 1);
	world_connect(&t.w, 0, QT_ROLE_OWNER);
	find_session(&t.w, argv[0], &t.session);
	if (t.session.state != QT_STATE_RUNNING)
		qt_die(QT_EXIT_SYS, "session '%s' has ended: nothing there "
		    "reads", t.session.name);
	input_init(&t.in, &t.session.id);
	if (by_name)
		add_keys(&t, argv + 1, argc - 1);
	else if (argc == 2 && strcmp(argv[1], "-") == 0)
		send_stdin(&t);
	else
		add_texts(&t, argv + 1, argc - 1);
	if (is_line)
		input_add(&t.in, "\r", 1);
	deliver(&t);
	input_clear(&t.in);
	world_close(&t.w);
	return QT_EXIT_OK;
}
