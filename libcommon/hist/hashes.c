/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of keys. See hashes_priv.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hashes_priv.h"

#define LEAST	256u		/* slots */

void
qt__hashes_clear(struct qt__hashes *h)
{
	free(h->slots);
	*h = (struct qt__hashes){ 0 };
}

/* Where a hash is looked for first. */
static size_t
first(const struct qt__hashes *h, const uint8_t hash[QT__HASH])
{
	uint64_t	x;

	memcpy(&x, hash, sizeof(x));
	return (size_t)x & (h->size - 1);
}

/* The slot of a hash, or the empty one where it belongs. */
static struct qt__hash_slot *
find(const struct qt__hashes *h, const uint8_t hash[QT__HASH])
{
	size_t	i = first(h, hash);

	while (h->slots[i].number != 0 &&
	    memcmp(h->slots[i].hash, hash, QT__HASH) != 0)
		i = (i + 1) & (h->size - 1);
	return &h->slots[i];
}

void
qt__hashes_prefetch(const struct qt__hashes *h,
    const uint8_t key[QT__HASH_KEY])
{
	if (h->size > 0)
		__builtin_prefetch(&h->slots[first(h, key + 1)]);
}

struct qt__hash_slot *
qt__hashes_get(const struct qt__hashes *h, const uint8_t key[QT__HASH_KEY])
{
	struct qt__hash_slot	*slot;

	if (h->size == 0)
		return NULL;
	slot = find(h, key + 1);
	return slot->number == 0 ? NULL : slot;
}

int
qt__hashes_reserve(struct qt__hashes *h, size_t count)
{
	struct qt__hashes	to = { .size = LEAST, .count = h->count };

	if (count >= UINT32_MAX / 2)
		return -ENOMEM;
	while (to.size < count * 2)
		to.size *= 2;
	if (to.size <= h->size)
		return 0;
	to.slots = calloc(to.size, sizeof(*to.slots));
	if (to.slots == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < h->size; i++)
		if (h->slots[i].number != 0)
			*find(&to, h->slots[i].hash) = h->slots[i];
	free(h->slots);
	*h = to;
	return 0;
}

int
qt__hashes_put(struct qt__hashes *h, const uint8_t key[QT__HASH_KEY],
    struct qt__hash_slot **slot)
{
	struct qt__hash_slot	*at;
	bool			 is_new;

	if (h->count * 2 >= h->size &&
	    qt__hashes_reserve(h, h->count + 1) < 0)
		return -ENOMEM;
	at = find(h, key + 1);
	is_new = at->number == 0;
	if (is_new) {
		memcpy(at->hash, key + 1, QT__HASH);
		at->number = (uint32_t)++h->count;
	}
	if (slot != NULL)
		*slot = at;
	return is_new;
}
