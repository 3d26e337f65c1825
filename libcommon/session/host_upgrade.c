/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replacing the host's program while its sessions go on.
 *
 *	UPGRADE ─► ask the program which state it reads ─► wait until nothing
 *	is between fork and exec ─► save the state ─► exec ─► load it ─► OK
 *
 * The process stays the same, so its children stay its children, its locks
 * and sockets stay held, and connections do not notice: what they send waits
 * in their sockets. The asker gets its OK from the new program, or an ERROR
 * from the old one, which then goes on as before. Nothing is read from a pty
 * in between, so no byte is lost: the state is saved and exec is called in one
 * turn of the loop.
 *
 * The question ("PROGRAM host --state-version") is asked in a child, so that a
 * program that does not start, or hangs, is found out in time.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/log.h>
#include <qt/base/path.h>
#include <qt/base/sys.h>

#include "host_priv.h"
#include "host_state_priv.h"

#define ASK_MS 5000	/* for the new program's answer */

struct qt__ask {
	uv_poll_t	poll;		/* on the pipe */
	uv_timer_t	timer;
	struct qt__host	*host;
	pid_t		pid;
	int		fd, handles;
};

static void
give_up(struct qt__host *h, int code, const char *why)
{
	struct qt__conn	*c = qt__conn_get(h, h->upgrade_conn);

	qt_log(QT_LOG_WARN, QT__MODULE, "upgrade to '%s': %s: %s",
	    h->upgrade_program, why, qt_strerror(code));
	if (c != NULL)
		qt__conn_error(c, h->upgrade_tag, code, "upgrade to '%s': %s",
		    h->upgrade_program, why);
	free(h->upgrade_program);
	h->upgrade_program = NULL;
	h->upgrade_conn = 0;
	h->is_upgrading = 0;
}

/* Descriptors that the new program takes over. */
static void
keep_fd(int fd, int is_kept)
{
	if (fd >= 0)
		(void)fcntl(fd, F_SETFD, is_kept ? 0 : FD_CLOEXEC);
}

static void
keep_all(struct qt__host *h, int is_kept)
{
	keep_fd(h->lock_fd, is_kept);
	keep_fd(h->listen_fd, is_kept);
	keep_fd(h->screen.listen_fd, is_kept);
	for (uint32_t i = 0; i < h->session_slots; i++) {
		if (h->sessions[i] != NULL)
			keep_fd(h->sessions[i]->fd, is_kept);
	}
	for (uint32_t i = 0; i < h->conn_slots; i++) {
		if (h->conns[i] == NULL)
			continue;
		keep_fd(h->conns[i]->fd, is_kept);
		keep_fd(h->conns[i]->bell_fd, is_kept);
		keep_fd(h->conns[i]->event_fd, is_kept);
	}
}

static void
do_exec(struct qt__host *h)
{
	char		 number[16];
	char		*argv[] = { (char *)(uintptr_t)"qt-session",
	    (char *)(uintptr_t)"host", (char *)(uintptr_t)"--state", number,
	    h->opt.is_daemon ? NULL : (char *)(uintptr_t)"--foreground", NULL };
	struct qt_err	 err = QT_ERR_INIT;
	int		 fd = -1, seg_fd = -1, rc;

	/* What the new program would not adopt is not left to it. */
	rc = qt__table_check(h->seg, &err);
	if (rc == 0)
		rc = qt__state_save(h, &fd, &seg_fd, &err);
	if (rc == 0) {
		snprintf(number, sizeof(number), "%d", fd);
		keep_fd(fd, 1);
		keep_fd(seg_fd, 1);
		keep_all(h, 1);
		atomic_store(&h->info->upgrade_ms, qt_clock_real_ms());
		qt__screen_end(h);
		execv(h->upgrade_program, argv);
		rc = -errno;
		atomic_store(&h->info->upgrade_ms, 0);
		keep_all(h, 0);
		qt__screen_begin(h);
		qt_err_set(&err, "run it");
	}
	if (fd >= 0)
		close(fd);
	if (seg_fd >= 0)
		close(seg_fd);
	give_up(h, rc, err.text);
}

/* After each start of a program: is it what an upgrade waited for? */
void
qt__upgrade_look(struct qt__host *h)
{
	if (h->is_upgrading == 2 && h->starting == 0)
		do_exec(h);
}

