/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a history to change. See watch.h. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <qt/base/prog.h>

#include "history.h"
#include "watch.h"

#define SETTLE_MS	20	/* a record is written in pieces */
#define SETTLE_MAX	10u	/* times in a row */
#define AGAIN_MS	200
#define LOOK_MS		1000	/* without inotify */

static volatile sig_atomic_t	is_over;
static sigset_t			normal;		/* signals, while we wait */

static void
end(int sig)
{
	(void)sig;
	is_over = 1;
}

void
watch_open(struct watch *w)
{
	static const int	ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction	sa = { .sa_handler = end };
	sigset_t		blocked;

	*w = (struct watch){ .fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK) };
	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		/* Ignored by who started us (nohup): so it stays. */
		struct sigaction	was;

		if (sigaction(ends[i], NULL, &was) < 0 ||
		    was.sa_handler == SIG_IGN)
			continue;
		(void)sigaction(ends[i], &sa, NULL);
		sigaddset(&blocked, ends[i]);
	}
	(void)sigprocmask(SIG_BLOCK, &blocked, &normal);
}

void
watch_close(struct watch *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

static void
add(struct watch *w, const char *folder)
{
	if (w->fd < 0 || inotify_add_watch(w->fd, folder, IN_MODIFY |
	    IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF |
	    IN_ONLYDIR) >= 0)
		return;
	/* Not while one of them would not be seen. */
	close(w->fd);
	w->fd = -1;
}

void
watch_renew(struct watch *w)
{
	char	path[QT_PATH_SIZE], log[QT_PATH_SIZE + 8];

	if (history_folder(path, "spool", NULL) == 0)
		add(w, path);
	if (history_spare_folder(path, NULL) == 0)
		add(w, path);
	if (history_folder(path, "store", NULL) == 0) {
		snprintf(log, sizeof(log), "%s/wal", path);
		/* Who has not opened it yet makes it. */
		add(w, access(log, F_OK) == 0 ? log : path);
	}
}

/* All that is known by now. */
static void
drain(struct watch *w)
{
	char	events[4096];

	while (read(w->fd, events, sizeof(events)) > 0)
		continue;
}

/* 1: changed; 0: not in that time; -EINTR; -EPIPE. */
static int
wait_for(struct watch *w, int ms)
{
	struct pollfd	p[2] = { { w->fd, POLLIN, 0 },
	    { STDOUT_FILENO, 0, 0 } };
	struct timespec	t = { ms / 1000, ms % 1000 * 1000000L };
	int		n;

	if (is_over)
		return -EINTR;
	n = ppoll(p, 2, ms < 0 ? NULL : &t, &normal);
	if (n < 0)
		return -errno;
	if (p[1].revents & (POLLERR | POLLHUP))
		return -EPIPE;
	if (n == 0)
		return 0;
	drain(w);
	return 1;
}

int
watch_wait(struct watch *w, bool has_told)
{
	int	ms = w->fd < 0 ? LOOK_MS : -1, rc;

	w->is_due = !has_told && !w->is_due;
	if (w->is_due && w->fd >= 0)
		ms = AGAIN_MS;
	do {
		rc = wait_for(w, ms);
	} while (rc == -EINTR && !is_over);
	if (rc == 1)
		w->is_due = false;
	for (unsigned int i = 0; rc == 1 && i < SETTLE_MAX; i++)
		rc = wait_for(w, SETTLE_MS);
	if (is_over)
		return 0;
	return rc == -EPIPE ? rc : 1;
}
