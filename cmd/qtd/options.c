/* SPDX-License-Identifier: Apache-2.0 */
/* The options of qtd and their order: qt.conf, environment, flags. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <qt/base/conf.h>
#include <qt/base/log.h>
#include <qt/base/prog.h>

#include "options.h"

#ifndef QT_VERSION
#define QT_VERSION "unknown"
#endif

enum {
	OPT_WORKERS = 256, OPT_USERS, OPT_AUDIT, OPT_NO_LOGIN, OPT_READ_ONLY,
	OPT_INSECURE, OPT_HOST, OPT_ORIGIN, OPT_HTTPS, OPT_UPLOAD_MAX,
	OPT_NO_FILES, OPT_READER_FILES,
};

static const struct qt_opt opts[] = {
	{ 'p', "port", "PORT", "port, 0 for any free one (7681)" },
	{ 'i', "interface", "WHERE", "address, interface or unix:PATH "
	    "(127.0.0.1)" },
	{ 'U', "socket-owner", "OWNER", "whose the Unix socket is: USER[:GROUP]" },
	{ '6', "ipv6", NULL, "listen on IPv6 too, or [::1]" },
	{ OPT_WORKERS, "workers", "N", "worker processes (1)" },
	{ 'b', "base-path", "PATH", "the page's path, behind a proxy" },
	{ 'c', "credential", "USER:PASS", "HTTP Basic; @FILE reads it there" },
	{ OPT_USERS, "users", "FILE", "log in by name, see qtd user" },
	{ 'H', "auth-header", "NAME", "a proxy says by NAME who it is" },
	{ OPT_NO_LOGIN, "no-login", NULL, "anybody who gets here may (local "
	    "only)" },
	{ OPT_READ_ONLY, "read-only", NULL, "nobody may type" },
	{ 'W', "writable", NULL, "may type: the default here" },
	{ OPT_AUDIT, "audit", "FILE", "log who did what, JSON lines; - is "
	    "stderr" },
	{ 'O', "check-origin", NULL, "the default here" },
	{ OPT_HOST, "host", "NAME", "another name of this server" },
	{ OPT_ORIGIN, "origin", "URL", "other pages that may talk to it" },
	{ OPT_HTTPS, "https", NULL, "a proxy in front speaks TLS" },
	{ OPT_INSECURE, "insecure", NULL, "logins may cross a network in "
	    "clear" },
	{ 'S', "ssl", NULL, "TLS; needs -C and -K" },
	{ 'C', "ssl-cert", "FILE", "certificate chain, PEM" },
	{ 'K', "ssl-key", "FILE", "its key, PEM" },
	{ 'A', "ssl-ca", "FILE", "clients need a certificate of this CA" },
	{ 'u', "uid", "USER", "become this user first" },
	{ 'g', "gid", "GROUP", "and this group" },
	{ 's', "signal", "SIGNAL", "ends what a tty client leaves (HUP)" },
	{ 'w', "cwd", "FOLDER", "where commands start" },
	{ 'a', "url-arg", NULL, "?arg=X of the address becomes an argument" },
	{ 'T', "terminal-type", "TERM", "TERM of commands (xterm-256color)" },
	{ 't', "client-option", "KEY=VAL", "a setting for the page" },
	{ 'I', "index", "FILE", "another page" },
	{ 'm', "max-clients", "N", "at most so many, 0 for any (0)" },
	{ 'o', "once", NULL, "serve one client, then exit" },
	{ 'q', "exit-no-conn", NULL, "exit when the last client leaves" },
	{ 'B', "browser", NULL, "open the page in a browser here" },
	{ 'P', "ping-interval", "SECONDS", "between pings, 0 for none (30)" },
	{ 'f', "srv-buf-size", "BYTES", "not needed here" },
	{ OPT_UPLOAD_MAX, "upload-max", "SIZE", "longest file taken, 0 for "
	    "none (1G)" },
	{ OPT_NO_FILES, "no-files", NULL, "no uploads and no downloads" },
	{ OPT_READER_FILES, "reader-files", NULL, "readers may download" },
	{ 'd', "debug", "LEVEL", "0 is quiet, 7 the default, 15 all" },
	{ 'v', "version", NULL, "print the version" },
	{ 'V', NULL, NULL, "the same" },
	{ 'h', "help", NULL, "print this" },
	{ 0, NULL, NULL, NULL },
};

static const struct qt_verb serve_verb = {
	"qtd", NULL, "[--] [command [argument ...]]",
	"Serves your terminals to a browser. Without a command, the login "
	"shell.\n\n"
	"  link    print another login link of a running qtd\n"
	"  user    edit a file of users, for --users", opts
};

/* What -i and -6 said, until both are known. */
static const char	*where_value;
static int		 is_6;

