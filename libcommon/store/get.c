/* SPDX-License-Identifier: Apache-2.0 */
/* Reading one key. See <qt/store/store.h>. */

#include <errno.h>
#include <stdlib.h>

#include "get_priv.h"
#include "handle_priv.h"
#include "seek_priv.h"
#include "snap_priv.h"
#include "super_priv.h"
#include "value_priv.h"

static int
look_in_runs(struct qt_store *s, struct qt__super *super, struct qt__entry *e,
    void **own, const void *key, size_t len, uint64_t max_version,
    struct qt_err *err)
{
	uint64_t			 hash = qt__run_hash(key, len);
	const struct qt__manifest	*m;
	int				 rc;

	rc = qt__super_manifest(s, super, &m, err);
	for (uint32_t i = 0; rc == 0 && i < m->run_count; i++) {
		const struct qt__slice	*slice = qt__manifest_find(m,
		    &m->runs[i], key, len);
		struct qt__run		*run;

		if (slice == NULL || slice->info.min_version > max_version)
			continue;
		rc = qt__super_run(s, super, (uint32_t)(slice - m->slices),
		    &run, err);
		if (rc == 0)
			rc = qt__run_get(run, e, own, key, len, hash,
			    max_version, err);
	}
	return rc;
}

int
qt__lookup(struct qt_store *s, struct qt__super *super, struct qt__entry *e,
    void **own, const void *key, size_t len, uint64_t max_version,
    struct qt_err *err)
{
	uint32_t	hash = qt__mem_hash(&super->mems[0]->hash, key, len);
	int		rc;

	*own = NULL;
	for (uint32_t i = 0; i < super->mem_count; i++) {
		if (super->mems[i]->base > max_version)
			continue;
		rc = qt__mem_get(super->mems[i], e, key, len, hash,
		    max_version);
		if (rc < 0)
			qt_err_set(err, "memtable %llu",
			    (unsigned long long)super->mems[i]->number);
		if (rc != 0)
			return rc;
	}
	return look_in_runs(s, super, e, own, key, len, max_version, err);
}

static bool
is_over(struct qt_store *s, const struct qt_store_snap *snap,
    const struct qt__entry *e)
{
	/* Who does not expire need not know what time it is. */
	return qt__entry_is_over(e, e->expires_ms == 0 ? 0 :
	    snap != NULL ? snap->now_ms : qt__store_now(s));
}

/* A found entry as what the caller sees, who has its own_ already. */
static int
give_value(struct qt_store *s, struct qt_store_value *out,
    const struct qt__entry *e, struct qt_err *err)
{
	struct qt__value_room	room = QT__VALUE_ROOM_INIT;
	int			rc;

	out->version = e->version;
	out->expires_ms = e->expires_ms;
	out->tag = e->tag;
	rc = qt__value_resolve(s, &room, e, &out->data, &out->len, err);
	if (room.data != NULL) {
		free(out->own_);
		out->own_ = room.data;
	}
	if (room.big.map_ != NULL) {
		free(out->own_);
		out->own_ = room.big.map_;
		out->is_mapped_ = 1;
	}
	return rc;
}

static void
count_get(struct qt_store *s, struct qt__stripe *stripe)
{
	uint64_t	n = atomic_load_explicit(&stripe->gets,
	    memory_order_relaxed) + 1;

	if (n >= 1024 && !s->is_rdonly) {
		qt__count(s->ctl, QT__GETS, n);
		qt__handle_count(s);
		n = 0;
	}
	atomic_store_explicit(&stripe->gets, n, memory_order_relaxed);
}

/*
 * What super has of a key, with its value or not. -ENOENT: nothing; 1: the store
 * has moved on.
 */
