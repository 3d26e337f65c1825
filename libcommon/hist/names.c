/* SPDX-License-Identifier: Apache-2.0 */
/* What events name, in memory. See names_priv.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/hist/index.h>

#include "db_priv.h"
#include "names_priv.h"

void
qt__names_clear(struct qt__names *n)
{
	free(n->of);
	free(n->slots);
	qt_buf_clear(&n->bytes);
}

static int
add_name(struct qt__names *n, const struct qt_store_item *item)
{
	struct qt__name	*of;
	int		 rc;

	if (n->count == n->room) {
		size_t	room = n->room * 2 + 1024;

		of = realloc(n->of, room * sizeof(*of));
		if (of == NULL)
			return -ENOMEM;
		n->of = of;
		n->room = room;
	}
	of = &n->of[n->count];
	memcpy(of->hash, (const char *)item->key + 1, QT__HASH);
	of->at = n->bytes.len;
	of->len = (uint32_t)item->value_len;
	rc = qt_buf_add(&n->bytes, item->value, item->value_len);
	if (rc == 0)
		n->count++;
	return rc;
}

/* The hash is a keyed one already: nobody chooses where it falls. */
size_t
qt__names_slot(const struct qt__names *n, const uint8_t *hash)
{
	uint64_t	x;

	memcpy(&x, hash, sizeof(x));
	return (size_t)x & (n->size - 1);
}

static int
make_slots(struct qt__names *n)
{
	for (n->size = 64; n->size < n->count * 2;)
		n->size *= 2;
	n->slots = calloc(n->size, sizeof(*n->slots));
	if (n->slots == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n->count; i++) {
		size_t	at = qt__names_slot(n, n->of[i].hash);

		while (n->slots[at].index != 0)
			at = (at + 1) & (n->size - 1);
		memcpy(n->slots[at].hash, n->of[i].hash, QT__HASH);
		n->slots[at].index = (uint32_t)i + 1;
	}
	return 0;
}

void
qt__names_forget(struct qt__names *n)
{
	for (size_t i = 0; i < n->size; i++)
		n->slots[i].id = QT_HIST_NONE;
}

struct qt__name_slot *
qt__names_get(struct qt__names *n, const uint8_t key[QT__HASH_KEY])
{
	size_t	at = qt__names_slot(n, key + 1);

	for (; n->slots[at].index != 0; at = (at + 1) & (n->size - 1))
		if (memcmp(n->slots[at].hash, key + 1, QT__HASH) == 0)
			return &n->slots[at];
	return NULL;
}

struct qt_hist_bytes
qt__names_bytes(const struct qt__names *n, const struct qt__name_slot *slot)
{
	const struct qt__name	*name = &n->of[slot->index - 1];

	return (struct qt_hist_bytes){ n->bytes.data == NULL ? "" :
		n->bytes.data + name->at, name->len };
}

int
qt__names_load(struct qt__names *n, struct qt_hist_db *db,
    const struct qt_store_snap *snap, char kind, struct qt_err *err)
{
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	int			 rc;

	rc = qt_store_scan_open(db->store, snap, &(struct qt_store_range){
		.prefix = &kind, .prefix_len = 1 }, &scan, err);
	if (rc < 0)
		return rc;
	while ((rc = qt_store_scan_next(scan, &item, err)) == 1) {
		if (item.key_len == QT__HASH_KEY)
			rc = add_name(n, &item);
		if (rc < 0)
			break;
	}
	qt_store_scan_close(scan);
	return rc < 0 ? rc : make_slots(n);
}
