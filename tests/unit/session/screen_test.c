/* SPDX-License-Identifier: Apache-2.0 */
/* The screen service, with a real host and real ptys. */

#include "../test.h"

#include "../../../libcommon/session/record_priv.h"
#include "screen_world.h"

QT_TEST(shows_what_a_program_drew)
{
	struct screen_world	sw = { .slots = 0 };
	struct qt_screen_answer	a;
	struct qt_session	s;
	char			*text;

	(void)state;
	screen_begin(&sw);
	s = world_new(&sw.w, "a", "printf 'one\\n\\033[31mtwo\\033[m'; cat");
	assert_true(WORLD_UNTIL(screen_shows(&s, "two")));
	text = screen_get(&s, QT_SCREEN_TEXT, 0, &a);
	assert_string_equal(text, "one\ntwo\n");
	assert_int_equal(a.cols, 80);
	assert_int_equal(a.rows, 24);
	assert_int_equal(a.cursor_col, 3);
	assert_int_equal(a.cursor_row, 1);
	assert_int_equal(a.offset, strlen("one\r\n\033[31mtwo\033[m"));
	free(text);
	text = screen_get(&s, QT_SCREEN_STYLED, 0, NULL);
	assert_string_equal(text, "one\n\033[31mtwo\033[39m\n");
	free(text);
	screen_end(&sw);
}

QT_TEST(knows_no_session_that_is_not_there)
{
	struct screen_world		sw = { .slots = 0 };
	struct qt_screen_request	req = { .form = QT_SCREEN_TEXT };
	struct qt_screen_answer		a;
	struct qt_buf			out = QT_BUF_INIT;

	(void)state;
	screen_begin(&sw);
	assert_int_equal(qt_screen_get(&req, WORLD_MS, &a, &out, NULL),
	    -ENOENT);
	(void)screen_kill(&sw, SIGKILL);
	assert_int_equal(qt_screen_get(&req, 50, &a, &out, NULL), -ETIMEDOUT);
	screen_end(&sw);
	qt_buf_clear(&out);
}

QT_TEST(answers_queries_of_sessions_that_nobody_leads)
{
	struct screen_world	sw = { .slots = 0 };
	struct qt_session	s;

	(void)state;
	screen_begin(&sw);
	/* Reads the answers raw and shows them without their ESC. */
	s = world_new(&sw.w, "q", "stty raw -echo; printf '\\033[c\\033[5n"
	    "ab\\033[6n\\033[?2004h\\033[?2004$p\\033[>c'; "
	    "dd bs=1 count=39 2>/dev/null | tr '\\033' E; "
	    "stty sane; printf '\\ndone\\n'");
	assert_true(WORLD_UNTIL(screen_shows(&s, "done")));
	assert_true(screen_shows(&s, "abE[?1;2cE[0nE[1;3RE[?2004;1$yE[>0;276;"
	    "0c"));
	screen_end(&sw);
}

QT_TEST(does_not_answer_old_queries)
{
	struct screen_world	sw = { .slots = 0 };
	struct qt_session	s;
	struct qt_session_live	const *live;

	(void)state;
	screen_begin(&sw);
	s = world_new(&sw.w, "q", "stty raw -echo; echo ready; "
	    "dd bs=1 count=1 2>/dev/null; printf '\\033[c'; echo asked; cat");
	assert_true(WORLD_UNTIL(screen_shows(&s, "ready")));
	(void)screen_kill(&sw, SIGKILL);
	/* Asked while nobody was there, and long ago as far as it can tell. */
	{
		struct { struct qt_uuid id; char c; } body = { s.id, 'x' };

		assert_int_equal(qt_client_call(sw.w.client, QT_MSG_SEND, 0,
		    &body, sizeof(body.id) + 1, QT_MSG_OK, NULL, 0, NULL), 0);
	}
	assert_true(WORLD_UNTIL(world_has(&sw.w, &s, "asked")));
	assert_true(WORLD_UNTIL(qt_clock_real_ms() - s.created_ms > 2100));
	screen_start(&sw);
	assert_true(screen_shows(&s, "asked"));
	live = qt_session_live(qt_client_table(sw.w.client), s.slot);
	assert_int_equal(atomic_load(&live->input_bytes), 1);
	screen_end(&sw);
}

