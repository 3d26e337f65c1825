/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a session: nothing of its output is lost, and it is told. */

#include "../test.h"

#include "world.h"

#define ROUNDS	1000
#define BATCH	20

static void
send_line(struct qt_client *c, const struct qt_session *s, const char *text)
{
	struct {
		struct qt_uuid	id;
		char		text[32];
	}	send = { .id = s->id };
	int	n = snprintf(send.text, sizeof(send.text), "%s\n", text);

	assert_int_equal(qt_client_call(c, QT_MSG_SEND, 0, &send,
	    sizeof(send.id) + (size_t)n, QT_MSG_OK, NULL, 0, NULL), 0);
}

QT_TEST(a_thousand_short_commands_lose_none_of_their_output)
{
	struct qt_session	s[BATCH], e;
	struct world		w;
	char			text[64], want[32], *out;
	size_t			len;

	(void)state;
	world_begin(&w, 1);
	for (int i = 0; i < ROUNDS; i += BATCH) {
		for (int k = 0; k < BATCH; k++) {
			snprintf(text, sizeof(text), "echo hi %d", i + k);
			s[k] = world_new(&w, NULL, text);
		}
		for (int k = 0; k < BATCH; k++) {
			e = world_exit(&w, &s[k]);
			snprintf(want, sizeof(want), "hi %d\r\n", i + k);
			out = world_output(&w, &s[k], &len);
			assert_string_equal(out, want);
			assert_int_equal(e.exit_offset, len);
			assert_int_equal(e.exit_status, 0);
			free(out);
		}
	}
	world_end(&w);
}

QT_TEST(a_large_last_burst_is_complete)
{
	struct qt_session	s, e;
	struct world		w;
	char			*out;
	size_t			len;

	(void)state;
	world_begin(&w, 1);
	for (int i = 0; i < 20; i++) {
		s = world_new(&w, NULL, "head -c 300000 /dev/zero | tr '\\0' z;"
		    " printf END");
		e = world_exit(&w, &s);
		out = world_output(&w, &s, &len);
		assert_int_equal(len, 300003);
		assert_string_equal(out + 300000, "END");
		assert_int_equal(e.exit_offset, len);
		free(out);
	}
	world_end(&w);
}

