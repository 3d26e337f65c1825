/* SPDX-License-Identifier: Apache-2.0 */
/* The slices that a step writes. See compact_priv.h. */

#include <stdatomic.h>
#include <stdlib.h>

#include <qt/base/sys.h>

#include "compact_priv.h"
#include "run_file_priv.h"

struct qt__output_slice {
	struct qt__run_info	info;
	struct qt_buf		min, max;
};

/* Room for one more, which is then the caller's to count. */
static struct qt__output_slice *
next_slice(struct qt__output *o)
{
	struct qt__output_slice	*more;
	size_t			 room = o->room == 0 ? 8 : o->room * 2;

	if (o->count == o->room) {
		more = realloc(o->slices, room * sizeof(*more));
		if (more == NULL)
			return NULL;
		memset(more + o->room, 0, (room - o->room) * sizeof(*more));
		o->slices = more;
		o->room = room;
	}
	return &o->slices[o->count];
}

static int
begin(struct qt__output *o, const struct qt__entry *e, struct qt_err *err)
{
	struct qt__run_options	 options = { .level = o->work->level };
	struct qt__output_slice	*s = next_slice(o);

	if (s == NULL || qt__key_hold(&s->min, e->key, e->key_len) < 0)
		return -ENOMEM;
	return qt__run_create(&o->writer, o->work->run_dirfd,
	    atomic_fetch_add_explicit(o->next, 1, memory_order_relaxed),
	    &options, err);
}

int
qt__output_finish(struct qt__output *o, struct qt_err *err)
{
	struct qt__output_slice	*s = &o->slices[o->count];
	struct qt__run_writer	*w = o->writer;
	int			 rc;

	if (w == NULL)
		return 0;
	o->writer = NULL;
	if (qt__key_hold(&s->max, o->last.data, o->last.len) < 0) {
		qt__run_abort(w);
		return -ENOMEM;
	}
	rc = qt__run_finish(w, &s->info, err);
	if (rc < 0)
		return rc;
	o->count++;
	o->bytes += s->info.size;
	if (o->work->written != NULL)
		o->work->written(o->work->arg, s->info.size);
	return 0;
}

int
qt__output_add(struct qt__output *o, const struct qt__entry *e,
    struct qt_err *err)
{
	bool	is_new = !qt__key_equals(e, o->last.data, o->last.len);
	int	rc = 0;

	if (o->writer != NULL && is_new &&
	    qt__run_size(o->writer) >= o->slice_size)
		rc = qt__output_finish(o, err);
	if (rc == 0 && o->writer == NULL)
		rc = begin(o, e, err);
	if (rc == 0)
		rc = qt__run_add(o->writer, e, err);
	if (rc == 0 && is_new)
		rc = qt__key_hold(&o->last, e->key, e->key_len);
	return rc;
}

uint64_t
qt__output_size(const struct qt__output *o, bool *is_full)
{
	uint64_t	size = o->writer == NULL ? 0 : qt__run_size(o->writer);

	*is_full = size >= o->slice_size;
	return o->bytes + size;
}

int
qt__output_list(const struct qt__output *o, struct qt__manifest_edit *e,
    uint64_t run)
{
	const struct qt__output_slice	*s;
	int				 rc = 0;

	for (s = o->slices; s < o->slices + o->count && rc == 0; s++)
		rc = qt__manifest_slice_add(e, run, &s->info, s->min.data,
		    s->min.len, s->max.data, s->max.len);
	return rc;
}

void
qt__output_remove(struct qt__output *o)
{
	char	name[QT__RUN_NAME_SIZE];
	size_t	i;

	for (i = 0; i < o->count; i++) {
		qt__run_name(name, o->slices[i].info.number);
		(void)qt_sys_unlink(o->work->run_dirfd, name);
	}
	o->count = 0;
}

void
qt__output_clear(struct qt__output *o)
{
	size_t	i;

	qt__run_abort(o->writer);
	for (i = 0; i < o->room; i++) {
		qt_buf_clear(&o->slices[i].min);
		qt_buf_clear(&o->slices[i].max);
	}
	free(o->slices);
	qt_buf_clear(&o->last);
	o->slices = NULL;
	o->writer = NULL;
	o->count = o->room = 0;
}