const char *
login_kind_name(enum login_kind kind)
{
	static const char *const names[] = {
		"token", "password", "basic", "header", "none"
	};

	return names[kind];
}

static void
set_debug(const char *value)
{
	unsigned long	level = qt_opt_ulong("-d", value, 0, 65535);

	/* ttyd's bits: 1 errors, 2 warnings, 4 notices, 8 and up debugging. */
	if (level >= 8)
		qt_log_level(QT_LOG_DEBUG);
	else if (level < 2)
		qt_log_level(QT_LOG_ERROR);
	else if (level < 4)
		qt_log_level(QT_LOG_WARN);
}

static void
add_to(const char **list, const char *opt, const char *value)
{
	size_t	n = 0;

	while (list[n] != NULL)
		n++;
	if (n == LIST_MAX)
		qt_die(QT_EXIT_USAGE, "more than %d times %s", LIST_MAX, opt);
	list[n] = value;
}

/* Options that take no value. 1 when it was one of them. */
static int
set_flag(struct options *o, int id)
{
	switch (id) {
	case '6': is_6 = 1; break;
	case 'W': case 'O': break;
	case 'S': o->is_tls = 1; break;
	case 'a': o->is_url_arg = 1; break;
	case 'o': o->is_once = 1; break;
	case 'q': o->is_exit_no_conn = 1; break;
	case 'B': o->is_browser = 1; break;
	case OPT_NO_LOGIN: o->login = LOGIN_NONE; break;
	case OPT_READ_ONLY: o->is_readonly = 1; break;
	case OPT_INSECURE: o->is_insecure = 1; break;
	case OPT_HTTPS: o->is_https = 1; break;
	case OPT_NO_FILES: o->is_no_files = 1; break;
	case OPT_READER_FILES: o->is_reader_files = 1; break;
	default: return 0;
	}
	return 1;
}

static void
set_value(struct options *o, int id, const char *v)
{
	switch (id) {
	case 'p': o->port = (unsigned int)qt_opt_ulong("-p", v, 0, 65535);
		break;
	case 'i': where_value = v; break;
	case 'U': o->socket_owner = v; break;
	case OPT_WORKERS: o->workers = (unsigned int)qt_opt_ulong("--workers",
	    v, 1, WORKERS_MAX); break;
	case 'b': options_base(o, v); break;
	case 'c': options_credential(o, v); break;
	case OPT_USERS: o->users = v; break;
	case 'H': o->auth_header = v; break;
	case OPT_AUDIT: o->audit = v; break;
	case OPT_HOST: add_to(o->hosts, "--host", v); break;
	case OPT_ORIGIN: add_to(o->origins, "--origin", v); break;
	case 'C': o->cert = v; break;
	case 'K': o->key = v; break;
	case 'A': o->client_ca = v; break;
	case 'u': o->uid = options_uid(v); break;
	case 'g': o->gid = options_gid(v); break;
	case 's': o->signal = options_signal(v); break;
	case 'w': o->cwd = v; break;
	case 'T': o->term = v; break;
	case 't': options_client(o, v); break;
	case 'I': o->index = v; break;
	case 'm': o->clients_max = (unsigned int)qt_opt_ulong("-m", v, 0,
	    1000000); break;
	case 'P': o->ping_s = (unsigned int)qt_opt_ulong("-P", v, 0, 86400);
		break;
	case 'f': qt_opt_ulong("-f", v, 128, 1ul << 30); break;
	case OPT_UPLOAD_MAX: o->upload_max = qt_opt_size("--upload-max", v, 0,
	    1ul << 46); break;
	case 'd': set_debug(v); break;
	default: break;
	}
}

