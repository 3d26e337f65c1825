/* SPDX-License-Identifier: Apache-2.0 */
/* Viewers: lead, sizes, roles, kicks; and that none of them is waited for. */

#include "../test.h"

#include <sys/socket.h>

#include "world.h"

/* Sanitizers keep notes of every address that is touched. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define RSS_GROWTH	(256u << 20)
#else
#define RSS_GROWTH	(4u << 20)
#endif

static int
try_attach(struct qt_client *c, const struct qt_session *s, uint32_t channel,
    uint32_t role, uint16_t cols, uint16_t rows, uint32_t flags)
{
	struct qt_control_attach	req = {
		.id = s->id, .cols = cols, .rows = rows, .role = role,
		.channel = channel, .flags = flags,
	};
	struct qt_control_attached	got;

	return qt_client_attach(c, &req, &got, NULL);
}

static struct qt_client *
viewer(enum qt_role role)
{
	struct qt_client	*c = NULL;
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc = qt_client_open(0, role, 4, &c, &err);

	if (rc < 0)
		world_fail("viewer", rc, &err);
	return c;
}

static void
resize(struct world *w, const struct qt_session *s, uint16_t cols,
    uint16_t rows, uint32_t policy)
{
	struct {
		struct qt_uuid	id;
		uint16_t	size[2];
		uint32_t	policy;
	}	body = { s->id, { cols, rows }, policy };

	assert_int_equal(qt_client_call(w->client, QT_MSG_RESIZE, 0, &body,
	    sizeof(body), QT_MSG_OK, NULL, 0, NULL), 0);
}

static void
assert_size(struct world *w, const struct qt_session *s, uint16_t cols,
    uint16_t rows)
{
	struct qt_session	now;

	if (!WORLD_UNTIL((now = world_get(w, s)).cols == cols &&
	    now.rows == rows))
		fail_msg("size is %ux%u, not %ux%u", now.cols, now.rows, cols,
		    rows);
}

static void
send_size(struct qt_client *c, uint32_t channel, uint16_t cols, uint16_t rows)
{
	uint16_t	size[2] = { cols, rows };

	assert_int_equal(qt_client_send(c, QT_MSG_SIZE, 0, channel, size,
	    sizeof(size)), 0);
}

QT_TEST(the_policy_decides_whose_size_counts_and_readers_never_do)
{
	struct qt_client	*b, *r;
	struct qt_session	 s;
	struct world		 w;

	(void)state;
	world_begin(&w, 4);
	b = viewer(QT_ROLE_OWNER);
	r = viewer(QT_ROLE_OWNER);
	s = world_new(&w, NULL, "cat");
	assert_int_equal(try_attach(w.client, &s, 0, QT_ROLE_WRITER, 100, 40,
	    0), 0);
	assert_size(&w, &s, 100, 40);
	assert_int_equal(try_attach(b, &s, 0, QT_ROLE_WRITER, 90, 50, 0), 0);
	assert_size(&w, &s, 90, 50);
	assert_int_equal(try_attach(r, &s, 0, QT_ROLE_READER, 10, 10, 0), 0);
	assert_int_equal(try_attach(r, &s, 1, QT_ROLE_WRITER, 11, 11,
	    QT_ATTACH_IGNORE_SIZE), 0);
	assert_int_equal(try_attach(r, &s, 2, QT_ROLE_WRITER, 12, 12,
	    QT_ATTACH_HELPER), 0);
	assert_size(&w, &s, 90, 50);
	/* Typing makes the first one the latest. */
	assert_int_equal(qt_client_send(w.client, QT_MSG_INPUT, 0, 0, "x", 1),
	    0);
	assert_size(&w, &s, 100, 40);
	resize(&w, &s, 0, 0, QT_RESIZE_SMALLEST);
	assert_size(&w, &s, 90, 40);
	resize(&w, &s, 0, 0, QT_RESIZE_LARGEST);
	assert_size(&w, &s, 100, 50);
	send_size(b, 0, 120, 20);
	assert_size(&w, &s, 120, 40);
	resize(&w, &s, 77, 22, QT_RESIZE_FIXED);
	send_size(b, 0, 130, 30);
	assert_int_equal(qt_client_send(b, QT_MSG_INPUT, 0, 0, "y", 1), 0);
	assert_true(WORLD_UNTIL(world_has(&w, &s, "xy")));
	assert_size(&w, &s, 77, 22);
	resize(&w, &s, 0, 0, QT_RESIZE_LATEST);
	assert_size(&w, &s, 130, 30);
	qt_client_close(b);
	assert_size(&w, &s, 100, 40);
	qt_client_close(r);
	world_end(&w);
}

