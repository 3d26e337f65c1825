/* SPDX-License-Identifier: Apache-2.0 */
/* What a fork child and a program after execve(2) are to a segment. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <qt/base/clock.h>
#include <qt/shm/ring.h>

#include "../child.h"
#include "../test.h"
#include "shm_test.h"

static int
unjoined(void *arg)
{
	struct qt_seg		*seg = arg;
	struct qt_seg_entry	 e = { .name = "x" };
	struct qt_ring_writer	*w;
	uint64_t		 at = 0;

	if (qt_seg_self(seg) != 0)
		return 1;
	if (qt_seg_alloc(seg, 4096, &at) != -EACCES ||
	    qt_seg_free(seg, 0) != -EACCES ||
	    qt_seg_entry_del(seg, "x") != -EACCES ||
	    qt_seg_sweep(seg) != -EACCES ||
	    qt_seg_fsck(seg, NULL) != -EACCES ||
	    qt_ring_create(seg, 1 << 20, &at) != -EACCES ||
	    qt_ring_writer_open(seg, at, &w, NULL) != -EACCES)
		return 2;
	/* Reading goes on, and to ask for memory needs no lock. */
	if (qt_seg_entry_get(seg, "there", &e) != 0 ||
	    qt_seg_at(seg, e.offset, 8) == NULL ||
	    qt_seg_back(seg, e.offset + 4096, 1) != 0)
		return 3;
	qt_seg_close(seg);
	return 0;
}

QT_TEST(a_child_may_read_and_change_nothing_until_it_joins)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg_entry	 e = { .name = "there", .size = 8 };
	struct child		 child;

	(void)state;
	assert_int_equal(qt_seg_reserve(seg, 8192, &e.offset), 0);
	assert_int_equal(qt_seg_entry_add(seg, &e), 0);
	child_run(&child, unjoined, seg);
	assert_int_equal(child.status, 0);
	/* That it closed its handle did nothing to its parent. */
	assert_int_equal(qt_seg_self(seg), 1);
	assert_int_equal(qt_seg_is_alive(seg, 1), 1);
	assert_int_equal(qt_seg_alloc(seg, 8, &e.offset), 0);
	qt_seg_close(seg);
}

static int
joined(void *arg)
{
	struct qt_seg	*seg = arg;
	uint64_t	 at;

	if (qt_seg_after_fork(seg, NULL) != 0 || qt_seg_self(seg) != 2)
		return 1;
	if (qt_seg_after_fork(seg, NULL) != 0 || qt_seg_self(seg) != 2)
		return 2;
	if (qt_seg_is_alive(seg, 1) != 1 || qt_seg_alloc(seg, 1, &at) != 0)
		return 3;
	qt_seg_close(seg);
	return 0;
}

QT_TEST(a_child_that_joins_is_somebody_else)
{
	struct qt_seg	*seg = test_seg();
	struct child	 child;

	(void)state;
	child_run(&child, joined, seg);
	assert_int_equal(child.status, 0);
	assert_int_equal(qt_seg_is_alive(seg, 2), 0);
	assert_int_equal(qt_seg_after_fork(seg, NULL), 0);
	assert_int_equal(qt_seg_self(seg), 1);
	qt_seg_close(seg);
}

/* How the one that dies came to its handle. */
enum came_by {
	BY_FORK, BY_OPENING
};

static int
come(struct qt_seg **seg, enum came_by how)
{
	int	fd;

	if (how == BY_FORK)
		return qt_seg_after_fork(*seg, NULL);
	fd = qt_seg_dup_rdwr(*seg);
	return qt_seg_open_fd(fd, NULL, QT_SEG_JOIN, seg, NULL);
}

/*
 * A participant dies and its fork child, which never took a slot, lives on: the
 * child waits for a byte on a pipe.
 */
