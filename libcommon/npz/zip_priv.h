/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT__NPZ_ZIP_PRIV_H
#define QT__NPZ_ZIP_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include <zlib.h>

#include <qt/base/err.h>

/*
 * ZIP archives as APPNOTE.TXT 6.3 describes them, as much of them as .npz files
 * have: members that are stored or deflated, sizes of 32 or 64 bits, one disk.
 * The packing and the checksums are zlib's.
 *
 *	local head "PK\3\4"  name extra  bytes of the member
 *	...
 *	entry      "PK\1\2"  name extra comment		} the directory
 *	...						}
 *	end 64     "PK\6\6", locator "PK\6\7"		  where 32 bits are
 *	end        "PK\5\6"  comment			  not enough
 *
 * Why no library: minizip of Debian 12 reads no member above 4 GiB; libzip comes
 * with OpenSSL, as a shared library only, and every qt-shm would start in twice
 * the time.
 */
#define QT__ZIP_NAME	256u		/* longer ones are no names */
#define QT__ZIP_UTF8	0x800u		/* flag: the name is UTF-8 */
#define QT__ZIP_SECRET	0x2041u		/* flags: encrypted, in three ways */
#define QT__ZIP_STORED	0u
#define QT__ZIP_DEFLATED 8u

#define QT__ZIP_LOCAL	0x04034b50u
#define QT__ZIP_ENTRY	0x02014b50u
#define QT__ZIP_END	0x06054b50u
#define QT__ZIP_END64	0x06064b50u
#define QT__ZIP_LOCATOR	0x07064b50u
#define QT__ZIP_LOCAL_SIZE	30u
#define QT__ZIP_ENTRY_SIZE	46u
#define QT__ZIP_END_SIZE	22u
#define QT__ZIP_END64_SIZE	56u
#define QT__ZIP_LOCATOR_SIZE	20u
#define QT__ZIP_EXTRA64		1u	/* the extra field of large sizes */

/* A file that is read; small reads that follow each other cost no call. */
struct qt__zip {
	int		fd;		/* borrowed */
	uint64_t	size;
	uint64_t	dir_at, dir_len, count;
	uint64_t	window_at;
	size_t		window_len;
	unsigned char	window[4096];
};

/* A row of the directory, which says where the next one is. */
struct qt__zip_entry {
	char		name[QT__ZIP_NAME];	/* no end; cut */
	size_t		name_len;		/* of all of it */
	uint32_t	flags, method, crc;
	uint64_t	packed, size, offset;
	uint64_t	data_at;	/* after qt__zip_locate() */
};

/* 0; -QT_EFORMAT (no end), -QT_ECORRUPT, -errno; with what is wrong in err. */
int	qt__zip_open(struct qt__zip *z, int fd, struct qt_err *err);
/* *at is 0 for the first entry. 1, 0 at the end, or negative. */
int	qt__zip_next(struct qt__zip *z, uint64_t *at,
	    struct qt__zip_entry *out);
/* Looks at the local head: 0, -QT_ECORRUPT, -errno. */
int	qt__zip_locate(struct qt__zip *z, struct qt__zip_entry *e);
/* Exactly len bytes, or -QT_ECORRUPT, -errno. */
int	qt__zip_read(struct qt__zip *z, uint64_t at, void *out, size_t len);

/* The bytes of one member. Zero-initialised before the first start. */
struct qt__zip_stream {
	struct qt__zip	*zip;
	uint64_t	 at, packed_left, left;
	uint32_t	 crc, crc_want;
	int		 is_deflated;	/* inflate is to be ended */
	z_stream	 z;
	unsigned char	 in[16384];
};

int	qt__zip_start(struct qt__zip_stream *s, struct qt__zip *z,
	    const struct qt__zip_entry *e);
int	qt__zip_get(struct qt__zip_stream *s, void *out, size_t len);
/* After all of them: whether they were right. */
int	qt__zip_end(struct qt__zip_stream *s);
void	qt__zip_stop(struct qt__zip_stream *s);	/* harmless twice */

/* Little-endian numbers. */
static inline uint64_t
qt__zip_number(const unsigned char *p, size_t size)
{
	uint64_t	n = 0;

	while (size-- > 0)
		n = n << 8 | p[size];
	return n;
}

#endif /* QT__NPZ_ZIP_PRIV_H */
