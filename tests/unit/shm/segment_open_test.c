/* SPDX-License-Identifier: Apache-2.0 */
/* Opening: what is refused and why, and what a reader can and cannot do. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <qt/base/hash.h>
#include <qt/base/sys.h>
#include <qt/shm/ring.h>

#include "../../../libcommon/shm/segment_priv.h"
#include "../child.h"
#include "../test.h"
#include "shm_test.h"

/* A copy of a small segment's file, to be damaged. */
static int
copy_of_a_segment(void)
{
	struct qt_seg_spec	 spec = test_spec;
	struct qt_seg		*seg;
	struct qt_ring_writer	*w;
	uint64_t		 at;
	char			 buf[4096];
	int			 from, to = memfd_create("copy", MFD_CLOEXEC);

	spec.size = 256 << 10;
	assert_int_equal(qt_seg_create(NULL, &spec, &seg, NULL), 0);
	assert_int_equal(qt_ring_create(seg, 1 << 20, &at), 0);
	assert_int_equal(qt_ring_writer_open(seg, at, &w, NULL), 0);
	assert_int_equal(qt_ring_write(w, "hello", 5), 0);
	qt_ring_writer_close(w);
	from = qt_seg_dup_rdonly(seg);
	assert_true(from >= 0 && to >= 0);
	assert_int_equal(fchmod(to, 0600), 0);
	for (uint64_t i = 0; i < spec.size; i += sizeof(buf)) {
		assert_int_equal(pread(from, buf, sizeof(buf), (off_t)i),
		    sizeof(buf));
		assert_int_equal(pwrite(to, buf, sizeof(buf), (off_t)i),
		    sizeof(buf));
	}
	close(from);
	qt_seg_close(seg);
	return to;
}

static int
try_open(int fd, unsigned int flags)
{
	struct qt_seg	*seg;
	struct qt_err	 err = QT_ERR_INIT;
	int		 rc = qt_seg_open_fd(fd, "test", flags, &seg, &err);

	if (rc == 0)
		qt_seg_close(seg);
	else
		assert_true(err.text[0] != '\0');
	return rc;
}

/* Writes a header that is wrong in one thing only. */
static int
try_head(int fd, struct qt__seg_head h)
{
	h.crc = qt_crc32c(0, &h, offsetof(struct qt__seg_head, crc));
	assert_int_equal(pwrite(fd, &h, sizeof(h), 0), sizeof(h));
	return try_open(fd, QT_SEG_JOIN);
}

QT_TEST(every_flipped_byte_of_the_header_is_refused)
{
	struct qt__seg_head	h;
	int			fd = copy_of_a_segment();

	(void)state;
	assert_int_equal(pread(fd, &h, sizeof(h), 0), sizeof(h));
	for (size_t i = 0; i < sizeof(h); i++) {
		for (unsigned int bit = 1; bit <= 128; bit += bit + 126) {
			((unsigned char *)&h)[i] ^= bit;
			assert_int_equal(pwrite(fd, &h, sizeof(h), 0),
			    sizeof(h));
			assert_true(try_open(fd, QT_SEG_JOIN) <= -QT_EFORMAT);
			assert_true(try_open(fd, QT_SEG_RDONLY) <=
			    -QT_EFORMAT);
			((unsigned char *)&h)[i] ^= bit;
		}
	}
	assert_int_equal(pwrite(fd, &h, sizeof(h), 0), sizeof(h));
	assert_int_equal(try_open(fd, QT_SEG_JOIN), 0);
	close(fd);
}

QT_TEST(every_flipped_byte_of_the_tables_is_survived)
{
	int	fd = copy_of_a_segment();

	(void)state;
	/* The allocator's words and the slots: open may say yes or no. */
	for (off_t at = 256; at < 8192; at++) {
		unsigned char	c, flipped;
		struct qt_seg	*seg;
		uint64_t	offset;

		assert_int_equal(pread(fd, &c, 1, at), 1);
		flipped = c ^ 0xff;
		assert_int_equal(pwrite(fd, &flipped, 1, at), 1);
		if (qt_seg_open_fd(fd, NULL, QT_SEG_JOIN, &seg, NULL) == 0) {
			if (qt_seg_alloc(seg, 8192, &offset) == 0)
				(void)qt_seg_free(seg, offset);
			if (qt_ring_create(seg, 1 << 20, &offset) == 0)
				(void)qt_ring_destroy(seg, offset);
			(void)qt_seg_fsck(seg, NULL);
			qt_seg_close(seg);
		}
		close(fd);
		fd = copy_of_a_segment();
	}
	close(fd);
}

