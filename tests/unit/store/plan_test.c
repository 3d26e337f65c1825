/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is merged when: libcommon/store/plan.c.
 *
 * A store is simulated by the numbers of its runs: memtables full of records
 * with random keys are flushed and merged as planned, and what is written and
 * what space is taken are counted. Of uniformly random keys a run that holds a
 * part q of all, merged with another of part p, makes one of 1 - (1-q)(1-p).
 */

#include "../test.h"

#include <stdio.h>
#include <string.h>

#include "../../../libcommon/store/plan_priv.h"

#define RUNS_MAX	256u
#define MEMTABLE	(UINT64_C(8) << 20)
#define RECORD		128.0		/* bytes */
#define PER_MEMTABLE	((double)MEMTABLE / RECORD)

struct run {
	double	once;		/* part of all keys, that no other run has */
	double	random;		/* part of the others */
	double	dels;		/* records */
};
struct sim {
	struct qt__manifest	 m;
	struct qt__sorted	 runs[RUNS_MAX];
	struct qt__slice	 slices[RUNS_MAX];
	struct run		 run[RUNS_MAX];
	double			 keys;
	double			 user, written;	/* bytes */
	double			 peak, rest;	/* bytes, the highest */
	uint32_t		 most;		/* runs */
	uint64_t		 next_id;
};

/* 1 - e^-x: what part of all keys so many times x of them hit at random. */
static double
hit(double x)
{
	double	term = x, sum = x;

	for (int i = 2; i < 30; i++) {
		term *= -x / i;
		sum += term;
	}
	return sum;
}

static double
records(const struct sim *s, const struct run *r)
{
	return s->keys * (r->once + (1 - r->once) * r->random);
}

static double
total(const struct sim *s)
{
	double	sum = 0;

	for (uint32_t i = 0; i < s->m.run_count; i++)
		sum += (double)s->runs[i].bytes;
	return sum;
}

/* The rows of the manifest from the runs. */
static void
show(struct sim *s)
{
	struct qt__run_info	*info;
	double			 n;

	for (uint32_t i = 0; i < s->m.run_count; i++) {
		n = records(s, &s->run[i]);
		info = &s->slices[i].info;
		info->records = (uint64_t)n;
		info->dels = (uint64_t)s->run[i].dels;
		info->size = (uint64_t)(n * RECORD);
		s->runs[i].first = i;
		s->runs[i].count = 1;
		s->runs[i].bytes = info->size;
	}
	s->m.slice_count = s->m.run_count;
	s->m.runs = s->runs;
	s->m.slices = s->slices;
	if (s->most < s->m.run_count)
		s->most = s->m.run_count;
}

static void
take_out(struct sim *s, uint32_t first, uint32_t count)
{
	uint32_t	rest = s->m.run_count - first - count;

	memmove(&s->run[first], &s->run[first + count],
	    rest * sizeof(s->run[0]));
	memmove(&s->runs[first], &s->runs[first + count],
	    rest * sizeof(s->runs[0]));
	s->m.run_count -= count;
}

static void
put_in(struct sim *s, uint32_t at, const struct run *r, uint32_t level)
{
	assert_true(s->m.run_count < RUNS_MAX);
	memmove(&s->run[at + 1], &s->run[at],
	    (s->m.run_count - at) * sizeof(*r));
	memmove(&s->runs[at + 1], &s->runs[at],
	    (s->m.run_count - at) * sizeof(s->runs[0]));
	s->run[at] = *r;
	s->runs[at] = (struct qt__sorted){ .id = ++s->next_id, .level = level };
	s->m.run_count++;
	show(s);
}

static void
merge(struct sim *s, const struct qt__plan *p)
{
	struct run	out = { 0 };
	double		before = total(s), random = 1;
	uint64_t	slice = qt__plan_slice_size((uint64_t)before);

	for (uint32_t i = p->first; i < p->first + p->count; i++) {
		out.once += s->run[i].once;
		random *= 1 - s->run[i].random;
		out.dels += p->is_bottom ? 0 : s->run[i].dels;
	}
	out.random = 1 - random;
	s->written += records(s, &out) * RECORD;
	/* Inputs go slice by slice, as their records come out. */
	before += (double)slice * (p->count + 1);
	if (s->peak < before)
		s->peak = before;
	take_out(s, p->first, p->count);
	put_in(s, p->first, &out, p->level);
}

