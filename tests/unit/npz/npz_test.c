/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of <qt/npz/npz.h>; NumPy's own reading is in tests/cmd/shm_npz.bats. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/err.h>
#include <qt/base/sys.h>
#include <qt/npz/npz.h>

#include "../test.h"

#define ALL	UINT64_MAX

static struct qt_npy
npy(const char *dtype, unsigned int dims, uint64_t count)
{
	struct qt_npy	n = { .dims = dims, .shape = { count }, .count = count };

	assert_int_equal(qt_dtype_parse(&n.dtype, dtype, NULL), 0);
	return n;
}

static int
new_file(void)
{
	int	fd = qt_sys_memfd("npz", 0, 0);

	assert_true(fd >= 0);
	return fd;
}

/* Members "a", three i2, and "b", one f4 without dimensions. */
static int
small_file(void)
{
	static const short	a[] = { 1, 2, -3 };
	static const float	b = 2.5f;
	struct qt_npy		na = npy("<i2", 1, 3), nb = npy("<f4", 0, 1);
	struct qt_npz_writer	*w;
	int			 fd = new_file();

	assert_int_equal(qt_npz_new(&w, fd), 0);
	assert_int_equal(qt_npz_add(w, "a", &na), 0);
	assert_int_equal(qt_npz_put(w, a, 4), 0);
	assert_int_equal(qt_npz_put(w, a + 2, 2), 0);
	assert_int_equal(qt_npz_add(w, "b", &nb), 0);
	assert_int_equal(qt_npz_put(w, &b, sizeof(b)), 0);
	assert_int_equal(qt_npz_finish(w), 0);
	qt_npz_free(w);
	return fd;
}

static size_t
size_of(int fd)
{
	struct stat	st;

	assert_int_equal(fstat(fd, &st), 0);
	return (size_t)st.st_size;
}

/* Whether a file says what small_file() wrote; all of it is read. */
static int
is_small(struct qt_npz *z)
{
	const struct qt_npz_member	*a = qt_npz_member(z, 0);
	short				 got[3];
	float				 b;

	if (qt_npz_count(z) != 2 || strcmp(a->name, "a") != 0 ||
	    strcmp(a[0].npy.dtype.text, "<i2") != 0 || a->npy.count != 3 ||
	    strcmp(qt_npz_member(z, 1)->name, "b") != 0 ||
	    qt_npz_member(z, 1)->npy.dims != 0 ||
	    qt_npz_start(z, 1, NULL) < 0 ||
	    qt_npz_get(z, &b, sizeof(b), NULL) < 0 ||
	    qt_npz_end(z, NULL) < 0 || qt_npz_start(z, 0, NULL) < 0 ||
	    qt_npz_get(z, got, sizeof(got), NULL) < 0 ||
	    qt_npz_end(z, NULL) < 0)
		return 0;
	return b == 2.5f && got[0] == 1 && got[1] == 2 && got[2] == -3;
}

/* 0 when it opens and all of it can be read; what was wrong. */
static int
try_file(int fd, uint32_t members_max, uint64_t size_max, struct qt_err *err)
{
	struct qt_npz	*z;
	int		 rc = qt_npz_open(&z, fd, members_max, size_max, err);

	if (rc == 0)
		rc = qt_npz_check(z, err);
	qt_npz_close(z);
	return rc;
}

QT_TEST(what_is_written_is_read_again)
{
	struct qt_npz	*z;
	int		 fd = small_file();

	(void)state;
	assert_int_equal(qt_npz_open(&z, fd, 2, 10, NULL), 0);
	assert_int_equal(qt_npz_check(z, NULL), 0);
	assert_true(is_small(z));
	assert_null(qt_npz_member(z, 2));
	qt_npz_close(z);
	qt_npz_close(NULL);
	qt_npz_free(NULL);
	close(fd);
}

QT_TEST(the_same_members_make_the_same_bytes)
{
	unsigned char	x[1024], y[1024];
	int		fd = small_file(), again = small_file();
	size_t		len = size_of(fd);

	(void)state;
	assert_int_equal(size_of(again), len);
	assert_true(len <= sizeof(x));
	assert_int_equal(pread(fd, x, len, 0), len);
	assert_int_equal(pread(again, y, len, 0), len);
	assert_memory_equal(x, y, len);
	close(fd);
	close(again);
}

QT_TEST(no_more_members_and_bytes_than_are_allowed)
{
	struct qt_err	err = QT_ERR_INIT;
	int		fd = small_file();

	(void)state;
	assert_int_equal(try_file(fd, 1, ALL, &err), -EINVAL);
	assert_non_null(strstr(err.text, "2 members, more than the 1"));
	assert_int_equal(try_file(fd, 2, 9, &err), -EINVAL);
	assert_non_null(strstr(err.text, "more than 9 bytes"));
	assert_int_equal(try_file(fd, 2, 10, &err), 0);
	close(fd);
}

QT_TEST(a_file_that_ends_anywhere_is_refused)
{
	int	fd = small_file();
	size_t	len = size_of(fd);

	(void)state;
	while (len-- > 0) {
		assert_int_equal(ftruncate(fd, (off_t)len), 0);
		assert_int_equal(try_file(fd, 2, ALL, NULL), -QT_EFORMAT);
	}
	close(fd);
}

