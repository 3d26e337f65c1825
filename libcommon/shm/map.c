/* SPDX-License-Identifier: Apache-2.0 */
/* Working on maps. See <qt/shm/map.h>. */

#include <errno.h>

#include <qt/shm/map.h>

#include "hash_seek_priv.h"
#include "map_priv.h"

enum op { PUT, PUT_NEW, PUT_OLD, CAS, ADD };

/* A change under way. */
struct edit {
	struct qt_map	*m;
	struct qt__key	 key;
	struct qt__new	 node;
	enum op		 op;
	const void	*value;
	uint32_t	 len;
	const void	*expected;
	size_t		 expected_len;
	int64_t		 n, sum;
	uint32_t	 sweeps;
};

struct qt_obj *
qt_map_obj(struct qt_map *m)
{
	return &m->obj;
}

uint32_t
qt_map_key_max(const struct qt_map *m)
{
	return m->hash.key_max;
}

uint32_t
qt_map_value_max(const struct qt_map *m)
{
	return m->hash.value_max;
}

uint64_t
qt_map_capacity(const struct qt_map *m)
{
	return m->hash.capacity;
}

uint64_t
qt_map_count(struct qt_map *m)
{
	return qt__hash_count(&m->hash);
}

static uint32_t
value_len(const struct qt__node *n)
{
	return (uint32_t)(atomic_load_explicit(&n->lens,
	    memory_order_relaxed) >> 32);
}

/* The number of bytes in a value to 64 bits, and back. */
static int64_t
widen(const struct qt_map *m, const void *bytes)
{
	unsigned int	shift = 64 - m->int_size * 8;
	uint64_t	v = 0;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	memcpy((char *)&v + 8 - m->int_size, bytes, m->int_size);
#else
	memcpy(&v, bytes, m->int_size);
#endif
	if (!m->is_signed)
		return (int64_t)v;
	return (int64_t)(v << shift) >> shift;
}

static void
narrow(const struct qt_map *m, int64_t v, void *bytes)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	memcpy(bytes, (char *)&v + 8 - m->int_size, m->int_size);
#else
	memcpy(bytes, &v, m->int_size);
#endif
}

static bool
is_expected(const struct edit *e, const struct qt__node *n)
{
	const _Atomic uint64_t	*at = &n->data[e->m->hash.value_at];
	const unsigned char	*p = e->expected;
	size_t			 left = e->expected_len;
	uint64_t		 x, y;

	if (value_len(n) != left)
		return false;
	for (; left > 0; at++) {
		size_t	len = left < 8 ? left : 8;

		x = y = 0;
		qt__words_get(&x, at, len);
		memcpy(&y, p, len);
		if (x != y)
			return false;
		p += len;
		left -= len;
	}
	return true;
}

/*
 * What the entry's value says to the change: 1 go on, 0 or negative the answer;
 * both as of then, so they count only if the position still holds. at 0: there
 * is no entry.
 */
static int
judge(struct edit *e, uint32_t at)
{
	const struct qt_map	*m = e->m;
	const struct qt__node	*n = qt__hash_node(&m->hash, at);
	unsigned char		 bytes[8];

	switch (e->op) {
	case PUT_NEW:
		return at == 0 ? 1 : -EEXIST;
	case PUT_OLD:
		return at == 0 ? -ENOENT : 1;
	case CAS:
		if (at == 0)
			return -ENOENT;
		return is_expected(e, n);
	case ADD:
		e->sum = e->n;
		if (at != 0) {
			if (value_len(n) != m->int_size)
				return -EINVAL;
			qt__words_get(bytes, &n->data[m->hash.value_at],
			    m->int_size);
			/* Of unsigned: sums wrap. */
			e->sum = (int64_t)((uint64_t)e->n +
			    (uint64_t)widen(m, bytes));
		}
		narrow(m, e->sum, bytes);
		e->sum = widen(m, bytes);
		return 1;
	default:
		return 1;
	}
}

