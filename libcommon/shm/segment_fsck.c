/* SPDX-License-Identifier: Apache-2.0 */
/* Is what the allocator knows in agreement with itself? Changes nothing. */

#include <errno.h>

#include "segment_priv.h"

struct tally {
	struct qt__txn	 t;		/* reads only */
	uint64_t	 used_pages, used_extents;
	uint64_t	 free_extents, open_blocks;
	struct qt_err	*err;
};

static int
bad(struct tally *y, uint32_t index, const char *what)
{
	qt_err_set(y->err, "page %u: %s", index, what);
	return -QT_ECORRUPT;
}

static int
check_free(struct tally *y, uint32_t index, struct qt__page p)
{
	struct qt__page	end;

	y->free_extents++;
	if (p.pages == 1)
		return 0;
	end = qt__page_get(&y->t, index + p.pages - 1);
	if (end.state != QT__PAGE_FREE_END || end.pages != p.pages)
		return bad(y, index, "a free extent without its end");
	return 0;
}

static int
check_used(struct tally *y, uint32_t index, struct qt__page p)
{
	struct qt__page	end = qt__page_get(&y->t, index + p.pages - 1);

	y->used_extents++;
	y->used_pages += p.pages;
	if (p.pages > 1 && end.state != QT__PAGE_NONE)
		return bad(y, index, "a used extent with an end");
	if (p.state == QT__PAGE_USED)
		return 0;
	if (p.pages != 1 || p.mask == 0 || p.mask > 0xf)
		return bad(y, index, "blocks that are none");
	y->open_blocks += p.mask != 0xf;
	return 0;
}

/* From the first page to the last, extent by extent. */
static int
walk_map(struct tally *y)
{
	uint32_t	count = y->t.seg->head.page_count, last = 0;

	for (uint32_t i = 0, next; i < count; i = next) {
		struct qt__page	p = qt__page_get(&y->t, i);
		int		rc;

		next = i + p.pages;
		if (y->t.bad || p.pages == 0 || p.pages > count - i)
			return bad(y, i, "no extent begins here");
		if (p.state == QT__PAGE_FREE && last == QT__PAGE_FREE)
			return bad(y, i, "free beside free");
		last = p.state;
		if (p.state == QT__PAGE_FREE)
			rc = check_free(y, i, p);
		else if (p.state == QT__PAGE_USED ||
		    p.state == QT__PAGE_BLOCKS)
			rc = check_used(y, i, p);
		else
			rc = bad(y, i, "no such state");
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* How many are on the list that begins with the word at first. */
static int
walk_list(struct tally *y, uint64_t first, int class, uint64_t *count)
{
	uint32_t	prev = 0, at = (uint32_t)qt__txn_get(&y->t, first);

	for (; at != 0; (*count)++) {
		struct qt__page	p = qt__page_get(&y->t, at - 1);

		if (y->t.bad || *count > y->t.seg->head.page_count)
			return bad(y, at - 1, "a list that leads nowhere");
		if (p.prev != prev)
			return bad(y, at - 1, "a list that is torn");
		if (class >= 0 ? p.state != QT__PAGE_FREE ||
		    qt__class_of(p.pages) != (uint32_t)class :
		    p.state != QT__PAGE_BLOCKS || p.mask == 0xf)
			return bad(y, at - 1, "on the wrong list");
		prev = at;
		at = p.next;
	}
	return 0;
}

static int
walk_lists(struct tally *y)
{
	uint64_t	listed = 0, blocks = 0;
	int		rc;

	for (int i = 0; i < QT__CLASSES; i++) {
		uint64_t	before = listed;
		uint64_t	bits = qt__txn_get(&y->t,
		    QT__CTL(y->t.seg, class_bits) + (uint64_t)i / 64 * 8);

		rc = walk_list(y, QT__CTL(y->t.seg, class_first) +
		    (uint64_t)i * 8, i, &listed);
		if (rc < 0)
			return rc;
		if ((bits >> i % 64 & 1) != (listed > before))
			return bad(y, 0, "the bit of a class is wrong");
	}
	rc = walk_list(y, QT__CTL(y->t.seg, blocks), -1, &blocks);
	if (rc < 0)
		return rc;
	if (listed != y->free_extents)
		return bad(y, 0, "a free extent is on no list");
	if (blocks != y->open_blocks)
		return bad(y, 0, "a page with free blocks is on no list");
	return 0;
}

int
qt_seg_fsck(struct qt_seg *seg, struct qt_err *err)
{
	struct tally	y = { .t = { .seg = seg }, .err = err };
	int		rc = qt__seg_lock(seg);

	if (rc < 0) {
		qt_err_set(err, "lock");
		return rc;
	}
	rc = walk_map(&y);
	if (rc == 0)
		rc = walk_lists(&y);
	if (rc == 0 &&
	    (qt__txn_get(&y.t, QT__CTL(seg, used_pages)) != y.used_pages ||
	    qt__txn_get(&y.t, QT__CTL(seg, used_extents)) != y.used_extents))
		rc = bad(&y, 0, "the counters are wrong");
	qt__seg_unlock(seg);
	return rc;
}
