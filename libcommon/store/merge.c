/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several sorted sources as one, by a binary heap. See merge_priv.h.
 *
 *	sources: [ top | live, a heap         | ended, or not begun ]
 *	           ^ the entry that is given    ^ live
 *
 * Forward, each live source stands on its first entry that is not before the
 * one given, backward on its last that is not behind it. So to turn round each
 * takes one step the other way, and those that had ended begin at that end. A
 * memtable grows meanwhile: what it puts between the entry given and where its
 * cursor stood is stepped over.
 *
 * The same record may be in two sources (a memtable and a run that it was partly
 * flushed to): its twin is passed over by the next step. Two records never have
 * the same version, so a twin is found by comparing two numbers; and if there is
 * one, it is one of the two entries right below the top.
 */
#include <stdlib.h>

#include "merge_priv.h"

struct merge {
	struct qt__cursor	 cursor;
	size_t			 count, live;
	bool			 is_reverse;
	struct qt__cursor	*at[];
};

static inline bool
is_before(const struct merge *m, const struct qt__cursor *a,
    const struct qt__cursor *b)
{
	int	c = qt__entry_compare(&a->entry, &b->entry);

	return m->is_reverse ? c > 0 : c < 0;
}

static void
swap(struct merge *m, size_t a, size_t b)
{
	struct qt__cursor	*c = m->at[a];

	m->at[a] = m->at[b];
	m->at[b] = c;
}

static void
sift_down(struct merge *m, size_t i)
{
	struct qt__cursor	*c = m->at[i];
	size_t			 child;

	while ((child = 2 * i + 1) < m->live) {
		if (child + 1 < m->live &&
		    is_before(m, m->at[child + 1], m->at[child]))
			child++;
		if (!is_before(m, m->at[child], c))
			break;
		m->at[i] = m->at[child];
		i = child;
	}
	m->at[i] = c;
}

static inline int
give(struct merge *m)
{
	if (m->live == 0)
		return 0;
	m->cursor.entry = m->at[0]->entry;
	return 1;
}

static int
begin(struct merge *m)
{
	size_t	i;

	for (i = m->live / 2; i-- > 0;)
		sift_down(m, i);
	return give(m);
}

/* The result r of moving source i, which comes behind the live ones. */
static int
admit(struct merge *m, size_t i, int r)
{
	if (r == 1)
		swap(m, i, m->live++);
	return r < 0 ? r : 0;
}

static int
seek_all(struct merge *m, const void *key, size_t len, bool is_reverse)
{
	struct qt__cursor	*c;
	size_t			 i;
	int			 r;

	m->is_reverse = is_reverse;
	m->live = 0;
	for (i = 0; i < m->count; i++) {
		c = m->at[i];
		r = admit(m, i, is_reverse ? c->ops->seek_before(c, key, len) :
		    c->ops->seek(c, key, len));
		if (r < 0) {
			m->live = 0;
			return r;
		}
	}
	return begin(m);
}

static inline int
move(const struct merge *m, struct qt__cursor *c)
{
	return m->is_reverse ? c->ops->prev(c) : c->ops->next(c);
}

/* To the first entry beyond the top, from where the other direction left it. */
static int
move_beyond(const struct merge *m, struct qt__cursor *c, bool is_live)
{
	int	r;

	if (is_live)
		r = move(m, c);
	else
		r = m->is_reverse ? c->ops->seek_before(c, NULL, 0) :
		    c->ops->seek(c, "", 0);
	while (r == 1 && !is_before(m, m->at[0], c))
		r = move(m, c);
	return r;
}

static int
turn(struct merge *m)
{
	size_t	i, was_live = m->live;
	int	r = 0;

	m->is_reverse = !m->is_reverse;
	m->live = 1;		/* the top moves last: it says where we are */
	for (i = 1; i < m->count && r >= 0; i++)
		r = admit(m, i, move_beyond(m, m->at[i], i < was_live));
	if (r >= 0)
		r = move(m, m->at[0]);
	if (r < 0) {
		m->live = 0;
		return r;
	}
	if (r == 0)
		swap(m, 0, --m->live);
	return begin(m);
}

/* Source i is the top or right below it. */
static int
advance(struct merge *m, size_t i)
{
	int	r = move(m, m->at[i]);

	if (r < 0) {
		m->live = 0;
		return r;
	}
	if (r == 0)
		swap(m, i, --m->live);
	if (i < m->live)
		sift_down(m, i);
	return 0;
}

static inline bool
is_twin(const struct merge *m, size_t i)
{
	const struct qt__entry	*top = &m->at[0]->entry;

	return i < m->live && m->at[i]->entry.version == top->version &&
	    qt__key_equals(&m->at[i]->entry, top->key, top->key_len);
}

static int
step(struct merge *m, bool is_reverse)
{
	int	r;

	if (m->live == 0)
		return 0;
	if (m->is_reverse != is_reverse)
		return turn(m);
	while (is_twin(m, 1) || is_twin(m, 2)) {
		r = advance(m, is_twin(m, 1) ? 1 : 2);
		if (r < 0)
			return r;
	}
	r = advance(m, 0);
	return r < 0 ? r : give(m);
}

static int
merge_seek(struct qt__cursor *c, const void *key, size_t len)
{
	return seek_all((struct merge *)c, key, len, false);
}

static int
merge_seek_before(struct qt__cursor *c, const void *key, size_t len)
{
	return seek_all((struct merge *)c, key, len, true);
}

static int
merge_next(struct qt__cursor *c)
{
	return step((struct merge *)c, false);
}

static int
merge_prev(struct qt__cursor *c)
{
	return step((struct merge *)c, true);
}

static void
merge_close(struct qt__cursor *c)
{
	struct merge	*m = (struct merge *)c;
	size_t		 i;

	for (i = 0; i < m->count; i++)
		m->at[i]->ops->close(m->at[i]);
	free(m);
}

static const struct qt__cursor_ops merge_ops = {
	.seek = merge_seek,
	.seek_before = merge_seek_before,
	.next = merge_next,
	.prev = merge_prev,
	.close = merge_close,
};

int
qt__merge_cursor(struct qt__cursor **out, struct qt__cursor **sources,
    size_t count)
{
	struct merge	*m;
	size_t		 i;

	*out = NULL;
	if (count == 1) {
		*out = sources[0];
		return 0;
	}
	m = calloc(1, sizeof(*m) + count * sizeof(m->at[0]));
	if (m == NULL) {
		for (i = 0; i < count; i++)
			sources[i]->ops->close(sources[i]);
		return -ENOMEM;
	}
	m->cursor.ops = &merge_ops;
	m->count = count;
	if (count > 0)
		memcpy(m->at, sources, count * sizeof(m->at[0]));
	*out = &m->cursor;
	return 0;
}
