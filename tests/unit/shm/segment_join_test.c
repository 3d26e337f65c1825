/* SPDX-License-Identifier: Apache-2.0 */
/* Participants: slots, who is dead and who is only stopped, sweeping. */

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/wait.h>

#include <qt/base/sys.h>
#include <qt/shm/ring.h>

#include "../../../libcommon/shm/segment_priv.h"
#include "../child.h"
#include "../test.h"
#include "shm_test.h"

/*
 * A child that joins, tells its id and waits for a byte before it leaves; its
 * end is at the pipe.
 */
struct member {
	pid_t		pid;
	uint32_t	id;
	int		to;
};

static void
live(struct qt_seg *seg, int in, int out)
{
	uint32_t	id;
	char		c;

	id = qt_seg_after_fork(seg, NULL) == 0 ? qt_seg_self(seg) : 0;
	if (write(out, &id, sizeof(id)) != sizeof(id) || id == 0)
		_exit(1);
	if (read(in, &c, 1) != 1)
		_exit(2);
	qt_seg_close(seg);
	_exit(0);
}

static struct member
member_start(struct qt_seg *seg)
{
	struct member	m;
	int		in[2], out[2];

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	m.pid = fork();
	assert_true(m.pid >= 0);
	if (m.pid == 0) {
		close(in[1]);
		live(seg, in[0], out[1]);
	}
	assert_int_equal(read(out[0], &m.id, sizeof(m.id)), sizeof(m.id));
	close(in[0]);
	close(out[0]);
	close(out[1]);
	m.to = in[1];
	return m;
}

static void
member_kill(struct member *m)
{
	kill(m->pid, SIGKILL);
	assert_int_equal(waitpid(m->pid, NULL, 0), m->pid);
	close(m->to);
}

static void
member_leave(struct member *m)
{
	int	status;

	assert_int_equal(write(m->to, "x", 1), 1);
	assert_int_equal(waitpid(m->pid, &status, 0), m->pid);
	assert_int_equal(status, 0);
	close(m->to);
}

QT_TEST(the_maker_is_the_first_participant)
{
	struct qt_seg			*seg = test_seg();
	struct qt_seg_participant	 p;
	uint32_t			 cursor = 0;

	(void)state;
	assert_int_equal(qt_seg_self(seg), 1);
	assert_int_equal(qt_seg_is_alive(seg, 1), 1);
	assert_int_equal(qt_seg_is_alive(seg, 0), 0);
	assert_int_equal(qt_seg_is_alive(seg, 2), 0);
	assert_int_equal(qt_seg_is_alive(seg, UINT32_MAX), 0);
	assert_int_equal(qt_seg_participant_next(seg, &cursor, &p), 1);
	assert_int_equal(p.id, 1);
	assert_int_equal(p.pid, getpid());
	assert_true(p.started > 0);
	assert_true(p.joined_ms > 0);
	assert_true(p.name[0] != '\0');
	assert_int_equal(qt_seg_participant_next(seg, &cursor, &p), 0);
	qt_seg_close(seg);
}

QT_TEST(two_handles_of_one_process_are_two_participants)
{
	struct qt_seg	*seg = test_seg(), *two = test_join(seg, QT_SEG_JOIN);
	struct qt_seg	*reader = test_join(seg, QT_SEG_RDONLY);

	(void)state;
	assert_int_equal(qt_seg_self(two), 2);
	assert_int_equal(qt_seg_is_alive(seg, 2), 1);
	assert_int_equal(qt_seg_is_alive(reader, 2), 1);
	qt_seg_close(two);
	assert_int_equal(qt_seg_is_alive(seg, 2), 0);
	assert_int_equal(qt_seg_is_alive(reader, 2), 0);
	assert_int_equal(qt_seg_sweep(seg), 0);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

QT_TEST(a_killed_participant_is_dead_even_before_it_is_reaped)
{
	struct qt_seg	*seg = test_seg();
	struct member	 m = member_start(seg);
	siginfo_t	 info;

	(void)state;
	assert_int_equal(qt_seg_is_alive(seg, m.id), 1);
	assert_int_equal(qt_seg_sweep(seg), 0);
	kill(m.pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)m.pid, &info, WEXITED | WNOWAIT),
	    0);
	assert_int_equal(qt_seg_is_alive(seg, m.id), 0);
	assert_int_equal(qt_seg_sweep(seg), 1);
	assert_int_equal(qt_seg_sweep(seg), 0);
	member_kill(&m);
	qt_seg_close(seg);
}

