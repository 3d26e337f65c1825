/* SPDX-License-Identifier: Apache-2.0 */
/* Engines that do the same work in turns. See store_rows.h. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store_rows.h"

/* Beside the folder of qt-bench, where make bench-peers puts them. */
static const char *
program_of(const char *engine, char out[QT_PATH_SIZE])
{
	char	name[64];

	snprintf(name, sizeof(name), "../bench/peers/%s", engine);
	qt_path_program(name, out);
	return strchr(out, '/') != NULL && access(out, X_OK) == 0 ? out : NULL;
}

const char *
store_why_not(const char *engine)
{
	static char	why[QT_PATH_SIZE];
	char		path[QT_PATH_SIZE];

	if (strcmp(engine, OURS) == 0 || program_of(engine, path) != NULL)
		return NULL;
	snprintf(why, sizeof(why), "no bench/peers/%s beside the folder of "
	    "qt-bench: make bench-peers builds it", engine);
	return why;
}

/* The one line of a result. */
static void
read_result(int fd, const char *engine, struct work_result *out)
{
	char	line[WORK_LINE_SIZE];
	size_t	len = 0;
	ssize_t	n;

	while (len < sizeof(line) - 1 && (n = read(fd, line + len,
	    sizeof(line) - 1 - len)) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	line[len] = '\0';
	close(fd);
	if (work_line_read(line, out) < 0)
		qt_die(QT_EXIT_SYS, "%s: no result, but '%s'", engine, line);
}

static void
work_ours(const struct work *w, struct work_result *out)
{
	char	line[WORK_LINE_SIZE];
	int	fds[2];
	pid_t	pid;

	if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		qt_die(QT_EXIT_SYS, "fork: %s", strerror(errno));
	if (pid == 0) {
		struct work_result	result;

		work_run(&store_engine, w, &result);
		work_line(&result, line);
		_exit(write(fds[1], line, strlen(line)) ==
		    (ssize_t)strlen(line) ? 0 : QT_EXIT_SYS);
	}
	close(fds[1]);
	read_result(fds[0], OURS, out);
	proc_wait(pid, OURS);
}

static void
work_peer(const char *program, const char *engine, const struct work *w,
    struct work_result *out)
{
	char	records[32], ops[32], seconds[32], members[32];
	char	*argv[16], *dir = (char *)(uintptr_t)w->dir;
	int	n = 0, fd;
	pid_t	pid;

	snprintf(records, sizeof(records), "-n%" PRIu64, w->records);
	snprintf(ops, sizeof(ops), "-o%" PRIu64, w->ops);
	snprintf(seconds, sizeof(seconds), "-s%.3f", w->seconds);
	snprintf(members, sizeof(members), "-%c%u", w->is_processes ? 'p' : 't',
	    w->members);
	argv[n++] = (char *)(uintptr_t)program;
	argv[n++] = (char *)(uintptr_t)work_kind_name(w->kind);
	argv[n++] = records;
	if (w->ops != 0)
		argv[n++] = ops;
	argv[n++] = seconds;
	argv[n++] = members;
	if (w->is_sync)
		argv[n++] = (char *)(uintptr_t)"-y";
	argv[n++] = dir;
	argv[n] = NULL;
	pid = proc_start(argv, &fd);
	read_result(fd, engine, out);
	proc_wait(pid, engine);
}

int
store_work(const char *engine, const struct work *w, struct work_result *out)
{
	char		path[QT_PATH_SIZE];
	const char	*program;

	if (strcmp(engine, OURS) == 0) {
		work_ours(w, out);
		return 0;
	}
	program = program_of(engine, path);
	if (program == NULL)
		return -1;
	work_peer(program, engine, w, out);
	return 0;
}

double
store_seconds(const struct bench_opt *opt)
{
	return opt->is_quick ? 0.05 : 1.0;
}

void
store_load(const char *engine, const struct bench_opt *opt,
    const void *settings)
{
	char			path[QT_PATH_SIZE];
	struct work		w = { .kind = WORK_LOAD, .members = 1,
	    .records = opt->items, .settings = settings,
	    .dir = store_path(engine, path) };
	struct work_result	result;

	report_progress("%s is loaded", engine);
	(void)store_work(engine, &w, &result);
}

static void
race_one(struct racer *c, uint32_t round)
{
	char	path[QT_PATH_SIZE];

	c->w.dir = store_path(c->engine, path);
	if (c->w.kind == WORK_LOAD || c->w.kind == WORK_OVERWRITE)
		store_remove(path);
	if (store_work(c->engine, &c->w, &c->last) == 0)
		c->ns[round] = (c->last.seconds + (c->is_to_the_end ?
		    c->last.tail : 0)) * 1e9 / (double)c->last.ops;
	c->w.dir = NULL;
}

void
store_race(struct racer *racers, size_t count, const char *what,
    const struct bench_opt *opt)
{
	for (size_t i = 0; i < count; i++)
		racers[i].why_not = store_why_not(racers[i].engine);
	for (uint32_t r = 0; r < opt->rounds; r++)
		for (size_t i = 0; i < count; i++) {
			/* Who comes first changes. */
			struct racer	*c = &racers[r % 2 == 0 ? i :
			    count - 1 - i];

			report_progress("%s: %s, %u of %u", what, c->engine,
			    r + 1, opt->rounds);
			if (c->why_not == NULL)
				race_one(c, r);
		}
	report_progress("%s", "");
}

void
store_race_row(struct report *r, const struct bench_opt *opt,
    const struct racer *racers, size_t i, const struct turns_row *row)
{
	struct turns	t = { .count = opt->rounds };

	if (racers[i].why_not != NULL) {
		report_skip(r, row->name, racers[i].why_not);
		return;
	}
	memcpy(t.ours, racers[0].ns, sizeof(t.ours));
	if (i > 0)
		memcpy(t.peer, racers[i].ns, sizeof(t.peer));
	turns_report(r, &t, row);
}