/* The screen service answers only what came after: no query twice. */
QT_TEST(the_record_says_up_to_where_a_lead_was_there_to_answer)
{
	struct qt_session	s;
	struct world		w;

	(void)state;
	world_begin(&w, 4);
	s = world_new(&w, NULL, "printf 0123456789; exec cat");
	assert_int_equal(try_attach(w.client, &s, 3, QT_ROLE_WRITER, 0, 0, 0),
	    0);
	assert_true(WORLD_UNTIL(atomic_load(&qt_session_live(
	    qt_client_table(w.client), s.slot)->output_bytes) == 10));
	assert_int_equal(world_get(&w, &s).lead_offset, 0);
	assert_int_equal(qt_client_call(w.client, QT_MSG_DETACH, 3, NULL, 0,
	    QT_MSG_OK, NULL, 0, NULL), 0);
	assert_int_equal(world_get(&w, &s).lead, 0);
	assert_int_equal(world_get(&w, &s).lead_offset, 10);
	world_end(&w);
}

QT_TEST(the_lead_is_who_typed_last_and_readers_never_lead)
{
	struct qt_client	*b, *r;
	struct qt_session	 s, now;
	struct world		 w;
	uint32_t		 a_id, b_id;

	(void)state;
	world_begin(&w, 4);
	b = viewer(QT_ROLE_WRITER);
	r = viewer(QT_ROLE_READER);
	a_id = qt_client_conn(w.client);
	b_id = qt_client_conn(b);
	s = world_new(&w, NULL, "cat");
	assert_int_equal(world_get(&w, &s).lead, 0);
	assert_int_equal(try_attach(w.client, &s, 3, QT_ROLE_WRITER, 0, 0, 0),
	    0);
	now = world_get(&w, &s);
	assert_int_equal(now.lead, a_id);
	assert_int_equal(now.lead_slot, 3);
	assert_int_equal(try_attach(b, &s, 1, QT_ROLE_WRITER, 0, 0, 0), 0);
	assert_int_equal(world_get(&w, &s).lead, b_id);
	assert_int_equal(try_attach(r, &s, 0, QT_ROLE_READER, 0, 0, 0), 0);
	assert_int_equal(qt_client_send(r, QT_MSG_LEAD, 0, 0, NULL, 0), 0);
	assert_int_equal(qt_client_send(w.client, QT_MSG_LEAD, 0, 3, NULL, 0),
	    0);
	assert_true(WORLD_UNTIL(world_get(&w, &s).lead == a_id));
	assert_int_equal(world_get(&w, &s).viewers, 3);
	assert_int_equal(qt_client_call(w.client, QT_MSG_DETACH, 3, NULL, 0,
	    QT_MSG_OK, NULL, 0, NULL), 0);
	assert_int_equal(world_get(&w, &s).lead, b_id);
	qt_client_close(b);
	assert_true(WORLD_UNTIL(world_get(&w, &s).lead == 0));
	assert_int_equal(world_get(&w, &s).viewers, 1);
	qt_client_close(r);
	world_end(&w);
}

static int
refused(struct qt_client *c, const struct qt_session *s, int type,
    const void *rest, size_t len)
{
	char	body[64];

	memcpy(body, &s->id, sizeof(s->id));
	memcpy(body + sizeof(s->id), rest, len);
	return qt_client_call(c, (enum qt_control_type)type, 0, body,
	    sizeof(s->id) + len, QT_MSG_OK, NULL, 0, NULL);
}

