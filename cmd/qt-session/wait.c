/* SPDX-License-Identifier: Apache-2.0 */
/* qt-session wait - until a session exits, is quiet, or says something */

#include <errno.h>
#include <poll.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/clock.h>
#include <qt/session/screen.h>

#include "find.h"
#include "follow.h"
#include "strip.h"
#include "verbs.h"
#include "width.h"

#define SCREEN_MS	5000
#define PIECE_MAX	(64u << 10)
#define LINE_MAX_BYTES	(64u << 10)	/* an endless line is cut there */

enum { OPT_EXIT = 256, OPT_IDLE, OPT_MATCH, OPT_NEW };

static const struct qt_opt opts[] = {
	{ OPT_EXIT, "exit", NULL, "until it ends; prints its exit status" },
	{ OPT_IDLE, "idle", "MS", "until it wrote nothing for MS from now" },
	{ OPT_MATCH, "match", "RE", "until a line on its screen, or written "
	    "from now on, matches; prints it" },
	{ OPT_NEW, "new", NULL, "with --match: not what is on the screen" },
	{ 't', "timeout", "SECONDS", "give up after so long: exit 1" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb wait_verb = {
	"wait", wait_main, "NAME",
	"wait until a session exits, is quiet, or says something", opts,
};

struct waiting {
	int		 mode;
	uint64_t	 idle_ms;
	uint64_t	 end_ms;	/* by the clock; 0: no limit */
	const char	*pattern;
	regex_t		 re;
	int		 only_new;
	struct strip	 strip;
	struct qt_buf	 text;		/* the line being written */
	struct follow	 f;
	uint64_t	 quiet_ms;	/* since then */
};

static void
read_seconds(struct waiting *w, const char *text)
{
	char	*end;
	double	 s = strtod(text, &end);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || s > 1e9)
		qt_die(QT_EXIT_USAGE, "-t '%s' is not a number of seconds",
		    text);
	w->end_ms = qt_clock_mono_ms() + (uint64_t)(s * 1000) + 1;
}

static void
set_mode(struct waiting *w, int mode)
{
	if (w->mode != 0)
		qt_usage(&wait_verb);
	w->mode = mode;
}

static void
compile(struct waiting *w)
{
	char	why[256];
	int	rc;

	rc = regcomp(&w->re, w->pattern, REG_EXTENDED | REG_NEWLINE);
	if (rc == 0)
		return;
	regerror(rc, &w->re, why, sizeof(why));
	qt_die(QT_EXIT_USAGE, "--match '%s': %s", w->pattern, why);
}

/* Prints the line that matches, if one does. */
static int
has_match(struct waiting *w, const char *text)
{
	regmatch_t	m;
	regoff_t	from, to;

	if (text == NULL || regexec(&w->re, text, 1, &m, 0) != 0)
		return 0;
	for (from = m.rm_so; from > 0 && text[from - 1] != '\n'; from--)
		;
	to = m.rm_eo + (regoff_t)strcspn(text + m.rm_eo, "\n");
	printf("%.*s\n", (int)(to - from), text + from);
	return 1;
}

/* Only the line that is not finished yet can match again. */
static void
keep_last_line(struct qt_buf *text)
{
	const char	*nl = text->len > 0 ? memrchr(text->data, '\n',
	    text->len) : NULL;

	if (nl != NULL)
		qt_buf_drop(text, (size_t)(nl + 1 - text->data));
	else if (text->len > LINE_MAX_BYTES)
		qt_buf_drop(text, text->len - LINE_MAX_BYTES / 2);
}

/*
 * A screen's lines come without trailing blanks, but a prompt ends with one:
 * gives the cursor's line what stands before the cursor.
 */
static int
pad_prompt(struct qt_buf *text, const struct qt_screen_answer *a)
{
	struct qt_buf	line = QT_BUF_INIT, whole = QT_BUF_INIT;
	const char	*p = text->len > 0 ? text->data : "", *nl;
	uint32_t	row;
	size_t		width;
	int		rc;

	for (row = 0; row < a->cursor_row && *p != '\0'; row++) {
		p += strcspn(p, "\n");
		p += *p == '\n';
	}
	nl = p + strcspn(p, "\n");
	rc = qt_buf_add(&line, p, (size_t)(nl - p));
	width = line.len > 0 ? width_text(line.data) : 0;
	if (rc < 0 || row < a->cursor_row || width == 0 ||
	    width >= a->cursor_col) {
		qt_buf_clear(&line);
		return rc;
	}
	rc = qt_buf_add(&whole, text->data, (size_t)(nl - text->data));
	for (; rc == 0 && width < a->cursor_col; width++)
		rc = qt_buf_add(&whole, " ", 1);
	if (rc == 0)
		rc = qt_buf_add(&whole, nl, strlen(nl));
	qt_buf_clear(&line);
	qt_buf_clear(text);
	*text = whole;
	return rc;
}

/* Looks at the screen; the stream is then read from that very byte. */
static int
match_screen(struct waiting *w, const struct qt_session *s, uint64_t *offset)
{
	struct qt_screen_request req = { .id = s->id, .form = QT_SCREEN_TEXT,
	    .min_offset = *offset };
	struct qt_screen_answer	 answer;
	struct qt_buf		 text = QT_BUF_INIT;
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc, yes;

	if (w->only_new)
		return 0;
	rc = qt_screen_get(&req, SCREEN_MS, &answer, &text, &err);
	if (rc < 0)
		die_err(rc, &err);
	*offset = answer.offset;
	rc = pad_prompt(&text, &answer);
	if (rc < 0)
		die_err(rc, &err);
	yes = has_match(w, text.data);
	qt_buf_clear(&text);
	return yes;
}

static int
take_data(struct waiting *w, const struct qt_view_piece *p)
{
	w->quiet_ms = qt_clock_mono_ms();
	if (w->mode != OPT_MATCH)
		return 0;
	if (strip_feed(&w->strip, p->data, p->len, &w->text) < 0)
		qt_die(QT_EXIT_SYS, "no memory for the output");
	if (has_match(w, w->text.data))
		return 1;
	keep_last_line(&w->text);
	return 0;
}

static int
ended(const struct waiting *w, int status)
{
	char	how[96];

	if (w->f.session.state == QT_STATE_LOST) {
		qt_warn("'%s' was lost: its host died", w->f.session.name);
		return QT_EXIT_SYS;
	}
	if (w->mode == OPT_EXIT)
		printf("%d\n", exit_code(status));
	if (w->mode != OPT_MATCH)
		return QT_EXIT_OK;
	exit_text(status, how, sizeof(how));
	qt_warn("'%s' %s, and nothing matched", w->f.session.name, how);
	return QT_EXIT_NO;
}

/* Takes what there is. An exit code, or -1 to wait on. */
static int
look(struct waiting *w)
{
	struct qt_view_piece	p;
	int			rc;

	for (;;) {
		rc = follow_next(&w->f, PIECE_MAX, &p);
		if (rc < 0)
			qt_die(QT_EXIT_SYS, "follow '%s': %s",
			    w->f.session.name, qt_strerror(rc));
		switch (p.kind) {
		case QT_VIEW_IDLE:
			return -1;
		case QT_VIEW_DATA:
			if (take_data(w, &p))
				return QT_EXIT_OK;
			break;
		case QT_VIEW_SKIPPED:
			/* What follows goes on in another line. */
			qt_buf_reset(&w->text);
			break;
		case QT_VIEW_EXIT:
			return ended(w, p.exit_status);
		case QT_VIEW_GONE:
			qt_warn("'%s' was removed", w->f.session.name);
			return w->mode == OPT_MATCH ? QT_EXIT_NO : QT_EXIT_OK;
		default:
			break;
		}
	}
}

static int
sooner(int ms, uint64_t at_ms, uint64_t now_ms)
{
	int	left = at_ms > now_ms ? (int)(at_ms - now_ms) : 0;

	return ms < 0 || left < ms ? left : ms;
}

static int
wait_loop(struct waiting *w)
{
	struct pollfd	fds[FOLLOW_FDS];
	struct qt_control_head head;
	const void	*body;
	uint64_t	now_ms;
	int		code, ms;

	for (;;) {
		code = look(w);
		if (code >= 0)
			return code;
		now_ms = qt_clock_mono_ms();
		if (w->mode == OPT_IDLE && now_ms >= w->quiet_ms + w->idle_ms)
			return QT_EXIT_OK;
		if (w->end_ms != 0 && now_ms >= w->end_ms)
			return QT_EXIT_NO;
		ms = follow_sleep(&w->f, fds);
		if (w->mode == OPT_IDLE)
			ms = sooner(ms, w->quiet_ms + w->idle_ms, now_ms);
		if (w->end_ms != 0)
			ms = sooner(ms, w->end_ms, now_ms);
		if (poll(fds, FOLLOW_FDS, ms) < 0 && errno != EINTR)
			qt_die(QT_EXIT_SYS, "poll: %s", strerror(errno));
		if (fds[0].revents != 0 &&
		    qt_client_recv(w->f.w.client, &head, &body) < 0)
			follow_down(&w->f);
		if (follow_wake(&w->f, fds) < 0)
			qt_die(QT_EXIT_SYS, "'%s' was lost: its host died",
			    w->f.session.name);
	}
}

static int
wait_for(struct waiting *wait, const char *name)
{
	struct qt_control_attach req = { .role = QT_ROLE_READER,
	    .flags = QT_ATTACH_IGNORE_SIZE | QT_ATTACH_HELPER };
	struct qt_view_opt	 opt = { .is_recorder = 1 };
	struct world		 w = WORLD_INIT;
	struct qt_session	 s;
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc;

	world_connect(&w, 0, QT_ROLE_OWNER);
	find_session(&w, name, &s);
	opt.generation = s.generation;
	opt.offset = atomic_load(&qt_session_live(w.table,
	    s.slot)->output_bytes);
	if (wait->mode == OPT_MATCH && match_screen(wait, &s, &opt.offset)) {
		world_close(&w);
		return QT_EXIT_OK;
	}
	rc = follow_open(&wait->f, &w, &s, &req, &opt, &err);
	if (rc < 0)
		die_err(rc, &err);
	wait->quiet_ms = qt_clock_mono_ms();
	rc = wait_loop(wait);
	follow_close(&wait->f);
	qt_buf_clear(&wait->text);
	return rc;
}

int
wait_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&wait_verb, argc, argv);
	struct waiting	w = { .strip = STRIP_INIT };
	int		id, code;

	while ((id = qt_opts_next(&o)) != 0) {
		switch (id) {
		case 't':
			read_seconds(&w, o.value);
			break;
		case OPT_NEW:
			w.only_new = 1;
			break;
		case OPT_IDLE:
			w.idle_ms = qt_opt_ulong("--idle", o.value, 1,
			    86400000);
			set_mode(&w, id);
			break;
		case OPT_MATCH:
			w.pattern = o.value;
			compile(&w);
			/* FALLTHROUGH */
		default:
			set_mode(&w, id);
		}
	}
	if (w.mode == 0)
		w.mode = OPT_EXIT;
	if (argc - o.index != 1 || (w.only_new && w.mode != OPT_MATCH))
		qt_usage(&wait_verb);
	code = wait_for(&w, argv[o.index]);
	if (w.pattern != NULL)
		regfree(&w.re);
	return code;
}
