/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of <qt/shm/zipm.h>, on bytes as its makers describe them. */

#include <errno.h>
#include <string.h>

#include <qt/base/err.h>
#include <qt/shm/zipm.h>

#include "../test.h"

static void
put(unsigned char *p, uint64_t n, size_t size)
{
	for (size_t i = 0; i < size; i++)
		p[i] = (unsigned char)(n >> 8 * i);
}

/* One entry "a" at offset 128, of that size. */
static void
make(unsigned char p[256], int is_wide, unsigned int version, uint64_t size)
{
	unsigned char	*e = p + (is_wide ? 32 : 16);

	memset(p, 0, 256);
	put(p, 0x5a49504d, 4);
	put(p + 4, version, 4);
	put(p + 8, 1, 4);
	if (is_wide)
		put(p + 16, 256, 8);
	e[0] = 'a';
	put(e + 32, 128, is_wide ? 8 : 4);
	put(e + (is_wide ? 40 : 36), size, is_wide ? 8 : 4);
}

QT_TEST(both_layouts_are_told_apart)
{
	static const struct {
		int		is_wide;
		unsigned int	version;
	} cases[] = { { 0, 1 }, { 1, 1 }, { 1, 2 } };
	unsigned char	p[256];
	struct qt_zipm	z;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		make(p, cases[i].is_wide, cases[i].version, 24);
		assert_int_equal(qt_zipm_parse(&z, p, 256, 256, NULL), 0);
		assert_int_equal(z.is_wide, cases[i].is_wide);
		assert_int_equal(z.version, cases[i].version);
		assert_int_equal(z.count, 1);
		assert_non_null(qt_zipm_find(&z, "a"));
		assert_null(qt_zipm_find(&z, "b"));
		assert_int_equal(z.entry[0].offset, 128);
		assert_int_equal(z.entry[0].size, 24);
		qt_zipm_close(&z);
		qt_zipm_close(&z);
	}
}

QT_TEST(what_does_not_fit_the_file_is_refused)
{
	unsigned char	p[256];
	struct qt_zipm	z;

	(void)state;
	make(p, 1, 2, 128);
	assert_int_equal(qt_zipm_parse(&z, p, 256, 256, NULL), 0);
	qt_zipm_close(&z);
	make(p, 1, 2, 129);
	assert_int_equal(qt_zipm_parse(&z, p, 256, 256, NULL), -QT_ECORRUPT);
	make(p, 1, 2, UINT64_MAX);
	assert_int_equal(qt_zipm_parse(&z, p, 256, 256, NULL), -QT_ECORRUPT);
	make(p, 0, 1, 8);
	put(p + 16 + 32, 20, 4);	/* inside the table */
	assert_int_equal(qt_zipm_parse(&z, p, 256, 256, NULL), -QT_ECORRUPT);
	make(p, 0, 1, 8);
	put(p + 8, 100, 4);		/* more entries than bytes */
	assert_int_equal(qt_zipm_parse(&z, p, 256, 256, NULL), -QT_ECORRUPT);
	put(p + 8, UINT32_MAX, 4);
	assert_int_equal(qt_zipm_parse(&z, p, 256, 256, NULL), -QT_ECORRUPT);
	make(p, 0, 1, 8);
	memset(p + 16, 'x', 32);	/* a name without its end */
	assert_int_equal(qt_zipm_parse(&z, p, 256, 256, NULL), -QT_ECORRUPT);
	make(p, 0, 3, 8);
	assert_int_equal(qt_zipm_parse(&z, p, 256, 256, NULL), -QT_EVERSION);
	make(p, 0, 1, 8);
	p[0] = 'x';
	assert_int_equal(qt_zipm_parse(&z, p, 256, 256, NULL), -QT_EFORMAT);
	make(p, 1, 2, 8);
	for (size_t len = 0; len < 80; len++)
		assert_true(qt_zipm_parse(&z, p, len, 256, NULL) < 0);
}
