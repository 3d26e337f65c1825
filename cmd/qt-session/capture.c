/* SPDX-License-Identifier: Apache-2.0 */
/* qt-session capture - print what a session's screen shows */

#include <stdio.h>
#include <string.h>

#include <qt/session/screen.h>
#include <qt/session/vt.h>

#include "find.h"
#include "verbs.h"

#define SCREEN_MS	10000

static const struct qt_opt opts[] = {
	{ 'e', "escapes", NULL, "with colours and styles" },
	{ 'S', "scrollback", "LINES", "and so many lines above, - for all" },
	{ 'J', "json", NULL, "as one JSON object" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb capture_verb = {
	"capture", capture_main, "NAME",
	"print what a session's screen shows", opts,
};

static uint64_t
head_of(const struct world *w, const struct qt_session *s)
{
	const struct qt_session_live	*live;

	live = qt_session_live(w->table, s->slot);
	return live == NULL ? 0 : atomic_load(&live->output_bytes);
}

int
capture_main(int argc, char **argv)
{
	struct qt_opts		 o = QT_OPTS_INIT(&capture_verb, argc, argv);
	struct qt_screen_request req = { .form = QT_SCREEN_TEXT };
	struct qt_screen_answer	 answer;
	struct world		 w = WORLD_INIT;
	struct qt_session	 s;
	struct qt_buf		 text = QT_BUF_INIT;
	struct qt_err		 err = QT_ERR_INIT;
	int			 id, rc;

	while ((id = qt_opts_next(&o)) != 0) {
		if (id == 'S')
			req.scrollback = strcmp(o.value, "-") == 0 ?
			    QT_VT_SCROLLBACK_MAX : (uint32_t)qt_opt_ulong("-S", o.value,
			    0, QT_VT_SCROLLBACK_MAX);
		else
			req.form = id == 'J' ? QT_SCREEN_JSON :
			    QT_SCREEN_STYLED;
	}
	if (argc - o.index != 1)
		qt_usage(&capture_verb);
	/* The pictures of a dead host's sessions need a host that adopts them. */
	world_connect(&w, QT_CLIENT_START, QT_ROLE_OWNER);
	find_session(&w, argv[o.index], &s);
	req.id = s.id;
	req.min_offset = head_of(&w, &s);
	rc = qt_screen_get(&req, SCREEN_MS, &answer, &text, &err);
	if (rc < 0)
		die_err(rc, &err);
	qt_prog_write(text.data, text.len);
	if (text.len > 0 && text.data[text.len - 1] != '\n')
		putchar('\n');
	qt_buf_clear(&text);
	world_close(&w);
	return QT_EXIT_OK;
}
