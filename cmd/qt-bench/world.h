/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BENCH_WORLD_H
#define QT_BENCH_WORLD_H

#include <stdint.h>
#include <sys/types.h>

#include <qt/base/path.h>

/*
 * A world to measure in: a runtime folder of its own, in it a session host
 * and, for the WebSocket rows, a qtd with one worker. Everything in it ends
 * with world_end(), also when the benchmark dies by a signal it can catch.
 */
struct world {
	char	dir[64];
	pid_t	host, qtd, worker;
	int	port;
};

/* Makes the folder and points QT_RUNTIME_DIR at it; starts the host. */
void	world_start(struct world *w);
/* Starts qtd on a free loopback port, without login, with one worker. */
void	world_start_qtd(struct world *w);
void	world_end(struct world *w);

/* Runs argv with stdout to /dev/null, or to *out when out is not NULL. */
pid_t	proc_start(char *const *argv, int *out);
/* Waits; dies when it did not exit with 0. */
void	proc_wait(pid_t pid, const char *what);
/* Ends a child that we started: SIGTERM, then SIGKILL after 2 s. */
void	proc_stop(pid_t pid);

/* Private memory (RssAnon + RssFile), bytes; from /proc/PID/status. */
uint64_t proc_rss(pid_t pid);
/* User and system time together, microseconds. */
uint64_t proc_cpu_us(pid_t pid);

double	now_s(void);

#endif /* QT_BENCH_WORLD_H */
