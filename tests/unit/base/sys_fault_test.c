/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/base/sys.h>: each kind of call fails exactly when told to. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "../child.h"
#include "../test.h"

/*
 * One call of each kind, on things that make it succeed (or, for a few, fail
 * in a way of its own), so that only the fault gives the fault's code. Each
 * returns what the call did and cleans up after it.
 */
static int	memfd;
static int	pair[2];

static int
keep(int fd)
{
	if (fd >= 0)
		close(fd);
	return fd;
}

static int
call_open(void)
{
	return keep(qt_sys_open(AT_FDCWD, "/dev/null", O_RDWR, 0));
}

static int
call_read(void)
{
	char	c;

	return (int)qt_sys_read(memfd, &c, 1);
}

static int
call_write(void)
{
	return (int)qt_sys_write(memfd, "x", 1);
}

static int
call_pread(void)
{
	char	c;

	return (int)qt_sys_pread(memfd, &c, 1, 0);
}

static int
call_pwrite(void)
{
	return (int)qt_sys_pwrite(memfd, "x", 1, 0);
}

static int
call_fsync(void)
{
	return qt_sys_fsync(memfd);
}

static int
call_ftruncate(void)
{
	return qt_sys_ftruncate(memfd, 4096);
}

static int
call_fallocate(void)
{
	return qt_sys_fallocate(memfd, 0, 0, 4096);
}

static int
call_mmap(void)
{
	void	*map = &map;
	int	 rc = qt_sys_mmap(memfd, 4096, PROT_READ, &map);

	if (rc == 0)
		munmap(map, 4096);
	else
		assert_null(map);
	return rc;
}

static int
call_link(void)
{
	int	rc = qt_sys_linkat_fd(memfd, AT_FDCWD, "/proc/version");

	/* It cannot go there, and says so when it is asked. */
	return rc == -EXDEV || rc == -EEXIST || rc == -ENOENT ? 0 : rc;
}

static int
call_rename(void)
{
	int	rc = qt_sys_rename(AT_FDCWD, "/proc/version", "/proc/cpuinfo");

	return rc == -EXDEV || rc == -EPERM || rc == -EACCES ? 0 : rc;
}

static int
call_unlink(void)
{
	int	rc = qt_sys_unlink(AT_FDCWD, "/proc/version");

	return rc == -EPERM || rc == -EACCES ? 0 : rc;
}

static int
call_mkdir(void)
{
	int	rc = qt_sys_mkdir("/", 0700);

	return rc == -EEXIST ? 0 : rc;
}

static int
call_fork(void)
{
	pid_t	pid = qt_sys_fork();

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid < 0 ? pid : 0;
}

static int
call_send(void)
{
	return (int)qt_sys_send_fds(pair[0], "x", 1, NULL, 0, 0);
}

static int
call_recv(void)
{
	char	c;
	int	rc = (int)qt_sys_recv_fds(pair[1], &c, 1, NULL, NULL,
	    MSG_DONTWAIT);

	return rc == -EAGAIN ? 0 : rc;
}

static int
call_accept(void)
{
	int	rc = keep(qt_sys_accept(pair[0]));

	return rc == -EINVAL ? 0 : rc;	/* it does not listen */
}

static int
call_memfd(void)
{
	return keep(qt_sys_memfd("x", 0, 0));
}

static int
call_eventfd(void)
{
	return keep(qt_sys_eventfd(0));
}

static int
call_pty(void)
{
	int	leader, tty;
	int	rc = qt_sys_pty(&leader, &tty);

	if (rc < 0)
		assert_true(leader == -1 && tty == -1);
	else
		assert_true(keep(leader) >= 0 && keep(tty) >= 0);
	return rc;
}

static int
call_lock(void)
{
	return qt_sys_lock(memfd, F_RDLCK, 0, 1);
}

static int	(*const calls[QT_SYS_COUNT_])(void) = {
	[QT_SYS_OPEN] = call_open, [QT_SYS_READ] = call_read,
	[QT_SYS_WRITE] = call_write, [QT_SYS_PREAD] = call_pread,
	[QT_SYS_PWRITE] = call_pwrite, [QT_SYS_FSYNC] = call_fsync,
	[QT_SYS_FTRUNCATE] = call_ftruncate,
	[QT_SYS_FALLOCATE] = call_fallocate, [QT_SYS_MMAP] = call_mmap,
	[QT_SYS_LINK] = call_link, [QT_SYS_RENAME] = call_rename,
	[QT_SYS_UNLINK] = call_unlink, [QT_SYS_MKDIR] = call_mkdir,
	[QT_SYS_FORK] = call_fork, [QT_SYS_SEND] = call_send,
	[QT_SYS_RECV] = call_recv, [QT_SYS_ACCEPT] = call_accept,
	[QT_SYS_MEMFD] = call_memfd, [QT_SYS_EVENTFD] = call_eventfd,
	[QT_SYS_PTY] = call_pty, [QT_SYS_LOCK] = call_lock,
};

