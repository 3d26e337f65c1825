/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths and queries: percent-decoding, once. See <qt/net/head.h>.
 *
 * A path that would need judgement is refused, not repaired: what browsers
 * send has no "." or ".." segments (they resolve them), no encoded slash and
 * no backslash.
 */

#include <errno.h>

#include <qt/base/hex.h>
#include <qt/net/head.h>

/* The byte at raw.p[*i], %xx decoded, with *i moved past it; or -EINVAL. */
static int
decode_byte(struct qt_net_str raw, size_t *i)
{
	int	hi, lo;

	if (raw.p[*i] != '%')
		return (unsigned char)raw.p[(*i)++];
	if (raw.len - *i < 3)
		return -EINVAL;
	hi = qt_hex_value(raw.p[*i + 1]);
	lo = qt_hex_value(raw.p[*i + 2]);
	if (hi < 0 || lo < 0)
		return -EINVAL;
	*i += 3;
	return hi << 4 | lo;
}

/* The last segment of out, which ends at len, is "." or "..". */
static int
is_dots(const char *out, size_t len)
{
	if (len >= 2 && out[len - 1] == '.' && out[len - 2] == '/')
		return 1;
	return len >= 3 && out[len - 1] == '.' && out[len - 2] == '.' &&
	    out[len - 3] == '/';
}

long
qt_net_path_decode(struct qt_net_str raw, char *out, size_t size)
{
	size_t	len = 0, i = 0;
	int	c;

	if (raw.len == 0 || raw.p[0] != '/')
		return -EINVAL;
	while (i < raw.len) {
		int	is_escape = raw.p[i] == '%';

		c = decode_byte(raw, &i);
		if (c < 0x20 || c == 0x7f || c == '\\' ||
		    (c == '/' && is_escape))
			return -EINVAL;
		if (c == '/') {
			if (is_dots(out, len))
				return -EINVAL;
			if (len > 0 && out[len - 1] == '/')
				continue;
		}
		if (len + 1 >= size)
			return -ENAMETOOLONG;
		out[len++] = (char)c;
	}
	if (is_dots(out, len))
		return -EINVAL;
	out[len] = '\0';
	return (long)len;
}

int
qt_net_path_is_plain(struct qt_net_str raw)
{
	char	last = '\0';

	if (raw.len == 0 || raw.p[0] != '/')
		return 0;
	for (size_t i = 0; i < raw.len; i++) {
		unsigned char	c = (unsigned char)raw.p[i];

		if (c < 0x20 || c == 0x7f || c == '\\' || c == '%' ||
		    (last == '/' && (c == '/' || c == '.')))
			return 0;
		last = (char)c;
	}
	return 1;
}

long
qt_net_query_get(struct qt_net_str query, const char *name, char *out,
    size_t size)
{
	const char		*p = query.p, *end = p + query.len, *amp, *eq;
	size_t			 want = strlen(name), len = 0, i = 0;
	struct qt_net_str	 raw = { NULL, 0 };
	int			 c;

	for (; query.len > 0 && p <= end; p = amp + 1) {
		amp = memchr(p, '&', (size_t)(end - p));
		if (amp == NULL)
			amp = end;
		eq = memchr(p, '=', (size_t)(amp - p));
		if (eq != NULL && (size_t)(eq - p) == want &&
		    memcmp(p, name, want) == 0) {
			raw.p = eq + 1;
			raw.len = (size_t)(amp - eq - 1);
			break;
		}
	}
	if (raw.p == NULL)
		return -ENOENT;
	while (i < raw.len) {
		int	is_plus = raw.p[i] == '+';

		c = is_plus ? (i++, ' ') : decode_byte(raw, &i);
		if (c <= 0)
			return -EINVAL;
		if (len + 1 >= size)
			return -ENAMETOOLONG;
		out[len++] = (char)c;
	}
	if (size == 0)
		return -ENAMETOOLONG;
	out[len] = '\0';
	return (long)len;
}

int
qt_net_cookie_get(struct qt_net_str cookies, const char *name,
    struct qt_net_str *value)
{
	const char	*p = cookies.p, *end = p + cookies.len, *semi, *eq;
	size_t		 want = strlen(name);
	int		 found = 0;

	*value = (struct qt_net_str){ NULL, 0 };
	for (; cookies.len > 0 && p < end; p = semi + 1) {
		while (p < end && *p == ' ')
			p++;
		semi = memchr(p, ';', (size_t)(end - p));
		if (semi == NULL)
			semi = end;
		eq = memchr(p, '=', (size_t)(semi - p));
		if (eq == NULL || (size_t)(eq - p) != want ||
		    memcmp(p, name, want) != 0)
			continue;
		if (found++)
			return 0;
		value->p = eq + 1;
		value->len = (size_t)(semi - eq - 1);
		while (value->len > 0 && value->p[value->len - 1] == ' ')
			value->len--;
	}
	return found;
}