static void
flush(struct sim *s, const struct run *r)
{
	struct qt__plan	plan;

	s->user += (double)MEMTABLE;
	s->written += records(s, r) * RECORD;
	put_in(s, 0, r, 0);
	for (;;) {
		qt__plan(&plan, &s->m, MEMTABLE, 0);
		if (plan.count == 0)
			break;
		assert_true(plan.first + plan.count <= s->m.run_count);
		assert_int_equal(plan.is_bottom,
		    plan.first + plan.count == s->m.run_count);
		merge(s, &plan);
	}
	if (s->rest < total(s))
		s->rest = total(s);
	assert_false(qt__plan_is_behind(&s->m));
}

/* A store of that many memtables' keys is filled, then overwritten 10 times. */
static void
overwrite(struct sim *s, unsigned int memtables)
{
	struct run	r;
	double		load;
	unsigned int	i;

	memset(s, 0, sizeof(*s));
	s->keys = memtables * PER_MEMTABLE;
	for (i = 0; i < memtables; i++)
		flush(s, &(struct run){ .once = 1.0 / memtables });
	load = s->written / s->user;
	s->user = s->written = s->peak = s->rest = 0;
	r = (struct run){ .random = hit(1.0 / memtables) };
	for (i = 0; i < 10 * memtables; i++)
		flush(s, &r);
	print_message("# %4u memtables: load writes %.1f, overwrite %.1f times;"
	    " space at rest %.2f, peak %.2f, at the end %.2f; %u runs\n",
	    memtables, load, s->written / s->user,
	    s->rest / (s->keys * RECORD), s->peak / (s->keys * RECORD),
	    total(s) / (s->keys * RECORD), s->most);
}

/*
 * LevelDB writes 10 times what it gets at such ratios, its log not counted, and
 * takes up to 1.5 times the space.
 */
QT_TEST(overwriting_writes_ten_times_at_most_and_takes_a_sixth_more_space)
{
	static const unsigned int	sizes[] = { 1, 2, 4, 8, 14, 16, 29, 32,
	    64, 100, 250, 1000 };
	static struct sim		s;
	double				size;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		overwrite(&s, sizes[i]);
		size = s.keys * RECORD;
		assert_true(s.written / s.user <= 10);
		if (sizes[i] >= 8)	/* else one memtable is more */
			assert_true(s.rest / size <= 1.17);
		if (sizes[i] >= 14)
			assert_true(s.peak / size <= 1.31);
	}
}

QT_TEST(small_runs_of_a_store_that_is_checkpointed_often_are_few)
{
	static struct sim	s;
	struct run		r;
	unsigned int		i;

	(void)state;
	memset(&s, 0, sizeof(s));
	s.keys = 100 * PER_MEMTABLE;
	flush(&s, &(struct run){ .once = 1 });
	s.user = s.written = 0;
	r = (struct run){ .random = hit(0.0005 / 100) };
	for (i = 0; i < 40000; i++)
		flush(&s, &r);
	s.user = 40000 * 0.0005 * (double)MEMTABLE;
	print_message("# 40000 checkpoints of 4 KiB: written %.1f times, "
	    "%u runs at most\n", s.written / s.user, s.most);
	assert_true(s.most <= QT__PLAN_RUNS);
	assert_true(s.written / s.user <= 12);
}

QT_TEST(maintenance_is_late_when_the_bottom_is_outgrown)
{
	struct qt__sorted	runs[] = { { .id = 4, .bytes = 60 },
	    { .id = 3, .bytes = 40 }, { .id = 2, .bytes = 100 } };
	struct qt__sorted	merging[] = { { .id = 6, .bytes = 70 },
	    { .id = 5, .bytes = 50 }, { .id = 4, .bytes = 30 },
	    { .id = 3, .bytes = 20 }, { .id = 2, .bytes = 50 } };
	struct qt__manifest	m = { .runs = runs };

	(void)state;
	assert_false(qt__plan_is_late(&m));
	m.run_count = 3;
	assert_false(qt__plan_is_late(&m));
	runs[1].bytes++;
	assert_true(qt__plan_is_late(&m));
	/* Half of the runs are merged: run 5 is of the bottom. */
	m = (struct qt__manifest){ .runs = merging, .run_count = 5,
	    .merge = { .output = 5, .input = 4, .inputs = 3 } };
	assert_true(qt__plan_is_late(&m));
	merging[0].bytes = 50;
	assert_false(qt__plan_is_late(&m));
	/* A merge above the bottom is of no use to it. */
	m.merge.inputs = 2;
	assert_true(qt__plan_is_late(&m));
}

