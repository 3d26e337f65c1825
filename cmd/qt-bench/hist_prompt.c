/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows: what a command costs more at the prompt of a bash with the hooks than
 * at that of one without.
 *
 *	type ": 17", Enter --> terminal --> bash --> the next prompt is seen
 *
 * Both are interactive, each in a terminal of its own, and take turns, all on one
 * processor. What is written to a terminal is carried on by the kernel, on any
 * processor. Where that sleeps, the time that the machine takes to wake it is in
 * the figure, and the hooks give it the time to fall asleep; so it is measured
 * twice: while each processor has something to do that gives way to all else, so
 * that none sleeps, and where they may.
 *
 * The slowest of 1000, where they may, is held against the median without the
 * hooks, so what the machine itself does to a prompt now and then counts, too; how
 * slow the slowest is without the hooks stands beside it.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>

#include "hist_rows.h"
#include "process.h"

#define PROMPT	"bench> "
#define WARM	50u		/* commands before those that count */

struct shells {
	struct hist_pty	on, off;
	uint64_t	count;		/* commands of a round */
	uint64_t	next;
	double		*on_us, *off_us;	/* of all rounds */
	uint32_t	rounds;
	double		on_median[ROUNDS_MAX], off_median[ROUNDS_MAX];
};

/* --- Shells --------------------------------------------------------------- */

/* The time until the next prompt. */
static double
enter(const struct hist_pty *p, const char *line)
{
	uint64_t	start = qt_clock_mono_ns();

	hist_pty_send(p, line);
	if (hist_pty_wait(p, PROMPT) < 0)
		qt_die(QT_EXIT_SYS, "bash shows no prompt again");
	return (double)(qt_clock_mono_ns() - start) / 1e3;
}

static void
shell_open(struct hist_pty *p, int has_hooks)
{
	char	*argv[] = { (char *)"bash", (char *)"--norc", (char *)"-i",
	    NULL };

	hist_pty_open(p, argv);
	if (hist_pty_wait(p, PROMPT) < 0)
		qt_die(QT_EXIT_SYS, "bash shows no prompt");
	if (has_hooks)
		(void)enter(p, "eval \"$(\"$QT_BENCH_HIST\" init bash)\"\n");
}

static void
shells_open(struct shells *s, const struct bench_opt *opt)
{
	char	path[QT_PATH_SIZE];

	if (!process_find(path, "qt-hist"))
		qt_die(QT_EXIT_SYS, "qt-hist is not beside qt-bench");
	setenv("QT_BENCH_HIST", path, 1);
	setenv("PS1", PROMPT, 1);
	setenv("INPUTRC", "/dev/null", 1);
	unsetenv("PROMPT_COMMAND");
	unsetenv("HISTCONTROL");
	unsetenv("HISTFILE");
	*s = (struct shells){ .count = opt->items / 250 + 20,
	    .rounds = opt->rounds };
	s->on_us = calloc(s->count * s->rounds, sizeof(*s->on_us));
	s->off_us = calloc(s->count * s->rounds, sizeof(*s->off_us));
	if (s->on_us == NULL || s->off_us == NULL)
		qt_die(QT_EXIT_SYS, "out of memory");
	shell_open(&s->off, 0);
	shell_open(&s->on, 1);
}

static void
shells_close(struct shells *s)
{
	hist_pty_close(&s->on);
	hist_pty_close(&s->off);
	free(s->on_us);
	free(s->off_us);
}

static double
one(struct shells *s, const struct hist_pty *p)
{
	char	line[32];

	snprintf(line, sizeof(line), ": %llu\n", (unsigned long long)s->next++);
	return enter(p, line);
}

static void
round_of(struct shells *s, uint32_t round)
{
	double	*on = s->on_us + round * s->count;
	double	*off = s->off_us + round * s->count, *copy;

	for (uint32_t i = 0; i < WARM; i++) {
		(void)one(s, &s->off);
		(void)one(s, &s->on);
	}
	for (uint64_t i = 0; i < s->count; i++) {
		if (i % 2 == 0)
			off[i] = one(s, &s->off);
		on[i] = one(s, &s->on);
		if (i % 2 != 0)
			off[i] = one(s, &s->off);
	}
	copy = calloc(s->count, sizeof(*copy));
	if (copy == NULL)
		qt_die(QT_EXIT_SYS, "out of memory");
	memcpy(copy, on, s->count * sizeof(*copy));
	s->on_median[round] = percentile(copy, s->count, 0.5);
	memcpy(copy, off, s->count * sizeof(*copy));
	s->off_median[round] = percentile(copy, s->count, 0.5);
	free(copy);
}

static const char	peer[] = "the same without the hooks";

static void
report_median(struct report *r, const struct shells *s, const char *name)
{
	double		more[ROUNDS_MAX];
	uint64_t	all = s->count * s->rounds;

	for (uint32_t i = 0; i < s->rounds; i++)
		more[i] = s->on_median[i] - s->off_median[i];
	report_add(r, &(struct report_row){
		.name = name, .unit = "us",
		.ours = percentile(s->on_us, all, 0.5),
		.peer = percentile(s->off_us, all, 0.5),
		.peer_name = peer, .figure = median(more, s->rounds),
		.figure_name = "us more", .rule = REPORT_AT_MOST, .bound = 60,
		.rounds = s->rounds, .low = more[0],
		.high = more[s->rounds - 1] });
}

