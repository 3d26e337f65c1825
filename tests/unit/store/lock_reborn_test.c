/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids are used again: a waiter that has heard that the owner is dead, and is
 * held up before it does anything, must not take the lock from somebody who has
 * the same id and lives. It is held up by ptrace(2), right behind its question.
 */

#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <linux/ptrace.h>

#include "../test.h"
#include "lock_world.h"

static int
wait_for_it(struct world *w)
{
	static struct qt__user	u;
	int			rc;

	if (qt__user_open(&u, w->dir, 2, soon(), NULL) < 0 ||
	    ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		return 1;
	alarm(LONG_MS / 1000);		/* would end the tracing */
	raise(SIGSTOP);
	rc = qt__lock_take(&w->lock, &u, soon(), NULL);
	if (rc < 0)
		return 2;
	atomic_store(&w->step, 10 + (uint32_t)rc);
	return 0;
}

/* Lets it go on until it has asked whether a byte is locked. 0, or 1. */
static int
go_on_until_asked(pid_t pid)
{
	struct ptrace_syscall_info	info = { 0 };
	int				status, is_asking = 0;

	if (ptrace(PTRACE_SETOPTIONS, pid, NULL,
	    (void *)PTRACE_O_TRACESYSGOOD) < 0)
		return 0;
	while (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == 0 &&
	    waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) &&
	    WSTOPSIG(status) == (SIGTRAP | 0x80)) {
		if (ptrace((enum __ptrace_request)PTRACE_GET_SYSCALL_INFO,
		    pid, (void *)sizeof(info), &info) <= 0)
			return 0;
		if (is_asking && info.op == PTRACE_SYSCALL_INFO_EXIT)
			return 1;
		is_asking = info.op == PTRACE_SYSCALL_INFO_ENTRY &&
		    info.entry.nr == SYS_fcntl &&
		    info.entry.args[1] == F_OFD_GETLK;
	}
	return 0;
}

static bool
can_trace(void)
{
	int	status;
	pid_t	pid = fork();

	if (pid == 0)
		_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0);
	return waitpid(pid, &status, 0) == pid && status == 0;
}

QT_TEST(a_waiter_that_asked_about_the_dead_does_not_take_it_from_the_living)
{
	struct world	*w;
	struct qt__user	 u;
	uint32_t	 id;
	pid_t		 pid;
	int		 status;

	(void)state;
	if (!can_trace()) {
		print_message("# ptrace is not permitted here\n");
		skip();
	}
	w = world_new();
	assert_non_null(w);
	assert_int_equal(qt__user_open(&u, w->dir, 2, 0, NULL), 0);
	assert_int_equal(qt__lock_take(&w->lock, &u, 0, NULL), 0);
	id = u.id;
	pid = world_start(w, wait_for_it);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	/* It goes with the lock, as the dead do. */
	qt__user_close(&u);
	assert_true(go_on_until_asked(pid));
	/* There are two places. */
	assert_int_equal(qt__user_open(&u, w->dir, 2, 0, NULL), 0);
	assert_int_equal(u.id, id);
	qt__lock_disown(&w->lock, &u);
	assert_int_equal(qt__lock_take(&w->lock, &u, 0, NULL), 1);
	qt__lock_give(&w->lock, &u);
	assert_int_equal(qt__lock_take(&w->lock, &u, 0, NULL), 0);
	/* The word is as it was when the waiter looked at it. */
	assert_int_equal(w->lock.word, id);
	assert_int_equal(ptrace(PTRACE_DETACH, pid, NULL, NULL), 0);
	assert_true(world_await_word(w, STARVED));
	assert_int_equal(qt__lock_owner(&w->lock, &u, NULL), id);
	qt__lock_give(&w->lock, &u);
	assert_true(world_await(w, 10));
	assert_int_equal(atomic_load(&w->step), 10);
	world_kill(pid);
	qt__user_close(&u);
	world_free(w);
}
