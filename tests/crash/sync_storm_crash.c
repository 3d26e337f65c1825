/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many processes that lock, read, write, take permits and meet at a barrier,
 * and are killed and stopped at random. What the locks protect are pairs of
 * plain numbers in an array, changed one after the other: whoever is let in and
 * is not told that they are stale finds them equal, and nobody else changes
 * them meanwhile. Two that are never killed meet at the barrier too, and stay
 * in step. At the end every permit is back.
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
#include <qt/shm/barrier.h>
#include <qt/shm/mutex.h>
#include <qt/shm/rwlock.h>
#include <qt/shm/semaphore.h>

#define WORKERS		6
#define MARCHERS	2		/* are never killed */
#define PERMITS		3u
#define DEADLINE_MS	300000

struct world {
	struct qt_seg		*seg;
	struct qt_mutex		*mutex;
	struct qt_rwlock	*rwlock;
	struct qt_semaphore	*semaphore;
	struct qt_barrier	*barrier;
	struct qt_array		*array;
	/* Of the array: two pairs, then what each has done. */
	uint64_t		*pair;
	_Atomic uint64_t	*done;
	pid_t			 pid[WORKERS + MARCHERS];
	uint64_t		 deadline;
};

static void
must(int ok, const char *what)
{
	if (!ok) {
		printf("not ok 1 - storm: %s\n", what);
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

static uint64_t
deadline(unsigned int r)
{
	if (r % 8 == 0)
		return QT_WAIT_NEVER;
	return r % 8 < 3 ? qt_wait_deadline(r / 8 % 6) : QT_WAIT_FOREVER;
}

static int
is_no(int rc)
{
	return rc == -EBUSY || rc == -ETIMEDOUT;
}

/* A pair that we may change: only we do, and others see all or nothing. */
static void
change(uint64_t *at, int is_stale, int code)
{
	volatile uint64_t	*pair = at;
	uint64_t		 n = pair[0];

	if (is_stale)
		pair[1] = n;
	expect(pair[1] == n, code);
	pair[0] = n + 1;
	if (n % 16 == 0)
		sched_yield();
	pair[1] = n + 1;
	expect(pair[0] == n + 1, code + 1);
}

static void
turn_mutex(struct world *w, unsigned int r)
{
	int	rc = qt_mutex_lock(w->mutex, deadline(r));

	if (is_no(rc))
		return;
	expect(rc == 0 || rc == 1, 11);
	change(w->pair, rc, 12);
	if (rc == 1)
		expect(qt_mutex_consistent(w->mutex) == 0, 14);
	expect(qt_mutex_unlock(w->mutex) == 0, 15);
}

static void
turn_write(struct world *w, unsigned int r)
{
	int	rc = qt_rwlock_lock_write(w->rwlock, deadline(r));

	if (is_no(rc))
		return;
	expect(rc == 0 || rc == 1, 21);
	change(w->pair + 2, rc, 22);
	if (rc == 1)
		expect(qt_rwlock_consistent(w->rwlock) == 0, 24);
	expect(qt_rwlock_unlock_write(w->rwlock) == 0, 25);
}

static void
turn_read(struct world *w, unsigned int r)
{
	volatile uint64_t	*pair = w->pair + 2;
	uint64_t		 n;
	int			 rc = qt_rwlock_lock_read(w->rwlock,
	    deadline(r));

	if (is_no(rc))
		return;
	expect(rc == 0 || rc == 1, 31);
	n = pair[0];
	expect(rc == 1 || pair[1] == n, 32);
	if (r / 64 % 4 == 0)
		sched_yield();
	expect(pair[0] == n, 33);
	expect(qt_rwlock_unlock_read(w->rwlock) == 0, 34);
}

static void
turn_semaphore(struct world *w, unsigned int r)
{
	int	rc = qt_semaphore_wait(w->semaphore, deadline(r));

	if (is_no(rc))
		return;
	expect(rc == 0, 41);
	expect(qt_semaphore_value(w->semaphore) < PERMITS, 42);
	if (r / 64 % 4 == 0)
		sched_yield();
	expect(qt_semaphore_post(w->semaphore) == 0, 43);
}

/* Comes along for a few phases. */
static void
turn_barrier(struct world *w, unsigned int r)
{
	struct qt_barrier	*b;

	expect(qt_barrier_open(w->seg, "barrier", &b, NULL) == 0, 51);
	for (unsigned int i = 0; i < r % 4; i++) {
		int	rc = qt_barrier_wait(b, qt_wait_deadline(20));

		if (rc == -QT_EFULL)
			break;
		expect(rc >= 0 || rc == -EOWNERDEAD || is_no(rc), 52);
	}
	expect(qt_barrier_leave(b) <= 0, 53);
	qt_barrier_close(b);
}

static void
work(struct world *w, int worker, unsigned int seed)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Who kills goes first, or each kill waits for a turn of the CPU. */
	expect(setpriority(PRIO_PROCESS, 0, 10) == 0, 60);
	expect(qt_seg_after_fork(w->seg, NULL) == 0, 61);
	for (;;) {
		unsigned int	r = (unsigned int)rand_r(&seed) >> 8;

		switch (rand_r(&seed) >> 4 & 7) {
		case 0: case 1: case 2:
			turn_mutex(w, r);
			break;
		case 3:
			turn_write(w, r);
			break;
		case 4: case 5:
			turn_read(w, r);
			break;
		case 6:
			turn_semaphore(w, r);
			break;
		default:
			turn_barrier(w, r);
		}
		atomic_fetch_add(&w->done[worker], 1);
	}
}

/* Whoever has passed step n, the other one has come to it as well. */
static void
march(struct world *w, int me)
{
	int			 other = me == WORKERS ? me + 1 : me - 1, rc;
	struct qt_barrier	*b;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	expect(setpriority(PRIO_PROCESS, 0, 10) == 0, 70);
	expect(qt_seg_after_fork(w->seg, NULL) == 0, 71);
	expect(qt_barrier_open(w->seg, "barrier", &b, NULL) == 0, 72);
	expect(qt_barrier_join(b) == 0, 76);
	for (uint64_t n = 1;; n++) {
		atomic_store(&w->done[me], n);
		do
			rc = qt_barrier_wait(b, QT_WAIT_FOREVER);
		while (rc == -EOWNERDEAD);
		expect(rc >= 0, 73);
		expect(atomic_load(&w->done[other]) >= n, 74);
		expect(atomic_load(&w->done[other]) <= n + 1, 75);
	}
}

static void
start(struct world *w, int i, unsigned int seed)
{
	w->pid[i] = fork();
	must(w->pid[i] >= 0, "fork");
	if (w->pid[i] == 0 && i < WORKERS)
		work(w, i, seed);
	if (w->pid[i] == 0)
		march(w, i);
}

static void
end(struct world *w, int i)
{
	char	text[64];
	int	status;

	kill(w->pid[i], SIGKILL);
	must(waitpid(w->pid[i], &status, 0) == w->pid[i], "waitpid");
	snprintf(text, sizeof(text), "process %d stopped with %#x", i,
	    (unsigned int)status);
	must(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, text);
}

static void
stop(struct world *w, int i)
{
	int	status;

	kill(w->pid[i], SIGSTOP);
	must(waitpid(w->pid[i], &status, WUNTRACED) == w->pid[i] &&
	    WIFSTOPPED(status), "stop");
}

static uint64_t
done(const struct world *w, int first, int count)
{
	uint64_t	n = 0;

	for (int i = first; i < first + count; i++)
		n += atomic_load(&w->done[i]);
	return n;
}

static void
check_running(struct world *w, int first, int count)
{
	must(qt_clock_mono_ms() < w->deadline, "no progress");
	for (int i = first; i < first + count; i++) {
		int	status;

		if (waitpid(w->pid[i], &status, WNOHANG) == 0)
			continue;
		printf("# process %d: %#x\n", i, (unsigned int)status);
		must(0, "a process found something wrong");
	}
	sched_yield();
}

/* Until these together have done n more. */
static void
let_work(struct world *w, int first, int count, uint64_t n)
{
	uint64_t	goal = done(w, first, count) + n;

	while (done(w, first, count) < goal)
		check_running(w, 0, WORKERS + MARCHERS);
}

static void
prepare(struct world *w)
{
	struct qt_seg_spec		 spec = { .size = 1 << 20,
	    .mode = 0600, .group = (gid_t)-1,
	    .participants = WORKERS + MARCHERS + 2, .kind = "storm" };
	struct qt_array_spec		 words = { .dtype = "<u8",
	    .shape = { 4 + WORKERS + MARCHERS } };
	struct qt_semaphore_spec	 permits = { .value = PERMITS,
	    .max = PERMITS, .flags = QT_SEMAPHORE_UNDO };
	struct qt_barrier		*b;

	must(qt_seg_create(NULL, &spec, &w->seg, NULL) == 0, "create");
	must(qt_array_create(w->seg, "words", &words, NULL) == 0 &&
	    qt_array_open(w->seg, "words", NULL, &w->array, NULL) == 0 &&
	    qt_mutex_create(w->seg, "mutex", NULL) == 0 &&
	    qt_mutex_open(w->seg, "mutex", &w->mutex, NULL) == 0 &&
	    qt_rwlock_create(w->seg, "rwlock", NULL) == 0 &&
	    qt_rwlock_open(w->seg, "rwlock", &w->rwlock, NULL) == 0 &&
	    qt_semaphore_create(w->seg, "permits", &permits, NULL) == 0 &&
	    qt_semaphore_open(w->seg, "permits", &w->semaphore, NULL) == 0 &&
	    qt_barrier_create(w->seg, "barrier", MARCHERS + 2, NULL) == 0,
	    "make objects");
	w->pair = qt_array_data(w->array);
	w->done = (_Atomic uint64_t *)w->pair + 4;
	/* The marchers do not wait for those who may come along. */
	for (int i = 0; i < 2; i++) {
		must(qt_barrier_open(w->seg, "barrier", &b, NULL) == 0 &&
		    qt_barrier_join(b) == 0 && qt_barrier_leave(b) == 0,
		    "barrier");
		qt_barrier_close(b);
	}
}

/* Everybody is dead. */
static void
check(struct world *w)
{
	int	rc;

	rc = qt_mutex_lock(w->mutex, qt_wait_deadline(DEADLINE_MS));
	must(rc == 1 || (rc == 0 && w->pair[0] == w->pair[1]), "mutex");
	rc = qt_rwlock_lock_read(w->rwlock, qt_wait_deadline(DEADLINE_MS));
	must(rc == 1 || (rc == 0 && w->pair[2] == w->pair[3]), "read");
	must(qt_rwlock_unlock_read(w->rwlock) == 0, "unlock");
	must(qt_rwlock_lock_write(w->rwlock, qt_wait_deadline(DEADLINE_MS)) ==
	    rc, "write");
	must(qt_seg_sweep(w->seg) >= 0, "sweep");
	must(qt_semaphore_value(w->semaphore) == PERMITS, "permits");
	must(qt_obj_fsck(w->seg, 0, NULL, NULL) == 0, "fsck of objects");
	must(qt_seg_fsck(w->seg, NULL) == 0, "fsck");
	printf("# %llu operations, %llu and %llu changes, %llu phases\n",
	    (unsigned long long)done(w, 0, WORKERS),
	    (unsigned long long)w->pair[0], (unsigned long long)w->pair[2],
	    (unsigned long long)done(w, WORKERS, 1));
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
	unsigned int	 kills = number("KILLS", is_long ? 20000 : 500);
	struct world	 w = { .deadline = qt_clock_mono_ms() + DEADLINE_MS *
	    (is_long ? 10 : 1) };

	setpgid(0, 0);		/* must() ends all of us */
	printf("1..1\n# SEED=%u KILLS=%u\n", seed, kills);
	fflush(stdout);
	prepare(&w);
	/* Those who march first, or others have their places. */
	for (int i = WORKERS; i < WORKERS + MARCHERS; i++)
		start(&w, i, 0);
	while (w.done[WORKERS] == 0 || w.done[WORKERS + 1] == 0)
		check_running(&w, WORKERS, MARCHERS);
	for (int i = 0; i < WORKERS; i++)
		start(&w, i, seed + (unsigned int)i);
	for (unsigned int n = 0; n < kills; n++) {
		int	i = rand_r(&seed) % WORKERS;

		let_work(&w, 0, WORKERS, (uint64_t)rand_r(&seed) % 30);
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
	let_work(&w, WORKERS, MARCHERS, 4);
	/* Who marches must not see the other die. */
	for (int i = WORKERS; i < WORKERS + MARCHERS; i++)
		stop(&w, i);
	for (int i = 0; i < WORKERS + MARCHERS; i++)
		end(&w, i);
	check(&w);
	printf("ok 1 - a storm of kills and stops leaves every lock usable\n");
	return 0;
}
