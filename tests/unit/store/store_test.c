/* SPDX-License-Identifier: Apache-2.0 */
/* Stores as a whole: what is put is there, for everybody, and after a reboot. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "../../../libcommon/store/put_priv.h"
#include "files.h"
#include "world.h"

static void
begin(struct world *w, const char *mode)
{
	const char	*settings[] = { "mode", mode, NULL };

	world_begin(w, settings);
}

QT_TEST(what_was_put_is_there_for_everybody_at_once)
{
	struct world	 w;
	struct qt_store	*a, *b;

	(void)state;
	begin(&w, "sync");
	a = world_open(&w);
	b = world_open(&w);
	expect_text(b, "key", NULL);
	assert_int_equal(put_text(a, "key", "one", 0), 0);
	expect_text(b, "key", "one");
	assert_int_equal(put_text(b, "key", "two", 0), 0);
	expect_text(a, "key", "two");
	assert_int_equal(put_text(a, "key", "", QT_STORE_DEL), 0);
	expect_text(b, "key", NULL);
	assert_int_equal(put_text(a, "key", "", QT_STORE_DEL), -ENOENT);
	qt_store_close(b, NULL);
	world_end(&w, a);
}

QT_TEST(conditions_are_about_what_is_there)
{
	struct world		 w;
	struct qt_store		*s;
	struct qt_store_value	 v;
	struct qt_store_put	 p = { .key = "k", .key_len = 1, .value = "3",
		.value_len = 1, .flags = QT_STORE_IF_VERSION };

	(void)state;
	begin(&w, "async");
	s = world_open(&w);
	assert_int_equal(put_text(s, "k", "1", QT_STORE_IF_ABSENT), 0);
	assert_int_equal(put_text(s, "k", "2", QT_STORE_IF_ABSENT), -EEXIST);
	expect_text(s, "k", "1");
	assert_int_equal(qt_store_put(s, NULL, &p, NULL), -ESTALE);
	assert_int_equal(qt_store_get(s, NULL, &v, "k", 1, NULL), 0);
	p.if_version = v.version;
	qt_store_value_clear(&v);
	assert_int_equal(qt_store_put(s, NULL, &p, NULL), 0);
	expect_text(s, "k", "3");
	world_end(&w, s);
}

QT_TEST(what_has_expired_is_not_there)
{
	struct world		 w;
	struct qt_store		*s;
	struct qt_store_put	 p = { .key = "k", .key_len = 1, .value = "v",
		.value_len = 1, .expires_ms = 1 };

	(void)state;
	begin(&w, "async");
	s = world_open(&w);
	assert_int_equal(qt_store_put(s, NULL, &p, NULL), 0);
	expect_text(s, "k", NULL);
	p.expires_ms = UINT64_MAX;
	assert_int_equal(qt_store_put(s, NULL, &p, NULL), 0);
	expect_text(s, "k", "v");
	world_end(&w, s);
}

/* More than one memtable, and an index that grows. */
QT_TEST(everything_is_there_after_a_reboot)
{
	struct qt__where where;
	struct world	 w;
	struct qt_store	*s;
	char		 key[16], value[128];

	(void)state;
	begin(&w, "async");
	s = world_open(&w);
	for (unsigned int i = 0; i < 20000; i++) {
		snprintf(key, sizeof(key), "key %u", i % 15000);
		snprintf(value, sizeof(value), "%0100u", i);
		assert_int_equal(put_text(s, key, value, 0), 0);
	}
	assert_int_equal(qt_store_sync(s, 0, NULL), 0);
	(void)qt__where_get(s->ctl, &where);
	assert_true(where.active > where.first_wal);
	for (unsigned int turn = 0; turn < 2; turn++) {
		for (unsigned int i = 5000; i < 20000; i++) {
			snprintf(key, sizeof(key), "key %u", i % 15000);
			snprintf(value, sizeof(value), "%0100u", i);
			expect_text(s, key, value);
		}
		if (turn > 0)
			break;
		world_reboot(s);
		s = world_open(&w);
	}
	world_end(&w, s);
}

QT_TEST(where_recover_is_off_only_a_log_that_has_records_is_refused)
{
	struct qt_store_settings set;
	struct qt_store_options	 o = { .settings = &set };
	struct qt_err		 err = QT_ERR_INIT;
	struct world		 w;
	struct qt_store		*s;

	(void)state;
	begin(&w, "sync");
	assert_int_equal(qt_store_settings_load(w.path, &set, &err), 0);
	set.recover = 0;
	o.flags = QT_STORE_NO_THREADS;
	assert_int_equal(qt_store_open(w.path, &o, &s, &err), 0);
	assert_int_equal(put_text(s, "k", "v", 0), 0);
	world_reboot(s);
	assert_int_equal(qt_store_open(w.path, &o, &s, &err), -ECANCELED);
	assert_non_null(strstr(err.text, "log 1 has to be replayed"));
	o.flags |= QT_STORE_RDONLY;
	assert_int_equal(qt_store_open(w.path, &o, &s, &err), -ECANCELED);
	s = world_open(&w);
	expect_text(s, "k", "v");
	assert_int_equal(qt_store_checkpoint(s, NULL, &err), 0);
	world_reboot(s);
	assert_int_equal(qt_store_open(w.path, &o, &s, &err), 0);
	expect_text(s, "k", "v");
	world_end(&w, s);
}

