/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: a viewer stopped by SIGSTOP in a flood; 200 viewers of one session. */

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/prog.h>
#include <qt/base/sys.h>

#include "rows.h"
#include "world.h"

#define STOPPED_BYTES	(100u << 20)
#define VIEWERS		200
#define VIEWERS_BYTES	(64u << 20)

/* A child that views the session to its end. */
static pid_t
fork_viewer(const struct qt_uuid *id, int ready_fd)
{
	struct viewer	v;
	pid_t		pid = fork();

	if (pid != 0)
		return pid;
	viewer_open(&v, id);
	if (write(ready_fd, "", 1) != 1)
		_exit(QT_EXIT_SYS);
	viewer_run(&v, UINT64_MAX);
	_exit(0);
}

static double
time_command(char *const *argv)
{
	double	start = now_s();

	proc_wait(proc_start(argv, NULL), argv[1]);
	return (now_s() - start) * 1e3;
}

/* The slowest of ls, new, kill and a second viewer, in milliseconds. */
static double
slowest_command(const struct qt_uuid *flood)
{
	char		program[QT_PATH_SIZE];
	char		*ls[] = { program, (char *)"ls", NULL };
	char		*new[] = { program, (char *)"new", (char *)"-d",
	    (char *)"-n", (char *)"victim", (char *)"--", (char *)"sleep",
	    (char *)"60", NULL };
	char		*end[] = { program, (char *)"kill", (char *)"victim",
	    NULL };
	struct viewer	v;
	double		ms[4], start;

	qt_path_program("qt-session", program);
	ms[0] = time_command(ls);
	ms[1] = time_command(new);
	ms[2] = time_command(end);
	start = now_s();
	viewer_open(&v, flood);
	viewer_run(&v, 1);
	ms[3] = (now_s() - start) * 1e3;
	viewer_close(&v);
	qsort(ms, 4, sizeof(ms[0]), double_compare);
	return ms[3];
}

/* Starts a session that waits for a key, then floods. */
static void
flood_new(struct qt_client *c, uint64_t bytes, struct qt_uuid *id)
{
	char	program[QT_PATH_SIZE], script[QT_PATH_SIZE + 64];
	char	*argv[] = { (char *)"/bin/sh", (char *)"-c", script, NULL };

	qt_path_program("qt-bench", program);
	snprintf(script, sizeof(script), "read x; exec '%s' lines %llu",
	    program, (unsigned long long)bytes);
	session_new(c, argv, id);
}

static void
flood_go(struct qt_client *c, const struct qt_uuid *id)
{
	char		body[sizeof(*id) + 1];
	struct qt_err	err = QT_ERR_INIT;

	memcpy(body, id, sizeof(*id));
	body[sizeof(*id)] = '\n';
	if (qt_client_call(c, QT_MSG_SEND, 0, body, sizeof(body), QT_MSG_OK,
	    NULL, 0, &err) < 0)
		qt_die(QT_EXIT_SYS, "%s", err.text);
}

static uint64_t
host_memory(const struct world *w, const struct qt_client *c)
{
	return proc_rss(w->host) + qt_seg_used(qt_client_segment(c));
}

static struct qt_client *
command_client(void)
{
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_client	*c;

	if (qt_client_open(0, QT_ROLE_OWNER, 4, &c, &err) < 0)
		qt_die(QT_EXIT_SYS, "%s", err.text);
	return c;
}

static void
wait_ready(int fd, int count)
{
	char	byte;

	while (count-- > 0) {
		if (read(fd, &byte, 1) != 1)
			qt_die(QT_EXIT_SYS, "a viewer did not start");
	}
}

void
row_session_stopped(struct report *r, const struct bench_opt *opt)
{
	struct qt_client	*c;
	struct qt_uuid		 id;
	struct world		 w;
	struct viewer		 v;
	uint64_t		 before, after;
	double			 slowest;
	char			 note[128];
	int			 ready[2];
	pid_t			 stopped;

	(void)opt;
	world_start(&w);
	c = command_client();
	if (pipe2(ready, O_CLOEXEC) < 0)
		qt_die(QT_EXIT_SYS, "pipe: %s", strerror(errno));
	flood_new(c, STOPPED_BYTES, &id);
	stopped = fork_viewer(&id, ready[1]);
	wait_ready(ready[0], 1);
	kill(stopped, SIGSTOP);
	before = host_memory(&w, c);
	flood_go(c, &id);
	slowest = slowest_command(&id);
	viewer_open(&v, &id);
	viewer_run(&v, UINT64_MAX);
	viewer_close(&v);
	after = host_memory(&w, c);
	kill(stopped, SIGCONT);
	proc_stop(stopped);
	qt_client_close(c);
	world_end(&w);
	close(ready[0]);
	close(ready[1]);
	snprintf(note, sizeof(note), "host memory %.1f MB before, %.1f MB after "
	    "(the ring may grow by 1 MiB)", (double)before / 1e6,
	    (double)after / 1e6);
	report_add(r, &(struct report_row){
		.name = "slowest of ls, new, kill, 2nd view", .unit = "ms",
		.ours = slowest, .figure = slowest, .figure_name = "ms",
		.rule = REPORT_AT_MOST, .bound = 100, .note = note });
	report_add(r, &(struct report_row){
		.name = "host memory, a viewer stopped", .unit = "MB",
		.ours = (double)after / 1e6,
		.figure = ((double)after - (double)before) / 1e6,
		.figure_name = "growth MB", .rule = REPORT_AT_MOST,
		.bound = 2.0 });
}

/* The host's CPU microseconds for one flood seen by count viewers. */
static double
host_cpu(uint32_t count)
{
	struct qt_client	*c;
	struct qt_uuid		 id;
	struct world		 w;
	pid_t			 pids[VIEWERS];
	uint64_t		 before;
	double			 used;
	int			 ready[2];

	world_start(&w);
	c = command_client();
	if (pipe2(ready, O_CLOEXEC) < 0)
		qt_die(QT_EXIT_SYS, "pipe: %s", strerror(errno));
	flood_new(c, VIEWERS_BYTES, &id);
	for (uint32_t i = 0; i < count; i++)
		pids[i] = fork_viewer(&id, ready[1]);
	wait_ready(ready[0], (int)count);
	before = proc_cpu_us(w.host);
	flood_go(c, &id);
	for (uint32_t i = 0; i < count; i++)
		proc_wait(pids[i], "viewer");
	used = (double)(proc_cpu_us(w.host) - before);
	qt_client_close(c);
	world_end(&w);
	close(ready[0]);
	close(ready[1]);
	return used;
}

void
row_session_viewers(struct report *r, const struct bench_opt *opt)
{
	double		one[16], many[16], mb = VIEWERS_BYTES / 1e6;
	uint32_t	n = opt->rounds > 16 ? 16 : opt->rounds;

	for (uint32_t i = 0; i < n; i++) {
		report_progress("%d viewers: %u of %u", VIEWERS, i + 1, n);
		one[i] = host_cpu(1);
		many[i] = host_cpu(VIEWERS);
	}
	report_progress("%s", "");
	report_add(r, &(struct report_row){
		.name = "host CPU, 200 viewers of one", .unit = "us/MB",
		.ours = median(many, n) / mb, .peer = median(one, n) / mb,
		.peer_name = "one viewer", .figure = median(many, n) /
		    median(one, n), .figure_name = "ratio",
		.rule = REPORT_AT_MOST, .bound = 1.3 });
}
