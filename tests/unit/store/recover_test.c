/* SPDX-License-Identifier: Apache-2.0 */
/* What recovery makes of logs that are damaged, missing, or of another time. */

#include <fcntl.h>
#include <sys/stat.h>

/* A disk uses inode numbers again. */
#define WORLD_ON_DISK
#include "files.h"
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
	char	path[128];

	wal_path(w, path, name);
	files_flip(AT_FDCWD, path, at, 1);
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
static void
fill(struct qt_store *s)
{
	struct qt__where where;
	char		 key[16];

	for (unsigned int i = 0; i < RECORDS; i++) {
		snprintf(key, sizeof(key), "key %u", i);
		assert_int_equal(put(s, key, filler, sizeof(filler), 0), 0);
	}
	(void)qt__where_get(s->ctl, &where);
	assert_int_equal(where.first_wal, 1);
	assert_int_equal(where.active, 2);
	assert_int_equal(qt_store_sync(s, 0, NULL), 0);
}

static struct qt_store *
fill_two(struct world *w)
{
	struct qt_store	*s;

	world_begin(w, async);
	s = world_open(w);
	fill(s);
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

static void
tell_nobody(void *arg, const char *what)
{
	(void)arg;
	(void)what;
}

static void
expect_no_log(const struct world *w, const char *why)
{
	refused(w, why);
	assert_int_equal(qt_store_verify(w->path, tell_nobody, NULL, NULL), 1);
}

/* Nobody waits for a pipe, or wants memory for all that a file says to have. */
QT_TEST(a_log_that_is_no_file_is_refused)
{
	struct world	 w;
	struct qt_store	*s;
	char		 path[128], aside[136];

	(void)state;
	s = fill_two(&w);
	world_reboot(s);
	wal_path(&w, path, "000000000001");
	snprintf(aside, sizeof(aside), "%s.old", path);
	assert_int_equal(rename(path, aside), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_no_log(&w, "log '000000000001.wal': it is not a file");
	assert_int_equal(unlink(path), 0);
	close(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	assert_int_equal(truncate(path, (off_t)1 << 42), 0);
	expect_no_log(&w, "log '000000000001.wal': it has 4398046511104 bytes");
	assert_int_equal(rename(aside, path), 0);
	s = world_open(&w);
	expect_all(s);
	world_end(&w, s);
}

QT_TEST(what_is_no_file_is_no_spare_log)
{
	struct world	 w;
	struct qt_store	*s;
	struct stat	 st;
	char		 path[128];

	(void)state;
	world_begin(&w, async);
	wal_path(&w, path, "spare");
	assert_int_equal(mkfifo(path, 0600), 0);
	s = world_open(&w);
	fill(s);
	expect_all(s);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	world_end(&w, s);
}

/* The end of a log that comes to the disk while it is looked at. */
struct late {
	char		path[128], end[4096];
	off_t		at;
	unsigned int	told;
};

static void
swap_end(struct late *l, const void *with)
{
	int	fd = open(l->path, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	if (with == NULL)
		with = l->end;
	else
		assert_int_equal(pread(fd, l->end, sizeof(l->end), l->at),
		    sizeof(l->end));
	assert_int_equal(pwrite(fd, with, sizeof(l->end), l->at),
	    sizeof(l->end));
	close(fd);
}

static void
tell_late(void *arg, const char *what)
{
	struct late	*l = arg;

	l->told++;
	assert_non_null(strstr(what, "big/000000000001.big"));
	swap_end(l, NULL);
}

/*
 * Verify reads log 1, then frames come to it and log 2 is begun, then it reads
 * log 2: nothing is missing.
 */
QT_TEST(what_comes_while_logs_are_verified_is_no_damage)
{
	static const char zeros[4096];
	struct world	 w;
	struct late	 late = { .at = 512 << 10 };
	struct qt_store	*s;
	char		*value = calloc(1, 2 << 20), path[128];

	(void)state;
	assert_non_null(value);
	world_begin(&w, async);
	s = world_open(&w);
	assert_int_equal(put(s, "big", value, 2 << 20, 0), 0);
	fill(s);
	assert_int_equal(put(s, "last", "1", 1, QT_STORE_SYNC_NOW), 0);
	snprintf(path, sizeof(path), "%s/big/000000000001.big", w.path);
	assert_int_equal(truncate(path, 1 << 20), 0);
	wal_path(&w, late.path, "000000000001");
	swap_end(&late, zeros);
	assert_int_equal(qt_store_verify(w.path, tell_late, &late, NULL), 1);
	assert_int_equal(late.told, 1);
	free(value);
	world_end(&w, s);
}
