/* SPDX-License-Identifier: Apache-2.0 */
/* A proxy's life, and where it connects to. See <qt/net/proxy.h>. */

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy_priv.h"

static int
resolve_unix(struct qt_net_proxy *px, const char *path, struct qt_err *err)
{
	struct sockaddr_un	*sun = (void *)&px->addr;

	if (*path == '\0' || strlen(path) >= sizeof(sun->sun_path)) {
		qt_err_set(err, "back end 'unix:%.120s'", path);
		return -ENAMETOOLONG;
	}
	sun->sun_family = AF_UNIX;
	strcpy(sun->sun_path, path);
	px->addr_len = sizeof(*sun);
	snprintf(px->host, sizeof(px->host), "localhost");
	return 0;
}

/* "host:port" or "unix:PATH" into addr and host. */
static int
resolve(struct qt_net_proxy *px, const char *backend,
    struct qt_err *err)
{
	struct addrinfo	 hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICSERV };
	struct addrinfo	*list;
	char		 name[256];
	const char	*colon;
	size_t		 len;
	int		 rc;

	if (strncmp(backend, "unix:", 5) == 0)
		return resolve_unix(px, backend + 5, err);
	colon = strrchr(backend, ':');
	len = colon != NULL ? (size_t)(colon - backend) : 0;
	if (len == 0 || len >= sizeof(name) || colon[1] == '\0') {
		qt_err_set(err, "back end '%.200s' is not HOST:PORT or "
		    "unix:PATH", backend);
		return -EINVAL;
	}
	if (backend[0] == '[' && backend[len - 1] == ']')
		snprintf(name, sizeof(name), "%.*s", (int)len - 2,
		    backend + 1);
	else
		snprintf(name, sizeof(name), "%.*s", (int)len, backend);
	rc = getaddrinfo(name, colon + 1, &hints, &list);
	if (rc != 0) {
		qt_err_set(err, "back end '%s': %s", backend,
		    gai_strerror(rc));
		return -EADDRNOTAVAIL;
	}
	memcpy(&px->addr, list->ai_addr, list->ai_addrlen);
	px->addr_len = list->ai_addrlen;
	freeaddrinfo(list);
	snprintf(px->host, sizeof(px->host), "%s", backend);
	return 0;
}

int
qt__net_backend_connect(const struct qt_net_proxy *px)
{
	int	fd, one = 1, rc;

	fd = socket(px->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (px->addr.ss_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (const struct sockaddr *)&px->addr,
	    px->addr_len) < 0 && errno != EINPROGRESS) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

static int
copy(char **out, const char *text)
{
	*out = text != NULL ? strdup(text) : NULL;
	return text != NULL && *out == NULL ? -ENOMEM : 0;
}

int
qt_net_proxy_new(struct qt_net_server *server,
    const struct qt_net_proxy_conf *conf, struct qt_net_proxy **out,
    struct qt_err *err)
{
	struct qt_net_proxy	*px = calloc(1, sizeof(*px));
	int			 rc = -ENOMEM;

	*out = NULL;
	if (px != NULL) {
		px->server = server;
		px->conf = *conf;
		rc = copy(&px->strip, conf->strip);
	}
	if (rc == 0)
		rc = copy(&px->add, conf->add);
	if (rc == 0)
		rc = copy(&px->cookie, conf->strip_cookie);
	if (rc == 0)
		rc = resolve(px, conf->backend, err);
	if (rc < 0) {
		qt_net_proxy_free(px);
		return rc;
	}
	*out = px;
	return 0;
}

void
qt_net_proxy_free(struct qt_net_proxy *px)
{
	if (px == NULL)
		return;
	free(px->strip);
	free(px->add);
	free(px->cookie);
	free(px);
}
