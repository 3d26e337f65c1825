/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the host, or starting one.
 *
 * Whether a host lives is the lock of host.lock, which the kernel frees when
 * it dies; the socket's file proves nothing. While somebody holds the lock but
 * does not listen yet, the runtime folder is watched (inotify) until the
 * socket appears.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/path.h>
#include <qt/base/sys.h>

#include "client_priv.h"
#include "socket_priv.h"

#define START_MS	10000	/* of a host, from nothing */
#define LOOK_MS		200	/* is the one that starts still alive? */

long
qt_client_host_pid(void)
{
	char	path[QT_PATH_SIZE], text[32] = "";
	long	pid = 0;
	int	fd;

	if (qt_path_in_runtime("host.lock", path, NULL) < 0)
		return 0;
	fd = qt_sys_open(AT_FDCWD, path, O_RDONLY, 0);
	if (fd < 0)
		return 0;
	if (qt_sys_is_locked(fd, 0, 1) == 1) {
		(void)qt_sys_pread(fd, text, sizeof(text) - 1, 0);
		pid = strtol(text, NULL, 10);
		/* It holds the lock but has not written yet. */
		if (pid <= 0)
			pid = 1;
	}
	close(fd);
	return pid;
}

/* Its complaint, without "qt-session: " and the end of the line. */
static void
set_complaint(int fd, struct qt_err *err)
{
	char	text[400];
	char	*p = text, *colon;
	ssize_t	n = qt_sys_read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	colon = strstr(text, ": ");
	if (colon != NULL && strncmp(text, "qt-session", 10) == 0)
		p = colon + 2;
	qt_err_set(err, "start the session host: %s", p);
}

static _Noreturn void
child(const char *program, int fd)
{
	char	*argv[] = { (char *)(uintptr_t)"qt-session",
	    (char *)(uintptr_t)"host", NULL };
	sigset_t	 none;

	/* Who starts it may have signals blocked; the host needs them. */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(fd, STDERR_FILENO) < 0)
		_exit(126);
	execvp(program, argv);
	_exit(127);
}

/*
 * Runs `qt-session host`, which returns when its socket is ready, or when
 * another host has the lock.
 */
static int
spawn_host(struct qt_err *err)
{
	char	program[QT_PATH_SIZE];
	int	fds[2], status = 0, rc = 0;
	pid_t	pid, done;

	qt_path_program("qt-session", program);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid = qt_sys_fork();
	if (pid == 0)
		child(program, fds[1]);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		qt_err_set(err, "start the session host");
		return (int)pid;
	}
	do {
		done = waitpid(pid, &status, 0);
	} while (done < 0 && errno == EINTR);
	if (done == pid && status != 0) {
		rc = -QT_ENOHOST;
		qt_err_set(err, "start the session host ('%s host')", program);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 127)
			set_complaint(fds[0], err);
	}
	close(fds[0]);
	return rc;
}

static int
connect_once(struct qt_err *err)
{
	char	path[QT_PATH_SIZE];
	int	rc = qt_path_in_runtime("host.sock", path, err);

	return rc < 0 ? rc : qt__socket_connect(path, err);
}

static int
is_absent(int rc)
{
	return rc == -ENOENT || rc == -ECONNREFUSED;
}

static void
set_unanswered(int rc, struct qt_err *err)
{
	long	pid = qt_client_host_pid();

	/* Below 2: it could not write its pid, as when the disk is full. */
	if (is_absent(rc) && pid > 1)
		qt_err_set(err, "the session host (process %ld) has no socket; "
		    "was it removed? 'kill %ld' ends the host, with its "
		    "sessions", pid, pid);
	else
		qt_err_set(err, "the session host (process %ld) does not "
		    "answer", pid);
}

/* Somebody holds the lock: its socket will come, or it dies. */
static int
wait_for_socket(struct qt_err *err)
{
	uint64_t	 end = qt_clock_mono_ms() + START_MS;
	char		 dir[QT_PATH_SIZE], drop[4096];
	struct pollfd	 p = { .events = POLLIN };
	int		 rc;

	rc = qt_path_runtime(dir, err);
	if (rc < 0)
		return rc;
	p.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (p.fd >= 0)
		(void)inotify_add_watch(p.fd, dir, IN_MOVED_TO | IN_CREATE);
	for (;;) {
		rc = connect_once(err);
		if (rc >= 0 || (!is_absent(rc) && rc != -EAGAIN))
			break;
		if (qt_client_host_pid() == 0) {
			rc = -QT_ENOHOST;
			break;
		}
		if (qt_clock_mono_ms() > end) {
			set_unanswered(rc, err);
			rc = -ETIMEDOUT;
			break;
		}
		(void)poll(&p, 1, LOOK_MS);
		while (p.fd >= 0 && read(p.fd, drop, sizeof(drop)) > 0)
			;
	}
	if (p.fd >= 0)
		close(p.fd);
	return rc;
}

int
qt__client_connect(unsigned int flags, struct qt_err *err)
{
	int	rc = connect_once(err);

	if (rc == -EAGAIN || (is_absent(rc) && qt_client_host_pid() != 0))
		rc = wait_for_socket(err);
	if (!is_absent(rc) && rc != -QT_ENOHOST)
		return rc;
	if ((flags & QT_CLIENT_START) == 0) {
		qt_err_set(err, "connect");
		return -QT_ENOHOST;
	}
	rc = spawn_host(err);
	return rc < 0 ? rc : wait_for_socket(err);
}
