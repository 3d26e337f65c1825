/* SPDX-License-Identifier: Apache-2.0 */
/* The private world that a row is measured in, and its processes: world.h */

#include <errno.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/prog.h>
#include <qt/base/sys.h>
#include <qt/session/client.h>

#include "world.h"

#define STOP_MS		2000
#define QTD_READY_MS	10000

double
now_s(void)
{
	return (double)qt_clock_mono_ns() / 1e9;
}

pid_t
proc_start(char *const *argv, int *out)
{
	int	pipe_fds[2] = { -1, -1 };
	pid_t	pid;

	if (out != NULL && pipe2(pipe_fds, O_CLOEXEC) < 0)
		qt_die(QT_EXIT_SYS, "pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		qt_die(QT_EXIT_SYS, "fork: %s", strerror(errno));
	if (pid == 0) {
		int	fd = out != NULL ? pipe_fds[1] :
		    open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(fd, STDOUT_FILENO);
		execvp(argv[0], argv);
		qt_warn("run '%s': %s", argv[0], strerror(errno));
		_exit(127);
	}
	if (out != NULL) {
		close(pipe_fds[1]);
		*out = pipe_fds[0];
	}
	return pid;
}

void
proc_wait(pid_t pid, const char *what)
{
	int	status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			qt_die(QT_EXIT_SYS, "wait: %s", strerror(errno));
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		qt_die(QT_EXIT_SYS, "%s failed (status %d)", what, status);
}

void
proc_stop(pid_t pid)
{
	uint64_t	deadline = qt_clock_mono_ms() + STOP_MS;
	int		status;

	if (pid <= 0)
		return;
	kill(pid, SIGTERM);
	kill(pid, SIGCONT);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (qt_clock_mono_ms() > deadline)
			kill(pid, SIGKILL);
		poll(NULL, 0, 5);
	}
}

/* A number of kB behind "key:" in /proc/PID/status, as bytes. */
static uint64_t
status_kb(pid_t pid, const char *key)
{
	char		path[64], line[256];
	unsigned long	kb = 0;
	FILE		*f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, key, strlen(key)) == 0)
			kb = strtoul(line + strlen(key), NULL, 10);
	}
	fclose(f);
	return (uint64_t)kb * 1024;
}

uint64_t
proc_rss(pid_t pid)
{
	return status_kb(pid, "RssAnon:") + status_kb(pid, "RssFile:");
}

uint64_t
proc_cpu_us(pid_t pid)
{
	char		path[64], text[1024], *p;
	unsigned long	user, system;
	ssize_t		n;
	int		fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	/* The command's name may hold spaces: go on behind its bracket. */
	p = strrchr(text, ')');
	if (p == NULL || sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u "
	    "%*u %*u %lu %lu", &user, &system) != 2)
		return 0;
	return (uint64_t)(user + system) * 1000000 /
	    (uint64_t)sysconf(_SC_CLK_TCK);
}

static struct world	*current;
static pid_t		 current_pid;	/* a fork child must not end it */

static void
end_current(void)
{
	if (current != NULL && getpid() == current_pid)
		world_end(current);
}

static void
on_signal(int sig)
{
	(void)sig;
	exit(QT_EXIT_SYS);
}

void
world_start(struct world *w)
{
	static int		 is_armed;
	const char		*tmp = getenv("TMPDIR");
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_client	*client;
	struct qt_control_stat	 stat;
	struct qt_host_info	 info;
	struct qt_session_table	*table;
	struct qt_seg		*seg;
	int			 rc;

	memset(w, 0, sizeof(*w));
	snprintf(w->dir, sizeof(w->dir), "%s/qt-bench-XXXXXX",
	    tmp != NULL && strlen(tmp) < 32 ? tmp : "/tmp");
	if (mkdtemp(w->dir) == NULL)
		qt_die(QT_EXIT_SYS, "make '%s': %s", w->dir, strerror(errno));
	setenv("QT_RUNTIME_DIR", w->dir, 1);
	unsetenv("QT_SESSION");
	current = w;
	current_pid = getpid();
	if (!is_armed) {
		atexit(end_current);
		signal(SIGINT, on_signal);
		signal(SIGTERM, on_signal);
		is_armed = 1;
	}

	rc = qt_client_open(QT_CLIENT_START, QT_ROLE_OWNER, 0, &client, &err);
	if (rc == 0) {
		rc = qt_client_call(client, QT_MSG_STAT, 0, NULL, 0,
		    QT_MSG_STATED, &stat, sizeof(stat), &err);
		qt_client_close(client);
	}
	if (rc == 0)
		rc = qt_client_open_table(&seg, &table, &err);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
	rc = qt_host_info(table, &info);
	w->host = rc == 0 ? (pid_t)info.pid : 0;
	qt_session_table_close(table);
	qt_seg_close(seg);
}

/* A port that was free a moment ago. */
static int
free_port(void)
{
	struct sockaddr_in	a = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t		len = sizeof(a);
	int			fd, port = -1;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, len) == 0 &&
	    getsockname(fd, (struct sockaddr *)&a, &len) == 0)
		port = ntohs(a.sin_port);
	if (fd >= 0)
		close(fd);
	return port;
}

static int
can_connect(int port)
{
	struct sockaddr_in	a = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) },
	    .sin_port = htons((uint16_t)port) };
	int			fd, rc;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	rc = connect(fd, (struct sockaddr *)&a, sizeof(a));
	close(fd);
	return rc == 0;
}

/* The newest child of a process, or 0. */
static pid_t
child_of(pid_t parent)
{
	char	path[64];
	FILE	*f;
	int	pid = 0, last = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent,
	    (int)parent);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	while (fscanf(f, "%d", &pid) == 1)
		last = pid;
	fclose(f);
	return last;
}

void
world_start_qtd(struct world *w)
{
	char		program[QT_PATH_SIZE], port[16];
	char		*argv[] = { program, (char *)"-p", port,
	    (char *)"--no-login", (char *)"--workers", (char *)"1", NULL };
	uint64_t	deadline = qt_clock_mono_ms() + QTD_READY_MS;

	qt_path_program("qtd", program);
	w->port = free_port();
	snprintf(port, sizeof(port), "%d", w->port);
	w->qtd = proc_start(argv, NULL);
	while (!can_connect(w->port) || (w->worker = child_of(w->qtd)) == 0) {
		if (waitpid(w->qtd, NULL, WNOHANG) != 0) {
			w->qtd = 0;
			qt_die(QT_EXIT_SYS, "qtd ended at once");
		}
		if (qt_clock_mono_ms() > deadline)
			qt_die(QT_EXIT_SYS, "qtd does not listen on port %d",
			    w->port);
		poll(NULL, 0, 5);
	}
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	remove(path);
	return 0;
}

void
world_end(struct world *w)
{
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_client	*client;
	char			 name[128], kind[16];
	uint32_t		 force = 1;

	current = NULL;
	proc_stop(w->qtd);
	if (qt_client_open(0, QT_ROLE_OWNER, 0, &client, &err) == 0) {
		qt_client_call(client, QT_MSG_STOP, 0, &force, sizeof(force),
		    QT_MSG_OK, NULL, 0, &err);
		qt_client_close(client);
	}
	if (qt_path_segment("host", name, &err) == 0)
		qt_seg_unlink(name);
	snprintf(kind, sizeof(kind), "qtd-%d", w->port);
	if (w->port != 0 && qt_path_segment(kind, name, &err) == 0)
		qt_seg_unlink(name);
	nftw(w->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	memset(w, 0, sizeof(*w));
}