QT_TEST(headers_that_lie_with_a_right_checksum_are_refused)
{
	struct qt__seg_head	h, bad;
	int			fd = copy_of_a_segment();

	(void)state;
	assert_int_equal(pread(fd, &h, sizeof(h), 0), sizeof(h));
#define REFUSED(field, value, code) do {				\
	bad = h;							\
	bad.field = (value);						\
	assert_int_equal(try_head(fd, bad), -(code));			\
} while (0)
	REFUSED(magic[0], 'X', QT_EFORMAT);
	REFUSED(order, 0x04030201, QT_EFORMAT);
	REFUSED(kind[0], 'X', QT_EFORMAT);
	REFUSED(major, 2, QT_EVERSION);
	REFUSED(need, 1, QT_EVERSION);
	REFUSED(need_write, 2, QT_EVERSION);
	REFUSED(size, h.size + 4096, QT_ECORRUPT);
	REFUSED(word_size, 4, QT_ECORRUPT);
	REFUSED(page_size, 0, QT_ECORRUPT);
	REFUSED(page_size, 4097, QT_ECORRUPT);
	REFUSED(block_size, 0, QT_ECORRUPT);
	REFUSED(head_size, 0, QT_ECORRUPT);
	REFUSED(slot_offset, 0, QT_ECORRUPT);
	REFUSED(slot_offset, UINT64_MAX - 63, QT_ECORRUPT);
	REFUSED(slot_count, 0, QT_ECORRUPT);
	REFUSED(slot_count, UINT32_MAX, QT_ECORRUPT);
	REFUSED(entry_offset, h.slot_offset, QT_ECORRUPT);
	REFUSED(entry_count, UINT32_MAX, QT_ECORRUPT);
	REFUSED(ready_offset, h.entry_offset, QT_ECORRUPT);
	REFUSED(map_offset, h.map_offset + 8, QT_ECORRUPT);
	REFUSED(map_offset, h.size, QT_ECORRUPT);
	REFUSED(page_count, 0, QT_ECORRUPT);
	REFUSED(page_count, UINT32_MAX, QT_ECORRUPT);
	REFUSED(data_offset, h.map_offset, QT_ECORRUPT);
	REFUSED(data_offset, UINT64_MAX - 4095, QT_ECORRUPT);
#undef REFUSED
	/* Features that only writers must know, and a newer minor version. */
	bad = h;
	bad.need_write = 3;
	bad.optional = UINT64_MAX;
	bad.minor = 7;
	(void)try_head(fd, bad);
	assert_int_equal(try_open(fd, QT_SEG_WRITE), -QT_EVERSION);
	assert_int_equal(try_open(fd, QT_SEG_RDONLY), 0);
	bad.need_write = 0;
	assert_int_equal(try_head(fd, bad), 0);
	close(fd);
}

QT_TEST(a_file_of_another_size_is_refused_at_every_length)
{
	int		fd = copy_of_a_segment();
	struct stat	st;

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(ftruncate(fd, st.st_size + 1), 0);
	assert_int_equal(try_open(fd, QT_SEG_RDONLY), -QT_ECORRUPT);
	for (off_t n = st.st_size - 1; n > 256; n = n * 3 / 4) {
		assert_int_equal(ftruncate(fd, n), 0);
		assert_int_equal(try_open(fd, QT_SEG_RDONLY), -QT_ECORRUPT);
		assert_int_equal(try_open(fd, QT_SEG_JOIN), -QT_ECORRUPT);
	}
	assert_int_equal(ftruncate(fd, 255), 0);
	assert_int_equal(try_open(fd, QT_SEG_RDONLY), -QT_EFORMAT);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(try_open(fd, QT_SEG_RDONLY), -QT_EFORMAT);
	close(fd);
}

QT_TEST(what_is_no_regular_file_or_writable_by_all_is_refused)
{
	int	fd = copy_of_a_segment(), dir = open("/dev/shm", O_RDONLY);

	(void)state;
	assert_int_equal(try_open(dir, QT_SEG_RDONLY), -QT_EFORMAT);
	close(dir);
	assert_int_equal(fchmod(fd, 0602), 0);
	assert_int_equal(try_open(fd, QT_SEG_RDONLY), -QT_EOWNER);
	assert_int_equal(try_open(-1, QT_SEG_RDONLY), -EBADF);
	assert_true(try_open(-1, QT_SEG_JOIN) < 0);
	assert_int_equal(try_open(fd, QT_SEG_RDONLY | QT_SEG_JOIN), -EINVAL);
	close(fd);
}

