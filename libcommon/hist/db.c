/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the history and adding to it. See <qt/hist/db.h>. */

#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/hash.h>
#include <qt/hist/index.h>
#include <qt/store/store.h>

#include "db_priv.h"
#include "journal_priv.h"

_Static_assert(QT__DB_KEY <= crypto_generichash_KEYBYTES_MAX &&
    QT__HASH >= crypto_generichash_BYTES_MIN, "as BLAKE2b has it");

/* --- Opening -------------------------------------------------------------- */

/* The key of all hashes; the first one to open it makes it. */
static int
load_key(struct qt_hist_db *db, struct qt_err *err)
{
	struct qt_store_value	v;
	struct qt_store_put	p = { .key = "k", .key_len = 1,
	    .value = db->key, .value_len = QT__DB_KEY,
	    .flags = QT_STORE_IF_ABSENT | QT_STORE_SYNC_NOW };
	int			rc;

	rc = qt_store_get(db->store, NULL, &v, "k", 1, err);
	if (rc == -ENOENT && !db->is_rdonly) {
		qt_random(db->key, QT__DB_KEY);
		rc = qt_store_put(db->store, NULL, &p, err);
		if (rc == 0)
			return 0;
		if (rc == -EEXIST)
			rc = qt_store_get(db->store, NULL, &v, "k", 1, err);
	}
	if (rc < 0)
		return rc;
	if (v.len == QT__DB_KEY)
		memcpy(db->key, v.data, QT__DB_KEY);
	else
		rc = -QT_ECORRUPT;
	qt_store_value_clear(&v);
	return rc;
}

static int
open_store(struct qt_hist_db *db, const char *path, struct qt_err *err)
{
	struct qt_store_options		o = {
		.flags = QT_STORE_NO_THREADS };
	struct qt_store_settings	s;
	int				rc;

	if (db->is_rdonly)
		o.flags |= QT_STORE_RDONLY;
	rc = qt_store_open(path, &o, &db->store, err);
	if ((rc != -ENOENT && rc != -QT_EFORMAT) || db->is_rdonly)
		return rc;
	/* An empty folder is fine, too; of another one, opening tells. */
	qt_store_settings_init(&s);
	(void)qt_store_init(path, &s, NULL);
	return qt_store_open(path, &o, &db->store, err);
}

int
qt_hist_db_open(struct qt_hist_db **out, const char *path, bool is_rdonly,
    struct qt_err *err)
{
	struct qt_hist_db	*db = calloc(1, sizeof(*db));
	int			 rc;

	*out = NULL;
	if (db == NULL)
		return -ENOMEM;
	db->is_rdonly = is_rdonly;
	/* Without it there would be BLAKE2b's slowest form only. */
	rc = sodium_init() < 0 ? -ENOSYS : open_store(db, path, err);
	if (rc == 0)
		rc = load_key(db, err);
	if (rc < 0) {
		qt_err_wrap(err, "open the history in '%s'", path);
		(void)qt_hist_db_close(db, NULL);
		return rc;
	}
	*out = db;
	return 0;
}

int
qt_hist_db_close(struct qt_hist_db *db, struct qt_err *err)
{
	int	rc;

	if (db == NULL)
		return 0;
	qt__facts_clear(&db->facts);
	qt_store_value_clear(&db->text);
	rc = qt_store_close(db->store, err);
	free(db);
	return rc;
}

void
qt_hist_db_set_redact(struct qt_hist_db *db, struct qt_hist_redact *r)
{
	db->redact = r;
}

struct qt_hist_redact *
qt_hist_db_redact(const struct qt_hist_db *db)
{
	return db->redact;
}

/* --- Hashes --------------------------------------------------------------- */

void
qt__db_hash(const struct qt_hist_db *db, uint8_t out[QT__HASH_KEY], char kind,
    const void *data, size_t len)
{
	out[0] = (uint8_t)kind;
	(void)crypto_generichash(out + 1, QT__HASH, data, len, db->key,
	    QT__DB_KEY);
}

