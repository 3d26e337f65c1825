/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_TLS_H
#define QT_NET_TLS_H

#include <qt/base/err.h>

/*
 * TLS as a stage in front (OpenSSL): each accepted connection is decrypted
 * into a socket pair, whose other end is an ordinary connection, so there is
 * one HTTP path and one WebSocket path.
 *
 *	socket <-> SSL <-> 16 KiB each way <-> pair | connection, or lws
 *
 * TLS 1.2 and newer, ALPN http/1.1 only, no renegotiation, no compression.
 * The handshake has to finish within the head's deadline.
 */
struct qt_net_tls;

struct qt_net_tls_conf {
	const char	*cert;		/* PEM, with its chain */
	const char	*key;		/* PEM */
	const char	*client_ca;	/* PEM; not NULL: clients need one */
};

/* -EINVAL or -errno with the file and OpenSSL's reason in err. */
int	qt_net_tls_new(const struct qt_net_tls_conf *conf,
	    struct qt_net_tls **out, struct qt_err *err);
void	qt_net_tls_free(struct qt_net_tls *tls);
/* Loads the files again (a renewed certificate), for new connections. */
int	qt_net_tls_reload(struct qt_net_tls *tls, struct qt_err *err);

#endif /* QT_NET_TLS_H */
