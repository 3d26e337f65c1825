/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power cuts of ../cut.h: what is known to be wrong is found, what is known
 * to be right is let pass, and the states are those that a disk may have.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "../cut.h"
#include "../place.h"
#include "../test.h"

static char	root[64];
static int	rootfd;

static struct cut_log *
begin_kind(size_t unit, int is_kind)
{
	place_new(root, sizeof(root));
	rootfd = qt_sys_open(AT_FDCWD, root, O_DIRECTORY | O_RDONLY, 0);
	assert_true(rootfd >= 0);
	return cut_begin(root, unit, is_kind);
}

static struct cut_log *
begin(void)
{
	return begin_kind(4096, 0);
}

/* Ends what was recorded, and tries it. 1 when something wrong was found. */
static int
is_bad(struct cut_log *log,
    const char *(*check)(void *, const char *, const struct cut_at *))
{
	struct cut_check	c = { .check = check, .randoms = 20 };
	struct cut_result	r;

	cut_end(log);
	close(rootfd);
	cut_each(log, &c, &r);
	cut_free(log);
	place_remove(root);
	assert_true(r.states > 0 && r.records > 0);
	if (r.wrong[0] != '\0')
		print_message("# %s\n", r.wrong);
	return r.wrong[0] != '\0';
}

static void
make(const char *name, const char *text, int is_synced)
{
	int	fd = qt_sys_open(rootfd, name, O_WRONLY | O_CREAT | O_TRUNC,
	    0600);

	assert_true(fd >= 0);
	assert_int_equal(qt_sys_write_all(fd, text, strlen(text)), 0);
	if (is_synced)
		assert_int_equal(qt_sys_fsync(fd), 0);
	close(fd);
}

