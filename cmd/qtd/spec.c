/* SPDX-License-Identifier: Apache-2.0 */
/* What a new session runs: the options', or what a client asks for. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/err.h>

#include "session.h"

#define ARGS_MAX 256

static int
refuse(struct spec *spec, int code, const char *why)
{
	snprintf(spec->why, sizeof(spec->why), "%s", why);
	return code;
}

static size_t
count(char *const *argv)
{
	size_t	n = 0;

	while (argv != NULL && argv[n] != NULL)
		n++;
	return n;
}

/* Makes the arguments our own, with room for more. */
static int
own_argv(struct spec *spec, size_t more)
{
	size_t	  n = count(spec->argv);
	char	**copy;

	if (spec->is_argv_ours) {
		copy = realloc(spec->argv, (n + more + 1) * sizeof(*copy));
		if (copy == NULL)
			return -ENOMEM;
		spec->argv = copy;
		return 0;
	}
	copy = calloc(n + more + 1, sizeof(*copy));
	if (copy == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		copy[i] = strdup(spec->argv[i]);
		if (copy[i] == NULL) {
			while (i > 0)
				free(copy[--i]);
			free(copy);
			return -ENOMEM;
		}
	}
	spec->argv = copy;
	spec->is_argv_ours = 1;
	return 0;
}

static int
add_arg(struct spec *spec, const char *text, size_t len)
{
	size_t	n = count(spec->argv);
	int	rc;

	if (n >= ARGS_MAX)
		return refuse(spec, -E2BIG, "too many arguments");
	rc = own_argv(spec, 1);
	if (rc < 0)
		return rc;
	spec->argv[n] = strndup(text, len);
	if (spec->argv[n] == NULL)
		return -ENOMEM;
	spec->argv[n + 1] = NULL;
	return 0;
}

static int
add_list(struct spec *spec, const json_t *list)
{
	size_t	 i;
	json_t	*one;
	int	 rc = 0;

	if (list != NULL && !json_is_array(list))
		return refuse(spec, -EINVAL, "a command is a list of texts");
	json_array_foreach((json_t *)(uintptr_t)list, i, one) {
		if (!json_is_string(one) || strlen(json_string_value(one)) !=
		    json_string_length(one))
			return refuse(spec, -EINVAL,
			    "a command is a list of texts");
		rc = add_arg(spec, json_string_value(one),
		    json_string_length(one));
		if (rc < 0)
			return rc;
	}
	return rc;
}

/* A text member: NULL when it is not there. */
static int
take_text(struct spec *spec, const json_t *json, const char *key, char **out)
{
	const json_t	*v = json_object_get(json, key);

	if (v == NULL || json_is_null(v) ||
	    (json_is_string(v) && json_string_length(v) == 0))
		return 0;
	if (!json_is_string(v) ||
	    strlen(json_string_value(v)) != json_string_length(v))
		return refuse(spec, -EINVAL, "name, cwd: texts");
	*out = strdup(json_string_value(v));
	return *out == NULL ? -ENOMEM : 0;
}

static int
take_command(const struct worker *w, struct spec *spec, const json_t *json)
{
	const json_t	*command = json_object_get(json, "command");
	const json_t	*args = json_object_get(json, "args");
	int		 rc;

	if (command != NULL && json_array_size(command) > 0) {
		if (w->opt->command != NULL)
			return refuse(spec, -EPERM,
			    "this server runs its own command only");
		rc = add_list(spec, command);
		if (rc < 0)
			return rc;
	}
	if (args == NULL || json_array_size(args) == 0)
		return 0;
	if (!w->opt->is_url_arg || w->opt->command == NULL)
		return refuse(spec, -EPERM, "this server takes no arguments");
	return add_list(spec, args);
}

