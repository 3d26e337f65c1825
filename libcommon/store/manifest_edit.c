/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building a manifest. See manifest_priv.h.
 *
 * An edit is a manifest whose tables grow. Its heap only grows: keys that
 * nobody points to any more are left behind when it is saved.
 */

#include <errno.h>
#include <stdlib.h>

#include "manifest_file_priv.h"

#define RUNS_MAX	65536u
#define SLICES_MAX	(UINT32_C(1) << 20)
#define DROPS_MAX	(UINT32_C(1) << 20)

/* The manifest shows what the tables are now. */
static void
show(struct qt__manifest_edit *e)
{
	e->m.runs = e->runs;
	e->m.slices = e->slices;
	e->m.drops = e->drops;
	e->m.heap = e->heap;
}

/* Room for one more row in *table, which has count. */
static int
grow(void **table, uint32_t *room, uint32_t count, uint32_t max, size_t size)
{
	uint32_t	 wanted;
	void		*more;

	if (count < *room)
		return 0;
	if (count >= max)
		return -E2BIG;
	wanted = count < 8 ? 16 : count * 2;
	more = realloc(*table, size * wanted);
	if (more == NULL)
		return -ENOMEM;
	*table = more;
	*room = wanted;
	return 0;
}

/* Does the key lie in the heap already? It moves when the heap does. */
static int
is_own(const struct qt__manifest_edit *e, const void *key)
{
	uintptr_t	from = (uintptr_t)key, heap = (uintptr_t)e->heap;

	return e->heap != NULL && from >= heap && from < heap + e->m.heap_len;
}

/* Puts a key into the heap. */
static int
add_key(struct qt__manifest_edit *e, const void *key, size_t len, uint32_t *at)
{
	size_t		 wanted;
	uint8_t		*more;

	if (is_own(e, key)) {
		*at = (uint32_t)((const uint8_t *)key - e->heap);
		return 0;
	}
	if (len > QT__MANIFEST_KEY_MAX)
		return -EMSGSIZE;
	if (len > QT__MANIFEST_MAX - e->m.heap_len)
		return -E2BIG;
	if (len > e->heap_room - e->m.heap_len) {
		wanted = (e->m.heap_len + len) * 2;
		more = realloc(e->heap, wanted);
		if (more == NULL)
			return -ENOMEM;
		e->heap = more;
		e->heap_room = wanted;
	}
	*at = (uint32_t)e->m.heap_len;
	if (len > 0)
		memcpy(e->heap + *at, key, len);
	e->m.heap_len += len;
	show(e);
	return 0;
}

static int
copy(void *out, const void *from, size_t size)
{
	void	*p;

	if (size == 0)
		return 0;
	p = malloc(size);
	if (p == NULL)
		return -ENOMEM;
	memcpy(p, from, size);
	memcpy(out, &p, sizeof(p));
	return 0;
}

int
qt__manifest_edit(struct qt__manifest_edit **out,
    const struct qt__manifest *from)
{
	struct qt__manifest_edit	*e = calloc(1, sizeof(*e));

	*out = NULL;
	if (e == NULL)
		return -ENOMEM;
	if (from == NULL) {
		e->m.next_file = e->m.first_wal = e->m.next_wal = 1;
		*out = e;
		return 0;
	}
	e->m = *from;
	e->m.mem_ = NULL;
	if (copy(&e->runs, from->runs, sizeof(*e->runs) * from->run_count) < 0 ||
	    copy(&e->slices, from->slices,
	    sizeof(*e->slices) * from->slice_count) < 0 ||
	    copy(&e->drops, from->drops,
	    sizeof(*e->drops) * from->drop_count) < 0 ||
	    copy(&e->heap, from->heap, from->heap_len) < 0) {
		qt__manifest_edit_free(e);
		return -ENOMEM;
	}
	e->run_room = from->run_count;
	e->slice_room = from->slice_count;
	e->drop_room = from->drop_count;
	e->heap_room = from->heap_len;
	show(e);
	*out = e;
	return 0;
}

void
qt__manifest_edit_free(struct qt__manifest_edit *e)
{
	if (e == NULL)
		return;
	free(e->runs);
	free(e->slices);
	free(e->drops);
	free(e->heap);
	free(e);
}

struct qt__manifest *
qt__manifest_fields(struct qt__manifest_edit *e)
{
	return &e->m;
}

static struct qt__sorted *
find_run(struct qt__manifest_edit *e, uint64_t id)
{
	for (uint32_t i = 0; i < e->m.run_count; i++) {
		if (e->runs[i].id == id)
			return &e->runs[i];
	}
	return NULL;
}

int
qt__manifest_run_add(struct qt__manifest_edit *e, uint32_t index, uint64_t id,
    uint32_t level, uint32_t flags)
{
	struct qt__manifest	*m = &e->m;
	struct qt__sorted	*r;
	void			*table = e->runs;
	int			 rc;

	if (index > m->run_count || id == 0)
		return -EINVAL;
	if (find_run(e, id) != NULL)
		return -EEXIST;
	rc = grow(&table, &e->run_room, m->run_count, RUNS_MAX, sizeof(*r));
	e->runs = table;
	show(e);
	if (rc < 0)
		return rc;
	r = &e->runs[index];
	memmove(r + 1, r, sizeof(*r) * (m->run_count - index));
	*r = (struct qt__sorted){ .id = id, .level = level, .flags = flags,
	    .first = index < m->run_count ? r[1].first : m->slice_count };
	m->run_count++;
	return 0;
}

