/* SPDX-License-Identifier: Apache-2.0 */
/* NEW: a request for a session, checked and filled in with what the host
 * chooses; host_start.c starts it. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host_priv.h"

extern char **environ;

/* Of the host's own start and of a session that it may have been started in;
 * and what we set ourselves. */
static const char *const dropped[] = {
	"QT_SESSION", "QT_RUNTIME_DIR", "TERM", "LINES", "COLUMNS",
	"NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
	"WATCHDOG_PID", "WATCHDOG_USEC", "JOURNAL_STREAM", "INVOCATION_ID",
	"QT_FAULT",
};

const char *
qt__env_get(char *const *env, const char *name)
{
	size_t	len = strlen(name);

	for (; env != NULL && *env != NULL; env++) {
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return *env + len + 1;
	}
	return NULL;
}

static int
is_same_name(const char *a, const char *b)
{
	size_t	len = strcspn(a, "=");

	return strncmp(a, b, len) == 0 && b[len] == '=';
}

static int
is_dropped(const char *entry)
{
	size_t	len = strcspn(entry, "=");

	for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
		if (strlen(dropped[i]) == len &&
		    strncmp(dropped[i], entry, len) == 0)
			return 1;
	}
	return 0;
}

struct env {
	char	**list;
	size_t	  count, size;
};

/* Replaces an entry of the same name. Takes text, which may be NULL. */
static int
env_put(struct env *e, char *text, int is_final)
{
	if (text == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < e->count && is_final; i++) {
		if (is_same_name(text, e->list[i])) {
			free(e->list[i]);
			e->list[i] = text;
			return 0;
		}
	}
	if (e->count + 1 >= e->size) {
		free(text);
		return -ENOMEM;
	}
	e->list[e->count++] = text;
	return 0;
}

static char *
env_text(const char *name, const char *value)
{
	char	*text;

	return asprintf(&text, "%s=%s", name, value) < 0 ? NULL : text;
}

void
qt__free_env(char **env)
{
	for (size_t i = 0; env != NULL && env[i] != NULL; i++)
		free(env[i]);
	free(env);
}

static size_t
env_count(char *const *env)
{
	size_t	n = 0;

	while (env != NULL && env[n] != NULL)
		n++;
	return n;
}

/*
 * The host's environment with the request's additions, or the request's
 * alone; then what we say. An own TERM in the request is respected.
 */
char **
qt__make_env(struct qt__host *h, const struct qt__new *n,
    const struct qt_uuid *id)
{
	int		 is_clean = (n->opt.flags & QT_NEW_CLEAN_ENV) != 0;
	const char	*term = qt__env_get(n->env, "TERM");
	struct env	 e = { .size = env_count(n->env) + 5 };
	char		 text[QT_UUID_TEXT_SIZE];
	int		 rc = 0;

	if (!is_clean)
		e.size += env_count(environ);
	if (term == NULL)
		term = h->opt.term;
	e.list = calloc(e.size, sizeof(*e.list));
	if (e.list == NULL)
		return NULL;
	qt_uuid_text(id, text);
	for (char **p = environ; !is_clean && *p != NULL && rc == 0; p++) {
		if (!is_dropped(*p))
			rc = env_put(&e, strdup(*p), 0);
	}
	for (char **p = n->env; p != NULL && *p != NULL && rc == 0; p++) {
		if (!is_dropped(*p) && strchr(*p, '=') != NULL)
			rc = env_put(&e, strdup(*p), !is_clean);
	}
	if (rc == 0)
		rc = env_put(&e, env_text("TERM", term), 0);
	if (rc == 0)
		rc = env_put(&e, env_text("QT_SESSION", text), 0);
	if (rc == 0)
		rc = env_put(&e, env_text("QT_RUNTIME_DIR", h->runtime), 0);
	if (rc < 0) {
		qt__free_env(e.list);
		return NULL;
	}
	return e.list;
}

/* The lowest number that no record is called by. */
static int
free_name(struct qt__host *h, char *out)
{
	struct qt_session	rec;

	for (uint32_t i = h->name_hint; i <= QT__TABLE_SLOTS; i++) {
		snprintf(out, QT_SESSION_NAME_SIZE, "%u", i + 1);
		if (qt__table_find_name(h->table, out, &rec) < 0) {
			h->name_hint = i;
			return 0;
		}
	}
	return -QT_EFULL;
}

static int
choose_name(struct qt__host *h, const char *asked, char *out,
    struct qt_err *err)
{
	struct qt_session	rec;
	char			id[QT_UUID_TEXT_SIZE];

