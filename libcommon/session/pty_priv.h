/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_PTY_PRIV_H
#define QT_SESSION_PTY_PRIV_H

/*
 * A program on a pseudo-terminal of its own, as session leader. The host does
 * not wait for folders or programs on a slow file system: a close-on-exec pipe
 * ends without a byte once the program runs, or brings struct
 * qt__spawn_failure. What the kernel has in its cache is started as by
 * vfork(2), which costs the same however large the host is; the rest by
 * fork(2). One thread at a time.
 */

#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <qt/base/err.h>

struct qt__spawn {
	const char	*path;		/* argv[0] with PATH to look in, or a path */
	char *const	*argv;
	char *const	*env;
	const char	*cwd;
	uint16_t	 cols, rows;
	const struct rlimit *nofile;	/* the child's; NULL: ours */
};

struct qt__spawned {
	pid_t	pid;
	int	fd;		/* our end of the pty, nonblocking */
	int	status_fd;	/* the pipe, nonblocking */
};

enum qt__spawn_step {
	QT__SPAWN_TTY = 1, QT__SPAWN_CHDIR, QT__SPAWN_EXEC,
};

struct qt__spawn_failure {
	int32_t	step;		/* enum qt__spawn_step */
	int32_t	error;		/* errno */
};

/* 0 or negative with err set; limits are named with the way out. */
int	qt__pty_spawn(const struct qt__spawn *spec, struct qt__spawned *out,
	    struct qt_err *err);
int	qt__pty_resize(int fd, uint16_t cols, uint16_t rows);

#endif /* QT_SESSION_PTY_PRIV_H */
