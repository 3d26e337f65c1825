/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/base/sys.h>: descriptors that are made, passed and counted. */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "../child.h"
#include "../test.h"

static int
is_cloexec(int fd)
{
	return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

static int
is_nonblocking(int fd)
{
	return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

static void
make_pair(int pair[2], int type)
{
	assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair), 0);
}

static void
close_pair(int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

QT_TEST(a_memfd_has_its_size_and_seals)
{
	int	fd = qt_sys_memfd("x", 12345, F_SEAL_SHRINK | F_SEAL_GROW);

	(void)state;
	assert_true(fd >= 0);
	assert_true(is_cloexec(fd));
	assert_int_equal(lseek(fd, 0, SEEK_END), 12345);
	assert_int_equal(fcntl(fd, F_GET_SEALS) &
	    (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL),
	    F_SEAL_SHRINK | F_SEAL_GROW);
	assert_int_equal(qt_sys_ftruncate(fd, 1), -EPERM);
	close(fd);
}

QT_TEST(a_memfd_that_cannot_be_made_leaves_no_descriptor)
{
	int	before = child_count_fds();

	(void)state;
	assert_int_equal(qt_sys_memfd("x", 1, 0x40000000), -EINVAL);
	qt_sys_fault(QT_SYS_FTRUNCATE, 1, ENOSPC);
	assert_int_equal(qt_sys_memfd("x", 1, 0), -ENOSPC);
	qt_sys_fault(QT_SYS_FTRUNCATE, 0, 0);
	assert_int_equal(child_count_fds(), before);
}

QT_TEST(an_eventfd_counts_and_does_not_block)
{
	int		fd = qt_sys_eventfd(3);
	uint64_t	n = 0;

	(void)state;
	assert_true(fd >= 0);
	assert_true(is_cloexec(fd));
	assert_int_equal(qt_sys_read(fd, &n, sizeof(n)), 8);
	assert_int_equal(n, 3);
	assert_int_equal(qt_sys_read(fd, &n, sizeof(n)), -EAGAIN);
	close(fd);
}

QT_TEST(a_pty_pair_is_connected)
{
	int		leader, tty;
	char		text[8] = "";
	struct termios	raw;

	(void)state;
	assert_int_equal(qt_sys_pty(&leader, &tty), 0);
	assert_true(is_cloexec(leader) && is_cloexec(tty));
	assert_true(isatty(tty));
	assert_int_equal(tcgetattr(tty, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(tty, TCSANOW, &raw), 0);
	assert_int_equal(qt_sys_write(tty, "up", 2), 2);
	assert_int_equal(qt_sys_read(leader, text, sizeof(text)), 2);
	assert_string_equal(text, "up");
	assert_int_equal(qt_sys_write(leader, "dn", 2), 2);
	assert_int_equal(qt_sys_read(tty, text, sizeof(text)), 2);
	assert_string_equal(text, "dn");
	close(leader);
	close(tty);
}

QT_TEST(an_accepted_socket_is_nonblocking_and_ours_alone)
{
	struct sockaddr_un	addr = { .sun_family = AF_UNIX };
	socklen_t		len = sizeof(addr);
	int			sock, client, fd;

	(void)state;
	/* The kernel picks an abstract name. */
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	assert_int_equal(bind(sock, (struct sockaddr *)&addr,
	    sizeof(sa_family_t)), 0);
	assert_int_equal(listen(sock, 4), 0);
	assert_int_equal(getsockname(sock, (struct sockaddr *)&addr, &len), 0);
	assert_int_equal(qt_sys_accept(sock), -EAGAIN);
	client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&addr, len), 0);
	fd = qt_sys_accept(sock);
	assert_true(fd >= 0);
	assert_true(is_cloexec(fd) && is_nonblocking(fd));
	close(fd);
	close(client);
	close(sock);
}

/* Sends nfds copies of fd with the text "packet". */
static void
send_copies(int sock, int fd, size_t nfds)
{
	int	fds[4] = { fd, fd, fd, fd };

	assert_int_equal(qt_sys_send_fds(sock, "packet", 6, fds, nfds, 0), 6);
}

QT_TEST(up_to_four_descriptors_arrive_with_their_packet)
{
	struct stat	sent, got;
	int		pair[2], fds[4];
	size_t		nfds;
	int		before = child_count_fds();
	char		text[16];

	(void)state;
	make_pair(pair, SOCK_SEQPACKET);
	assert_int_equal(fstat(pair[0], &sent), 0);
	for (size_t count = 0; count <= 4; count++) {
		send_copies(pair[0], pair[0], count);
		memset(text, 0, sizeof(text));
		nfds = 4;
		assert_int_equal(qt_sys_recv_fds(pair[1], text, sizeof(text),
		    fds, &nfds, 0), 6);
		assert_string_equal(text, "packet");
		assert_int_equal(nfds, count);
		for (size_t i = 0; i < nfds; i++) {
			assert_true(is_cloexec(fds[i]));
			assert_int_equal(fstat(fds[i], &got), 0);
			assert_int_equal(got.st_ino, sent.st_ino);
			close(fds[i]);
		}
	}
	assert_int_equal(qt_sys_send_fds(pair[0], "x", 1, fds, 5, 0), -EINVAL);
	close_pair(pair);
	assert_int_equal(child_count_fds(), before);
}

