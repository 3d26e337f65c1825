/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame of a slice file: its header, its footer, its name. The interface
 * is in run_priv.h.
 *
 *	+--------+---------+---------+- - -+--------+-------+--------+
 *	| header | block 0 | block 1 |     | filter | index | footer |
 *	+--------+---------+---------+- - -+--------+-------+--------+
 *	0        64                        multiple          192 bytes
 *	                                   of 64
 *
 * Numbers are little-endian. Between the parts are zeros, so that each begins
 * at a multiple of 8, or of 64 bytes where it is searched in place. qt-store(5)
 * has the fields of the header and of the footer, which are packed below.
 *
 * A block is a header of 32 bytes and its contents, deflated or not:
 *
 *	tags	a byte for each record: the lowest of its key's hash
 *	offsets	16 bits for each record: where it begins in
 *	records	key and the rest, each right behind the one before
 *
 * So a get reads the tags and then, nearly always, the one record that it is
 * looking for: two or three cache lines that are next to each other, where a
 * binary search would touch five records. A record is
 *
 *	shared, length	two varints: its key is the first so many bytes of the
 *			key of its restart, the last record before it (or
 *			itself) with a number that is a multiple of 32,
 *	suffix		and then these
 *	control		flags in bits 0 to 2; 8: a tag follows; 16: an expiry
 *	value's length	varint
 *	version		varint, zigzag: less the base in the block's header
 *	tag		a byte, if it is not 0
 *	expiry		varint, ms since 1970, if there is one
 *	value
 *
 * Keys share bytes with their restart and not with the one before, as is usual:
 * that costs a byte here and there and lets any record be read by itself, so
 * that a search can be binary and going backwards costs what going forwards
 * does.
 *
 * The index has a separator for each block: a key not less than the block's
 * last and, but where one key goes on in the next block, less than the next
 * one's first; as short as that allows. They are not stored with what all keys
 * of the file begin with. Of each, the next 8 bytes lie in an array of their
 * own, which is what a search reads; the whole is compared only between equal
 * ones.
 *
 * Checksums start from the number of the file, its salt (a random number in
 * header and footer) and the position, so what belongs to another file or
 * place, or was put into a value to look like a block, is not taken for one.
 */

#include <stdio.h>
#include <string.h>

#include <qt/base/hash.h>
#include <qt/base/le.h>
#include <qt/store/store.h>

#include "varint_priv.h"
#include "run_file_priv.h"

#define HEADER_CRC	(QT__RUN_HEADER - 4)
#define FOOTER_CRC	(QT__RUN_FOOTER - 4)

void
qt__run_name(char name[QT__RUN_NAME_SIZE], uint64_t number)
{
	snprintf(name, QT__RUN_NAME_SIZE, "%012llu.run",
	    (unsigned long long)number);
}

uint32_t
qt__run_crc(uint64_t number, uint64_t salt, uint64_t at, const void *data,
    size_t len)
{
	uint8_t	place[24];

	qt_le_store64(place, number);
	qt_le_store64(place + 8, salt);
	qt_le_store64(place + 16, at);
	return qt_crc32c(qt_crc32c(0, place, sizeof(place)), data, len);
}

void
qt__run_header_pack(uint8_t *p, const struct qt__run_header *h)
{
	memset(p, 0, QT__RUN_HEADER);
	memcpy(p, QT__RUN_MAGIC, 8);
	qt_le_store32(p + 8, QT__RUN_FORMAT);
	qt_le_store32(p + 12, h->align);
	qt_le_store64(p + 16, h->number);
	qt_le_store64(p + 24, h->salt);
	qt_le_store32(p + HEADER_CRC, qt_crc32c(0, p, HEADER_CRC));
}

static int
is_align(uint32_t align)
{
	return align == QT__RUN_ALIGN || align == QT__RUN_PLAIN_ALIGN;
}

const char *
qt__run_header_unpack(struct qt__run_header *h, const uint8_t *map,
    uint64_t size, uint64_t number, int *rc)
{
	*rc = -QT_EFORMAT;
	if (size < QT__RUN_HEADER || memcmp(map, QT__RUN_MAGIC, 8) != 0)
		return "not a run";
	*rc = -QT_EVERSION;
	if (qt_le_load32(map + 8) != QT__RUN_FORMAT)
		return "header: another version of the format";
	*rc = -QT_ECORRUPT;
	if (qt_le_load32(map + HEADER_CRC) != qt_crc32c(0, map, HEADER_CRC))
		return "header: wrong checksum";
	h->align = qt_le_load32(map + 12);
	h->number = qt_le_load64(map + 16);
	h->salt = qt_le_load64(map + 24);
	if (h->number != number)
		return "header: the number is that of another file";
	if (!is_align(h->align))
		return "header: impossible alignment";
	*rc = 0;
	return NULL;
}

