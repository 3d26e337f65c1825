/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cursor over a memtable's list. See order_priv.h.
 *
 *	slots	| a | b | c | d | e | f | g |
 *	         lo      pos             hi
 *	                          tail: the last node that was looked at
 *
 * To follow a list is to wait for memory, twice for each record: its node, and
 * its frame. So the cursor looks some nodes ahead, and brings in their frames
 * before they are asked for: a few at first, for who wants a few.
 *
 * Nodes have no links back. To go before lo, a search finds the last node of
 * some level before it, and from there all up to it become slots: so one search
 * is enough for many steps.
 */

#include <errno.h>
#include <stdlib.h>

#include "order_priv.h"

#define SLOTS		128u
#define SLOT(c, i)	(&(c)->slot[(i) % SLOTS])
#define LOOK_MAX	16u
#define LEVEL_MAX	3u	/* 64 nodes apart */

struct slot {
	uint64_t	word;
	uint32_t	id, record;
};

struct order_cursor {
	struct qt__cursor	c;
	struct qt__order_view	v;
	uint64_t		upto;
	uint32_t		lo, pos, hi;	/* lo == hi: nowhere */
	uint32_t		tail;
	uint32_t		look;
	uint32_t		level;		/* of the next search back */
	struct slot		slot[SLOTS];
};

static int
nowhere(struct order_cursor *c, int rc)
{
	c->lo = c->pos = c->hi = 0;
	return rc;
}

/* A node that was looked at, which is a slot if its record is one of ours. */
static int
push(struct order_cursor *c, uint32_t id)
{
	const struct qt__order_node	*n = qt__order_node(&c->v, id);

	if (n == NULL)
		return -QT_ECORRUPT;
	c->tail = id;
	if ((uint64_t)n->record * 8 >= c->upto)
		return 0;
	if (c->hi - c->lo == SLOTS)
		c->lo++;
	*SLOT(c, c->hi++) = (struct slot){ n->word, id, n->record };
	qt__order_prefetch(c->v.m, n->record);
	return 1;
}

/* The next slot behind hi: 1, 0 at the end, negative. */
static int
look_ahead(struct order_cursor *c)
{
	int64_t	id;
	int	rc;

	for (uint64_t left = c->v.steps; left > 0; left--) {
		id = qt__order_next(&c->v, c->tail, 0);
		if (id <= 0)
			return (int)id;
		rc = push(c, (uint32_t)id);
		if (rc != 0)
			return rc;
	}
	return -QT_ECORRUPT;
}

/* The entry of pos, compared with what its node says. */
static int
give(struct order_cursor *c)
{
	const struct slot	*s = SLOT(c, c->pos);
	const struct qt__frame	*f = qt__mem_frame(c->v.m,
	    (uint64_t)s->record * 8, c->upto);
	struct qt__entry	*e = &c->c.entry;

	if (f == NULL)
		return nowhere(c, -QT_ECORRUPT);
	qt__frame_entry(c->v.m, f, e);
	if (qt__order_word(&c->v.base, e->key, e->key_len) != s->word)
		return nowhere(c, -QT_ECORRUPT);
	return 1;
}

/* The same, one step from where it was: dir 1 forwards, -1 backwards. */
static int
give_step(struct order_cursor *c, int dir)
{
	struct qt__entry	was = c->c.entry, *now = &c->c.entry;
	int			rc = give(c), order;

	if (rc < 0)
		return rc;
	order = qt__entry_compare(now, &was);
	return (dir > 0 ? order > 0 : order < 0) ? 1 :
	    nowhere(c, -QT_ECORRUPT);
}

/*
 * Slots for what is before key, as many as there are room for: 1 with pos on the
 * last, 0 for none.
 */
