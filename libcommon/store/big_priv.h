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
 *	12	4	length of the key
 *	16	8	number of the file
 *	24	8	length of the value
 *	32	4	CRC32C of the value, as in the record
 *	36	4	CRC32C of the 36 bytes before and of the key
 *	40		the key, then zeros up to a multiple of 8
 *			the value, to the end of the file
 *
 * A writer	claims a number: it locks byte QT__BIG_BASE + number of LOCK, as
 *		its user
 *		writes the file, and makes it and its name durable
 *		writes the record, which names it
 *		gives the claim back
 *
 * so a file that nobody claims and no record names is nobody's: of a writer that
 * was killed in between. The kernel drops the claims of a dead one, and only
 * those. Whether a record names it is asked by its key, which is why it is here:
 * each file is looked up once, behind its writer, and not every record for the
 * sake of a file. What a compaction drops is listed in manifests (struct
 * qt__drop), and what a clear of the store leaves behind is found as the former.
 */
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <qt/base/buf.h>
#include <qt/base/err.h>

#include "lock_priv.h"

#define QT__BIG_HEADER		40u
#define QT__BIG_REF_SIZE	20u	/* the value of a record with QT__BIG */
#define QT__BIG_BASE		(INT64_C(1) << 32)	/* in LOCK, claims */

struct qt__big_ref {
	uint64_t	number, len;
	uint32_t	crc;
};
void	qt__big_ref_pack(uint8_t out[QT__BIG_REF_SIZE],
	    const struct qt__big_ref *ref);
/* -QT_ECORRUPT when it is no reference. */
int	qt__big_ref_unpack(struct qt__big_ref *out, const void *value,
	    size_t len);

/* What is to be in a file. */
struct qt__big_value {
	const void	*key, *data;
	size_t		 key_len, len;
};
/*
 * dirfd is the folder big/, in all of these. Writes the file and makes it and
 * its name durable, so that the record that names it may be written: *ref says
 * what is to be in it. When it fails there is no such file; -EEXIST: there is
 * one; take another number.
 */
int	qt__big_write(int dirfd, uint64_t number, const struct qt__big_value *v,
	    struct qt__big_ref *ref, struct qt_err *err);

struct qt__big {
	const uint8_t	*data;
	size_t		 len;
	void		*map_;		/* from here to the end of data */
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
void	qt__big_name(char name[32], uint64_t number);
/* -ENOENT when it is not there. */
int	qt__big_remove(int dirfd, uint64_t number);

/*
 * What a file says of itself: 1 with its key (in place of what was there) and
 * what a record would say of it; 0: it was never begun, there is no header;
 * -QT_ECORRUPT: damaged; -ENOENT.
 */
int	qt__big_describe(int dirfd, uint64_t number, struct qt_buf *key,
	    struct qt__big_ref *ref);

/* --- Claims --------------------------------------------------------------- */

/* The next free number of those from *next on, claimed by u. */
int	qt__big_claim(const struct qt__user *u, _Atomic uint64_t *next,
	    uint64_t *number);
void	qt__big_unclaim(const struct qt__user *u, uint64_t number);
/* lock_fd: LOCK, a description of its own. 1, 0, negative. */
int	qt__big_is_claimed(int lock_fd, uint64_t number);

#endif /* QT_STORE_BIG_PRIV_H */
