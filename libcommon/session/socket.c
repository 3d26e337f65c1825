/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A listening SOCK_SEQPACKET that appears complete: bound under a name of its
 * own, listening, and then renamed over whatever a dead host left. So whoever
 * sees the socket can connect to it.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "socket_priv.h"

#define BACKLOG 511

/* -ENAMETOOLONG, naming the path. */
static int
set_addr(const char *path, struct sockaddr_un *out, struct qt_err *err)
{
	size_t	len = strlen(path);

	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (len >= sizeof(out->sun_path)) {
		qt_err_set(err, "socket '%s': the path is longer than %zu "
		    "bytes; choose a shorter QT_RUNTIME_DIR", path,
		    sizeof(out->sun_path) - 1);
		return -ENAMETOOLONG;
	}
	memcpy(out->sun_path, path, len + 1);
	return 0;
}

int
qt__socket_listen(const char *path, struct qt_err *err)
{
	struct sockaddr_un	addr;
	char			temp[sizeof(addr.sun_path) + 8];
	int			fd, rc;

	snprintf(temp, sizeof(temp), "%s.new", path);
	rc = set_addr(temp, &addr, err);
	if (rc < 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		rc = -errno;
		qt_err_set(err, "make a socket");
		return rc;
	}
	(void)unlink(temp);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    chmod(temp, 0600) < 0 || listen(fd, BACKLOG) < 0 ||
	    rename(temp, path) < 0) {
		rc = -errno;
		qt_err_set(err, "listen on '%s'", path);
		(void)unlink(temp);
		close(fd);
		return rc;
	}
	return fd;
}

int
qt__socket_connect(const char *path, struct qt_err *err)
{
	struct sockaddr_un	addr;
	int			fd, rc;

	rc = set_addr(path, &addr, err);
	if (rc < 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		rc = -errno;
		qt_err_set(err, "make a socket");
		return rc;
	}
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		rc = -errno;
		qt_err_set(err, "connect to '%s'", path);
		close(fd);
		return rc;
	}
	return fd;
}
