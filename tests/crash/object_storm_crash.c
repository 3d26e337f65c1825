/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many processes that make, open, use and erase objects of the same names, and
 * are killed and stopped at random. Then no object is damaged, every name can
 * be erased, and every page is back.
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
#include <qt/shm/array.h>
#include <qt/shm/value.h>

#define WORKERS		5
#define NAMES		6
#define SIZE		(2u << 20)
#define LEN		48
#define DEADLINE_MS	300000

struct world {
	struct qt_seg	*seg;
	_Atomic uint64_t *done;		/* operations, in the segment */
	pid_t		 pid[WORKERS];
	uint64_t	 used, deadline;
};

static void
must(int ok, const char *what)
{
	if (!ok) {
		printf("not ok 1 - storm of objects: %s: %s\n", what,
		    strerror(errno));
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

static const char *
name_of(unsigned int r)
{
	static const char *const	names[NAMES] = { "a", "b", "c", "d",
	    "e", "f" };

	return names[r % NAMES];
}

static int
is_a_no(int rc)
{
	return rc == -ENOENT || rc == -EEXIST || rc == -EINVAL ||
	    rc == -ENOMEM || rc == -QT_EFULL;
}

static void
turn_make(struct qt_seg *seg, unsigned int r)
{
	struct qt_array_spec	a = { .dtype = "i8",
	    .shape = { 1 + r / NAMES % 9000 } };
	struct qt_value_spec	v = { .size = LEN, .writers = 2 };
	int			rc = r & 1 ?
	    qt_array_create(seg, name_of(r), &a, NULL) :
	    qt_value_create(seg, name_of(r), &v, NULL);

	expect(rc == 0 || is_a_no(rc), 11);
}

/* An array counts up, at its two ends; whoever dies has done one and not both. */
static void
turn_array(struct qt_seg *seg, unsigned int r)
{
	struct qt_array	*a;
	uint64_t	 last;
	int64_t		 first, second;
	int		 rc = qt_array_open(seg, name_of(r), NULL, &a, NULL);

	if (rc < 0) {
		expect(is_a_no(rc), 21);
		return;
	}
	last = qt_array_count(a) - 1;
	expect(qt_array_add(a, 0, 1, &first) == 0, 22);
	expect(qt_array_add(a, last, 1, &second) == 0, 23);
	expect(first >= 0 && second >= 0, 24);
	qt_array_close(a);
}

/* A value is all of one letter. */
static void
turn_value(struct qt_seg *seg, unsigned int r)
{
	struct qt_value	*v;
	char		 text[LEN];
	ssize_t		 n;
	int		 rc = qt_value_open(seg, name_of(r), NULL, &v, NULL);

	if (rc < 0) {
		expect(is_a_no(rc), 31);
		return;
	}
	n = qt_value_get(v, text, LEN, NULL);
	expect(n == LEN || n == -QT_EEMPTY, 32);
	for (ssize_t i = 1; i < n; i++)
		expect(text[i] == text[0], 33);
	memset(text, (int)('a' + r % 26), LEN);
	rc = qt_value_put(v, text, LEN, NULL);
	/* As many writers as it was made for may be stopped. */
	expect(rc == 0 || rc == -EBUSY, 34);
	qt_value_close(v);
}

static void
work(struct world *w, int worker, unsigned int seed)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Who kills goes first, or each kill waits for a turn of the CPU. */
	expect(setpriority(PRIO_PROCESS, 0, 10) == 0, 41);
	expect(qt_seg_after_fork(w->seg, NULL) == 0, 40);
	for (;;) {
		unsigned int	r = (unsigned int)rand_r(&seed) >> 4;
		int		rc;

		switch (r & 7) {
		case 0: case 1:
			turn_make(w->seg, r >> 3);
			break;
		case 2:
			rc = qt_obj_erase(w->seg, name_of(r >> 3), NULL);
			expect(rc == 0 || rc == -ENOENT, 51);
			break;
		case 3: case 4:
			turn_array(w->seg, r >> 3);
			break;
		default:
			turn_value(w->seg, r >> 3);
		}
		atomic_fetch_add(&w->done[worker], 1);
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
		n += atomic_load(&w->done[i]);
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
	    .group = (gid_t)-1, .participants = WORKERS + 2, .entries = 10,
	    .kind = "storm" };
	uint64_t		at, *all = calloc(SIZE / 4096, sizeof(*all));
	size_t			n = 0;

	must(qt_seg_create(NULL, &spec, &w->seg, NULL) == 0 && all != NULL,
	    "create");
	must(qt_seg_alloc(w->seg, WORKERS * 8, &at) == 0, "alloc");
	w->done = qt_seg_at(w->seg, at, WORKERS * 8);
	/* Each page once, so that the whole map has memory from here on. */
	while (qt_seg_alloc(w->seg, 4096, &all[n]) == 0)
		n++;
	while (n > 0)
		must(qt_seg_free(w->seg, all[--n]) == 0, "free");
	free(all);
	w->used = qt_seg_used(w->seg);
}

static void
fault(void *arg, const char *name, const char *what)
{
	(void)arg;
	printf("# %s: %s\n", name, what);
}

static void
check(struct world *w)
{
	struct qt_err	err = QT_ERR_INIT;

	must(qt_seg_sweep(w->seg) >= 0, "sweep");
	must(qt_seg_fsck(w->seg, &err) == 0, err.text);
	must(qt_obj_fsck(w->seg, 0, fault, NULL) == 0, "fsck of objects");
	for (unsigned int i = 0; i < NAMES; i++) {
		int	rc = qt_obj_erase(w->seg, name_of(i), NULL);

		must(rc == 0 || rc == -ENOENT, "erase");
	}
	must(qt_obj_gc(w->seg) >= 0, "gc");
	must(qt_seg_fsck(w->seg, &err) == 0, err.text);
	must(qt_seg_used(w->seg) == w->used, "memory was lost");
	for (unsigned int i = 0; i < 100; i++) {
		turn_make(w->seg, i);
		must(qt_obj_erase(w->seg, name_of(i), NULL) == 0,
		    "erase what was just made");
	}
	must(qt_seg_used(w->seg) == w->used, "memory was lost later");
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
	printf("ok 1 - a storm of kills and stops loses no object and no space\n");
	return 0;
}