QT_TEST(publishes_titles)
{
	struct screen_world	sw = { .slots = 0 };
	struct qt_session	s;

	(void)state;
	screen_begin(&sw);
	s = world_new(&sw.w, "t", "printf '\\033]2;my title\\007'; "
	    "seq 300000; echo end; cat");
	assert_true(WORLD_UNTIL(strcmp(world_get(&sw.w, &s).title,
	    "my title") == 0));
	assert_true(WORLD_UNTIL(screen_shows(&s, "end")));
	/* It is kept when what said it has left the ring. */
	(void)screen_kill(&sw, SIGKILL);
	screen_start(&sw);
	assert_true(WORLD_UNTIL(screen_shows(&s, "end")));
	assert_string_equal(world_get(&sw.w, &s).title, "my title");
	screen_end(&sw);
}

QT_TEST(follows_sizes)
{
	struct screen_world	sw = { .slots = 0 };
	struct qt_screen_answer	a;
	struct qt_session	s;
	struct {
		struct qt_uuid	id;
		uint16_t	cols, rows;
		uint32_t	policy;
	}			body;

	(void)state;
	screen_begin(&sw);
	s = world_new(&sw.w, "r", "trap 'stty size' WINCH; echo ready; "
	    "while :; do sleep 0.05; done");
	assert_true(WORLD_UNTIL(screen_shows(&s, "ready")));
	body.id = s.id;
	body.cols = 40;
	body.rows = 10;
	body.policy = ~0u;
	assert_int_equal(qt_client_call(sw.w.client, QT_MSG_RESIZE, 0, &body,
	    sizeof(body), QT_MSG_OK, NULL, 0, NULL), 0);
	assert_true(WORLD_UNTIL(screen_shows(&s, "10 40")));
	free(screen_get(&s, QT_SCREEN_TEXT, 0, &a));
	assert_int_equal(a.cols, 40);
	assert_int_equal(a.rows, 10);
	screen_end(&sw);
}

/* A machine too busy to keep up with the flood may have to ask again. */
static int
finish(int *sock, const struct qt_screen_request *req,
    struct qt_screen_answer *a, struct qt_buf *out)
{
	int	rc = qt_screen_finish(*sock, a, out, NULL);

	if (rc < 0 && rc != -EAGAIN) {
		assert_int_not_equal(rc, -ECONNRESET);
		close(*sock);
		*sock = qt_screen_begin(req, NULL);
		assert_true(*sock >= 0);
	}
	return rc;
}

QT_TEST(answers_after_it_was_killed_in_a_flood)
{
	struct screen_world	sw = { .slots = 0 };
	struct qt_session	s;
	struct qt_screen_request req = { .form = QT_SCREEN_TEXT };
	struct qt_screen_answer	a;
	struct qt_buf		out = QT_BUF_INIT;
	int			sock, i;

	(void)state;
	screen_begin(&sw);
	s = world_new(&sw.w, "flood", "exec yes \"$(printf '\\033[32mflood"
	    "\\033[m of colour')\"");
	assert_true(WORLD_UNTIL(screen_shows(&s, "flood of colour")));
	req.id = s.id;
	for (i = 0; i < 3; i++) {
		assert_int_equal(kill(sw.service, SIGSTOP), 0);
		sock = qt_screen_begin(&req, NULL);
		assert_true(sock >= 0);
		(void)screen_kill(&sw, i == 1 ? SIGSEGV : SIGKILL);
		screen_start(&sw);
		/* It waits in the queue of the socket that the host keeps. */
		assert_true(WORLD_UNTIL(finish(&sock, &req, &a, &out) == 0));
		close(sock);
		assert_non_null(strstr(out.data, "flood of colour"));
		qt_buf_clear(&out);
	}
	screen_end(&sw);
}

QT_TEST(waits_for_nobody_who_asks)
{
	struct screen_world	sw = { .slots = 0 };
	struct qt_session	s;
	struct qt_screen_request req = { .form = QT_SCREEN_TEXT };
	char			path[128];
	int			stuck[100], i;

	(void)state;
	screen_begin(&sw);
	s = world_new(&sw.w, "a", "echo here; cat");
	assert_true(WORLD_UNTIL(screen_shows(&s, "here")));
	snprintf(path, sizeof(path), "%s/screen.sock", sw.w.dir);
	req.id = s.id;
	for (i = 0; i < 60; i++) {	/* say nothing, or never listen */
		stuck[i] = i % 2 == 0 ? qt__socket_connect(path, NULL) :
		    qt_screen_begin(&req, NULL);
		assert_true(stuck[i] >= 0);
	}
	assert_true(screen_shows(&s, "here"));
	for (i = 0; i < 60; i++)
		close(stuck[i]);
	screen_end(&sw);
}

