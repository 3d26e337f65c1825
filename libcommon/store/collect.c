/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nobody needs any more goes. See store_priv.h.
 *
 * Nothing is remembered of what is to be removed, so nothing is forgotten when
 * somebody dies: folders are compared with the manifests that are in use, that
 * is the current one and those of live slots. A slot that does not say yet which
 * one it uses may use any.
 *
 * Segments of a group's store are another matter: in /dev/shm only their owner,
 * who began that memtable, can unlink them. What is refused is left to him: he
 * looks when he begins one again, whenever his worker wakes, and when he closes.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/buf.h>
#include <qt/base/sys.h>

#include "big_collect_priv.h"
#include "collect_priv.h"
#include "durable_priv.h"
#include "numbers_priv.h"
#include "pin_priv.h"
#include "rotate_priv.h"
#include "store_priv.h"

/* --- Slots ---------------------------------------------------------------- */

static uint32_t
slot_count(const struct qt_store *s)
{
	uint32_t	n = atomic_load(&s->ctl->slot_high);

	return n < QT__SLOTS ? n : QT__SLOTS;
}

uint64_t
qt__collect_oldest(struct qt_store *s)
{
	uint64_t	oldest = UINT64_MAX, number;

	qt__ctl_meet(s->ctl);	/* qt__pin_take() */
	for (uint32_t i = 0; i < slot_count(s); i++)
		if (qt__pin_is_live(&s->ctl->slots[i], &s->user, &number) &&
		    number < oldest)
			oldest = number;
	return oldest;
}

/* --- Runs ----------------------------------------------------------------- */

struct needed {
	struct qt_store	*s;
	struct qt_buf	 numbers;	/* numbers_priv.h; sorted in the end */
	struct qt_err	*err;
};

static int
add_all(struct needed *n, const struct qt__manifest *m)
{
	int	rc = 0;

	for (uint32_t i = 0; i < m->slice_count && rc == 0; i++)
		rc = qt__numbers_add(&n->numbers, m->slices[i].info.number);
	return rc;
}

static int
add_pinned(struct needed *n, uint64_t number)
{
	struct qt__manifest	*m;
	int			 rc;

	rc = qt__manifest_load(&m, n->s->dirfd, number, n->err);
	/* What a dead one has left in a slot that was just taken again: who has
	   it has not looked yet which manifest is the current one. */
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	rc = add_all(n, m);
	qt__manifest_free(m);
	return rc;
}

/* 1: known; 0: somebody may need anything. */
static int
find_needed(struct needed *n)
{
	struct qt_store	*s = n->s;
	uint64_t	 number, last = s->now->number;
	int		 rc = add_all(n, s->now);

	qt__ctl_meet(s->ctl);	/* qt__pin_take() */
	for (uint32_t i = 0; i < slot_count(s) && rc == 0; i++) {
		if (!qt__pin_is_live(&s->ctl->slots[i], &s->user,
		    &number))
			continue;
		if (number == 0)
			return 0;
		/* Many have the same, one after the other. */
		if (number != last && number != s->now->number)
			rc = add_pinned(n, number);
		last = number;
	}
	if (rc < 0)
		return rc;
	qt__numbers_sort(&n->numbers);
	return 1;
}

static int
remove_run(void *arg, const char *name)
{
	const struct needed	*n = arg;
	uint64_t		 number = qt__number_of(name, ".run");
	int			 rc;

	if (number == 0 || qt__numbers_have(&n->numbers, number))
		return 0;
	rc = qt_sys_unlink(n->s->run_fd, name);
	return rc == -ENOENT ? 0 : rc;
}

/* 1: all is gone that can go; 0: something has to stay yet. */
static int
collect_runs(struct qt_store *s, struct qt_err *err)
{
	struct needed	n = { .s = s, .numbers = QT_BUF_INIT, .err = err };
	int		rc = find_needed(&n), removed;

	if (rc == 1) {
		removed = qt__each_name(s->run_fd, ".", remove_run, &n);
		if (removed < 0) {
			qt_err_set(err, "remove runs that nobody needs");
			rc = removed;
		}
	}
	qt_buf_clear(&n.numbers);
	return rc;
}

