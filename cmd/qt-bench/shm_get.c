/* SPDX-License-Identifier: Apache-2.0 */
/* Row: qt-shm get as a whole process, beside a program that does nothing. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/base/path.h>
#include <qt/shm/value.h>

#include "process.h"
#include "shm_rows.h"

#define SEGMENT_SIZE	(1u << 20)

static char	segment[64];	/* its name while it is there */
static pid_t	segment_pid;	/* a fork child must not remove it */

static void
forget_segment(void)
{
	if (segment[0] != '\0' && getpid() == segment_pid)
		qt_seg_unlink(segment);
	segment[0] = '\0';
}

static void
on_signal(int sig)
{
	(void)sig;
	exit(QT_EXIT_SYS);
}

/* A segment as qt-shm makes them, with the value 42 in it. */
static struct qt_seg *
segment_make(void)
{
	static int		 is_armed;
	struct qt_seg_spec	 spec = { .size = SEGMENT_SIZE, .mode = 0600,
	    .group = (gid_t)-1, .kind = "shm" };
	struct qt_value_spec	 value = { .dtype = "<u8" };
	struct qt_value		*v;
	struct qt_seg		*seg;
	uint64_t		 number = 42;

	if (!is_armed) {
		atexit(forget_segment);
		signal(SIGINT, on_signal);
		signal(SIGTERM, on_signal);
		is_armed = 1;
	}
	segment_pid = getpid();
	snprintf(segment, sizeof(segment), "/qt-bench-%ld", (long)segment_pid);
	if (qt_seg_create(segment, &spec, &seg, NULL) < 0) {
		segment[0] = '\0';
		qt_die(QT_EXIT_SYS, "make a segment in /dev/shm");
	}
	shm_must(qt_value_create(seg, "v", &value, NULL), "make a value");
	shm_must(qt_value_open(seg, "v", NULL, &v, NULL), "open a value");
	shm_must(qt_value_put(v, &number, sizeof(number), NULL), "put");
	qt_value_close(v);
	return seg;
}

struct programs {
	char	ours[QT_PATH_SIZE], peer[QT_PATH_SIZE];
	char	target[80];
	uint64_t runs;
};

/* The median of the runs. */
static double
run_all(const struct programs *p, char *const *argv)
{
	double	*ns = calloc(p->runs, sizeof(*ns)), middle;

	if (ns == NULL)
		qt_die(QT_EXIT_SYS, "out of memory");
	for (uint64_t i = 0; i < p->runs; i++)
		ns[i] = process_ns(argv);
	middle = median(ns, (uint32_t)p->runs);
	free(ns);
	return middle;
}

static double
run_ours(void *arg)
{
	struct programs	*p = arg;
	char		*argv[] = { p->ours, (char *)"get", p->target, NULL };

	return run_all(p, argv);
}

static double
run_peer(void *arg)
{
	struct programs	*p = arg;
	char		*argv[] = { p->peer, NULL };

	return run_all(p, argv);
}

void
row_shm_get(struct report *r, const struct bench_opt *opt)
{
	static const char	name[] = "qt-shm get, a process";
	struct programs		p = { .runs = opt->items / 5000 + 1 };
	struct contest		c = { .what = "qt-shm get", .ours = run_ours,
	    .peer = run_peer, .arg = &p };
	struct turns		t;
	struct qt_seg		*seg;
	const char		*why_not = process_find_nothing(p.peer);

	if (!process_find(p.ours, "qt-shm")) {
		report_skip(r, name, "qt-shm is not beside qt-bench");
		return;
	}
	if (why_not != NULL) {
		report_skip(r, name, why_not);
		return;
	}
	seg = segment_make();
	snprintf(p.target, sizeof(p.target), "%s/v", segment + 1);
	turns_run(&t, &c, opt);
	qt_seg_close(seg);
	forget_segment();
	turns_report(r, &t, &(struct turns_row){ .name = name,
	    .peer_name = "a static program that does nothing",
	    .figure = TURNS_TIMES, .bound = 1.7 });
}
