/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a program: record, ring, pty, fork; the answer when exec(2) is
 * done. The record is there (so name and slot are taken) from before the fork,
 * and goes again when the program could not be started.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/log.h>
#include <qt/base/sys.h>
#include <qt/base/utf8.h>

#include "host_priv.h"

#define FILES_KEPT	64u	/* descriptors that sessions do not take */

/* What will run. dash is "-sh", the name that makes a login shell. */
struct program {
	const char	*path;
	char		*const *argv;
	char		*dash[2];
	char		 dash_text[128];
};

static void
choose_program(struct qt__host *h, const struct qt__new *n, char *const *env,
    struct program *p)
{
	const char	*shell, *base;

	if (n->argv != NULL && n->argv[0] != NULL) {
		p->path = n->argv[0];
		p->argv = n->argv;
		return;
	}
	shell = qt__env_get(env, "SHELL");
	if (shell == NULL || shell[0] != '/')
		shell = h->shell;
	base = strrchr(shell, '/') + 1;
	snprintf(p->dash_text, sizeof(p->dash_text), "-%s", base);
	p->dash[0] = p->dash_text;
	p->dash[1] = NULL;
	p->path = shell;
	p->argv = p->dash;
}

/* argv in one line, without anything that a terminal would act upon. */
static void
describe(char *const *argv, char *out, size_t size)
{
	size_t	at = 0, len, n;
	int	is_valid;

	for (size_t k = 0; argv[k] != NULL; k++) {
		if (k > 0 && at + 1 < size)
			out[at++] = ' ';
		len = strlen(argv[k]);
		for (size_t i = 0; i < len; i += n) {
			n = qt_utf8_next(argv[k] + i, len - i, &is_valid);
			if (at + n >= size)
				break;
			if (!is_valid || qt_utf8_is_control(argv[k] + i, n)) {
				out[at++] = '?';
				continue;
			}
			memcpy(out + at, argv[k] + i, n);
			at += n;
		}
	}
	out[at] = '\0';
}

static void
tell_failure(struct qt__start *st, const struct qt__spawn_failure *f)
{
	struct qt__host	*h = st->host;
	struct qt__conn	*c = qt__conn_get(h, st->conn);

	qt__session_forget(h, st->slot);
	if (c == NULL) {
		qt_log(QT_LOG_WARN, QT__MODULE, "start '%s': %s", st->command,
		    strerror(f->error));
		return;
	}
	if (f->step == QT__SPAWN_CHDIR)
		qt__conn_error(c, st->tag, -f->error, "go to folder '%s'",
		    st->cwd);
	else if (f->step == QT__SPAWN_EXEC && f->error == ENOENT)
		qt__conn_error(c, st->tag, -f->error, "command '%s' not found",
		    st->command);
	else
		qt__conn_error(c, st->tag, -f->error, "run '%s'", st->command);
}

void
qt__tell_created(struct qt__host *h, const struct qt_session *rec,
    uint32_t conn, uint32_t tag)
{
	struct {
		struct qt_uuid	id;
		uint32_t	slot, pid;
	}			 answer = { rec->id, rec->slot, rec->pid };
	struct qt__conn		*c = qt__conn_get(h, conn);
	struct qt__event	 e;

	atomic_store(&h->info->running, h->running);
	atomic_fetch_add(&h->info->created, 1);
	qt__event_begin(&e, "created", rec);
	qt_json_str(&e.json, "owner", rec->owner);
	qt_json_str(&e.json, "command", rec->command);
	qt_json_uint(&e.json, "pid", rec->pid);
	qt__event_end(h, &e);
	if (c != NULL)
		qt__conn_send(c, QT_MSG_CREATED, tag, &answer, sizeof(answer));
	/* Who asked goes first: the helpers would take the processor. */
	qt__bell_created(h);
}

