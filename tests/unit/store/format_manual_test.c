/* SPDX-License-Identifier: Apache-2.0 */
/* qt-store(5) says of files and locks what the headers say. See "../manual.h". */

#include <stdio.h>

#include "../../../libcommon/store/big_priv.h"
#include "../../../libcommon/store/format_priv.h"
#include "../../../libcommon/store/manifest_file_priv.h"
#include "../../../libcommon/store/mem_priv.h"
#include "../../../libcommon/store/run_file_priv.h"
#include "../../../libcommon/store/stored_priv.h"

#include "../manual.h"
#include "../test.h"

#define PAGE		"qt-store.5"
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static void
says(const char *format, uint64_t number)
{
	char	text[160];

	snprintf(text, sizeof(text), format, (unsigned long long)number);
	manual_says(PAGE, text);
}

QT_TEST(the_page_has_a_log)
{
#define HEAD(field) MANUAL_FIELD(struct qt__log_head, field)
#define FRAME(field) MANUAL_FIELD(struct qt__frame, field)
	static const struct manual_row head[] = {
		HEAD(magic), HEAD(id), HEAD(number), HEAD(base), HEAD(store),
		HEAD(made_ms), HEAD(chain), HEAD(version), HEAD(reserved),
		HEAD(crc),
	};
	static const struct manual_row frame[] = {
		FRAME(link), FRAME(crc), FRAME(chain), FRAME(lag), FRAME(kind),
		FRAME(value_len), FRAME(time_node),
		{ sizeof(struct qt__frame), 8 },
	};

	(void)state;
	manual_has_table(PAGE, "LOG", 0, head, COUNT(head));
	manual_has_table(PAGE, "LOG", 1, frame, COUNT(frame));
	says("Its first %llu bytes:", QT__LOG_FIRST);
	says("Flags: %llu, the key was deleted;", QT__DEL);
	says("%llu, the value is deflated, see", QT__DEFLATED);
	says("%llu, it names a file, see", QT__BIG);
	says("%llu, it expires;", QT__FRAME_EXPIRES);
	says("%llu, the next frame belongs to the same batch", QT__FRAME_MORE);
	assert_int_equal(QT__KIND_KEY(QT__KIND(QT_STORE_KEY_MAX, 0, 0)),
	    QT_STORE_KEY_MAX);
	assert_int_equal(QT__KIND(0, 1, 0), 1u << 17);
	assert_int_equal(QT__KIND(0, 0, 1), 1u << 24);
	manual_says(PAGE, "bits 0 to 16 the length of the key, 17 to 23 flags, "
	    "24 to 31 the tag");
}

QT_TEST(the_page_has_the_rows_of_a_manifest)
{
#define RUN(field) MANUAL_FIELD(struct qt__sorted, field)
#define SLICE(field) MANUAL_FIELD(struct qt__slice, field)
#define JOB(field) MANUAL_FIELD(struct qt__job, field)
	static const struct manual_row run[] = {
		RUN(id), RUN(first), RUN(count), RUN(flags), RUN(level),
		RUN(bytes),
	};
	static const struct manual_row slice[] = {
		SLICE(info.number), SLICE(info.size), SLICE(info.records),
		SLICE(info.dels), SLICE(info.raw_bytes),
		SLICE(info.min_version), SLICE(info.max_version),
		SLICE(min_at), SLICE(min_len), SLICE(max_at), SLICE(max_len),
	};
	static const struct manual_row job[] = {
		JOB(output), JOB(input), JOB(inputs), JOB(key_at),
		JOB(key_len),
	};

	(void)state;
	manual_has_table(PAGE, "MANIFEST", 1, run, COUNT(run));
	manual_has_table(PAGE, "MANIFEST", 2, slice, COUNT(slice));
	manual_has_table(PAGE, "MANIFEST", 3, job, COUNT(job));
	manual_says(PAGE, ".Dq " QT__MANIFEST_MAGIC);
	says("bytes of this head, %llu .It", QT__MANIFEST_HEAD);
	says("Ta %llur Ta runs", sizeof(struct qt__sorted));
	says("Ta %llus Ta slices", sizeof(struct qt__slice));
	says("Ta %llud Ta drops", sizeof(struct qt__drop));
	says("Ta %llu Ta the flush that is under way, a job",
	    sizeof(struct qt__job));
}

QT_TEST(the_page_has_the_parts_of_a_run)
{
	(void)state;
	says(".It %llu Ta Ta the contents", QT__BLOCK_HEADER);
	says("multiple of %llu. A record is", QT__BLOCK_RESTART);
	says("lines of %llu bytes, one line for every 51.2 keys",
	    QT__BLOOM_LINE);
	assert_int_equal(QT__BLOOM_LINE * 8 * 10 / QT__BLOOM_BITS, 512);
	says("alignment: %llu, or", QT__RUN_PLAIN_ALIGN);
	says("or %llu where blocks may be deflated", QT__RUN_ALIGN);
	says("Ta 4 Ta checksum of the %llu bytes before .El .Sh BIG VALUES",
	    QT__RUN_FOOTER - 4);
	says("Ta 4 Ta checksum of the %llu bytes before .El .Ss Blocks",
	    QT__RUN_HEADER - 4);
	says("Ta tag, with flag %llu;", QT__BLOCK_TAG);
	says("ms since 1970, with flag %llu; without", QT__BLOCK_EXPIRY);
	manual_says(PAGE, ".Dq " QT__RUN_END_MAGIC);
}

QT_TEST(the_page_has_big_values_and_locks)
{
#define LOCKED(field) MANUAL_FIELD(struct qt__lock, field)
	static const struct manual_row lock[] = {
		LOCKED(word), LOCKED(waits), LOCKED(since_ms), LOCKED(pid),
		LOCKED(died), LOCKED(pid_ns),
	};

	(void)state;
	/* "Locks" is a heading of two. */
	manual_has_table(PAGE, "Snapshots", 0, lock, COUNT(lock));
	says("A lock in memory is %llu bytes", sizeof(struct qt__lock));
	says(".It %llu Ta the store is being made", QT__LOCK_FORMAT);
	says(".It %llu Ta .Pa FORMAT is being replaced", QT__LOCK_SETTINGS);
	says(".It %llu + n Ta user n", QT__USER_BASE);
	manual_says(PAGE, ".It 2^32 + n Ta file n of");
	assert_true(QT__BIG_BASE == INT64_C(1) << 32);
	says(".It %llu Ta Ta the key of its record", QT__BIG_HEADER);
	says("longer than %lluM or than a quarter", QT__BIG_MIN >> 20);
	says("a value of %llu bytes or more", QT__DEFLATE_MIN);
	says("Text, of at most %llu bytes", QT__FORMAT_MAX);
}
