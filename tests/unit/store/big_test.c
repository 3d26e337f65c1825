/* SPDX-License-Identifier: Apache-2.0 */
/* Values in files of their own. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/sys.h>
#include <qt/store/store.h>

#include "../../../libcommon/store/big_priv.h"
#include "../../../libcommon/store/durable_priv.h"
#include "../child.h"
#include "../place.h"
#include "../test.h"
#include "files.h"

#define LEN	100000u

static char	path[64];
static uint8_t	value[LEN];

static int
folder(void)
{
	int	fd;

	place_new(path, sizeof(path));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (size_t i = 0; i < LEN; i++)
		value[i] = (uint8_t)(i * 2654435761u >> 13);
	return fd;
}

static void
end(int dir)
{
	close(dir);
	assert_int_equal(rmdir(path), 0);
}

static int
write_value(int dir, uint64_t number, const void *data, size_t len,
    struct qt__big_ref *ref)
{
	struct qt__big_value	v = { .key = "a key", .key_len = 5,
	    .data = data, .len = len };

	return qt__big_write(dir, number, &v, ref, NULL);
}

QT_TEST(what_was_written_is_read)
{
	int			dir = folder();
	size_t			lens[] = { 0, 1, 4064, 4065, LEN };
	struct qt__big_ref	ref, again;
	uint8_t			packed[QT__BIG_REF_SIZE];
	struct qt__big		big;

	(void)state;
	for (uint64_t i = 0; i < 5; i++) {
		assert_int_equal(write_value(dir, 7 + i, value, lens[i],
		    &ref), 0);
		qt__big_ref_pack(packed, &ref);
		assert_int_equal(qt__big_ref_unpack(&again, packed,
		    sizeof(packed)), 0);
		assert_memory_equal(&again, &ref, 20);
		assert_int_equal(qt__big_open(&big, dir, &again,
		    QT__BIG_VERIFY, NULL), 0);
		assert_int_equal(big.len, lens[i]);
		assert_int_equal(qt__big_remove(dir, 7 + i), 0);
		/* It stays for who has it open. */
		assert_int_equal(memcmp(big.data, value, lens[i]), 0);
		qt__big_close(&big);
		qt__big_close(&big);
		assert_int_equal(qt__big_open(&big, dir, &again, 0, NULL),
		    -ENOENT);
		assert_int_equal(qt__big_remove(dir, 7 + i), -ENOENT);
	}
	end(dir);
}

QT_TEST(a_number_that_is_taken_and_a_value_that_is_too_large_are_refused)
{
	int			dir = folder();
	struct qt__big_ref	ref, other;
	struct qt__big		big;

	(void)state;
	assert_int_equal(write_value(dir, 1, value, LEN,
		    &ref), 0);
	assert_int_equal(write_value(dir, 1, "x", 1,
		    &other), -EEXIST);
	assert_int_equal(write_value(dir, 2, value, (size_t)QT_STORE_VALUE_MAX + 1,
		    &other), -EMSGSIZE);
	assert_int_equal(qt__big_open(&big, dir, &ref, QT__BIG_VERIFY, NULL),
	    0);
	qt__big_close(&big);
	assert_int_equal(files_count(dir, "."), 1);
	assert_int_equal(qt__big_remove(dir, 1), 0);
	end(dir);
}

QT_TEST(a_reference_that_cannot_be_one_is_refused)
{
	uint8_t			packed[QT__BIG_REF_SIZE + 1] = { 0 };
	struct qt__big_ref	ref = { 1, QT_STORE_VALUE_MAX, 5 };

	(void)state;
	qt__big_ref_pack(packed, &ref);
	assert_int_equal(qt__big_ref_unpack(&ref, packed, 20), 0);
	assert_int_equal(qt__big_ref_unpack(&ref, packed, 19), -QT_ECORRUPT);
	assert_int_equal(qt__big_ref_unpack(&ref, packed, 21), -QT_ECORRUPT);
	ref.len++;
	qt__big_ref_pack(packed, &ref);
	assert_int_equal(qt__big_ref_unpack(&ref, packed, 20), -QT_ECORRUPT);
	ref = (struct qt__big_ref){ 0, 1, 5 };
	qt__big_ref_pack(packed, &ref);
	assert_int_equal(qt__big_ref_unpack(&ref, packed, 20), -QT_ECORRUPT);
}