static void
report_slowest(struct report *r, const struct shells *s)
{
	uint64_t	all = s->count * s->rounds;
	double		rare = percentile(s->on_us, all, 0.999);

	report_add(r, &(struct report_row){
		.name = "  then, the slowest of 1000", .unit = "us",
		.ours = rare, .peer = percentile(s->off_us, all, 0.999),
		.peer_name = peer,
		.figure = (rare - percentile(s->off_us, all, 0.5)) / 1e3,
		.figure_name = "p99.9 ms more", .rule = REPORT_AT_MOST,
		.bound = 1 });
}

/* --- What may be in the way ----------------------------------------------- */

static void	nothing_start(void) { }
static void	nothing_stop(void) { }

static pid_t	reader;

/* The folders of spools, whose lock is that under which they are taken in. */
static const char *const	folders[] = { "hist/spool", "run/hist" };
#define FOLDERS	(sizeof(folders) / sizeof(folders[0]))

static void
reader_start(void)
{
	char	path[QT_PATH_SIZE];
	int	fd, status;

	reader = fork();
	if (reader < 0)
		qt_die(QT_EXIT_SYS, "fork: %s", strerror(errno));
	for (size_t i = 0; reader == 0 && i < FOLDERS; i++) {
		fd = open(hist_path(folders[i], path), O_RDONLY | O_DIRECTORY |
		    O_CLOEXEC);
		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
			_exit(1);
	}
	while (reader == 0)
		raise(SIGSTOP);
	if (waitpid(reader, &status, WUNTRACED) < 0 || !WIFSTOPPED(status))
		qt_die(QT_EXIT_SYS, "the lock of a folder of spools");
}

static void
reader_stop(void)
{
	kill(reader, SIGKILL);
	while (waitpid(reader, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Takes away all spools; a link in the place of each, or nothing. */
static void
spools_replace(const char *by)
{
	char		path[QT_PATH_SIZE], file[QT_PATH_SIZE + 257];
	struct dirent	*e;
	DIR		*d;

	for (size_t i = 0; i < FOLDERS; i++) {
		d = opendir(hist_path(folders[i], path));
		while (d != NULL && (e = readdir(d)) != NULL) {
			snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
			if (strstr(e->d_name, ".spool") != NULL &&
			    (unlink(file) < 0 ||
			    (by != NULL && symlink(by, file) < 0)))
				qt_die(QT_EXIT_SYS, "'%s': %s", file,
				    strerror(errno));
		}
		if (d != NULL)
			closedir(d);
	}
}

/* From now on each is the device whose writes the disk has no room for. */
static void
disk_fill(void)
{
	spools_replace("/dev/full");
}

/* --- Processors ----------------------------------------------------------- */

/* One that is busy, for whoever else wants it; ends with us. */
static pid_t
keep_awake(size_t processor)
{
	const struct sched_param	param = { .sched_priority = 0 };
	cpu_set_t			one;
	pid_t				parent = getpid(), pid = fork();

	if (pid < 0)
		qt_die(QT_EXIT_SYS, "fork: %s", strerror(errno));
	if (pid > 0)
		return pid;
	CPU_ZERO(&one);
	CPU_SET(processor, &one);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent ||
	    sched_setaffinity(0, sizeof(one), &one) < 0 ||
	    sched_setscheduler(0, SCHED_IDLE, &param) < 0)
		_exit(1);
	for (volatile bool is_on = true; is_on; )
		;
	_exit(0);
}

static void
awake_start(pid_t awake[CPU_SETSIZE], const cpu_set_t *all)
{
	for (size_t i = 0; i < CPU_SETSIZE; i++)
		awake[i] = CPU_ISSET(i, all) ? keep_awake(i) : 0;
}

/* One that ended by itself has let its processor sleep. */
static void
awake_stop(const pid_t awake[CPU_SETSIZE])
{
	int	status;

	for (size_t i = 0; i < CPU_SETSIZE; i++) {
		if (awake[i] == 0)
			continue;
		kill(awake[i], SIGKILL);
		if (waitpid(awake[i], &status, 0) != awake[i] ||
		    !WIFSIGNALED(status))
			qt_die(QT_EXIT_SYS, "keep a processor awake");
	}
}

/* What is started is there, too. As it was: all. */
static void
stay_here(cpu_set_t *all)
{
	cpu_set_t	one;

	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	if (sched_getaffinity(0, sizeof(*all), all) < 0 ||
	    sched_setaffinity(0, sizeof(one), &one) < 0)
		qt_die(QT_EXIT_SYS, "stay on a processor: %s",
		    strerror(errno));
}

static void
rounds_of(struct shells *s)
{
	for (uint32_t i = 0; i < s->rounds; i++) {
		report_progress("bash: %u of %u", i + 1, s->rounds);
		round_of(s, i);
	}
	report_progress("%s", "");
}

void
row_hist_prompt(struct report *r, const struct bench_opt *opt)
{
	static const struct {
		const char	*name;
		void		(*start)(void), (*stop)(void);
	} states[] = {
		{ "bash: a command, hooks on and off", nothing_start,
		    nothing_stop },
		{ "  a reader of spools is stopped", reader_start,
		    reader_stop },
		{ "  the disk is full", disk_fill, nothing_stop },
	};
	struct shells	s;
	cpu_set_t	all;
	pid_t		awake[CPU_SETSIZE];

	hist_enter(opt);
	stay_here(&all);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		shells_open(&s, opt);
		states[i].start();
		awake_start(awake, &all);
		rounds_of(&s);
		awake_stop(awake);
		report_median(r, &s, states[i].name);
		rounds_of(&s);
		report_median(r, &s, "  then, where processors sleep");
		report_slowest(r, &s);
		states[i].stop();
		shells_close(&s);
		/* Other rows are not to take them in. */
		spools_replace(NULL);
	}
	(void)sched_setaffinity(0, sizeof(all), &all);
}
