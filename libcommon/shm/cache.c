/* SPDX-License-Identifier: Apache-2.0 */
/* Working on caches. See <qt/shm/cache.h>. */

#include <errno.h>

#include "cache_priv.h"
#include "hash_seek_priv.h"

struct qt_obj *
qt_cache_obj(struct qt_cache *c)
{
	return &c->obj;
}

uint32_t
qt_cache_key_max(const struct qt_cache *c)
{
	return c->hash.key_max;
}

uint32_t
qt_cache_value_max(const struct qt_cache *c)
{
	return c->value_max;
}

uint64_t
qt_cache_count(struct qt_cache *c)
{
	return qt__hash_count(&c->hash);
}

void
qt_cache_counts(const struct qt_cache *c, struct qt_cache_counts *out)
{
	uint64_t	sum[8] = { 0 };

	for (unsigned int i = 0; i < QT__CACHE_LINES; i++)
		for (unsigned int k = 0; k < 8; k++)
			sum[k] += atomic_load_explicit(
			    &c->words->count[i][k], memory_order_relaxed);
	out->hits = sum[QT__HITS];
	out->misses = sum[QT__MISSES];
	out->puts = sum[QT__PUTS];
	out->evictions = sum[QT__EVICTIONS];
	out->expired = sum[QT__EXPIRED];
	out->refused = sum[QT__REFUSED];
}

static bool
is_key(const struct qt_cache *c, size_t len)
{
	return len > 0 && len <= c->hash.key_max;
}

/* An entry of that life at pos; its expiry, as of then. */
static uint64_t
expiry_at(const struct qt_cache *c, uint32_t at)
{
	return atomic_load_explicit(&c->expiry[at], memory_order_relaxed);
}

/* 0 inserted, 1 replaced, -EAGAIN, -QT_EFULL. */
static int
publish(struct qt__cache_turn *turn, const struct qt__key *key,
    struct qt__new *node)
{
	struct qt_cache	*c = turn->c;
	struct qt__pos	 pos;
	uint32_t	 at = node->at, life = qt__cache_life(c, at);
	uint8_t		 was = 0;
	bool		 is_dead;
	int		 rc = qt__hash_find(&c->hash, key, false, &pos);

	if (rc < 0)
		return rc;
	if (!pos.is_match) {
		rc = qt__hash_insert(&c->hash, &pos, node);
		if (rc == 0)
			qt__cache_enter(turn, at, life, key->hash, 0);
		return rc;
	}
	is_dead = qt__expiry_is_past(expiry_at(c, pos.at), turn->now);
	was = atomic_load_explicit(&c->meta[pos.at], memory_order_relaxed) &
	    (QT__META_MAIN | QT__META_USES);
	rc = qt__hash_replace(&c->hash, &pos, node);
	if (rc == 0)
		qt__cache_enter(turn, at, life, key->hash, was);
	return rc < 0 ? rc : !is_dead;
}

int
qt_cache_put(struct qt_cache *c, const void *key, size_t key_len,
    const void *value, size_t len, uint64_t now_ms, uint64_t ttl_ms)
{
	struct qt__cache_turn	turn = { .c = c, .now = now_ms };
	struct qt__new		node = { .at = 0 };
	struct qt__key		k;
	uint32_t		tries = QT__HASH_TRIES;
	int			rc;

	if (qt__obj_self(&c->obj) == 0)
		return -EACCES;
	if (!is_key(c, key_len) || len > c->value_max)
		return -EINVAL;
	/* Before we have a node, which would be in the way of counting. */
	if (qt__obj_counted(&c->obj, QT__HASH_DOUBT) != 0 &&
	    (uint32_t)qt__obj_counted(&c->obj, QT__HASH_COUNT) >=
	    c->hash.capacity)
		(void)qt__hash_count(&c->hash);
	k = qt__hash_key(&c->hash, key, (uint32_t)key_len);
	qt__hash_prefetch(&c->hash, &k);
	rc = qt__cache_fill(&turn, &node, &k, value, (uint32_t)len);
	if (rc == 0)
		atomic_store_explicit(&c->expiry[node.at], qt__expiry_of(
		    qt__cache_life(c, node.at), now_ms, ttl_ms),
		    memory_order_relaxed);
	while (rc >= 0) {
		rc = tries-- == 0 ? -QT_ECORRUPT : publish(&turn, &k, &node);
		/* Full of entries: each has a unit, the rest is for others. */
		if (rc == -QT_EFULL && qt__cache_evict(&turn))
			rc = -EAGAIN;
		if (rc != -EAGAIN)
			break;
		rc = 0;
	}
	qt__hash_drop(&c->hash, &node);
	qt__cache_add(c, rc >= 0 ? QT__PUTS : QT__REFUSED);
	return rc;
}

