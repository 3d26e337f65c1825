/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets from what a user wrote. See <qt/net/server.h>. */

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <qt/net/server.h>

#define BACKLOG 4096	/* the kernel lowers it to somaxconn */

/* A socket of a server that is not there any more is removed. */
static int
clear_stale(const struct sockaddr_un *sun, struct qt_err *err)
{
	struct stat	st;
	int		fd, rc;

	if (lstat(sun->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode)) {
		qt_err_set(err, "'%s' is in the way and is no socket",
		    sun->sun_path);
		return -EEXIST;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	rc = connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) < 0 ?
	    -errno : 0;
	close(fd);
	if (rc != -ECONNREFUSED) {
		qt_err_set(err, "'%s': a server is listening there",
		    sun->sun_path);
		return -EADDRINUSE;
	}
	return unlink(sun->sun_path) < 0 ? -errno : 0;
}

static int
bind_unix(const char *path, int *out, struct qt_err *err)
{
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };
	mode_t			mask;
	int			fd, rc;

	if (*path == '\0' || strlen(path) >= sizeof(sun.sun_path)) {
		qt_err_set(err, "socket path '%.120s' (1 to %zu bytes)", path,
		    sizeof(sun.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(sun.sun_path, path);
	rc = clear_stale(&sun, err);
	if (rc < 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0177);
	rc = bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ? -errno : 0;
	umask(mask);
	if (rc == 0 && listen(fd, BACKLOG) < 0)
		rc = -errno;
	if (rc < 0) {
		qt_err_set(err, "listen on '%s'", path);
		close(fd);
		return rc;
	}
	*out = fd;
	return 0;
}

static int
bind_addrinfo(const struct addrinfo *ai, unsigned int flags, int *out)
{
	int	fd, one = 1, zero = 0, rc = 0;

	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if ((flags & QT_NET_BIND_REUSEPORT) != 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) < 0)
		rc = -errno;
	if (rc == 0 && (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 ||
	    listen(fd, BACKLOG) < 0))
		rc = -errno;
	if (rc < 0) {
		close(fd);
		return rc;
	}
	*out = fd;
	return 0;
}

/* "[::1]" without the brackets. */
static void
strip_brackets(const char *where, char *out, size_t size)
{
	size_t	len = strlen(where);

	if (len > 2 && where[0] == '[' && where[len - 1] == ']')
		snprintf(out, size, "%.*s", (int)(len - 2), where + 1);
	else
		snprintf(out, size, "%s", where);
}

int
qt_net_bind(const char *where, unsigned int port, unsigned int flags, int *fd,
    struct qt_err *err)
{
	struct addrinfo	 hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo	*list = NULL;
	char		 name[256], service[12];
	int		 rc;

	*fd = -1;
	if (strncmp(where, "unix:", 5) == 0)
		return bind_unix(where + 5, fd, err);
	strip_brackets(where, name, sizeof(name));
	snprintf(service, sizeof(service), "%u", port);
	if (strcmp(name, "*") == 0) {
		hints.ai_family = AF_INET6;
		rc = getaddrinfo(NULL, service, &hints, &list);
	} else {
		rc = getaddrinfo(name, service, &hints, &list);
	}
	if (rc != 0) {
		qt_err_set(err, "address '%s': %s", where, gai_strerror(rc));
		return -EADDRNOTAVAIL;
	}
	rc = bind_addrinfo(list, flags, fd);
	freeaddrinfo(list);
	if (rc < 0 && strcmp(name, "*") == 0)	/* no IPv6 here */
		return qt_net_bind("0.0.0.0", port, flags, fd, err);
	if (rc < 0)
		qt_err_set(err, "listen on %s port %u", where, port);
	return rc;
}

unsigned int
qt_net_bound_port(int fd)
{
	struct sockaddr_storage	ss = { 0 };
	socklen_t		len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		return 0;
	if (ss.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)(void *)&ss)->sin_port);
	if (ss.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)(void *)&ss)->sin6_port);
	return 0;
}

void
qt_net_addr_text(const struct qt_net_addr *addr,
    char out[QT_NET_ADDR_TEXT_SIZE])
{
	if (addr->family == 0)
		snprintf(out, QT_NET_ADDR_TEXT_SIZE, "unix:%u", addr->uid);
	else
		inet_ntop(addr->family == 6 ? AF_INET6 : AF_INET, addr->b, out,
		    QT_NET_ADDR_TEXT_SIZE);
}

int
qt_net_addr_parse(struct qt_net_str text, struct qt_net_addr *out)
{
	static const uint8_t	mapped[12] = { [10] = 0xff, 0xff };
	char			copy[INET6_ADDRSTRLEN];
	uint8_t			b[16];

	memset(out, 0, sizeof(*out));
	if (text.len > 2 && text.p[0] == '[' && text.p[text.len - 1] == ']') {
		text.p++;
		text.len -= 2;
	}
	if (qt_net_str_copy(text, copy, sizeof(copy)) < 0)
		return -EINVAL;
	if (inet_pton(AF_INET, copy, out->b) == 1) {
		out->family = 4;
		return 0;
	}
	if (inet_pton(AF_INET6, copy, b) != 1)
		return -EINVAL;
	out->family = memcmp(b, mapped, 12) == 0 ? 4 : 6;
	memcpy(out->b, out->family == 4 ? b + 12 : b,
	    out->family == 4 ? 4 : 16);
	return 0;
}