/* What a file holds; "-": it is not there. */
static const char *
text_of(const char *dir, const char *name)
{
	static char	text[16384];
	char		path[512];
	ssize_t		n;
	int		fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return "-";
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static int
is_done(const struct cut_at *at, uint64_t value)
{
	for (size_t i = 0; i < at->count; i++)
		if (at->marks[i].what == CUT_DONE &&
		    at->marks[i].value == value)
			return 1;
	return 0;
}

/* f goes from old to new at once, and is new when that was said. */
static const char *
check_replaced(void *arg, const char *dir, const struct cut_at *at)
{
	const char	*text = text_of(dir, "f");

	(void)arg;
	if (strcmp(text, "new") != 0 && is_done(at, 2))
		return "new was promised";
	if (is_done(at, 1) && strcmp(text, "old") != 0 &&
	    strcmp(text, "new") != 0)
		return "neither old nor new";
	return NULL;
}

/* The steps of a replacement, each of which may be left out. */
static int
replace(int is_kind, int sync_file, int sync_folder)
{
	struct cut_log	*log = begin_kind(4096, is_kind);

	make("f", "old", 1);
	assert_int_equal(qt_sys_fsync(rootfd), 0);
	cut_mark(CUT_DONE, 1);
	make("f.new", "new", sync_file);
	assert_int_equal(qt_sys_rename(rootfd, "f.new", "f"), 0);
	if (sync_folder)
		assert_int_equal(qt_sys_fsync(rootfd), 0);
	cut_mark(CUT_DONE, 2);
	return is_bad(log, check_replaced);
}

QT_TEST(a_replacement_needs_both_of_its_syncs)
{
	(void)state;
	assert_true(replace(0, 0, 0));
	assert_true(replace(0, 0, 1));
	assert_true(replace(0, 1, 0));
	assert_false(replace(0, 1, 1));
	assert_true(replace(1, 0, 0));
	assert_true(replace(1, 0, 1));
	assert_true(replace(1, 1, 0));
	assert_false(replace(1, 1, 1));
}

static const char *
check_made(void *arg, const char *dir, const struct cut_at *at)
{
	(void)arg;
	return is_done(at, 1) && strcmp(text_of(dir, "sub/f"), "x") != 0 ?
	    "it is not there" : NULL;
}

static int
make_in_folder(int is_kind, int sync_sub, int sync_root)
{
	struct cut_log	*log = begin_kind(4096, is_kind);
	char		 path[128];
	int		 fd;

	snprintf(path, sizeof(path), "%s/sub", root);
	assert_int_equal(qt_sys_mkdir(path, 0700), 0);
	make("sub/f", "x", 1);
	fd = qt_sys_open(rootfd, "sub", O_DIRECTORY | O_RDONLY, 0);
	if (sync_sub)
		assert_int_equal(qt_sys_fsync(fd), 0);
	if (sync_root)
		assert_int_equal(qt_sys_fsync(rootfd), 0);
	close(fd);
	cut_mark(CUT_DONE, 1);
	return is_bad(log, check_made);
}

QT_TEST(a_synced_file_needs_its_name_and_that_of_its_folder)
{
	(void)state;
	assert_true(make_in_folder(0, 0, 0));
	assert_true(make_in_folder(0, 0, 1));
	assert_true(make_in_folder(0, 1, 0));
	assert_false(make_in_folder(0, 1, 1));
	/* A journal holds the names when it holds the file. */
	assert_false(make_in_folder(1, 0, 0));
}

/* Two pages; the second says whether the first is valid. */
static const char *
check_pages(void *arg, const char *dir, const struct cut_at *at)
{
	const char	*text = text_of(dir, "f");

	(void)arg;
	(void)at;
	if (strlen(text) < 100)
		return NULL;
	if (text[4096] == 'y' && text[0] != 'y')
		return "the second page without the first";
	if (text[0] == 'y' && memcmp(text, text + 1, 4095) != 0)
		return "half a page";
	return NULL;
}

static int
write_pages(size_t unit, int is_synced)
{
	struct cut_log	*log;
	char		 page[4096], old[8192];
	int		 fd;

	memset(page, 'y', sizeof(page));
	memset(old, 'x', sizeof(old));
	place_new(root, sizeof(root));
	rootfd = qt_sys_open(AT_FDCWD, root, O_DIRECTORY | O_RDONLY, 0);
	fd = qt_sys_open(rootfd, "f", O_RDWR | O_CREAT, 0600);
	assert_int_equal(qt_sys_write_all(fd, old, sizeof(old)), 0);
	/* What was there before need not be synced. */
	log = cut_begin(root, unit, 0);
	assert_int_equal(qt_sys_pwrite(fd, page, 4096, 0), 4096);
	if (is_synced)
		assert_int_equal(qt_sys_fsync(fd), 0);
	assert_int_equal(qt_sys_pwrite(fd, page, 4096, 4096), 4096);
	close(fd);
	return is_bad(log, check_pages);
}

QT_TEST(pages_come_in_any_order_and_sectors_one_by_one)
{
	(void)state;
	assert_true(write_pages(4096, 0));
	assert_false(write_pages(4096, 1));
	assert_true(write_pages(512, 1));
}

static const char *
check_log(void *arg, const char *dir, const struct cut_at *at)
{
	const char	*text = text_of(dir, "log");
	unsigned int	*seen = arg;
	size_t		 len = strlen(text);

	if (strcmp(text, "-") == 0)
		return "the name was there";
	*seen |= 1u << len;
	return len < at->count ? "what was done is lost" :
	    len > at->count + 1 ? "what was not done is there" :
	    strspn(text, "a") != len ? "a hole" : NULL;
}

/* Each letter is synced by another process than the one that wrote it. */
QT_TEST(a_sync_counts_for_what_others_wrote_before_it_began)
{
	struct cut_log		*log;
	struct cut_check	 c = { .check = check_log, .randoms = 2 };
	struct cut_result	 r;
	unsigned int		 seen = 0;
	int			 fd, status;

	(void)state;
	place_new(root, sizeof(root));
	rootfd = qt_sys_open(AT_FDCWD, root, O_DIRECTORY | O_RDONLY, 0);
	make("log", "", 0);
	log = cut_begin(root, 4096, 0);
	fd = qt_sys_open(rootfd, "log", O_RDWR, 0600);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(qt_sys_pwrite(fd, "a", 1, i), 1);
		if (fork() == 0)
			_exit(qt_sys_fsync(fd) < 0);
		assert_true(wait(&status) > 0 && status == 0);
		cut_mark(CUT_DONE, 0);
	}
	close(fd);
	close(rootfd);
	cut_end(log);
	c.arg = &seen;
	cut_each(log, &c, &r);
	assert_string_equal(r.wrong, "");
	assert_int_equal(seen, 0xf);
	cut_free(log);
	place_remove(root);
}

