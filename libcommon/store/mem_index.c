/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash index of a memtable. The idea is in mem_priv.h.
 *
 * Order of memory: the writer fills a frame, stores its word into the index
 * (release), then `indexed` (release). A reader loads `indexed` (acquire) before
 * index_lines, so the level that it looks at has every key that was put before;
 * and loads the word (acquire) before the frame. A level that is no longer in
 * use stays as it was, for readers that are still in it.
 */

#include <errno.h>
#include <sys/statvfs.h>

#include "seek_priv.h"

#define SLOTS	QT__INDEX_WORDS
#define RESERVE	(UINT64_C(1) << 20)	/* of a memtable that is begun */

static _Atomic uint64_t *
level_of(const struct qt__mem *m, uint64_t lines)
{
	return (void *)(m->index + (lines - QT__INDEX_LEAST) * 64);
}

/* The level in use; 0 when the segment is damaged. */
static uint64_t
lines_of(const struct qt__mem *m)
{
	uint64_t	lines = atomic_load_explicit(&m->head->index_lines,
	    memory_order_acquire);	/* pairs with grow() */

	if (lines < QT__INDEX_LEAST || (lines & (lines - 1)) != 0 ||
	    lines > m->lines_max)
		return 0;
	return lines;
}

static bool
is_key(const struct qt__frame *f, const void *key, size_t len)
{
	const uint8_t	*p = (const uint8_t *)f + qt__frame_fixed(f);

	return QT__KIND_KEY(f->kind) == len && qt__is_same_key(p, key, len);
}

/*
 * The word of a hash, or the empty one where it belongs; NULL when there is
 * neither, which takes damage. A reader may find that the empty one has become
 * another hash's.
 */
static _Atomic uint64_t *
find(const struct qt__mem *m, uint64_t lines, uint32_t hash)
{
	_Atomic uint64_t	*level = level_of(m, lines);
	uint64_t		 mask = lines - 1;

	for (uint64_t i = 0; i < lines; i++) {
		_Atomic uint64_t	*line = level +
		    ((hash + i) & mask) * SLOTS;
		unsigned int		 j, with = qt__index_with(line, hash);

		/* Of hash 0, that may be the first one that is empty. */
		if (with != 0)
			return &line[__builtin_ctz(with)];
		/* A line is filled from its first word on. */
		if (atomic_load_explicit(&line[SLOTS - 1],
		    memory_order_acquire) != 0)
			continue;
		for (j = 0; j < SLOTS - 1 && atomic_load_explicit(&line[j],
		    memory_order_relaxed) != 0; j++)
			continue;
		return &line[j];
	}
	return NULL;
}

/* The newest frame of a hash: its offset, or 0. */
static int
find_newest(const struct qt__mem *m, uint32_t hash, uint64_t *offset)
{
	uint64_t		 lines = lines_of(m), w;
	_Atomic uint64_t	*word = lines == 0 ? NULL :
	    find(m, lines, hash);

	if (word == NULL)
		return -QT_ECORRUPT;
	w = atomic_load_explicit(word, memory_order_acquire);
	*offset = w >> 32 == hash ? (w & UINT32_MAX) * 8 : 0;
	return 0;
}

int
qt__mem_get(const struct qt__mem *m, struct qt__entry *e, const void *key,
    size_t len, uint32_t hash, uint64_t max_version)
{
	uint64_t	  visible = atomic_load_explicit(&m->head->indexed,
	    memory_order_acquire), at, next;
	struct qt__frame *f;
	int		  rc = find_newest(m, hash, &at);

	if (rc < 0)
		return rc;
	for (; at != 0; at = next) {
		f = qt__mem_frame(m, at, m->log_size);
		if (f == NULL)
			return -QT_ECORRUPT;
		if (at < visible && m->base + at <= max_version &&
		    is_key(f, key, len)) {
			qt__frame_entry(m, f, e);
			return 1;
		}
		next = (uint64_t)atomic_load_explicit(&f->link,
		    memory_order_relaxed) * 8;
		/* Links lead back, so a damaged one cannot make a circle. */
		if (next >= at)
			return -QT_ECORRUPT;
	}
	return 0;
}

/*
 * Memory for len bytes at offset at of the segment. Not the last that there is:
 * if the next memtable had no room to be begun in, this one could never be
 * flushed. But an empty one gets what there is, for there is nothing to flush.
 */
static int
back(struct qt__mem *m, uint64_t at, uint64_t len)
{
	struct statvfs	st;

	if (atomic_load_explicit(&m->head->head, memory_order_relaxed) >
	    QT__LOG_FIRST && statvfs("/dev/shm", &st) == 0 &&
	    st.f_blocks != 0 && st.f_bavail * st.f_frsize < len + RESERVE +
	    m->log_size / 32)
		return -ENOSPC;
	return qt_seg_back(m->seg, at, len);
}

