/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/base/conf.h>: what a line means, what wins, where an error is. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/conf.h>
#include <qt/base/sys.h>

#include "../test.h"

#define PLACE "/tmp/qt-conf-test.XXXXXX"

/* Loads len bytes as a file of its own; path gets the name it had. */
static int
load(const char *text, size_t len, struct qt_conf **conf, struct qt_err *err,
    char path[sizeof(PLACE)])
{
	int	fd, rc;

	memcpy(path, PLACE, sizeof(PLACE));
	fd = mkostemp(path, O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(qt_sys_write_all(fd, text, len), 0);
	close(fd);
	rc = qt_conf_load(path, conf, err);
	unlink(path);
	return rc;
}

static struct qt_conf *
load_good(const char *text)
{
	struct qt_err	err = QT_ERR_INIT;
	struct qt_conf	*conf;
	char		path[sizeof(PLACE)];
	int		rc = load(text, strlen(text), &conf, &err, path);

	assert_string_equal(err.text, "");
	assert_int_equal(rc, 0);
	assert_non_null(conf);
	return conf;
}

static void
expect_bad(const char *text, size_t len, unsigned int line, const char *what)
{
	struct qt_err	err = QT_ERR_INIT;
	struct qt_conf	*conf;
	char		path[sizeof(PLACE)], want[64];

	assert_int_equal(load(text, len, &conf, &err, path), -EINVAL);
	assert_null(conf);
	snprintf(want, sizeof(want), "%s:%u: %s", path, line, what);
	assert_memory_equal(err.text, want, strlen(want));
}

QT_TEST(lines_comments_and_blanks)
{
	struct qt_conf	*conf = load_good(
	    "# a comment\n"
	    "\n"
	    "  \t \n"
	    "host.limit = 12\n"
	    "\tqtd.title=My # terminal = fine \t\r\n"
	    "  # indented comment\n"
	    "page.font-size_2.x =\n"
	    "last.line=no newline");

	(void)state;
	assert_string_equal(qt_conf_str(conf, "host.limit", "?"), "12");
	assert_string_equal(qt_conf_str(conf, "qtd.title", "?"),
	    "My # terminal = fine");
	assert_string_equal(qt_conf_str(conf, "page.font-size_2.x", "?"), "");
	assert_string_equal(qt_conf_str(conf, "last.line", "?"), "no newline");
	assert_string_equal(qt_conf_str(conf, "not.there", "?"), "?");
	assert_null(qt_conf_str(conf, "not.there", NULL));
	qt_conf_free(conf);
}

QT_TEST(the_last_of_two_lines_with_one_key_counts)
{
	struct qt_conf	*conf = load_good("a.b=1\na.c=x\na.b=2\n");

	(void)state;
	assert_string_equal(qt_conf_str(conf, "a.b", "?"), "2");
	qt_conf_free(conf);
}

QT_TEST(many_lines_are_all_kept)
{
	struct qt_conf	*conf;
	char		*text = calloc(1000, 32), key[32], want[16];

	(void)state;
	assert_non_null(text);
	for (int i = 0; i < 1000; i++)
		sprintf(text + strlen(text), "k%d.v = %d\n", i, i * 7);
	conf = load_good(text);
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "k%d.v", i);
		snprintf(want, sizeof(want), "%d", i * 7);
		assert_string_equal(qt_conf_str(conf, key, "?"), want);
	}
	qt_conf_free(conf);
	free(text);
}

QT_TEST(a_bad_line_is_named_with_its_place)
{
	char	longer[128];

	(void)state;
	expect_bad("a.b=1\nnonsense\n", 15, 2, "no '='");
	expect_bad("a.b\n", 4, 1, "no '='");
	expect_bad("\n\nab = 1", 8, 3, "not a key");
	expect_bad("= 1", 3, 1, "not a key");
	expect_bad("A.b = 1", 7, 1, "not a key");
	expect_bad("a b.c = 1", 9, 1, "not a key");
	expect_bad(".a = 1", 6, 1, "not a key");
	expect_bad("a. = 1", 6, 1, "not a key");
	expect_bad("a..b = 1", 8, 1, "not a key");
	expect_bad("a.b=1\nc.d=\0x\n", 13, 2, "a NUL byte");
	expect_bad("\0", 1, 1, "a NUL byte");
	memset(longer, 'k', sizeof(longer));
	memcpy(longer, "k.", 2);
	memcpy(longer + 65, "=1", 2);
	expect_bad(longer, 67, 1, "not a key");
	memcpy(longer + 64, "=1 ", 3);
	longer[66] = '\0';
	qt_conf_free(load_good(longer));
}

QT_TEST(a_missing_file_is_an_empty_one)
{
	struct qt_err	err = QT_ERR_INIT;
	struct qt_conf	*conf;

	(void)state;
	assert_int_equal(qt_conf_load("/no/such/file", &conf, &err), 0);
	assert_string_equal(qt_conf_str(conf, "a.b", "?"), "?");
	qt_conf_free(conf);
	assert_int_equal(qt_conf_load("/etc/passwd/x", &conf, &err), 0);
	qt_conf_free(conf);
	assert_int_equal(qt_conf_load("/dev/null", &conf, &err), 0);
	qt_conf_free(conf);
	qt_conf_free(NULL);
}

