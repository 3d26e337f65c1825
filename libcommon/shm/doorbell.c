/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doorbells. See <qt/shm/doorbell.h>.
 *
 *	arm				ring
 *	empty the FIFO, set the timer	publish
 *	bell: our bit, count + 1	a flag is raised? wake (wait.c), and:
 *	raise the waiters' flags	bell not 0: a byte to each whose bit is
 *	(the caller looks again)	set; then bell back to 0, if its count
 *					is still the same
 *
 * The flags are those of waiters, so a publisher pays nothing for doorbells
 * that are not armed. The bits are taken away after ringing: a ringer that is
 * killed in between leaves bits that ring once too often. They are taken away
 * only if nobody has armed since: so no armed bell loses its bit unrung.
 *
 * Bits are participants modulo 16; who shares one is rung for nothing. The bit
 * EVER stays: there may be FIFOs of this object to remove.
 */

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/sys.h>
#include <qt/shm/doorbell.h>

#include "object_priv.h"

#define NAME		".qt-bell-"
#define STALE_S		60
#define STALE_MAX	1000u		/* FIFOs that one looks at */
#define EVER		0x80000000u
#define COUNT		0x7fff0000u
#define ONE		0x00010000u
#define BITS		0x0000ffffu
#define LATEST_MS	100
#define FULL		65536u		/* bytes of a pipe: pipe(7) */
#define NO_FIFO		(-1)

struct qt__bell {
	int		epoll, timer;
	int		fifo;		/* or NO_FIFO: somebody's is there */
	uint32_t	id;		/* the participant that it is for */
};

static uint32_t
bit_of(uint32_t id)
{
	return 1u << id % 16;
}

static void
path_of(char path[80], const struct qt_seg *seg, uint64_t offset, uint32_t id)
{
	snprintf(path, 80, QT__SEG_DIR "/" NAME "%016" PRIx64 "-%" PRIx64
	    "-%" PRIu32, seg->head.id, offset, id);
}

static bool
has_bells(const struct qt_seg *seg, uint64_t offset)
{
	struct qt__obj_head	*h = qt_seg_at(seg, offset, QT__OBJ_BODY);

	return h != NULL && offset % seg->page == 0 &&
	    (atomic_load(&h->bell) & EVER);
}

void
qt__bell_remove(struct qt_seg *seg, uint64_t offset, uint32_t id)
{
	char	path[80];

	if (!has_bells(seg, offset))
		return;
	path_of(path, seg, offset, id);
	(void)qt_sys_unlink(AT_FDCWD, path);
}

void
qt__bell_remove_all(struct qt_seg *seg, uint64_t offset)
{
	for (uint32_t id = 1; id <= seg->head.slot_count &&
	    has_bells(seg, offset); id++)
		qt__bell_remove(seg, offset, id);
}

void
qt__bell_remove_dead(struct qt_seg *seg)
{
	struct qt_seg_entry	e;
	uint64_t		word;

	for (uint32_t row = 0; row < seg->head.entry_count; row++) {
		if (qt__row_get(seg, row, &word, &e) == QT__ROW_FREE ||
		    qt__obj_type(e.type) == NULL || !has_bells(seg, e.offset))
			continue;
		for (uint32_t id = 1; id <= seg->head.slot_count; id++)
			if (!qt_seg_is_alive(seg, id))
				qt__bell_remove(seg, e.offset, id);
	}
}

/* Ours, and of nobody: who has a doorbell reads its FIFO as long as it lives. */
static void
remove_if_stale(int dir, const char *name, time_t now)
{
	struct stat	st;
	int		fd;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISFIFO(st.st_mode) || st.st_uid != geteuid() ||
	    /* Just made, it is not open yet. */
	    now - st.st_mtime < STALE_S)
		return;
	fd = qt_sys_open(dir, name, O_WRONLY | O_NONBLOCK | O_NOFOLLOW, 0);
	if (fd == -ENXIO)
		(void)qt_sys_unlink(dir, name);
	if (fd >= 0)
		close(fd);
}

/*
 * What was left in segments that are gone, because all were killed: no sweep
 * comes by there. So it is looked for when a new one is made.
 */