QT_TEST(descriptors_without_room_are_closed)
{
	int	pair[2], fds[4];
	size_t	nfds;
	char	text[16];
	int	before;

	(void)state;
	make_pair(pair, SOCK_SEQPACKET);
	before = child_count_fds();
	for (size_t room = 0; room <= 4; room++) {
		send_copies(pair[0], pair[0], 4);
		nfds = room;
		assert_int_equal(qt_sys_recv_fds(pair[1], text, sizeof(text),
		    fds, &nfds, 0), 6);
		assert_int_equal(nfds, room);
		assert_int_equal(child_count_fds(), before + (int)room);
		for (size_t i = 0; i < room; i++)
			close(fds[i]);
	}
	send_copies(pair[0], pair[0], 4);
	assert_int_equal(qt_sys_recv_fds(pair[1], text, sizeof(text), NULL,
	    NULL, 0), 6);
	assert_int_equal(child_count_fds(), before);
	close_pair(pair);
}

/* Ten in one packet: more than the receiver's buffer takes. */
QT_TEST(a_flood_of_descriptors_leaks_none)
{
	char		 control[CMSG_SPACE(10 * sizeof(int))];
	char		 text[16];
	struct iovec	 iov = { text, 1 };
	struct msghdr	 msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr	*c;
	int		 pair[2], fds[4], before;
	size_t		 nfds = 2;

	(void)state;
	make_pair(pair, SOCK_SEQPACKET);
	before = child_count_fds();
	memset(control, 0, sizeof(control));
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(10 * sizeof(int));
	for (int i = 0; i < 10; i++)
		memcpy(CMSG_DATA(c) + (size_t)i * sizeof(int), &pair[0],
		    sizeof(int));
	assert_int_equal(sendmsg(pair[0], &msg, 0), 1);
	assert_int_equal(qt_sys_recv_fds(pair[1], text, sizeof(text), fds,
	    &nfds, 0), 1);
	assert_int_equal(nfds, 2);
	assert_int_equal(child_count_fds(), before + 2);
	close(fds[0]);
	close(fds[1]);
	close_pair(pair);
}

QT_TEST(credentials_do_not_push_descriptors_out)
{
	int	pair[2], fds[4], one = 1;
	size_t	nfds = 4;
	char	text[16];

	(void)state;
	make_pair(pair, SOCK_SEQPACKET);
	assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &one,
	    sizeof(one)), 0);
	send_copies(pair[0], pair[0], 4);
	assert_int_equal(qt_sys_recv_fds(pair[1], text, sizeof(text), fds,
	    &nfds, 0), 6);
	assert_int_equal(nfds, 4);
	for (size_t i = 0; i < nfds; i++)
		close(fds[i]);
	close_pair(pair);
}

QT_TEST(a_packet_that_does_not_fit_is_refused_with_its_descriptors)
{
	int	pair[2], fds[4], before;
	size_t	nfds = 4;
	char	text[16];

	(void)state;
	make_pair(pair, SOCK_SEQPACKET);
	before = child_count_fds();
	send_copies(pair[0], pair[0], 3);
	assert_int_equal(qt_sys_recv_fds(pair[1], text, 5, fds, &nfds, 0),
	    -EMSGSIZE);
	assert_int_equal(nfds, 0);
	assert_int_equal(child_count_fds(), before);
	close_pair(pair);
}

QT_TEST(the_end_is_zero_and_nothing_to_read_is_eagain)
{
	int	pair[2];
	size_t	nfds = 0;
	char	text[4];

	(void)state;
	make_pair(pair, SOCK_SEQPACKET);
	assert_int_equal(qt_sys_recv_fds(pair[1], text, sizeof(text), NULL,
	    &nfds, MSG_DONTWAIT), -EAGAIN);
	close(pair[0]);
	assert_int_equal(qt_sys_recv_fds(pair[1], text, sizeof(text), NULL,
	    &nfds, 0), 0);
	close(pair[1]);
}

static int
send_to_nobody(void *arg)
{
	int	pair[2];

	(void)arg;
	signal(SIGPIPE, SIG_DFL);
	/* A stream, because for packets there is no signal anyway. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return 1;
	close(pair[1]);
	return qt_sys_send_fds(pair[0], "x", 1, NULL, 0, 0) == -EPIPE ? 0 : 2;
}

QT_TEST(a_peer_that_left_is_epipe_and_no_signal)
{
	struct child	c;

	(void)state;
	child_run(&c, send_to_nobody, NULL);
	assert_int_equal(c.status, 0);
}

/* With no descriptor left, the packet still arrives, without its fds. */
static int
recv_without_room(void *arg)
{
	struct rlimit	limit;
	int		pair[2], fds[4], fd;
	size_t		nfds = 4;
	char		text[16];

	(void)arg;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return 1;
	fds[0] = pair[0];
	if (qt_sys_send_fds(pair[0], "packet", 6, fds, 1, 0) != 6)
		return 2;
	fd = dup(pair[0]);
	limit.rlim_cur = limit.rlim_max = (rlim_t)fd;
	close(fd);
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 3;
	if (qt_sys_recv_fds(pair[1], text, sizeof(text), fds, &nfds, 0) != 6)
		return 4;
	return nfds == 0 ? 0 : 5;
}

QT_TEST(at_the_descriptor_limit_a_packet_comes_without_them)
{
	struct child	c;

	(void)state;
	child_run(&c, recv_without_room, NULL);
	assert_int_equal(c.status, 0);
}
