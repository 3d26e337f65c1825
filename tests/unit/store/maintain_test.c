/* SPDX-License-Identifier: Apache-2.0 */
/* Memtables into runs and runs into fewer, while a store is used. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "../../../libcommon/store/store_priv.h"
#include "../test.h"

#define KEYS	20000u

struct world {
	char		 dir[64], path[96];
	struct qt_store	*s;
};

static void
open_it(struct world *w, unsigned int flags)
{
	const struct qt_store_options	o = { .flags = flags };
	struct qt_err			err = QT_ERR_INIT;

	if (qt_store_open(w->path, &o, &w->s, &err) < 0)
		fail_msg("%s", err.text);
}

static void
begin(struct world *w, enum qt_store_mode mode, unsigned int flags)
{
	struct qt_store_settings	set;

	strcpy(w->dir, "/tmp/qt-maintain.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/store", w->dir);
	qt_store_settings_init(&set);
	set.mode = mode;
	set.memtable_size = 1 << 20;
	set.wal_max = 4 << 20;
	assert_int_equal(qt_store_init(w->path, &set, NULL), 0);
	open_it(w, flags);
}

static void
reboot(struct world *w, unsigned int flags)
{
	char	control[QT__SEG_NAME_SIZE];

	snprintf(control, sizeof(control), "%s", w->s->name);
	qt_store_close(w->s, NULL);
	assert_int_equal(qt__control_forget(control, true), 0);
	open_it(w, flags);
}

static void
end(struct world *w)
{
	char	command[128];

	qt_store_close(w->s, NULL);
	assert_int_equal(qt_store_remove(w->path, NULL), 0);
	snprintf(command, sizeof(command), "rm -r %s", w->dir);
	assert_int_equal(system(command), 0);
}

static void
put(struct qt_store *s, unsigned int key, unsigned int round)
{
	char		k[16], v[100];
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	snprintf(k, sizeof(k), "key %u", key);
	memset(v, 'v', sizeof(v));
	snprintf(v, sizeof(v), "value %u of %u", round, key);
	rc = qt_store_put(s, NULL, &(struct qt_store_put){
		.key = k, .key_len = strlen(k), .value = v,
		.value_len = sizeof(v) }, &err);
	if (rc < 0)
		fail_msg("put: %d %s", rc, err.text);
}

static void
expect(struct qt_store *s, unsigned int key, unsigned int round)
{
	struct qt_store_value	v;
	struct qt_err		err = QT_ERR_INIT;
	char			k[16], want[100];
	int			rc;

	snprintf(k, sizeof(k), "key %u", key);
	snprintf(want, sizeof(want), "value %u of %u", round, key);
	rc = qt_store_get(s, NULL, &v, k, strlen(k), &err);
	if (round == 0) {
		assert_int_equal(rc, -ENOENT);
		return;
	}
	if (rc < 0)
		fail_msg("get %s: %d %s", k, rc, err.text);
	assert_string_equal(v.data, want);
	qt_store_value_clear(&v);
}

static void
expect_all(struct qt_store *s, unsigned int round)
{
	for (unsigned int k = 0; k < KEYS; k++)
		expect(s, k, round);
}

static void
put_all(struct qt_store *s, unsigned int round)
{
	for (unsigned int k = 0; k < KEYS; k++)
		put(s, k, round);
}

static unsigned int
count_files(const struct world *w, const char *folder)
{
	char		 path[160];
	DIR		*d;
	unsigned int	 n = 0;
	struct dirent	*e;

	snprintf(path, sizeof(path), "%s/%s", w->path, folder);
	d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
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
	begin(&w, QT_STORE_ASYNC, QT_STORE_NO_THREADS);
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
	assert_true(count_files(&w, "wal") <= 2);
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
	begin(&w, QT_STORE_ASYNC, QT_STORE_NO_THREADS);
	for (unsigned int round = 1; round <= 3; round++)
		put_all(w.s, round);
	assert_int_equal(qt_store_compact(w.s, NULL), 0);
	expect_all(w.s, 3);
	st = stat_of(w.s);
	assert_int_equal(st.runs, 1);
	assert_int_equal(st.run_records, KEYS);
	assert_int_equal(st.memtable_records, 0);
	assert_int_equal(st.durable, st.version);
	assert_int_equal(count_files(&w, "run"), st.slices);
	assert_int_equal(count_files(&w, "manifest"), 1);
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

	begin(&w, QT_STORE_ASYNC, flags);
	for (unsigned int round = 1; round <= 12; round++) {
		put_all(w.s, round);
		if (stat_of(w.s).run_bytes > most)
			most = stat_of(w.s).run_bytes;
	}
	qt_store_close(w.s, NULL);
	open_it(&w, QT_STORE_NO_THREADS);
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
	begin(&w, QT_STORE_ASYNC, 0);
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
	begin(&w, QT_STORE_ASYNC, QT_STORE_NO_THREADS);
	put_all(w.s, 1);
	put_all(w.s, 2);
	assert_int_equal(qt_store_open(w.path, NULL, &other, NULL), 0);
	expect_all(other, 2);
	assert_int_equal(qt_store_clear(w.s, NULL), 0);
	expect_all(other, 0);
	expect_all(w.s, 0);
	put(other, 7, 3);
	expect(w.s, 7, 3);
	assert_int_equal(stat_of(w.s).runs, 0);
	assert_int_equal(count_files(&w, "run"), 0);
	qt_store_close(other, NULL);
	verify(&w);
	reboot(&w, QT_STORE_NO_THREADS);
	expect(w.s, 7, 3);
	expect(w.s, 8, 0);
	end(&w);
}

QT_TEST(in_memory_mode_a_checkpoint_is_what_stays)
{
	struct world	w;

	(void)state;
	begin(&w, QT_STORE_MEMORY, QT_STORE_NO_THREADS);
	put_all(w.s, 1);
	assert_int_equal(qt_store_checkpoint(w.s, NULL, NULL), 0);
	put(w.s, 3, 2);
	expect(w.s, 3, 2);
	assert_int_equal(count_files(&w, "wal"), 0);
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
	begin(&w, QT_STORE_ASYNC, QT_STORE_NO_THREADS);
	put_all(w.s, 1);
	copy = w;
	snprintf(copy.path, sizeof(copy.path), "%s/copy", w.dir);
	assert_int_equal(qt_store_checkpoint(w.s, copy.path, NULL), 0);
	assert_int_equal(qt_store_checkpoint(w.s, copy.path, NULL), -EEXIST);
	put_all(w.s, 2);
	assert_int_equal(qt_store_compact(w.s, NULL), 0);
	open_it(&copy, QT_STORE_NO_THREADS);
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
