/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Row: SIGKILL after each instruction of a push and of a pop.
 *
 *	child	joins, is stepped through the operation by ptrace(2), and is
 *		killed after its n-th instruction, for every n
 *	parent	the survivor: drains the queue, then fills and empties it for
 *		three laps
 *
 * The same for every operation of every structure is `make check-crash`.
 */

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/shm/queue.h>

#include "shm_rows.h"

#define SEGMENT_SIZE	(256u << 10)
#define CAPACITY	4u
#define BEFORE		2u		/* items 1 and 2 */
#define LAPS		3u
#define STEPS_MAX	100000u
#define POINTS_MAX	10000u

struct victim {
	struct qt_seg	*seg;
	struct qt_queue	*queue;
	pid_t		 pid;
};

struct sweep {
	uint64_t	kills, unusable, wrong;
};

static void
push_one(struct qt_queue *q)
{
	uint64_t	item = BEFORE + 1;

	if (qt_queue_push(q, &item, sizeof(item), QT_WAIT_NEVER) != 0)
		_exit(2);
}

static void
pop_one(struct qt_queue *q)
{
	uint64_t	item;

	if (qt_queue_pop(q, &item, sizeof(item), QT_WAIT_NEVER) < 0)
		_exit(2);
}

/* A segment with a queue of two items, and a child that waits at op. */
static void
victim_start(struct victim *v, void (*op)(struct qt_queue *q))
{
	struct qt_queue_spec	spec = { .dtype = "<u8",
	    .capacity = CAPACITY };
	int			status;

	v->seg = shm_segment(SEGMENT_SIZE);
	shm_must(qt_queue_create(v->seg, "q", &spec, NULL), "make a queue");
	shm_must(qt_queue_open(v->seg, "q", NULL, &v->queue, NULL),
	    "open a queue");
	for (uint64_t i = 1; i <= BEFORE; i++)
		shm_must(qt_queue_push(v->queue, &i, sizeof(i),
		    QT_WAIT_NEVER), "push");
	v->pid = fork();
	if (v->pid < 0)
		qt_die(QT_EXIT_SYS, "fork: %s", strerror(errno));
	if (v->pid == 0) {
		if (qt_seg_after_fork(v->seg, NULL) < 0 ||
		    ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(1);
		raise(SIGSTOP);
		op(v->queue);
		_exit(0);
	}
	if (waitpid(v->pid, &status, 0) < 0 || !WIFSTOPPED(status))
		v->pid = 0;
}

/* 1 while it is there, 0 when it has ended, -1 when the operation failed. */
static int
victim_step(const struct victim *v)
{
	int	status;

	if (ptrace(PTRACE_SINGLESTEP, v->pid, NULL, NULL) < 0 ||
	    waitpid(v->pid, &status, 0) < 0)
		return -1;
	if (WIFSTOPPED(status))
		return 1;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static void
victim_kill(struct victim *v)
{
	kill(v->pid, SIGKILL);
	(void)waitpid(v->pid, NULL, 0);
}

static void
victim_end(struct victim *v)
{
	qt_queue_close(v->queue);
	qt_seg_close(v->seg);
}

/* All that is in it, in order, but perhaps without what the victim took. */
static int
is_right(struct qt_queue *q, int was_push)
{
	uint64_t	want = 1, item, count = 0;

	while (qt_queue_pop(q, &item, sizeof(item), QT_WAIT_NEVER) > 0) {
		if (count++ == 0 && !was_push && item == 2)
			want = 2;
		if (item != want++)
			return 0;
	}
	return want == BEFORE + 1 || (was_push && want == BEFORE + 2);
}

static int
is_usable(struct qt_queue *q)
{
	uint64_t	item;

	for (uint64_t lap = 0; lap < LAPS; lap++) {
		for (uint64_t i = 0; i < CAPACITY; i++)
			if (qt_queue_push(q, &i, sizeof(i), QT_WAIT_NEVER) != 0)
				return 0;
		for (uint64_t i = 0; i < CAPACITY; i++)
			if (qt_queue_pop(q, &item, sizeof(item),
			    QT_WAIT_NEVER) != sizeof(item) || item != i)
				return 0;
	}
	return 1;
}

/* How many instructions it has: 0 when they cannot be counted here. */
static uint32_t
count_steps(void (*op)(struct qt_queue *q))
{
	struct victim	v;
	uint32_t	n = 0;
	int		rc = 1;

	victim_start(&v, op);
	while (v.pid != 0 && n < STEPS_MAX && (rc = victim_step(&v)) > 0)
		n++;
	if (v.pid != 0 && rc > 0)
		victim_kill(&v);
	victim_end(&v);
	return v.pid != 0 && rc == 0 ? n : 0;
}

static void
kill_after(struct sweep *s, void (*op)(struct qt_queue *q), uint32_t steps)
{
	struct victim	v;

	victim_start(&v, op);
	if (v.pid == 0)
		qt_die(QT_EXIT_SYS, "a process to be killed did not start");
	for (uint32_t i = 0; i < steps; i++)
		if (victim_step(&v) <= 0)
			qt_die(QT_EXIT_SYS, "a process to be killed ended");
	victim_kill(&v);
	s->kills++;
	s->wrong += !is_right(v.queue, op == push_one);
	s->unusable += !is_usable(v.queue);
	victim_end(&v);
}

/* Returns 0 when processes cannot be stepped through here. */
static int
sweep(struct sweep *s, void (*op)(struct qt_queue *q), uint64_t most)
{
	uint32_t	steps = count_steps(op);
	uint32_t	points = steps + 1 < most ? steps + 1 : (uint32_t)most;

	for (uint32_t i = 0; steps > 0 && i < points; i++) {
		if (i % 50 == 0)
			report_progress("killed at %u of %u", i, points);
		kill_after(s, op, (uint32_t)((uint64_t)i * (steps + 1) /
		    points));
	}
	report_progress("%s", "");
	return steps > 0;
}

/* Both take turns anyway, and switching between processors takes longer. */
static void
stay_on_one_cpu(cpu_set_t *before)
{
	cpu_set_t	set;
	int		cpu = sched_getcpu();

	CPU_ZERO(before);
	(void)sched_getaffinity(0, sizeof(*before), before);
	CPU_ZERO(&set);
	CPU_SET(cpu < 0 ? 0 : (unsigned int)cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

void
row_shm_kill(struct report *r, const struct bench_opt *opt)
{
	static const char	name[] = "queue, killed at each instruction";
	uint64_t		most = opt->items < POINTS_MAX ? opt->items :
	    POINTS_MAX;
	struct sweep		s = { 0 };
	cpu_set_t		before;
	char			note[128];
	int			can;

	stay_on_one_cpu(&before);
	can = sweep(&s, push_one, most) && sweep(&s, pop_one, most);
	(void)sched_setaffinity(0, sizeof(before), &before);
	if (!can) {
		report_skip(r, name, "ptrace(2) cannot step through a process "
		    "here");
		return;
	}
	snprintf(note, sizeof(note), "%llu unusable, %llu lost or doubled an "
	    "item; all structures: make check-crash",
	    (unsigned long long)s.unusable, (unsigned long long)s.wrong);
	report_add(r, &(struct report_row){
		.name = name, .unit = "kills", .ours = (double)s.kills,
		.figure = (double)(s.unusable + s.wrong),
		.figure_name = "faults", .rule = REPORT_AT_MOST, .bound = 0,
		.note = note });
}