QT_TEST(a_background_process_does_not_keep_its_session_alive)
{
	struct qt_session	s, e;
	struct world		w;
	char			hold[96];

	(void)state;
	world_begin(&w, 1);
	/* It holds the terminal for as long as there is a file. */
	snprintf(hold, sizeof(hold), "%s/hold", w.dir);
	close(open(hold, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	s = world_new(&w, NULL, "trap '' HUP; while [ -e "
	    "$QT_RUNTIME_DIR/hold ]; do sleep 0.01; done & echo begun");
	e = world_exit(&w, &s);
	assert_int_equal(access(hold, F_OK), 0);
	assert_int_equal(unlink(hold), 0);
	assert_int_equal(e.state, QT_STATE_EXITED);
	assert_true(world_has(&w, &s, "begun\r\n"));
	assert_int_equal(e.exit_offset, 7);
	world_end(&w);
}

/* The host has looked at what had happened when this was called. */
static void
host_turns(struct world *w)
{
	struct qt_control_stat	stat;

	for (int i = 0; i < 2; i++)
		assert_int_equal(qt_client_call(w->client, QT_MSG_STAT, 0,
		    NULL, 0, QT_MSG_STATED, &stat, sizeof(stat), NULL), 0);
}

/* login(1): hangs the terminal up, and opens it again. */
QT_TEST(a_terminal_that_was_hung_up_and_opened_again_goes_on)
{
	struct qt_session	s;
	struct world		w;
	char			closed[96], opened[96];

	(void)state;
	world_begin(&w, 1);
	snprintf(closed, sizeof(closed), "%s/closed", w.dir);
	snprintf(opened, sizeof(opened), "%s/open", w.dir);
	assert_int_equal(mkfifo(opened, 0600), 0);
	s = world_new(&w, NULL, "cd $QT_RUNTIME_DIR; t=$(tty); echo one; "
	    "exec </dev/null >/dev/null 2>&1; : >closed; "
	    ": <open; "		/* until somebody opens it to write */
	    "exec <$t >$t 2>&1; echo two; read x; echo got $x");
	assert_true(WORLD_UNTIL(access(closed, F_OK) == 0));
	host_turns(&w);
	close(open(opened, O_WRONLY | O_CLOEXEC));
	assert_true(WORLD_UNTIL(world_has(&w, &s, "two\r\n")));
	assert_int_equal(world_get(&w, &s).state, QT_STATE_RUNNING);
	send_line(w.client, &s, "input");
	assert_true(WORLD_UNTIL(world_has(&w, &s, "got input")));
	assert_int_equal(unlink(closed), 0);
	assert_int_equal(unlink(opened), 0);
	world_end(&w);
}

QT_TEST(a_record_stays_until_it_is_forgotten_or_pruned)
{
	struct qt_session	first, s, got;
	struct world		w;
	struct qt_err		err = QT_ERR_INIT;
	uint64_t		cursor = 0;
	int			n = 0;

	(void)state;
	world_init(&w);
	w.opt.keep = 5;
	world_host(&w);
	world_connect(&w, 1);
	first = world_new(&w, "first", "true");
	(void)world_exit(&w, &first);
	for (int i = 0; i < 4; i++) {
		s = world_new(&w, NULL, "true");
		(void)world_exit(&w, &s);
	}
	/* The newest was seen, so it goes before the older ones. */
	assert_int_equal(qt_client_call(w.client, QT_MSG_SEEN, 0, &s.id,
	    sizeof(s.id), QT_MSG_OK, NULL, 0, &err), 0);
	assert_int_equal(world_get(&w, &s).flags, QT_SESSION_SEEN);
	got = world_new(&w, NULL, "true");
	assert_true(WORLD_UNTIL(qt_session_find(qt_client_table(w.client),
	    &s.id, &s) == -ENOENT));
	(void)world_exit(&w, &got);
	while (qt_session_next(qt_client_table(w.client), NULL, &cursor,
	    &got) == 1)
		n++;
	assert_int_equal(n, 5);
	assert_int_equal(qt_client_call(w.client, QT_MSG_FORGET, 0, &first.id,
	    sizeof(first.id), QT_MSG_OK, NULL, 0, &err), 0);
	assert_int_equal(qt_session_resolve(qt_client_table(w.client), "first",
	    &got), -ENOENT);
	s = world_new(&w, NULL, "cat");
	assert_int_equal(qt_client_call(w.client, QT_MSG_FORGET, 0, &s.id,
	    sizeof(s.id), QT_MSG_OK, NULL, 0, &err), -EBUSY);
	world_end(&w);
}

QT_TEST(what_was_started_to_be_forgotten_leaves_no_memory_behind)
{
	char			*argv[] = { (char *)(uintptr_t)"seq",
	    (char *)(uintptr_t)"1000", NULL };
	struct qt_client_new	 spec = { .argv = argv,
	    .opt = { .flags = QT_NEW_FORGET } };
	struct qt_host_info	 info;
	struct world		 w;
	struct qt_uuid		 id;
	struct qt_session	 s;
	uint64_t		 used = 0, exited;

	(void)state;
	world_begin(&w, 1);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(qt_client_new(w.client, &spec, &id, NULL), 0);
		assert_true(WORLD_UNTIL(qt_session_find(
		    qt_client_table(w.client), &id, &s) == -ENOENT));
		exited = (uint64_t)i + 1;
		assert_true(WORLD_UNTIL(
		    qt_host_info(qt_client_table(w.client), &info) == 0 &&
		    info.exited == exited && info.sessions == 0));
		if (i == 10)
			used = qt_seg_used(qt_client_segment(w.client));
	}
	/* But for the events ring, which grows by a page now and then. */
	assert_true(qt_seg_used(qt_client_segment(w.client)) <=
	    used + (64u << 10));
	world_end(&w);
}

/*
 * While a viewer looks at it, an ended session stays, but its descriptor is
 * soon a connection's or another session's: these must stay in the loop when
 * the ended one goes.
 */
QT_TEST(forgetting_an_ended_session_leaves_who_has_its_descriptor_alone)
{
	struct qt_session	 ended[4], running[4];
	struct qt_client	*other[4];
	struct world		 w;

	(void)state;
	world_begin(&w, 4);
	for (uint32_t i = 0; i < 4; i++) {
		struct qt_control_attach	req = {
			.cols = 80, .rows = 24, .role = QT_ROLE_READER,
			.channel = i,
		};
		struct qt_control_attached	got;

		ended[i] = world_new(&w, NULL, "read -r go");
		req.id = ended[i].id;
		assert_int_equal(qt_client_attach(w.client, &req, &got, NULL),
		    0);
	}
	for (int i = 0; i < 4; i++) {
		send_line(w.client, &ended[i], "go");
		(void)world_exit(&w, &ended[i]);
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(qt_client_open(0, QT_ROLE_OWNER, 1, &other[i],
		    NULL), 0);
		running[i] = world_new(&w, NULL, "exec cat");
	}
	for (int i = 0; i < 4; i++)
		assert_int_equal(qt_client_call(w.client, QT_MSG_FORGET, 0,
		    &ended[i].id, sizeof(ended[i].id), QT_MSG_OK, NULL, 0,
		    NULL), 0);
	for (int i = 0; i < 4; i++) {
		send_line(other[i], &running[i], "gone");
		assert_true(WORLD_UNTIL(world_has(&w, &running[i],
		    "gone\r\n")));
		qt_client_close(other[i]);
	}
	world_end(&w);
}
