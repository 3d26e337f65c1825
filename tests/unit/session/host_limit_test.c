/* SPDX-License-Identifier: Apache-2.0 */
/* What the host refuses, and that it says why and goes on. */

#include "../test.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <qt/base/sys.h>

#include "world.h"

static int
try_new(struct world *w, const struct qt_client_new *spec, struct qt_err *err)
{
	struct qt_uuid	id;

	err->text[0] = '\0';
	return qt_client_new(w->client, spec, &id, err);
}

QT_TEST(a_name_that_runs_is_taken_and_bad_requests_are_named)
{
	struct qt_client_new	spec = { .name = "twice" };
	struct qt_err		err = QT_ERR_INIT;
	struct world		w;

	(void)state;
	world_begin(&w, 1);
	(void)world_new(&w, "twice", "cat");
	assert_int_equal(try_new(&w, &spec, &err), -EEXIST);
	assert_non_null(strstr(err.text, "'twice' is taken"));
	spec.name = "a/b";
	assert_int_equal(try_new(&w, &spec, &err), -EINVAL);
	spec.name = NULL;
	spec.cwd = "relative";
	assert_int_equal(try_new(&w, &spec, &err), -EINVAL);
	assert_non_null(strstr(err.text, "'relative'"));
	spec.cwd = NULL;
	spec.opt.cols = 60000;
	spec.opt.rows = 1;
	assert_int_equal(try_new(&w, &spec, &err), -EINVAL);
	spec.opt.cols = 0;
	spec.opt.policy = 77;
	assert_int_equal(try_new(&w, &spec, &err), -EINVAL);
	spec.opt.policy = 0;
	spec.opt.ring_limit = 1;
	assert_int_equal(try_new(&w, &spec, &err), -EINVAL);
	world_end(&w);
}

/* The fault is armed in the host's process before it starts. */
static void
fault_at(enum qt_sys_call call, unsigned int nth, int error, int want,
    const char *text)
{
	struct qt_client_new	spec = { .name = "x" };
	struct qt_err		err = QT_ERR_INIT;
	struct qt_session	s;
	struct world		w;
	int			rc;

	world_init(&w);
	qt_sys_fault(call, nth, error);
	world_host(&w);
	qt_sys_fault(call, 0, 0);
	world_connect(&w, 1);
	rc = try_new(&w, &spec, &err);
	if (rc != want || strstr(err.text, text) == NULL)
		fail_msg("got %d: '%s'", rc, err.text);
	/* Nothing is left of it, and the next one works. */
	s = world_new(&w, "x", "echo fine");
	(void)world_exit(&w, &s);
	assert_true(world_has(&w, &s, "fine"));
	world_end(&w);
}

QT_TEST(a_limit_that_is_reached_is_named_with_the_way_out)
{
	(void)state;
	fault_at(QT_SYS_PTY, 1, ENOSPC, -ENOSPC, "kernel.pty.max");
	fault_at(QT_SYS_PTY, 1, EMFILE, -EMFILE, "LimitNOFILE");
	fault_at(QT_SYS_FORK, 1, EAGAIN, -EAGAIN, "TasksMax");
}

QT_TEST(running_out_of_descriptors_refuses_and_disturbs_nobody)
{
	struct qt_client	*more[200] = { NULL };
	struct qt_client_new	 spec = { .name = NULL };
	struct qt_err		 err = QT_ERR_INIT;
	struct rlimit		 old, low;
	struct qt_session	 s;
	struct world		 w;
	int			 n = 0, rc = 0;

	(void)state;
	world_init(&w);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = (struct rlimit){ 64, 64 };
	/* Of the child: ours is put back by a second limit below it. */
	fflush(NULL);
	low.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	w.opt.connections = 4096;
	world_host(&w);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	low.rlim_max = 64;
	assert_int_equal(prlimit(w.host, RLIMIT_NOFILE, &low, NULL), 0);
	world_connect(&w, 1);
	s = world_new(&w, "one", "cat");
	while (n < 200 && rc == 0) {
		rc = qt_client_open(0, QT_ROLE_OWNER, 1, &more[n], &err);
		n += rc == 0;
	}
	assert_true(rc < 0 && n > 5 && n < 64);
	assert_true(try_new(&w, &spec, &err) < 0);
	assert_true(err.text[0] != '\0');
	/* The session is as it was, and there is room again afterwards. */
	assert_int_equal(world_get(&w, &s).state, QT_STATE_RUNNING);
	while (n > 0)
		qt_client_close(more[--n]);
	assert_true(WORLD_UNTIL(try_new(&w, &spec, &err) == 0));
	world_end(&w);
}

