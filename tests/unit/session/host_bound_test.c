/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions that end with the connection that made them. */

#include "../test.h"

#include "world.h"

static struct qt_uuid
make(struct qt_client *c, uint32_t flags)
{
	char			*argv[] = { (char *)(uintptr_t)"sleep",
	    (char *)(uintptr_t)"1000", NULL };
	struct qt_client_new	 spec = { .argv = argv,
	    .opt = { .flags = flags } };
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_uuid		 id = { { 0 } };
	int			 rc;

	rc = qt_client_new(c, &spec, &id, &err);
	if (rc < 0)
		world_fail("new", rc, &err);
	return id;
}

static struct qt_session
get(struct world *w, const struct qt_uuid *id)
{
	static const struct qt_session	none = { .state = QT_STATE_FREE };
	struct qt_session		s;

	return qt_session_find(qt_client_table(w->client), id, &s) == 0 ? s :
	    none;
}

QT_TEST(a_bound_session_ends_with_its_connection_and_others_do_not)
{
	struct qt_client	*other;
	struct world		 w;
	struct qt_uuid		 bound, own, gone, hung, mine;

	(void)state;
	world_begin(&w, 1);
	assert_int_equal(qt_client_open(0, QT_ROLE_OWNER, 0, &other, NULL), 0);
	bound = make(other, QT_NEW_BOUND | QT_NEW_SIGNAL(SIGTERM));
	hung = make(other, QT_NEW_BOUND);
	gone = make(other, QT_NEW_BOUND | QT_NEW_FORGET);
	own = make(other, 0);
	mine = make(w.client, QT_NEW_BOUND);
	assert_int_equal(get(&w, &gone).state, QT_STATE_RUNNING);
	qt_client_close(other);
	assert_true(WORLD_UNTIL(get(&w, &bound).state == QT_STATE_EXITED));
	assert_int_equal(WTERMSIG(get(&w, &bound).exit_status), SIGTERM);
	assert_true(WORLD_UNTIL(get(&w, &hung).state == QT_STATE_EXITED));
	assert_int_equal(WTERMSIG(get(&w, &hung).exit_status), SIGHUP);
	assert_true(WORLD_UNTIL(get(&w, &gone).state == QT_STATE_FREE));
	assert_int_equal(get(&w, &own).state, QT_STATE_RUNNING);
	assert_int_equal(get(&w, &mine).state, QT_STATE_RUNNING);
	world_end(&w);
}

QT_TEST(a_process_that_is_killed_ends_what_was_bound_to_it)
{
	struct qt_client	*other;
	struct world		 w;
	struct qt_uuid		 id = { { 0 } };
	pid_t			 pid;
	int			 fds[2];

	(void)state;
	world_begin(&w, 1);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (qt_client_open(0, QT_ROLE_OWNER, 0, &other, NULL) < 0)
			_exit(1);
		id = make(other, QT_NEW_BOUND);
		_exit(write(fds[1], &id, sizeof(id)) != sizeof(id) ||
		    pause() != 0);
	}
	assert_int_equal(read(fds[0], &id, sizeof(id)), sizeof(id));
	assert_int_equal(get(&w, &id).state, QT_STATE_RUNNING);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(WORLD_UNTIL(get(&w, &id).state == QT_STATE_EXITED));
	close(fds[0]);
	close(fds[1]);
	world_end(&w);
}

QT_TEST(a_signal_that_is_none_is_refused)
{
	struct qt_client_new	 spec = { .opt = { .flags = QT_NEW_BOUND |
	    QT_NEW_SIGNAL(200) } };
	struct qt_err		 err = QT_ERR_INIT;
	struct world		 w;
	struct qt_uuid		 id;

	(void)state;
	world_begin(&w, 1);
	assert_int_equal(qt_client_new(w.client, &spec, &id, &err), -EINVAL);
	assert_non_null(strstr(err.text, "signal 200"));
	world_end(&w);
}
