/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that cannot be are refused, each for its own reason. */

#include "manifest_ground.h"

/*
 *	index	id	slices			versions
 *	0	10	a-c, open		900	flush's output
 *	1	11	m-p t-v			800 700
 *	2	12	a-c d-f, open		650 400	merge's output, to f
 *	3	13	g-k			600	merge's inputs
 *	4	14	(none any more)
 *	5	15	b-y			300
 */
static struct qt__manifest_edit *
rich(void)
{
	struct qt__manifest_edit	*e = must_edit(NULL);
	struct qt__manifest		*f = qt__manifest_fields(e);

	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(qt__manifest_run_add(e, i, 10 + i, i / 2,
		    i == 0 || i == 2 ? QT__RUN_OPEN : 0), 0);
	assert_int_equal(add_slice(e, 10, 1, 900, "a", "c"), 0);
	assert_int_equal(add_slice(e, 11, 2, 800, "m", "p"), 0);
	assert_int_equal(add_slice(e, 11, 3, 700, "t", "v"), 0);
	assert_int_equal(add_slice(e, 12, 4, 650, "a", "c"), 0);
	assert_int_equal(add_slice(e, 12, 5, 400, "d", "f"), 0);
	assert_int_equal(add_slice(e, 13, 6, 600, "g", "k"), 0);
	assert_int_equal(add_slice(e, 15, 7, 300, "b", "y"), 0);
	f->flush = (struct qt__job){ .output = 10, .input = 33 };
	f->merge = (struct qt__job){ .output = 12, .input = 13, .inputs = 2 };
	assert_int_equal(qt__manifest_job_key(e, &f->flush, "c", 1), 0);
	assert_int_equal(qt__manifest_job_key(e, &f->merge, "f", 1), 0);
	return e;
}

QT_TEST(a_rich_manifest_is_taken_and_comes_back)
{
	struct ground		 g;
	struct qt__manifest	*m;

	(void)state;
	ground_new(&g);
	qt__manifest_free(must_save(rich(), g.fd));
	m = must_load(g.fd, 0);
	assert_int_equal(m->run_count, 6);
	assert_int_equal(m->runs[2].level, 1);
	assert_int_equal(m->runs[4].count, 0);
	assert_int_equal(m->flush.input, 33);
	assert_int_equal(m->merge.inputs, 2);
	assert_int_equal(m->merge.key_len, 1);
	assert_int_equal(m->heap[m->merge.key_at], 'f');
	assert_int_equal(m->version, 900);
	assert_int_equal(m->next_file, 8);
	qt__manifest_free(m);
	ground_end(&g);
}

static void
key_beyond(struct qt__manifest_edit *e)
{
	e->slices[1].min_at = UINT32_MAX;
}

static void
length_beyond(struct qt__manifest_edit *e)
{
	e->slices[1].max_len = (uint32_t)e->m.heap_len;
}

static void
no_key(struct qt__manifest_edit *e)
{
	e->slices[1].min_len = 0;
}

static void
min_above_max(struct qt__manifest_edit *e)
{
	e->slices[1].min_at = e->slices[2].min_at;
}

static void
overlap(struct qt__manifest_edit *e)
{
	e->slices[2].min_at = e->slices[1].max_at;
}

static void
number_not_used_yet(struct qt__manifest_edit *e)
{
	e->m.next_file = 7;
}

static void
number_twice(struct qt__manifest_edit *e)
{
	e->slices[6].info.number = 1;
}

static void
huge_file(struct qt__manifest_edit *e)
{
	e->slices[6].info.size = UINT64_C(1) << 63;
}

static void
versions_turned(struct qt__manifest_edit *e)
{
	e->slices[0].info.min_version = 901;
}

static void
version_not_there_yet(struct qt__manifest_edit *e)
{
	e->m.version = 899;
}

static void
older_run_is_newer(struct qt__manifest_edit *e)
{
	e->slices[6].info.max_version = 401;
}

static void
newest_run_is_older(struct qt__manifest_edit *e)
{
	e->slices[0].info.min_version = 799;
}

static void
merge_overtakes(struct qt__manifest_edit *e)
{
	e->slices[5].info.max_version = 701;
}

static void
id_twice(struct qt__manifest_edit *e)
{
	e->runs[5].id = 11;
}

static void
no_id(struct qt__manifest_edit *e)
{
	e->runs[5].id = 0;
}

static void
flags(struct qt__manifest_edit *e)
{
	e->runs[5].flags = 2;
}

static void
slices_shared(struct qt__manifest_edit *e)
{
	e->runs[1].first = 0;
}

static void
slices_beyond(struct qt__manifest_edit *e)
{
	e->runs[5].count = 2;
}

static void
slice_of_nobody(struct qt__manifest_edit *e)
{
	e->runs[5].count = 0;
	e->runs[5].bytes = 0;
}

static void
bytes(struct qt__manifest_edit *e)
{
	e->runs[1].bytes--;
}

static void
output_is_none(struct qt__manifest_edit *e)
{
	e->m.flush.output = 99;
}

static void
output_is_not_open(struct qt__manifest_edit *e)
{
	e->runs[0].flags = 0;
}

static void
open_for_nobody(struct qt__manifest_edit *e)
{
	e->runs[5].flags = QT__RUN_OPEN;
}

static void
key_below_output(struct qt__manifest_edit *e)
{
	e->m.merge.key_at = e->slices[4].min_at;
}

static void
flush_is_not_newest(struct qt__manifest_edit *e)
{
	e->m.flush = (struct qt__job){ 0 };
	e->runs[0].flags = 0;
	e->m.flush = e->m.merge;
	e->m.merge = (struct qt__job){ 0 };
}

