/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who syncs later: what a handle with QT_STORE_DETACH leaves behind.
 *
 * ctl->syncer is the id of a user who will make durable all that is visible,
 * within the sync interval, and do what is due. Who closes the store and has
 * left something looks there. A live one takes care of it; else the closing
 * process puts its own id there and forks a child, which goes on as that user:
 * the lock on the byte of LOCK belongs to the open file description, which the
 * child inherits. So at no time is the word somebody's who will not do it.
 *
 * A syncer that is about to end and a put that is about to be left to it:
 *
 *	syncer				who puts
 *	syncer = 0			head = end of the record
 *	qt__ctl_meet()			qt__ctl_meet()
 *	reads head			reads syncer
 *
 * One of them sees the other. If it is the syncer, it takes the word again, or
 * finds another one in it. If both do, the syncer stays and the other one leaves
 * it to it, or the other one was first and the syncer ends.
 *
 * A syncer that is killed leaves its id, which is dead: the next one to open the
 * store syncs when it closes it, or makes a new syncer. If the id has become
 * another user's meanwhile, that one drops the word when it takes the id, and
 * syncs when it closes: handle.c.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>

#include "collect_priv.h"
#include "detach_priv.h"
#include "durable_priv.h"
#include "handle_priv.h"
#include "store_priv.h"
#include "super_priv.h"

#define PIECE_MS	50u	/* of maintenance, until it looks again */
#define GRACE_MS	2000u	/* of a disk that takes its time */

/* The child's, for its signal handler. */
static struct qt__ctl		*signalled_ctl;
static volatile sig_atomic_t	 is_signalled;

/* Whether something is visible that is not durable, and is meant to be. */
static bool
has_unsynced(struct qt_store *s)
{
	struct qt__stripe	*stripe;
	const struct qt__mem	*m;
	bool			 is;

	if (s->set.mode == QT_STORE_MEMORY)
		return false;
	/* The sync will say why. */
	if (qt__super_get(s, &stripe, NULL) < 0)
		return true;
	m = stripe->super->mems[0];
	is = atomic_load(&s->ctl->durable) < qt__mem_end(m);
	qt__super_release(stripe);
	return is;
}

/* Whether maintenance is, and nobody is at it. */
static bool
is_due(struct qt_store *s)
{
	bool	is_dead = true;

	return atomic_load(&s->ctl->due) != 0 &&
	    (qt__lock_owner(&s->ctl->maintain, &s->user, &is_dead) == 0 ||
	    is_dead);
}

/* What is in memory is to go to files when the checkpoint interval is over. */
static void
note_age(struct qt_store *s)
{
	uint64_t		 interval = s->set.checkpoint_interval_ms;
	struct qt__stripe	*stripe;

	if (interval == 0 || s->is_rdonly ||
	    qt__store_left(atomic_load(&s->ctl->frozen_ms), interval) > 0 ||
	    qt__super_get(s, &stripe, NULL) < 0)
		return;
	if (qt__mem_end(stripe->super->mems[0]) >
	    stripe->super->mems[0]->base)
		atomic_store(&s->ctl->due, 1);
	qt__super_release(stripe);
}

/* --- The child ------------------------------------------------------------ */