QT_TEST(roles_are_enforced_by_the_host)
{
	struct qt_control_head	 head;
	struct qt_client	*r, *wr;
	struct qt_client_new	 spec = { .name = "by reader" };
	struct qt_session	 s;
	struct qt_uuid		 id;
	struct world		 w;
	const void		*body;
	uint32_t		 n = 1;
	int32_t			 code;

	(void)state;
	world_begin(&w, 1);
	s = world_new(&w, "mine", "cat");
	r = viewer(QT_ROLE_READER);
	wr = viewer(QT_ROLE_WRITER);
	assert_int_equal(qt_client_new(r, &spec, &id, NULL), -QT_EROLE);
	assert_int_equal(try_attach(r, &s, 0, QT_ROLE_WRITER, 80, 24, 0),
	    -QT_EROLE);
	assert_int_equal(try_attach(r, &s, 0, QT_ROLE_READER, 80, 24, 0), 0);
	assert_int_equal(qt_client_send(r, QT_MSG_INPUT, 55, 0, "rm", 2), 0);
	assert_true(WORLD_UNTIL(qt_client_recv(r, &head, &body) == 1));
	assert_int_equal(head.type, QT_MSG_ERROR);
	assert_int_equal(head.tag, 55);
	memcpy(&code, body, 4);
	assert_int_equal(code, -QT_EROLE);
	assert_int_equal(refused(r, &s, QT_MSG_KILL, &n, 4), -QT_EROLE);
	assert_int_equal(refused(r, &s, QT_MSG_SEND, "x", 1), -QT_EROLE);
	assert_int_equal(qt_client_call(r, QT_MSG_STOP, 0, &n, 4, QT_MSG_OK,
	    NULL, 0, NULL), -QT_EROLE);
	/* A writer may type into what it is attached to, but not kill it. */
	assert_int_equal(refused(wr, &s, QT_MSG_SEND, "x", 1), -QT_EROLE);
	assert_int_equal(try_attach(wr, &s, 0, QT_ROLE_WRITER, 80, 24, 0), 0);
	assert_int_equal(refused(wr, &s, QT_MSG_SEND, "x", 1), 0);
	assert_int_equal(refused(wr, &s, QT_MSG_KILL, &n, 4), -QT_EROLE);
	assert_int_equal(refused(wr, &s, QT_MSG_RENAME, "x", 1), -QT_EROLE);
	assert_int_equal(qt_client_call(wr, QT_MSG_STOP, 0, &n, 4, QT_MSG_OK,
	    NULL, 0, NULL), -QT_EROLE);
	/* What it made itself is its own. */
	spec.name = "by writer";
	assert_int_equal(qt_client_new(wr, &spec, &id, NULL), 0);
	assert_int_equal(qt_client_kill(wr, &id, SIGKILL, NULL), 0);
	assert_int_equal(world_get(&w, &s).state, QT_STATE_RUNNING);
	qt_client_close(r);
	qt_client_close(wr);
	world_end(&w);
}

QT_TEST(who_is_kicked_learns_it_from_the_bell)
{
	struct qt_client	*b;
	struct qt_session	 s;
	struct world		 w;
	struct pollfd		 p;
	uint32_t		 all = 0;

	(void)state;
	world_begin(&w, 1);
	b = viewer(QT_ROLE_OWNER);
	s = world_new(&w, NULL, "cat");
	assert_int_equal(try_attach(b, &s, 2, QT_ROLE_WRITER, 80, 24, 0), 0);
	assert_int_equal(try_attach(w.client, &s, 0, QT_ROLE_WRITER, 80, 24,
	    0), 0);
	assert_int_equal(refused(w.client, &s, QT_MSG_KICK, &all, 4), 0);
	p = (struct pollfd){ .fd = qt_client_bell_fd(b), .events = POLLIN };
	assert_int_equal(poll(&p, 1, WORLD_MS), 1);
	assert_true(atomic_load(&qt_client_bell(b, 2)->rung) & QT_BELL_ENDED);
	assert_int_equal(world_get(&w, &s).viewers, 1);
	/* It may come again. */
	assert_int_equal(try_attach(b, &s, 2, QT_ROLE_WRITER, 80, 24, 0), 0);
	assert_int_equal(atomic_load(&qt_client_bell(b, 2)->rung), 0);
	qt_client_close(b);
	world_end(&w);
}

QT_TEST(only_a_session_without_lead_takes_the_screens_answers)
{
	struct qt_client	*screen = NULL;
	struct qt_session	 s;
	struct world		 w;
	struct {
		struct qt_uuid	id;
		char		text[8];
	}			 reply = { .text = "reply\n" },
	    title = { .text = "ti\x1btle" };

	(void)state;
	world_begin(&w, 1);
	assert_int_equal(qt_client_open(QT_CLIENT_HELPER, QT_ROLE_OWNER, 1,
	    &screen, NULL), 0);
	s = world_new(&w, NULL, "cat");
	reply.id = title.id = s.id;
	assert_int_equal(qt_client_send(screen, QT_MSG_REPLY, 0, 0, &reply,
	    16 + 6), 0);
	assert_true(WORLD_UNTIL(world_has(&w, &s, "reply\r\nreply\r\n")));
	assert_int_equal(qt_client_send(screen, QT_MSG_TITLE, 0, 0, &title,
	    16 + 6), 0);
	assert_true(WORLD_UNTIL(strcmp(world_get(&w, &s).title, "title") == 0));
	assert_int_equal(try_attach(w.client, &s, 0, QT_ROLE_WRITER, 80, 24,
	    0), 0);
	memcpy(reply.text, "again\n", 6);
	assert_int_equal(qt_client_send(screen, QT_MSG_REPLY, 0, 0, &reply,
	    16 + 6), 0);
	/* STAT comes back after the REPLY was handled. */
	{
		struct qt_control_stat	st;

		assert_int_equal(qt_client_call(screen, QT_MSG_STAT, 0, NULL,
		    0, QT_MSG_STATED, &st, sizeof(st), NULL), 0);
	}
	assert_int_equal(qt_client_send(w.client, QT_MSG_INPUT, 0, 0, "mine\n",
	    5), 0);
	assert_true(WORLD_UNTIL(world_has(&w, &s, "mine\r\nmine\r\n")));
	assert_false(world_has(&w, &s, "again"));
	qt_client_close(screen);
	world_end(&w);
}