static void
flip(const struct world *w, off_t at)
{
	char	path[128];

	snprintf(path, sizeof(path), "%s/wal/000000000001.wal", w->path);
	files_flip(AT_FDCWD, path, at, 1);
}

QT_TEST(damage_in_the_middle_is_refused_and_a_torn_end_is_cut)
{
	struct world	 w;
	struct qt_store	*s;
	struct qt_err	 err = QT_ERR_INIT;

	(void)state;
	begin(&w, "sync");
	s = world_open(&w);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(put_text(s, (char[]){ (char)('a' + i), '\0' },
		    "value", 0), 0);
	world_reboot(s);
	/* Frames are 40 bytes, the first at 64. */
	flip(&w, 64 + 40 + 33);
	assert_int_equal(qt_store_open(w.path, NULL, &s, &err),
	    -QT_ECORRUPT);
	assert_non_null(strstr(err.text, "at 104 (log 1)"));
	flip(&w, 64 + 40 + 33);
	flip(&w, 64 + 3 * 40 + 33);
	s = world_open(&w);
	expect_text(s, "c", "value");
	expect_text(s, "d", NULL);
	assert_int_equal(put_text(s, "e", "new", 0), 0);
	world_reboot(s);
	s = world_open(&w);
	expect_text(s, "d", NULL);
	expect_text(s, "e", "new");
	world_end(&w, s);
}

QT_TEST(writers_in_many_processes_commit_together)
{
	struct world		 w;
	struct qt_store		*s;
	char			 key[16];
	int			 status;

	(void)state;
	begin(&w, "sync");
	s = world_open(&w);
	for (unsigned int p = 0; p < 8; p++) {
		pid_t	child = fork();

		assert_true(child >= 0);
		if (child > 0)
			continue;
		for (unsigned int i = 0; i < 50; i++) {
			snprintf(key, sizeof(key), "%u %u", p, i);
			if (put_text(s, key, key, 0) != 0)
				_exit(1);
		}
		_exit(0);
	}
	for (unsigned int p = 0; p < 8; p++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	world_reboot(s);
	s = world_open(&w);
	for (unsigned int p = 0; p < 8; p++)
		for (unsigned int i = 0; i < 50; i++) {
			snprintf(key, sizeof(key), "%u %u", p, i);
			expect_text(s, key, key);
		}
	world_end(&w, s);
}

/* A failed fdatasync is not asked again: the log moves to a new file. */
QT_TEST(what_a_disk_refused_to_sync_goes_to_a_new_file)
{
	struct world	 w;
	struct qt_store	*s;

	(void)state;
	begin(&w, "sync");
	s = world_open(&w);
	assert_int_equal(put_text(s, "a", "1", 0), 0);
	qt_sys_fault(QT_SYS_FSYNC, 1, EIO);
	assert_int_equal(put_text(s, "b", "2", 0), 0);
	assert_int_equal(s->ctl->poison, 0);
	assert_int_equal(put_text(s, "c", "3", 0), 0);
	world_reboot(s);
	s = world_open(&w);
	expect_text(s, "a", "1");
	expect_text(s, "b", "2");
	expect_text(s, "c", "3");
	world_end(&w, s);
}

static void
kill_child_in(struct qt_store *s)
{
	pid_t	child = fork();
	int	status;

	assert_true(child >= 0);
	if (child == 0) {
		struct qt__stripe	*stripe;
		struct qt__mem		*mem;

		if (qt__write_begin(s, &stripe, &mem, NULL) < 0)
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

QT_TEST(who_is_killed_with_the_write_lock_holds_nobody_up)
{
	struct world	 w;
	struct qt_store	*s;

	(void)state;
	begin(&w, "async");
	s = world_open(&w);
	kill_child_in(s);
	assert_int_equal(put_text(s, "k", "v", 0), 0);
	expect_text(s, "k", "v");
	world_end(&w, s);
}

/* Stopped right before it writes a page, which is then too old. */
static pid_t
stop_child_in_sync(struct qt_store *s)
{
	pid_t	child = fork();
	int	status;

	assert_true(child >= 0);
	if (child == 0) {
		qt_sys_fault(QT_SYS_PWRITE, 1, QT_SYS_STOP);
		_exit(put_text(s, "a", "1", 0) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	assert_true(WIFSTOPPED(status));
	return child;
}

QT_TEST(a_leader_that_is_stopped_is_deposed_and_does_no_harm_later)
{
	struct world	 w;
	struct qt_store	*s;
	pid_t		 child;
	int		 status;

	(void)state;
	begin(&w, "sync");
	s = world_open(&w);
	assert_int_equal(put_text(s, "z", "0", 0), 0);
	child = stop_child_in_sync(s);
	assert_int_equal(put_text(s, "b", "2", 0), 0);
	assert_int_equal(put_text(s, "c", "3", 0), 0);
	assert_int_equal(kill(child, SIGCONT), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	world_reboot(s);
	s = world_open(&w);
	expect_text(s, "a", "1");
	expect_text(s, "b", "2");
	expect_text(s, "c", "3");
	world_end(&w, s);
}
