/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_BLOCK_ZLIB_PRIV_H
#define QT_STORE_BLOCK_ZLIB_PRIV_H
/* Blocks of runs, deflated and inflated. */
#include <stddef.h>
#include <stdint.h>

#include <qt/base/buf.h>

struct qt__deflate;	/* what zlib needs, for any number of blocks */

/* level 1 to 9. */
int	qt__deflate_new(struct qt__deflate **out, uint32_t level);
void	qt__deflate_free(struct qt__deflate *d);	/* NULL is fine */
/*
 * Appends what in becomes to out, and its length to *len: 1. 0, and out as it
 * was, when that would not save an eighth. Negative.
 */
int	qt__deflate(struct qt__deflate *d, struct qt_buf *out, uint32_t *len,
	    const struct qt_buf *in);
/* Fills out, or -QT_ECORRUPT when in is not that many bytes, deflated. */
int	qt__inflate(uint8_t *out, size_t out_len, const uint8_t *in,
	    size_t in_len);

#endif /* QT_STORE_BLOCK_ZLIB_PRIV_H */
