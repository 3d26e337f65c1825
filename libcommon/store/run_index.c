/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of a run: which block holds a key. Searched in place.
 *
 *	blocks	16 bytes for each: 8 of its separator, after what all keys begin
 *		with, and where it is; and 16 more: zeros, and where they end
 *	key_at	32 bits for each: where its separator begins; one more: the end
 *	keys	the first key of the file, whole; then the separators without
 *		what all keys begin with
 *
 * What a block's separator may be is said in run.c's first comment.
 */

#include <errno.h>

#include <qt/base/le.h>
#include <qt/store/store.h>

#include "run_file_priv.h"

#define ROW	16u

static uint64_t
load_be64(const uint8_t *p)
{
	uint64_t	x;

	memcpy(&x, p, sizeof(x));
	return be64toh(x);
}

uint64_t
qt__key_prefix(const uint8_t *key, size_t len)
{
	uint8_t	p[8] = { 0 };

	if (len >= 8)
		return load_be64(key);
	memcpy(p, key, len);
	return load_be64(p);
}

/* --- Reading ------------------------------------------------------------- */

int
qt__index_view(struct qt__index *ix, const uint8_t *map,
    const struct qt__run_footer *f)
{
	uint64_t	fixed = 20 * (uint64_t)f->blocks + 20;

	if (f->index_len < fixed || f->index_len - fixed > UINT32_MAX ||
	    f->index_len - fixed < f->first_len ||
	    (f->blocks == 0) != (f->first_len == 0))
		return -QT_ECORRUPT;
	ix->count = f->blocks;
	ix->rows = map + f->index_at;
	ix->key_at = ix->rows + ROW * ((size_t)ix->count + 1);
	ix->keys = ix->key_at + 4 * ((size_t)ix->count + 1);
	ix->keys_len = (uint32_t)(f->index_len - fixed);
	ix->first = ix->keys;
	ix->first_len = f->first_len;
	ix->prefix_len = f->prefix_len;
	return 0;
}

int
qt__index_key(const struct qt__index *ix, uint32_t i, const uint8_t **key,
    uint32_t *len)
{
	const uint8_t	*p = ix->key_at + 4 * (size_t)i;
	uint32_t	 at = qt_le_load32(p), end = qt_le_load32(p + 4);

	if (at > end || end > ix->keys_len)
		return -QT_ECORRUPT;
	*key = ix->keys + at;
	*len = end - at;
	return 0;
}

int
qt__index_block(const struct qt__index *ix, const struct qt__run_footer *f,
    uint32_t i, uint64_t *at, uint64_t *end)
{
	const uint8_t	*p = ix->rows + ROW * (size_t)i;

	*at = qt_le_load64(p + 8);
	*end = qt_le_load64(p + ROW + 8);
	return *at < QT__RUN_HEADER || *at % f->align != 0 || *at >= *end ||
	    *end > f->data_end ? -QT_ECORRUPT : 0;
}