static void
parent_dies_child_lives(pid_t (*do_fork)(void), enum came_by how, int expect)
{
	struct qt_seg	*seg = test_seg();
	int		 in[2], out[2];
	char		 c;
	pid_t		 pid;

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (come(&seg, how) != 0)
			_exit(1);
		close(in[1]);
		if (do_fork() == 0) {
			c = write(out[1], "x", 1) == 1 ? 'x' : '\0';
			_exit(read(in[0], &c, 1) == 1);
		}
		for (;;)
			pause();
	}
	close(in[0]);
	close(out[1]);
	assert_int_equal(read(out[0], &c, 1), 1);
	assert_int_equal(qt_seg_is_alive(seg, 2), 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(qt_seg_is_alive(seg, 2), expect);
	assert_int_equal(qt_seg_sweep(seg), !expect);
	/* The grandchild ends when the pipe does; then nobody is left. */
	close(in[1]);
	assert_int_equal(read(out[0], &c, 1), 0);
	close(out[0]);
	qt_seg_close(seg);
}

static pid_t
bare_fork(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

QT_TEST(a_dead_parent_is_dead_while_its_fork_child_lives)
{
	(void)state;
	parent_dies_child_lives(fork, BY_FORK, 0);
	/* The mapping that its child keeps is not what it is locked by. */
	parent_dies_child_lives(fork, BY_OPENING, 0);
}

/* The documented limit: fork(3) is what closes the descriptor. */
QT_TEST(a_child_of_a_bare_clone_keeps_its_parents_lock)
{
	(void)state;
	parent_dies_child_lives(bare_fork, BY_FORK, 1);
}

static int
clone_changes_nothing(void *arg)
{
	struct qt_seg	*seg = arg;
	uint64_t	 at;
	int		 status;
	pid_t		 pid;

	if (qt_seg_after_fork(seg, NULL) != 0)
		return 1;
	pid = bare_fork();
	if (pid == 0) {
		if (qt_seg_alloc(seg, 1, &at) != -EACCES)
			_exit(1);
		qt_seg_close(seg);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		return 2;
	/* The clone's close neither freed our slot nor dropped our lock. */
	if (qt_seg_self(seg) != 2 || qt_seg_alloc(seg, 1, &at) != 0)
		return 3;
	qt_seg_close(seg);
	return 0;
}

QT_TEST(a_child_of_a_bare_clone_can_change_nothing_either)
{
	struct qt_seg	*seg = test_seg();
	struct child	 child;

	(void)state;
	child_run(&child, clone_changes_nothing, seg);
	assert_int_equal(child.status, 0);
	qt_seg_close(seg);
}

/*
 * Live upgrade: a process keeps a descriptor over execve(2). In between it is
 * no participant and may be swept; what it stored stays.
 */
QT_TEST(over_exec_a_participant_is_swept_and_its_data_stays)
{
	struct qt_seg		*seg = test_seg();
	struct qt_ring_writer	*w;
	struct qt_ring_reader	*r;
	uint64_t		 ring = 0;
	uint64_t		 deadline;
	int			 fd, status, out[2];
	char			 buf[8];
	pid_t			 pid;

	(void)state;
	assert_int_equal(qt_ring_create(seg, 1 << 20, &ring), 0);
	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (qt_seg_after_fork(seg, NULL) != 0 ||
		    qt_ring_writer_open(seg, ring, &w, NULL) != 0 ||
		    qt_ring_write(w, "abc", 3) != 0)
			_exit(1);
		fd = qt_seg_dup_rdwr(seg);
		/* To see the new program wait: its stdin is ours to end. */
		dup2(out[0], 0);
		close(out[1]);
		fcntl(fd, F_SETFD, 0);
		execlp("cat", "cat", (char *)NULL);
		_exit(2);
	}
	close(out[0]);
	deadline = qt_clock_mono_ms() + 20000;
	while (qt_seg_is_alive(seg, 2) || qt_seg_sweep(seg) == 0)
		assert_true(qt_clock_mono_ms() < deadline);
	assert_int_equal(kill(pid, 0), 0);
	assert_int_equal(qt_ring_reader_open(seg, ring, &r, NULL), 0);
	assert_int_equal(qt_ring_read(r, 0, buf, sizeof(buf)), 3);
	qt_ring_reader_close(r);
	assert_int_equal(qt_ring_writer_open(seg, ring, &w, NULL), 0);
	assert_int_equal(qt_ring_writer_head(w), 3);
	qt_ring_writer_close(w);
	close(out[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	qt_seg_close(seg);
}
