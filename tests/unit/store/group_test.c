/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a folder that a group may write to, made with an umask of 022. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../libcommon/store/store_priv.h"
#include "../test.h"

#define GROUP	777u

static void
expect_shared(const char *path)
{
	struct stat	 st;
	struct dirent	*e;
	char		 name[512];
	DIR		*d;

	assert_int_equal(stat(path, &st), 0);
	if ((st.st_mode & 0060) != 0060)
		fail_msg("%s: mode %o", path, st.st_mode & 0777);
	if (!S_ISDIR(st.st_mode))
		return;
	assert_int_equal(st.st_mode & 0070, 0070);
	d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		expect_shared(name);
	}
	closedir(d);
}

static void
put(struct qt_store *s, const char *key, size_t len)
{
	char	*value = calloc(1, len);

	assert_non_null(value);
	assert_int_equal(qt_store_put(s, NULL, &(struct qt_store_put){
		.key = key, .key_len = strlen(key), .value = value,
		.value_len = len }, NULL), 0);
	free(value);
}

QT_TEST(whoever_makes_a_file_of_a_groups_store_shares_it)
{
	const struct qt_store_options	o = { .flags = QT_STORE_NO_THREADS };
	char				path[] = "/tmp/qt-group.XXXXXX";
	mode_t				before = umask(022);
	struct qt_store			*s;

	(void)state;
	assert_non_null(mkdtemp(path));
	assert_int_equal(chmod(path, 0775), 0);
	assert_int_equal(qt_store_init(path, NULL, NULL), 0);
	assert_int_equal(qt_store_open(path, &o, &s, NULL), 0);
	put(s, "small", 1);
	put(s, "large", 3 << 20);
	expect_shared(path);
	assert_int_equal(qt_store_checkpoint(s, NULL, NULL), 0);
	put(s, "small", 2);
	expect_shared(path);
	qt_store_close(s, NULL);
	assert_int_equal(qt_store_remove(path, NULL), 0);
	umask(before);
}

/* As another member of the group: opens it, does that, closes it. */
static void
as_user(uid_t uid, const char *path, void (*act)(struct qt_store *s))
{
	const struct qt_store_options	o = { .flags = QT_STORE_NO_THREADS };
	const gid_t			groups[] = { GROUP };
	struct qt_store			*s;
	pid_t				pid = fork();
	int				status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (setgroups(1, groups) < 0 || setresgid(GROUP, GROUP,
		    GROUP) < 0 || setresuid(uid, uid, uid) < 0 ||
		    qt_store_open(path, &o, &s, NULL) < 0)
			_exit(1);
		act(s);
		_exit(qt_store_close(s, NULL) < 0 ? 2 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* The next memtable is begun, by whoever does this. */
static void
put_more(struct qt_store *s)
{
	for (char key[2] = "a"; key[0] <= 'g'; key[0]++)
		put(s, key, 200000);
}

static void
put_little(struct qt_store *s)
{
	put(s, "little", 1);
}

static void
flush(struct qt_store *s)
{
	if (qt_store_checkpoint(s, NULL, NULL) < 0)
		_exit(3);
}

static int
count_segments(const char *name)
{
	DIR		*d = opendir("/dev/shm");
	struct dirent	*e;
	int		 n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		n += strncmp(e->d_name, name + 1, strlen(name + 1)) == 0;
	closedir(d);
	return n;
}

static void
make_for_group(char *path)
{
	struct qt_store_settings	set;

	assert_non_null(mkdtemp(path));
	assert_int_equal(chown(path, (uid_t)-1, GROUP), 0);
	assert_int_equal(chmod(path, 02770), 0);
	qt_store_settings_init(&set);
	set.memtable_size = 1 << 20;
	set.wal_max = 4 << 20;
	assert_int_equal(qt_store_init(path, &set, NULL), 0);
}

/* In /dev/shm only who made a file may unlink it. */
QT_TEST(each_user_of_a_groups_store_unlinks_the_memory_that_he_made)
{
	char			path[] = "/tmp/qt-group.XXXXXX";
	char			name[QT__SEG_NAME_SIZE];
	struct qt__format	f;
	int			fd;

	(void)state;
	if (geteuid() != 0)
		skip();
	make_for_group(path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(qt__format_load(&f, fd, NULL), 0);
	assert_int_equal(qt__control_name(name, fd, f.id), 0);
	close(fd);
	as_user(12345, path, put_more);
	assert_int_equal(count_segments(name), 3);
	as_user(12346, path, flush);
	/* Control, its own new one, and two of the first user. */
	assert_int_equal(count_segments(name), 4);
	as_user(12345, path, put_little);
	assert_int_equal(count_segments(name), 2);
	assert_int_equal(qt_store_remove(path, NULL), 0);
	assert_int_equal(count_segments(name), 0);
}

/* As if the store had been written to on another host since. */
static void
age_memory(const char *path)
{
	uint8_t	stamp[QT__STAMP_SIZE];
	char	lock[64];
	int	fd;

	snprintf(lock, sizeof(lock), "%s/LOCK", path);
	fd = open(lock, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(qt__stamp_make(fd, stamp), 0);
	close(fd);
}

/* Runs in a child that is another user. */
static int
expect_owned(const char *path)
{
	struct qt_store_options	o = { .flags = QT_STORE_RDONLY };
	struct qt_store		*s;
	struct qt_store_value	 v;
	struct qt_err		 err = QT_ERR_INIT;

	if (setgid(GROUP) < 0 || setuid(12346) < 0)
		return 1;
	if (qt_store_open(path, NULL, &s, &err) != -EPERM ||
	    strstr(err.text, "is another user's") == NULL)
		return 2;
	if (qt_store_open(path, &o, &s, NULL) < 0 ||
	    qt_store_get(s, NULL, &v, "little", 6, NULL) < 0)
		return 3;
	qt_store_value_clear(&v);
	return qt_store_close(s, NULL) < 0 ? 4 : 0;
}

QT_TEST(old_memory_of_another_user_is_told_of_and_does_not_keep_from_reading)
{
	char	path[] = "/tmp/qt-group.XXXXXX";
	pid_t	pid;
	int	status;

	(void)state;
	if (geteuid() != 0)
		skip();
	make_for_group(path);
	as_user(12345, path, put_little);
	age_memory(path);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(expect_owned(path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	as_user(12345, path, put_little);
	assert_int_equal(qt_store_remove(path, NULL), 0);
}
