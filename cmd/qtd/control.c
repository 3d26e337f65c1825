/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's own socket in the runtime folder, by which "qtd link" asks a
 * running qtd for another login link. The folder is ours alone (0700); the
 * other end's user is checked all the same.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>

#include "monitor.h"

#define ANSWER_MAX	1024
#define REST_MS		100

void
control_name(const char *name, char out[64])
{
	snprintf(out, 64, "%s.sock", name);
}

/* One monitor a name: the lock goes with the process, however it ends. */
static int
take_lock(struct monitor *m, struct qt_err *err)
{
	char	name[64], path[QT_PATH_SIZE];
	int	rc;

	snprintf(name, sizeof(name), "%s.lock", m->name);
	rc = qt_path_in_runtime(name, path, err);
	if (rc < 0)
		return rc;
	m->lock_fd = qt_sys_open(AT_FDCWD, path, O_RDWR | O_CREAT, 0600);
	if (m->lock_fd < 0) {
		qt_err_set(err, "open '%s'", path);
		return m->lock_fd;
	}
	rc = qt_sys_lock(m->lock_fd, F_WRLCK, 0, 1);
	if (rc == -EAGAIN) {
		qt_err_set(err, "another qtd serves here: it holds '%s'",
		    path);
		return -EBUSY;
	}
	return rc;
}

int
control_open(struct monitor *m, struct qt_err *err)
{
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };
	char			name[64];
	int			rc = take_lock(m, err);

	control_name(m->name, name);
	if (rc == 0)
		rc = qt_path_in_runtime(name, m->control_path, err);
	if (rc < 0)
		return rc;
	if (strlen(m->control_path) >= sizeof(sun.sun_path)) {
		qt_err_set(err, "'%s'", m->control_path);
		return -ENAMETOOLONG;
	}
	strcpy(sun.sun_path, m->control_path);
	unlink(m->control_path);	/* of a dead monitor: we have the lock */
	m->control_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (m->control_fd < 0 || bind(m->control_fd,
	    (struct sockaddr *)&sun, sizeof(sun)) < 0 ||
	    listen(m->control_fd, 16) < 0) {
		rc = -errno;
		qt_err_set(err, "listen on '%s'", m->control_path);
	}
	return rc;
}

/* "http://127.0.0.1:7681/#token=...": what a browser takes. */
static void
say_link(struct monitor *m, char *out, size_t size)
{
	char	url[512], token[QT_NET_TOKEN_SIZE];

	monitor_url(m, url, sizeof(url));
	if (m->opt->login != LOGIN_TOKEN)
		snprintf(out, size, "%s", url);
	else if (table_link(m, token) == 0)
		snprintf(out, size, "%s#token=%s", url, token);
	else
		snprintf(out, size, "!no room for another link");
}

/* When accept(2) fails for a reason that lasts the socket stays readable. */
static void
rest(struct monitor *m)
{
	m->control_ms = qt_clock_mono_ms() + REST_MS;
}

void
control_serve(struct monitor *m)
{
	struct ucred	who = { 0 };
	socklen_t	len = sizeof(who);
	char		ask[16], answer[ANSWER_MAX];
	struct timeval	soon = { .tv_sec = 1 };
	int		fd = qt_sys_accept(m->control_fd);
	ssize_t		n;

	if (fd < 0) {
		if (fd != -EAGAIN && fd != -ECONNABORTED)
			rest(m);
		return;
	}
	/* A client that says nothing holds us up for a second at most. */
	fcntl(fd, F_SETFL, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon));
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0 ||
	    (who.uid != geteuid() && who.uid != 0)) {
		close(fd);
		return;
	}
	n = qt_sys_read(fd, ask, sizeof(ask));
	if (n == 4 && memcmp(ask, "link", 4) == 0) {
		say_link(m, answer, sizeof(answer));
		(void)send(fd, answer, strlen(answer), MSG_NOSIGNAL);
	}
	close(fd);
}

void
control_close(struct monitor *m)
{
	if (m->control_fd >= 0) {
		close(m->control_fd);
		unlink(m->control_path);
	}
	m->control_fd = -1;
}
