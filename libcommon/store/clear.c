/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing all keys. See qt_store_clear() of <qt/store/store.h>.
 *
 * A manifest that names no runs, and begins at the log that was just begun. No
 * run has to be written for that, so it is a way out of a full disk, too.
 *
 *	1. WRITE, the next memtable becomes active (rotate.c)
 *	2. the manifest is saved: durable
 *	3. readers are told
 *
 * Killed behind 1: one memtable is not full, nothing else. Behind 2: the next
 * one who takes WRITE, which we had, does 3 before he writes anything.
 */

#include <errno.h>

#include "collect_priv.h"
#include "durable_priv.h"
#include "maintain_priv.h"
#include "put_priv.h"
#include "rotate_priv.h"
#include "store_priv.h"
#include "super_priv.h"

static int
empty(struct qt__manifest_edit *e, uint64_t first_wal, uint64_t version)
{
	struct qt__manifest	*m = qt__manifest_fields(e);
	int			 rc = 0;

	while (rc == 0 && m->run_count > 0) {
		rc = qt__manifest_run_del(e, m->runs[0].id);
		m = qt__manifest_fields(e);
	}
	m->flush = m->merge = (struct qt__job){ 0 };
	m->first_wal = first_wal;
	if (m->next_wal < first_wal)
		m->next_wal = first_wal;
	if (m->version < version)
		m->version = version;
	return rc;
}

static int
save(struct qt_store *s, const struct qt__mem *active,
    struct qt__manifest **to, struct qt_err *err)
{
	struct qt__manifest_edit	*e;
	int				 rc = qt__manifest_edit(&e, s->now);

	if (rc < 0)
		return rc;
	rc = empty(e, active->number, active->base);
	if (rc == 0)
		rc = qt__manifest_save(e, s->dirfd, to, err);
	if (rc < 0)
		qt__manifest_edit_free(e);
	if (rc != -ENOTRECOVERABLE)
		return rc;
	atomic_store(&s->ctl->is_unsettled, 1);
	return -EROFS;
}

/* Under both locks. */
static int
clear(struct qt_store *s, struct qt__mem *active, struct qt_err *err)
{
	struct qt__stripe	*stripe;
	struct qt__manifest	*to;
	int			 rc = 0;

	/* It may be empty since we failed behind this. */
	if (atomic_load(&active->head->head) > QT__LOG_FIRST ||
	    atomic_load(&active->head->is_frozen))
		rc = qt__rotate_last(s, active, err);
	if (rc < 0)
		return rc;
	rc = qt__super_get(s, &stripe, err);
	if (rc < 0)
		return rc;
	rc = save(s, stripe->super->mems[0], &to, err);
	qt__super_release(stripe);
	if (rc < 0)
		return rc;
	qt__maintain_tell(s, to);
	qt__manifest_free(s->now);
	s->now = to;
	return 0;
}

static int
try_to_clear(struct qt_store *s, struct qt_err *err)
{
	struct qt__stripe	*stripe;
	struct qt__mem		*m;
	int			 rc = qt__write_begin(s, &stripe, &m, err);

	if (rc < 0)
		return rc;
	rc = clear(s, m, err);
	qt__write_end(s, stripe);
	return rc;
}

int
qt_store_clear(struct qt_store *s, struct qt_err *err)
{
	int	rc = qt__store_writable(s, err);

	if (rc == 0)
		rc = qt__maintain_begin(s, qt__store_deadline(s), err);
	if (rc < 0)
		return rc;
	/* On a full disk it is what a manifest has room in. */
	(void)qt__durable_remove(s->wal_dirfd, QT__WAL_SPARE);
	/* All files of big/ are to be looked at: big_collect.c. */
	atomic_store(&s->ctl->big_swept, 0);
	while ((rc = try_to_clear(s, err)) == -EAGAIN) {
		rc = qt__maintain_flush(s, err);
		if (rc == 0)
			rc = qt__maintain_merge(s, 0, err);
		if (rc < 0)
			break;
	}
	if (rc == 0)
		rc = qt__collect(s, err);
	qt__maintain_end(s);
	return rc;
}
