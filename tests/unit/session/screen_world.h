/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_SCREEN_WORLD_H
#define QT_SESSION_SCREEN_WORLD_H

/* A world (world.h) with a screen service in a child process of its own. */

#include <sys/prctl.h>

#include <qt/session/screen.h>

#include "../../../libcommon/session/screen_priv.h"
#include "../../../libcommon/session/socket_priv.h"
#include "world.h"

struct screen_world {
	struct world	w;
	int		listen_fd;
	pid_t		service;
	uint32_t	slots;		/* bells to begin with; 0: enough */
};

/* As the host does: the socket stays, the service may come and go. */
__attribute__((unused))
static void
screen_start(struct screen_world *sw)
{
	fflush(NULL);
	sw->service = fork();
	assert_true(sw->service >= 0);
	if (sw->service == 0) {
		struct qt_err	err = QT_ERR_INIT;
		int		rc;

		(void)signal(SIGSEGV, SIG_DFL);	/* cmocka catches it */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		rc = qt__screen_serve(sw->listen_fd,
		    sw->slots != 0 ? sw->slots : 64, &err);

		if (rc < 0)
			fprintf(stderr, "# screen: %s: %s\n", err.text,
			    qt_strerror(rc));
		_exit(rc < 0 ? 1 : 0);
	}
}

__attribute__((unused))
static void
screen_begin(struct screen_world *sw)
{
	char	path[128];

	world_begin(&sw->w, 16);
	snprintf(path, sizeof(path), "%s/screen.sock", sw->w.dir);
	sw->listen_fd = qt__socket_listen(path, NULL);
	assert_true(sw->listen_fd >= 0);
	screen_start(sw);
}

/* wait(2) status of the service. */
__attribute__((unused))
static int
screen_kill(struct screen_world *sw, int sig)
{
	int	status = 0;

	if (sw->service <= 0)
		return 0;
	if (sig != 0)
		(void)kill(sw->service, sig);
	(void)kill(sw->service, SIGCONT);
	assert_int_equal(waitpid(sw->service, &status, 0), sw->service);
	sw->service = 0;
	return status;
}

__attribute__((unused))
static void
screen_end(struct screen_world *sw)
{
	(void)screen_kill(sw, SIGKILL);
	close(sw->listen_fd);
	world_end(&sw->w);
}

/* A form of a session's screen, to free; NULL when the answer is an error. */
__attribute__((unused))
static char *
screen_get(const struct qt_session *s, enum qt_screen_form form,
    uint32_t scrollback, struct qt_screen_answer *a)
{
	struct qt_screen_request	req = { .id = s->id, .form = form,
	    .scrollback = scrollback };
	struct qt_screen_answer		unused;
	struct qt_buf			out = QT_BUF_INIT;
	struct qt_err			err = QT_ERR_INIT;

	assert_int_equal(qt_buf_add(&out, "", 0), 0);
	if (qt_screen_get(&req, WORLD_MS, a != NULL ? a : &unused, &out,
	    &err) < 0) {
		qt_buf_clear(&out);
		return NULL;
	}
	return qt_buf_detach(&out);
}

/* Whether the screen's text has this in it now. */
__attribute__((unused))
static int
screen_shows(const struct qt_session *s, const char *text)
{
	char	*screen = screen_get(s, QT_SCREEN_TEXT, 1000, NULL);
	int	 has = screen != NULL && strstr(screen, text) != NULL;

	free(screen);
	return has;
}

#endif /* QT_SESSION_SCREEN_WORLD_H */
