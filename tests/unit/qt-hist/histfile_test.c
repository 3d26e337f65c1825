/* SPDX-License-Identifier: Apache-2.0 */
/* Commands leave a shell's file, and nothing else of it changes. */

#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../cmd/qt-hist/forget.h"

static void
add(struct histfile *h, const char *text)
{
	assert_int_equal(histfile_add(h, &(struct qt_hist_bytes){ text,
	    strlen(text) }), 0);
}

static void
check(struct histfile *h, const char *before, const char *after,
    unsigned int want)
{
	struct qt_buf	out = QT_BUF_INIT;
	uint64_t	count = 0;

	assert_int_equal(histfile_filter(h, &out, before, strlen(before),
	    &count), 0);
	assert_string_equal(out.data, after);
	assert_int_equal(count, want);
	qt_buf_clear(&out);
}

QT_TEST(bashs_with_times_and_without)
{
	struct histfile	h = { .heap = QT_BUF_INIT };

	(void)state;
	add(&h, "gone");
	add(&h, "for i in 1\ndo :\ndone");
	check(&h, "a\ngone\nb gone\n\n#x\ngone", "a\nb gone\n\n#x\n", 2);
	check(&h, "#12\na\n#13\ngone\n#14\nfor i in 1\ndo :\ndone\n#15\nb\n",
	    "#12\na\n#15\nb\n", 2);
	check(&h, "for i in 1\ndo :\ndone2\n", "for i in 1\ndo :\ndone2\n", 0);
	/* As ble.sh has it; one that begins as another one does. */
	check(&h, "a\neval -- $'for i in 1\\ndo :\\ndone'\neval -- $'x\\ny'\n",
	    "a\neval -- $'x\\ny'\n", 1);
	add(&h, "for i in 1\n:");
	check(&h, "for i in 1\ndo :\ndone\nfor i in 1\n:\nfor i in 1\n",
	    "for i in 1\n", 2);
	histfile_clear(&h);
}

QT_TEST(zshs_with_continued_lines_and_meta_bytes)
{
	struct histfile	h = { .heap = QT_BUF_INIT };

	(void)state;
	add(&h, "gone");
	add(&h, "echo 'a\nb'");
	add(&h, "echo \x83");
	check(&h, ": 12:0;a\n: 13:5;gone\n: 14:0;echo 'a\\\nb'\n: 15:0;b\\\ngone"
	    "\n: 16:0;echo \x83\xa3\n", ": 12:0;a\n: 15:0;b\\\ngone\n", 3);
	histfile_clear(&h);
}

QT_TEST(fishs_with_what_is_known_of_each)
{
	struct histfile	h = { .heap = QT_BUF_INIT };

	(void)state;
	add(&h, "gone");
	add(&h, "echo a\\b\nc");
	check(&h, "- cmd: a\n  when: 1\n- cmd: gone\n  when: 2\n  paths:\n    - "
	    "x\n- cmd: echo a\\\\b\\nc\n  when: 3\n- cmd: b\n  when: 4\n",
	    "- cmd: a\n  when: 1\n- cmd: b\n  when: 4\n", 2);
	histfile_clear(&h);
}

QT_TEST(what_was_redacted_is_found_as_it_was)
{
	struct histfile	h = { .heap = QT_BUF_INIT };

	(void)state;
	assert_int_equal(qt_hist_redact_open(&h.redact, NULL, NULL, NULL,
	    NULL), 0);
	add(&h, "X_TOKEN=" QT_HIST_REDACTION " ls");
	check(&h, "a\nX_TOKEN=abc ls\nX_TOKEN=abc\n", "a\nX_TOKEN=abc\n", 1);
	qt_hist_redact_close(h.redact);
	histfile_clear(&h);
}

QT_TEST(a_file_is_replaced_with_its_mode_and_through_its_link)
{
	char		dir[] = "/tmp/qt-hist.XXXXXX", path[64], link[64];
	char		text[64] = "";
	struct histfile	h = { .heap = QT_BUF_INIT };
	struct stat	st;
	uint64_t	count;
	FILE		*f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/f", dir);
	snprintf(link, sizeof(link), "%s/l", dir);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs("a\ngone\nb\xff\n", f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(symlink("f", link), 0);
	add(&h, "gone");
	assert_int_equal(histfile_forget(&h, link, &count, NULL), 0);
	assert_int_equal(count, 1);
	f = fopen(path, "re");
	assert_int_equal(fread(text, 1, sizeof(text), f), 5);
	fclose(f);
	assert_string_equal(text, "a\nb\xff\n");
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	/* Nothing to do: it stays the same file. */
	assert_int_equal(histfile_forget(&h, path, &count, NULL), 0);
	assert_int_equal(count, 0);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(unlink(path), 0);
	assert_true(histfile_forget(&h, path, &count, NULL) < 0);
	assert_int_equal(rmdir(dir), 0);
	histfile_clear(&h);
}
