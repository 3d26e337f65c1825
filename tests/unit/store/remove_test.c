/* SPDX-License-Identifier: Apache-2.0 */
/* qt_store_remove() of <qt/store/store.h>. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/store/store.h>

#include "../../../libcommon/store/store_priv.h"
#include "../test.h"

struct world {
	char	dir[32], path[64], logs[64], control[QT__SEG_NAME_SIZE];
};

/* A store with something in memory; its segment's name is kept. */
static void
begin(struct world *w)
{
	struct qt_store_settings	 set;
	struct qt_store_put		 put = { .key = "k", .key_len = 1,
	    .value = "v", .value_len = 1 };
	struct qt_store			*s;

	strcpy(w->dir, "/tmp/qt-remove.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/s", w->dir);
	snprintf(w->logs, sizeof(w->logs), "%s/logs", w->dir);
	qt_store_settings_init(&set);
	set.memtable_size = 1 << 20;
	snprintf(set.wal_path, sizeof(set.wal_path), "%s", w->logs);
	assert_int_equal(qt_store_init(w->path, &set, NULL), 0);
	assert_int_equal(qt_store_open(w->path, NULL, &s, NULL), 0);
	assert_int_equal(qt_store_put(s, NULL, &put, NULL), 0);
	snprintf(w->control, sizeof(w->control), "%s", s->name);
	qt_store_close(s, NULL);
}

/* How many names a folder has that begin so. */
static int
count(const char *folder, const char *prefix)
{
	struct dirent	*d;
	DIR		*dir = opendir(folder);
	int		 n = 0;

	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL)
		n += strncmp(d->d_name, prefix, strlen(prefix)) == 0 &&
		    strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
	closedir(dir);
	return n;
}

static void
end(struct world *w)
{
	assert_int_equal(count(w->logs, ""), 0);
	assert_int_equal(rmdir(w->logs), 0);
	assert_int_equal(count(w->dir, ""), 0);
	assert_int_equal(rmdir(w->dir), 0);
	assert_int_equal(count("/dev/shm", w->control + 1), 0);
}

QT_TEST(nothing_of_it_is_left)
{
	struct world	w;

	(void)state;
	begin(&w);
	assert_true(count("/dev/shm", w.control + 1) >= 2);
	assert_int_equal(qt_store_remove(w.path, NULL), 0);
	assert_int_equal(qt_store_remove(w.path, NULL), -ENOENT);
	end(&w);
}

QT_TEST(who_writes_keeps_it_and_so_does_a_file_of_somebody_else)
{
	struct world		 w;
	struct qt_store		*s;
	struct qt_store_settings set;
	struct qt_store_put	 put = { .key = "k", .key_len = 1 };
	struct qt_err		 err = QT_ERR_INIT;
	char			 other[80];
	int			 fd;

	(void)state;
	begin(&w);
	assert_int_equal(qt_store_open(w.path, NULL, &s, NULL), 0);
	assert_int_equal(qt_store_put(s, NULL, &put, NULL), 0);
	/* Not to wait here for one who may end soon. */
	assert_int_equal(qt_store_settings_load(w.path, &set, NULL), 0);
	set.lock_timeout_ms = 1;
	assert_int_equal(qt_store_settings_save(w.path, &set, NULL), 0);
	assert_int_equal(qt_store_remove(w.path, &err), -EBUSY);
	assert_int_equal(qt_store_put(s, NULL, &put, NULL), 0);
	qt_store_close(s, NULL);
	snprintf(other, sizeof(other), "%s/notes", w.path);
	fd = open(other, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(qt_store_remove(w.path, &err), -ENOTEMPTY);
	assert_non_null(strstr(err.text, "'notes' in it is not the store's"));
	assert_int_equal(unlink(other), 0);
	assert_int_equal(qt_store_open(w.path, NULL, &s, NULL), 0);
	qt_store_close(s, NULL);
	assert_int_equal(qt_store_remove(w.path, NULL), 0);
	end(&w);
}

QT_TEST(what_is_no_store_stays)
{
	char	dir[] = "/tmp/qt-remove.XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(qt_store_remove(dir, NULL), -QT_EFORMAT);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(qt_store_remove("/dev/null", NULL), -QT_EFORMAT);
	assert_int_equal(qt_store_remove("", NULL), -ENOENT);
}

QT_TEST(what_a_killed_one_left_goes_with_the_next)
{
	struct world	w;
	char		gone[96];

	(void)state;
	begin(&w);
	snprintf(gone, sizeof(gone), "%s/.s.0123456789abcdef.gone", w.dir);
	assert_int_equal(mkdir(gone, 0700), 0);
	snprintf(gone + strlen(gone), 8, "/run");
	assert_int_equal(mkdir(gone, 0700), 0);
	assert_int_equal(qt_store_remove(w.path, NULL), 0);
	end(&w);
}
