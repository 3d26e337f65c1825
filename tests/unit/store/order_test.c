/* SPDX-License-Identifier: Apache-2.0 */
/* The ordered view of a memtable, compared with a sorted array. */

#include <pthread.h>

#include <qt/base/sys.h>

#include "../test.h"
#include "order_world.h"

#define MODEL_MAX	6000

/* All that was put, in the order of the log; offset as in the log. */
struct model {
	struct qt__entry	at[MODEL_MAX];
	size_t			count;
};

static int
model_compare(const void *a, const void *b)
{
	return qt__entry_compare(a, b);
}

/* Those of offsets less than upto, sorted. */
static void
model_take(struct model *out, const struct qt__mem *m, uint64_t upto)
{
	const struct qt__frame	*f;

	out->count = 0;
	for (uint64_t at = QT__LOG_FIRST; at < upto; at += qt__frame_size(f)) {
		f = qt__mem_frame(m, at, upto);
		assert_non_null(f);
		assert_true(out->count < MODEL_MAX);
		qt__frame_entry(m, f, &out->at[out->count++]);
	}
	qsort(out->at, out->count, sizeof(out->at[0]), model_compare);
}

static void
same(const struct qt__cursor *c, const struct qt__entry *e)
{
	assert_true(c->entry.version == e->version);
	assert_true(c->entry.key == e->key && c->entry.key_len == e->key_len);
	assert_int_equal(c->entry.value_len, 5);
	assert_memory_equal(c->entry.value, "value", 5);
}

/* From a key on, some steps to and fro. */
static void
wander(struct qt__cursor *c, const struct model *w, const void *key,
    size_t len, int is_before, unsigned int *seed)
{
	size_t	at = 0;
	int	rc;

	while (at < w->count && (key == NULL || qt__key_compare(w->at[at].key,
	    w->at[at].key_len, key, len) < 0))
		at++;
	if (is_before)
		at = at == 0 ? w->count : at - 1;
	rc = is_before ? c->ops->seek_before(c, key, len) :
	    c->ops->seek(c, key, len);
	for (int i = 0; i < 200; i++) {
		int	dir = rand_r(seed) % 7 < 3 + (i / 50 & 1);

		assert_int_equal(rc, at < w->count);
		if (rc != 1)
			return;
		same(c, &w->at[at]);
		rc = dir ? c->ops->next(c) : c->ops->prev(c);
		at = dir ? at + 1 : at == 0 ? w->count : at - 1;
	}
}

static void
compare(struct qt__cursor *c, const struct model *w, unsigned int *seed)
{
	unsigned char	key[24];

	assert_int_equal(order_count(c), w->count);
	assert_int_equal(c->ops->next(c), 0);
	assert_int_equal(c->ops->prev(c), 0);
	wander(c, w, NULL, 0, 1, seed);
	wander(c, w, "", 0, 0, seed);
	wander(c, w, "", 0, 1, seed);
	wander(c, w, "\xff\xff", 2, 0, seed);
	wander(c, w, "\xff\xff", 2, 1, seed);
	for (int i = 0; i < 40 && w->count > 0; i++) {
		const struct qt__entry	*e =
		    &w->at[(size_t)rand_r(seed) % w->count];
		size_t			 len = e->key_len < 20 ? e->key_len :
		    20;

		memcpy(key, e->key, len);
		if (i % 3 == 1 && len > 0)
			key[(size_t)rand_r(seed) % len] ^= 1;
		if (i % 3 == 2 && len < sizeof(key))
			key[len++] = 0;
		wander(c, w, key, len, i & 1, seed);
	}
	c->ops->close(c);
}

/* Makes a key; returns its length. */
struct shape {
	const char	*name;
	uint32_t	(*key)(unsigned char *out, unsigned int i,
			    unsigned int *seed);
};

static uint32_t
digits(unsigned char *out, unsigned int i, unsigned int *seed)
{
	(void)i;
	return (uint32_t)sprintf((char *)out, "user:%011d",
	    rand_r(seed) % 100000);
}