void
qt__run_footer_pack(uint8_t *p, const struct qt__run_footer *f)
{
	memset(p, 0, QT__RUN_FOOTER);
	memcpy(p, QT__RUN_END_MAGIC, 8);
	qt_le_store32(p + 8, QT__RUN_FORMAT);
	qt_le_store32(p + 12, f->align);
	qt_le_store64(p + 16, f->info.number);
	qt_le_store64(p + 24, f->salt);
	qt_le_store64(p + 32, f->info.size);
	qt_le_store64(p + 40, f->info.records);
	qt_le_store64(p + 48, f->info.dels);
	qt_le_store64(p + 56, f->info.raw_bytes);
	qt_le_store64(p + 64, f->info.min_version);
	qt_le_store64(p + 72, f->info.max_version);
	qt_le_store64(p + 80, f->data_end);
	qt_le_store64(p + 88, f->filter_at);
	qt_le_store64(p + 96, f->index_at);
	qt_le_store64(p + 104, f->index_len);
	qt_le_store32(p + 112, f->filter_lines);
	qt_le_store32(p + 116, f->filter_crc);
	qt_le_store32(p + 120, f->index_crc);
	qt_le_store32(p + 124, f->blocks);
	qt_le_store32(p + 128, f->prefix_len);
	qt_le_store32(p + 132, f->first_len);
	qt_le_store32(p + FOOTER_CRC, qt_crc32c(0, p, FOOTER_CRC));
}

static void
footer_load(struct qt__run_footer *f, const uint8_t *p)
{
	f->align = qt_le_load32(p + 12);
	f->info.number = qt_le_load64(p + 16);
	f->salt = qt_le_load64(p + 24);
	f->info.size = qt_le_load64(p + 32);
	f->info.records = qt_le_load64(p + 40);
	f->info.dels = qt_le_load64(p + 48);
	f->info.raw_bytes = qt_le_load64(p + 56);
	f->info.min_version = qt_le_load64(p + 64);
	f->info.max_version = qt_le_load64(p + 72);
	f->data_end = qt_le_load64(p + 80);
	f->filter_at = qt_le_load64(p + 88);
	f->index_at = qt_le_load64(p + 96);
	f->index_len = qt_le_load64(p + 104);
	f->filter_lines = qt_le_load32(p + 112);
	f->filter_crc = qt_le_load32(p + 116);
	f->index_crc = qt_le_load32(p + 120);
	f->blocks = qt_le_load32(p + 124);
	f->prefix_len = qt_le_load32(p + 128);
	f->first_len = qt_le_load32(p + 132);
}

/* The parts lie one behind the other; size is that of the file. */
static int
is_shape(const struct qt__run_footer *f, uint64_t size)
{
	uint64_t	end = size - QT__RUN_FOOTER;

	return is_align(f->align) &&
	    f->data_end >= QT__RUN_HEADER && f->data_end <= end &&
	    f->filter_at == qt__round_up(f->data_end, QT__BLOOM_LINE) &&
	    f->filter_at <= end &&
	    f->filter_lines <= (end - f->filter_at) / QT__BLOOM_LINE &&
	    f->index_at == f->filter_at +
	    (uint64_t)f->filter_lines * QT__BLOOM_LINE &&
	    f->index_len <= end - f->index_at &&
	    qt__round_up(f->index_at + f->index_len, QT__RUN_ALIGN) == end &&
	    f->first_len <= QT_STORE_KEY_MAX && f->prefix_len <= f->first_len;
}

const char *
qt__run_footer_unpack(struct qt__run_footer *f, const uint8_t *map,
    uint64_t size, uint64_t number, int *rc)
{
	const uint8_t	*p;

	*rc = -QT_ECORRUPT;
	if (size < QT__RUN_HEADER + QT__RUN_FOOTER || size % QT__RUN_ALIGN != 0)
		return "footer: cut off, or not written to its end";
	p = map + size - QT__RUN_FOOTER;
	if (memcmp(p, QT__RUN_END_MAGIC, 8) != 0)
		return "footer: not a run's";
	if (qt_le_load32(p + FOOTER_CRC) != qt_crc32c(0, p, FOOTER_CRC))
		return "footer: wrong checksum";
	*rc = -QT_EVERSION;
	if (qt_le_load32(p + 8) != QT__RUN_FORMAT)
		return "footer: another version of the format";
	*rc = -QT_ECORRUPT;
	footer_load(f, p);
	if (f->info.number != number)
		return "footer: the number is that of another file";
	if (f->info.size != size)
		return "footer: the size is not that of the file";
	if (!is_shape(f, size))
		return "footer: impossible positions";
	*rc = 0;
	return NULL;
}
