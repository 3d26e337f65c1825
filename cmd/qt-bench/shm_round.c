/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: 64 bytes to another process and back, beside a Unix socket pair. */

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/shm/spsc.h>

#include "shm_rows.h"

#define SEGMENT_SIZE	(4u << 20)
#define MESSAGE		64u
#define WARM_UP		16u
#define SPIN_NS		UINT64_C(1000000000)	/* for ever */

struct way {
	struct qt_seg	*seg;
	uint64_t	 spin_ns, trips;
	int		 fds[2];
	int		 is_one_cpu;
};

/* A row: how the ends wait, and where they run. */
struct waiting {
	const char	*name;
	uint64_t	 spin_ns;
	int		 is_one_cpu;
	double		 bound;
};

/* One end of a way: how a message leaves and comes. */
struct end {
	struct qt_spsc	*out, *in;
	int		 fd;
};

static void
end_open(struct end *e, const struct way *w, uint32_t which)
{
	static const char *const names[] = { "there", "back" };

	shm_must(qt_seg_after_fork(w->seg, NULL), "join");
	qt_wait_set_spin_ns(w->spin_ns);
	shm_must(qt_spsc_open(w->seg, names[which], NULL, QT_SPSC_PRODUCER,
	    &e->out, NULL), "open a queue to push");
	shm_must(qt_spsc_open(w->seg, names[1 - which], NULL,
	    QT_SPSC_CONSUMER, &e->in, NULL), "open a queue to pop");
	e->fd = -1;
}

static inline void
say(struct end *e, const void *message)
{
	if (e->fd < 0)
		shm_must(qt_spsc_push(e->out, message, MESSAGE,
		    QT_WAIT_FOREVER), "push");
	else if (write(e->fd, message, MESSAGE) != MESSAGE)
		qt_die(QT_EXIT_SYS, "a message did not fit the socket");
}

static inline void
hear(struct end *e, void *message)
{
	if (e->fd < 0)
		shm_must((int)qt_spsc_pop(e->in, message, MESSAGE,
		    QT_WAIT_FOREVER), "pop");
	else if (read(e->fd, message, MESSAGE) != MESSAGE)
		qt_die(QT_EXIT_SYS, "the socket gave half a message");
}

/* The median of the trips, which forgets those that the scheduler broke. */
static double
ask(struct end *e, uint64_t trips)
{
	uint64_t	 message[MESSAGE / 8] = { 0 }, back[MESSAGE / 8];
	double		*ns = calloc(trips, sizeof(*ns));

	if (ns == NULL)
		qt_die(QT_EXIT_SYS, "out of memory");
	for (uint64_t i = 0; i < trips + WARM_UP; i++) {
		uint64_t	start = qt_clock_mono_ns();

		message[0] = i;
		say(e, message);
		hear(e, back);
		if (back[0] != i)
			qt_die(QT_EXIT_SYS, "another message came back");
		if (i >= WARM_UP)
			ns[i - WARM_UP] = (double)(qt_clock_mono_ns() - start);
	}
	return median(ns, (uint32_t)trips);
}

static void
answer(struct end *e, uint64_t trips)
{
	uint64_t	message[MESSAGE / 8];

	for (uint64_t i = 0; i < trips + WARM_UP; i++) {
		hear(e, message);
		say(e, message);
	}
}

/* Both on the first processor that we may use. */
static void
stay_together(void)
{
	cpu_set_t	all, one;

	CPU_ZERO(&one);
	if (sched_getaffinity(0, sizeof(all), &all) < 0)
		qt_die(QT_EXIT_SYS, "which processors may be used");
	for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
		if (CPU_ISSET(i, &all))
			CPU_SET(i, &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		qt_die(QT_EXIT_SYS, "stay on one processor");
}

static void
talk(struct end *e, const struct way *w, struct team *t, uint32_t which)
{
	if (w->is_one_cpu)
		stay_together();
	team_go(t);
	if (which == 0)
		t->result = ask(e, w->trips);
	else
		answer(e, w->trips);
}

static void
member_ours(struct team *t, uint32_t which, void *arg)
{
	struct end	e;

	end_open(&e, arg, which);
	talk(&e, arg, t, which);
}

static void
member_peer(struct team *t, uint32_t which, void *arg)
{
	struct way	*w = arg;
	struct end	 e = { .fd = w->fds[which] };

	close(w->fds[1 - which]);
	talk(&e, w, t, which);
}

static double
run_ours(void *arg)
{
	struct way		*w = arg;
	struct team_work	 work = { .count = 2, .member = member_ours,
	    .arg = w };
	struct team		 t;

	(void)team_run(&work, &t);
	qt_seg_sweep(w->seg);
	return t.result;
}

static double
run_peer(void *arg)
{
	struct way		*w = arg;
	struct team_work	 work = { .count = 2, .member = member_peer,
	    .arg = w };
	struct team		 t;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, w->fds) < 0)
		qt_die(QT_EXIT_SYS, "make a socket pair");
	(void)team_run(&work, &t);
	close(w->fds[0]);
	close(w->fds[1]);
	return t.result;
}

static void
round_row(struct report *r, const struct bench_opt *opt,
    const struct waiting *how)
{
	struct qt_spsc_spec	spec = { .dtype = "|V64", .capacity = 64 };
	struct way		w = { .spin_ns = how->spin_ns,
	    .is_one_cpu = how->is_one_cpu, .trips = opt->items / 20 + 1 };
	struct contest		c = { .what = how->name, .ours = run_ours,
	    .peer = run_peer, .arg = &w };
	struct turns		t;

	w.seg = shm_segment(SEGMENT_SIZE);
	shm_must(qt_spsc_create(w.seg, "there", &spec, NULL), "make a queue");
	shm_must(qt_spsc_create(w.seg, "back", &spec, NULL), "make a queue");
	turns_run(&t, &c, opt);
	qt_seg_close(w.seg);
	turns_report(r, &t, &(struct turns_row){ .name = how->name,
	    .peer_name = "Unix socket pair", .figure = TURNS_TIMES,
	    .bound = how->bound });
}

/* With one, each would spin while the other cannot answer. */
static int
has_processors(void)
{
	cpu_set_t	set;

	CPU_ZERO(&set);
	return sched_getaffinity(0, sizeof(set), &set) < 0 ||
	    CPU_COUNT(&set) > 1;
}

void
row_shm_round(struct report *r, const struct bench_opt *opt)
{
	/* Across processors the machine's time to wake an idle one is in both
	 * figures; in a virtual machine it may be nearly all of them. */
	static const struct waiting	ways[] = {
		{ "64 bytes and back, spinning", SPIN_NS, 0, 0.1 },
		{ "64 bytes and back, sleeping", 0, 1, 0.7 },
		{ "the same, on two processors", 0, 0, 0.7 },
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (ways[i].is_one_cpu || has_processors())
			round_row(r, opt, &ways[i]);
		else
			report_skip(r, ways[i].name,
			    "there is one processor only");
}