static int
is_yes(const char *key, const char *value)
{
	if (strcasecmp(value, "yes") == 0 || strcasecmp(value, "true") == 0 ||
	    strcasecmp(value, "on") == 0 || strcmp(value, "1") == 0)
		return 1;
	if (strcasecmp(value, "no") != 0 && strcasecmp(value, "false") != 0 &&
	    strcasecmp(value, "off") != 0 && strcmp(value, "0") != 0)
		qt_die(QT_EXIT_USAGE, "%s '%s': yes or no", key, value);
	return 0;
}

static int
is_setting(const struct qt_opt *opt)
{
	return opt->name != NULL && opt->id != 'h' && opt->id != 'v';
}

/* Each setting, as if its option had come before all others. */
static void
read_conf(struct options *o, const struct qt_conf *conf)
{
	char		 key[64];
	const char	*value;

	for (const struct qt_opt *opt = opts; opt->id != 0; opt++) {
		if (!is_setting(opt))
			continue;
		snprintf(key, sizeof(key), "qtd.%s", opt->name);
		value = qt_conf_str(conf, key, NULL);
		if (value == NULL)
			continue;
		if (opt->arg != NULL)
			set_value(o, opt->id, value);
		else if (is_yes(key, value))
			set_flag(o, opt->id);
	}
}

static void
check_conf(const struct qt_conf *conf)
{
	static char	 keys[sizeof(opts) / sizeof(opts[0])][64];
	const char	*known[sizeof(opts) / sizeof(opts[0]) + 1] = { NULL };
	struct qt_err	 err = QT_ERR_INIT;
	size_t		 n = 0;

	for (const struct qt_opt *opt = opts; opt->id != 0; opt++) {
		if (!is_setting(opt))
			continue;
		snprintf(keys[n], sizeof(keys[n]), "qtd.%s", opt->name);
		known[n] = keys[n];
		n++;
	}
	if (qt_conf_check(conf, "qtd", known, &err) < 0)
		qt_die(QT_EXIT_SYS, "%s", err.text);
}

/* The command as people type it, for titles. */
static char *
join(char **argv)
{
	struct qt_buf	buf = QT_BUF_INIT;
	int		rc = qt_buf_add(&buf, "", 0);

	for (size_t i = 0; argv != NULL && argv[i] != NULL && rc == 0; i++)
		rc = qt_buf_addf(&buf, "%s%s", i > 0 ? " " : "", argv[i]);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "out of memory");
	return buf.data != NULL ? buf.data : strdup("");
}

/* -h and -V are answered first: a qt.conf that is wrong must not be in the way. */
static void
answer_questions(int argc, char **argv)
{
	struct qt_opts	it = QT_OPTS_INIT(&serve_verb, argc, argv);
	int		id;

	while ((id = qt_opts_next(&it)) != 0) {
		if (id == 'h') {
			qt_help(&serve_verb);
			exit(QT_EXIT_OK);
		}
		if (id == 'v' || id == 'V') {
			printf("qtd %s\n", QT_VERSION);
			exit(QT_EXIT_OK);
		}
	}
}

void
options_parse(struct options *o, int argc, char **argv)
{
	static struct qt_conf	*conf;	/* kept: values are borrowed from it */
	struct qt_opts	 it = QT_OPTS_INIT(&serve_verb, argc, argv);
	struct qt_err	 err = QT_ERR_INIT;
	int		 id;

	answer_questions(argc, argv);
	memset(o, 0, sizeof(*o));
	o->port = 7681;
	o->workers = 1;
	o->uid = (uid_t)-1;
	o->gid = (gid_t)-1;
	o->signal = options_signal("HUP");
	o->ping_s = 30;
	o->upload_max = UPLOAD_MAX_DEFAULT;
	options_base(o, "/");
	if (qt_conf_load(NULL, &conf, &err) < 0)
		qt_die(QT_EXIT_SYS, "%s", err.text);
	check_conf(conf);
	read_conf(o, conf);
	while ((id = qt_opts_next(&it)) != 0) {
		if (!set_flag(o, id))
			set_value(o, id, it.value);
	}
	if (argv[it.index] != NULL)
		o->command = argv + it.index;
	o->command_line = join(o->command);
	options_where(o, where_value, is_6);
	options_check(o);
}
