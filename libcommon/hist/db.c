/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the history and adding to it. See <qt/hist/db.h>. */

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <qt/base/hash.h>
#include <qt/base/le.h>
#include <qt/base/sys.h>
#include <qt/store/store.h>

#include "batch_priv.h"

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
	db->fd = -1;
	db->path = strdup(path);
	/* Without it there would be BLAKE2b's slowest form only. */
	rc = db->path == NULL ? -ENOMEM : sodium_init() < 0 ? -ENOSYS :
	    open_store(db, path, err);
	if (rc == 0)
		rc = db->fd = qt_sys_open(AT_FDCWD, path,
		    O_RDONLY | O_DIRECTORY, 0);
	if (rc >= 0)
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
	if (db->fd >= 0)
		close(db->fd);
	free(db->path);
	free(db);
	return rc;
}

void
qt_hist_db_set_redact(struct qt_hist_db *db, struct qt_hist_redact *r)
{
	db->redact = r;
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
	uint8_t				hash[QT__HASH], bytes[8];

	qt_le_store64(bytes, number);
	(void)crypto_generichash_init(&state, db->key, QT__DB_KEY, QT__HASH);
	(void)crypto_generichash_update(&state, (const void *)session->data,
	    session->len);
	(void)crypto_generichash_update(&state, bytes, sizeof(bytes));
	(void)crypto_generichash_final(&state, hash, QT__HASH);
	return qt_le_load64(hash);
}

/* --- One who erases, or many who add --------------------------------------- */

/* How often it was erased from: what we know of it may be gone since. */
static int
load_erasures(struct qt_hist_db *db, struct qt_err *err)
{
	struct qt_store_value	v;
	uint64_t		n = 0;
	int			rc = qt_store_get(db->store, NULL, &v, "d", 1,
	    err);

	if (rc == -ENOENT)
		return 0;
	if (rc == 0 && v.len == sizeof(n))
		n = qt_le_load64(v.data);
	qt_store_value_clear(&v);
	if (rc == 0 && n != db->erasures) {
		qt__facts_clear(&db->facts);
		if (db->texts != NULL)
			qt__hashes_clear(db->texts);
		db->erasures = n;
	}
	return rc;
}

/*
 * Who was killed may have been writing: whoever writes next to the store sees to
 * it that it is done, and then things are there, or are not, all of a sudden. So
 * where it matters that comes first: a write whose condition never holds.
 */
static int
settle(struct qt_hist_db *db, bool is_alone, struct qt_err *err)
{
	struct qt_store_put	p = { .key = "k", .key_len = 1,
	    .if_version = UINT64_MAX, .flags = QT_STORE_IF_VERSION };
	int			rc = is_alone ? 0 : qt_store_has(db->store,
	    NULL, "p", 1, err);

	/* Nobody has erased who was killed then. */
	if (rc == -ENOENT || db->is_rdonly)
		return 0;
	if (rc == 0)
		rc = qt_store_put(db->store, NULL, &p, err);
	return rc == -ESTALE ? 0 : rc;
}

int
qt__db_lock(struct qt_hist_db *db, unsigned int flags, struct qt_err *err)
{
	int	how = (flags & QT__ALONE ? LOCK_EX : LOCK_SH) |
	    (flags & QT__NO_WAIT ? LOCK_NB : 0);
	int	rc;

	if (db->locked++ > 0)
		return 0;
	while ((rc = flock(db->fd, how)) < 0 && errno == EINTR)
		continue;
	rc = rc < 0 ? -errno : settle(db, (flags & QT__ALONE) != 0, err);
	if (rc == 0)
		rc = load_erasures(db, err);
	if (rc < 0)
		qt__db_unlock(db);
	return rc;
}

void
qt__db_unlock(struct qt_hist_db *db)
{
	if (--db->locked == 0)
		(void)flock(db->fd, LOCK_UN);
}

void
qt__db_grave(const struct qt_hist_db *db, uint8_t out[QT__HASH_KEY],
    const uint8_t command[QT__HASH], uint64_t second)
{
	uint8_t	data[QT__HASH + 8];

	second = htole64(second);
	memcpy(data, command, QT__HASH);
	memcpy(data + QT__HASH, &second, 8);
	qt__db_hash(db, out, 'k', data, sizeof(data));
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
	if (rc == 0 && v.len == sizeof(*offset))
		*offset = qt_le_load64(v.data);
	qt_store_value_clear(&v);
	qt_buf_clear(&key);
	return rc == -ENOENT ? 0 : rc;
}

