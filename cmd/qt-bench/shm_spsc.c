/* SPDX-License-Identifier: Apache-2.0 */
/* Row: 8-byte items by batches from one process to another, beside ck_ring. */

#include <qt/shm/spsc.h>

#include "shm_rows.h"

#define SEGMENT_SIZE	(4u << 20)
#define BATCH		64u

struct lane {
	struct qt_seg	*seg;
	struct ck_lane	*ck;
	uint64_t	 items;
};

static void
produce(struct lane *l, struct team *t)
{
	struct qt_spsc	*q;
	uint64_t	 batch[BATCH], next = 1;
	uint32_t	 tries = 0;

	shm_must(qt_spsc_open(l->seg, "q", "<u8", QT_SPSC_PRODUCER, &q, NULL),
	    "open the producer's end");
	team_go(t);
	while (next <= l->items) {
		size_t	n = l->items + 1 - next < BATCH ?
		    (size_t)(l->items + 1 - next) : BATCH;
		ssize_t	done;

		for (size_t i = 0; i < n; i++)
			batch[i] = next + i;
		done = qt_spsc_push_n(q, batch, n, QT_WAIT_NEVER);
		if (done == -QT_EFULL)
			team_idle(&tries);
		else
			shm_must((int)done, "push");
		next += done > 0 ? (uint64_t)done : 0;
	}
}

static void
consume(struct lane *l, struct team *t)
{
	struct qt_spsc	*q;
	uint64_t	 batch[BATCH], sum = 0, got = 0;
	uint32_t	 tries = 0;

	shm_must(qt_spsc_open(l->seg, "q", "<u8", QT_SPSC_CONSUMER, &q, NULL),
	    "open the consumer's end");
	team_go(t);
	while (got < l->items) {
		ssize_t	n = qt_spsc_pop_n(q, batch, BATCH, QT_WAIT_NEVER);

		if (n == -QT_EEMPTY)
			team_idle(&tries);
		else
			shm_must((int)n, "pop");
		for (ssize_t i = 0; i < n; i++)
			sum += batch[i];
		got += n > 0 ? (uint64_t)n : 0;
	}
	atomic_store(&t->sum, sum);
}

static void
member_ours(struct team *t, uint32_t which, void *arg)
{
	struct lane	*l = arg;

	shm_must(qt_seg_after_fork(l->seg, NULL), "join");
	if (which == 0)
		produce(l, t);
	else
		consume(l, t);
}

static void
member_peer(struct team *t, uint32_t which, void *arg)
{
	struct lane	*l = arg;

	team_go(t);
	if (which == 0)
		ck_lane_produce(l->ck, l->items);
	else
		atomic_store(&t->sum, ck_lane_consume(l->ck, l->items));
}

static double
run(struct lane *l, void (*member)(struct team *, uint32_t, void *))
{
	struct team_work	work = { .count = 2, .member = member,
	    .arg = l };
	struct team		t;
	double			ns = team_run(&work, &t);

	if (t.sum != l->items * (l->items + 1) / 2)
		qt_die(QT_EXIT_SYS, "a queue lost or doubled an item");
	return ns / (double)l->items;
}

static double
run_ours(void *arg)
{
	struct lane	*l = arg;
	double		 ns = run(l, member_ours);

	qt_seg_sweep(l->seg);
	return ns;
}

static double
run_peer(void *arg)
{
	return run(arg, member_peer);
}

void
row_shm_spsc(struct report *r, const struct bench_opt *opt)
{
	static const char	name[] = "spsc, batches, against ck_ring";
	struct qt_spsc_spec	spec = { .dtype = "<u8",
	    .capacity = CK_CAPACITY };
	struct lane		l = { .items = opt->items * 4 };
	struct contest		c = { .what = "batches", .ours = run_ours,
	    .arg = &l };
	struct turns		t;

	l.ck = ck_lane_new();
	c.peer = l.ck != NULL ? run_peer : NULL;
	l.seg = shm_segment(SEGMENT_SIZE);
	shm_must(qt_spsc_create(l.seg, "q", &spec, NULL), "make a queue");
	turns_run(&t, &c, opt);
	qt_seg_close(l.seg);
	turns_report(r, &t, &(struct turns_row){
	    .name = "spsc, batches of 8-byte items", .figure = TURNS_NS,
	    .bound = 10 });
	if (l.ck == NULL) {
		report_skip(r, name, "built without ck_ring.h (libck-dev)");
		return;
	}
	turns_report(r, &t, &(struct turns_row){ .name = name,
	    .peer_name = "ck_ring, which has no batches",
	    .figure = TURNS_SPEEDS, .bound = 1.0 });
}