uint64_t
qt_hist_db_id(const struct qt_hist_db *db, const struct qt_hist_bytes *session,
    uint64_t number)
{
	crypto_generichash_state	state;
	uint8_t				hash[QT__HASH];
	uint64_t			id;

	number = htole64(number);
	(void)crypto_generichash_init(&state, db->key, QT__DB_KEY, QT__HASH);
	(void)crypto_generichash_update(&state, (const void *)session->data,
	    session->len);
	(void)crypto_generichash_update(&state, (const void *)&number,
	    sizeof(number));
	(void)crypto_generichash_final(&state, hash, QT__HASH);
	memcpy(&id, hash, sizeof(id));
	return le64toh(id);
}

/* --- Spools --------------------------------------------------------------- */

static int
spool_key(struct qt_buf *key, const char *name)
{
	int	rc = qt_buf_add(key, "o", 1);

	return rc < 0 ? rc : qt_buf_add(key, name, strlen(name));
}

int
qt_hist_db_spool(struct qt_hist_db *db, const char *name, uint64_t *offset,
    struct qt_err *err)
{
	struct qt_store_value	v = QT_STORE_VALUE_INIT;
	struct qt_buf		key = QT_BUF_INIT;
	int			rc = spool_key(&key, name);

	*offset = 0;
	if (rc == 0)
		rc = qt_store_get(db->store, NULL, &v, key.data, key.len, err);
	if (rc == 0 && v.len == sizeof(*offset)) {
		memcpy(offset, v.data, sizeof(*offset));
		*offset = le64toh(*offset);
	}
	qt_store_value_clear(&v);
	qt_buf_clear(&key);
	return rc == -ENOENT ? 0 : rc;
}

/* --- Adding --------------------------------------------------------------- */

/* Records that are to be written at once; bytes are those of heap. */
struct batch {
	struct qt_buf	heap;
	struct piece {
		size_t		 key_at, key_len, value_at, value_len;
		unsigned int	 flags;
		uint64_t	 if_version;
	}		*pieces;
	size_t		 count, room;
	struct last {
		uint8_t		 key[QT__HASH_KEY];
		struct qt_buf	 value;
	}		 context, place;	/* most events have that of the last */
	struct qt_buf	 packed;
};

