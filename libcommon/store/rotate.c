/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The next memtable, and the files of logs.
 *
 *	1. make segment NAME-(n+1) and file wal/(n+1)
 *	2. freeze the active one
 *	3. active = n + 1, epoch + 1
 *
 * All under WRITE. When 1 fails, for want of memory, small records may still
 * find room in the active one. Killed after 1: what the next writer who does it
 * finds in the way is nobody's, because active has not named it, and is replaced.
 * Killed after 2: he finds the active one frozen and does 1 to 3 again.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>

#include "collect_priv.h"
#include "durable_priv.h"
#include "log_priv.h"
#include "rotate_priv.h"
#include "store_priv.h"
#include "worker_priv.h"

#define ROOM_LEAST	(UINT64_C(1) << 20)
#define ROOM_MOST	(UINT64_C(16) << 20)

/* Half of what the log may have in all: one is filled while one is flushed. */
uint64_t
qt__rotate_size(const struct qt_store *s)
{
	uint64_t	size = s->set.memtable_size;

	if (size > s->set.wal_max / 2)
		size = s->set.wal_max / 2;
	return (size + QT__BACK_STEP - 1) / QT__BACK_STEP * QT__BACK_STEP;
}

uint64_t
qt__rotate_count(const struct qt_store *s)
{
	uint64_t	count = s->set.wal_max / qt__rotate_size(s);

	return count < 2 ? 2 : count < QT__MEMS_MAX - 1 ? count :
	    QT__MEMS_MAX - 1;
}

int
qt__wal_open(struct qt_store *s, struct qt__mem *m, enum qt__wal_of whose,
    struct qt_err *err)
{
	struct qt__wal	*wal = &m->wal[whose];
	uint64_t	 file = atomic_load(&m->head->file);
	char		 name[QT__WAL_NAME_SIZE];
	int		 fd = wal->fd;

	if (fd >= 0 && wal->file == file)
		return fd;
	/* First the mark: a fork child finds none rather than a closed one. */
	wal->fd = -1;
	if (fd >= 0)	/* its successor has its name: sync.c, rescue() */
		close(fd);
	qt__wal_name(name, m->number);
	fd = qt__create_file(s->wal_dirfd, name, O_RDWR);
	if (fd < 0) {
		qt_err_set(err, "open log '%s'", name);
		return fd;
	}
	wal->file = file;
	wal->fd = fd;
	return fd;
}

/* Of step bytes or less. */
static int
make_room(struct qt__mem *m, int fd, uint64_t room, uint64_t end,
    uint64_t step)
{
	int	rc;

	end = (end + step - 1) & ~(step - 1);
	if (end > m->log_size)
		end = m->log_size;
	rc = qt_sys_fallocate(fd, 0, (off_t)room, (off_t)(end - room));
	/* Not every file system can: then a full disk is found by the leader. */
	if (rc < 0 && rc != -EOPNOTSUPP)
		return rc;
	atomic_store_explicit(&m->head->room, end, memory_order_relaxed);
	return 0;
}

int
qt__wal_room(struct qt_store *s, struct qt__mem *m, uint64_t end,
    struct qt_err *err)
{
	uint64_t	room = atomic_load_explicit(&m->head->room,
	    memory_order_relaxed);
	uint64_t	step = ROOM_LEAST;
	int		fd, rc;

	if (end <= room || s->set.mode == QT_STORE_MEMORY)
		return 0;
	fd = qt__wal_open(s, m, QT__OF_WRITER, err);
	if (fd < 0)
		return fd;
	/* Ever more at once, as it may have to wait for the leader's write. */
	while (step < ROOM_MOST && step < end / 8)
		step *= 2;
	rc = make_room(m, fd, room, end, step);
	if (rc == -ENOSPC && step > ROOM_LEAST)
		rc = make_room(m, fd, room, end, ROOM_LEAST);
	if (rc < 0)
		qt_err_set(err, "disk space for log %llu",
		    (unsigned long long)m->number);
	return rc;
}

/* The file: the spare one, whose blocks are there already, or none yet. */
static int
make_file(struct qt_store *s, struct qt__mem *m, struct qt_err *err)
{
	char		name[QT__WAL_NAME_SIZE];
	struct stat	st;
	int		rc;

	if (s->set.mode == QT_STORE_MEMORY)
		return 0;
	qt__wal_name(name, m->number);
	/* What somebody put there that is no file stays where it is. */
	if (fstatat(s->wal_dirfd, QT__WAL_SPARE, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode))
		return 0;
	rc = qt_sys_rename(s->wal_dirfd, QT__WAL_SPARE, name);
	if (rc < 0 && rc != -ENOENT) {
		qt_err_set(err, "rename '" QT__WAL_SPARE "' to '%s'", name);
		return rc;
	}
	if (rc == 0 && fstatat(s->wal_dirfd, name, &st, 0) == 0) {
		uint64_t	size = (uint64_t)st.st_size;

		if (size > m->log_size)
			size = m->log_size;
		atomic_store(&m->head->room, size);
		atomic_store(&m->head->filled, size);
	}
	return 0;
}

static int
make_next(struct qt_store *s, const struct qt__mem *active,
    struct qt__mem **out, struct qt_err *err)
{
	struct qt__mem_spec	spec = {
		.number = active->number + 1,
		.base = active->base + atomic_load(&active->head->head),
		.log_size = qt__rotate_size(s),
		.store = s->store_id,
		.chain = atomic_load(&active->head->chain),
		.mode = s->mode, .group = s->group, .key = s->ctl->key,
	};
	char			name[QT__SEG_NAME_SIZE];
	int			rc;

	qt__collect_strays(s);
	qt__mem_name(name, s->name, spec.number);
	rc = qt__mem_create(out, name, &spec, err);
	if (rc == -EEXIST && qt_seg_unlink(name) == 0)
		rc = qt__mem_create(out, name, &spec, err);
	if (rc < 0)
		return rc;
	rc = make_file(s, *out, err);
	if (rc < 0) {
		(void)qt_seg_unlink(name);
		qt__mem_release(*out);
	}
	return rc;
}

/* Of at most count memtables. */
static int
rotate(struct qt_store *s, struct qt__mem *active, uint64_t count,
    struct qt_err *err)
{
	struct qt__ctl		*ctl = s->ctl;
	struct qt__mem		*next;
	struct qt__where	 w;
	int			 rc;

	(void)qt__where_get(ctl, &w);
	if (w.active + 1 - w.first_wal >= count) {
		qt_err_set(err, "%llu memtables wait to be written to runs",
		    (unsigned long long)(w.active - w.first_wal));
		return -EAGAIN;
	}
	rc = make_next(s, active, &next, err);
	if (rc < 0) {
		qt_err_wrap(err, "begin memtable %llu",
		    (unsigned long long)active->number + 1);
		return rc;
	}
	atomic_store(&active->head->is_frozen, 1);
	atomic_store(&ctl->frozen_ms, qt_clock_mono_ms());
	w.active = next->number;
	qt__where_set(ctl, &w);
	qt__mem_release(next);
	qt__worker_wake(ctl, true);
	return 0;
}

int
qt__rotate(struct qt_store *s, struct qt__mem *active, struct qt_err *err)
{
	return rotate(s, active, atomic_load(&s->ctl->is_behind) ? 0 :
	    qt__rotate_count(s), err);
}

int
qt__rotate_last(struct qt_store *s, struct qt__mem *active,
    struct qt_err *err)
{
	return rotate(s, active, QT__MEMS_MAX - 1, err);
}
