/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two protocols of a service manager, by hand: sd_listen_fds(3) and
 * sd_notify(3), each as their manual pages describe the wire.
 */

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host_priv.h"

#define FIRST_FD 3

/* Is this a socket of ours to listen on? */
static int
is_listening(int fd)
{
	int		type = 0, listens = 0;
	socklen_t	len = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 ||
	    type != SOCK_SEQPACKET)
		return 0;
	len = sizeof(int);
	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 &&
	    listens;
}

/* The socket that was passed for us, or -ENOENT. */
int
qt__notify_listen_fd(void)
{
	const char	*pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	long		 count;

	if (pid == NULL || fds == NULL || strtol(pid, NULL, 10) != getpid())
		return -ENOENT;
	count = strtol(fds, NULL, 10);
	for (int fd = FIRST_FD; fd < FIRST_FD + count && count < 64; fd++) {
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		if (!is_listening(fd))
			continue;
		(void)fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
		return fd;
	}
	return -ENOENT;
}

void
qt__notify(const char *text)
{
	const char		*path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un	 addr = { .sun_family = AF_UNIX };
	size_t			 len;
	int			 fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@'))
		return;
	len = strlen(path);
	if (len >= sizeof(addr.sun_path))
		return;
	memcpy(addr.sun_path, path, len);
	if (path[0] == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
	    (struct sockaddr *)&addr,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}
