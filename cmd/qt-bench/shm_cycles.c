/* SPDX-License-Identifier: Apache-2.0 */
/* Row: making and erasing every type of structure again and again. */

#include <stdio.h>

#include <qt/shm/array.h>
#include <qt/shm/barrier.h>
#include <qt/shm/cache.h>
#include <qt/shm/event.h>
#include <qt/shm/latch.h>
#include <qt/shm/map.h>
#include <qt/shm/mutex.h>
#include <qt/shm/once.h>
#include <qt/shm/pool.h>
#include <qt/shm/queue.h>
#include <qt/shm/ring.h>
#include <qt/shm/rwlock.h>
#include <qt/shm/semaphore.h>
#include <qt/shm/set.h>
#include <qt/shm/skiplist.h>
#include <qt/shm/spsc.h>
#include <qt/shm/stack.h>
#include <qt/shm/value.h>

#include "shm_rows.h"

#define SEGMENT_SIZE	(4u << 20)
#define NAME		"cycle"
#define CAPACITY	1024u

static int
make_array(struct qt_seg *seg)
{
	struct qt_array_spec	spec = { .dtype = "<i8",
	    .shape = { CAPACITY } };

	return qt_array_create(seg, NAME, &spec, NULL);
}

static int
make_queue(struct qt_seg *seg)
{
	struct qt_queue_spec	spec = { .capacity = CAPACITY,
	    .item_max = 100 };

	return qt_queue_create(seg, NAME, &spec, NULL);
}

static int
make_spsc(struct qt_seg *seg)
{
	struct qt_spsc_spec	spec = { .capacity = CAPACITY,
	    .item_max = 100 };

	return qt_spsc_create(seg, NAME, &spec, NULL);
}

static int
make_stack(struct qt_seg *seg)
{
	struct qt_stack_spec	spec = { .capacity = CAPACITY,
	    .item_max = 100 };

	return qt_stack_create(seg, NAME, &spec, NULL);
}

static int
make_map(struct qt_seg *seg)
{
	struct qt_map_spec	spec = { .key_max = 20, .value_max = 100,
	    .capacity = CAPACITY };

	return qt_map_create(seg, NAME, &spec, NULL);
}

static int
make_set(struct qt_seg *seg)
{
	struct qt_set_spec	spec = { .key_max = 20,
	    .capacity = CAPACITY };

	return qt_set_create(seg, NAME, &spec, NULL);
}

static int
make_pool(struct qt_seg *seg)
{
	struct qt_shm_pool_spec	spec = { .size = 100, .capacity = CAPACITY };

	return qt_shm_pool_create(seg, NAME, &spec, NULL);
}

static int
make_value(struct qt_seg *seg)
{
	struct qt_value_spec	spec = { .size = 1000 };

	return qt_value_create(seg, NAME, &spec, NULL);
}

static int
make_semaphore(struct qt_seg *seg)
{
	struct qt_semaphore_spec	spec = { .value = 1 };

	return qt_semaphore_create(seg, NAME, &spec, NULL);
}

static int
make_mutex(struct qt_seg *seg)
{
	return qt_mutex_create(seg, NAME, NULL);
}

static int
make_rwlock(struct qt_seg *seg)
{
	return qt_rwlock_create(seg, NAME, NULL);
}

static int
make_latch(struct qt_seg *seg)
{
	return qt_latch_create(seg, NAME, 3, NULL);
}

static int
make_barrier(struct qt_seg *seg)
{
	return qt_barrier_create(seg, NAME, 3, NULL);
}

static int
make_event(struct qt_seg *seg)
{
	return qt_event_create(seg, NAME, QT_EVENT_MANUAL, NULL);
}

static int
make_once(struct qt_seg *seg)
{
	return qt_once_create(seg, NAME, NULL);
}

static int
make_skiplist(struct qt_seg *seg)
{
	struct qt_skiplist_spec	spec = { .key_max = 20, .value_max = 100,
	    .capacity = CAPACITY };

	return qt_skiplist_create(seg, NAME, &spec, NULL);
}

static int
make_cache(struct qt_seg *seg)
{
	struct qt_cache_spec	spec = { .key_max = 20, .value_max = 1000,
	    .bytes = 256u << 10 };

	return qt_cache_create(seg, NAME, &spec, NULL);
}

