/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that a participant starts, children of children, and forks in the
 * midst of other threads' work.
 */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include <qt/base/clock.h>
#include <qt/shm/map.h>
#include <qt/shm/mutex.h>
#include <qt/shm/object.h>
#include <qt/shm/queue.h>
#include <qt/shm/wait.h>

#include "../child.h"
#include "../test.h"
#include "shm_test.h"

#define DEADLINE_MS	60000
#define FORKS		100

extern char	**environ;

/* A queue with one item, and a mutex. */
struct work {
	struct qt_seg		*seg;
	struct qt_queue		*queue;
	struct qt_mutex		*mutex;
};

static void
work_open(struct work *w)
{
	struct qt_queue_spec	 spec = { .item_max = 8, .capacity = 512,
	    .flags = QT_QUEUE_REDELIVER };

	w->seg = test_seg();
	assert_int_equal(qt_queue_create(w->seg, "q", &spec, NULL), 0);
	assert_int_equal(qt_mutex_create(w->seg, "m", NULL), 0);
	assert_int_equal(qt_queue_open(w->seg, "q", NULL, &w->queue, NULL), 0);
	assert_int_equal(qt_mutex_open(w->seg, "m", &w->mutex, NULL), 0);
	assert_int_equal(qt_queue_push(w->queue, "item", 4, QT_WAIT_NEVER), 0);
}

static void
work_close(struct work *w)
{
	qt_queue_close(w->queue);
	qt_mutex_close(w->mutex);
	qt_seg_close(w->seg);
}

/* The child joins, and has the mutex and the item in hand. */
static int
seize(struct work *w)
{
	struct qt_queue_item	item;

	return qt_seg_after_fork(w->seg, NULL) != 0 ||
	    qt_mutex_trylock(w->mutex) != 0 ||
	    qt_queue_take(w->queue, &item, QT_WAIT_NEVER) != 0;
}

/* What was seized is to be had again, from who is dead. */
static void
have_it_back(struct work *w)
{
	char	out[8];

	assert_int_equal(qt_mutex_lock(w->mutex,
	    qt_wait_deadline(DEADLINE_MS)), 1);
	assert_int_equal(qt_mutex_consistent(w->mutex), 0);
	assert_int_equal(qt_mutex_unlock(w->mutex), 0);
	assert_int_equal(qt_queue_pop(w->queue, out, 8,
	    qt_wait_deadline(DEADLINE_MS)), 4);
	assert_memory_equal(out, "item", 4);
	assert_int_equal(qt_queue_pop(w->queue, out, 8, QT_WAIT_NEVER),
	    -QT_EEMPTY);
	assert_int_equal(qt_obj_fsck(w->seg, 0, NULL, NULL), 0);
}

/* cat, which lives until its standard input ends. */
static pid_t
spawn_cat(int in)
{
	char				*argv[] = { (char *)"cat", NULL };
	posix_spawn_file_actions_t	 fa;
	pid_t				 pid;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, in, STDIN_FILENO);
	if (posix_spawnp(&pid, "cat", &fa, NULL, argv, environ) != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&fa);
	return pid;
}

enum start { BY_EXEC, BY_SPAWN, BY_VFORK };

/* In the child; does not return. */
static void
start_cat(enum start how, int in, int out)
{
	pid_t	pid;

	if (how == BY_EXEC) {
		dup2(in, STDIN_FILENO);
		if (write(out, "x", 1) == 1)
			execlp("cat", "cat", (char *)NULL);
		_exit(2);
	}
	if (how == BY_SPAWN) {
		pid = spawn_cat(in);
	} else {
		pid = vfork();
		if (pid == 0) {
			dup2(in, STDIN_FILENO);
			execlp("cat", "cat", (char *)NULL);
			_exit(2);
		}
	}
	if (pid > 0 && write(out, "x", 1) == 1)
		raise(SIGKILL);
	_exit(3);
}

/* The holder is gone; the program that it became or started lives on. */
static void
program_outlives_holder(enum start how)
{
	struct work	w;
	int		in[2], out[2], status;
	char		c;
	pid_t		pid;

	work_open(&w);
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(in[1]);
		close(out[0]);
		if (seize(&w) != 0)
			_exit(1);
		start_cat(how, in[0], out[1]);
	}
	close(in[0]);
	close(out[1]);
	assert_int_equal(read(out[0], &c, 1), 1);
	have_it_back(&w);
	/* cat has the other end of out, so that it lives is seen. */
	close(in[1]);
	assert_int_equal(read(out[0], &c, 1), 0);
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (how == BY_EXEC)
		assert_int_equal(status, 0);
	else
		assert_true(WIFSIGNALED(status) &&
		    WTERMSIG(status) == SIGKILL);
	work_close(&w);
}

QT_TEST(a_program_that_took_the_place_of_a_holder_does_not_hold)
{
	(void)state;
	program_outlives_holder(BY_EXEC);
}

QT_TEST(programs_that_a_dead_holder_started_do_not_hold)
{
	(void)state;
	program_outlives_holder(BY_SPAWN);
	program_outlives_holder(BY_VFORK);
}

