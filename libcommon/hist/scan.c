/* SPDX-License-Identifier: Apache-2.0 */
/* Reading events in the order of time. See <qt/hist/db.h>. */

#include <errno.h>
#include <stdlib.h>

#include "db_priv.h"

/* A context or a place; borrowed until one more is read. */
static int
read_fact(struct qt_hist_db *db, const struct qt__fact **out,
    const uint8_t key[QT__HASH_KEY], struct qt_err *err)
{
	struct qt_store_value	v;
	int			rc;

	*out = qt__facts_get(&db->facts, key);
	if (*out != NULL)
		return 0;
	rc = qt_store_get(db->store, NULL, &v, key, QT__HASH_KEY, err);
	if (rc < 0)
		return rc;
	rc = qt__facts_put(&db->facts, key, v.data, v.len);
	qt_store_value_clear(&v);
	*out = rc < 0 ? NULL : qt__facts_get(&db->facts, key);
	return rc;
}

int
qt__db_resolve(struct qt_hist_db *db, struct qt_hist_event *e,
    const struct qt__event_keys *keys, struct qt_err *err)
{
	const struct qt__fact	*context, *place;
	int			 rc;

	/* The second one may have the first thrown away: so once more. */
	rc = read_fact(db, &context, keys->context, err);
	if (rc == 0)
		rc = read_fact(db, &place, keys->place, err);
	if (rc == 0)
		rc = read_fact(db, &context, keys->context, err);
	qt_store_value_clear(&db->text);
	if (rc == 0)
		rc = qt_store_get(db->store, NULL, &db->text, keys->text,
		    QT__HASH_KEY, err);
	if (rc == -ENOENT) {
		qt_err_set(err, "an event names what is not there");
		rc = -QT_ECORRUPT;
	}
	if (rc < 0)
		return rc;
	qt__context_unpack(e, context->value, context->len);
	qt__place_unpack(e, place->value, place->len);
	e->text = (struct qt_hist_bytes){ db->text.data, db->text.len };
	return 0;
}

int
qt_hist_db_get(struct qt_hist_db *db, uint64_t start_us, uint64_t id,
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
	return rc < 0 ? rc : qt__db_resolve(db, out, &keys, err);
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
	int			rc = qt__scan_next_keys(s, out, &keys, err);

	if (rc == 1)
		rc = qt__db_resolve(s->db, out, &keys, err);
	else
		return rc;
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
