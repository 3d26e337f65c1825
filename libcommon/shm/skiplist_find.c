/* SPDX-License-Identifier: Apache-2.0 */
/* Searching a skip list. See skiplist_priv.h. */

#include <errno.h>

#include "skiplist_priv.h"

/* Others that change the list meanwhile do not hold a search up this often. */
#define TRIES	(1u << 16)

static uint64_t
number(const struct qt_skiplist *s, const void *bytes)
{
	uint64_t	v = 0, sign = UINT64_C(1) << (s->int_size * 8 - 1);

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	memcpy((char *)&v + 8 - s->int_size, bytes, s->int_size);
#else
	memcpy(&v, bytes, s->int_size);
#endif
	/* So that less than 0 is less as a number without a sign. */
	return s->is_signed ? v ^ sign : v;
}

int
qt__skip_compare(const struct qt_skiplist *s, const void *a, size_t a_len,
    const void *b, size_t b_len)
{
	size_t		len = a_len < b_len ? a_len : b_len;
	uint64_t	x, y;
	int		order;

	if (s->int_size != 0) {
		if (a_len != s->int_size || b_len != s->int_size)
			return a_len < b_len ? -1 : a_len > b_len;
		x = number(s, a);
		y = number(s, b);
		return x < y ? -1 : x > y;
	}
	order = len == 0 ? 0 : memcmp(a, b, len);
	return order != 0 ? order : a_len < b_len ? -1 : a_len > b_len;
}

/* The order of a node's key and another; NULL is behind all. As of then. */
static int
compare(const struct qt_skiplist *s, uint32_t at, const void *key,
    uint32_t key_len)
{
	unsigned char	data[QT_SKIPLIST_KEY_MAX];
	uint32_t	len;

	if (key == NULL)
		return -1;
	if (!qt__skip_copy_key(s, at, data, &len))
		return 1;
	return qt__skip_compare(s, data, len, key, key_len);
}

/* A search at work. */
struct search {
	const struct qt_skiplist *s;
	const void		*key;
	uint32_t		 key_len;
	bool			 is_past;
	struct qt__path		*path;
	uint32_t		 left;		/* steps */
	/* The node under the eye. */
	uint32_t		 at;
	uint64_t		 next;
	int			 order;
	bool			 is_dead;
};

/* Looks at the node that link leads to: 1, 0 the end, -EAGAIN, -QT_ECORRUPT. */
static int
look(struct search *f, const struct qt__spot *spot, uint64_t link,
    uint32_t level)
{
	const struct qt_skiplist *s = f->s;
	struct qt__pos		 pos = { .prev = spot->prev,
	    .link = spot->link };
	int			 rc = 1;

	f->at = qt__link_index(link);
	f->is_dead = false;
	if (f->at > s->nodes.node_count || f->left-- == 0)
		rc = -QT_ECORRUPT;
	else if (f->at == 0)
		rc = 0;
	else {
		/* Pairs with the CAS that linked or marked it. */
		f->next = atomic_load_explicit(qt__skip_link(s, f->at, level),
		    memory_order_acquire);
		/* At level 0 what was read counts: who marks the link after that
		   may put another node of the key behind it. */
		f->is_dead = qt__link_mark(f->next) != QT__MARK_LIVE ||
		    (level > 0 && qt__link_mark(atomic_load_explicit(
		    qt__skip_link(s, f->at, 0), memory_order_acquire)) !=
		    QT__MARK_LIVE);
		f->order = compare(s, f->at, f->key, f->key_len);
	}
	return qt__pos_holds(&pos) ? rc : -EAGAIN;
}

/* Down from the level above to this one, at the same node. */
static int
go_down(struct search *f, uint32_t level, uint32_t pred)
{
	const struct qt__spot	*above = &f->path->level[level + 1];
	struct qt__spot		*spot = &f->path->level[level];
	struct qt__pos		 pos;

	spot->pred = pred;
	spot->prev = qt__skip_link(f->s, pred, level);
	spot->link = atomic_load_explicit(spot->prev, memory_order_acquire);
	if (pred == 0)
		return 0;
	pos.prev = above->prev;
	pos.link = above->link;
	return qt__link_mark(spot->link) != QT__MARK_LIVE ||
	    !qt__pos_holds(&pos) ? -EAGAIN : 0;
}

