/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a block of a run. The layout is in run.c's first comment.
 *
 * Nothing here trusts the bytes: lengths are compared with what is left of the
 * block before a pointer is made of them. Keys of hostile blocks may be in any
 * order; a search then answers nonsense, but ends and stays inside.
 */

#include <qt/base/le.h>
#include <qt/store/store.h>

#include "varint_priv.h"
#include "run_file_priv.h"

#define ZLIB_RATIO	1040u	/* deflate does not do better than 1032 */

/* --- The block ----------------------------------------------------------- */

void
qt__block_head_pack(uint8_t *p, const struct qt__block_head *h)
{
	memset(p, 0, QT__BLOCK_HEADER);
	qt_le_store32(p, h->crc);
	qt_le_store32(p + 4, QT__BLOCK_MAGIC);
	qt_le_store32(p + 8, h->stored);
	qt_le_store32(p + 12, h->len);
	qt_le_store64(p + 16, h->base);
	qt_le_store32(p + 24, h->count);
	p[28] = h->method;
}

const char *
qt__block_head_unpack(struct qt__block_head *h, const uint8_t *map,
    uint64_t at, uint64_t limit)
{
	const uint8_t	*p = map + at;

	if (at > limit || limit - at < QT__BLOCK_HEADER)
		return "reaches beyond the file";
	h->crc = qt_le_load32(p);
	h->stored = qt_le_load32(p + 8);
	h->len = qt_le_load32(p + 12);
	h->base = qt_le_load64(p + 16);
	h->count = qt_le_load32(p + 24);
	h->method = p[28];
	if (qt_le_load32(p + 4) != QT__BLOCK_MAGIC)
		return "is not one";
	if (h->stored > limit - at - QT__BLOCK_HEADER)
		return "reaches beyond the file";
	if (h->method == QT__BLOCK_PLAIN ? h->len != h->stored :
	    h->method != QT__BLOCK_ZLIB ||
	    h->len / ZLIB_RATIO > h->stored)
		return "has an impossible size";
	return NULL;
}

int
qt__block_view(struct qt__block_view *v, const uint8_t *contents, size_t len,
    const struct qt__block_head *h)
{
	if (h->count == 0 || h->count > len / 3)
		return -QT_ECORRUPT;
	v->tags = contents;
	v->offsets = contents + h->count;
	v->records = v->offsets + 2 * (size_t)h->count;
	v->end = contents + len;
	v->base = h->base;
	v->count = h->count;
	return 0;
}

/* --- Records ------------------------------------------------------------- */

size_t
qt__block_start(const struct qt__block_view *v, uint32_t i)
{
	return qt_le_load16(v->offsets + 2 * (size_t)i);
}

/* A varint of at most 32 bits; one byte, as nearly all are, without a loop. */
static inline const uint8_t *
small(const uint8_t *p, const uint8_t *end, uint32_t *out)
{
	uint64_t	x;

	if (p < end && *p < 0x80) {
		*out = *p;
		return p + 1;
	}
	p = qt__varint_unpack(p, end, &x);
	if (p == NULL || x > UINT32_MAX)
		return NULL;
	*out = (uint32_t)x;
	return p;
}

/* Returns what follows the key, or NULL. */
static inline const uint8_t *
key_of(const struct qt__block_view *v, uint32_t i, struct qt__record *r)
{
	size_t		 at = qt__block_start(v, i);
	const uint8_t	*p;

	if (at >= (size_t)(v->end - v->records))
		return NULL;
	p = small(v->records + at, v->end, &r->shared);
	if (p == NULL)
		return NULL;
	p = small(p, v->end, &r->suffix_len);
	if (p == NULL || r->suffix_len > (size_t)(v->end - p) ||
	    r->suffix_len > QT_STORE_KEY_MAX ||
	    r->shared > QT_STORE_KEY_MAX - r->suffix_len ||
	    r->shared + r->suffix_len == 0 ||
	    (r->shared > 0 && i % QT__BLOCK_RESTART == 0))
		return NULL;
	r->suffix = p;
	return p + r->suffix_len;
}

