/* SPDX-License-Identifier: Apache-2.0 */
/* The file FORMAT: what is read is what was written, and what is refused. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "../../../libcommon/store/format_priv.h"
#include "../place.h"
#include "../test.h"

#define HEAD "qt-store 1\nid 00112233445566778899aabbccddeeff\n" \
	"made 2026-11-21T09:08:07.123Z\n"

static int
parse(struct qt__format *f, const char *text, size_t len, struct qt_err *err)
{
	char	*copy = malloc(len + 1);
	int	 rc;

	assert_non_null(copy);
	memcpy(copy, text, len);
	rc = qt__format_parse(f, copy, len, err);
	free(copy);
	return rc;
}

static void
expect_bad(const char *text, int code, const char *why)
{
	struct qt__format	f;
	struct qt_err		err = QT_ERR_INIT;

	assert_int_equal(parse(&f, text, strlen(text), &err), code);
	assert_string_equal(err.text, why);
}

QT_TEST(three_lines_are_a_store_with_defaults)
{
	struct qt__format		f;
	struct qt_store_settings	s;

	(void)state;
	assert_int_equal(parse(&f, HEAD, strlen(HEAD), NULL), 0);
	assert_int_equal(f.id[1], 0x11);
	assert_int_equal(f.id[15], 0xff);
	assert_int_equal(f.made_ms, UINT64_C(1795252087123));
	qt_store_settings_init(&s);
	assert_memory_equal(&s, &f.set, sizeof(s));
}

QT_TEST(lines_set_what_they_name)
{
	static const char	text[] = HEAD "wal-max 1G\nsync-prefix  a\\n\n"
	    "mode async\nwal-path\nsync-tags 1,2\n";
	struct qt__format	f;

	(void)state;
	assert_int_equal(parse(&f, text, strlen(text), NULL), 0);
	assert_int_equal(f.set.wal_max, 1 << 30);
	assert_string_equal(f.set.sync_prefix, " a\n");
	assert_int_equal(f.set.mode, QT_STORE_ASYNC);
	assert_int_equal(f.set.sync_tags, 6);
}

QT_TEST(every_byte_of_a_prefix_comes_back)
{
	struct qt__format	f, again;
	struct qt_buf		text = QT_BUF_INIT;

	(void)state;
	assert_int_equal(parse(&f, HEAD, strlen(HEAD), NULL), 0);
	for (int i = 0; i < 255; i++)
		f.set.sync_prefix[i] = (char)(255 - i);
	memset(f.set.wal_path, '\n', sizeof(f.set.wal_path) - 1);
	memcpy(f.set.wal_path, "/", 1);
	assert_int_equal(qt__format_text(&f, &text), 0);
	assert_int_equal(qt__format_parse(&again, text.data, text.len, NULL),
	    0);
	assert_memory_equal(&f, &again, sizeof(f));
	qt_buf_clear(&text);
}

QT_TEST(what_is_wrong_is_said_with_its_line)
{
	(void)state;
	expect_bad("", -QT_EFORMAT, "FORMAT: it is empty");
	expect_bad("qt-store 1", -QT_EFORMAT, "FORMAT: not a text of lines");
	expect_bad("hello\n", -QT_EFORMAT,
	    "FORMAT: it does not begin with 'qt-store 1'");
	expect_bad("qt-store 01\n", -QT_EFORMAT,
	    "FORMAT: it does not begin with 'qt-store 1'");
	expect_bad("qt-store 2\nwhatever\n", -QT_EVERSION, "FORMAT: made by a "
	    "newer program (its format is 2, known is 1)");
	expect_bad("qt-store 1\n", -QT_ECORRUPT, "FORMAT: it has 1 lines, the "
	    "id or the time is missing");
	expect_bad("qt-store 1\nid 0011223344556677889AABBCCDDEEFF\n",
	    -QT_ECORRUPT, "FORMAT:2: not 'id' and 32 digits");
	expect_bad("qt-store 1\nid 00112233445566778899aabbccddeeff\n"
	    "made 2026-02-30T09:08:07.123Z\n", -QT_ECORRUPT,
	    "FORMAT:3: not 'made' and a time");
	expect_bad(HEAD "mode sync", -QT_ECORRUPT,
	    "FORMAT:4: the line does not end");
	expect_bad(HEAD "mode fast\n", -EINVAL, "FORMAT:4: mode 'fast' is not "
	    "sync, async, hybrid or memory");
	expect_bad(HEAD "mode sync\nmode sync\n", -EINVAL,
	    "FORMAT:5: mode for the second time");
	expect_bad(HEAD "sync-prefix \\q\n", -EINVAL,
	    "FORMAT:4: sync-prefix: a backslash or a byte that cannot be");
	expect_bad(HEAD "sync-prefix \\x00\n", -EINVAL,
	    "FORMAT:4: sync-prefix: a backslash or a byte that cannot be");
	expect_bad(HEAD "memtable-size 1G\n", -EINVAL, "FORMAT: wal-max "
	    "256M is less than memtable-size 1G: raise the one or lower the "
	    "other");
	expect_bad(HEAD "\n", -EINVAL, "FORMAT:4: no setting '' (there are "
	    "mode wal-path sync-interval checkpoint-interval wal-max "
	    "compression checksums recover max-ops lock-timeout memtable-size "
	    "cache-size sync-prefix sync-tags)");
}

struct folder {
	char	path[64];
	int	fd;
};

static void
folder_new(struct folder *f)
{
	place_new(f->path, sizeof(f->path));
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->fd >= 0);
}

static void
folder_end(struct folder *f)
{
	unlinkat(f->fd, "FORMAT", 0);
	unlinkat(f->fd, "FORMAT.tmp", 0);
	close(f->fd);
	assert_int_equal(rmdir(f->path), 0);
}

QT_TEST(a_file_that_is_none_is_refused)
{
	struct folder		 d;
	struct qt__format	 f;
	struct qt_err		 err = QT_ERR_INIT;
	char			*big = calloc(1, QT__FORMAT_MAX + 1);
	int			 fd;

	(void)state;
	assert_non_null(big);
	folder_new(&d);
	assert_int_equal(qt__format_load(&f, d.fd, &err), -QT_EFORMAT);
	assert_string_equal(err.text, "there is no FORMAT in it");
	assert_int_equal(mkfifoat(d.fd, "FORMAT", 0600), 0);
	assert_true(qt__format_load(&f, d.fd, &err) < 0);
	assert_int_equal(unlinkat(d.fd, "FORMAT", 0), 0);
	fd = openat(d.fd, "FORMAT", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	memset(big, '\n', QT__FORMAT_MAX + 1);
	memcpy(big, HEAD, strlen(HEAD));
	assert_int_equal(qt_sys_write_all(fd, big, QT__FORMAT_MAX + 1), 0);
	close(fd);
	assert_int_equal(qt__format_load(&f, d.fd, &err), -QT_EFORMAT);
	assert_string_equal(err.text, "FORMAT: more than 65536 bytes");
	free(big);
	folder_end(&d);
}

QT_TEST(whichever_call_fails_the_old_file_or_the_new_one_is_there)
{
	static const enum qt_sys_call	calls[] = { QT_SYS_OPEN, QT_SYS_WRITE,
	    QT_SYS_FSYNC, QT_SYS_RENAME, QT_SYS_UNLINK };
	struct folder			d;
	struct qt__format		f, now;
	int				rc;

	(void)state;
	folder_new(&d);
	assert_int_equal(parse(&f, HEAD, strlen(HEAD), NULL), 0);
	assert_int_equal(qt__format_save(&f, d.fd, NULL), 0);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		for (unsigned int n = 1; ; n++) {
			f.set.level = 1;
			qt_sys_fault(calls[i], n, ENOSPC);
			rc = qt__format_save(&f, d.fd, NULL);
			if (rc == 0 && qt_sys_calls(calls[i]) < n)
				break;
			qt_sys_fault(calls[i], 0, 0);
			assert_int_equal(rc, -ENOSPC);
			assert_int_equal(qt__format_load(&now, d.fd, NULL), 0);
			/* New only when the very last step failed. */
			assert_int_equal(now.set.level,
			    n == 2 && (calls[i] == QT_SYS_OPEN ||
			    calls[i] == QT_SYS_FSYNC));
			f.set.level = 0;
			assert_int_equal(qt__format_save(&f, d.fd, NULL), 0);
		}
		qt_sys_fault(calls[i], 0, 0);
		f.set.level = 0;
		assert_int_equal(qt__format_save(&f, d.fd, NULL), 0);
	}
	folder_end(&d);
}
