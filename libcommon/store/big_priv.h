/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_BIG_PRIV_H
#define QT_STORE_BIG_PRIV_H
/*
 * Values that are too large for a memtable: one file each, big/NNNNNNNNNNNN.big,
 * that is written once and named by a record (QT__BIG in entry_priv.h).
 *
 *	OFFSET	SIZE	DESCRIPTION, little-endian
 *	0	8	"qt-big" and two zero bytes
 *	8	4	version, 1
 *	12	4	0
 *	16	8	number of the file
 *	24	8	length of the value
 *	32		the value; its CRC32C is in the record
 */
#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>

#define QT__BIG_HEADER		32u
#define QT__BIG_REF_SIZE	20u	/* the value of a record with QT__BIG */

struct qt__big_ref {
	uint64_t	number, len;
	uint32_t	crc;
};
void	qt__big_ref_pack(uint8_t out[QT__BIG_REF_SIZE],
	    const struct qt__big_ref *ref);
/* -QT_ECORRUPT when it is no reference. */
int	qt__big_ref_unpack(struct qt__big_ref *out, const void *value,
	    size_t len);

/*
 * dirfd is the folder big/, in all of these. Writes the file and makes it and
 * its name durable, so that the record that names it may be written: *ref says
 * what is to be in it. When it fails there is no such file; -EEXIST: there is
 * one, of a writer that died before its record was written, or of an earlier
 * time; take another number.
 */
int	qt__big_write(int dirfd, uint64_t number, const void *data, size_t len,
	    struct qt__big_ref *ref, struct qt_err *err);

struct qt__big {
	const uint8_t	*data;
	size_t		 len;
	void		*map_;
};
#define QT__BIG_VERIFY	1u	/* reads it all, and compares its CRC */
/*
 * Maps it; qt__big_close() takes it away. It stays readable when the file is
 * removed. -ENOENT: it was removed; -QT_ECORRUPT: not what the record says,
 * with what is wrong in err.
 */
int	qt__big_open(struct qt__big *out, int dirfd,
	    const struct qt__big_ref *ref, unsigned int flags,
	    struct qt_err *err);
void	qt__big_close(struct qt__big *big);
/* -ENOENT when it is not there. */
int	qt__big_remove(int dirfd, uint64_t number);

#endif /* QT_STORE_BIG_PRIV_H */
