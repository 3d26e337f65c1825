/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maintenance: memtables into runs, runs into fewer.
 *
 *	MAINTAIN -> a step writes run files, then a manifest (maintain_step.c)
 *	         -> WRITE for a moment: readers are told where the data is now
 *	         -> what nobody needs any more goes (collect.c)
 *
 * Killed before the manifest is saved: nothing has happened, the next one does
 * the step again. After it: the next one to take MAINTAIN, or WRITE, finds that
 * CURRENT names a newer manifest than readers know, and tells them.
 *
 * When a manifest could not be made sure of (-ENOTRECOVERABLE) nothing is
 * removed and nothing is saved until qt__manifest_settle() succeeds; writing to
 * logs goes on as long as there is room for them.
 */

#include <errno.h>

#include <qt/base/clock.h>

#include "checkpoint_priv.h"
#include "collect_priv.h"
#include "handle_priv.h"
#include "maintain_priv.h"
#include "plan_priv.h"
#include "put_priv.h"
#include "rotate_priv.h"
#include "store_priv.h"
#include "worker_priv.h"

/* --- MAINTAIN ------------------------------------------------------------- */

static int
settle(struct qt_store *s, struct qt_err *err)
{
	int	rc;

	if (atomic_load(&s->ctl->is_unsettled) == 0)
		return 0;
	rc = qt__manifest_settle(s->dirfd, err);
	if (rc < 0)
		return -EROFS;
	atomic_store(&s->ctl->is_unsettled, 0);
	return 0;
}

/* s->now is what CURRENT names. */
static int
load(struct qt_store *s, struct qt_err *err)
{
	struct qt__where	w;
	uint64_t		number;
	int			rc = qt__manifest_current(s->dirfd, &number,
	    err);

	if (rc < 0)
		return rc;
	if (s->now == NULL || s->now->number != number) {
		qt__manifest_free(s->now);
		s->now = NULL;
		rc = qt__manifest_load(&s->now, s->dirfd, number, err);
		if (rc < 0)
			return rc;
	}
	(void)qt__where_get(s->ctl, &w);
	if (w.manifest == number)
		return 0;
	rc = qt__write_take(s, err);
	if (rc < 0)
		return rc;
	rc = qt__maintain_catch_up(s, err);
	qt__write_give(s);
	return rc;
}

int
qt__maintain_begin(struct qt_store *s, uint64_t deadline_ms,
    struct qt_err *err)
{
	int	rc;

	if (deadline_ms == 0 && pthread_mutex_trylock(&s->maintain_mutex) != 0)
		return -EBUSY;
	if (deadline_ms != 0)
		pthread_mutex_lock(&s->maintain_mutex);
	rc = qt__store_user(s, err);
	if (rc == 0)
		rc = qt__lock_take(&s->ctl->maintain, &s->user, deadline_ms,
		    err);
	if (rc < 0) {
		qt_err_wrap(err, "wait for the lock of maintenance");
		pthread_mutex_unlock(&s->maintain_mutex);
		return rc;
	}
	if (rc == 1) {
		atomic_store(&s->ctl->is_unsettled, 1);
		atomic_store(&s->ctl->has_garbage, 1);
	}
	rc = settle(s, err);
	if (rc == 0)
		rc = load(s, err);
	if (rc < 0)
		qt__maintain_end(s);
	return rc;
}

void
qt__maintain_end(struct qt_store *s)
{
	qt__lock_give(&s->ctl->maintain, &s->user);
	pthread_mutex_unlock(&s->maintain_mutex);
}

/* --- Telling readers ------------------------------------------------------ */

void
qt__maintain_tell(struct qt_store *s, const struct qt__manifest *m)
{
	struct qt__where	w;

	(void)qt__where_get(s->ctl, &w);
	w.manifest = m->number;
	w.sum = m->crc;
	if (w.first_wal < m->first_wal)
		w.first_wal = m->first_wal;
	qt__where_set(s->ctl, &w);
	atomic_store(&s->ctl->is_behind, qt__plan_is_behind(m));
	atomic_store(&s->ctl->has_garbage, 1);
	qt__worker_wake(s->ctl, false);
}

