/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that push to and pop from a queue (or stack), killed and stopped at
 * random. Each item has a number, each process writes down what it pushes before
 * it does and what it popped after it did. In the end, when all is drained:
 *
 *	- nothing came out twice (but redelivered items, that far);
 *	- what is missing was in the hands of who was killed: one item a kill;
 *	- without kills, everything came out once;
 *	- the items of one producer came in their order (queues).
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
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/shm/queue.h>
#include <qt/shm/stack.h>

#define WORKERS		6
#define ITEMS		(1u << 22)	/* numbers at most */
#define DEADLINE_MS	200000
#define CAPACITY	64u

/* What all know; it survives them. */
struct board {
	_Atomic uint64_t	next;		/* number to push */
	_Atomic uint64_t	done;		/* turns of all */
	_Atomic uint8_t		pushed[ITEMS];	/* 1 begun, 2 done */
	_Atomic uint8_t		popped[ITEMS];	/* how often */
	uint32_t		by[ITEMS];	/* who pushed it: life's number */
	_Atomic uint64_t	disorder;
	_Atomic uint32_t	stop;		/* leave in an orderly way */
};

struct world {
	struct qt_seg	*seg;
	struct qt_queue	*queue;		/* or */
	struct qt_stack	*stack;
	struct board	*board;
	pid_t		 pid[WORKERS];
	uint64_t	 deadline;
	uint32_t	 lives;
};

static int	number;		/* of the test */

static void
must(int ok, const char *what)
{
	if (!ok) {
		printf("not ok %d - storm: %s (%s)\n", number, what,
		    strerror(errno));
		fflush(stdout);
		kill(0, SIGKILL);
	}
}

static int
push(struct world *w, uint64_t n, unsigned int how)
{
	struct qt_queue_item	item;
	int			rc;

	if (w->stack != NULL)
		return qt_stack_push(w->stack, &n, 8, QT_WAIT_NEVER);
	if (how % 3 != 0)
		return qt_queue_push(w->queue, &n, 8, QT_WAIT_NEVER);
	rc = qt_queue_loan(w->queue, &item, QT_WAIT_NEVER);
	if (rc == 0) {
		memcpy(item.data, &n, 8);
		rc = qt_queue_publish(w->queue, &item, 8);
	}
	return rc;
}

static int
pop(struct world *w, uint64_t *n, unsigned int how)
{
	struct qt_queue_item	item;
	ssize_t			rc;

	if (w->stack != NULL)
		rc = qt_stack_pop(w->stack, n, 8, QT_WAIT_NEVER);
	else if (how % 3 != 0)
		rc = qt_queue_pop(w->queue, n, 8, QT_WAIT_NEVER);
	else
		rc = qt_queue_take(w->queue, &item, QT_WAIT_NEVER);
	if (w->queue != NULL && how % 3 == 0 && rc == 0) {
		memcpy(n, item.data, 8);
		rc = qt_queue_release(w->queue, &item);
	}
	return rc < 0 ? (int)rc : 0;
}

/* In a worker: its parent says what happened. */
static void
expect(int ok, int code)
{
	if (!ok)
		_exit(code);
}

static void
turn_push(struct world *w, uint32_t life, unsigned int r)
{
	struct board	*b = w->board;
	uint64_t	 n = atomic_fetch_add(&b->next, 1);
	int		 rc;

	if (n >= ITEMS)
		return;
	b->by[n] = life;
	atomic_store(&b->pushed[n], 1);
	rc = push(w, n, r);
	expect(rc == 0 || rc == -QT_EFULL, 11);
	atomic_store(&b->pushed[n], rc == 0 ? 2 : 0);
}

/* last: the newest number seen of each life. */
static void
turn_pop(struct world *w, uint64_t *last, uint32_t lives, unsigned int r)
{
	struct board	*b = w->board;
	uint64_t	 n;
	int		 rc = pop(w, &n, r);

	expect(rc == 0 || rc == -QT_EEMPTY, 21);
	if (rc < 0)
		return;
	expect(n < ITEMS && atomic_load(&b->pushed[n]) != 0, 22);
	atomic_fetch_add(&b->popped[n], 1);
	if (b->by[n] < lives) {
		if (last[b->by[n]] > n)
			atomic_fetch_add(&b->disorder, 1);
		last[b->by[n]] = n;
	}
}

