/* SPDX-License-Identifier: Apache-2.0 */
/* Making a segment: names, modes, sizes, and every call that may fail. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <qt/base/sys.h>
#include <qt/shm/ring.h>

#include "../child.h"
#include "../test.h"
#include "shm_test.h"
#include "small.h"

static mode_t
mode_of(const char *name)
{
	struct stat	st;
	char		path[300];

	snprintf(path, sizeof(path), "/dev/shm%s", name);
	return stat(path, &st) < 0 ? 0 : st.st_mode & 07777;
}

QT_TEST(a_name_that_is_taken_stays_whose_it_is)
{
	const char	*name = test_name();
	struct qt_seg	*seg, *second;
	struct qt_err	 err = QT_ERR_INIT;
	uint64_t	 id;

	(void)state;
	assert_int_equal(qt_seg_create(name, &test_spec, &seg, NULL), 0);
	id = qt_seg_id(seg);
	assert_int_equal(qt_seg_create(name, &test_spec, &second, &err),
	    -EEXIST);
	assert_null(second);
	assert_non_null(strstr(err.text, name));
	assert_int_equal(qt_seg_open(name, "test", QT_SEG_RDONLY, &second,
	    NULL), 0);
	assert_int_equal(qt_seg_id(second), id);
	qt_seg_close(second);
	assert_int_equal(qt_seg_unlink(name), 0);
	assert_int_equal(qt_seg_unlink(name), -ENOENT);
	assert_int_equal(qt_seg_open(name, NULL, QT_SEG_JOIN, &second, NULL),
	    -ENOENT);
	qt_seg_close(seg);
}

QT_TEST(the_mode_is_as_asked_whatever_the_umask_says)
{
	struct qt_seg_spec	 spec = test_spec;
	const char		*name = test_name();
	struct qt_seg		*seg;
	mode_t			 old = umask(0777);

	(void)state;
	assert_int_equal(qt_seg_create(name, &spec, &seg, NULL), 0);
	assert_int_equal(mode_of(name), 0600);
	qt_seg_unlink(name);
	qt_seg_close(seg);

	spec.mode = 0660;
	spec.group = getegid();
	assert_int_equal(qt_seg_create(name, &spec, &seg, NULL), 0);
	assert_int_equal(mode_of(name), 0660);
	qt_seg_unlink(name);
	qt_seg_close(seg);
	umask(old);
}

QT_TEST(a_mode_for_everybody_or_for_no_group_is_refused)
{
	static const mode_t	modes[] = { 0, 0400, 0606, 0644, 0666, 0700,
	    0660, 01600 };
	struct qt_seg_spec	spec = test_spec;
	struct qt_seg		*seg;
	struct qt_err		err = QT_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		spec.mode = modes[i];
		assert_int_equal(qt_seg_create(NULL, &spec, &seg, &err),
		    -EINVAL);
		assert_non_null(strstr(err.text, "mode"));
	}
}

QT_TEST(bad_names_and_impossible_sizes_are_refused)
{
	static const char *const	names[] = { "", "/", "x", "/a/b", "/.",
	    "/.." };
	char				longest[300];
	struct qt_seg_spec		spec = test_spec;
	struct qt_seg			*seg;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(qt_seg_create(names[i], &spec, &seg, NULL),
		    -EINVAL);
		assert_int_equal(qt_seg_unlink(names[i]), -EINVAL);
	}
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(qt_seg_create(longest, &spec, &seg, NULL), -EINVAL);

	spec.size = 4096;
	assert_int_equal(qt_seg_create(NULL, &spec, &seg, NULL), -EINVAL);
	spec.size = UINT64_MAX;
	assert_int_equal(qt_seg_create(NULL, &spec, &seg, NULL), -EINVAL);
	spec.size = 1 << 20;
	spec.entries = 1u << 20;
	assert_int_equal(qt_seg_create(NULL, &spec, &seg, NULL), -EINVAL);
	spec.entries = 0;
	spec.participants = 1u << 20;
	assert_int_equal(qt_seg_create(NULL, &spec, &seg, NULL), -EINVAL);
}

QT_TEST(sixty_four_gibibytes_cost_a_few_pages)
{
	struct qt_seg_spec	spec = test_spec;
	struct qt_seg		*seg;
	uint64_t		at, last;

	(void)state;
	spec.size = UINT64_C(64) << 30;
	assert_int_equal(qt_seg_create(NULL, &spec, &seg, NULL), 0);
	assert_int_equal(qt_seg_size(seg), spec.size);
	assert_true(qt_seg_used(seg) < 128 << 10);
	assert_int_equal(qt_seg_alloc(seg, 1 << 20, &at), 0);
	assert_int_equal(qt_seg_alloc(seg, 4096, &last), 0);
	*(char *)qt_seg_at(seg, last, 1) = 1;
	assert_true(qt_seg_used(seg) < 2 << 20);
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);
	qt_seg_close(seg);
}

QT_TEST(every_size_from_the_smallest_lays_out_soundly)
{
	struct qt_seg_spec	spec = test_spec;
	struct qt_seg		*seg;
	uint64_t		at;
	int			ok = 0;

	(void)state;
	for (spec.size = 4096; spec.size < 8 << 20;
	    spec.size += spec.size < 1 << 20 ? 4096 : 65536 + 4096) {
		if (qt_seg_create(NULL, &spec, &seg, NULL) < 0) {
			assert_int_equal(ok, 0);
			continue;
		}
		ok++;
		assert_int_equal(qt_seg_fsck(seg, NULL), 0);
		qt_seg_close(test_join(seg, QT_SEG_JOIN));
		assert_int_equal(qt_seg_alloc(seg, 1, &at), 0);
		qt_seg_close(seg);
	}
	assert_true(ok > 100);
}

static const enum qt_sys_call	create_calls[] = {
	QT_SYS_OPEN, QT_SYS_READ, QT_SYS_FTRUNCATE, QT_SYS_FALLOCATE,
	QT_SYS_MMAP, QT_SYS_LINK, QT_SYS_LOCK, QT_SYS_MEMFD,
};

/* Any one call that fails leaves no name and no descriptor. */
static void
fail_each(const char *name, int error)
{
	size_t	ncalls = sizeof(create_calls) / sizeof(create_calls[0]);

	for (size_t i = 0; i < ncalls; i++) {
		unsigned int	n = 0, calls;

		do {
			struct qt_seg	*seg = NULL;
			int		 fds = child_count_fds(), rc;

			qt_sys_fault(create_calls[i], ++n, error);
			rc = qt_seg_create(name, &test_spec, &seg, NULL);
			calls = qt_sys_calls(create_calls[i]);
			qt_sys_fault(create_calls[i], 0, 0);
			assert_true(rc == 0 || rc == -error);
			assert_int_equal(rc == 0, seg != NULL);
			if (name != NULL)
				assert_int_equal(qt_seg_unlink(name),
				    rc == 0 ? 0 : -ENOENT);
			qt_seg_close(seg);
			assert_int_equal(child_count_fds(), fds);
		} while (calls >= n);
	}
}