int
qt__maintain_catch_up(struct qt_store *s, struct qt_err *err)
{
	struct qt__manifest	*m;
	struct qt__where	 w;
	uint64_t		 number;
	int			 rc = qt__manifest_current(s->dirfd, &number,
	    err);

	(void)qt__where_get(s->ctl, &w);
	if (rc < 0 || number == w.manifest)
		return rc;
	if (number < w.manifest) {
		qt_err_set(err, "CURRENT names manifest %llu, which is older "
		    "than %llu: a backup was put in the store's place, open it "
		    "again", (unsigned long long)number,
		    (unsigned long long)w.manifest);
		return -QT_EGONE;
	}
	rc = qt__manifest_load(&m, s->dirfd, number, err);
	if (rc < 0)
		return rc;
	if (m->first_wal > w.active) {
		qt_err_set(err, "manifest %llu begins at log %llu, there are "
		    "logs up to %llu", (unsigned long long)number,
		    (unsigned long long)m->first_wal,
		    (unsigned long long)w.active);
		rc = -QT_ECORRUPT;
	} else {
		qt__maintain_tell(s, m);
	}
	qt__manifest_free(m);
	return rc;
}

int
qt__maintain_publish(struct qt_store *s, struct qt__manifest *to,
    struct qt_err *err)
{
	int	rc;

	qt__manifest_free(s->now);
	s->now = to;
	rc = qt__write_take(s, err);
	if (rc < 0)
		return rc;
	qt__maintain_tell(s, to);
	qt__write_give(s);
	return 0;
}

/* --- Who does it ---------------------------------------------------------- */

/* The active memtable is full now, unless it is empty. */
static int
rotate(struct qt_store *s, struct qt_err *err)
{
	struct qt__stripe	*stripe;
	struct qt__mem		*m;
	int			 rc = qt__write_begin(s, &stripe, &m, err);

	if (rc < 0)
		return rc;
	if (atomic_load(&m->head->head) > QT__LOG_FIRST)
		rc = qt__rotate(s, m, err);
	qt__write_end(s, stripe);
	return rc;
}

/*
 * 1: something was done, and more may be due. Flushing comes first, as writers
 * wait for it; but where the runs are late the two take turns, or a load that
 * never ends would never be merged, and fill the disk. A merge that fails does
 * not keep a log from being flushed.
 */
static int
advance(struct qt_store *s, struct qt_err *err)
{
	bool	is_late = qt__plan_is_late(s->now);
	int	merged = is_late ? qt__maintain_merge(s, 0, err) : 0;
	int	flushed = qt__maintain_flush(s, merged < 0 ? NULL : err);

	if (flushed != 0)
		return flushed;
	return is_late ? merged : qt__maintain_merge(s, 0, err);
}

int
qt__maintain_flush_frozen(struct qt_store *s, struct qt_err *err)
{
	struct qt__where	w;
	uint64_t		end;
	int			rc = 0;

	(void)qt__where_get(s->ctl, &w);
	end = w.active;
	while (rc >= 0 && w.first_wal < end) {
		rc = qt__maintain_flush(s, err);
		(void)qt__where_get(s->ctl, &w);
	}
	return rc < 0 ? rc : 0;
}

int
qt__maintain_flush_all(struct qt_store *s, struct qt_err *err)
{
	int	rc;

	while ((rc = rotate(s, err)) == -EAGAIN) {
		rc = advance(s, err);
		if (rc < 0)
			return rc;
	}
	return rc < 0 ? rc : qt__maintain_flush_frozen(s, err);
}

static bool
has_room(struct qt_store *s)
{
	struct qt__where	w;

	(void)qt__where_get(s->ctl, &w);
	return w.active + 1 - w.first_wal < qt__rotate_count(s) &&
	    !atomic_load(&s->ctl->is_behind);
}

int
qt__maintain_make_room(struct qt_store *s, bool has_to_shrink,
    struct qt_err *err)
{
	int			 rc = qt__maintain_begin(s,
	    qt__store_deadline(s), err);
	struct qt__where	 w, now;

