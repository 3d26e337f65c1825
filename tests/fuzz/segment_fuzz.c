/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a segment of any bytes, and using it: reads, joins, allocates, makes
 * and destroys rings and objects, without a crash, a hang or a signal.
 *
 * The first byte chooses: even: the rest is the file; odd: the rest is a list
 * of changes to a sound segment (3 bytes where, 1 how, 8 the new word), after
 * which the header's checksum is made right again, so that what is behind it
 * is reached.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/hash.h>
#include <qt/shm/array.h>
#include <qt/shm/ring.h>

#include "../../libcommon/shm/ring_priv.h"

#define SIZE	(128u << 10)
#define CHANGE	12u

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned char	sound[SIZE];
static int		is_ready;

/* Two rings, one used and one empty, two arrays, a free extent. */
static void
make_sound(void)
{
	struct qt_seg_spec	 spec = { .size = SIZE, .mode = 0600,
	    .group = (gid_t)-1, .participants = 4, .entries = 8,
	    .kind = "fuzz" };
	struct qt_array_spec	 array = { .dtype = "[('a','<i4'),('b','S4')]",
	    .shape = { 8, 8 } };
	struct qt_seg		*seg;
	struct qt_ring_writer	*w;
	struct qt_seg_entry	 e = { .type = QT_TYPE_RAW, .size = 1024 };
	uint64_t		 at;
	char			 text[10000] = "text";
	int			 fd;

	if (qt_seg_create(NULL, &spec, &seg, NULL) < 0 ||
	    qt_array_create(seg, "x", &array, NULL) < 0 ||
	    qt_array_create(seg, "y", &array, NULL) < 0)
		abort();
	for (int i = 0; i < 2; i++) {
		if (qt_ring_create(seg, 16 << 10, &e.offset) < 0)
			abort();
		e.name[0] = (char)('a' + i);
		if (qt_seg_entry_add(seg, &e) < 0)
			abort();
	}
	if (qt_ring_writer_open(seg, e.offset, &w, NULL) < 0 ||
	    qt_seg_alloc(seg, 8192, &at) < 0 ||
	    qt_ring_write(w, text, sizeof(text)) < 0 ||
	    qt_seg_free(seg, at) < 0)
		abort();
	fd = qt_seg_dup_rdonly(seg);
	if (fd < 0 || pread(fd, sound, SIZE, 0) != (ssize_t)SIZE)
		abort();
	/* As its maker would leave it if it died now. */
	close(fd);
	qt_ring_writer_close(w);
	qt_seg_close(seg);
}

/* A copy of the sound one with changes, in file. */
static void
change(unsigned char *file, const uint8_t *data, size_t size)
{
	struct qt__seg_head	head;

	memcpy(file, sound, SIZE);
	for (; size >= CHANGE; data += CHANGE, size -= CHANGE) {
		size_t	at = (size_t)data[0] | (size_t)data[1] << 8 |
		    (size_t)data[2] << 16;

		/* Most words of interest are in the tables. */
		at %= data[3] & 1 ? SIZE : 16384;
		if (data[3] & 2) {
			at &= ~(size_t)7;
			if (at + 8 <= SIZE)
				memcpy(file + at, data + 4, 8);
		} else {
			file[at] = data[4];
		}
	}
	memcpy(&head, file, sizeof(head));
	head.crc = qt_crc32c(0, &head, offsetof(struct qt__seg_head, crc));
	memcpy(file, &head, sizeof(head));
}

static int
file_of(const uint8_t *data, size_t size)
{
	static unsigned char	file[SIZE];
	int			fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || fchmod(fd, 0600) < 0)
		abort();
	if (data[0] & 1) {
		change(file, data + 1, size - 1);
		data = file;
		size = SIZE;
	} else {
		data++;
		size--;
	}
	if (write(fd, data, size) != (ssize_t)size)
		abort();
	return fd;
}

