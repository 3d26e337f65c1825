/* SPDX-License-Identifier: Apache-2.0 */
/* What options mean together: which login, whether it is safe, files. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/prog.h>

#include "options.h"

/* The way a user logs in: exactly one. */
static void
choose_login(struct options *o)
{
	int	is_none = o->login == LOGIN_NONE;
	int	count = is_none + (o->credential != NULL) +
	    (o->auth_header != NULL) + (o->users != NULL);

	/* A proxy's word and a file of its roles go together. */
	if (o->auth_header != NULL && o->users != NULL)
		count--;
	if (count > 1)
		qt_die(QT_EXIT_USAGE, "choose one of -c, -H, --users and "
		    "--no-login (-H goes with --users, which then has the "
		    "roles)");
	if (o->auth_header != NULL)
		o->login = LOGIN_HEADER;
	else if (o->users != NULL)
		o->login = LOGIN_PASSWORD;
	else if (o->credential != NULL)
		o->login = LOGIN_BASIC;
}

void
options_check_safety(const struct options *o)
{
	if (o->is_local)
		return;
	if (o->login == LOGIN_NONE)
		qt_die(QT_EXIT_USAGE, "--no-login on '%s' would give a shell "
		    "to everybody who can reach it: use --users, -c, or a "
		    "proxy that logs people in and -H", o->where);
	if (o->is_tls || o->is_insecure)
		return;
	if (o->login == LOGIN_TOKEN || o->login == LOGIN_PASSWORD)
		qt_die(QT_EXIT_USAGE, "on '%s' the login would cross the "
		    "network in clear: use TLS (-S -C CERT -K KEY), stay on "
		    "127.0.0.1 and come by ssh -L %u:127.0.0.1:%u, or say "
		    "--insecure", o->where, o->port, o->port);
	if (o->login == LOGIN_BASIC)
		qt_warn("the password will cross the network in clear; use "
		    "TLS: -S -C CERT -K KEY");
}

static void
check_tls(struct options *o)
{
	if (o->cert != NULL || o->key != NULL)
		o->is_tls = 1;
	if (!o->is_tls)
		return;
	if (o->cert == NULL || o->key == NULL)
		qt_die(QT_EXIT_USAGE, "TLS needs a certificate and its key: "
		    "-C FILE -K FILE");
	if (o->is_unix)
		qt_die(QT_EXIT_USAGE, "no TLS on a Unix socket");
}

/* Workers go elsewhere: names are made absolute while we are here. */
static const char *
absolute(const char *opt, const char *path, int is_folder)
{
	char		*full = realpath(path, NULL);
	struct stat	 st;

	if (full == NULL || stat(full, &st) < 0)
		qt_die(QT_EXIT_SYS, "%s '%s': %s", opt, path, strerror(errno));
	if (is_folder != S_ISDIR(st.st_mode))
		qt_die(QT_EXIT_SYS, "%s '%s': %s", opt, path,
		    is_folder ? "not a folder" : "a folder");
	return full;
}

static void
check_header(const struct options *o)
{
	size_t	len = strlen(o->auth_header);

	if (len == 0 || len > 64 || strspn(o->auth_header,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
	    != len)
		qt_die(QT_EXIT_USAGE, "-H '%s': the name of a header",
		    o->auth_header);
}

void
options_check(struct options *o)
{
	choose_login(o);
	check_tls(o);
	options_check_safety(o);
	if (o->auth_header != NULL)
		check_header(o);
	if (o->socket_owner != NULL && !o->is_unix)
		qt_die(QT_EXIT_USAGE, "-U is for Unix sockets: -i unix:PATH");
	if (o->users != NULL)
		o->users = absolute("--users", o->users, 0);
	if (o->index != NULL)
		o->index = absolute("-I", o->index, 0);
	if (o->cwd != NULL)
		o->cwd = absolute("-w", o->cwd, 1);
	if (o->cert != NULL) {
		o->cert = absolute("-C", o->cert, 0);
		o->key = absolute("-K", o->key, 0);
	}
	if (o->client_ca != NULL)
		o->client_ca = absolute("-A", o->client_ca, 0);
	if (o->client_options.len == 0 &&
	    qt_buf_add(&o->client_options, "{}", 2) < 0)
		qt_die(QT_EXIT_SYS, "out of memory");
}