static int
add_piece(struct batch *b, const void *key, size_t key_len, const void *value,
    size_t value_len, unsigned int flags)
{
	struct piece	*p;
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
	*p = (struct piece){ b->heap.len, key_len, b->heap.len + key_len,
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
add_fact(struct qt_hist_db *db, struct batch *b,
    const uint8_t key[QT__HASH_KEY], const void *data, size_t len,
    struct qt_err *err)
{
	int	rc = qt_store_has(db->store, NULL, key, QT__HASH_KEY, err);

	if (rc == -ENOENT)
		rc = add_piece(b, key, QT__HASH_KEY, data, len, 0);
	return rc;
}

static int
add_text(struct qt_hist_db *db, struct batch *b, uint8_t key[QT__HASH_KEY],
    const struct qt_hist_bytes *text, struct qt_err *err)
{
	int	rc;

	qt__db_hash(db, key, 'c', text->data, text->len);
	if (db->texts != NULL && qt__facts_knows(db->texts, key))
		return 0;
	rc = add_fact(db, b, key, text->data, text->len, err);
	if (rc == 0 && db->texts != NULL)
		rc = qt__facts_put(db->texts, key, "", 0);
	return rc;
}

/* What is in b->packed, a context or a place. */
static int
add_packed(struct qt_hist_db *db, struct batch *b, struct last *last,
    char kind, struct qt_err *err)
{
	struct qt_buf	swap = last->value;

	if (last->key[0] != 0 && swap.len == b->packed.len &&
	    memcmp(swap.data, b->packed.data, swap.len) == 0)
		return 0;
	last->value = b->packed;
	b->packed = swap;
	qt__db_hash(db, last->key, kind, last->value.data, last->value.len);
	return add_fact(db, b, last->key, last->value.data, last->value.len,
	    err);
}

static int
add_event(struct qt_hist_db *db, struct batch *b,
    const struct qt_hist_event *e, struct qt_err *err)
{
	struct qt__event_keys	keys;
	uint8_t			key[QT__EVENT_KEY], value[QT__EVENT_MAX];
	int			rc;

	rc = add_text(db, b, keys.text, &e->text, err);
	qt_buf_reset(&b->packed);
	if (rc == 0)
		rc = qt__context_pack(&b->packed, e);
	if (rc == 0)
		rc = add_packed(db, b, &b->context, 'x', err);
	qt_buf_reset(&b->packed);
	if (rc == 0)
		rc = qt__place_pack(&b->packed, e);
	if (rc == 0)
		rc = add_packed(db, b, &b->place, 'l', err);
	if (rc < 0)
		return rc;
	memcpy(keys.context, b->context.key, QT__HASH_KEY);
	memcpy(keys.place, b->place.key, QT__HASH_KEY);
	qt__event_key(key, e->start_us, e->id);
	return add_piece(b, key, sizeof(key), value,
	    qt__event_pack(value, e, &keys), 0);
}

static int
add_spool(struct qt_hist_db *db, struct batch *b, const char *name,
    uint64_t offset, struct qt_err *err)
{
	struct qt_buf	key = QT_BUF_INIT;
	uint64_t	value = htole64(offset);
	int		rc = spool_key(&key, name);

	if (rc == 0 && offset == 0) {
		rc = qt_store_has(db->store, NULL, key.data, key.len, err);
		if (rc == 0)
			rc = add_piece(b, key.data, key.len, NULL, 0,
			    QT_STORE_DEL);
		rc = rc == -ENOENT ? 0 : rc;
	} else if (rc == 0) {
		rc = add_piece(b, key.data, key.len, &value, sizeof(value), 0);
	}
	qt_buf_clear(&key);
	return rc;
}

static int
write_batch(struct qt_hist_db *db, const struct batch *b, struct qt_err *err)
{
	struct qt_store_put	*puts = calloc(b->count, sizeof(*puts));
	int			 rc;

	if (puts == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < b->count; i++) {
		const struct piece	*p = &b->pieces[i];

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
	return rc;
}

/* On the condition that no other batch gets the same number. */
static int
add_journal(struct qt_hist_db *db, struct batch *b,
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
		rc = add_piece(b, key, 2, value.data, value.len, 0);
	qt_buf_clear(&value);
	batch = htole64(batch);
	if (rc == 0)
		rc = add_piece(b, key, 1, &batch, sizeof(batch),
		    QT_STORE_IF_VERSION);
	if (rc == 0)
		b->pieces[b->count - 1].if_version = version;
	return rc;
}

static int
add_all(struct qt_hist_db *db, const struct qt_hist_event *events,
    size_t count, const char *name, uint64_t offset, struct qt_err *err)
{
	struct batch	b = { .heap = QT_BUF_INIT };
	int		rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++)
		rc = add_event(db, &b, &events[i], err);
	if (rc == 0 && name != NULL)
		rc = add_spool(db, &b, name, offset, err);
	if (rc == 0 && count > 0)
		rc = add_journal(db, &b, events, count, err);
	if (rc == 0 && b.count > 0)
		rc = write_batch(db, &b, err);
	/* What was not written is not known. */
	if (rc < 0 && db->texts != NULL)
		qt__facts_clear(db->texts);
	free(b.pieces);
	qt_buf_clear(&b.heap);
	qt_buf_clear(&b.packed);
	qt_buf_clear(&b.context.value);
	qt_buf_clear(&b.place.value);
	return rc;
}

int
qt_hist_db_add(struct qt_hist_db *db, const struct qt_hist_event *events,
    size_t count, const char *name, uint64_t offset, struct qt_err *err)
{
	int	rc;

	/* Stale: another batch came between, which takes at most so long. */
	do {
		rc = add_all(db, events, count, name, offset, err);
	} while (rc == -ESTALE);
	if (rc < 0)
		qt_err_wrap(err, "add to the history");
	return rc;
}
