/* SPDX-License-Identifier: Apache-2.0 */
/* Working on skip lists. See <qt/shm/skiplist.h>. */

#include <errno.h>

#include "skiplist_priv.h"

struct qt_obj *
qt_skiplist_obj(struct qt_skiplist *s)
{
	return &s->obj;
}

uint32_t
qt_skiplist_key_max(const struct qt_skiplist *s)
{
	return s->nodes.key_max;
}

uint32_t
qt_skiplist_value_max(const struct qt_skiplist *s)
{
	return s->nodes.value_max;
}

uint64_t
qt_skiplist_capacity(const struct qt_skiplist *s)
{
	return s->nodes.capacity;
}

uint64_t
qt_skiplist_count(struct qt_skiplist *s)
{
	return qt__hash_count(&s->nodes);
}

int
qt_skiplist_compare(const struct qt_skiplist *s, const void *a, size_t a_len,
    const void *b, size_t b_len)
{
	return qt__skip_compare(s, a, a_len, b, b_len);
}

static bool
is_key(const struct qt_skiplist *s, size_t len)
{
	return s->is_key_fixed ? len == s->nodes.key_max :
	    len > 0 && len <= s->nodes.key_max;
}

/* 1, and one more with a chance of one in four each (xorshift64). */
static uint32_t
dice(struct qt_skiplist *s)
{
	uint64_t	x = atomic_load_explicit(&s->dice,
	    memory_order_relaxed);
	uint32_t	height = 1;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	atomic_store_explicit(&s->dice, x, memory_order_relaxed);
	for (x >>= 8; height < s->levels && (x & 3) == 0; x >>= 2)
		height++;
	return height;
}

struct put {
	struct qt_skiplist	*s;
	const void		*key, *value;
	uint32_t		 key_len, len;
	struct qt__new		 node;
	bool			 is_new;	/* -EEXIST, if it is there */
};

static int
fill(struct put *p)
{
	struct qt__hash	*t = &p->s->nodes;
	struct qt__node	*n;

	if (p->node.at != 0)
		return 0;
	/* The second time, what the dead had. */
	if (!qt__hash_take(t, &p->node) && (qt_seg_sweep(p->s->obj.seg) < 0 ||
	    !qt__hash_take(t, &p->node)))
		return -QT_EFULL;
	n = qt__hash_node(t, p->node.at);
	atomic_store_explicit(&n->hash, dice(p->s), memory_order_relaxed);
	atomic_store_explicit(&n->lens, (uint64_t)p->len << 32 | p->key_len,
	    memory_order_relaxed);
	qt__words_put(qt__skip_key(p->s, p->node.at), p->key, p->key_len);
	qt__words_put(&n->data[t->value_at], p->value, p->len);
	return 0;
}

static int
attempt(struct put *p)
{
	struct qt__path	path;
	int		rc = qt__skip_find(p->s, p->key, p->key_len, false,
	    &path);

	if (rc == 0 && p->is_new && path.is_match)
		rc = -EEXIST;
	if (rc == 0)
		rc = fill(p);
	if (rc < 0)
		return rc;
	if (!path.is_match)
		return qt__skip_insert(p->s, &path, &p->node);
	rc = qt__skip_replace(p->s, &path, &p->node);
	return rc < 0 ? rc : 1;
}

static int
put(struct put *p)
{
	struct qt__hash	*t = &p->s->nodes;
	uint32_t	 tries = QT__HASH_TRIES;
	uint32_t	 sweeps = 0;
	int		 rc;

	if (qt__obj_self(&p->s->obj) == 0)
		return -EACCES;
	do {
		rc = tries-- == 0 ? -QT_ECORRUPT : attempt(p);
		if (rc != -QT_EFULL || sweeps++ == QT__HASH_SWEEPS)
			continue;
		/* As in map.c: ours would be in the way of counting. */
		qt__hash_drop(t, &p->node);
		p->node.at = 0;
		if (qt_seg_sweep(p->s->obj.seg) >= 0) {
			(void)qt__hash_count(t);
			rc = -EAGAIN;
		}
	} while (rc == -EAGAIN);
	qt__hash_drop(t, &p->node);
	return rc;
}

static int
put_of(struct qt_skiplist *s, const void *key, size_t key_len,
    const void *value, size_t len, bool is_new)
{
	struct put	p = { .s = s, .key = key, .value = value,
	    .is_new = is_new };

	if (!is_key(s, key_len) || len > s->nodes.value_max ||
	    (s->is_value_fixed && len != s->nodes.value_max))
		return -EINVAL;
	p.key_len = (uint32_t)key_len;
	p.len = (uint32_t)len;
	return put(&p);
}

int
qt_skiplist_put(struct qt_skiplist *s, const void *key, size_t key_len,
    const void *value, size_t len)
{
	return put_of(s, key, key_len, value, len, false);
}

int
qt_skiplist_put_new(struct qt_skiplist *s, const void *key, size_t key_len,
    const void *value, size_t len)
{
	return put_of(s, key, key_len, value, len, true);
}

int
qt_skiplist_del(struct qt_skiplist *s, const void *key, size_t key_len)
{
	struct qt__path	path;
	uint32_t	tries = QT__HASH_TRIES;
	int		rc;

	if (qt__obj_self(&s->obj) == 0)
		return -EACCES;
	if (!is_key(s, key_len))
		return -EINVAL;
	do {
		rc = tries-- == 0 ? -QT_ECORRUPT : qt__skip_find(s, key,
		    (uint32_t)key_len, false, &path);
		if (rc == 0)
			rc = path.is_match ? qt__skip_remove(s, &path) :
			    -ENOENT;
	} while (rc == -EAGAIN);
	return rc;
}