static void
remove_stale(void)
{
	DIR		*dir = opendir(QT__SEG_DIR);
	struct dirent	*d;
	time_t		 now = time(NULL);
	unsigned int	 left = STALE_MAX;

	if (dir == NULL)
		return;
	while (left > 0 && (d = readdir(dir)) != NULL)
		if (strncmp(d->d_name, NAME, sizeof(NAME) - 1) == 0) {
			remove_if_stale(dirfd(dir), d->d_name, now);
			left--;
		}
	closedir(dir);
}

/* --- Ringing ------------------------------------------------------------- */

/*
 * For reading too: so there is always a reader, and no SIGPIPE should the
 * other one die. A FIFO that is full is readable as well.
 */
static void
ring_one(const struct qt_obj *obj, uint32_t id)
{
	struct stat	st;
	char		path[80], byte = 0;
	int		fd;

	path_of(path, obj->seg, obj->offset, id);
	fd = qt_sys_open(AT_FDCWD, path, O_RDWR | O_NONBLOCK | O_NOFOLLOW, 0);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode))
		(void)!write(fd, &byte, 1);
	close(fd);
}

void
qt__bell_ring(struct qt_obj *obj)
{
	_Atomic uint32_t	*bell = &obj->shared->bell;
	uint32_t		 w = atomic_load(bell);

	if (!(w & BITS))
		return;
	for (uint32_t id = 1; id <= obj->seg->head.slot_count; id++)
		if ((w & bit_of(id)) && (uint32_t)atomic_load_explicit(
		    &obj->seg->slots[id].word, memory_order_acquire) ==
		    QT__SLOT_LIVE)
			ring_one(obj, id);
	atomic_compare_exchange_strong(bell, &w, w & ~BITS);
}

/* --- The descriptor ------------------------------------------------------ */

/* Made by another user who has the segment, too, and who is dead: our number. */
static int
open_left(const struct stat *seg, const char *path)
{
	struct stat	st;
	int		fd = -ENOENT;

	if ((seg->st_mode & 0060) == 0060)
		fd = qt_sys_open(AT_FDCWD, path, O_RDWR | O_NONBLOCK |
		    O_NOFOLLOW, 0);
	if (fd < 0)
		return NO_FIFO;
	if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) &&
	    st.st_gid == seg->st_gid && (st.st_mode & 07777) == 0660)
		return fd;
	close(fd);
	return NO_FIFO;
}

/* For all who may write to the segment. What root makes is the owner's. */
static int
share(int fd, const struct stat *seg)
{
	bool	is_group = (seg->st_mode & 0060) == 0060;
	bool	is_root = geteuid() == 0 && seg->st_uid != 0;

	if (!is_group && !is_root)
		return 0;
	if (fchown(fd, is_root ? seg->st_uid : (uid_t)-1, seg->st_gid) < 0)
		return -errno;
	return is_group && fchmod(fd, 0660) < 0 ? -errno : 0;
}

/*
 * A FIFO, open; a stale one of ours goes. What is another user's cannot: is it
 * of no use either, there is only the timer.
 */
static int
make_fifo(const struct qt_seg *seg, const char *path, int *out)
{
	struct stat	st;
	int		fd, rc;

	if (fstat(seg->path_fd, &st) < 0)
		return -errno;
	remove_stale();
	(void)qt_sys_unlink(AT_FDCWD, path);
	if (mkfifo(path, 0600) < 0) {
		rc = errno == EEXIST ? 0 : -errno;
		if (rc == 0)
			*out = open_left(&st, path);
		return rc;
	}
	fd = qt_sys_open(AT_FDCWD, path, O_RDWR | O_NONBLOCK | O_NOFOLLOW, 0);
	rc = fd < 0 ? fd : share(fd, &st);
	if (rc == 0) {
		*out = fd;
		return 0;
	}
	if (fd >= 0)
		close(fd);
	(void)qt_sys_unlink(AT_FDCWD, path);
	return rc;
}

static void
close_fds(struct qt__bell *b)
{
	int	*fd[] = { &b->epoll, &b->fifo, &b->timer };

	for (int i = 0; i < 3; i++) {
		if (*fd[i] >= 0)
			close(*fd[i]);
		*fd[i] = -1;
	}
}

