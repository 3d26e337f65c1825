/* SPDX-License-Identifier: Apache-2.0 */
/* Users of a store: ids that live as long as their processes. */

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include <qt/base/sys.h>

#include "../child.h"
#include "../test.h"
#include "lock_world.h"

static struct world *
world(void)
{
	struct world	*w = world_new();

	assert_non_null(w);
	return w;
}

QT_TEST(users_have_different_ids_and_see_each_other)
{
	struct world	*w = world();
	struct qt__user	 u[20];
	uint32_t	 count;

	(void)state;
	for (uint32_t i = 0; i < 20; i++) {
		assert_int_equal(qt__user_open(&u[i], w->dir, 20, 0, NULL), 0);
		assert_in_range(u[i].id, 1, 20);
		for (uint32_t k = 0; k < i; k++) {
			assert_int_not_equal(u[k].id, u[i].id);
			assert_int_equal(qt__user_is_alive(&u[k], u[i].id), 1);
		}
		assert_int_equal(qt__user_is_alive(&u[i], u[i].id), 1);
		assert_int_equal(qt__user_count(u[i].fd, &count), 0);
		assert_int_equal(count, i);
	}
	for (uint32_t i = 0; i < 20; i++) {
		uint32_t	id = u[i].id;

		qt__user_close(&u[i]);
		qt__user_close(&u[i]);
		assert_int_equal(u[i].id, 0);
		if (i < 19)
			assert_int_equal(qt__user_is_alive(&u[19], id), 0);
	}
	world_free(w);
}

QT_TEST(when_all_places_are_taken_one_waits_until_the_deadline)
{
	struct world	*w = world();
	struct qt__user	 u[3], v;
	struct qt_err	 err = QT_ERR_INIT;
	uint64_t	 deadline;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(qt__user_open(&u[i], w->dir, 3, 0, NULL), 0);
	deadline = qt_clock_mono_ms() + 20;
	assert_int_equal(qt__user_open(&v, w->dir, 3, deadline, &err),
	    -ETIMEDOUT);
	assert_true(qt_clock_mono_ms() >= deadline);
	assert_non_null(strstr(err.text, "all 3 places"));
	assert_int_equal(v.fd, -1);
	assert_int_equal(v.id, 0);
	qt__user_close(&u[1]);
	assert_int_equal(qt__user_open(&v, w->dir, 3, soon(), &err), 0);
	qt__user_close(&u[0]);
	qt__user_close(&u[2]);
	qt__user_close(&v);
	world_free(w);
}

QT_TEST(without_the_file_or_its_locks_there_is_no_user)
{
	struct world	*w = world();
	struct qt__user	 u;
	struct qt_err	 err = QT_ERR_INIT;
	int		 fds = child_count_fds();

	(void)state;
	qt_sys_fault(QT_SYS_LOCK, 1, EINVAL);
	assert_int_equal(qt__user_open(&u, w->dir, 3, 0, &err), -ENOSYS);
	assert_non_null(strstr(err.text, "its file system has no locks"));
	qt_sys_fault(QT_SYS_LOCK, 1, ENOLCK);
	assert_int_equal(qt__user_open(&u, w->dir, 3, 0, &err), -ENOLCK);
	qt_sys_fault(QT_SYS_LOCK, 0, 0);
	assert_int_equal(unlinkat(w->dir, "LOCK", 0), 0);
	assert_int_equal(qt__user_open(&u, w->dir, 3, 0, &err), -ENOENT);
	assert_string_equal(err.text, "open 'LOCK'");
	assert_int_equal(u.id, 0);
	assert_int_equal(child_count_fds(), fds);
	world_free(w);
}

/* --- Fork ----------------------------------------------------------------- */

static struct qt__user	parents;

static int
outlive(struct world *w)
{
	struct qt__user	own;

	if (parents.fd != -1 || parents.id != 0)
		return 1;
	qt__user_close(&parents);
	if (qt__user_open(&own, w->dir, 100, soon(), NULL) < 0)
		return 2;
	atomic_store(&w->step, own.id);
	return 0;
}

