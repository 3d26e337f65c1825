/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extents: address space of the segment, and memory behind it.
 *
 * Making one:
 *	note "give back [offset, len)"; ask the kernel for the pages; commit
 *	one change: lists, map, the caller's word, and the note taken away.
 * Killed before the commit, the next owner of the lock gives the pages back;
 * after it, the extent exists and the caller's word says where.
 *
 * Freeing one:
 *	commit one change: lists, map, the caller's word to 0, and the note
 *	"give back"; then give the pages back; then take the note away.
 * Killed before the commit, nothing happened; after it, the next owner gives
 * them back. Should the kernel refuse, the note stays and the next owner tries
 * again, so nobody is ever handed pages that are not zero.
 *
 * An extent that is only reserved has no memory at first: there is no note to be
 * taken. What was put behind it since is given back when it is freed, as that of
 * any other, wherever it has some.
 *
 * A free extent is merged with its free neighbours at once. The map's own
 * pages get memory when first needed: an extent's first and last word when it
 * is made, so that freeing never needs any.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "segment_priv.h"

/* Returns the noted pages to the system, if there are any. */
int
qt__give_back(struct qt_seg *seg)
{
	struct qt__seg_ctl	*ctl = seg->ctl;
	uint64_t		 at, len;
	int			 rc;

	len = atomic_load_explicit(&ctl->give_len, memory_order_acquire);
	if (len == 0)
		return 0;
	at = atomic_load_explicit(&ctl->give_offset, memory_order_relaxed);
	if (at % seg->page != 0 || len % seg->page != 0 ||
	    qt_seg_at(seg, at, len) == NULL)
		return -QT_ECORRUPT;
	rc = qt_sys_fallocate(seg->fd,
	    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)len);
	if (rc == 0)
		atomic_store_explicit(&ctl->give_len, 0, memory_order_release);
	return rc;
}

static uint64_t
offset_of(const struct qt_seg *seg, uint32_t index)
{
	return seg->head.data_offset + (uint64_t)index * seg->page;
}

/* Memory for the map's words of one page. */
static int
make_ready(struct qt_seg *seg, uint32_t index)
{
	uint64_t	n = (uint64_t)index * sizeof(struct qt__page) /
	    seg->page;
	uint64_t	bit = UINT64_C(1) << n % 64;
	int		rc;

	if (atomic_load_explicit(&seg->ready[n / 64], memory_order_relaxed) &
	    bit)
		return 0;
	rc = qt_sys_fallocate(seg->fd, 0,
	    (off_t)(seg->head.map_offset + n * seg->page), (off_t)seg->page);
	if (rc == 0)
		atomic_fetch_or_explicit(&seg->ready[n / 64], bit,
		    memory_order_relaxed);
	return rc;
}

static int
get_memory(struct qt_seg *seg, uint32_t index, uint32_t pages)
{
	struct qt__seg_ctl	*ctl = seg->ctl;
	uint64_t		 at = offset_of(seg, index);
	uint64_t		 len = (uint64_t)pages * seg->page;
	int			 rc;

	atomic_store_explicit(&ctl->give_offset, at, memory_order_relaxed);
	atomic_store_explicit(&ctl->give_len, len, memory_order_release);
	rc = qt_sys_fallocate(seg->fd, 0, (off_t)at, (off_t)len);
	if (rc < 0)
		/* It kept nothing; but ask, rather than trust. */
		(void)qt__give_back(seg);
	return rc;
}

static void
add_to(struct qt__txn *t, uint64_t at, int64_t n)
{
	qt__txn_set(t, at, qt__txn_get(t, at) + (uint64_t)n);
}

/*
 * Cuts pages from a free extent, with memory or without, and adds that to the
 * change t.
 * When the caller cannot commit it calls qt__give_back().
 */
