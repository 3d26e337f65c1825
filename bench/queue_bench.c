/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues of 8-byte items, beside a queue of Vyukov's kind (one sequence word a
 * cell, no kill safety) in the same harness.
 *
 * Each figure is the best of ROUNDS, in nanoseconds an item; "2+2" are two
 * producers and two consumers, each a process.
 */

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__has_include)
#if __has_include(<ck_ring.h>)
#include <ck_ring.h>
#define HAS_CK 1
#endif
#endif

#include <qt/base/clock.h>
#include <qt/shm/queue.h>
#include <qt/shm/spsc.h>
#include <qt/shm/stack.h>

#define CAPACITY	1024u
#define PAIRS		2000000u
#define ITEMS		400000u		/* of each producer */
#define BATCH		32u
#define ROUNDS		15

/* --- The peer ------------------------------------------------------------ */

struct cell {
	_Atomic uint64_t	seq;
	uint64_t		item;
};
struct vyukov {
	_Alignas(128) _Atomic uint64_t	tail;
	_Alignas(128) _Atomic uint64_t	head;
	_Alignas(128) struct cell	cell[CAPACITY];
};

static int
vyukov_push(struct vyukov *v, uint64_t item)
{
	uint64_t	t = atomic_load_explicit(&v->tail,
	    memory_order_relaxed);

	for (;;) {
		struct cell	*c = &v->cell[t % CAPACITY];
		int64_t		 d = (int64_t)(atomic_load_explicit(&c->seq,
		    memory_order_acquire) - t);

		if (d == 0 && atomic_compare_exchange_weak(&v->tail, &t,
		    t + 1)) {
			c->item = item;
			atomic_store_explicit(&c->seq, t + 1,
			    memory_order_release);
			return 1;
		}
		if (d < 0)
			return 0;
		if (d > 0)
			t = atomic_load_explicit(&v->tail,
			    memory_order_relaxed);
	}
}

static int
vyukov_pop(struct vyukov *v, uint64_t *item)
{
	uint64_t	h = atomic_load_explicit(&v->head,
	    memory_order_relaxed);

	for (;;) {
		struct cell	*c = &v->cell[h % CAPACITY];
		int64_t		 d = (int64_t)(atomic_load_explicit(&c->seq,
		    memory_order_acquire) - (h + 1));

		if (d == 0 && atomic_compare_exchange_weak(&v->head, &h,
		    h + 1)) {
			*item = c->item;
			atomic_store_explicit(&c->seq, h + CAPACITY,
			    memory_order_release);
			return 1;
		}
		if (d < 0)
			return 0;
		if (d > 0)
			h = atomic_load_explicit(&v->head,
			    memory_order_relaxed);
	}
}

/* --- Both ---------------------------------------------------------------- */

struct bench {
	struct qt_seg		*seg;
	struct qt_queue		*queue;
	struct vyukov		*vyukov;
	_Atomic uint64_t	*done;		/* items out, by all */
	int			 use_vyukov;
};

static void
must(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "queue_bench: %s\n", what);
		exit(EXIT_FAILURE);
	}
}

static int
push(struct bench *b, uint64_t item)
{
	if (b->use_vyukov)
		return vyukov_push(b->vyukov, item);
	return qt_queue_push(b->queue, &item, 8, QT_WAIT_NEVER) == 0;
}

static int
pop(struct bench *b, uint64_t *item)
{
	if (b->use_vyukov)
		return vyukov_pop(b->vyukov, item);
	return qt_queue_pop(b->queue, item, 8, QT_WAIT_NEVER) == 8;
}

static double
pairs(struct bench *b)
{
	uint64_t	start = qt_clock_mono_ns(), item = 0;

	for (uint64_t i = 0; i < PAIRS; i++) {
		must(push(b, i), "push");
		must(pop(b, &item) && item == i, "pop");
	}
	return (double)(qt_clock_mono_ns() - start) / PAIRS;
}

static double
batches(struct bench *b)
{
	uint64_t	start = qt_clock_mono_ns(), in[BATCH], out[BATCH];
	struct iovec	v[BATCH], w[BATCH];

	for (unsigned int i = 0; i < BATCH; i++)
		v[i] = (struct iovec){ &in[i], 8 };
	for (uint64_t i = 0; i < PAIRS / BATCH; i++) {
		for (unsigned int k = 0; k < BATCH; k++) {
			in[k] = i;
			w[k] = (struct iovec){ &out[k], 8 };
		}
		must(qt_queue_pushv(b->queue, v, BATCH, QT_WAIT_NEVER) ==
		    BATCH, "pushv");
		must(qt_queue_popv(b->queue, w, BATCH, QT_WAIT_NEVER) ==
		    BATCH && out[BATCH - 1] == i, "popv");
	}
	return (double)(qt_clock_mono_ns() - start) / PAIRS;
}

