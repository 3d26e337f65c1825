/* SPDX-License-Identifier: Apache-2.0 */
/* The control segment. See control_priv.h. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>

#include "control_priv.h"
#include "durable_priv.h"

#define KIND	"store"
#define SHM	"/dev/shm"
#define ENDING_MS 1000u		/* for who ends soon */

/*
 * When LOCK was made, in ns; 0 where nobody knows. A folder that is removed and
 * put back from a copy often gets the same inode numbers again, and its id is
 * the same; but what is in memory is not of these files.
 */
static uint64_t
birth_of_lock(int dirfd)
{
	struct statx	st;

	if (statx(dirfd, "LOCK", 0, STATX_BTIME, &st) < 0 ||
	    !(st.stx_mask & STATX_BTIME))
		return 0;
	return (uint64_t)st.stx_btime.tv_sec * UINT64_C(1000000000) +
	    st.stx_btime.tv_nsec;
}

int
qt__control_name(char out[QT__SEG_NAME_SIZE], int dirfd, const uint8_t id[16])
{
	struct {
		uint8_t		id[16];
		uint64_t	dev, ino, birth;
	} of = { .dev = 0 };
	static const struct qt_hash_key key = { { 0x71742d73746f7265, 1 } };
	struct stat	st;

	if (fstatat(dirfd, "LOCK", &st, 0) < 0)
		return errno == ENOENT ? -QT_EFORMAT : -errno;
	memcpy(of.id, id, sizeof(of.id));
	of.dev = st.st_dev;
	of.ino = st.st_ino;
	of.birth = birth_of_lock(dirfd);
	snprintf(out, QT__SEG_NAME_SIZE, "/qt-store-%016" PRIx64,
	    qt_hash(&key, &of, sizeof(of)));
	return 0;
}

void
qt__mem_name(char out[QT__SEG_NAME_SIZE], const char *control, uint64_t number)
{
	snprintf(out, QT__SEG_NAME_SIZE, "%s-%" PRIu64, control, number);
}

uint64_t
qt__where_get(const struct qt__ctl *ctl, struct qt__where *out)
{
	uint64_t	epoch;

	do {
		unsigned int	i;

		epoch = atomic_load_explicit(&ctl->epoch,
		    memory_order_acquire);
		i = epoch & 1;
		out->first_wal = atomic_load_explicit(
		    &ctl->where[i].first_wal, memory_order_relaxed);
		out->active = atomic_load_explicit(&ctl->where[i].active,
		    memory_order_relaxed);
		out->manifest = atomic_load_explicit(&ctl->where[i].manifest,
		    memory_order_relaxed);
		out->sum = (uint32_t)atomic_load_explicit(&ctl->where[i].sum,
		    memory_order_relaxed);
		/* This one is filled anew only when the other counts. */
		atomic_thread_fence(memory_order_acquire);
	} while (epoch != atomic_load_explicit(&ctl->epoch,
	    memory_order_relaxed));
	return epoch;
}

void
qt__where_set(struct qt__ctl *ctl, const struct qt__where *where)
{
	uint64_t	epoch = atomic_load(&ctl->epoch) + 1;
	unsigned int	i = epoch & 1;

	/* Pairs with the fence above: who sees one of these sees the epoch that
	   was before them. */
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&ctl->where[i].first_wal, where->first_wal,
	    memory_order_relaxed);
	atomic_store_explicit(&ctl->where[i].active, where->active,
	    memory_order_relaxed);
	atomic_store_explicit(&ctl->where[i].manifest, where->manifest,
	    memory_order_relaxed);
	atomic_store_explicit(&ctl->where[i].sum, where->sum,
	    memory_order_relaxed);
	atomic_store(&ctl->epoch, epoch);
}

static int
forget_one(void *arg, const char *name)
{
	const char	*control = arg;
	size_t		 len = strlen(control);
	char		 full[256];

	if (strncmp(name, control, len) != 0 || name[len] != '-')
		return 0;
	snprintf(full, sizeof(full), "/%s", name);
	(void)qt_seg_unlink(full);
	return 0;
}

static struct qt__ctl *
find_in(struct qt_seg *seg)
{
	struct qt_seg_entry	e;

	if (qt_seg_entry_get(seg, "control", &e) < 0 ||
	    e.size != sizeof(struct qt__ctl))
		return NULL;
	return qt_seg_at(seg, e.offset, sizeof(struct qt__ctl));
}

/* Who only gets, and so is no user, would not see that there is another. */
static void
tell_gone(const char *name)
{
	struct qt_seg	*seg;
	struct qt__ctl	*ctl;

	if (qt_seg_open(name, KIND, QT_SEG_WRITE, &seg, NULL) < 0)
		return;
	ctl = find_in(seg);
	if (ctl != NULL) {
		atomic_store(&ctl->is_gone, 1);
		/* By two: the same one of where[] counts. */
		atomic_fetch_add(&ctl->epoch, 2);
	}
	qt_seg_close(seg);
}

int
qt__control_forget(const char *name, bool all)
{
	char	control[QT__SEG_NAME_SIZE];

	snprintf(control, sizeof(control), "%s", name + 1);
	/* First: who is killed on the way leaves none that lacks a memtable. */
	if (all) {
		tell_gone(name);
		(void)qt_seg_unlink(name);
	}
	return qt__each_name(AT_FDCWD, SHM, forget_one, control);
}

