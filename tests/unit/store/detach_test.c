/* SPDX-License-Identifier: Apache-2.0 */
/* Who is left behind to sync: there is always somebody, and rarely anybody. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/clock.h>

#include "../../../libcommon/store/super_priv.h"
#include "world.h"

#define PATIENCE_MS	20000u

/*
 * w->s is an onlooker's. Whom we leave behind become our children, so that we see
 * them end.
 */
static void
begin(struct world *w, const char *interval)
{
	const char	*settings[] = { "mode", "async", "sync-interval",
	    interval, NULL };

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	world_begin(w, settings);
	w->s = world_open(w);
}

/* All children are gone. */
static void
reap(void)
{
	uint64_t	end = qt_clock_mono_ms() + PATIENCE_MS;
	pid_t		pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0) {
		assert_true(qt_clock_mono_ms() < end);
		if (pid == 0)
			nanosleep(&(struct timespec){ .tv_nsec = 1000000 },
			    NULL);
	}
}

static void
end(struct world *w)
{
	struct qt_err	err = QT_ERR_INIT;

	qt_store_close(w->s, NULL);
	if (qt_store_remove(w->path, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(rmdir(w->dir), 0);
	reap();
}

/* As a command does; in a process of its own. */
static int
put_some(const struct world *w, int from, int count)
{
	struct qt_store_options	 o = {
		.flags = QT_STORE_NO_THREADS | QT_STORE_DETACH,
	};

	for (int i = from; i < from + count; i++) {
		static const char value[20000];
		struct qt_store	*s;
		char		 key[16];
		int		 len = snprintf(key, sizeof(key), "%d", i), rc;

		if (qt_store_open(w->path, &o, &s, NULL) < 0)
			return 1;
		rc = qt_store_put(s, NULL, &(struct qt_store_put){
		    .key = key, .key_len = (size_t)len, .value = value,
		    .value_len = sizeof(value) }, NULL);
		if (qt_store_close(s, NULL) < 0 || rc < 0)
			return 2;
	}
	return 0;
}

static pid_t
start(const struct world *w, int from, int count)
{
	pid_t	pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(put_some(w, from, count));
	return pid;
}

static void
finish(pid_t pid)
{
	int	status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
put_as_command(const struct world *w, int i)
{
	finish(start(w, i, 1));
}

static bool
is_durable(struct world *w)
{
	struct qt__stripe	*stripe;
	uint64_t		 head;

	assert_int_equal(qt__super_get(w->s, &stripe, NULL), 0);
	head = stripe->super->mems[0]->base +
	    atomic_load(&stripe->super->mems[0]->head->head);
	qt__super_release(stripe);
	return atomic_load(&w->s->ctl->durable) >= head;
}

/* A child's process id: the only one that we have, or 0. */
static pid_t
only_child(void)
{
	char	name[64], text[64] = "";
	int	fd;

	snprintf(name, sizeof(name), "/proc/self/task/%d/children", getpid());
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		skip();		/* a kernel without CONFIG_PROC_CHILDREN */
	assert_true(read(fd, text, sizeof(text) - 1) >= 0);
	close(fd);
	return atoi(text);
}

QT_TEST(a_hundred_puts_cost_a_sync_an_interval)
{
	struct world	w;
	uint64_t	began, syncs, before;

	(void)state;
	begin(&w, "100ms");
	before = atomic_load(&w.s->ctl->counts[QT__SYNCS]);
	began = qt_clock_mono_ms();
	for (int i = 0; i < 100; i++)
		put_as_command(&w, i);
	reap();
	syncs = atomic_load(&w.s->ctl->counts[QT__SYNCS]) - before;
	assert_true(is_durable(&w));
	assert_in_range(syncs, 1, 1 + (qt_clock_mono_ms() - began) / 100);
	end(&w);
}

QT_TEST(one_stays_until_the_interval_is_over_and_has_nothing_open)
{
	struct world	w;
	int		fds[2];
	char		c;
	pid_t		pid;

	(void)state;
	begin(&w, "1h");
	/* Without O_CLOEXEC, as a pipe that a shell has started us with. */
	assert_int_equal(pipe(fds), 0);
	pid = start(&w, 1, 3);
	close(fds[1]);
	finish(pid);
	assert_int_equal(read(fds[0], &c, 1), 0);
	close(fds[0]);
	assert_false(is_durable(&w));
	pid = only_child();
	assert_int_not_equal(pid, 0);
	assert_int_equal(getsid(pid), pid);
	/* What shuts a machine down. */
	assert_int_equal(kill(pid, SIGTERM), 0);
	reap();
	assert_true(is_durable(&w));
	end(&w);
}

QT_TEST(it_does_what_is_due)
{
	struct world		w;
	struct qt__where	where;

	(void)state;
	begin(&w, "5ms");
	/* More than a memtable. */
	finish(start(&w, 1, 70));
	reap();
	(void)qt__where_get(w.s->ctl, &where);
	assert_true(where.active > 1);
	assert_int_equal(where.first_wal, where.active);
	assert_int_equal(atomic_load(&w.s->ctl->due), 0);
	end(&w);
}

/* Also where all who come are short: nobody has a thread that looks. */
QT_TEST(it_does_what_the_checkpoint_interval_asks_for)
{
	struct world			 w;
	struct qt_store_settings	 set;
	struct qt_err			 err = QT_ERR_INIT;

	(void)state;
	begin(&w, "1ms");
	assert_int_equal(qt_store_settings_load(w.path, &set, &err), 0);
	set.checkpoint_interval_ms = 1;
	assert_int_equal(qt_store_settings_save(w.path, &set, &err), 0);
	/* The first one finds more to do than that, as memory is new. */
	for (int i = 1; i <= 3; i++) {
		while (qt_clock_mono_ms() <= atomic_load(&w.s->ctl->frozen_ms))
			sched_yield();
		put_as_command(&w, i);
		reap();
		assert_int_equal(atomic_load(&w.s->ctl->counts[QT__FLUSHES]),
		    i);
	}
	end(&w);
}

QT_TEST(when_it_is_killed_the_next_one_takes_its_place)
{
	struct world	w;
	pid_t		first, second;

	(void)state;
	begin(&w, "1h");
	put_as_command(&w, 1);
	first = only_child();
	put_as_command(&w, 2);
	assert_int_equal(only_child(), first);
	assert_int_equal(kill(first, SIGKILL), 0);
	reap();
	put_as_command(&w, 3);
	second = only_child();
	assert_int_not_equal(second, 0);
	assert_false(is_durable(&w));
	qt__detach_hurry(w.s->ctl);
	reap();
	assert_true(is_durable(&w));
	end(&w);
}

QT_TEST(when_it_is_killed_who_only_reads_syncs)
{
	struct world	 w;
	struct qt_store	*s;

	(void)state;
	begin(&w, "1h");
	put_as_command(&w, 1);
	assert_int_equal(kill(only_child(), SIGKILL), 0);
	reap();
	assert_false(is_durable(&w));
	assert_int_equal(qt_store_open(w.path, NULL, &s, NULL), 0);
	assert_int_equal(qt_store_close(s, NULL), 0);
	assert_true(is_durable(&w));
	assert_int_equal(atomic_load(&w.s->ctl->syncer), 0);
	end(&w);
}

QT_TEST(what_it_is_stopped_for_long_is_synced_by_the_next_close)
{
	struct world	w;
	pid_t		pid;

	(void)state;
	begin(&w, "1h");
	put_as_command(&w, 1);
	pid = only_child();
	assert_int_equal(kill(pid, SIGSTOP), 0);
	put_as_command(&w, 2);
	assert_false(is_durable(&w));
	/* It should have been done long ago. */
	atomic_store(&w.s->ctl->sync_by_ms, 0);
	put_as_command(&w, 3);
	assert_true(is_durable(&w));
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(kill(pid, SIGCONT), 0);
	reap();
	end(&w);
}

QT_TEST(a_store_is_removed_under_it)
{
	struct world	w;

	(void)state;
	begin(&w, "1h");
	put_as_command(&w, 1);
	end(&w);
}

/* Nobody has to wait for the interval, or to try again. */
QT_TEST(it_does_not_keep_logs_from_being_moved)
{
	struct world			 w;
	struct qt_store_settings	 set;
	struct qt_err			 err = QT_ERR_INIT;

	(void)state;
	begin(&w, "1h");
	put_as_command(&w, 1);
	assert_int_equal(qt_store_settings_load(w.path, &set, &err), 0);
	assert_int_equal(qt_store_settings_set(&set, "wal-path", "../logs",
	    &err), 0);
	/* Logs are there, not: somebody writes to the store. */
	assert_int_equal(qt_store_settings_save(w.path, &set, &err),
	    -ENOTEMPTY);
	reap();
	assert_true(is_durable(&w));
	end(&w);
}

/* With an interval so short that they end all the time. */
QT_TEST(no_put_is_left_to_one_who_ends)
{
	struct world	w;
	pid_t		pids[3];

	(void)state;
	begin(&w, "1ms");
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 3; i++)
			pids[i] = start(&w, i * 8, 8);
		for (int i = 0; i < 3; i++)
			finish(pids[i]);
		reap();
		assert_true(is_durable(&w));
		assert_int_equal(atomic_load(&w.s->ctl->syncer), 0);
	}
	end(&w);
}