/* Fills the next level and puts it to use. Killed before: nothing happened. */
static int
grow(struct qt__mem *m, uint64_t lines)
{
	_Atomic uint64_t	*from = level_of(m, lines);
	_Atomic uint64_t	*to = level_of(m, lines * 2);
	uint64_t		 mask = lines * 2 - 1;
	int			 rc;

	rc = back(m, m->head->index_at +
	    (uint64_t)((uint8_t *)to - m->index), lines * 2 * 64);
	if (rc < 0)
		return rc;
	/* Somebody may have died at it. */
	memset((void *)to, 0, lines * 2 * 64);
	for (uint64_t i = 0; i < lines * SLOTS; i++) {
		uint64_t	w = atomic_load_explicit(&from[i],
		    memory_order_relaxed), at = w >> 32;
		unsigned int	j = 0;

		if (w == 0)
			continue;
		for (at &= mask;; at = (at + 1) & mask) {
			for (j = 0; j < SLOTS && to[at * SLOTS + j] != 0; j++)
				continue;
			if (j < SLOTS)
				break;
		}
		atomic_store_explicit(&to[at * SLOTS + j], w,
		    memory_order_relaxed);
	}
	atomic_store_explicit(&m->head->index_lines, lines * 2,
	    memory_order_release);	/* pairs with lines_of() */
	return 0;
}

static int
make_room(struct qt__mem *m, uint64_t size, uint64_t count)
{
	struct qt__mem_head	*h = m->head;
	uint64_t		 head = atomic_load_explicit(&h->head,
	    memory_order_relaxed);
	uint64_t		 backed = atomic_load_explicit(&h->backed,
	    memory_order_relaxed);
	uint64_t		 keys = atomic_load_explicit(&h->keys,
	    memory_order_relaxed) + count;
	uint64_t		 lines;
	int			 rc;

	if (size > m->log_size - head)
		return 0;
	while (lines = lines_of(m), lines != 0 && keys > lines * SLOTS / 5 * 4) {
		if (lines * 2 > m->lines_max)
			return 0;
		rc = grow(m, lines);
		if (rc < 0)
			return rc;
	}
	if (lines == 0)
		return -QT_ECORRUPT;
	if (head + size > backed) {
		uint64_t	to = qt__mem_back_end(head + size,
		    m->log_size);

		rc = back(m, h->log_at + backed, to - backed);
		if (rc == -ENOSPC) {	/* but maybe for this one */
			to = head + size;
			rc = back(m, h->log_at + backed, to - backed);
		}
		if (rc < 0)
			return rc;
		atomic_store_explicit(&h->backed, to, memory_order_relaxed);
	}
	return 1;
}

int
qt__mem_room(struct qt__mem *m, uint64_t size, uint64_t count)
{
	int	rc = make_room(m, size, count);

	/* The next one begins, so this one can be flushed. */
	return rc == -ENOSPC && atomic_load_explicit(&m->head->head,
	    memory_order_relaxed) > QT__LOG_FIRST ? 0 : rc;
}

/*
 * Idempotent: a frame that is in the index, or older than one that is, stays. The
 * one before it is not looked at: that would be a read from memory to wait for.
 */
static int
index_one(struct qt__mem *m, uint64_t lines, struct qt__frame *f,
    uint64_t offset)
{
	const uint8_t		*key = (const uint8_t *)f + qt__frame_fixed(f);
	uint32_t		 hash = qt__mem_hash_quick(&m->hash, key,
	    QT__KIND_KEY(f->kind));
	_Atomic uint64_t	*word = find(m, lines, hash);
	uint64_t		 at;

	if (word == NULL)
		return -QT_ECORRUPT;
	at = (atomic_load_explicit(word, memory_order_relaxed) &
	    UINT32_MAX) * 8;
	if (at >= m->log_size)
		return -QT_ECORRUPT;
	if (at >= offset)
		return 0;
	if (at != 0)
		atomic_store_explicit(&f->link, (uint32_t)(at / 8),
		    memory_order_relaxed);
	else
		atomic_store_explicit(&m->head->keys,
		    atomic_load_explicit(&m->head->keys,
		    memory_order_relaxed) + 1, memory_order_relaxed);
	atomic_store_explicit(word, (uint64_t)hash << 32 | offset / 8,
	    memory_order_release);	/* pairs with find_newest() */
	return 0;
}

int
qt__mem_redo(struct qt__mem *m)
{
	struct qt__mem_head	*h = m->head;
	uint64_t		 at = atomic_load_explicit(&h->indexed,
	    memory_order_relaxed);
	uint64_t		 head = atomic_load_explicit(&h->head,
	    memory_order_acquire);
	uint64_t		 lines = lines_of(m), puts = 0;
	uint32_t		 chain = 0;
	int			 rc;

	if (lines == 0)
		return -QT_ECORRUPT;
	while (at < head) {
		struct qt__frame	*f = qt__mem_frame(m, at, head);

		if (f == NULL)
			return -QT_ECORRUPT;
		rc = index_one(m, lines, f, at);
		if (rc < 0)
			return rc;
		at += qt__frame_size(f);
		puts++;
		chain = f->crc;
	}
	if (puts > 0)
		atomic_store_explicit(&h->chain, chain, memory_order_relaxed);
	atomic_store_explicit(&h->puts, atomic_load_explicit(&h->puts,
	    memory_order_relaxed) + puts, memory_order_relaxed);
	atomic_store_explicit(&h->indexed, at, memory_order_release);
	return 0;
}
