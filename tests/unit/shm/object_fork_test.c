/* SPDX-License-Identifier: Apache-2.0 */
/* What a fork child is to objects that its parent has open, and holds. */

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include <qt/base/clock.h>

#include "../child.h"
#include "../test.h"
#include "object_world.h"

#define DEADLINE_MS	20000

/* --- Before it joins ------------------------------------------------------- */

#define REFUSED(call) do {						\
	long	rc_ = (long)(call);					\
									\
	if (rc_ != -EACCES) {						\
		fprintf(stderr, "%s: %ld\n", #call, rc_);		\
		return 1;						\
	}								\
} while (0)

static int
items_are_refused(struct world *w)
{
	int64_t	 n = 0;
	uint64_t h, seq = 0;
	char	 out[8];
	void	*room;

	REFUSED(qt_array_put(w->array, 0, 1, &n));
	REFUSED(qt_array_fill(w->array, 0, 4, &n));
	REFUSED(qt_array_add(w->array, 0, 1, &n));
	REFUSED(qt_array_cas(w->array, 0, &n, 1));
	REFUSED(qt_queue_push(w->queue, "x", 1, QT_WAIT_NEVER));
	REFUSED(qt_queue_pop(w->queue, out, 8, QT_WAIT_NEVER));
	REFUSED(qt_queue_pop(w->queue, out, 8, QT_WAIT_FOREVER));
	REFUSED(qt_queue_take(w->queue, &(struct qt_queue_item){ 0 },
	    QT_WAIT_NEVER));
	REFUSED(qt_queue_loan(w->queue, &(struct qt_queue_item){ 0 },
	    QT_WAIT_NEVER));
	REFUSED(qt_spsc_push(w->spsc, "x", 1, QT_WAIT_NEVER));
	REFUSED(qt_spsc_pop(w->spsc, out, 8, QT_WAIT_NEVER));
	REFUSED(qt_spsc_loan(w->spsc, &room, 1, QT_WAIT_NEVER));
	REFUSED(qt_spsc_publish(w->spsc, 1));
	REFUSED(qt_spsc_release(w->spsc, 1));
	REFUSED(qt_stack_push(w->stack, "x", 1, QT_WAIT_NEVER));
	REFUSED(qt_stack_pop(w->stack, out, 8, QT_WAIT_NEVER));
	REFUSED(qt_shm_pool_alloc(w->pool, &h, QT_WAIT_NEVER));
	REFUSED(qt_shm_pool_free(w->pool, w->block));
	REFUSED(qt_shm_pool_give(w->pool, w->block));
	REFUSED(qt_value_put(w->value, "x", 1, NULL));
	REFUSED(qt_value_put_if(w->value, "x", 1, &seq));
	/* Loans are their owner's. */
	if (qt_queue_publish(w->queue, &w->lent, 1) >= 0 ||
	    qt_queue_cancel(w->queue, &w->lent) >= 0 ||
	    qt_queue_release(w->queue, &w->taken) >= 0 ||
	    qt_queue_requeue(w->queue, &w->taken) >= 0)
		return 2;
	return 0;
}

static int
keys_are_refused(struct world *w)
{
	int64_t	n;

	REFUSED(qt_map_put(w->map, "x", 1, "x", 1));
	REFUSED(qt_map_put_new(w->map, "x", 1, "x", 1));
	REFUSED(qt_map_put_old(w->map, "k", 1, "x", 1));
	REFUSED(qt_map_cas(w->map, "k", 1, "v", 1, "x", 1));
	REFUSED(qt_map_del(w->map, "k", 1));
	REFUSED(qt_map_clear(w->map));
	REFUSED(qt_set_add(w->set, "x", 1));
	REFUSED(qt_set_del(w->set, "k", 1));
	REFUSED(qt_set_clear(w->set));
	REFUSED(qt_skiplist_put(w->list, "x", 1, "x", 1));
	REFUSED(qt_skiplist_del(w->list, "k", 1));
	REFUSED(qt_skiplist_clear(w->list));
	REFUSED(qt_cache_put(w->cache, "x", 1, "x", 1, 1, 0));
	REFUSED(qt_cache_del(w->cache, "k", 1));
	REFUSED(qt_cache_clear(w->cache));
	return qt_map_add(w->map, "k", 1, 1, &n) >= 0 ? 3 : 0;
}