QT_TEST(a_call_that_fails_leaves_no_name_and_no_descriptor)
{
	const char	*name = test_name();

	(void)state;
	fail_each(name, ENOSPC);
	fail_each(name, EMFILE);
	fail_each(NULL, ENOMEM);
}

static int
count_names(void)
{
	DIR		*dir = opendir("/dev/shm");
	struct dirent	*d;
	int		 n = 0;

	if (dir == NULL)
		return -1;
	while ((d = readdir(dir)) != NULL)
		n += strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
	closedir(dir);
	return n;
}

static int
full(void *arg)
{
	struct qt_seg	*seg, *second;
	uint64_t	 at[256];
	int		 n = 0;

	(void)arg;
	if (small_shm() != 0)
		return 77;
	CHECK(qt_seg_create("/one", &test_spec, &seg, NULL) == 0);
	while (n < 256 && qt_seg_alloc(seg, 8192, &at[n]) == 0)
		n++;
	CHECK(n > 50 && n < 256);
	CHECK(qt_seg_alloc(seg, 8192, &at[255]) == -ENOSPC);
	/* No SIGBUS: whatever was handed out has memory. */
	for (int i = 0; i < n; i++)
		memset(qt_seg_at(seg, at[i], 8192), 1, 8192);
	CHECK(qt_seg_create("/two", &test_spec, &second, NULL) == -ENOSPC);
	CHECK(count_names() == 1);
	CHECK(qt_seg_fsck(seg, NULL) == 0);
	for (int i = 0; i < n; i++)
		CHECK(qt_seg_free(seg, at[i]) == 0);
	CHECK(qt_seg_alloc(seg, 400 << 10, &at[0]) == 0);
	qt_seg_close(seg);
	return 0;
}

