/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_DOCTOR_PTY_H
#define QT_HIST_DOCTOR_PTY_H
/*
 * A program in a terminal of its own, which is typed into.
 *
 * All that is started this way, with what that starts, is gone after
 * doctor_pty_end_all(): what lost its parent becomes our child, also what has
 * made itself a session of its own.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <qt/base/buf.h>
#include <qt/base/err.h>

struct doctor_pty {
	pid_t		pid;
	int		fd;
	int		status;		/* of waitpid(2); -1: it runs */
	bool		is_over;	/* nobody has the other end */
	struct qt_buf	out;		/* the last 64 KiB that it showed */
};

#define DOCTOR_PTY_INIT { -1, -1, -1, false, QT_BUF_INIT }

/*
 * env: "NAME=VALUE" sets, "NAME" unsets, on top of our environment; NULL ends
 * it. 0, or negative.
 */
int	doctor_pty_start(struct doctor_pty *p, const char *const *argv,
	    const char *const *env, struct qt_err *err);
/* 0, or negative: what nobody reads does not fit for ever. */
int	doctor_pty_type(struct doctor_pty *p, const char *text);
/*
 * Reads what it shows until is_there(arg): true; or until the deadline, its end,
 * or a signal that ends us: false.
 */
bool	doctor_pty_wait(struct doctor_pty *p, uint64_t deadline_ms,
	    bool (*is_there)(void *arg), void *arg);
/* Kills it, and frees what it had. What it started may be there. */
void	doctor_pty_end(struct doctor_pty *p);

/* Before the first one: orphans are to be ours, and signals end us in time. */
void	doctor_pty_begin_all(void);
/* Kills whatever was started. The number of processes that do not die. */
int	doctor_pty_end_all(void);
/* The signal that is to end us, or 0. */
int	doctor_pty_signal(void);

#endif /* QT_HIST_DOCTOR_PTY_H */
