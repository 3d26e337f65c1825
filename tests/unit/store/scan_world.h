/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_SCAN_WORLD_H
#define QT_STORE_SCAN_WORLD_H

/* What the tests of scans and snapshots share: a store, and what is in it. */

#include "world.h"

#define WORLD_KEYS	600u
#define WORLD_FAR	UINT64_C(9999999999999)	/* ms: in the year 2286 */

/* Opened, too: w->s. */
__attribute__((unused))
static void
scan_begin(struct world *w, const char *memtable_size)
{
	const char	*settings[] = { "mode", "async", "memtable-size",
	    memtable_size, NULL };

	world_begin(w, settings);
	w->s = world_open(w);
}

__attribute__((unused))
static void
scan_end(struct world *w)
{
	struct qt_err	err = QT_ERR_INIT;

	assert_int_equal(qt_store_close(w->s, NULL), 0);
	if (qt_store_remove(w->path, &err) < 0)
		fail_msg("%s", err.text);
	world_rm(w);
}

/* Some of what is due, by chance. */
__attribute__((unused))
static void
world_maintain(struct world *w, uint32_t r)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc = 0;

	if (r % 4 == 0)
		rc = qt_store_checkpoint(w->s, NULL, &err);
	else if (r % 4 == 1)
		rc = qt_store_maintain(w->s, 1, &err);
	else if (r % 16 == 2)
		rc = qt_store_compact(w->s, &err);
	if (rc < 0)
		fail_msg("%s", err.text);
}

/* Shared memory is gone, as after a reboot; nobody has it open. */
__attribute__((unused))
static void
scan_forget(struct world *w)
{
	assert_int_equal(qt_store_sync(w->s, 0, NULL), 0);
	world_reboot(w->s);
	w->s = NULL;
}

__attribute__((unused))
static struct qt_store_stat
world_stat(struct world *w)
{
	struct qt_store_stat	stat;

	assert_int_equal(qt_store_stat(w->s, &stat, NULL), 0);
	return stat;
}

/* --- What is to be in it -------------------------------------------------- */

struct model_key {
	uint8_t		bytes[12];
	uint32_t	len;
};
struct model {
	struct model_key keys[WORLD_KEYS];	/* in order */
	uint32_t	count;
	uint32_t	value[WORLD_KEYS];	/* 0: not there */
	uint64_t	expires[WORLD_KEYS];
	uint32_t	next;			/* value */
	uint64_t	random;
};

__attribute__((unused))
static uint32_t
model_random(struct model *m, uint32_t below)
{
	m->random = m->random * UINT64_C(6364136223846793005) + 1442695041;
	return (uint32_t)(m->random >> 33) % below;
}

__attribute__((unused))
static int
model_compare(const void *a, const void *b)
{
	const struct model_key	*x = a, *y = b;

	return qt__key_compare(x->bytes, x->len, y->bytes, y->len);
}

/* Keys that begin alike, end alike, and hold the least byte and the greatest. */
__attribute__((unused))
static void
model_begin(struct model *m, uint64_t seed)
{
	static const uint8_t	 bytes[] = { 0, 'a', 'b', 0xff };
	uint32_t		 n = 0;

	memset(m, 0, sizeof(*m));
	m->random = seed;
	for (uint32_t i = 0; i < WORLD_KEYS; i++) {
		m->keys[i].len = 1 + model_random(m, 12);
		for (uint32_t j = 0; j < m->keys[i].len; j++)
			m->keys[i].bytes[j] = bytes[model_random(m, 4)];
	}
	qsort(m->keys, WORLD_KEYS, sizeof(m->keys[0]), model_compare);
	for (uint32_t i = 0; i < WORLD_KEYS; i++)
		if (n == 0 || model_compare(&m->keys[n - 1], &m->keys[i]) != 0)
			m->keys[n++] = m->keys[i];
	m->count = n;
}

/* What is in value n, which is never 0. */
__attribute__((unused))
static size_t
model_value(char out[2048], uint32_t n, size_t more)
{
	size_t	len = (size_t)snprintf(out, 2048, "%u:", n) +
	    n * 7919u % 90 + more;

	if (len > 2048)
		len = 2048;
	memset(out + strlen(out), 'v', len - strlen(out));
	return len;
}

