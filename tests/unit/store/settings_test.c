/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: what they are by default, their texts, their bounds. */

#include <errno.h>
#include <string.h>

#include "../../../libcommon/store/format_priv.h"
#include "../test.h"

static struct qt_store_settings
defaults(void)
{
	struct qt_store_settings	s;

	qt_store_settings_init(&s);
	return s;
}

/* The text of one setting. */
static const char *
text_of(const struct qt_store_settings *s, const char *wanted)
{
	static char	 value[QT_STORE_PATH_SIZE];
	const char	*name;
	uint32_t	 cursor = 0;

	while (qt_store_settings_next(s, &cursor, &name, value,
	    sizeof(value)) == 1) {
		if (strcmp(name, wanted) == 0)
			return value;
	}
	return "(no such setting)";
}

static void
expect_set(const char *name, const char *value, const char *text)
{
	struct qt_store_settings	s = defaults();
	struct qt_err			err = QT_ERR_INIT;

	assert_int_equal(qt_store_settings_set(&s, name, value, &err), 0);
	assert_string_equal(text_of(&s, name), text);
}

static void
expect_bad(const char *name, const char *value, const char *why)
{
	struct qt_store_settings	s = defaults(), before = s;
	struct qt_err			err = QT_ERR_INIT;

	assert_int_equal(qt_store_settings_set(&s, name, value, &err), -EINVAL);
	assert_string_equal(err.text, why);
	assert_memory_equal(&s, &before, sizeof(s));
}

QT_TEST(the_defaults_are_those_that_are_written_down)
{
	static const char *const	want[][2] = {
		{ "mode", "sync" }, { "wal-path", "" },
		{ "sync-interval", "100ms" }, { "checkpoint-interval", "0" },
		{ "wal-max", "256M" }, { "compression", "0" },
		{ "checksums", "on" }, { "recover", "on" },
		{ "max-ops", "4096" }, { "lock-timeout", "30s" },
		{ "memtable-size", "64M" }, { "cache-size", "32M" },
		{ "sync-prefix", "" }, { "sync-tags", "" },
	};
	struct qt_store_settings	s = defaults();
	char				value[QT_STORE_PATH_SIZE];
	const char			*name;
	uint32_t			cursor = 0, count = 0;

	(void)state;
	while (qt_store_settings_next(&s, &cursor, &name, value,
	    sizeof(value)) == 1) {
		assert_string_equal(name, want[count][0]);
		assert_string_equal(value, want[count][1]);
		count++;
	}
	assert_int_equal(count, sizeof(want) / sizeof(want[0]));
	assert_int_equal(s.mode, QT_STORE_SYNC);
	assert_int_equal(s.memtable_size, 64 << 20);
	assert_int_equal(s.lock_timeout_ms, 30000);
	assert_int_equal(qt__settings_check(&s, NULL), 0);
}

QT_TEST(values_are_said_as_short_as_they_can_be)
{
	(void)state;
	expect_set("mode", "hybrid", "hybrid");
	expect_set("mode", "memory", "memory");
	expect_set("sync-interval", "2000ms", "2s");
	expect_set("sync-interval", "1500ms", "1500ms");
	expect_set("checkpoint-interval", "86400s", "1d");
	expect_set("checkpoint-interval", "90m", "90m");
	expect_set("wal-max", "1024m", "1G");
	expect_set("memtable-size", "1500000", "1500000");
	expect_set("cache-size", "0", "0");
	expect_set("compression", "9", "9");
	expect_set("checksums", "no", "off");
	expect_set("recover", "0", "off");
	expect_set("recover", "1", "on");
	expect_set("sync-prefix", " two words\n", " two words\n");
	expect_set("sync-tags", "31,0,7", "0,7,31");
	expect_set("sync-tags", "none", "");
}

