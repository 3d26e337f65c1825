/* SPDX-License-Identifier: Apache-2.0 */
/* What was erased is in no file and in no shared memory, and does not return. */

#include "../place.h"
#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/sys.h>
#include <qt/hist/erase.h>
#include <qt/store/store.h>

#include "../../../libcommon/hist/db_priv.h"
#include "../../../libcommon/hist/index_priv.h"
#include "../../../libcommon/store/store_priv.h"
#include "../traces.h"

#define SECRET	"correct-horse-battery-staple"

struct world {
	char			 dir[64], store[80];
	struct qt_hist_db	*db;
};

static void
begin(struct world *w)
{
	place_new(w->dir, sizeof(w->dir));
	snprintf(w->store, sizeof(w->store), "%s/store", w->dir);
	assert_int_equal(qt_hist_db_open(&w->db, w->store, false, NULL), 0);
}

static void
end(struct world *w)
{
	assert_int_equal(qt_hist_db_close(w->db, NULL), 0);
	assert_int_equal(qt_store_remove(w->store, NULL), 0);
	place_remove(w->dir);
}

static unsigned int
count_traces(const struct world *w, const char *bytes)
{
	const char	*name = w->db->store->name;
	char		 index[QT__IX_NAME];

	/* The index's, and that of one who was killed while he made it. */
	assert_int_equal(qt__ix_name(index, w->store, ""), 0);
	return traces_in_folder(w->dir, "", bytes) +
	    traces_in_folder("/dev/shm", name + (name[0] == '/'), bytes) +
	    traces_in_folder("/dev/shm", index + 1, bytes);
}

static struct qt_hist_bytes
bytes_of(const char *text)
{
	return (struct qt_hist_bytes){ text, strlen(text) };
}

static void
add(struct world *w, uint64_t second, const char *text, const char *cwd,
    unsigned int flags)
{
	struct qt_hist_event	e = { .start_us = second * 1000000,
	    .took_us = 1, .flags = flags, .text = bytes_of(text),
	    .cwd = bytes_of(cwd), .session = bytes_of("s1"),
	    .host = bytes_of("h") };
	struct qt_err		err = QT_ERR_INIT;

	e.id = qt_hist_db_id(w->db, &e.session, second);
	if (qt_hist_db_add(w->db, &e, 1, NULL, 0, &err) < 0)
		fail_msg("%s", err.text);
}

static void
list(struct world *w, char out[1024])
{
	struct qt_hist_scan	*scan;
	struct qt_hist_event	 e = { 0 };
	int			 rc;

	out[0] = '\0';
	assert_int_equal(qt_hist_scan_open(w->db, 0, UINT64_MAX, false, &scan,
	    NULL), 0);
	while ((rc = qt_hist_scan_next(scan, &e, NULL)) == 1)
		snprintf(out + strlen(out), 1024 - strlen(out), "%.*s;",
		    (int)e.text.len, e.text.data);
	assert_int_equal(rc, 0);
	qt_hist_scan_close(scan);
}

static int
has(void *arg, struct qt_hist_event *e)
{
	return memmem(e->text.data, e->text.len, arg, strlen(arg)) != NULL ?
	    QT_HIST_GOES : QT_HIST_STAYS;
}

static struct qt_hist_erased
erase(struct world *w, const char *what, unsigned int flags)
{
	struct qt_hist_erased	out;
	struct qt_err		err = QT_ERR_INIT;
	char			text[64];

	snprintf(text, sizeof(text), "%s", what);
	if (qt_hist_erase(w->db, has, text, flags, &out, &err) < 0)
		fail_msg("%s", err.text);
	return out;
}

QT_TEST(what_was_erased_is_nowhere)
{
	struct world		w;
	struct qt_hist_erased	out;
	char			all[1024];

	(void)state;
	begin(&w);
	add(&w, 1, "echo one", "/", 0);
	add(&w, 2, "echo " SECRET, "/only-there", 0);
	add(&w, 3, "echo " SECRET, "/", 0);
	add(&w, 4, "echo two", "/", 0);
	assert_true(count_traces(&w, SECRET) >= 2);
	assert_int_equal(erase(&w, SECRET, QT_HIST_ERASE_DRY).gone, 2);
	assert_true(count_traces(&w, SECRET) >= 2);
	out = erase(&w, SECRET, 0);
	assert_int_equal(out.gone, 2);
	assert_int_equal(out.commands, 1);
	assert_false(out.is_held);
	assert_int_equal(count_traces(&w, SECRET), 0);
	assert_int_equal(count_traces(&w, "only-there"), 0);
	list(&w, all);
	assert_string_equal(all, "echo one;echo two;");
	assert_int_equal(erase(&w, SECRET, 0).gone, 0);
	end(&w);
}

/* One who is killed between making an index and giving it its name. */
static void
make_index_half(const struct world *w)
{
	struct qt_hist_index	*ix = NULL;
	struct qt_hist_db	*db;
	pid_t			 pid = fork();
	int			 status;

	if (pid == 0) {
		if (qt_hist_db_open(&db, w->store, false, NULL) < 0)
			_exit(1);
		qt_sys_fault(QT_SYS_RENAME, 1, QT_SYS_KILL);
		_exit(qt_hist_index_update(&ix, db, w->store, NULL, NULL) == 0);
	}
	while (waitpid(pid, &status, 0) < 0)
		continue;
	assert_true(WIFSIGNALED(status));
}