static uint32_t
rising(unsigned char *out, unsigned int i, unsigned int *seed)
{
	(void)seed;
	return (uint32_t)sprintf((char *)out, "%016u", i);
}

static uint32_t
few(unsigned char *out, unsigned int i, unsigned int *seed)
{
	(void)i;
	return (uint32_t)sprintf((char *)out, "%d", rand_r(seed) % 9);
}

/* Of zeros and bytes that are greater than all, of any length. */
static uint32_t
zeros(unsigned char *out, unsigned int i, unsigned int *seed)
{
	uint32_t	len = 1 + (uint32_t)rand_r(seed) % 40;

	(void)i;
	memset(out, 0, len);
	if (rand_r(seed) % 4 == 0)
		out[(uint32_t)rand_r(seed) % len] = 0xff;
	return len;
}

/* Long, and alike up to near the end: words within words within words. */
static uint32_t
alike(unsigned char *out, unsigned int i, unsigned int *seed)
{
	uint32_t	len = 200 + (uint32_t)rand_r(seed) % 3;

	(void)i;
	memset(out, 'a', len);
	out[(uint32_t)rand_r(seed) % len] = (unsigned char)('a' +
	    rand_r(seed) % 3);
	return len;
}

static uint32_t
noise(unsigned char *out, unsigned int i, unsigned int *seed)
{
	uint32_t	len = 1 + (uint32_t)rand_r(seed) % 20;

	(void)i;
	for (uint32_t k = 0; k < len; k++)
		out[k] = (unsigned char)rand_r(seed);
	return len;
}

static const struct shape	shapes[] = {
	{ "digits", digits }, { "rising", rising }, { "few", few },
	{ "zeros", zeros }, { "alike", alike }, { "noise", noise },
};

/* Batches of many sizes; a cursor of before each must not see it. */
static void
try_shape(const struct shape *s, unsigned int seed)
{
	static const unsigned int	batch[] = { 1, 3, 700, 0, 40, 1500, 9,
	    300 };
	static struct model		now;
	struct order_world		o;
	struct qt__cursor		*c, *old = NULL;
	unsigned char			 key[256];
	int64_t				 before = 0;
	unsigned int			 n = 0;

	assert_true(order_world_new(&o, 1 << 20));
	for (size_t b = 0; b < sizeof(batch) / sizeof(batch[0]); b++) {
		for (unsigned int i = 0; i < batch[b]; i++)
			assert_true(order_put(o.m, key, s->key(key, n++, &seed)));
		assert_int_equal(qt__order_cursor(o.m, order_indexed(&o), &c),
		    batch[b] == 0 ? 0 : -EAGAIN);
		if (batch[b] == 0)
			c->ops->close(c);
		assert_int_equal(order_all(&o), 0);
		if (old != NULL) {
			assert_int_equal(order_count(old), before);
			old->ops->close(old);
		}
		model_take(&now, o.m, order_indexed(&o));
		assert_int_equal(now.count, n);
		before = n;
		assert_int_equal(atomic_load(&o.m->head->node_count), n);
		assert_int_equal(qt__order_cursor(o.m, order_indexed(&o), &c),
		    0);
		compare(c, &now, &seed);
		assert_int_equal(qt__order_private(o.m, order_indexed(&o),
		    &c), 0);
		compare(c, &now, &seed);
		assert_int_equal(qt__order_cursor(o.m, order_indexed(&o),
		    &old), 0);
	}
	old->ops->close(old);
	order_world_free(&o);
}

QT_TEST(keys_of_all_shapes_come_in_order_both_ways)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		try_shape(&shapes[i], 12345 + (unsigned int)i);
}

