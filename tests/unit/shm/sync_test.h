/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SYNC_TEST_H
#define QT_SYNC_TEST_H

/* What the tests of locks and the like share. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <qt/base/clock.h>
#include <qt/shm/wait.h>

#include "../test.h"
#include "shm_test.h"

/* Far more than anything here takes, also on a busy machine. */
#define LONG_MS	60000

/*
 * A child that joins as a participant of its own, does fn(arg), and stops;
 * -1 status of fn ends it with 1. Returns when it has stopped.
 */
__attribute__((unused))
static pid_t
test_holder(struct qt_seg *seg, int (*fn)(void *arg), void *arg)
{
	int	status;
	pid_t	pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (qt_seg_after_fork(seg, NULL) < 0 || fn(arg) < 0)
			_exit(1);
		raise(SIGSTOP);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	if (!WIFSTOPPED(status))
		fail_msg("the child ended with %#x", (unsigned int)status);
	return pid;
}

__attribute__((unused))
static void
test_kill(pid_t pid)
{
	int	status;

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

/* A child that joins, does fn(arg), and ends with what that answers. */
__attribute__((unused))
static pid_t
test_start(struct qt_seg *seg, int (*fn)(void *arg), void *arg)
{
	pid_t	pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (qt_seg_after_fork(seg, NULL) < 0)
			_exit(99);
		_exit(fn(arg));
	}
	return pid;
}

__attribute__((unused))
static int
test_end(pid_t pid)
{
	int	status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status))
		fail_msg("the child ended with %#x", (unsigned int)status);
	return WEXITSTATUS(status);
}

/* count threads that do fn(arg). */
__attribute__((unused))
static void
test_threads(int count, void *(*fn)(void *arg), void *arg)
{
	pthread_t	thread[16];

	for (int i = 0; i < count; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, fn, arg), 0);
	for (int i = 0; i < count; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
}

/* Until somebody sleeps, or is about to, in the object. */
__attribute__((unused))
static void
test_until_waited_for(struct qt_seg *seg, const char *name)
{
	uint64_t		deadline = qt_wait_deadline(LONG_MS);
	struct qt_obj_stat	st;

	do {
		assert_true(qt_clock_mono_ms() < deadline);
		assert_int_equal(qt_obj_stat(seg, name, &st, NULL), 0);
	} while (!st.has_waiters);
}

#endif /* QT_SYNC_TEST_H */
