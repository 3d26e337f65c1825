/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recv(2) of this program, also for libwebsockets: the dynamic linker resolves
 * the library's calls to the program's own function first. So every byte that
 * the library reads from one of our WebSockets passes frame_feed(), which
 * looks at the frames' heads; all other descriptors are read as ever.
 *
 * Why not otherwise: the library (4.1 to 4.3) has no callback that sees a
 * frame's mask bit, a socket pair in between would copy every byte twice, and
 * a test (tests/web/rfc6455.test.mjs) notices when this does not work.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ws_priv.h"

#define COUNT_MIN 256

static struct ws	**by_fd;
static size_t		  fd_count;

int
unmasked_watch(int fd, struct ws *ws)
{
	struct ws	**grown;
	size_t		  n = fd_count == 0 ? COUNT_MIN : fd_count;

	while (n <= (size_t)fd)
		n *= 2;
	if (n != fd_count) {
		grown = realloc(by_fd, n * sizeof(struct ws *));
		if (grown == NULL)
			return -ENOMEM;
		memset(grown + fd_count, 0,
		    (n - fd_count) * sizeof(struct ws *));
		by_fd = grown;
		fd_count = n;
	}
	by_fd[fd] = ws;
	return 0;
}

void
unmasked_forget(int fd, const struct ws *ws)
{
	if ((size_t)fd < fd_count && by_fd[fd] == ws)
		by_fd[fd] = NULL;
}

/* How many of the bytes may be passed on; all for other descriptors. */
static size_t
look(int fd, const void *data, size_t len)
{
	struct ws	*ws = (size_t)fd < fd_count ? by_fd[fd] : NULL;
	size_t		 good;

	if (ws == NULL)
		return len;
	good = frame_feed(ws_check(ws), data, len);
	if (ws_check(ws)->code != 0)
		ws_bad_frame(ws);
	return good;
}

ssize_t
recv(int fd, void *buf, size_t size, int flags)
{
	ssize_t	n = syscall(SYS_recvfrom, fd, buf, size, flags, NULL, NULL);

	if (n <= 0 || (flags & MSG_PEEK) != 0)
		return n;
	n = (ssize_t)look(fd, buf, (size_t)n);
	if (n > 0)
		return n;
	errno = EAGAIN;
	return -1;
}