static void
on_asked_closed(uv_handle_t *handle)
{
	struct qt__ask	*ask = handle->data;

	if (--ask->handles == 0)
		free(ask);
}

static void
end_ask(struct qt__ask *ask)
{
	uv_close((uv_handle_t *)&ask->poll, on_asked_closed);
	uv_close((uv_handle_t *)&ask->timer, on_asked_closed);
	close(ask->fd);
}

static void
on_answer(uv_poll_t *poll, int status, int events)
{
	struct qt__ask	*ask = poll->data;
	struct qt__host	*h = ask->host;
	char		 text[32] = "";
	ssize_t		 n = qt_sys_read(ask->fd, text, sizeof(text) - 1);

	(void)status;
	(void)events;
	if (n == -EAGAIN)
		return;
	end_ask(ask);
	if (n <= 0 || strtoul(text, NULL, 10) != QT_HOST_STATE_VERSION) {
		give_up(h, -QT_EVERSION, "it does not continue hosts of this "
		    "version; end the sessions and restart the host instead");
		return;
	}
	h->is_upgrading = 2;
	qt__upgrade_look(h);
}

static void
on_silence(uv_timer_t *timer)
{
	struct qt__ask	*ask = timer->data;

	/* Its end of the pipe is open, so it has not been reaped. */
	(void)kill(ask->pid, SIGKILL);
	end_ask(ask);
	give_up(ask->host, -ETIMEDOUT, "ask for its state version");
}

static _Noreturn void
child(const char *program, int fd)
{
	char	*argv[] = { (char *)(uintptr_t)"qt-session",
	    (char *)(uintptr_t)"host", (char *)(uintptr_t)"--state-version",
	    NULL };

	if (dup2(fd, STDOUT_FILENO) < 0)
		_exit(126);
	execv(program, argv);
	_exit(127);
}

static int
ask_program(struct qt__host *h)
{
	struct qt__ask	*ask = calloc(1, sizeof(*ask));
	sigset_t	 all, old;
	int		 fds[2];

	if (ask == NULL)
		return -ENOMEM;
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) {
		free(ask);
		return -errno;
	}
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	ask->pid = qt_sys_fork();
	if (ask->pid == 0) {
		(void)sigprocmask(SIG_SETMASK, &old, NULL);
		child(h->upgrade_program, fds[1]);
	}
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	close(fds[1]);
	if (ask->pid < 0 || uv_poll_init(&h->loop, &ask->poll, fds[0]) < 0) {
		close(fds[0]);
		free(ask);
		return -EAGAIN;
	}
	(void)uv_timer_init(&h->loop, &ask->timer);
	ask->host = h;
	ask->fd = fds[0];
	ask->handles = 2;
	ask->poll.data = ask->timer.data = ask;
	(void)uv_poll_start(&ask->poll, UV_READABLE, on_answer);
	(void)uv_timer_start(&ask->timer, on_silence, ASK_MS, 0);
	return 0;
}

void
qt__msg_upgrade(struct qt__conn *c, const struct qt_control_head *head,
    const void *body)
{
	struct qt__host	*h = c->host;
	char		 path[QT_PATH_SIZE];
	int		 rc;

	if (h->is_upgrading || h->is_stopping) {
		qt__conn_error(c, head->tag, -EBUSY, "the session host is "
		    "%s already", h->is_stopping ? "stopping" : "upgrading");
		return;
	}
	if (head->len == 0)
		qt_path_program("qt-session", path);
	else if (head->len < sizeof(path))
		snprintf(path, sizeof(path), "%.*s", (int)head->len,
		    (const char *)body);
	else
		path[0] = '\0';
	if (path[0] != '/' || access(path, X_OK) < 0) {
		qt__conn_error(c, head->tag, path[0] == '/' ? -errno : -EINVAL,
		    "program '%.200s'", path);
		return;
	}
	h->upgrade_program = strdup(path);
	if (h->upgrade_program == NULL) {
		qt__conn_error(c, head->tag, -ENOMEM, "upgrade");
		return;
	}
	h->upgrade_conn = c->id;
	h->upgrade_tag = head->tag;
	h->is_upgrading = 1;
	rc = ask_program(h);
	if (rc < 0)
		give_up(h, rc, "start it");
}
