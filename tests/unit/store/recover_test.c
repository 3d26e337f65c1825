/* SPDX-License-Identifier: Apache-2.0 */
/* What recovery makes of logs that are damaged, missing, or of another time. */

#include <fcntl.h>
#include <sys/stat.h>

/* A disk uses inode numbers again. */
#define WORLD_PLACE	"/tmp"
#include "world.h"

#define RECORDS	1500u		/* of 1,000 bytes: two memtables */

static const char *const	async[] = { "mode", "async", NULL };
static char			filler[1000];

static void
wal_path(const struct world *w, char out[128], const char *name)
{
	snprintf(out, 128, "%s/wal/%s.wal", w->path, name);
}

static void
flip(const struct world *w, const char *name, off_t at)
{
	char	path[128], byte;
	int	fd;

	wal_path(w, path, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void
refused(const struct world *w, const char *why)
{
	struct qt_store	*s;
	struct qt_err	 err = QT_ERR_INIT;

	assert_int_equal(qt_store_open(w->path, NULL, &s, &err),
	    -QT_ECORRUPT);
	assert_non_null(strstr(err.text, why));
}

/* Logs 1 and 2. Nothing in them says that any of it was durable. */
static struct qt_store *
fill_two(struct world *w)
{
	struct qt_store	*s;
	struct qt__where where;
	char		 key[16];

	world_begin(w, async);
	s = world_open(w);
	for (unsigned int i = 0; i < RECORDS; i++) {
		snprintf(key, sizeof(key), "key %u", i);
		assert_int_equal(put(s, key, filler, sizeof(filler), 0), 0);
	}
	(void)qt__where_get(s->ctl, &where);
	assert_int_equal(where.first_wal, 1);
	assert_int_equal(where.active, 2);
	assert_int_equal(qt_store_sync(s, 0, NULL), 0);
	return s;
}

static void
expect_all(struct qt_store *s)
{
	char	key[16];

	for (unsigned int i = 0; i < RECORDS; i++) {
		snprintf(key, sizeof(key), "key %u", i);
		expect(s, key, filler, sizeof(filler));
	}
}

/* Log 2 says that log 1 was durable; what is sound in log 1 stays, for salvage. */
QT_TEST(a_log_that_is_refused_is_not_cut)
{
	struct world	 w;
	struct qt_store	*s;

	(void)state;
	s = fill_two(&w);
	assert_int_equal(put(s, "last", "1", 1, 0), 0);
	world_reboot(s);
	flip(&w, "000000000001", 500000);
	refused(&w, "(log 1)");
	refused(&w, "(log 1)");
	flip(&w, "000000000001", 500000);
	s = world_open(&w);
	expect_all(s);
	expect(s, "last", "1", 1);
	world_end(&w, s);
}

QT_TEST(a_log_that_is_missing_is_noticed)
{
	struct world	 w;
	struct qt_store	*s;
	char		 path[128], aside[136];

	(void)state;
	s = fill_two(&w);
	assert_int_equal(put(s, "last", "1", 1, 0), 0);
	world_reboot(s);
	wal_path(&w, path, "000000000001");
	snprintf(aside, sizeof(aside), "%s.old", path);
	assert_int_equal(rename(path, aside), 0);
	refused(&w, "log 1 is missing");
	assert_int_equal(rename(aside, path), 0);
	s = world_open(&w);
	expect_all(s);
	world_end(&w, s);
}

/* It lies about until its number comes round, which may be after the runs. */
QT_TEST(a_log_that_was_thrown_away_does_not_come_back)
{
	struct qt__where where;
	struct world	 w;
	struct qt_store	*s;
	uint64_t	 version;
	char		 path[128];

	(void)state;
	s = fill_two(&w);
	assert_int_equal(put(s, "key 1499", "old", 3, 0), 0);
	world_reboot(s);
	flip(&w, "000000000001", 500000);
	/* As if it had not been synced: nothing says that it was. */
	wal_path(&w, path, "000000000002");
	assert_int_equal(truncate(path, 300000), 0);
	s = world_open(&w);
	expect(s, "key 1", filler, sizeof(filler));
	expect(s, "key 1200", NULL, 0);
	assert_int_equal(put(s, "key 1200", "new", 3, 0), 0);
	assert_int_equal(qt_store_checkpoint(s, NULL, NULL), 0);
	(void)qt__where_get(s->ctl, &where);
	assert_int_equal(where.first_wal, 2);
	version = qt_store_durable(s);
	world_reboot(s);
	s = world_open(&w);
	expect(s, "key 1200", "new", 3);
	assert_true(qt_store_durable(s) >= version);
	world_end(&w, s);
}

/* Puts LOCK back at an inode number, of which others are in the way. */
static bool
lock_again(const struct world *w, uint64_t ino)
{
	struct stat	st;
	char		path[128], other[128];
	bool		is_same;

	snprintf(path, sizeof(path), "%s/LOCK", w->path);
	assert_int_equal(stat(path, &st), 0);
	if (st.st_ino == ino)
		return true;
	is_same = false;
	for (unsigned int i = 0; i < 256 && !is_same; i++) {
		int	fd;

		snprintf(other, sizeof(other), "%s/%u", w->dir, i);
		fd = open(other, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		assert_true(fd >= 0);
		assert_int_equal(fstat(fd, &st), 0);
		close(fd);
		is_same = st.st_ino == ino;
	}
	if (is_same)
		assert_int_equal(rename(other, path), 0);
	return is_same;
}

/* Made again it may get the same inode number, and the id is the same, too. */
QT_TEST(memory_is_not_taken_for_that_of_a_folder_put_back)
{
	struct world	 w;
	struct qt_store	*s;
	struct statx	 st;
	char		 command[300], before[QT__SEG_NAME_SIZE];

	(void)state;
	world_begin(&w, async);
	s = world_open(&w);
	snprintf(before, sizeof(before), "%s", s->name);
	assert_int_equal(put(s, "a", "1", 1, 0), 0);
	assert_int_equal(qt_store_close(s, NULL), 0);
	snprintf(command, sizeof(command), "cp -a %s %s/copy", w.path, w.dir);
	assert_int_equal(system(command), 0);
	s = world_open(&w);
	assert_int_equal(put(s, "b", "2", 1, 0), 0);
	assert_int_equal(qt_store_checkpoint(s, NULL, NULL), 0);
	snprintf(command, sizeof(command), "%s/LOCK", w.path);
	if (statx(AT_FDCWD, command, 0, STATX_BTIME, &st) < 0 ||
	    !(st.stx_mask & STATX_BTIME)) {
		world_end(&w, s);
		skip();
	}
	assert_int_equal(qt_store_close(s, NULL), 0);
	snprintf(command, sizeof(command), "rm -r %s && cp -a %s/copy %s",
	    w.path, w.dir, w.path);
	assert_int_equal(system(command), 0);
	/* Else the number is not used again here, or was by another. */
	if (!lock_again(&w, st.stx_ino))
		print_message("the inode number is another one\n");
	s = world_open(&w);
	expect(s, "a", "1", 1);
	expect(s, "b", NULL, 0);
	assert_int_equal(put(s, "c", "3", 1, QT_STORE_SYNC_NOW), 0);
	world_reboot(s);
	s = world_open(&w);
	expect(s, "c", "3", 1);
	world_end(&w, s);
	assert_int_equal(qt__control_forget(before, true), 0);
}
