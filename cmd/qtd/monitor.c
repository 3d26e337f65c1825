/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's loop: workers are started, started again when they die, and
 * told to stop. See monitor.h.
 *
 * If the monitor is killed, its workers see the end of their sockets and go
 * too, so that the port is free for the next one. Sessions live in the session
 * host and notice nothing.
 */

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/log.h>
#include <qt/base/prog.h>
#include <qt/base/sys.h>
#include <qt/session/client.h>

#include "monitor.h"
#include "worker.h"

#define RESTART_MIN_MS	50
#define RESTART_MAX_MS	5000
#define STEADY_MS	10000	/* lived so long: the next back-off is short */
#define STOP_MS		3000	/* workers have so long to say good-bye */

static void
block_signals(struct monitor *m)
{
	sigset_t	set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	m->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (m->signal_fd < 0)
		qt_die(QT_EXIT_SYS, "signalfd: %s", strerror(errno));
}

/* In the child: nothing of the monitor's stays. */
static _Noreturn void
become_worker(struct monitor *m, unsigned int i, int fd)
{
	struct worker_start	start = { .opt = m->opt, .shared = m->shared,
	    .index = i, .mon_fd = fd, .segment = m->segment,
	    .control_name = m->name };
	sigset_t		none;

	sigemptyset(&none);
	signal(SIGINT, SIG_IGN);	/* the terminal's: the monitor's */
	signal(SIGHUP, SIG_IGN);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close(m->signal_fd);
	close(m->control_fd);
	close(m->lock_fd);
	for (unsigned int j = 0; j < m->opt->workers; j++) {
		if (m->child[j].fd >= 0)
			close(m->child[j].fd);
	}
	for (size_t j = 0; j < HISTORY_JOBS; j++) {
		if (m->history[j].pid != 0)
			close(m->history[j].said_fd);
	}
	for (unsigned int j = 0; j < m->child[i].nlisten; j++)
		start.listen[start.nlisten++] =
		    fcntl(m->child[i].listen[j], F_DUPFD_CLOEXEC, 3);
	for (unsigned int j = 0; j < m->nfds; j++)
		close(m->fds[j]);
	qt_net_sessions_detach(m->sessions);
	qt_seg_close(m->seg);
	exit(worker_main(&start));
}

static int
start_worker(struct monitor *m, unsigned int i)
{
	struct child	*c = &m->child[i];
	int		 pair[2];
	pid_t		 pid;

	monitor_share(m, i);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0, pair) < 0)
		return -errno;
	pid = qt_sys_fork();
	if (pid < 0) {
		close(pair[0]);
		close(pair[1]);
		return (int)pid;
	}
	if (pid == 0) {
		close(pair[0]);
		become_worker(m, i, pair[1]);
	}
	close(pair[1]);
	c->pid = pid;
	c->fd = pair[0];
	c->started_ms = qt_clock_mono_ms();
	c->restart_ms = 0;
	c->is_ready = 0;
	atomic_store(&m->shared->worker[i].pid, (uint32_t)pid);
	atomic_fetch_add(&m->shared->worker[i].starts, 1);
	return 0;
}

static void
later(struct child *c)
{
	uint64_t	now = qt_clock_mono_ms();

	if (c->delay_ms == 0 || now - c->started_ms > STEADY_MS)
		c->delay_ms = RESTART_MIN_MS;
	else if (c->delay_ms < RESTART_MAX_MS)
		c->delay_ms *= 2;
	c->restart_ms = now + c->delay_ms;
}

/* Says on standard error how a worker ended, unless it was told to. */
static void
say_end(const struct monitor *m, const struct child *c, int status)
{
	if (m->is_stopping)
		return;
	if (WIFSIGNALED(status))
		qt_log(QT_LOG_WARN, "qtd", "worker %d was killed by signal %d; "
		    "starting another", (int)c->pid, WTERMSIG(status));
	else
		qt_log(QT_LOG_WARN, "qtd", "worker %d ended with %d; starting "
		    "another", (int)c->pid, WEXITSTATUS(status));
}