static int
get_from(struct qt_store *s, const struct qt_store_snap *snap,
    struct qt__super *super, struct qt_store_value *out, bool with_value,
    const void *key, size_t key_len, struct qt_err *err)
{
	struct qt__entry	e;
	int			rc;

	rc = qt__lookup(s, super, &e, &out->own_, key, key_len,
	    snap != NULL ? snap->version : UINT64_MAX, err);
	if (rc == 0 || (rc == 1 && is_over(s, snap, &e)))
		return -ENOENT;
	if (rc == 1)
		rc = with_value ? give_value(s, out, &e, err) : 0;
	if (rc != -ENOENT)
		return rc;
	if (snap != NULL)
		return qt__snap_lost(snap, err);
	rc = qt__super_moved(s, super, err);
	return rc < 0 ? rc : 1;
}

/* A get of which stripe, held, is what it asks first. */
static int
get_slowly(struct qt_store *s, const struct qt_store_snap *snap,
    struct qt__stripe *stripe, struct qt_store_value *out, bool with_value,
    const void *key, size_t key_len, struct qt_err *err)
{
	int	rc;

	for (;;) {
		*out = (struct qt_store_value){ .hold_ = stripe };
		rc = get_from(s, snap, stripe->super, out, with_value, key,
		    key_len, err);
		if (rc == 0)
			return 0;
		qt_store_value_clear(out);
		if (rc == 1)
			rc = qt__super_get(s, &stripe, err);
		if (rc < 0)
			return rc;
	}
}

/* *stripe, held, is what is asked first. */
static inline int
begin_get(struct qt_store *s, const struct qt_store_snap *snap,
    struct qt__stripe **stripe, size_t key_len, struct qt_err *err)
{
	int	rc = 0;

	if (key_len == 0 || key_len > QT_STORE_KEY_MAX) {
		qt_err_set(err, "a key of %zu bytes: keys have 1 to %u",
		    key_len, QT_STORE_KEY_MAX);
		return -EMSGSIZE;
	}
	if (snap != NULL)
		*stripe = qt__super_hold(snap->stripe);
	else
		rc = qt__super_get(s, stripe, err);
	if (rc == 0)
		count_get(s, *stripe);
	return rc;
}

/* The way of most gets, of what is in the newest memtable: seek_priv.h. */
int
qt_store_get(struct qt_store *s, const struct qt_store_snap *snap,
    struct qt_store_value *out, const void *key, size_t key_len,
    struct qt_err *err)
{
	struct qt__stripe	*stripe = NULL;
	const struct qt__frame	*f = NULL;
	const struct qt__mem	*m = NULL;
	int			 rc;

	*out = (struct qt_store_value)QT_STORE_VALUE_INIT;
	rc = begin_get(s, snap, &stripe, key_len, err);
	if (rc < 0)
		return rc;
	if (snap == NULL) {
		m = stripe->super->mems[0];
		f = qt__mem_seek_quick(m, key, key_len,
		    qt__mem_hash_quick(&m->hash, key, key_len));
	}
	if (f == NULL)
		return get_slowly(s, snap, stripe, out, true, key, key_len,
		    err);
	out->data = (const uint8_t *)(f + 1) + key_len;
	out->len = f->value_len;
	out->version = m->base + (uint64_t)((const uint8_t *)f - m->log);
	out->tag = QT__KIND_TAG(f->kind);
	out->hold_ = stripe;
	return 0;
}

int
qt_store_has(struct qt_store *s, const struct qt_store_snap *snap,
    const void *key, size_t key_len, struct qt_err *err)
{
	struct qt__stripe	*stripe = NULL;
	struct qt_store_value	 v;
	int			 rc = begin_get(s, snap, &stripe, key_len, err);

	if (rc < 0)
		return rc;
	rc = get_slowly(s, snap, stripe, &v, false, key, key_len, err);
	if (rc == 0)
		qt_store_value_clear(&v);
	return rc;
}

void
qt_store_value_clear(struct qt_store_value *value)
{
	qt__super_release(value->hold_);
	if (value->is_mapped_)
		qt__big_close(&(struct qt__big){ value->data, value->len,
		    value->own_ });
	else
		free(value->own_);
	*value = (struct qt_store_value)QT_STORE_VALUE_INIT;
}
