/* SPDX-License-Identifier: Apache-2.0 */
/* Packets between monitor and workers. See mon.h. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <qt/base/err.h>
#include <qt/base/sys.h>

#include "mon.h"

int
mon_send_message(int fd, const struct mon_message *m, int pass_fd)
{
	ssize_t	n;

	n = qt_sys_send_fds(fd, m, MON_HEAD_SIZE + m->len, &pass_fd,
	    pass_fd >= 0, MSG_DONTWAIT);
	return n < 0 ? (int)n : 0;
}

int
mon_recv_message(int fd, struct mon_message *m, int *pass_fd)
{
	size_t	nfds = 1;
	ssize_t	n;

	*pass_fd = -1;
	memset(m, 0, MON_HEAD_SIZE);
	n = qt_sys_recv_fds(fd, m, sizeof(*m) - 1, pass_fd, &nfds,
	    MSG_DONTWAIT);
	if (nfds == 0)
		*pass_fd = -1;
	if (n <= 0)
		return (int)n;
	if ((size_t)n < MON_HEAD_SIZE || m->len != (size_t)n - MON_HEAD_SIZE) {
		if (*pass_fd >= 0)
			close(*pass_fd);
		*pass_fd = -1;
		return -QT_EPROTO;
	}
	m->text[m->len] = '\0';
	/* Names come from the other process: end them. */
	m->session.name[sizeof(m->session.name) - 1] = '\0';
	return 1;
}
