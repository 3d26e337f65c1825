/* SPDX-License-Identifier: Apache-2.0 */
/* Memtables into runs and runs into fewer, while a store is used. */

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>

#include "files.h"
#include "world.h"

#define KEYS	20000u

static void
begin(struct world *w, const char *mode, unsigned int flags)
{
	const char	*settings[] = { "mode", mode, "wal-max", "4M", NULL };

	world_begin(w, settings);
	w->s = world_open_as(w, flags);
}

static void
reboot(struct world *w, unsigned int flags)
{
	world_reboot(w->s);
	w->s = world_open_as(w, flags);
}

static void
end(struct world *w)
{
	qt_store_close(w->s, NULL);
	assert_int_equal(qt_store_remove(w->path, NULL), 0);
	world_rm(w);
}

static void
name_and_value(char k[16], char v[100], unsigned int key, unsigned int round)
{
	snprintf(k, 16, "key %u", key);
	memset(v, 'v', 100);
	snprintf(v, 100, "value %u of %u", round, key);
}

static void
put_one(struct qt_store *s, unsigned int key, unsigned int round)
{
	char	k[16], v[100];

	name_and_value(k, v, key, round);
	assert_int_equal(put(s, k, v, sizeof(v), 0), 0);
}

/* round 0: it is not there. */
static void
expect_one(struct qt_store *s, unsigned int key, unsigned int round)
{
	char	k[16], v[100];

	name_and_value(k, v, key, round);
	expect(s, k, round == 0 ? NULL : v, sizeof(v));
}

static void
expect_all(struct qt_store *s, unsigned int round)
{
	for (unsigned int k = 0; k < KEYS; k++)
		expect_one(s, k, round);
}

static void
put_all(struct qt_store *s, unsigned int round)
{
	for (unsigned int k = 0; k < KEYS; k++)
		put_one(s, k, round);
}

static struct qt_store_stat
stat_of(struct qt_store *s)
{
	struct qt_store_stat	st;

	assert_int_equal(qt_store_stat(s, &st, NULL), 0);
	return st;
}

static void
maintain(struct qt_store *s)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	while ((rc = qt_store_maintain(s, 0, &err)) == 1)
		;
	if (rc < 0)
		fail_msg("%s", err.text);
}

static void
say(void *arg, const char *what)
{
	(void)arg;
	if (strncmp(what, "note: ", 6) != 0)
		printf("# %s\n", what);
}

static void
verify(const struct world *w)
{
	assert_int_equal(qt_store_verify(w->path, say, NULL, NULL), 0);
}

QT_TEST(writers_without_threads_flush_when_there_is_no_room)
{
	struct world		w;
	struct qt_store_stat	st;

	(void)state;
	begin(&w, "async", QT_STORE_NO_THREADS);
	for (unsigned int round = 1; round <= 5; round++)
		put_all(w.s, round);
	expect_all(w.s, 5);
	st = stat_of(w.s);
	assert_true(st.flushes > 5);
	assert_true(st.memtables <= 4);
	verify(&w);
	maintain(w.s);
	expect_all(w.s, 5);
	/* The active one; and the spare. */
	assert_true(files_count(w.s->dirfd, "wal") <= 2);
	reboot(&w, QT_STORE_NO_THREADS);
	expect_all(w.s, 5);
	verify(&w);
	end(&w);
}

QT_TEST(compaction_leaves_one_run_and_no_other_files)
{
	struct world		w;
	struct qt_store_stat	st;

	(void)state;
	begin(&w, "async", QT_STORE_NO_THREADS);
	for (unsigned int round = 1; round <= 3; round++)
		put_all(w.s, round);
	assert_int_equal(qt_store_compact(w.s, NULL), 0);
	expect_all(w.s, 3);
	st = stat_of(w.s);
	assert_int_equal(st.runs, 1);
	assert_int_equal(st.run_records, KEYS);
	assert_int_equal(st.memtable_records, 0);
	assert_int_equal(st.durable, st.version);
	assert_int_equal(files_count(w.s->dirfd, "run"), st.slices);
	assert_int_equal(files_count(w.s->dirfd, "manifest"), 1);
	verify(&w);
	reboot(&w, 0);
	expect_all(w.s, 3);
	end(&w);
}

