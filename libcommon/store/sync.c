/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group commit (D. DeWitt et al., "Implementation Techniques for Main Memory
 * Database Systems", SIGMOD 1984), across processes.
 *
 *	writers		w1   w2 w3	     w4 w5 w6
 *	leader		[ pwrite fdatasync ][ pwrite fdatasync ]
 *			durable = w1 ...     durable = w3 ...
 *
 * Who wants to be durable and finds SYNC free becomes the leader: it writes all
 * that is committed so far, for everybody, and publishes durable. The others
 * sleep until the round ends, and are then done or try to lead the next one,
 * which has gathered meanwhile.
 *
 * Which is when: gather_priv.h.
 *
 * A leader that is killed has published nothing: the next one writes the same
 * bytes at the same offsets again. Each writes whole pages from its own memory,
 * so nothing has to be read from a recycled file.
 *
 * A failed write or fdatasync: the file is never synced again, for the kernel
 * has dropped what it could not write and says so once only. The store is
 * poisoned, and the leader, or whoever wants to lead next, tries to save what
 * is in memory into a new file, which then takes the name (rescue). Only if
 * that succeeds is the poison taken away; else the store is read-only. What is
 * not the disk's fault, but this process's (it has no descriptor left, or may not
 * write), is told to its caller and changes nothing for others.
 *
 * A leader that is stopped (SIGSTOP, a debugger) is deposed after a while. When
 * it goes on it may still write what it had in hand, an older end of a page. So
 * who deposes it writes to new files, by rescue; and a leader asks whether it
 * still leads after it has got a descriptor, and gives up where not: either it
 * was asked before, and the descriptor is of the old file, or it sees. Only in
 * the middle of a rescue nobody is deposed.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>

#include "durable_priv.h"
#include "handle_priv.h"
#include "log_priv.h"
#include "rotate_priv.h"
#include "store_priv.h"
#include "super_priv.h"
#include "sync_priv.h"

#define PAGE		UINT64_C(4096)
#define FILL_STEP	(UINT64_C(256) << 10)
#define PIECE		((size_t)1 << 20)
#define SMALL		(UINT64_C(64) << 10)
#define SLICE_NS	5000000L
#define STOPPED_MS	1000u	/* with SYNC: then it is deposed, */
#define SILENT_MS	10000u	/* or where nobody knows if it is stopped */

/* In pieces: a write locks the file, and a writer may want room in it. */
static int
write_at(int fd, const uint8_t *data, uint64_t len, uint64_t at)
{
	while (len > 0) {
		size_t	most = len < PIECE ? (size_t)len : PIECE;
		ssize_t	n = qt_sys_pwrite(fd, data, most, (off_t)at);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return -EIO;
		data += n;
		at += (uint64_t)n;
		len -= (uint64_t)n;
	}
	return 0;
}

/*
 * Bytes [from, to) of the image, as whole pages. What lies behind to in the
 * last page is not committed: zeros instead.
 */
static int
write_pages(const struct qt__mem *m, int fd, uint64_t from, uint64_t to)
{
	uint8_t		page[PAGE];
	uint64_t	last = to & ~(PAGE - 1);
	int		rc = 0;

	from &= ~(PAGE - 1);
	if (from < last)
		rc = write_at(fd, m->log + from, last - from, from);
	if (rc == 0 && last < to) {
		memcpy(page, m->log + last, to - last);
		memset(page + (to - last), 0, PAGE - (to - last));
		rc = write_at(fd, page, PAGE, last);
	}
	return rc;
}

/*
 * Small writes go to blocks that were written before, so that a sync has no
 * extents to convert: zeros ahead, in one go.
 */
static int
fill_ahead(struct qt__mem *m, int fd, uint64_t from, uint64_t to)
{
	static const uint8_t	zeros[FILL_STEP];
	uint64_t		filled = atomic_load(&m->head->filled);
	uint64_t		end = (to + PAGE - 1) & ~(PAGE - 1);
	int			rc = 0;

	if (end <= filled)
		return 0;
	if (to - from < SMALL) {
		uint64_t	ahead = (end + FILL_STEP - 1) &
		    ~(FILL_STEP - 1);

		if (ahead > m->log_size)
			ahead = m->log_size;
		if (ahead > end)
			rc = write_at(fd, zeros, ahead - end, end);
		if (rc == 0)
			end = ahead;
	}
	if (rc == 0)
		atomic_store(&m->head->filled, end);
	return rc;
}

static int
sync_folder(struct qt_store *s)
{
	return qt_sys_fsync(s->wal_dirfd);
}

static int
write_out(struct qt_store *s, struct qt__mem *m, uint64_t from, uint64_t to,
    struct qt_err *err)
{
	int	fd = qt__wal_open(s, m, QT__OF_LEADER, err), rc;

	if (fd < 0)
		return fd;
	if (!qt__lock_is_ours(&s->ctl->sync, &s->user))
		return -ECANCELED;
	rc = write_pages(m, fd, from, to);
	if (rc == 0)
		rc = fill_ahead(m, fd, from, to);
	if (rc == 0)
		rc = qt_sys_fsync(fd);
	if (rc == 0 && !atomic_load(&m->head->is_named)) {
		rc = sync_folder(s);
		if (rc == 0)
			atomic_store(&m->head->is_named, 1);
	}
	if (rc < 0)
		qt_err_set(err, "write log %llu",
		    (unsigned long long)m->number);
	return rc;
}

/*
 * A new file with all of the log takes its name. Killed before the rename: the
 * poison is still there, and the next one does it again. After it, before
 * `file` is counted on: the same. So nobody writes to the old one by a
 * descriptor that it still has: while there is poison nobody leads, and when it
 * is gone `file` tells them to open it anew.
 */
static int
replace_file(struct qt_store *s, struct qt__mem *m, uint64_t to, struct qt_err *err)
{
	static const char	temporary[] = "rescue.tmp";
	char			name[QT__WAL_NAME_SIZE];
	int			fd, rc;

	qt__wal_name(name, m->number);
	fd = qt__create_file(s->wal_dirfd, temporary, O_RDWR | O_TRUNC);
	rc = fd < 0 ? fd : write_pages(m, fd, 0, to);
	if (rc == 0)
		rc = qt_sys_fsync(fd);
	if (fd >= 0)
		close(fd);
	if (rc == 0)
		rc = qt_sys_rename(s->wal_dirfd, temporary, name);
	if (rc == 0)
		rc = sync_folder(s);
	if (rc < 0) {
		qt_err_set(err, "write log %llu to a new file after the disk "
		    "had failed: the store is read-only",
		    (unsigned long long)m->number);
		return rc;
	}
	atomic_store(&m->head->filled, (to + PAGE - 1) & ~(PAGE - 1));
	atomic_store(&m->head->room, 0);
	atomic_store(&m->head->is_named, 1);
	atomic_fetch_add(&m->head->file, 1);
	return 0;
}

static int
rescue(struct qt_store *s, struct qt__mem *m, uint64_t to, struct qt_err *err)
{
	struct qt__ctl	*ctl = s->ctl;
	int		 rc = -ECANCELED;

	/* Who deposes us sees this, or we see that we are deposed. */
	atomic_store(&ctl->rescuer, s->user.id);
	if (qt__lock_is_ours(&ctl->sync, &s->user))
		rc = replace_file(s, m, to, err);
	atomic_store(&ctl->rescuer, 0);
	return rc;
}

static void
publish(struct qt__ctl *ctl, uint64_t version)
{
	uint64_t	durable = atomic_load(&ctl->durable);

	while (durable < version && !atomic_compare_exchange_weak(
	    &ctl->durable, &durable, version))
		;
}

/* What this process may not, or has no room for: not the disk's fault. */
static bool
is_ours_alone(int rc)
{
	return rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM ||
	    rc == -EACCES || rc == -EPERM || rc == -EFBIG;
}

/* What of one memtable is not durable. SYNC. */
static int
sync_mem(struct qt_store *s, struct qt__mem *m, struct qt_err *err)
{
	struct qt__ctl	*ctl = s->ctl;
	bool		 has_deposed = atomic_load(&ctl->has_deposed) != 0;
	uint64_t	 durable = atomic_load(&ctl->durable);
	/* Not to head: until a frame is indexed its link may change. */
	uint64_t	 to = atomic_load_explicit(&m->head->indexed,
	    memory_order_acquire);
	uint64_t	 from = durable > m->base ? durable - m->base : 0;
	int		 rc = 0, bad = (int)atomic_load(&ctl->poison);

	if (from >= to)
		return 0;
	if (to == QT__LOG_FIRST) {	/* what is older is durable, or cleared */
		publish(ctl, m->base);
		return 0;
	}
	if (bad == 0 && !has_deposed) {
		/* Nothing is lost: who can leads the next one. */
		rc = qt__wal_open(s, m, QT__OF_LEADER, err);
		if (is_ours_alone(rc))
			return rc;
		rc = write_out(s, m, from, to, err);
		if (rc == -ECANCELED || rc == -EFBIG)
			return rc;
		if (rc < 0)
			atomic_store(&ctl->poison, (uint32_t)-rc);
	}
	if (bad != 0 || has_deposed || rc < 0)
		rc = rescue(s, m, to, err);
	if (rc < 0)
		return rc == -ECANCELED ? rc : -EROFS;
	qt__count(ctl, QT__SYNCED_BYTES, to - from);
	publish(ctl, m->base + to);
	return 0;
}

/*
 * Is our LOCK still in a folder? Else the store was removed, or put in another
 * one's place, and what we write is nobody's.
 */
static int
check_place(struct qt_store *s, struct qt_err *err)
{
	struct stat	st;

	if (fstat(s->user.fd, &st) < 0)
		return -errno;
	if (st.st_nlink > 0 && atomic_load(&s->ctl->is_gone) == 0)
		return 0;
	atomic_store(&s->ctl->is_gone, 1);
	qt_err_set(err, "the store, or its file LOCK, was removed or replaced "
	    "since this process opened it: open it again");
	return -QT_EGONE;
}

/* Everything that is committed now, oldest first. SYNC. */
static int
lead(struct qt_store *s, struct qt_err *err)
{
	struct qt__stripe	*stripe;
	uint32_t		 rescuer = atomic_load(&s->ctl->rescuer);
	uint64_t		 begun_ns;
	int			 rc;

	if (rescuer != 0 && rescuer != s->user.id &&
	    qt__user_is_alive(&s->user, rescuer) != 0)
		return -ECANCELED;
	rc = check_place(s, err);
	if (rc == 0)
		rc = qt__super_get(s, &stripe, err);
	if (rc < 0)
		return rc;
	begun_ns = qt__gather_begin(&s->ctl->gather,
	    atomic_load(&s->ctl->round));
	for (uint32_t i = stripe->super->mem_count; rc == 0 && i-- > 0;)
		rc = sync_mem(s, stripe->super->mems[i], err);
	qt__super_release(stripe);
	if (rc == 0) {
		atomic_store(&s->ctl->poison, 0);
		atomic_store(&s->ctl->has_deposed, 0);
		qt__gather_end(&s->ctl->gather, begun_ns);
	}
	atomic_store(&s->ctl->synced_ms, qt_clock_mono_ms());
	qt__count(s->ctl, QT__SYNCS, 1);
	return rc;
}

static void
end_round(struct qt__ctl *ctl)
{
	atomic_fetch_add(&ctl->round, 1);
	if (atomic_load(&ctl->sleepers) > 0)
		syscall(SYS_futex, &ctl->round, FUTEX_WAKE, INT_MAX, NULL,
		    NULL, 0);
}

static void
sleep_in(struct qt__ctl *ctl, uint32_t round, uint64_t most_ns)
{
	struct timespec	slice = { .tv_nsec = most_ns < SLICE_NS ?
	    (long)most_ns : SLICE_NS };

	atomic_fetch_add(&ctl->sleepers, 1);
	syscall(SYS_futex, &ctl->round, FUTEX_WAIT, round, &slice, NULL, 0);
	atomic_fetch_sub(&ctl->sleepers, 1);
}

/* The leader has done nothing for long: takes its place. */
static bool
depose(struct qt_store *s)
{
	struct qt__lock	*lock = &s->ctl->sync;
	uint64_t	 since = atomic_load(&lock->since_ms);
	int		 state;

	if (qt_clock_mono_ms() < since + STOPPED_MS ||
	    atomic_load(&s->ctl->rescuer) != 0)
		return false;
	state = qt__user_is_stopped(&s->user, atomic_load(&lock->pid),
	    atomic_load(&lock->pid_ns));
	if (state == 0)
		return false;
	/* Before, and until all is in new files: we may die, too. */
	atomic_store(&s->ctl->has_deposed, 1);
	return qt__lock_depose(lock, &s->user, state == 1 ? STOPPED_MS :
	    SILENT_MS);
}

/* Leads, when nobody does: 1 and what came of it in *rc; else 0. */
static int
try_to_lead(struct qt_store *s, int *rc, struct qt_err *err)
{
	struct qt__lock	*lock = &s->ctl->sync;
	int		 got;

	if (pthread_mutex_trylock(&s->sync_mutex) != 0)
		return 0;
	*rc = qt__store_user(s, err);
	got = *rc < 0 ? *rc : qt__lock_take(lock, &s->user, 0, NULL);
	if (got == -EBUSY && depose(s))
		got = 0;
	if (got >= 0) {
		*rc = lead(s, err);
		qt__lock_give(lock, &s->user);
		if (*rc == -ECANCELED) {	/* others are at it */
			*rc = 0;
			got = -EBUSY;
		}
	}
	pthread_mutex_unlock(&s->sync_mutex);
	if (got >= 0)
		end_round(s->ctl);
	return got >= 0 || *rc < 0;
}

/* A turn of who waits: tries to lead round, when it is time to; then sleeps. */
static int
wait_turn(struct qt_store *s, uint64_t upto, uint32_t round,
    struct qt_err *err)
{
	struct qt__ctl	*ctl = s->ctl;
	uint64_t	 wait_ns = qt__gather_wait(&ctl->gather, round);
	int		 rc = 0;

	if (wait_ns == 0) {
		if (try_to_lead(s, &rc, err))
			return rc;
		wait_ns = SLICE_NS;
	}
	/* Poisoned while we slept, and nobody leads: our own try says what is
	   wrong. */
	if (atomic_load(&ctl->durable) < upto)
		sleep_in(ctl, round, wait_ns);
	return 0;
}

int
qt__sync_to(struct qt_store *s, uint64_t upto, struct qt_err *err)
{
	struct qt__ctl	*ctl = s->ctl;
	uint64_t	 deadline = qt__store_deadline(s);
	int		 rc;

	if (atomic_load_explicit(&ctl->durable, memory_order_acquire) >= upto)
		return 0;
	qt__gather_arrive(&ctl->gather);
	while (atomic_load_explicit(&ctl->durable, memory_order_acquire) <
	    upto) {
		uint32_t	round = atomic_load(&ctl->round);

		rc = wait_turn(s, upto, round, err);
		if (rc < 0)
			return rc;
		if (qt_clock_mono_ms() > deadline) {
			qt_err_set(err, "process %llu has been syncing the log "
			    "for too long (is it stopped?)",
			    (unsigned long long)atomic_load(&ctl->sync.pid));
			return -ETIMEDOUT;
		}
	}
	return 0;
}

int
qt_store_sync(struct qt_store *s, uint64_t version, struct qt_err *err)
{
	struct qt__stripe	*stripe;
	uint64_t		 upto = version + 1;
	int			 rc = qt__store_writable(s, err);

	if (rc < 0)
		return rc;
	if (version == 0) {
		rc = qt__super_get(s, &stripe, err);
		if (rc < 0)
			return rc;
		upto = qt__mem_end(stripe->super->mems[0]);
		qt__super_release(stripe);
	}
	return qt__sync_to(s, upto, err);
}

uint64_t
qt_store_durable(const struct qt_store *s)
{
	uint64_t	durable = atomic_load(&s->ctl->durable);

	return durable > 0 ? durable - 1 : 0;
}