QT_TEST(an_index_goes_with_what_it_has)
{
	struct world		 w;
	struct qt_hist_index	*ix = NULL, *reader;
	const char		*gone = "echo " SECRET;

	(void)state;
	begin(&w);
	add(&w, 1, "echo one", "/", 0);
	add(&w, 2, gone, "/", 0);
	assert_int_equal(qt_hist_index_update(&ix, w.db, w.store, NULL, NULL),
	    0);
	assert_int_equal(qt_hist_index_open(&reader, w.store, NULL), 0);
	assert_true(qt_hist_index_find(reader, gone, strlen(gone)) !=
	    QT_HIST_NONE);
	/* Those of others are of any time: it is to be made anew. */
	add(&w, 5, gone, "/", QT_HIST_IMPORTED);
	make_index_half(&w);
	assert_int_equal(erase(&w, SECRET, 0).gone, 2);
	assert_true(qt_hist_index_is_outdated(reader));
	assert_int_equal(count_traces(&w, SECRET), 0);
	add(&w, 3, "echo two", "/", 0);
	assert_int_equal(qt_hist_index_update(&ix, w.db, w.store, NULL, NULL),
	    0);
	assert_int_equal(qt_hist_index_find(ix, gone, strlen(gone)),
	    QT_HIST_NONE);
	assert_int_equal(qt_hist_index_last(ix), 2);
	qt_hist_index_close(reader);
	qt_hist_index_close(ix);
	assert_int_equal(qt_hist_index_remove(w.store), 0);
	end(&w);
}

QT_TEST(an_import_does_not_bring_it_back_and_a_shell_may)
{
	struct world	w;
	char		all[1024];

	(void)state;
	begin(&w);
	add(&w, 1, "one", "/", 0);
	add(&w, 2, "gone", "/", 0);
	assert_int_equal(erase(&w, "gone", 0).gone, 1);
	add(&w, 9, "gone", "/", QT_HIST_IMPORTED);
	add(&w, 0, "gone", "/", QT_HIST_IMPORTED);
	add(&w, 10, "other", "/", QT_HIST_IMPORTED);
	list(&w, all);
	assert_string_equal(all, "one;other;");
	add(&w, 11, "gone", "/", 0);
	list(&w, all);
	assert_string_equal(all, "one;other;gone;");
	end(&w);
}

static int
at_20(void *arg, struct qt_hist_event *e)
{
	(void)arg;
	return e->start_us == 20000000 ? QT_HIST_GOES : QT_HIST_STAYS;
}

QT_TEST(one_event_of_a_command_does_not_come_back_by_its_time)
{
	struct world		w;
	struct qt_hist_erased	out;
	char			all[1024];

	(void)state;
	begin(&w);
	add(&w, 10, "same", "/", 0);
	add(&w, 20, "same", "/", 0);
	assert_int_equal(qt_hist_erase(w.db, at_20, NULL, 0, &out, NULL), 0);
	assert_int_equal(out.gone, 1);
	assert_int_equal(out.commands, 0);
	add(&w, 21, "same", "/", QT_HIST_IMPORTED);
	list(&w, all);
	assert_string_equal(all, "same;");
	add(&w, 30, "same", "/", QT_HIST_IMPORTED);
	list(&w, all);
	assert_string_equal(all, "same;same;");
	end(&w);
}

QT_TEST(secrets_that_are_there_are_redacted_everywhere)
{
	struct world			w;
	struct qt_hist_redacting	r = { NULL, QT_BUF_INIT };
	struct qt_hist_erased		out;
	char				all[1024];

	(void)state;
	begin(&w);
	add(&w, 1, "echo one", "/", 0);
	add(&w, 2, "X_TOKEN=" SECRET " make", "/", 0);
	add(&w, 3, "X_TOKEN=" SECRET " make", "/", 0);
	assert_int_equal(qt_hist_redact_open(&r.redact, NULL, NULL, NULL,
	    NULL), 0);
	assert_int_equal(qt_hist_erase(w.db, qt_hist_redact_judge, &r, 0,
	    &out, NULL), 0);
	assert_int_equal(out.changed, 2);
	assert_int_equal(out.gone, 0);
	assert_int_equal(count_traces(&w, SECRET), 0);
	list(&w, all);
	assert_string_equal(all, "echo one;X_TOKEN=" QT_HIST_REDACTION
	    " make;X_TOKEN=" QT_HIST_REDACTION " make;");
	assert_int_equal(qt_hist_erase(w.db, qt_hist_redact_judge, &r, 0,
	    &out, NULL), 0);
	assert_int_equal(out.changed, 0);
	qt_hist_redact_set_mode(r.redact, QT_HIST_DROP);
	add(&w, 4, "X_TOKEN=" SECRET " ls", "/", 0);
	assert_int_equal(qt_hist_erase(w.db, qt_hist_redact_judge, &r, 0,
	    &out, NULL), 0);
	assert_int_equal(out.gone, 1);
	assert_int_equal(count_traces(&w, SECRET), 0);
	qt_hist_redact_close(r.redact);
	qt_buf_clear(&r.hold);
	end(&w);
}

