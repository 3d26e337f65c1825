/* SPDX-License-Identifier: Apache-2.0 */
/* The history that the rows are measured with, and its place: hist_rows.h. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/hist/index.h>

#include "hist_rows.h"
#include "store_rows.h"

static pid_t	owner;		/* a fork child must not remove it; 0: none */
static int	is_made;

void
hist_must(int rc, const char *what, const struct qt_err *err)
{
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s%s%s", what,
		    err != NULL ? err->text : "",
		    err != NULL && err->text[0] != '\0' ? ": " : "",
		    qt_strerror(rc));
}

const char *
hist_path(const char *name, char out[QT_PATH_SIZE])
{
	return store_path(name, out);
}

static void
make_folder(const char *name, const char *variable)
{
	char	path[QT_PATH_SIZE];

	if (mkdir(hist_path(name, path), 0700) < 0)
		qt_die(QT_EXIT_SYS, "make '%s': %s", path, strerror(errno));
	setenv(variable, path, 1);
}

void
hist_enter(const struct bench_opt *opt)
{
	static int	is_armed;
	char		path[QT_PATH_SIZE];

	if (owner != 0)
		return;
	store_enter(opt);
	if (!is_armed)		/* runs before that of store_enter() */
		atexit(hist_leave);
	is_armed = 1;
	owner = getpid();
	make_folder("hist", "QT_HIST");
	make_folder("run", "QT_RUNTIME_DIR");
	make_folder("home", "HOME");
	setenv("QT_CONFIG", hist_path("home/qt.conf", path), 1);
	unsetenv("QT_SESSION");
	unsetenv("QT_HIST_SESSION");
}

void
hist_leave(void)
{
	char	path[QT_PATH_SIZE];

	if (owner == 0 || owner != getpid())
		return;
	owner = 0;
	is_made = 0;
	(void)qt_hist_index_remove(hist_path(HIST_STORE, path));
	store_remove(path);
	store_leave();
}

void
hist_in_child(void (*run)(void *arg), void *arg)
{
	pid_t	pid = fork();

	if (pid < 0)
		qt_die(QT_EXIT_SYS, "fork: %s", strerror(errno));
	if (pid == 0) {
		run(arg);
		_exit(0);
	}
	proc_wait(pid, "a process of the row");
}

/* --- The history ---------------------------------------------------------- */

static void
add_batch(struct qt_hist_db *db, const struct qt_hist_event *e, size_t count)
{
	struct qt_err	err = QT_ERR_INIT;

	hist_must(qt_hist_db_add(db, e, count, NULL, 0, &err),
	    "make a history", &err);
}

static void
make_events(struct hist_data *d, struct qt_hist_db *db, FILE *lines)
{
	static struct qt_hist_event	e[HIST_DATA_BATCH];
	size_t				n = 0;

	for (uint64_t i = 0; i < d->events; i++) {
		hist_data_event(d, i, &e[n]);
		fprintf(lines, "%.*s\n", (int)e[n].text.len, e[n].text.data);
		if (++n < HIST_DATA_BATCH && i + 1 < d->events)
			continue;
		add_batch(db, e, n);
		n = 0;
	}
}

static void
make_all(void *arg)
{
	const struct bench_opt	*opt = arg;
	struct hist_data	 d;
	struct qt_hist_db	*db;
	struct qt_hist_index	*ix = NULL;
	struct qt_err		 err = QT_ERR_INIT;
	char			 path[QT_PATH_SIZE];
	FILE			*lines;

	hist_data_start(&d, opt->commands, opt->items);
	lines = fopen(hist_path(HIST_FILE, path), "we");
	if (lines == NULL)
		qt_die(QT_EXIT_SYS, "make '%s': %s", path, strerror(errno));
	hist_must(qt_hist_db_open(&db, hist_path(HIST_STORE, path), false,
	    &err), "make a history", &err);
	make_events(&d, db, lines);
	hist_must(qt_hist_index_update(&ix, db, path, NULL, &err),
	    "make an index", &err);
	qt_hist_index_close(ix);
	hist_must(qt_hist_db_close(db, &err), "make a history", &err);
	if (fclose(lines) != 0)
		qt_die(QT_EXIT_SYS, "write '%s': %s", path, strerror(errno));
	hist_data_clear(&d);
}

void
hist_make(const struct bench_opt *opt)
{
	struct bench_opt	copy = *opt;

	hist_enter(opt);
	if (is_made)
		return;
	report_progress("a history of %llu commands is made",
	    (unsigned long long)opt->items);
	hist_in_child(make_all, &copy);
	report_progress("%s", "");
	is_made = 1;
}
