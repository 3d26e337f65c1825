/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects whose words were overwritten with anything: they are described,
 * checked, swept, repaired and used without a crash or a hang.
 *
 * The input is a list of changes: 1 byte which object, 2 where (in steps of 4
 * bytes from the object's start), 1 how many bytes (4 or 8), 8 the new bytes.
 * What is constant in a head gets its checksum made right again, so that what
 * is behind it is reached. The participant that made the objects is dead.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/hash.h>
#include <qt/shm/array.h>
#include <qt/shm/epoch.h>
#include <qt/shm/pool.h>
#include <qt/shm/ring.h>
#include <qt/shm/value.h>

#include "../../libcommon/shm/object_priv.h"
#include "object_sync.h"

#define SIZE	(512u << 10)
#define CHANGE	12u

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
make_array(struct qt_seg *seg, const char *name)
{
	struct qt_array_spec	spec = { .dtype = "i8", .shape = { 8, 8 } };

	if (qt_array_create(seg, name, &spec, NULL) < 0)
		abort();
}

static void
use_array(struct qt_seg *seg, const char *name)
{
	struct qt_array	*a;
	uint64_t	 v[4];

	if (qt_array_open(seg, name, "i8", &a, NULL) < 0)
		return;
	(void)qt_array_get(a, qt_array_count(a) - 4, 4, v);
	(void)qt_array_put(a, qt_array_count(a) - 4, 4, v);
	(void)qt_array_add(a, 0, 1, NULL);
	qt_array_close(a);
}

static void
make_value(struct qt_seg *seg, const char *name)
{
	struct qt_value_spec	 spec = { .size = 50, .writers = 2 };
	struct qt_value		*v;

	if (qt_value_create(seg, name, &spec, NULL) < 0 ||
	    qt_value_open(seg, name, NULL, &v, NULL) < 0)
		abort();
	for (int i = 0; i < 3; i++)
		if (qt_value_put(v, "a value", 7, NULL) < 0)
			abort();
	qt_value_close(v);
}

static void
use_value(struct qt_seg *seg, const char *name)
{
	struct qt_value	*v;
	uint64_t	 seq = 0;
	char		 buf[50];

	if (qt_value_open(seg, name, NULL, &v, NULL) < 0)
		return;
	(void)qt_value_get(v, buf, sizeof(buf), &seq);
	(void)qt_value_put(v, "other", 5, NULL);
	(void)qt_value_put_if(v, "more", 4, &seq);
	(void)qt_value_wait(v, &seq, QT_WAIT_NEVER);
	(void)qt_value_get(v, buf, sizeof(buf), &seq);
	qt_value_close(v);
}

static void
write_ring(struct qt_ring *r, size_t len)
{
	struct qt_ring_writer	*w;

	if (qt_ring_writer(r, &w, NULL) < 0)
		return;
	for (size_t i = 0; i < len; i += 8)
		if (qt_ring_write(w, "12345678", 8) < 0)
			break;
	qt_ring_writer_close(w);
}

static void
make_ring(struct qt_seg *seg, const char *name)
{
	struct qt_ring	*r;

	if (qt_ring_make(seg, name, QT_RING_LIMIT_MIN, NULL) < 0 ||
	    qt_ring_open(seg, name, &r, NULL) < 0)
		abort();
	write_ring(r, 9000);
	qt_ring_close(r);
}

static void
use_ring(struct qt_seg *seg, const char *name)
{
	struct qt_ring		*r;
	struct qt_ring_reader	*reader;
	uint64_t		 tail, head;
	char			 buf[5000];

	if (qt_ring_open(seg, name, &r, NULL) < 0)
		return;
	if (qt_ring_reader(r, &reader, NULL) == 0) {
		qt_ring_range(reader, &tail, &head);
		(void)qt_ring_read(reader, tail, buf, sizeof(buf));
		(void)qt_ring_read(reader, head - 10, buf, sizeof(buf));
		qt_ring_reader_close(reader);
	}
	write_ring(r, 5000);
	qt_ring_close(r);
}

/*
 * With all that a death may leave: owned blocks, a reader, and limbo. So it is
 * not closed, which would give all of it back.
 */
static void
make_pool(struct qt_seg *seg, const char *name)
{
	struct qt_shm_pool_spec		 spec = { .size = 30, .capacity = 8,
	    .flags = QT_POOL_EPOCHS };
	static struct qt_shm_pool	*p;
	struct qt_shm_pool_guard	 g;
	uint64_t			 h;

	if (qt_shm_pool_create(seg, name, &spec, NULL) < 0 ||
	    qt_shm_pool_open(seg, name, NULL, &p, NULL) < 0 ||
	    qt_shm_pool_enter(p, &g) < 0)
		abort();
	for (int i = 0; i < 6; i++)
		if (qt_shm_pool_alloc(p, &h, QT_WAIT_NEVER) < 0 ||
		    (i < 2 && qt_shm_pool_give(p, h) < 0) ||
		    (i > 3 && qt_shm_pool_retire(p, h) < 0))
			abort();
}

static void
use_pool(struct qt_seg *seg, const char *name)
{
	struct qt_shm_pool		*p;
	struct qt_shm_pool_guard	 g;
	uint64_t			 h;
	uint32_t			 cursor = 0;

	if (qt_shm_pool_open(seg, name, NULL, &p, NULL) < 0)
		return;
	(void)qt_shm_pool_enter(p, &g);
	for (int i = 0; i < 40; i++)
		if (qt_shm_pool_alloc(p, &h, QT_WAIT_NEVER) == 0)
			(void)qt_shm_pool_retire(p, h);
	qt_shm_pool_leave(&g);
	while (qt_shm_pool_next(p, &cursor, &h) == 1)
		(void)qt_shm_pool_retire(p, h);
	for (int i = 0; i < 9; i++)
		(void)qt_shm_pool_alloc(p, &h, QT_WAIT_NEVER);
	qt_shm_pool_close(p);
}

/* A structure adds one line here. */
static const struct {
	const char	*name;
	void		(*make)(struct qt_seg *seg, const char *name);
	void		(*use)(struct qt_seg *seg, const char *name);
} objects[] = {
	{ "array", make_array, use_array },
	{ "value", make_value, use_value },
	{ "ring", make_ring, use_ring },
	{ "mutex", make_mutex, use_mutex },
	{ "rwlock", make_rwlock, use_rwlock },
	{ "semaphore", make_semaphore, use_semaphore },
	{ "latch", make_latch, use_latch },
	{ "barrier", make_barrier, use_barrier },
	{ "event", make_event, use_event },
	{ "once", make_once, use_once },
	{ "pool", make_pool, use_pool },
};
#define OBJECTS (sizeof(objects) / sizeof(objects[0]))

static unsigned char	sound[SIZE];
static uint64_t		offset[OBJECTS], length[OBJECTS];
static int		is_ready;

static void
make_sound(void)
{
	struct qt_seg_spec	 spec = { .size = SIZE, .mode = 0600,
	    .group = (gid_t)-1, .participants = 4, .entries = 32,
	    .kind = "fuzz" };
	struct qt_seg		*seg;
	int			 fd;

	if (qt_seg_create(NULL, &spec, &seg, NULL) < 0)
		abort();
	for (size_t i = 0; i < OBJECTS; i++) {
		struct qt_seg_entry	e;

		objects[i].make(seg, objects[i].name);
		if (qt_seg_entry_get(seg, objects[i].name, &e) < 0)
			abort();
		offset[i] = e.offset;
		length[i] = e.size;
	}
	/* Before it leaves: so it looks dead. */
	fd = qt_seg_dup_rdonly(seg);
	if (fd < 0 || pread(fd, sound, SIZE, 0) != (ssize_t)SIZE)
		abort();
	close(fd);
	qt_seg_close(seg);
}

static void
make_right(unsigned char *at)
{
	struct qt__obj_head	*h = (void *)at;
	uint32_t		 crc;

	crc = qt_crc32c(0, h, offsetof(struct qt__obj_head, crc));
	crc = qt_crc32c(crc, h->dtype, sizeof(h->dtype));
	h->crc = qt_crc32c(crc, h->key_dtype, sizeof(h->key_dtype));
}

static int
file_of(const uint8_t *data, size_t size)
{
	static unsigned char	file[SIZE] __attribute__((aligned(64)));
	int			fd = memfd_create("fuzz", MFD_CLOEXEC);

	memcpy(file, sound, SIZE);
	for (; size >= CHANGE; data += CHANGE, size -= CHANGE) {
		size_t	i = data[0] % OBJECTS, n = data[3] & 1 ? 8 : 4;
		size_t	at = ((size_t)data[1] | (size_t)data[2] << 8) * 4;

		at %= (size_t)length[i] - 8;
		memcpy(file + offset[i] + (at & ~(size_t)3), data + 4, n);
		make_right(file + offset[i]);
	}
	if (fd < 0 || fchmod(fd, 0600) < 0 ||
	    write(fd, file, SIZE) != (ssize_t)SIZE)
		abort();
	return fd;
}

static void
fault(void *arg, const char *name, const char *what)
{
	(void)arg;
	if (memchr(name, '\0', QT_SEG_NAME_SIZE) == NULL || what[0] == '\0')
		abort();
}

static void
see_pin(void *arg, const struct qt_epoch_pin *pin)
{
	*(uint64_t *)arg += pin->limbo;
}

static void
look(struct qt_seg *seg)
{
	for (size_t i = 0; i < OBJECTS; i++) {
		struct qt_obj_stat	st;
		uint64_t		limbo = 0;

		(void)qt_obj_stat(seg, objects[i].name, &st, NULL);
		(void)qt_epoch_each(seg, objects[i].name, see_pin, &limbo,
		    NULL);
	}
}

static void
use(struct qt_seg *seg)
{
	for (size_t i = 0; i < OBJECTS; i++)
		objects[i].use(seg, objects[i].name);
	look(seg);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qt_seg	*seg;
	int		 fd;

	if (!is_ready) {
		make_sound();
		is_ready = 1;
	}
	fd = file_of(data, size);
	if (qt_seg_open_fd(fd, NULL, QT_SEG_RDONLY, &seg, NULL) == 0) {
		use(seg);
		qt_seg_close(seg);
	}
	/* Joining sweeps the dead maker. */
	if (qt_seg_open_fd(fd, NULL, QT_SEG_JOIN, &seg, NULL) < 0)
		abort();
	use(seg);
	(void)qt_obj_fsck(seg, QT_OBJ_FSCK_REPAIR, fault, NULL);
	use(seg);
	for (size_t i = 0; i < OBJECTS; i++)
		(void)qt_obj_erase(seg, objects[i].name, NULL);
	if (qt_obj_fsck(seg, 0, fault, NULL) < 0 ||
	    qt_seg_fsck(seg, NULL) < 0)
		abort();
	qt_seg_close(seg);
	close(fd);
	return 0;
}
