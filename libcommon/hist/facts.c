/* SPDX-License-Identifier: Apache-2.0 */
/* What many events have in common, kept in memory. See db_priv.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "db_priv.h"

#define LEAST		256u			/* slots */
#define BYTES_MAX	((size_t)16 << 20)

void
qt__facts_clear(struct qt__facts *f)
{
	for (size_t i = 0; i < f->size; i++)
		free(f->slots[i]);
	free(f->slots);
	*f = (struct qt__facts){ 0 };
}

/* The slot of a key, or the empty one where it belongs. */
static size_t
find(struct qt__fact *const *slots, size_t size,
    const uint8_t key[QT__HASH_KEY])
{
	uint64_t	hash;
	size_t		i;

	memcpy(&hash, key + 1, sizeof(hash));
	for (i = (size_t)hash & (size - 1); slots[i] != NULL &&
	    memcmp(slots[i]->key, key, QT__HASH_KEY) != 0;)
		i = (i + 1) & (size - 1);
	return i;
}

const struct qt__fact *
qt__facts_get(const struct qt__facts *f, const uint8_t key[QT__HASH_KEY])
{
	return f->size == 0 ? NULL : f->slots[find(f->slots, f->size, key)];
}

bool
qt__facts_knows(const struct qt__facts *f, const uint8_t key[QT__HASH_KEY])
{
	return qt__facts_get(f, key) != NULL;
}

static int
grow(struct qt__facts *f)
{
	size_t		  size = f->size == 0 ? LEAST : f->size * 2;
	struct qt__fact	**slots = calloc(size, sizeof(*slots));

	if (slots == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < f->size; i++)
		if (f->slots[i] != NULL)
			slots[find(slots, size, f->slots[i]->key)] =
			    f->slots[i];
	free(f->slots);
	f->slots = slots;
	f->size = size;
	return 0;
}

int
qt__facts_put(struct qt__facts *f, const uint8_t key[QT__HASH_KEY],
    const void *value, size_t len)
{
	struct qt__fact	*fact;
	size_t		 i;

	if (f->bytes + len > BYTES_MAX)
		qt__facts_clear(f);
	if (f->count * 2 >= f->size && grow(f) < 0)
		return -ENOMEM;
	i = find(f->slots, f->size, key);
	if (f->slots[i] != NULL)
		return 0;
	fact = malloc(sizeof(*fact) + len);
	if (fact == NULL)
		return -ENOMEM;
	memcpy(fact->key, key, QT__HASH_KEY);
	fact->len = (uint32_t)len;
	memcpy(fact->value, value, len);
	f->slots[i] = fact;
	f->count++;
	f->bytes += sizeof(*fact) + len;
	return 0;
}