/* A sync fails, and the next one succeeds; the bytes may be written again. */
static int
sync_again(int is_rewritten)
{
	struct cut_log	*log = begin();
	int		 fd;

	fd = qt_sys_open(rootfd, "f", O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_int_equal(qt_sys_fsync(rootfd), 0);
	assert_int_equal(qt_sys_pwrite(fd, "new", 3, 0), 3);
	qt_sys_fault(QT_SYS_FSYNC, 1, EIO);
	assert_int_equal(qt_sys_fsync(fd), -EIO);
	qt_sys_fault(QT_SYS_FSYNC, 0, 0);
	if (is_rewritten)
		assert_int_equal(qt_sys_pwrite(fd, "new!", 4, 0), 4);
	if (is_rewritten)
		assert_int_equal(qt_sys_ftruncate(fd, 3), 0);
	assert_int_equal(qt_sys_fsync(fd), 0);
	close(fd);
	cut_mark(CUT_DONE, 2);
	return is_bad(log, check_replaced);
}

QT_TEST(what_a_failed_sync_dropped_is_not_there_by_the_next)
{
	(void)state;
	assert_true(sync_again(0));
	assert_false(sync_again(1));
}

static const char *
check_sizes(void *arg, const char *dir, const struct cut_at *at)
{
	unsigned int	*seen = arg;
	char		 path[512];
	struct stat	 st;

	snprintf(path, sizeof(path), "%s/g", dir);
	if (stat(path, &st) == 0)
		*seen |= st.st_size == 9000 ? 1 : st.st_size == 3 ? 2 :
		    st.st_size == 5 ? 4 : st.st_size == 0 ? 8 : 16;
	snprintf(path, sizeof(path), "%s/h", dir);
	if (is_done(at, 1) && stat(path, &st) < 0)
		return "a link is lost";
	if (is_done(at, 1) && strcmp(text_of(dir, "h"), "abc") != 0)
		return "what was cut off is back";
	snprintf(path, sizeof(path), "%s/gone", dir);
	return is_done(at, 1) && stat(path, &st) == 0 ?
	    "what was removed is back" : NULL;
}

QT_TEST(sizes_links_and_removals_are_states_too)
{
	struct cut_log		*log = begin();
	unsigned int		 seen = 0;
	struct cut_check	 c = { .check = check_sizes, .arg = &seen,
	    .randoms = 20 };
	struct cut_result	 r;
	int			 fd;

	(void)state;
	fd = qt_sys_open(rootfd, "g", O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_int_equal(qt_sys_fallocate(fd, 0, 0, 9000), 0);
	assert_int_equal(qt_sys_fsync(rootfd), 0);
	assert_int_equal(qt_sys_pwrite(fd, "abcdef", 6, 0), 6);
	assert_int_equal(qt_sys_ftruncate(fd, 3), 0);
	assert_int_equal(qt_sys_ftruncate(fd, 5), 0);
	assert_int_equal(qt_sys_fsync(fd), 0);
	assert_int_equal(qt_sys_linkat_fd(fd, rootfd, "h"), 0);
	make("gone", "x", 1);
	assert_int_equal(qt_sys_unlink(rootfd, "gone"), 0);
	assert_int_equal(qt_sys_fsync(rootfd), 0);
	cut_mark(CUT_DONE, 1);
	close(fd);
	close(rootfd);
	cut_end(log);
	cut_each(log, &c, &r);
	assert_string_equal(r.wrong, "");
	assert_int_equal(seen, 15);
	c.max = r.states / 4;
	cut_each(log, &c, &r);
	assert_in_range(r.states, 1, c.max);
	assert_true(r.skipped >= 2 * r.states);
	cut_free(log);
	place_remove(root);
}
