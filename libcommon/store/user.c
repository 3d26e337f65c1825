/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users: who a process is to the others, and whether it lives. See lock_priv.h.
 *
 * A user's id is the byte QT__USER_BASE + id of the file LOCK, on which it holds
 * a lock of its open file description. The kernel drops it when the last thread
 * of the process is gone, by whatever end, and answers everybody on this kernel,
 * in whatever PID namespace. Ids are low numbers and are used again at once.
 *
 * A free id is found by trying: a few of the first 64, which is nearly always
 * the first try, then of eight times as many, and so on, then all in order. So a
 * thousand users cost a thousand tries only where there is room for hardly more
 * than a thousand.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/proc.h>
#include <qt/base/sys.h>

#include "lock_priv.h"

#define FIRST		64u	/* ids that are tried first */
#define GROWTH		8u
#define TRIES		4u	/* in each range */
#define SLICE_MS	1u	/* between two rounds, then doubling */
#define SLICE_MAX_MS	20u
#define ROUND		64u	/* ids that are tried in each */

struct search {
	int		 fd;
	uint32_t	 max;
	uint64_t	 random;
	uint32_t	 at;		/* where the next round goes on */
};

/* Marsaglia's xorshift: it only has to spread. */
static uint32_t
below(struct search *s, uint32_t limit)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return (uint32_t)(s->random >> 32) % limit;
}

/* The id when it is ours now, 0 when it is somebody else's, or negative. */
static int
try_id(const struct search *s, uint32_t id)
{
	int	rc = qt_sys_lock(s->fd, F_WRLCK, (off_t)QT__USER_BASE + id, 1);

	if (rc == -EAGAIN)
		return 0;
	return rc < 0 ? rc : (int)id;
}

static int
try_random(struct search *s)
{
	uint32_t	range = s->max < FIRST ? s->max : FIRST;
	int		rc = 0;

	for (;;) {
		for (unsigned int i = 0; i < TRIES && rc == 0; i++)
			rc = try_id(s, 1 + below(s, range));
		if (rc != 0 || range == s->max)
			return rc;
		range = s->max / GROWTH < range ? s->max : range * GROWTH;
	}
}

static int
try_in_order(struct search *s, uint32_t count)
{
	int	rc = 0;

	for (uint32_t i = 0; i < count && rc == 0; i++) {
		rc = try_id(s, 1 + s->at);
		s->at = (s->at + 1) % s->max;
	}
	return rc;
}

static int
wait_for_one(struct search *s, uint64_t deadline_ms)
{
	uint32_t	slice = SLICE_MS;
	uint32_t	round = s->max < ROUND ? s->max : ROUND;
	int		rc = try_in_order(s, s->max);

	while (rc == 0) {
		uint64_t	now = qt_clock_mono_ms();
		uint32_t	ms = slice;

		if (now >= deadline_ms)
			return -ETIMEDOUT;
		if (deadline_ms - now < ms)
			ms = (uint32_t)(deadline_ms - now);
		nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000L },
		    NULL);
		slice = slice * 2 < SLICE_MAX_MS ? slice * 2 : SLICE_MAX_MS;
		rc = try_in_order(s, round);
	}
	return rc;
}

static int
take_id(int fd, uint32_t max, uint64_t deadline_ms, struct qt_err *err)
{
	struct search	s = { .fd = fd, .max = max,
	    .random = (qt_clock_mono_ns() ^ (uint64_t)getpid() << 40) | 1 };
	int		rc;

	(void)below(&s, 1);
	rc = try_random(&s);
	if (rc == 0)
		rc = wait_for_one(&s, deadline_ms);
	if (rc == -ENOSYS)
		qt_err_set(err, "lock 'LOCK': its file system has no locks of "
		    "open file descriptions, a store cannot be there");
	else if (rc == -ETIMEDOUT)
		qt_err_set(err, "all %u places of users are taken (max-ops "
		    "sets how many there are)", (unsigned int)max);
	else if (rc < 0)
		qt_err_set(err, "lock 'LOCK'");
	return rc;
}

/* A descriptor that no fork child keeps. */
static int
open_listed(struct qt__user *u, int dirfd, struct qt_err *err)
{
	int	rc = qt__users_watch();

	if (rc < 0) {
		qt_err_set(err, "watch for fork");
		return rc;
	}
	qt__users_lock();
	rc = qt_sys_open(dirfd, "LOCK", O_RDWR, 0);
	if (rc >= 0) {
		u->fd = rc;
		qt__user_register(u);
	} else
		qt_err_set(err, "open 'LOCK'");
	qt__users_unlock();
	return rc < 0 ? rc : 0;
}