QT_TEST(a_file_that_cannot_be_read_is_named)
{
	struct qt_err	err = QT_ERR_INIT;
	struct qt_conf	*conf;

	(void)state;
	assert_int_equal(qt_conf_load("/tmp", &conf, &err), -EISDIR);
	assert_string_equal(err.text, "read configuration '/tmp'");
	assert_null(conf);
	qt_sys_fault(QT_SYS_OPEN, 1, EACCES);
	assert_int_equal(qt_conf_load("/dev/null", &conf, &err), -EACCES);
	qt_sys_fault(QT_SYS_OPEN, 0, 0);
	assert_int_equal(qt_conf_load("/dev/zero", &conf, &err), -EFBIG);
	assert_string_equal(err.text, "read configuration '/dev/zero'");
}

QT_TEST(the_users_file_is_read_when_none_is_named)
{
	struct qt_conf	*conf;
	char		path[] = PLACE;
	int		fd = mkostemp(path, O_CLOEXEC);

	(void)state;
	assert_int_equal(qt_sys_write_all(fd, "a.b = mine\n", 11), 0);
	close(fd);
	setenv("QT_CONFIG", path, 1);
	assert_int_equal(qt_conf_load(NULL, &conf, NULL), 0);
	unsetenv("QT_CONFIG");
	unlink(path);
	assert_string_equal(qt_conf_str(conf, "a.b", "?"), "mine");
	qt_conf_free(conf);
}

QT_TEST(the_environment_comes_before_the_file)
{
	struct qt_conf	*conf = load_good("host.ring-size = file\n");

	(void)state;
	setenv("QT_HOST_RING_SIZE", "env", 1);
	assert_string_equal(qt_conf_str(conf, "host.ring-size", "?"), "env");
	assert_string_equal(qt_conf_str(NULL, "host.ring-size", "?"), "env");
	setenv("QT_HOST_RING_SIZE", "", 1);
	assert_string_equal(qt_conf_str(conf, "host.ring-size", "?"), "file");
	unsetenv("QT_HOST_RING_SIZE");
	assert_string_equal(qt_conf_str(NULL, "host.ring-size", "?"), "?");
	qt_conf_free(conf);
}

QT_TEST(a_misspelt_setting_of_a_section_is_named)
{
	static const char *const	known[] = { "qtd.port", "qtd.base", NULL };
	static const char		text[] = "qtd.port = 1\nqtdx.y = 2\n"
	    "host.prot = 3\nqtd.base = 4\nqtd.prot = 5\n";
	struct qt_err			err = QT_ERR_INIT;
	struct qt_conf			*conf;
	char				path[sizeof(PLACE)], want[128];

	(void)state;
	assert_int_equal(load(text, strlen(text), &conf, &err, path), 0);
	assert_int_equal(qt_conf_check(conf, "qtd", known, &err), -EINVAL);
	snprintf(want, sizeof(want), "%s:5: there is no setting 'qtd.prot' "
	    "(qt(7) lists them)", path);
	assert_string_equal(err.text, want);
	assert_int_equal(qt_conf_check(conf, "page", known, &err), 0);
	assert_int_equal(qt_conf_check(conf, "qtdx", known, &err), -EINVAL);
	qt_conf_free(conf);
	conf = load_good("qtd.base = 1\nhost.x = 2\nqtd.port = 3\n");
	assert_int_equal(qt_conf_check(conf, "qtd", known, NULL), 0);
	qt_conf_free(conf);
}

QT_TEST(numbers_are_read_with_their_units)
{
	struct qt_conf	*conf = load_good("a.n=12\na.k=3K\na.m=2m\na.g=1G\n");
	unsigned long	 n;

	(void)state;
	assert_int_equal(qt_conf_ulong(conf, "a.n", 5, 0, 99, &n, NULL), 0);
	assert_int_equal(n, 12);
	assert_int_equal(qt_conf_ulong(conf, "a.k", 5, 0, 1UL << 40, &n,
	    NULL), 0);
	assert_int_equal(n, 3072);
	assert_int_equal(qt_conf_ulong(conf, "a.m", 5, 0, 1UL << 40, &n,
	    NULL), 0);
	assert_int_equal(n, 2UL << 20);
	assert_int_equal(qt_conf_ulong(conf, "a.g", 5, 0, 1UL << 40, &n,
	    NULL), 0);
	assert_int_equal(n, 1UL << 30);
	assert_int_equal(qt_conf_ulong(conf, "a.x", 5, 9, 99, &n, NULL), 0);
	assert_int_equal(n, 5);
	qt_conf_free(conf);
}

QT_TEST(what_is_no_number_in_range_is_named_with_its_place)
{
	static const char *const	bad[] = { "", "x", "-1", "+1", "0",
	    "100", "12x", "1KK", "99999999999999999999", "17179869184G",
	    "1 2", "0x10" };
	struct qt_err			err = QT_ERR_INIT;
	struct qt_conf			*conf;
	char				path[sizeof(PLACE)], text[64];
	char				want[160];
	unsigned long			n;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "\nh.n = %s\n", bad[i]);
		assert_int_equal(load(text, strlen(text), &conf, &err, path),
		    0);
		assert_int_equal(qt_conf_ulong(conf, "h.n", 5, 1, 99, &n,
		    &err), -EINVAL);
		assert_int_equal(n, 5);
		snprintf(want, sizeof(want), "%s:2: h.n = '%s' is not a "
		    "number from 1 to 99", path, bad[i]);
		assert_string_equal(err.text, want);
		qt_conf_free(conf);
	}
	setenv("QT_H_N", "many", 1);
	assert_int_equal(qt_conf_ulong(NULL, "h.n", 5, 1, 99, &n, &err),
	    -EINVAL);
	unsetenv("QT_H_N");
	assert_string_equal(err.text,
	    "QT_H_N='many' is not a number from 1 to 99");
}
