/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist doctor - whether commands are kept, and what to mend if not */

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/json.h>
#include <qt/base/text.h>
#include <qt/hist/index.h>
#include <qt/store/store.h>

#include "doctor.h"
#include "doctor_pty.h"
#include "history.h"
#include "native.h"
#include "verbs.h"

#define START_MS	10000
#define WHOLE_MS	30000
#define EXIT_DAMAGED	5

static const struct qt_opt options[] = {
	{ 'J', "json", NULL, "a JSON object a line" },
	{ 't', "timeout", "TIME", "of a shell's start: 10s at most" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb doctor_verb = {
	"doctor", doctor_main, "[SHELL]",
	"try whether commands are kept; say what is to be mended", options,
};

/* --- What it says --------------------------------------------------------- */

void
doctor_say(struct doctor *d, enum doctor_result result, const char *what,
    const char *mend, const char *fmt, ...)
{
	static const char	*const results[] = { "ok", "warn", "FAIL" };
	struct qt_buf		 out = QT_BUF_INIT;
	struct qt_json		 j = QT_JSON_INIT(&out);
	char			*why = NULL;
	va_list			 ap;

	/* What ends us has disturbed it. */
	if (doctor_pty_signal() != 0)
		return;
	va_start(ap, fmt);
	if (vasprintf(&why, fmt, ap) < 0)
		qt_die(QT_EXIT_SYS, "out of memory");
	va_end(ap);
	if (d->is_json) {
		qt_json_object(&j, NULL);
		qt_json_str(&j, "result", results[result]);
		qt_json_str(&j, "what", what);
		qt_json_str(&j, "why", why);
		if (mend != NULL)
			qt_json_str(&j, "mend", mend);
		qt_json_end(&j);
	} else {
		(void)qt_buf_addf(&out, "%-4s  %s: %s%s%s", results[result],
		    what, why, mend == NULL ? "" : "; ", mend == NULL ? "" :
		    mend);
	}
	(void)qt_buf_add(&out, "\n", 1);
	qt_prog_write(out.data, out.len);
	qt_prog_flush();
	if (result > d->worst)
		d->worst = result;
	qt_buf_clear(&out);
	free(why);
}

/* ESC [ ... final, ESC ] ... BEL, ESC ( x, ESC x: how many bytes from ESC on. */
static size_t
skip_escape(const char *p, size_t len)
{
	size_t	n = 2;

	if (len < 3)
		return len;
	if (p[1] != '[' && p[1] != ']')
		return p[1] >= '(' && p[1] <= '/' ? 3 : 2;
	if (p[1] == '[')
		while (n < len && (p[n] < '@' || p[n] > '~'))
			n++;
	else
		while (n < len && p[n] != '\a' && p[n] != '\033')
			n++;
	return n < len ? n + 1 : n;
}

void
doctor_last_line(struct qt_buf *out, const struct qt_buf *screen)
{
	struct qt_buf	line = QT_BUF_INIT;
	const char	*p = screen->data;

	qt_buf_reset(out);
	for (size_t at = 0; at < screen->len; at++) {
		if (p[at] == '\033') {
			at += skip_escape(p + at, screen->len - at) - 1;
		} else if (p[at] == '\n' || p[at] == '\r') {
			qt_buf_reset(&line);
		} else if (line.len < 200) {
			(void)qt_buf_add(&line, p + at, 1);
			if (line.data[strspn(line.data, " ")] == '\0')
				continue;
			qt_buf_reset(out);
			(void)qt_text_escape(out, line.data, line.len);
		}
	}
	qt_buf_clear(&line);
}

/* --- A folder for trying things ------------------------------------------- */

static void
make_folder(struct doctor *d)
{
	struct qt_err	err = QT_ERR_INIT;

	/* What is typed has its name without quotes. */
	if (qt_path_in_runtime("hist-doctor-XXXXXX", d->dir, &err) < 0 ||
	    d->dir[strspn(d->dir, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
	    "qrstuvwxyz0123456789/._-+")] != '\0' || mkdtemp(d->dir) == NULL) {
		strcpy(d->dir, "/tmp/qt-hist-doctor-XXXXXX");
		if (mkdtemp(d->dir) == NULL)
			qt_die(QT_EXIT_SYS, "make folder '%s': %s", d->dir,
			    strerror(errno));
	}
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path);
	return 0;
}

/* Startup files may have asked the history something: it was an empty one. */
static void
remove_folder(const struct doctor *d)
{
	static const char	*const hows[] = { "user", "hooks", "none" };
	char			 store[QT_PATH_SIZE + 16];

	for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++) {
		snprintf(store, sizeof(store), "%s/%s/store", d->dir, hows[i]);
		if (access(store, F_OK) == 0) {
			(void)qt_hist_index_remove(store);
			(void)qt_store_remove(store, NULL);
		}
	}
	(void)nftw(d->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	if (access(d->dir, F_OK) == 0)
		qt_warn("folder '%s' could not be removed", d->dir);
}

/* --- All of it ------------------------------------------------------------ */

/* As in a path or by name; or that which called us, else the login shell. */
static void
choose_shell(struct doctor *d, const char *shell)
{
	static const struct {
		enum qt_hist_format	 format;
		const char		*name;
	} shells[] = {
		{ QT_HIST_BASH, "bash" }, { QT_HIST_ZSH, "zsh" },
		{ QT_HIST_FISH, "fish" },
	};
	enum qt_hist_format	 format = shell == NULL ? native_shell() :
	    native_shell_named(shell);
	const char		*login = getenv("SHELL");

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (shells[i].format == format)
			d->name = shells[i].name;
	if (d->name == NULL && shell == NULL)
		qt_die(QT_EXIT_USAGE, "neither what called it nor your login "
		    "shell is bash, zsh or fish; say which: qt-hist doctor "
		    "bash");
	if (d->name == NULL)
		qt_die(QT_EXIT_USAGE, "'%s': bash, zsh and fish are the shells "
		    "that it knows", shell);
	d->path = d->name;
	if (shell != NULL)
		d->path = shell;
	else if (login != NULL && native_shell_named(login) == format)
		d->path = login;
}

static void
try_shell(struct doctor *d)
{
	int	left;

	doctor_pty_begin_all();
	make_folder(d);
	doctor_shell(d);
	left = doctor_pty_end_all();
	remove_folder(d);
	if (left > 0)
		qt_warn("%d processes that it started do not end: 'ps --ppid "
		    "1' shows them", left);
	if (doctor_pty_signal() != 0) {
		(void)signal(doctor_pty_signal(), SIG_DFL);
		(void)raise(doctor_pty_signal());
	}
}

int
doctor_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&doctor_verb, argc, argv);
	struct doctor	d = { .deadline_ms = qt_clock_mono_ms() + WHOLE_MS,
	    .timeout_ms = START_MS };
	int		id;

	while ((id = qt_opts_next(&o)) != 0) {
		if (id == 'J')
			d.is_json = true;
		else
			d.timeout_ms = qt_opt_ms("-t", o.value, START_MS);
	}
	if (o.index + 1 < argc)
		qt_usage(&doctor_verb);
	choose_shell(&d, o.index < argc ? argv[o.index] : NULL);
	doctor_places(&d);
	doctor_store(&d);
	try_shell(&d);
	if (d.is_damaged)
		return EXIT_DAMAGED;
	return d.worst == DOCTOR_FAIL ? QT_EXIT_NO : QT_EXIT_OK;
}