static void
wake(struct qt__ctl *ctl)
{
	atomic_fetch_add(&ctl->hurry, 1);
	syscall(SYS_futex, &ctl->hurry, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void
on_signal(int sig)
{
	int	saved = errno;

	(void)sig;
	is_signalled = 1;
	wake(signalled_ctl);
	errno = saved;
}

static bool
has_to_hurry(struct qt__ctl *ctl, uint32_t calm)
{
	return is_signalled || atomic_load(&ctl->hurry) != calm;
}

static void
wait_until(struct qt__ctl *ctl, uint32_t calm, uint64_t until_ms)
{
	while (!has_to_hurry(ctl, calm)) {
		uint64_t	now = qt_clock_mono_ms();
		struct timespec	left;

		if (now >= until_ms)
			return;
		left.tv_sec = (time_t)((until_ms - now) / 1000);
		left.tv_nsec = (long)((until_ms - now) % 1000) * 1000000;
		syscall(SYS_futex, &ctl->hurry, FUTEX_WAIT, calm, &left, NULL,
		    0);
	}
}

/*
 * Gives the word back, if nothing came since the last sync or if another one
 * has it: true, the end.
 */
static bool
give_up(struct qt_store *s, bool can_maintain)
{
	uint32_t	none = 0, id = s->user.id;

	(void)atomic_compare_exchange_strong(&s->ctl->syncer, &id, 0);
	qt__ctl_meet(s->ctl);
	if (!has_unsynced(s) && !(can_maintain && is_due(s)))
		return true;
	return !atomic_compare_exchange_strong(&s->ctl->syncer, &none,
	    s->user.id);
}

static void
stay(struct qt_store *s, uint32_t calm)
{
	uint64_t	by = atomic_load(&s->ctl->sync_by_ms);
	bool		can_maintain = true;

	do {
		if (has_unsynced(s))
			wait_until(s->ctl, calm, by);
		by = qt_clock_mono_ms() + s->set.sync_interval_ms;
		/* If not, the store is poisoned, and everybody is told so. */
		if (has_unsynced(s) && qt_store_sync(s, 0, NULL) < 0)
			break;
		atomic_store(&s->ctl->sync_by_ms, by);
		can_maintain &= !has_to_hurry(s->ctl, calm);
		/* What it cannot do is due for the next one. */
		if (can_maintain && is_due(s))
			can_maintain = qt_store_maintain(s, PIECE_MS,
			    NULL) >= 0;
	} while (!give_up(s, can_maintain));
}

/* What our parent was started with: a pipe has its end when it ends. */
static int
close_inherited(void *arg, const char *name)
{
	int	fd = atoi(name), flags = fcntl(fd, F_GETFD);

	(void)arg;
	if (fd > STDERR_FILENO && flags >= 0 && !(flags & FD_CLOEXEC))
		close(fd);
	return 0;
}

static void
leave_files(void)
{
	int	fd = qt_sys_open(AT_FDCWD, "/dev/null", O_RDWR, 0);

	for (int i = 0; i <= STDERR_FILENO; i++)
		if (fd >= 0)
			(void)dup2(fd, i);
		else
			close(i);
	if (fd > STDERR_FILENO)
		close(fd);
	(void)qt__each_name(AT_FDCWD, "/proc/self/fd", close_inherited, NULL);
	(void)!chdir("/");
}

/* Who ends us wants it to be durable first: a machine that is shut down. */
static void
watch_signals(struct qt__ctl *ctl)
{
	static const int	ends[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction	act = { .sa_handler = SIG_DFL };
	sigset_t		none;

	signalled_ctl = ctl;
	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &act, NULL);
	act.sa_handler = on_signal;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		(void)sigaction(ends[i], &act, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void
be_child(struct qt_store *s, uint32_t calm)
{
	qt__user_set_pid(&s->user);
	atomic_store(&s->user_id, s->user.id);
	qt__users_lock();
	qt__user_register(&s->user);
	qt__users_unlock();
	(void)setsid();
	(void)prctl(PR_SET_NAME, "qt-store-sync", 0, 0, 0);
	watch_signals(s->ctl);
	leave_files();
	stay(s, calm);
	qt__collect_strays(s);
	qt__user_close(&s->user);
	_exit(0);
}

/* --- Who leaves ----------------------------------------------------------- */

/* If not, it is stopped, say, and the put is not left to it. */
static bool
is_in_time(struct qt__ctl *ctl, uint64_t now_ms)
{
	return now_ms < atomic_load(&ctl->sync_by_ms) + GRACE_MS;
}

/* 1: the word is ours; 0: somebody has it, who lives; -EBUSY: and is late. */
static int
claim(struct qt_store *s)
{
	struct qt__ctl	*ctl = s->ctl;
	uint64_t	 now = qt_clock_mono_ms();
	uint32_t	 seen = atomic_load(&ctl->syncer);

	do {
		if (seen != 0 && seen != s->user.id &&
		    qt__user_is_alive(&s->user, seen) != 0)
			return is_in_time(ctl, now) ? 0 : -EBUSY;
	} while (!atomic_compare_exchange_weak(&ctl->syncer, &seen,
	    s->user.id));
	atomic_store(&ctl->sync_by_ms, now + s->set.sync_interval_ms);
	return 1;
}

static int
leave_child(struct qt_store *s, uint32_t calm)
{
	sigset_t	all, before;
	pid_t		pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	/* Those who are listed are closed in a child. */
	qt__users_lock();
	qt__user_unregister(&s->user);
	qt__users_unlock();
	pid = qt_sys_fork();
	if (pid == 0)
		be_child(s, calm);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0) {
		qt__users_lock();
		qt__user_register(&s->user);
		qt__users_unlock();
		return (int)pid;
	}
	/* Without unlocking the byte, which is the child's. */
	close(s->user.fd);
	s->user = (struct qt__user)QT__USER_INIT;
	atomic_store(&s->user_id, 0);
	return 0;
}

bool
qt__detach(struct qt_store *s)
{
	uint32_t	calm = atomic_load(&s->ctl->hurry), id;
	int		rc;

	note_age(s);
	if (!s->is_unsynced && atomic_load(&s->ctl->due) == 0)
		return true;
	/* Who is left behind by a container's first process ends with it. */
	if (s->is_rdonly || getpid() == 1 ||
	    atomic_load(&s->ctl->poison) != 0 || qt__store_user(s, NULL) < 0)
		return false;
	/* What was put is said; now we look who is there. */
	qt__ctl_meet(s->ctl);
	if (!has_unsynced(s) && !is_due(s))
		return true;
	rc = claim(s);
	if (rc <= 0)
		return rc == 0;
	id = s->user.id;
	if (leave_child(s, calm) == 0)
		return true;
	(void)atomic_compare_exchange_strong(&s->ctl->syncer, &id, 0);
	return false;
}

void
qt__detach_adopt(struct qt_store *s)
{
	uint32_t	id = atomic_load(&s->ctl->syncer);
	int		fd;

	if (s->is_rdonly || id == 0 || id > QT__USER_MAX)
		return;
	fd = qt_sys_open(s->dirfd, "LOCK", O_RDWR, 0);
	if (fd < 0)
		return;
	if (qt_sys_is_locked(fd, QT__USER_BASE + (off_t)id, 1) == 0) {
		s->dead_syncer = id;
		s->is_unsynced = true;
	}
	close(fd);
}

void
qt__detach_hurry(struct qt__ctl *ctl)
{
	if (atomic_load(&ctl->syncer) != 0)
		wake(ctl);
}

void
qt__detach_end(struct qt__ctl *ctl, int lock, uint64_t timeout_ms)
{
	uint64_t	deadline = qt_clock_mono_ms() + timeout_ms;
	uint32_t	id = atomic_load(&ctl->syncer);

	qt__detach_hurry(ctl);
	while (id != 0 && id <= QT__USER_MAX &&
	    qt_sys_is_locked(lock, QT__USER_BASE + (off_t)id, 1) == 1 &&
	    qt_clock_mono_ms() < deadline)
		(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 },
		    NULL);
}
