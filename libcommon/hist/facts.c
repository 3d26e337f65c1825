/* SPDX-License-Identifier: Apache-2.0 */
/* What many events have in common, kept in memory. See db_priv.h. */

#include <string.h>

#include "db_priv.h"

#define BYTES_MAX	((size_t)16 << 20)

void
qt__facts_clear(struct qt__facts *f)
{
	qt__hashes_clear(&f->known);
	qt_buf_clear(&f->bytes);
}

void
qt__facts_trim(struct qt__facts *f)
{
	if (f->bytes.len > BYTES_MAX)
		qt__facts_clear(f);
}

struct qt_hist_bytes
qt__facts_get(const struct qt__facts *f, const uint8_t key[QT__HASH_KEY])
{
	const struct qt__hash_slot	*slot = qt__hashes_get(&f->known, key);
	const char			*at;
	uint32_t			 len;

	if (slot == NULL)
		return (struct qt_hist_bytes){ NULL, 0 };
	at = f->bytes.data + slot->id;
	memcpy(&len, at, sizeof(len));
	return (struct qt_hist_bytes){ at + sizeof(len), len };
}

int
qt__facts_put(struct qt__facts *f, const uint8_t key[QT__HASH_KEY],
    const void *value, uint32_t len)
{
	struct qt__hash_slot	*slot;
	uint32_t		 at = (uint32_t)f->bytes.len;
	int			 rc;

	rc = qt_buf_add(&f->bytes, &len, sizeof(len));
	if (rc == 0)
		rc = qt_buf_add(&f->bytes, value, len);
	if (rc == 0)
		rc = qt__hashes_put(&f->known, key, &slot);
	if (rc == 1)
		slot->id = at;
	return rc < 0 ? rc : 0;
}
