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

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <qt/base/sys.h>
#include <qt/shm/doorbell.h>

#include "object_priv.h"

#define EVER		0x80000000u
#define COUNT		0x7fff0000u
#define ONE		0x00010000u
#define BITS		0x0000ffffu
#define LATEST_MS	100

struct qt__bell {
	int		epoll, fifo, timer;
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
	snprintf(path, 80, QT__SEG_DIR "/.qt-bell-%016" PRIx64 "-%" PRIx64
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

/* A FIFO of the segment's mode and group, open; a stale one of ours goes. */
static int
make_fifo(const struct qt_seg *seg, const char *path)
{
	struct stat	st;
	int		fd, rc;

	if (fstat(seg->path_fd, &st) < 0)
		return -errno;
	(void)qt_sys_unlink(AT_FDCWD, path);
	if (mkfifo(path, 0600) < 0)
		return -errno;
	fd = qt_sys_open(AT_FDCWD, path, O_RDWR | O_NONBLOCK | O_NOFOLLOW, 0);
	if (fd < 0)
		goto err_after_fifo;
	if ((st.st_mode & 0060) == 0)
		return fd;
	if (fchown(fd, (uid_t)-1, st.st_gid) == 0 && fchmod(fd, 0660) == 0)
		return fd;
	rc = -errno;
	close(fd);
	fd = rc;
err_after_fifo:
	(void)qt_sys_unlink(AT_FDCWD, path);
	return fd;
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

	path_of(path, obj->seg, obj->offset, b->id);
	/* Before there is a FIFO: whoever finds us dead looks for one. */
	atomic_fetch_or(&obj->shared->bell, EVER);
	b->fifo = make_fifo(obj->seg, path);
	if (b->fifo < 0)
		return b->fifo;
	b->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	b->epoll = b->timer < 0 ? -1 : epoll_create1(EPOLL_CLOEXEC);
	if (b->epoll >= 0 &&
	    epoll_ctl(b->epoll, EPOLL_CTL_ADD, b->fifo, &ev) == 0 &&
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
			*b = (struct qt__bell){ -1, -1, -1,
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
	char			 trash[256];

	if (qt__obj_self(obj) == 0)
		return -EACCES;
	if (b == NULL)
		return -EINVAL;
	if (qt_obj_is_erased(obj))
		return -QT_EGONE;
	while (qt_sys_read(b->fifo, trash, sizeof(trash)) > 0)
		;
	/* Setting it also takes back that it has run out. */
	if (timerfd_settime(b->timer, 0, &latest, NULL) < 0)
		return -errno;
	w = atomic_load(bell);
	while (!atomic_compare_exchange_weak(bell, &w, EVER |
	    ((w + ONE) & COUNT) | (w & BITS) | bit_of(b->id)))
		;
	/* After the bit: who clears one of these flags sees it. */
	for (unsigned int i = 0; i < QT__OBJ_WAITS; i++)
		(void)qt__wait_prepare(obj, i);
	return qt_obj_is_erased(obj) ? -QT_EGONE : 0;
}