/* The ring is older than the objects, and has a way of its own. */
static int
cycle_ring(struct qt_seg *seg)
{
	struct qt_ring_writer	*w;
	uint64_t		 offset;
	int			 rc;

	rc = qt_ring_create(seg, QT_RING_LIMIT_MIN, &offset);
	if (rc < 0)
		return rc;
	rc = qt_ring_writer_open(seg, offset, &w, NULL);
	if (rc == 0) {
		rc = qt_ring_write(w, NAME, sizeof(NAME));
		qt_ring_writer_close(w);
	}
	return rc < 0 ? rc : qt_ring_destroy(seg, offset);
}

struct kind {
	const char	*name;
	int		(*make)(struct qt_seg *seg);
};

static const struct kind	kinds[] = {
	{ "array", make_array },
	{ "queue", make_queue },
	{ "spsc", make_spsc },
	{ "stack", make_stack },
	{ "map", make_map },
	{ "set", make_set },
	{ "pool", make_pool },
	{ "value", make_value },
	{ "semaphore", make_semaphore },
	{ "mutex", make_mutex },
	{ "rwlock", make_rwlock },
	{ "latch", make_latch },
	{ "barrier", make_barrier },
	{ "event", make_event },
	{ "once", make_once },
	{ "skiplist", make_skiplist },
	{ "cache", make_cache },
};
#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

/* Every type once. */
static void
cycle(struct qt_seg *seg)
{
	for (size_t i = 0; i < KINDS; i++) {
		shm_must(kinds[i].make(seg), kinds[i].name);
		shm_must(qt_obj_erase(seg, NAME, NULL), kinds[i].name);
	}
	shm_must(cycle_ring(seg), "ring");
}

/* What a segment has left: names, memory in use, the largest free piece. */
struct space {
	uint64_t	rows, used, largest;
};

static struct space
space_of(struct qt_seg *seg)
{
	struct space		s = { 0 };
	struct qt_seg_entry	entry;
	uint64_t		low = 0, high = SEGMENT_SIZE, offset;
	uint32_t		cursor = 0;

	while (qt_seg_entry_next(seg, &cursor, &entry) == 1)
		s.rows++;
	while (high - low > 4096) {
		uint64_t	size = low + (high - low) / 2;

		if (qt_seg_alloc(seg, size, &offset) == 0) {
			low = size;
			shm_must(qt_seg_free(seg, offset), "free");
		} else {
			high = size;
		}
	}
	s.largest = low;
	s.used = qt_seg_used(seg);
	return s;
}

void
row_shm_cycles(struct report *r, const struct bench_opt *opt)
{
	struct qt_seg	*seg = shm_segment(SEGMENT_SIZE);
	uint64_t	 times = opt->items / 1000 + 1;
	struct space	 before, after;
	double		 start, ms;
	char		 note[160];

	cycle(seg);	/* the tables' own pages come with their first use */
	before = space_of(seg);
	start = now_s();
	for (uint64_t i = 0; i < times; i++) {
		if (i % 100 == 0)
			report_progress("cycles: %llu of %llu",
			    (unsigned long long)i, (unsigned long long)times);
		cycle(seg);
	}
	report_progress("%s", "");
	ms = (now_s() - start) * 1e3;
	after = space_of(seg);
	shm_must(qt_seg_fsck(seg, NULL), "check the segment");
	qt_seg_close(seg);
	snprintf(note, sizeof(note), "%llu times %zu types; %llu names and %lld"
	    " bytes of the largest piece lost; %.1f us each",
	    (unsigned long long)times, KINDS + 1,
	    (unsigned long long)(after.rows - before.rows),
	    (long long)(before.largest - after.largest),
	    ms * 1e3 / (double)times / (KINDS + 1));
	report_add(r, &(struct report_row){
		.name = "making and erasing every type", .unit = "bytes",
		.ours = (double)after.used, .peer = (double)before.used,
		.peer_name = "in use before the first", .figure =
		    (double)after.used - (double)before.used +
		    (double)(after.rows - before.rows) +
		    (double)before.largest - (double)after.largest,
		.figure_name = "lost", .rule = REPORT_AT_MOST, .bound = 0,
		.note = note });
}