static void
started(struct qt__host *h, struct qt__start *st)
{
	struct qt__session	*s = qt__session_of(h, st->slot);
	struct qt_session	 rec;

	if (s == NULL || qt__table_get(h->table, st->slot, &rec) < 0)
		return;
	s->is_starting = 0;
	if (!s->is_spare)
		qt__tell_created(h, &rec, st->conn, st->tag);
	qt__session_poll(s);
	if (s->is_dead)
		qt__session_exit(s);
}

static void
failed(struct qt__host *h, struct qt__start *st,
    const struct qt__spawn_failure *f)
{
	struct qt__session	*s = qt__session_of(h, st->slot);

	/* The child is gone or going; nobody asks for its status. */
	if (s != NULL && s->is_spare)
		h->spares--;
	else
		h->running--;
	if (s != NULL)
		s->is_starting = 0;
	tell_failure(st, f);
	qt__host_stop_look(h);
}

static void
on_freed(uv_handle_t *handle)
{
	free(handle);
}

static void
on_status(uv_poll_t *poll, int status, int events)
{
	struct qt__start		*st = (struct qt__start *)(void *)poll;
	struct qt__spawn_failure	 f = { 0, 0 };
	struct qt__host			*h = st->host;
	ssize_t				 n;

	(void)status;
	(void)events;
	n = qt_sys_read(st->fd, &f, sizeof(f));
	if (n == -EAGAIN)
		return;
	/* Before its number is another's; st goes when the loop comes round. */
	uv_close((uv_handle_t *)&st->poll, on_freed);
	close(st->fd);
	h->starting--;
	if (n == sizeof(f))
		failed(h, st, &f);
	else
		started(h, st);
	qt__upgrade_look(h);
}

/* Watches the pipe until the program runs. It takes fd, and st when it can. */
static int
watch(struct qt__host *h, struct qt__start *st, int fd, struct qt_err *err)
{
	int	rc = uv_poll_init(&h->loop, &st->poll, fd);

	if (rc < 0) {
		qt_err_set(err, "watch a program's start");
		close(fd);
		return rc;
	}
	st->host = h;
	st->fd = fd;
	h->starting++;
	(void)uv_poll_start(&st->poll, UV_READABLE, on_status);
	return 0;
}

/*
 * The ring with its first chunk: a session that has one can always go on,
 * however full the memory is later.
 */
static int
make_ring(struct qt__host *h, struct qt_session *rec,
    struct qt_ring_writer **out, struct qt_err *err)
{
	uint64_t	*ring = qt__table_ring(h->table, rec->slot);
	ssize_t		 rc;
	void		*p;

	rc = qt_ring_create(h->seg, rec->ring_limit, ring);
	if (rc == 0)
		rc = qt_ring_writer_open(h->seg, *ring, out, err);
	if (rc == 0) {
		rc = qt_ring_reserve(*out, 1, &p);
		if (rc < 0) {
			qt_ring_writer_close(*out);
			*out = NULL;
		}
	}
	if (rc == -ENOSPC)
		qt_err_set(err, "make an output ring: /dev/shm is full; free "
		    "some of it or enlarge it (mount -o remount,size=)");
	else if (rc < 0)
		qt_err_set(err, "make an output ring");
	rec->ring_offset = *ring;
	return rc < 0 ? (int)rc : 0;
}

/* Ring and session of a record that is in the table. */
static struct qt__session *
prepare(struct qt__host *h, struct qt_session *rec, const struct qt__new *n,
    int *rc, struct qt_err *err)
{
	struct qt_ring_writer	*ring = NULL;
	struct qt__session	*s;

	*rc = make_ring(h, rec, &ring, err);
	if (*rc < 0)
		return NULL;
	*rc = qt__table_put(h->table, rec);
	s = *rc == 0 ? qt__session_add(h, rec->slot, err) : NULL;
	if (s == NULL) {
		*rc = *rc < 0 ? *rc : -ENOMEM;
		qt_ring_writer_close(ring);
		return NULL;
	}
	s->ring = ring;
	s->conn = n->conn;
	s->is_spare = n->is_spare;
	s->is_forget = (n->opt.flags & QT_NEW_FORGET) != 0;
	qt__bound_set(s, n);
	return s;
}