int
qt__user_open(struct qt__user *u, int dirfd, uint32_t max,
    uint64_t deadline_ms, struct qt_err *err)
{
	int	rc;

	*u = (struct qt__user)QT__USER_INIT;
	if (max == 0 || max > QT__USER_MAX)
		max = QT__USER_MAX;
	rc = open_listed(u, dirfd, err);
	if (rc < 0)
		return rc;
	rc = take_id(u->fd, max, deadline_ms, err);
	if (rc < 0) {
		qt__user_close(u);
		return rc;
	}
	u->id = (uint32_t)rc;
	qt__user_set_pid(u);
	return 0;
}

void
qt__user_close(struct qt__user *u)
{
	if (u->fd < 0)
		return;
	qt__users_lock();
	qt__user_unregister(u);
	/*
	 * A child that is about to exec may share the description a moment
	 * longer; the byte is free at once. In a bare clone(2)'s child the
	 * byte is its parent's.
	 */
	if (u->id != 0 && u->pid == (uint64_t)getpid())
		(void)qt_sys_lock(u->fd, F_UNLCK,
		    (off_t)QT__USER_BASE + u->id, 1);
	close(u->fd);
	qt__users_unlock();
	*u = (struct qt__user)QT__USER_INIT;
}

int
qt__user_is_alive(const struct qt__user *u, uint32_t id)
{
	if (id == u->id)
		return 1;
	return qt_sys_is_locked(u->fd, (off_t)QT__USER_BASE + id, 1);
}

/* --- What a process is doing ---------------------------------------------- */

void
qt__user_set_pid(struct qt__user *u)
{
	u->pid = (uint64_t)getpid();
	u->pid_ns = qt_proc_pid_ns();
}

/* Or of another namespace: then we have another pid there. */
static bool
is_proc_ours(const struct qt__user *u)
{
	char	text[32], pid[32];
	ssize_t	n = readlink("/proc/self", text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	snprintf(pid, sizeof(pid), "%llu", (unsigned long long)u->pid);
	return strcmp(text, pid) == 0;
}

int
qt__user_is_stopped(const struct qt__user *u, uint64_t pid, uint64_t pid_ns)
{
	int	state;

	if (pid_ns == 0 || pid_ns != u->pid_ns || !is_proc_ours(u))
		return -ESRCH;
	state = qt_proc_state(pid);
	return state < 0 ? state : state == 'T' || state == 't';
}

/* --- The dead ------------------------------------------------------------- */

/*
 * It asks first: that needs no mutex, and there is no moment in which who lives
 * seems to be dead.
 */
int
qt__user_bury(const struct qt__user *u, uint32_t id)
{
	int	rc;

	if (qt__user_is_alive(u, id) != 0)
		return 0;
	qt__users_lock();
	rc = qt_sys_lock(u->fd, F_WRLCK, (off_t)QT__USER_BASE + id, 1);
	if (rc == 0)
		return 1;
	qt__users_unlock();
	return 0;
}

void
qt__user_unbury(const struct qt__user *u, uint32_t id)
{
	/* Else the dead one would seem to live as long as we. */
	for (int i = 0; i < 3; i++)
		if (qt_sys_lock(u->fd, F_UNLCK, (off_t)QT__USER_BASE + id,
		    1) == 0)
			break;
	qt__users_unlock();
}

/*
 * The kernel names any byte that is locked, not the first. What is left and
 * right of it is counted likewise: the smaller part by recursion, so it is no
 * deeper than the logarithm of the range.
 */
static int
count_in(int fd, off_t at, off_t end, uint32_t *count)
{
	off_t	found;
	int	rc;

	while (at < end) {
		rc = qt_sys_find_locked(fd, at, end - at, &found);
		if (rc <= 0)
			return rc;
		++*count;
		if (found - at < end - found) {
			rc = count_in(fd, at, found, count);
			at = found + 1;
		} else {
			rc = count_in(fd, found + 1, end, count);
			end = found;
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

int
qt__user_count(int lock_fd, uint32_t *count)
{
	*count = 0;
	return count_in(lock_fd, (off_t)QT__USER_BASE + 1,
	    (off_t)QT__USER_BASE + QT__USER_MAX + 1, count);
}