static int
look_back(struct order_cursor *c, struct qt__order_key key)
{
	uint32_t	path[QT__ORDER_LEVELS], stop, start;
	uint64_t	left;
	int64_t		id;
	int		rc;

	for (;;) {
		rc = qt__order_find(&c->v, &key, path, &stop);
		if (rc < 0)
			return nowhere(c, rc);
		start = path[c->level];
		(void)nowhere(c, 0);
		c->tail = 0;
		rc = start == 0 ? 0 : push(c, start);
		for (left = c->v.steps; rc >= 0; left--) {
			id = qt__order_next(&c->v, c->tail, 0);
			if (id < 0 || left == 0)
				return nowhere(c, -QT_ECORRUPT);
			if (id == 0 || id == stop)
				break;
			rc = push(c, (uint32_t)id);
		}
		if (c->level < LEVEL_MAX)
			c->level++;
		if (rc < 0)
			return nowhere(c, rc);
		if (c->lo < c->hi) {
			c->pos = c->hi - 1;
			return 1;
		}
		/* All of them are newer than we are: further back. */
		if (start == 0)
			return 0;
		key.word = qt__order_node(&c->v, start)->word;
		rc = qt__order_key(&c->v,
		    qt__order_node(&c->v, start)->record, &key);
		if (rc < 0)
			return nowhere(c, rc);
	}
}

static struct qt__order_key
place(const struct order_cursor *c, const void *key, size_t len)
{
	return (struct qt__order_key){
		.word = qt__order_word(&c->v.base, key, (uint32_t)len),
		.key = key, .len = (uint32_t)len, .record = UINT32_MAX,
	};
}

static int
order_seek(struct qt__cursor *base, const void *key, size_t len)
{
	struct order_cursor	*c = (struct order_cursor *)base;
	struct qt__order_key	 at = place(c, key, len);
	uint32_t		 path[QT__ORDER_LEVELS], next;
	int			 rc;

	(void)nowhere(c, 0);
	rc = qt__order_find(&c->v, &at, path, &next);
	if (rc < 0)
		return rc;
	c->tail = path[0];
	c->look = 1;
	c->level = 1;
	rc = look_ahead(c);
	return rc == 1 ? give(c) : nowhere(c, rc);
}

static int
order_seek_before(struct qt__cursor *base, const void *key, size_t len)
{
	struct order_cursor	*c = (struct order_cursor *)base;
	int			 rc;

	c->look = 1;
	c->level = 1;
	rc = look_back(c, key == NULL ?
	    (struct qt__order_key){ 0, NULL, 0, 0 } : place(c, key, len));
	return rc == 1 ? give(c) : rc;
}

static int
order_next(struct qt__cursor *base)
{
	struct order_cursor	*c = (struct order_cursor *)base;
	int			 rc = 1;

	if (c->lo == c->hi)
		return 0;
	if (c->look < LOOK_MAX)
		c->look++;
	/* One more than is needed, until it is that far ahead. */
	for (int i = 0; i < 2 && rc == 1 && c->hi - c->pos <= c->look; i++)
		rc = look_ahead(c);
	if (rc < 0 || c->pos + 1 == c->hi)
		return nowhere(c, rc);
	c->pos++;
	return give_step(c, 1);
}

static int
order_prev(struct qt__cursor *base)
{
	struct order_cursor	*c = (struct order_cursor *)base;
	struct qt__order_key	 at;
	struct qt__entry	 e = c->c.entry;
	int			 rc;

	if (c->lo == c->hi)
		return 0;
	if (c->pos > c->lo) {
		c->pos--;
		return give_step(c, -1);
	}
	at = place(c, e.key, e.key_len);
	at.record = SLOT(c, c->pos)->record;
	rc = look_back(c, at);
	return rc == 1 ? give_step(c, -1) : rc;
}

static void
order_close(struct qt__cursor *base)
{
	free(base);
}

int
qt__order_cursor(struct qt__mem *m, uint64_t upto, struct qt__cursor **out)
{
	static const struct qt__cursor_ops	 ops = { order_seek,
	    order_seek_before, order_next, order_prev, order_close };
	struct order_cursor			*c;
	int					 rc;

	/* Pairs with the release store in link_batch() of order.c. */
	if (atomic_load_explicit(&m->head->ordered, memory_order_acquire) <
	    upto)
		return -EAGAIN;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	c->c.ops = &ops;
	c->upto = upto;
	rc = qt__order_view(&c->v, m);
	if (rc == 0 && upto > c->v.log_end)
		rc = -QT_ECORRUPT;
	if (rc < 0) {
		free(c);
		return rc;
	}
	*out = &c->c;
	return 0;
}
