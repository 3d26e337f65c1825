/* SPDX-License-Identifier: Apache-2.0 */
/* Making stores: whole or not at all, by one of many, whatever fails. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "../../../libcommon/store/format_priv.h"
#include "../../../libcommon/store/lock_priv.h"
#include "../../../libcommon/store/manifest_priv.h"
#include "../place.h"
#include "../test.h"
#include "files.h"

struct world {
	char	path[64], store[128];
	int	fd;
};

static void
world_new(struct world *w)
{
	place_new(w->path, sizeof(w->path));
	w->fd = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(w->fd >= 0);
	snprintf(w->store, sizeof(w->store), "%s/s", w->path);
}

static void
world_end(struct world *w)
{
	close(w->fd);
	place_remove(w->path);
}

static void
rm(const struct world *w, const char *name)
{
	char	path[200];

	snprintf(path, sizeof(path), "%s/%s", w->path, name);
	place_remove(path);
}

static int
has(const struct world *w, const char *name)
{
	return faccessat(w->fd, name, F_OK, 0) == 0;
}

/* Everything that an empty store is. */
static void
expect_whole(const struct world *w, const char *name)
{
	int			 fd = openat(w->fd, name, O_RDONLY | O_CLOEXEC);
	struct qt__format	 f;
	struct qt__manifest	*m;
	int			 wal;

	assert_true(fd >= 0);
	assert_int_equal(qt__format_load(&f, fd, NULL), 0);
	assert_int_equal(qt__manifest_load(&m, fd, 0, NULL), 0);
	assert_int_equal(m->run_count, 0);
	qt__manifest_free(m);
	assert_int_equal(faccessat(fd, "LOCK", R_OK | W_OK, 0), 0);
	assert_int_equal(faccessat(fd, "run", R_OK | X_OK, 0), 0);
	assert_int_equal(faccessat(fd, "big", R_OK | X_OK, 0), 0);
	wal = qt__format_wal_dir(&f, fd, NULL);
	assert_true(wal >= 0);
	close(wal);
	assert_int_equal(faccessat(fd, "FORMAT.tmp", F_OK, 0), -1);
	assert_int_equal(faccessat(fd, "CURRENT.tmp", F_OK, 0), -1);
	/* Whoever made it holds nothing any more. */
	wal = qt__lock_file(fd, QT__LOCK_FORMAT);
	assert_true(wal >= 0);
	close(wal);
	close(fd);
}

QT_TEST(a_new_store_is_whole_and_alone)
{
	struct world			w;
	struct qt_store_settings	s;
	struct qt_err			err = QT_ERR_INIT;
	char				path[256];

	(void)state;
	world_new(&w);
	assert_int_equal(qt_store_init(w.store, NULL, &err), 0);
	expect_whole(&w, "s");
	assert_int_equal(files_count(w.fd, "."), 1);
	qt_store_settings_init(&s);
	s.level = 3;
	snprintf(path, sizeof(path), "%s/with a blank//", w.path);
	assert_int_equal(qt_store_init(path, &s, &err), 0);
	expect_whole(&w, "with a blank");
	memset(&s, 0, sizeof(s));
	assert_int_equal(qt_store_settings_load(path, &s, &err), 0);
	assert_int_equal(s.level, 3);
	world_end(&w);
}

QT_TEST(what_is_there_is_not_touched)
{
	struct world	w;
	struct qt_err	err = QT_ERR_INIT;
	char		want[256];

	(void)state;
	world_new(&w);
	assert_int_equal(qt_store_init(w.store, NULL, &err), 0);
	assert_int_equal(qt_store_init(w.store, NULL, &err), -EEXIST);
	snprintf(want, sizeof(want), "make store '%s': there is a store",
	    w.store);
	assert_string_equal(err.text, want);
	files_touch(w.fd, "s/run/000000000001.run");
	assert_int_equal(qt_store_init(w.store, NULL, &err), -EEXIST);
	assert_string_equal(err.text, want);
	/* Neither is one that lost its FORMAT, and holds something. */
	assert_int_equal(unlinkat(w.fd, "s/FORMAT", 0), 0);
	assert_int_equal(qt_store_init(w.store, NULL, &err), -EEXIST);
	snprintf(want, sizeof(want), "make store '%s': the folder is not empty",
	    w.store);
	assert_string_equal(err.text, want);
	assert_true(has(&w, "s/CURRENT"));
	assert_int_equal(qt_store_init(w.path, NULL, &err), -EEXIST);
	assert_false(has(&w, "LOCK"));
	files_touch(w.fd, "file");
	snprintf(w.store, sizeof(w.store), "%s/file", w.path);
	assert_int_equal(qt_store_init(w.store, NULL, &err), -EEXIST);
	snprintf(w.store, sizeof(w.store), "%s/file/in", w.path);
	assert_int_equal(qt_store_init(w.store, NULL, &err), -EEXIST);
	snprintf(w.store, sizeof(w.store), "%s/none/in", w.path);
	assert_int_equal(qt_store_init(w.store, NULL, &err), -ENOENT);
	snprintf(want, sizeof(want), "make store '%s': open the folder "
	    "'%s/none/'", w.store, w.path);
	assert_string_equal(err.text, want);
	assert_int_equal(qt_store_init("", NULL, &err), -ENOENT);
	world_end(&w);
}