static void
enter(void)
{
	memfd = qt_sys_memfd("test", 8192, 0);
	assert_true(memfd >= 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    pair), 0);
}

static void
leave(void)
{
	close(memfd);
	close(pair[0]);
	close(pair[1]);
}

QT_TEST(each_kind_fails_at_its_nth_call_and_only_then)
{
	int	before = child_count_fds();

	(void)state;
	enter();
	for (int call = 0; call < QT_SYS_COUNT_; call++) {
		for (unsigned int nth = 1; nth <= 3; nth++) {
			qt_sys_fault((enum qt_sys_call)call, nth, EDOM);
			for (unsigned int i = 1; i <= 4; i++) {
				if (i == nth)
					assert_int_equal(calls[call](), -EDOM);
				else
					assert_true(calls[call]() >= 0);
			}
			assert_int_equal(qt_sys_calls((enum qt_sys_call)call),
			    4);
			qt_sys_fault((enum qt_sys_call)call, 0, 0);
			assert_true(calls[call]() >= 0);
		}
	}
	leave();
	assert_int_equal(child_count_fds(), before);
}

QT_TEST(an_injected_interruption_is_retried_but_a_sync_is_not)
{
	(void)state;
	enter();
	for (int call = 0; call < QT_SYS_COUNT_; call++) {
		/* These are never interrupted, or never retried. */
		if (call == QT_SYS_FSYNC || call == QT_SYS_MMAP ||
		    call == QT_SYS_MEMFD || call == QT_SYS_EVENTFD ||
		    call == QT_SYS_PTY)
			continue;
		qt_sys_fault((enum qt_sys_call)call, 1, EINTR);
		assert_true(calls[call]() >= 0);
		assert_int_equal(qt_sys_calls((enum qt_sys_call)call), 2);
		qt_sys_fault((enum qt_sys_call)call, 0, 0);
	}
	qt_sys_fault(QT_SYS_FSYNC, 1, EINTR);
	assert_int_equal(call_fsync(), -EINTR);
	assert_int_equal(qt_sys_calls(QT_SYS_FSYNC), 1);
	qt_sys_fault(QT_SYS_FSYNC, 0, 0);
	leave();
}

QT_TEST(calls_are_counted_from_the_last_fault)
{
	(void)state;
	enter();
	qt_sys_fault(QT_SYS_WRITE, 0, 0);
	assert_int_equal(qt_sys_calls(QT_SYS_WRITE), 0);
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(call_write(), 1);
	assert_int_equal(qt_sys_calls(QT_SYS_WRITE), 5);
	assert_int_equal(call_pwrite(), 1);
	assert_int_equal(qt_sys_calls(QT_SYS_WRITE), 5);
	qt_sys_fault(QT_SYS_WRITE, 0, 0);
	assert_int_equal(qt_sys_calls(QT_SYS_WRITE), 0);
	leave();
}

