/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qt-shm lock - run a command while a lock is held
 *
 * We hold it, not the command: when either dies it is released, ours by the
 * kernel's verdict. So that the command does not go on without it, it is sent
 * SIGTERM when we die.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "thing.h"
#include "verbs.h"
#include "waiting.h"

#define EXIT_CANNOT	126
#define EXIT_NONE	127

static const struct qt_opt opts[] = {
	{ 's', "shared", NULL, "an rwlock: with other readers" },
	{ 'w', "wait", NULL, "wait until it is free" },
	{ 'W', "timeout", "SECONDS", "wait, but no longer than that" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb lock_verb = {
	"lock", lock_main, "SEG/NAME -- CMD [ARG ...]",
	"run a command that holds it", opts,
};

static pid_t	child;

/* What asks us to end, asks the command. */
static void
pass_on(int sig)
{
	if (child > 0)
		kill(child, sig);
}

static void
set_signals(void)
{
	struct sigaction	act;

	memset(&act, 0, sizeof(act));
	sigemptyset(&act.sa_mask);
	act.sa_flags = SA_RESTART;
	act.sa_handler = pass_on;
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	/* The terminal sends these to the command as well. */
	act.sa_handler = SIG_IGN;
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGQUIT, &act, NULL);
}

/*
 * Has our parent died, before PR_SET_PDEATHSIG could say so? It has the other
 * end of a pipe. (Its process id says nothing to a child in another namespace.)
 */
static int
is_orphan(const int guard[2])
{
	struct pollfd	p = { .fd = guard[0] };

	close(guard[1]);
	return poll(&p, 1, 0) != 0;
}

static _Noreturn void
run_child(char **argv, const int guard[2], const sigset_t *mask)
{
	const int	sigs[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT };
	int		code;

	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		signal(sigs[i], SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (is_orphan(guard))
		_exit(EXIT_CANNOT);
	execvp(argv[0], argv);
	code = errno == ENOENT ? EXIT_NONE : EXIT_CANNOT;
	fprintf(stderr, "qt-shm: lock: '%s': %s\n", argv[0], strerror(errno));
	_exit(code);
}

/* Its wait status. */
static int
run(char **argv)
{
	sigset_t	all, mask;
	pid_t		pid;
	int		guard[2], status;

	if (pipe2(guard, O_CLOEXEC) < 0)
		qt_die(QT_EXIT_SYS, "lock: pipe: %s", strerror(errno));
	/* Signals come when there is somebody to pass them on to. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &mask);
	fflush(stdout);
	pid = qt_sys_fork();
	if (pid == 0)
		run_child(argv, guard, &mask);
	child = pid;
	if (pid > 0)
		set_signals();
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (pid < 0)
		qt_die(QT_EXIT_SYS, "lock: fork: %s", qt_strerror((int)pid));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			qt_die(QT_EXIT_SYS, "lock: %s", strerror(errno));
	close(guard[0]);
	close(guard[1]);
	return status;
}

static void
take(struct thing *t, int is_shared, uint64_t deadline)
{
	int	rc = t->type->lock(t, is_shared, deadline);

	if (rc == -EBUSY || rc == -ETIMEDOUT) {
		qt_warn("%s: it is held by somebody else%s", t->target.text,
		    rc == -EBUSY ? " (-w waits)" : "");
		exit(QT_EXIT_NO);
	}
	if (rc == -EALREADY) {
		thing_close(t);
		exit(QT_EXIT_OK);	/* once: it is done */
	}
	if (rc < 0)
		target_die(&t->target, rc, NULL);
	if (rc == 1) {
		qt_warn("%s: who held it before died while it did; what it "
		    "protects may be half changed (QT_SHM_STALE=1)",
		    t->target.text);
		setenv("QT_SHM_STALE", "1", 1);
	}
}

int
lock_main(int argc, char **argv)
{
	struct qt_opts	 o = QT_OPTS_INIT(&lock_verb, argc, argv);
	struct thing	 t;
	const char	*seconds = NULL;
	int		 id, status, is_shared = 0, is_patient = 0;

	while ((id = qt_opts_next(&o)) != 0) {
		is_shared |= id == 's';
		is_patient |= id == 'w';
		if (id == 'W')
			seconds = o.value;
	}
	argc -= o.index;
	argv += o.index;
	if (argc < 3 || strcmp(argv[1], "--") != 0)
		qt_usage(&lock_verb);
	thing_open(&t, argv[0], QT_SEG_JOIN);
	if (t.type->lock == NULL)
		thing_cannot(&t, "lock");
	unsetenv("QT_SHM_STALE");
	take(&t, is_shared, waiting_deadline(is_patient, seconds));
	status = run(argv + 2);
	(void)t.type->unlock(&t, is_shared, status == 0);
	thing_close(&t);
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}