QT_TEST(an_empty_memtable_has_an_empty_order)
{
	struct order_world	 o;
	struct qt__cursor	*c;

	(void)state;
	assert_true(order_world_new(&o, 1 << 20));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(order_all(&o), 0);
		assert_int_equal(i == 0 ? qt__order_cursor(o.m,
		    order_indexed(&o), &c) : qt__order_private(o.m,
		    order_indexed(&o), &c), 0);
		assert_int_equal(order_count(c), 0);
		assert_int_equal(c->ops->seek_before(c, "x", 1), 0);
		assert_int_equal(c->ops->seek(c, "x", 1), 0);
		assert_int_equal(c->ops->next(c), 0);
		assert_int_equal(c->ops->prev(c), 0);
		c->ops->close(c);
	}
	assert_int_equal(qt__order_link(o.m, &o.user, order_indexed(&o) + 8,
	    soon(), NULL), -EINVAL);
	assert_int_equal(qt__order_private(o.m, order_indexed(&o) + 8, &c),
	    -EINVAL);
	order_world_free(&o);
}

QT_TEST(who_cannot_link_sorts_for_itself)
{
	struct order_world	 o;
	struct qt__user		 other = QT__USER_INIT;
	struct qt__cursor	*c;
	unsigned int		 seed = 1;
	unsigned char		 key[256];

	(void)state;
	assert_true(order_world_new(&o, 1 << 20));
	for (unsigned int i = 0; i < 1000; i++)
		assert_true(order_put(o.m, key, digits(key, i, &seed)));
	assert_int_equal(qt__user_open(&other, o.w->dir, 100, soon(), NULL),
	    0);
	/* Somebody is at it, and stays so. */
	assert_int_equal(qt__lock_take(&o.m->head->order, &other, soon(),
	    NULL), 0);
	assert_int_equal(qt__order_link(o.m, &o.user, order_indexed(&o), 0,
	    NULL), -EBUSY);
	assert_int_equal(qt__order_open(o.m, &o.user, order_indexed(&o), 0,
	    &c), 0);
	assert_int_equal(order_count(c), 1000);
	c->ops->close(c);
	qt__lock_give(&o.m->head->order, &other);
	qt__user_close(&other);

	o.m->is_rdonly = true;
	assert_int_equal(order_all(&o), -EACCES);
	assert_int_equal(qt__order_open(o.m, NULL, order_indexed(&o), 0, &c),
	    0);
	assert_int_equal(order_count(c), 1000);
	c->ops->close(c);
	assert_int_equal(atomic_load(&o.m->head->node_head), 0);

	o.m->is_rdonly = false;
	assert_int_equal(qt__order_open(o.m, &o.user, order_indexed(&o), 0,
	    &c), 0);
	assert_int_equal(order_count(c), 1000);
	c->ops->close(c);
	assert_int_equal(atomic_load(&o.m->head->node_count), 1000);
	order_world_free(&o);
}

QT_TEST(without_memory_for_nodes_nothing_changes)
{
	struct order_world	 o;
	struct qt__cursor	*c;
	unsigned int		 seed = 1, n = 0;
	unsigned char		 key[256];
	uint64_t		 head, done;

	(void)state;
	assert_true(order_world_new(&o, 2 << 20));
	for (int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < 12000; i++)
			assert_true(order_put(o.m, key, digits(key, n++,
			    &seed)));
		head = atomic_load(&o.m->head->node_head);
		done = atomic_load(&o.m->head->ordered);
		qt_sys_fault(QT_SYS_FALLOCATE, 1, ENOSPC);
		assert_int_equal(order_all(&o), -ENOSPC);
		assert_int_equal(atomic_load(&o.m->head->node_head), head);
		assert_int_equal(atomic_load(&o.m->head->ordered), done);
		qt_sys_fault(QT_SYS_FALLOCATE, 1, ENOSPC);
		assert_int_equal(qt__order_open(o.m, &o.user,
		    order_indexed(&o), soon(), &c), 0);
		qt_sys_fault(QT_SYS_FALLOCATE, 0, 0);
		assert_int_equal(order_count(c), n);
		c->ops->close(c);
		assert_int_equal(order_all(&o), 0);
	}
	order_world_free(&o);
}

