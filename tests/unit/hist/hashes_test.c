/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of keys: libcommon/hist/hashes.c. */

#include "../test.h"

#include <errno.h>
#include <string.h>

#include "../../../libcommon/hist/hashes_priv.h"

#define KEYS	5000u

/* Most begin where another one does. */
static void
make_key(uint8_t key[QT__HASH_KEY], uint32_t i)
{
	memset(key, 0, QT__HASH_KEY);
	key[0] = 'c';
	key[1] = (uint8_t)(i / 7);
	memcpy(key + 12, &i, sizeof(i));
}

QT_TEST(each_key_is_there_once_with_its_number_and_id)
{
	struct qt__hashes	 h = { 0 };
	struct qt__hash_slot	*slot;
	uint8_t			 key[QT__HASH_KEY];

	(void)state;
	make_key(key, 0);
	assert_null(qt__hashes_get(&h, key));
	qt__hashes_prefetch(&h, key);
	for (uint32_t i = 0; i < KEYS; i++) {
		make_key(key, i);
		assert_int_equal(qt__hashes_put(&h, key, &slot), 1);
		assert_int_equal(slot->number, i + 1);
		assert_int_equal(slot->id, 0);
		slot->id = i * 3;
		assert_int_equal(qt__hashes_put(&h, key, NULL), 0);
		if (i == 100)
			assert_int_equal(qt__hashes_reserve(&h, KEYS / 2), 0);
	}
	assert_int_equal(h.count, KEYS);
	assert_true(h.size >= 2 * KEYS);
	for (uint32_t i = 0; i < KEYS; i++) {
		make_key(key, i);
		slot = qt__hashes_get(&h, key);
		assert_non_null(slot);
		assert_int_equal(slot->number, i + 1);
		assert_int_equal(slot->id, i * 3);
	}
	make_key(key, KEYS);
	assert_null(qt__hashes_get(&h, key));
	qt__hashes_clear(&h);
	assert_null(qt__hashes_get(&h, key));
	qt__hashes_clear(&h);
}

QT_TEST(there_is_no_room_for_more_than_can_be_counted)
{
	struct qt__hashes	h = { 0 };

	(void)state;
	assert_int_equal(qt__hashes_reserve(&h, UINT32_MAX), -ENOMEM);
	assert_int_equal(h.size, 0);
}
