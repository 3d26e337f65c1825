/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: a flood of lines from a pty to a local viewer, beside the bare pty. */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/prog.h>
#include <qt/base/sys.h>

#include "rows.h"

#define READ_SIZE	(64u << 10)

/* Bytes a second of `qt-bench lines` through a pty that we read: the limit. */
static double
bare_pty(uint64_t bytes)
{
	static char	buf[READ_SIZE];
	char		program[QT_PATH_SIZE], count[32];
	char		*argv[] = { program, (char *)"lines", count, NULL };
	int		leader, tty, rc;
	uint64_t	got = 0;
	double		start;
	ssize_t		n;
	pid_t		pid;

	qt_path_program("qt-bench", program);
	snprintf(count, sizeof(count), "%llu", (unsigned long long)bytes);
	rc = qt_sys_pty(&leader, &tty);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "open a pty: %s", qt_strerror(rc));
	start = now_s();
	pid = fork();
	if (pid == 0) {
		setsid();
		dup2(tty, STDOUT_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(tty);
	while ((n = read(leader, buf, sizeof(buf))) > 0)
		got += (uint64_t)n;
	close(leader);
	proc_wait(pid, "qt-bench lines");
	return (double)got / (now_s() - start);
}

/* Bytes a second that the viewer was shown; *skipped are not among them. */
static double
through_host(const struct world *w, uint64_t bytes, uint64_t *skipped)
{
	char		program[QT_PATH_SIZE], count[32];
	char		*argv[] = { program, (char *)"lines", count, NULL };
	struct qt_client *c;
	struct qt_err	err = QT_ERR_INIT;
	struct qt_uuid	id;
	struct viewer	v;
	double		start, rate;
	int		rc;

	(void)w;	/* the runtime folder leads to its host */
	qt_path_program("qt-bench", program);
	snprintf(count, sizeof(count), "%llu", (unsigned long long)bytes);
	rc = qt_client_open(0, QT_ROLE_OWNER, 0, &c, &err);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
	start = now_s();
	session_new(c, argv, &id);
	viewer_open(&v, &id);
	viewer_run(&v, UINT64_MAX);
	rate = (double)v.bytes / (now_s() - start);
	*skipped += v.skipped;
	viewer_close(&v);
	qt_client_close(c);
	return rate;
}

void
flood_row(struct report *r, const struct bench_opt *opt,
    const struct bench_flood *flood, struct world *w)
{
	double		ratio[ROUNDS_MAX], ours[ROUNDS_MAX], bare[ROUNDS_MAX];
	char		note[96];
	uint64_t	skipped = 0;
	uint32_t	n = opt->rounds < ROUNDS_MAX ? opt->rounds : ROUNDS_MAX;

	for (uint32_t i = 0; i < n; i++) {
		report_progress("%s: %u of %u", flood->progress, i + 1, n);
		bare[i] = bare_pty(opt->bytes);
		ours[i] = flood->once(w, opt->bytes, &skipped);
		ratio[i] = ours[i] / bare[i];
	}
	world_end(w);
	report_progress("%s", "");
	snprintf(note, sizeof(note), "%llu bytes skipped in %u rounds of %llu",
	    (unsigned long long)skipped, n, (unsigned long long)opt->bytes);
	report_add(r, &(struct report_row){
		.name = flood->name, .unit = "MB/s",
		.ours = median(ours, n) / 1e6, .peer = median(bare, n) / 1e6,
		.peer_name = "bare pty", .figure = median(ratio, n),
		.figure_name = "ratio", .rule = REPORT_AT_LEAST,
		.bound = flood->bound, .note = note });
}

void
row_session_flow(struct report *r, const struct bench_opt *opt)
{
	static const struct bench_flood	flood = {
		.name = "lines, pty to a local viewer", .bound = 0.85,
		.progress = "flood to a local viewer", .once = through_host,
	};
	struct world			w;

	world_start(&w);
	flood_row(r, opt, &flood, &w);
}
