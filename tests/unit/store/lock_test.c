/* SPDX-License-Identifier: Apache-2.0 */
/* Locks that outlive whoever holds them. */

#include <pthread.h>
#include <stdio.h>

#include "../test.h"
#include "lock_world.h"

#define THREADS		4
#define TURNS		5000u

static struct world *
world(void)
{
	struct world	*w = world_new();

	assert_non_null(w);
	return w;
}

static void
become(struct qt__user *u, const struct world *w)
{
	struct qt_err	err = QT_ERR_INIT;

	if (qt__user_open(u, w->dir, 1000, soon(), &err) < 0)
		fail_msg("%s", err.text);
}

/* --- One at a time -------------------------------------------------------- */

QT_TEST(a_free_lock_is_taken_and_given_back)
{
	struct world	*w = world();
	struct qt__user	 u;
	bool		 is_dead = true;

	(void)state;
	become(&u, w);
	assert_int_equal(qt__lock_owner(&w->lock, &u, NULL), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(qt__lock_take(&w->lock, &u, soon(), NULL), 0);
		assert_int_equal(qt__lock_owner(&w->lock, &u, &is_dead), u.id);
		assert_false(is_dead);
		qt__lock_give(&w->lock, &u);
		assert_int_equal(qt__lock_owner(&w->lock, &u, &is_dead), 0);
		assert_false(is_dead);
	}
	assert_int_equal(w->lock.word, 0);
	qt__user_close(&u);
	world_free(w);
}

QT_TEST(who_does_not_wait_is_told_that_it_is_busy)
{
	struct world	*w = world();
	struct qt__user	 u, v;
	struct qt_err	 err = QT_ERR_INIT;
	char		 text[64];

	(void)state;
	become(&u, w);
	become(&v, w);
	assert_int_equal(qt__lock_take(&w->lock, &u, 0, NULL), 0);
	assert_int_equal(qt__lock_take(&w->lock, &v, 0, &err), -EBUSY);
	snprintf(text, sizeof(text), "held by process %ld for 0 s",
	    (long)getpid());
	assert_non_null(strstr(err.text, text));
	qt__lock_give(&w->lock, &u);
	assert_int_equal(qt__lock_take(&w->lock, &v, 0, NULL), 0);
	qt__lock_give(&w->lock, &v);
	qt__user_close(&u);
	qt__user_close(&v);
	world_free(w);
}

QT_TEST(who_waits_gives_up_at_its_deadline)
{
	struct world	*w = world();
	struct qt__user	 u, v;
	uint64_t	 deadline;

	(void)state;
	become(&u, w);
	become(&v, w);
	assert_int_equal(qt__lock_take(&w->lock, &u, soon(), NULL), 0);
	/* Now, and later, when it has come to be starved. */
	for (uint64_t ms = 0; ms <= 12; ms += 12) {
		deadline = qt_clock_mono_ms() + ms;
		assert_int_equal(qt__lock_take(&w->lock, &v, deadline, NULL),
		    -ETIMEDOUT);
		assert_true(qt_clock_mono_ms() >= deadline);
	}
	qt__lock_give(&w->lock, &u);
	/* What it left in the word holds up nobody. */
	assert_int_equal(qt__lock_take(&w->lock, &u, 0, NULL), 0);
	qt__lock_give(&w->lock, &u);
	assert_int_equal(w->lock.word, 0);
	qt__user_close(&u);
	qt__user_close(&v);
	world_free(w);
}

/* --- The dead ------------------------------------------------------------- */

static int
hold(struct world *w)
{
	static struct qt__user	u;

	if (qt__user_open(&u, w->dir, 1000, soon(), NULL) < 0 ||
	    qt__lock_take(&w->lock, &u, soon(), NULL) < 0)
		return 1;
	atomic_store(&w->step, 1);
	return 0;
}

/* Somebody has the lock now. */
static pid_t
holder(struct world *w)
{
	pid_t	pid;

	atomic_store(&w->step, 0);
	pid = world_start(w, hold);
	assert_true(pid > 0);
	if (!world_await(w, 1)) {
		world_kill(pid);
		fail_msg("the child did not get it");
	}
	return pid;
}

QT_TEST(what_a_dead_process_had_is_taken_with_a_warning_until_given_back)
{
	struct world	*w = world();
	struct qt__user	 u;
	bool		 is_dead = false;

	(void)state;
	world_kill(holder(w));
	/* The next one dies with it, too, before it has put it right. */
	world_kill(holder(w));
	become(&u, w);
	assert_int_not_equal(qt__lock_owner(&w->lock, &u, &is_dead), 0);
	assert_int_equal(qt__lock_take(&w->lock, &u, soon(), NULL), 1);
	qt__lock_give(&w->lock, &u);
	assert_int_equal(qt__lock_take(&w->lock, &u, soon(), NULL), 0);
	qt__lock_give(&w->lock, &u);
	assert_int_equal(w->lock.died, 2);
	qt__user_close(&u);
	world_free(w);
}