QT_TEST(a_full_file_system_is_enospc_and_never_a_signal)
{
	(void)state;
	run_small(full);
}

static int
full_ring(void *arg)
{
	struct qt_seg		*seg;
	struct qt_ring_writer	*w, *none;
	uint64_t		 ring, second, at;
	char			 data[4096] = "x";

	(void)arg;
	if (small_shm() != 0)
		return 77;
	CHECK(qt_seg_create("/one", &test_spec, &seg, NULL) == 0);
	CHECK(qt_ring_create(seg, 4 << 20, &ring) == 0);
	CHECK(qt_ring_create(seg, 4 << 20, &second) == 0);
	CHECK(qt_ring_writer_open(seg, ring, &w, NULL) == 0);
	for (int i = 0; i < 2000; i++)
		CHECK(qt_ring_write(w, data, sizeof(data)) == 0);
	CHECK(qt_ring_writer_head(w) == 2000 * sizeof(data));
	while (qt_seg_alloc(seg, 4096, &at) == 0)
		;
	CHECK(qt_ring_writer_open(seg, second, &none, NULL) == 0);
	CHECK(qt_ring_write(none, "x", 1) == -ENOSPC);
	qt_ring_writer_close(none);
	qt_ring_writer_close(w);
	CHECK(qt_ring_destroy(seg, ring) == 0);
	CHECK(qt_seg_fsck(seg, NULL) == 0);
	qt_seg_close(seg);
	return 0;
}

QT_TEST(a_ring_on_a_full_file_system_goes_on_with_what_it_has)
{
	(void)state;
	run_small(full_ring);
}

/* O_TMPFILE answers EOPNOTSUPP, as on file systems that do not have it. */
static int
without_tmpfile(void *arg)
{
	unsigned int	tmpfile_call = 0;

	(void)arg;
	if (small_shm() != 0)
		return 77;
	for (unsigned int n = 1; n < 10; n++) {
		struct qt_seg	*seg, *second;
		int		 rc;

		qt_sys_fault(QT_SYS_UNLINK, 0, 0);
		qt_sys_fault(QT_SYS_OPEN, n, EOPNOTSUPP);
		rc = qt_seg_create("/fallback", &test_spec, &seg, NULL);
		qt_sys_fault(QT_SYS_OPEN, 0, 0);
		if (rc < 0) {
			CHECK(count_names() == 0);
			continue;
		}
		if (qt_sys_calls(QT_SYS_UNLINK) == 1)
			tmpfile_call = n;
		CHECK(count_names() == 1);
		CHECK(mode_of("/fallback") == 0600);
		CHECK(qt_seg_create("/fallback", &test_spec, &second, NULL) ==
		    -EEXIST);
		CHECK(qt_seg_unlink("/fallback") == 0);
		qt_seg_close(seg);
	}
	CHECK(tmpfile_call != 0);
	/* And then the link fails: no temporary name stays either. */
	for (unsigned int n = 1; n < 3; n++) {
		struct qt_seg	*seg;

		qt_sys_fault(QT_SYS_OPEN, tmpfile_call, EOPNOTSUPP);
		qt_sys_fault(QT_SYS_LINK, n, EACCES);
		if (qt_seg_create("/fallback", &test_spec, &seg, NULL) == 0)
			qt_seg_unlink("/fallback");
		qt_seg_close(seg);
		qt_sys_fault(QT_SYS_LINK, 0, 0);
		CHECK(count_names() == 0);
	}
	return 0;
}

QT_TEST(without_o_tmpfile_the_name_still_appears_complete)
{
	(void)state;
	run_small(without_tmpfile);
}

static int
beyond_the_limit(void *arg)
{
	struct rlimit	 limit = { 1u << 20, 1u << 20 };
	struct qt_seg	*seg;
	struct qt_err	 err = QT_ERR_INIT;

	(void)arg;
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHECK(qt_seg_create(test_name(), &test_spec, &seg, &err) == -EFBIG);
	CHECK(strstr(err.text, "ulimit -f") != NULL);
	CHECK(qt_seg_create(NULL, &test_spec, &seg, &err) == -EFBIG);
	return 0;
}

QT_TEST(a_limit_of_file_sizes_is_an_error_and_no_signal)
{
	struct child	child;

	(void)state;
	child_run(&child, beyond_the_limit, NULL);
	if (child.status != 0)
		fail_msg("%d: %s", child.status, child.err);
}
