/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_DTYPE_PRIV_H
#define QT_SHM_DTYPE_PRIV_H

#include <qt/shm/dtype.h>

/* dtype.c: a scalar as NumPy writes it; the unit of a time is in text. */
void	qt__dtype_text(const struct qt_dtype_field *field, const char *text,
	    char out[QT_DTYPE_TEXT]);

#endif /* QT_SHM_DTYPE_PRIV_H */
