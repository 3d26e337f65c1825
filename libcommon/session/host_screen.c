/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The screen service's keeper: the host binds screen.sock, so that requests
 * wait while there is no service, and starts `qt-session screen` with it as
 * descriptor 3; again whenever it dies, less and less often unless somebody
 * asks. Nothing here depends on it.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/log.h>
#include <qt/base/path.h>
#include <qt/base/sys.h>

#include "host_priv.h"
#include "socket_priv.h"

#define LISTEN_FD	3
#define DELAY_MS_MIN	100
#define DELAY_MS_MAX	10000
#define STEADY_MS	10000	/* having lived so long, it starts anew */

int
qt__screen_listen(struct qt__host *h, struct qt_err *err)
{
	char	path[QT_PATH_SIZE];
	int	rc;

	if (!h->opt.has_screen)
		return 0;
	rc = qt_path_in_runtime("screen.sock", path, err);
	if (rc < 0)
		return rc;
	h->screen.listen_fd = qt__socket_listen(path, err);
	return h->screen.listen_fd < 0 ? h->screen.listen_fd : 0;
}

static _Noreturn void
child(const char *program, int fd, const char *runtime)
{
	struct sigaction	 sa = { .sa_handler = SIG_DFL };
	char			*argv[] = { (char *)(uintptr_t)"qt-session",
	    (char *)(uintptr_t)"screen", NULL };
	sigset_t		 none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &sa, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* The parent's death, however it comes, is the end of its service. */
	if (fd == LISTEN_FD)
		(void)fcntl(fd, F_SETFD, 0);
	else if (dup2(fd, LISTEN_FD) < 0)
		_exit(126);
	(void)setenv("QT_RUNTIME_DIR", runtime, 1);
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_PID");
	execvp(program, argv);
	_exit(127);
}

static void
start(struct qt__host *h)
{
	struct qt__screen	*s = &h->screen;
	char			 program[QT_PATH_SIZE];
	sigset_t		 all, old;
	pid_t			 pid;

	if (s->poll.data != NULL)
		(void)uv_poll_stop(&s->poll);
	qt_path_program("qt-session", program);
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid = qt_sys_fork();
	if (pid == 0)
		child(program, s->listen_fd, h->runtime);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0) {
		qt_log(QT_LOG_WARN, QT__MODULE, "start the screen service: %s",
		    qt_strerror((int)pid));
		(void)qt__screen_reap(h, 0, 0);
		return;
	}
	s->pid = pid;
	s->started_ms = qt_clock_mono_ms();
}

static void
on_timer(uv_timer_t *timer)
{
	start(timer->data);
}

void
qt__screen_begin(struct qt__host *h)
{
	h->screen.delay_ms = DELAY_MS_MIN;
	if (h->screen.listen_fd >= 0)
		(void)uv_timer_start(&h->screen.timer, on_timer, 0, 0);
}

void
qt__screen_pause(struct qt__host *h)
{
	if (h->screen.poll.data != NULL)
		(void)uv_poll_stop(&h->screen.poll);
}

void
qt__screen_again(struct qt__host *h)
{
	struct qt__screen	*s = &h->screen;

	s->delay_ms = DELAY_MS_MIN;
	if (s->pid > 0)
		(void)kill(s->pid, SIGTERM);
	else
		(void)uv_timer_start(&s->timer, on_timer, 0, 0);
}

/* Not at once: what they ask may be what it died of. */
static void
on_request(uv_poll_t *poll, int status, int events)
{
	struct qt__host		*h = poll->data;
	struct qt__screen	*s = &h->screen;
	uint64_t		 ago = qt_clock_mono_ms() - s->ended_ms;

	(void)status;
	(void)events;
	(void)uv_poll_stop(poll);
	(void)uv_timer_start(&s->timer, on_timer,
	    ago < DELAY_MS_MIN ? DELAY_MS_MIN - ago : 0, 0);
}

static void
await_request(struct qt__host *h)
{
	struct qt__screen	*s = &h->screen;

	if (s->poll.data == NULL &&
	    uv_poll_init(&h->loop, &s->poll, s->listen_fd) == 0)
		s->poll.data = h;
	if (s->poll.data != NULL)
		(void)uv_poll_start(&s->poll, UV_READABLE, on_request);
}

/* 1 when it was the service that died. pid 0: it could not be started. */
int
qt__screen_reap(struct qt__host *h, pid_t pid, int status)
{
	struct qt__screen	*s = &h->screen;

	if (pid != s->pid || h->is_stopping)
		return 0;
	if (pid != 0 && qt_clock_mono_ms() - s->started_ms > STEADY_MS)
		s->delay_ms = DELAY_MS_MIN;
	if (pid != 0)
		qt_log(QT_LOG_WARN, QT__MODULE, "the screen service ended "
		    "(%s %d); next start in %u ms, or when it is asked",
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status) :
		    WEXITSTATUS(status), s->delay_ms);
	s->pid = 0;
	s->ended_ms = qt_clock_mono_ms();
	(void)uv_timer_start(&s->timer, on_timer, s->delay_ms, 0);
	await_request(h);
	s->delay_ms = s->delay_ms < DELAY_MS_MAX / 2 ? 2 * s->delay_ms :
	    DELAY_MS_MAX;
	return 1;
}

void
qt__screen_end(struct qt__host *h)
{
	if (h->screen.pid > 0)
		(void)kill(h->screen.pid, SIGTERM);
	h->screen.pid = 0;
}
