/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of runs by zlib. See block_zlib_priv.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <qt/base/err.h>

#include "block_zlib_priv.h"

struct qt__deflate {
	z_stream	z;
};

int
qt__deflate_new(struct qt__deflate **out, uint32_t level)
{
	struct qt__deflate	*d = calloc(1, sizeof(*d));

	*out = NULL;
	if (d == NULL)
		return -ENOMEM;
	if (deflateInit(&d->z, level > 9 ? 9 : (int)level) != Z_OK) {
		free(d);
		return -ENOMEM;
	}
	*out = d;
	return 0;
}

void
qt__deflate_free(struct qt__deflate *d)
{
	if (d == NULL)
		return;
	(void)deflateEnd(&d->z);
	free(d);
}

int
qt__deflate(struct qt__deflate *d, struct qt_buf *out, uint32_t *len,
    const struct qt_buf *in)
{
	size_t	max = in->len - in->len / 8;
	int	rc = qt_buf_reserve(out, max);

	if (rc < 0)
		return rc;
	if (deflateReset(&d->z) != Z_OK)
		return -EINVAL;
	d->z.next_in = (Bytef *)in->data;
	d->z.avail_in = (uInt)in->len;
	d->z.next_out = (Bytef *)out->data + out->len;
	d->z.avail_out = (uInt)max;
	rc = deflate(&d->z, Z_FINISH) == Z_STREAM_END;
	if (rc > 0) {
		*len = (uint32_t)(max - d->z.avail_out);
		out->len += *len;
	}
	out->data[out->len] = '\0';
	return rc;
}

int
qt__inflate(uint8_t *out, size_t out_len, const uint8_t *in, size_t in_len)
{
	z_stream	z;
	int		rc;

	memset(&z, 0, sizeof(z));
	if (inflateInit(&z) != Z_OK)
		return -ENOMEM;
	z.next_in = (Bytef *)in;
	z.avail_in = (uInt)in_len;
	z.next_out = out;
	z.avail_out = (uInt)out_len;
	rc = inflate(&z, Z_FINISH);
	(void)inflateEnd(&z);
	if (rc == Z_MEM_ERROR)
		return -ENOMEM;
	return rc == Z_STREAM_END && z.avail_out == 0 && z.avail_in == 0 ? 0 :
	    -QT_ECORRUPT;
}
