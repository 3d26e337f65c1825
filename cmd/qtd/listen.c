/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets that qtd serves: bound here, or passed by systemd. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <qt/base/hash.h>
#include <qt/base/log.h>
#include <qt/base/prog.h>
#include <qt/net/server.h>

#include "monitor.h"

#define PASSED_FIRST 3	/* sd_listen_fds(3) */

/* How many descriptors systemd passed to us. */
static unsigned int
passed_count(void)
{
	const char	*pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	unsigned int	 count;

	if (pid == NULL || n == NULL || strtol(pid, NULL, 10) != getpid())
		return 0;
	count = (unsigned int)strtoul(n, NULL, 10);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (count > LISTEN_MAX)
		qt_die(QT_EXIT_SYS, "%u sockets were passed, at most %d are "
		    "served", count, LISTEN_MAX);
	return count;
}

/* Only a stream socket that listens can be served. */
static void
check_kind(int fd)
{
	int		type = 0, is_listening = 0;
	socklen_t	len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		qt_die(QT_EXIT_SYS, "descriptor %d was passed: %s", fd,
		    strerror(errno));
	len = sizeof(is_listening);
	(void)getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len);
	if (type != SOCK_STREAM || !is_listening)
		qt_die(QT_EXIT_SYS, "descriptor %d was passed: not a stream "
		    "socket that listens (ListenStream= without Accept=yes)",
		    fd);
}

/*
 * Where a passed socket really is: what is safe depends on it. All have to be
 * Unix sockets to be treated so: with one on loopback, names are checked.
 */
