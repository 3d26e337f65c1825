/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: the queue of many, beside one of Vyukov's kind that no death may hit. */

#include <sys/mman.h>

#include <qt/shm/queue.h>

#include "shm_rows.h"
#include "vyukov.h"

#define SEGMENT_SIZE	(16u << 20)
#define PRODUCERS	2u
#define CONSUMERS	2u
#define TELL_EVERY	1000u		/* items that a consumer counts alone */

static const char	peer_name[] = "Vyukov's queue, not kill-safe";

struct lane {
	struct qt_seg	*seg;
	struct qt_queue	*queue;
	struct vyukov	*vyukov;
	uint64_t	 items;
	int		 is_peer;
};

static void
lane_open(struct lane *l, uint64_t items)
{
	struct qt_queue_spec	spec = { .dtype = "<u8",
	    .capacity = VYUKOV_CAPACITY };

	*l = (struct lane){ .items = items };
	l->seg = shm_segment(SEGMENT_SIZE);
	shm_must(qt_queue_create(l->seg, "q", &spec, NULL), "make a queue");
	shm_must(qt_queue_open(l->seg, "q", NULL, &l->queue, NULL),
	    "open a queue");
	l->vyukov = shm_shared(sizeof(*l->vyukov));
	vyukov_init(l->vyukov);
}

static void
lane_close(struct lane *l)
{
	qt_queue_close(l->queue);
	qt_seg_close(l->seg);
	munmap(l->vyukov, sizeof(*l->vyukov));
}

static inline int
push(struct lane *l, uint64_t item)
{
	int	rc;

	if (l->is_peer)
		return vyukov_push(l->vyukov, item);
	rc = qt_queue_push(l->queue, &item, sizeof(item), QT_WAIT_NEVER);
	if (rc < 0 && rc != -QT_EFULL)
		shm_must(rc, "push");
	return rc == 0;
}

static inline int
pop(struct lane *l, uint64_t *item)
{
	ssize_t	n;

	if (l->is_peer)
		return vyukov_pop(l->vyukov, item);
	n = qt_queue_pop(l->queue, item, sizeof(*item), QT_WAIT_NEVER);
	if (n < 0 && n != -QT_EEMPTY)
		shm_must((int)n, "pop");
	return n > 0;
}

/* --- One thread ---------------------------------------------------------- */

static double
pairs(struct lane *l)
{
	uint64_t	start = cpu_ns(), item = 0;

	for (uint64_t i = 0; i < l->items; i++)
		if (!push(l, i) || !pop(l, &item) || item != i)
			qt_die(QT_EXIT_SYS, "a queue lost item %llu",
			    (unsigned long long)i);
	return (double)(cpu_ns() - start) / (double)l->items;
}

static double
pairs_ours(void *arg)
{
	struct lane	*l = arg;

	l->is_peer = 0;
	return pairs(l);
}

static double
pairs_peer(void *arg)
{
	struct lane	*l = arg;

	l->is_peer = 1;
	return pairs(l);
}

void
row_shm_pair(struct report *r, const struct bench_opt *opt)
{
	struct lane		l;
	struct contest		c = { .what = "push and pop",
	    .ours = pairs_ours, .peer = pairs_peer, .arg = &l };
	struct turns		t;

	lane_open(&l, opt->items);
	turns_run(&t, &c, opt);
	lane_close(&l);
	turns_report(r, &t, &(struct turns_row){
	    .name = "queue, push and pop, one thread", .peer_name = peer_name,
	    .figure = TURNS_NS, .bound = 50 });
}

/* --- Two producers, two consumers ---------------------------------------- */

static void
produce(struct lane *l)
{
	uint32_t	tries = 0;

	for (uint64_t i = 1; i <= l->items / PRODUCERS; i++)
		while (!push(l, i))
			team_idle(&tries);
}

static void
consume(struct lane *l, struct team *t)
{
	uint64_t	all = l->items / PRODUCERS * PRODUCERS;
	uint64_t	item, sum = 0, n = 0;
	uint32_t	tries = 0;

	while (atomic_load_explicit(&t->done, memory_order_relaxed) + n < all) {
		int	is_there = pop(l, &item);

		if (is_there) {
			sum += item;
			n++;
		}
		if (n > 0 && (n == TELL_EVERY || !is_there)) {
			atomic_fetch_add(&t->done, n);
			n = 0;
		}
		if (!is_there)
			team_idle(&tries);
	}
	atomic_fetch_add(&t->done, n);
	atomic_fetch_add(&t->sum, sum);
}

static void
member(struct team *t, uint32_t which, void *arg)
{
	struct lane	*l = arg;

	shm_must(qt_seg_after_fork(l->seg, NULL), "join");
	team_go(t);
	if (which < PRODUCERS)
		produce(l);
	else
		consume(l, t);
}

static double
crowd(struct lane *l)
{
	struct team_work	work = { .count = PRODUCERS + CONSUMERS,
	    .member = member, .arg = l };
	uint64_t		each = l->items / PRODUCERS;
	struct team		t;
	double			ns = team_run(&work, &t);

	qt_seg_sweep(l->seg);
	if (t.done != each * PRODUCERS || t.sum != PRODUCERS * (each * (each +
	    1) / 2))
		qt_die(QT_EXIT_SYS, "a queue lost or doubled an item");
	return ns / (double)t.done;
}

static double
crowd_ours(void *arg)
{
	struct lane	*l = arg;

	l->is_peer = 0;
	return crowd(l);
}

static double
crowd_peer(void *arg)
{
	struct lane	*l = arg;

	l->is_peer = 1;
	return crowd(l);
}

void
row_shm_mpmc(struct report *r, const struct bench_opt *opt)
{
	struct lane		l;
	struct contest		c = { .what = "2 producers, 2 consumers",
	    .ours = crowd_ours, .peer = crowd_peer, .arg = &l };
	struct turns		t;

	lane_open(&l, opt->items);
	turns_run(&t, &c, opt);
	lane_close(&l);
	turns_report(r, &t, &(struct turns_row){
	    .name = "queue, 2 + 2 processes", .peer_name = peer_name,
	    .figure = TURNS_SPEEDS, .bound = 0.7 });
}