static void
produce(struct bench *b)
{
	for (uint64_t i = 0; i < ITEMS; i++)
		while (!push(b, i))
			sched_yield();
}

static void
consume(struct bench *b)
{
	uint64_t	item, n = 0;

	while (atomic_load_explicit(b->done, memory_order_relaxed) + n <
	    2 * ITEMS) {
		if (!pop(b, &item)) {
			atomic_fetch_add(b->done, n);
			n = 0;
			sched_yield();
		} else if (++n == 1000) {
			atomic_fetch_add(b->done, n);
			n = 0;
		}
	}
	atomic_fetch_add(b->done, n);
}

static double
crowd(struct bench *b)
{
	uint64_t	start = qt_clock_mono_ns();
	int		status;

	atomic_store(b->done, 0);
	for (int i = 0; i < 4; i++) {
		pid_t	pid = fork();

		must(pid >= 0, "fork");
		if (pid > 0)
			continue;
		if (qt_seg_after_fork(b->seg, NULL) < 0)
			_exit(1);
		if (i < 2)
			produce(b);
		else
			consume(b);
		_exit(0);
	}
	for (int i = 0; i < 4; i++)
		must(wait(&status) > 0 && status == 0, "a process failed");
	must(atomic_load(b->done) == 2 * ITEMS, "items were lost");
	return (double)(qt_clock_mono_ns() - start) / (2 * ITEMS);
}

/* --- One producer, one consumer; and stacks ------------------------------- */

/* By n at once, from a child to us. */
static double
stream(struct qt_seg *seg, size_t n)
{
	uint64_t	 item[BATCH] = { 0 }, next = 0, start;
	struct qt_spsc	*q;
	int		 status;
	pid_t		 pid = fork();

	must(pid >= 0, "fork");
	if (pid == 0) {
		if (qt_seg_after_fork(seg, NULL) < 0 || qt_spsc_open(seg,
		    "spsc", NULL, QT_SPSC_PRODUCER, &q, NULL) < 0)
			_exit(1);
		while (next < ITEMS * 4) {
			ssize_t	k = n;

			for (size_t i = 0; i < n; i++)
				item[i] = next + i;
			if (n == 1)
				k = qt_spsc_push(q, item, 8,
				    QT_WAIT_NEVER) == 0;
			else
				k = qt_spsc_push_n(q, item, n, QT_WAIT_NEVER);
			if (k > 0)
				next += (uint64_t)k;
			else
				sched_yield();
		}
		_exit(0);
	}
	must(qt_spsc_open(seg, "spsc", NULL, QT_SPSC_CONSUMER, &q, NULL) == 0,
	    "consumer");
	while (qt_spsc_count(q) == 0)
		sched_yield();
	start = qt_clock_mono_ns();
	while (next < ITEMS * 4) {
		ssize_t	k;

		if (n == 1)
			k = qt_spsc_pop(q, item, 8, QT_WAIT_NEVER) == 8;
		else
			k = qt_spsc_pop_n(q, item, n, QT_WAIT_NEVER);
		for (ssize_t i = 0; i < k; i++)
			must(item[i] == next++, "a wrong item");
		if (k <= 0)
			sched_yield();
	}
	start = qt_clock_mono_ns() - start;
	must(waitpid(pid, &status, 0) == pid && status == 0, "producer");
	qt_spsc_close(q);
	return (double)start / (double)(ITEMS * 4);
}

/* The same by Concurrency Kit's ring of pointers, where it is installed. */
static double
stream_ck(struct qt_seg *seg, size_t n)
{
#ifdef HAS_CK
	struct {
		struct ck_ring		ring;
		ck_ring_buffer_t	buffer[CAPACITY];
	}		*ck = mmap(NULL, sizeof(*ck), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t	 next = 0, start;
	int		 status;
	pid_t		 pid;

	(void)seg;
	(void)n;
	must(ck != MAP_FAILED, "mmap");
	ck_ring_init(&ck->ring, CAPACITY);
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		while (next < ITEMS * 4)
			if (ck_ring_enqueue_spsc(&ck->ring, ck->buffer,
			    (void *)(uintptr_t)(next + 1)))
				next++;
			else
				sched_yield();
		_exit(0);
	}
	while (ck_ring_size(&ck->ring) == 0)
		sched_yield();
	start = qt_clock_mono_ns();
	while (next < ITEMS * 4) {
		void	*item;

		if (ck_ring_dequeue_spsc(&ck->ring, ck->buffer, &item))
			must((uintptr_t)item == ++next, "a wrong item");
		else
			sched_yield();
	}
	start = qt_clock_mono_ns() - start;
	must(waitpid(pid, &status, 0) == pid && status == 0, "producer");
	munmap(ck, sizeof(*ck));
	return (double)start / (double)(ITEMS * 4);
#else
	(void)seg;
	(void)n;
	return 0;
#endif
}

