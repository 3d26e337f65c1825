/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recv(2) of this program, also for libwebsockets: the dynamic linker resolves
 * the library's calls to the program's own function first. So every byte that
 * the library reads from one of our WebSockets passes ws_received(), which
 * looks at the frames' heads; all other descriptors are read as ever.
 *
 * Why not otherwise: the library (4.1 to 4.3) has no callback that sees a
 * frame's mask bit, a socket pair in between would copy every byte twice, and
 * a test (tests/web/rfc6455.test.mjs) notices when this does not work.
 */

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ws_priv.h"

ssize_t
recv(int fd, void *buf, size_t size, int flags)
{
	ssize_t	n = syscall(SYS_recvfrom, fd, buf, size, flags, NULL, NULL);

	if (n <= 0 || (flags & MSG_PEEK) != 0)
		return n;
	n = ws_received(fd, buf, (size_t)n);
	if (n > 0)
		return n;
	errno = EAGAIN;
	return -1;
}