/* Each byte of the list flipped: an answer, in time, and in order. */
QT_TEST(flipped_bytes_are_found_or_do_no_harm)
{
	struct order_world	 o;
	struct qt__cursor	*c;
	unsigned int		 seed = 1, found = 0;
	unsigned char		 key[256], *at;
	uint64_t		 end;
	int64_t			 n;

	(void)state;
	assert_true(order_world_new(&o, 1 << 20));
	for (unsigned int i = 0; i < 60; i++)
		assert_true(order_put(o.m, key, digits(key, i, &seed)));
	assert_int_equal(order_all(&o), 0);
	for (unsigned int i = 0; i < 20; i++)
		assert_true(order_put(o.m, key, digits(key, i, &seed)));
	end = atomic_load(&o.m->head->node_head);
	for (uint64_t i = 0; i < end + sizeof(o.m->head->tower); i++) {
		at = i < end ? o.m->nodes + i :
		    (unsigned char *)o.m->head->tower + (i - end);
		for (unsigned int bit = 1; bit < 256; bit *= 4) {
			uint64_t	upto = atomic_load(
			    &o.m->head->ordered);

			*at ^= bit;
			n = qt__order_cursor(o.m, upto, &c);
			if (n == 0) {
				n = order_count(c);
				c->ops->close(c);
			}
			assert_true(n == -QT_ECORRUPT || (n <= 60 && n != -1 &&
			    n != -2));
			found += n < 0;
			*at ^= bit;
		}
	}
	assert_true(found > 60 * 8 * 4);
	/* Linking into a damaged list. */
	for (uint64_t i = 64; i < end; i += 3) {
		uint64_t	upto = atomic_load(&o.m->head->ordered);
		uint64_t	count = atomic_load(&o.m->head->node_count);
		uint32_t	tower[16];

		memcpy(tower, o.m->head->tower, sizeof(tower));
		memcpy(key, o.m->nodes + i, 1);
		o.m->nodes[i] ^= 0x55;
		n = order_all(&o);
		assert_true(n == 0 || n == -QT_ECORRUPT);
		o.m->nodes[i] = key[0];
		if (n == 0)
			break;
		atomic_store(&o.m->head->ordered, upto);
		atomic_store(&o.m->head->node_count, count);
	}
	order_world_free(&o);
}

struct reader {
	struct order_world	*o;
	_Atomic int		 is_over, bad;
	_Atomic uint64_t	 rounds;
};

/* Of each moment that is ordered, all and nothing else. */
static void *
read_all(void *arg)
{
	struct reader		*r = arg;
	struct qt__cursor	*c;
	uint64_t		 upto;

	while (!atomic_load(&r->is_over)) {
		upto = atomic_load(&r->o->m->head->ordered);
		if (qt__order_cursor(r->o->m, upto, &c) != 0) {
			atomic_fetch_add(&r->bad, 1);
			break;
		}
		/* Frames of key "%011d" of digits() have 56 bytes. */
		if (order_count(c) != (int64_t)((upto - QT__LOG_FIRST) / 56))
			atomic_fetch_add(&r->bad, 1);
		c->ops->close(c);
		atomic_fetch_add(&r->rounds, 1);
	}
	return NULL;
}

QT_TEST(readers_see_all_of_their_moment_while_others_link)
{
	struct order_world	o;
	struct reader		r = { .o = &o };
	pthread_t		threads[2];
	unsigned int		seed = 7;
	unsigned char		key[256];
	uint64_t		rounds;

	(void)state;
	assert_true(order_world_new(&o, 1 << 20));
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_all,
		    &r), 0);
	for (unsigned int i = 0; i < 4000; i++) {
		assert_true(order_put(o.m, key, digits(key, i, &seed)));
		if (i % 7 == 0)
			assert_int_equal(order_all(&o), 0);
	}
	assert_int_equal(order_all(&o), 0);
	rounds = atomic_load(&r.rounds);
	for (uint64_t until = soon(); atomic_load(&r.rounds) < rounds + 4 &&
	    qt_clock_mono_ms() < until;)
		usleep(200);
	atomic_store(&r.is_over, 1);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(atomic_load(&r.bad), 0);
	assert_true(atomic_load(&r.rounds) >= 4);
	order_world_free(&o);
}
