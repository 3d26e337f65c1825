/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of methods and headers. See <qt/net/head.h>.
 *
 * Header names are found by a perfect hash over their length and three of
 * their letters: 256 slots, no two of our names in one. The multipliers came
 * from a random search; the unit test proves that every name is at its slot.
 */

#include <errno.h>

#include <qt/net/head.h>
#include <qt/net/stats.h>

/*	id			slot	canonical spelling */
#define NAMES(X)							\
	X(ACCEPT, 177, "Accept")					\
	X(ACCEPT_ENCODING, 158, "Accept-Encoding")			\
	X(ACCEPT_LANGUAGE, 168, "Accept-Language")			\
	X(AUTHORIZATION, 160, "Authorization")				\
	X(CACHE_CONTROL, 114, "Cache-Control")				\
	X(CONNECTION, 193, "Connection")				\
	X(CONTENT_ENCODING, 59, "Content-Encoding")			\
	X(CONTENT_LENGTH, 183, "Content-Length")			\
	X(CONTENT_TYPE, 223, "Content-Type")				\
	X(COOKIE, 219, "Cookie")					\
	X(EXPECT, 255, "Expect")					\
	X(FORWARDED, 135, "Forwarded")					\
	X(HOST, 94, "Host")						\
	X(HTTP2_SETTINGS, 118, "HTTP2-Settings")			\
	X(IF_MODIFIED_SINCE, 70, "If-Modified-Since")			\
	X(IF_NONE_MATCH, 204, "If-None-Match")				\
	X(IF_RANGE, 199, "If-Range")					\
	X(KEEP_ALIVE, 253, "Keep-Alive")				\
	X(ORIGIN, 213, "Origin")					\
	X(PRAGMA, 206, "Pragma")					\
	X(PROXY_AUTHENTICATE, 228, "Proxy-Authenticate")		\
	X(PROXY_AUTHORIZATION, 139, "Proxy-Authorization")		\
	X(PROXY_CONNECTION, 46, "Proxy-Connection")			\
	X(RANGE, 33, "Range")						\
	X(REFERER, 241, "Referer")					\
	X(SEC_FETCH_DEST, 201, "Sec-Fetch-Dest")			\
	X(SEC_FETCH_MODE, 69, "Sec-Fetch-Mode")				\
	X(SEC_FETCH_SITE, 165, "Sec-Fetch-Site")			\
	X(SEC_WEBSOCKET_EXTENSIONS, 43, "Sec-WebSocket-Extensions")	\
	X(SEC_WEBSOCKET_KEY, 64, "Sec-WebSocket-Key")			\
	X(SEC_WEBSOCKET_PROTOCOL, 121, "Sec-WebSocket-Protocol")	\
	X(SEC_WEBSOCKET_VERSION, 6, "Sec-WebSocket-Version")		\
	X(TE, 240, "TE")						\
	X(TRAILER, 111, "Trailer")					\
	X(TRANSFER_ENCODING, 9, "Transfer-Encoding")			\
	X(UPGRADE, 234, "Upgrade")					\
	X(USER_AGENT, 77, "User-Agent")					\
	X(X_FORWARDED_FOR, 95, "X-Forwarded-For")			\
	X(X_FORWARDED_HOST, 194, "X-Forwarded-Host")			\
	X(X_FORWARDED_PROTO, 25, "X-Forwarded-Proto")

static const char *const names[QT_NET_H_COUNT_] = {
	[QT_NET_H_OTHER] = "",
#define X(id, slot, name) [QT_NET_H_##id] = name,
	NAMES(X)
#undef X
};

static const uint8_t lengths[QT_NET_H_COUNT_] = {
#define X(id, slot, name) [QT_NET_H_##id] = sizeof(name) - 1,
	NAMES(X)
#undef X
};

static const uint8_t slots[256] = {
#define X(id, slot, name) [slot] = QT_NET_H_##id,
	NAMES(X)
#undef X
};

/* Letters in either case give the same; other bytes are compared later. */
static inline unsigned int
low(char c)
{
	return (unsigned char)c | 0x20;
}

static inline char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static int
is_equal_nocase(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (a[i] != b[i] && lower(a[i]) != lower(b[i]))
			return 0;
	}
	return 1;
}

enum qt_net_header_id
qt_net_header_find(const char *name, size_t len)
{
	enum qt_net_header_id	id;
	unsigned int		h;

	if (len < 2 || len > 30)
		return QT_NET_H_OTHER;
	h = (unsigned int)len * 31 + low(name[0]) * 191 +
	    low(name[len - 1]) * 86 + low(name[len - 2]) * 230;
	id = (enum qt_net_header_id)slots[h & 255];
	if (lengths[id] != len || !is_equal_nocase(name, names[id], len))
		return QT_NET_H_OTHER;
	return id;
}

const char *
qt_net_header_name(enum qt_net_header_id id)
{
	return (unsigned int)id < QT_NET_H_COUNT_ ? names[id] : "";
}

const char *
qt_net_method_name(enum qt_net_method method)
{
	static const char *const	methods[] = {
#define X(name) #name,
		QT_NET_METHOD_MAP(X)
#undef X
	};

	return (unsigned int)method < QT_NET_METHOD_COUNT_ ?
	    methods[method] : "";
}

const char *
qt_net_reject_name(int reject)
{
	static const char *const	rejects[] = {
#define X(name, help) #name,
		QT_NET_REJECT_MAP(X)
#undef X
	};

	return reject >= 0 && reject < QT_NET_REJECT_COUNT_ ?
	    rejects[reject] : "";
}

int
qt_net_str_is_nocase(struct qt_net_str s, const char *text)
{
	return s.len == strlen(text) && is_equal_nocase(s.p, text, s.len);
}

int
qt_net_str_has_token(struct qt_net_str list, const char *token)
{
	const char		*p = list.p, *end = list.p + list.len, *comma;
	struct qt_net_str	 item;

	while (p < end) {
		comma = memchr(p, ',', (size_t)(end - p));
		if (comma == NULL)
			comma = end;
		while (p < comma && (*p == ' ' || *p == '\t'))
			p++;
		item = (struct qt_net_str){ p, (size_t)(comma - p) };
		while (item.len > 0 && (item.p[item.len - 1] == ' ' ||
		    item.p[item.len - 1] == '\t'))
			item.len--;
		if (qt_net_str_is_nocase(item, token))
			return 1;
		p = comma + 1;
	}
	return 0;
}

int
qt_net_str_copy(struct qt_net_str s, char *out, size_t size)
{
	if (s.len >= size)
		return -ENAMETOOLONG;
	if (s.len > 0)
		memcpy(out, s.p, s.len);
	out[s.len] = '\0';
	return 0;
}
