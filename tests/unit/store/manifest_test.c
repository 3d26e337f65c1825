/* SPDX-License-Identifier: Apache-2.0 */
/* Reading manifests: which one counts, and what damage is. */

#include <qt/base/hash.h>

#include "manifest_ground.h"

#define ONE "manifest/000000000001"

static struct qt__manifest *
small(const struct ground *g)
{
	struct qt__manifest_edit	*e = must_edit(NULL);

	assert_int_equal(qt__manifest_run_add(e, 0, 1, 0, 0), 0);
	assert_int_equal(add_slice(e, 1, 1, 5, "bb", "dd"), 0);
	assert_int_equal(add_slice(e, 1, 2, 5, "ff", "hh"), 0);
	return must_save(e, g->fd);
}

QT_TEST(an_empty_one_is_all_zeros_but_what_is_next)
{
	struct ground		 g;
	struct qt__manifest	*m;

	(void)state;
	ground_new(&g);
	qt__manifest_free(must_save(must_edit(NULL), g.fd));
	m = must_load(g.fd, 0);
	assert_int_equal(m->number, 1);
	assert_int_equal(m->next_file, 1);
	assert_int_equal(m->first_wal, 1);
	assert_int_equal(m->next_wal, 1);
	assert_int_equal(m->version, 0);
	assert_true(m->made_ms > 0);
	assert_int_equal(m->run_count, 0);
	qt__manifest_free(m);
	m = must_load(g.fd, 1);
	qt__manifest_free(m);
	qt__manifest_free(NULL);
	ground_end(&g);
}

QT_TEST(a_key_is_found_in_the_slice_that_may_hold_it)
{
	static const struct {
		const char	*key;
		uint64_t	 number;
	} want[] = {
		{ "", 0 }, { "b", 0 }, { "bb", 1 }, { "bb\001", 1 }, { "c", 1 },
		{ "dd", 1 }, { "dd\001", 0 }, { "e", 0 }, { "ff", 2 },
		{ "hh", 2 }, { "hhh", 0 }, { "z", 0 },
	};
	struct ground			 g;
	struct qt__manifest		*m;
	const struct qt__slice		*s;

	(void)state;
	ground_new(&g);
	m = small(&g);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		s = qt__manifest_find(m, m->runs, want[i].key,
		    strlen(want[i].key));
		assert_int_equal(s != NULL ? s->info.number : 0,
		    want[i].number);
	}
	qt__manifest_free(m);
	ground_end(&g);
}

QT_TEST(every_changed_bit_is_found)
{
	struct ground		 g;
	struct qt__manifest	 m;
	struct qt_err		 err = QT_ERR_INIT;
	unsigned char		*data, *copy;
	size_t			 len;

	(void)state;
	ground_new(&g);
	qt__manifest_free(small(&g));
	data = ground_read(&g, ONE, &len);
	copy = malloc(len);
	assert_non_null(copy);
	for (size_t i = 0; i < len * 8; i++) {
		memcpy(copy, data, len);
		copy[i / 8] ^= (unsigned char)(1 << i % 8);
		assert_int_equal(qt__manifest_parse(&m, copy, len, &err),
		    -QT_ECORRUPT);
	}
	free(copy);
	for (size_t i = 0; i < len; i++) {
		copy = malloc(i + 1);
		assert_non_null(copy);
		memcpy(copy, data, i);
		assert_int_equal(qt__manifest_parse(&m, copy, i, &err),
		    -QT_ECORRUPT);
		free(copy);
	}
	assert_string_equal(err.text,
	    "bytes 0 to 355: the checksum is wrong");
	free(data);
	ground_end(&g);
}

/* Changes 4 bytes of manifest 1, whose checksum is right again. */
static void
forge(const struct ground *g, size_t at, uint32_t value)
{
	size_t		 len;
	unsigned char	*data = ground_read(g, ONE, &len);
	uint32_t	 crc;

	value = htole32(value);
	memcpy(data + at, &value, 4);
	crc = htole32(qt_crc32c(0, data, len - 4));
	memcpy(data + len - 4, &crc, 4);
	ground_write(g, ONE, data, len);
	free(data);
}

static void
expect_forged(size_t at, uint32_t value, int code, const char *why)
{
	struct ground		 g;
	struct qt__manifest	*m;
	struct qt_err		 err = QT_ERR_INIT;

	ground_new(&g);
	qt__manifest_free(small(&g));
	forge(&g, at, value);
	assert_int_equal(qt__manifest_load(&m, g.fd, 1, &err), code);
	assert_string_equal(err.text, why);
	qt__manifest_free(m);
	ground_end(&g);
}