/* The first in [low, high) whose separator is not less than rest. */
static int
find_equal(const struct qt__index *ix, uint32_t low, uint32_t high,
    const uint8_t *rest, size_t len, uint32_t *found)
{
	const uint8_t	*key;
	uint32_t	 key_len, mid;
	int		 rc;

	while (low < high) {
		mid = low + (high - low) / 2;
		rc = qt__index_key(ix, mid, &key, &key_len);
		if (rc < 0)
			return rc;
		if (qt__key_compare(key, key_len, rest, len) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*found = low;
	return 0;
}

static inline uint64_t
prefix(const struct qt__index *ix, uint32_t i)
{
	return load_be64(ix->rows + ROW * (size_t)i);
}

uint64_t
qt__index_prefix(const struct qt__index *ix, uint32_t i)
{
	return prefix(ix, i);
}

/* The first whose prefix is not less than want. No branch to be mistaken. */
static uint32_t
find_prefix(const struct qt__index *ix, uint32_t low, uint64_t want)
{
	uint32_t	n = ix->count - low, half;

	while (n > 1) {
		half = n / 2;
		low += prefix(ix, low + half - 1) < want ? half : 0;
		n -= half;
	}
	if (n == 1 && prefix(ix, low) < want)
		low++;
	return low;
}

int
qt__index_is(const struct qt__index *ix, uint32_t i, bool *is_equal,
    const uint8_t *key, size_t len)
{
	const uint8_t	*sep;
	uint32_t	 sep_len;
	int		 rc = qt__index_key(ix, i, &sep, &sep_len);

	*is_equal = rc == 0 && qt__key_compare(sep, sep_len,
	    key + ix->prefix_len, len - ix->prefix_len) == 0;
	return rc;
}

int
qt__run_index_find(const struct qt__index *ix, uint32_t *block, bool *is_equal,
    const uint8_t *key, size_t len)
{
	size_t		 shared = ix->prefix_len < len ? ix->prefix_len : len;
	int		 rc = memcmp(key, ix->first, shared);
	const uint8_t	*rest;
	size_t		 rest_len;
	uint64_t	 want;
	uint32_t	 low;

	*is_equal = false;
	*block = rc > 0 ? ix->count : 0;
	if (rc != 0 || len < ix->prefix_len || ix->count == 0)
		return 0;
	rest = key + ix->prefix_len;
	rest_len = len - ix->prefix_len;
	want = qt__key_prefix(rest, rest_len);
	low = find_prefix(ix, 0, want);
	*block = low;
	if (low == ix->count || prefix(ix, low) != want)
		return 0;
	rc = find_equal(ix, low, want == UINT64_MAX ? ix->count :
	    find_prefix(ix, low, want + 1), rest, rest_len, block);
	if (rc < 0 || *block == ix->count)
		return rc;
	return qt__index_is(ix, *block, is_equal, key, len);
}

/* --- Making one ---------------------------------------------------------- */

void
qt__index_builder_clear(struct qt__index_builder *b)
{
	qt_buf_clear(&b->at);
	qt_buf_clear(&b->key_at);
	qt_buf_clear(&b->keys);
	qt_buf_clear(&b->first);
	b->count = 0;
}

static uint32_t
common_len(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	size_t	max = a_len < b_len ? a_len : b_len, i;

	for (i = 0; i < max && a[i] == b[i]; i++)
		continue;
	return (uint32_t)i;
}

/*
 * The shortest beginning of next that is greater than last; last itself where
 * that is no longer, or where both are one key.
 */
int
qt__index_builder_add(struct qt__index_builder *b, uint64_t at,
    const struct qt_buf *last, const uint8_t *next, size_t next_len)
{
	const uint8_t	*key = (const uint8_t *)last->data;
	uint8_t		 number[8];
	size_t		 len = last->len, enough;
	int		 rc;

	if (next != NULL) {
		enough = (size_t)common_len(key, len, next, next_len) + 1;
		if (enough < len && enough < next_len) {
			key = next;
			len = enough;
		}
	}
	if (b->keys.len + len > UINT32_MAX - QT_STORE_KEY_MAX)
		return -EFBIG;
	qt_le_store64(number, at);
	rc = qt_buf_add(&b->at, number, 8);
	qt_le_store32(number, (uint32_t)b->keys.len);
	if (rc == 0)
		rc = qt_buf_add(&b->key_at, number, 4);
	if (rc == 0)
		rc = qt_buf_add(&b->keys, key, len);
	b->count += rc == 0;
	return rc;
}

/* Separator i, whole. */
static const uint8_t *
built(const struct qt__index_builder *b, uint32_t i, uint32_t *len)
{
	uint32_t	at = qt_le_load32(b->key_at.data + 4 * (size_t)i);
	uint32_t	end = (uint32_t)b->keys.len;

	if (i + 1 < b->count)
		end = qt_le_load32(b->key_at.data + 4 * ((size_t)i + 1));
	*len = end - at;
	return (const uint8_t *)b->keys.data + at;
}

static void
put_rows(const struct qt__index_builder *b, const struct qt__run_footer *f,
    struct qt_buf *out)
{
	const uint8_t	*key;
	uint8_t		 row[ROW] = { 0 };
	uint64_t	 x;
	uint32_t	 len;

	for (uint32_t i = 0; i < b->count; i++) {
		key = built(b, i, &len);
		x = htobe64(qt__key_prefix(key + f->prefix_len,
		    len - f->prefix_len));
		memcpy(row, &x, sizeof(x));
		memcpy(row + 8, b->at.data + 8 * (size_t)i, 8);
		(void)qt_buf_add(out, row, sizeof(row));
	}
	memset(row, 0, 8);
	qt_le_store64(row + 8, f->data_end);
	(void)qt_buf_add(out, row, sizeof(row));
}

static void
put_keys(const struct qt__index_builder *b, uint32_t prefix_len,
    struct qt_buf *out)
{
	const uint8_t	*key;
	uint8_t		 number[4];
	uint32_t	 len, at = (uint32_t)b->first.len;

	for (uint32_t i = 0; i < b->count; i++) {
		(void)built(b, i, &len);
		qt_le_store32(number, at);
		(void)qt_buf_add(out, number, 4);
		at += len - prefix_len;
	}
	qt_le_store32(number, at);
	(void)qt_buf_add(out, number, 4);
	(void)qt_buf_add(out, b->first.data, b->first.len);
	for (uint32_t i = 0; i < b->count; i++) {
		key = built(b, i, &len);
		(void)qt_buf_add(out, key + prefix_len, len - prefix_len);
	}
}

int
qt__index_builder_finish(struct qt__index_builder *b, struct qt__run_footer *f,
    const struct qt_buf *last, struct qt_buf *out)
{
	size_t	before = out->len;

	f->blocks = b->count;
	f->first_len = (uint32_t)b->first.len;
	f->prefix_len = common_len((const uint8_t *)b->first.data,
	    b->first.len, (const uint8_t *)last->data, last->len);
	if (qt_buf_reserve(out, 20 * (size_t)b->count + 20 + b->first.len +
	    b->keys.len) < 0)
		return -ENOMEM;
	put_rows(b, f, out);
	put_keys(b, f->prefix_len, out);
	f->index_len = out->len - before;
	return 0;
}
