/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_ARRAY_CURSOR_H
#define QT_TEST_ARRAY_CURSOR_H

/*
 * A cursor over an array of records. Each entry it gives lies in memory of its
 * own that is wiped and freed by the next call, so who borrows one for too long
 * reads nonsense, and a sanitizer says so.
 */
#include <stdlib.h>

#include "../../../libcommon/store/entry_priv.h"
#include "../test.h"

struct record {
	char		key[24];
	char		value[24];
	uint64_t	version, expires_ms;
	uint8_t		flags, tag;
	uint8_t		value_len;	/* 0: that of a string */
};

static inline uint32_t
record_len(const struct record *r)
{
	return r->value_len > 0 ? r->value_len : (uint32_t)strlen(r->value);
}

struct array_cursor {
	struct qt__cursor	 c;
	const struct record	*at;
	size_t			 count, pos;	/* pos count: nowhere */
	size_t			 fail_in;	/* 1: this call fails */
	uint8_t			*mem;
	size_t			 mem_len;
	int			*closed;	/* counts; may be NULL */
};

static inline int
record_compare(const void *a_, const void *b_)
{
	const struct record	*a = a_, *b = b_;
	int			 c = strcmp(a->key, b->key);

	return c != 0 ? c :
	    (a->version < b->version) - (a->version > b->version);
}

static inline int
array_give(struct array_cursor *a, size_t pos)
{
	const struct record	*r = &a->at[pos];
	size_t			 key_len, value_len;

	if (a->mem != NULL)
		memset(a->mem, 0xa5, a->mem_len);
	free(a->mem);
	a->mem = NULL;
	memset(&a->c.entry, 0xa5, sizeof(a->c.entry));
	a->pos = pos;
	if (a->fail_in > 0 && --a->fail_in == 0) {
		a->pos = a->count;
		return -5;
	}
	if (pos >= a->count) {
		a->pos = a->count;
		return 0;
	}
	key_len = strlen(r->key);
	value_len = record_len(r);
	a->mem_len = key_len + value_len;
	a->mem = malloc(a->mem_len + 1);
	assert_non_null(a->mem);
	memcpy(a->mem, r->key, key_len);
	memcpy(a->mem + key_len, r->value, value_len);
	a->c.entry = (struct qt__entry){ .key = a->mem,
	    .value = a->mem + key_len, .key_len = (uint32_t)key_len,
	    .value_len = (uint32_t)value_len, .version = r->version,
	    .expires_ms = r->expires_ms, .flags = r->flags, .tag = r->tag };
	return 1;
}

static inline size_t
array_below(const struct array_cursor *a, const void *key, size_t len)
{
	size_t	i = 0;

	while (i < a->count && qt__key_compare(a->at[i].key,
	    strlen(a->at[i].key), key, len) < 0)
		i++;
	return i;
}

static inline int
array_seek(struct qt__cursor *c, const void *key, size_t len)
{
	struct array_cursor	*a = (struct array_cursor *)c;

	return array_give(a, array_below(a, key, len));
}

static inline int
array_seek_before(struct qt__cursor *c, const void *key, size_t len)
{
	struct array_cursor	*a = (struct array_cursor *)c;
	size_t			 n = a->count;

	if (key != NULL)
		n = array_below(a, key, len);
	return array_give(a, n == 0 ? a->count : n - 1);
}

static inline int
array_next(struct qt__cursor *c)
{
	struct array_cursor	*a = (struct array_cursor *)c;

	return a->pos == a->count ? 0 : array_give(a, a->pos + 1);
}

static inline int
array_prev(struct qt__cursor *c)
{
	struct array_cursor	*a = (struct array_cursor *)c;

	if (a->pos == a->count)
		return 0;
	return array_give(a, a->pos == 0 ? a->count : a->pos - 1);
}

static inline void
array_close(struct qt__cursor *c)
{
	struct array_cursor	*a = (struct array_cursor *)c;

	if (a->closed != NULL)
		++*a->closed;
	free(a->mem);
	free(a);
}

/* at is in order, and stays the caller's. */
static inline struct qt__cursor *
array_cursor(const struct record *at, size_t count, int *closed)
{
	static const struct qt__cursor_ops ops = { .seek = array_seek,
	    .seek_before = array_seek_before, .next = array_next,
	    .prev = array_prev, .close = array_close };
	struct array_cursor	*a = calloc(1, sizeof(*a));

	assert_non_null(a);
	a->c.ops = &ops;
	a->at = at;
	a->count = a->pos = count;
	a->closed = closed;
	return &a->c;
}

/* What a cursor gives is this record. */
static inline void
assert_record(const struct qt__cursor *c, const struct record *r)
{
	assert_int_equal(c->entry.key_len, strlen(r->key));
	assert_memory_equal(c->entry.key, r->key, c->entry.key_len);
	assert_true(c->entry.version == r->version);
	assert_int_equal(c->entry.flags, r->flags);
	assert_int_equal(c->entry.tag, r->tag);
	assert_true(c->entry.expires_ms == r->expires_ms);
	assert_int_equal(c->entry.value_len, record_len(r));
	assert_memory_equal(c->entry.value, r->value, c->entry.value_len);
}

static inline uint32_t
test_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/*
 * Walks at random over c, which has to give what want has: seeks to keys of
 * the form "k%03u" below keys, and steps in both directions.
 */
static inline void
assert_walks_like(struct qt__cursor *c, const struct record *want, size_t count,
    unsigned int keys, unsigned int steps, uint32_t *seed)
{
	struct qt__cursor	*model = array_cursor(want, count, NULL);
	char			 key[24];
	int			 r, m;

	while (steps-- > 0) {
		snprintf(key, sizeof(key), "k%03u", test_random(seed) % keys);
		switch (test_random(seed) % 16) {
		case 0:
			r = c->ops->seek(c, key, 4);
			m = array_seek(model, key, 4);
			break;
		case 1:
			r = c->ops->seek_before(c, key, 4);
			m = array_seek_before(model, key, 4);
			break;
		case 2:
			r = c->ops->seek_before(c, NULL, 0);
			m = array_seek_before(model, NULL, 0);
			break;
		case 3: case 4: case 5: case 6: case 7: case 8:
			r = c->ops->prev(c);
			m = array_prev(model);
			break;
		default:
			r = c->ops->next(c);
			m = array_next(model);
		}
		assert_int_equal(r, m);
		if (r == 1)
			assert_record(c, &want[((struct array_cursor *)
			    model)->pos]);
	}
	array_close(model);
}

#endif /* QT_TEST_ARRAY_CURSOR_H */