QT_TEST(another_users_segment_is_refused_unless_a_group_shares_it)
{
	const char	*name = test_name();
	char		 path[128];
	struct qt_seg	*seg, *other;
	struct qt_err	 err = QT_ERR_INIT;

	(void)state;
	if (geteuid() != 0) {
		print_message("# needs root, to give a file away\n");
		skip();
	}
	snprintf(path, sizeof(path), "/dev/shm%s", name);
	assert_int_equal(qt_seg_create(name, &test_spec, &seg, NULL), 0);
	assert_int_equal(chown(path, 12345, getegid()), 0);
	assert_int_equal(qt_seg_open(name, "test", QT_SEG_JOIN, &other, &err),
	    -QT_EOWNER);
	assert_non_null(strstr(err.text, "12345"));
	assert_int_equal(chmod(path, 0660), 0);
	assert_int_equal(qt_seg_open(name, "test", QT_SEG_JOIN, &other, NULL),
	    0);
	qt_seg_close(other);
	assert_int_equal(chown(path, 12345, 12345), 0);
	assert_int_equal(qt_seg_open(name, "test", QT_SEG_JOIN, &other, NULL),
	    -QT_EOWNER);
	qt_seg_unlink(name);
	qt_seg_close(seg);
}

QT_TEST(a_link_in_the_place_of_a_segment_is_not_followed)
{
	const char	*name = test_name();
	char		 path[128];
	struct qt_seg	*seg;

	(void)state;
	snprintf(path, sizeof(path), "/dev/shm%s", name);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(qt_seg_open(name, NULL, QT_SEG_RDONLY, &seg, NULL),
	    -ELOOP);
	assert_int_equal(unlink(path), 0);
}

static int
write_to_reader(void *arg)
{
	struct qt_seg	*reader = arg;

	*(volatile char *)reader->map = 'X';
	return 0;
}

QT_TEST(a_read_only_handle_and_its_descriptor_cannot_write)
{
	struct qt_seg	*seg = test_seg(), *reader;
	struct child	 child;
	uint64_t	 at, id;
	void		*map;
	int		 fd;

	(void)state;
	reader = test_join(seg, QT_SEG_RDONLY);
	assert_int_equal(qt_seg_self(reader), 0);
	id = qt_seg_id(seg);
	assert_int_equal(qt_seg_id(reader), id);
	assert_int_equal(qt_seg_alloc(reader, 1, &at), -EACCES);
	assert_int_equal(qt_seg_free(reader, 0), -EACCES);
	assert_int_equal(qt_seg_sweep(reader), -EACCES);
	assert_int_equal(qt_seg_entry_del(reader, "x"), -EACCES);
	assert_int_equal(qt_ring_create(reader, 1 << 20, &at), -EACCES);
	assert_int_equal(qt_seg_dup_rdwr(reader), -EACCES);

	fd = qt_seg_dup_rdonly(reader);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_equal(map, MAP_FAILED);
	assert_int_equal(write(fd, "X", 1), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	close(fd);

	child_run(&child, write_to_reader, reader);
	/* By the signal, or by a sanitizer that reports it. */
	assert_true(child.status != 0);
	assert_int_equal(seg->map[0], 'Q');
	qt_seg_close(reader);
	qt_seg_close(seg);
}

static int
write_as_child(void *arg)
{
	struct qt_seg	*seg = arg;
	uint64_t	 at = seg->head.data_offset, *word;

	word = qt_seg_at(seg, at, 8);
	if (*word != 17 || qt_seg_after_fork(seg, NULL) != 0 ||
	    qt_seg_self(seg) != 0)
		return 1;
	if (qt_seg_back(seg, at + 4096, 4096) != 0)
		return 2;
	word[512] = ++*word;
	qt_seg_close(seg);
	return 0;
}

QT_TEST(a_writing_handle_is_no_participant_and_stays_good_in_a_child)
{
	struct qt_seg	*seg = test_seg(), *w;
	struct child	 child;
	uint64_t	 at, *word;
	int		 fd;

	(void)state;
	assert_int_equal(qt_seg_reserve(seg, 16384, &at), 0);
	assert_int_equal(at, seg->head.data_offset);
	w = test_join(seg, QT_SEG_WRITE);
	assert_int_equal(qt_seg_self(w), 0);
	assert_int_equal(qt_seg_is_alive(w, 1), 1);
	assert_int_equal(qt_seg_alloc(w, 1, &at), -EACCES);
	assert_int_equal(qt_seg_reserve(w, 1, &at), -EACCES);
	assert_int_equal(qt_seg_free(w, at), -EACCES);
	assert_int_equal(qt_seg_sweep(w), -EACCES);
	assert_int_equal(qt_seg_fsck(w, NULL), -EACCES);
	assert_int_equal(qt_seg_entry_del(w, "x"), -EACCES);
	assert_int_equal(qt_ring_create(w, 1 << 20, &at), -EACCES);

	assert_int_equal(qt_seg_back(w, at, 8), 0);
	word = qt_seg_at(w, at, 8);
	*word = 17;
	child_run(&child, write_as_child, w);
	assert_int_equal(child.status, 0);
	word = qt_seg_at(seg, at, 8);
	assert_int_equal(word[0], 18);
	assert_int_equal(word[512], 18);

	/* What is open for reading only is not to be written through. */
	fd = qt_seg_dup_rdwr(w);
	assert_int_equal(try_open(fd, QT_SEG_WRITE), 0);
	close(fd);
	fd = qt_seg_dup_rdonly(w);
	assert_int_equal(try_open(fd, QT_SEG_WRITE), -EACCES);
	assert_int_equal(try_open(fd, QT_SEG_WRITE | QT_SEG_JOIN), -EINVAL);
	assert_int_equal(try_open(fd, QT_SEG_WRITE | QT_SEG_RDONLY), -EINVAL);
	close(fd);
	qt_seg_close(w);
	qt_seg_close(seg);
}

QT_TEST(a_writing_handle_is_opened_by_name)
{
	const char	*name = test_name();
	struct qt_seg	*seg, *w;
	uint64_t	 at;

	(void)state;
	assert_int_equal(qt_seg_create(name, &test_spec, &seg, NULL), 0);
	assert_int_equal(qt_seg_alloc(seg, 8, &at), 0);
	assert_int_equal(qt_seg_open(name, "test", QT_SEG_WRITE, &w, NULL), 0);
	assert_int_equal(qt_seg_id(w), qt_seg_id(seg));
	*(uint64_t *)qt_seg_at(w, at, 8) = 17;
	assert_int_equal(*(uint64_t *)qt_seg_at(seg, at, 8), 17);
	qt_seg_close(w);
	qt_seg_unlink(name);
	qt_seg_close(seg);
}

QT_TEST(a_nameless_segment_cannot_change_its_size)
{
	struct qt_seg	*seg = test_seg();
	int		 fd = qt_seg_dup_rdwr(seg);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 4096), -1);
	assert_int_equal(ftruncate(fd, 1 << 30), -1);
	close(fd);
	qt_seg_close(seg);
}