/* A viewer in a process of its own that waits armed, reading nothing. */
static pid_t
stopped_viewer(const struct qt_session *s)
{
	pid_t	pid;
	int	status;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct qt_client	*c = viewer(QT_ROLE_OWNER);

		if (try_attach(c, s, 0, QT_ROLE_WRITER, 80, 24, 0) < 0)
			_exit(1);
		atomic_store(&qt_client_bell(c, 0)->wake_at, 1);
		raise(SIGSTOP);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	return pid;
}

static struct qt_control_stat
stat_of(struct world *w)
{
	struct qt_control_stat	st;

	assert_int_equal(qt_client_call(w->client, QT_MSG_STAT, 0, NULL, 0,
	    QT_MSG_STATED, &st, sizeof(st), NULL), 0);
	return st;
}

QT_TEST(a_stopped_viewer_costs_the_host_nothing_while_100_megabytes_flow)
{
	struct qt_control_stat	before, after;
	struct qt_session	s, other;
	struct world		w;
	uint64_t		start, worst = 0, took;
	pid_t			pid;

	(void)state;
	world_begin(&w, 1);
	s = world_new(&w, NULL, "read x; head -c 100000000 /dev/zero | "
	    "tr '\\0' y; printf END");
	pid = stopped_viewer(&s);
	assert_int_equal(refused(w.client, &s, QT_MSG_SEND, "\n", 1), 0);
	assert_true(WORLD_UNTIL(qt_session_live(qt_client_table(w.client),
	    s.slot)->output_bytes > (8u << 20)));
	before = stat_of(&w);
	while (world_get(&w, &s).state == QT_STATE_RUNNING) {
		start = qt_clock_mono_ms();
		other = world_new(&w, NULL, "cat");
		assert_int_equal(qt_client_kill(w.client, &other.id, SIGKILL,
		    NULL), 0);
		(void)world_exit(&w, &other);
		took = qt_clock_mono_ms() - start;
		if (took > worst)
			worst = took;
	}
	after = stat_of(&w);
	print_message("# new, kill and exit together: worst %d ms\n",
	    (int)worst);
	/* A host that waited for the viewer would wait for ever; how fast it is
	 * on a quiet machine is for qt-bench to say. */
	assert_true(worst < 10000);
	assert_int_equal(world_get(&w, &s).exit_offset, 100000003 + 2);
	assert_true(after.rss_bytes < before.rss_bytes + RSS_GROWTH);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(WORLD_UNTIL(world_get(&w, &s).viewers == 0));
	world_end(&w);
}

QT_TEST(viewers_killed_at_random_in_a_flood_leave_no_trace)
{
	struct qt_control_stat	st;
	struct qt_session	s;
	struct world		w;
	pid_t			pids[8];

	(void)state;
	world_begin(&w, 1);
	s = world_new(&w, NULL, "yes");
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 8; i++)
			pids[i] = stopped_viewer(&s);
		for (int i = 0; i < 8; i++) {
			(void)kill(pids[i], SIGKILL);
			assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
		}
	}
	assert_true(WORLD_UNTIL(world_get(&w, &s).viewers == 0));
	assert_true(WORLD_UNTIL((st = stat_of(&w)).connections == 1));
	assert_int_equal(st.attachments, 0);
	assert_int_equal(st.sessions, 1);
	world_end(&w);
}

/* Asks without ever reading the answers. */
QT_TEST(a_client_that_does_not_take_its_answers_is_dropped)
{
	struct qt_client	*deaf;
	struct qt_session	 s;
	struct world		 w;
	int			 rc = 0;

	(void)state;
	world_begin(&w, 1);
	deaf = viewer(QT_ROLE_OWNER);
	s = world_new(&w, NULL, "cat");
	for (int i = 0; i < 1000000 && (rc == 0 || rc == -EAGAIN); i++)
		rc = qt_client_send(deaf, QT_MSG_STAT, 7, 0, NULL, 0);
	assert_true(rc == -EPIPE || rc == -ECONNRESET);
	assert_int_equal(stat_of(&w).connections, 1);
	assert_int_equal(world_get(&w, &s).state, QT_STATE_RUNNING);
	qt_client_close(deaf);
	world_end(&w);
}
