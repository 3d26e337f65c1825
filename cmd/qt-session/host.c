/* SPDX-License-Identifier: Apache-2.0 */
/* qt-session host - the process that owns every pty; qt-host(7) */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/conf.h>
#include <qt/base/log.h>
#include <qt/base/path.h>
#include <qt/base/sys.h>
#include <qt/session/host.h>

#include "verbs.h"

enum { OPT_STATE = 256, OPT_STATE_VERSION };

static const struct qt_opt opts[] = {
	{ 'f', "foreground", NULL, "stay; log to standard error" },
	{ OPT_STATE, "state", "FD", "continue an upgrade (the host's own)" },
	{ OPT_STATE_VERSION, "state-version", NULL,
	    "print which upgrades it can continue" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb host_verb = {
	"host", host_main, "", "run the session host (started on demand)",
	opts,
};

/* Tells the waiting parent that all is well: a line of nothing. */
static int
on_ready(void *ctx)
{
	int	*fd = ctx;

	if (*fd >= 0) {
		(void)qt_sys_write_all(*fd, "\n", 1);
		close(*fd);
		*fd = -1;
	}
	return 0;
}

static int
run(struct qt_host_opt *opt, int *ready_fd)
{
	struct qt_err	err = QT_ERR_INIT;
	char		text[sizeof(err.text) + 128];
	int		rc;

	opt->on_ready = on_ready;
	opt->ctx = ready_fd;
	rc = qt_host_run(opt, &err);
	if (rc == 0)
		return QT_EXIT_OK;
	snprintf(text, sizeof(text), "%s: %s", err.text, qt_strerror(rc));
	/* Who loses the race for the lock has what it came for. */
	if (rc == -EEXIST && *ready_fd >= 0)
		return on_ready(ready_fd);
	if (*ready_fd >= 0)
		(void)qt_sys_write_all(*ready_fd, text, strlen(text));
	else
		qt_warn("%s", text);
	return QT_EXIT_SYS;
}

static void
open_log(void)
{
	char	path[QT_PATH_SIZE];

	if (qt_path_in_runtime("host.log", path, NULL) == 0)
		(void)qt_log_open(path);
}

/* No terminal, no descriptor of whoever happened to start it. */
static void
become_daemon(int *ready_fd)
{
	int	null;

	(void)setsid();
	if (*ready_fd != 3 && dup3(*ready_fd, 3, O_CLOEXEC) == 3)
		*ready_fd = 3;
	if (*ready_fd == 3)
		(void)close_range(4, ~0u, 0);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3 && null >= 0; fd++)
		(void)dup2(null, fd);
	open_log();
	if (chdir("/") < 0)
		qt_log(QT_LOG_WARN, "host", "chdir: %s", strerror(errno));
}

/* Waits for the child's word: its first byte, and what it complains of. */
static int
await_ready(int fd, pid_t pid)
{
	char	text[700];
	size_t	len = 0;
	ssize_t	n;
	int	status = 0;

	while (len < sizeof(text) - 1 &&
	    (n = qt_sys_read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	if (len == 1 && text[0] == '\n')
		return QT_EXIT_OK;
	if (len == 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status))
		snprintf(text, sizeof(text), "the host was killed while it "
		    "started (signal %d, %s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else if (len == 0)
		snprintf(text, sizeof(text), "the host ended while it "
		    "started (status %d)", WEXITSTATUS(status));
	qt_warn("%s", text);
	return QT_EXIT_SYS;
}

static int
start_daemon(struct qt_host_opt *opt)
{
	int	fds[2];
	pid_t	pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		qt_die(QT_EXIT_SYS, "pipe: %s", strerror(errno));
	pid = qt_sys_fork();
	if (pid < 0)
		qt_die(QT_EXIT_SYS, "fork: %s", qt_strerror((int)pid));
	if (pid == 0) {
		close(fds[0]);
		become_daemon(&fds[1]);
		_exit(run(opt, &fds[1]));
	}
	close(fds[1]);
	return await_ready(fds[0], pid);
}

/* The daemon changes its folder, so a relative runtime folder is made whole. */
static void
fix_runtime(void)
{
	const char	*dir = getenv("QT_RUNTIME_DIR");
	char		 path[PATH_MAX];

	if (dir != NULL && dir[0] != '/' && dir[0] != '\0' &&
	    qt_path_runtime(path, NULL) == 0 && path[0] != '/' &&
	    realpath(dir, path) != NULL)
		(void)setenv("QT_RUNTIME_DIR", path, 1);
}

int
host_main(int argc, char **argv)
{
	struct qt_opts		 o = QT_OPTS_INIT(&host_verb, argc, argv);
	struct qt_host_opt	 opt;
	struct qt_conf		*conf = NULL;
	struct qt_err		 err = QT_ERR_INIT;
	int			 id, state = -1, stays = 0, none = -1, rc;

	while ((id = qt_opts_next(&o)) != 0) {
		if (id == 'f')
			stays = 1;
		else if (id == OPT_STATE_VERSION)
			return printf("%u\n", QT_HOST_STATE_VERSION) < 0 ?
			    QT_EXIT_SYS : QT_EXIT_OK;
		else
			state = (int)qt_opt_ulong("--state", o.value, 3, 65535);
	}
	if (o.index < argc)
		qt_usage(&host_verb);
	fix_runtime();
	rc = qt_conf_load(NULL, &conf, &err);
	if (rc == 0)
		rc = qt_host_opt_init(&opt, conf, &err);
	qt_conf_free(conf);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
	opt.state_fd = state;
	opt.is_daemon = !stays;
	if (state >= 0 && !stays)
		open_log();
	return stays || state >= 0 ? run(&opt, &none) : start_daemon(&opt);
}