QT_TEST(a_fork_child_is_nobody_and_does_not_keep_its_parent_alive)
{
	struct world	*w = world();
	struct qt__user	 u;
	uint32_t	 id;
	pid_t		 pid;

	(void)state;
	assert_int_equal(qt__user_open(&u, w->dir, 100, 0, NULL), 0);
	assert_int_equal(qt__user_open(&parents, w->dir, 100, 0, NULL), 0);
	id = parents.id;
	pid = world_start(w, outlive);
	assert_true(world_await(w, 1));
	assert_int_not_equal(atomic_load(&w->step), id);
	assert_int_equal(qt__user_is_alive(&u, atomic_load(&w->step)), 1);
	assert_int_equal(qt__user_is_alive(&u, id), 1);
	qt__user_close(&parents);
	assert_int_equal(qt__user_is_alive(&u, id), 0);
	world_kill(pid);
	assert_int_equal(qt__user_is_alive(&u, atomic_load(&w->step)), 0);
	qt__user_close(&u);
	world_free(w);
}

/* --- Many at once --------------------------------------------------------- */

#define OPENERS	8
#define OPENS	125	/* 1,000 in all */

struct opener {
	struct world	*w;
	_Atomic uint32_t *owner;	/* of each id: which opener, + 1 */
	uint32_t	 self;
	int		 rc;
};

static void *
open_and_close(void *arg)
{
	struct opener	*o = arg;
	struct qt__user	 u;

	for (int i = 0; i < OPENS && o->rc == 0; i++) {
		uint32_t	nobody = 0, self = o->self;

		o->rc = qt__user_open(&u, o->w->dir, OPENERS - 1, soon(),
		    NULL);
		if (o->rc < 0)
			break;
		if (!atomic_compare_exchange_strong(&o->owner[u.id], &nobody,
		    self) ||
		    !atomic_compare_exchange_strong(&o->owner[u.id], &self, 0))
			o->rc = -EEXIST;
		qt__user_close(&u);
	}
	return NULL;
}

QT_TEST(a_thousand_opens_and_closes_at_once_and_fewer_places_than_users)
{
	struct world	*w = world();
	_Atomic uint32_t owner[OPENERS] = { 0 };
	struct opener	 o[OPENERS];
	pthread_t	 thread[OPENERS];
	int		 fds = child_count_fds();

	(void)state;
	for (uint32_t i = 0; i < OPENERS; i++) {
		o[i] = (struct opener){ w, owner, i + 1, 0 };
		assert_int_equal(pthread_create(&thread[i], NULL,
		    open_and_close, &o[i]), 0);
	}
	for (int i = 0; i < OPENERS; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(o[i].rc, 0);
	}
	assert_int_equal(child_count_fds(), fds);
	world_free(w);
}

/* Where nothing but its pid is known, it may be another process. */
QT_TEST(who_is_stopped_is_known_in_the_same_pid_namespace_only)
{
	struct world	*w = world();
	struct qt__user	 u;
	struct qt__lock	 l = { .word = 0 };
	uint64_t	 pid;
	pid_t		 child;
	int		 status;

	(void)state;
	assert_int_equal(qt__user_open(&u, w->dir, 20, 0, NULL), 0);
	assert_int_equal(qt__lock_take(&l, &u, 0, NULL), 0);
	assert_int_equal(l.pid, getpid());
	assert_int_equal(l.pid_ns, u.pid_ns);
	qt__lock_give(&l, &u);
	if (u.pid_ns == 0)
		skip();		/* no /proc */
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		for (;;)
			pause();
	pid = (uint64_t)child;
	assert_int_equal(qt__user_is_stopped(&u, pid, u.pid_ns), 0);
	assert_int_equal(kill(child, SIGSTOP), 0);
	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	assert_int_equal(qt__user_is_stopped(&u, pid, u.pid_ns), 1);
	assert_true(qt__user_is_stopped(&u, pid, u.pid_ns + 1) < 0);
	assert_true(qt__user_is_stopped(&u, pid, 0) < 0);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(qt__user_is_stopped(&u, pid, u.pid_ns) < 0);
	/* And not where /proc is of a namespace in which we are another. */
	u.pid++;
	assert_true(qt__user_is_stopped(&u, (uint64_t)getpid(), u.pid_ns) < 0);
	u.pid--;
	assert_int_equal(qt__user_is_stopped(&u, (uint64_t)getpid(), u.pid_ns),
	    0);
	qt__user_close(&u);
	world_free(w);
}
