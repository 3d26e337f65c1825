/* SPDX-License-Identifier: Apache-2.0 */
/* Spools into the history, and what is there then. */

#include "../test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/buf.h>
#include <qt/base/sys.h>
#include <qt/hist/take.h>
#include <qt/store/store.h>

#include "spool_write.h"

struct world {
	char			 dir[64], spools[80], store[80], spool[120];
	struct qt_hist_db	*db;
};

static void
begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	strcpy(w->dir, "/tmp/qt-hist.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->spools, sizeof(w->spools), "%s/spool", w->dir);
	snprintf(w->store, sizeof(w->store), "%s/store", w->dir);
	snprintf(w->spool, sizeof(w->spool), "%s/" SPOOL_TOKEN ".spool",
	    w->spools);
	assert_int_equal(mkdir(w->spools, 0700), 0);
	assert_int_equal(qt_hist_db_open(&w->db, w->store, false, NULL), 0);
}

static void
end(struct world *w)
{
	char	command[128];

	assert_int_equal(qt_hist_db_close(w->db, NULL), 0);
	assert_int_equal(qt_store_remove(w->store, NULL), 0);
	snprintf(command, sizeof(command), "rm -r %s", w->dir);
	assert_int_equal(system(command), 0);
}

static struct qt_hist_taken
take(struct world *w)
{
	struct qt_hist_taken	t;
	struct qt_err		err = QT_ERR_INIT;

	if (qt_hist_take(w->db, w->spools, 0, &t, &err) < 0)
		fail_msg("%s", err.text);
	return t;
}

/* All events, as text. */
static void
list(struct world *w, char out[512])
{
	struct qt_hist_scan	*scan;
	struct qt_hist_event	 e = { 0 };
	int			 rc;

	out[0] = '\0';
	assert_int_equal(qt_hist_scan_open(w->db, 0, UINT64_MAX, false, &scan,
	    NULL), 0);
	while ((rc = qt_hist_scan_next(scan, &e, NULL)) == 1)
		snprintf(out + strlen(out), 512 - strlen(out), "%.*s %d%s;",
		    (int)e.text.len, e.text.data, e.status,
		    e.flags & QT_HIST_RUNNING ? " runs" : "");
	assert_int_equal(rc, 0);
	qt_hist_scan_close(scan);
}

QT_TEST(what_a_shell_wrote_is_there_once_and_goes_on)
{
	struct world		w;
	struct qt_hist_taken	t;
	char			all[512];

	(void)state;
	begin(&w);
	spool_begin(w.spool, getpid(), NULL);
	spool_put(w.spool, 'B', "1|1000|/|one|", true);
	spool_put(w.spool, 'E', "1|1000|3000|0|0|/|b||", true);
	spool_put(w.spool, 'B', "2|4000|/|two|", true);
	t = take(&w);
	assert_int_equal(t.spools, 1);
	assert_int_equal(t.lost + t.removed, 0);
	list(&w, all);
	assert_string_equal(all, "one 0;two -1 runs;");
	/* What was torn is passed over, and the end of another one found. */
	spool_put(w.spool, 'B', "3|5000|/|thr", false);
	spool_put(w.spool, 'E', "2|4000|6000|1|1|/|b||", true);
	spool_put(w.spool, 'E', "4|7000|8000|0|0|/|t|four|", true);
	spool_put(w.spool, 'E', "9|7500|8000|0|0|/|b||", true);
	t = take(&w);
	assert_true(t.lost > 0);
	list(&w, all);
	assert_string_equal(all, "one 0;two 1;four 0;");
	assert_int_equal(take(&w).events, 0);
	list(&w, all);
	assert_string_equal(all, "one 0;two 1;four 0;");
	assert_int_equal(access(w.spool, F_OK), 0);
	end(&w);
}

/* As of bash with erasedups, whose list is as long as before. */
QT_TEST(what_may_be_the_command_before_is_not_another_one)
{
	struct world	w;
	char		all[512];

	(void)state;
	begin(&w);
	spool_begin(w.spool, getpid(), NULL);
	/* Nobody knows what was before. */
	spool_put(w.spool, 'E', "1|1000|1001|0|0|/|e|9.5 1  9 zero\n|", true);
	spool_put(w.spool, 'E', "2|2000|2001|0|0|/|t|one|", true);
	spool_put(w.spool, 'E', "3|3000|3001|1|1|/|e|9.5 1  9 one\n|", true);
	spool_put(w.spool, 'E', "4|4000|4001|2|2|/|e|9.500000 1  10 one\n|",
	    true);
	spool_put(w.spool, 'E', "5|5000|5001|3|3|/|e|9.5 1  9 two\n|", true);
	spool_put(w.spool, 'E', "6|6000|6001|4|4|/|e|9.5 1  9 two\n|", true);
	take(&w);
	list(&w, all);
	assert_string_equal(all, "one 0;one 2;two 3;");
	end(&w);
}