int
qt__extent_take(struct qt__txn *t, uint32_t pages, uint8_t state,
    bool has_memory, uint32_t *index)
{
	struct qt_seg	*seg = t->seg;
	struct qt__page	 p;
	uint32_t	 limit = seg->head.extent_limit, rest;
	int		 rc;

	if (limit != 0 && qt__txn_get(t, QT__CTL(seg, used_extents)) >= limit)
		return -ENOMEM;
	rc = qt__free_find(t, pages, index);
	if (rc < 0)
		return rc;
	p = qt__page_get(t, *index);
	if (t->bad || p.state != QT__PAGE_FREE || p.pages < pages ||
	    p.pages > seg->head.page_count - *index)
		return -QT_ECORRUPT;
	rest = p.pages - pages;
	rc = make_ready(seg, *index);
	if (rc == 0)
		rc = make_ready(seg, *index + pages - 1);
	if (rc == 0 && rest > 0)
		rc = make_ready(seg, *index + pages);
	if (rc == 0 && has_memory)
		rc = get_memory(seg, *index, pages);
	if (rc < 0)
		return rc;

	qt__free_del(t, *index);
	if (rest > 0)
		qt__free_add(t, *index + pages, rest);
	if (pages > 1)
		qt__page_set(t, *index + pages - 1, (struct qt__page){ 0 });
	qt__page_set(t, *index, (struct qt__page){ .pages = pages,
	    .owner = (uint16_t)seg->self, .state = state });
	add_to(t, QT__CTL(seg, used_pages), pages);
	add_to(t, QT__CTL(seg, used_extents), 1);
	qt__txn_set(t, QT__CTL(seg, give_len), 0);
	return 0;
}

/*
 * The free extent that ends before index, if there is one; taken off its list
 * and wiped from the map. Returns its pages.
 */
static uint32_t
absorb_left(struct qt__txn *t, uint32_t index)
{
	struct qt__page	end, first;

	if (index == 0)
		return 0;
	end = qt__page_get(t, index - 1);
	if (end.state == QT__PAGE_FREE)
		end.pages = 1;
	else if (end.state != QT__PAGE_FREE_END)
		return 0;
	if (end.pages == 0 || end.pages > index) {
		t->bad = true;
		return 0;
	}
	first = qt__page_get(t, index - end.pages);
	if (first.pages != end.pages)
		t->bad = true;
	qt__free_del(t, index - end.pages);
	qt__page_set(t, index - 1, (struct qt__page){ 0 });
	qt__page_set(t, index - end.pages, (struct qt__page){ 0 });
	return end.pages;
}

static uint32_t
absorb_right(struct qt__txn *t, uint32_t index)
{
	struct qt__page	first;

	if (index >= t->seg->head.page_count)
		return 0;
	first = qt__page_get(t, index);
	if (first.state != QT__PAGE_FREE)
		return 0;
	if (first.pages > t->seg->head.page_count - index) {
		t->bad = true;
		return 0;
	}
	qt__free_del(t, index);
	qt__page_set(t, index, (struct qt__page){ 0 });
	return first.pages;
}

/* Adds to t that an extent is free and its pages are to be given back. */
int
qt__extent_give(struct qt__txn *t, uint32_t index, uint32_t pages)
{
	struct qt_seg	*seg = t->seg;
	uint32_t	 left, right;

	if (pages == 0 || pages > seg->head.page_count - index)
		return -QT_ECORRUPT;
	qt__page_set(t, index, (struct qt__page){ 0 });
	left = absorb_left(t, index);
	right = absorb_right(t, index + pages);
	if (t->bad)
		return -QT_ECORRUPT;
	qt__free_add(t, index - left, left + pages + right);
	add_to(t, QT__CTL(seg, used_pages), -(int64_t)pages);
	add_to(t, QT__CTL(seg, used_extents), -1);
	qt__txn_set(t, QT__CTL(seg, give_offset), offset_of(seg, index));
	qt__txn_set(t, QT__CTL(seg, give_len), (uint64_t)pages * seg->page);
	return 0;
}

static int
make_extent(struct qt_seg *seg, uint64_t size, bool has_memory, uint64_t link,
    uint32_t tag, uint64_t *offset)
{
	struct qt__txn	t = { .seg = seg };
	uint32_t	index;
	uint64_t	pages = size / seg->page + (size % seg->page != 0);
	int		rc;

	if (size == 0)
		return -EINVAL;
	if (pages > seg->head.page_count)
		return -ENOMEM;
	rc = qt__seg_lock(seg);
	if (rc < 0)
		return rc;
	/* Under the lock: a dead owner's change may just have set it. */
	if (link != 0 && qt__txn_get(&t, link) != 0)
		rc = -EEXIST;
	else
		rc = qt__extent_take(&t, (uint32_t)pages, QT__PAGE_USED,
		    has_memory, &index);
	if (rc == 0) {
		*offset = offset_of(seg, index);
		if (link != 0)
			qt__txn_set(&t, link, *offset | tag);
		rc = qt__txn_commit(&t);
		if (rc < 0)
			(void)qt__give_back(seg);
	}
	qt__seg_unlock(seg);
	/* It takes long, so without the lock; it is ours, and stays the same. */
	if (rc == 0 && has_memory)
		qt__huge_ask(seg, *offset, pages * seg->page);
	return rc;
}