QT_TEST(an_empty_folder_is_filled_and_stays_what_it_is)
{
	struct world	w;
	struct stat	before, after;

	(void)state;
	world_new(&w);
	assert_int_equal(mkdirat(w.fd, "s", 0750), 0);
	assert_int_equal(mkdirat(w.fd, "s/lost+found", 0700), 0);
	assert_int_equal(stat(w.store, &before), 0);
	assert_int_equal(qt_store_init(w.store, NULL, NULL), 0);
	assert_int_equal(stat(w.store, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(before.st_mode, after.st_mode);
	expect_whole(&w, "s");
	world_end(&w);
}

/* Several processes make the same store at once; how many of them did? */
static unsigned int
race(const struct world *w, unsigned int count)
{
	int		go[2], status;
	unsigned int	won = 0;
	char		c;

	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	for (unsigned int i = 0; i < count; i++) {
		pid_t	pid = fork();

		assert_true(pid >= 0);
		if (pid > 0)
			continue;
		close(go[1]);
		if (read(go[0], &c, 1) != 0)
			_exit(9);
		_exit(-qt_store_init(w->store, NULL, NULL) & 0xff);
	}
	close(go[0]);
	close(go[1]);
	for (unsigned int i = 0; i < count; i++) {
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == 0)
			won++;
		else
			assert_int_equal(WEXITSTATUS(status), EEXIST);
	}
	return won;
}

QT_TEST(of_many_makers_one_wins)
{
	struct world	w;

	(void)state;
	world_new(&w);
	for (int i = 0; i < 8; i++) {
		if (i % 2 == 1)
			assert_int_equal(mkdir(w.store, 0777), 0);
		assert_int_equal(race(&w, 6), 1);
		expect_whole(&w, "s");
		assert_int_equal(files_count(w.fd, "."), 1);
		rm(&w, "s");
	}
	world_end(&w);
}

#define TMP ".s.0123456789abcdef.tmp"

QT_TEST(what_a_dead_maker_left_is_removed_and_a_living_ones_is_not)
{
	struct world	w;
	int		tmp, lock;

	(void)state;
	world_new(&w);
	snprintf(w.store, sizeof(w.store), "%s/" TMP, w.path);
	assert_int_equal(qt_store_init(w.store, NULL, NULL), 0);
	assert_int_equal(mkdirat(w.fd, ".s.0123456789abcde0.tmp", 0777), 0);
	assert_int_equal(mkdirat(w.fd, ".other.0123456789abcdef.tmp", 0777), 0);
	snprintf(w.store, sizeof(w.store), "%s/s", w.path);
	tmp = openat(w.fd, TMP, O_RDONLY | O_CLOEXEC);
	lock = qt__lock_file(tmp, QT__LOCK_FORMAT);
	assert_true(lock >= 0);
	assert_int_equal(qt_store_init(w.store, NULL, NULL), 0);
	assert_int_equal(files_count(w.fd, "."), 3);
	assert_true(has(&w, TMP "/FORMAT"));
	rm(&w, "s");
	close(lock);
	close(tmp);
	/* Somebody wrote to it: it is a store, whatever it is called. */
	files_touch(w.fd, TMP "/run/000000000001.run");
	assert_int_equal(qt_store_init(w.store, NULL, NULL), 0);
	assert_true(has(&w, TMP "/FORMAT"));
	rm(&w, "s");
	assert_int_equal(unlinkat(w.fd, TMP "/run/000000000001.run", 0), 0);
	assert_int_equal(qt_store_init(w.store, NULL, NULL), 0);
	assert_int_equal(files_count(w.fd, "."), 2);
	assert_true(has(&w, ".other.0123456789abcdef.tmp"));
	world_end(&w);
}

/* Makes a store, in_place or not, while the nth call fails. */
static int
init_with(enum qt_sys_call call, unsigned int nth, int error, int in_place)
{
	struct world	w;
	struct qt_err	err = QT_ERR_INIT;
	int		rc, is_past;

	world_new(&w);
	if (in_place)
		assert_int_equal(mkdir(w.store, 0777), 0);
	qt_sys_fault(call, nth, error);
	rc = qt_store_init(w.store, NULL, &err);
	is_past = qt_sys_calls(call) < nth;
	qt_sys_fault(call, 0, 0);
	if (rc < 0 && !has(&w, "s/FORMAT")) {
		assert_true(err.text[0] != '\0');
		/* Without its lock, LOCK in a folder may be another's. */
		assert_int_equal(files_count(w.fd, in_place ? "s" : "."),
		    in_place && has(&w, "s/LOCK"));
		assert_int_equal(qt_store_init(w.store, NULL, &err), 0);
	}
	expect_whole(&w, "s");
	world_end(&w);
	return is_past;
}

QT_TEST(whichever_call_fails_there_is_a_store_or_none)
{
	static const enum qt_sys_call	calls[] = { QT_SYS_OPEN, QT_SYS_PREAD,
	    QT_SYS_WRITE, QT_SYS_FSYNC, QT_SYS_RENAME, QT_SYS_MKDIR,
	    QT_SYS_LOCK };
	unsigned int			n;

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		for (int in_place = 0; in_place < 2; in_place++) {
			for (n = 1; !init_with(calls[i], n, ENOSPC, in_place);
			    n++)
				assert_true(n < 100);
			for (n = 1; !init_with(calls[i], n, EIO, in_place); n++)
				assert_true(n < 100);
		}
	}
}