/* Deletions are small, what they delete is not. */
QT_TEST(deletions_of_a_sixth_of_the_store_are_merged_into_it)
{
	static struct sim	s;
	unsigned int		i;

	(void)state;
	memset(&s, 0, sizeof(s));
	s.keys = 1000 * PER_MEMTABLE;
	flush(&s, &(struct run){ .once = 1 });
	for (i = 0; s.m.run_count > 1 || i == 0; i++) {
		assert_true(i < 170);
		flush(&s, &(struct run){ .random = 0.0005,
		    .dels = s.keys * 0.0005 });
	}
	/* Bytes and what they delete are a sixth together. */
	assert_true(i >= 150);
}

static void
runs_of(struct sim *s, uint32_t count)
{
	memset(s, 0, sizeof(*s));
	s->keys = 1000 * PER_MEMTABLE;
	put_in(s, 0, &(struct run){ .once = 1 }, 5);
	while (s->m.run_count < count)
		put_in(s, 0, &(struct run){ .random = 0.001 }, 0);
}

QT_TEST(four_runs_of_a_class_become_one_of_the_next_and_take_a_full_one_along)
{
	static struct sim	s;
	struct qt__plan		plan;

	(void)state;
	runs_of(&s, 4);
	qt__plan(&plan, &s.m, MEMTABLE, 0);
	assert_int_equal(plan.count, 0);
	runs_of(&s, 5);
	qt__plan(&plan, &s.m, MEMTABLE, 0);
	assert_int_equal(plan.first, 0);
	assert_int_equal(plan.count, 4);
	assert_int_equal(plan.level, 1);
	assert_false(plan.is_bottom);
	s.runs[0].flags = QT__RUN_OPEN;		/* a flush is under way */
	qt__plan(&plan, &s.m, MEMTABLE, 0);
	assert_int_equal(plan.count, 0);
	runs_of(&s, 8);
	for (uint32_t i = 4; i < 7; i++)
		s.runs[i].level = 1;
	qt__plan(&plan, &s.m, MEMTABLE, 0);
	assert_int_equal(plan.first, 0);
	assert_int_equal(plan.count, 7);
	assert_int_equal(plan.level, 2);
	for (uint32_t i = 1; i < 3; i++)	/* [0] [1][1] [0]: as of 1 */
		s.runs[i].level = 1;
	qt__plan(&plan, &s.m, MEMTABLE, 0);
	assert_int_equal(plan.first, 1);
	assert_int_equal(plan.count, 6);
	assert_int_equal(plan.level, 2);
}

QT_TEST(whole_merges_what_is_older_than_the_wish_once)
{
	static struct sim	s;
	struct qt__plan		plan;

	(void)state;
	runs_of(&s, 3);
	qt__plan(&plan, &s.m, MEMTABLE, s.next_id + 1);
	assert_int_equal(plan.count, 3);
	assert_true(plan.is_bottom);
	s.runs[0].flags = QT__RUN_OPEN;
	qt__plan(&plan, &s.m, MEMTABLE, s.next_id + 1);
	assert_int_equal(plan.first, 1);
	assert_int_equal(plan.count, 2);
	runs_of(&s, 1);
	qt__plan(&plan, &s.m, MEMTABLE, s.next_id + 1);
	assert_int_equal(plan.count, 1);
	qt__plan(&plan, &s.m, MEMTABLE, s.next_id);
	assert_int_equal(plan.count, 0);
	s.m.run_count = 0;
	qt__plan(&plan, &s.m, MEMTABLE, 100);
	assert_int_equal(plan.count, 0);
}

QT_TEST(nothing_is_planned_while_a_merge_is_under_way)
{
	static struct sim	s;
	struct qt__plan		plan;

	(void)state;
	runs_of(&s, 9);
	s.m.merge.output = s.runs[3].id;
	qt__plan(&plan, &s.m, MEMTABLE, 1000);
	assert_int_equal(plan.count, 0);
}

QT_TEST(slices_grow_with_the_store_and_stay_few)
{
	(void)state;
	assert_int_equal(qt__plan_slice_size(0), 2 << 20);
	assert_int_equal(qt__plan_slice_size(UINT64_C(2) << 30), 2 << 20);
	assert_int_equal(qt__plan_slice_size(UINT64_C(3) << 30), 4 << 20);
	assert_int_equal(qt__plan_slice_size(UINT64_C(1) << 50), 1 << 30);
}
