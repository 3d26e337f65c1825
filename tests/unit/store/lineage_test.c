/* SPDX-License-Identifier: Apache-2.0 */
/* A folder that a backup was put over, while shared memory is of before. */

#include <fcntl.h>
#include <sys/wait.h>

#include "world.h"

#include "../../../libcommon/store/log_priv.h"
#include "../../../libcommon/store/super_priv.h"

static const char *const	in_sync[] = { "mode", "sync", NULL };
static const char *const	async[] = { "mode", "async", "sync-interval",
	"1h", "lock-timeout", "10s", NULL };

static void
shell(const struct world *w, const char *command)
{
	char	text[512];

	snprintf(text, sizeof(text), "cd '%s' && %s", w->dir, command);
	assert_int_equal(system(text), 0);
}

/* In place, as cp(1) does it: LOCK stays the file that it is. */
#define BACK_UP(w, name)	shell(w, "cp -a store " name)
#define COPY_OVER(w, name)	shell(w, "cp -a " name "/. store/")
/* All but LOCK, of which some think that it need not be in a backup. */
#define RESTORE(w, name)	shell(w, "find store -type f ! -name LOCK "	\
	"-delete && tar -C " name " -cf - --exclude ./LOCK . | "	\
	"tar -C store -xf -")
#define SWAP(w, name, file)	shell(w, "cp -a " name "/" file " store/x.tmp "	\
	"&& mv store/x.tmp store/" file)

static void
put_one(const struct world *w, const char *key, const char *value)
{
	struct qt_store	*s = world_open(w);

	assert_int_equal(put(s, key, value, 1, QT_STORE_SYNC_NOW), 0);
	assert_int_equal(qt_store_close(s, NULL), 0);
}

static void
flush_one(const struct world *w, const char *key, const char *value)
{
	struct qt_store	*s = world_open(w);

	assert_int_equal(put(s, key, value, 1, QT_STORE_SYNC_NOW), 0);
	assert_int_equal(qt_store_checkpoint(s, NULL, NULL), 0);
	assert_int_equal(qt_store_close(s, NULL), 0);
}

/* It is what the folder says, now and later. */
static void
expect_state(struct world *w, const char *key, const char *value,
    const char *no)
{
	struct qt_store	*s = world_open(w);

	expect(s, key, value, 1);
	expect(s, no, NULL, 0);
	assert_int_equal(put(s, "new", "n", 1, QT_STORE_SYNC_NOW), 0);
	world_reboot(s);
	s = world_open(w);
	expect(s, key, value, 1);
	expect(s, no, NULL, 0);
	expect(s, "new", "n", 1);
	world_end(w, s);
}

QT_TEST(a_log_that_was_put_back_counts)
{
	struct world	w;

	(void)state;
	world_begin(&w, in_sync);
	put_one(&w, "a", "1");
	BACK_UP(&w, "b");
	put_one(&w, "a", "2");
	put_one(&w, "c", "3");
	COPY_OVER(&w, "b");
	expect_state(&w, "a", "1", "c");
}

QT_TEST(so_does_one_that_was_put_back_by_another_name)
{
	struct world	w;

	(void)state;
	world_begin(&w, in_sync);
	put_one(&w, "a", "1");
	BACK_UP(&w, "b");
	put_one(&w, "a", "2");
	SWAP(&w, "b", "wal/000000000001.wal");
	expect_state(&w, "a", "1", "c");
}

QT_TEST(an_older_manifest_that_was_put_back_counts)
{
	struct world	w;

	(void)state;
	world_begin(&w, in_sync);
	flush_one(&w, "a", "1");
	BACK_UP(&w, "b");
	flush_one(&w, "a", "2");
	flush_one(&w, "c", "3");
	RESTORE(&w, "b");
	expect_state(&w, "a", "1", "c");
}

QT_TEST(so_does_a_newer_one_than_memory_can_have_missed)
{
	struct world	w;

	(void)state;
	world_begin(&w, in_sync);
	flush_one(&w, "a", "1");
	BACK_UP(&w, "b");
	flush_one(&w, "a", "2");
	flush_one(&w, "a", "3");
	BACK_UP(&w, "c");
	RESTORE(&w, "b");
	put_one(&w, "d", "4");
	RESTORE(&w, "c");
	expect_state(&w, "a", "3", "d");
}