static int
fill(struct edit *e)
{
	struct qt__hash		*t = &e->m->hash;
	struct qt__node		*n;
	unsigned char		 bytes[8];
	const void		*value = e->value;
	int			 rc = 0;

	if (e->node.at == 0)
		rc = qt__hash_alloc(t, &e->key, &e->node);
	else if (e->op != ADD)
		return 0;	/* it was filled for an earlier attempt */
	if (rc < 0)
		return rc;
	if (e->op == ADD) {
		narrow(e->m, e->sum, bytes);
		value = bytes;
	}
	n = qt__hash_node(t, e->node.at);
	atomic_store_explicit(&n->lens, (uint64_t)e->len << 32 | e->key.len,
	    memory_order_relaxed);
	qt__words_put(&n->data[t->value_at], value, e->len);
	return 0;
}

/* 0 inserted, 1 replaced, -EAGAIN, or the answer. */
static int
attempt(struct edit *e)
{
	struct qt__hash	*t = &e->m->hash;
	struct qt__pos	 pos;
	int		 rc = qt__hash_find(t, &e->key, false, &pos);

	if (rc < 0)
		return rc;
	rc = judge(e, pos.is_match ? pos.at : 0);
	if (rc <= 0) {
		if (pos.is_match && !qt__pos_holds(&pos))
			return -EAGAIN;
		return rc < 0 ? rc : 0;
	}
	rc = fill(e);
	if (rc < 0)
		return rc;
	if (!pos.is_match)
		return qt__hash_insert(t, &pos, &e->node);
	rc = qt__hash_replace(t, &pos, &e->node);
	return rc < 0 ? rc : 1;
}

static int
edit(struct edit *e)
{
	struct qt__hash	*t = &e->m->hash;
	uint32_t	 tries = QT__HASH_TRIES;
	int		 rc;

	if (qt__obj_self(&e->m->obj) == 0)
		return -EACCES;
	if (!qt__map_is_key(e->m, e->key.len) ||
	    (e->m->is_value_fixed && e->len != t->value_max) ||
	    e->len > t->value_max)
		return -EINVAL;
	e->key = qt__hash_key(t, e->key.data, e->key.len);
	qt__hash_prefetch(t, &e->key);
	/* Which needs a node anyway; its memory comes with the bucket's. */
	if (e->op == PUT && (rc = fill(e)) < 0)
		return rc;
	do {
		rc = tries-- == 0 ? -QT_ECORRUPT : attempt(e);
		if (rc == -QT_EFULL && e->sweeps++ < QT__HASH_SWEEPS) {
			/*
			 * The dead may have been counted, or hold nodes. What
			 * is ours would be in the way of counting.
			 */
			qt__hash_drop(t, &e->node);
			e->node.at = 0;
			if (qt_seg_sweep(e->m->obj.seg) >= 0) {
				(void)qt__hash_count(t);
				rc = -EAGAIN;
			}
		}
	} while (rc == -EAGAIN);
	qt__hash_drop(t, &e->node);
	return rc;
}

/* Lengths that 32 bits do not hold are too long anyway. */
static uint32_t
cut(size_t len)
{
	return len > UINT32_MAX ? UINT32_MAX : (uint32_t)len;
}

static int
put(struct qt_map *m, enum op op, const void *key, size_t key_len,
    const void *value, size_t len)
{
	struct edit	e = { .m = m, .op = op, .value = value,
	    .len = cut(len), .key = { .data = key, .len = cut(key_len) } };

	return edit(&e);
}

int
qt_map_put(struct qt_map *m, const void *key, size_t key_len,
    const void *value, size_t len)
{
	return put(m, PUT, key, key_len, value, len);
}

int
qt_map_put_new(struct qt_map *m, const void *key, size_t key_len,
    const void *value, size_t len)
{
	return put(m, PUT_NEW, key, key_len, value, len);
}

int
qt_map_put_old(struct qt_map *m, const void *key, size_t key_len,
    const void *value, size_t len)
{
	int	rc = put(m, PUT_OLD, key, key_len, value, len);

	return rc < 0 ? rc : 0;
}

int
qt_map_cas(struct qt_map *m, const void *key, size_t key_len,
    const void *expected, size_t expected_len, const void *value, size_t len)
{
	struct edit	e = { .m = m, .op = CAS, .value = value,
	    .len = cut(len), .expected = expected,
	    .expected_len = expected_len,
	    .key = { .data = key, .len = cut(key_len) } };

	return edit(&e);
}