static void
read_ring(const struct qt_seg *seg, uint64_t at)
{
	static char		 buf[70000];
	struct qt_ring_reader	*r;
	uint64_t		 tail, head;
	ssize_t			 n;

	if (qt_ring_reader_open(seg, at, &r, NULL) < 0)
		return;
	qt_ring_range(r, &tail, &head);
	for (int i = 0; i < 100; i++, tail += (uint64_t)n) {
		n = qt_ring_read(r, tail, buf, sizeof(buf));
		if (n <= 0)
			break;
	}
	(void)qt_ring_read(r, head - 1, buf, sizeof(buf));
	(void)qt_ring_read(r, UINT64_MAX, buf, sizeof(buf));
	qt_ring_reader_close(r);
}

static void
look_at_object(struct qt_seg *seg, const char *name)
{
	static char		 buf[8192];
	struct qt_obj_stat	 st;
	struct qt_array		*a;

	(void)qt_obj_stat(seg, name, &st, NULL);
	if (qt_array_open(seg, name, NULL, &a, NULL) < 0)
		return;
	if (qt_array_elem_size(a) <= sizeof(buf)) {
		(void)qt_array_get(a, 0, 1, buf);
		(void)qt_array_get(a, qt_array_count(a) - 1, 1, buf);
		(void)qt_array_put(a, qt_array_count(a) - 1, 1, buf);
	}
	(void)qt_array_add(a, 0, 1, NULL);
	qt_array_close(a);
}

static void
look(struct qt_seg *seg)
{
	struct qt_seg_participant	p;
	struct qt_seg_entry		e, again;
	uint32_t			cursor = 0;

	while (qt_seg_entry_next(seg, &cursor, &e)) {
		(void)qt_seg_entry_get(seg, e.name, &again);
		look_at_object(seg, e.name);
		read_ring(seg, e.offset);
	}
	for (cursor = 0; qt_seg_participant_next(seg, &cursor, &p);)
		(void)qt_seg_is_alive(seg, p.id);
	/* The offsets of the sound one, also when its entries are damaged. */
	for (uint64_t at = 0; at < SIZE; at += 1024)
		read_ring(seg, at);
}

static void
use(struct qt_seg *seg)
{
	struct qt_array_spec	 array = { .dtype = "i8", .shape = { 9 } };
	struct qt_ring_writer	*w;
	struct qt_seg_entry	 e;
	uint64_t		 at[4], ring;
	uint32_t		 cursor = 0;
	char			 text[5000] = "text";

	(void)qt_seg_sweep(seg);
	(void)qt_seg_fsck(seg, NULL);
	(void)qt_obj_fsck(seg, QT_OBJ_FSCK_REPAIR, NULL, NULL);
	(void)qt_obj_gc(seg);
	for (int i = 0; i < 4; i++)
		if (qt_seg_alloc(seg, 3000u << i, &at[i]) < 0)
			at[i] = 0;
	if (qt_ring_create(seg, 16 << 10, &ring) == 0)
		(void)qt_ring_destroy(seg, ring);
	if (qt_array_create(seg, "new", &array, NULL) == 0)
		look_at_object(seg, "new");
	while (qt_seg_entry_next(seg, &cursor, &e)) {
		(void)qt_obj_erase(seg, e.name, NULL);
		if (qt_ring_writer_open(seg, e.offset, &w, NULL) < 0)
			continue;
		for (int i = 0; i < 8; i++)
			(void)qt_ring_write(w, text, sizeof(text));
		qt_ring_writer_close(w);
		(void)qt_ring_destroy(seg, e.offset);
		(void)qt_seg_entry_del(seg, e.name);
	}
	for (int i = 0; i < 4; i++)
		(void)qt_seg_free(seg, at[i]);
	(void)qt_seg_fsck(seg, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qt_seg	*seg;
	int		 fd;

	if (size == 0 || size > SIZE)
		return 0;
	if (!is_ready) {
		make_sound();
		is_ready = 1;
	}
	fd = file_of(data, size);
	if (qt_seg_open_fd(fd, NULL, QT_SEG_RDONLY, &seg, NULL) == 0) {
		look(seg);
		qt_seg_close(seg);
	}
	if (qt_seg_open_fd(fd, NULL, QT_SEG_JOIN, &seg, NULL) == 0) {
		use(seg);
		look(seg);
		qt_seg_close(seg);
	}
	close(fd);
	return 0;
}