static void
same_output(struct qt__manifest_edit *e)
{
	e->m.flush.output = 12;
	e->m.flush.key_at = e->m.merge.key_at;
	e->runs[0].flags = 0;
}

static void
input_is_none(struct qt__manifest_edit *e)
{
	e->m.merge.input = 99;
}

static void
too_many_inputs(struct qt__manifest_edit *e)
{
	e->m.merge.inputs = 4;
}

static void
inputs_elsewhere(struct qt__manifest_edit *e)
{
	e->m.merge.input = 14;
	e->m.merge.inputs = 1;
}

static void
input_is_open(struct qt__manifest_edit *e)
{
	e->runs[3].flags = QT__RUN_OPEN;
}

static void
input_is_not_trimmed(struct qt__manifest_edit *e)
{
	assert_int_equal(qt__manifest_job_key(e, &e->m.merge, "g", 1), 0);
}

static void
drop_of_nothing(struct qt__manifest_edit *e)
{
	assert_int_equal(qt__manifest_drop(e, 0), 0);
}

static void
drop_to_come(struct qt__manifest_edit *e)
{
	assert_int_equal(qt__manifest_drop(e, 5), 0);
	e->drops[0].since = 2;
}

static const struct {
	void		(*change)(struct qt__manifest_edit *e);
	const char	*why;
} cases[] = {
	{ key_beyond, "byte 432: slice 1: a key that is not in the heap" },
	{ length_beyond, "byte 432: slice 1: a key that is not in the heap" },
	{ no_key, "byte 432: slice 1: a key that is not in the heap" },
	{ min_above_max, "byte 432: slice 1: its first key is greater than "
	    "its last" },
	{ overlap, "byte 504: slice 2: its first key is not greater than the "
	    "last of the one before" },
	{ number_not_used_yet, "byte 792: slice 6: file 7 is not below the "
	    "next free number 7" },
	{ number_twice, "byte 360: two slices in file 1" },
	{ huge_file, "byte 792: slice 6: no file has 9223372036854775808 "
	    "bytes" },
	{ versions_turned, "byte 360: slice 0: versions 901 to 900, where the "
	    "highest is 900" },
	{ version_not_there_yet, "byte 360: slice 0: versions 900 to 900, "
	    "where the highest is 899" },
	{ older_run_is_newer, "byte 792: slice 6 has version 401, a newer run "
	    "has 400" },
	{ newest_run_is_older, "byte 432: slice 1 has version 800, a newer "
	    "run has 799" },
	{ merge_overtakes, "byte 720: slice 5 has version 701, a newer run "
	    "has 700" },
	{ id_twice, "byte 168: two runs with the id 11" },
	{ no_id, "byte 328: run 5: no id, or flags that are not known" },
	{ flags, "byte 328: run 5: no id, or flags that are not known" },
	{ slices_shared, "byte 200: run 1: slices 0+2 of 7, where 1 is due" },
	{ slices_beyond, "byte 328: run 5: slices 6+2 of 7, where 6 is due" },
	{ slice_of_nobody, "byte 792: 1 slices are no run's" },
	{ bytes, "byte 200: run 1: 2004 bytes, its slices have 2005" },
	{ output_is_none, "byte 80: a job's output 99 is no run" },
	{ output_is_not_open, "byte 80: a job's output is not open, or its "
	    "key not in the heap" },
	{ open_for_nobody, "byte 328: run 5 is open without a job" },
	{ key_below_output, "byte 112: a job's output goes beyond its key" },
	{ flush_is_not_newest, "byte 80: the flush's output is not the newest "
	    "run" },
	{ same_output, "byte 80: the flush's output is not the newest run" },
	{ input_is_none, "byte 112: the merge's input 99 is no run" },
	{ too_many_inputs, "byte 112: the merge has 4 inputs" },
	{ inputs_elsewhere, "byte 112: the merge's output is not beside its "
	    "inputs" },
	{ input_is_open, "byte 112: the merge's input 13 is open" },
	{ drop_of_nothing, "byte 864: drop 0: file 0 since manifest 1" },
	{ drop_to_come, "byte 864: drop 0: file 5 since manifest 2" },
	{ input_is_not_trimmed, "byte 112: the merge's input 13 is not "
	    "trimmed" },
};

/* By load: the file has a good checksum. */
QT_TEST(each_thing_that_cannot_be_is_refused_by_itself)
{
	struct qt__manifest_edit	*e;
	struct qt__manifest		m;
	struct qt_err			err;
	void				*data;
	size_t				len;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		e = rich();
		cases[i].change(e);
		e->m.number = 1;
		assert_int_equal(qt__manifest_pack(&e->m, &data, &len), 0);
		assert_int_equal(qt__manifest_parse(&m, data, len, &err),
		    -QT_ECORRUPT);
		assert_string_equal(err.text, cases[i].why);
		free(data);
		qt__manifest_edit_free(e);
	}
}

QT_TEST(what_load_would_refuse_is_not_written)
{
	struct ground			g;
	struct qt__manifest_edit	*e = rich();
	struct qt__manifest		*m;
	struct qt_err			err = QT_ERR_INIT;

	(void)state;
	ground_new(&g);
	open_for_nobody(e);
	assert_int_equal(qt__manifest_save(e, g.fd, &m, &err), -QT_ECORRUPT);
	assert_string_equal(err.text, "manifest/000000000001: byte 328: run 5 "
	    "is open without a job");
	assert_false(ground_has(&g, "manifest/000000000001"));
	e->runs[5].flags = 0;
	qt__manifest_free(must_save(e, g.fd));
	ground_end(&g);
}
