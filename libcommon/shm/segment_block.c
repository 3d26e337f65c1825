/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks: quarter pages, so that many small things share memory.
 *
 * A page of blocks is an extent of one page whose word in the map has a bit
 * for each block in use. Pages with room are on a list. A block is filled
 * before the change that makes it exist, so nobody sees it half made. The page
 * is given back with its last block.
 */

#include <errno.h>
#include <string.h>

#include "segment_priv.h"

#define BLOCKS	4u
#define FULL	((1u << BLOCKS) - 1)

/* A page with room and one of its free blocks. */
static int
find_room(struct qt__txn *t, uint32_t *index, uint32_t *block)
{
	uint64_t	first = qt__txn_get(t, QT__CTL(t->seg, blocks));
	struct qt__page	p;
	int		rc;

	if (first == 0) {
		rc = qt__extent_take(t, 1, QT__PAGE_BLOCKS, true,
		    index);
		if (rc == 0)
			qt__blocks_add(t, *index);
		*block = 0;
		return rc;
	}
	*index = (uint32_t)first - 1;
	p = qt__page_get(t, *index);
	if (t->bad || p.state != QT__PAGE_BLOCKS || (p.mask & FULL) == FULL)
		return -QT_ECORRUPT;
	*block = (uint32_t)__builtin_ctz(~(unsigned int)p.mask);
	return 0;
}

int
qt__block_add(struct qt_seg *seg, const void *init, size_t len, uint64_t link,
    uint64_t *offset)
{
	struct qt__txn	t = { .seg = seg };
	uint32_t	size = seg->head.block_size, index, block;
	struct qt__page	p;
	int		rc;

	rc = qt__seg_lock(seg);
	if (rc < 0)
		return rc;
	if (link != 0 && qt__txn_get(&t, link) != 0)
		rc = -EEXIST;
	else
		rc = find_room(&t, &index, &block);
	if (rc < 0)
		goto out;
	*offset = seg->head.data_offset + (uint64_t)index * seg->page +
	    (uint64_t)block * size;
	memset(seg->map + *offset, 0, size);
	memcpy(seg->map + *offset, init, len);

	p = qt__page_get(&t, index);
	p.mask |= (uint8_t)(1u << block);
	qt__page_set(&t, index, p);
	if (p.mask == FULL)
		qt__blocks_del(&t, index);
	if (link != 0)
		qt__txn_set(&t, link, *offset);
	rc = qt__txn_commit(&t);
	if (rc < 0)
		(void)qt__give_back(seg);
out:
	qt__seg_unlock(seg);
	return rc;
}

static int
give(struct qt__txn *t, uint32_t index, uint32_t block)
{
	struct qt__page	p = qt__page_get(t, index);
	unsigned int	bit = 1u << block;

	if (p.state != QT__PAGE_BLOCKS || !(p.mask & bit))
		return -EINVAL;
	if (p.mask != FULL)
		qt__blocks_del(t, index);
	if (p.mask == bit)
		return qt__extent_give(t, index, 1);
	p = qt__page_get(t, index);
	p.mask &= (uint8_t)~bit;
	qt__page_set(t, index, p);
	qt__blocks_add(t, index);
	return 0;
}

int
qt__block_del(struct qt_seg *seg, uint64_t offset, uint64_t link)
{
	struct qt__txn	t = { .seg = seg };
	uint64_t	at = offset - seg->head.data_offset;
	int		rc;

	if (offset < seg->head.data_offset || at % seg->head.block_size != 0 ||
	    at / seg->page >= seg->head.page_count)
		return -EINVAL;
	rc = qt__seg_lock(seg);
	if (rc < 0)
		return rc;
	rc = give(&t, (uint32_t)(at / seg->page),
	    (uint32_t)(at % seg->page / seg->head.block_size));
	if (rc == 0 && link != 0)
		qt__txn_set(&t, link, 0);
	if (rc == 0)
		rc = qt__txn_commit(&t);
	if (rc == 0)
		(void)qt__give_back(seg);
	qt__seg_unlock(seg);
	return rc;
}

bool
qt__block_is_used(struct qt_seg *seg, uint64_t offset)
{
	struct qt__txn	t = { .seg = seg };
	struct qt__page	p;
	uint64_t	at = offset - seg->head.data_offset;

	if (offset < seg->head.data_offset || at % seg->head.block_size != 0 ||
	    at / seg->page >= seg->head.page_count)
		return false;
	p = qt__page_get(&t, (uint32_t)(at / seg->page));
	return !t.bad && p.state == QT__PAGE_BLOCKS &&
	    (p.mask >> at % seg->page / seg->head.block_size & 1) != 0;
}
