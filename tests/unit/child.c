/* SPDX-License-Identifier: Apache-2.0 */
/* Test code in a process of its own. See "child.h". */

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "test.h"

/* Threads may write to it at once, which without O_APPEND would lose lines. */
static int
make_file(const char *name)
{
	int	fd = memfd_create(name, MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_APPEND), 0);
	return fd;
}

static void
take(int fd, char *text, size_t size)
{
	ssize_t	len = pread(fd, text, size - 1, 0);

	text[len > 0 ? len : 0] = '\0';
	close(fd);
}

void
child_run(struct child *child, int (*fn)(void *arg), void *arg)
{
	int	out = make_file("out"), err = make_file("err");
	int	status, code;
	pid_t	pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (dup2(out, STDOUT_FILENO) < 0 ||
		    dup2(err, STDERR_FILENO) < 0)
			_exit(125);
		close(out);
		close(err);
		code = fn(arg);
		fflush(NULL);
		_exit(code);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	child->status = WIFEXITED(status) ? WEXITSTATUS(status) :
	    -WTERMSIG(status);
	take(out, child->out, sizeof(child->out));
	take(err, child->err, sizeof(child->err));
}

void
child_stay_on_one_cpu(void)
{
	const char	*slot = getenv("QT_TEST_SLOT");
	cpu_set_t	 all, one;
	int		 turn;

	if (sched_getaffinity(0, sizeof(all), &all) < 0)
		return;
	turn = (slot != NULL ? atoi(slot) : sched_getcpu()) % CPU_COUNT(&all);
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all) || turn-- > 0)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		(void)sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

int
child_count_fds(void)
{
	DIR	*dir = opendir("/proc/self/fd");
	int	 count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count - 3;	/* ".", ".." and the folder's own */
}