QT_TEST(damage_of_every_part_is_found_and_told)
{
	int			dir = folder(), fd;
	struct qt__big_ref	ref;
	struct qt__big		big;
	struct qt_err		err = QT_ERR_INIT;
	off_t			at[] = { 0, 8, 15, 16, 24, 32, 36, 40,
	    44, 48, 47 + LEN };
	uint8_t			byte;

	(void)state;
	assert_int_equal(write_value(dir, 3, value, LEN,
		    &ref), 0);
	fd = openat(dir, "000000000003.big", O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		assert_int_equal(pread(fd, &byte, 1, at[i]), 1);
		byte ^= 1;
		assert_int_equal(pwrite(fd, &byte, 1, at[i]), 1);
		assert_int_equal(qt__big_open(&big, dir, &ref, QT__BIG_VERIFY,
		    &err), -QT_ECORRUPT);
		assert_non_null(strstr(err.text, "big/000000000003.big"));
		byte ^= 1;
		assert_int_equal(pwrite(fd, &byte, 1, at[i]), 1);
	}
	for (int more = -1; more <= 1; more += 2) {
		assert_int_equal(ftruncate(fd, 48 + (off_t)LEN + more), 0);
		assert_int_equal(qt__big_open(&big, dir, &ref, 0, &err),
		    -QT_ECORRUPT);
	}
	assert_int_equal(ftruncate(fd, LEN), 0);
	assert_int_equal(qt__big_open(&big, dir, &ref, 0, &err), -QT_ECORRUPT);
	assert_non_null(strstr(err.text, "it has 100000 bytes"));
	close(fd);
	assert_int_equal(qt__big_remove(dir, 3), 0);
	end(dir);
}

QT_TEST(when_any_call_fails_nothing_is_left)
{
	enum qt_sys_call	calls[] = { QT_SYS_OPEN, QT_SYS_FALLOCATE,
	    QT_SYS_WRITE, QT_SYS_FSYNC };
	unsigned int		 expect[] = { 2, 1, 2, 2 };
	int			 dir = folder(), fds = child_count_fds(), rc;
	struct qt__big_ref	 ref;

	(void)state;
	for (int k = 0; k < 4; k++) {
		unsigned int	failed = 0;

		for (unsigned int n = 1; n < 10; n++) {
			qt_sys_fault(calls[k], n, k % 2 ? ENOSPC : EIO);
			rc = write_value(dir, 1, value, LEN,
		    &ref);
			qt_sys_fault(calls[k], 0, 0);
			if (rc == 0) {
				assert_int_equal(qt__big_remove(dir, 1), 0);
				continue;
			}
			failed++;
			assert_int_equal(rc, k % 2 ? -ENOSPC : -EIO);
			assert_int_equal(files_count(dir, "."), 0);
		}
		assert_int_equal(failed, expect[k]);
	}
	assert_int_equal(child_count_fds(), fds);
	end(dir);
}

QT_TEST(short_writes_and_a_disk_that_cannot_reserve_do_no_harm)
{
	int			dir = folder();
	struct qt__big_ref	ref;
	struct qt__big		big;

	(void)state;
	qt_sys_fault(QT_SYS_WRITE, 2, 0);
	qt_sys_fault(QT_SYS_FALLOCATE, 1, EOPNOTSUPP);
	assert_int_equal(write_value(dir, 1, value, LEN,
		    &ref), 0);
	qt_sys_fault(QT_SYS_WRITE, 0, 0);
	qt_sys_fault(QT_SYS_FALLOCATE, 0, 0);
	assert_int_equal(qt__big_open(&big, dir, &ref, QT__BIG_VERIFY, NULL),
	    0);
	assert_memory_equal(big.data, value, LEN);
	qt__big_close(&big);
	/* And what fails while it is read leaves nothing open. */
	qt_sys_fault(QT_SYS_OPEN, 1, EMFILE);
	assert_int_equal(qt__big_open(&big, dir, &ref, 0, NULL), -EMFILE);
	qt_sys_fault(QT_SYS_MMAP, 1, ENOMEM);
	assert_int_equal(qt__big_open(&big, dir, &ref, 0, NULL), -ENOMEM);
	qt_sys_fault(QT_SYS_OPEN, 0, 0);
	qt_sys_fault(QT_SYS_MMAP, 0, 0);
	assert_null(big.map_);
	assert_int_equal(qt__big_remove(dir, 1), 0);
	end(dir);
}
