/* SPDX-License-Identifier: Apache-2.0 */
/* base64. See <qt/base/base64.h>. */

#include <stdint.h>

#include <qt/base/base64.h>

static const char	std[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char	url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t
qt_base64_encode(char *out, const void *data, size_t len, int is_url)
{
	const char	*letters = is_url ? url : std;
	const uint8_t	*p = data;
	uint32_t	 bits = 0;
	unsigned int	 nbits = 0;
	size_t		 n = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | p[i];
		for (nbits += 8; nbits >= 6; nbits -= 6)
			out[n++] = letters[bits >> (nbits - 6) & 63];
	}
	if (nbits > 0)
		out[n++] = letters[bits << (6 - nbits) & 63];
	return n;
}
