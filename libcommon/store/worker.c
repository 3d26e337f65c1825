/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread of a handle that stays open: syncs what was written
 * asynchronously when the interval is over, and does what maintenance is due.
 * Of all processes that have one, whoever comes first does it. See
 * store_priv.h.
 */

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/clock.h>

#include "collect_priv.h"
#include "maintain_priv.h"
#include "store_priv.h"
#include "super_priv.h"
#include "worker_priv.h"

#define IDLE_MS		10000u	/* somebody may have died without a word */
#define RETRY_MS	500u	/* somebody else is at it, or it failed */
#define LAST_MS		1000u	/* for what is overdue, before it ends */

struct qt__worker {
	struct qt_store	*s;
	pthread_t	 thread;
	_Atomic bool	 has_to_end;
};

void
qt__worker_wake(struct qt__ctl *ctl, bool is_due)
{
	if (is_due)
		atomic_store(&ctl->due, 1);
	atomic_fetch_add(&ctl->bell, 1);
	syscall(SYS_futex, &ctl->bell, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void
sleep_ms(struct qt__ctl *ctl, uint32_t bell, uint64_t ms)
{
	struct timespec	t = { .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000 };

	syscall(SYS_futex, &ctl->bell, FUTEX_WAIT, bell, &t, NULL, 0);
}

/* How long nothing has to be synced, in ms. */
static uint64_t
sync_late(struct qt_store *s)
{
	struct qt__ctl		*ctl = s->ctl;
	uint64_t		 left;
	struct qt__stripe	*stripe;
	struct qt__mem		*m;
	bool			 is_dirty;

	/* Writers are refused, so nobody else finds out that the disk is well
	   again. Each attempt may write whole logs. */
	if (atomic_load(&ctl->poison) != 0 && qt_store_sync(s, 0, NULL) < 0)
		return IDLE_MS;
	if (s->set.mode == QT_STORE_SYNC || s->set.mode == QT_STORE_MEMORY)
		return IDLE_MS;
	left = qt__store_left(atomic_load(&ctl->synced_ms),
	    s->set.sync_interval_ms);
	if (left > 0)
		return left;
	if (qt__super_get(s, &stripe, NULL) < 0)
		return RETRY_MS;
	m = stripe->super->mems[0];
	is_dirty = qt__mem_end(m) > atomic_load(&ctl->durable);
	qt__super_release(stripe);
	/* What fails here is told to the next one who syncs or writes. */
	if (is_dirty && qt_store_sync(s, 0, NULL) < 0)
		return RETRY_MS;
	return s->set.sync_interval_ms;
}

/* How long nothing has to be maintained, in ms. */
static uint64_t
maintain(struct qt_store *s)
{
	uint64_t	interval = s->set.checkpoint_interval_ms;
	uint64_t	left = interval == 0 ? IDLE_MS : qt__store_left(
	    atomic_load(&s->ctl->frozen_ms), interval);
	int		rc;

	if (atomic_load(&s->ctl->due) == 0 && left > 0)
		return left < IDLE_MS ? left : IDLE_MS;
	rc = qt_store_maintain(s, 0, NULL);
	return rc == 1 || (rc == 0 && atomic_load(&s->ctl->due) == 0) ? 0 :
	    RETRY_MS;
}

static void
refresh(struct qt_store *s)
{
	struct qt__stripe	*stripe;

	/* So that memtables that are in runs are not held by who is idle. */
	if (qt__super_get(s, &stripe, NULL) == 0)
		qt__super_release(stripe);
	qt__super_tidy(s);
	qt__collect_strays(s);
}

static void *
work(void *arg)
{
	struct qt__worker	*w = arg;
	struct qt_store		*s = w->s;

	while (!atomic_load(&w->has_to_end)) {
		uint32_t	bell = atomic_load(&s->ctl->bell);
		uint64_t	late = sync_late(s), due = maintain(s);

		refresh(s);
		if (late > 0 && due > 0 && !atomic_load(&w->has_to_end))
			sleep_ms(s->ctl, bell, late < due ? late : due);
	}
	/* Else memory and disk stay full until somebody comes. */
	qt__maintain_overdue(s, LAST_MS);
	return NULL;
}

static struct qt__worker *
start(struct qt_store *s)
{
	struct qt__worker	*w = calloc(1, sizeof(*w));
	sigset_t		 all, before;
	int			 rc;

	if (w == NULL)
		return NULL;
	w->s = s;
	/* Signals are for the program's own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&w->thread, NULL, work, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc == 0)
		return w;
	free(w);
	return NULL;
}

void
qt__worker_start(struct qt_store *s)
{
	if ((s->flags & QT_STORE_NO_THREADS) || atomic_load_explicit(
	    &s->worker, memory_order_relaxed) != NULL)
		return;
	pthread_mutex_lock(&s->user_mutex);
	/* Without it, writers do what is due. */
	if (atomic_load(&s->worker) == NULL)
		atomic_store(&s->worker, start(s));
	pthread_mutex_unlock(&s->user_mutex);
}

void
qt__worker_stop(struct qt_store *s)
{
	struct qt__worker	*w = atomic_load(&s->worker);

	if (w == NULL)
		return;
	atomic_store(&w->has_to_end, true);
	qt__worker_wake(s->ctl, false);
	pthread_join(w->thread, NULL);
	qt__worker_forget(s);
}

void
qt__worker_forget(struct qt_store *s)
{
	free(atomic_exchange(&s->worker, NULL));
}
