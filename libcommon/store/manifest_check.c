/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May the rows of a manifest be believed? See manifest_priv.h.
 *
 * A checksum says that a file is as somebody wrote it, not that he was right.
 * So all that readers rely on is looked at, before a manifest is written and
 * after one is read: what points where, the order of keys, the order by age,
 * and that what is being done can be gone on with.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "manifest_file_priv.h"

#define NO_INDEX UINT32_MAX

/* What is wrong, and at which byte of the file. */
static int __attribute__((format(printf, 3, 4)))
bad(struct qt_err *err, uint64_t at, const char *fmt, ...)
{
	char	what[160];
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	qt_err_set(err, "byte %" PRIu64 ": %s", at, what);
	return -QT_ECORRUPT;
}

static uint64_t
run_at(uint32_t i)
{
	return QT__MANIFEST_HEAD + sizeof(struct qt__sorted) * (uint64_t)i;
}

static uint64_t
slice_at(const struct qt__manifest *m, uint32_t i)
{
	return run_at(m->run_count) + sizeof(struct qt__slice) * (uint64_t)i;
}

static bool
is_in_heap(const struct qt__manifest *m, uint32_t at, uint32_t len)
{
	return at <= m->heap_len && len <= m->heap_len - at &&
	    len <= QT__MANIFEST_KEY_MAX;
}

static int
compare(const struct qt__manifest *m, uint32_t a, uint32_t a_len, uint32_t b,
    uint32_t b_len)
{
	return qt__key_compare(m->heap + a, a_len, m->heap + b, b_len);
}

/* One slice by itself; previous is that before it in its run, or NULL. */
static int
check_slice(const struct qt__manifest *m, uint32_t i,
    const struct qt__slice *previous, struct qt_err *err)
{
	const struct qt__slice		*s = &m->slices[i];
	const struct qt__run_info	*n = &s->info;
	uint64_t			 at = slice_at(m, i);

	if (s->min_len == 0 || s->max_len == 0 ||
	    !is_in_heap(m, s->min_at, s->min_len) ||
	    !is_in_heap(m, s->max_at, s->max_len))
		return bad(err, at, "slice %" PRIu32 ": a key that is not in "
		    "the heap", i);
	if (compare(m, s->min_at, s->min_len, s->max_at, s->max_len) > 0)
		return bad(err, at, "slice %" PRIu32 ": its first key is "
		    "greater than its last", i);
	if (previous != NULL && compare(m, previous->max_at, previous->max_len,
	    s->min_at, s->min_len) >= 0)
		return bad(err, at, "slice %" PRIu32 ": its first key is not "
		    "greater than the last of the one before", i);
	if (n->number == 0 || n->number >= m->next_file)
		return bad(err, at, "slice %" PRIu32 ": file %" PRIu64 " is "
		    "not below the next free number %" PRIu64, i, n->number,
		    m->next_file);
	if (n->size > INT64_MAX)
		return bad(err, at, "slice %" PRIu32 ": no file has %" PRIu64
		    " bytes", i, n->size);
	if (n->min_version > n->max_version || n->max_version > m->version)
		return bad(err, at, "slice %" PRIu32 ": versions %" PRIu64
		    " to %" PRIu64 ", where the highest is %" PRIu64, i,
		    n->min_version, n->max_version, m->version);
	return 0;
}

static int
check_run(const struct qt__manifest *m, uint32_t i, uint32_t first,
    struct qt_err *err)
{
	const struct qt__sorted	*r = &m->runs[i];
	uint64_t		 bytes = 0;
	int			 rc;

