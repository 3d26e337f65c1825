/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist pick - a command of the history, found while one types. See pick.h. */

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
#include <qt/base/sys.h>

#include "history.h"
#include "pick.h"
#include "query.h"
#include "verbs.h"

#define ESCAPE_MS	50	/* a sequence's bytes come together */
#define KEYS_AT_ONCE	65536u	/* bytes before it looks, and draws, again */

enum { HEIGHT = 256, KEYS, WIDGET, UP };

static const struct qt_opt options[] = {
	{ 'q', "query", "TEXT", "what the query is at first" },
	{ 's', "scope", "SCOPE",
	    "all, host, session, folder or repository: of this one" },
	{ 'o', "order", "ORDER", "best or latest first" },
	{ HEIGHT, "height", "N", "rows, N% of the screen, or full (40%)" },
	{ KEYS, "keys", "KEYS", "emacs or vi" },
	{ 'm', "multi", NULL, "several may be chosen, by Tab" },
	{ '0', "null", NULL, "what is chosen ends in a NUL, not a new line" },
	{ WIDGET, "widget", "SHELL", "for what init prints: run or edit follows "
	    "what is chosen" },
	{ UP, "up", "N", "no picker: the last N that begin with the query, each "
	    "ends in a NUL" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb pick_verb = {
	"pick", pick_main, "",
	"pick a command on the terminal, and print it", options,
};

struct asked {
	struct pick	 p;
	const char	*query, *widget;
	const char	*height, *keys;
	unsigned long	 up;
	bool		 is_null;
};

/* --- Options -------------------------------------------------------------- */

static unsigned int
choose(const char *option, const char *value, const char *const *names,
    unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (strcmp(value, names[i]) == 0)
			return i;
	qt_die(QT_EXIT_USAGE, "%s '%s': unknown; see --help", option, value);
}

static void
set_height(struct pick *p, const char *value)
{
	char	text[16];
	size_t	len = strlen(value);

	p->place.is_full = strcmp(value, "full") == 0;
	if (p->place.is_full)
		return;
	p->is_per_cent = len > 0 && len < sizeof(text) && value[len - 1] == '%';
	snprintf(text, sizeof(text), "%.*s", (int)(len - p->is_per_cent), value);
	p->height = (unsigned int)qt_opt_ulong("--height", p->is_per_cent ?
	    text : value, 1, p->is_per_cent ? 100 : 10000);
}

static const char *
or_environment(const char *value, const char *name, const char *otherwise)
{
	if (value == NULL)
		value = getenv(name);
	return value != NULL && *value != '\0' ? value : otherwise;
}

static void
read_options(struct asked *a, int argc, char **argv)
{
	static const char *const shells[] = { "bash", "zsh", "fish" };
	static const char *const keys[] = { "emacs", "vi" };
	struct qt_opts		 o = QT_OPTS_INIT(&pick_verb, argc, argv);
	int			 id;

	while ((id = qt_opts_next(&o)) != 0) {
		if (id == 'q')
			a->query = o.value;
		else if (id == 's')
			a->p.list.scope = query_scope("-s", o.value);
		else if (id == 'o')
			a->p.list.order = query_order("-o", o.value);
		else if (id == HEIGHT)
			a->height = o.value;
		else if (id == KEYS)
			a->keys = o.value;
		else if (id == 'm')
			a->p.is_multi = true;
		else if (id == '0')
			a->is_null = true;
		else if (id == WIDGET)
			a->widget = shells[choose("--widget", o.value, shells, 3)];
		else
			a->up = qt_opt_ulong("--up", o.value, 1, 10000);
	}
	if (o.index < argc)
		qt_usage(&pick_verb);
	set_height(&a->p, or_environment(a->height, "QT_HIST_HEIGHT", "40%"));
	pick_line_init(&a->p.line, a->query, strlen(a->query),
	    choose("--keys", or_environment(a->keys, "QT_HIST_KEYS", "emacs"),
	    keys, 2) == 1);
}

/* --- The loop ------------------------------------------------------------- */

static bool
has_input(void *arg)
{
	struct pick	*p = arg;
	struct pollfd	 in = { .fd = p->term.fd, .events = POLLIN };

	return poll(&in, 1, 0) > 0;
}

static void
use_keys(struct pick *p, bool is_over)
{
	struct pick_key	k;
	size_t		n;

	while (p->held_len > 0 && !p->is_done) {
		n = pick_keys_next(&p->keys, p->held, p->held_len, is_over, &k);
		if (n == 0)
			break;
		p->held_len -= n;
		memmove(p->held, p->held + n, p->held_len);
		pick_press(p, &k);
	}
	p->held_ms = qt_clock_mono_ms();
}

/*
 * One byte after the other: what is typed behind the key that ends it is for who
 * reads the terminal next.
 */
static void
read_keys(struct pick *p)
{
	ssize_t	n = 0;

	for (unsigned int i = 0; i < KEYS_AT_ONCE && !p->is_done; i++) {
		n = qt_sys_read(p->term.fd, p->held + p->held_len, 1);
		if (n <= 0)
			break;
		p->held_len++;
		use_keys(p, false);
	}
	if (n == 0 && !p->is_done)
		p->is_done = true;
	else if (n < 0 && n != -EAGAIN)
		p->is_done = true;
}

void
pick_find(struct pick *p, bool may_wait)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc = pick_list_find(&p->list, p->line.text, p->line.len,
			    !p->is_reset, may_wait ? has_input : NULL, p, &err);

	p->is_dirty = true;
	p->is_stale = rc == -ECANCELED;
	if (rc == 0)
		p->is_reset = false;
	else if (rc != -ECANCELED)
		pick_note(p, "%.100s: %s", err.text, qt_strerror(rc));
}

static void
draw(struct pick *p)
{
	struct qt_buf	out = QT_BUF_INIT;
	struct qt_err	err = QT_ERR_INIT;

	/* A terminal that is behind gets the next picture, not every one. */
	if (p->term.pending.len > 0)
		return;
	p->is_dirty = false;
	(void)pick_list_more(&p->list, p->line.text, p->line.len, &err);
	pick_view(p, &out);
	if (pick_term_write(&p->term, out.data, out.len) < 0)
		p->is_done = true;
	qt_buf_clear(&out);
}

/* Too small: there is nothing that could be shown. */
static void
ask_size(struct pick *p)
{
	(void)pick_term_resize(&p->term);
	if (p->term.cols < PICK_COLS_MIN || p->term.rows < PICK_ROWS_MIN)
		p->is_done = true;
}

static void
on_signal(struct pick *p, int fd)
{
	struct signalfd_siginfo	si;

	while (read(fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		p->is_dirty = true;
		if (si.ssi_signo == SIGWINCH) {
			ask_size(p);
			p->row = p->place.is_full ? 1 : 0;
		} else if (si.ssi_signo == SIGCONT) {
			pick_term_again(&p->term);
		} else {
			p->is_done = true;
		}
	}
}

static int
signals(sigset_t *set)
{
	static const int	known[] = { SIGWINCH, SIGCONT, SIGINT, SIGTERM,
	    SIGHUP, SIGQUIT };

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		sigaddset(set, known[i]);
	sigprocmask(SIG_BLOCK, set, NULL);
	return signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* How long it may wait: for the rest of a sequence only. */
static int
patience(const struct pick *p)
{
	uint64_t	now_ms = qt_clock_mono_ms();

	if (p->held_len == 0)
		return -1;
	return now_ms >= p->held_ms + ESCAPE_MS ? 0 :
	    (int)(p->held_ms + ESCAPE_MS - now_ms);
}

static void
loop(struct pick *p, int signal_fd)
{
	while (!p->is_done) {
		struct pollfd	fds[] = {
			{ p->term.fd, (short)(p->term.pending.len > 0 ?
			    POLLIN | POLLOUT : POLLIN), 0 },
			{ signal_fd, POLLIN, 0 }, { p->taker, POLLIN, 0 },
		};
		int		n = poll(fds, 3, p->is_stale ? 0 : patience(p));

		if (n < 0 && errno != EINTR)
			break;
		if (n == 0 && p->held_len > 0 && patience(p) == 0)
			use_keys(p, true);
		if (fds[1].revents != 0)
			on_signal(p, signal_fd);
		if ((fds[0].revents & POLLOUT) != 0 &&
		    pick_term_flush(&p->term) < 0)
			p->is_done = true;
		if ((fds[0].revents & ~POLLOUT) != 0)
			read_keys(p);
		if (fds[2].revents != 0)
			pick_take_read(p);
		if (p->is_stale && !p->is_done)
			pick_find(p, true);
		if (p->is_dirty && !p->is_done)
			draw(p);
	}
}

/* --- What is chosen ------------------------------------------------------- */

static void
print(const struct pick_list *l, const struct asked *a)
{
	struct qt_hist_bytes	 one = pick_list_text(l, l->cursor);
	struct pick_texts	 all = l->marked;

	if (all.count == 0)
		all = (struct pick_texts){ &one, 1 };
	for (size_t i = 0; i < all.count; i++) {
		qt_prog_write(all.items[i].data, all.items[i].len);
		qt_prog_write(a->is_null && a->widget == NULL ? "" : "\n",
		    1);
	}
	if (a->widget != NULL)
		qt_prog_write(a->p.is_edit ? "edit" : "run",
		    a->p.is_edit ? 4 : 3);
	qt_prog_flush();
}

/* What is typed ahead is read first; then what there is is shown. */
static void
run(struct pick *p)
{
	struct qt_err	err = QT_ERR_INIT;
	sigset_t	set;
	int		rc = pick_term_open(&p->term, &err), fd;

	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
	fd = signals(&set);
	rc = fd < 0 ? -errno : pick_term_start(&p->term, &p->place, &err);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
	ask_size(p);	/* no SIGWINCH is lost from here on */
	p->list.here = history_here();
	rc = pick_list_use(&p->list, history_index_now(), NULL, &err);
	if (rc < 0)
		pick_note(p, "%s: %s", err.text, qt_strerror(rc));
	p->is_stale = p->is_reset = true;
	/* Who chooses before there is anything waits for it. */
	if (p->list.ix == NULL)
		pick_take_start(p);
	read_keys(p);
	if (!p->is_done) {
		pick_find(p, false);
		draw(p);
	}
	if (p->taker < 0 && !p->is_done)
		pick_take_start(p);
	loop(p, fd);
	pick_term_end(&p->term);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	close(fd);
}

int
pick_main(int argc, char **argv)
{
	static struct asked	 a = { .query = "" };
	struct pick		*p = &a.p;
	const char		*no_color = getenv("NO_COLOR");
	int			 code;

	p->taker = -1;
	p->is_dirty = true;
	read_options(&a, argc, argv);
	if (a.up > 0)
		return pick_up(a.query, a.up);
	p->has_color = no_color == NULL || *no_color == '\0';
	p->has_preview = true;
	p->place.has_mouse = true;
	p->place.has_paste = a.widget == NULL;	/* a shell has its own */
	p->place.is_below = a.widget == NULL || strcmp(a.widget, "bash") != 0;
	p->row = p->place.is_full ? 1 : 0;
	run(p);
	if (p->is_chosen)
		print(&p->list, &a);
	/* As long as we read the history its old files cannot go. */
	(void)pick_list_use(&p->list, NULL, NULL, NULL);
	code = pick_erase(&p->list.deleted);
	pick_list_clear(&p->list);
	pick_line_clear(&p->line);
	qt_buf_clear(&p->told);
	return code != QT_EXIT_OK ? code : p->is_chosen ? QT_EXIT_OK :
	    QT_EXIT_NO;
}
