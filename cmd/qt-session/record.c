/* SPDX-License-Identifier: Apache-2.0 */
/* qt-session record - write a session's output to an asciicast v2 file */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cast.h"
#include "find.h"
#include "follow.h"
#include "verbs.h"
#include "width.h"

#define PIECE_MAX (64u << 10)

static const struct qt_opt opts[] = {
	{ 'f', "force", NULL, "write over a FILE that exists" },
	{ 'q', "quiet", NULL, "do not say what is recorded" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb record_verb = {
	"record", record_main, "FILE.cast [NAME|ID]",
	"record a session (the own, or the last used) as asciicast v2", opts,
};

struct recording {
	struct follow	 f;
	struct cast	 cast;
	int		 sig_fd;
	int		 is_done;
};

static int
signals_open(void)
{
	sigset_t	set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int
write_piece(struct recording *r, const struct qt_view_piece *p)
{
	char	bytes[24], text[64];

	switch (p->kind) {
	case QT_VIEW_SIZE:
		return cast_size(&r->cast, p->cols, p->rows,
		    r->f.session.name);
	case QT_VIEW_DATA:
		return cast_output(&r->cast, p->data, p->len);
	case QT_VIEW_SKIPPED:
		width_bytes(bytes, p->count);
		snprintf(text, sizeof(text), "skipped %s", bytes);
		return cast_marker(&r->cast, text);
	case QT_VIEW_EXIT:
	case QT_VIEW_GONE:
		r->is_done = 1;
		return 0;
	default:
		return 0;
	}
}

/* Writes what there is now. */
static int
write_pieces(struct recording *r)
{
	struct qt_view_piece	p;
	int			rc;

	do {
		rc = follow_next(&r->f, PIECE_MAX, &p);
		if (rc == 0)
			rc = write_piece(r, &p);
	} while (rc == 0 && !r->is_done && p.kind != QT_VIEW_IDLE);
	return rc;
}

static int
record_loop(struct recording *r)
{
	struct pollfd		 fds[FOLLOW_FDS + 1];
	struct qt_control_head	 head;
	const void		*body;
	int			 rc, ms;

	while ((rc = write_pieces(r)) == 0 && !r->is_done) {
		ms = follow_sleep(&r->f, fds);
		fds[FOLLOW_FDS] = (struct pollfd){ .fd = r->sig_fd,
		    .events = POLLIN };
		if (poll(fds, FOLLOW_FDS + 1, ms) < 0 && errno != EINTR)
			return -errno;
		if (fds[FOLLOW_FDS].revents != 0) {
			r->is_done = 1;
			return write_pieces(r);
		}
		if (fds[0].revents != 0 &&
		    qt_client_recv(r->f.w.client, &head, &body) < 0)
			follow_down(&r->f);
		rc = follow_wake(&r->f, fds);
		if (rc < 0)
			break;
	}
	return rc;
}

static void
record_open(struct recording *r, const char *path, const char *name,
    int may_replace, int is_quiet)
{
	struct qt_control_attach req = { .role = QT_ROLE_READER,
	    .flags = QT_ATTACH_IGNORE_SIZE | QT_ATTACH_HELPER };
	struct qt_view_opt	 opt = { .offset = UINT64_MAX,
	    .is_recorder = 1 };
	struct world		 w = WORLD_INIT;
	struct qt_session	 s;
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc;

	world_connect(&w, 0, QT_ROLE_OWNER);
	find_or_latest(&w, name, 1, &s);
	rc = cast_open(&r->cast, path, may_replace, &err);
	if (rc == -EEXIST)
		qt_die(QT_EXIT_SYS, "'%s' exists (--force writes over it)",
		    path);
	if (rc == 0)
		rc = follow_open(&r->f, &w, &s, &req, &opt, &err);
	if (rc < 0)
		die_err(rc, &err);
	if (!is_quiet && isatty(STDERR_FILENO))
		fprintf(stderr, "[recording %s to %s; Ctrl-C stops]\n",
		    s.name, path);
}

int
record_main(int argc, char **argv)
{
	struct qt_opts		o = QT_OPTS_INIT(&record_verb, argc, argv);
	struct recording	r = { .cast = CAST_INIT };
	int			id, rc, end_rc, force = 0, is_quiet = 0;

	while ((id = qt_opts_next(&o)) != 0) {
		if (id == 'f')
			force = 1;
		else
			is_quiet = 1;
	}
	argc -= o.index;
	argv += o.index;
	if (argc < 1 || argc > 2)
		qt_usage(&record_verb);
	record_open(&r, argv[0], argv[1], force, is_quiet);
	r.sig_fd = signals_open();
	rc = r.sig_fd < 0 ? -errno : record_loop(&r);
	end_rc = cast_close(&r.cast);
	if (rc == -QT_EGONE)
		qt_die(QT_EXIT_SYS, "'%s' was lost: its host died; recorded "
		    "up to there", r.f.session.name);
	rc = rc < 0 ? rc : end_rc;
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "record to '%s': %s", argv[0],
		    qt_strerror(rc));
	close(r.sig_fd);
	follow_close(&r.f);
	return QT_EXIT_OK;
}
