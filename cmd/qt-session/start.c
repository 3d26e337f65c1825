/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a session with the caller's environment. See start.h. */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/prog.h>

#include "start.h"

extern char **environ;

/* What belongs to the terminal or session that we are started from. */
static const char *const not_inherited[] = {
	"QT_SESSION", "QT_SESSION_NAME", "TMUX", "TMUX_PANE", "STY", "WINDOW",
	"WINDOWID", "COLUMNS", "LINES", "TERMCAP", "TERM",
	"TERM_PROGRAM", "TERM_PROGRAM_VERSION", "VTE_VERSION",
	"KITTY_WINDOW_ID", "KITTY_PID", "WEZTERM_PANE", "OLDPWD", "PWD",
};

int
start_add_env(struct start_spec *spec, char *assignment)
{
	const char	*eq = strchr(assignment, '=');
	char		**env;

	if (eq == NULL || eq == assignment)
		return -EINVAL;
	env = realloc(spec->env, (spec->nenv + 1) * sizeof(*env));
	if (env == NULL)
		return -ENOMEM;
	spec->env = env;
	env[spec->nenv++] = assignment;
	return 0;
}

void
start_spec_clear(struct start_spec *spec)
{
	free(spec->env);
	spec->env = NULL;
	spec->nenv = 0;
}

static int
has_name(const char *assignment, const char *name)
{
	size_t	len = strcspn(name, "=");

	return strncmp(assignment, name, len) == 0 && assignment[len] == '=';
}

static int
is_inherited(const struct start_spec *spec, const char *assignment)
{
	size_t	i;

	for (i = 0; i < sizeof(not_inherited) / sizeof(char *); i++) {
		if (has_name(assignment, not_inherited[i]))
			return 0;
	}
	for (i = 0; i < spec->nenv; i++) {
		if (has_name(assignment, spec->env[i]))
			return 0;
	}
	return 1;
}

/* The environment to be, NULL at its end; one free(3). */
static char **
make_env(const struct start_spec *spec)
{
	size_t	count = 0, i;
	char	**env, **e;

	for (e = environ; *e != NULL; e++)
		count++;
	env = calloc(count + spec->nenv + 1, sizeof(*env));
	if (env == NULL)
		return NULL;
	count = 0;
	for (e = environ; *e != NULL; e++) {
		if (is_inherited(spec, *e))
			env[count++] = *e;
	}
	for (i = 0; i < spec->nenv; i++)
		env[count++] = spec->env[i];
	return env;
}

/* The folder it starts in, absolute, checked while we can say what is wrong. */
static int
find_dir(const char *dir, char out[PATH_MAX], struct qt_err *err)
{
	struct stat	st;

	if (realpath(dir != NULL ? dir : ".", out) == NULL) {
		qt_err_set(err, "directory '%s'", dir != NULL ? dir : ".");
		return -errno;
	}
	if (stat(out, &st) == 0 && !S_ISDIR(st.st_mode)) {
		qt_err_set(err, "directory '%s'", out);
		return -ENOTDIR;
	}
	if (access(out, X_OK) < 0) {
		qt_err_set(err, "directory '%s'", out);
		return -errno;
	}
	return 0;
}

int
start_try(const struct world *w, const struct start_spec *spec,
    struct qt_session *out, struct qt_err *err)
{
	struct qt_client_new	req = { .name = spec->name,
	    .argv = spec->argv, .opt = { .cols = spec->cols,
	    .rows = spec->rows, .policy = (uint32_t)spec->policy,
	    .ring_limit = spec->keep, .flags = QT_NEW_CLEAN_ENV } };
	struct qt_uuid		id;
	char			dir[PATH_MAX], **env;
	int			rc;

	rc = find_dir(spec->dir, dir, err);
	if (rc < 0)
		return rc;
	env = make_env(spec);
	if (env == NULL)
		return -ENOMEM;
	req.cwd = dir;
	req.env = env;
	rc = qt_client_new(w->client, &req, &id, err);
	free(env);
	if (rc < 0)
		return rc;
	out->id = id;
	if (w->table != NULL && qt_session_find(w->table, &id, out) < 0)
		return -QT_EGONE;	/* it ended and was pruned */
	return 0;
}

void
start_session(const struct world *w, const struct start_spec *spec,
    struct qt_session *out)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	rc = start_try(w, spec, out, &err);
	if (rc == -EEXIST && spec->name != NULL)
		qt_die(QT_EXIT_SYS, "a session named '%s' exists: "
		    "'qt-session attach %s' shows it, new -A does either",
		    spec->name, spec->name);
	if (rc < 0)
		die_err(rc, &err);
}