/* --- Reading -------------------------------------------------------------- */

/* Copies the value of a node; as of then. */
static ssize_t
take_value(const struct qt_skiplist *s, uint32_t at, void *out, size_t size)
{
	const struct qt__node	*n = qt__hash_node(&s->nodes, at);
	uint32_t		 len = (uint32_t)(atomic_load_explicit(
	    &n->lens, memory_order_relaxed) >> 32);

	if (len > s->nodes.value_max)
		return -QT_ECORRUPT;
	qt__words_get(out, &n->data[s->nodes.value_at],
	    len < size ? len : size);
	return (ssize_t)len;
}

static bool
holds(const struct qt__path *path)
{
	struct qt__pos	pos = { .prev = path->level[0].prev,
	    .link = path->level[0].link };

	return qt__pos_holds(&pos);
}

ssize_t
qt_skiplist_get(const struct qt_skiplist *s, const void *key, size_t key_len,
    void *out, size_t size)
{
	struct qt__path	path;
	ssize_t		len;
	int		rc;

	if (!is_key(s, key_len))
		return -EINVAL;
	do {
		rc = qt__skip_seek(s, key, (uint32_t)key_len, false, &path);
		if (rc < 0)
			return rc;
		if (!path.is_match)
			return -ENOENT;
		len = take_value(s, path.level[0].at, out, size);
	} while (!holds(&path));
	return len;
}

int
qt_skiplist_has(const struct qt_skiplist *s, const void *key, size_t key_len)
{
	ssize_t	rc = qt_skiplist_get(s, key, key_len, NULL, 0);

	return rc >= 0 ? 1 : rc == -ENOENT ? 0 : (int)rc;
}

/*
 * The node that a search found, or the one before it: that is one whose own
 * link, which holds, led the search on, so it is there as well.
 */
static int
pick(const struct qt_skiplist *s, enum qt_seek how, const void *key,
    uint32_t len, struct qt__path *path)
{
	bool	is_back = how == QT_SEEK_LAST || how == QT_SEEK_TO ||
	    how == QT_SEEK_BEFORE;
	bool	is_past = how == QT_SEEK_AFTER || how == QT_SEEK_TO;
	int	rc;

	if (how == QT_SEEK_FIRST) {
		key = "";
		len = 0;
	} else if (how == QT_SEEK_LAST)
		key = NULL;
	rc = qt__skip_seek(s, key, len, is_past, path);
	return rc < 0 ? rc : (int)(is_back ? path->level[0].pred :
	    path->level[0].at);
}

int
qt_skiplist_seek(const struct qt_skiplist *s, enum qt_seek how,
    const void *key, size_t key_len, void *key_out, size_t *out_len,
    void *value, size_t size, size_t *len)
{
	unsigned char	from[QT_SKIPLIST_KEY_MAX], got[QT_SKIPLIST_KEY_MAX];
	struct qt__path	path;
	uint32_t	got_len = 0;
	bool		is_key_there;
	ssize_t		n;
	int		at;

	if (how == QT_SEEK_FIRST || how == QT_SEEK_LAST)
		key_len = 0;
	else if (key_len > s->nodes.key_max)
		return -EINVAL;
	if (key_len > 0)
		memcpy(from, key, key_len);
	do {
		at = pick(s, how, from, (uint32_t)key_len, &path);
		if (at <= 0)
			return at;
		is_key_there = qt__skip_copy_key(s, (uint32_t)at, got,
		    &got_len);
		n = take_value(s, (uint32_t)at, value,
		    value != NULL ? size : 0);
	} while (!holds(&path));
	if (!is_key_there || n < 0)
		return -QT_ECORRUPT;
	memcpy(key_out, got, got_len);
	*out_len = got_len;
	if (len != NULL)
		*len = (size_t)n;
	return 1;
}

int
qt_skiplist_next(const struct qt_skiplist *s, void *key, size_t *key_len,
    void *value, size_t size, size_t *len)
{
	return qt_skiplist_seek(s, *key_len == 0 ? QT_SEEK_FIRST :
	    QT_SEEK_AFTER, key, *key_len, key, key_len, value, size, len);
}

int
qt_skiplist_prev(const struct qt_skiplist *s, void *key, size_t *key_len,
    void *value, size_t size, size_t *len)
{
	return qt_skiplist_seek(s, *key_len == 0 ? QT_SEEK_LAST :
	    QT_SEEK_BEFORE, key, *key_len, key, key_len, value, size, len);
}

int64_t
qt_skiplist_clear(struct qt_skiplist *s)
{
	unsigned char	key[QT_SKIPLIST_KEY_MAX];
	size_t		len = 0;
	int64_t		count = 0;
	int		rc;

	if (qt__obj_self(&s->obj) == 0)
		return -EACCES;
	while ((rc = qt_skiplist_next(s, key, &len, NULL, 0, NULL)) > 0) {
		rc = qt_skiplist_del(s, key, len);
		if (rc < 0 && rc != -ENOENT)
			return rc;
		count += rc == 0;
	}
	return rc < 0 ? rc : count;
}
