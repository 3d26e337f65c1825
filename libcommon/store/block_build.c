/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a block of a run, a record at a time. The layout is in run.c's first
 * comment.
 */

#include <errno.h>

#include <qt/base/le.h>

#include "varint_priv.h"
#include "run_file_priv.h"

#define RECORD_MAX	64u	/* of one, but its key and value */

void
qt__block_builder_clear(struct qt__block_builder *b)
{
	qt_buf_clear(&b->tags);
	qt_buf_clear(&b->offsets);
	qt_buf_clear(&b->records);
	qt_buf_clear(&b->base_key);
	b->count = 0;
}

void
qt__block_builder_reset(struct qt__block_builder *b)
{
	qt_buf_reset(&b->tags);
	qt_buf_reset(&b->offsets);
	qt_buf_reset(&b->records);
	b->count = 0;
}

size_t
qt__block_builder_size(const struct qt__block_builder *b,
    const struct qt__entry *e)
{
	size_t	size = b->records.len + 3 * (size_t)b->count;

	return e == NULL ? size : size + e->key_len + (size_t)e->value_len + 8;
}

static uint32_t
shared_len(const struct qt__block_builder *b, const struct qt__entry *e)
{
	const char	*base = b->base_key.data;
	size_t		 max = b->base_key.len, i;

	if (max > e->key_len)
		max = e->key_len;
	for (i = 0; i < max && (uint8_t)base[i] == e->key[i]; i++)
		continue;
	return (uint32_t)i;
}

/* What is before the suffix, and between it and the value. */
static size_t
pack_before(uint8_t *p, uint32_t shared, uint32_t suffix_len)
{
	uint8_t	*end = qt__varint_pack(p, shared);

	return (size_t)(qt__varint_pack(end, suffix_len) - p);
}

static size_t
pack_between(uint8_t *p, const struct qt__entry *e, uint64_t base)
{
	uint8_t	*end = p;

	*end++ = (uint8_t)(e->flags | (e->tag != 0 ? QT__BLOCK_TAG : 0) |
	    (e->expires_ms != 0 ? QT__BLOCK_EXPIRY : 0));
	end = qt__varint_pack(end, e->value_len);
	end = qt__varint_pack(end, qt__zigzag(e->version - base));
	if (e->tag != 0)
		*end++ = e->tag;
	if (e->expires_ms != 0)
		end = qt__varint_pack(end, e->expires_ms);
	return (size_t)(end - p);
}

int
qt__block_builder_add(struct qt__block_builder *b, const struct qt__entry *e,
    uint64_t hash)
{
	uint8_t		tag = qt__block_tag(hash), at[2], *p;
	uint32_t	shared = 0;
	int		rc;

	if (b->count == 0)
		b->base = e->version;
	if (b->count % QT__BLOCK_RESTART == 0) {
		qt_buf_reset(&b->base_key);
		rc = qt_buf_add(&b->base_key, e->key, e->key_len);
		if (rc < 0)
			return rc;
	} else {
		shared = shared_len(b, e);
	}
	qt_le_store16(at, (uint16_t)b->records.len);
	rc = qt_buf_add(&b->offsets, at, sizeof(at));
	if (rc == 0)
		rc = qt_buf_add(&b->tags, &tag, 1);
	if (rc == 0)
		rc = qt_buf_reserve(&b->records, RECORD_MAX + e->key_len +
		    (size_t)e->value_len);
	if (rc < 0)
		return rc;
	p = (uint8_t *)b->records.data + b->records.len;
	p += pack_before(p, shared, e->key_len - shared);
	memcpy(p, e->key + shared, e->key_len - shared);
	p += e->key_len - shared;
	p += pack_between(p, e, b->base);
	if (e->value_len > 0)
		memcpy(p, e->value, e->value_len);
	p += e->value_len;
	b->records.len = (size_t)(p - (uint8_t *)b->records.data);
	*p = 0;
	b->count++;
	return 0;
}

int
qt__block_builder_finish(struct qt__block_builder *b, struct qt__block_head *h,
    struct qt_buf *out)
{
	size_t	len = qt__block_builder_size(b, NULL);

	if (len > UINT32_MAX)
		return -EMSGSIZE;
	if (qt_buf_reserve(out, len) < 0)
		return -ENOMEM;
	(void)qt_buf_add(out, b->tags.data, b->tags.len);
	(void)qt_buf_add(out, b->offsets.data, b->offsets.len);
	(void)qt_buf_add(out, b->records.data, b->records.len);
	h->len = (uint32_t)len;
	h->base = b->base;
	h->count = b->count;
	return 0;
}