static int
locks_are_refused(struct world *w)
{
	REFUSED(qt_semaphore_trywait(w->sem));
	REFUSED(qt_semaphore_post(w->sem));
	REFUSED(qt_mutex_trylock(w->mutex));
	REFUSED(qt_mutex_lock(w->mutex, QT_WAIT_FOREVER));
	REFUSED(qt_mutex_unlock(w->mutex));
	REFUSED(qt_mutex_consistent(w->mutex));
	REFUSED(qt_rwlock_lock_write(w->rw2, QT_WAIT_NEVER));
	REFUSED(qt_rwlock_lock_read(w->rw2, QT_WAIT_NEVER));
	REFUSED(qt_rwlock_unlock_write(w->rw));
	REFUSED(qt_rwlock_unlock_read(w->rw2));
	REFUSED(qt_latch_down(w->latch, 1));
	REFUSED(qt_barrier_join(w->barrier));
	REFUSED(qt_barrier_wait(w->barrier, QT_WAIT_NEVER));
	REFUSED(qt_barrier_leave(w->barrier));
	REFUSED(qt_event_set(w->event));
	REFUSED(qt_event_reset(w->event));
	REFUSED(qt_once_done(w->once));
	REFUSED(qt_once_fail(w->once));
	/* Never told to do it. */
	return qt_once_begin(w->once, QT_WAIT_NEVER) != -EBUSY ? 4 : 0;
}

static int
all_is_refused(void *arg)
{
	struct world	*w = arg;
	int		 rc = items_are_refused(w);

	if (rc == 0)
		rc = keys_are_refused(w);
	if (rc == 0)
		rc = locks_are_refused(w);
	/* Closing gives back nothing of the parent's. */
	close_all(w);
	return rc;
}

QT_TEST(a_child_that_has_not_joined_changes_nothing_in_any_type)
{
	static struct world	 w;
	struct child		 child;
	struct qt_seg_info	 info;
	unsigned char		*before, *now;
	uint64_t		 size = 1u << 20;	/* all of them fit */

	(void)state;
	world_open(&w, 8);
	qt_seg_describe(w.seg, &info);
	now = qt_seg_at(w.seg, info.data_offset, size);
	assert_non_null(now);
	before = malloc(size);
	assert_non_null(before);
	memcpy(before, now, size);
	child_run(&child, all_is_refused, &w);
	if (child.status != 0)
		fail_msg("%d: %s", child.status, child.err);
	assert_memory_equal(now, before, size);
	free(before);
	holder_goes_on(&w);
	close_all(&w);
}

/* --- After it joined ------------------------------------------------------- */

/* What the parent holds is not the child's. 0, or which thing went wrong. */
static int
is_not_ours(struct world *w)
{
	if (qt_queue_publish(w->queue, &w->lent, 1) != -EINVAL ||
	    qt_queue_cancel(w->queue, &w->lent) != -EINVAL ||
	    qt_queue_release(w->queue, &w->taken) != -EINVAL ||
	    qt_queue_requeue(w->queue, &w->taken) != -EINVAL)
		return 10;
	if (qt_spsc_push(w->spsc, "x", 1, QT_WAIT_NEVER) != -EACCES ||
	    qt_spsc_publish(w->spsc, 1) != -EACCES)
		return 11;
	if (qt_mutex_unlock(w->mutex) != -EPERM ||
	    qt_mutex_consistent(w->mutex) != -EPERM)
		return 12;
	if (qt_rwlock_unlock_write(w->rw) != -EPERM ||
	    qt_rwlock_unlock_read(w->rw2) != -EPERM)
		return 13;
	if (qt_once_done(w->once) != -EPERM ||
	    qt_once_fail(w->once) != -EPERM)
		return 14;
	if (qt_barrier_leave(w->barrier) != -ENOENT)
		return 15;
	return 0;
}

