/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/base/uuid.h>: RFC 9562's layout, order, and strict reading. */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/clock.h>
#include <qt/base/uuid.h>

#include "../test.h"

#define THREADS 4
#define EACH 5000

QT_TEST(the_rfcs_example_is_read_and_written)
{
	const char	*text = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
	const uint8_t	 bytes[16] = { 0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0,
	    0x7c, 0xc3, 0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f };
	char		 again[QT_UUID_TEXT_SIZE];
	struct qt_uuid	 id;

	(void)state;
	assert_int_equal(qt_uuid_parse(text, &id), 0);
	assert_memory_equal(id.b, bytes, sizeof(bytes));
	qt_uuid_text(&id, again);
	assert_string_equal(again, text);
	assert_int_equal(qt_uuid_parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
	    &id), 0);
	assert_memory_equal(id.b, bytes, sizeof(bytes));
}

QT_TEST(version_variant_and_time_are_in_their_places)
{
	uint64_t	before = qt_clock_real_ms(), ms = 0;
	struct qt_uuid	id;

	(void)state;
	qt_uuid_new(&id);
	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id.b[i];
	assert_int_equal(id.b[6] >> 4, 7);
	assert_int_equal(id.b[8] >> 6, 2);
	/* A full counter may have borrowed some milliseconds. */
	assert_true(ms >= before);
	assert_true(ms <= qt_clock_real_ms() + 10000);
}

QT_TEST(ids_of_one_process_only_grow)
{
	struct qt_uuid	last, id;

	(void)state;
	qt_uuid_new(&last);
	for (int i = 0; i < 50000; i++) {
		qt_uuid_new(&id);
		assert_true(memcmp(&id, &last, sizeof(id)) > 0);
		last = id;
	}
}

QT_TEST(two_ids_differ_in_more_than_the_counter)
{
	struct qt_uuid	a, b;

	(void)state;
	qt_uuid_new(&a);
	qt_uuid_new(&b);
	assert_memory_not_equal(a.b + 8, b.b + 8, 8);
}

static void *
make_many(void *arg)
{
	struct qt_uuid	*ids = arg;

	for (int i = 0; i < EACH; i++)
		qt_uuid_new(&ids[i]);
	return NULL;
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct qt_uuid));
}

QT_TEST(threads_never_get_the_same_stamp)
{
	static struct qt_uuid	ids[THREADS * EACH];
	pthread_t		threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, make_many,
		    ids + i * EACH), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	qsort(ids, THREADS * EACH, sizeof(ids[0]), compare);
	for (int i = 1; i < THREADS * EACH; i++)
		assert_memory_not_equal(&ids[i - 1], &ids[i], 8);
}

QT_TEST(what_is_no_uuid_is_refused_and_nothing_written)
{
	static const char *const	bad[] = {
		"", "-", "017f22e2", "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
		"017f22e279b0-7cc3-98c4-dc0c0c07398f-",
		"017f22e2+79b0-7cc3-98c4-dc0c0c07398f",
		"g17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
		" 17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398\n",
		"------------------------------------",
	};
	struct qt_uuid			id, before;

	(void)state;
	memset(&id, 0xee, sizeof(id));
	before = id;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(qt_uuid_parse(bad[i], &id), -EINVAL);
		assert_memory_equal(&id, &before, sizeof(id));
	}
}