static int
empty_one(void *arg, const char *name)
{
	const char	*control = arg;
	struct stat	 st;
	char		 path[256];
	int		 fd;

	if (strncmp(name, control, strlen(control)) != 0)
		return 0;
	snprintf(path, sizeof(path), SHM "/%s", name);
	fd = qt_sys_open(AT_FDCWD, path, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0);
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0)
		(void)qt_sys_fallocate(fd, FALLOC_FL_PUNCH_HOLE |
		    FALLOC_FL_KEEP_SIZE, 0, st.st_size);
	close(fd);
	return 0;
}

int
qt__control_empty(const char *name)
{
	char	control[QT__SEG_NAME_SIZE];

	snprintf(control, sizeof(control), "%s", name + 1);
	return qt__each_name(AT_FDCWD, SHM, empty_one, control);
}

struct old {
	const char	*control;	/* with its slash */
	uint64_t	 first;
	bool		 has_strays;
};

static int
forget_old(void *arg, const char *name)
{
	struct old	*o = arg;
	size_t		 len = strlen(o->control);
	char		 full[QT__SEG_NAME_SIZE];
	uint64_t	 number;
	int		 rc;

	if (strncmp(name, o->control + 1, len - 1) != 0 ||
	    name[len - 1] != '-')
		return 0;
	number = strtoull(name + len, NULL, 10);
	qt__mem_name(full, o->control, number);
	if (number >= o->first || strcmp(full + 1, name) != 0)
		return 0;
	rc = qt_seg_unlink(full);
	o->has_strays |= rc == -EPERM || rc == -EACCES;
	return 0;
}

int
qt__control_forget_old(const char *name, uint64_t first)
{
	struct old	o = { .control = name, .first = first };
	int		rc = qt__each_name(AT_FDCWD, SHM, forget_old, &o);

	return rc < 0 ? rc : o.has_strays;
}

void
qt__control_end_syncer(int dirfd, int lock, const struct qt__format *f)
{
	char		 name[QT__SEG_NAME_SIZE];
	struct qt_seg	*seg;
	struct qt__ctl	*ctl;

	if (qt__control_name(name, dirfd, f->id) < 0 ||
	    qt__control_open(&seg, &ctl, name, f->id, false, NULL) < 0)
		return;
	qt__detach_end(ctl, lock, f->set.lock_timeout_ms);
	qt_seg_close(seg);
}

int
qt__control_is_used(int lock, uint64_t timeout_ms)
{
	uint64_t	deadline = qt_clock_mono_ms() +
	    (timeout_ms < ENDING_MS ? timeout_ms : ENDING_MS);
	int		rc;

	while ((rc = qt_sys_is_used(lock, QT__USER_BASE, QT__USER_MAX + 1)) ==
	    1 && qt_clock_mono_ms() <= deadline)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	return rc;
}

int
qt__control_open(struct qt_seg **seg, struct qt__ctl **out, const char *name,
    const uint8_t id[16], bool is_rdonly, struct qt_err *err)
{
	int	rc = qt_seg_open(name, KIND, is_rdonly ? QT_SEG_RDONLY :
	    QT_SEG_WRITE, seg, err);

	if (rc < 0)
		return rc;
	*out = find_in(*seg);
	if (*out == NULL)
		rc = -ENOENT;
	else if (memcmp((*out)->id, id, 16) != 0)
		rc = -QT_EFORMAT;
	if (rc < 0) {
		qt_err_set(err, "segment '%s' is not this store's", name);
		qt_seg_close(*seg);
		*seg = NULL;
		*out = NULL;
	}
	return rc;
}

int
qt__control_create(struct qt_seg **seg, struct qt__ctl **out, const char *name,
    mode_t mode, gid_t group, void (*fill)(struct qt__ctl *ctl, void *arg),
    void *arg, struct qt_err *err)
{
	struct qt_seg_spec	s = {
		.size = 1 << 20, .entries = 8, .participants = 8,
		.mode = mode, .group = group, .kind = KIND,
	};
	struct qt_seg_entry	e = { .name = "control", .dtype = "|u1",
		.type = QT_TYPE_RAW };
	struct qt__ctl		*ctl = NULL;
	uint8_t			 id[sizeof(ctl->id)];
	int			 rc;

	rc = qt_seg_create(name, &s, seg, err);
	if (rc == -EEXIST && qt_seg_unlink(name) == 0)
		rc = qt_seg_create(name, &s, seg, err);
	if (rc < 0)
		return rc;
	rc = qt_seg_alloc(*seg, sizeof(struct qt__ctl), &e.offset);
	if (rc == 0) {
		ctl = qt_seg_at(*seg, e.offset, sizeof(*ctl));
		fill(ctl, arg);
		e.size = e.shape[0] = sizeof(*ctl);
		rc = qt_seg_entry_add(*seg, &e);
	}
	if (rc == 0) {
		*out = ctl;
		if (name == NULL)
			return 0;
		/* Again, not as a participant: see qt__mem_create(). It may be
		   mapped elsewhere then. */
		memcpy(id, ctl->id, sizeof(id));
		qt_seg_close(*seg);
		return qt__control_open(seg, out, name, id, false, err);
	}
	qt_err_set(err, "shared memory for the store");
	if (name != NULL)
		(void)qt_seg_unlink(name);
	qt_seg_close(*seg);
	*seg = NULL;
	return rc;
}
