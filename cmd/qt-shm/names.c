/* SPDX-License-Identifier: Apache-2.0 */
/* The structures of a segment as rows. See names.h. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "zipm.h"

const struct grid_column names_columns[] = {
	{ "name", GRID_TEXT, 1 },
	{ "type", GRID_TEXT, 1 },
	{ "state", GRID_TEXT, 0 },
	{ "dtype", GRID_TEXT, 1 },
	{ "key_dtype", GRID_TEXT, 0 },
	{ "shape", GRID_TEXT, 0 },
	{ "count", GRID_NUMBER, 1 },
	{ "capacity", GRID_NUMBER, 1 },
	{ "item", GRID_BYTES, 0 },
	{ "key", GRID_BYTES, 0 },
	{ "open", GRID_BOOL, 1 },
	{ "waiting", GRID_BOOL, 1 },
	{ "size", GRID_BYTES, 1 },
	{ "offset", GRID_NUMBER, 0 },
	{ "data_offset", GRID_NUMBER, 0 },
	{ "path", GRID_TEXT, 0 },
	{ "id", GRID_TEXT, 0 },
	{ "created", GRID_TIME, 1 },
	{ "numbers", GRID_TEXT, 0 },
	{ NULL, GRID_TEXT, 0 },
};

static void
fill_shape(struct grid *g, const uint64_t shape[4])
{
	char	text[100] = "";
	int	len = 0;

	for (int i = 0; i < 4 && shape[i] != 0; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len,
		    "%s%" PRIu64, i > 0 ? "x" : "", shape[i]);
	if (len > 0)
		grid_text(g, "shape", "%s", text);
}

static void
fill_numbers(struct grid *g, const struct qt_obj_stat *s)
{
	char	text[600] = "";
	int	len = 0;

	for (uint32_t i = 0; i < s->number_count; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len,
		    "%s%s=%" PRIu64, i > 0 ? " " : "", s->number[i].name,
		    s->number[i].value);
	if (len > 0)
		grid_text(g, "numbers", "%s", text);
}

static void
fill_object(struct grid *g, const struct qt_obj_stat *s)
{
	grid_text(g, "dtype", "%s", s->dtype);
	if (s->key_dtype[0] != '\0')
		grid_text(g, "key_dtype", "%s", s->key_dtype);
	fill_shape(g, s->shape);
	grid_number(g, "count", s->count);
	grid_number(g, "capacity", s->capacity);
	if (s->elem_size > 0)
		grid_number(g, "item", s->elem_size);
	if (s->key_size > 0)
		grid_number(g, "key", s->key_size);
	grid_number(g, "open", s->is_open != 0);
	grid_number(g, "waiting", s->has_waiters != 0);
	if (s->data_offset > 0)
		grid_number(g, "data_offset", s->data_offset);
	grid_text(g, "id", "%016" PRIx64, s->id);
	grid_number(g, "created", s->made_ms);
	fill_numbers(g, s);
}

void
names_row(struct grid *g, struct qt_seg *seg, const struct qt_seg_entry *e)
{
	struct qt_obj_stat	s;
	const char		*type = qt_obj_type_name(e->type);
	int			 rc = 0;

	grid_row(g);
	grid_text(g, "name", "%s", e->name);
	if (type != NULL)
		grid_text(g, "type", "%s", type);
	else
		grid_text(g, "type", "%" PRIu32, e->type);
	grid_text(g, "dtype", "%s", e->dtype);
	grid_number(g, "size", e->size);
	grid_number(g, "offset", e->offset);
	if (qt_obj_is_type(e->type)) {
		rc = qt_obj_stat(seg, e->name, &s, NULL);
		if (rc == 0)
			fill_object(g, &s);
	} else {
		fill_shape(g, e->shape);
	}
	grid_text(g, "state", rc == 0 ? "ok" : "damaged");
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct qt_seg_entry *)a)->name,
	    ((const struct qt_seg_entry *)b)->name);
}

size_t
names_all(struct qt_seg *seg, struct qt_seg_entry **out)
{
	struct qt_seg_entry	e, *more;
	uint32_t		cursor = 0;
	size_t			count = 0;

	*out = NULL;
	while (qt_seg_entry_next(seg, &cursor, &e) == 1) {
		more = realloc(*out, (count + 1) * sizeof(**out));
		if (more == NULL)
			qt_die(QT_EXIT_SYS, "no memory for the list");
		*out = more;
		more[count++] = e;
	}
	if (count > 0)
		qsort(*out, count, sizeof(**out), compare);
	return count;
}

size_t
names_list(struct grid *g, const struct target *t)
{
	struct qt_seg_entry	*all;
	struct qt_zipm		 z;
	struct qt_seg		*seg;
	size_t			 count;

	if (zipm_open(&z, t)) {
		for (uint32_t i = 0; i < z.count; i++)
			zipm_row(g, &z, t, &z.entry[i]);
		qt_zipm_close(&z);
		return g->row_count;
	}
	seg = target_open(t, QT_SEG_RDONLY);
	count = names_all(seg, &all);
	for (size_t i = 0; i < count; i++) {
		names_row(g, seg, &all[i]);
		grid_text(g, "path", "/dev/shm/%s", t->seg);
	}
	free(all);
	target_close(seg);
	return count;
}
