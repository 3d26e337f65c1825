/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Erasing from the history. See <qt/hist/erase.h>.
 *
 *	1. alone (db_priv.h): events are judged; what is to go or to change is
 *	   written, before the first of it a mark, "p"
 *	2. commands, contexts and places that no event names go; of a command
 *	   its hash stays
 *	3. the index goes, and the store is purged
 *	4. the mark goes; where somebody reads old files yet it becomes "h", and
 *	   who comes by looks whether he still does
 *
 * Killed in 1, the events that were done are done, the others are as they were;
 * from there on, whoever finds the mark does 2 to 4 again.
 */

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/hist/erase.h>
#include <qt/hist/index.h>

#include "batch_priv.h"

#define BATCH_COUNT	1024u
#define BATCH_BYTES	((size_t)4 << 20)
#define OWED		"p"		/* the value: 2 to 4 are to be done */
#define HELD		"h"		/* only 4 */

static const char *const	kinds[] = { "c", "x", "l" };
#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

struct erasing {
	struct qt_hist_db	*db;
	struct qt_hist_erased	*out;
	struct qt__batch	 batch;
	/* By events that stay: commands, contexts, places. */
	struct qt__hashes	 used[KINDS];
	bool			 is_dry, is_marked;
};

/* --- What is written ------------------------------------------------------ */

static int
write_mark(struct qt_hist_db *db, struct qt_err *err)
{
	struct qt__batch	b = QT__BATCH_INIT;
	uint64_t		n = htole64(db->erasures + 1);
	int			rc;

	rc = qt__batch_add(&b, "p", 1, OWED, 1, 0);
	if (rc == 0)
		rc = qt__batch_add(&b, "d", 1, &n, sizeof(n), 0);
	if (rc == 0)
		rc = qt__batch_journal(&b, db, NULL, SIZE_MAX, err);
	if (rc == 0)
		rc = qt__batch_write(&b, db, err);
	qt__batch_clear(&b);
	return rc;
}

/* Before the first change: it is owed, and others forget what they know, as does
   who keeps an index. */
static int
mark(struct erasing *e, struct qt_err *err)
{
	int	rc;

	if (e->is_marked)
		return 0;
	/* Stale: what one who was killed was adding has just been added. */
	do {
		rc = write_mark(e->db, err);
	} while (rc == -ESTALE);
	e->is_marked = rc == 0;
	return rc;
}

static int
flush(struct erasing *e, bool is_all, struct qt_err *err)
{
	if (!is_all && e->batch.count < BATCH_COUNT &&
	    e->batch.heap.len < BATCH_BYTES)
		return 0;
	return qt__batch_write(&e->batch, e->db, err);
}

/* Of an event: it is not to come back by an import. */
static int
bury(struct erasing *e, const struct qt_hist_event *event,
    const uint8_t command[QT__HASH_KEY])
{
	uint8_t	key[QT__HASH_KEY];

	qt__db_grave(e->db, key, command + 1, event->start_us / 1000000);
	return qt__batch_add(&e->batch, key, sizeof(key), NULL, 0, 0);
}

/* What the user called it. */
static int
drop_tags(struct erasing *e, const uint8_t event[QT__EVENT_KEY],
    struct qt_err *err)
{
	uint8_t	key[QT__EVENT_KEY];
	int	rc;

	memcpy(key, event, sizeof(key));
	key[0] = 'g';
	rc = qt_store_has(e->db->store, NULL, key, sizeof(key), err);
	if (rc == 0)
		rc = qt__batch_add(&e->batch, key, sizeof(key), NULL, 0,
		    QT_STORE_DEL);
	return rc == -ENOENT ? 0 : rc;
}

static int
drop(struct erasing *e, const struct qt_hist_event *event, struct qt_err *err)
{
	uint8_t	key[QT__EVENT_KEY], command[QT__HASH_KEY];
	int	rc;

	e->out->gone++;
	if (e->is_dry)
		return 0;
	rc = mark(e, err);
	if (rc < 0)
		return rc;
	qt__db_hash(e->db, command, 'c', event->text.data, event->text.len);
	rc = bury(e, event, command);
	qt__event_key(key, event->start_us, event->id);
	if (rc == 0)
		rc = drop_tags(e, key, err);
	return rc < 0 ? rc : qt__batch_add(&e->batch, key, sizeof(key), NULL, 0,
	    QT_STORE_DEL);
}

