/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a memtable's segment. See mem_priv.h. */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/base/clock.h>

#include "log_priv.h"
#include "mem_priv.h"

#define KIND	"memtable"

/*
 * Lines of the last level: all keys of a log full of the smallest frames, 40
 * bytes, are 6.4 a line; but who stores such keys in the tens of millions has
 * the memtable end a little before its log.
 */
static uint64_t
most_lines(uint64_t log_size)
{
	uint64_t	lines = QT__INDEX_LEAST;

	while (lines < log_size / 256)
		lines *= 2;
	return lines;
}

/* An area with a huge page's boundary at offset before of it. */
static int
reserve(struct qt_seg *seg, uint64_t size, uint64_t before, uint64_t *at)
{
	int	rc = qt_seg_reserve(seg, size + QT__MEM_HUGE, at);

	*at += (before - *at) & (QT__MEM_HUGE - 1);
	return rc;
}

static int
make_areas(struct qt_seg *seg, const struct qt__mem_spec *spec,
    struct qt__mem_head **out)
{
	struct qt__mem_head	*h;
	uint64_t		 at, index = most_lines(spec->log_size) * 128;
	int			 rc;

	rc = qt_seg_alloc(seg, sizeof(*h), &at);
	if (rc < 0)
		return rc;
	h = qt_seg_at(seg, at, sizeof(*h));
	h->number = spec->number;
	h->base = spec->base;
	h->log_size = spec->log_size;
	h->index_size = index;
	h->node_size = spec->log_size;
	/* A level as large as a huge page begins with one. */
	rc = reserve(seg, index, QT__INDEX_FIRST, &h->index_at);
	if (rc == 0)
		rc = reserve(seg, h->log_size, 0, &h->log_at);
	if (rc == 0)
		rc = reserve(seg, h->node_size, 0, &h->node_at);
	if (rc == 0)
		rc = qt_seg_back(seg, h->index_at, QT__INDEX_FIRST);
	if (rc == 0)
		rc = qt_seg_back(seg, h->log_at, QT__BACK_STEP);
	*out = h;
	return rc;
}

/* Whether what the head says lies in the segment; it may be damaged. */
static bool
is_sound(const struct qt_seg *seg, const struct qt__mem_head *h,
    uint64_t number)
{
	uint64_t	lines = atomic_load_explicit(&h->index_lines,
	    memory_order_acquire);

	return h->number == number && h->log_size >= QT__BACK_STEP &&
	    h->log_size % QT__BACK_STEP == 0 && h->base % 8 == 0 &&
	    qt_seg_at(seg, h->log_at, h->log_size) != NULL &&
	    qt_seg_at(seg, h->node_at, h->node_size) != NULL &&
	    h->index_size == most_lines(h->log_size) * 128 &&
	    qt_seg_at(seg, h->index_at, h->index_size) != NULL &&
	    lines >= QT__INDEX_LEAST && lines <= h->index_size / 128 &&
	    atomic_load(&h->head) <= h->log_size &&
	    atomic_load(&h->indexed) <= atomic_load(&h->head) &&
	    atomic_load(&h->head) >= QT__LOG_FIRST;
}

/* Takes seg over, also on failure. */
static int
attach(struct qt__mem **out, struct qt_seg *seg, struct qt__mem_head *h,
    bool is_rdonly, const struct qt_hash_key *key)
{
	struct qt__mem	*m = calloc(1, sizeof(*m));

	if (m == NULL) {
		qt_seg_close(seg);
		return -ENOMEM;
	}
	m->seg = seg;
	m->head = h;
	m->number = h->number;
	m->base = h->base;
	m->log_size = h->log_size;
	m->node_size = h->node_size;
	m->lines_max = h->index_size / 128;
	m->log = qt_seg_at(seg, h->log_at, h->log_size);
	m->index = qt_seg_at(seg, h->index_at, h->index_size);
	m->nodes = qt_seg_at(seg, h->node_at, h->node_size);
	m->seed = qt__log_seed((const struct qt__log_head *)(void *)m->log);
	m->is_rdonly = is_rdonly;
	m->wal[QT__OF_WRITER].fd = m->wal[QT__OF_LEADER].fd = -1;
	qt__mem_hash_init(&m->hash, key);
	m->refs = 1;
	*out = m;
	return 0;
}