static int
take_json(const struct worker *w, struct spec *spec, const json_t *json)
{
	const json_t	*policy = json_object_get(json, "policy");
	json_int_t	 cols, rows;
	uint16_t	 size[2];
	int		 rc;

	rc = take_command(w, spec, json);
	if (rc == 0)
		rc = take_text(spec, json, "name", &spec->name);
	if (rc == 0 && spec->name != NULL &&
	    qt_session_name_check(spec->name) < 0)
		return refuse(spec, -EINVAL, "that name cannot be used");
	if (rc == 0 && w->opt->command == NULL)
		rc = take_text(spec, json, "cwd", &spec->cwd);
	if (rc < 0)
		return rc;
	if (policy != NULL) {
		rc = qt_resize_policy_parse(json_is_string(policy) ?
		    json_string_value(policy) : "");
		if (rc < 0)
			return refuse(spec, rc, "policy: latest, smallest, "
			    "largest or fixed");
		spec->ask.opt.policy = (uint32_t)rc;
	}
	cols = json_integer_value(json_object_get(json, "cols"));
	rows = json_integer_value(json_object_get(json, "rows"));
	if (session_size(cols, rows, size) == 0) {
		spec->ask.opt.cols = size[0];
		spec->ask.opt.rows = size[1];
	}
	return 0;
}

static int
add_env(struct spec *spec, const char *name, const char *value)
{
	size_t	n = count(spec->env);

	return asprintf(&spec->env[n], "%s=%s", name, value) < 0 ? -ENOMEM : 0;
}

int
spec_make(const struct worker *w, const struct user *user, const json_t *json,
    struct spec *spec)
{
	const struct options	*o = w->opt;
	int			 rc = 0;

	memset(spec, 0, sizeof(*spec));
	spec->argv = o->command;
	if (json != NULL && !json_is_object(json))
		return refuse(spec, -EINVAL, "new: an object");
	if (user_role(w, user) < QT_ROLE_WRITER && o->command == NULL)
		return refuse(spec, -QT_EROLE,
		    "this login may look, not start sessions");
	if (json != NULL)
		rc = take_json(w, spec, json);
	if (rc == 0 && spec->cwd == NULL && o->cwd != NULL)
		rc = (spec->cwd = strdup(o->cwd)) == NULL ? -ENOMEM : 0;
	if (rc == 0 && o->term != NULL)
		rc = add_env(spec, "TERM", o->term);
	if (rc == 0 && (o->login == LOGIN_HEADER ||
	    o->login == LOGIN_PASSWORD))
		rc = add_env(spec, "QTD_USER", user->name);
	if (rc == 0 && o->login == LOGIN_HEADER)
		rc = add_env(spec, "TTYD_USER", user->name);
	spec->ask.name = spec->name;
	spec->ask.cwd = spec->cwd;
	spec->ask.argv = spec->argv;
	spec->ask.env = spec->env;
	if (o->command != NULL) {
		spec->ask.owner = w->owner;
	} else if (o->login == LOGIN_HEADER || o->login == LOGIN_PASSWORD) {
		snprintf(spec->owner, sizeof(spec->owner), "%.*s",
		    QT_SESSION_OWNER_SIZE - 1, user->name);
		spec->ask.owner = spec->owner;
	}
	return rc;
}

int
spec_add_query(const struct worker *w, struct spec *spec,
    struct qt_net_str query)
{
	char			 value[1024];
	struct qt_net_str	 part;
	const char		*amp;
	long			 n;
	int			 rc = 0;

	if (!w->opt->is_url_arg || w->opt->command == NULL)
		return 0;
	while (query.len > 0 && rc == 0) {
		amp = memchr(query.p, '&', query.len);
		part = (struct qt_net_str){ query.p, amp == NULL ? query.len :
		    (size_t)(amp - query.p) };
		n = qt_net_query_get(part, "arg", value, sizeof(value));
		if (n >= 0)
			rc = add_arg(spec, value, (size_t)n);
		else if (n != -ENOENT)
			rc = refuse(spec, (int)n, "a bad argument");
		query.p += part.len + (amp != NULL);
		query.len -= part.len + (amp != NULL);
	}
	spec->ask.argv = spec->argv;
	return rc;
}

void
spec_clear(struct spec *spec)
{
	for (size_t i = 0; spec->is_argv_ours && spec->argv[i] != NULL; i++)
		free(spec->argv[i]);
	if (spec->is_argv_ours)
		free(spec->argv);
	for (size_t i = 0; spec->env[i] != NULL; i++)
		free(spec->env[i]);
	free(spec->name);
	free(spec->cwd);
	memset(spec, 0, sizeof(*spec));
}
