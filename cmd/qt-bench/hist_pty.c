/* SPDX-License-Identifier: Apache-2.0 */
/* Programs in terminals of their own: see hist_rows.h. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>

#include "hist_rows.h"

#define WAIT_MS		10000u
#define ROWS		24
#define COLUMNS		80

extern char	**environ;

/* The first terminal that a new session opens is its own. */
void
hist_pty_open(struct hist_pty *p, char *const *argv)
{
	struct winsize			size = { .ws_row = ROWS,
	    .ws_col = COLUMNS };
	posix_spawn_file_actions_t	files;
	posix_spawnattr_t		attr;
	char				name[64];
	int				rc;

	p->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (p->fd < 0 || grantpt(p->fd) < 0 || unlockpt(p->fd) < 0 ||
	    ptsname_r(p->fd, name, sizeof(name)) != 0 ||
	    ioctl(p->fd, TIOCSWINSZ, &size) < 0)
		qt_die(QT_EXIT_SYS, "open a terminal: %s", strerror(errno));
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, name, O_RDWR,
	    0);
	posix_spawn_file_actions_adddup2(&files, STDIN_FILENO, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, STDIN_FILENO, STDERR_FILENO);
	/* Whatever we run in: the picker does not work in a "dumb" one. */
	setenv("TERM", "xterm-256color", 1);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID);
	rc = posix_spawnp(&p->pid, argv[0], &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	if (rc != 0)
		qt_die(QT_EXIT_SYS, "run '%s': %s", argv[0], strerror(rc));
}

void
hist_pty_send(const struct hist_pty *p, const char *text)
{
	size_t	len = strlen(text);

	while (len > 0) {
		ssize_t	n = write(p->fd, text, len);

		if (n < 0 && errno != EINTR)
			qt_die(QT_EXIT_SYS, "type into a terminal: %s",
			    strerror(errno));
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
}

int
hist_pty_wait(const struct hist_pty *p, const char *text)
{
	struct pollfd	pfd = { .fd = p->fd, .events = POLLIN };
	uint64_t	deadline = qt_clock_mono_ms() + WAIT_MS, now;
	size_t		keep = strlen(text) - 1, have = 0;
	char		data[8192];
	ssize_t		n;

	while ((now = qt_clock_mono_ms()) < deadline) {
		if (poll(&pfd, 1, (int)(deadline - now)) <= 0)
			continue;
		n = read(p->fd, data + have, sizeof(data) - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		have += (size_t)n;
		if (memmem(data, have, text, keep + 1) != NULL)
			return 0;
		/* Its beginning may be the end of this. */
		if (have > keep) {
			memmove(data, data + have - keep, keep);
			have = keep;
		}
	}
	return -1;
}

void
hist_pty_close(struct hist_pty *p)
{
	if (p->pid <= 0)
		return;
	kill(p->pid, SIGKILL);
	close(p->fd);
	while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
}
