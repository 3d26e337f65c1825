/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking in behind one's back. See freshen.h.
 *
 * The last time is that of a file beside the spools, "taken", which is touched
 * when all is done: so what was written while it was done is looked at once more,
 * in vain mostly. Two who come at once leave two processes, of which one takes
 * in, and the other ends at once.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/prog.h>
#include <qt/base/sys.h>
#include <qt/hist/spool.h>

#include "freshen.h"
#include "history.h"

#define TAKEN	"taken"

static bool
is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec :
	    a->tv_nsec > b->tv_nsec;
}

/* Whether one of a folder's spools was written to since. */
static bool
has_news(const char *folder, const struct timespec *since)
{
	DIR		*d = opendir(folder);
	struct dirent	*e;
	struct stat	 st;
	bool		 has = false;

	if (d == NULL)
		return false;
	while (!has && (e = readdir(d)) != NULL)
		has = qt_hist_spool_is_name(e->d_name) && fstatat(dirfd(d), e->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		    is_later(&st.st_mtim, since);
	closedir(d);
	return has;
}

static void
touch(const char *path)
{
	int	fd = qt_sys_open(AT_FDCWD, path, O_WRONLY | O_CREAT |
	    O_NOFOLLOW, 0600);

	if (fd < 0)
		return;
	(void)futimens(fd, NULL);
	close(fd);
}

/* Nothing of the caller's is open: who reads what it prints sees its end. */
static void
leave(void)
{
	int	fd = qt_sys_open(AT_FDCWD, "/dev/null", O_RDWR, 0);

	for (int i = 0; i <= STDERR_FILENO; i++)
		if (fd >= 0)
			(void)dup2(fd, i);
		else
			close(i);
	(void)close_range(STDERR_FILENO + 1, ~0u, 0);
	(void)setsid();
	(void)!chdir("/");
	(void)signal(SIGHUP, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
}

static _Noreturn void
take_in(const char *taken)
{
	/* The one who waits is let go; this one is nobody's child. */
	if (fork() != 0)
		_exit(0);
	leave();
	history_close(history_open());
	touch(taken);
	_exit(0);
}

void
freshen(void)
{
	char		spools[QT_PATH_SIZE], spare[QT_PATH_SIZE];
	char		taken[QT_PATH_SIZE + sizeof(TAKEN)];
	struct stat	st = { 0 };
	pid_t		pid;

	if (history_folder(spools, "spool", NULL) < 0)
		return;
	snprintf(taken, sizeof(taken), "%s/%s", spools, TAKEN);
	(void)stat(taken, &st);
	if (!has_news(spools, &st.st_mtim) &&
	    (history_spare_folder(spare, NULL) < 0 ||
	    !has_news(spare, &st.st_mtim)))
		return;
	qt_prog_flush();
	pid = fork();
	if (pid == 0)
		take_in(taken);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}
