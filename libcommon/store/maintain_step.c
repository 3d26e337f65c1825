/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One step of maintenance: what flush.c and compact.c do with files, for
 * memtables and readers that share memory. See maintain.c.
 */

#include <errno.h>
#include <unistd.h>

#include "collect_priv.h"
#include "compact_priv.h"
#include "durable_priv.h"
#include "maintain_priv.h"
#include "rotate_priv.h"
#include "scan_priv.h"
#include "store_priv.h"
#include "super_priv.h"
#include "sync_priv.h"

#define FLUSH_BUDGET	(UINT64_C(64) << 20)	/* bytes written in a step */
#define MERGE_BUDGET	(UINT64_C(192) << 20)	/* read and written */

static int
open_run(void *arg, uint64_t number, struct qt__run **out, struct qt_err *err)
{
	struct qt_store	*s = arg;

	return qt__run_open(out, s->run_fd, number, QT__RUN_VERIFY, NULL, err);
}

static void
done_run(void *arg, struct qt__run *run)
{
	(void)arg;
	qt__run_close(run);
}

static void
count_written(void *arg, uint64_t bytes)
{
	struct qt_store	*s = arg;

	qt__count(s->ctl, QT__WRITTEN_BYTES, bytes);
}

static unsigned int
threads_of(const struct qt_store *s)
{
	long	n;

	if (s->flags & QT_STORE_NO_THREADS)
		return 1;
	n = sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : n > QT__PARTS ? QT__PARTS : (unsigned int)n;
}

static struct qt__work
work_of(struct qt_store *s)
{
	uint64_t	oldest = qt__collect_oldest(s);

	return (struct qt__work){
		.dirfd = s->dirfd, .run_dirfd = s->run_fd,
		.level = s->set.level,
		.memtable_size = qt__rotate_size(s),
		.threads = threads_of(s),
		.now_ms = qt__store_now(s),
		.oldest = oldest < s->now->number ? oldest : s->now->number,
		.source = { .open = open_run, .done = done_run, .arg = s },
		.written = count_written, .arg = s,
	};
}

/* What came of a step. */
static int
end_step(struct qt_store *s, int rc, struct qt__manifest *to,
    struct qt_err *err)
{
	int	told;

	/* The disk is full: without the log that is kept for the next
	   memtable, once more. */
	if (rc == -ENOSPC &&
	    qt__durable_remove(s->wal_dirfd, QT__WAL_SPARE) == 0)
		return 1;
	if (rc == -ENOTRECOVERABLE) {
		atomic_store(&s->ctl->is_unsettled, 1);
		return -EROFS;
	}
	if (to == NULL)
		return rc;
	told = qt__maintain_publish(s, to, err);
	return told < 0 ? told : rc;
}

static struct qt__mem *
find_mem(const struct qt__super *super, uint64_t number)
{
	for (uint32_t i = 0; i < super->mem_count; i++)
		if (super->mems[i]->number == number)
			return super->mems[i];
	return NULL;
}

/* The memtable is whole and will not change. */
static int
flush(struct qt_store *s, struct qt__mem *m, struct qt_err *err)
{
	bool			 is_memory = s->set.mode == QT_STORE_MEMORY;
	uint64_t		 end = atomic_load_explicit(&m->head->head,
	    memory_order_acquire);
	struct qt__work		 work;
	struct qt__manifest	*to = NULL;
	struct qt__cursor	*records;
	int			 rc = 0;

	/* A part of it in a run and the rest lost would be no moment of the
	   store's history. In memory mode there is no log, so no parts. */
	if (!is_memory)
		rc = qt__sync_to(s, m->base + end, err);
	if (rc == 0)
		rc = qt__store_order(s, m, end, &records, err);
	if (rc < 0) {
		qt_err_wrap(err, "flush memtable %llu",
		    (unsigned long long)m->number);
		return rc;
	}
	work = work_of(s);
	rc = qt__flush_step(&work, s->now, records, m->number, m->base + end,
	    is_memory ? UINT64_MAX : FLUSH_BUDGET, &to, err);
	rc = end_step(s, rc, to, err);
	if (rc == 0) {
		uint64_t	durable = atomic_load(&s->ctl->durable);

		qt__count(s->ctl, QT__FLUSHES, 1);
		while (durable < m->base + end &&
		    !atomic_compare_exchange_weak(&s->ctl->durable, &durable,
		    m->base + end))
			;
	}
	return rc < 0 ? rc : 1;
}

int
qt__maintain_flush(struct qt_store *s, struct qt_err *err)
{
	struct qt__stripe	*stripe;
	struct qt__where	 w;
	struct qt__mem		*m;
	int			 rc;

	(void)qt__where_get(s->ctl, &w);
	if (w.first_wal == w.active)
		return 0;
	rc = qt__super_get(s, &stripe, err);
	if (rc < 0)
		return rc;
	m = find_mem(stripe->super, w.first_wal);
	if (m == NULL) {
		qt_err_set(err, "memtable %llu is not there",
		    (unsigned long long)w.first_wal);
		rc = -QT_ECORRUPT;
	} else {
		rc = flush(s, m, err);
	}
	qt__super_release(stripe);
	return rc;
}

int
qt__maintain_merge(struct qt_store *s, uint64_t whole, struct qt_err *err)
{
	struct qt__work		 work = work_of(s);
	struct qt__manifest	*to = NULL;
	int			 rc;

	rc = qt__merge_step(&work, s->now, MERGE_BUDGET, whole, &to, err);
	rc = end_step(s, rc, to, err);
	if (to != NULL && s->now->merge.output == 0)
		qt__count(s->ctl, QT__COMPACTIONS, 1);
	if (rc == 0)		/* so nobody has to wait for one */
		atomic_store(&s->ctl->is_behind, 0);
	return rc;
}