	if (r->id == 0 || (r->flags & ~QT__RUN_OPEN) != 0)
		return bad(err, run_at(i), "run %" PRIu32 ": no id, or flags "
		    "that are not known", i);
	if (r->first != first || r->count > m->slice_count - first)
		return bad(err, run_at(i), "run %" PRIu32 ": slices %" PRIu32
		    "+%" PRIu32 " of %" PRIu32 ", where %" PRIu32 " is due", i,
		    r->first, r->count, m->slice_count, first);
	for (uint32_t n = 0; n < r->count; n++) {
		const struct qt__slice	*s = &m->slices[first + n];

		rc = check_slice(m, first + n, n > 0 ? s - 1 : NULL, err);
		if (rc < 0)
			return rc;
		if (s->info.size > UINT64_MAX - bytes)
			return bad(err, run_at(i), "run %" PRIu32 ": too "
			    "large", i);
		bytes += s->info.size;
	}
	if (r->bytes != bytes)
		return bad(err, run_at(i), "run %" PRIu32 ": %" PRIu64
		    " bytes, its slices have %" PRIu64, i, r->bytes, bytes);
	return 0;
}

static int
compare_number(const void *a, const void *b)
{
	uint64_t	x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

/* A number that is in list twice, or 0. */
static uint64_t
find_twice(uint64_t *list, uint32_t count)
{
	qsort(list, count, sizeof(*list), compare_number);
	for (uint32_t i = 1; i < count; i++) {
		if (list[i] == list[i - 1])
			return list[i];
	}
	return 0;
}

static int
check_unique(const struct qt__manifest *m, struct qt_err *err)
{
	uint32_t	 max = m->run_count > m->slice_count ? m->run_count :
	    m->slice_count;
	uint64_t	*list, id, number;

	if (max == 0)
		return 0;
	list = malloc(sizeof(*list) * max);
	if (list == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->run_count; i++)
		list[i] = m->runs[i].id;
	id = find_twice(list, m->run_count);
	for (uint32_t i = 0; i < m->slice_count; i++)
		list[i] = m->slices[i].info.number;
	number = find_twice(list, m->slice_count);
	free(list);
	if (id != 0)
		return bad(err, run_at(0), "two runs with the id %" PRIu64, id);
	if (number != 0)
		return bad(err, slice_at(m, 0), "two slices in file %" PRIu64,
		    number);
	return 0;
}

static uint32_t
find_run(const struct qt__manifest *m, uint64_t id)
{
	for (uint32_t i = 0; i < m->run_count; i++) {
		if (m->runs[i].id == id)
			return i;
	}
	return NO_INDEX;
}

/* What both kinds have in common. *index: of its output. */
static int
check_job(const struct qt__manifest *m, const struct qt__job *j, uint64_t at,
    uint32_t *index, struct qt_err *err)
{
	static const struct qt__job	 none = { 0 };
	const struct qt__sorted		*r;
	const struct qt__slice		*last;

	*index = NO_INDEX;
	if (j->output == 0)
		return memcmp(j, &none, sizeof(none)) == 0 ? 0 :
		    bad(err, at, "a job without output has values");
	*index = find_run(m, j->output);
	if (*index == NO_INDEX)
		return bad(err, at, "a job's output %" PRIu64 " is no run",
		    j->output);
	r = &m->runs[*index];
	if ((r->flags & QT__RUN_OPEN) == 0 || j->reserved != 0 ||
	    !is_in_heap(m, j->key_at, j->key_len))
		return bad(err, at, "a job's output is not open, or its key "
		    "not in the heap");
	if (r->count == 0)
		return 0;
	last = &m->slices[r->first + r->count - 1];
	if (compare(m, last->max_at, last->max_len, j->key_at, j->key_len) > 0)
		return bad(err, at, "a job's output goes beyond its key");
	return 0;
}

/* The runs that are merged lie beside their output, and are trimmed. */
static int
check_merge(const struct qt__manifest *m, uint32_t output, uint32_t *first,
    struct qt_err *err)
{
	const struct qt__job	*j = &m->merge;
	uint64_t		 at = 112;

	*first = find_run(m, j->input);
	if (*first == NO_INDEX)
		return bad(err, at, "the merge's input %" PRIu64 " is no run",
		    j->input);
	if (j->inputs == 0 || j->inputs > m->run_count - *first)
		return bad(err, at, "the merge has %" PRIu32 " inputs",
		    j->inputs);
	if (output + 1 != *first && output != *first + j->inputs)
		return bad(err, at, "the merge's output is not beside its "
		    "inputs");
	for (uint32_t i = *first; i < *first + j->inputs; i++) {
		const struct qt__sorted	*r = &m->runs[i];
		const struct qt__slice	*s = &m->slices[r->first];

		if (r->flags & QT__RUN_OPEN)
			return bad(err, at, "the merge's input %" PRIu64
			    " is open", r->id);
		if (r->count > 0 && j->key_len > 0 && compare(m, s->min_at,
		    s->min_len, j->key_at, j->key_len) <= 0)
			return bad(err, at, "the merge's input %" PRIu64
			    " is not trimmed", r->id);
	}
	return 0;
}

/*
 * A run is newer than those behind it. The output of a merge and its inputs,
 * of which each holds keys that the others do not, count as one.
 */
static int
check_age(const struct qt__manifest *m, uint32_t merge_first,
    uint32_t merge_count, struct qt_err *err)
{
	uint64_t	low = UINT64_MAX, oldest = UINT64_MAX;

	for (uint32_t i = 0; i < m->run_count; i++) {
		const struct qt__sorted	*r = &m->runs[i];
		bool			 is_one = i > merge_first &&
		    i - merge_first < merge_count;

		if (!is_one)
			oldest = low;
		for (uint32_t n = r->first; n < r->first + r->count; n++) {
			const struct qt__run_info	*s = &m->slices[n].info;

			if (s->max_version > oldest)
				return bad(err, slice_at(m, n), "slice %" PRIu32
				    " has version %" PRIu64 ", a newer run has %"
				    PRIu64, n, s->max_version, oldest);
			if (s->min_version < low)
				low = s->min_version;
		}
	}
	return 0;
}

static int
check_drops(const struct qt__manifest *m, struct qt_err *err)
{
	for (uint32_t i = 0; i < m->drop_count; i++) {
		const struct qt__drop	*d = &m->drops[i];

		if (d->number == 0 || d->since == 0 || d->since > m->number)
			return bad(err, slice_at(m, m->slice_count) +
			    sizeof(*d) * (uint64_t)i, "drop %" PRIu32 ": file %"
			    PRIu64 " since manifest %" PRIu64, i, d->number,
			    d->since);
	}
	return 0;
}

int
qt__manifest_check(const struct qt__manifest *m, struct qt_err *err)
{
	uint32_t	first = 0, flush, merge, inputs = NO_INDEX;
	int		rc;

	for (uint32_t i = 0; i < m->run_count; i++) {
		rc = check_run(m, i, first, err);
		if (rc < 0)
			return rc;
		first += m->runs[i].count;
	}
	if (first != m->slice_count)
		return bad(err, slice_at(m, first), "%" PRIu32 " slices are "
		    "no run's", m->slice_count - first);
	rc = check_unique(m, err);
	if (rc == 0)
		rc = check_drops(m, err);
	if (rc == 0)
		rc = check_job(m, &m->flush, 80, &flush, err);
	if (rc == 0)
		rc = check_job(m, &m->merge, 112, &merge, err);
	if (rc == 0 && merge != NO_INDEX)
		rc = check_merge(m, merge, &inputs, err);
	if (rc < 0)
		return rc;
	if (flush != NO_INDEX && (flush != 0 || flush == merge))
		return bad(err, 80, "the flush's output is not the newest run");
	for (uint32_t i = 0; i < m->run_count; i++) {
		if ((m->runs[i].flags & QT__RUN_OPEN) && i != flush &&
		    i != merge)
			return bad(err, run_at(i), "run %" PRIu32 " is open "
			    "without a job", i);
	}
	return check_age(m, merge < inputs ? merge : inputs,
	    merge != NO_INDEX ? m->merge.inputs + 1 : 0, err);
}