QT_TEST(logs_may_be_elsewhere_for_several_stores)
{
	struct world			w;
	struct qt_store_settings	s;
	struct qt_err			err = QT_ERR_INIT;
	char				want[512];

	(void)state;
	world_new(&w);
	qt_store_settings_init(&s);
	strcpy(s.wal_path, "../logs");
	assert_int_equal(qt_store_init(w.store, &s, &err), 0);
	expect_whole(&w, "s");
	assert_false(has(&w, "s/wal"));
	assert_int_equal(files_count(w.fd, "logs"), 1);
	snprintf(s.wal_path, sizeof(s.wal_path), "%s/logs", w.path);
	snprintf(w.store, sizeof(w.store), "%s/t", w.path);
	assert_int_equal(qt_store_init(w.store, &s, &err), 0);
	expect_whole(&w, "t");
	assert_int_equal(files_count(w.fd, "logs"), 2);
	/* Its parent is not made, and nothing is left. */
	snprintf(s.wal_path, sizeof(s.wal_path), "%s/a/b", w.path);
	snprintf(w.store, sizeof(w.store), "%s/u", w.path);
	assert_int_equal(qt_store_init(w.store, &s, &err), -ENOENT);
	snprintf(want, sizeof(want),
	    "make store '%s': wal-path: make folder '%s/a/b'", w.store, w.path);
	assert_string_equal(err.text, want);
	assert_int_equal(files_count(w.fd, "."), 3);
	world_end(&w);
}

QT_TEST(a_missing_volume_of_logs_is_named)
{
	struct world			w;
	struct qt_store_settings	s;
	struct qt__format		f;
	struct qt_err			err = QT_ERR_INIT;
	char				id[33], want[512];
	int				fd;

	(void)state;
	world_new(&w);
	qt_store_settings_init(&s);
	strcpy(s.wal_path, "../logs");
	assert_int_equal(qt_store_init(w.store, &s, &err), 0);
	rm(&w, "logs");
	fd = openat(w.fd, "s", O_RDONLY | O_CLOEXEC);
	assert_int_equal(qt__format_load(&f, fd, NULL), 0);
	assert_int_equal(qt__format_wal_dir(&f, fd, &err), -ENOENT);
	qt__format_id(&f, id);
	snprintf(want, sizeof(want), "the folder of its logs, '../logs/%s', "
	    "which wal-path names (is its volume mounted?)", id);
	assert_string_equal(err.text, want);
	close(fd);
	world_end(&w);
}
