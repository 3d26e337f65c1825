/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading keys in order. See <qt/store/store.h>.
 *
 *	memtable, memtable, ..., sorted run, sorted run, ...
 *	    |         |              |           |
 *	    '---------+---- merge ---+-----------'	all records, in order
 *			      |
 *			     view		those that the snapshot sees
 *			      |
 *			 within bounds		whole values
 *
 * A memtable is put in order by who wants order first. Where somebody else is at
 * it for long, or is stopped, or there is no memory for it, this process sorts
 * for itself.
 */

#include <errno.h>
#include <stdlib.h>

#include <qt/base/buf.h>
#include <qt/base/clock.h>

#include "merge_priv.h"
#include "order_priv.h"
#include "scan_priv.h"
#include "snap_priv.h"
#include "super_priv.h"
#include "value_priv.h"

#define ORDER_MS	250u	/* waits so long for who links records */

struct qt_store_scan {
	struct qt_store		*store;
	struct qt_store_snap	*snap;
	const struct qt__manifest *manifest;
	struct qt__cursor	*cursor;
	struct qt_buf		 low, high;
	bool			 has_high;
	bool			 is_reverse;
	bool			 is_keys_only;
	bool			 is_begun;
	int			 end;		/* 1: not yet; 0, or an error */
	struct qt__value_room	 room;
	struct qt_err		 err;		/* the runs' cursors say here */
};

/* --- Bounds --------------------------------------------------------------- */

/* The least key that is greater than all that begin with prefix. */
static int
set_behind(struct qt_store_scan *scan, const uint8_t *prefix, size_t len)
{
	while (len > 0 && prefix[len - 1] == 0xff)
		len--;
	if (len == 0)
		return 0;
	if (qt__key_hold(&scan->high, prefix, len) < 0)
		return -ENOMEM;
	scan->high.data[len - 1]++;
	scan->has_high = true;
	return 0;
}

static int
set_bounds(struct qt_store_scan *scan, const struct qt_store_range *r)
{
	size_t	from_len = r->from != NULL ? r->from_len : 0;
	size_t	prefix_len = r->prefix != NULL ? r->prefix_len : 0;
	bool	is_from = prefix_len == 0 || (from_len > 0 &&
	    qt__key_compare(r->from, from_len, r->prefix, prefix_len) > 0);
	int	rc;

	scan->is_reverse = r->is_reverse != 0;
	scan->is_keys_only = r->is_keys_only != 0;
	rc = is_from ? qt__key_hold(&scan->low, r->from, from_len) :
	    qt__key_hold(&scan->low, r->prefix, prefix_len);
	if (rc == 0)
		rc = set_behind(scan, r->prefix, prefix_len);
	if (rc == 0 && r->to != NULL && (!scan->has_high ||
	    qt__key_compare(r->to, r->to_len, scan->high.data,
	    scan->high.len) < 0)) {
		rc = qt__key_hold(&scan->high, r->to, r->to_len);
		scan->has_high = true;
	}
	return rc;
}

static struct qt__bounds
bounds_of(const struct qt_store_scan *scan)
{
	return (struct qt__bounds){
		.low = scan->low.len > 0 ? scan->low.data : "",
		.low_len = scan->low.len,
		.high = !scan->has_high ? NULL :
		    scan->high.len > 0 ? scan->high.data : "",
		.high_len = scan->high.len,
	};
}

/* --- Sources -------------------------------------------------------------- */

struct sources {
	struct qt__cursor	**at;
	size_t			 count;
};

int
qt__store_order(struct qt_store *s, struct qt__mem *m, uint64_t upto,
    struct qt__cursor **out, struct qt_err *err)
{
	uint32_t	wait_ms = s->set.lock_timeout_ms < ORDER_MS ?
	    s->set.lock_timeout_ms : ORDER_MS;
	int		rc;

