/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT__NPZ_NAME_PRIV_H
#define QT__NPZ_NAME_PRIV_H

#include <stddef.h>

#define QT__NPZ_SUFFIX	".npy"

int	qt__npz_is_ascii(const char *name, size_t len);
/*
 * A name for a message: what would do something to a terminal, or is no ASCII,
 * is a question mark, and what is long is cut.
 */
#define QT__NPZ_SHOWN	100u
const char *qt__npz_shown(char out[QT__NPZ_SHOWN], const char *name,
	    size_t len);

#endif /* QT__NPZ_NAME_PRIV_H */