QT_TEST(who_does_not_wait_takes_it_from_the_dead)
{
	struct world	*w = world();
	struct qt__user	 u;
	pid_t		 pid;
	bool		 is_dead;

	(void)state;
	pid = holder(w);
	become(&u, w);
	assert_int_equal(qt__lock_take(&w->lock, &u, 0, NULL), -EBUSY);
	assert_int_not_equal(qt__lock_owner(&w->lock, &u, &is_dead), 0);
	assert_false(is_dead);
	world_kill(pid);
	/* The same id could have been free for us: then there is no death to
	 * be asked about. */
	if (qt__lock_owner(&w->lock, &u, &is_dead) != u.id)
		assert_true(is_dead);
	assert_int_equal(qt__lock_take(&w->lock, &u, 0, NULL), 1);
	qt__lock_give(&w->lock, &u);
	qt__user_close(&u);
	world_free(w);
}

QT_TEST(a_new_user_with_the_id_of_a_dead_one_disowns_its_locks)
{
	struct world	*w = world();
	struct qt__user	 u, v;

	(void)state;
	become(&u, w);
	become(&v, w);
	atomic_store(&w->lock.word, u.id);
	/* To others it looks taken. */
	assert_int_equal(qt__lock_take(&w->lock, &v, 0, NULL), -EBUSY);
	qt__lock_disown(&w->lock, &v);
	assert_int_equal(qt__lock_take(&w->lock, &v, 0, NULL), -EBUSY);
	qt__lock_disown(&w->lock, &u);
	assert_int_equal(qt__lock_owner(&w->lock, &v, NULL), 0);
	assert_int_equal(qt__lock_take(&w->lock, &v, 0, NULL), 1);
	qt__lock_give(&w->lock, &v);
	/* Itself it takes it without that. */
	atomic_store(&w->lock.word, u.id);
	assert_int_equal(qt__lock_take(&w->lock, &u, 0, NULL), 1);
	qt__lock_give(&w->lock, &u);
	assert_int_equal(w->lock.word, 0);
	qt__user_close(&u);
	qt__user_close(&v);
	world_free(w);
}

QT_TEST(one_that_is_stopped_keeps_it_and_is_named)
{
	struct world	*w = world();
	struct qt__user	 u;
	struct qt_err	 err = QT_ERR_INIT;
	pid_t		 pid = holder(w);
	char		 text[64];
	int		 status;

	(void)state;
	become(&u, w);
	kill(pid, SIGSTOP);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_int_equal(qt__lock_take(&w->lock, &u, qt_clock_mono_ms() + 30,
	    &err), -ETIMEDOUT);
	snprintf(text, sizeof(text), "held by process %ld for", (long)pid);
	assert_non_null(strstr(err.text, text));
	assert_non_null(strstr(err.text, "is it stopped?"));
	world_kill(pid);
	assert_int_equal(qt__lock_take(&w->lock, &u, soon(), NULL), 1);
	qt__lock_give(&w->lock, &u);
	qt__user_close(&u);
	world_free(w);
}

/* --- Many ----------------------------------------------------------------- */

struct turns {
	struct world	*w;
	uint32_t	 count;
	int		 rc;
};

static void *
take_turns(void *arg)
{
	struct turns	*t = arg;
	struct world	*w = t->w;
	struct qt__user	 u;

	t->rc = qt__user_open(&u, w->dir, 1000, soon(), NULL);
	for (uint32_t i = 0; i < t->count && t->rc == 0; i++) {
		t->rc = qt__lock_take(&w->lock, &u, soon(), NULL);
		if (t->rc != 0)
			break;
		/* Not atomic adding: only the lock makes it right. */
		atomic_store(&w->a, atomic_load(&w->a) + 1);
		if (i % 64 == 0)
			sched_yield();
		atomic_store(&w->b, atomic_load(&w->b) + 1);
		qt__lock_give(&w->lock, &u);
	}
	qt__user_close(&u);
	return NULL;
}

