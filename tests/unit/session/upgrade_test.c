/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host replaces its program under load. The new program is this test
 * itself: called with "host" it does what `qt-session host` does.
 */

#include "../test.h"

#include "poll_fault.h"
#include "world.h"

#define AFTER	"QT_TEST_POLL_FAULT_AFTER"	/* an upgrade */

/* Runs before main(), so before cmocka sees the arguments. */
__attribute__((constructor))
static void
be_host(int argc, char **argv)
{
	struct qt_host_opt	opt;
	struct qt_err		err = QT_ERR_INIT;
	int			rc;

	if (argc < 3 || strcmp(argv[1], "host") != 0)
		return;
	if (strcmp(argv[2], "--state-version") == 0) {
		printf("%u\n", QT_HOST_STATE_VERSION);
		exit(0);
	}
	if (qt_host_opt_init(&opt, NULL, &err) < 0)
		exit(2);
	opt.has_screen = 0;
	opt.state_fd = (int)strtol(argv[3], NULL, 10);
	if (getenv(AFTER) != NULL)
		(void)setenv(POLL_FAULT, getenv(AFTER), 1);
	rc = qt_host_run(&opt, &err);
	if (rc < 0)
		fprintf(stderr, "# upgraded: %s: %s\n", err.text,
		    qt_strerror(rc));
	exit(rc < 0);
}

static int
upgrade(struct world *w, const char *program, struct qt_err *err)
{
	return qt_client_call(w->client, QT_MSG_UPGRADE, 0, program,
	    strlen(program), QT_MSG_OK, NULL, 0, err);
}

static void
upgrade_to_self(struct world *w)
{
	struct qt_err	err = QT_ERR_INIT;
	char		self[4096];
	ssize_t		n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int		rc;

	assert_true(n > 0);
	self[n] = '\0';
	rc = upgrade(w, self, &err);
	if (rc < 0)
		world_fail("upgrade", rc, &err);
}

static void
send_text(struct world *w, const struct qt_session *s, const char *text)
{
	char	body[64];
	size_t	len = sizeof(s->id) + strlen(text);

	assert_true(len <= sizeof(body));
	memcpy(body, &s->id, sizeof(s->id));
	memcpy(body + sizeof(s->id), text, strlen(text));
	assert_int_equal(qt_client_call(w->client, QT_MSG_SEND, 0, body, len,
	    QT_MSG_OK, NULL, 0, NULL), 0);
}

/* Copies what is new in the ring behind text; 1 once the session ended. */
static int
follow(struct world *w, const struct qt_session *s, struct qt_buf *text)
{
	struct qt_ring_reader	*r = NULL;
	struct qt_session	 now = world_get(w, s);
	char			 piece[65536];
	ssize_t			 n;

	assert_int_equal(qt_ring_reader_open(qt_client_segment(w->client),
	    s->ring_offset, &r, NULL), 0);
	while ((n = qt_ring_read(r, text->len, piece, sizeof(piece))) > 0)
		assert_int_equal(qt_buf_add(text, piece, (size_t)n), 0);
	qt_ring_reader_close(r);
	assert_int_equal(n, 0);
	return now.state != QT_STATE_RUNNING && now.exit_offset == text->len;
}

#define LINES 200000

QT_TEST(no_byte_is_lost_when_the_host_is_upgraded_under_a_flood)
{
	struct qt_buf		text = QT_BUF_INIT;
	struct qt_session	s;
	struct world		w;
	char			want[32], *p;
	size_t			len;
	int			upgrades = 0, is_end = 0;

	(void)state;
	world_init(&w);
	w.opt.scrollback = 64u << 20;
	world_host(&w);
	world_connect(&w, 1);
	/* It cannot end before each upgrade has let it go on. */
	s = world_new(&w, NULL, "stty -echo; i=0; while [ $i -lt 200000 ]; do "
	    "seq $((i + 1)) $((i + 40000)); i=$((i + 40000)); "
	    "[ $i = 200000 ] || read -r x; done");
	while (!is_end) {
		is_end = follow(&w, &s, &text);
		if (text.len > 0 && upgrades < 4) {
			upgrade_to_self(&w);
			upgrades++;
			send_text(&w, &s, "\n");
		}
	}
	assert_int_equal(upgrades, 4);
	p = text.data;
	for (int i = 1; i <= LINES; i++) {
		len = (size_t)snprintf(want, sizeof(want), "%d\r\n", i);
		assert_memory_equal(p, want, len);
		p += len;
	}
	assert_ptr_equal(p, text.data + text.len);
	qt_buf_clear(&text);
	world_end(&w);
}

