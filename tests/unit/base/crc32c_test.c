/* SPDX-License-Identifier: Apache-2.0 */
/* CRC32C: published vectors, and every way to the number against another. */

#include <stdlib.h>
#include <string.h>

#include <qt/base/hash.h>

#include "../../../libcommon/base/crc32c_priv.h"
#include "../test.h"

/* One bit at a time, as the definition has it. */
static uint32_t
crc_by_bits(const unsigned char *p, size_t len)
{
	uint32_t	crc = ~0u;

	while (len-- > 0) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
	}
	return ~crc;
}

/* RFC 3720 (iSCSI), B.4, and the check value of the CRC catalogues. */
static void
expect_vectors(uint32_t (*crc)(uint32_t, const void *, size_t))
{
	unsigned char	b[32];

	assert_int_equal(crc(0, "", 0), 0);
	assert_int_equal(crc(0, "123456789", 9), 0xe3069283);
	memset(b, 0, sizeof(b));
	assert_int_equal(crc(0, b, sizeof(b)), 0x8a9136aa);
	memset(b, 0xff, sizeof(b));
	assert_int_equal(crc(0, b, sizeof(b)), 0x62a8ab43);
	for (int i = 0; i < 32; i++)
		b[i] = (unsigned char)i;
	assert_int_equal(crc(0, b, sizeof(b)), 0x46dd794e);
	for (int i = 0; i < 32; i++)
		b[i] = (unsigned char)(31 - i);
	assert_int_equal(crc(0, b, sizeof(b)), 0x113fdb5c);
}

QT_TEST(published_vectors)
{
	(void)state;
	expect_vectors(qt_crc32c);
}

QT_TEST(published_vectors_by_table)
{
	(void)state;
	expect_vectors(qt__crc32c_table);
}

QT_TEST(published_vectors_by_instruction)
{
	(void)state;
	if (!qt__crc32c_has_hw()) {
		print_message("# no CRC32C instruction on this processor\n");
		skip();
	}
	expect_vectors(qt__crc32c_hw);
}

QT_TEST(every_length_and_alignment_is_the_same_every_way)
{
	unsigned char	b[320];
	uint32_t	want;

	(void)state;
	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (unsigned char)(i * 167 + (i >> 3));
	for (size_t at = 0; at < 9; at++) {
		for (size_t len = 0; at + len <= sizeof(b); len++) {
			want = crc_by_bits(b + at, len);
			assert_int_equal(qt_crc32c(0, b + at, len), want);
			assert_int_equal(qt__crc32c_table(0, b + at, len),
			    want);
			if (qt__crc32c_has_hw())
				assert_int_equal(qt__crc32c_hw(0, b + at, len),
				    want);
		}
	}
}

QT_TEST(pieces_give_the_crc_of_the_whole)
{
	unsigned char	b[257];
	uint32_t	want, crc;

	(void)state;
	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (unsigned char)(i ^ 0x5a);
	want = crc_by_bits(b, sizeof(b));
	for (size_t cut = 0; cut <= sizeof(b); cut++) {
		crc = qt_crc32c(0, b, cut);
		assert_int_equal(qt_crc32c(crc, b + cut, sizeof(b) - cut),
		    want);
		crc = qt__crc32c_table(0, b, cut);
		assert_int_equal(qt__crc32c_table(crc, b + cut,
		    sizeof(b) - cut), want);
	}
}
