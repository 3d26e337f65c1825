/* SPDX-License-Identifier: Apache-2.0 */
/* From what a person types to a session; and how we say that it failed. */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <qt/base/prog.h>

#include "find.h"

/* What a person can do about an error that names only the fact. */
static const char *
hint(int rc)
{
	switch (-rc) {
	case QT_ENOHOST:
		return " ('qt-session new' starts one)";
	case QT_EFORMAT:
	case QT_EVERSION:
	case QT_ECORRUPT:
		/* Only the next host can put it aside. */
		return qt_client_host_pid() != 0 ?
		    " (end its host, with its sessions: "
		    "'qt-session stop --force'; then 'qt-session new' keeps it "
		    "aside and starts anew)" :
		    " ('qt-session new' keeps it aside and starts anew)";
	case ENOMEM:
		return " (is it limited? 'ulimit -v', 'ulimit -d')";
	case QT_EROLE:
		return " (this connection may only look)";
	case ENOSPC:
		return " (/dev/shm is full: 'df /dev/shm')";
	default:
		return "";
	}
}

void
warn_err(int rc, const struct qt_err *err)
{
	const char	*why = qt_strerror(rc), *way = hint(rc);

	/* The host has said what to do: about versions, a limit, what is full. */
	if ((rc == -QT_EVERSION && strstr(err->text, "upgrade") != NULL) ||
	    (rc == -ENOSPC && strchr(err->text, ';') != NULL))
		way = "";
	/* One that could not be started has said why already. */
	if (rc == -QT_ENOHOST && strncmp(err->text, "start ", 6) == 0)
		qt_warn("%s", err->text);
	else if (err->text[0] == '\0')
		qt_warn("%s%s", why, way);
	else if (strstr(err->text, why) != NULL)
		qt_warn("%s%s", err->text, way);
	else
		qt_warn("%s: %s%s", err->text, why, way);
}

_Noreturn void
die_err(int rc, const struct qt_err *err)
{
	warn_err(rc, err);
	exit(QT_EXIT_SYS);
}

/* Through the host: its segment may have lost its name (logind removes IPC). */
static int
look_by_host(struct world *w, struct qt_err *err)
{
	int	rc;

	rc = qt_client_open(0, QT_ROLE_OWNER, 1, &w->client, err);
	if (rc == 0)
		w->table = qt_client_table(w->client);
	return rc;
}

int
world_look(struct world *w)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	rc = qt_client_open_table(&w->seg, &w->table, &err);
	if (rc == -ENOENT || rc == -QT_ENOHOST)
		rc = look_by_host(w, &err);
	if (rc == -ENOENT)
		rc = -QT_ENOHOST;
	if (rc < 0 && rc != -QT_ENOHOST)
		die_err(rc, &err);
	return rc;
}

void
world_connect(struct world *w, unsigned int flags, enum qt_role role)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	rc = qt_client_open(flags, role, 1, &w->client, &err);
	if (rc < 0)
		die_err(rc, &err);
	w->table = qt_client_table(w->client);
}

void
world_command(struct world *w, unsigned int flags)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	rc = qt_client_open(flags, QT_ROLE_OWNER, 0, &w->client, &err);
	if (rc < 0)
		die_err(rc, &err);
}

void
world_close(struct world *w)
{
	if (w->client != NULL) {
		qt_client_close(w->client);
	} else if (w->table != NULL) {
		qt_session_table_close(w->table);
		qt_seg_close(w->seg);
	}
	*w = (struct world)WORLD_INIT;
}

/* Says which sessions an ambiguous prefix fits. */
static _Noreturn void
die_ambiguous(const struct world *w, const char *text)
{
	char			id[QT_UUID_TEXT_SIZE];
	struct qt_session	s;
	uint64_t		cursor = 0;

	qt_warn("'%s' is the start of several ids:", text);
	while (qt_session_next(w->table, NULL, &cursor, &s) == 1) {
		qt_uuid_text(&s.id, id);
		if (strncasecmp(id, text, strlen(text)) == 0)
			fprintf(stderr, "\t%s\t%s\n", id, s.name);
	}
	exit(QT_EXIT_SYS);
}

void
find_session(const struct world *w, const char *text, struct qt_session *out)
{
	int	rc;

	rc = qt_session_resolve(w->table, text, out);
	if (rc == -EEXIST)
		die_ambiguous(w, text);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "no session '%s' ('qt-session ls -a' "
		    "lists what there is)", text);
}

static uint64_t
last_use_ms(const struct world *w, const struct qt_session *s)
{
	const struct qt_session_live	*live;
	uint64_t			 typed_ms;

	live = qt_session_live(w->table, s->slot);
	if (live == NULL)
		return s->created_ms;
	typed_ms = atomic_load_explicit(&live->input_ms, memory_order_relaxed);
	return typed_ms > s->created_ms ? typed_ms : s->created_ms;
}

/* 0, or -ENOENT when none runs. */
static int
find_latest(const struct world *w, struct qt_session *out)
{
	struct qt_session	s;
	uint64_t		cursor = 0, used_ms, best_ms = 0;
	int			rc = -ENOENT;

	while (qt_session_next(w->table, NULL, &cursor, &s) == 1) {
		if (s.state != QT_STATE_RUNNING)
			continue;
		used_ms = last_use_ms(w, &s);
		if (rc == 0 && used_ms < best_ms)
			continue;
		best_ms = used_ms;
		*out = s;
		rc = 0;
	}
	return rc;
}

void
find_or_latest(const struct world *w, const char *text, int may_be_own,
    struct qt_session *out)
{
	const char	*own = getenv("QT_SESSION");

	if (text == NULL && may_be_own && own != NULL && own[0] != '\0' &&
	    qt_session_resolve(w->table, own, out) == 0)
		return;
	if (text != NULL)
		find_session(w, text, out);
	else if (find_latest(w, out) < 0)
		qt_die(QT_EXIT_SYS, "no session is running "
		    "('qt-session new' starts one)");
}

void
exit_text(int wait_status, char *out, size_t size)
{
	if (WIFSIGNALED(wait_status))
		snprintf(out, size, "was killed by signal %d (%s)",
		    WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)));
	else
		snprintf(out, size, "exited with status %d",
		    WEXITSTATUS(wait_status));
}

int
exit_code(int wait_status)
{
	if (WIFSIGNALED(wait_status))
		return 128 + WTERMSIG(wait_status);
	return WEXITSTATUS(wait_status);
}
