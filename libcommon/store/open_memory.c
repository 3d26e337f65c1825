/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared memory of a store that is being opened: found, or made. See
 * store_priv.h; how it is made: recover.c.
 *
 *	it is there		and of the folder's history: lineage.c
 *	it is not there, or	made from the folder, under QT__LOCK_FORMAT, if nobody
 *	has another stamp	uses the store
 *	it is of another	the folder was replaced by a backup: the same
 *	history
 */

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>

#include "open_memory_priv.h"
#include "store_priv.h"
#include "super_priv.h"

static void
leave_memory(struct qt_store *s)
{
	qt__super_clear(s);
	qt_seg_close(s->seg);
	s->seg = NULL;
	s->ctl = NULL;
}

/* Whether nobody has made another since, elsewhere: 1, 0, negative. */
static int
is_current(const struct qt_store *s, struct qt_err *err)
{
	uint8_t	stamp[QT__STAMP_SIZE];
	int	fd = qt_sys_open(s->dirfd, "LOCK", O_RDONLY |
	    O_NONBLOCK, 0), rc;

	rc = fd < 0 ? fd : qt__stamp_get(fd, stamp);
	if (fd >= 0)
		close(fd);
	if (rc < 0) {
		qt_err_set(err, "read 'LOCK'");
		return rc;
	}
	return memcmp(stamp, s->ctl->stamp, sizeof(stamp)) == 0;
}

/* For a reader that may not read the memory it is not there: the files are. */
static int
find_memory(struct qt_store *s, struct qt_err *err)
{
	int	rc = qt__control_open(&s->seg, &s->ctl, s->name, s->format.id,
	    s->is_rdonly, err);

	if (rc < 0)
		return rc == -EACCES && s->is_rdonly ? -ENOENT : rc;
	rc = is_current(s, err);
	if (rc == 1)
		return 0;
	leave_memory(s);
	return rc < 0 ? rc : -ENOENT;
}

/* A descriptor of LOCK with the lock. Who only reads excludes who changes. */
static int
lock_format(struct qt_store *s, struct qt_err *err)
{
	uint64_t	deadline = qt__store_deadline(s);
	int		type = s->is_rdonly ? F_RDLCK : F_WRLCK, rc;
	int		fd = qt_sys_open(s->dirfd, "LOCK",
	    (s->is_rdonly ? O_RDONLY : O_RDWR) | O_NONBLOCK, 0);

	if (fd < 0) {
		qt_err_set(err, "open 'LOCK'");
		return fd;
	}
	while ((rc = qt_sys_lock(fd, type, QT__LOCK_FORMAT, 1)) == -EAGAIN) {
		if (qt_clock_mono_ms() > deadline) {
			qt_err_set(err, "another process has been opening the "
			    "store for too long");
			rc = -ETIMEDOUT;
			break;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

/* Who is there only to sync later ends, and what he has is of no use. */
static void
end_syncer(struct qt_store *s, int lock)
{
	uint32_t	id = atomic_load(&s->ctl->syncer), count;

	if (s->is_rdonly || id == 0 || id > QT__USER_MAX ||
	    qt__user_count(lock, &count) < 0 || count != 1 ||
	    qt_sys_is_locked(lock, QT__USER_BASE + (off_t)id, 1) != 1)
		return;
	atomic_store(&s->ctl->is_gone, 1);
	qt__detach_end(s->ctl, lock, s->set.lock_timeout_ms);
}

/* For ourselves, which changes nothing. */
static int
try_to_recover(struct qt_store *s, int lock, struct qt_err *err)
{
	void	(*tell)(void *arg, const char *what) = s->tell;
	int	rc;

	s->tell = NULL;
	s->is_private = true;
	rc = qt__recover(s, lock, err);
	s->tell = tell;
	leave_memory(s);
	return rc;
}

/*
 * What is in memory is of another history than the folder. It goes when nobody
 * uses it, and when it is known that the folder can be recovered.
 */
static int
replace_memory(struct qt_store *s, int lock, struct qt_err *err)
{
	int	rc;

	end_syncer(s, lock);
	if (qt__control_is_used(lock, s->set.lock_timeout_ms) != 0) {
		qt_err_wrap(err, "a backup, or so, was put in the place of the "
		    "store while processes have it open: end them, and then "
		    "open it again");
		return -EBUSY;
	}
	if (s->tell != NULL)
		s->tell(s->tell_arg, "shared memory is of another state of the "
		    "store than its folder: it is made anew from that");
	leave_memory(s);
	if (!s->is_rdonly) {
		rc = try_to_recover(s, lock, err);
		if (rc < 0)
			return rc;
	}
	s->is_private = s->is_rdonly;
	return qt__recover(s, lock, err);
}

static int
make_memory(struct qt_store *s, int lock, struct qt_err *err)
{
	s->is_private = s->is_rdonly;
	if (qt__control_is_used(lock, s->set.lock_timeout_ms) != 0) {
		qt_err_set(err, "in use by a process whose shared memory we do "
		    "not see: in another container, on another host, of a "
		    "user who lets nobody else read it, or somebody has "
		    "removed it from /dev/shm");
		return -EBUSY;
	}
	return qt__recover(s, lock, err);
}

static int
find_or_recover(struct qt_store *s, struct qt_err *err)
{
	int	fd = lock_format(s, err), rc;

	if (fd < 0)
		return fd;
	leave_memory(s);
	/* Again: where folders are laid over each other, opening LOCK for
	   writing has made another file of it. */
	rc = qt__control_name(s->name, s->dirfd, s->format.id);
	if (rc == 0)
		rc = find_memory(s, err);
	if (rc == -ENOENT) {
		rc = make_memory(s, fd, err);
	} else if (rc == 0) {
		rc = qt__lineage_check(s, err);
		if (rc == 1)
			rc = replace_memory(s, fd, err);
	}
	close(fd);
	return rc;
}

/* Who could only get, as that needs no user, shall know it from the beginning. */
static int
check_place(const struct qt_store *s, struct qt_err *err)
{
	if (s->is_rdonly || faccessat(s->dirfd, "LOCK", W_OK, 0) == 0 ||
	    errno != EROFS)
		return 0;
	qt_err_set(err, "its file system may only be read from here");
	return -EROFS;
}

int
qt__memory_open(struct qt_store *s, struct qt_err *err)
{
	int	rc = check_place(s, err);

	if (rc < 0)
		return rc;
	rc = qt__control_name(s->name, s->dirfd, s->format.id);
	if (rc < 0) {
		qt_err_set(err, "it has no file 'LOCK'");
		return rc;
	}
	rc = find_memory(s, err);
	if (rc == -ENOENT)
		return find_or_recover(s, err);
	if (rc == 0)
		rc = qt__lineage_check(s, err);
	return rc == 1 ? find_or_recover(s, err) : rc;
}
