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
#include <qt/hist/take.h>
#include <qt/store/store.h>

#define TOKEN	"0123456789abcdef"

struct world {
	char			 dir[64], spools[80], store[80], spool[120];
	char			 host[256], boot[64];
	unsigned long long	 ns;
	struct qt_hist_db	*db;
};

static void
begin(struct world *w)
{
	struct stat	st;
	FILE		*f = fopen("/proc/sys/kernel/random/boot_id", "re");

	memset(w, 0, sizeof(*w));
	strcpy(w->dir, "/tmp/qt-hist.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->spools, sizeof(w->spools), "%s/spool", w->dir);
	snprintf(w->store, sizeof(w->store), "%s/store", w->dir);
	snprintf(w->spool, sizeof(w->spool), "%s/" TOKEN ".spool", w->spools);
	assert_int_equal(mkdir(w->spools, 0700), 0);
	assert_int_equal(gethostname(w->host, sizeof(w->host) - 1), 0);
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%63s", w->boot), 1);
	fclose(f);
	assert_int_equal(stat("/proc/self/ns/pid", &st), 0);
	w->ns = st.st_ino;
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

/* Appends a record; '|' ends a field. */
static void
put(const char *path, char kind, const char *fields, bool is_whole)
{
	FILE	*f = fopen(path, "ae");

	assert_non_null(f);
	fprintf(f, "\x1e" TOKEN "%c%c", kind, '\0');
	for (; *fields != '\0'; fields++)
		putc(*fields == '|' ? '\0' : *fields, f);
	if (is_whole)
		fprintf(f, "\x1e" TOKEN ".%c", '\0');
	assert_int_equal(fclose(f), 0);
}

/* The spool of a shell with this process id. */
static void
put_session(struct world *w, int pid, const char *boot)
{
	char	head[QT_HIST_SPOOL_HEAD], fields[512];
	FILE	*f = fopen(w->spool, "we");

	qt_hist_spool_head(head, TOKEN);
	assert_non_null(f);
	assert_int_equal(fwrite(head, sizeof(head), 1, f), 1);
	assert_int_equal(fclose(f), 0);
	snprintf(fields, sizeof(fields), "%s|ann|tty|zsh|5.9|%d|1|work|%s|%llu|",
	    w->host, pid, boot, w->ns);
	put(w->spool, 'S', fields, true);
}

static struct qt_hist_taken
take(struct world *w)
{
	struct qt_hist_taken	t;
	struct qt_err		err = QT_ERR_INIT;

	if (qt_hist_take(w->db, w->spools, &t, &err) < 0)
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
	put_session(&w, getpid(), w.boot);
	put(w.spool, 'B', "1|1000|/|one|", true);
	put(w.spool, 'E', "1|1000|3000|0|0|/|b||", true);
	put(w.spool, 'B', "2|4000|/|two|", true);
	t = take(&w);
	assert_int_equal(t.spools, 1);
	assert_int_equal(t.lost + t.removed, 0);
	list(&w, all);
	assert_string_equal(all, "one 0;two -1 runs;");
	/* What was torn is passed over, and the end of another one found. */
	put(w.spool, 'B', "3|5000|/|thr", false);
	put(w.spool, 'E', "2|4000|6000|1|1|/|b||", true);
	put(w.spool, 'E', "4|7000|8000|0|0|/|t|four|", true);
	put(w.spool, 'E', "9|7500|8000|0|0|/|b||", true);
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
	put_session(&w, getpid(), w.boot);
	snprintf(fields, sizeof(fields), "1|1000|3500|141|141 0 1|%s/a/b/c|t|"
	    "yes|", w.dir);
	put(w.spool, 'E', fields, true);
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
	assert_memory_equal(e.session.data, TOKEN, sizeof(TOKEN));
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
	put_session(&w, pid, w.boot);
	put(w.spool, 'E', "1|1000|3000|0|0|/|t|one|", true);
	assert_int_equal(take(&w).removed, 0);
	/* Also when nobody has waited for it. */
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOWAIT), 0);
	assert_int_equal(take(&w).removed, 1);
	while (waitpid(pid, NULL, 0) < 0)
		continue;
	assert_int_equal(access(w.spool, F_OK), -1);
	/* One of the same name begins anew. */
	put_session(&w, getpid(), "another boot");
	put(w.spool, 'E', "2|2000|3000|0|0|/|t|two|", true);
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
	put(path, 'E', "1|1000|3000|0|0|/|t|one|", true);
	t = take(&w);
	assert_int_equal(t.spools + t.events, 0);
	snprintf(path, sizeof(path), "%s/none", w.dir);
	assert_int_equal(qt_hist_take(w.db, path, &t, NULL), 0);
	end(&w);
}

QT_TEST(one_process_takes_in_at_a_time)
{
	struct world	w;
	int		fd;

	(void)state;
	begin(&w);
	put_session(&w, getpid(), w.boot);
	put(w.spool, 'E', "1|1000|3000|0|0|/|t|one|", true);
	fd = open(w.spools, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_true(take(&w).is_busy);
	close(fd);
	assert_int_equal(take(&w).events, 1);
	end(&w);
}