QT_TEST(ends_with_its_host)
{
	struct screen_world	sw = { .slots = 0 };
	struct qt_session	s;
	int			status;

	(void)state;
	screen_begin(&sw);
	s = world_new(&sw.w, "a", "echo here; cat");
	assert_true(WORLD_UNTIL(screen_shows(&s, "here")));
	(void)world_kill(&sw.w, SIGKILL);
	status = screen_kill(&sw, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	screen_end(&sw);
}

/* A counter in the segment that was written over is no bound of a loop. */
QT_TEST(goes_on_when_the_count_of_sessions_is_damaged)
{
	struct screen_world	sw = { .slots = 0 };
	struct qt_session	s;
	struct qt_session_table	*table;
	struct qt_seg		*seg;
	char			name[128];

	(void)state;
	screen_begin(&sw);
	s = world_new(&sw.w, "a", "echo here; cat");
	assert_true(WORLD_UNTIL(screen_shows(&s, "here")));
	assert_int_equal(qt_path_segment("host", name, NULL), 0);
	assert_int_equal(qt_seg_open(name, "host", QT_SEG_JOIN, &seg, NULL),
	    0);
	assert_int_equal(qt_session_table_open(seg, &table, NULL), 0);
	atomic_store(&table->map.head->host.created, UINT64_MAX / 2);
	s = world_new(&sw.w, "b", "echo there; cat");
	assert_true(WORLD_UNTIL(screen_shows(&s, "there")));
	qt_session_table_close(table);
	qt_seg_close(seg);
	screen_end(&sw);
}

/* Bytes that take longest to parse cost their own session only. */
QT_TEST(bounds_the_time_that_one_session_takes)
{
	struct screen_world	sw = { .slots = 0 };
	struct qt_session	slow, s;
	struct {
		struct qt_uuid	id;
		uint16_t	cols, rows;
		uint32_t	policy;
	}			body;
	uint64_t		since;

	(void)state;
	screen_begin(&sw);
	slow = world_new(&sw.w, "slow", "read go; i=0; while [ $i -lt 1000 ]; "
	    "do printf '\033[2M\033[2L\033[3M\033[3L\033[2M\033[2L"
	    "\033[3M\033[3L\033[2M\033[2L\033[3M\033[3L\033[3M\033[3L';"
	    " i=$((i+1)); done; printf done; cat");
	s = world_new(&sw.w, "a", "echo here; cat");
	body.id = slow.id;
	body.cols = 1000;
	body.rows = 500;
	body.policy = ~0u;
	assert_int_equal(qt_client_call(sw.w.client, QT_MSG_RESIZE, 0, &body,
	    sizeof(body), QT_MSG_OK, NULL, 0, NULL), 0);
	{
		struct { struct qt_uuid id; char c; } go = { slow.id, '\n' };

		assert_int_equal(qt_client_call(sw.w.client, QT_MSG_SEND, 0,
		    &go, sizeof(go.id) + 1, QT_MSG_OK, NULL, 0, NULL), 0);
	}
	assert_true(WORLD_UNTIL(world_has(&sw.w, &slow, "done")));
	since = qt_clock_mono_ms();
	assert_null(screen_get(&slow, QT_SCREEN_TEXT, 0, NULL));
	assert_null(screen_get(&slow, QT_SCREEN_TEXT, 0, NULL));
	assert_true(screen_shows(&s, "here"));
	assert_true(qt_clock_mono_ms() - since > 1000);
	screen_end(&sw);
}

/* More sessions than the bells it began with. */
QT_TEST(follows_more_sessions_than_it_had_bells_for)
{
	struct screen_world	sw = { .slots = 0 };
	struct qt_session	s[40];
	char			name[16];
	int			i;

	(void)state;
	sw.slots = 8;
	screen_begin(&sw);
	for (i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		s[i] = world_new(&sw.w, name, "echo \"this is it\"; cat");
	}
	for (i = 0; i < 40; i++)
		assert_true(WORLD_UNTIL(screen_shows(&s[i], "this is it")));
	screen_end(&sw);
}