/* Frozen memtables are flushed when there are none left, and runs are merged. */
static void
overwrite(unsigned int flags)
{
	struct world	w;
	uint64_t	most = 0;

	begin(&w, "async", flags);
	for (unsigned int round = 1; round <= 12; round++) {
		put_all(w.s, round);
		if (stat_of(w.s).run_bytes > most)
			most = stat_of(w.s).run_bytes;
	}
	qt_store_close(w.s, NULL);
	w.s = world_open_as(&w, QT_STORE_NO_THREADS);
	expect_all(w.s, 12);
	if (!(flags & QT_STORE_NO_THREADS))
		assert_int_equal(stat_of(w.s).memtables, 1);
	assert_int_equal(qt_store_compact(w.s, NULL), 0);
	/* The bottom, as much above it, and what is flushed while it is merged;
	   of 12 without merging. */
	assert_true(most <= 4 * stat_of(w.s).run_bytes);
	end(&w);
}

QT_TEST(a_load_that_overwrites_does_not_fill_the_disk)
{
	(void)state;
	overwrite(QT_STORE_NO_THREADS);
	overwrite(0);
}

QT_TEST(a_worker_does_it_meanwhile)
{
	struct world	w;

	(void)state;
	begin(&w, "async", 0);
	for (unsigned int round = 1; round <= 5; round++)
		put_all(w.s, round);
	assert_non_null(w.s->worker);
	for (int i = 0; i < 1000 && atomic_load(&w.s->ctl->due) != 0; i++)
		usleep(10000);
	assert_int_equal(atomic_load(&w.s->ctl->due), 0);
	expect_all(w.s, 5);
	/* And syncs, without being asked to. */
	for (int i = 0; i < 1000 && stat_of(w.s).durable <
	    stat_of(w.s).version; i++)
		usleep(10000);
	assert_true(stat_of(w.s).durable >= stat_of(w.s).version);
	verify(&w);
	end(&w);
}

QT_TEST(clear_removes_everything_at_once_and_for_good)
{
	struct world	 w;
	struct qt_store	*other;

	(void)state;
	begin(&w, "async", QT_STORE_NO_THREADS);
	put_all(w.s, 1);
	put_all(w.s, 2);
	assert_int_equal(qt_store_open(w.path, NULL, &other, NULL), 0);
	expect_all(other, 2);
	assert_int_equal(qt_store_clear(w.s, NULL), 0);
	expect_all(other, 0);
	expect_all(w.s, 0);
	put_one(other, 7, 3);
	expect_one(w.s, 7, 3);
	assert_int_equal(stat_of(w.s).runs, 0);
	assert_int_equal(files_count(w.s->dirfd, "run"), 0);
	qt_store_close(other, NULL);
	verify(&w);
	reboot(&w, QT_STORE_NO_THREADS);
	expect_one(w.s, 7, 3);
	expect_one(w.s, 8, 0);
	end(&w);
}

QT_TEST(in_memory_mode_a_checkpoint_is_what_stays)
{
	struct world	w;

	(void)state;
	begin(&w, "memory", QT_STORE_NO_THREADS);
	put_all(w.s, 1);
	assert_int_equal(qt_store_checkpoint(w.s, NULL, NULL), 0);
	put_one(w.s, 3, 2);
	expect_one(w.s, 3, 2);
	assert_int_equal(files_count(w.s->dirfd, "wal"), 0);
	reboot(&w, QT_STORE_NO_THREADS);
	expect_all(w.s, 1);
	verify(&w);
	end(&w);
}

QT_TEST(a_checkpoint_elsewhere_is_a_store_that_shares_files)
{
	struct world	w, copy;
	struct stat	st;
	char		path[256];

	(void)state;
	begin(&w, "async", QT_STORE_NO_THREADS);
	put_all(w.s, 1);
	copy = w;
	snprintf(copy.path, sizeof(copy.path), "%s/copy", w.dir);
	assert_int_equal(qt_store_checkpoint(w.s, copy.path, NULL), 0);
	assert_int_equal(qt_store_checkpoint(w.s, copy.path, NULL), -EEXIST);
	put_all(w.s, 2);
	assert_int_equal(qt_store_compact(w.s, NULL), 0);
	copy.s = world_open(&copy);
	expect_all(copy.s, 1);
	expect_all(w.s, 2);
	put_all(copy.s, 3);
	assert_int_equal(qt_store_compact(copy.s, NULL), 0);
	expect_all(copy.s, 3);
	expect_all(w.s, 2);
	verify(&copy);
	verify(&w);
	snprintf(path, sizeof(path), "%s/LOCK", copy.path);
	assert_int_equal(stat(path, &st), 0);
	qt_store_close(copy.s, NULL);
	assert_int_equal(qt_store_remove(copy.path, NULL), 0);
	end(&w);
}

