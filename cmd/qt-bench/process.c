/* SPDX-License-Identifier: Apache-2.0 */
/* Whole processes, timed. See process.h. */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/prog.h>

#include "process.h"

extern char	**environ;

int
process_find(char path[QT_PATH_SIZE], const char *name)
{
	qt_path_program(name, path);
	return strchr(path, '/') != NULL && access(path, X_OK) == 0;
}

const char *
process_find_nothing(char path[QT_PATH_SIZE])
{
	return process_find(path, "../bench/nothing") ? NULL :
	    "no bench/nothing beside the folder of qt-bench: a static "
	    "program, which make bench builds";
}

int
process_run(char *const *argv, double *ns)
{
	return process_run_from(argv, "/dev/null", ns);
}

int
process_run_from(char *const *argv, const char *in, double *ns)
{
	posix_spawn_file_actions_t	quiet;
	uint64_t			start;
	pid_t				pid;
	int				rc, status;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, STDIN_FILENO, in, O_RDONLY,
	    0);
	posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null",
	    O_WRONLY, 0);
	start = qt_clock_mono_ns();
	rc = posix_spawnp(&pid, argv[0], &quiet, NULL, argv, environ);
	if (rc != 0)
		qt_die(QT_EXIT_SYS, "run '%s': %s", argv[0], strerror(rc));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			qt_die(QT_EXIT_SYS, "wait: %s", strerror(errno));
	*ns = (double)(qt_clock_mono_ns() - start);
	posix_spawn_file_actions_destroy(&quiet);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

double
process_ns(char *const *argv)
{
	double	ns;
	int	status = process_run(argv, &ns);

	if (status != 0)
		qt_die(QT_EXIT_SYS, "%s %s: status %d", argv[0],
		    argv[1] != NULL ? argv[1] : "", status);
	return ns;
}