static double
best_stream(struct qt_seg *seg, size_t n,
    double (*run)(struct qt_seg *seg, size_t n))
{
	double	min = 1e18;

	for (int i = 0; i < ROUNDS; i++) {
		double	ns = run(seg, n);

		min = ns < min ? ns : min;
	}
	return min;
}

static double
stack_pairs(struct qt_seg *seg)
{
	struct qt_stack_spec	 spec = { .dtype = "<u8",
	    .capacity = CAPACITY };
	struct qt_stack		*s;
	uint64_t		 start, item;

	must(qt_stack_create(seg, "stack", &spec, NULL) == 0 &&
	    qt_stack_open(seg, "stack", NULL, &s, NULL) == 0, "stack");
	start = qt_clock_mono_ns();
	for (uint64_t i = 0; i < PAIRS; i++)
		must(qt_stack_push(s, &i, 8, QT_WAIT_NEVER) == 0 &&
		    qt_stack_pop(s, &item, 8, QT_WAIT_NEVER) == 8 && item == i,
		    "stack");
	start = qt_clock_mono_ns() - start;
	qt_stack_close(s);
	return (double)start / PAIRS;
}

/* In turns, so that both meet the same weather. */
static void
best(double (*run)(struct bench *b), struct bench *b, double *ours,
    double *theirs)
{
	*ours = *theirs = 1e18;
	for (int i = 0; i < ROUNDS; i++) {
		double	ns;

		b->use_vyukov = 0;
		ns = run(b);
		*ours = ns < *ours ? ns : *ours;
		b->use_vyukov = 1;
		ns = run(b);
		*theirs = ns < *theirs ? ns : *theirs;
	}
}

int
main(void)
{
	struct qt_seg_spec	seg = { .size = 16u << 20, .mode = 0600,
	    .group = (gid_t)-1, .kind = "bench" };
	struct qt_queue_spec	spec = { .dtype = "<u8",
	    .capacity = CAPACITY };
	struct qt_spsc_spec	spsc = { .dtype = "<u8",
	    .capacity = CAPACITY };
	struct bench		b = { 0 };
	double			ours, theirs;

	must(qt_seg_create(NULL, &seg, &b.seg, NULL) == 0 &&
	    qt_queue_create(b.seg, "q", &spec, NULL) == 0 &&
	    qt_queue_open(b.seg, "q", NULL, &b.queue, NULL) == 0, "queue");
	b.vyukov = mmap(NULL, sizeof(*b.vyukov) + 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(b.vyukov != MAP_FAILED, "mmap");
	b.done = (void *)(b.vyukov + 1);
	for (uint64_t i = 0; i < CAPACITY; i++)
		atomic_store(&b.vyukov->cell[i].seq, i);
	best(pairs, &b, &ours, &theirs);
	printf("queue_pair\tns=%.1f\tvyukov_ns=%.1f\n", ours, theirs);
	best(batches, &b, &ours, &theirs);
	printf("queue_batch\tns=%.1f\n", ours);
	best(crowd, &b, &ours, &theirs);
	printf("queue_2+2\tns=%.1f\tvyukov_ns=%.1f\tratio=%.2f\n", ours,
	    theirs, theirs / ours);
	must(qt_spsc_create(b.seg, "spsc", &spsc, NULL) == 0, "spsc");
	printf("spsc_one\tns=%.1f\tck_ns=%.1f\n", best_stream(b.seg, 1,
	    stream), best_stream(b.seg, 1, stream_ck));
	printf("spsc_batch\tns=%.1f\n", best_stream(b.seg, BATCH, stream));
	printf("stack_pair\tns=%.1f\n", stack_pairs(b.seg));
	qt_queue_close(b.queue);
	qt_seg_close(b.seg);
	return EXIT_SUCCESS;
}
