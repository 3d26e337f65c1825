/* SPDX-License-Identifier: Apache-2.0 */
/* Building manifests: against a model of plain arrays, saved and loaded. */

#include "manifest_ground.h"

#define RUNS	12
#define SLICES	24
#define KEY	8
#define SPACE	4000u		/* keys are numbers below it */

struct model_slice {
	char		min[KEY + 1], max[KEY];
	size_t		min_len, max_len;
	uint64_t	number;
};
struct model_run {
	uint64_t		id;
	unsigned int		count;
	struct model_slice	slice[SLICES];
};
struct model_store {
	unsigned int		count;
	uint64_t		next_id, next_file;
	struct model_run	run[RUNS];
};

static unsigned int	seed;

static unsigned int
pick(unsigned int below)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 8) % below;
}

static size_t
key_of(unsigned int n, char key[KEY])
{
	return (size_t)snprintf(key, KEY, "k%05u", n);
}

static void
do_run_add(struct model_store *s, struct qt__manifest_edit *e)
{
	unsigned int	at = pick(s->count + 1);

	if (s->count == RUNS)
		return;
	memmove(&s->run[at + 1], &s->run[at],
	    sizeof(s->run[0]) * (s->count - at));
	memset(&s->run[at], 0, sizeof(s->run[at]));
	s->run[at].id = s->next_id++;
	s->count++;
	assert_int_equal(qt__manifest_run_add(e, at, s->run[at].id, 0, 0), 0);
	assert_int_equal(qt__manifest_run_add(e, 0, s->run[at].id, 0, 0),
	    -EEXIST);
}

static void
do_run_del(struct model_store *s, struct qt__manifest_edit *e)
{
	unsigned int	at = pick(s->count);

	assert_int_equal(qt__manifest_run_del(e, s->run[at].id), 0);
	assert_int_equal(qt__manifest_run_del(e, s->run[at].id), -ENOENT);
	s->count--;
	memmove(&s->run[at], &s->run[at + 1],
	    sizeof(s->run[0]) * (s->count - at));
}

static void
do_slice_add(struct model_store *s, struct qt__manifest_edit *e)
{
	struct model_run	*r = &s->run[pick(s->count)];
	struct model_slice	*n = &r->slice[r->count];
	unsigned int		 low = 0;
	struct qt__run_info	 info = { .number = s->next_file, .size = 100,
	    .records = 3 };

	if (r->count == SLICES)
		return;
	if (r->count > 0)
		low = (unsigned int)atoi(n[-1].max + 1) + 1;
	low += pick(200);
	if (low + 100 >= SPACE)
		return;
	n->min_len = key_of(low, n->min);
	n->max_len = key_of(low + pick(100), n->max);
	n->number = s->next_file++;
	assert_int_equal(qt__manifest_slice_add(e, r->id, &info, n->min,
	    n->min_len, n->max, n->max_len), 0);
	r->count++;
	/* What does not lie behind it is refused. */
	info.number++;
	assert_int_equal(qt__manifest_slice_add(e, r->id, &info, n->max,
	    n->max_len, "z", 1), -EINVAL);
}

static void
do_trim(struct model_store *s, struct qt__manifest_edit *e)
{
	struct model_run	*r = &s->run[pick(s->count)];
	char			 key[KEY];
	size_t			 len = key_of(pick(SPACE / 4), key);
	unsigned int		 gone = 0;

	while (gone < r->count && qt__key_compare(r->slice[gone].max,
	    r->slice[gone].max_len, key, len) <= 0)
		gone++;
	r->count -= gone;
	memmove(r->slice, r->slice + gone, sizeof(r->slice[0]) * r->count);
	if (r->count > 0 && qt__key_compare(r->slice[0].min,
	    r->slice[0].min_len, key, len) <= 0) {
		memcpy(r->slice[0].min, key, len);
		r->slice[0].min[len] = '\0';
		r->slice[0].min_len = len + 1;
	}
	assert_int_equal(qt__manifest_trim(e, r->id, key, len), 0);
}

static void
expect_find(const struct model_run *r, const struct qt__manifest *m,
    const struct qt__sorted *run)
{
	const struct model_slice	*want = NULL;
	const struct qt__slice		*got;
	char				 key[KEY];
	size_t				 len = key_of(pick(SPACE), key);

	for (unsigned int i = 0; i < r->count; i++) {
		if (qt__key_compare(r->slice[i].min, r->slice[i].min_len, key,
		    len) <= 0 && qt__key_compare(r->slice[i].max,
		    r->slice[i].max_len, key, len) >= 0)
			want = &r->slice[i];
	}
	got = qt__manifest_find(m, run, key, len);
	if (want == NULL)
		assert_null(got);
	else
		assert_int_equal(got->info.number, want->number);
}

