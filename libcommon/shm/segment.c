/* SPDX-License-Identifier: Apache-2.0 */
/* What a handle says about its segment, and bounds of its data area. */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "segment_priv.h"

/*
 * A copy that may be torn, and is known to be: whoever calls this checks
 * afterwards whether what was copied still counts.
 */
#ifdef QT__TSAN
__attribute__((no_sanitize("thread")))
void
qt__copy_racy(void *to, const void *from, size_t len)
{
	volatile unsigned char		*p = to;
	const volatile unsigned char	*q = from;

	while (len-- > 0)
		*p++ = *q++;
}
#else
void
qt__copy_racy(void *to, const void *from, size_t len)
{
	memcpy(to, from, len);
}
#endif

uint64_t
qt_seg_size(const struct qt_seg *seg)
{
	return seg->size;
}

uint64_t
qt_seg_used(const struct qt_seg *seg)
{
	struct stat	st;
	int		fd = seg->fd >= 0 ? seg->fd : seg->path_fd;

	return fstat(fd, &st) < 0 ? 0 : (uint64_t)st.st_blocks * 512;
}

int
qt_seg_is_named(const struct qt_seg *seg)
{
	struct stat	st;
	int		fd = seg->fd >= 0 ? seg->fd : seg->path_fd;

	return fstat(fd, &st) < 0 ? -errno : st.st_nlink > 0;
}

uint64_t
qt_seg_id(const struct qt_seg *seg)
{
	return seg->head.id;
}

void
qt_seg_describe(const struct qt_seg *seg, struct qt_seg_info *out)
{
	const struct qt__seg_head	*h = &seg->head;

	*out = (struct qt_seg_info){
		.major = h->major, .minor = h->minor, .id = h->id,
		.size = h->size, .made_ms = h->made_ms,
		.data_offset = h->data_offset, .page_size = h->page_size,
		.participants = h->slot_count, .entries = h->entry_count,
		.extents = h->extent_limit, .maker_uid = h->maker_uid,
		.maker_pid = h->maker_pid,
		.sweeps = atomic_load_explicit(&seg->ctl->sweeps,
		    memory_order_relaxed),
	};
	memcpy(out->kind, h->kind, sizeof(h->kind));
}

uint32_t
qt_seg_self(const struct qt_seg *seg)
{
	return seg->self;
}

void *
qt_seg_at(const struct qt_seg *seg, uint64_t offset, uint64_t len)
{
	if (offset < seg->head.data_offset || offset > seg->size ||
	    len > seg->size - offset)
		return NULL;
	return seg->map + offset;
}

uint64_t
qt_seg_offset(const struct qt_seg *seg, const void *p)
{
	return (uint64_t)((const unsigned char *)p - seg->map);
}

uint64_t
qt__seg_link(const struct qt_seg *seg, const uint64_t *p)
{
	uintptr_t	at = (uintptr_t)p, map = (uintptr_t)seg->map;

	if (p == NULL || at % 8 != 0 || at < map + seg->head.data_offset ||
	    at - map > seg->size - 8)
		return 0;
	return at - map;
}
