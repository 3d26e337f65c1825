/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a member, stored or deflated. See zip_priv.h. */

#include <errno.h>
#include <string.h>

#include "zip_priv.h"

int
qt__zip_start(struct qt__zip_stream *s, struct qt__zip *z,
    const struct qt__zip_entry *e)
{
	qt__zip_stop(s);
	s->zip = z;
	s->at = e->data_at;
	s->packed_left = e->packed;
	s->left = e->size;
	s->crc = (uint32_t)crc32(0, NULL, 0);
	s->crc_want = e->crc;
	if (e->method != QT__ZIP_DEFLATED)
		return e->packed != e->size ? -QT_ECORRUPT : 0;
	memset(&s->z, 0, sizeof(s->z));
	if (inflateInit2(&s->z, -MAX_WBITS) != Z_OK)
		return -ENOMEM;
	s->is_deflated = 1;
	return 0;
}

/*
 * Up to len bytes, unpacked: all of them unless the end of the packed ones
 * came first, which *is_end says.
 */
static int
unpack(struct qt__zip_stream *s, void *out, size_t *len, int *is_end)
{
	size_t	n;
	int	rc, zrc = Z_OK;

	s->z.next_out = out;
	s->z.avail_out = (uInt)*len;
	while (s->z.avail_out > 0 && zrc == Z_OK) {
		if (s->z.avail_in == 0 && s->packed_left > 0) {
			n = s->packed_left < sizeof(s->in) ?
			    (size_t)s->packed_left : sizeof(s->in);
			rc = qt__zip_read(s->zip, s->at, s->in, n);
			if (rc < 0)
				return rc;
			s->at += n;
			s->packed_left -= n;
			s->z.next_in = s->in;
			s->z.avail_in = (uInt)n;
		}
		/* Without input and without output it says Z_BUF_ERROR. */
		zrc = inflate(&s->z, Z_NO_FLUSH);
	}
	*len -= s->z.avail_out;
	*is_end = zrc == Z_STREAM_END;
	return zrc == Z_OK || zrc == Z_STREAM_END ? 0 :
	    zrc == Z_MEM_ERROR ? -ENOMEM : -QT_ECORRUPT;
}

static int
get_piece(struct qt__zip_stream *s, unsigned char *out, size_t len)
{
	size_t	got = len;
	int	is_end, rc;

	if (len > s->left)
		return -QT_ECORRUPT;
	if (s->is_deflated) {
		rc = unpack(s, out, &got, &is_end);
	} else {
		rc = qt__zip_read(s->zip, s->at, out, len);
		s->at += len;
	}
	if (rc < 0)
		return rc;
	s->crc = (uint32_t)crc32(s->crc, out, (uInt)got);
	s->left -= got;
	return got < len ? -QT_ECORRUPT : 0;
}

int
qt__zip_get(struct qt__zip_stream *s, void *out, size_t len)
{
	const size_t	 piece = (size_t)1 << 30;	/* zlib counts in 32 */
	unsigned char	*p = out;
	size_t		 n;
	int		 rc = 0;

	for (; len > 0 && rc == 0; p += n, len -= n) {
		n = len < piece ? len : piece;
		rc = get_piece(s, p, n);
	}
	return rc;
}

int
qt__zip_end(struct qt__zip_stream *s)
{
	unsigned char	more;
	size_t		len = 1;
	int		is_end = 1, rc = 0;

	if (s->is_deflated)
		rc = unpack(s, &more, &len, &is_end);
	if (rc == 0 && s->is_deflated && (len > 0 || !is_end ||
	    s->packed_left > 0 || s->z.avail_in > 0))
		rc = -QT_ECORRUPT;
	if (rc == 0 && (s->left > 0 || s->crc != s->crc_want))
		rc = -QT_ECORRUPT;
	qt__zip_stop(s);
	return rc;
}

void
qt__zip_stop(struct qt__zip_stream *s)
{
	if (s->is_deflated)
		inflateEnd(&s->z);
	s->is_deflated = 0;
}
