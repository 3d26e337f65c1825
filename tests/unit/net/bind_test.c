/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets and addresses of <qt/net/server.h>. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/net/server.h>

#include "../test.h"

QT_TEST(a_stale_socket_is_replaced_and_nothing_else)
{
	char		dir[] = "/tmp/qt-bind-XXXXXX", where[64];
	const char	*path = where + 5;
	struct stat	sb;
	struct qt_err	err = QT_ERR_INIT;
	int		fd, other;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(where, sizeof(where), "unix:%s/s", dir);
	assert_int_equal(qt_net_bind(where, 0, 0, &fd, &err), 0);
	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);
	assert_int_equal(qt_net_bind(where, 0, 0, &other, &err), -EADDRINUSE);
	assert_non_null(strstr(err.text, path));
	close(fd);		/* its server died: the name stays behind */
	assert_int_equal(qt_net_bind(where, 0, 0, &fd, &err), 0);
	close(fd);
	unlink(path);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(qt_net_bind(where, 0, 0, &fd, &err), -EEXIST);
	assert_int_equal(stat(path, &sb), 0);
	unlink(path);
	rmdir(dir);
}

QT_TEST(ports_are_shared_only_when_asked_for)
{
	struct qt_err	err = QT_ERR_INIT;
	unsigned int	port;
	int		a, b;

	(void)state;
	assert_int_equal(qt_net_bind("127.0.0.1", 0, QT_NET_BIND_REUSEPORT, &a,
	    &err), 0);
	port = qt_net_bound_port(a);
	assert_true(port > 0);
	assert_int_equal(qt_net_bind("127.0.0.1", port, 0, &b, &err),
	    -EADDRINUSE);
	assert_non_null(strstr(err.text, "127.0.0.1 port"));
	assert_int_equal(qt_net_bind("127.0.0.1", port,
	    QT_NET_BIND_REUSEPORT, &b, &err), 0);
	close(a);
	close(b);
	assert_int_equal(qt_net_bind("*", 0, 0, &a, &err), 0);
	close(a);
	assert_true(qt_net_bind("no such host.invalid", 0, 0, &a, &err) < 0);
	assert_int_equal(a, -1);
}

QT_TEST(addresses_go_both_ways)
{
	static const char *const	good[] = { "127.0.0.1", "192.0.2.7",
	    "::1", "2001:db8::7" };
	struct qt_net_addr		a;
	char				text[QT_NET_ADDR_TEXT_SIZE];
	struct qt_net_str		s;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		s = (struct qt_net_str){ good[i], strlen(good[i]) };
		assert_int_equal(qt_net_addr_parse(s, &a), 0);
		qt_net_addr_text(&a, text);
		assert_string_equal(text, good[i]);
		assert_int_equal(qt_net_addr_is_local(&a), i % 2 == 0);
	}
	s = (struct qt_net_str){ "::ffff:10.0.0.1", 15 };
	assert_int_equal(qt_net_addr_parse(s, &a), 0);
	qt_net_addr_text(&a, text);
	assert_string_equal(text, "10.0.0.1");
	s = (struct qt_net_str){ "unknown", 7 };
	assert_int_equal(qt_net_addr_parse(s, &a), -EINVAL);
	memset(&a, 0, sizeof(a));
	a.uid = 1000;
	qt_net_addr_text(&a, text);
	assert_string_equal(text, "unix:1000");
}