	if (asked[0] == '\0')
		return free_name(h, out);
	if (qt_session_name_check(asked) < 0) {
		qt_err_set(err, "that is not a name: 1 to %d bytes without "
		    "'/', ':', controls or a leading '-'",
		    QT_SESSION_NAME_SIZE - 1);
		return -EINVAL;
	}
	if (qt__table_find_name(h->table, asked, &rec) == 0 &&
	    rec.state == QT_STATE_RUNNING) {
		qt_uuid_text(&rec.id, id);
		qt_err_set(err, "the name '%s' is taken by the running "
		    "session %s; choose another or attach to it", asked, id);
		return -EEXIST;
	}
	snprintf(out, QT_SESSION_NAME_SIZE, "%s", asked);
	return 0;
}

static const char *
choose_cwd(const struct qt__new *n)
{
	const char	*home = qt__env_get(n->env, "HOME");

	if (n->cwd[0] == '/')
		return n->cwd;
	if (home == NULL)
		home = getenv("HOME");
	return home != NULL && home[0] == '/' ? home : "/";
}

int
qt__new_record(struct qt__host *h, const struct qt__new *n,
    struct qt_session *rec, struct qt_err *err)
{
	int	rc = 0;

	*rec = (struct qt_session){
		.state = n->is_spare ? QT_STATE_SPARE : QT_STATE_RUNNING,
		.policy = (enum qt_resize_policy)n->opt.policy,
		.cols = n->opt.cols, .rows = n->opt.rows,
		.ring_limit = n->opt.ring_limit,
	};
	if (!n->is_spare)
		rc = choose_name(h, n->name, rec->name, err);
	snprintf(rec->owner, sizeof(rec->owner), "%s",
	    n->owner[0] != '\0' ? n->owner : h->user);
	snprintf(rec->cwd, sizeof(rec->cwd), "%s", choose_cwd(n));
	return rc;
}

static int
check(struct qt__host *h, struct qt__new *n, struct qt_err *err)
{
	int	rc;

	if (n->opt.cols == 0 || n->opt.rows == 0) {
		n->opt.cols = 80;
		n->opt.rows = 24;
	}
	rc = qt__size_check(n->opt.cols, n->opt.rows, err);
	if (rc < 0)
		return rc;
	if (n->opt.policy > QT_RESIZE_FIXED) {
		qt_err_set(err, "resize policy %u", n->opt.policy);
		return -EINVAL;
	}
	if (n->opt.ring_limit == 0)
		n->opt.ring_limit = h->opt.scrollback;
	if (n->opt.ring_limit < QT_RING_LIMIT_MIN ||
	    n->opt.ring_limit > QT_RING_LIMIT_MAX) {
		qt_err_set(err, "an output ring of %u bytes, not %u to %u",
		    n->opt.ring_limit, QT_RING_LIMIT_MIN, QT_RING_LIMIT_MAX);
		return -EINVAL;
	}
	if (strlen(n->owner) >= QT_SESSION_OWNER_SIZE) {
		qt_err_set(err, "the owner's name is longer than %d bytes",
		    QT_SESSION_OWNER_SIZE - 1);
		return -EINVAL;
	}
	if (n->cwd[0] != '\0' && n->cwd[0] != '/') {
		qt_err_set(err, "the folder '%.100s' does not begin with '/'",
		    n->cwd);
		return -EINVAL;
	}
	if ((n->opt.flags >> 8 & 0xff) >= NSIG) {
		qt_err_set(err, "signal %u", n->opt.flags >> 8 & 0xff);
		return -EINVAL;
	}
	if (h->is_stopping) {
		qt_err_set(err, "the session host is stopping");
		return -ESHUTDOWN;
	}
	return 0;
}

void
qt__msg_new(struct qt__conn *c, const struct qt_control_head *head,
    const void *body)
{
	struct qt__new	n = { .conn = c->id, .tag = head->tag };
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	rc = qt_control_unpack_new(body, head->len, &n.opt, &n.name, &n.owner,
	    &n.cwd, &n.argv, &n.env);
	if (rc < 0)
		qt_err_set(&err, "NEW");
	else
		rc = check(c->host, &n, &err);
	if (rc == 0 && qt__spare_take(c->host, &n) == 0)
		goto out;
	if (rc == 0)
		rc = qt__session_start(c->host, &n, &err);
	if (rc < 0)
		qt__conn_error(c, head->tag, rc, "%s", err.text);
out:
	free(n.argv);
	free(n.env);
}