void
qt__bell_close(struct qt_seg *seg, struct qt__obj_ref *ref, bool is_ours)
{
	char	path[80];

	if (ref->bell == NULL)
		return;
	if (is_ours) {
		path_of(path, seg, ref->offset, ref->bell->id);
		(void)qt_sys_unlink(AT_FDCWD, path);
	}
	close_fds(ref->bell);
	free(ref->bell);
	ref->bell = NULL;
}

static int
make(struct qt_obj *obj, struct qt__bell *b)
{
	struct epoll_event	ev = { .events = EPOLLIN };
	char			path[80];
	int			rc;

	path_of(path, obj->seg, obj->offset, b->id);
	/* Before there is a FIFO: whoever finds us dead looks for one. */
	atomic_fetch_or(&obj->shared->bell, EVER);
	rc = make_fifo(obj->seg, path, &b->fifo);
	if (rc < 0)
		return rc;
	b->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	b->epoll = b->timer < 0 ? -1 : epoll_create1(EPOLL_CLOEXEC);
	if (b->epoll >= 0 && (b->fifo == NO_FIFO ||
	    epoll_ctl(b->epoll, EPOLL_CTL_ADD, b->fifo, &ev) == 0) &&
	    epoll_ctl(b->epoll, EPOLL_CTL_ADD, b->timer, &ev) == 0)
		return 0;
	return -errno;
}

int
qt_obj_doorbell(struct qt_obj *obj, struct qt_err *err)
{
	struct qt_seg		*seg = obj->seg;
	struct qt__obj_ref	*ref = obj->ref;
	int			 rc = 0;

	if (qt__obj_self(obj) == 0 || seg->pid != getpid()) {
		qt_err_set(err, "only a participant has a doorbell");
		return -EACCES;
	}
	pthread_mutex_lock(&seg->open_mutex);
	if (ref->bell == NULL) {
		struct qt__bell	*b = malloc(sizeof(*b));

		rc = b == NULL ? -ENOMEM : 0;
		if (b != NULL) {
			*b = (struct qt__bell){ -1, -1, NO_FIFO,
			    qt__obj_self(obj) };
			ref->bell = b;
			rc = make(obj, b);
		}
		if (rc < 0)
			qt__bell_close(seg, ref, b != NULL && b->fifo >= 0);
	}
	if (rc == 0)
		rc = ref->bell->epoll;
	pthread_mutex_unlock(&seg->open_mutex);
	if (rc < 0)
		qt_err_set(err, "make a doorbell in %s", QT__SEG_DIR);
	return rc;
}

int
qt_obj_doorbell_arm(struct qt_obj *obj)
{
	struct itimerspec	 latest = { .it_value.tv_nsec =
	    LATEST_MS * 1000000 };
	_Atomic uint32_t	*bell = &obj->shared->bell;
	struct qt__bell		*b = obj->ref->bell;
	uint32_t		 w;
	char			 trash[1024];

	if (qt__obj_self(obj) == 0)
		return -EACCES;
	if (b == NULL)
		return -EINVAL;
	if (qt_obj_is_erased(obj))
		return -QT_EGONE;
	/* One that is full is empty after so many; else it rings again. */
	for (unsigned int i = 0; i < FULL / sizeof(trash) &&
	    b->fifo != NO_FIFO; i++)
		if (qt_sys_read(b->fifo, trash, sizeof(trash)) <= 0)
			break;
	/* Setting it also takes back that it has run out. */
	if (timerfd_settime(b->timer, 0, &latest, NULL) < 0)
		return -errno;
	if (b->fifo == NO_FIFO)
		return 0;
	w = atomic_load(bell);
	while (!atomic_compare_exchange_weak(bell, &w, EVER |
	    ((w + ONE) & COUNT) | (w & BITS) | bit_of(b->id)))
		;
	/* After the bit: who clears one of these flags sees it. */
	for (unsigned int i = 0; i < QT__OBJ_WAITS; i++)
		(void)qt__wait_prepare(obj, i);
	return qt_obj_is_erased(obj) ? -QT_EGONE : 0;
}
