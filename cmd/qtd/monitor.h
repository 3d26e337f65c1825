/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_MONITOR_H
#define QTD_MONITOR_H

#include <stdint.h>
#include <sys/types.h>

#include <qt/net/sessions.h>
#include <qt/shm/segment.h>

#include "mon.h"
#include "options.h"
#include "shared.h"

/*
 * The monitor: binds, starts the session host and the workers, writes the
 * table of browser sessions, opens files for workers. It reads nothing from
 * the network; what reaches it was checked by a worker, and is checked here
 * again as if the worker were lying.
 *
 *	monitor.c	the loop: signals, children, back-off
 *	listen.c	sockets: bound here, or passed by systemd
 *	table.c		the segment with the browser sessions
 *	serve.c		what workers ask
 *	control.c	"qtd link", over a socket in the runtime folder
 *	open_file.c	uploads and downloads
 *	history_run.c	runs qt-hist
 */
#define LISTEN_MAX 16

struct child {
	pid_t		 pid;		/* 0: not running */
	int		 fd;		/* our end of its pair, -1 */
	int		 listen[LISTEN_MAX]; /* borrowed from monitor */
	unsigned int	 nlisten;
	uint64_t	 started_ms, restart_ms;	/* 0: not due */
	unsigned int	 delay_ms;
	int		 is_ready;
};

/* A qt-hist that runs for a worker; see history_run.c. */
#define HISTORY_JOBS 4

struct history_job {
	pid_t		 pid;		/* 0: free */
	struct child	*worker;	/* NULL: wants no answer any more */
	uint32_t	 tag;
	int		 said_fd;	/* its standard error */
	uint64_t	 late_ms;
};

struct monitor {
	struct options		*opt;
	struct shared		*shared;
	int			 fds[WORKERS_MAX > LISTEN_MAX ? WORKERS_MAX :
				    LISTEN_MAX];
	unsigned int		 nfds;
	int			 is_passed;	/* by systemd */
	struct child		 child[WORKERS_MAX];
	int			 signal_fd, lock_fd, control_fd;
	uint64_t		 control_ms;	/* control_fd rests until then */
	char			 name[32];	/* "qtd-7681" */
	char			 control_path[QT_PATH_SIZE];
	char			 segment[128];
	struct qt_seg		*seg;
	struct qt_net_sessions	*sessions;
	struct history_job	 history[HISTORY_JOBS];
	int			 is_stopping, exit_code;
	uint64_t		 stop_ms;	/* workers are killed then */
};

/* Serves until told to stop; the program's exit code. */
int	monitor_run(struct options *opt);

/* listen.c: fills in fds, nfds; exits with a message when it cannot. */
void	monitor_listen(struct monitor *m);
/* Which of them a worker gets. */
void	monitor_share(struct monitor *m, unsigned int worker);
/* "http://127.0.0.1:7681/", or the socket's path. */
void	monitor_url(const struct monitor *m, char *out, size_t size);

/* table.c. Links are stored under a name that no user has. */
#define TABLE_LINK_USER "-link"
int	table_open(struct monitor *m, struct qt_err *err);
/* Removes the segment when nobody is logged in. */
void	table_close(struct monitor *m);
/* A new one-time link; token is QT_NET_TOKEN_SIZE. 0 or negative. */
int	table_link(struct monitor *m, char *token);

/* serve.c: one packet. 0, or negative when the worker's end is done. */
int	serve_worker(struct monitor *m, struct child *c);

/* control.c */
int	control_open(struct monitor *m, struct qt_err *err);
void	control_serve(struct monitor *m);
void	control_close(struct monitor *m);
/* The control socket's name in the runtime folder for a monitor's name. */
void	control_name(const char *name, char out[64]);
/* The monitor's name for a port or a socket path. */
void	monitor_name(const struct options *o, unsigned int port, char out[32]);

/* open_file.c: a descriptor, or negative. */
int	open_session_file(uint32_t pid, unsigned int flags, const char *name,
	    char *path_out, size_t size);
/* Gives a file that was opened for writing its name. */
int	link_session_file(int fd, unsigned int flags, const char *path);

/*
 * history_run.c: what the worker c asks with msg; out is borrowed. 0: the answer
 * follows, or negative.
 */
int	history_start(struct monitor *m, struct child *c,
	    const struct mon_message *msg, int out);
/* A child has ended; 1 when it was one of these. */
int	history_reap(struct monitor *m, pid_t pid, int status);
/* Ends those that take too long. When the next will, 0 for none. */
uint64_t history_clock(struct monitor *m, uint64_t now_ms);
/* The worker has gone. */
void	history_forget(struct monitor *m, const struct child *c);

#endif /* QTD_MONITOR_H */