	if (rc < 0)
		return rc;
	qt__count(s->ctl, QT__STALLS, 1);
	(void)qt__where_get(s->ctl, &w);
	/* Who waited for somebody else's step may find that there is room. */
	do {
		rc = advance(s, err);
		(void)qt__where_get(s->ctl, &now);
	} while (rc == 1 && !(has_to_shrink ? now.first_wal > w.first_wal :
	    has_room(s)));
	if (rc >= 0)
		rc = qt__collect(s, err);
	qt__maintain_end(s);
	return rc;
}

static int
rotate_old(struct qt_store *s, struct qt_err *err)
{
	uint64_t	interval = s->set.checkpoint_interval_ms;
	int		rc;

	if (interval == 0 || qt__store_left(atomic_load(&s->ctl->frozen_ms),
	    interval) > 0)
		return 0;
	rc = rotate(s, err);
	/* Of an empty one it is asked again when the interval is over again. */
	if (rc == 0)
		atomic_store(&s->ctl->frozen_ms, qt_clock_mono_ms());
	return rc == -EAGAIN ? 0 : rc;
}

/* 1: something was done, and more may be due. */
static int
step(struct qt_store *s, struct qt_err *err)
{
	int	rc = qt__maintain_begin(s, 0, err);

	if (rc < 0)
		return rc;
	atomic_store(&s->ctl->due, 0);
	rc = rotate_old(s, err);
	if (rc == 0)
		rc = advance(s, err);
	if (rc != 0)		/* also for who tries after an error */
		atomic_store(&s->ctl->due, 1);
	if (rc >= 0) {
		int	removed = qt__collect(s, err);

		rc = removed < 0 ? removed : rc;
	}
	qt__maintain_end(s);
	return rc;
}

void
qt__maintain_overdue(struct qt_store *s, uint32_t budget_ms)
{
	uint64_t		end = qt_clock_mono_ms() + budget_ms;
	struct qt__where	w;
	int			rc = 1;

	while (rc == 1 && qt_clock_mono_ms() < end) {
		if (qt__maintain_begin(s, 0, NULL) < 0)
			return;
		(void)qt__where_get(s->ctl, &w);
		rc = w.first_wal < w.active || qt__plan_is_late(s->now) ?
		    advance(s, NULL) : 0;
		/* Not where readers could not be told of what was done. */
		if (rc >= 0)
			(void)qt__collect(s, NULL);
		qt__maintain_end(s);
	}
}

int
qt_store_maintain(struct qt_store *s, uint32_t budget_ms, struct qt_err *err)
{
	uint64_t	end = qt_clock_mono_ms() + budget_ms;
	int		rc = qt__store_writable(s, err);

	while (rc == 0) {
		rc = step(s, err);
		if (rc <= 0)
			return rc == -EBUSY ? 0 : rc;
		if (qt_clock_mono_ms() >= end)
			return 1;
		rc = 0;
	}
	return rc;
}

int
qt_store_checkpoint(struct qt_store *s, const char *dest, struct qt_err *err)
{
	int	rc = qt__store_writable(s, err);

	if (rc == 0)
		rc = qt__maintain_begin(s, qt__store_deadline(s), err);
	if (rc < 0)
		return rc;
	rc = qt__maintain_flush_all(s, err);
	if (rc == 0)
		rc = qt__collect(s, err);
	/* Last, so that there is none when this fails. Files stay as long as we
	   have MAINTAIN. */
	if (rc == 0 && dest != NULL)
		rc = qt__checkpoint_copy(s, dest, err);
	qt__maintain_end(s);
	return rc;
}

int
qt_store_compact(struct qt_store *s, struct qt_err *err)
{
	uint64_t	whole = 0;
	int		rc = qt_store_checkpoint(s, NULL, err), more = 1;

	while (rc == 0 && more == 1) {
		rc = qt__maintain_begin(s, qt__store_deadline(s), err);
		if (rc < 0)
			return rc;
		if (whole == 0)
			whole = s->now->next_file;
		more = qt__maintain_merge(s, whole, err);
		rc = more < 0 ? more : qt__collect(s, err);
		qt__maintain_end(s);
	}
	return rc;
}
