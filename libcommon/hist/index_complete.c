/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The best that begin with a prefix. See <qt/hist/index.h>.
 *
 * Below the node of the prefix, candidates are whole nodes, each as good as the
 * best of it. The best of them gives a result; the way down to that leaves the
 * nodes beside it as candidates. So k results look at k ways, whatever else
 * there is. Steps are counted, as the segment may be damaged.
 */

#include <string.h>

#include "index_priv.h"

#define STEPS	(1u << 21)		/* of nodes; sound ones take less */

struct candidate {
	uint32_t	score, node;	/* 0: only what it is */
	uint32_t	own;
};

struct search {
	const struct qt_hist_index	*ix;
	enum qt_hist_complete		 of;
	struct candidate		 c[QT_HIST_COMPLETE_MAX];
	uint32_t			 count, room;	/* best first */
	uint32_t			 steps;
};

static void
add(struct search *s, uint32_t node, uint32_t own)
{
	struct candidate	c = { qt__ix_score(s->ix, s->of, own), node,
	    own };
	uint32_t		i;

	if (c.score == 0 || (s->count == s->room &&
	    (s->room == 0 || s->c[s->room - 1].score >= c.score)))
		return;
	i = s->count < s->room ? s->count++ : s->room - 1;
	for (; i > 0 && s->c[i - 1].score < c.score; i--)
		s->c[i] = s->c[i - 1];
	s->c[i] = c;
}

/* What is beside the way from a node to the best below it. */
static void
open_up(struct search *s, uint32_t node, uint32_t best)
{
	const struct qt_hist_index	*ix = s->ix;

	while (node != 0) {
		uint32_t	own = qt__ix_get(&ix->node[node].own);
		uint32_t	way = 0, at, i = 0;

		if (own != 0 && own != best)
			add(s, 0, own);
		at = atomic_load_explicit(&ix->node[node].child,
		    memory_order_acquire);
		for (; i < QT__IX_FANOUT && at != 0 && at < ix->room.nodes &&
		    s->steps > 0; i++, s->steps--) {
			uint32_t	its = qt__ix_get(&ix->node[at].best);

			if (its == best && own != best && way == 0)
				way = at;
			else
				add(s, at, its);
			at = atomic_load_explicit(&ix->node[at].next,
			    memory_order_acquire);
		}
		node = s->steps > 0 ? way : 0;
	}
}

/* The node that all that begins with prefix is below, or 0. */
static uint32_t
find(const struct qt_hist_index *ix, uint32_t node, const char *prefix,
    size_t len)
{
	size_t	pos = 0;

	while (pos < len) {
		const char	*label;
		uint32_t	 its;

		node = qt__ix_child(ix, node, (unsigned char)prefix[pos],
		    NULL);
		label = node == 0 ? NULL : qt__ix_label(ix, node, &its);
		if (label == NULL)
			return 0;
		if (its > len - pos)
			its = (uint32_t)(len - pos);
		if (memcmp(label, prefix + pos, its) != 0)
			return 0;
		pos += its;
	}
	return node;
}

/* false: that cannot be, or is there already. */
static bool
get(const struct qt_hist_index *ix, enum qt_hist_complete of, uint32_t own,
    const void *prefix, size_t len, struct qt_hist_completion *out)
{
	uint32_t	at, its;

	out->score = qt__ix_score(ix, of, own);
	if (out->score == 0)
		return false;
	if (of == QT_HIST_WORDS) {
		at = qt__ix_get(&ix->word[own - 1].text);
		its = qt__ix_get(&ix->word[own - 1].len);
		out->command = qt__ix_get(&ix->word[own - 1].command);
	} else {
		at = qt__ix_get(&ix->c_text[own - 1]);
		its = qt__ix_get(&ix->c_len[own - 1]);
		out->command = own - 1;
	}
	out->text = (struct qt_hist_bytes){ qt__ix_text(ix, at, its), its };
	return out->text.data != NULL && its >= len &&
	    memcmp(out->text.data, prefix, len) == 0;
}

uint32_t
qt_hist_index_complete(const struct qt_hist_index *ix,
    enum qt_hist_complete of, const void *prefix, size_t len,
    struct qt_hist_completion *out, uint32_t k)
{
	struct search		s = { .ix = ix, .of = of, .steps = STEPS };
	struct candidate	c;
	uint32_t		node, count = 0;

	if (qt__ix_count(&ix->head->nodes, ix->room.nodes) <=
	    QT__IX_ROOT(QT_HIST_WORDS))
		return 0;
	k = k < QT_HIST_COMPLETE_MAX ? k : QT_HIST_COMPLETE_MAX;
	s.room = k;
	node = find(ix, QT__IX_ROOT(of), prefix, len);
	if (node != 0)
		add(&s, node, qt__ix_get(&ix->node[node].best));
	while (s.count > 0 && count < k && s.steps > 0) {
		c = s.c[0];
		memmove(s.c, s.c + 1, --s.count * sizeof(s.c[0]));
		if (get(ix, of, c.own, prefix, len, &out[count])) {
			bool	is_new = true;

			for (uint32_t i = 0; i < count; i++)
				is_new &= out[i].text.data !=
				    out[count].text.data;
			count += is_new;
		}
		s.room = k - count;
		open_up(&s, c.node, c.own);
	}
	return count;
}
