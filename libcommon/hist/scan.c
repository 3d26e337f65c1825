/* SPDX-License-Identifier: Apache-2.0 */
/* Reading events in the order of time. See <qt/hist/db.h>. */

#include <errno.h>
#include <stdlib.h>

#include "db_priv.h"

/* Sees to it that a context or a place is known. */
static int
know(struct qt_hist_db *db, const uint8_t key[QT__HASH_KEY],
    struct qt_err *err)
{
	struct qt_store_value	v;
	int			rc;

	if (qt__facts_get(&db->facts, key).data != NULL)
		return 0;
	rc = qt_store_get(db->store, NULL, &v, key, QT__HASH_KEY, err);
	if (rc < 0)
		return rc;
	rc = qt__facts_put(&db->facts, key, v.data, (uint32_t)v.len);
	qt_store_value_clear(&v);
	return rc;
}

int
qt__db_resolve(struct qt_hist_db *db, struct qt_hist_event *e,
    const struct qt__event_keys *keys, struct qt_err *err)
{
	struct qt_hist_bytes	context, place;
	int			rc;

	qt__facts_trim(&db->facts);
	rc = know(db, keys->context, err);
	if (rc == 0)
		rc = know(db, keys->place, err);
	qt_store_value_clear(&db->text);
	if (rc == 0)
		rc = qt_store_get(db->store, NULL, &db->text, keys->text,
		    QT__HASH_KEY, err);
	if (rc < 0)
		return rc;
	context = qt__facts_get(&db->facts, keys->context);
	place = qt__facts_get(&db->facts, keys->place);
	qt__context_unpack(e, context.data, context.len);
	qt__place_unpack(e, place.data, place.len);
	e->text = (struct qt_hist_bytes){ db->text.data, db->text.len };
	return 0;
}

/* As qt_hist_db_get(); 1: it names what is not there. */
static int
get(struct qt_hist_db *db, uint64_t start_us, uint64_t id,
    struct qt_hist_event *out, struct qt_err *err)
{
	struct qt__event_keys	keys;
	struct qt_store_value	v;
	uint8_t			key[QT__EVENT_KEY];
	int			rc;

	qt__event_key(key, start_us, id);
	rc = qt_store_get(db->store, NULL, &v, key, sizeof(key), err);
	if (rc < 0)
		return rc;
	out->start_us = start_us;
	out->id = id;
	rc = qt__event_unpack(out, &keys, v.data, v.len);
	qt_store_value_clear(&v);
	if (rc == 0)
		rc = qt__db_resolve(db, out, &keys, err);
	return rc == -ENOENT ? 1 : rc;
}

int
qt_hist_db_get(struct qt_hist_db *db, uint64_t start_us, uint64_t id,
    struct qt_hist_event *out, struct qt_err *err)
{
	int	rc = 1;

	/* Erased, or changed, between the two: the next look tells which. */
	for (int i = 0; i < 3 && rc == 1; i++)
		rc = get(db, start_us, id, out, err);
	if (rc != 1)
		return rc;
	qt_err_set(err, "an event names what is not there");
	return -QT_ECORRUPT;
}

struct qt_hist_scan {
	struct qt_hist_db	*db;
	struct qt_store_scan	*scan;
};

int
qt_hist_scan_open(struct qt_hist_db *db, uint64_t from_us, uint64_t to_us,
    bool is_reverse, struct qt_hist_scan **out, struct qt_err *err)
{
	struct qt_hist_scan	*s = calloc(1, sizeof(*s));
	uint8_t			 from[QT__EVENT_KEY], to[QT__EVENT_KEY];
	int			 rc;

	*out = NULL;
	if (s == NULL)
		return -ENOMEM;
	qt__event_key(from, from_us, 0);
	qt__event_key(to, to_us, 0);
	s->db = db;
	rc = qt_store_scan_open(db->store, NULL, &(struct qt_store_range){
		.from = from, .from_len = sizeof(from), .to = to,
		.to_len = sizeof(to), .is_reverse = is_reverse }, &s->scan,
	    err);
	if (rc < 0) {
		free(s);
		return rc;
	}
	*out = s;
	return 0;
}

int
qt__scan_next_keys(struct qt_hist_scan *s, struct qt_hist_event *out,
    struct qt__event_keys *keys, struct qt_err *err)
{
	struct qt_store_item	item;
	int			rc;

	rc = qt_store_scan_next(s->scan, &item, err);
	if (rc <= 0)
		return rc;
	rc = qt__event_key_read(out, item.key, item.key_len);
	if (rc == 0)
		rc = qt__event_unpack(out, keys, item.value, item.value_len);
	return rc < 0 ? rc : 1;
}

int
qt_hist_scan_next(struct qt_hist_scan *s, struct qt_hist_event *out,
    struct qt_err *err)
{
	struct qt__event_keys	keys;
	int			rc;

	do {
		rc = qt__scan_next_keys(s, out, &keys, err);
		if (rc <= 0)
			return rc;
		rc = qt__db_resolve(s->db, out, &keys, err);
		if (rc == -ENOENT)
			rc = qt_hist_db_get(s->db, out->start_us, out->id,
			    out, err);
		/* Erased since it was read: the next one. */
	} while (rc == -ENOENT);
	return rc < 0 ? rc : 1;
}

void
qt_hist_scan_close(struct qt_hist_scan *s)
{
	if (s == NULL)
		return;
	qt_store_scan_close(s->scan);
	free(s);
}
