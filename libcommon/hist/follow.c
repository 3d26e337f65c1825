/* SPDX-License-Identifier: Apache-2.0 */
/* What came into a history since. See <qt/hist/follow.h>. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/hist/follow.h>
#include <qt/hist/index.h>

#include "db_priv.h"
#include "journal_priv.h"

struct telling {
	struct qt_hist_follow	*f;
	struct qt_hist_db	*db;
	uint64_t		 before_us;	/* newest_us when it began */
	int			(*each)(void *arg,
				    const struct qt_hist_event *e);
	void			*arg;
	struct came {
		struct qt__journal_key	key;
		size_t			order;
	}			*came;
	size_t			 count;
};

int
qt_hist_follow_init(struct qt_hist_follow *f, struct qt_hist_db *db,
    struct qt_err *err)
{
	struct qt_hist_event	 e = { 0 };
	struct qt__event_keys	 keys;
	struct qt_hist_scan	*scan;
	int			 rc = qt_hist_db_batch(db, &f->batch, err);

	f->newest_us = 0;
	if (rc == 0)
		rc = qt_hist_scan_open(db, 0, UINT64_MAX, true, &scan, err);
	if (rc < 0)
		return rc;
	rc = qt__scan_next_keys(scan, &e, &keys, err);
	if (rc == 1)
		f->newest_us = e.start_us;
	qt_hist_scan_close(scan);
	return rc < 0 ? rc : 0;
}

static int
tell(struct telling *t, const struct qt_hist_event *e)
{
	if (e->start_us > t->f->newest_us)
		t->f->newest_us = e->start_us;
	if (e->flags & QT_HIST_IMPORTED && e->start_us <= t->before_us)
		return 0;
	return t->each(t->arg, e);
}

/* --- By the journal ------------------------------------------------------- */

static int
by_key(const void *va, const void *vb)
{
	const struct came	*a = va, *b = vb;

	if (a->key.start_us != b->key.start_us)
		return a->key.start_us < b->key.start_us ? -1 : 1;
	if (a->key.id != b->key.id)
		return a->key.id < b->key.id ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static int
by_order(const void *va, const void *vb)
{
	const struct came	*a = va, *b = vb;

	return a->order < b->order ? -1 : a->order > b->order;
}

/* Each once, as early as it came. */
static void
make_distinct(struct telling *t)
{
	size_t	n = 0;

	if (t->count < 2)
		return;
	qsort(t->came, t->count, sizeof(*t->came), by_key);
	for (size_t i = 0; i < t->count; i++)
		if (n == 0 || memcmp(&t->came[n - 1].key, &t->came[i].key,
		    sizeof(t->came[i].key)) != 0)
			t->came[n++] = t->came[i];
	t->count = n;
	qsort(t->came, t->count, sizeof(*t->came), by_order);
}

/* -ENOENT: the batch has no list any more, or never had. */
static int
add_batch(struct telling *t, uint64_t batch, struct qt_err *err)
{
	struct qt__journal_key	*keys;
	struct came		*more;
	size_t			 count;
	int			 rc;

	rc = qt__journal_load(t->db, batch, &keys, &count, err);
	if (rc < 0)
		return rc;
	more = reallocarray(t->came, t->count + count + 1, sizeof(*more));
	if (more != NULL)
		t->came = more;
	else
		rc = -ENOMEM;
	for (size_t i = 0; i < count && rc == 0; i++, t->count++)
		t->came[t->count] = (struct came){ keys[i], t->count };
	free(keys);
	return rc;
}

static int
by_journal(struct telling *t, uint64_t last, struct qt_err *err)
{
	struct qt_hist_event	e = { 0 };
	int			rc = 0;

	if (last - t->f->batch > QT_HIST_BATCHES)
		return -ENOENT;
	for (uint64_t b = t->f->batch + 1; b <= last && rc == 0; b++)
		rc = add_batch(t, b, err);
	if (rc < 0)
		return rc;
	make_distinct(t);
	for (size_t i = 0; i < t->count && rc == 0; i++) {
		rc = qt_hist_db_get(t->db, t->came[i].key.start_us,
		    t->came[i].key.id, &e, err);
		/* It may be erased by now. */
		rc = rc == -ENOENT ? 0 : rc == 0 ? tell(t, &e) : rc;
	}
	return rc == -ENOENT ? 0 : rc;
}

/* --- By time -------------------------------------------------------------- */

static int
by_time(struct telling *t, struct qt_err *err)
{
	struct qt_hist_event	 e = { 0 };
	struct qt_hist_scan	*scan;
	int			 rc;

	if (t->before_us == UINT64_MAX)
		return 0;
	rc = qt_hist_scan_open(t->db, t->before_us + 1, UINT64_MAX, false,
	    &scan, err);
	if (rc < 0)
		return rc;
	while ((rc = qt_hist_scan_next(scan, &e, err)) == 1)
		if ((rc = tell(t, &e)) != 0)
			break;
	qt_hist_scan_close(scan);
	return rc;
}

int
qt_hist_follow_each(struct qt_hist_follow *f, struct qt_hist_db *db,
    int (*each)(void *arg, const struct qt_hist_event *e), void *arg,
    struct qt_err *err)
{
	struct telling	t = { .f = f, .db = db, .each = each, .arg = arg };
	uint64_t	last;
	int		rc = qt_hist_db_batch(db, &last, err);

	if (rc < 0 || last == f->batch)
		return rc;
	/* Another history has taken its place. */
	if (last < f->batch)
		*f = (struct qt_hist_follow){ 0, 0 };
	t.before_us = f->newest_us;
	rc = by_journal(&t, last, err);
	if (rc == -ENOENT)
		rc = by_time(&t, err);
	f->batch = last;
	free(t.came);
	return rc;
}
