/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of the page map, and lists of free extents by size class.
 *
 * Each page of the data area has 16 bytes in the map:
 *
 *	63          32 31           0 | 63  56 55  48 47   32 31      0
 *	 prev           pages         |  mask   state  owner   next
 *
 * Only the first page of an extent and the last page of a free one say
 * anything (boundary tags, Knuth 1.2.5); so both neighbours of any extent are
 * found in one step. Free extents of one class are a list; classes are exact
 * up to 7 pages and then 8 for each doubling (two-level segregated fit,
 * Masmano and others 2004): finding one takes a few bit operations, however
 * many there are.
 */

#include <errno.h>

#include "segment_priv.h"

static uint64_t
page_word(const struct qt_seg *seg, uint32_t index)
{
	return seg->head.map_offset +
	    (uint64_t)index * sizeof(struct qt__page);
}

struct qt__page
qt__page_get(struct qt__txn *t, uint32_t index)
{
	struct qt__page	p = { 0 };
	uint64_t	at, a, b;

	if (index >= t->seg->head.page_count) {
		t->bad = true;
		return p;
	}
	at = page_word(t->seg, index);
	a = qt__txn_get(t, at);
	b = qt__txn_get(t, at + 8);
	p.pages = (uint32_t)a;
	p.prev = (uint32_t)(a >> 32);
	p.next = (uint32_t)b;
	p.owner = (uint16_t)(b >> 32);
	p.state = (uint8_t)(b >> 48);
	p.mask = (uint8_t)(b >> 56);
	if (p.pages > t->seg->head.page_count)
		t->bad = true;
	return p;
}

void
qt__page_set(struct qt__txn *t, uint32_t index, struct qt__page p)
{
	uint64_t	at = page_word(t->seg, index);

	if (index >= t->seg->head.page_count) {
		t->bad = true;
		return;
	}
	qt__txn_set(t, at, (uint64_t)p.prev << 32 | p.pages);
	qt__txn_set(t, at + 8, (uint64_t)p.mask << 56 |
	    (uint64_t)p.state << 48 | (uint64_t)p.owner << 32 | p.next);
}

/* The class whose extents have at least its size and less than the next's. */
uint32_t
qt__class_of(uint32_t pages)
{
	uint32_t	log2;

	if (pages < 8)
		return pages;
	log2 = 31 - (uint32_t)__builtin_clz(pages);
	return 8 + (log2 - 3) * 8 + (pages >> (log2 - 3) & 7);
}

static uint64_t
first_word(const struct qt_seg *seg, uint32_t class)
{
	return QT__CTL(seg, class_first) + (uint64_t)class * 8;
}

static void
list_add(struct qt__txn *t, uint64_t first, uint32_t index)
{
	struct qt__page	p = qt__page_get(t, index), q;
	uint32_t	next = (uint32_t)qt__txn_get(t, first);

	p.prev = 0;
	p.next = next;
	qt__page_set(t, index, p);
	if (next != 0) {
		q = qt__page_get(t, next - 1);
		q.prev = index + 1;
		qt__page_set(t, next - 1, q);
	}
	qt__txn_set(t, first, index + 1);
}

static void
list_del(struct qt__txn *t, uint64_t first, uint32_t index)
{
	struct qt__page	p = qt__page_get(t, index), q;

	if (p.prev != 0) {
		q = qt__page_get(t, p.prev - 1);
		q.next = p.next;
		qt__page_set(t, p.prev - 1, q);
	} else {
		qt__txn_set(t, first, p.next);
	}
	if (p.next != 0) {
		q = qt__page_get(t, p.next - 1);
		q.prev = p.prev;
		qt__page_set(t, p.next - 1, q);
	}
	p.prev = p.next = 0;
	qt__page_set(t, index, p);
}

/* The bit of a class says whether its list has anything. */
static void
class_mark(struct qt__txn *t, uint32_t class)
{
	uint64_t	at = QT__CTL(t->seg, class_bits) + class / 64 * 8;
	uint64_t	bits = qt__txn_get(t, at);
	uint64_t	bit = UINT64_C(1) << class % 64;

	if (qt__txn_get(t, first_word(t->seg, class)) != 0)
		bits |= bit;
	else
		bits &= ~bit;
	qt__txn_set(t, at, bits);
}

/* The pages from index on become a free extent. */
void
qt__free_add(struct qt__txn *t, uint32_t index, uint32_t pages)
{
	struct qt__page	p = { .pages = pages, .state = QT__PAGE_FREE };
	uint32_t	class = qt__class_of(pages);

	qt__page_set(t, index, p);
	if (pages > 1) {
		p.state = QT__PAGE_FREE_END;
		qt__page_set(t, index + pages - 1, p);
	}
	list_add(t, first_word(t->seg, class), index);
	class_mark(t, class);
}

void
qt__free_del(struct qt__txn *t, uint32_t index)
{
	struct qt__page	p = qt__page_get(t, index);
	uint32_t	class = qt__class_of(p.pages);

	if (p.state != QT__PAGE_FREE || p.pages == 0) {
		t->bad = true;
		return;
	}
	list_del(t, first_word(t->seg, class), index);
	class_mark(t, class);
}

static int
first_class(struct qt__txn *t, uint32_t from)
{
	for (uint32_t i = from / 64; i < 4; i++) {
		uint64_t	bits = qt__txn_get(t,
		    QT__CTL(t->seg, class_bits) + i * UINT64_C(8));

		if (i == from / 64)
			bits &= ~UINT64_C(0) << from % 64;
		if (bits != 0)
			return (int)(i * 64 + (uint32_t)__builtin_ctzll(bits));
	}
	return -1;
}

/*
 * An extent of the first class of which all fit; when there is none, one that
 * happens to fit among the first of the class in which not all do.
 */
int
qt__free_find(struct qt__txn *t, uint32_t pages, uint32_t *index)
{
	uint32_t	class = qt__class_of(pages), at;
	uint32_t	up = pages;
	int		found;

	if (pages >= 8)
		up += (UINT32_C(1) << (28 - __builtin_clz(pages))) - 1;
	found = up < pages ? -1 : first_class(t, qt__class_of(up));
	if (found >= QT__CLASSES)
		return -QT_ECORRUPT;
	if (found >= 0) {
		at = (uint32_t)qt__txn_get(t,
		    first_word(t->seg, (uint32_t)found));
		*index = at - 1;
		return at == 0 ? -QT_ECORRUPT : 0;
	}
	at = (uint32_t)qt__txn_get(t, first_word(t->seg, class));
	for (int i = 0; i < 64 && at != 0; i++) {
		struct qt__page	p = qt__page_get(t, at - 1);

		if (p.pages >= pages) {
			*index = at - 1;
			return 0;
		}
		at = p.next;
	}
	return -ENOMEM;
}

/* Pages of blocks of which some are free: one list of their own. */
void
qt__blocks_add(struct qt__txn *t, uint32_t index)
{
	list_add(t, QT__CTL(t->seg, blocks), index);
}

void
qt__blocks_del(struct qt__txn *t, uint32_t index)
{
	list_del(t, QT__CTL(t->seg, blocks), index);
}
