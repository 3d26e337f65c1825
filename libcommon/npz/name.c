/* SPDX-License-Identifier: Apache-2.0 */
/* Which names members may have. See <qt/npz/npz.h>. */

#include <string.h>

#include <qt/base/utf8.h>
#include <qt/npz/npz.h>

#include "name_priv.h"

int
qt_npz_is_name(const char *name, size_t len)
{
	size_t	n;
	int	is_valid;

	if (len == 0 || len >= QT_NPZ_NAME_SIZE ||
	    memchr(name, '/', len) != NULL || memchr(name, '\\', len) != NULL ||
	    (len <= 2 && strncmp(name, "..", len) == 0))
		return 0;
	for (; len > 0; name += n, len -= n) {
		n = qt_utf8_next(name, len, &is_valid);
		if (!is_valid || qt_utf8_is_control(name, n))
			return 0;
	}
	return 1;
}

int
qt__npz_is_ascii(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] >= 0x80)
			return 0;
	return 1;
}

const char *
qt__npz_shown(char out[QT__NPZ_SHOWN], const char *name, size_t len)
{
	size_t	n = len < QT__NPZ_SHOWN - 4 ? len : QT__NPZ_SHOWN - 4;

	for (size_t i = 0; i < n; i++)
		out[i] = name[i] >= ' ' && name[i] < 0x7f ? name[i] : '?';
	memcpy(out + n, n < len ? "..." : "", n < len ? 4 : 1);
	return out;
}