/* And what it starts while it lives takes nothing from it. */
QT_TEST(who_starts_programs_goes_on_holding)
{
	struct work		w;
	struct qt_queue_item	item;
	int			in[2], status;
	pid_t			pid;

	(void)state;
	work_open(&w);
	assert_int_equal(qt_mutex_trylock(w.mutex), 0);
	assert_int_equal(qt_queue_take(w.queue, &item, QT_WAIT_NEVER), 0);
	assert_int_equal(pipe(in), 0);
	close(in[1]);
	pid = spawn_cat(in[0]);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	pid = vfork();
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(system("exit 0"), 0);
	close(in[0]);
	assert_int_equal(qt_seg_is_alive(w.seg, 1), 1);
	assert_int_equal(qt_seg_sweep(w.seg), 0);
	assert_int_equal(qt_mutex_unlock(w.mutex), 0);
	assert_int_equal(qt_queue_release(w.queue, &item), 0);
	work_close(&w);
}

/* --- Children of children ------------------------------------------------------ */

/* As daemon(3) does it: nobody between joins, or waits. */
static int
grandchild_works(void *arg)
{
	struct work	*w = arg;
	pid_t		 pid = fork();

	if (pid != 0)
		_exit(0);
	if (qt_queue_push(w->queue, "x", 1, QT_WAIT_NEVER) != -EACCES)
		_exit(1);
	if (seize(w) != 0)
		_exit(2);
	raise(SIGKILL);
	return 3;
}

QT_TEST(a_child_of_a_child_that_never_joined_is_somebody)
{
	struct work	w;
	struct child	child;
	uint64_t	deadline = qt_clock_mono_ms() + DEADLINE_MS;

	(void)state;
	work_open(&w);
	child_run(&child, grandchild_works, &w);
	assert_int_equal(child.status, 0);
	/* It joins, seizes, and is killed, all after its parent ended. */
	while (qt_seg_sweep(w.seg) == 0) {
		assert_true(qt_clock_mono_ms() < deadline);
		sched_yield();
	}
	have_it_back(&w);
	work_close(&w);
}

/* --- Forks in the midst ---------------------------------------------------------- */

static _Atomic int	is_over;

/* Makes, opens, uses and erases things, sweeps; NULL, or what went wrong. */
static char	wrong[3];

static void *
busy(void *arg)
{
	struct work		*w = arg;
	struct qt_map_spec	 spec = { .key_max = 8, .value_max = 8,
	    .capacity = 8 };
	char			 name[32];
	struct qt_map		*map;

	snprintf(name, sizeof(name), "m%lx", (unsigned long)pthread_self());
	while (!atomic_load(&is_over)) {
		if (qt_map_create(w->seg, name, &spec, NULL) != 0 ||
		    qt_map_open(w->seg, name, NULL, NULL, &map, NULL) != 0)
			return &wrong[0];
		if (qt_map_put(map, "k", 1, "v", 1) != 0 ||
		    qt_obj_erase(w->seg, name, NULL) != 0)
			return &wrong[1];
		qt_map_close(map);
		if (qt_mutex_lock(w->mutex, qt_wait_deadline(DEADLINE_MS)) < 0
		    || qt_mutex_unlock(w->mutex) != 0)
			return &wrong[2];
		(void)qt_seg_sweep(w->seg);
	}
	return NULL;
}

static int
forked(struct work *w)
{
	int	rc;

	alarm(DEADLINE_MS / 1000);
	if (qt_queue_push(w->queue, "x", 1, QT_WAIT_NEVER) != -EACCES)
		return 1;
	if (qt_seg_after_fork(w->seg, NULL) != 0)
		return 2;
	rc = qt_mutex_lock(w->mutex, qt_wait_deadline(DEADLINE_MS));
	if (rc < 0)
		return 3;
	if (qt_queue_push(w->queue, "x", 1, QT_WAIT_NEVER) != 0)
		return 4;
	if (qt_mutex_unlock(w->mutex) != 0)
		return 5;
	work_close(w);
	return 0;
}

QT_TEST(a_fork_in_the_midst_of_other_threads_work_is_whole)
{
	struct work	w;
	pthread_t	t[3];
	char		out[8];
	void		*rc;
	int		status;

	(void)state;
	work_open(&w);
	atomic_store(&is_over, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&t[i], NULL, busy, &w), 0);
	for (int i = 0; i < FORKS; i++) {
		pid_t	pid = fork();

		assert_true(pid >= 0);
		if (pid == 0)
			_exit(forked(&w));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	atomic_store(&is_over, 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pthread_join(t[i], &rc), 0);
		assert_null(rc);
	}
	for (int i = 0; i <= FORKS; i++)
		assert_true(qt_queue_pop(w.queue, out, 8, QT_WAIT_NEVER) > 0);
	assert_int_equal(qt_queue_pop(w.queue, out, 8, QT_WAIT_NEVER),
	    -QT_EEMPTY);
	/* What a child had open yet when it was erased. */
	assert_true(qt_obj_gc(w.seg) >= 0);
	assert_int_equal(qt_obj_gc(w.seg), 0);
	assert_int_equal(qt_obj_fsck(w.seg, 0, NULL, NULL), 0);
	assert_int_equal(qt_seg_fsck(w.seg, NULL), 0);
	work_close(&w);
}
