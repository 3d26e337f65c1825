/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/session/wire.h>: the head's bytes, and what is refused. */

#include <string.h>

#include <qt/base/err.h>
#include <qt/session/wire.h>

#include "../test.h"

QT_TEST(a_head_is_little_endian_and_round_trips)
{
	static const uint8_t	want[QT_WIRE_HEAD_SIZE] = { 67, 1, 0x34, 0x12,
	    0xef, 0xbe, 0xad, 0xde, 8, 7, 6, 5, 4, 3, 2, 1 };
	struct qt_wire_head	h = { .type = QT_WIRE_DATA,
	    .flags = QT_WIRE_REPLAY, .channel = 0x1234, .arg = 0xdeadbeef,
	    .offset = 0x0102030405060708 };
	struct qt_wire_head	back;
	uint8_t			out[QT_WIRE_HEAD_SIZE];

	(void)state;
	qt_wire_pack(&h, out);
	assert_memory_equal(out, want, sizeof(want));
	assert_int_equal(qt_wire_unpack(out, sizeof(out), &back), 0);
	assert_int_equal(back.type, h.type);
	assert_int_equal(back.flags, h.flags);
	assert_int_equal(back.channel, h.channel);
	assert_int_equal(back.arg, h.arg);
	assert_true(back.offset == h.offset);
}

QT_TEST(a_frame_shorter_than_its_head_is_refused)
{
	static const uint8_t	bytes[QT_WIRE_HEAD_SIZE];
	struct qt_wire_head	h;

	(void)state;
	for (size_t len = 0; len < QT_WIRE_HEAD_SIZE; len++)
		assert_int_equal(qt_wire_unpack(bytes, len, &h), -QT_EPROTO);
}