QT_TEST(a_head_that_cannot_be_is_refused)
{
	(void)state;
	expect_forged(0, 0, -QT_ECORRUPT,
	    ONE ": byte 0: not the beginning of a manifest");
	expect_forged(8, 2, -QT_EVERSION, ONE ": made by a newer program (its "
	    "format is 2, known is 1)");
	expect_forged(8, 0, -QT_ECORRUPT,
	    ONE ": byte 8: its version or its sizes are wrong");
	expect_forged(12, 160, -QT_ECORRUPT,
	    ONE ": byte 8: its version or its sizes are wrong");
	expect_forged(16, 355, -QT_ECORRUPT,
	    ONE ": byte 8: its version or its sizes are wrong");
	expect_forged(164, 1, -QT_ECORRUPT,
	    ONE ": byte 8: its version or its sizes are wrong");
	expect_forged(24, 2, -QT_ECORRUPT, ONE ": byte 24: it is number 2");
	expect_forged(144, UINT32_MAX, -QT_ECORRUPT, ONE ": byte 144: "
	    "4294967295 runs, 2 slices, 0 drops and 8 bytes of keys are not "
	    "what a file of 356 bytes holds");
	expect_forged(152, 7, -QT_ECORRUPT, ONE ": byte 144: 1 runs, 2 slices, "
	    "0 drops and 7 bytes of keys are not what a file of 356 bytes holds");
	expect_forged(80, 0, 0, "read it");
	expect_forged(84, 1, -QT_ECORRUPT,
	    ONE ": byte 80: a job's output 4294967296 is no run");
	expect_forged(88, 1, -QT_ECORRUPT,
	    ONE ": byte 80: a job without output has values");
}

static void
expect_current(const struct ground *g, const char *text, const char *why)
{
	struct qt__manifest	*m;
	struct qt_err		 err = QT_ERR_INIT;
	uint64_t		 number;

	ground_write(g, "CURRENT", text, strlen(text));
	assert_int_equal(qt__manifest_load(&m, g->fd, 0, &err), -QT_ECORRUPT);
	assert_null(m);
	assert_string_equal(err.text, why);
	(void)qt__manifest_current(g->fd, &number, NULL);
}

#define NOT_CURRENT "CURRENT: not the number and the checksum of a manifest"

QT_TEST(current_says_which_and_its_checksum)
{
	struct ground			 g;
	struct qt__manifest_edit	*e;
	struct qt__manifest		*one, *two, *m;
	struct qt_err			 err = QT_ERR_INIT;
	uint64_t			 number;
	char				*text;
	size_t				 len;

	(void)state;
	ground_new(&g);
	assert_int_equal(qt__manifest_load(&m, g.fd, 0, &err), -QT_ECORRUPT);
	assert_string_equal(err.text, "CURRENT is missing");
	assert_int_equal(qt__manifest_current(g.fd, &number, &err),
	    -QT_ECORRUPT);
	one = small(&g);
	e = must_edit(one);
	two = must_save(e, g.fd);
	assert_int_equal(qt__manifest_current(g.fd, &number, &err), 0);
	assert_int_equal(number, 2);
	text = ground_read(&g, "CURRENT", &len);
	text[len] = '\0';
	/* A digit that names an older one which is still there. */
	text[11] = '1';
	expect_current(&g, text,
	    ONE ": byte 352: CURRENT has another checksum");
	text[11] = '3';
	expect_current(&g, text,
	    "CURRENT names manifest 3, which is missing");
	expect_current(&g, "", NOT_CURRENT);
	expect_current(&g, "2\n", NOT_CURRENT);
	expect_current(&g, "000000000002 0000000\n", NOT_CURRENT);
	expect_current(&g, "000000000002 0000000g\n", NOT_CURRENT);
	expect_current(&g, "000000000002 0000000A\n", NOT_CURRENT);
	expect_current(&g, "000000000002 00000000\n\n", NOT_CURRENT);
	expect_current(&g, "0000000000002 00000000\n", NOT_CURRENT);
	expect_current(&g, "000000000000 00000000\n", NOT_CURRENT);
	expect_current(&g, "99999999999999999999 00000000\n", NOT_CURRENT);
	free(text);
	qt__manifest_free(one);
	qt__manifest_free(two);
	ground_end(&g);
}

QT_TEST(what_is_no_file_is_refused)
{
	struct ground		 g;
	struct qt__manifest	*m;

	(void)state;
	ground_new(&g);
	assert_int_equal(qt__manifest_load(&m, g.fd, 7, NULL), -ENOENT);
	assert_int_equal(mkfifoat(g.fd, "manifest/000000000007", 0600), 0);
	assert_int_equal(qt__manifest_load(&m, g.fd, 7, NULL), -QT_ECORRUPT);
	assert_int_equal(symlinkat("/dev/zero", g.fd, "manifest/000000000008"),
	    0);
	assert_int_equal(qt__manifest_load(&m, g.fd, 8, NULL), -ELOOP);
	ground_end(&g);
}

QT_TEST(reading_fails_with_what_failed)
{
	static const struct {
		enum qt_sys_call	 call;
		unsigned int		 nth;
		const char		*why;
	} want[] = {
		{ QT_SYS_OPEN, 1, "open CURRENT" },
		{ QT_SYS_PREAD, 1, "read CURRENT" },
		{ QT_SYS_OPEN, 2, "open " ONE },
		{ QT_SYS_PREAD, 2, ONE ": read it" },
	};
	struct ground		 g;
	struct qt__manifest	*m;
	struct qt_err		 err;

	(void)state;
	ground_new(&g);
	qt__manifest_free(small(&g));
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		qt_sys_fault(want[i].call, want[i].nth, EIO);
		assert_int_equal(qt__manifest_load(&m, g.fd, 0, &err), -EIO);
		qt_sys_fault(want[i].call, 0, 0);
		assert_null(m);
		assert_string_equal(err.text, want[i].why);
	}
	qt_sys_fault(QT_SYS_PREAD, 2, 0);	/* a short one goes on */
	m = must_load(g.fd, 0);
	qt_sys_fault(QT_SYS_PREAD, 0, 0);
	assert_int_equal(m->slice_count, 2);
	qt__manifest_free(m);
	ground_end(&g);
}
