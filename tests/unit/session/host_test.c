/* SPDX-License-Identifier: Apache-2.0 */
/* The session host through its client: the life of sessions. */

#include "../test.h"

#include "world.h"

static void
attach(struct world *w, const struct qt_session *s, uint32_t channel,
    uint16_t cols, uint16_t rows)
{
	struct qt_control_attach	req = {
		.id = s->id, .cols = cols, .rows = rows,
		.role = QT_ROLE_WRITER, .channel = channel,
	};
	struct qt_control_attached	got;
	struct qt_err			err = QT_ERR_INIT;
	int				rc;

	rc = qt_client_attach(w->client, &req, &got, &err);
	if (rc < 0)
		world_fail("attach", rc, &err);
	assert_int_equal(got.slot, s->slot);
}

QT_TEST(a_session_runs_shows_its_output_and_its_exit)
{
	struct world		w;
	struct qt_session	s, e;

	(void)state;
	world_begin(&w, 4);
	/* It waits for a line, so that it is seen running. */
	s = world_new(&w, "one", "read -r go; echo hello; exit 7");
	assert_string_equal(s.name, "one");
	assert_int_equal(s.state, QT_STATE_RUNNING);
	attach(&w, &s, 1, 80, 24);
	assert_int_equal(qt_client_send(w.client, QT_MSG_INPUT, 0, 1, "go\n",
	    3), 0);
	e = world_exit(&w, &s);
	assert_int_equal(e.state, QT_STATE_EXITED);
	assert_int_equal(WEXITSTATUS(e.exit_status), 7);
	assert_int_equal(e.exit_offset, strlen("go\r\nhello\r\n"));
	assert_true(world_has(&w, &s, "go\r\nhello\r\n"));
	world_end(&w);
}

QT_TEST(input_reaches_the_program_and_the_bell_rings_for_its_echo)
{
	struct world		w;
	struct qt_session	s;
	struct qt_bell_slot	*bell;
	struct pollfd		p;

	(void)state;
	world_begin(&w, 2);
	s = world_new(&w, NULL, "cat");
	attach(&w, &s, 1, 100, 30);
	bell = qt_client_bell(w.client, 1);
	atomic_store(&bell->wake_at, 1);
	assert_int_equal(qt_client_send(w.client, QT_MSG_INPUT, 0, 1, "key\n",
	    4), 0);
	p = (struct pollfd){ .fd = qt_client_bell_fd(w.client),
	    .events = POLLIN };
	assert_int_equal(poll(&p, 1, WORLD_MS), 1);
	assert_int_equal(atomic_load(&bell->rung), QT_BELL_LOOK);
	assert_int_equal(atomic_load(&bell->wake_at), 0);
	assert_true(WORLD_UNTIL(world_has(&w, &s, "key\r\nkey\r\n")));
	world_end(&w);
}

QT_TEST(a_session_can_be_renamed_resized_and_killed)
{
	struct world		w;
	struct qt_session	s, now;
	struct qt_err		err = QT_ERR_INIT;
	struct {
		struct qt_uuid	id;
		uint16_t	size[2];
		uint32_t	policy;
	}			resize = { .size = { 99, 33 },
	    .policy = QT_RESIZE_FIXED };

	(void)state;
	world_begin(&w, 1);
	s = world_new(&w, "before", "trap 'stty size' WINCH; echo ok; "
	    "while :; do sleep 0.01; done");
	assert_true(WORLD_UNTIL(world_has(&w, &s, "ok")));
	assert_int_equal(qt_client_rename(w.client, &s.id, "after", &err), 0);
	assert_int_equal(qt_session_resolve(qt_client_table(w.client), "after",
	    &now), 0);
	assert_int_equal(now.slot, s.slot);
	assert_int_equal(qt_session_resolve(qt_client_table(w.client),
	    "before", &now), -ENOENT);
	resize.id = s.id;
	assert_int_equal(qt_client_call(w.client, QT_MSG_RESIZE, 0, &resize,
	    sizeof(resize), QT_MSG_OK, NULL, 0, &err), 0);
	assert_true(WORLD_UNTIL(world_has(&w, &s, "33 99")));
	now = world_get(&w, &s);
	assert_int_equal(now.cols, 99);
	assert_int_equal(now.size_seq, 1);
	assert_int_equal(now.policy, QT_RESIZE_FIXED);
	assert_int_equal(qt_client_kill(w.client, &s.id, SIGKILL, &err), 0);
	now = world_exit(&w, &s);
	assert_int_equal(WTERMSIG(now.exit_status), SIGKILL);
	world_end(&w);
}

QT_TEST(a_command_that_is_not_there_is_an_error_and_leaves_no_session)
{
	char			*argv[] = { (char *)(uintptr_t)"no-such-cmd",
	    NULL };
	struct qt_client_new	 spec = { .argv = argv };
	struct qt_session	 s;
	struct world		 w;
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_uuid		 id;
	uint64_t		 cursor = 0;

	(void)state;
	world_begin(&w, 1);
	assert_int_equal(qt_client_new(w.client, &spec, &id, &err), -ENOENT);
	assert_string_equal(err.text, "command 'no-such-cmd' not found");
	assert_int_equal(qt_session_next(qt_client_table(w.client), NULL,
	    &cursor, &s), 0);
	spec.argv = NULL;
	spec.cwd = "/no/such/folder";
	assert_int_equal(qt_client_new(w.client, &spec, &id, &err), -ENOENT);
	assert_string_equal(err.text, "go to folder '/no/such/folder'");
	world_end(&w);
}