QT_TEST(an_event_has_all_that_is_known)
{
	struct world		 w;
	struct qt_hist_scan	*scan;
	struct qt_hist_event	 e = { 0 };
	char			 command[256], fields[256];

	(void)state;
	begin(&w);
	snprintf(command, sizeof(command), "mkdir -p %s/a/.git %s/a/b/c",
	    w.dir, w.dir);
	assert_int_equal(system(command), 0);
	spool_begin(w.spool, getpid(), NULL);
	snprintf(fields, sizeof(fields), "1|1000|3500|141|141 0 1|%s/a/b/c|t|"
	    "yes|", w.dir);
	spool_put(w.spool, 'E', fields, true);
	(void)take(&w);
	assert_int_equal(qt_hist_scan_open(w.db, 0, UINT64_MAX, true, &scan,
	    NULL), 0);
	assert_int_equal(qt_hist_scan_next(scan, &e, NULL), 1);
	assert_int_equal(e.start_us, 1000);
	assert_int_equal(e.took_us, 2500);
	assert_int_equal(e.status, 141);
	assert_int_equal(e.pipe_count, 3);
	assert_int_equal(e.pipe[2], 1);
	assert_int_equal(e.root.len, strlen(w.dir) + 2);
	assert_int_equal(e.cwd.len, strlen(w.dir) + 6);
	assert_memory_equal(e.user.data, "ann", 4);
	assert_memory_equal(e.tty.data, "tty", 4);
	assert_memory_equal(e.shell.data, "zsh", 4);
	assert_memory_equal(e.session.data, SPOOL_TOKEN, sizeof(SPOOL_TOKEN));
	assert_memory_equal(e.qt_session.data, "work", 5);
	assert_int_equal(qt_hist_scan_next(scan, &e, NULL), 0);
	qt_hist_scan_close(scan);
	end(&w);
}

QT_TEST(spools_of_shells_that_are_gone_go)
{
	struct world	w;
	char		all[512];
	pid_t		pid = fork();

	(void)state;
	if (pid == 0)
		for (;;)
			pause();
	begin(&w);
	spool_begin(w.spool, pid, NULL);
	spool_put(w.spool, 'E', "1|1000|3000|0|0|/|t|one|", true);
	assert_int_equal(take(&w).removed, 0);
	/* Also when nobody has waited for it. */
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOWAIT), 0);
	assert_int_equal(take(&w).removed, 1);
	while (waitpid(pid, NULL, 0) < 0)
		continue;
	assert_int_equal(access(w.spool, F_OK), -1);
	/* One of the same name begins anew. */
	spool_begin(w.spool, getpid(), "another boot");
	spool_put(w.spool, 'E', "2|2000|3000|0|0|/|t|two|", true);
	assert_int_equal(take(&w).removed, 1);
	list(&w, all);
	assert_string_equal(all, "one 0;two 0;");
	end(&w);
}

QT_TEST(what_is_no_spool_is_passed_over)
{
	struct world		w;
	struct qt_hist_taken	t;
	char			path[160];

	(void)state;
	begin(&w);
	snprintf(path, sizeof(path), "%s/fifo.spool", w.spools);
	assert_int_equal(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/link.spool", w.spools);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	snprintf(path, sizeof(path), "%s/folder.spool", w.spools);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/other.spool", w.spools);
	spool_put(path, 'E', "1|1000|3000|0|0|/|t|one|", true);
	t = take(&w);
	assert_int_equal(t.spools + t.events, 0);
	snprintf(path, sizeof(path), "%s/none", w.dir);
	assert_int_equal(qt_hist_take(w.db, path, 0, &t, NULL), 0);
	end(&w);
}