QT_TEST(connections_attachments_and_queued_input_survive_an_upgrade)
{
	struct qt_control_attach	req = { .role = QT_ROLE_WRITER,
	    .cols = 70, .rows = 20 };
	struct qt_control_attached	got;
	struct qt_session		s, now;
	struct world			w;
	struct pollfd			p;
	char				big[20000], go[96];
	uint64_t			boot;
	struct qt_host_info		info;
	struct qt_client_new		bound = { .opt = { .flags =
	    QT_NEW_BOUND } };
	struct qt_client		*maker;
	struct qt_session		b;

	(void)state;
	world_begin(&w, 3);
	assert_int_equal(qt_client_open(0, QT_ROLE_OWNER, 0, &maker, NULL), 0);
	assert_int_equal(qt_client_new(maker, &bound, &b.id, NULL), 0);
	qt_host_info(qt_client_table(w.client), &info);
	boot = info.boot;
	/* It reads nothing until told, so the input waits in the host. */
	s = world_new(&w, "kept", "stty raw -echo; echo ok; "
	    "while [ ! -e $QT_RUNTIME_DIR/go ]; do sleep 0.01; done; "
	    "head -c 20000 | tr -d x; echo end");
	req.id = s.id;
	req.channel = 2;
	assert_int_equal(qt_client_attach(w.client, &req, &got, NULL), 0);
	assert_true(WORLD_UNTIL(world_has(&w, &s, "ok")));
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = 'Z';
	assert_int_equal(qt_client_send(w.client, QT_MSG_INPUT, 1, 2, big,
	    sizeof(big)), 0);
	upgrade_to_self(&w);
	qt_host_info(qt_client_table(w.client), &info);
	assert_true(info.boot > boot);
	assert_int_equal(info.is_alive, 1);
	assert_int_equal(info.pid, w.host);
	now = world_get(&w, &s);
	assert_int_equal(now.state, QT_STATE_RUNNING);
	assert_int_equal(now.viewers, 1);
	assert_int_equal(now.lead, qt_client_conn(w.client));
	assert_int_equal(now.cols, 70);
	/* The bell is the same one. */
	atomic_store(&qt_client_bell(w.client, 2)->wake_at, ~UINT64_C(0));
	assert_int_equal(qt_client_rename(w.client, &s.id, "other", NULL), 0);
	p = (struct pollfd){ .fd = qt_client_bell_fd(w.client),
	    .events = POLLIN };
	assert_int_equal(poll(&p, 1, WORLD_MS), 1);
	snprintf(go, sizeof(go), "%s/go", w.dir);
	close(open(go, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_true(WORLD_UNTIL(world_has(&w, &s, "Zend")));
	(void)unlink(go);
	/* What was bound to its connection still is. */
	assert_int_equal(world_get(&w, &b).state, QT_STATE_RUNNING);
	qt_client_close(maker);
	assert_true(WORLD_UNTIL(world_get(&w, &b).state == QT_STATE_EXITED));
	world_end(&w);
}

QT_TEST(a_program_that_does_not_know_the_state_is_refused)
{
	struct qt_err		err = QT_ERR_INIT;
	struct qt_session	s;
	struct world		w;

	(void)state;
	world_begin(&w, 1);
	s = world_new(&w, NULL, "cat");
	assert_int_equal(upgrade(&w, "/bin/true", &err), -QT_EVERSION);
	assert_int_equal(upgrade(&w, "/bin/echo", &err), -QT_EVERSION);
	assert_int_equal(upgrade(&w, "/no/such", &err), -ENOENT);
	assert_int_equal(upgrade(&w, "relative", &err), -EINVAL);
	assert_int_equal(world_get(&w, &s).state, QT_STATE_RUNNING);
	world_end(&w);
}

/* The new program watches a connection, then sessions by their slots. */
QT_TEST(what_cannot_be_watched_after_an_upgrade_is_lost_alone)
{
	struct qt_session	lost, kept;
	struct world		w;

	(void)state;
	world_init(&w);
	assert_int_equal(setenv(AFTER, "2", 1), 0);
	world_host(&w);
	assert_int_equal(unsetenv(AFTER), 0);
	world_connect(&w, 1);
	lost = world_new(&w, "lost", "echo said; exec cat");
	kept = world_new(&w, "kept", "while read -r x; do echo got $x; done");
	assert_true(lost.slot < kept.slot);
	assert_true(WORLD_UNTIL(world_has(&w, &lost, "said")));
	upgrade_to_self(&w);
	lost = world_get(&w, &lost);
	assert_int_equal(lost.state, QT_STATE_LOST);
	assert_true(lost.exit_offset >= 4);
	assert_int_equal(world_get(&w, &kept).state, QT_STATE_RUNNING);
	send_text(&w, &kept, "a\n");
	assert_true(WORLD_UNTIL(world_has(&w, &kept, "got a")));
	world_end(&w);
}
