/* SPDX-License-Identifier: Apache-2.0 */
/* qtd user: edits the file that --users reads. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <qt/base/err.h>
#include <qt/net/users.h>

#include "verbs.h"

#define PASSWORD_SIZE	512

static int	user_main(int argc, char **argv);

static const struct qt_opt opts[] = {
	{ 'r', "role", "ROLE", "admin, writer (the default) or reader" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb user_verb = {
	"user", user_main, "add|del|ls|passwd|role FILE [NAME]",
	"Edits a file of users. Passwords are asked for, or read as a line\n"
	"from standard input when that is no terminal. A running qtd notices "
	"by itself.", opts
};

static void
die(int rc, const struct qt_err *err)
{
	if (rc == -EINVAL)
		qt_die(QT_EXIT_SYS, "%s", err->text);
	qt_die(rc == -ENOENT || rc == -EEXIST ? QT_EXIT_NO : QT_EXIT_SYS,
	    "%s: %s", err->text, qt_strerror(rc));
}

/* A line without its end. 0 at the end of input, -1 when it is too long. */
static int
read_line(char *out, size_t size, size_t *len)
{
	int	c;

	*len = 0;
	while ((c = getchar()) != EOF && c != '\n') {
		if (*len == size)
			return -1;
		out[(*len)++] = (char)c;
	}
	return c != EOF || *len > 0;
}

/* The terminal as it was, while a password is typed. */
static struct termios	old;

/* Ctrl-C at the prompt must not leave a terminal without echo. */
static void
on_signal(int number)
{
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
	(void)raise(number);
}

static size_t
ask_tty(const char *prompt, char *out)
{
	static const int	ends[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };
	struct sigaction	sa = { .sa_handler = on_signal,
	    .sa_flags = (int)(SA_RESETHAND | SA_NODEFER) };
	struct termios	quiet;
	size_t		len;
	int		rc;

	if (tcgetattr(STDIN_FILENO, &old) < 0)
		qt_die(QT_EXIT_SYS, "terminal: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		(void)sigaction(ends[i], &sa, NULL);
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	fprintf(stderr, "%s: ", prompt);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	rc = read_line(out, PASSWORD_SIZE, &len);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
	fputc('\n', stderr);
	if (rc <= 0)
		qt_die(QT_EXIT_SYS, "no password was given");
	return len;
}

static size_t
read_password(char *out)
{
	char		again[PASSWORD_SIZE];
	struct qt_err	err = QT_ERR_INIT;
	size_t		len, n;
	int		rc;

	if (!isatty(STDIN_FILENO)) {
		rc = read_line(out, PASSWORD_SIZE, &len);
		if (rc == 0)
			qt_die(QT_EXIT_SYS, "no password on standard input");
		if (rc < 0)
			len = PASSWORD_SIZE;	/* refused below */
	} else {
		len = ask_tty("Password", out);
		n = ask_tty("Again", again);
		if (n != len || memcmp(out, again, n) != 0)
			qt_die(QT_EXIT_NO, "the two are not the same");
		explicit_bzero(again, sizeof(again));
	}
	if (qt_net_password_check(out, len, &err) < 0)
		qt_die(QT_EXIT_SYS, "%s", err.text);
	return len;
}

static int
list(const char *path)
{
	struct qt_net_users		*users;
	const struct qt_net_account	*a;
	struct qt_err			 err = QT_ERR_INIT;
	int				 rc;

	rc = qt_net_users_open(path, &users, &err);
	if (rc < 0)
		die(rc, &err);
	for (size_t i = 0; (a = qt_net_users_at(users, i)) != NULL; i++)
		printf("%s\t%s\n", a->name, qt_net_role_name(a->role));
	qt_net_users_close(users);
	return QT_EXIT_OK;
}

static int
edit(const char *verb, const char *path, const char *name,
    enum qt_net_role role)
{
	char		password[PASSWORD_SIZE];
	struct qt_err	err = QT_ERR_INIT;
	size_t		len;
	int		rc;

	if (strcmp(verb, "del") == 0) {
		rc = qt_net_users_del(path, name, &err);
	} else if (strcmp(verb, "role") == 0) {
		rc = qt_net_users_set_role(path, name, role, &err);
	} else {
		len = read_password(password);
		rc = strcmp(verb, "add") == 0 ?
		    qt_net_users_add(path, name, role, password, len, &err) :
		    qt_net_users_passwd(path, name, password, len, &err);
		explicit_bzero(password, sizeof(password));
	}
	if (rc < 0)
		die(rc, &err);
	return QT_EXIT_OK;
}

static int
user_main(int argc, char **argv)
{
	struct qt_opts	 it = QT_OPTS_INIT(&user_verb, argc, argv);
	const char	*verb;
	enum qt_net_role role = QT_NET_ROLE_WRITER;
	int		 is_role = 0;

	/* Options may stand before or behind the verb. */
	while (qt_opts_next(&it) != 0) {
		role = qt_net_role_parse(it.value);
		is_role = 1;
	}
	argc -= it.index;
	argv += it.index;
	verb = argc > 0 ? argv[0] : "";
	if (argc > 1 && argv[1][0] == '-') {
		struct qt_opts	more = QT_OPTS_INIT(&user_verb, argc, argv);

		while (qt_opts_next(&more) != 0) {
			role = qt_net_role_parse(more.value);
			is_role = 1;
		}
		argc -= more.index - 1;
		argv += more.index - 1;
	}
	if (role == QT_NET_ROLE_NONE)
		qt_die(QT_EXIT_USAGE, "a role is admin, writer or reader");
	if (strcmp(verb, "ls") == 0 && argc == 2)
		return list(argv[1]);
	if ((strcmp(verb, "add") == 0 || strcmp(verb, "del") == 0 ||
	    strcmp(verb, "passwd") == 0 ||
	    (strcmp(verb, "role") == 0 && is_role)) && argc == 3)
		return edit(verb, argv[1], argv[2], role);
	qt_usage(&user_verb);
}
