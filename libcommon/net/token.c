/* SPDX-License-Identifier: Apache-2.0 */
/* Secret tokens, base64, and cookies. See <qt/net/token.h>. */

#include <errno.h>
#include <stdio.h>

#include <openssl/evp.h>

#include <qt/base/base64.h>
#include <qt/base/hash.h>
#include <qt/net/token.h>

/* The last two letters of the two alphabets. */
static const char	std[] = "+/", url[] = "-_";

/* Six bits, or -1. */
static int
decode_letter(char c, const char *letters)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == letters[0] ? 62 : c == letters[1] ? 63 : -1;
}

/* Unused bits at the end must be zero: each value has one spelling. */
static long
decode(const char *letters, const char *p, size_t len, uint8_t *out,
    size_t size)
{
	uint32_t	bits = 0;
	unsigned int	nbits = 0;
	size_t		n = 0;
	int		six;

	for (size_t i = 0; i < len; i++) {
		six = decode_letter(p[i], letters);
		if (six < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)six;
		nbits += 6;
		if (nbits < 8)
			continue;
		nbits -= 8;
		if (n == size)
			return -ENAMETOOLONG;
		out[n++] = (uint8_t)(bits >> nbits);
	}
	if (nbits == 6 || (bits & ((1u << nbits) - 1)) != 0)
		return -EINVAL;
	return (long)n;
}

static void
digest(const EVP_MD *md, const void *data, size_t len, uint8_t *out)
{
	unsigned int	n;

	/* When it fails, for memory, the result must match nothing. */
	if (EVP_Digest(data, len, out, &n, md, NULL) != 1)
		qt_random(out, (size_t)EVP_MD_size(md));
}

void
qt_net_token_new(char text[QT_NET_TOKEN_SIZE], struct qt_net_token_hash *hash)
{
	uint8_t	bytes[QT_NET_TOKEN_BYTES];

	qt_random(bytes, sizeof(bytes));
	text[qt_base64_encode(text, bytes, sizeof(bytes), 1)] = '\0';
	digest(EVP_sha256(), bytes, sizeof(bytes), hash->b);
	explicit_bzero(bytes, sizeof(bytes));
}

int
qt_net_token_parse(struct qt_net_str text, struct qt_net_token_hash *hash)
{
	uint8_t	bytes[QT_NET_TOKEN_BYTES];
	long	n;

	if (text.len != QT_NET_TOKEN_LEN)
		return -EINVAL;
	n = decode(url, text.p, text.len, bytes, sizeof(bytes));
	if (n != QT_NET_TOKEN_BYTES)
		return -EINVAL;
	digest(EVP_sha256(), bytes, sizeof(bytes), hash->b);
	explicit_bzero(bytes, sizeof(bytes));
	return 0;
}

int
qt_net_token_is_equal(const struct qt_net_token_hash *a,
    const struct qt_net_token_hash *b)
{
	return qt_is_equal_secret(a->b, b->b, sizeof(a->b));
}

/* Bytes of a token or base64 value: nothing that ends a cookie. */
static int
is_cookie_text(const char *text, const char *not)
{
	for (; *text != '\0'; text++) {
		if (*text <= ' ' || *text > '~' || strchr(not, *text) != NULL)
			return 0;
	}
	return 1;
}

int
qt_net_cookie_set(char *out, size_t size, const char *name, const char *value,
    const char *path, int is_secure, long max_age_s)
{
	char	age[40] = "";
	int	n;

	if (path == NULL)
		path = "/";
	if (*name == '\0' || !is_cookie_text(name, "()<>@,;:\\\"/[]?={}") ||
	    !is_cookie_text(value, ",;\\\"") || !is_cookie_text(path, ",;"))
		return -EINVAL;
	if (max_age_s >= 0)
		snprintf(age, sizeof(age), "; Max-Age=%ld", max_age_s);
	n = snprintf(out, size, "%s=%s; Path=%s; HttpOnly; SameSite=Strict%s%s",
	    name, value, path, is_secure ? "; Secure" : "", age);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int
qt_net_cookie_name(char *out, size_t size, const char *name, int is_secure,
    unsigned int port)
{
	int	n;

	if (is_secure)
		n = snprintf(out, size, "__Host-%s", name);
	else
		n = snprintf(out, size, "%s-%u", name, port);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

long
qt_net_base64_encode(const void *data, size_t len, char *out, size_t size)
{
	size_t	n = (len + 2) / 3 * 4, used;

	if (len > SIZE_MAX / 2 || n >= size)
		return -ENAMETOOLONG;
	used = qt_base64_encode(out, data, len, 0);
	while (used < n)
		out[used++] = '=';
	out[n] = '\0';
	return (long)n;
}

long
qt_net_base64_decode(struct qt_net_str text, char *out, size_t size)
{
	size_t	len = text.len;
	long	n;

	if (size == 0)
		return -ENAMETOOLONG;
	if (len % 4 != 0)
		return -EINVAL;
	for (int i = 0; i < 2 && len > 0 && text.p[len - 1] == '='; i++)
		len--;
	n = decode(std, text.p, len, (uint8_t *)out, size - 1);
	if (n >= 0)
		out[n] = '\0';
	return n;
}

void
qt_net_ws_accept(struct qt_net_str key, char out[QT_NET_WS_ACCEPT_SIZE])
{
	static const char	guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char			text[128];
	uint8_t			sum[20] = { 0 };
	size_t			len = key.len < 64 ? key.len : 64;

	if (len > 0)
		memcpy(text, key.p, len);
	memcpy(text + len, guid, sizeof(guid) - 1);
	digest(EVP_sha1(), text, len + sizeof(guid) - 1, sum);
	qt_net_base64_encode(sum, sizeof(sum), out, QT_NET_WS_ACCEPT_SIZE);
}