QT_TEST(so_does_another_one_of_the_same_number)
{
	struct world	w;

	(void)state;
	world_begin(&w, in_sync);
	flush_one(&w, "a", "1");
	BACK_UP(&w, "b");
	flush_one(&w, "a", "2");
	BACK_UP(&w, "c");
	RESTORE(&w, "b");
	flush_one(&w, "a", "3");
	RESTORE(&w, "c");
	expect_state(&w, "a", "2", "d");
}

/* Nothing of the memtable is durable, and its log is another one's. */
QT_TEST(a_log_of_another_id_counts)
{
	struct world		 w;
	struct qt_store		*s;
	struct qt__log_head	 head;
	char			 path[128];
	int			 fd;

	(void)state;
	world_begin(&w, async);
	s = world_open(&w);
	assert_int_equal(put(s, "a", "1", 1, 0), 0);
	qt__log_start(&head, 1, 1024, s->store_id, 0);
	snprintf(path, sizeof(path), "%s/wal/000000000001.wal", w.path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &head, sizeof(head), 0), sizeof(head));
	close(fd);
	/* As if it had been killed: it is not synced. */
	s->is_unsynced = false;
	assert_int_equal(qt_store_close(s, NULL), 0);
	s = world_open(&w);
	expect(s, "a", NULL, 0);
	world_end(&w, s);
}