int
qt__seg_alloc(struct qt_seg *seg, uint64_t size, uint64_t link, uint32_t tag,
    uint64_t *offset)
{
	return make_extent(seg, size, true, link, tag, offset);
}

int
qt__seg_free_locked(struct qt_seg *seg, uint64_t offset, uint64_t link)
{
	struct qt__txn	t = { .seg = seg };
	struct qt__page	p;
	uint64_t	index;
	int		rc;

	if (offset < seg->head.data_offset || offset % seg->page != 0)
		return -EINVAL;
	index = (offset - seg->head.data_offset) / seg->page;
	if (index >= seg->head.page_count)
		return -EINVAL;
	p = qt__page_get(&t, (uint32_t)index);
	if (p.state != QT__PAGE_USED)
		return -EINVAL;
	rc = qt__extent_give(&t, (uint32_t)index, p.pages);
	if (rc == 0 && link != 0)
		qt__txn_set(&t, link, 0);
	if (rc == 0)
		rc = qt__txn_commit(&t);
	if (rc == 0)
		/* Refused or not: the extent is free and the note stays. */
		(void)qt__give_back(seg);
	return rc;
}

int
qt__seg_free(struct qt_seg *seg, uint64_t offset, uint64_t link)
{
	int	rc = qt__seg_lock(seg);

	if (rc < 0)
		return rc;
	if (link != 0)
		/* Under the lock, as above. */
		offset = atomic_load_explicit(qt__word(seg, link),
		    memory_order_relaxed) & ~(uint64_t)(seg->page - 1);
	if (link == 0 || offset != 0)
		rc = qt__seg_free_locked(seg, offset, link);
	qt__seg_unlock(seg);
	return rc;
}

uint64_t
qt_seg_extent(struct qt_seg *seg, uint64_t offset)
{
	struct qt__txn	t = { .seg = seg };
	struct qt__page	p;
	uint64_t	at = offset - seg->head.data_offset;
	uint64_t	index = at / seg->page;

	if (offset < seg->head.data_offset || at % seg->page != 0 ||
	    index >= seg->head.page_count)
		return 0;
	p = qt__page_get(&t, (uint32_t)index);
	if (t.bad || p.state != QT__PAGE_USED ||
	    p.pages > seg->head.page_count - index)
		return 0;
	return (uint64_t)p.pages * seg->page;
}

int
qt_seg_alloc(struct qt_seg *seg, uint64_t size, uint64_t *offset)
{
	uint64_t	at;
	int		rc;

	rc = qt__seg_alloc(seg, size, qt__seg_link(seg, offset), 0, &at);
	if (rc == 0)
		*offset = at;
	return rc;
}

int
qt_seg_reserve(struct qt_seg *seg, uint64_t size, uint64_t *offset)
{
	uint64_t	at;
	int		rc;

	rc = make_extent(seg, size, false, qt__seg_link(seg, offset), 0, &at);
	if (rc == 0)
		*offset = at;
	return rc;
}

int
qt_seg_back(struct qt_seg *seg, uint64_t offset, uint64_t len)
{
	uint64_t	first = offset - offset % seg->page, end;
	int		fd, rc;

	if (len == 0 || qt_seg_at(seg, offset, len) == NULL)
		return -EINVAL;
	/* The data area ends with a page, the file may end behind it. */
	end = (offset + len + seg->page - 1) / seg->page * seg->page;
	if (end > offset_of(seg, seg->head.page_count))
		return -EINVAL;
	if (seg->is_rdonly)
		return -EACCES;
	/* A participant's fork child has let go of its parent's descriptor. */
	fd = seg->fd >= 0 ? seg->fd : qt__seg_reopen(seg->path_fd, O_RDWR);
	if (fd < 0)
		return fd;
	rc = qt__huge_back(seg, fd, first, end - first);
	if (rc == 0)
		rc = qt_sys_fallocate(fd, 0, (off_t)first,
		    (off_t)(end - first));
	if (fd != seg->fd)
		close(fd);
	return rc;
}

int
qt_seg_free(struct qt_seg *seg, uint64_t offset)
{
	return qt__seg_free(seg, offset, 0);
}

int
qt_seg_free_at(struct qt_seg *seg, uint64_t *word)
{
	uint64_t	link = qt__seg_link(seg, word);

	return link == 0 ? -EINVAL : qt__seg_free(seg, 0, link);
}
