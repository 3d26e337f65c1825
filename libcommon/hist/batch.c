/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the history's store, collected and written. See batch_priv.h. */

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/hist/index.h>

#include "batch_priv.h"
#include "journal_priv.h"

#define TEXTS_MAX	(1u << 19)	/* 24 MiB */

int
qt__batch_add(struct qt__batch *b, const void *key, size_t key_len,
    const void *value, size_t value_len, unsigned int flags)
{
	struct qt__piece	*p;
	int		 rc;

	if (b->count == b->room) {
		size_t	room = b->room * 2 + 64;

		p = realloc(b->pieces, room * sizeof(*p));
		if (p == NULL)
			return -ENOMEM;
		b->pieces = p;
		b->room = room;
	}
	p = &b->pieces[b->count];
	*p = (struct qt__piece){ b->heap.len, key_len, b->heap.len + key_len,
	    value_len, flags, 0 };
	rc = qt_buf_add(&b->heap, key, key_len);
	if (rc == 0)
		rc = qt_buf_add(&b->heap, value, value_len);
	if (rc == 0)
		b->count++;
	return rc;
}

/* What is under its hash: unless it is there. */
static int
add_fact(struct qt__batch *b, struct qt_hist_db *db,
    const uint8_t key[QT__HASH_KEY], const void *data, size_t len,
    struct qt_err *err)
{
	int	rc = qt_store_has(db->store, NULL, key, QT__HASH_KEY, err);

	if (rc == -ENOENT)
		rc = qt__batch_add(b, key, QT__HASH_KEY, data, len, 0);
	return rc;
}

static int
add_text(struct qt__batch *b, struct qt_hist_db *db,
    uint8_t key[QT__HASH_KEY], const struct qt_hist_bytes *text,
    struct qt_err *err)
{
	int	rc;

	qt__db_hash(db, key, 'c', text->data, text->len);
	if (db->texts != NULL && qt__hashes_get(db->texts, key) != NULL)
		return 0;
	rc = add_fact(b, db, key, text->data, text->len, err);
	if (rc < 0 || db->texts == NULL)
		return rc;
	if (db->texts->count == TEXTS_MAX)
		qt__hashes_clear(db->texts);
	rc = qt__hashes_put(db->texts, key, NULL);
	return rc < 0 ? rc : 0;
}

/* What is in b->packed, a context or a place. */
static int
add_packed(struct qt__batch *b, struct qt_hist_db *db, struct qt__last *last,
    char kind, struct qt_err *err)
{
	struct qt_buf	swap = last->value;

	if (last->key[0] != 0 && swap.len == b->packed.len &&
	    memcmp(swap.data, b->packed.data, swap.len) == 0)
		return 0;
	last->value = b->packed;
	b->packed = swap;
	qt__db_hash(db, last->key, kind, last->value.data, last->value.len);
	return add_fact(b, db, last->key, last->value.data, last->value.len,
	    err);
}

int
qt__batch_event(struct qt__batch *b, struct qt_hist_db *db,
    const struct qt_hist_event *e, struct qt__event_keys *keys,
    struct qt_err *err)
{
	uint8_t	key[QT__EVENT_KEY], value[QT__EVENT_MAX];
	int	rc = add_text(b, db, keys->text, &e->text, err);

	qt_buf_reset(&b->packed);
	if (rc == 0)
		rc = qt__context_pack(&b->packed, e);
	if (rc == 0)
		rc = add_packed(b, db, &b->context, 'x', err);
	qt_buf_reset(&b->packed);
	if (rc == 0)
		rc = qt__place_pack(&b->packed, e);
	if (rc == 0)
		rc = add_packed(b, db, &b->place, 'l', err);
	if (rc < 0)
		return rc;
	memcpy(keys->context, b->context.key, QT__HASH_KEY);
	memcpy(keys->place, b->place.key, QT__HASH_KEY);
	qt__event_key(key, e->start_us, e->id);
	return qt__batch_add(b, key, sizeof(key), value,
	    qt__event_pack(value, e, keys), 0);
}

int
qt__batch_journal(struct qt__batch *b, struct qt_hist_db *db,
    const struct qt_hist_event *events, size_t count, struct qt_err *err)
{
	struct qt_buf	value = QT_BUF_INIT;
	uint64_t	batch, version;
	char		key[2] = { 'j' };
	int		rc;

	rc = qt__journal_last(db, NULL, &batch, &version, err);
	if (rc < 0)
		return rc;
	batch++;
	key[1] = (char)(batch % QT_HIST_BATCHES);
	rc = qt__journal_pack(&value, batch, events, count);
	if (rc == 0)
		rc = qt__batch_add(b, key, 2, value.data, value.len, 0);
	qt_buf_clear(&value);
	batch = htole64(batch);
	if (rc == 0)
		rc = qt__batch_add(b, key, 1, &batch, sizeof(batch),
		    QT_STORE_IF_VERSION);
	if (rc == 0)
		b->pieces[b->count - 1].if_version = version;
	return rc;
}

int
qt__batch_write(struct qt__batch *b, struct qt_hist_db *db, struct qt_err *err)
{
	struct qt_store_put	*puts;
	int			 rc;

	if (b->count == 0)
		return 0;
	puts = calloc(b->count, sizeof(*puts));
	if (puts == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < b->count; i++) {
		const struct qt__piece	*p = &b->pieces[i];

		puts[i] = (struct qt_store_put){
			.key = b->heap.data + p->key_at,
			.key_len = p->key_len,
			.value = b->heap.data + p->value_at,
			.value_len = p->value_len,
			.if_version = p->if_version,
			.flags = p->flags | QT_STORE_SYNC_NOW };
	}
	rc = qt_store_put_many(db->store, NULL, NULL, puts, b->count, err);
	free(puts);
	b->count = 0;
	qt_buf_reset(&b->heap);
	return rc;
}

void
qt__batch_clear(struct qt__batch *b)
{
	free(b->pieces);
	qt_buf_clear(&b->heap);
	qt_buf_clear(&b->packed);
	qt_buf_clear(&b->context.value);
	qt_buf_clear(&b->place.value);
	*b = (struct qt__batch)QT__BATCH_INIT;
}
