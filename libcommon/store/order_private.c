/* SPDX-License-Identifier: Apache-2.0 */
/* A memtable's records in order, as a private array. See order_priv.h. */

#include <errno.h>
#include <stdlib.h>

#include "order_priv.h"

#define AHEAD		12u	/* frames that are brought in */

struct private_cursor {
	struct qt__cursor	 c;
	const struct qt__mem	*m;
	uint64_t		 upto;
	struct qt__order_base	 base;
	struct qt__order_items	 items;
	uint32_t		 pos;		/* count: nowhere */
};

static int
give(struct private_cursor *c, uint32_t pos)
{
	const struct qt__frame	*f;

	c->pos = pos < c->items.count ? pos : c->items.count;
	if (c->pos == c->items.count)
		return 0;
	f = qt__mem_frame(c->m, (uint64_t)c->items.at[pos].record * 8,
	    c->upto);
	if (f == NULL) {
		c->pos = c->items.count;
		return -QT_ECORRUPT;
	}
	qt__frame_entry(c->m, f, &c->c.entry);
	return 1;
}

/* How many are before key. */
static int
count_before(struct private_cursor *c, const void *key, size_t len,
    uint32_t *count)
{
	uint64_t	word = qt__order_word(&c->base, key, (uint32_t)len);
	uint32_t	from = 0, to = c->items.count, mid;
	int		rc;

	while (from < to) {
		bool	is_less;

		mid = from + (to - from) / 2;
		is_less = c->items.at[mid].word < word;
		if (c->items.at[mid].word == word) {
			rc = give(c, mid);
			if (rc < 0)
				return rc;
			is_less = qt__key_compare(c->c.entry.key,
			    c->c.entry.key_len, key, len) < 0;
		}
		if (is_less)
			from = mid + 1;
		else
			to = mid;
	}
	*count = from;
	return 0;
}

static int
private_seek(struct qt__cursor *base, const void *key, size_t len)
{
	struct private_cursor	*c = (struct private_cursor *)base;
	uint32_t		 count;
	int			 rc = count_before(c, key, len, &count);

	return rc < 0 ? rc : give(c, count);
}

static int
private_seek_before(struct qt__cursor *base, const void *key, size_t len)
{
	struct private_cursor	*c = (struct private_cursor *)base;
	uint32_t		 count = c->items.count;
	int			 rc = 0;

	if (key != NULL)
		rc = count_before(c, key, len, &count);
	if (rc < 0)
		return rc;
	return give(c, count == 0 ? c->items.count : count - 1);
}

static int
private_next(struct qt__cursor *base)
{
	struct private_cursor	*c = (struct private_cursor *)base;

	if (c->pos == c->items.count)
		return 0;
	if (c->items.count - c->pos > AHEAD)
		qt__order_prefetch(c->m, c->items.at[c->pos + AHEAD].record);
	return give(c, c->pos + 1);
}

static int
private_prev(struct qt__cursor *base)
{
	struct private_cursor	*c = (struct private_cursor *)base;

	if (c->pos == c->items.count)
		return 0;
	if (c->pos >= AHEAD)
		qt__order_prefetch(c->m, c->items.at[c->pos - AHEAD].record);
	return give(c, c->pos == 0 ? c->items.count : c->pos - 1);
}

static void
private_close(struct qt__cursor *base)
{
	struct private_cursor	*c = (struct private_cursor *)base;

	qt__order_items_clear(&c->items);
	free(c);
}

int
qt__order_private(struct qt__mem *m, uint64_t upto, struct qt__cursor **out)
{
	static const struct qt__cursor_ops	 ops = { private_seek,
	    private_seek_before, private_next, private_prev, private_close };
	struct private_cursor			*c;
	uint32_t				 first;
	int					 rc;

	if (upto > atomic_load_explicit(&m->head->indexed,
	    memory_order_acquire))
		return -EINVAL;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	c->c.ops = &ops;
	c->m = m;
	c->upto = upto;
	rc = qt__order_collect(&c->items, m, QT__LOG_FIRST, upto, UINT32_MAX,
	    &c->base, &first);
	if (rc < 0) {
		private_close(&c->c);
		return rc;
	}
	c->pos = c->items.count;
	*out = &c->c;
	return 0;
}