/* Dates and such do not matter; what does is noticed, whichever bit it is. */
QT_TEST(a_file_with_one_bit_changed_is_refused_or_says_the_same)
{
	struct qt_npz	*z;
	unsigned char	 byte, other;
	int		 fd = small_file();
	size_t		 len = size_of(fd), same = 0;

	(void)state;
	for (size_t i = 0; i < len * 8; i++) {
		assert_int_equal(pread(fd, &byte, 1, (off_t)(i / 8)), 1);
		other = byte ^ (unsigned char)(1u << i % 8);
		assert_int_equal(pwrite(fd, &other, 1, (off_t)(i / 8)), 1);
		if (qt_npz_open(&z, fd, 2, ALL, NULL) == 0 &&
		    qt_npz_check(z, NULL) == 0) {
			if (!is_small(z))
				fail_msg("bit %zu is not noticed", i);
			same++;
		}
		qt_npz_close(z);
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)(i / 8)), 1);
	}
	/* Of each member: versions, flags, times, modes; 41 bytes at most. */
	assert_true(same < 2 * 41 * 8);
	assert_int_equal(try_file(fd, 2, ALL, NULL), 0);
	close(fd);
}

QT_TEST(names_that_no_member_may_have)
{
	static const char *const	bad[] = { "", ".", "..", "a/b", "/", "a\\b",
	    "a\nb", "\x1b[2J", "\xff", "\xc3", "\xc2\x9b", "a\x7f" };
	char				long_name[65];
	struct qt_npy			n = npy("<i2", 1, 1);
	struct qt_npz_writer		*w;
	int				fd = new_file();

	(void)state;
	assert_int_equal(qt_npz_new(&w, fd), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(qt_npz_is_name(bad[i], strlen(bad[i])));
		assert_int_equal(qt_npz_add(w, bad[i], &n), -EINVAL);
	}
	assert_false(qt_npz_is_name("a\0b", 3));
	memset(long_name, 'x', 64);
	assert_false(qt_npz_is_name(long_name, 64));
	assert_true(qt_npz_is_name(long_name, 63));
	assert_true(qt_npz_is_name("...", 3));
	assert_true(qt_npz_is_name("caf\xc3\xa9 x.npy", 11));
	qt_npz_free(w);
	close(fd);
}

QT_TEST(a_member_has_as_many_bytes_as_it_was_said_to_have)
{
	struct qt_npy		n = npy("<i2", 1, 2);
	struct qt_npz_writer	*w;
	int			fd = new_file();

	(void)state;
	assert_int_equal(qt_npz_new(&w, fd), 0);
	assert_int_equal(qt_npz_put(w, "ab", 2), -EINVAL);
	assert_int_equal(qt_npz_add(w, "a", &n), 0);
	assert_int_equal(qt_npz_put(w, "abcde", 5), -EINVAL);
	assert_int_equal(qt_npz_put(w, "ab", 2), 0);
	assert_int_equal(qt_npz_add(w, "b", &n), -EINVAL);
	assert_int_equal(qt_npz_finish(w), -EINVAL);
	assert_int_equal(qt_npz_put(w, "cd", 2), 0);
	assert_int_equal(qt_npz_finish(w), 0);
	qt_npz_free(w);
	assert_int_equal(try_file(fd, 1, 4, NULL), 0);
	close(fd);
}

QT_TEST(a_disk_that_is_full_is_said_and_leaves_no_whole_file)
{
	struct qt_npy		n = npy("<i2", 1, 1);
	struct qt_npz_writer	*w;
	int			fd, rc;

	(void)state;
	for (unsigned int nth = 1; nth <= 5; nth++) {
		fd = new_file();
		assert_int_equal(qt_npz_new(&w, fd), 0);
		qt_sys_fault(QT_SYS_PWRITE, nth, ENOSPC);
		rc = qt_npz_add(w, "a", &n);
		if (rc == 0)
			rc = qt_npz_put(w, "ab", 2);
		if (rc == 0)
			rc = qt_npz_finish(w);
		assert_int_equal(rc, -ENOSPC);
		assert_int_equal(try_file(fd, 1, ALL, NULL), -QT_EFORMAT);
		qt_npz_free(w);
		close(fd);
	}
	qt_sys_fault(QT_SYS_PWRITE, 0, 0);
}

QT_TEST(more_than_4_gib_are_written_and_read_at_both_ends)
{
	const uint64_t		 size = (UINT64_C(1) << 32) + 5;
	static char		 zeros[1 << 20];
	struct qt_npy		 n = npy("|u1", 1, size), last = npy("|u1", 1, 1);
	struct qt_npz_writer	*w;
	struct qt_npz		*z;
	uint64_t		 left = size;
	char			 byte;
	int			 fd;

	(void)state;
	if (getenv("QT_STRESS") == NULL ||
	    strcmp(getenv("QT_STRESS"), "long") != 0) {
		print_message("4 GiB of memory: QT_STRESS=long\n");
		skip();
	}
	fd = new_file();
	assert_int_equal(qt_npz_new(&w, fd), 0);
	assert_int_equal(qt_npz_add(w, "large", &n), 0);
	for (; left > sizeof(zeros); left -= sizeof(zeros))
		assert_int_equal(qt_npz_put(w, zeros, sizeof(zeros)), 0);
	assert_int_equal(qt_npz_put(w, zeros, (size_t)left), 0);
	assert_int_equal(qt_npz_add(w, "far", &last), 0);
	assert_int_equal(qt_npz_put(w, "x", 1), 0);
	assert_int_equal(qt_npz_finish(w), 0);
	qt_npz_free(w);
	assert_int_equal(qt_npz_open(&z, fd, 2, ALL, NULL), 0);
	assert_int_equal(qt_npz_check(z, NULL), 0);
	assert_int_equal(qt_npz_member(z, 0)->npy.count, size);
	assert_int_equal(qt_npz_start(z, 1, NULL), 0);
	assert_int_equal(qt_npz_get(z, &byte, 1, NULL), 0);
	assert_int_equal(byte, 'x');
	qt_npz_close(z);
	close(fd);
}