static void
end_worker(struct monitor *m, unsigned int i, int status)
{
	struct child	*c = &m->child[i];
	int		 never_ready = !c->is_ready &&
	    atomic_load(&m->shared->worker[i].starts) == 1;

	/* What it asked last is still done: a logout must count. */
	while (serve_worker(m, c) == 0 && recv(c->fd, NULL, 0,
	    MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC) > 0)
		;
	history_forget(m, c);
	close(c->fd);
	c->fd = -1;
	shared_clear_gauges(&m->shared->worker[i]);
	if (never_ready && WIFEXITED(status) && WEXITSTATUS(status) != 0) {
		/* It could not even begin, and has said why. */
		m->exit_code = WEXITSTATUS(status);
		m->is_stopping = 1;
		m->stop_ms = qt_clock_mono_ms();
	} else {
		say_end(m, c, status);
	}
	c->pid = 0;
	if (!m->is_stopping)
		later(c);
}

static void
reap(struct monitor *m)
{
	int	status;
	pid_t	pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (history_reap(m, pid, status))
			continue;
		for (unsigned int i = 0; i < m->opt->workers; i++) {
			if (m->child[i].pid == pid)
				end_worker(m, i, status);
		}
	}
}

static void
tell(struct monitor *m, enum mon_type type)
{
	struct mon_message	msg = { .type = type };

	for (unsigned int i = 0; i < m->opt->workers; i++) {
		if (m->child[i].fd >= 0)
			mon_send_message(m->child[i].fd, &msg, -1);
	}
}

static void
stop(struct monitor *m)
{
	if (m->is_stopping) {
		m->stop_ms = qt_clock_mono_ms();	/* twice: at once */
		return;
	}
	m->is_stopping = 1;
	m->stop_ms = qt_clock_mono_ms() + STOP_MS;
	tell(m, MON_STOP);
}

