/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc says: libcommon/base/proc.c. */

#include "../test.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/proc.h>

QT_TEST(a_process_runs_is_stopped_is_dead_and_gone)
{
	siginfo_t	info;
	pid_t		pid = fork();

	(void)state;
	if (pid == 0)
		for (;;)
			pause();
	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WSTOPPED), 0);
	assert_int_equal(qt_proc_state((uint64_t)pid), 'T');
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(qt_proc_state((uint64_t)pid), 'Z');
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(qt_proc_state((uint64_t)pid), -ENOENT);
	assert_int_equal(qt_proc_state((uint64_t)getpid()), 'R');
}

QT_TEST(a_boot_and_a_namespace_have_a_name)
{
	char	boot[QT_PROC_BOOT_SIZE];

	(void)state;
	qt_proc_boot_id(boot);
	assert_int_equal(strlen(boot), 36);
	assert_true(qt_proc_pid_ns() != 0);
}
