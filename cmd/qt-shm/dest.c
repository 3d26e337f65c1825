/* SPDX-License-Identifier: Apache-2.0 */
/* What import stores into. See dest.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dest.h"

#define PIECE	65536u

const char *
dest_why_not(const struct qt_npy *npy)
{
	if (npy->count == 0)
		return "it has no elements";
	if (npy->is_fortran && npy->dims > 1)
		return "it is in Fortran's order; np.ascontiguousarray() puts "
		    "it in C order";
	return NULL;
}

static int
open_it(struct dest *d, struct qt_seg *seg, const struct qt_npy *npy,
    struct qt_err *err)
{
	int	rc;

	if (npy->dims == 0)
		return qt_value_open(seg, d->target.name, npy->dtype.text,
		    &d->value, err);
	rc = qt_array_open(seg, d->target.name, npy->dtype.text, &d->array,
	    err);
	if (rc == 0 && memcmp(qt_array_shape(d->array), npy->shape,
	    sizeof(npy->shape)) != 0) {
		qt_err_set(err, "it is of another shape ('qt-shm stat -o "
		    "shape %s' says which)", d->target.text);
		qt_array_close(d->array);
		d->array = NULL;
		rc = -EINVAL;
	}
	return rc;
}

int
dest_find(struct dest *d, const struct target *t, struct qt_seg *seg,
    const struct qt_npy *npy, int is_forced)
{
	struct qt_err		err = QT_ERR_INIT;
	struct qt_seg_entry	e;
	int			rc;

	*d = (struct dest){ .target = *t };
	rc = qt_seg_entry_get(seg, t->name, &e);
	if (rc == -ENOENT)
		return 0;
	if (rc == 0 && !is_forced) {
		qt_warn("%s: the name is taken (-f stores into it, "
		    "'qt-shm rm %s' removes it)", t->text, t->text);
		return -EEXIST;
	}
	if (rc == 0)
		rc = open_it(d, seg, npy, &err);
	if (rc == -ENOENT)
		return 0;	/* erased meanwhile */
	if (rc < 0)
		(void)target_warn(t, rc, &err);
	return rc < 0 ? rc : 1;
}

int
dest_make(struct dest *d, struct qt_seg *seg, const struct qt_npy *npy)
{
	struct qt_array_spec	 array = { .dtype = npy->dtype.text };
	struct qt_value_spec	 value = { .dtype = npy->dtype.text };
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc;

	memcpy(array.shape, npy->shape, sizeof(array.shape));
	rc = npy->dims == 0 ?
	    qt_value_create(seg, d->target.name, &value, &err) :
	    qt_array_create(seg, d->target.name, &array, &err);
	if (rc == 0) {
		rc = open_it(d, seg, npy, &err);
		d->is_new = rc == 0;
	}
	if (rc < 0)
		(void)target_warn(&d->target, rc, &err);
	return rc;
}

/* Only if it still is ours: somebody may have made another one since. */
static void
undo(const struct dest *d, struct qt_seg *seg)
{
	struct qt_obj		*obj = d->array != NULL ?
	    qt_array_obj(d->array) : qt_value_obj(d->value);
	struct qt_obj_stat	 stat;

	if (qt_obj_stat(seg, d->target.name, &stat, NULL) == 0 &&
	    stat.id == qt_obj_id(obj))
		(void)qt_obj_erase(seg, d->target.name, NULL);
}

void
dest_close(struct dest *d, struct qt_seg *seg, int is_undone)
{
	if (is_undone && d->is_new)
		undo(d, seg);
	qt_array_close(d->array);
	qt_value_close(d->value);
	d->array = NULL;
	d->value = NULL;
	d->is_new = 0;
}

static int
store(struct dest *d, uint64_t at, uint64_t count, const void *data,
    size_t len)
{
	int	rc;

	d->is_touched = 1;
	rc = d->value != NULL ? qt_value_put(d->value, data, len, NULL) :
	    qt_array_put(d->array, at, count, data);
	if (rc == 0)
		return 0;
	(void)target_warn(&d->target, rc, NULL);
	return -ECANCELED;
}

int
dest_fill(struct dest *d, const struct qt_npy *npy,
    int (*get)(void *arg, void *out, size_t len), void *arg)
{
	size_t		 size = npy->dtype.size;
	uint64_t	 room = size > PIECE ? 1 : PIECE / size, n;
	void		*buf = malloc((size_t)room * size);
	int		 rc = 0;

	if (buf == NULL) {
		qt_warn("%s: no memory for an element of %zu bytes",
		    d->target.text, size);
		return -ECANCELED;
	}
	for (uint64_t i = 0; i < npy->count && rc == 0; i += n) {
		n = npy->count - i < room ? npy->count - i : room;
		rc = get(arg, buf, (size_t)n * size);
		if (rc == 0)
			rc = store(d, i, n, buf, (size_t)n * size);
	}
	free(buf);
	return rc;
}
