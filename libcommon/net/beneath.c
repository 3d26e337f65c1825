/* SPDX-License-Identifier: Apache-2.0 */
/* Opening files that must lie beneath a folder. See beneath_priv.h. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/openat2.h>

#include "beneath_priv.h"

#define FLAGS	(O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define TRIES	3	/* of a lookup that raced with a rename */

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

int
qt__net_open_beneath_walk(int dirfd, const char *path)
{
	char	 name[256];
	int	 at = dirfd, fd = -1, rc = -ENOENT;
	size_t	 len;

	while (*path == '/')
		path++;
	for (; *path != '\0'; path += len) {
		while (*path == '/')
			path++;
		len = strcspn(path, "/");
		if (len == 0)
			break;
		if (len >= sizeof(name)) {
			rc = -ENAMETOOLONG;
			goto out;
		}
		memcpy(name, path, len);
		name[len] = '\0';
		if (strcmp(name, "..") == 0) {
			rc = -EXDEV;
			goto out;
		}
		fd = openat(at, name, FLAGS | O_NOFOLLOW |
		    (path[len] == '/' ? O_DIRECTORY : 0));
		if (fd < 0) {
			rc = -errno;
			goto out;
		}
		if (at != dirfd)
			close(at);
		at = fd;
	}
	return at != dirfd ? at : rc;
out:
	if (at != dirfd)
		close(at);
	return rc;
}

int
qt__net_open_beneath(int dirfd, const char *path)
{
	struct open_how	how = {
		.flags = FLAGS,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
		    RESOLVE_NO_MAGICLINKS,
	};
	long		fd;

	for (int i = 0; i < TRIES; i++) {
		fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN && errno != EINTR)
			break;
	}
	/* Containers that do not know the call deny it with EPERM. */
	if (errno != ENOSYS && errno != EPERM && errno != EAGAIN)
		return -errno;
	return qt__net_open_beneath_walk(dirfd, path);
}