QT_TEST(a_reader_keeps_old_files_for_a_while)
{
	struct world		 w;
	struct qt_hist_db	*other;
	struct qt_hist_scan	*scan;
	struct qt_hist_event	 e = { 0 };
	bool			 is_held;

	(void)state;
	begin(&w);
	add(&w, 1, "echo " SECRET, "/", 0);
	add(&w, 2, "echo two", "/", 0);
	assert_int_equal(qt_store_checkpoint(w.db->store, NULL, NULL), 0);
	assert_int_equal(qt_hist_db_open(&other, w.store, true, NULL), 0);
	assert_int_equal(qt_hist_db_close(other, NULL), 0);
	assert_int_equal(qt_hist_db_open(&other, w.store, false, NULL), 0);
	assert_int_equal(qt_hist_scan_open(other, 0, UINT64_MAX, false, &scan,
	    NULL), 0);
	assert_true(erase(&w, SECRET, 0).is_held);
	/* What it had begun to read is not there any more. */
	assert_int_equal(qt_hist_scan_next(scan, &e, NULL), 1);
	assert_memory_equal(e.text.data, "echo two", 8);
	assert_int_equal(qt_hist_erase_finish(w.db, &is_held, NULL), 0);
	assert_true(is_held);
	qt_hist_scan_close(scan);
	assert_int_equal(qt_hist_db_close(other, NULL), 0);
	assert_int_equal(qt_hist_erase_finish(w.db, &is_held, NULL), 0);
	assert_false(is_held);
	assert_int_equal(count_traces(&w, SECRET), 0);
	end(&w);
}

QT_TEST(what_asks_for_it_is_known)
{
	static const char *const	are[] = { "qt-hist delete --all",
	    "  qt-hist  delete", "/usr/bin/qt-hist delete x",
	    "true;qt-hist\tdelete", "\\qt-hist delete\n",
	    "echo x | command qt-hist delete -",
	    "(qt-hist delete)" };
	static const char *const	are_not[] = { "", ";", "qt-hist deletes",
	    "qt-hist", "qt-hist list", "xqt-hist delete", "echo qt-hist delete",
	    "git commit -m 'qt-hist delete: x'", "delete qt-hist" };

	(void)state;
	for (size_t i = 0; i < sizeof(are) / sizeof(are[0]); i++) {
		struct qt_hist_bytes	b = bytes_of(are[i]);

		if (!qt__is_deletion(&b))
			fail_msg("'%s' is one", are[i]);
	}
	for (size_t i = 0; i < sizeof(are_not) / sizeof(are_not[0]); i++) {
		struct qt_hist_bytes	b = bytes_of(are_not[i]);

		if (qt__is_deletion(&b))
			fail_msg("'%s' is none", are_not[i]);
	}
}

/* Killed at the n-th call: the next one does the rest. */
static bool
kill_at(unsigned int n, enum qt_sys_call call)
{
	struct world	w;
	bool		is_held;
	int		status;
	pid_t		pid;
	char		all[1024];

	begin(&w);
	add(&w, 1, "echo one", "/", 0);
	add(&w, 2, "echo " SECRET, "/", 0);
	assert_int_equal(qt_store_checkpoint(w.db->store, NULL, NULL), 0);
	add(&w, 3, "echo " SECRET, "/", 0);
	assert_int_equal(qt_hist_db_close(w.db, NULL), 0);
	pid = fork();
	if (pid == 0) {
		struct qt_hist_erased	out;
		char			what[] = SECRET;

		if (qt_hist_db_open(&w.db, w.store, false, NULL) < 0)
			_exit(1);
		qt_sys_fault(call, n, QT_SYS_KILL);
		_exit(qt_hist_erase(w.db, has, what, 0, &out, NULL) < 0);
	}
	while (waitpid(pid, &status, 0) < 0)
		continue;
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	assert_int_equal(qt_hist_db_open(&w.db, w.store, false, NULL), 0);
	assert_int_equal(qt_hist_erase_finish(w.db, &is_held, NULL), 0);
	assert_false(is_held);
	/* Before anything was written all is as it was. */
	list(&w, all);
	if (strcmp(all, "echo one;") != 0)
		(void)erase(&w, SECRET, 0);
	list(&w, all);
	assert_string_equal(all, "echo one;");
	assert_int_equal(count_traces(&w, SECRET), 0);
	end(&w);
	return WIFSIGNALED(status);
}

QT_TEST(who_is_killed_while_he_erases_is_followed_by_another)
{
	static const enum qt_sys_call	calls[] = { QT_SYS_PWRITE,
	    QT_SYS_FSYNC, QT_SYS_UNLINK, QT_SYS_RENAME };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		unsigned int	n = 1;

		while (kill_at(n, calls[i]))
			n += 1 + n / 2;
		assert_true(n > 1);
	}
}