QT_TEST(at_gives_only_what_is_wholly_in_the_data_area)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 size = qt_seg_size(seg);

	(void)state;
	assert_null(qt_seg_at(seg, 0, 1));
	assert_null(qt_seg_at(seg, seg->head.data_offset - 1, 1));
	assert_non_null(qt_seg_at(seg, seg->head.data_offset, 1));
	assert_non_null(qt_seg_at(seg, size - 1, 1));
	assert_null(qt_seg_at(seg, size - 1, 2));
	assert_null(qt_seg_at(seg, size, 1));
	assert_null(qt_seg_at(seg, UINT64_MAX, 1));
	assert_null(qt_seg_at(seg, seg->head.data_offset, UINT64_MAX));
	qt_seg_close(seg);
}

/* Each call that fails: the opener gets the code, the others a sound segment. */
QT_TEST(a_call_that_fails_while_opening_harms_nobody)
{
	static const enum qt_sys_call	calls[] = { QT_SYS_OPEN, QT_SYS_PREAD,
	    QT_SYS_MMAP, QT_SYS_LOCK, QT_SYS_READ };
	struct qt_seg	*seg = test_seg();
	int		 fd = qt_seg_dup_rdwr(seg), fds = child_count_fds();

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		unsigned int	n = 0, count;

		do {
			struct qt_seg	*other;

			qt_sys_fault(calls[i], ++n, EIO);
			if (qt_seg_open_fd(fd, "test", QT_SEG_JOIN, &other,
			    NULL) == 0)
				qt_seg_close(other);
			count = qt_sys_calls(calls[i]);
			qt_sys_fault(calls[i], 0, 0);
			assert_int_equal(child_count_fds(), fds);
			assert_int_equal(qt_seg_fsck(seg, NULL), 0);
			assert_int_equal(try_open(fd, QT_SEG_JOIN), 0);
		} while (count >= n);
	}
	close(fd);
	qt_seg_close(seg);
}