QT_TEST(a_stopped_participant_is_alive)
{
	struct qt_seg	*seg = test_seg();
	struct member	 m = member_start(seg);
	int		 status;

	(void)state;
	kill(m.pid, SIGSTOP);
	assert_int_equal(waitpid(m.pid, &status, WUNTRACED), m.pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(qt_seg_is_alive(seg, m.id), 1);
	assert_int_equal(qt_seg_sweep(seg), 0);
	kill(m.pid, SIGCONT);
	member_leave(&m);
	assert_int_equal(qt_seg_is_alive(seg, m.id), 0);
	qt_seg_close(seg);
}

QT_TEST(a_full_table_is_refused_until_somebody_dies)
{
	struct qt_seg_spec	 spec = test_spec;
	struct qt_seg		*seg, *third = NULL;
	struct qt_err		 err = QT_ERR_INIT;
	struct member		 m;
	int			 fd;

	(void)state;
	spec.participants = 2;
	assert_int_equal(qt_seg_create(NULL, &spec, &seg, NULL), 0);
	fd = qt_seg_dup_rdwr(seg);
	m = member_start(seg);
	assert_int_equal(qt_seg_open_fd(fd, NULL, QT_SEG_JOIN, &third, &err),
	    -QT_EFULL);
	assert_null(third);
	assert_non_null(strstr(err.text, "2 participants"));
	member_kill(&m);
	assert_int_equal(qt_seg_open_fd(fd, NULL, QT_SEG_JOIN, &third, NULL),
	    0);
	assert_int_equal(qt_seg_self(third), 2);
	qt_seg_close(third);
	close(fd);
	qt_seg_close(seg);
}

struct joiner {
	int		fd, rc;
	atomic_bool	is_done;
};

static void *
join(void *arg)
{
	struct joiner	*j = arg;
	struct qt_seg	*seg;

	j->rc = qt_seg_open_fd(j->fd, NULL, QT_SEG_JOIN, &seg, NULL);
	if (j->rc == 0)
		qt_seg_close(seg);
	atomic_store(&j->is_done, true);
	return NULL;
}

/* The one slot that is left is that of a dead one. */
QT_TEST(who_joins_waits_for_who_sweeps_the_last_slot)
{
	struct qt_seg_spec	 spec = test_spec;
	struct qt_seg		*seg;
	struct joiner		 j;
	struct member		 m;
	pthread_t		 thread;
	off_t			 hand;
	int			 sweeper;

	(void)state;
	spec.participants = 2;
	assert_int_equal(qt_seg_create(NULL, &spec, &seg, NULL), 0);
	m = member_start(seg);
	member_kill(&m);
	hand = (off_t)(seg->head.slot_offset + m.id *
	    (uint64_t)seg->head.slot_size + 8);
	sweeper = qt_seg_dup_rdwr(seg);
	j = (struct joiner){ .fd = qt_seg_dup_rdwr(seg), .rc = 1 };
	assert_int_equal(qt_sys_lock(sweeper, F_WRLCK, hand, 1), 0);

	/* Counted from here; none so far away fails. */
	qt_sys_fault(QT_SYS_LOCK, UINT_MAX, EIO);
	assert_int_equal(pthread_create(&thread, NULL, join, &j), 0);
	while (qt_sys_calls(QT_SYS_LOCK) < 60 && !atomic_load(&j.is_done))
		sched_yield();
	assert_false(atomic_load(&j.is_done));
	qt_sys_fault(QT_SYS_LOCK, 0, 0);
	assert_int_equal(qt_sys_lock(sweeper, F_UNLCK, hand, 1), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(j.rc, 0);
	close(j.fd);
	close(sweeper);
	qt_seg_close(seg);
}

QT_TEST(a_slot_changes_its_generation_with_its_owner)
{
	struct qt_seg			*seg = test_seg();
	struct qt_seg_participant	 p;
	uint32_t			 last = 0;

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct qt_seg	*two = test_join(seg, QT_SEG_JOIN);
		uint32_t	 cursor = 1;

		assert_int_equal(qt_seg_participant_next(seg, &cursor, &p), 1);
		assert_int_equal(p.id, 2);
		assert_true(p.generation > last);
		last = p.generation;
		qt_seg_close(two);
	}
	qt_seg_close(seg);
}

/* The ring of a dead writer may be taken over; that of a stopped one not. */
QT_TEST(a_ring_passes_from_the_dead_and_not_from_the_stopped)
{
	struct qt_seg		*seg = test_seg();
	struct qt_ring_writer	*w;
	uint64_t		 ring;
	int			 status, out[2];
	char			 c;
	pid_t			 pid;

	(void)state;
	assert_int_equal(qt_ring_create(seg, 1 << 20, &ring), 0);
	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (qt_seg_after_fork(seg, NULL) < 0 ||
		    qt_ring_writer_open(seg, ring, &w, NULL) < 0 ||
		    qt_ring_write(w, "abc", 3) < 0)
			_exit(1);
		if (write(out[1], "x", 1) == 1)
			raise(SIGSTOP);
		_exit(2);
	}
	assert_int_equal(read(out[0], &c, 1), 1);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(qt_ring_writer_open(seg, ring, &w, NULL), -EBUSY);
	assert_int_equal(qt_ring_destroy(seg, ring), -EBUSY);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(qt_ring_writer_open(seg, ring, &w, NULL), 0);
	assert_int_equal(qt_ring_writer_head(w), 3);
	qt_ring_writer_close(w);
	close(out[0]);
	close(out[1]);
	qt_seg_close(seg);
}