/* --- Logs and their memory ------------------------------------------------ */

struct logs {
	struct qt_store	*s;
	uint64_t	 first;
};

static int
collect_log(void *arg, const char *name)
{
	struct logs	*l = arg;
	uint64_t	 number = qt__number_of(name, ".wal");
	int		 fd = l->s->wal_dirfd, rc;

	if (number == 0 || number >= l->first)
		return 0;
	/* Its blocks serve the next log. Only one is kept. Nobody writes to it
	   any more: what is in it is durable, and who was deposed while he
	   wrote (sync.c) has a file that lost its name to another. */
	rc = l->s->keeps_no_log ? -EEXIST :
	    qt_sys_rename_new(fd, name, QT__WAL_SPARE);
	if (rc < 0)
		rc = qt_sys_unlink(fd, name);
	return rc == -ENOENT ? 0 : rc;
}

static int
collect_logs(struct qt_store *s, struct qt_err *err)
{
	struct qt__ctl		*ctl = s->ctl;
	struct qt__where	 w;
	struct logs		 l = { .s = s };
	uint64_t		 n;
	int			 rc;

	(void)qt__where_get(ctl, &w);
	l.first = w.first_wal;
	rc = qt__each_name(s->wal_dirfd, ".", collect_log, &l);
	if (rc < 0) {
		qt_err_set(err, "remove logs that are in runs");
		return rc;
	}
	/* Who has one mapped keeps it until it looks for what is new. */
	for (n = atomic_load(&ctl->reclaimed); n < w.first_wal; n++) {
		char	name[QT__SEG_NAME_SIZE];

		qt__mem_name(name, s->name, n);
		rc = qt_seg_unlink(name);
		if (rc == -EPERM || rc == -EACCES)
			atomic_store(&ctl->has_strays, 1);
	}
	atomic_store(&ctl->reclaimed, w.first_wal);
	return 0;
}

void
qt__collect_strays(struct qt_store *s)
{
	struct qt__where	w;

	/* As long as we are a user, memory of this name is that of ctl. */
	if (atomic_load(&s->ctl->has_strays) == 0 ||
	    atomic_load(&s->user_id) == 0)
		return;
	atomic_store(&s->ctl->has_strays, 0);
	(void)qt__where_get(s->ctl, &w);
	if (qt__control_forget_old(s->name, w.first_wal) != 0)
		atomic_store(&s->ctl->has_strays, 1);
}

static int
collect_big(struct qt_store *s, struct qt_err *err)
{
	struct qt__ctl	*ctl = s->ctl;
	int		 rc;

	if (atomic_load(&ctl->has_garbage) == 0 &&
	    atomic_load(&ctl->big_swept) >= atomic_load(&ctl->next_big))
		return 0;
	rc = qt__big_collect(s, s->now, qt__collect_oldest(s), err);
	if (rc == 1)
		atomic_store(&ctl->due, 1);
	return rc < 0 ? rc : 0;
}

int
qt__collect(struct qt_store *s, struct qt_err *err)
{
	struct qt__ctl	*ctl = s->ctl;
	uint64_t	 oldest;
	int		 rc = collect_big(s, err), all;

	if (rc < 0 || atomic_load(&ctl->has_garbage) == 0)
		return rc;
	rc = collect_logs(s, err);
	if (rc < 0)
		return rc;
	all = collect_runs(s, err);
	if (all < 0)
		return all;
	oldest = qt__collect_oldest(s);
	if (all == 1 && oldest != 0) {
		rc = qt__manifest_prune(s->dirfd, oldest < s->now->number ?
		    oldest : s->now->number);
		if (rc < 0)
			qt_err_set(err, "remove old manifests");
		/* Else once more, when those who need them are gone. */
		if (rc == 0 && oldest >= s->now->number)
			atomic_store(&ctl->has_garbage, 0);
	}
	return rc;
}