/* Whether this process still has a segment mapped that has lost its name. */
static bool
has_unlinked(const struct qt_store *s)
{
	FILE	*f = fopen("/proc/self/maps", "re");
	char	 line[512];
	bool	 has = false;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		has |= strstr(line, s->name) != NULL &&
		    strstr(line, "(deleted)") != NULL;
	fclose(f);
	return has;
}

/* Else the memory of one that is in runs is there as long as who looked last. */
QT_TEST(who_sees_the_next_memtable_lets_go_of_the_last)
{
	struct world	 w;
	struct qt_store	*other;

	(void)state;
	begin(&w, "async", QT_STORE_NO_THREADS);
	other = world_open_as(&w, QT_STORE_NO_THREADS);
	put_one(w.s, 1, 1);
	expect_one(other, 1, 1);
	assert_int_equal(qt_store_checkpoint(w.s, NULL, NULL), 0);
	assert_true(has_unlinked(w.s));
	expect_one(other, 1, 1);
	expect_one(w.s, 1, 1);
	assert_false(has_unlinked(w.s));
	qt_store_close(other, NULL);
	end(&w);
}

/* Else a worker would ask all the time. */
QT_TEST(an_empty_memtable_is_not_asked_for_its_age_again_at_once)
{
	const char	*settings[] = { "mode", "async", "checkpoint-interval",
	    "10m", NULL };
	struct world	 w;
	uint64_t	 now = qt_clock_mono_ms();

	(void)state;
	world_begin(&w, settings);
	w.s = world_open_as(&w, QT_STORE_NO_THREADS);
	put_one(w.s, 1, 1);
	for (unsigned int i = 0; i < 2; i++) {
		atomic_store(&w.s->ctl->frozen_ms, now - 600000);
		maintain(w.s);
		assert_int_equal(stat_of(w.s).runs, 1);
		assert_true(atomic_load(&w.s->ctl->frozen_ms) >= now);
	}
	end(&w);
}

QT_TEST(a_time_of_another_time_namespace_delays_nothing)
{
	struct world	w;

	(void)state;
	begin(&w, "async", 0);
	atomic_store(&w.s->ctl->synced_ms, qt_clock_mono_ms() + 1000000000);
	put_one(w.s, 1, 1);
	for (int i = 0; i < 1000 && stat_of(w.s).durable <
	    stat_of(w.s).version; i++)
		usleep(10000);
	assert_true(stat_of(w.s).durable >= stat_of(w.s).version);
	end(&w);
}

QT_TEST(a_full_disk_has_the_spare_log_before_maintenance_fails)
{
	struct world	w;
	char		spare[160];

	(void)state;
	begin(&w, "async", QT_STORE_NO_THREADS);
	for (unsigned int round = 1; round <= 3; round++)
		put_all(w.s, round);
	assert_int_equal(qt_store_checkpoint(w.s, NULL, NULL), 0);
	put_one(w.s, 7, 4);
	assert_int_equal(qt_store_checkpoint(w.s, NULL, NULL), 0);
	put_one(w.s, 7, 3);
	assert_int_equal(qt_store_checkpoint(w.s, NULL, NULL), 0);
	assert_true(stat_of(w.s).runs > 1);
	snprintf(spare, sizeof(spare), "%s/wal/spare.wal", w.path);
	assert_int_equal(access(spare, F_OK), 0);
	qt_sys_fault(QT_SYS_WRITE, 1, ENOSPC);
	assert_int_equal(qt_store_compact(w.s, NULL), 0);
	assert_true(qt_sys_calls(QT_SYS_WRITE) > 1);
	qt_sys_fault(QT_SYS_WRITE, 0, 0);
	expect_all(w.s, 3);
	assert_int_equal(stat_of(w.s).runs, 1);
	assert_int_equal(access(spare, F_OK), -1);
	verify(&w);
	end(&w);
}