#define LIVES_MAX	65536u

static void
work(struct world *w, int worker, uint32_t life, unsigned int seed)
{
	uint64_t	*last = calloc(LIVES_MAX, sizeof(*last));

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	expect(setpriority(PRIO_PROCESS, 0, 10) == 0 && last != NULL, 41);
	expect(qt_seg_after_fork(w->seg, NULL) == 0, 40);
	while (atomic_load(&w->board->stop) == 0) {
		unsigned int	r = (unsigned int)rand_r(&seed) >> 4;

		/* Some produce more, some consume more. */
		if (r % 8 < (unsigned int)worker + 1)
			turn_push(w, life, r / 8);
		else
			turn_pop(w, last, LIVES_MAX, r / 8);
		atomic_fetch_add(&w->board->done, 1);
	}
	_exit(0);
}

static void
start(struct world *w, int worker, unsigned int seed)
{
	uint32_t	life = w->lives++;

	w->pid[worker] = fork();
	must(w->pid[worker] >= 0, "fork");
	if (w->pid[worker] == 0)
		work(w, worker, life, seed);
}

static void
end(struct world *w, int worker)
{
	int	status;

	kill(w->pid[worker], SIGKILL);
	must(waitpid(w->pid[worker], &status, 0) == w->pid[worker], "waitpid");
	must(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	    "a worker ended by itself");
}

