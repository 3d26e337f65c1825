/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_TOKEN_H
#define QT_NET_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include <qt/net/head.h>

/*
 * Secret tokens: 32 random bytes, shown as 43 characters of base64url. Only
 * the SHA-256 of the bytes is ever stored, so a leaked table opens nothing.
 */
#define QT_NET_TOKEN_BYTES	32
#define QT_NET_TOKEN_LEN	43
#define QT_NET_TOKEN_SIZE	(QT_NET_TOKEN_LEN + 1)

struct qt_net_token_hash {
	uint8_t	b[32];
};

/* A new token and its hash. */
void	qt_net_token_new(char text[QT_NET_TOKEN_SIZE],
	    struct qt_net_token_hash *hash);
/* The hash of a token received; -EINVAL when it does not look like one. */
int	qt_net_token_parse(struct qt_net_str text,
	    struct qt_net_token_hash *hash);
/* 1 when equal, in constant time. */
int	qt_net_token_is_equal(const struct qt_net_token_hash *a,
	    const struct qt_net_token_hash *b);

/*
 * "name=value; Path=/; HttpOnly; SameSite=Strict[; Secure][; Max-Age=n]" for
 * Set-Cookie. max_age_s 0 deletes the cookie, -1 leaves Max-Age out. path
 * NULL is "/". -ENAMETOOLONG, -EINVAL (bytes that have no place there).
 */
int	qt_net_cookie_set(char *out, size_t size, const char *name,
	    const char *value, const char *path, int is_secure,
	    long max_age_s);
/*
 * The name that a cookie should have: "__Host-name" over TLS (with path "/"),
 * "name-port" without, since cookies ignore ports.
 */
int	qt_net_cookie_name(char *out, size_t size, const char *name,
	    int is_secure, unsigned int port);

/* base64 of len bytes, padded; the length, or -ENAMETOOLONG. */
long	qt_net_base64_encode(const void *data, size_t len, char *out,
	    size_t size);
/* Strict; the length, -EINVAL, -ENAMETOOLONG. A final '\0' is added. */
long	qt_net_base64_decode(struct qt_net_str text, char *out, size_t size);

/* Sec-WebSocket-Accept for a Sec-WebSocket-Key: 28 characters. */
#define QT_NET_WS_ACCEPT_SIZE 29
void	qt_net_ws_accept(struct qt_net_str key,
	    char out[QT_NET_WS_ACCEPT_SIZE]);

#endif /* QT_NET_TOKEN_H */
