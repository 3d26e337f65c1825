/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes of a memtable's list, checked, and searching. See order_priv.h. */

#include "order_priv.h"

/* Bytes of the least node, and of the least frame. */
#define NODE_MIN	24u
#define STEPS_MORE	64u

int
qt__order_view(struct qt__order_view *v, const struct qt__mem *m)
{
	const struct qt__order_area	*area = (const void *)m->nodes;
	const struct qt__frame		*f;
	struct qt__entry		 e;
	uint64_t			 base;

	*v = (struct qt__order_view){ .m = m };
	/* Pairs with the release stores in order.c: the base comes before. */
	v->nodes_end = atomic_load_explicit(&m->head->node_head,
	    memory_order_acquire);
	v->log_end = atomic_load_explicit(&m->head->head,
	    memory_order_acquire);
	v->steps = m->node_size / NODE_MIN + STEPS_MORE;
	if (v->log_end > m->log_size || v->nodes_end > m->node_size)
		return -QT_ECORRUPT;
	if (v->nodes_end == 0)
		return 0;
	base = area->base;
	f = qt__mem_frame(m, (base >> 32) * 8, v->log_end);
	if (v->nodes_end < QT__ORDER_FIRST || f == NULL)
		return -QT_ECORRUPT;
	qt__frame_entry(m, f, &e);
	if ((uint32_t)base > e.key_len)
		return -QT_ECORRUPT;
	v->base = (struct qt__order_base){ e.key, (uint32_t)base };
	return 0;
}

static bool
is_within(const struct qt__order_view *v, uint64_t at)
{
	const struct qt__order_node	*n = (const void *)(v->m->nodes + at);

	return v->nodes_end >= NODE_MIN && at <= v->nodes_end - NODE_MIN &&
	    n->height <= QT__ORDER_LEVELS && at + sizeof(*n) +
	    n->height * sizeof(n->next[0]) <= v->nodes_end;
}

const struct qt__order_node *
qt__order_node(struct qt__order_view *v, uint32_t id)
{
	const struct qt__order_node	*n;
	uint64_t			 at = (uint64_t)id * 8;

	n = (const void *)(v->m->nodes + at);
	if (at < QT__ORDER_FIRST)
		return NULL;
	if (!is_within(v, at)) {
		/* It may be newer than the view is. */
		v->nodes_end = atomic_load_explicit(&v->m->head->node_head,
		    memory_order_acquire);
		if (v->nodes_end > v->m->node_size || !is_within(v, at))
			return NULL;
	}
	return n->height == 0 ? NULL : n;
}

int64_t
qt__order_next(struct qt__order_view *v, uint32_t id, uint32_t level)
{
	const struct qt__order_node	*n;

	/* Both pair with the release store in order.c that links a node. */
	if (id == 0)
		return atomic_load_explicit(&v->m->head->tower[level],
		    memory_order_acquire);
	n = qt__order_node(v, id);
	if (n == NULL || n->height <= level)
		return -QT_ECORRUPT;
	return atomic_load_explicit(&n->next[level], memory_order_acquire);
}

int
qt__order_key(struct qt__order_view *v, uint32_t record,
    struct qt__order_key *out)
{
	const struct qt__frame	*f;
	struct qt__entry	 e;
	uint64_t		 at = (uint64_t)record * 8;

	f = qt__mem_frame(v->m, at, v->log_end);
	if (f == NULL) {
		v->log_end = atomic_load_explicit(&v->m->head->head,
		    memory_order_acquire);
		f = qt__mem_frame(v->m, at, v->log_end);
		if (f == NULL)
			return -QT_ECORRUPT;
	}
	qt__frame_entry(v->m, f, &e);
	out->key = e.key;
	out->len = e.key_len;
	out->record = record;
	return 0;
}

int
qt__order_compare(struct qt__order_view *v, uint32_t id,
    const struct qt__order_key *key, int *order)
{
	const struct qt__order_node	*n = qt__order_node(v, id);
	struct qt__order_key		 k;
	int				 rc;

	if (n == NULL)
		return -QT_ECORRUPT;
	*order = -1;
	if (key->key == NULL)
		return 1;
	if (n->word != key->word) {
		*order = n->word < key->word ? -1 : 1;
		return 1;
	}
	rc = qt__order_key(v, n->record, &k);
	if (rc < 0)
		return rc;
	*order = qt__key_compare(k.key, k.len, key->key, key->len);
	if (*order == 0)	/* the newest first */
		*order = (k.record < key->record) - (k.record > key->record);
	return 1;
}

int
qt__order_find(struct qt__order_view *v, const struct qt__order_key *key,
    uint32_t path[QT__ORDER_LEVELS], uint32_t *next)
{
	uint32_t	at = 0, stop = 0, level = QT__ORDER_LEVELS;
	uint64_t	left = v->steps;
	int64_t		id = 0;
	int		rc, order;

	while (level-- > 0) {
		for (;; at = (uint32_t)id) {
			id = qt__order_next(v, at, level);
			/* What stopped us above stops us here. */
			if (id <= 0 || id == stop)
				break;
			rc = qt__order_compare(v, (uint32_t)id, key, &order);
			if (rc < 0)
				return rc;
			if (order >= 0)
				break;
			if (left-- == 0)
				return -QT_ECORRUPT;
		}
		if (id < 0)
			return (int)id;
		stop = (uint32_t)id;
		path[level] = at;
	}
	*next = stop;
	return 0;
}