/* Until all together have done n more turns. */
static void
let_work(struct world *w, uint64_t n)
{
	uint64_t	goal = atomic_load(&w->board->done) + n;

	while (atomic_load(&w->board->done) < goal) {
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
prepare(struct world *w, int is_stack, unsigned int flags)
{
	struct qt_seg_spec	spec = { .size = 1u << 20, .mode = 0600,
	    .group = (gid_t)-1, .participants = WORKERS + 2, .kind = "storm" };
	struct qt_queue_spec	queue = { .item_max = 8, .capacity = CAPACITY,
	    .flags = flags };
	struct qt_stack_spec	stack = { .item_max = 8, .capacity = CAPACITY,
	    .flags = flags };

	memset(w, 0, sizeof(*w));
	w->deadline = qt_clock_mono_ms() + DEADLINE_MS;
	must(qt_seg_create(NULL, &spec, &w->seg, NULL) == 0, "create");
	if (is_stack)
		must(qt_stack_create(w->seg, "s", &stack, NULL) == 0 &&
		    qt_stack_open(w->seg, "s", NULL, &w->stack, NULL) == 0,
		    "stack");
	else
		must(qt_queue_create(w->seg, "q", &queue, NULL) == 0 &&
		    qt_queue_open(w->seg, "q", NULL, &w->queue, NULL) == 0,
		    "queue");
	w->board = mmap(NULL, sizeof(*w->board), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(w->board != MAP_FAILED, "mmap");
}

/* Drained by us, after a sweep; then the books are compared. */
static void
check(struct world *w, uint64_t kills, int is_again)
{
	struct board	*b = w->board;
	uint64_t	 n, lost = 0, twice = 0, out = 0;
	uint64_t	 end = atomic_load(&b->next);
	int		 rc;

	must(qt_seg_sweep(w->seg) >= 0, "sweep");
	must(qt_obj_fsck(w->seg, 0, NULL, NULL) == 0, "fsck");
	while ((rc = pop(w, &n, 1)) == 0) {
		must(n < ITEMS && atomic_load(&b->pushed[n]) != 0,
		    "an item that nobody pushed");
		atomic_fetch_add(&b->popped[n], 1);
	}
	must(rc == -QT_EEMPTY, "it cannot be drained");
	for (n = 0; n < end && n < ITEMS; n++) {
		unsigned int	times = atomic_load(&b->popped[n]);

		out += times > 0;
		twice += times > 1 ? times - 1 : 0;
		lost += times == 0 && atomic_load(&b->pushed[n]) == 2;
		must(times == 0 || atomic_load(&b->pushed[n]) != 0,
		    "an item that was refused came out");
	}
	printf("# %llu items out, %llu kills, %llu lost, %llu twice\n",
	    (unsigned long long)out, (unsigned long long)kills,
	    (unsigned long long)lost, (unsigned long long)twice);
	must(lost <= kills, "items were lost");
	must(twice <= (is_again ? kills : 0), "items came twice");
	must(w->stack != NULL || is_again || atomic_load(&b->disorder) == 0,
	    "items overtook each other");
	/* It is as new: full at its capacity, then empty. */
	for (n = 0; n < CAPACITY; n++)
		must(push(w, n, 1) == 0, "it is full too soon");
	must(push(w, n, 1) == -QT_EFULL, "it is not full");
	for (n = 0; n < CAPACITY; n++)
		must(pop(w, &end, 1) == 0, "it is empty too soon");
	must(qt_obj_fsck(w->seg, 0, NULL, NULL) == 0, "fsck");
	qt_queue_close(w->queue);
	qt_stack_close(w->stack);
	qt_seg_close(w->seg);
	munmap(w->board, sizeof(*b));
}

static void
storm(const char *what, int is_stack, unsigned int flags, unsigned int kills,
    unsigned int seed)
{
	struct world	w;
	uint64_t	killed = 0;

	number++;
	prepare(&w, is_stack, flags);
	for (int i = 0; i < WORKERS; i++)
		start(&w, i, seed + (unsigned int)i);
	for (unsigned int n = 0; n < kills; n++) {
		int	i = rand_r(&seed) % WORKERS;

		let_work(&w, (unsigned int)rand_r(&seed) % 500);
		/* The others go on while one is stopped in the middle. */
		if (n % 3 == 0) {
			kill(w.pid[i], SIGSTOP);
			let_work(&w, 200);
		}
		if (n % 6 == 0) {
			kill(w.pid[i], SIGCONT);
			continue;
		}
		end(&w, i);
		killed++;
		start(&w, i, (unsigned int)rand_r(&seed));
	}
	for (int i = 0; i < WORKERS; i++)
		end(&w, i);
	check(&w, killed + WORKERS, flags != 0);
	printf("ok %d - %s: nothing but the victims' own is lost\n", number,
	    what);
	fflush(stdout);
}

static void
calm(const char *what, int is_stack, unsigned int seed)
{
	struct world	w;
	int		status;

	number++;
	prepare(&w, is_stack, 0);
	for (int i = 0; i < WORKERS; i++)
		start(&w, i, seed + (unsigned int)i);
	let_work(&w, 200000);
	atomic_store(&w.board->stop, 1);
	for (int i = 0; i < WORKERS; i++)
		must(waitpid(w.pid[i], &status, 0) == w.pid[i] && status == 0,
		    "a worker found something wrong");
	check(&w, 0, 0);
	printf("ok %d - %s: without deaths everything comes out once\n", number,
	    what);
	fflush(stdout);
}

int
main(void)
{
	const char	*length = getenv("QT_STRESS");
	int		 is_long = length != NULL && strcmp(length, "long") == 0;
	const char	*seed_text = getenv("SEED"), *kills_text = getenv("KILLS");
	unsigned int	 seed = seed_text == NULL ? (unsigned int)getpid() :
	    (unsigned int)strtoul(seed_text, NULL, 0);
	unsigned int	 kills = kills_text == NULL ? (is_long ? 10000 : 300) :
	    (unsigned int)strtoul(kills_text, NULL, 0);

	setpgid(0, 0);		/* must() ends all of us */
	printf("1..6\n# SEED=%u KILLS=%u\n", seed, kills);
	fflush(stdout);
	storm("a queue", 0, 0, kills, seed);
	storm("a queue that delivers again", 0, QT_QUEUE_REDELIVER, kills,
	    seed);
	storm("a stack", 1, 0, kills, seed);
	storm("a stack that delivers again", 1, QT_STACK_REDELIVER, kills,
	    seed);
	calm("a queue", 0, seed);
	calm("a stack", 1, seed);
	return 0;
}
