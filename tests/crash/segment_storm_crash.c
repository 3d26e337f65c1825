/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many processes that join, allocate, free, make and destroy rings and entries,
 * and are killed and stopped at random. Then the survivor finds every table
 * sound, no byte written by two, and every page back.
 *
 * SEED=n repeats the order of kills (not the scheduler's); KILLS=n how many.
 */

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/shm/ring.h>

#define WORKERS		6
#define EXTENTS		12		/* words of extents a worker has */
#define SIZE		(4u << 20)
#define DEADLINE_MS	300000

/* What a worker has; it survives the worker, and its successor goes on. */
struct desk {
	uint64_t	extent[EXTENTS];
	uint64_t	size[EXTENTS];
	uint64_t	ring;
	_Atomic uint64_t done;
	uint64_t	pad[6];
};

struct world {
	struct qt_seg	*seg;
	struct desk	*desk;		/* in the segment */
	pid_t		 pid[WORKERS];
	uint64_t	 used, deadline;
};

static void
must(int ok, const char *what)
{
	if (!ok) {
		printf("not ok 1 - storm: %s: %s\n", what, strerror(errno));
		fflush(stdout);
		kill(0, SIGKILL);
	}
}

/* In a worker: its parent says what happened. */
static void
expect(int ok, int code)
{
	if (!ok)
		_exit(code);
}

/* Extents carry their worker's mark, or still zeros if it died before. */
static int
is_marked(const unsigned char *p, uint64_t size, int worker)
{
	unsigned char	mark = (unsigned char)(worker + 1);

	for (uint64_t i = 0; i < size; i += 512)
		if (p[i] != 0 && p[i] != mark)
			return 0;
	return p[size - 1] == 0 || p[size - 1] == mark;
}

static void
turn_extent(struct qt_seg *seg, struct desk *d, int worker, unsigned int r)
{
	unsigned int	k = r % EXTENTS;
	unsigned char	*p;
	int		rc;

	if (d->extent[k] != 0) {
		p = qt_seg_at(seg, d->extent[k], d->size[k]);
		expect(p != NULL && is_marked(p, d->size[k], worker), 11);
		expect(qt_seg_free_at(seg, &d->extent[k]) == 0, 12);
		return;
	}
	d->size[k] = 1 + r / EXTENTS % 40000;
	rc = qt_seg_alloc(seg, d->size[k], &d->extent[k]);
	expect(rc == 0 || rc == -ENOMEM, 13);
	if (rc == 0)
		memset(qt_seg_at(seg, d->extent[k], d->size[k]), worker + 1,
		    d->size[k]);
}

static void
turn_ring(struct qt_seg *seg, struct desk *d, int worker, unsigned int r)
{
	struct qt_ring_writer	*w;
	struct qt_ring_reader	*reader;
	unsigned char		 data[6000];
	uint64_t		 tail;
	ssize_t			 n;
	int			 rc;

	if (d->ring == 0) {
		rc = qt_ring_create(seg, 16 << 10, &d->ring);
		expect(rc == 0 || rc == -ENOMEM, 21);
		return;
	}
	if (r % 7 == 0) {
		expect(qt_ring_destroy_at(seg, &d->ring) == 0, 22);
		return;
	}
	rc = qt_ring_writer_open(seg, d->ring, &w, NULL);
	if (rc == -QT_EGONE) {		/* died while destroying it */
		expect(qt_ring_destroy_at(seg, &d->ring) == 0, 23);
		return;
	}
	expect(rc == 0, 24);
	memset(data, worker + 1, sizeof(data));
	rc = qt_ring_write(w, data, r % sizeof(data));
	expect(rc == 0 || rc == -ENOMEM, 25);
	qt_ring_writer_close(w);
	expect(qt_ring_reader_open(seg, d->ring, &reader, NULL) == 0, 26);
	qt_ring_range(reader, &tail, NULL);
	n = qt_ring_read(reader, tail, data, sizeof(data));
	expect(n >= 0, 27);
	for (ssize_t i = 0; i < n; i++)
		expect(data[i] == worker + 1, 28);
	qt_ring_reader_close(reader);
}

static void
turn_entry(struct qt_seg *seg, struct desk *d, int worker)
{
	struct qt_seg_entry	e = { .size = 8 }, got;
	int			rc;

	e.offset = qt_seg_offset(seg, d);
	snprintf(e.name, sizeof(e.name), "worker %d", worker);
	rc = qt_seg_entry_add(seg, &e);
	expect(rc == 0 || rc == -EEXIST, 31);
	expect(qt_seg_entry_get(seg, e.name, &got) == 0, 32);
	expect(got.offset == e.offset, 33);
	expect(qt_seg_entry_del(seg, e.name) == 0, 34);
}

static void
work(struct world *w, int worker, unsigned int seed)
{
	struct desk	*d = &w->desk[worker];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Who kills goes first, or each kill waits for a turn of the CPU. */
	expect(setpriority(PRIO_PROCESS, 0, 10) == 0, 41);
	expect(qt_seg_after_fork(w->seg, NULL) == 0, 40);
	for (;;) {
		unsigned int	r = (unsigned int)rand_r(&seed);

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
		atomic_fetch_add(&d->done, 1);
	}
}

static void
start(struct world *w, int worker, unsigned int seed)
{
	w->pid[worker] = fork();
	must(w->pid[worker] >= 0, "fork");
	if (w->pid[worker] == 0)
		work(w, worker, seed);
}

static void
end(struct world *w, int worker)
{
	char	text[64];
	int	status;

	kill(w->pid[worker], SIGKILL);
	must(waitpid(w->pid[worker], &status, 0) == w->pid[worker], "waitpid");
	snprintf(text, sizeof(text), "worker %d stopped with %#x", worker,
	    (unsigned int)status);
	must(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, text);
}

static uint64_t
done(const struct world *w)
{
	uint64_t	n = 0;

	for (int i = 0; i < WORKERS; i++)
		n += atomic_load(&w->desk[i].done);
	return n;
}

/* Until all together have done n more. */
static void
let_work(struct world *w, unsigned int n)
{
	uint64_t	goal = done(w) + n;

	while (done(w) < goal) {
		must(qt_clock_mono_ms() < w->deadline, "no progress");
		for (int i = 0; i < WORKERS; i++) {
			int	status;

			if (waitpid(w->pid[i], &status, WNOHANG) == 0)
				continue;
			printf("# worker %d: %#x\n", i, (unsigned int)status);
			must(0, "a worker found something wrong");
		}
		sched_yield();
	}
}

static void
prepare(struct world *w)
{
	struct qt_seg_spec	spec = { .size = SIZE, .mode = 0600,
	    .group = (gid_t)-1, .participants = WORKERS + 2, .kind = "storm" };
	uint64_t		at, *all = calloc(SIZE / 4096, sizeof(*all));
	size_t			n = 0;

	must(qt_seg_create(NULL, &spec, &w->seg, NULL) == 0 && all != NULL,
	    "create");
	must(qt_seg_alloc(w->seg, sizeof(struct desk) * WORKERS, &at) == 0,
	    "alloc");
	w->desk = qt_seg_at(w->seg, at, sizeof(struct desk) * WORKERS);
	/* Each page once, so that the whole map has memory from here on. */
	while (qt_seg_alloc(w->seg, 4096, &all[n]) == 0)
		n++;
	while (n > 0)
		must(qt_seg_free(w->seg, all[--n]) == 0, "free");
	free(all);
	w->used = qt_seg_used(w->seg);
}

static void
check(struct world *w)
{
	struct qt_err	err = QT_ERR_INIT;
	uint64_t	all;

	must(qt_seg_sweep(w->seg) >= 0, "sweep");
	must(qt_seg_fsck(w->seg, &err) == 0, err.text);
	for (int i = 0; i < WORKERS; i++) {
		struct desk	*d = &w->desk[i];

		for (int k = 0; k < EXTENTS; k++) {
			if (d->extent[k] != 0)
				must(is_marked(qt_seg_at(w->seg, d->extent[k],
				    d->size[k]), d->size[k], i), "marks");
			must(qt_seg_free_at(w->seg, &d->extent[k]) == 0,
			    "free");
		}
		must(qt_ring_destroy_at(w->seg, &d->ring) == 0, "destroy");
	}
	must(qt_seg_fsck(w->seg, &err) == 0, err.text);
	must(qt_seg_used(w->seg) == w->used, "memory was lost");
	must(qt_seg_alloc(w->seg, 3u << 20, &all) == 0, "space was lost");
	qt_seg_close(w->seg);
}

static unsigned int
number(const char *name, unsigned int otherwise)
{
	const char	*text = getenv(name);

	return text == NULL ? otherwise : (unsigned int)strtoul(text, NULL, 0);
}

int
main(void)
{
	const char	*length = getenv("QT_STRESS");
	int		 is_long = length != NULL && strcmp(length, "long") == 0;
	unsigned int	 seed = number("SEED", (unsigned int)getpid());
	unsigned int	 kills = number("KILLS", is_long ? 20000 : 600);
	struct world	 w = { .deadline = qt_clock_mono_ms() + DEADLINE_MS };

	setpgid(0, 0);		/* must() ends all of us */
	printf("1..1\n# SEED=%u KILLS=%u\n", seed, kills);
	fflush(stdout);
	prepare(&w);
	for (int i = 0; i < WORKERS; i++)
		start(&w, i, seed + (unsigned int)i);
	for (unsigned int n = 0; n < kills; n++) {
		int	i = rand_r(&seed) % WORKERS;

		let_work(&w, (unsigned int)rand_r(&seed) % 30);
		if (n % 4 == 0)
			kill(w.pid[i], SIGSTOP);
		for (int k = n % 4 == 0 ? 50 : 0; k > 0; k--)
			sched_yield();
		if (n % 8 == 0) {
			kill(w.pid[i], SIGCONT);
			continue;
		}
		end(&w, i);
		start(&w, i, (unsigned int)rand_r(&seed));
	}
	for (int i = 0; i < WORKERS; i++)
		end(&w, i);
	printf("# %llu operations\n", (unsigned long long)done(&w));
	check(&w);
	printf("ok 1 - a storm of kills and stops loses nothing\n");
	return 0;
}
