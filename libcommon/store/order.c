/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linking records into a memtable's list. See order_priv.h.
 *
 *	killed while nodes are built	they are scratch, beyond node_head or lost
 *	killed while one is linked	it is in the list at level 0, or not; at
 *					the other levels it may be missing, which
 *					searches do not mind
 *	killed before ordered is moved	the records are linked already: the next
 *					one finds each in its place
 *
 * The height of a node follows from its record, so who does it again makes the
 * same.
 */

#include <errno.h>

#include "order_priv.h"

struct linker {
	struct qt__mem		*m;
	struct qt__order_view	 v;
	uint64_t		 claimed;	/* node_head */
	uint64_t		 at;		/* where the next node goes */
	uint64_t		 linked;	/* nodes */
	uint64_t		 left;		/* steps, of this batch */
	/* The finger: the last nodes before the place, and what follows. */
	uint32_t		 path[QT__ORDER_LEVELS];
	uint32_t		 next[QT__ORDER_LEVELS];
};

static struct qt__order_node *
node_at(const struct linker *l, uint64_t at)
{
	return (void *)(l->m->nodes + at);
}

/* 1, with a chance of one in four each for one more. */
static uint32_t
height_of(uint32_t record)
{
	uint64_t	x = record * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	return 1 + (uint32_t)__builtin_ctzll(x | UINT64_C(1) <<
	    2 * (QT__ORDER_LEVELS - 1)) / 2;
}

static uint64_t
node_size(uint32_t height)
{
	return (sizeof(struct qt__order_node) + height * sizeof(uint32_t) +
	    7) & ~UINT64_C(7);
}

/* Memory for the area up to end. */
static int
back(struct qt__mem *m, uint64_t end)
{
	uint64_t	has = atomic_load_explicit(&m->head->node_backed,
	    memory_order_relaxed);
	int		rc;

	if (has > m->node_size)
		return -QT_ECORRUPT;
	if (end <= has)
		return 0;
	if (end > m->node_size)
		return -ENOSPC;
	end = qt__mem_back_end(end, m->node_size);
	rc = qt_seg_back(m->seg, qt_seg_offset(m->seg, m->nodes) + has,
	    end - has);
	if (rc == 0)
		atomic_store_explicit(&m->head->node_backed, end,
		    memory_order_relaxed);
	return rc;
}

/* The first time: what words are made with, before any node. */
static int
begin(struct qt__mem *m, const struct qt__order_base *base, uint32_t first)
{
	struct qt__order_area	*area = (void *)m->nodes;
	int			 rc = back(m, QT__ORDER_FIRST);

	if (rc < 0)
		return rc;
	area->base = (uint64_t)first << 32 | base->skip;
	/* Pairs with the acquire load in qt__order_view(). */
	atomic_store_explicit(&m->head->node_head, QT__ORDER_FIRST,
	    memory_order_release);
	return 0;
}

/* Whether what follows the finger on a level is before the place. */
static int
is_before(struct linker *l, uint32_t level, const struct qt__order_key *key)
{
	int	rc, order;

	if (l->next[level] == 0)
		return 0;
	rc = qt__order_compare(&l->v, l->next[level], key, &order);
	if (rc < 0)
		return rc;
	return order < 0;
}

/* Moves the finger on one level as far as it goes. */
static int
walk(struct linker *l, uint32_t level, const struct qt__order_key *key)
{
	int64_t	id;
	int	rc;

	while ((rc = is_before(l, level, key)) > 0) {
		if (l->left-- == 0)
			return -QT_ECORRUPT;
		l->path[level] = l->next[level];
		id = qt__order_next(&l->v, l->path[level], level);
		if (id < 0)
			return (int)id;
		l->next[level] = (uint32_t)id;
	}
	return rc;
}

/*
 * Up as long as the place lies behind what follows, then down. On each level
 * that was climbed what is taken over from above is further on.
 */
static int
move_finger(struct linker *l, const struct qt__order_key *key)
{
	uint32_t	level = 0;
	int64_t		id;
	int		rc = 0;

	while (level < QT__ORDER_LEVELS && (rc = is_before(l, level, key)) > 0)
		level++;
	while (rc >= 0 && level-- > 0) {
		rc = walk(l, level, key);
		if (rc < 0 || level == 0)
			break;
		id = qt__order_next(&l->v, l->path[level], level - 1);
		if (id < 0)
			return (int)id;
		l->path[level - 1] = l->path[level];
		l->next[level - 1] = (uint32_t)id;
	}
	return rc < 0 ? rc : 0;
}

/* Links the node that goes to l->at. */
static void
insert(struct linker *l, const struct qt__order_item *item)
{
	struct qt__order_node	*n = node_at(l, l->at);
	uint32_t		 id = (uint32_t)(l->at / 8);
	uint32_t		 height = height_of(item->record);
	_Atomic uint32_t	*link;

	*n = (struct qt__order_node){ item->word, item->record,
	    (uint8_t)height, { 0 } };
	for (uint32_t i = 0; i < height; i++)
		atomic_store_explicit(&n->next[i], l->next[i],
		    memory_order_relaxed);
	for (uint32_t i = 0; i < height; i++) {
		link = l->path[i] == 0 ? &l->m->head->tower[i] :
		    &node_at(l, (uint64_t)l->path[i] * 8)->next[i];
		/* Pairs with the acquire loads in qt__order_next(). */
		atomic_store_explicit(link, id, memory_order_release);
		l->path[i] = id;
	}
	l->at += node_size(height);
	l->linked++;
}

