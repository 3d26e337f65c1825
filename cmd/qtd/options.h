/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_OPTIONS_H
#define QTD_OPTIONS_H

#include <stddef.h>
#include <sys/types.h>

#include <qt/base/buf.h>
#include <qt/base/path.h>
#include <qt/net/users.h>

/*
 * What the command line, the environment and qt.conf say, checked and made
 * ready to use: the same struct for the monitor and, after fork, its workers.
 *
 * Every long option is also a setting "qtd.NAME" of qt.conf.
 */
enum login_kind {
	LOGIN_TOKEN,		/* one-time links */
	LOGIN_PASSWORD,		/* --users */
	LOGIN_BASIC,		/* -c */
	LOGIN_HEADER,		/* -H */
	LOGIN_NONE,		/* --no-login */
};
/* "token", "password", "basic", "header", "none": as the page reads it. */
const char *login_kind_name(enum login_kind kind);

#define WORKERS_MAX	64
#define LIST_MAX	32	/* --host, --origin: at most so many */
#define UPLOAD_MAX_DEFAULT (1ul << 30)

struct options {
	/* where it listens */
	char		 where[256];	/* for qt_net_bind */
	unsigned int	 port;
	int		 is_unix, is_local;	/* no other machine gets there */
	const char	*socket_owner;	/* USER or USER:GROUP, or NULL */
	unsigned int	 workers;
	char		 base[128];	/* begins and ends with '/' */
	const char	*cert, *key, *client_ca;
	int		 is_tls;
	const char	*hosts[LIST_MAX + 1], *origins[LIST_MAX + 1];
	int		 is_https;	/* a proxy in front speaks TLS */

	/* who may come in */
	enum login_kind	 login;
	const char	*users;		/* file, absolute */
	char		*credential;	/* USER:PASS */
	const char	*auth_header;
	const char	*audit;
	int		 is_insecure;
	int		 is_readonly;

	/* what runs */
	char		**command;	/* NULL: the login shell */
	char		*command_line;	/* for people; "" without a command */
	uid_t		 uid;		/* -1: stay */
	gid_t		 gid;
	int		 signal;
	const char	*cwd;		/* absolute, or NULL */
	const char	*term;		/* or NULL: the host's default */
	int		 is_url_arg;

	/* the page and the rest */
	const char	*index;		/* file, or NULL */
	struct qt_buf	 client_options; /* a JSON object */
	unsigned int	 clients_max;	/* 0: any */
	int		 is_once, is_exit_no_conn, is_browser;
	unsigned int	 ping_s;	/* 0: none */
	unsigned long	 upload_max;	/* 0: no uploads */
	int		 is_no_files, is_reader_files;
};

/*
 * Reads all of it; exits with a message when it makes no sense (2), or a file
 * that it names cannot be read (3). argv[0] is the program.
 */
void	options_parse(struct options *o, int argc, char **argv);

/* options_check.c: what only makes sense together. Exits likewise. */
void	options_check(struct options *o);
/* Exits when where it listens and how people log in do not go together. */
void	options_check_safety(const struct options *o);

/* options_values.c: the pieces of single values, exiting with 2 or 3. */
void	options_where(struct options *o, const char *value, int is_6);
void	options_base(struct options *o, const char *value);
void	options_credential(struct options *o, const char *value);
void	options_client(struct options *o, const char *value);
int	options_signal(const char *value);
uid_t	options_uid(const char *value);
gid_t	options_gid(const char *value);

#endif /* QTD_OPTIONS_H */
