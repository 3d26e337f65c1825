/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A block's records as entries.
 *
 * Values are shown where they lie; a key, too, where it is whole (each 32nd),
 * else it is put together in a buffer from its restart's first bytes, which are
 * looked up once for each restart, and its suffix.
 */

#include <errno.h>
#include <stdlib.h>

#include "run_file_priv.h"

#define NO_BASE		UINT32_MAX
#define KEY_SIZE	256u

void
qt__block_reader_set(struct qt__block_reader *rd,
    const struct qt__block_view *view)
{
	rd->view = view;
	rd->base = NO_BASE;
}

void
qt__block_reader_clear(struct qt__block_reader *rd)
{
	free(rd->key);
	rd->key = NULL;
	rd->key_size = 0;
}

static int
grow(struct qt__block_reader *rd, size_t size)
{
	uint8_t	*p;

	size = size < KEY_SIZE ? KEY_SIZE : 2 * size;
	p = realloc(rd->key, size);
	if (p == NULL)
		return -ENOMEM;
	rd->key = p;
	rd->key_size = size;
	return 0;
}

/* Puts the key of record i together, which shares bytes with its restart. */
static int
join(struct qt__block_reader *rd, uint32_t i, const struct qt__record *r,
    size_t len)
{
	uint32_t		base = i - i % QT__BLOCK_RESTART;
	struct qt__record	b;
	int			rc;

	if (rd->base != base) {
		rd->base = NO_BASE;
		rc = qt__block_key(rd->view, base, &b);
		if (rc < 0)
			return rc;
		rd->base = base;
		rd->base_key = b.suffix;
		rd->base_len = b.suffix_len;
	}
	if (r->shared > rd->base_len)
		return -QT_ECORRUPT;
	rc = len > rd->key_size ? grow(rd, len) : 0;
	if (rc < 0)
		return rc;
	memcpy(rd->key, rd->base_key, r->shared);
	memcpy(rd->key + r->shared, r->suffix, r->suffix_len);
	return 0;
}

int
qt__block_reader_get(struct qt__block_reader *rd, uint32_t i,
    struct qt__entry *e)
{
	struct qt__record	r;
	int			rc = qt__block_record(rd->view, i, &r);

	if (rc < 0)
		return rc;
	e->key_len = r.shared + r.suffix_len;
	e->key = r.suffix;
	if (r.shared > 0) {
		rc = join(rd, i, &r, e->key_len);
		if (rc < 0)
			return rc;
		e->key = rd->key;
	}
	e->value = r.value;
	e->value_len = r.value_len;
	e->version = r.version;
	e->expires_ms = r.expires_ms;
	e->flags = r.flags;
	e->tag = r.tag;
	return 1;
}