QT_TEST(a_short_call_moves_at_most_half_but_something)
{
	char	text[9] = "";
	size_t	nfds = 0;

	(void)state;
	enter();
	qt_sys_fault(QT_SYS_WRITE, 1, 0);
	assert_int_equal(qt_sys_write(memfd, "abcdefgh", 8), 4);
	qt_sys_fault(QT_SYS_WRITE, 1, 0);
	assert_int_equal(qt_sys_write(memfd, "x", 1), 1);
	qt_sys_fault(QT_SYS_PWRITE, 1, 0);
	assert_int_equal(qt_sys_pwrite(memfd, "ABCDEFGHI", 9, 0), 4);
	qt_sys_fault(QT_SYS_PREAD, 1, 0);
	assert_int_equal(qt_sys_pread(memfd, text, 8, 0), 4);
	assert_string_equal(text, "ABCD");
	assert_int_equal(lseek(memfd, 0, SEEK_SET), 0);
	qt_sys_fault(QT_SYS_READ, 1, 0);
	assert_int_equal(qt_sys_read(memfd, text, 6), 3);
	/* Half a packet arrives; half the room is not enough for one. */
	qt_sys_fault(QT_SYS_SEND, 1, 0);
	assert_int_equal(qt_sys_send_fds(pair[0], "12345678", 8, NULL, 0, 0),
	    4);
	assert_int_equal(qt_sys_recv_fds(pair[1], text, 8, NULL, &nfds, 0), 4);
	assert_int_equal(qt_sys_send_fds(pair[0], "12345678", 8, NULL, 0, 0),
	    8);
	qt_sys_fault(QT_SYS_RECV, 1, 0);
	assert_int_equal(qt_sys_recv_fds(pair[1], text, 8, NULL, &nfds, 0),
	    -EMSGSIZE);
	for (int call = 0; call < QT_SYS_COUNT_; call++)
		qt_sys_fault((enum qt_sys_call)call, 0, 0);
	leave();
}

QT_TEST(write_all_goes_on_after_a_short_write_and_ends_at_an_error)
{
	char	text[16] = "";

	(void)state;
	enter();
	qt_sys_fault(QT_SYS_WRITE, 1, 0);
	assert_int_equal(qt_sys_write_all(memfd, "0123456789", 10), 0);
	assert_int_equal(qt_sys_calls(QT_SYS_WRITE), 2);
	assert_int_equal(pread(memfd, text, 10, 0), 10);
	assert_string_equal(text, "0123456789");
	qt_sys_fault(QT_SYS_WRITE, 1, ENOSPC);
	assert_int_equal(qt_sys_write_all(memfd, "x", 1), -ENOSPC);
	qt_sys_fault(QT_SYS_WRITE, 0, 0);
	leave();
}

QT_TEST(a_call_that_cannot_be_short_is_left_alone)
{
	(void)state;
	enter();
	qt_sys_fault(QT_SYS_FALLOCATE, 1, 0);
	assert_int_equal(call_fallocate(), 0);
	qt_sys_fault(QT_SYS_FALLOCATE, 0, 0);
	leave();
}

QT_TEST(an_error_may_be_given_with_either_sign)
{
	(void)state;
	enter();
	qt_sys_fault(QT_SYS_FSYNC, 1, -EIO);
	assert_int_equal(call_fsync(), -EIO);
	/* EPERM is 1, which -1 could be taken for. */
	qt_sys_fault(QT_SYS_WRITE, 1, EPERM);
	assert_int_equal(call_write(), -EPERM);
	qt_sys_fault(QT_SYS_FSYNC, 0, 0);
	qt_sys_fault(QT_SYS_WRITE, 0, 0);
	leave();
}

QT_TEST(a_fault_may_stay_until_it_is_cleared)
{
	(void)state;
	qt_sys_fault(QT_SYS_MKDIR, 2, EROFS | QT_SYS_STAYS);
	assert_int_equal(qt_sys_mkdir("/", 0700), -EEXIST);
	for (int i = 0; i < 3; i++)
		assert_int_equal(qt_sys_mkdir("/", 0700), -EROFS);
	qt_sys_fault(QT_SYS_MKDIR, 0, 0);
	assert_int_equal(qt_sys_mkdir("/", 0700), -EEXIST);
}

static int
kill_itself(void *arg)
{
	(void)arg;
	qt_sys_fault(QT_SYS_MKDIR, 2, QT_SYS_KILL);
	(void)qt_sys_mkdir("/proc/no", 0700);
	printf("one");
	fflush(stdout);
	(void)qt_sys_mkdir("/proc/no", 0700);
	printf("two");
	return 0;
}

QT_TEST(a_call_kills_who_makes_it)
{
	struct child	child;

	(void)state;
	child_run(&child, kill_itself, NULL);
	assert_int_equal(child.status, -SIGKILL);
	assert_string_equal(child.out, "one");
}

QT_TEST(a_call_stops_who_makes_it_and_is_made_afterwards)
{
	char	dir[] = "/tmp/qt-fault-test.XXXXXX";
	pid_t	pid;
	int	status;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(rmdir(dir), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		qt_sys_fault(QT_SYS_MKDIR, 1, QT_SYS_STOP);
		_exit(qt_sys_mkdir(dir, 0700) < 0);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(access(dir, F_OK), -1);
	kill(pid, SIGCONT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(rmdir(dir), 0);
}