	/* Pairs with the release in qt__order_link(). */
	if (atomic_load(&s->user_id) != 0 && atomic_load_explicit(
	    &m->head->ordered, memory_order_acquire) < upto) {
		/* Whatever becomes of it: there is another way. */
		pthread_mutex_lock(&s->order_mutex);
		(void)qt__order_link(m, &s->user, upto,
		    qt_clock_mono_ms() + wait_ms, NULL);
		pthread_mutex_unlock(&s->order_mutex);
	}
	rc = qt__order_open(m, NULL, upto, 0, out);
	if (rc < 0)
		qt_err_set(err, "put memtable %llu in order",
		    (unsigned long long)m->number);
	return rc;
}

static int
add_mem(struct qt_store_scan *scan, struct sources *to, struct qt__mem *m)
{
	struct qt_store	*s = scan->store;
	uint64_t	 upto = atomic_load_explicit(&m->head->indexed,
	    memory_order_acquire), end = scan->snap->version + 1 - m->base;
	int		 rc;

	if (upto > end)
		upto = end;
	if (upto <= QT__LOG_FIRST)
		return 0;
	rc = qt__store_order(s, m, upto, &to->at[to->count], &scan->err);
	if (rc < 0)
		return rc;
	to->count++;
	return 0;
}

static int
open_run(void *arg, uint64_t number, struct qt__run **out, struct qt_err *err)
{
	struct qt_store_scan	*scan = arg;
	uint32_t		 i = 0;
	int			 rc;

	while (scan->manifest->slices[i].info.number != number)
		i++;
	rc = qt__super_run(scan->store, scan->snap->stripe->super, i, out, err);
	return rc == -ENOENT ? qt__snap_lost(scan->snap, err) : rc;
}

/* It stays open as long as the super. */
static void
done_run(void *arg, struct qt__run *run)
{
	(void)arg;
	(void)run;
}