/* Pages, tables and the areas, each rounded up. */
static uint64_t
segment_size(uint64_t log_size)
{
	uint64_t	areas = most_lines(log_size) * 128 + log_size * 2 +
	    4 * QT__MEM_HUGE;

	return areas + areas / 256 + (UINT64_C(1) << 20);
}

int
qt__mem_create(struct qt__mem **out, const char *name,
    const struct qt__mem_spec *spec, struct qt_err *err)
{
	struct qt_seg_spec	 s = {
		.size = segment_size(spec->log_size), .entries = 8,
		.participants = 8, .mode = spec->mode, .group = spec->group,
		.kind = KIND,
		.flags = spec->log_size > QT__MEM_HUGE ? QT_SEG_HUGE : 0,
	};
	struct qt_seg_entry	 e = { .name = "memtable", .dtype = "|u1",
		.type = QT_TYPE_RAW };
	struct qt__mem_head	*h;
	struct qt_seg		*seg;
	int			 rc;

	rc = qt_seg_create(name, &s, &seg, err);
	if (rc < 0)
		return rc;
	rc = make_areas(seg, spec, &h);
	if (rc < 0) {
		qt_err_set(err, "memory for a memtable of %llu bytes in "
		    "/dev/shm", (unsigned long long)spec->log_size);
		goto err_after_create;
	}
	qt__log_start((struct qt__log_head *)qt_seg_at(seg, h->log_at,
	    h->log_size), spec->number, spec->base, spec->store, spec->chain);
	h->head = h->indexed = QT__LOG_FIRST;
	h->ordered = QT__LOG_FIRST;
	h->index_lines = QT__INDEX_LEAST;
	h->backed = QT__BACK_STEP;
	h->chain = spec->chain;
	e.offset = qt_seg_offset(seg, h);
	e.size = e.shape[0] = sizeof(*h);
	/* Last: who finds the entry finds all of it. */
	rc = qt_seg_entry_add(seg, &e);
	if (rc < 0)
		goto err_after_create;
	if (name == NULL)
		return attach(out, seg, h, false, &spec->key);
	/* Again, not as a participant: what a fork child can go on with. */
	qt_seg_close(seg);
	return qt__mem_open(out, name, false, spec->number, &spec->key, err);

err_after_create:
	if (name != NULL)
		(void)qt_seg_unlink(name);
	qt_seg_close(seg);
	return rc;
}

int
qt__mem_open(struct qt__mem **out, const char *name, bool is_rdonly,
    uint64_t number, const struct qt_hash_key *key, struct qt_err *err)
{
	struct qt_seg_entry	 e;
	struct qt__mem_head	*h;
	struct qt_seg		*seg;
	int			 rc;

	rc = qt_seg_open(name, KIND, is_rdonly ? QT_SEG_RDONLY : QT_SEG_WRITE,
	    &seg, err);
	if (rc < 0)
		return rc;
	rc = qt_seg_entry_get(seg, "memtable", &e);
	h = rc == 0 ? qt_seg_at(seg, e.offset, sizeof(*h)) : NULL;
	if (h == NULL || !is_sound(seg, h, number)) {
		qt_err_set(err, "segment '%s': not a whole memtable", name);
		qt_seg_close(seg);
		return rc == -ENOENT ? -ENOENT : -QT_ECORRUPT;
	}
	return attach(out, seg, h, is_rdonly, key);
}

void
qt__mem_release(struct qt__mem *m)
{
	if (m == NULL || atomic_fetch_sub(&m->refs, 1) != 1)
		return;
	for (int i = 0; i < QT__WALS; i++)
		if (m->wal[i].fd >= 0)
			close(m->wal[i].fd);
	qt_seg_close(m->seg);
	free(m);
}
