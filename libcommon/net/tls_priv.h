/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_TLS_PRIV_H
#define QT_NET_TLS_PRIV_H

#include <qt/net/tls.h>

#include "conn_priv.h"

struct ssl_ctx_st;

struct qt_net_tls {
	struct ssl_ctx_st	*ctx;
	char			*cert;
	char			*key;
	char			*client_ca;
};

/*
 * Starts TLS on an accepted socket, which it takes over. is_tracked: the
 * address is counted in the limits, to be undone when it closes.
 */
void	qt__net_tls_accept(struct qt_net_server *s, struct qt_net_tls *tls,
	    int fd,
	    const struct qt_net_addr *addr, int is_tracked);
/* Closes every TLS connection of the server. */
void	qt__net_tls_close_all(struct qt_net_server *s);

#endif /* QT_NET_TLS_PRIV_H */