/* One batch of a few changes; values have so many bytes more. */
__attribute__((unused))
static void
model_change(struct model *m, struct qt_store *s, size_t more)
{
	struct qt_store_put	puts[8];
	char			values[8][2048];
	uint32_t		count = 1 + model_random(m, 8), n = 0;
	bool			is_used[WORLD_KEYS] = { false };

	while (n < count) {
		struct qt_store_put	*p = &puts[n];
		uint32_t		 i = model_random(m, m->count);
		uint32_t		 what = model_random(m, 10);

		if (is_used[i])
			continue;
		is_used[i] = true;
		*p = (struct qt_store_put){ .key = m->keys[i].bytes,
		    .key_len = m->keys[i].len };
		if (what < 3 && m->value[i] != 0 && m->expires[i] != 1) {
			p->flags = QT_STORE_DEL;
			m->value[i] = 0;
		} else {
			m->value[i] = ++m->next;
			m->expires[i] = p->expires_ms = what == 3 ? 1 :
			    what == 4 ? WORLD_FAR : 0;
			p->value = values[n];
			p->value_len = model_value(values[n], m->next, more);
		}
		n++;
	}
	assert_int_equal(qt_store_put_many(s, NULL, NULL, puts, count, NULL),
	    0);
}

__attribute__((unused))
static bool
model_has(const struct model *m, uint32_t i)
{
	return m->value[i] != 0 && m->expires[i] != 1;
}

__attribute__((unused))
static bool
model_is_within(const struct model *m, uint32_t i,
    const struct qt_store_range *r)
{
	const struct model_key	*k = &m->keys[i];

	return model_has(m, i) && (r->from == NULL ||
	    qt__key_compare(k->bytes, k->len, r->from, r->from_len) >= 0) &&
	    (r->to == NULL ||
	    qt__key_compare(k->bytes, k->len, r->to, r->to_len) < 0) &&
	    (r->prefix == NULL || (k->len >= r->prefix_len &&
	    memcmp(k->bytes, r->prefix, r->prefix_len) == 0));
}

/* The scan gives what is in the model, in order, and nothing else. */
__attribute__((unused))
static void
model_scan(const struct model *m, struct qt_store *s,
    const struct qt_store_snap *snap, const struct qt_store_range *r,
    size_t more)
{
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	struct qt_err		 err = QT_ERR_INIT;
	char			 value[2048];
	uint32_t		 found = 0;

	if (qt_store_scan_open(s, snap, r, &scan, &err) < 0)
		fail_msg("%s", err.text);
	for (uint32_t n = 0; n < m->count; n++) {
		uint32_t	i = r->is_reverse ? m->count - 1 - n : n;

		if (!model_is_within(m, i, r))
			continue;
		if (qt_store_scan_next(scan, &item, &err) != 1)
			fail_msg("after %u: %s", found, err.text);
		assert_int_equal(item.key_len, m->keys[i].len);
		assert_memory_equal(item.key, m->keys[i].bytes, item.key_len);
		assert_int_equal(item.value_len,
		    model_value(value, m->value[i], more));
		assert_memory_equal(item.value, value, item.value_len);
		assert_int_equal(item.expires_ms, m->expires[i]);
		found++;
	}
	assert_int_equal(qt_store_scan_next(scan, &item, &err), 0);
	assert_int_equal(qt_store_scan_next(scan, &item, &err), 0);
	qt_store_scan_close(scan);
}

/* Any bound: a key, or some that is none; NULL. */
__attribute__((unused))
static const void *
model_bound(struct model *m, size_t *len)
{
	const struct model_key	*k = &m->keys[model_random(m, m->count)];

	*len = model_random(m, 3) == 0 ? model_random(m, k->len + 1) : k->len;
	return model_random(m, 3) == 0 ? NULL : k->bytes;
}

/* All of it both ways, and some ranges. */
__attribute__((unused))
static void
model_scans(struct model *m, struct qt_store *s,
    const struct qt_store_snap *snap, uint32_t ranges, size_t more)
{
	model_scan(m, s, snap, &(struct qt_store_range){ .from = NULL }, more);
	model_scan(m, s, snap, &(struct qt_store_range){ .is_reverse = 1 },
	    more);
	while (ranges-- > 0) {
		struct qt_store_range	r = { .is_reverse = ranges % 2 };

		r.from = model_bound(m, &r.from_len);
		r.to = model_bound(m, &r.to_len);
		r.prefix = model_random(m, 2) == 0 ? NULL :
		    model_bound(m, &r.prefix_len);
		if (r.prefix != NULL)
			r.prefix_len = model_random(m,
			    (uint32_t)r.prefix_len + 1);
		model_scan(m, s, snap, &r, more);
	}
}

/* The same by getting each. */
__attribute__((unused))
static void
model_gets(const struct model *m, struct qt_store *s,
    const struct qt_store_snap *snap, size_t more)
{
	struct qt_store_value	v;
	char			value[2048];

	for (uint32_t i = 0; i < m->count; i++) {
		int	rc = qt_store_get(s, snap, &v, m->keys[i].bytes,
		    m->keys[i].len, NULL);

		assert_int_equal(rc, model_has(m, i) ? 0 : -ENOENT);
		if (rc < 0)
			continue;
		assert_int_equal(v.len, model_value(value, m->value[i], more));
		assert_memory_equal(v.data, value, v.len);
		qt_store_value_clear(&v);
	}
}

#endif /* QT_STORE_SCAN_WORLD_H */
