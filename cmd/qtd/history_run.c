/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs qt-hist for workers, which may run nothing: the commands of one session,
 * as the user whose sessions, and history, they are.
 *
 * What is asked comes from the network, by way of a worker, and is an argument
 * of a fixed command line; that it is about this one session is said beside it,
 * by -s, and nothing in a query widens that. Commands go from qt-hist to the
 * worker through the worker's pipe. We hold what is said on standard error, wait
 * for the end, and see to it that there is one.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/path.h>
#include <qt/base/sys.h>
#include <qt/base/uuid.h>

#include "monitor.h"

#define LATE_MS		2000
#define ID_LEN		(QT_UUID_TEXT_SIZE - 1)
#define EXIT_NONE	126	/* before qt-hist was run: no history */
#define EXIT_MISSING	127	/* there is no qt-hist */

/* --- In the child --------------------------------------------------------- */

/* A look must not make one: qt-hist would. */
static int
is_history(void)
{
	const char	*own = getenv("QT_HIST");
	char		 folder[QT_PATH_SIZE], path[QT_PATH_SIZE + 8];

	if (own != NULL && *own != '\0')
		return access(own, F_OK) == 0;
	if (qt_path_state(folder, NULL) == 0) {
		snprintf(path, sizeof(path), "%s/hist", folder);
		if (access(path, F_OK) == 0)
			return 1;
	}
	return qt_path_in_runtime("hist", folder, NULL) == 0 &&
	    access(folder, F_OK) == 0;
}

/* What the query calls here: where the session's program is. */
static void
enter_folder(uint32_t pid)
{
	const char	*home = getenv("HOME");
	char		 cwd[32];

	(void)unsetenv("PWD");
	snprintf(cwd, sizeof(cwd), "/proc/%u/cwd", pid);
	if ((pid == 0 || chdir(cwd) < 0) && (home == NULL || chdir(home) < 0))
		(void)!chdir("/");
}

static _Noreturn void
become_history(const struct mon_message *msg, pid_t monitor, int out, int said)
{
	const struct rlimit	none = { 0, 0 };
	const char		*query = msg->text + ID_LEN + 1;
	char			 program[QT_PATH_SIZE], limit[16];
	char			 session[2 + QT_UUID_TEXT_SIZE];
	sigset_t		 all;
	int			 null;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != monitor)
		_exit(EXIT_NONE);
	(void)setpgid(0, 0);	/* Ctrl-C is the monitor's */
	(void)setrlimit(RLIMIT_CORE, &none);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 ||
	    dup2(said, 2) < 0)
		_exit(EXIT_MISSING);
	(void)close_range(3, ~0u, 0);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	if (!is_history())
		_exit(EXIT_NONE);
	enter_folder(msg->pid);
	qt_path_program("qt-hist", program);
	snprintf(limit, sizeof(limit), "%u", msg->flags);
	snprintf(session, sizeof(session), "0-%.*s", (int)ID_LEN, msg->text);
	if (setenv("QT_HIST_SESSION", session, 1) == 0)
		(void)execlp(program, "qt-hist", "search", "-s", "session",
		    "-o", "latest", "-J", "-l", limit, "--", query,
		    (char *)NULL);
	_exit(EXIT_MISSING);
}

/* --- In the monitor ------------------------------------------------------- */

/* As if the worker were lying. */
static int
is_sane(const struct mon_message *msg)
{
	char		id[QT_UUID_TEXT_SIZE];
	struct qt_uuid	uuid;

	if (msg->len <= ID_LEN || strlen(msg->text) != msg->len ||
	    msg->text[ID_LEN] != ' ' || msg->flags == 0 ||
	    msg->flags > MON_HISTORY_MAX)
		return 0;
	memcpy(id, msg->text, ID_LEN);
	id[ID_LEN] = '\0';
	return qt_uuid_parse(id, &uuid) == 0;
}

int
history_start(struct monitor *m, struct child *c,
    const struct mon_message *msg, int out)
{
	struct history_job	*job = m->history;
	pid_t			 self = getpid();
	int			 said[2];

	if (out < 0 || !is_sane(msg))
		return -EINVAL;
	while (job < m->history + HISTORY_JOBS && job->pid != 0)
		job++;
	if (job == m->history + HISTORY_JOBS)
		return -EAGAIN;
	if (pipe2(said, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	job->pid = qt_sys_fork();
	if (job->pid == 0)
		become_history(msg, self, out, said[1]);
	close(said[1]);
	if (job->pid < 0) {
		int	rc = (int)job->pid;

		job->pid = 0;
		close(said[0]);
		return rc;
	}
	job->worker = c;
	job->tag = msg->tag;
	job->said_fd = said[0];
	job->late_ms = qt_clock_mono_ms() + LATE_MS;
	return 0;
}

static void
answer(struct history_job *job, int code, unsigned int status)
{
	struct mon_message	msg = { .type = MON_HISTORY, .tag = job->tag,
	    .code = code, .flags = status };
	ssize_t			n;

	if (job->worker == NULL)
		return;
	/* No more than the pipe held when it ended; its beginning will do. */
	n = qt_sys_read(job->said_fd, msg.text, sizeof(msg.text) - 1);
	msg.len = n > 0 ? (uint32_t)n : 0;
	(void)mon_send_message(job->worker->fd, &msg, -1);
	job->worker = NULL;
}

int
history_reap(struct monitor *m, pid_t pid, int status)
{
	for (size_t i = 0; i < HISTORY_JOBS; i++) {
		struct history_job	*job = &m->history[i];

		if (job->pid != pid)
			continue;
		if (!WIFEXITED(status))
			answer(job, -EIO, 0);
		else if (WEXITSTATUS(status) == EXIT_NONE)
			answer(job, -ENODATA, 0);
		else if (WEXITSTATUS(status) == EXIT_MISSING)
			answer(job, -ENOENT, 0);
		else
			answer(job, 0, (unsigned int)WEXITSTATUS(status));
		close(job->said_fd);
		job->pid = 0;
		return 1;
	}
	return 0;
}

/* One that hangs in the kernel keeps its place: there are no more than so many. */
uint64_t
history_clock(struct monitor *m, uint64_t now_ms)
{
	uint64_t	next = 0;

	for (size_t i = 0; i < HISTORY_JOBS; i++) {
		struct history_job	*job = &m->history[i];

		if (job->pid != 0 && job->late_ms != 0 &&
		    job->late_ms <= now_ms) {
			kill(job->pid, SIGKILL);
			job->late_ms = 0;
			answer(job, -ETIMEDOUT, 0);
		}
		if (job->pid != 0 && job->late_ms != 0 &&
		    (next == 0 || job->late_ms < next))
			next = job->late_ms;
	}
	return next;
}

void
history_forget(struct monitor *m, const struct child *c)
{
	for (size_t i = 0; i < HISTORY_JOBS; i++) {
		struct history_job	*job = &m->history[i];

		if (job->pid == 0 || job->worker != c)
			continue;
		kill(job->pid, SIGKILL);
		job->worker = NULL;
	}
}