/* What follows the key. */
static inline int
rest_of(const struct qt__block_view *v, const uint8_t *p, struct qt__record *r)
{
	const uint8_t	*end = v->end;
	uint64_t	 x;
	uint8_t		 control;

	if (p >= end)
		return -QT_ECORRUPT;
	control = *p++;
	r->flags = control & (QT__BLOCK_TAG - 1);
	p = small(p, end, &r->value_len);
	if (p == NULL)
		return -QT_ECORRUPT;
	p = qt__varint_unpack(p, end, &x);
	if (p == NULL)
		return -QT_ECORRUPT;
	r->version = v->base + qt__unzigzag(x);
	r->tag = 0;
	r->expires_ms = 0;
	if (control >= QT__BLOCK_TAG) {
		if (control >= 2 * QT__BLOCK_EXPIRY)
			return -QT_ECORRUPT;
		if (control & QT__BLOCK_TAG) {
			if (p == end)
				return -QT_ECORRUPT;
			r->tag = *p++;
		}
		if (control & QT__BLOCK_EXPIRY)
			p = qt__varint_unpack(p, end, &r->expires_ms);
		if (p == NULL)
			return -QT_ECORRUPT;
	}
	if (r->value_len > (size_t)(end - p))
		return -QT_ECORRUPT;
	r->value = p;
	return 0;
}

int
qt__block_key(const struct qt__block_view *v, uint32_t i, struct qt__record *r)
{
	return key_of(v, i, r) == NULL ? -QT_ECORRUPT : 0;
}

int
qt__block_record(const struct qt__block_view *v, uint32_t i,
    struct qt__record *r)
{
	const uint8_t	*p = key_of(v, i, r);

	return p == NULL ? -QT_ECORRUPT : rest_of(v, p, r);
}

/* --- Searching ----------------------------------------------------------- */

/*
 * Compares record i's key, of which r is the key's part, with a key; in two
 * pieces: what it shares with its restart's, and the rest.
 */
static int
compare(const struct qt__block_view *v, uint32_t i,
    const struct qt__record *r, const uint8_t *key, size_t len, int *order)
{
	struct qt__record	base;
	size_t			shared;

	*order = 0;
	if (r->shared > 0) {
		if (key_of(v, i - i % QT__BLOCK_RESTART, &base) == NULL ||
		    base.suffix_len < r->shared)
			return -QT_ECORRUPT;
		shared = r->shared < len ? r->shared : len;
		*order = memcmp(base.suffix, key, shared);
		if (*order == 0 && r->shared > len)
			*order = 1;
	}
	if (*order == 0)
		*order = qt__key_compare(r->suffix, r->suffix_len,
		    key + r->shared, len - r->shared);
	return 0;
}

/*
 * Is record i, whose tag is right, that of the key with a version of at most
 * max? 1, 0 or negative.
 */
static int
is_it(const struct qt__block_view *v, uint32_t i, struct qt__record *r,
    const uint8_t *key, size_t len, uint64_t max)
{
	const uint8_t	*p;
	int		 rc, order;

	/* Both lines at once, rather than one after the other. */
	__builtin_prefetch(v->records +
	    qt__block_start(v, i - i % QT__BLOCK_RESTART));
	p = key_of(v, i, r);
	if (p == NULL)
		return -QT_ECORRUPT;
	if (r->shared + r->suffix_len != len)
		return 0;
	rc = compare(v, i, r, key, len, &order);
	if (rc < 0 || order != 0)
		return rc;
	rc = rest_of(v, p, r);
	return rc < 0 ? rc : r->version <= max;
}

#define ONES	UINT64_C(0x0101010101010101)

/*
 * Eight tags at a time. A byte of x is zero where the tag is the right one;
 * the well-known test for zero bytes finds them all, and sometimes the byte
 * after one, too, which is then compared in vain.
 */
int
qt__block_get(const struct qt__block_view *v, struct qt__record *r,
    const uint8_t *key, size_t len, uint8_t tag, uint64_t max)
{
	uint64_t	x;
	uint32_t	i, at;
	int		rc;

	for (i = 0; i + 8 <= v->count; i += 8) {
		x = qt_le_load64(v->tags + i) ^ ONES * tag;
		x = (x - ONES) & ~x & 0x80 * ONES;
		for (; x != 0; x &= x - 1) {
			at = i + (uint32_t)__builtin_ctzll(x) / 8;
			rc = is_it(v, at, r, key, len, max);
			if (rc != 0)
				return rc;
		}
	}
	for (; i < v->count; i++) {
		rc = v->tags[i] != tag ? 0 : is_it(v, i, r, key, len, max);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int
qt__block_seek(const struct qt__block_view *v, uint32_t *at,
    const uint8_t *key, size_t len)
{
	struct qt__record	r;
	uint32_t		low = 0, high = v->count, mid;
	int			rc, order;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (key_of(v, mid, &r) == NULL)
			return -QT_ECORRUPT;
		rc = compare(v, mid, &r, key, len, &order);
		if (rc < 0)
			return rc;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*at = low;
	return 0;
}
