/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of those who come when the system has nothing left for them. */

#include "../test.h"

#include <sys/resource.h>

#include <qt/base/sys.h>

#include "poll_fault.h"
#include "screen_world.h"

/* The second poll in the host's life is its first connection's. */
#define PTY_POLL	"3"
#define STATUS_POLL	"4"

static void
watching_fails(const char *nth, const char *text)
{
	struct qt_client_new	spec = { .name = "x" };
	struct qt_err		err = QT_ERR_INIT;
	struct qt_session	s;
	struct qt_uuid		id;
	struct world		w;

	world_init(&w);
	assert_int_equal(setenv(POLL_FAULT, nth, 1), 0);
	world_host(&w);
	assert_int_equal(unsetenv(POLL_FAULT), 0);
	world_connect(&w, 1);
	assert_int_equal(qt_client_new(w.client, &spec, &id, &err), -ENOMEM);
	if (strstr(err.text, text) == NULL)
		fail_msg("'%s'", err.text);
	/* Nothing is left of it, and the next one works. */
	s = world_new(&w, "x", "echo fine");
	(void)world_exit(&w, &s);
	assert_true(world_has(&w, &s, "fine"));
	world_end(&w);
}

QT_TEST(a_session_that_cannot_be_watched_is_refused)
{
	(void)state;
	watching_fails(PTY_POLL, "watch a pseudo-terminal");
	watching_fails(STATUS_POLL, "watch a program's start");
}

/* How often a process has waited for something. */
static long
waits(pid_t pid)
{
	char	path[64], line[128];
	long	n = -1;
	FILE	*f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) == 1)
			break;
	fclose(f);
	return n;
}

/* No more descriptors for a process than it has; the old limit is returned. */
static struct rlimit
no_files(pid_t pid)
{
	struct rlimit	old, low;

	assert_int_equal(prlimit(pid, RLIMIT_NOFILE, NULL, &old), 0);
	low = (struct rlimit){ 3, old.rlim_max };
	assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &low, NULL), 0);
	return old;
}

/* The process waits, again and again: it neither spins nor stands still. */
static void
assert_rests(pid_t pid)
{
	long	before = waits(pid);

	assert_true(WORLD_UNTIL(waits(pid) >= before + 5));
}

static int
connect_to(const struct world *w, const char *name)
{
	char	path[128];
	int	fd;

	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	fd = qt__socket_connect(path, NULL);
	assert_true(fd >= 0);
	return fd;
}

QT_TEST(a_host_without_descriptors_rests_and_serves_those_who_waited)
{
	struct pollfd	p = { .events = POLLIN };
	struct qt_buf	hello = QT_BUF_INIT;
	struct rlimit	old;
	struct world	w;

	(void)state;
	world_begin(&w, 1);
	old = no_files(w.host);
	p.fd = connect_to(&w, "host.sock");
	assert_int_equal(qt_control_pack(&hello, QT_MSG_STAT, 1, 0, NULL, 0),
	    0);
	assert_int_equal(send(p.fd, hello.data, hello.len, 0), hello.len);
	qt_buf_clear(&hello);
	assert_rests(w.host);
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_int_equal(prlimit(w.host, RLIMIT_NOFILE, &old, NULL), 0);
	assert_int_equal(poll(&p, 1, WORLD_MS), 1);
	close(p.fd);
	world_end(&w);
}

QT_TEST(a_screen_service_without_descriptors_rests_and_answers_later)
{
	struct qt_screen_request	req = { .form = QT_SCREEN_TEXT };
	struct qt_screen_answer		answer;
	struct qt_buf			text = QT_BUF_INIT;
	struct pollfd			p = { .events = POLLIN };
	struct screen_world		sw = { .listen_fd = -1 };
	struct qt_session		s;
	struct rlimit			old;

	(void)state;
	screen_begin(&sw);
	s = world_new(&sw.w, NULL, "echo fine");
	req.id = s.id;
	/* It is up. */
	assert_int_equal(qt_screen_get(&req, WORLD_MS, &answer, &text, NULL),
	    0);
	qt_buf_clear(&text);
	old = no_files(sw.service);
	p.fd = connect_to(&sw.w, "screen.sock");
	assert_int_equal(send(p.fd, &req, sizeof(req), 0), sizeof(req));
	assert_rests(sw.service);
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_int_equal(prlimit(sw.service, RLIMIT_NOFILE, &old, NULL), 0);
	assert_int_equal(poll(&p, 1, WORLD_MS), 1);
	close(p.fd);
	screen_end(&sw);
}