static int
use(struct erasing *e, const struct qt__event_keys *keys)
{
	int	rc = qt__hashes_put(&e->used[0], keys->text, NULL);

	if (rc >= 0)
		rc = qt__hashes_put(&e->used[1], keys->context, NULL);
	if (rc >= 0)
		rc = qt__hashes_put(&e->used[2], keys->place, NULL);
	return rc < 0 ? rc : 0;
}

static void
clear(struct erasing *e)
{
	for (size_t i = 0; i < KINDS; i++)
		qt__hashes_clear(&e->used[i]);
	qt__batch_clear(&e->batch);
}

static int
change(struct erasing *e, const struct qt_hist_event *event, struct qt_err *err)
{
	struct qt__event_keys	keys;
	int			rc;

	e->out->changed++;
	if (e->is_dry)
		return 0;
	rc = mark(e, err);
	if (rc == 0)
		rc = qt__batch_event(&e->batch, e->db, event, &keys, err);
	return rc < 0 ? rc : use(e, &keys);
}

/* --- 1. Events ------------------------------------------------------------ */

static int
judge_one(struct erasing *e, qt_hist_judge *judge, void *arg,
    const struct qt_store_item *item, struct qt_err *err)
{
	struct qt_hist_event	event = { 0 };
	struct qt__event_keys	keys;
	int			rc;

	rc = qt__event_key_read(&event, item->key, item->key_len);
	if (rc == 0)
		rc = qt__event_unpack(&event, &keys, item->value,
		    item->value_len);
	if (rc == 0)
		rc = qt__db_resolve(e->db, &event, &keys, err);
	if (rc == -ENOENT) {
		qt_err_set(err, "an event names what is not there");
		rc = -QT_ECORRUPT;
	}
	if (rc == 0)
		rc = judge(arg, &event);
	if (rc == QT_HIST_GOES)
		rc = drop(e, &event, err);
	else if (rc == QT_HIST_CHANGES)
		rc = change(e, &event, err);
	else if (rc == QT_HIST_STAYS && !e->is_dry)
		rc = use(e, &keys);
	return rc < 0 ? rc : flush(e, false, err);
}

static int
judge_all(struct erasing *e, qt_hist_judge *judge, void *arg,
    bool is_reverse, struct qt_err *err)
{
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	int			 rc;

	rc = qt_store_scan_open(e->db->store, NULL, &(struct qt_store_range){
		.prefix = "e", .prefix_len = 1, .is_reverse = is_reverse },
	    &scan, err);
	if (rc < 0)
		return rc;
	while ((rc = qt_store_scan_next(scan, &item, err)) == 1)
		if ((rc = judge_one(e, judge, arg, &item, err)) < 0)
			break;
	qt_store_scan_close(scan);
	return rc < 0 ? rc : flush(e, true, err);
}

/* --- 2. What they named ---------------------------------------------------- */

static int
sweep_one(struct erasing *e, const struct qt__hashes *used,
    const struct qt_store_item *item)
{
	uint8_t	key[QT__HASH_KEY];
	int	rc;

	if (item->key_len != QT__HASH_KEY)
		return 0;
	memcpy(key, item->key, QT__HASH_KEY);
	if (qt__hashes_get(used, key) != NULL)
		return 0;
	rc = qt__batch_add(&e->batch, key, sizeof(key), NULL, 0, QT_STORE_DEL);
	if (rc < 0 || key[0] != 'c')
		return rc;
	e->out->commands++;
	key[0] = 'k';
	return qt__batch_add(&e->batch, key, sizeof(key), NULL, 0, 0);
}

static int
sweep(struct erasing *e, size_t kind, struct qt_err *err)
{
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	int			 rc;

	rc = qt_store_scan_open(e->db->store, NULL, &(struct qt_store_range){
		.prefix = kinds[kind], .prefix_len = 1, .is_keys_only = 1 },
	    &scan, err);
	if (rc < 0)
		return rc;
	while ((rc = qt_store_scan_next(scan, &item, err)) == 1) {
		rc = sweep_one(e, &e->used[kind], &item);
		if (rc == 0)
			rc = flush(e, false, err);
		if (rc < 0)
			break;
	}
	qt_store_scan_close(scan);
	return rc < 0 ? rc : flush(e, true, err);
}

/* --- 3 and 4. The store --------------------------------------------------- */