/* The first slice that does not end before the bounds is, or none is. */
static bool
has_slice_within(const struct qt__manifest *m, const struct qt__sorted *run,
    const struct qt__bounds *b)
{
	const struct qt__slice	*slices = &m->slices[run->first];
	uint32_t		 low = 0, high = run->count;

	while (low < high) {
		uint32_t	mid = low + (high - low) / 2;

		if (qt__key_compare(m->heap + slices[mid].max_at,
		    slices[mid].max_len, b->low, b->low_len) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < run->count && qt__bounds_slice(b, m, &slices[low]);
}

static int
add_run(struct qt_store_scan *scan, struct sources *to,
    const struct qt__sorted *run)
{
	struct qt__run_source	source = { .open = open_run, .done = done_run,
	    .arg = scan, .err = &scan->err };
	struct qt__bounds	bounds = bounds_of(scan);
	int			rc;

	if (!has_slice_within(scan->manifest, run, &bounds))
		return 0;
	rc = qt__sorted_cursor(&to->at[to->count], scan->manifest, run,
	    &source);
	if (rc == 0)
		to->count++;
	return rc;
}

static int
add_all(struct qt_store_scan *scan, struct sources *to)
{
	struct qt__super		*super = scan->snap->stripe->super;
	const struct qt__manifest	*m;
	int				 rc;

	rc = qt__super_manifest(scan->store, super, &m, &scan->err);
	if (rc < 0)
		return rc == -ENOENT ? qt__snap_lost(scan->snap, &scan->err) :
		    rc;
	scan->manifest = m;
	to->at = calloc(super->mem_count + m->run_count, sizeof(*to->at));
	if (to->at == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; rc == 0 && i < super->mem_count; i++)
		rc = add_mem(scan, to, super->mems[i]);
	for (uint32_t i = 0; rc == 0 && i < m->run_count; i++)
		rc = add_run(scan, to, &m->runs[i]);
	return rc;
}

static int
open_cursor(struct qt_store_scan *scan)
{
	struct sources		 from = { NULL, 0 };
	struct qt__cursor	*all;
	int			 rc = add_all(scan, &from);

	if (rc < 0) {
		while (from.count > 0) {
			from.count--;
			from.at[from.count]->ops->close(from.at[from.count]);
		}
	} else if (from.count == 0) {
		scan->end = 0;
	} else {
		rc = qt__merge_cursor(&all, from.at, from.count);
		if (rc == 0)
			rc = qt__view_cursor(&scan->cursor, all,
			    scan->snap->version, scan->snap->now_ms);
	}
	free(from.at);
	return rc;
}

/* --- Scans ---------------------------------------------------------------- */

int
qt_store_scan_open(struct qt_store *s, const struct qt_store_snap *snap,
    const struct qt_store_range *range, struct qt_store_scan **out,
    struct qt_err *err)
{
	struct qt_store_scan	*scan = calloc(1, sizeof(*scan));
	struct qt__bounds	 bounds;
	int			 rc;

	*out = NULL;
	if (scan == NULL)
		return -ENOMEM;
	scan->store = s;
	scan->end = 1;
	rc = set_bounds(scan, range);
	bounds = bounds_of(scan);
	if (rc == 0 && snap != NULL)
		scan->snap = qt__snap_hold(snap);
	else if (rc == 0)
		rc = qt__snap_take(s, &bounds, &scan->snap, err);
	if (rc == 0) {
		rc = open_cursor(scan);
		if (rc < 0)
			qt_err_set(err, "%s", scan->err.text);
	}
	if (rc < 0) {
		qt_store_scan_close(scan);
		return rc;
	}
	if (!s->is_rdonly)
		qt__count(s->ctl, QT__SCANS, 1);
	*out = scan;
	return 0;
}

static int
step(struct qt_store_scan *scan)
{
	struct qt__cursor	*c = scan->cursor;

	if (scan->is_begun)
		return scan->is_reverse ? c->ops->prev(c) : c->ops->next(c);
	scan->is_begun = true;
	if (!scan->is_reverse)
		return c->ops->seek(c, scan->low.data, scan->low.len);
	return c->ops->seek_before(c, bounds_of(scan).high, scan->high.len);
}

static bool
is_beyond(const struct qt_store_scan *scan, const struct qt__entry *e)
{
	if (scan->is_reverse)
		return scan->low.len > 0 && qt__key_compare(e->key, e->key_len,
		    scan->low.data, scan->low.len) < 0;
	return scan->has_high && qt__key_compare(e->key, e->key_len,
	    scan->high.data, scan->high.len) >= 0;
}

static int
give(struct qt_store_scan *scan, struct qt_store_item *item)
{
	const struct qt__entry	*e = &scan->cursor->entry;
	int			 rc;

	item->key = e->key;
	item->key_len = e->key_len;
	item->version = e->version;
	item->expires_ms = e->expires_ms;
	item->tag = e->tag;
	item->value = NULL;
	item->value_len = 0;
	if (scan->is_keys_only)
		return 1;
	if ((e->flags & (QT__BIG | QT__DEFLATED)) == 0) {
		item->value = e->value;
		item->value_len = e->value_len;
		return 1;
	}
	rc = qt__value_resolve(scan->store, &scan->room, e, &item->value,
	    &item->value_len, &scan->err);
	if (rc == 0)
		return 1;
	return rc == -ENOENT ? qt__snap_lost(scan->snap, &scan->err) : rc;
}

int
qt_store_scan_next(struct qt_store_scan *scan, struct qt_store_item *item,
    struct qt_err *err)
{
	int	rc = scan->end;

	if (rc == 1)
		rc = step(scan);
	if (rc == 1 && is_beyond(scan, &scan->cursor->entry))
		rc = 0;
	if (rc == 1)
		rc = give(scan, item);
	if (rc == 1)
		return 1;
	if (rc < 0 && scan->err.text[0] == '\0')
		qt_err_set(&scan->err, "read on in a memtable");
	if (rc < 0)
		qt_err_set(err, "%s", scan->err.text);
	scan->end = rc;
	return rc;
}

void
qt_store_scan_close(struct qt_store_scan *scan)
{
	if (scan == NULL)
		return;
	if (scan->cursor != NULL)
		scan->cursor->ops->close(scan->cursor);
	qt_store_snap_close(scan->snap);
	qt__value_room_clear(&scan->room);
	qt_buf_clear(&scan->low);
	qt_buf_clear(&scan->high);
	free(scan);
}