static void
expect_same(const struct model_store *s, const struct qt__manifest *m)
{
	uint32_t	first = 0;

	assert_int_equal(m->run_count, s->count);
	assert_int_equal(m->next_file, s->next_file);
	for (uint32_t i = 0; i < s->count; i++) {
		const struct model_run		*r = &s->run[i];
		const struct qt__sorted		*run = &m->runs[i];

		assert_int_equal(run->id, r->id);
		assert_int_equal(run->first, first);
		assert_int_equal(run->count, r->count);
		assert_int_equal(run->bytes, 100 * r->count);
		for (uint32_t n = 0; n < r->count; n++) {
			const struct qt__slice	*row = &m->slices[first + n];

			assert_int_equal(row->info.number, r->slice[n].number);
			assert_int_equal(row->min_len, r->slice[n].min_len);
			assert_int_equal(row->max_len, r->slice[n].max_len);
			assert_memory_equal(m->heap + row->min_at,
			    r->slice[n].min, row->min_len);
			assert_memory_equal(m->heap + row->max_at,
			    r->slice[n].max, row->max_len);
		}
		first += r->count;
		for (unsigned int n = 0; n < 8; n++)
			expect_find(r, m, run);
	}
	assert_int_equal(m->slice_count, first);
}

static struct qt__manifest *
save_and_load(struct qt__manifest_edit *e, const struct ground *g,
    const struct model_store *s, uint64_t number)
{
	struct qt__manifest	*m = must_save(e, g->fd), *again;

	expect_same(s, m);
	assert_int_equal(m->number, number);
	again = must_load(g->fd, 0);
	assert_int_equal(again->number, number);
	expect_same(s, again);
	qt__manifest_free(m);
	return again;
}

QT_TEST(random_changes_are_those_of_a_model)
{
	struct ground			 g;
	struct model_store		*s = calloc(1, sizeof(*s));
	struct qt__manifest		*m = NULL, *next;
	struct qt__manifest_edit	*e;
	const char			*given = getenv("QT_SEED");

	(void)state;
	seed = given != NULL ? (unsigned int)atoi(given) :
	    (unsigned int)getpid();
	print_message("# QT_SEED=%u\n", seed);
	assert_non_null(s);
	ground_new(&g);
	s->next_id = s->next_file = 1;
	for (uint64_t number = 1; number <= 60; number++) {
		e = must_edit(m);
		for (unsigned int i = pick(30); i > 0; i--) {
			unsigned int	what = pick(16);

			if (what == 0 || s->count == 0)
				do_run_add(s, e);
			else if (what == 1)
				do_run_del(s, e);
			else if (what == 2)
				do_trim(s, e);
			else
				do_slice_add(s, e);
			expect_same(s, qt__manifest_fields(e));
		}
		next = save_and_load(e, &g, s, number);
		qt__manifest_free(m);
		m = next;
	}
	qt__manifest_free(m);
	free(s);
	ground_end(&g);
}

QT_TEST(keys_may_come_from_the_edit_itself)
{
	struct qt__manifest_edit	*e = must_edit(NULL);
	struct qt__manifest		*f = qt__manifest_fields(e);
	struct qt__run_info		 info = { .number = 2, .size = 1 };
	char				*big = malloc(60000);
	const uint8_t			*at;

	(void)state;
	assert_non_null(big);
	memset(big, 'a', 60000);
	assert_int_equal(qt__manifest_run_add(e, 0, 1, 0, 0), 0);
	assert_int_equal(qt__manifest_run_add(e, 1, 2, 0, 0), 0);
	assert_int_equal(add_slice(e, 1, 1, 0, "k", "m"), 0);
	/* The heap moves while a key of its own is taken. */
	at = f->heap + f->slices[0].max_at;
	assert_int_equal(qt__manifest_slice_add(e, 2, &info, big, 60000, at, 1),
	    0);
	assert_int_equal(f->slices[1].max_len, 1);
	assert_int_equal(f->heap[f->slices[1].max_at], 'm');
	assert_memory_equal(f->heap + f->slices[1].min_at, big, 60000);
	assert_int_equal(qt__manifest_trim(e, 1,
	    f->heap + f->slices[0].min_at, 1), 0);
	assert_int_equal(f->slices[0].min_len, 2);
	assert_memory_equal(f->heap + f->slices[0].min_at, "k", 2);
	free(big);
	qt__manifest_edit_free(e);
}