static void
on_signal(struct monitor *m)
{
	struct signalfd_siginfo	info;

	while (read(m->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			tell(m, MON_RELOAD);
		else if (info.ssi_signo == SIGCHLD)
			reap(m);
		else
			stop(m);
	}
}

/* The running ones, for which we wait to end. */
static unsigned int
count_running(const struct monitor *m)
{
	unsigned int	n = 0;

	for (unsigned int i = 0; i < m->opt->workers; i++)
		n += m->child[i].pid != 0;
	return n;
}

/* What is due by the clock; milliseconds until the next, or -1. */
static int
on_clock(struct monitor *m)
{
	uint64_t	now = qt_clock_mono_ms(), next = 0, expiry = 0;
	uint64_t	real = qt_clock_real_ms();
	uint64_t	late = history_clock(m, now);

	for (unsigned int i = 0; i < m->opt->workers; i++) {
		struct child	*c = &m->child[i];

		if (c->restart_ms != 0 && !m->is_stopping &&
		    c->restart_ms <= now && start_worker(m, i) < 0)
			later(c);
		if (c->restart_ms != 0 && (next == 0 || c->restart_ms < next))
			next = c->restart_ms;
		if (m->is_stopping && m->stop_ms <= now && c->pid != 0)
			kill(c->pid, SIGKILL);
	}
	if (m->is_stopping)
		next = m->stop_ms > now ? m->stop_ms : now + 100;
	if (late != 0 && (next == 0 || late < next))
		next = late;
	if (m->control_ms > now && (next == 0 || m->control_ms < next))
		next = m->control_ms;
	qt_net_sessions_expire(m->sessions, real, &expiry);
	if (expiry > real && (next == 0 || now + (expiry - real) < next))
		next = now + (expiry - real);
	if (next == 0)
		return -1;
	return next <= now ? 0 : next - now > 60000 ? 60000 : (int)(next - now);
}

static void
wait_once(struct monitor *m)
{
	struct pollfd	 p[WORKERS_MAX + 2];
	unsigned int	 n = m->opt->workers;
	int		 timeout = on_clock(m);

	for (unsigned int i = 0; i < n; i++)
		p[i] = (struct pollfd){ m->child[i].fd, POLLIN, 0 };
	p[n] = (struct pollfd){ m->signal_fd, POLLIN, 0 };
	p[n + 1] = (struct pollfd){ m->control_ms > qt_clock_mono_ms() ? -1 :
	    m->control_fd, POLLIN, 0 };
	if (poll(p, n + 2, timeout) <= 0)
		return;
	for (unsigned int i = 0; i < n; i++) {
		/* An end of file is followed by SIGCHLD; until then it waits
		 * without being polled. */
		if (p[i].revents != 0 && m->child[i].fd >= 0 &&
		    serve_worker(m, &m->child[i]) < 0 &&
		    m->child[i].pid != 0)
			kill(m->child[i].pid, SIGKILL);
	}
	if (p[n].revents != 0)
		on_signal(m);
	if (p[n + 1].revents != 0)
		control_serve(m);
	if ((m->opt->is_once || m->opt->is_exit_no_conn) && !m->is_stopping &&
	    atomic_load(&m->shared->had_client) != 0 &&
	    shared_clients(m->shared) == 0)
		stop(m);
}

static int
is_all_ready(const struct monitor *m)
{
	for (unsigned int i = 0; i < m->opt->workers; i++) {
		if (!m->child[i].is_ready)
			return 0;
	}
	return 1;
}

/* xdg-open, as a child of nobody we wait for. */
static void
open_browser(const char *url)
{
	pid_t	pid = qt_sys_fork();
	sigset_t none;

	if (pid != 0)
		return;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execlp("xdg-open", "xdg-open", url, (char *)NULL);
	qt_warn("-B: xdg-open: %s", strerror(errno));
	_exit(127);
}

/* The link is the result: on standard output. What it means goes beside. */
static void
announce(struct monitor *m)
{
	char	url[512], token[QT_NET_TOKEN_SIZE];

	monitor_url(m, url, sizeof(url));
	if (m->opt->login == LOGIN_TOKEN && table_link(m, token) == 0) {
		strcat(url, "#token=");
		strcat(url, token);
	}
	printf("%s\n", url);
	fflush(stdout);
	explicit_bzero(token, sizeof(token));
	if (m->opt->login == LOGIN_TOKEN)
		qt_warn("ready; this link logs in once, within the hour "
		    "('qtd link' prints another)");
	else
		qt_warn("ready");
	if (m->opt->is_browser)
		open_browser(url);
}

static void
run(struct monitor *m)
{
	int	is_announced = 0;

	for (unsigned int i = 0; i < m->opt->workers; i++) {
		int	rc = start_worker(m, i);

		if (rc < 0)
			qt_die(QT_EXIT_SYS, "start a worker: %s",
			    qt_strerror(rc));
	}
	while (!m->is_stopping || count_running(m) > 0) {
		wait_once(m);
		if (!is_announced && !m->is_stopping && is_all_ready(m)) {
			announce(m);
			is_announced = 1;
		}
	}
}

/* -u and -g: sockets are bound already, the rest is that user's. */
static void
drop_privileges(const struct options *o)
{
	const struct passwd	*pw;

	if (o->uid == (uid_t)-1 && o->gid == (gid_t)-1)
		return;
	pw = o->uid == (uid_t)-1 ? NULL : getpwuid(o->uid);
	if ((o->gid != (gid_t)-1 && setgid(o->gid) < 0) ||
	    (o->gid == (gid_t)-1 && pw != NULL && setgid(pw->pw_gid) < 0) ||
	    (geteuid() == 0 && (pw == NULL ? setgroups(0, NULL) :
	    initgroups(pw->pw_name, getegid())) < 0) ||
	    (o->uid != (uid_t)-1 && setuid(o->uid) < 0))
		qt_die(QT_EXIT_SYS, "-u, -g: %s", strerror(errno));
	if (pw == NULL)
		return;
	setenv("HOME", pw->pw_dir, 1);
	setenv("USER", pw->pw_name, 1);
	setenv("LOGNAME", pw->pw_name, 1);
	setenv("SHELL", pw->pw_shell, 1);
	unsetenv("XDG_RUNTIME_DIR");
}

int
monitor_run(struct options *opt)
{
	static struct monitor	 m;
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_client	*host;
	char			 runtime[QT_PATH_SIZE];
	int			 rc;

	m.opt = opt;
	m.control_fd = m.lock_fd = -1;
	for (unsigned int i = 0; i < WORKERS_MAX; i++)
		m.child[i].fd = -1;
	monitor_listen(&m);
	drop_privileges(opt);
	m.shared = shared_new(opt->workers);
	rc = m.shared == NULL ? -ENOMEM : qt_path_runtime(runtime, &err);
	if (rc == 0)
		rc = control_open(&m, &err);
	if (rc == 0)
		rc = table_open(&m, &err);
	if (rc == 0)
		rc = qt_client_open(QT_CLIENT_START, QT_ROLE_OWNER, 0, &host,
		    &err);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
	qt_client_close(host);
	block_signals(&m);
	run(&m);
	table_close(&m);
	control_close(&m);
	if (opt->is_unix && !m.is_passed)
		unlink(opt->where + strlen("unix:"));
	return m.exit_code;
}
