/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of writing runs: when the disk does not do as it should. */

#include <errno.h>
#include <sys/stat.h>

#include <qt/base/sys.h>

#include "run_world.h"

#define NAME "000000000003.run"

static int
write_run(struct world *w, uint32_t level, struct qt_err *err)
{
	struct qt__run_options	 o = { .level = level, .block_size = 512 };
	struct qt__run_writer	*out;
	struct qt__run_info	 info;
	int			 rc = qt__run_create(&out, w->dirfd, 3, &o, err);

	if (rc < 0) {
		assert_null(out);
		return rc;
	}
	for (size_t i = 0; i < w->count && rc == 0; i++)
		rc = qt__run_add(out, &w->e[i], err);
	if (rc < 0) {
		qt__run_abort(out);
		return rc;
	}
	return qt__run_finish(out, &info, err);
}

static bool
is_there(const struct world *w)
{
	return faccessat(w->dirfd, NAME, F_OK, 0) == 0;
}

static void
hear(void *arg, const char *what)
{
	(void)arg;
	(void)what;
}

/* More than what is gathered before it is written. */
static void
fill_much(struct world *w)
{
	for (int i = 0; i < 300; i++)
		world_add(w, 16, 10000, 250);
	qsort(w->e, w->count, sizeof(*w->e), world_order);
}

static int
with_fault(struct world *w, enum qt_sys_call call, unsigned int nth, int error)
{
	struct qt_err	err = QT_ERR_INIT;
	unsigned int	calls;
	int		rc;

	qt_sys_fault(call, nth, error);
	rc = write_run(w, 1, &err);
	calls = qt_sys_calls(call);
	qt_sys_fault(call, 0, 0);
	if (rc < 0)
		assert_non_null(strstr(err.text, NAME));
	return calls < nth ? 1 : rc;
}

QT_TEST(a_call_that_fails_is_an_error_and_leaves_no_file)
{
	static const enum qt_sys_call	calls[] = {
		QT_SYS_OPEN, QT_SYS_WRITE, QT_SYS_FSYNC,
	};
	static const int	errors[] = { ENOSPC, EIO };
	struct world		w;
	unsigned int		nth;

	(void)state;
	world_open(&w, 1);
	fill_much(&w);
	for (size_t c = 0; c < 3; c++) {
		for (int e = 0; e < 2; e++) {
			for (nth = 1; ; nth++) {
				int rc = with_fault(&w, calls[c], nth,
				    errors[e]);

				if (rc == 1)
					break;
				assert_int_equal(rc, -errors[e]);
				assert_false(is_there(&w));
			}
			assert_true(nth > 1);
			assert_true(is_there(&w));
			assert_int_equal(qt__run_verify(w.dirfd, 3, hear,
			    NULL), 0);
		}
	}
	world_close(&w);
}

QT_TEST(short_writes_are_gone_on_with)
{
	struct world	w;
	int		rc = 0;

	(void)state;
	world_open(&w, 2);
	fill_much(&w);
	for (unsigned int nth = 1; rc == 0; nth++) {
		rc = with_fault(&w, QT_SYS_WRITE, nth, 0);
		assert_true(rc >= 0);
		assert_int_equal(qt__run_verify(w.dirfd, 3, hear, NULL), 0);
	}
	world_close(&w);
}

QT_TEST(reading_calls_that_fail_are_errors)
{
	struct qt_err	err;
	struct qt__run	*r;
	struct world	w;

	(void)state;
	world_open(&w, 3);
	world_fill(&w, 30, 10, 3);
	assert_int_equal(write_run(&w, 0, NULL), 0);
	for (int i = 0; i < 2; i++) {
		enum qt_sys_call call = i == 0 ? QT_SYS_OPEN : QT_SYS_MMAP;

		err.text[0] = '\0';
		qt_sys_fault(call, 1, ENOMEM);
		assert_int_equal(qt__run_open(&r, w.dirfd, 3, 0, NULL, &err),
		    -ENOMEM);
		assert_null(r);
		assert_non_null(strstr(err.text, NAME));
		qt_sys_fault(call, 1, ENOMEM);
		assert_int_equal(qt__run_verify(w.dirfd, 3, hear, NULL),
		    -ENOMEM);
		qt_sys_fault(call, 0, 0);
	}
	world_close(&w);
}

QT_TEST(what_a_dead_writer_left_is_replaced_and_not_written_to)
{
	struct stat	before, after;
	struct world	w;
	int		fd;

	(void)state;
	world_open(&w, 4);
	world_fill(&w, 30, 10, 3);
	fd = openat(w.dirfd, NAME, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "left", 4), 4);
	assert_int_equal(write_run(&w, 0, NULL), 0);
	/* Whoever has the old one open or mapped sees what was there. */
	assert_int_equal(fstat(fd, &before), 0);
	assert_int_equal(before.st_size, 4);
	close(fd);
	assert_int_equal(fstatat(w.dirfd, NAME, &after, 0), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	assert_int_equal(unlinkat(w.dirfd, NAME, 0), 0);
	assert_int_equal(symlinkat("elsewhere", w.dirfd, NAME), 0);
	assert_int_equal(write_run(&w, 0, NULL), 0);
	assert_int_equal(fstatat(w.dirfd, NAME, &after, AT_SYMLINK_NOFOLLOW),
	    0);
	assert_true(S_ISREG(after.st_mode));
	world_close(&w);
}

QT_TEST(a_run_may_be_read_by_whom_the_folder_lets_in)
{
	struct stat	st;
	struct world	w;
	mode_t		mask = umask(022);

	(void)state;
	world_open(&w, 5);
	assert_int_equal(write_run(&w, 0, NULL), 0);
	assert_int_equal(fstatat(w.dirfd, NAME, &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(fchmod(w.dirfd, 0750), 0);
	assert_int_equal(write_run(&w, 0, NULL), 0);
	assert_int_equal(fstatat(w.dirfd, NAME, &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	umask(mask);
	world_close(&w);
}

QT_TEST(the_size_so_far_is_about_what_the_file_will_have)
{
	struct qt__run_options	 o = { .level = 0 };
	struct qt__run_writer	*out;
	struct qt__run_info	 info;
	uint64_t		 size;
	struct world		 w;

	(void)state;
	world_open(&w, 6);
	world_fill(&w, 2000, 20, 7);
	assert_int_equal(qt__run_create(&out, w.dirfd, 3, &o, NULL), 0);
	for (size_t i = 0; i < w.count; i++)
		assert_int_equal(qt__run_add(out, &w.e[i], NULL), 0);
	size = qt__run_size(out);
	assert_int_equal(qt__run_finish(out, &info, NULL), 0);
	assert_in_range(size, info.size * 95 / 100, info.size * 105 / 100);
	world_close(&w);
}
