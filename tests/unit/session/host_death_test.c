/* SPDX-License-Identifier: Apache-2.0 */
/* The host's own death, and what the next one makes of what it left. */

#include "../test.h"

#include <glob.h>
#include <sys/mman.h>

#include "world.h"

QT_TEST(after_kill_9_records_and_output_stay_and_the_next_host_adopts_them)
{
	struct qt_session_table	*t;
	struct qt_session	 run, done, got;
	struct qt_host_info	 info;
	struct qt_seg		*seg;
	struct world		 w;
	pid_t			 shell;

	(void)state;
	world_begin(&w, 1);
	done = world_new(&w, "done", "echo finished; exit 3");
	(void)world_exit(&w, &done);
	run = world_new(&w, "run", "echo started; exec sleep 1000");
	assert_true(WORLD_UNTIL(world_has(&w, &run, "started")));
	shell = (pid_t)run.pid;
	(void)world_kill(&w, SIGKILL);

	/* Without any host. */
	assert_int_equal(qt_client_open_table(&seg, &t, NULL), 0);
	assert_int_equal(qt_host_info(t, &info), 0);
	assert_int_equal(info.is_alive, 0);
	assert_int_equal(qt_session_resolve(t, "run", &got), 0);
	assert_int_equal(got.state, QT_STATE_RUNNING);
	qt_session_table_close(t);
	qt_seg_close(seg);
	qt_client_close(w.client);
	w.client = NULL;
	assert_int_equal(qt_client_open(0, QT_ROLE_OWNER, 1, &w.client, NULL),
	    -QT_ENOHOST);

	world_host(&w);
	world_connect(&w, 1);
	t = qt_client_table(w.client);
	assert_int_equal(qt_session_resolve(t, "run", &got), 0);
	assert_int_equal(got.state, QT_STATE_LOST);
	assert_true(got.exited_ms > 0);
	assert_int_equal(got.exit_offset, 9);
	assert_int_equal(got.viewers, 0);
	assert_true(world_has(&w, &got, "started\r\n"));
	assert_int_equal(qt_session_resolve(t, "done", &got), 0);
	assert_int_equal(got.state, QT_STATE_EXITED);
	assert_int_equal(WEXITSTATUS(got.exit_status), 3);
	assert_true(world_has(&w, &got, "finished\r\n"));
	assert_int_equal(qt_host_info(t, &info), 0);
	assert_int_equal(info.boot, 2);
	assert_int_equal(info.pid, w.host);
	/* Its terminal is gone, so the child was told (SIGHUP). */
	assert_true(WORLD_UNTIL(kill(shell, 0) < 0 || getpgid(shell) < 0));
	/* The name is free again, and means the new one. */
	run = world_new(&w, "run", "cat");
	assert_int_equal(qt_session_resolve(t, "run", &got), 0);
	assert_memory_equal(&got.id, &run.id, sizeof(run.id));
	world_end(&w);
}

QT_TEST(hosts_killed_at_random_under_load_always_leave_an_adoptable_segment)
{
	struct qt_client_new	spec = { .opt = { .cols = 80, .rows = 24 } };
	char			*argv[] = { (char *)(uintptr_t)"seq",
	    (char *)(uintptr_t)"5000", NULL };
	struct qt_control_attach req = { .role = QT_ROLE_WRITER };
	struct qt_control_attached got;
	struct qt_session	s;
	struct world		w;
	struct qt_uuid		id;
	uint64_t		cursor;
	uint64_t		end;
	int			rc;

	(void)state;
	spec.argv = argv;
	world_init(&w);
	w.opt.keep = 20;
	for (int round = 0; round < 30; round++) {
		world_host(&w);
		world_connect(&w, 1);
		end = qt_clock_mono_ms() + 5 + (uint64_t)(rand() % 25);
		/* The child kills it while requests are under way. */
		fflush(NULL);
		if (fork() == 0) {
			while (qt_clock_mono_ms() < end)
				;
			(void)kill(w.host, SIGKILL);
			_exit(0);
		}
		do {
			rc = qt_client_new(w.client, &spec, &id, NULL);
			req.id = id;
			if (rc == 0)
				rc = qt_client_attach(w.client, &req, &got,
				    NULL);
			if (rc == 0)
				rc = qt_client_call(w.client, QT_MSG_DETACH, 0,
				    NULL, 0, QT_MSG_OK, NULL, 0, NULL);
		} while (rc == 0);
		assert_true(rc == -ECONNRESET || rc == -EPIPE);
		cursor = 0;
		while (qt_session_next(qt_client_table(w.client), NULL,
		    &cursor, &s) == 1)
			assert_true(s.state == QT_STATE_RUNNING ||
			    s.state == QT_STATE_EXITED ||
			    s.state == QT_STATE_LOST);
		qt_client_close(w.client);
		w.client = NULL;
		assert_int_equal(waitpid(w.host, NULL, 0), w.host);
		assert_true(wait(NULL) > 0);
		w.host = 0;
	}
	world_host(&w);
	world_connect(&w, 1);
	s = world_new(&w, "last", "echo well");
	(void)world_exit(&w, &s);
	assert_true(world_has(&w, &s, "well"));
	world_end(&w);
}

