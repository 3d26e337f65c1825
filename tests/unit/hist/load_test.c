/* SPDX-License-Identifier: Apache-2.0 */
/* Others' histories into ours: each event once. */

#include "../test.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/sys.h>
#include <qt/hist/load.h>
#include <qt/store/store.h>

struct world {
	char			 dir[64], store[80], file[80];
	struct qt_hist_db	*db;
};

static void
begin(struct world *w)
{
	strcpy(w->dir, "/tmp/qt-hist.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->store, sizeof(w->store), "%s/store", w->dir);
	snprintf(w->file, sizeof(w->file), "%s/o#t%%er.db", w->dir);
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

static struct qt_hist_loaded
load(struct world *w, struct qt_hist_import *i)
{
	struct qt_hist_load_options	o = { .host = "here", .user = "ann" };
	struct qt_hist_loaded		n;
	struct qt_err			err = QT_ERR_INIT;
	int				rc = qt_hist_load(w->db, i, &o, &n,
	    &err);

	if (rc < 0)
		fail_msg("%s: %s", err.text, qt_strerror(rc));
	qt_hist_import_close(i);
	return n;
}

static struct qt_hist_loaded
load_text(struct world *w, const char *text, enum qt_hist_format format)
{
	struct qt_hist_import	*i;

	assert_int_equal(qt_hist_import_open_bytes(&i, text, strlen(text),
	    format, NULL), 0);
	return load(w, i);
}

/* "SECONDS COMMAND;" of each. */
static void
list(struct world *w, char *out, size_t size)
{
	struct qt_hist_scan	*scan;
	struct qt_hist_event	 e = { 0 };
	size_t			 n = 0;

	out[0] = '\0';
	assert_int_equal(qt_hist_scan_open(w->db, 0, UINT64_MAX, false,
	    &scan, NULL), 0);
	while (qt_hist_scan_next(scan, &e, NULL) == 1)
		n += (size_t)snprintf(out + n, size - n, "%llu %.*s;",
		    (unsigned long long)e.start_us / 1000000,
		    (int)e.text.len, e.text.data);
	qt_hist_scan_close(scan);
}

static void
expect(struct world *w, const char *events)
{
	char	all[1024];

	list(w, all, sizeof(all));
	assert_string_equal(all, events);
}

QT_TEST(importing_again_adds_nothing)
{
	static const char	bash[] = "ls\ncd\nls\n#100000000\nls\n"
	    "#100000000\nls\n#100000000\na\n#100000001\nls\n";
	struct world		w;
	struct qt_hist_loaded	n;

	(void)state;
	begin(&w);
	for (int k = 0; k < 3; k++) {
		n = load_text(&w, bash, QT_HIST_BASH);
		assert_int_equal(n.read, 7);
		assert_int_equal(n.added, k == 0 ? 7 : 0);
		expect(&w, "0 ls;0 cd;0 ls;100000000 ls;100000000 ls;"
		    "100000000 a;100000001 ls;");
	}
	end(&w);
}

QT_TEST(what_is_new_in_a_file_is_added)
{
	struct world	w;

	(void)state;
	begin(&w);
	(void)load_text(&w, "ls\nls\n#100000000\nx\n", QT_HIST_BASH);
	assert_int_equal(load_text(&w, "ls\nls\nb\nls\n#100000000\nx\n"
	    "#100000000\nx\n#100000009\nx\n", QT_HIST_BASH).added, 4);
	expect(&w, "0 ls;0 ls;0 b;0 ls;100000000 x;100000000 x;100000009 x;");
	/* An older part of it has nothing that is new. */
	assert_int_equal(load_text(&w, "ls\n#100000009\nx\n",
	    QT_HIST_BASH).added, 0);
	end(&w);
}

QT_TEST(what_a_shell_recorded_is_there_within_a_second)
{
	struct world		w;
	struct qt_hist_event	e = { .id = 5, .start_us = 200000900000,
	    .text = { "make", 4 }, .shell = { "bash", 4 },
	    .session = { "s", 1 }, .took_us = 7 };

	(void)state;
	begin(&w);
	assert_int_equal(qt_hist_db_add(w.db, &e, 1, NULL, 0, NULL), 0);
	assert_int_equal(load_text(&w, ": 200000:0;make\n: 200001:0;make\n"
	    ": 200002:0;make\n: 199999:0;make\n: 200000:0;other\n",
	    QT_HIST_ZSH).added, 3);
	expect(&w, "199999 make;200000 other;200000 make;200002 make;");
	end(&w);
}

QT_TEST(more_than_a_batch_stays_in_order)
{
	enum { COUNT = 40000 };
	struct world		w;
	struct qt_hist_scan	*scan;
	struct qt_hist_event	e = { 0 };
	char			*text = malloc(COUNT * 24), *p = text;
	unsigned int		got;

	(void)state;
	begin(&w);
	for (unsigned int k = 0; k < COUNT; k++)
		p += sprintf(p, "#%u\necho %u\n", 100000000 + k / 1000, k);
	assert_int_equal(load_text(&w, text, QT_HIST_BASH).added, COUNT);
	assert_int_equal(load_text(&w, text, QT_HIST_BASH).added, 0);
	free(text);
	assert_int_equal(qt_hist_scan_open(w.db, 0, UINT64_MAX, false,
	    &scan, NULL), 0);
	for (unsigned int k = 0; k < COUNT; k++) {
		assert_int_equal(qt_hist_scan_next(scan, &e, NULL), 1);
		assert_int_equal(sscanf(e.text.data, "echo %u", &got), 1);
		assert_int_equal(got, k);
		assert_memory_equal(e.host.data, "here", 5);
		assert_memory_equal(e.user.data, "ann", 4);
	}
	assert_int_equal(qt_hist_scan_next(scan, &e, NULL), 0);
	qt_hist_scan_close(scan);
	end(&w);
}

QT_TEST(a_write_that_fails_leaves_what_can_be_done_again)
{
	struct world			w;
	struct qt_hist_import		*i;
	struct qt_hist_load_options	o = { 0 };
	struct qt_hist_loaded		n;
	static const char		text[] = "#100000000\na\n"
	    "#100000001\nb\n";

	(void)state;
	begin(&w);
	assert_int_equal(qt_hist_import_open_bytes(&i, text,
	    sizeof(text) - 1, QT_HIST_BASH, NULL), 0);
	qt_sys_fault(QT_SYS_FSYNC, 1, EIO + QT_SYS_STAYS);
	assert_int_equal(qt_hist_load(w.db, i, &o, &n, NULL), -EROFS);
	assert_int_equal(n.added, 0);
	qt_sys_fault(QT_SYS_FSYNC, 0, 0);
	qt_hist_import_close(i);
	(void)qt_hist_db_close(w.db, NULL);
	assert_int_equal(qt_hist_db_open(&w.db, w.store, false, NULL), 0);
	(void)load_text(&w, text, QT_HIST_BASH);
	expect(&w, "100000000 a;100000001 b;");
	assert_int_equal(load_text(&w, text, QT_HIST_BASH).added, 0);
	end(&w);
}

/* --- Databases ------------------------------------------------------------ */

static void
make(struct world *w, const char *sql)
{
	sqlite3	*db;
	char	*why = NULL;

	(void)unlink(w->file);
	assert_int_equal(sqlite3_open(w->file, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s", why);
	sqlite3_close(db);
}

static struct qt_hist_loaded
load_file(struct world *w, enum qt_hist_format is)
{
	struct qt_hist_import	*i;
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc = qt_hist_import_open(&i, w->file,
	    QT_HIST_DETECT, &err);

	if (rc < 0)
		fail_msg("%s: %s", err.text, qt_strerror(rc));
	assert_int_equal(qt_hist_import_format(i), is);
	return load(w, i);
}

/* The newest event. */
static struct qt_hist_event
last(struct world *w)
{
	struct qt_hist_scan	*scan;
	struct qt_hist_event	 e = { 0 };

	assert_int_equal(qt_hist_scan_open(w->db, 0, UINT64_MAX, true,
	    &scan, NULL), 0);
	assert_int_equal(qt_hist_scan_next(scan, &e, NULL), 1);
	qt_hist_scan_close(scan);
	return e;
}

#define is_text(b, text) do {						\
	assert_int_equal((b).len, strlen(text));			\
	assert_memory_equal((b).data, text, (b).len);			\
} while (0)

QT_TEST(atuin_has_all_but_what_was_deleted)
{
	struct world		w;
	struct qt_hist_event	e;

	(void)state;
	begin(&w);
	make(&w, "PRAGMA journal_mode=WAL; CREATE TABLE history (id text "
	    "primary key, timestamp integer not null, duration integer not "
	    "null, exit integer not null, command text not null, cwd text "
	    "not null, session text not null, hostname text not null, "
	    "deleted_at integer); INSERT INTO history VALUES ('a', "
	    "1700000000123456789, 1500000000, 3, 'one' || char(10) || 'two',"
	    " '/tmp', 'sess', 'box:bob', NULL), ('b', 1700000001000000000, "
	    "-1, -1, CAST(x'6cff' AS TEXT), '/', 's', 'box', NULL), "
	    "('c', 1700000002000000000, 0, 0, 'gone', '/', 's', 'b:b', 5)");
	assert_int_equal(load_file(&w, QT_HIST_ATUIN).added, 2);
	assert_int_equal(load_file(&w, QT_HIST_ATUIN).added, 0);
	e = last(&w);
	is_text(e.text, "l\xff");
	assert_true(e.took_us == UINT64_MAX);
	assert_int_equal(e.status, -1);
	is_text(e.user, "ann");
	/* The other one. */
	make(&w, "CREATE TABLE history (id text primary key, timestamp "
	    "integer, duration integer, exit integer, command text, cwd "
	    "text, session text, hostname text); INSERT INTO history VALUES "
	    "('a', 1700000009123456789, 1500000000, 3, 'one' || char(10) || "
	    "'two', '/tmp', 'sess', 'box:bob')");
	assert_int_equal(load_file(&w, QT_HIST_ATUIN).added, 1);
	e = last(&w);
	is_text(e.text, "one\ntwo");
	assert_int_equal(e.start_us, 1700000009123456);
	assert_int_equal(e.took_us, 1500000);
	assert_int_equal(e.status, 3);
	is_text(e.cwd, "/tmp");
	is_text(e.session, "sess");
	is_text(e.host, "box");
	is_text(e.user, "bob");
	end(&w);
}

QT_TEST(histdb_mcfly_and_hishtory)
{
	struct world		w;
	struct qt_hist_event	e;

	(void)state;
	begin(&w);
	make(&w, "CREATE TABLE commands (id integer primary key, argv text); "
	    "CREATE TABLE places (id integer primary key, host text, dir "
	    "text); CREATE TABLE history (id integer primary key, session "
	    "int, command_id int, place_id int, exit_status int, start_time "
	    "int, duration int); INSERT INTO commands VALUES (1, 'ls'); "
	    "INSERT INTO places VALUES (1, 'box', '/srv'); INSERT INTO "
	    "history VALUES (1, 7, 1, 1, 2, 1700000000, 4), "
	    "(2, 7, 1, 9, NULL, 1700000010, NULL)");
	assert_int_equal(load_file(&w, QT_HIST_HISTDB).added, 2);
	e = last(&w);
	assert_int_equal(e.status, -1);
	is_text(e.shell, "zsh");
	is_text(e.session, "7");
	make(&w, "CREATE TABLE commands (id integer primary key, cmd text, "
	    "cmd_tpl text, session_id text, when_run int, exit_code int, "
	    "selected int, dir text, old_dir text); INSERT INTO commands "
	    "VALUES (1, 'make', 'make', 'x', 1700000020, 2, 0, '/a', '/b')");
	assert_int_equal(load_file(&w, QT_HIST_MCFLY).added, 1);
	e = last(&w);
	is_text(e.text, "make");
	is_text(e.cwd, "/a");
	assert_int_equal(e.status, 2);
	make(&w, "CREATE TABLE history_entries (local_username text, hostname "
	    "text, command text, current_working_directory text, "
	    "home_directory text, exit_code integer, start_time datetime, "
	    "end_time datetime); INSERT INTO history_entries VALUES ('bob', "
	    "'box', 'top', '/c', '/', 1, '2023-11-14 23:13:50.5+01:00', "
	    "'2023-11-14 22:13:52.75+00:00')");
	assert_int_equal(load_file(&w, QT_HIST_HISHTORY).added, 1);
	e = last(&w);
	is_text(e.text, "top");
	assert_int_equal(e.start_us, 1700000030500000);
	assert_int_equal(e.took_us, 2250000);
	is_text(e.user, "bob");
	end(&w);
}

QT_TEST(another_database_is_refused)
{
	struct world		w;
	struct qt_hist_import	*i;
	FILE			*f;

	(void)state;
	begin(&w);
	make(&w, "CREATE TABLE bookmarks (id int)");
	assert_int_equal(qt_hist_import_open(&i, w.file, QT_HIST_DETECT,
	    NULL), -QT_EFORMAT);
	assert_null(i);
	assert_int_equal(qt_hist_import_open(&i, w.file, QT_HIST_MCFLY,
	    NULL), -QT_EFORMAT);
	f = fopen(w.file, "we");
	assert_non_null(f);
	fputs("SQLite format 3", f);
	for (int k = 0; k < 2000; k++)
		putc(k == 0 ? 0 : 'x', f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(qt_hist_import_open(&i, w.file, QT_HIST_DETECT,
	    NULL), -QT_ECORRUPT);
	end(&w);
}
