/* SPDX-License-Identifier: Apache-2.0 */
/* Row: qt-shm get as a whole process, beside a program that does nothing. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/path.h>
#include <qt/shm/value.h>

#include "shm_rows.h"

#define SEGMENT_SIZE	(1u << 20)

extern char	**environ;

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
	posix_spawn_file_actions_t quiet;
};

/* The median of the runs. */
static double
run_all(const struct programs *p, char *const *argv)
{
	double	*ns = calloc(p->runs, sizeof(*ns)), middle;

	if (ns == NULL)
		qt_die(QT_EXIT_SYS, "out of memory");
	for (uint64_t i = 0; i < p->runs; i++) {
		uint64_t	start = qt_clock_mono_ns();
		pid_t		pid;
		int		rc = posix_spawn(&pid, argv[0], &p->quiet,
		    NULL, argv, environ);

		if (rc != 0)
			qt_die(QT_EXIT_SYS, "run '%s': %s", argv[0],
			    strerror(rc));
		proc_wait(pid, argv[0]);
		ns[i] = (double)(qt_clock_mono_ns() - start);
	}
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

/* Beside qt-bench, or in the build tree; 0 when it cannot be run. */
static int
find(char path[QT_PATH_SIZE], const char *name)
{
	qt_path_program(name, path);
	return strchr(path, '/') != NULL && access(path, X_OK) == 0;
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

	if (!find(p.ours, "qt-shm")) {
		report_skip(r, name, "qt-shm is not beside qt-bench");
		return;
	}
	if (!find(p.peer, "../bench/nothing")) {
		report_skip(r, name, "no bench/nothing beside the folder of "
		    "qt-bench: a static program, which make bench builds");
		return;
	}
	seg = segment_make();
	snprintf(p.target, sizeof(p.target), "%s/v", segment + 1);
	posix_spawn_file_actions_init(&p.quiet);
	posix_spawn_file_actions_addopen(&p.quiet, STDOUT_FILENO, "/dev/null",
	    O_WRONLY, 0);
	turns_run(&t, &c, opt);
	posix_spawn_file_actions_destroy(&p.quiet);
	qt_seg_close(seg);
	forget_segment();
	turns_report(r, &t, &(struct turns_row){ .name = name,
	    .peer_name = "a static program that does nothing",
	    .figure = TURNS_TIMES, .bound = 1.7 });
}
