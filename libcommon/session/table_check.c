/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the words of a table name, compared with what the allocator gave and
 * with each other. A word of a damaged segment may name memory that is another
 * structure's too: whoever freed the one would take the other's away.
 *
 * Everything that is named is claimed: its place and size, sorted by place, so
 * that one pass sees who shares (O(n log n), n at most 49 pieces for each of
 * 65,536 rings). Who is right cannot be known, so it goes by what can be
 * missed: the table and its blocks must be sound, or nothing is done; a ring
 * that shares with them, or with another ring, is cut off, and so is an extent
 * of an index, which is made anew anyway. Cut off means that its word becomes
 * 0. Its memory is not freed: better some of it lost than somebody's output
 * written over.
 */

#include <errno.h>
#include <stdlib.h>

#include <qt/shm/ring.h>

#include "table_priv.h"

#define LOAD(p)		atomic_load_explicit(p, memory_order_relaxed)
#define STORE(p, v)	atomic_store_explicit(p, v, memory_order_release)

/* In the order in which they are believed. */
enum kind { OF_TABLE, OF_RING, OF_INDEX };

struct claim {
	uint64_t		 offset, len;
	_Atomic uint64_t	*word;		/* that named it */
	uint8_t			 kind, is_bad;
};

struct check {
	struct qt_seg		*seg;
	struct qt__table_map	 map;
	struct claim		*claim;
	size_t			 count, size;
	int			 rc;		/* -ENOMEM */
};

static void
claim(struct check *c, uint64_t offset, uint64_t len, _Atomic uint64_t *word,
    enum kind kind)
{
	size_t		 size = c->size > 0 ? 2 * c->size : 256;
	struct claim	*p = c->claim;

	if (c->count == c->size) {
		p = reallocarray(p, size, sizeof(*p));
		if (p == NULL) {
			c->rc = -ENOMEM;
			return;
		}
		c->claim = p;
		c->size = size;
	}
	c->claim[c->count++] = (struct claim){ .offset = offset, .len = len,
	    .word = word, .kind = (uint8_t)kind, .is_bad = len == 0 };
}

/* The extent that a word names; it is bad when it is none of that size. */
static void
claim_extent(struct check *c, _Atomic uint64_t *word, uint64_t size,
    enum kind kind)
{
	uint64_t	offset = LOAD(word), len;

	if (offset == 0)
		return;
	len = qt_seg_extent(c->seg, offset);
	claim(c, offset, len >= size ? len : 0, word, kind);
}

static void
claim_ring(struct check *c, _Atomic uint64_t *word)
{
	struct qt_ring_piece	piece[QT_RING_PIECES_MAX];
	uint64_t		offset = LOAD(word);
	int			n;

	if (offset == 0)
		return;
	n = qt_ring_pieces(c->seg, offset, piece);
	if (n < 0)
		claim(c, offset, 0, word, OF_RING);
	for (int i = 0; i < n; i++)
		claim(c, piece[i].offset, piece[i].len, word, OF_RING);
}

static void
claim_all(struct check *c, uint64_t head_offset)
{
	struct qt__table_head	*head = c->map.head;
	uint32_t		 slots = qt__map_slots(&c->map);
	uint64_t		 len = qt_seg_extent(c->seg, head_offset);
	_Atomic uint64_t	*ring;

	claim(c, head_offset, len >= sizeof(*head) ? len : 0, NULL, OF_TABLE);
	/* A block behind the last was made by a host that died over it. */
	for (uint32_t i = 0; i < QT__TABLE_BLOCKS; i++)
		claim_extent(c, &head->dir[i], sizeof(struct qt__block),
		    i < slots / QT__TABLE_BLOCK ? OF_TABLE : OF_INDEX);
	for (int i = 0; i < QT__INDEXES; i++) {
		claim_extent(c, &head->extent[i][0], 0, OF_INDEX);
		claim_extent(c, &head->extent[i][1], 0, OF_INDEX);
	}
	claim_ring(c, &head->host.events_ring);
	for (uint32_t i = 0; i < slots; i++) {
		ring = qt__map_ring(&c->map, i);
		if (ring != NULL)
			claim_ring(c, ring);
	}
}

static int
by_offset(const void *a, const void *b)
{
	const struct claim	*x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/*
 * Marks who shares memory among those of a kind up to kind, the bad left out;
 * the less believed of two, or both. Each is compared with the one before it
 * that reaches furthest: whoever it shares with, it shares with that one.
 */
static void
mark_shared(struct check *c, enum kind kind)
{
	struct claim	*far = NULL, *p;

	for (size_t i = 0; i < c->count; i++) {
		p = &c->claim[i];
		if (p->kind > kind || p->is_bad == 1)
			continue;
		if (far != NULL && p->offset < far->offset + far->len) {
			/* 2: found in this pass, which it still takes part in */
			if (p->kind == kind)
				p->is_bad = 2;
			if (far->kind == kind)
				far->is_bad = 2;
		}
		if (far == NULL ||
		    p->offset + p->len > far->offset + far->len)
			far = p;
	}
	for (size_t i = 0; i < c->count; i++)
		c->claim[i].is_bad = c->claim[i].is_bad != 0;
}

static int
look(struct check *c, struct qt_err *err)
{
	struct qt_seg_entry	entry;
	int			rc;

	rc = qt_seg_fsck(c->seg, err);
	if (rc == 0)
		rc = qt__map_open(c->seg, &c->map, err);
	if (rc == 0)
		rc = qt_seg_entry_get(c->seg, QT__TABLE_ENTRY, &entry);
	if (rc < 0)
		return rc;
	claim_all(c, entry.offset);
	if (c->rc < 0)
		return c->rc;
	qsort(c->claim, c->count, sizeof(*c->claim), by_offset);
	mark_shared(c, OF_TABLE);
	for (size_t i = 0; i < c->count; i++) {
		if (c->claim[i].is_bad && c->claim[i].kind == OF_TABLE) {
			qt_err_set(err, "memory of the session table");
			return -QT_ECORRUPT;
		}
	}
	mark_shared(c, OF_RING);
	mark_shared(c, OF_INDEX);
	return 0;
}

int
qt__table_check(struct qt_seg *seg, struct qt_err *err)
{
	struct check	c = { .seg = seg };
	int		rc = look(&c, err);

	for (size_t i = 0; rc == 0 && i < c.count; i++) {
		if (c.claim[i].is_bad == 0)
			continue;
		qt_err_set(err, "what the session table names at %#llx is not "
		    "its own", (unsigned long long)c.claim[i].offset);
		rc = -QT_ECORRUPT;
	}
	free(c.claim);
	return rc;
}

int
qt__table_cut(struct qt__table *t, struct qt_err *err)
{
	struct check	 c = { .seg = t->seg };
	struct claim	*p;
	int		 rc = look(&c, err);

	for (size_t i = 0; rc == 0 && i < c.count; i++) {
		p = &c.claim[i];
		/* A ring has many pieces and one word. */
		if (p->is_bad == 0 || LOAD(p->word) == 0)
			continue;
		STORE(p->word, 0);
		t->cut += p->kind == OF_RING;
	}
	free(c.claim);
	return rc;
}