QT_TEST(the_longest_key_can_be_trimmed_away)
{
	struct qt__manifest_edit	*e = must_edit(NULL);
	struct qt__manifest		*f = qt__manifest_fields(e), *m;
	struct qt__run_info		 info = { .number = 1, .size = 1 };
	struct ground			 g;
	char				*key = malloc(65537);

	(void)state;
	assert_non_null(key);
	ground_new(&g);
	memset(key, 'k', 65537);
	assert_int_equal(qt__manifest_run_add(e, 0, 1, 0, 0), 0);
	assert_int_equal(qt__manifest_slice_add(e, 1, &info, "a", 1, "z", 1),
	    0);
	assert_int_equal(qt__manifest_trim(e, 1, key, 65536), 0);
	assert_int_equal(f->slices[0].min_len, 65537);
	assert_int_equal(qt__manifest_trim(e, 1, key, 65537), -EMSGSIZE);
	assert_int_equal(f->slices[0].min_len, 65537);
	m = must_save(e, g.fd);
	assert_int_equal(m->slices[0].min_len, 65537);
	assert_null(qt__manifest_find(m, m->runs, key, 65536));
	assert_ptr_equal(qt__manifest_find(m, m->runs, "z", 1), m->slices);
	qt__manifest_free(m);
	free(key);
	ground_end(&g);
}

QT_TEST(what_makes_no_sense_is_refused)
{
	struct qt__manifest_edit	*e = must_edit(NULL);

	(void)state;
	assert_int_equal(qt__manifest_run_add(e, 1, 1, 0, 0), -EINVAL);
	assert_int_equal(qt__manifest_run_add(e, 0, 0, 0, 0), -EINVAL);
	assert_int_equal(qt__manifest_run_add(e, 0, 1, 0, 0), 0);
	assert_int_equal(add_slice(e, 2, 1, 0, "a", "b"), -ENOENT);
	assert_int_equal(add_slice(e, 1, 0, 0, "a", "b"), -EINVAL);
	assert_int_equal(add_slice(e, 1, 1, 0, "b", "a"), -EINVAL);
	assert_int_equal(add_slice(e, 1, 1, 0, "", "a"), -EINVAL);
	assert_int_equal(qt__manifest_trim(e, 2, "a", 1), -ENOENT);
	assert_int_equal(qt__manifest_run_flags(e, 2, 0), -ENOENT);
	assert_int_equal(qt__manifest_fields(e)->slice_count, 0);
	qt__manifest_edit_free(e);
	qt__manifest_edit_free(NULL);
}

QT_TEST(files_that_are_dropped_are_listed_until_they_are_removed)
{
	struct ground			 g;
	struct qt__manifest		*m, *again;
	struct qt__manifest_edit	*e = must_edit(NULL);

	(void)state;
	ground_new(&g);
	assert_int_equal(qt__manifest_drop(e, 7), 0);
	m = must_save(e, g.fd);
	e = must_edit(m);
	for (uint64_t n = 100; n < 150; n++)
		assert_int_equal(qt__manifest_drop(e, n), 0);
	qt__manifest_free(m);
	m = must_save(e, g.fd);
	again = must_load(g.fd, 0);
	assert_int_equal(again->drop_count, 51);
	assert_int_equal(again->drops[0].number, 7);
	assert_int_equal(again->drops[0].since, 1);
	assert_int_equal(again->drops[50].number, 149);
	assert_int_equal(again->drops[50].since, 2);
	e = must_edit(again);
	qt__manifest_dropped(e, 1);
	qt__manifest_free(m);
	m = must_save(e, g.fd);
	assert_int_equal(m->drop_count, 50);
	assert_int_equal(m->drops[0].number, 100);
	e = must_edit(m);
	assert_int_equal(qt__manifest_drop(e, 0), 0);	/* no file */
	qt__manifest_free(again);
	assert_int_equal(qt__manifest_save(e, g.fd, &again, NULL),
	    -QT_ECORRUPT);
	qt__manifest_edit_free(e);
	qt__manifest_free(m);
	ground_end(&g);
}