/* --- Adding --------------------------------------------------------------- */

static int
add_spool(struct qt_hist_db *db, struct qt__batch *b, const char *name,
    uint64_t offset, struct qt_err *err)
{
	struct qt_buf	key = QT_BUF_INIT;
	uint64_t	value = htole64(offset);
	int		rc = spool_key(&key, name);

	if (rc == 0 && offset == 0) {
		rc = qt_store_has(db->store, NULL, key.data, key.len, err);
		if (rc == 0)
			rc = qt__batch_add(b, key.data, key.len, NULL, 0,
			    QT_STORE_DEL);
		rc = rc == -ENOENT ? 0 : rc;
	} else if (rc == 0) {
		rc = qt__batch_add(b, key.data, key.len, &value,
		    sizeof(value), 0);
	}
	qt_buf_clear(&key);
	return rc;
}

/* Was it erased, and would an import bring it back? 1, 0, negative. */
static int
is_erased(struct qt_hist_db *db, const struct qt_hist_event *e,
    struct qt_err *err)
{
	uint8_t		command[QT__HASH_KEY], key[QT__HASH_KEY];
	uint64_t	second = e->start_us / 1000000;
	int		rc;

	if (!(e->flags & QT_HIST_IMPORTED) || db->erasures == 0)
		return 0;
	qt__db_hash(db, command, 'k', e->text.data, e->text.len);
	rc = qt_store_has(db->store, NULL, command, sizeof(command), err);
	/* What a shell wrote of its time may be a second off. One without a time
	   was one of those that were erased, as far as anybody can tell. */
	for (uint64_t i = 0; i < 3 && rc == -ENOENT; i++) {
		qt__db_grave(db, key, command + 1, second == 0 ? 0 :
		    second + i - 1);
		rc = qt_store_has(db->store, NULL, key, sizeof(key), err);
		if (second == 0)
			break;
	}
	return rc == 0 ? 1 : rc == -ENOENT ? 0 : rc;
}

static int
add_events(struct qt_hist_db *db, struct qt__batch *b,
    const struct qt_hist_event *events, size_t count, uint64_t *erased,
    struct qt_err *err)
{
	struct qt__event_keys	keys;
	int			rc = 0;

	for (size_t i = 0; i < count && rc >= 0; i++) {
		rc = is_erased(db, &events[i], err);
		if (rc == 0)
			rc = qt__batch_event(b, db, &events[i], &keys, err);
		else if (rc == 1)
			++*erased;
	}
	return rc < 0 ? rc : 0;
}

static int
add_all(struct qt_hist_db *db, const struct qt_hist_event *events,
    size_t count, const char *name, uint64_t offset, struct qt_err *err)
{
	struct qt__batch	b = QT__BATCH_INIT;
	uint64_t		erased = 0;
	int			rc;

	rc = add_events(db, &b, events, count, &erased, err);
	if (rc == 0 && name != NULL)
		rc = add_spool(db, &b, name, offset, err);
	if (rc == 0 && count > erased)
		rc = qt__batch_journal(&b, db, events, count, err);
	if (rc == 0)
		rc = qt__batch_write(&b, db, err);
	if (rc == 0)
		db->skipped += erased;
	/* What was not written is not known. */
	else if (db->texts != NULL)
		qt__hashes_clear(db->texts);
	qt__batch_clear(&b);
	return rc;
}

int
qt_hist_db_add(struct qt_hist_db *db, const struct qt_hist_event *events,
    size_t count, const char *name, uint64_t offset, struct qt_err *err)
{
	int	rc = qt__db_lock(db, 0, err);

	if (rc == 0) {
		/* Stale: another batch came between, at most so long. */
		do {
			rc = add_all(db, events, count, name, offset, err);
		} while (rc == -ESTALE);
		qt__db_unlock(db);
	}
	if (rc < 0)
		qt_err_wrap(err, "add to the history");
	return rc;
}