QT_TEST(turns_exclude_each_other)
{
	struct world	*w = world();
	struct turns	 t[THREADS];
	pthread_t	 thread[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		t[i] = (struct turns){ w, TURNS, 0 };
		assert_int_equal(pthread_create(&thread[i], NULL, take_turns,
		    &t[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(t[i].rc, 0);
	}
	assert_int_equal(w->a, THREADS * TURNS);
	assert_int_equal(w->b, THREADS * TURNS);
	assert_int_equal(w->lock.word & 0x3fffff, 0);
	world_free(w);
}

static int
greedy(struct world *w)
{
	static struct qt__user	u;

	if (qt__user_open(&u, w->dir, 1000, soon(), NULL) < 0)
		return 1;
	atomic_fetch_add(&w->step, 1);
	for (;;) {
		if (qt__lock_take(&w->lock, &u, soon(), NULL) != 0)
			return 2;
		atomic_fetch_add(&w->a, 1);
		qt__lock_give(&w->lock, &u);
	}
}

/* A waiter that is stopped is in no queue of the kernel's. */
QT_TEST(a_starved_one_that_is_stopped_holds_up_nobody)
{
	struct world	*w = world();
	struct qt__user	 u;
	pid_t		 pid;
	int		 status;

	(void)state;
	become(&u, w);
	assert_int_equal(qt__lock_take(&w->lock, &u, soon(), NULL), 0);
	pid = world_start(w, hold);
	assert_true(world_await_word(w, STARVED));
	kill(pid, SIGSTOP);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	qt__lock_give(&w->lock, &u);
	assert_int_equal(qt__lock_take(&w->lock, &u, 0, NULL), 0);
	qt__lock_give(&w->lock, &u);
	kill(pid, SIGCONT);
	assert_true(world_await(w, 1));
	world_kill(pid);
	qt__user_close(&u);
	world_free(w);
}

/*
 * The lock was given to a starved one that was woken and does not come: who
 * waits takes it after a millisecond. Who does not wait leaves it alone for
 * RESERVED_MS; how many have passed we know only when it was few.
 */
QT_TEST(what_is_left_to_a_starved_one_is_kept_for_it_for_a_while)
{
	struct world	*w = world();
	struct qt__user	 u;
	uint64_t	 begun, until = soon();
	int		 rc;

	(void)state;
	become(&u, w);
	do {
		begun = qt_clock_mono_ms();
		assert_true(begun < until);
		atomic_store(&w->lock.since_ms, begun);
		atomic_store(&w->lock.word, STARVED);
		rc = qt__lock_take(&w->lock, &u, 0, NULL);
	} while (rc == 0 && qt_clock_mono_ms() - begun >= 5);
	assert_int_equal(rc, -EBUSY);
	begun = qt_clock_mono_ns();
	assert_int_equal(qt__lock_take(&w->lock, &u, soon(), NULL), 0);
	assert_true(qt_clock_mono_ns() - begun >= 1000000);
	qt__lock_give(&w->lock, &u);
	assert_int_equal(w->lock.word, 0);
	/* Long ago. */
	atomic_store(&w->lock.since_ms, qt_clock_mono_ms() - 100);
	atomic_store(&w->lock.word, STARVED);
	assert_int_equal(qt__lock_take(&w->lock, &u, 0, NULL), 0);
	qt__lock_give(&w->lock, &u);
	assert_int_equal(w->lock.word, 0);
	qt__user_close(&u);
	world_free(w);
}

/*
 * Two processes that are number 1 of their own PID namespaces: neither knows
 * the other's number, and the kernel knows both.
 */
static int
number_one(struct world *w, int (*fn)(struct world *w))
{
	if (unshare(CLONE_NEWPID) < 0 &&
	    unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0)
		return 77;
	atomic_store(&w->a, (uint64_t)world_start(w, fn));
	return 0;
}

static int
hold_in_namespace(struct world *w)
{
	return number_one(w, hold);
}

static int
take_from_other(struct world *w)
{
	static struct qt__user	u;

	if (getpid() != 1 ||
	    qt__user_open(&u, w->dir, 1000, soon(), NULL) < 0 ||
	    qt__lock_take(&w->lock, &u, 0, NULL) != -EBUSY)
		return 1;
	atomic_store(&w->step, 2);
	if (qt__lock_take(&w->lock, &u, soon(), NULL) != 1)
		return 2;
	atomic_store(&w->step, 3);
	return 0;
}

static int
take_in_namespace(struct world *w)
{
	return number_one(w, take_from_other);
}

static bool
has_namespaces(void)
{
	int	status;
	pid_t	pid = fork();

	if (pid == 0)
		_exit(unshare(CLONE_NEWPID) < 0 &&
		    unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0);
	waitpid(pid, &status, 0);
	return status == 0;
}

QT_TEST(processes_of_two_pid_namespaces_take_it_from_each_other)
{
	struct world	*w;
	pid_t		 one, two, inner;
	bool		 is_early;

	(void)state;
	if (!has_namespaces()) {
		print_message("# no PID namespaces are permitted here\n");
		skip();
	}
	w = world();
	one = world_start(w, hold_in_namespace);
	assert_true(world_await(w, 1));
	while (atomic_load(&w->a) == 0)
		sched_yield();
	inner = (pid_t)atomic_load(&w->a);
	two = world_start(w, take_in_namespace);
	assert_true(world_await(w, 2));
	assert_true(world_await_word(w, STARVED));
	is_early = atomic_load(&w->step) != 2;
	kill(inner, SIGKILL);
	assert_true(world_await(w, 3));
	assert_false(is_early);
	world_kill(one);
	world_kill(two);
	world_free(w);
}

/*
 * It waits for a millisecond, in which the others may take as many turns as
 * they can; from then on they leave it to the starved, of which there are
 * never more than five.
 */
QT_TEST(among_greedy_processes_nobody_starves)
{
	struct world	*w = world();
	struct qt__user	 u;
	pid_t		 pid[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		pid[i] = world_start(w, greedy);
	assert_true(world_await(w, THREADS));
	become(&u, w);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(qt__lock_take(&w->lock, &u, soon(), NULL), 0);
		qt__lock_give(&w->lock, &u);
	}
	for (int i = 0; i < THREADS; i++)
		world_kill(pid[i]);
	assert_true(qt__lock_take(&w->lock, &u, soon(), NULL) >= 0);
	qt__lock_give(&w->lock, &u);
	qt__user_close(&u);
	world_free(w);
}
