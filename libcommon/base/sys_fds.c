/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that make or pass descriptors. See <qt/base/sys.h>. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys_priv.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U	/* Linux 6.3 */
#endif

#define FDS_MAX 4	/* descriptors in one packet */

int
qt_sys_memfd(const char *name, size_t size, int seals)
{
	unsigned int	flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int		fault = qt__sys_fault(QT_SYS_MEMFD);
	int		fd, rc;

	if (fault < 0)
		return fault;
	/* Some refuse one that could be executed; old ones, the flag. */
	fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags);
	if (fd < 0)
		return -errno;
	rc = size > 0 ? qt_sys_ftruncate(fd, (off_t)size) : 0;
	if (rc == 0 && seals != 0 && fcntl(fd, F_ADD_SEALS, seals) < 0)
		rc = -errno;
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}

int
qt_sys_eventfd(unsigned int initial)
{
	int	fault = qt__sys_fault(QT_SYS_EVENTFD);
	int	fd;

	if (fault < 0)
		return fault;
	fd = eventfd(initial, EFD_CLOEXEC | EFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int
qt_sys_pty(int *leader, int *tty)
{
	int	fault = qt__sys_fault(QT_SYS_PTY);
	int	rc;

	*leader = *tty = -1;
	if (fault < 0)
		return fault;
	*leader = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*leader < 0)
		return -errno;
	/* TIOCGPTPEER needs no name, so it works in any mount namespace. */
	if (grantpt(*leader) == 0 && unlockpt(*leader) == 0) {
		*tty = ioctl(*leader, TIOCGPTPEER,
		    O_RDWR | O_NOCTTY | O_CLOEXEC);
		if (*tty >= 0)
			return 0;
	}
	rc = -errno;
	close(*leader);
	*leader = -1;
	return rc;
}

int
qt_sys_accept(int sock)
{
	int	fault, fd;

	do {
		fault = qt__sys_fault(QT_SYS_ACCEPT);
		fd = fault < 0 ? fault : accept4(sock, NULL, NULL,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd == -1 && fault >= 0)
			fd = -errno;
	} while (fd == -EINTR);
	return fd;
}

/* Room for the descriptors, and for credentials where a socket asks. */
union control {
	struct cmsghdr	align;
	char		bytes[CMSG_SPACE(FDS_MAX * sizeof(int)) +
			    CMSG_SPACE(sizeof(struct ucred))];
};

ssize_t
qt_sys_send_fds(int sock, const void *buf, size_t len, const int *fds,
    size_t nfds, int flags)
{
	union control	 control;
	struct iovec	 iov = { (void *)(uintptr_t)buf, len };
	struct msghdr	 msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr	*c;
	ssize_t		 n;
	int		 fault;

	if (nfds > FDS_MAX)
		return -EINVAL;
	if (nfds > 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	}
	do {
		fault = qt__sys_fault(QT_SYS_SEND);
		if (fault > 0)
			iov.iov_len = qt__sys_half(len);
		n = fault < 0 ? fault : sendmsg(sock, &msg,
		    flags | MSG_NOSIGNAL);
		if (n == -1 && fault >= 0)
			n = -errno;
	} while (n == -EINTR);
	return n;
}

/* Moves the packet's descriptors to fds; what does not fit is closed. */
static size_t
take_fds(struct msghdr *msg, int *fds, size_t room)
{
	struct cmsghdr	*c;
	size_t		 i, count, taken = 0;
	int		 fd;

	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < count; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int),
			    sizeof(fd));
			if (taken < room)
				fds[taken++] = fd;
			else
				close(fd);
		}
	}
	return taken;
}

ssize_t
qt_sys_recv_fds(int sock, void *buf, size_t size, int *fds, size_t *nfds,
    int flags)
{
	union control	control;
	struct iovec	iov = { buf, size };
	struct msghdr	msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	size_t		room = nfds != NULL ? *nfds : 0, count;
	ssize_t		n;
	int		fault;

	if (nfds != NULL)
		*nfds = 0;
	do {
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		fault = qt__sys_fault(QT_SYS_RECV);
		if (fault > 0)
			iov.iov_len = qt__sys_half(size);
		n = fault < 0 ? fault : recvmsg(sock, &msg,
		    flags | MSG_CMSG_CLOEXEC);
		if (n == -1 && fault >= 0)
			n = -errno;
	} while (n == -EINTR);
	if (n < 0)
		return n;
	if ((msg.msg_flags & MSG_TRUNC) != 0) {
		take_fds(&msg, NULL, 0);
		return -EMSGSIZE;
	}
	count = take_fds(&msg, fds, room);
	if (nfds != NULL)
		*nfds = count;
	return n;
}
