/* SPDX-License-Identifier: Apache-2.0 */
/* qtd link: another login link of a running qtd. The other end is control.c. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <qt/base/path.h>

#include "monitor.h"
#include "verbs.h"

#define ANSWER_MAX 1024

static int	link_main(int argc, char **argv);

static const struct qt_opt opts[] = {
	{ 'p', "port", "PORT", "of the qtd that is meant, when several run" },
	{ 'i', "interface", "unix:PATH", "or its Unix socket" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb link_verb = {
	"link", link_main, "", "Prints another login link of a running qtd: "
	"it logs in once, within the hour.", opts
};

/* The answer of the qtd behind a control socket, or NULL. */
static char *
ask(const char *path)
{
	static char		answer[ANSWER_MAX];
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };
	struct timeval		soon = { .tv_sec = 5 };
	ssize_t			n = -1;
	int			fd;

	if (strlen(path) >= sizeof(sun.sun_path))
		return NULL;
	strcpy(sun.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 &&
	    send(fd, "link", 4, MSG_NOSIGNAL) == 4)
		n = read(fd, answer, sizeof(answer) - 1);
	close(fd);
	if (n <= 0)
		return NULL;
	answer[n] = '\0';
	return answer;
}

static void
say(const char *answer)
{
	if (answer[0] == '!')
		qt_die(QT_EXIT_SYS, "%s", answer + 1);
	printf("%s\n", answer);
}

static int
is_ours(const struct dirent *e)
{
	size_t	len = strlen(e->d_name);

	return strncmp(e->d_name, "qtd", 3) == 0 &&
	    (e->d_name[3] == '.' || e->d_name[3] == '-') && len > 5 &&
	    strcmp(e->d_name + len - 5, ".sock") == 0;
}

/* The only one that runs; with several, none. */
static int
ask_any(const char *runtime)
{
	char		 path[QT_PATH_SIZE], found[ANSWER_MAX] = "";
	char		*answer;
	int		 count = 0;
	struct dirent	*e;
	DIR		*dir = opendir(runtime);

	while (dir != NULL && (e = readdir(dir)) != NULL) {
		if (!is_ours(e) || (size_t)snprintf(path, sizeof(path),
		    "%s/%s", runtime, e->d_name) >= sizeof(path))
			continue;
		answer = ask(path);
		if (answer == NULL)
			continue;
		count++;
		snprintf(found, sizeof(found), "%s", answer);
	}
	if (dir != NULL)
		closedir(dir);
	if (count == 0)
		qt_die(QT_EXIT_NO, "no qtd runs in '%s'", runtime);
	if (count > 1)
		qt_die(QT_EXIT_USAGE, "%d qtd run here: say which by -p PORT "
		    "or -i unix:PATH", count);
	say(found);
	return QT_EXIT_OK;
}

static int
link_main(int argc, char **argv)
{
	struct qt_opts	 it = QT_OPTS_INIT(&link_verb, argc, argv);
	struct options	 o = { 0 };
	struct qt_err	 err = QT_ERR_INIT;
	char		 runtime[QT_PATH_SIZE], name[32], file[64];
	char		 path[QT_PATH_SIZE];
	char		*answer;
	int		 id, is_named = 0;

	while ((id = qt_opts_next(&it)) != 0) {
		is_named = 1;
		if (id == 'p')
			o.port = (unsigned int)qt_opt_ulong("-p", it.value, 1,
			    65535);
		else
			options_where(&o, it.value, 0);
	}
	if (argv[it.index] != NULL)
		qt_usage(&link_verb);
	if (qt_path_runtime(runtime, &err) < 0)
		qt_die(QT_EXIT_SYS, "%s", err.text);
	if (!is_named)
		return ask_any(runtime);
	monitor_name(&o, o.port, name);
	control_name(name, file);
	if (qt_path_in_runtime(file, path, &err) < 0)
		qt_die(QT_EXIT_SYS, "%s", err.text);
	answer = ask(path);
	if (answer == NULL)
		qt_die(QT_EXIT_NO, "no such qtd runs in '%s'", runtime);
	say(answer);
	return QT_EXIT_OK;
}
