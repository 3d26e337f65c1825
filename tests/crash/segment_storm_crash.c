/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many processes that join, allocate, free, make and destroy rings and entries,
 * and are killed and stopped at random. Then the survivor finds every table
 * sound, no byte written by two, and every page back.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/shm/ring.h>

#include "../unit/storm.h"

#define WORKERS		6
#define EXTENTS		12		/* words of extents a worker has */
#define SIZE		(4u << 20)

/* What a worker has; it survives the worker, and its successor goes on. */
struct desk {
	uint64_t	extent[EXTENTS];
	uint64_t	size[EXTENTS];
	uint64_t	ring;
	uint64_t	pad[7];
};

struct world {
	struct qt_seg	*seg;
	struct desk	*desk;		/* in the segment */
	uint64_t	 used;
};

/* Extents carry their worker's mark, or still zeros if it died before. */
static int
is_marked(const unsigned char *p, uint64_t size, unsigned int worker)
{
	unsigned char	mark = (unsigned char)(worker + 1);

	for (uint64_t i = 0; i < size; i += 512)
		if (p[i] != 0 && p[i] != mark)
			return 0;
	return p[size - 1] == 0 || p[size - 1] == mark;
}

static void
turn_extent(struct qt_seg *seg, struct desk *d, unsigned int worker, unsigned int r)
{
	unsigned int	k = r % EXTENTS;
	unsigned char	*p;
	int		rc;

	if (d->extent[k] != 0) {
		p = qt_seg_at(seg, d->extent[k], d->size[k]);
		storm_expect(p != NULL && is_marked(p, d->size[k], worker), 11);
		storm_expect(qt_seg_free_at(seg, &d->extent[k]) == 0, 12);
		return;
	}
	d->size[k] = 1 + r / EXTENTS % 40000;
	rc = qt_seg_alloc(seg, d->size[k], &d->extent[k]);
	storm_expect(rc == 0 || rc == -ENOMEM, 13);
	if (rc == 0)
		memset(qt_seg_at(seg, d->extent[k], d->size[k]), (int)worker + 1,
		    d->size[k]);
}

static void
turn_ring(struct qt_seg *seg, struct desk *d, unsigned int worker, unsigned int r)
{
	struct qt_ring_writer	*w;
	struct qt_ring_reader	*reader;
	unsigned char		 data[6000];
	uint64_t		 tail;
	ssize_t			 n;
	int			 rc;

	if (d->ring == 0) {
		rc = qt_ring_create(seg, 16 << 10, &d->ring);
		storm_expect(rc == 0 || rc == -ENOMEM, 21);
		return;
	}
	if (r % 7 == 0) {
		storm_expect(qt_ring_destroy_at(seg, &d->ring) == 0, 22);
		return;
	}
	rc = qt_ring_writer_open(seg, d->ring, &w, NULL);
	if (rc == -QT_EGONE) {		/* died while destroying it */
		storm_expect(qt_ring_destroy_at(seg, &d->ring) == 0, 23);
		return;
	}
	storm_expect(rc == 0, 24);
	memset(data, (int)worker + 1, sizeof(data));
	rc = qt_ring_write(w, data, r % sizeof(data));
	storm_expect(rc == 0 || rc == -ENOMEM, 25);
	qt_ring_writer_close(w);
	storm_expect(qt_ring_reader_open(seg, d->ring, &reader, NULL) == 0, 26);
	qt_ring_range(reader, &tail, NULL);
	n = qt_ring_read(reader, tail, data, sizeof(data));
	storm_expect(n >= 0, 27);
	for (ssize_t i = 0; i < n; i++)
		storm_expect(data[i] == worker + 1, 28);
	qt_ring_reader_close(reader);
}

static void
turn_entry(struct qt_seg *seg, struct desk *d, unsigned int worker)
{
	struct qt_seg_entry	e = { .size = 8 }, got;
	int			rc;

	e.offset = qt_seg_offset(seg, d);
	snprintf(e.name, sizeof(e.name), "worker %u", worker);
	rc = qt_seg_entry_add(seg, &e);
	storm_expect(rc == 0 || rc == -EEXIST, 31);
	storm_expect(qt_seg_entry_get(seg, e.name, &got) == 0, 32);
	storm_expect(got.offset == e.offset, 33);
	storm_expect(qt_seg_entry_del(seg, e.name) == 0, 34);
}

static void
begin(void *arg, unsigned int worker)
{
	struct world	*w = arg;

	(void)worker;
	storm_expect(qt_seg_after_fork(w->seg, NULL) == 0, 40);
}

static void
turn(void *arg, unsigned int worker, unsigned int r, uint64_t n)
{
	struct world	*w = arg;
	struct desk	*d = &w->desk[worker];

	(void)n;
	switch (r >> 4 & 7) {
	case 0:
		turn_entry(w->seg, d, worker);
		break;
	case 1: case 2: case 3:
		turn_ring(w->seg, d, worker, r >> 8);
		break;
	default:
		turn_extent(w->seg, d, worker, r >> 8);
	}
}

static void
prepare(struct world *w)
{
	struct qt_seg_spec	spec = { .size = SIZE, .mode = 0600,
	    .group = (gid_t)-1, .participants = WORKERS + 2, .kind = "storm" };
	uint64_t		at, *all = calloc(SIZE / 4096, sizeof(*all));
	size_t			n = 0;

	storm_must(qt_seg_create(NULL, &spec, &w->seg, NULL) == 0 && all != NULL,
	    "create");
	storm_must(qt_seg_alloc(w->seg, sizeof(struct desk) * WORKERS, &at) == 0,
	    "alloc");
	w->desk = qt_seg_at(w->seg, at, sizeof(struct desk) * WORKERS);
	/* Each page once, so that the whole map has memory from here on. */
	while (qt_seg_alloc(w->seg, 4096, &all[n]) == 0)
		n++;
	while (n > 0)
		storm_must(qt_seg_free(w->seg, all[--n]) == 0, "free");
	free(all);
	w->used = qt_seg_used(w->seg);
}

static void
check(struct world *w)
{
	struct qt_err	err = QT_ERR_INIT;
	uint64_t	all;

	storm_must(qt_seg_sweep(w->seg) >= 0, "sweep");
	storm_must(qt_seg_fsck(w->seg, &err) == 0, err.text);
	for (unsigned int i = 0; i < WORKERS; i++) {
		struct desk	*d = &w->desk[i];

		for (int k = 0; k < EXTENTS; k++) {
			if (d->extent[k] != 0)
				storm_must(is_marked(qt_seg_at(w->seg, d->extent[k],
				    d->size[k]), d->size[k], i), "marks");
			storm_must(qt_seg_free_at(w->seg, &d->extent[k]) == 0,
			    "free");
		}
		storm_must(qt_ring_destroy_at(w->seg, &d->ring) == 0, "destroy");
	}
	storm_must(qt_seg_fsck(w->seg, &err) == 0, err.text);
	storm_must(qt_seg_used(w->seg) == w->used, "memory was lost");
	storm_must(qt_seg_alloc(w->seg, 3u << 20, &all) == 0, "space was lost");
	qt_seg_close(w->seg);
}

int
main(void)
{
	struct world	w = { 0 };
	struct storm	s = { .name = "segment storm", .workers = WORKERS,
	    .is_waiting = 1, .begin = begin, .turn = turn, .arg = &w };

	storm_plan(1);
	prepare(&w);
	storm_run(&s, 600);
	check(&w);
	storm_passed(&s, "no page and no table is lost");
	return EXIT_SUCCESS;
}