/* Who wrote goes on; of the file that he makes only the name says who. */
QT_TEST(a_spool_that_was_taken_away_or_emptied_is_taken_in_again)
{
	struct world	w;
	char		all[512];
	struct timespec	old[2] = { { 1000, 0 }, { 1000, 0 } };

	(void)state;
	begin(&w);
	spool_begin(w.spool, getpid(), NULL);
	spool_put(w.spool, 'E', "1|1000|3000|0|0|/|t|one|", true);
	(void)take(&w);
	assert_int_equal(unlink(w.spool), 0);
	assert_int_equal(take(&w).spools, 0);
	spool_put(w.spool, 'E', "2|4000|6000|1|1|/|t|two|", true);
	assert_int_equal(take(&w).events, 1);
	spool_put(w.spool, 'E', "3|7000|8000|0|0|/|t|three|", true);
	assert_int_equal(truncate(w.spool, 0), 0);
	spool_put(w.spool, 'E', "4|8000|9000|0|0|/|t|four|", true);
	spool_put(w.spool, 'E', "5|9000|9999|0|0|/|t|five|", true);
	assert_int_equal(take(&w).removed, 0);
	list(&w, all);
	assert_string_equal(all, "one 0;two 1;four 0;five 0;");
	assert_int_equal(take(&w).events, 0);
	/* As of before this boot. */
	spool_put(w.spool, 'E', "6|10000|10001|0|0|/|t|six|", true);
	assert_int_equal(utimensat(AT_FDCWD, w.spool, old, 0), 0);
	assert_int_equal(take(&w).removed, 1);
	assert_int_equal(access(w.spool, F_OK), -1);
	list(&w, all);
	assert_string_equal(all, "one 0;two 1;four 0;five 0;six 0;");
	end(&w);
}

QT_TEST(one_process_takes_in_at_a_time)
{
	struct world	w;
	int		fd;

	(void)state;
	begin(&w);
	spool_begin(w.spool, getpid(), NULL);
	spool_put(w.spool, 'E', "1|1000|3000|0|0|/|t|one|", true);
	fd = open(w.spools, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_true(take(&w).is_busy);
	close(fd);
	assert_int_equal(take(&w).events, 1);
	end(&w);
}

/* In a child, which is there for the event, whenever it can. */
static pid_t
take_in_a_child(struct world *w)
{
	struct qt_hist_taken	t;
	pid_t			pid = fork();

	if (pid == 0) {
		if (qt_hist_db_open(&w->db, w->store, false, NULL) < 0)
			_exit(1);
		_exit(qt_hist_take(w->db, w->spools, QT_HIST_TAKE_SURE, &t,
		    NULL) < 0 || t.is_busy || t.events != 1);
	}
	return pid;
}

QT_TEST(nobody_takes_in_while_one_erases_and_who_has_to_waits)
{
	struct world	w;
	int		fd, status;
	pid_t		pid;

	(void)state;
	begin(&w);
	spool_begin(w.spool, getpid(), NULL);
	spool_put(w.spool, 'E', "1|1000|3000|0|0|/|t|one|", true);
	fd = open(w.store, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_true(take(&w).is_busy);
	pid = take_in_a_child(&w);
	assert_int_equal(flock(fd, LOCK_UN), 0);
	while (waitpid(pid, &status, 0) < 0)
		continue;
	assert_int_equal(status, 0);
	close(fd);
	assert_int_equal(take(&w).events, 0);
	end(&w);
}

/* Whether a spool holds these bytes. */
static bool
spool_has(const struct world *w, const char *bytes)
{
	char	*data = NULL;
	size_t	 room = 0;
	ssize_t	 n;
	FILE	*f = fopen(w->spool, "re");
	bool	 has;

	assert_non_null(f);
	n = getdelim(&data, &room, EOF, f);
	assert_true(n > 0);
	has = memmem(data, (size_t)n, bytes, strlen(bytes)) != NULL;
	free(data);
	fclose(f);
	return has;
}

QT_TEST(what_a_killed_one_did_not_wipe_the_next_one_does)
{
	struct world	w;
	char		fields[70000], *p = fields;
	int		status;
	pid_t		pid;

	(void)state;
	begin(&w);
	spool_begin(w.spool, getpid(), NULL);
	/* More than what is read at once. */
	p += sprintf(p, "1|1000|3000|0|0|/|t|");
	memset(p, 'x', 65536);
	strcpy(p + 65536, "|");
	for (int i = 0; i < 20; i++) {
		fields[0] = (char)('A' + i);
		spool_put(w.spool, 'E', fields, true);
	}
	(void)take(&w);
	assert_false(spool_has(&w, "xxxx"));
	spool_put(w.spool, 'E', "2|2000|3000|0|0|/|t|secret words|", true);
	pid = fork();
	if (pid == 0) {
		if (qt_hist_db_open(&w.db, w.store, false, NULL) < 0)
			_exit(1);
		qt_sys_fault(QT_SYS_FALLOCATE, 1, QT_SYS_KILL);
		(void)take(&w);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0)
		continue;
	assert_true(WIFSIGNALED(status));
	assert_true(spool_has(&w, "secret words"));
	assert_int_equal(take(&w).events, 0);
	assert_false(spool_has(&w, "secret words"));
	end(&w);
}
