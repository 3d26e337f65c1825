/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP Basic (RFC 7617). See <qt/net/login.h>. */

#include <errno.h>
#include <string.h>
#include <strings.h>

#include <qt/base/hash.h>
#include <qt/net/login.h>
#include <qt/net/token.h>

#define CREDENTIAL_MAX 1024

/* "Basic xxxx" into text; the length, or -EINVAL. */
static long
decode(struct qt_net_str header, char *text, size_t size)
{
	if (header.len < 6 || strncasecmp(header.p, "Basic ", 6) != 0)
		return -EINVAL;
	header.p += 6;
	header.len -= 6;
	while (header.len > 0 && *header.p == ' ') {
		header.p++;
		header.len--;
	}
	return qt_net_base64_decode(header, text, size);
}

int
qt_net_basic_is(struct qt_net_str header, const char *credential)
{
	char	theirs[CREDENTIAL_MAX] = "", ours[CREDENTIAL_MAX] = "";
	size_t	len = strlen(credential);
	long	n = decode(header, theirs, sizeof(theirs));
	int	ok;

	if (len >= sizeof(ours))
		return 0;
	/*
	 * Both are compared to their full room, zero-filled, and the lengths
	 * afterwards: the time tells nothing about where they differ.
	 */
	memcpy(ours, credential, len);
	if (n > 0)
		memset(theirs + n, 0, sizeof(theirs) - (size_t)n);
	ok = qt_is_equal_secret(theirs, ours, sizeof(ours));
	explicit_bzero(theirs, sizeof(theirs));
	explicit_bzero(ours, sizeof(ours));
	return ok & (n == (long)len) & (len > 0);
}

int
qt_net_basic_parse(struct qt_net_str header, char *user, size_t user_size,
    char *pass, size_t pass_size, size_t *pass_len)
{
	char	 text[CREDENTIAL_MAX];
	char	*colon;
	long	 n = decode(header, text, sizeof(text));
	int	 rc = -EINVAL;

	colon = n > 0 ? memchr(text, ':', (size_t)n) : NULL;
	if (colon != NULL && memchr(text, '\0', (size_t)(colon - text)) ==
	    NULL) {
		*pass_len = (size_t)(text + n - colon - 1);
		if ((size_t)(colon - text) >= user_size ||
		    *pass_len >= pass_size) {
			rc = -ENAMETOOLONG;
		} else {
			memcpy(user, text, (size_t)(colon - text));
			user[colon - text] = '\0';
			memcpy(pass, colon + 1, *pass_len);
			pass[*pass_len] = '\0';
			rc = 0;
		}
	}
	explicit_bzero(text, sizeof(text));
	return rc;
}
