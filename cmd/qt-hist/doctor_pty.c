/* SPDX-License-Identifier: Apache-2.0 */
/* A program in a terminal of its own. See doctor_pty.h. */

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>

#include "doctor_pty.h"

#define OUT_MAX		65536u
#define STEP_MS		10	/* how often what is waited for is looked at */
#define END_MS		3000

static volatile sig_atomic_t	ended_by;

/* --- Starting ------------------------------------------------------------- */

static _Noreturn void
run_child(int tty, const char *const *argv, const char *const *env)
{
	sigset_t	none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (setsid() < 0 || ioctl(tty, TIOCSCTTY, 0) < 0)
		_exit(126);
	for (int fd = 0; fd < 3; fd++)
		if (dup2(tty, fd) < 0)
			_exit(126);
	for (; *env != NULL; env++) {
		if (strchr(*env, '=') != NULL)
			(void)putenv((char *)(uintptr_t)*env);
		else
			(void)unsetenv(*env);
	}
	(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
	(void)fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

int
doctor_pty_start(struct doctor_pty *p, const char *const *argv,
    const char *const *env, struct qt_err *err)
{
	struct winsize	size = { .ws_col = 120, .ws_row = 40 };
	int		tty, rc = qt_sys_pty(&p->fd, &tty);

	if (rc < 0) {
		qt_err_set(err, "open a pseudo-terminal");
		return rc;
	}
	(void)ioctl(tty, TIOCSWINSZ, &size);
	(void)fcntl(p->fd, F_SETFL, O_RDWR | O_NONBLOCK);
	p->pid = qt_sys_fork();
	if (p->pid == 0)
		run_child(tty, argv, env);
	close(tty);
	if (p->pid < 0) {
		qt_err_set(err, "start '%s'", argv[0]);
		return (int)p->pid;
	}
	return 0;
}

/* --- Typing, and looking -------------------------------------------------- */

/*
 * Some shells ask the terminal what it is, and where the cursor is, and wait for
 * what it answers.
 */
static void
answer(struct doctor_pty *p, size_t from)
{
	static const struct {
		const char	*question, *reply;
	} known[] = {
		{ "\033[c", "\033[?1;2c" },
		{ "\033[0c", "\033[?1;2c" },
		{ "\033[6n", "\033[1;1R" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (memmem(p->out.data + from, p->out.len - from,
		    known[i].question, strlen(known[i].question)) != NULL)
			(void)qt_sys_write(p->fd, known[i].reply,
			    strlen(known[i].reply));
}

static void
look(struct doctor_pty *p)
{
	size_t	from = p->out.len;
	ssize_t	n;

	while (!p->is_over && qt_buf_reserve(&p->out, 4096) == 0) {
		n = qt_sys_read(p->fd, p->out.data + p->out.len, 4096);
		if (n == -EAGAIN)
			break;
		if (n <= 0)
			p->is_over = true;
		else
			p->out.len += (size_t)n;
		if (p->out.len - from > OUT_MAX)
			break;
	}
	if (p->out.len == from)
		return;
	answer(p, from);
	if (p->out.len > OUT_MAX)
		qt_buf_drop(&p->out, p->out.len - OUT_MAX);
	p->out.data[p->out.len] = '\0';
}

int
doctor_pty_type(struct doctor_pty *p, const char *text)
{
	uint64_t	until = qt_clock_mono_ms() + 2000;
	size_t		len = strlen(text);

	while (len > 0) {
		ssize_t	n = qt_sys_write(p->fd, text, len);

		if (n == -EAGAIN && qt_clock_mono_ms() < until) {
			struct pollfd	f = { p->fd, POLLIN | POLLOUT, 0 };

			(void)poll(&f, 1, STEP_MS);
			look(p);
			continue;
		}
		if (n < 0)
			return (int)n;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

bool
doctor_pty_wait(struct doctor_pty *p, uint64_t deadline_ms,
    bool (*is_there)(void *arg), void *arg)
{
	while (!is_there(arg)) {
		struct pollfd	f = { p->fd, POLLIN, 0 };

		if (qt_clock_mono_ms() >= deadline_ms || ended_by != 0)
			return false;
		if (p->status == -1 &&
		    waitpid(p->pid, &p->status, WNOHANG) != p->pid)
			p->status = -1;
		if (p->status != -1) {
			look(p);
			return is_there(arg);
		}
		(void)poll(&f, p->is_over ? 0 : 1, STEP_MS);
		look(p);
	}
	return true;
}

void
doctor_pty_end(struct doctor_pty *p)
{
	if (p->pid > 0 && p->status == -1) {
		(void)kill(p->pid, SIGKILL);
		(void)waitpid(p->pid, &p->status, 0);
	}
	if (p->fd >= 0)
		close(p->fd);
	qt_buf_clear(&p->out);
	*p = (struct doctor_pty)DOCTOR_PTY_INIT;
}

/* --- Leaving nothing behind ----------------------------------------------- */

static void
on_signal(int sig)
{
	ended_by = sig;
}

int
doctor_pty_signal(void)
{
	return ended_by;
}

void
doctor_pty_begin_all(void)
{
	static const int	ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction	sa = { .sa_handler = on_signal };

	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		(void)sigaction(ends[i], &sa, NULL);
}

/* Its parent, by /proc/PID/stat: "PID (any name) S PARENT ...". */
static pid_t
parent_of(const char *pid)
{
	char	path[64], text[512], *end;
	long	parent = -1;
	size_t	n;
	FILE	*f;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return -1;
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	end = strrchr(text, ')');
	if (end != NULL && end[1] == ' ' && end[2] != '\0')
		parent = strtol(end + 3, NULL, 10);
	return (pid_t)parent;
}

static int
kill_children(void)
{
	const struct dirent	*e;
	DIR			*dir = opendir("/proc");
	int			 count = 0;

	if (dir == NULL)
		return 0;
	while ((e = readdir(dir)) != NULL)
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' &&
		    parent_of(e->d_name) == getpid()) {
			(void)kill((pid_t)strtol(e->d_name, NULL, 10), SIGKILL);
			count++;
		}
	closedir(dir);
	return count;
}

/* Children of what is killed become ours: until there are none. */
int
doctor_pty_end_all(void)
{
	uint64_t	until = qt_clock_mono_ms() + END_MS;
	int		count;
	pid_t		pid;

	for (;;) {
		count = kill_children();
		do
			pid = waitpid(-1, NULL, WNOHANG);
		while (pid > 0);
		if (pid < 0 && errno == ECHILD)
			return 0;
		if (qt_clock_mono_ms() >= until)
			return count;
		(void)poll(NULL, 0, 1);
	}
}
