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
	qt__hashes_clear(&n->keys);
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
	memcpy(of->key, item->key, QT__HASH_KEY);
	of->at = n->bytes.len;
	of->len = (uint32_t)item->value_len;
	rc = qt_buf_add(&n->bytes, item->value, item->value_len);
	if (rc == 0)
		n->count++;
	return rc;
}

/* Once it is known how many there are. */
static int
add_keys(struct qt__names *n)
{
	int	rc = qt__hashes_reserve(&n->keys, n->count);

	for (size_t i = 0; i < n->count && rc >= 0; i++)
		rc = qt__hashes_put(&n->keys, n->of[i].key, NULL);
	return rc < 0 ? rc : 0;
}

void
qt__names_forget(struct qt__names *n)
{
	for (size_t i = 0; i < n->keys.size; i++)
		n->keys.slots[i].id = QT_HIST_NONE;
}

struct qt_hist_bytes
qt__names_bytes(const struct qt__names *n, const struct qt__hash_slot *slot)
{
	const struct qt__name	*name = &n->of[slot->number - 1];

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
	return rc < 0 ? rc : add_keys(n);
}