static void
step(struct search *f, struct qt__spot *spot, uint32_t level)
{
	spot->pred = f->at;
	spot->prev = qt__skip_link(f->s, f->at, level);
	spot->link = f->next;
}

/* A dead node: frozen at this level, and out of it. */
static int
take_out(struct search *f, struct qt__spot *spot, uint32_t level)
{
	uint64_t	link = spot->link;

	if (qt__link_mark(f->next) == QT__MARK_LIVE) {
		uint64_t	frozen = qt__link_after(f->next,
		    QT__MARK_DELETED, qt__link_index(f->next));

		if (!atomic_compare_exchange_strong(qt__skip_link(f->s, f->at,
		    level), &f->next, frozen))
			return -EAGAIN;
		f->next = frozen;
	}
	spot->link = qt__link_after(link, QT__MARK_LIVE,
	    qt__link_index(f->next));
	return atomic_compare_exchange_strong(spot->prev, &link, spot->link) ?
	    0 : -EAGAIN;
}

/*
 * One level, for who changes. What is marked goes; so do, for is_past, marked
 * nodes among those that have the key. But the way down is in front of these:
 * further down there may be others before the ones that are seen here.
 */
static int
walk(struct search *f, uint32_t level)
{
	struct qt__spot	*spot = &f->path->level[level], behind;
	int		 rc;

	for (;;) {
		rc = look(f, spot, spot->link, level);
		if (rc <= 0)
			return rc;
		if (f->is_dead) {
			rc = take_out(f, spot, level);
			if (rc < 0)
				return rc;
			continue;
		}
		if (f->order > 0 || (f->order == 0 && !f->is_past))
			return 1;
		if (f->order == 0 && spot != &behind) {
			behind = *spot;
			spot = &behind;
		}
		step(f, spot, level);
	}
}

/*
 * One level, for who reads. At level 0 marked nodes are passed with what was
 * before them in hand: their links do not change. Above, a dead node ends it.
 */
static int
walk_only(struct search *f, uint32_t level)
{
	struct qt__spot	*spot = &f->path->level[level];
	uint64_t	 link = spot->link;
	int		 rc;

	for (;;) {
		rc = look(f, spot, link, level);
		if (rc <= 0)
			return rc;
		if (f->is_dead) {
			if (level > 0)
				return 0;
			link = f->next;
		} else if (f->order > 0 || (f->order == 0 && !f->is_past))
			return 1;
		else {
			step(f, spot, level);
			link = spot->link;
		}
	}
}

static int
search(struct search *f, int (*go)(struct search *f, uint32_t level))
{
	const struct qt_skiplist *s = f->s;
	struct qt__path		*path = f->path;
	uint32_t		 tries = TRIES, pred;
	int			 rc;

	do {
		pred = 0;
		rc = 0;
		f->left = s->nodes.node_count * 2 + QT__SKIP_LEVELS;
		for (uint32_t l = s->levels; l-- > 0 && rc >= 0;) {
			rc = go_down(f, l, pred);
			if (rc == 0)
				rc = go(f, l);
			path->level[l].at = rc > 0 ? f->at : 0;
			pred = path->level[l].pred;
		}
	} while (rc == -EAGAIN && tries-- > 0);
	if (rc < 0)
		return -QT_ECORRUPT;
	path->next = f->next;
	path->is_match = rc > 0 && f->order == 0;
	return 0;
}

int
qt__skip_find(struct qt_skiplist *s, const void *key, uint32_t len,
    bool is_past, struct qt__path *path)
{
	struct search	f = { .s = s, .key = key, .key_len = len,
	    .is_past = is_past, .path = path };

	return search(&f, walk);
}

int
qt__skip_seek(const struct qt_skiplist *s, const void *key, uint32_t len,
    bool is_past, struct qt__path *path)
{
	struct search	f = { .s = s, .key = key, .key_len = len,
	    .is_past = is_past, .path = path };

	return search(&f, walk_only);
}
