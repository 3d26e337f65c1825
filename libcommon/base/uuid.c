/* SPDX-License-Identifier: Apache-2.0 */
/* Version 7 UUIDs. See <qt/base/uuid.h>. */

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include <qt/base/clock.h>
#include <qt/base/hash.h>
#include <qt/base/hex.h>
#include <qt/base/uuid.h>

/*
 * The last stamp given out: milliseconds above a 12-bit counter. A new stamp
 * is the clock with a small random counter, or the last one plus 1 when the
 * clock has not moved on; a full counter carries into the milliseconds, which
 * RFC 9562 (6.2) allows. So a clock set back cannot make ids go back.
 */
static _Atomic uint64_t	last_stamp;

static uint64_t
next_stamp(uint16_t seed)
{
	uint64_t	fresh = qt_clock_real_ms() << 12 | (seed & 0x7ff);
	uint64_t	last, stamp;

	last = atomic_load_explicit(&last_stamp, memory_order_relaxed);
	do {
		stamp = fresh > last ? fresh : last + 1;
	} while (!atomic_compare_exchange_weak_explicit(&last_stamp, &last,
	    stamp, memory_order_relaxed, memory_order_relaxed));
	return stamp;
}

void
qt_uuid_new(struct qt_uuid *out)
{
	uint16_t	seed;
	uint64_t	stamp;
	uint8_t		random[10];
	int		i;

	qt_random(random, sizeof(random));
	memcpy(&seed, random, sizeof(seed));
	stamp = next_stamp(seed);
	for (i = 0; i < 6; i++)
		out->b[i] = (uint8_t)(stamp >> (52 - 8 * i));
	out->b[6] = (uint8_t)(0x70 | (stamp >> 8 & 0x0f));
	out->b[7] = (uint8_t)stamp;
	memcpy(out->b + 8, random + 2, 8);
	out->b[8] = (uint8_t)(0x80 | (out->b[8] & 0x3f));
}

static int
is_dash(size_t at)
{
	return at == 8 || at == 13 || at == 18 || at == 23;
}

void
qt_uuid_text(const struct qt_uuid *id, char text[QT_UUID_TEXT_SIZE])
{
	static const char	hex[] = "0123456789abcdef";
	size_t			i, nibble = 0;

	for (i = 0; i < QT_UUID_TEXT_SIZE - 1; i++) {
		if (is_dash(i)) {
			text[i] = '-';
			continue;
		}
		text[i] = hex[id->b[nibble / 2] >> (nibble % 2 ? 0 : 4) & 0xf];
		nibble++;
	}
	text[i] = '\0';
}

int
qt_uuid_parse(const char *text, struct qt_uuid *out)
{
	struct qt_uuid	id = { { 0 } };
	size_t		i, nibble = 0;
	int		value;

	for (i = 0; i < QT_UUID_TEXT_SIZE - 1; i++) {
		if (is_dash(i)) {
			if (text[i] != '-')
				return -EINVAL;
			continue;
		}
		value = qt_hex_value(text[i]);	/* '\0' ends here too */
		if (value < 0)
			return -EINVAL;
		id.b[nibble / 2] |= (uint8_t)(value << (nibble % 2 ? 0 : 4));
		nibble++;
	}
	if (text[i] != '\0')
		return -EINVAL;
	*out = id;
	return 0;
}
