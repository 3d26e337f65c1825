/* SPDX-License-Identifier: Apache-2.0 */
/* Queues whose memory is damaged, or whose neighbours do not go on. */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "../../../libcommon/shm/queue_priv.h"
#include "../test.h"
#include "shm_test.h"

static struct qt_queue *
make(struct qt_seg *seg)
{
	struct qt_queue_spec	 spec = { .dtype = "<u8", .capacity = 5,
	    .loans = 3 };
	struct qt_queue		*q;

	assert_int_equal(qt_queue_create(seg, "q", &spec, NULL), 0);
	assert_int_equal(qt_queue_open(seg, "q", NULL, &q, NULL), 0);
	return q;
}

/* Each cell says that it is an eighth of all laps ahead of the one before. */
QT_TEST(cells_that_chase_each_other_round_are_an_error_and_no_loop)
{
	struct qt_seg	*seg = test_seg();
	struct qt_queue	*q = make(seg);
	uint64_t	 n = 1;

	(void)state;
	for (uint64_t i = 0; i < q->cell_count; i++)
		atomic_store(&q->cells[i],
		    (1 + (i << (61 - q->cell_shift))) << q->cell_shift);
	assert_true(qt_queue_pop(q, &n, sizeof(n), QT_WAIT_NEVER) < 0);
	assert_true(qt_queue_peek(q, 0, &n, sizeof(n)) < 0);
	assert_true(qt_queue_push(q, &n, sizeof(n), QT_WAIT_NEVER) < 0);
	assert_true(qt_queue_count(q) <= q->cell_count);
	assert_true(qt_obj_fsck(seg, 0, NULL, NULL) > 0);
	qt_queue_close(q);
	qt_seg_close(seg);
}

/* One that was about to make an object; its extent is still to be freed. */
static pid_t
stop_with_intent(struct qt_seg *seg)
{
	uint64_t	offset, link;
	pid_t		pid = fork();

	if (pid != 0)
		return pid;
	if (qt_seg_after_fork(seg, NULL) < 0)
		_exit(1);
	link = (uint64_t)((unsigned char *)&seg->slots[seg->self].intent -
	    seg->map);
	if (qt__seg_alloc(seg, 4096, link, 0, &offset) < 0)
		_exit(1);
	raise(SIGSTOP);
	_exit(0);
}

static pid_t
stop_with_lock(struct qt_seg *seg)
{
	pid_t	pid = fork();

	if (pid != 0)
		return pid;
	if (qt_seg_after_fork(seg, NULL) < 0 || qt__seg_lock(seg) < 0)
		_exit(1);
	raise(SIGSTOP);
	qt__seg_unlock(seg);
	_exit(0);
}

/* To sweep after the dead one takes the lock, which the stopped one has. */
QT_TEST(a_wait_has_its_end_though_one_with_the_lock_is_stopped)
{
	struct qt_seg	*seg = test_seg();
	struct qt_queue	*q = make(seg);
	uint64_t	 n = 7, stopped;
	int		 status;
	pid_t		 dead = stop_with_intent(seg), pid;

	(void)state;
	assert_int_equal(waitpid(dead, &status, WUNTRACED), dead);
	assert_true(WIFSTOPPED(status));
	pid = stop_with_lock(seg);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	kill(dead, SIGKILL);
	assert_int_equal(waitpid(dead, &status, 0), dead);
	stopped = qt_clock_mono_ms();
	assert_int_equal(qt_queue_pop(q, &n, sizeof(n), qt_wait_deadline(50)),
	    -ETIMEDOUT);
	assert_true(qt_clock_mono_ms() >= stopped + 50);
	/* And others work as ever. */
	assert_int_equal(qt_queue_push(q, &n, sizeof(n), QT_WAIT_NEVER), 0);
	assert_int_equal(qt_queue_pop(q, &n, sizeof(n), QT_WAIT_NEVER),
	    sizeof(n));
	kill(pid, SIGCONT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(qt_seg_sweep(seg) > 0);
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);
	qt_queue_close(q);
	qt_seg_close(seg);
}
