/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist import - what others remember, into the history */

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/text.h>
#include <qt/hist/load.h>

#include "history.h"
#include "native.h"
#include "verbs.h"

static const struct qt_opt options[] = {
	{ 'f', "format", "FORMAT", "bash, zsh, fish, powershell, json, atuin, "
	    "histdb, mcfly, hishtory; else what it looks like" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb import_verb = {
	"import", import_main, "[FILE]",
	"add what another history has, and is not there yet", options,
};

struct importing {
	const char	*path;
	bool		 is_terminal;	/* standard error */
	bool		 is_shown;	/* there is a line of progress */
};

static void
hide(struct importing *m)
{
	if (m->is_shown)
		fputs("\r\033[K", stderr);
	m->is_shown = false;
}

static void
tell(void *arg, const char *what)
{
	struct importing	*m = arg;

	hide(m);
	qt_warn("'%s', %s", m->path, what);
}

static void
progress(void *arg, uint64_t done, uint64_t all,
    const struct qt_hist_loaded *so_far)
{
	struct importing	*m = arg;

	if (!m->is_terminal)
		return;
	m->is_shown = true;
	fprintf(stderr, "\r%3.0f %%  %" PRIu64 " commands, %" PRIu64 " new",
	    all == 0 ? 100.0 : 100.0 * (double)done / (double)all,
	    so_far->read, so_far->added);
	fflush(stderr);
}

static void
sum_up(const struct importing *m, enum qt_hist_format format,
    const struct qt_hist_loaded *n)
{
	struct qt_buf	out = QT_BUF_INIT;
	uint64_t	known = n->read - n->added - n->erased - n->secret;

	(void)qt_buf_addf(&out, "%" PRIu64 " of %" PRIu64 " commands "
	    "imported from '", n->added, n->read);
	(void)qt_text_escape(&out, m->path, strlen(m->path));
	(void)qt_buf_addf(&out, "' (%s)", qt_hist_format_name(format));
	if (known > 0)
		(void)qt_buf_addf(&out, ", %" PRIu64 " were there", known);
	if (n->erased > 0)
		(void)qt_buf_addf(&out, ", %" PRIu64 " were deleted before",
		    n->erased);
	if (n->secret > 0)
		(void)qt_buf_addf(&out, ", %" PRIu64 " left out for "
		    "their secrets",
		    n->secret);
	if (n->bad > 0)
		(void)qt_buf_addf(&out, ", %" PRIu64 " could not be read",
		    n->bad);
	(void)qt_buf_add(&out, "\n", 1);
	qt_prog_write(out.data, out.len);
	qt_buf_clear(&out);
}

static int
run(struct importing *m, enum qt_hist_format format)
{
	char				 host[256] = "";
	const struct passwd		*user = getpwuid(getuid());
	struct qt_hist_load_options	 o = { .host = host,
	    .user = user == NULL ? getenv("USER") : user->pw_name,
	    .tell = tell, .progress = progress, .arg = m };
	struct qt_hist_import		*from;
	struct qt_hist_loaded		 n;
	struct qt_hist_db		*db;
	struct qt_err			 err = QT_ERR_INIT;
	int				 rc;

	(void)gethostname(host, sizeof(host) - 1);
	rc = qt_hist_import_open(&from, m->path, format, &err);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
	db = history_open();
	rc = qt_hist_load(db, from, &o, &n, &err);
	hide(m);
	if (rc < 0)
		qt_die(history_code(rc), "%s: %s", err.text, qt_strerror(rc));
	history_close(db);
	sum_up(m, qt_hist_import_format(from), &n);
	qt_hist_import_close(from);
	return n.read > 0 ? n.bad > 0 ? QT_EXIT_SYS : QT_EXIT_OK :
	    n.bad > 0 ? QT_EXIT_SYS : QT_EXIT_NO;
}

int
import_main(int argc, char **argv)
{
	struct qt_opts		o = QT_OPTS_INIT(&import_verb, argc, argv);
	struct importing	m = { .is_terminal = isatty(STDERR_FILENO) };
	enum qt_hist_format	format = QT_HIST_DETECT;
	char			path[QT_PATH_SIZE];

	while (qt_opts_next(&o) != 0)
		if (qt_hist_format_find(&format, o.value) < 0)
			qt_die(QT_EXIT_USAGE, "-f: '%s' is none of bash, zsh, "
			    "fish, powershell, json, atuin, histdb, mcfly, "
			    "hishtory", o.value);
	if (argc - o.index > 1)
		qt_usage(&import_verb);
	m.path = argv[o.index];
	if (m.path == NULL) {
		if (native_find(path, &format) < 0)
			qt_die(QT_EXIT_NO, "no history of %s is where it "
			    "usually is: name the file",
			    format == QT_HIST_DETECT ? "a shell" :
			    qt_hist_format_name(format));
		m.path = path;
	}
	return run(&m, format);
}