/* Nobody else uses what lies below node_head, whatever becomes of us. */
static void
claim(struct linker *l, uint64_t end)
{
	l->claimed = end;
	l->v.nodes_end = end;
	atomic_store_explicit(&l->m->head->node_head, end,
	    memory_order_release);
}

static int
link_one(struct linker *l, const struct qt__order_item *item, uint64_t end)
{
	struct qt__order_key		 key;
	const struct qt__order_node	*n;
	uint64_t			 size;
	int				 rc;

	rc = qt__order_key(&l->v, item->record, &key);
	if (rc < 0)
		return rc;
	key.word = item->word;
	rc = move_finger(l, &key);
	if (rc < 0)
		return rc;
	if (l->next[0] != 0) {
		n = qt__order_node(&l->v, l->next[0]);
		if (n == NULL)
			return -QT_ECORRUPT;
		if (n->record == item->record)
			return 0;	/* by one who was killed */
	}
	size = node_size(height_of(item->record));
	if (l->at + size > l->claimed)
		claim(l, end - l->at < QT__ORDER_CLAIM ? end :
		    l->at + QT__ORDER_CLAIM);
	insert(l, item);
	return 0;
}

/* All of them, in order, from the start of the list. */
static int
link_items(struct linker *l, const struct qt__order_items *items)
{
	uint64_t	end, count;
	int		rc = 0;

	l->at = l->claimed = l->v.nodes_end;
	l->left = (l->v.steps + items->count) * 2;
	l->linked = 0;
	end = l->at;
	for (uint32_t i = 0; i < items->count; i++)
		end += node_size(height_of(items->at[i].record));
	rc = back(l->m, end);
	for (uint32_t i = 0; i < QT__ORDER_LEVELS; i++) {
		l->path[i] = 0;
		l->next[i] = atomic_load_explicit(&l->m->head->tower[i],
		    memory_order_relaxed);
	}
	for (uint32_t i = 0; i < items->count && rc == 0; i++) {
		if (i + 12 < items->count)
			qt__order_prefetch(l->m, items->at[i + 12].record);
		rc = link_one(l, &items->at[i], end);
	}
	if (l->claimed != l->at)
		claim(l, l->at);
	count = atomic_load_explicit(&l->m->head->node_count,
	    memory_order_relaxed);
	atomic_store_explicit(&l->m->head->node_count, count + l->linked,
	    memory_order_relaxed);
	return rc;
}

/* With the lock: the next batch. */
static int
link_batch(struct qt__mem *m, uint64_t from, uint64_t upto,
    struct qt__order_items *items)
{
	struct linker	l = { .m = m };
	uint32_t	first = 0;
	int		rc;

	rc = qt__order_view(&l.v, m);
	if (rc == 0)
		rc = qt__order_collect(items, m, from, upto, QT__ORDER_BATCH,
		    &l.v.base, &first);
	if (rc == 0 && l.v.nodes_end == 0) {
		rc = begin(m, &l.v.base, first);
		l.v.nodes_end = QT__ORDER_FIRST;
	}
	if (rc == 0)
		rc = link_items(&l, items);
	if (rc == 0)
		/* Pairs with the acquire load in qt__order_cursor(). */
		atomic_store_explicit(&m->head->ordered, items->end,
		    memory_order_release);
	return rc;
}

static uint64_t
ordered(const struct qt__mem *m)
{
	return atomic_load_explicit(&m->head->ordered, memory_order_acquire);
}

int
qt__order_link(struct qt__mem *m, const struct qt__user *user, uint64_t upto,
    uint64_t deadline_ms, struct qt_err *err)
{
	struct qt__order_items	items = { NULL, 0, 0, 0 };
	int			rc;

	if (ordered(m) >= upto)
		return 0;
	if (m->is_rdonly)
		return -EACCES;
	if (upto > atomic_load_explicit(&m->head->indexed,
	    memory_order_acquire))
		return -EINVAL;
	rc = qt__lock_take(&m->head->order, user, deadline_ms, err);
	if (rc < 0)
		return rc;
	/* Whoever died with it left nothing to be put right. */
	rc = 0;
	while (rc == 0 && ordered(m) < upto)
		rc = link_batch(m, ordered(m), upto, &items);
	qt__lock_give(&m->head->order, user);
	qt__order_items_clear(&items);
	if (rc < 0)
		qt_err_set(err, "put memtable %llu in order",
		    (unsigned long long)m->number);
	return rc;
}

int
qt__order_open(struct qt__mem *m, const struct qt__user *user, uint64_t upto,
    uint64_t deadline_ms, struct qt__cursor **out)
{
	int	rc = ordered(m) >= upto ? 0 : -EACCES;

	if (rc < 0 && user != NULL)
		rc = qt__order_link(m, user, upto, deadline_ms, NULL);
	if (rc == 0)
		return qt__order_cursor(m, upto, out);
	if (rc == -QT_ECORRUPT || rc == -EINVAL)
		return rc;
	return qt__order_private(m, upto, out);
}
