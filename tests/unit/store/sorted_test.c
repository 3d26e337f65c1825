/* SPDX-License-Identifier: Apache-2.0 */
/* The slices of a run as one: libcommon/store/sorted.c. */

#include "../test.h"

#include "compact_world.h"

/* One run of many slices, and its records, which are all that there are. */
static struct world *
world_of_one_run(size_t count, unsigned int keys, uint32_t *seed)
{
	struct world	*w = world_new();

	world_fill(w, count, keys, seed);
	while (world_flush_step(w, 1 << 20) == 1)
		;
	assert_int_equal(w->m->run_count, 1);
	return w;
}

/* What the run has, read slice by slice from the files. */
static size_t
read_slices(struct world *w)
{
	struct qt__run		*run;
	struct qt__cursor	*c;
	size_t			 n = 0;
	int			 r;

	for (uint32_t i = 0; i < w->m->slice_count; i++) {
		assert_int_equal(qt__run_open(&run, w->work.run_dirfd,
		    w->m->slices[i].info.number, 0, NULL, NULL), 0);
		assert_int_equal(qt__run_cursor(run, &c, NULL), 0);
		for (r = c->ops->seek(c, "", 0); r == 1; r = c->ops->next(c)) {
			struct record	*to = &w->all[n++];

			memset(to, 0, sizeof(*to));
			memcpy(to->key, c->entry.key, c->entry.key_len);
			memcpy(to->value, c->entry.value, c->entry.value_len);
			to->version = c->entry.version;
			to->flags = c->entry.flags;
			to->tag = c->entry.tag;
			to->expires_ms = c->entry.expires_ms;
			if ((to->flags & QT__BIG) != 0)
				to->value_len = 20;
		}
		c->ops->close(c);
		qt__run_close(run);
	}
	return n;
}

static void
assert_walks(struct world *w, const struct qt__manifest *m,
    const struct record *want, size_t count, uint32_t *seed)
{
	struct qt__cursor	*c;

	assert_int_equal(qt__sorted_cursor(&c, m, &m->runs[0],
	    &w->work.source), 0);
	assert_walks_like(c, want, count, 400, 3000, seed);
	c->ops->close(c);
}

QT_TEST(a_run_walks_at_random_as_one_array_across_its_slices)
{
	uint32_t	 seed = 21;
	struct world	*w = world_of_one_run(1000, 900, &seed);
	size_t		 n = read_slices(w);

	(void)state;
	assert_true(w->m->slice_count > 5);
	assert_true(n > 300);
	assert_walks(w, w->m, w->all, n, &seed);
	world_end(w);
}

/* What the manifest says of a slice's ends counts, whatever the file holds. */
QT_TEST(what_lies_beyond_a_slices_bounds_is_not_seen)
{
	uint32_t		 seed = 22;
	struct world		*w = world_of_one_run(1000, 900, &seed);
	struct qt__manifest	 m = *w->m;
	struct qt__slice	*slices;
	static struct record	 want[WORLD_RECORDS];
	size_t			 n = read_slices(w), count = 0, at = 0;

	(void)state;
	slices = calloc(m.slice_count, sizeof(*slices));
	assert_non_null(slices);
	memcpy(slices, m.slices, m.slice_count * sizeof(*slices));
	m.slices = slices;
	/* Bounds move to other keys that are in the heap: one slice from the
	   middle of it on, one up to its first key only. */
	slices[1].min_at = slices[1].max_at;
	slices[1].min_len = slices[1].max_len;
	slices[3].max_at = slices[3].min_at;
	slices[3].max_len = slices[3].min_len;
	for (uint32_t i = 0; i < m.slice_count; i++) {
		for (uint64_t k = 0; k < slices[i].info.records; k++, at++) {
			const struct record	*r = &w->all[at];

			if (qt__key_compare(r->key, strlen(r->key), m.heap +
			    slices[i].min_at, slices[i].min_len) >= 0 &&
			    qt__key_compare(r->key, strlen(r->key), m.heap +
			    slices[i].max_at, slices[i].max_len) <= 0)
				want[count++] = *r;
		}
	}
	assert_int_equal(at, n);
	assert_true(count + 10 < n);
	assert_walks(w, &m, want, count, &seed);
	free(slices);
	world_end(w);
}

QT_TEST(a_slice_that_is_gone_is_an_error_that_names_it)
{
	uint32_t		 seed = 23;
	struct world		*w = world_of_one_run(300, 390, &seed);
	struct qt__cursor	*c;
	struct qt_err		 err = QT_ERR_INIT;
	char			 name[40];
	int			 r;

	(void)state;
	snprintf(name, sizeof(name), "run/%012llu.run",
	    (unsigned long long)w->m->slices[1].info.number);
	assert_int_equal(unlinkat(w->g.fd, name, 0), 0);
	w->work.source.err = &err;
	assert_int_equal(qt__sorted_cursor(&c, w->m, &w->m->runs[0],
	    &w->work.source), 0);
	for (r = c->ops->seek(c, "", 0); r == 1;)
		r = c->ops->next(c);
	assert_int_equal(r, -ENOENT);
	assert_non_null(strstr(err.text, strrchr(name, '/') + 1));
	assert_int_equal(c->ops->next(c), 0);
	assert_int_equal(c->ops->prev(c), 0);
	c->ops->close(c);
	world_end(w);
}