/* The child, which s owns and st watches; else it is ended and forgotten. */
static int
spawn(struct qt__session *s, struct qt__start *st,
    const struct qt__spawn *spec, struct qt_err *err)
{
	struct qt__spawned	child;
	int			rc = qt__pty_spawn(spec, &child, err);

	if (rc < 0)
		return rc;
	rc = qt__session_own(s, child.fd, child.pid, err);
	if (rc < 0) {
		close(child.fd);
		close(child.status_fd);
	} else {
		rc = watch(s->host, st, child.status_fd, err);
	}
	if (rc < 0)
		(void)kill(child.pid, SIGKILL);
	return rc;
}

static int
launch(struct qt__host *h, struct qt_session *rec, const struct qt__new *n,
    const struct program *p, char **env, struct qt_err *err)
{
	struct qt__spawn	 spec = {
		.path = p->path, .argv = p->argv, .env = env, .cwd = rec->cwd,
		.cols = rec->cols, .rows = rec->rows, .nofile = &h->nofile,
	};
	struct qt__session	*s;
	struct qt__start	*st;
	int			 rc;

	s = prepare(h, rec, n, &rc, err);
	if (rc < 0)
		return rc;
	if (n->cwd[0] == '/')
		spec.cwd = n->cwd;
	st = calloc(1, sizeof(*st));
	if (st == NULL)
		return -ENOMEM;
	rc = spawn(s, st, &spec, err);
	if (rc < 0) {
		free(st);
		return rc;
	}
	st->slot = rec->slot;
	st->conn = n->conn;
	st->tag = n->tag;
	snprintf(st->command, sizeof(st->command), "%s", p->path);
	snprintf(st->cwd, sizeof(st->cwd), "%s", spec.cwd);
	s->is_starting = 1;
	rec->pid = (uint32_t)s->pid;
	(void)qt__table_put(h->table, rec);
	return 0;
}

/*
 * Sessions leave some descriptors to connections, or nobody could look at,
 * type into or end what runs. The lowest free number says how many are left.
 */
static int
check_files(struct qt__host *h, struct qt_err *err)
{
	struct rlimit	r;
	rlim_t		kept;
	int		fd;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return 0;
	kept = r.rlim_cur / 4 < FILES_KEPT ? r.rlim_cur / 4 : FILES_KEPT;
	fd = fcntl(h->lock_fd, F_DUPFD_CLOEXEC, 0);
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && (rlim_t)fd + kept < r.rlim_cur)
		return 0;
	qt_err_set(err, "start a session: " QT__FILES_TEXT);
	return -EMFILE;
}

int
qt__session_start(struct qt__host *h, const struct qt__new *n,
    struct qt_err *err)
{
	struct qt_session	rec;
	struct program		p;
	char			**env;
	int			rc;

	if ((rc = check_files(h, err)) < 0 ||
	    (rc = qt__new_record(h, n, &rec, err)) < 0)
		return rc;
	qt_uuid_new(&rec.id);
	env = qt__make_env(h, n, &rec.id);
	if (env == NULL)
		return -ENOMEM;
	choose_program(h, n, env, &p);
	describe(p.argv, rec.command, sizeof(rec.command));
	rec.created_ms = qt_clock_real_ms();
	rc = qt__table_add(h->table, &rec);
	if (rc == -QT_EFULL)
		qt_err_set(err, "the session table holds %u records; forget "
		    "some (qt-session ls -a)", QT__TABLE_SLOTS);
	else if (rc == -ENOSPC)
		qt_err_set(err, "add a session: /dev/shm is full");
	else if (rc < 0)
		qt_err_set(err, "add a session");
	/* Nothing that was asked for: what the table says of itself is wrong. */
	if (rc == -EINVAL)
		rc = -QT_ECORRUPT;
	if (rc == 0) {
		rc = launch(h, &rec, n, &p, env, err);
		if (rc < 0)
			qt__session_forget(h, rec.slot);
		else if (n->is_spare)
			h->spares++;
		else
			h->running++;
	}
	qt__free_env(env);
	return rc;
}