/* What was put in a child that then dies, and is in memory only. */
static void
put_and_die(const struct world *w, const char *key)
{
	struct qt_store	*s;
	int		 status;
	pid_t		 pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		s = world_open(w);
		_exit(put(s, key, "v", 1, 0) != 0 ||
		    qt_store_durable(s) > s->ctl->durable);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

QT_TEST(a_folder_that_is_behind_memory_is_no_backup)
{
	struct world	 w;
	struct qt_store	*s;

	(void)state;
	world_begin(&w, async);
	put_and_die(&w, "a");
	put_one(&w, "b", "2");
	put_and_die(&w, "c");
	s = world_open(&w);
	expect(s, "a", "v", 1);
	expect(s, "c", "v", 1);
	assert_true(s->ctl->durable < qt__mem_end(
	    atomic_load(&s->super)->mems[0]));
	world_end(&w, s);
}

/* Nor one whose maintainer died when CURRENT had its new number. */
QT_TEST(a_folder_that_is_ahead_by_one_manifest_is_no_backup)
{
	struct world		 w;
	struct qt_store		*s;
	struct qt__where	 where;

	(void)state;
	world_begin(&w, async);
	flush_one(&w, "a", "1");
	put_and_die(&w, "b");
	s = world_open(&w);
	(void)qt__where_get(s->ctl, &where);
	where.manifest--;
	where.sum++;
	qt__where_set(s->ctl, &where);
	s->is_unsynced = false;
	assert_int_equal(qt_store_close(s, NULL), 0);
	s = world_open(&w);
	expect(s, "b", "v", 1);
	assert_int_equal(qt_store_maintain(s, 1000, NULL), 0);
	expect(s, "a", "1", 1);
	world_end(&w, s);
}

QT_TEST(while_somebody_has_it_open_it_is_refused)
{
	struct qt_store_settings set;
	struct qt_store_options	 o = { .settings = &set };
	struct world		 w;
	struct qt_store		*s, *other;
	struct qt_err		 err = QT_ERR_INIT;

	(void)state;
	world_begin(&w, in_sync);
	flush_one(&w, "a", "1");
	BACK_UP(&w, "b");
	flush_one(&w, "a", "2");
	s = world_open(&w);
	assert_int_equal(put(s, "c", "3", 1, 0), 0);
	RESTORE(&w, "b");
	/* Not to wait here for one who may end soon. */
	set = s->set;
	set.lock_timeout_ms = 1;
	assert_int_equal(qt_store_open(w.path, &o, &other, &err), -EBUSY);
	assert_non_null(strstr(err.text, "end them"));
	/* It keeps what it has in memory, and does not mix the two. */
	expect(s, "c", "3", 1);
	assert_int_equal(qt_store_checkpoint(s, NULL, &err), -QT_EGONE);
	assert_non_null(strstr(err.text, "which is older"));
	assert_int_equal(qt_store_close(s, NULL), 0);
	expect_state(&w, "a", "1", "c");
}

QT_TEST(who_is_there_only_to_sync_later_is_told_to_end)
{
	struct qt_store_options	 o = { .flags = QT_STORE_NO_THREADS |
	    QT_STORE_DETACH };
	struct world		 w;
	struct qt_store		*s;

	(void)state;
	world_begin(&w, async);
	flush_one(&w, "a", "1");
	BACK_UP(&w, "b");
	flush_one(&w, "a", "2");
	assert_int_equal(qt_store_open(w.path, &o, &s, NULL), 0);
	assert_int_equal(put(s, "c", "3", 1, 0), 0);
	assert_int_equal(qt_store_close(s, NULL), 0);
	RESTORE(&w, "b");
	expect_state(&w, "a", "1", "c");
}

QT_TEST(who_reads_only_reads_the_backup_and_changes_nothing)
{
	struct qt_store_options	 o = { .flags = QT_STORE_RDONLY };
	struct world		 w;
	struct qt_store		*s;
	char			 path[80];

	(void)state;
	world_begin(&w, in_sync);
	flush_one(&w, "a", "1");
	BACK_UP(&w, "b");
	flush_one(&w, "a", "2");
	RESTORE(&w, "b");
	assert_int_equal(qt_store_open(w.path, &o, &s, NULL), 0);
	expect(s, "a", "1", 1);
	snprintf(path, sizeof(path), "/dev/shm%s", s->name);
	qt_store_close(s, NULL);
	assert_int_equal(access(path, F_OK), 0);
	expect_state(&w, "a", "1", "c");
}

/* What is only in memory is not given up for what is no store. */
QT_TEST(a_backup_that_is_damaged_takes_nothing_from_memory)
{
	struct world	 w;
	struct qt_store	*s;
	struct qt_err	 err = QT_ERR_INIT;

	(void)state;
	world_begin(&w, async);
	flush_one(&w, "a", "1");
	shell(&w, "cp -a store/CURRENT old");
	flush_one(&w, "a", "2");
	put_and_die(&w, "c");
	shell(&w, "mv store/CURRENT new && mv old store/CURRENT");
	assert_int_equal(qt_store_open(w.path, NULL, &s, &err),
	    -QT_ECORRUPT);
	assert_non_null(strstr(err.text, "CURRENT names manifest"));
	shell(&w, "mv new store/CURRENT");
	s = world_open(&w);
	expect(s, "a", "2", 1);
	expect(s, "c", "v", 1);
	world_end(&w, s);
}

QT_TEST(a_log_that_is_gone_is_refused_until_it_is_back)
{
	struct world	 w;
	struct qt_store	*s;
	struct qt_err	 err = QT_ERR_INIT;

	(void)state;
	world_begin(&w, in_sync);
	put_one(&w, "a", "1");
	shell(&w, "mv store/wal/000000000001.wal log");
	assert_int_equal(qt_store_open(w.path, NULL, &s, &err),
	    -QT_ECORRUPT);
	assert_non_null(strstr(err.text, "000000000001.wal"));
	assert_non_null(strstr(err.text, "rm /dev/shm/qt-store-"));
	shell(&w, "mv log store/wal/000000000001.wal");
	expect_state(&w, "a", "1", "b");
}

/* Damage is no older copy: what is in memory is not given up for it. */
QT_TEST(a_log_that_is_damaged_is_no_backup)
{
	static const off_t	places[] = { 8, 60, 64 + 4, 64 + 24, 64 + 33 };
	struct world		w;
	struct qt_store		*s;
	char			path[128], byte;
	int			fd;

	(void)state;
	world_begin(&w, in_sync);
	put_one(&w, "a", "1");
	snprintf(path, sizeof(path), "%s/wal/000000000001.wal", w.path);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		assert_true(fd >= 0);
		assert_int_equal(pread(fd, &byte, 1, places[i]), 1);
		byte ^= 1;
		assert_int_equal(pwrite(fd, &byte, 1, places[i]), 1);
		s = world_open(&w);
		expect(s, "a", "1", 1);
		assert_int_equal(qt_store_close(s, NULL), 0);
		byte ^= 1;
		assert_int_equal(pwrite(fd, &byte, 1, places[i]), 1);
		close(fd);
	}
	world_end(&w, world_open(&w));
}