QT_TEST(what_a_value_may_not_be_is_said)
{
	char	longest[300];

	(void)state;
	expect_bad("mode", "fast",
	    "mode 'fast' is not sync, async, hybrid or memory");
	expect_bad("sync-interval", "100",
	    "sync-interval '100' is not a time (as 100ms, 5s, 1m) from 1ms to "
	    "1h");
	expect_bad("sync-interval", "0",
	    "sync-interval '0' is not a time (as 100ms, 5s, 1m) from 1ms to "
	    "1h");
	expect_bad("memtable-size", "5G",
	    "memtable-size '5G' is not a size (as 64M) from 1M to 4G");
	expect_bad("memtable-size", "1023K",
	    "memtable-size '1023K' is not a size (as 64M) from 1M to 4G");
	expect_bad("compression", "10",
	    "compression '10' is not a number from 0 to 9");
	expect_bad("max-ops", "1K",
	    "max-ops '1K' is not a number from 1 to 1048576");
	expect_bad("checksums", "maybe", "checksums 'maybe' is not on or off");
	expect_bad("sync-tags", "32", "sync-tags '32' is not none, nor tags "
	    "from 0 to 31 with commas between");
	expect_bad("sync-tags", "1,", "sync-tags '1,' is not none, nor tags "
	    "from 0 to 31 with commas between");
	memset(longest, 'p', sizeof(longest));
	longest[256] = '\0';
	expect_bad("sync-prefix", longest,
	    "sync-prefix: 256 bytes, 255 at most");
	longest[255] = '\0';
	expect_set("sync-prefix", longest, longest);
}

QT_TEST(a_setting_that_there_is_not_names_those_that_there_are)
{
	struct qt_store_settings	s = defaults();
	struct qt_err			err = QT_ERR_INIT;

	(void)state;
	assert_int_equal(qt_store_settings_set(&s, "modus", "x", &err),
	    -ENOENT);
	assert_string_equal(err.text, "no setting 'modus' (there are mode "
	    "wal-path sync-interval checkpoint-interval wal-max compression "
	    "checksums recover max-ops lock-timeout memtable-size cache-size "
	    "sync-prefix sync-tags)");
}

QT_TEST(a_value_that_has_no_room_is_an_error)
{
	struct qt_store_settings	s = defaults();
	const char			*name;
	char				value[4];
	uint32_t			cursor = 0;

	(void)state;
	assert_int_equal(qt_store_settings_next(&s, &cursor, &name, value, 4),
	    -ENOSPC);
	assert_int_equal(qt_store_settings_next(&s, &cursor, &name, value, 4),
	    1);
}

QT_TEST(settings_are_checked_together)
{
	struct qt_store_settings	s = defaults();
	struct qt_err			err = QT_ERR_INIT;

	(void)state;
	s.wal_max = 1 << 20;
	assert_int_equal(qt__settings_check(&s, &err), -EINVAL);
	assert_string_equal(err.text, "wal-max 1M is less than "
	    "memtable-size 64M: raise the one or lower the other");
	s.memtable_size = 1 << 20;
	assert_int_equal(qt__settings_check(&s, &err), 0);
	s.level = 10;
	assert_int_equal(qt__settings_check(&s, &err), -EINVAL);
	assert_string_equal(err.text,
	    "compression '10' is not a number from 0 to 9");
	s = defaults();
	s.mode = (enum qt_store_mode)4;
	assert_int_equal(qt__settings_check(&s, &err), -EINVAL);
	s = defaults();
	memset(s.wal_path, 'x', sizeof(s.wal_path));
	assert_int_equal(qt__settings_check(&s, &err), -EINVAL);
	assert_string_equal(err.text, "wal-path does not end");
	strcpy(s.wal_path, "logs");
	assert_int_equal(qt__settings_check(&s, &err), -EINVAL);
	assert_string_equal(err.text, "wal-path 'logs' neither begins with / "
	    "nor, as seen from the store, with ../");
	strcpy(s.wal_path, "../logs");
	assert_int_equal(qt__settings_check(&s, &err), 0);
}