int
qt_map_add(struct qt_map *m, const void *key, size_t key_len, int64_t n,
    int64_t *sum)
{
	struct edit	e = { .m = m, .op = ADD, .n = n, .len = m->int_size,
	    .key = { .data = key, .len = cut(key_len) } };
	int		rc;

	if (m->int_size == 0)
		return -EINVAL;
	rc = edit(&e);
	if (rc >= 0 && sum != NULL)
		*sum = e.sum;
	return rc < 0 ? rc : 0;
}

/* Copies a value; as of then. Its length, or -QT_ECORRUPT. */
static ssize_t
take_value(const struct qt_map *m, uint32_t at, void *out, size_t size)
{
	const struct qt__node	*n = qt__hash_node(&m->hash, at);
	uint32_t		 len = value_len(n);

	if (len > m->hash.value_max)
		return -QT_ECORRUPT;
	qt__words_get(out, &n->data[m->hash.value_at],
	    len < size ? len : size);
	return (ssize_t)len;
}

__attribute__((always_inline)) static inline ssize_t
get(const struct qt_map *m, const void *key, uint32_t key_len, void *out,
    size_t size)
{
	struct qt__key	k = qt__hash_key(&m->hash, key, key_len);
	struct qt__pos	pos;
	ssize_t		len;
	int		rc;

	do {
		rc = qt__hash_seek(&m->hash, &k, &pos);
		if (rc < 0)
			return rc;
		len = take_value(m, pos.at, out, size);
	} while (!qt__pos_holds(&pos));
	return len;
}

ssize_t
qt_map_get(const struct qt_map *m, const void *key, size_t key_len, void *out,
    size_t size)
{
	if (!qt__map_is_key(m, key_len))
		return -EINVAL;
	/* Twice, so that keys of one word need no loops. */
	if (key_len == 8)
		return get(m, key, 8, out, size);
	return get(m, key, (uint32_t)key_len, out, size);
}

int
qt_map_has(const struct qt_map *m, const void *key, size_t key_len)
{
	ssize_t	rc = qt_map_get(m, key, key_len, NULL, 0);

	return rc >= 0 ? 1 : rc == -ENOENT ? 0 : (int)rc;
}

int
qt_map_del(struct qt_map *m, const void *key, size_t key_len)
{
	struct qt__key	k;
	struct qt__pos	pos;
	uint32_t	tries = QT__HASH_TRIES;
	int		rc;

	if (qt__obj_self(&m->obj) == 0)
		return -EACCES;
	if (!qt__map_is_key(m, key_len))
		return -EINVAL;
	k = qt__hash_key(&m->hash, key, (uint32_t)key_len);
	do {
		rc = tries-- == 0 ? -QT_ECORRUPT :
		    qt__hash_find(&m->hash, &k, false, &pos);
		if (rc == 0)
			rc = pos.is_match ? qt__hash_remove(&m->hash, &pos) :
			    -ENOENT;
	} while (rc == -EAGAIN);
	return rc;
}

int
qt_map_next(const struct qt_map *m, void *key, size_t *key_len, void *value,
    size_t size, size_t *len)
{
	unsigned char	last[QT_MAP_KEY_MAX];
	struct qt__key	k = { .data = NULL };
	struct qt__pos	pos;
	uint32_t	got;
	ssize_t		n;
	int		rc;

	if (*key_len > m->hash.key_max)
		return -EINVAL;
	if (*key_len > 0) {
		memcpy(last, key, *key_len);
		k = qt__hash_key(&m->hash, last, (uint32_t)*key_len);
	}
	do {
		rc = qt__hash_next(&m->hash, &k, &pos, key, &got);
		if (rc < 0)
			return rc == -ENOENT ? 0 : rc;
		n = take_value(m, pos.at, value, value != NULL ? size : 0);
	} while (!qt__pos_holds(&pos));
	if (n < 0)
		return (int)n;
	*key_len = got;
	if (len != NULL)
		*len = (size_t)n;
	return 1;
}

int64_t
qt_map_clear(struct qt_map *m)
{
	unsigned char	key[QT_MAP_KEY_MAX];
	size_t		len = 0;
	int64_t		count = 0;
	int		rc;

	if (qt__obj_self(&m->obj) == 0)
		return -EACCES;
	while ((rc = qt_map_next(m, key, &len, NULL, 0, NULL)) > 0) {
		rc = qt_map_del(m, key, len);
		if (rc < 0 && rc != -ENOENT)
			return rc;
		count += rc == 0;
	}
	return rc < 0 ? rc : count;
}