QT_TEST(input_that_is_not_read_is_bounded_and_the_excess_refused)
{
	struct qt_control_attach	req = { .role = QT_ROLE_WRITER };
	struct qt_control_attached	got;
	struct qt_control_head		head;
	struct qt_session		s;
	struct world			w;
	const void			*body;
	static char			big[100000];
	int				rc, is_refused = 0;

	(void)state;
	world_begin(&w, 1);
	s = world_new(&w, NULL, "stty raw; echo ok; exec sleep 1000");
	assert_true(WORLD_UNTIL(world_has(&w, &s, "ok")));
	req.id = s.id;
	assert_int_equal(qt_client_attach(w.client, &req, &got, NULL), 0);
	memset(big, 'x', sizeof(big));
	for (uint32_t i = 1; i < 30; i++) {
		while ((rc = qt_client_send(w.client, QT_MSG_INPUT, i, 0, big,
		    sizeof(big))) == -EAGAIN)
			(void)poll(NULL, 0, 1);
		assert_int_equal(rc, 0);
	}
	assert_true(WORLD_UNTIL(qt_client_recv(w.client, &head, &body) == 1));
	assert_int_equal(head.type, QT_MSG_ERROR);
	assert_true(head.tag > 10 && head.tag < 30);
	is_refused = qt_session_live(qt_client_table(w.client),
	    s.slot)->refused > 0;
	assert_true(is_refused);
	assert_int_equal(world_get(&w, &s).state, QT_STATE_RUNNING);
	world_end(&w);
}

QT_TEST(connections_and_channels_are_bounded)
{
	struct qt_control_attach	req = { .role = QT_ROLE_READER };
	struct qt_control_attached	got;
	struct qt_client		*more[16] = { NULL };
	struct qt_err			 err = QT_ERR_INIT;
	struct qt_session		 s;
	struct world			 w;
	int				 n = 0, rc = 0;

	(void)state;
	world_init(&w);
	w.opt.connections = 8;
	world_host(&w);
	world_connect(&w, 2);
	while (n < 16 && rc == 0) {
		rc = qt_client_open(0, QT_ROLE_OWNER, 1, &more[n], &err);
		n += rc == 0;
	}
	assert_int_equal(n, 7);
	assert_int_equal(rc, -QT_EFULL);
	assert_non_null(strstr(err.text, "host.connections"));
	s = world_new(&w, NULL, "cat");
	req.id = s.id;
	req.channel = 2;
	assert_int_equal(qt_client_attach(w.client, &req, &got, NULL),
	    -EINVAL);
	req.channel = 1;
	assert_int_equal(qt_client_attach(w.client, &req, &got, NULL), 0);
	assert_int_equal(qt_client_attach(w.client, &req, &got, NULL),
	    -EBUSY);
	while (n > 0)
		qt_client_close(more[--n]);
	world_end(&w);
}

QT_TEST(a_host_of_another_version_says_so)
{
	struct qt_control_hello	hello = { .version = 999,
	    .role = QT_ROLE_OWNER };
	struct qt_control_welcome wel;
	struct qt_err		err = QT_ERR_INIT;
	struct world		w;

	(void)state;
	world_begin(&w, 1);
	assert_int_equal(qt_client_call(w.client, QT_MSG_HELLO, 0, &hello,
	    sizeof(hello), QT_MSG_WELCOME, &wel, sizeof(wel), &err),
	    -QT_EVERSION);
	assert_non_null(strstr(err.text, "version"));
	world_end(&w);
}

QT_TEST(a_packet_that_breaks_the_protocol_ends_only_its_connection)
{
	struct sockaddr_un	addr = { .sun_family = AF_UNIX };
	struct qt_session	s;
	struct world		w;
	char			c;
	int			fd;

	(void)state;
	world_begin(&w, 1);
	s = world_new(&w, NULL, "cat");
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/host.sock", w.dir);
	fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)),
	    0);
	assert_int_equal(send(fd, "nonsense", 8, 0), 8);
	assert_int_equal(recv(fd, &c, 1, 0), 0);
	close(fd);
	assert_int_equal(world_get(&w, &s).state, QT_STATE_RUNNING);
	world_end(&w);
}