/* Takes slices first to first + count of run r out. */
static void
cut_slices(struct qt__manifest_edit *e, struct qt__sorted *r, uint32_t count)
{
	struct qt__slice	*s = &e->slices[r->first];
	struct qt__sorted	*end = e->runs + e->m.run_count;

	if (count == 0)
		return;
	for (uint32_t i = 0; i < count; i++)
		r->bytes -= s[i].info.size;
	memmove(s, s + count,
	    sizeof(*s) * (e->m.slice_count - r->first - count));
	e->m.slice_count -= count;
	r->count -= count;
	for (r++; r < end; r++)
		r->first -= count;
}

int
qt__manifest_run_del(struct qt__manifest_edit *e, uint64_t id)
{
	struct qt__sorted	*r = find_run(e, id);
	struct qt__sorted	*end = e->runs + e->m.run_count;

	if (r == NULL)
		return -ENOENT;
	cut_slices(e, r, r->count);
	memmove(r, r + 1, sizeof(*r) * (size_t)(end - r - 1));
	e->m.run_count--;
	return 0;
}

int
qt__manifest_run_flags(struct qt__manifest_edit *e, uint64_t id,
    uint32_t flags)
{
	struct qt__sorted	*r = find_run(e, id);

	if (r == NULL)
		return -ENOENT;
	r->flags = flags;
	return 0;
}

/* Puts a row behind the last of run r. */
static void
insert(struct qt__manifest_edit *e, struct qt__sorted *r,
    const struct qt__slice *row)
{
	uint32_t		 at = r->first + r->count;
	struct qt__slice	*s = &e->slices[at];
	struct qt__sorted	*end = e->runs + e->m.run_count;

	memmove(s + 1, s, sizeof(*s) * (e->m.slice_count - at));
	*s = *row;
	e->m.slice_count++;
	r->count++;
	r->bytes += row->info.size;
	for (r++; r < end; r++)
		r->first++;
	if (e->m.next_file <= row->info.number)
		e->m.next_file = row->info.number + 1;
	if (e->m.version < row->info.max_version)
		e->m.version = row->info.max_version;
}

int
qt__manifest_slice_add(struct qt__manifest_edit *e, uint64_t id,
    const struct qt__run_info *info, const void *min, size_t min_len,
    const void *max, size_t max_len)
{
	struct qt__slice	 row = { .info = *info };
	struct qt__sorted	*r = find_run(e, id);
	const struct qt__slice	*last;
	void			*table = e->slices;
	int			 rc;

	if (r == NULL)
		return -ENOENT;
	last = r->count > 0 ? &e->slices[r->first + r->count - 1] : NULL;
	if (min_len == 0 || info->number == 0 || info->number == UINT64_MAX ||
	    qt__key_compare(min, min_len, max, max_len) > 0 ||
	    (last != NULL && qt__key_compare(e->heap + last->max_at,
	    last->max_len, min, min_len) >= 0))
		return -EINVAL;
	rc = grow(&table, &e->slice_room, e->m.slice_count, SLICES_MAX,
	    sizeof(row));
	e->slices = table;
	show(e);
	if (rc == 0 && is_own(e, max)) {	/* before the heap may move */
		rc = add_key(e, max, max_len, &row.max_at);
		if (rc == 0)
			rc = add_key(e, min, min_len, &row.min_at);
	} else if (rc == 0) {
		rc = add_key(e, min, min_len, &row.min_at);
		if (rc == 0)
			rc = add_key(e, max, max_len, &row.max_at);
	}
	if (rc < 0)
		return rc;
	row.min_len = (uint32_t)min_len;
	row.max_len = (uint32_t)max_len;
	insert(e, r, &row);
	return 0;
}

int
qt__manifest_trim(struct qt__manifest_edit *e, uint64_t id, const void *key,
    size_t len)
{
	struct qt__sorted	*r = find_run(e, id);
	struct qt__slice	*s;
	uint8_t			*least;
	uint32_t		 gone = 0;
	int			 rc;

	if (r == NULL)
		return -ENOENT;
	while (gone < r->count && qt__key_compare(
	    e->heap + e->slices[r->first + gone].max_at,
	    e->slices[r->first + gone].max_len, key, len) <= 0)
		gone++;
	cut_slices(e, r, gone);
	if (r->count == 0)
		return 0;
	s = &e->slices[r->first];
	if (qt__key_compare(e->heap + s->min_at, s->min_len, key, len) > 0)
		return 0;
	if (len >= QT__MANIFEST_KEY_MAX)
		return -EMSGSIZE;
	least = malloc(len + 1);
	if (least == NULL)
		return -ENOMEM;
	memcpy(least, key, len);
	least[len] = 0;
	rc = add_key(e, least, len + 1, &s->min_at);
	if (rc == 0)
		s->min_len = (uint32_t)len + 1;
	free(least);
	return rc;
}

int
qt__manifest_job_key(struct qt__manifest_edit *e, struct qt__job *job,
    const void *key, size_t len)
{
	uint32_t	at;
	int		rc = add_key(e, key, len, &at);

	if (rc < 0)
		return rc;
	job->key_at = len > 0 ? at : 0;
	job->key_len = (uint32_t)len;
	return 0;
}

int
qt__manifest_drop(struct qt__manifest_edit *e, uint64_t number)
{
	void	*table = e->drops;
	int	 rc = grow(&table, &e->drop_room, e->m.drop_count, DROPS_MAX,
	    sizeof(*e->drops));

	e->drops = table;
	show(e);
	if (rc < 0)
		return rc;
	e->drops[e->m.drop_count++] = (struct qt__drop){ .number = number,
	    .since = e->m.number + 1 };
	return 0;
}

void
qt__manifest_dropped(struct qt__manifest_edit *e, uint64_t upto)
{
	uint32_t	kept = 0;

	for (uint32_t i = 0; i < e->m.drop_count; i++) {
		if (e->drops[i].since > upto)
			e->drops[kept++] = e->drops[i];
	}
	e->m.drop_count = kept;
}
