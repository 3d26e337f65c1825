/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_CHUNK_PRIV_H
#define QT_NET_CHUNK_PRIV_H

#include <stddef.h>
#include <stdint.h>

/*
 * Decodes the chunked coding (RFC 9112, 7.1) of an answer, in any pieces.
 * Zeroed is ready.
 */
struct qt__chunks {
	uint64_t	left;		/* of this chunk, or digits so far */
	unsigned int	state;
	unsigned int	count;		/* of bytes in this line */
};

/*
 * Looks at the len bytes at p: *used of them are done with, and of those
 * *data_len at *data are content. 1 at the end of the body, 0, or -EINVAL. To
 * be called again with what comes after *used.
 */
int	qt__net_chunks_next(struct qt__chunks *c, const char *p, size_t len,
	    size_t *used, const char **data, size_t *data_len);

#endif /* QT_NET_CHUNK_PRIV_H */
