/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_WORLD_H
#define QT_SESSION_WORLD_H

/*
 * A world for one test: a runtime folder of its own with a host in a child
 * process, and what tests of the host share. world_end() leaves nothing.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/log.h>
#include <qt/base/path.h>
#include <qt/session/client.h>
#include <qt/session/host.h>
#include <qt/shm/ring.h>

#define WORLD_MS 60000	/* no condition takes longer; else the test fails */

/* There in a build with AddressSanitizer only. */
int	__lsan_do_recoverable_leak_check(void) __attribute__((weak));

struct world {
	char			 dir[64];
	pid_t			 host;
	struct qt_client	*client;
	struct qt_host_opt	 opt;
};

__attribute__((unused))
static void
world_fail(const char *what, int rc, const struct qt_err *err)
{
	fail_msg("%s: %s: %s", what, err != NULL ? err->text : "",
	    qt_strerror(rc));
}

static int
world_ready(void *ctx)
{
	int	fd = *(int *)ctx;

	return write(fd, "", 1) == 1 ? 0 : -EIO;
}

/* Starts the host; the caller's options are in w->opt. */
__attribute__((unused))
static void
world_host(struct world *w)
{
	struct qt_err	err = QT_ERR_INIT;
	int		fds[2], rc;
	char		c;

	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	w->host = fork();
	assert_true(w->host >= 0);
	if (w->host == 0) {
		/* A test that fails leaves no host behind. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[0]);
		w->opt.on_ready = world_ready;
		w->opt.ctx = &fds[1];
		rc = qt_host_run(&w->opt, &err);
		if (rc < 0)
			fprintf(stderr, "# host: %s: %s\n", err.text,
			    qt_strerror(rc));
		/* _exit() runs no leak check, exit() would run our tests'. */
		if (__lsan_do_recoverable_leak_check != NULL &&
		    __lsan_do_recoverable_leak_check() != 0)
			_exit(23);
		_exit(rc < 0 ? 1 : 0);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &c, 1), 1);
	close(fds[0]);
}

__attribute__((unused))
static void
world_connect(struct world *w, uint32_t slots)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	rc = qt_client_open(0, QT_ROLE_OWNER, slots, &w->client, &err);
	if (rc < 0)
		world_fail("connect", rc, &err);
}

__attribute__((unused))
static void
world_init(struct world *w)
{
	const char	*tmp = getenv("TMPDIR");
	struct qt_err	 err = QT_ERR_INIT;

	memset(w, 0, sizeof(*w));
	/* Sockets have short paths. */
	if (tmp == NULL || strlen(tmp) > 40)
		tmp = "/tmp";
	snprintf(w->dir, sizeof(w->dir), "%s/qt-test-XXXXXX", tmp);
	assert_non_null(mkdtemp(w->dir));
	assert_int_equal(setenv("QT_RUNTIME_DIR", w->dir, 1), 0);
	assert_int_equal(setenv("QT_CONFIG", "/dev/null", 1), 0);
	assert_int_equal(qt_host_opt_init(&w->opt, NULL, &err), 0);
	w->opt.has_screen = 0;
}

__attribute__((unused))
static void
world_begin(struct world *w, uint32_t slots)
{
	world_init(w);
	world_host(w);
	world_connect(w, slots);
}

/* Ends the host as asked, and waits for it. */
__attribute__((unused))
static int
world_kill(struct world *w, int sig)
{
	int	status = 0;

	if (w->host <= 0)
		return 0;
	(void)kill(w->host, sig);
	assert_int_equal(waitpid(w->host, &status, 0), w->host);
	w->host = 0;
	return status;
}

__attribute__((unused))
static void
world_end(struct world *w)
{
	static const char *const	files[] = { "host.lock", "host.sock",
	    "screen.sock", "host.log" };
	char				path[128], name[128];

	qt_client_close(w->client);
	assert_int_equal(world_kill(w, SIGTERM), 0);
	if (qt_path_segment("host", name, NULL) == 0)
		(void)qt_seg_unlink(name);
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", w->dir, files[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(w->dir), 0);
}

/* A session that runs "sh -c text"; its record. */
__attribute__((unused))
static struct qt_session
world_new(struct world *w, const char *name, const char *text)
{
	char			*argv[] = { (char *)(uintptr_t)"/bin/sh",
	    (char *)(uintptr_t)"-c", (char *)(uintptr_t)text, NULL };
	struct qt_client_new	 spec = { .name = name, .argv = argv };
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_session	 s;
	struct qt_uuid		 id;
	int			 rc;

	rc = qt_client_new(w->client, &spec, &id, &err);
	if (rc < 0)
		world_fail("new", rc, &err);
	rc = qt_session_find(qt_client_table(w->client), &id, &s);
	if (rc < 0)
		world_fail("find", rc, NULL);
	return s;
}

/* Polls a condition: 1 when it came true before the deadline. */
#define WORLD_UNTIL(cond) __extension__ ({				\
	uint64_t end_ = qt_clock_mono_ms() + WORLD_MS;			\
	int is_ = 0;							\
	while (!(is_ = (cond)) && qt_clock_mono_ms() < end_)		\
		(void)poll(NULL, 0, 1);					\
	is_;								\
})

__attribute__((unused))
static struct qt_session
world_get(struct world *w, const struct qt_session *s)
{
	struct qt_session	now;

	assert_int_equal(qt_session_find(qt_client_table(w->client), &s->id,
	    &now), 0);
	return now;
}

/* Waits for its end. */
__attribute__((unused))
static struct qt_session
world_exit(struct world *w, const struct qt_session *s)
{
	struct qt_session	now;

	if (!WORLD_UNTIL((now = world_get(w, s)).state != QT_STATE_RUNNING))
		fail_msg("session '%s' does not end", s->name);
	return now;
}

/* All that is in its ring now, NUL-ended, in a buffer to free. */
__attribute__((unused))
static char *
world_output(struct world *w, const struct qt_session *s, size_t *len)
{
	struct qt_ring_reader	*r = NULL;
	uint64_t		 tail, head;
	char			*text;

	assert_int_equal(qt_ring_reader_open(qt_client_segment(w->client),
	    s->ring_offset, &r, NULL), 0);
	qt_ring_range(r, &tail, &head);
	text = calloc(1, (size_t)(head - tail) + 1);
	assert_non_null(text);
	*len = 0;
	while (tail + *len < head) {
		ssize_t	n = qt_ring_read(r, tail + *len, text + *len,
		    (size_t)(head - tail) - *len);

		assert_true(n > 0);
		*len += (size_t)n;
	}
	qt_ring_reader_close(r);
	return text;
}

__attribute__((unused))
static int
world_has(struct world *w, const struct qt_session *s, const char *text)
{
	size_t	 len;
	char	*out = world_output(w, s, &len);
	int	 has = memmem(out, len, text, strlen(text)) != NULL;

	free(out);
	return has;
}

#endif /* QT_SESSION_WORLD_H */