static int
end_mark(struct qt_hist_db *db, int rc, bool *is_held, struct qt_err *err)
{
	struct qt_store_put	p = { .key = "p", .key_len = 1, .value = HELD,
	    .value_len = 1, .flags = QT_STORE_SYNC_NOW };

	*is_held = rc == 1;
	if (rc < 0)
		return rc;
	if (rc == 0)
		p.flags |= QT_STORE_DEL;
	rc = qt_store_put(db->store, NULL, &p, err);
	return rc == -ENOENT ? 0 : rc;
}

/* We have read it ourselves. */
static int
purge(struct qt_hist_db *db, bool *is_held, struct qt_err *err)
{
	qt_store_value_clear(&db->text);
	return end_mark(db, qt_store_purge(db->store, err), is_held, err);
}

static int
complete(struct erasing *e, struct qt_err *err)
{
	int	rc = 0;

	for (size_t i = 0; i < KINDS && rc == 0; i++)
		rc = sweep(e, i, err);
	qt__facts_clear(&e->db->facts);
	if (rc < 0)
		return rc;
	/* It has the commands, too; who makes it anew waits for us. */
	rc = qt_hist_index_remove(e->db->path);
	return rc < 0 && rc != -ENOENT ? rc :
	    purge(e->db, &e->out->is_held, err);
}

/* --- What is asked for ---------------------------------------------------- */

int
qt_hist_erase(struct qt_hist_db *db, qt_hist_judge *judge, void *arg,
    unsigned int flags, struct qt_hist_erased *out, struct qt_err *err)
{
	struct erasing	e = { .db = db, .out = out, .batch = QT__BATCH_INIT,
	    .is_dry = (flags & QT_HIST_ERASE_DRY) != 0 };
	int		rc;

	*out = (struct qt_hist_erased){ 0 };
	rc = qt__db_lock(db, e.is_dry ? 0 : QT__ALONE, err);
	if (rc == 0) {
		rc = judge_all(&e, judge, arg,
		    (flags & QT_HIST_ERASE_REVERSE) != 0, err);
		if (rc == 0 && e.is_marked)
			rc = complete(&e, err);
		qt__db_unlock(db);
	}
	clear(&e);
	if (rc < 0)
		qt_err_wrap(err, "erase from the history");
	return rc;
}

static int
stays(void *arg, struct qt_hist_event *e)
{
	(void)arg;
	(void)e;
	return QT_HIST_STAYS;
}

static int
finish(struct qt_hist_db *db, bool is_owed, bool *is_held, struct qt_err *err)
{
	struct qt_hist_erased	out = { 0 };
	struct erasing		e = { .db = db, .out = &out,
	    .batch = QT__BATCH_INIT };
	int			rc;

	if (!is_owed) {
		qt_store_value_clear(&db->text);
		return end_mark(db, qt_store_collect(db->store, err), is_held,
		    err);
	}
	rc = judge_all(&e, stays, NULL, false, err);
	if (rc == 0)
		rc = complete(&e, err);
	*is_held = out.is_held;
	clear(&e);
	return rc;
}

int
qt_hist_erase_finish(struct qt_hist_db *db, bool *is_held, struct qt_err *err)
{
	struct qt_store_value	v;
	bool			is_owed;
	int			rc = qt_store_has(db->store, NULL, "p", 1,
	    err);

	*is_held = false;
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	/* Who is at it, or adds: then the next one does it. */
	rc = qt__db_lock(db, QT__ALONE | QT__NO_WAIT, err);
	if (rc < 0) {
		*is_held = rc == -EWOULDBLOCK;
		return *is_held ? 0 : rc;
	}
	/* It may be done by now. */
	rc = qt_store_get(db->store, NULL, &v, "p", 1, err);
	if (rc == 0) {
		is_owed = v.len != 1 || *(const char *)v.data != *HELD;
		qt_store_value_clear(&v);
		rc = finish(db, is_owed, is_held, err);
	}
	qt__db_unlock(db);
	if (rc < 0 && rc != -ENOENT)
		qt_err_wrap(err, "finish erasing from the history");
	return rc == -ENOENT ? 0 : rc;
}

/* --- Secrets --------------------------------------------------------------- */

int
qt_hist_redact_judge(void *arg, struct qt_hist_event *e)
{
	struct qt_hist_redacting	*r = arg;
	const char			*text = e->text.data;
	int				 rc = qt_hist_redact_event(r->redact,
	    e, &r->hold);

	if (rc != 0)
		return rc < 0 ? rc : QT_HIST_GOES;
	return e->text.data == text ? QT_HIST_STAYS : QT_HIST_CHANGES;
}