QT_TEST(spare_shells_are_handed_out_at_once_and_only_for_plain_requests)
{
	struct qt_client_new	spec = { .name = "plain" };
	struct qt_session	s, got;
	struct qt_err		err = QT_ERR_INIT;
	struct qt_uuid		id;
	struct world		w;
	uint64_t		cursor;
	uint32_t		pid = 0;

	(void)state;
	assert_int_equal(setenv("SHELL", "/bin/sh", 1), 0);
	world_init(&w);
	w.opt.spare = 1;
	world_host(&w);
	world_connect(&w, 1);
	for (cursor = 0; pid == 0; cursor = 0)
		while (qt_session_next(qt_client_table(w.client), NULL,
		    &cursor, &s) == 1)
			/* It runs once its prompt is there. */
			if (s.state == QT_STATE_SPARE && qt_session_live(
			    qt_client_table(w.client), s.slot)->output_bytes)
				pid = s.pid;
	/* Something else is not served from it. */
	got = world_new(&w, "other", "cat");
	assert_true(got.pid != pid);
	assert_int_equal(qt_client_new(w.client, &spec, &id, &err), 0);
	assert_int_equal(qt_session_find(qt_client_table(w.client), &id,
	    &got), 0);
	assert_int_equal(got.pid, pid);
	assert_int_equal(got.state, QT_STATE_RUNNING);
	assert_string_equal(got.name, "plain");
	world_end(&w);
}

/* RESIZE's body. */
struct resize {
	struct qt_uuid	id;
	uint16_t	cols, rows;
	uint32_t	policy;
};

QT_TEST(a_size_that_cannot_be_drawn_is_refused_and_a_window_clamped)
{
	struct qt_client_new		spec = { .name = "giant",
	    .opt = { .cols = 2000, .rows = 1000 } };
	struct qt_control_attach	req = { .role = QT_ROLE_WRITER,
	    .cols = 60000, .rows = 60000 };
	uint16_t			window[2] = { 2000, 1000 };
	struct qt_control_attached	got;
	struct qt_err			err = QT_ERR_INIT;
	struct resize			big = { .cols = 2000, .rows = 263,
	    .policy = ~0u };
	struct qt_session		s;
	struct world			w;

	(void)state;
	world_begin(&w, 1);
	assert_int_equal(try_new(&w, &spec, &err), -EINVAL);
	assert_non_null(strstr(err.text, "2000x1000"));
	assert_non_null(strstr(err.text, "524288 cells"));
	s = world_new(&w, "giant", "cat");
	big.id = s.id;
	assert_int_equal(qt_client_call(w.client, QT_MSG_RESIZE, 0, &big,
	    sizeof(big), QT_MSG_OK, NULL, 0, &err), -EINVAL);
	assert_non_null(strstr(err.text, "2000x263"));
	assert_int_equal(world_get(&w, &s).rows, 24);
	big.rows = 262;
	assert_int_equal(qt_client_call(w.client, QT_MSG_RESIZE, 0, &big,
	    sizeof(big), QT_MSG_OK, NULL, 0, &err), 0);
	assert_int_equal(world_get(&w, &s).cols, 2000);
	big.cols = big.rows = 50;
	assert_int_equal(qt_client_call(w.client, QT_MSG_RESIZE, 0, &big,
	    sizeof(big), QT_MSG_OK, NULL, 0, &err), 0);
	req.id = s.id;
	assert_int_equal(qt_client_attach(w.client, &req, &got, NULL), 0);
	assert_true(WORLD_UNTIL(world_get(&w, &s).cols == 2000 &&
	    world_get(&w, &s).rows == 262));
	window[0] = 1000;
	assert_int_equal(qt_client_send(w.client, QT_MSG_SIZE, 0, 0, window,
	    sizeof(window)), 0);
	assert_true(WORLD_UNTIL(world_get(&w, &s).cols == 1000 &&
	    world_get(&w, &s).rows == 524));
	world_end(&w);
}
