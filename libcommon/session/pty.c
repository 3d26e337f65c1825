/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a program on a pseudo-terminal. See "pty_priv.h". */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>
#include <linux/openat2.h>

#include <qt/base/sys.h>

#include "pty_priv.h"

#define PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"

struct child {
	const struct qt__spawn	*spec;
	const char		*search;	/* PATH, or NULL */
	char			**sh_argv;	/* for a script without #! */
	int			 tty, status;
};

static _Noreturn void
child_fail(const struct child *c, enum qt__spawn_step step)
{
	struct qt__spawn_failure	f = { (int32_t)step, errno };
	ssize_t				n;

	n = write(c->status, &f, sizeof(f));
	_exit(n == sizeof(f) ? 127 : 126);
}

/* Handlers of the host's must not run here, nor its ignored signals stay. */
static void
child_signals(void)
{
	struct sigaction	sa = { .sa_handler = SIG_DFL };
	sigset_t		none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &sa, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
try_exec(const struct child *c, const char *path)
{
	(void)execve(path, c->spec->argv, c->spec->env);
	if (errno != ENOEXEC)
		return;
	c->sh_argv[1] = (char *)(uintptr_t)path;
	(void)execve("/bin/sh", c->sh_argv, c->spec->env);
}

/*
 * The name in the folder that *search begins with, which is passed over. 1, 0
 * after the last, -ENAMETOOLONG.
 */
static int
next_path(const char **search, const char *name, char path[PATH_MAX])
{
	const char	*p = *search;
	size_t		 dir, len = strlen(name);

	if (p == NULL)
		return 0;
	dir = strcspn(p, ":");
	*search = p[dir] == '\0' ? NULL : p + dir + 1;
	if (dir + len + 2 > PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(path, p, dir);
	path[dir] = '/';
	memcpy(path + dir + (dir > 0), name, len + 1);
	return 1;
}

/* As execvp(3), but in the child's PATH, and safe after fork or vfork. */
static void
search_exec(const struct child *c)
{
	const char	*search = c->search;
	char		 path[PATH_MAX];
	int		 error = ENOENT, rc;

	while ((rc = next_path(&search, c->spec->path, path)) != 0) {
		if (rc < 0)
			continue;
		try_exec(c, path);
		if (errno == EACCES)
			error = EACCES;
		else if (errno != ENOENT && errno != ENOTDIR)
			return;
	}
	errno = error;
}

static _Noreturn void
child_run(const struct child *c)
{
	const struct qt__spawn	*s = c->spec;

	child_signals();
	if (setsid() < 0 || ioctl(c->tty, TIOCSCTTY, 0) < 0)
		child_fail(c, QT__SPAWN_TTY);
	for (int fd = 0; fd < 3; fd++) {
		if (dup2(c->tty, fd) < 0)
			child_fail(c, QT__SPAWN_TTY);
	}
	if (s->nofile != NULL)
		(void)setrlimit(RLIMIT_NOFILE, s->nofile);
	if (chdir(s->cwd) < 0)
		child_fail(c, QT__SPAWN_CHDIR);
	if (c->search != NULL)
		search_exec(c);
	else
		try_exec(c, s->path);
	child_fail(c, QT__SPAWN_EXEC);
}

static int
open_pty(const struct qt__spawn *s, int *leader, int *tty, struct qt_err *err)
{
	struct winsize	 size = { .ws_col = s->cols, .ws_row = s->rows };
	struct termios	 t;
	char		 max[32] = "?";
	FILE		*f;
	int		 rc;

	rc = qt_sys_pty(leader, tty);
	if (rc == -ENOSPC || rc == -EAGAIN) {
		f = fopen("/proc/sys/kernel/pty/max", "re");
		if (f != NULL && fscanf(f, "%31s", max) != 1)
			max[0] = '\0';
		if (f != NULL)
			fclose(f);
		qt_err_set(err, "no pseudo-terminal is free: all %s of the "
		    "system are in use; end some sessions or raise the limit "
		    "(sysctl kernel.pty.max)", max);
		return rc;
	}
	if (rc == -EMFILE || rc == -ENFILE) {
		qt_err_set(err, "open a pseudo-terminal: the limit of open "
		    "files is reached; raise it (%s)", rc == -EMFILE ?
		    "ulimit -Hn, LimitNOFILE=" : "sysctl fs.file-max");
		return rc;
	}
	if (rc < 0) {
		qt_err_set(err, "open a pseudo-terminal");
		return rc;
	}
	if (tcgetattr(*tty, &t) == 0) {
		t.c_iflag |= IUTF8;
		(void)tcsetattr(*tty, TCSANOW, &t);
	}
	(void)ioctl(*tty, TIOCSWINSZ, &size);
	(void)fcntl(*leader, F_SETFL, O_RDWR | O_NONBLOCK);
	return 0;
}

/* "sh", the path, then the arguments after argv[0]. */
static char **
make_sh_argv(char *const *argv)
{
	size_t	 argc = 0;
	char	**out;

	while (argv[argc] != NULL)
		argc++;
	out = calloc(argc + 2, sizeof(*out));
	if (out == NULL)
		return NULL;
	out[0] = (char *)(uintptr_t)"/bin/sh";
	for (size_t i = 1; i < argc; i++)
		out[i + 1] = argv[i];
	return out;
}

static const char *
find_path(char *const *env)
{
	for (; *env != NULL; env++) {
		if (strncmp(*env, "PATH=", 5) == 0)
			return *env + 5;
	}
	return PATH_DEFAULT;
}

/* Absolute, and found without a wait: 0, or negative. */
static int
find_cached(const char *path)
{
#ifdef RESOLVE_CACHED
	struct open_how	how = { .flags = O_PATH | O_CLOEXEC,
	    .resolve = RESOLVE_CACHED };
	int		fd;

	if (path[0] != '/')
		return -EAGAIN;
	fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
#else
	(void)path;
	return -ENOSYS;
#endif
}

/*
 * Whether the kernel knows the way to folder and program by heart, so that
 * the child comes to its exec(2) without asking a disk or a server.
 */
static int
is_at_hand(const struct child *c)
{
	const char	*search = c->search;
	char		 path[PATH_MAX];
	int		 rc;

	if (find_cached(c->spec->cwd) < 0)
		return 0;
	if (search == NULL)
		return find_cached(c->spec->path) == 0;
	while (next_path(&search, c->spec->path, path) > 0) {
		rc = find_cached(path);
		if (rc != -ENOENT)
			return rc == 0;
	}
	return 0;
}

static int
child_entry(void *arg)
{
	child_run(arg);
}

/*
 * Signals wait until the child has none of our handlers any more. One that
 * will not wait borrows our memory; any other could keep us standing (a dead
 * file server, say), and gets a copy.
 */
static pid_t
start_child(struct child *c)
{
	static _Alignas(64) char	stack[32768];
	sigset_t			all, old;
	pid_t				pid;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	if (is_at_hand(c)) {
		pid = qt_sys_vfork(child_entry, c, stack, sizeof(stack));
	} else {
		pid = qt_sys_fork();
		if (pid == 0)
			child_run(c);
	}
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return pid;
}

int
qt__pty_spawn(const struct qt__spawn *spec, struct qt__spawned *out,
    struct qt_err *err)
{
	struct child	c = { .spec = spec, .tty = -1 };
	int		fds[2] = { -1, -1 }, leader = -1, rc;

	if (strchr(spec->path, '/') == NULL)
		c.search = find_path(spec->env);
	c.sh_argv = make_sh_argv(spec->argv);
	if (c.sh_argv == NULL)
		return -ENOMEM;
	rc = open_pty(spec, &leader, &c.tty, err);
	if (rc < 0)
		goto out;
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) {
		rc = -errno;
		qt_err_set(err, "make a pipe");
		goto out;
	}
	c.status = fds[1];
	out->pid = start_child(&c);
	if (out->pid < 0) {
		rc = (int)out->pid;
		qt_err_set(err, "start a process: the limit of processes may "
		    "be reached (ulimit -u, TasksMax=)");
		goto out;
	}
	out->fd = leader;
	out->status_fd = fds[0];
	leader = fds[0] = -1;
out:
	if (leader >= 0)
		close(leader);
	if (c.tty >= 0)
		close(c.tty);
	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	free(c.sh_argv);
	return rc < 0 ? rc : 0;
}

int
qt__pty_resize(int fd, uint16_t cols, uint16_t rows)
{
	struct winsize	size = { .ws_col = cols, .ws_row = rows };

	return ioctl(fd, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}
