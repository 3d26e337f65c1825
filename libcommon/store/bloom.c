/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter of a run: which keys are certainly not in it.
 *
 * A Bloom filter of lines of 64 bytes (F. Putze, P. Sanders, J. Singler,
 * "Cache-, Hash- and Space-Efficient Bloom Filters", 2007): one half of the
 * hash chooses the line, the other six bits in it, so asking costs one cache
 * miss. With 10 bits for each key, one key in a hundred that is not there is
 * taken for one that may be. The bits are those of RocksDB's FastLocalBloom.
 */

#include "run_file_priv.h"

#define PROBES		6
#define LINE_BITS	9	/* 512 bits */
#define GOLDEN		0x9e3779b9u

uint32_t
qt__bloom_lines(uint64_t keys)
{
	uint64_t	lines;

	if (keys > UINT64_MAX / QT__BLOOM_BITS / 2)
		return UINT32_MAX;
	lines = (keys * QT__BLOOM_BITS + 8 * QT__BLOOM_LINE - 1) /
	    (8 * QT__BLOOM_LINE);
	return lines > UINT32_MAX ? UINT32_MAX : (uint32_t)lines;
}

/* Maps the lower half of the hash to 0 .. lines - 1 without dividing. */
static inline size_t
line_of(uint32_t lines, uint64_t hash)
{
	return (size_t)((uint64_t)(uint32_t)hash * lines >> 32) *
	    QT__BLOOM_LINE;
}

void
qt__bloom_add(uint8_t *filter, uint32_t lines, uint64_t hash)
{
	uint8_t		*line = filter + line_of(lines, hash);
	uint32_t	 h = (uint32_t)(hash >> 32), bit;

	for (int i = 0; i < PROBES; i++, h *= GOLDEN) {
		bit = h >> (32 - LINE_BITS);
		line[bit >> 3] |= (uint8_t)(1u << (bit & 7));
	}
}

bool
qt__bloom_has(const uint8_t *filter, uint32_t lines, uint64_t hash)
{
	const uint8_t	*line;
	uint32_t	 h = (uint32_t)(hash >> 32), bit;

	if (lines == 0)
		return false;
	line = filter + line_of(lines, hash);
	for (int i = 0; i < PROBES; i++, h *= GOLDEN) {
		bit = h >> (32 - LINE_BITS);
		if ((line[bit >> 3] >> (bit & 7) & 1) == 0)
			return false;
	}
	return true;
}
