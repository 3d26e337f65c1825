/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a folder that a group may write to, made with an umask of 022. */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/store/store.h>

#include "../test.h"

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