/* Counts what was moved aside, and removes it. */
static int
moved_aside(const char *name)
{
	char	pattern[192];
	glob_t	g;
	int	n = 0;

	snprintf(pattern, sizeof(pattern), "/dev/shm%s.bad-*", name);
	if (glob(pattern, 0, NULL, &g) == 0) {
		n = (int)g.gl_pathc;
		for (size_t i = 0; i < g.gl_pathc; i++)
			(void)unlink(g.gl_pathv[i]);
		globfree(&g);
	}
	return n;
}

QT_TEST(a_segment_that_cannot_be_used_is_moved_aside_and_not_destroyed)
{
	char		name[128], path[160];
	struct world	w;
	int		fd;

	(void)state;
	world_init(&w);
	assert_int_equal(qt_path_segment("host", name, NULL), 0);
	snprintf(path, sizeof(path), "/dev/shm%s", name);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, 8192), 0);
	assert_int_equal(write(fd, "not a segment", 13), 13);
	close(fd);
	world_host(&w);
	world_connect(&w, 1);
	assert_int_equal(moved_aside(name), 1);
	(void)world_new(&w, NULL, "cat");
	(void)world_kill(&w, SIGTERM);

	/* Of another version: one byte of the table's head. */
	qt_client_close(w.client);
	w.client = NULL;
	{
		struct qt_seg_entry	 e;
		struct qt_seg		*seg;
		uint32_t		*head;

		assert_int_equal(qt_seg_open(name, "host", QT_SEG_JOIN, &seg,
		    NULL), 0);
		assert_int_equal(qt_seg_entry_get(seg, "sessions", &e), 0);
		head = qt_seg_at(seg, e.offset, 64);
		head[2] = 99;
		qt_seg_close(seg);
	}
	world_host(&w);
	world_connect(&w, 1);
	assert_int_equal(moved_aside(name), 1);
	world_end(&w);
}

QT_TEST(a_second_host_does_not_start_and_does_not_disturb_the_first)
{
	struct qt_err		err = QT_ERR_INIT;
	struct qt_session	s;
	struct world		w;

	(void)state;
	world_begin(&w, 1);
	s = world_new(&w, NULL, "cat");
	assert_int_equal(qt_host_run(&w.opt, &err), -EEXIST);
	assert_non_null(strstr(err.text, "another session host"));
	assert_int_equal(world_get(&w, &s).state, QT_STATE_RUNNING);
	s = world_new(&w, NULL, "cat");
	assert_int_equal(world_get(&w, &s).state, QT_STATE_RUNNING);
	world_end(&w);
}

QT_TEST(a_stop_ends_every_session_and_records_how)
{
	struct qt_session_table	*t;
	struct qt_session	 a, b, got;
	struct qt_seg		*seg;
	struct world		 w;
	uint32_t		 mode = 0;
	int			 status;

	(void)state;
	world_begin(&w, 1);
	a = world_new(&w, "polite", "exec sleep 1000");
	b = world_new(&w, "stubborn", "trap '' HUP; echo ok; "
	    "while :; do sleep 0.1; done");
	assert_true(WORLD_UNTIL(world_has(&w, &b, "ok")));
	assert_int_equal(qt_client_call(w.client, QT_MSG_STOP, 0, &mode, 4,
	    QT_MSG_OK, NULL, 0, NULL), -EBUSY);
	mode = 1;
	assert_int_equal(qt_client_call(w.client, QT_MSG_STOP, 0, &mode, 4,
	    QT_MSG_OK, NULL, 0, NULL), 0);
	assert_int_equal(waitpid(w.host, &status, 0), w.host);
	w.host = 0;
	assert_int_equal(status, 0);
	assert_int_equal(qt_client_open_table(&seg, &t, NULL), 0);
	assert_int_equal(qt_session_find(t, &a.id, &got), 0);
	assert_int_equal(got.state, QT_STATE_EXITED);
	assert_int_equal(WTERMSIG(got.exit_status), SIGHUP);
	assert_int_equal(qt_session_find(t, &b.id, &got), 0);
	assert_int_equal(WTERMSIG(got.exit_status), SIGKILL);
	qt_session_table_close(t);
	qt_seg_close(seg);
	world_end(&w);
}
