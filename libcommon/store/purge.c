/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was deleted leaves the disk and shared memory. See qt_store_purge() of
 * <qt/store/store.h>.
 *
 * A deleted record has copies in memtables, in their logs, in a log that was
 * emptied and waits to be used again, in the end of the active log, which may
 * have been such a one, and in runs.
 *
 *	1. MAINTAIN; no emptied log is kept from now on
 *	2. the next memtable begins, with a log that was nothing before
 *	3. all that were there go into runs; their logs and memory are removed
 *	4. runs into one, without what was deleted; the old ones are removed
 *
 * Each is a step of ordinary maintenance, so killed in between, the next one who
 * purges does them again. 2 is done for an empty memtable, too: of its log
 * nobody knows what it was before.
 */

#include <errno.h>

#include "collect_priv.h"
#include "durable_priv.h"
#include "maintain_priv.h"
#include "put_priv.h"
#include "rotate_priv.h"
#include "store_priv.h"

static int
rotate(struct qt_store *s, struct qt_err *err)
{
	struct qt__stripe	*stripe;
	struct qt__mem		*m;
	int			 rc = qt__write_begin(s, &stripe, &m, err);

	if (rc < 0)
		return rc;
	rc = qt__rotate_last(s, m, err);
	qt__write_end(s, stripe);
	return rc;
}

static int
flush(struct qt_store *s, struct qt_err *err)
{
	int	rc;

	/* As many memtables as there can be: one of them goes first. */
	while ((rc = rotate(s, err)) == -EAGAIN) {
		rc = qt__maintain_flush(s, err);
		if (rc < 0)
			return rc;
	}
	return rc < 0 ? rc : qt__maintain_flush_frozen(s, err);
}

/* Looks at all files, also of big/. */
static int
collect(struct qt_store *s, struct qt_err *err)
{
	atomic_store(&s->ctl->big_swept, 0);
	atomic_store(&s->ctl->has_garbage, 1);
	return qt__collect(s, err);
}

static bool
is_held(struct qt_store *s)
{
	return atomic_load(&s->ctl->has_garbage) != 0 ||
	    atomic_load(&s->ctl->big_swept) < atomic_load(&s->ctl->next_big);
}

static int
purge_logs(struct qt_store *s, struct qt_err *err)
{
	int	rc;

	s->keeps_no_log = true;
	rc = qt__durable_remove(s->wal_dirfd, QT__WAL_SPARE);
	if (rc == -ENOENT)
		rc = 0;
	if (rc < 0)
		qt_err_set(err, "remove '" QT__WAL_SPARE "'");
	else
		rc = flush(s, err);
	if (rc == 0)
		rc = collect(s, err);
	s->keeps_no_log = false;
	return rc;
}

int
qt_store_purge(struct qt_store *s, struct qt_err *err)
{
	uint64_t	whole = 0;
	int		rc = qt__store_writable(s, err), more = 1;

	if (rc == 0)
		rc = qt__maintain_begin(s, qt__store_deadline(s), err);
	if (rc < 0)
		return rc;
	rc = purge_logs(s, err);
	qt__maintain_end(s);
	while (rc == 0 && more == 1) {
		rc = qt__maintain_begin(s, qt__store_deadline(s), err);
		if (rc < 0)
			return rc;
		if (whole == 0)
			whole = s->now->next_file;
		more = qt__maintain_merge(s, whole, err);
		rc = more < 0 ? more : collect(s, err);
		if (rc == 0 && more == 0)
			rc = is_held(s) ? 2 : 0;
		qt__maintain_end(s);
	}
	return rc < 0 ? rc : rc == 2;
}

int
qt_store_collect(struct qt_store *s, struct qt_err *err)
{
	int	rc = qt__store_writable(s, err);

	if (rc == 0)
		rc = qt__maintain_begin(s, qt__store_deadline(s), err);
	if (rc < 0)
		return rc;
	rc = collect(s, err);
	if (rc == 0)
		rc = is_held(s);
	qt__maintain_end(s);
	return rc;
}