ssize_t
qt_cache_get(struct qt_cache *c, const void *key, size_t key_len, void *out,
    size_t size, uint64_t now_ms)
{
	struct qt__cache_turn	turn = { .c = c, .now = now_ms };
	struct qt__key		k;
	struct qt__pos		pos;
	uint64_t		expiry;
	ssize_t			len;
	int			rc;

	if (!is_key(c, key_len))
		return -EINVAL;
	k = qt__hash_key(&c->hash, key, (uint32_t)key_len);
	do {
		rc = qt__hash_seek(&c->hash, &k, &pos);
		if (rc < 0) {
			qt__cache_add(c, QT__MISSES);
			return rc;
		}
		expiry = expiry_at(c, pos.at);
		len = qt__cache_copy(c, pos.at, out, size);
	} while (!qt__pos_holds(&pos));
	if (qt__expiry_is_past(expiry, now_ms)) {
		if (qt__obj_self(&c->obj) != 0)
			qt__cache_expire(&turn, &pos);
		qt__cache_add(c, QT__MISSES);
		return -ENOENT;
	}
	if (len >= 0 && qt__obj_self(&c->obj) != 0)
		qt__cache_use(c, pos.at);
	qt__cache_add(c, QT__HITS);
	return len;
}

int
qt_cache_del(struct qt_cache *c, const void *key, size_t key_len)
{
	struct qt__key	k;
	struct qt__pos	pos;
	uint32_t	tries = QT__HASH_TRIES;
	int		rc;

	if (qt__obj_self(&c->obj) == 0)
		return -EACCES;
	if (!is_key(c, key_len))
		return -EINVAL;
	k = qt__hash_key(&c->hash, key, (uint32_t)key_len);
	do {
		rc = tries-- == 0 ? -QT_ECORRUPT :
		    qt__hash_find(&c->hash, &k, false, &pos);
		if (rc == 0)
			rc = pos.is_match ? qt__hash_remove(&c->hash, &pos) :
			    -ENOENT;
	} while (rc == -EAGAIN);
	return rc;
}

int
qt_cache_touch(struct qt_cache *c, const void *key, size_t key_len,
    uint64_t now_ms, uint64_t ttl_ms)
{
	struct qt__cache_turn	turn = { .c = c, .now = now_ms };
	struct qt__key		k;
	struct qt__pos		pos;
	uint64_t		seen;
	uint32_t		tries = QT__HASH_TRIES;
	int			rc;

	if (qt__obj_self(&c->obj) == 0)
		return -EACCES;
	if (!is_key(c, key_len))
		return -EINVAL;
	k = qt__hash_key(&c->hash, key, (uint32_t)key_len);
	for (;;) {
		rc = tries-- == 0 ? -QT_ECORRUPT :
		    qt__hash_seek(&c->hash, &k, &pos);
		if (rc < 0)
			return rc;
		seen = expiry_at(c, pos.at);
		if (!qt__pos_holds(&pos))
			continue;
		if (qt__expiry_is_past(seen, now_ms)) {
			qt__cache_expire(&turn, &pos);
			return -ENOENT;
		}
		/* It says the life that it is of, so only that is changed. */
		if (atomic_compare_exchange_strong(&c->expiry[pos.at], &seen,
		    qt__expiry_of((uint32_t)(seen >> 48), now_ms, ttl_ms)))
			break;
	}
	qt__cache_use(c, pos.at);
	return 0;
}

int
qt_cache_next(const struct qt_cache *c, void *key, size_t *key_len,
    void *value, size_t size, size_t *len, uint64_t now_ms)
{
	unsigned char	last[1024];
	struct qt__key	k = { .data = NULL };
	struct qt__pos	pos;
	uint64_t	expiry;
	uint32_t	got;
	ssize_t		n;
	int		rc;

	if (*key_len > c->hash.key_max)
		return -EINVAL;
	do {
		if (*key_len > 0) {
			memcpy(last, key, *key_len);
			k = qt__hash_key(&c->hash, last, (uint32_t)*key_len);
		}
		do {
			rc = qt__hash_next(&c->hash, &k, &pos, key, &got);
			if (rc < 0)
				return rc == -ENOENT ? 0 : rc;
			expiry = expiry_at(c, pos.at);
			n = qt__cache_copy(c, pos.at, value,
			    value != NULL ? size : 0);
		} while (!qt__pos_holds(&pos));
		*key_len = got;
	} while (qt__expiry_is_past(expiry, now_ms));
	if (n < 0)
		return (int)n;
	if (len != NULL)
		*len = (size_t)n;
	return 1;
}

int64_t
qt_cache_clear(struct qt_cache *c)
{
	unsigned char	key[1024];
	size_t		len = 0;
	int64_t		count = 0;
	int		rc;

	if (qt__obj_self(&c->obj) == 0)
		return -EACCES;
	while ((rc = qt_cache_next(c, key, &len, NULL, 0, NULL, 0)) > 0) {
		rc = qt_cache_del(c, key, len);
		if (rc < 0 && rc != -ENOENT)
			return rc;
		count += rc == 0;
	}
	return rc < 0 ? rc : count;
}