static int
joins_and_is_another(void *arg)
{
	struct world	*w = arg;
	char		 out[8];
	int		 rc;

	if (qt_seg_after_fork(w->seg, NULL) != 0 || qt_seg_self(w->seg) != 2)
		return 1;
	rc = is_not_ours(w);
	if (rc != 0)
		return rc;
	if (qt_mutex_trylock(w->mutex) != -EBUSY ||
	    qt_rwlock_lock_read(w->rw, QT_WAIT_NEVER) != -EBUSY ||
	    qt_rwlock_lock_write(w->rw2, QT_WAIT_NEVER) != -EBUSY ||
	    qt_once_begin(w->once, QT_WAIT_NEVER) != -EBUSY)
		return 2;
	/* It works as anybody else does, by the handles that it has. */
	if (qt_queue_push(w->queue, "x", 1, QT_WAIT_NEVER) != 0 ||
	    qt_queue_pop(w->queue, out, 8, QT_WAIT_NEVER) != 1 ||
	    out[0] != 'b' ||
	    qt_queue_pop(w->queue, out, 8, QT_WAIT_NEVER) != 1 ||
	    out[0] != 'x' ||
	    qt_queue_push(w->queue, "b", 1, QT_WAIT_NEVER) != 0)
		return 3;
	if (qt_semaphore_trywait(w->sem) != 0 ||
	    qt_barrier_join(w->barrier) != 0 ||
	    qt_map_put(w->map, "k", 1, "w", 1) < 0)
		return 4;
	/* Its own loan and places are swept, not closed, and nothing else. */
	if (qt_queue_loan(w->queue, &w->lent, QT_WAIT_NEVER) != 0)
		return 5;
	kill(getpid(), SIGKILL);
	return 6;
}

QT_TEST(a_child_that_joined_holds_nothing_of_its_parents)
{
	static struct world	w;
	struct child		child;

	(void)state;
	world_open(&w, 8);
	child_run(&child, joins_and_is_another, &w);
	assert_int_equal(child.status, -SIGKILL);
	assert_int_equal(qt_seg_is_alive(w.seg, 2), 0);
	assert_int_equal(qt_seg_sweep(w.seg), 1);
	assert_int_equal(qt_mutex_owner(w.mutex), 1);
	assert_int_equal(qt_semaphore_value(w.sem), 1);
	holder_goes_on(&w);
	close_all(&w);
}

/*
 * The holder dies; its child, which had not joined, then gets the very number
 * that it had, and must not pass for it.
 */
static int
heir(struct world *w, int in)
{
	uint64_t	deadline = qt_clock_mono_ms() + DEADLINE_MS;
	char		c, out[8];
	int		rc;

	if (read(in, &c, 1) != 0)
		return 20;
	/* The kernel may drop its lock a moment after its pipe. */
	while ((rc = qt_seg_after_fork(w->seg, NULL)) == -QT_EFULL)
		if (qt_clock_mono_ms() > deadline)
			return 25;
	if (rc != 0 || qt_seg_self(w->seg) != 1)
		return 21;
	rc = is_not_ours(w);
	if (rc != 0)
		return rc;
	if (qt_mutex_trylock(w->mutex) != 1 ||
	    qt_rwlock_lock_write(w->rw, QT_WAIT_NEVER) != 1 ||
	    qt_rwlock_lock_write(w->rw2, QT_WAIT_NEVER) != 0 ||
	    qt_once_begin(w->once, QT_WAIT_NEVER) != 1)
		return 22;
	if (qt_queue_pop(w->queue, out, 8, QT_WAIT_NEVER) != 1 ||
	    out[0] != 'b' || qt_semaphore_value(w->sem) != 2)
		return 23;
	if (qt_seg_fsck(w->seg, NULL) != 0 ||
	    qt_obj_fsck(w->seg, 0, NULL, NULL) != 0)
		return 24;
	close_all(w);
	return 0;
}

static int
dies_and_leaves_an_heir(void *arg)
{
	static struct world	w;
	int			out[2];
	pid_t			pid;

	(void)arg;
	/* There is but one number. */
	world_open(&w, 1);
	if (pipe(out) < 0)
		return 1;
	pid = fork();
	if (pid == 0) {
		int	rc;

		close(out[1]);
		rc = heir(&w, out[0]);
		/* Our grandparent waits for this line. */
		printf("heir %d\n", rc);
		fflush(stdout);
		_exit(rc);
	}
	kill(getpid(), SIGKILL);
	return 2;
}

QT_TEST(who_gets_the_number_of_the_dead_does_not_pass_for_it)
{
	int		out[2], status;
	char		text[32] = "";
	size_t		len = 0;
	pid_t		pid;

	(void)state;
	assert_int_equal(pipe(out), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		close(out[1]);
		_exit(dies_and_leaves_an_heir(NULL));
	}
	close(out[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	/* The end of the pipe is the end of the heir. */
	while (len < sizeof(text) - 1) {
		ssize_t	n = read(out[0], text + len, sizeof(text) - 1 - len);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	close(out[0]);
	assert_string_equal(text, "heir 0\n");
}