static void
look_at(struct options *o, int fd)
{
	struct sockaddr_storage	a;
	struct sockaddr_in	*in = (struct sockaddr_in *)(void *)&a;
	struct sockaddr_in6	*in6 = (struct sockaddr_in6 *)(void *)&a;
	const struct sockaddr_un *un = (struct sockaddr_un *)(void *)&a;
	socklen_t		 len = sizeof(a);
	int			 is_far = 0;

	check_kind(fd);
	memset(&a, 0, sizeof(a));
	if (getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		qt_die(QT_EXIT_SYS, "descriptor %d was passed: %s", fd,
		    strerror(errno));
	if (a.ss_family == AF_INET)
		is_far = ntohl(in->sin_addr.s_addr) >> 24 != 127;
	else if (a.ss_family == AF_INET6)
		is_far = !IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
	else if (a.ss_family != AF_UNIX)
		qt_die(QT_EXIT_SYS, "descriptor %d was passed: neither TCP "
		    "nor a Unix socket", fd);
	/* where: for what is said about it, and for our name. */
	if (a.ss_family == AF_UNIX) {
		if (o->is_unix && un->sun_path[0] == '/')
			snprintf(o->where, sizeof(o->where), "unix:%.*s",
			    (int)sizeof(un->sun_path), un->sun_path);
		return;
	}
	if (o->is_unix || is_far)
		(void)inet_ntop(a.ss_family, a.ss_family == AF_INET ?
		    (void *)&in->sin_addr : (void *)&in6->sin6_addr, o->where,
		    sizeof(o->where));
	o->is_unix = 0;
	if (is_far)
		o->is_local = 0;
}

static void
take_passed(struct monitor *m, unsigned int count)
{
	m->is_passed = 1;
	m->opt->is_local = m->opt->is_unix = 1;
	for (unsigned int i = 0; i < count; i++) {
		m->fds[i] = PASSED_FIRST + (int)i;
		look_at(m->opt, m->fds[i]);
		fcntl(m->fds[i], F_SETFD, FD_CLOEXEC);
		fcntl(m->fds[i], F_SETFL, O_NONBLOCK);
	}
	m->nfds = count;
	options_check_safety(m->opt);
}

static _Noreturn void
cannot_bind(const struct options *o, int rc, const struct qt_err *err)
{
	const char	*way = "";

	if (rc == -EADDRINUSE)
		way = o->is_unix ? "; choose another with -i" :
		    "; is a qtd running there already? Choose another port "
		    "with -p, or -p 0 for any";
	else if (rc == -EACCES && !o->is_unix)
		way = "; ports below 1024 are root's: choose another with -p";
	else if (rc == -EADDRNOTAVAIL)
		way = "; this machine has no such address";
	qt_die(QT_EXIT_SYS, "%s: %s%s", err->text, qt_strerror(rc), way);
}

static int
bind_one(const struct options *o, unsigned int port, unsigned int flags)
{
	struct qt_err	err = QT_ERR_INIT;
	int		fd, rc;

	rc = qt_net_bind(o->where, port, flags, &fd, &err);
	if (rc < 0)
		cannot_bind(o, rc, &err);
	return fd;
}

static void
set_owner(const struct options *o)
{
	char			*spec = strdup(o->socket_owner), *group;
	const char		*path = o->where + strlen("unix:");
	const struct passwd	*pw;
	uid_t			 uid;
	gid_t			 gid = (gid_t)-1;

	if (spec == NULL)
		qt_die(QT_EXIT_SYS, "out of memory");
	group = strchr(spec, ':');
	if (group != NULL)
		*group++ = '\0';
	pw = getpwnam(spec);
	uid = *spec == '\0' ? (uid_t)-1 : options_uid(spec);
	if (group != NULL && *group != '\0')
		gid = options_gid(group);
	else if (pw != NULL)
		gid = pw->pw_gid;
	if (chown(path, uid, gid) < 0 ||
	    chmod(path, group != NULL ? 0660 : 0600) < 0)
		qt_die(QT_EXIT_SYS, "-U '%s': %s", o->socket_owner,
		    strerror(errno));
	free(spec);
}

static void
bind_all(struct monitor *m)
{
	struct options	*o = m->opt;
	unsigned int	 flags = 0;
	int		 probe;

	if (!o->is_unix && o->workers > 1) {
		/* SO_REUSEPORT would share the port with a stranger of ours:
		 * a socket without it finds out. */
		if (o->port != 0) {
			probe = bind_one(o, o->port, 0);
			close(probe);
		}
		flags = QT_NET_BIND_REUSEPORT;
	}
	m->fds[0] = bind_one(o, o->port, flags);
	o->port = qt_net_bound_port(m->fds[0]);
	m->nfds = flags != 0 ? o->workers : 1;
	for (unsigned int i = 1; i < m->nfds; i++)
		m->fds[i] = bind_one(o, o->port, flags);
	if (o->is_unix && o->socket_owner != NULL)
		set_owner(o);
}

void
monitor_listen(struct monitor *m)
{
	unsigned int	count = passed_count();

	if (count > 0) {
		take_passed(m, count);
		m->opt->port = qt_net_bound_port(m->fds[0]);
	} else {
		bind_all(m);
	}
	monitor_name(m->opt, m->opt->port, m->name);
}

/* A socket each, or all of those that are shared. */
void
monitor_share(struct monitor *m, unsigned int worker)
{
	struct child	*c = &m->child[worker];

	c->nlisten = 0;
	if (!m->is_passed && m->nfds > 1) {
		c->listen[c->nlisten++] = m->fds[worker];
		return;
	}
	for (unsigned int i = 0; i < m->nfds; i++)
		c->listen[c->nlisten++] = m->fds[i];
}

void
monitor_name(const struct options *o, unsigned int port, char out[32])
{
	if (o->is_unix)
		snprintf(out, 32, "qtd-%08x", (unsigned int)qt_crc32c(0,
		    o->where, strlen(o->where)));
	else if (port == 7681)
		snprintf(out, 32, "qtd");
	else
		snprintf(out, 32, "qtd-%u", port);
}

void
monitor_url(const struct monitor *m, char *out, size_t size)
{
	const struct options	*o = m->opt;
	const char		*host = o->where, *scheme;
	int			 is_6 = strchr(o->where, ':') != NULL;
	int			 is_named;

	if (o->is_unix) {
		snprintf(out, size, "%s", o->where);
		return;
	}
	scheme = o->is_tls || o->is_https ? "https" : "http";
	/* Behind a proxy, or from elsewhere, it has another name. */
	is_named = o->hosts[0] != NULL && (o->is_https || !o->is_local);
	if (is_named) {
		host = o->hosts[0];
		is_6 = 0;
	} else if (strcmp(host, "*") == 0 || strcmp(host, "0.0.0.0") == 0 ||
	    strcmp(host, "::") == 0) {
		host = "127.0.0.1";
		is_6 = 0;
	}
	if (o->is_https || (is_named && strchr(host, ':') != NULL))
		snprintf(out, size, "%s://%s%s", scheme, host, o->base);
	else
		snprintf(out, size, "%s://%s%s%s:%u%s", scheme,
		    is_6 ? "[" : "", host, is_6 ? "]" : "", o->port, o->base);
}
