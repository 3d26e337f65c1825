/* SPDX-License-Identifier: Apache-2.0 */
/* What export writes. See source.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"

#define PIECE	65536u

static int
open_array(struct source *s, struct qt_seg *seg, const char *name,
    struct qt_err *err)
{
	const uint64_t	*shape;
	int		 rc = qt_array_open(seg, name, NULL, &s->array, err);

	if (rc == 0)
		rc = qt_dtype_parse(&s->npy.dtype, qt_array_dtype(s->array),
		    err);
	if (rc < 0)
		return rc;
	shape = qt_array_shape(s->array);
	s->npy.count = qt_array_count(s->array);
	while (s->npy.dims < QT_NPY_DIMS && shape[s->npy.dims] != 0) {
		s->npy.shape[s->npy.dims] = shape[s->npy.dims];
		s->npy.dims++;
	}
	return 0;
}

static int
open_value(struct source *s, struct qt_seg *seg, const char *name,
    struct qt_err *err)
{
	struct qt_value	*v;
	ssize_t		 n = -ENOMEM;
	int		 rc = qt_value_open(seg, name, NULL, &v, err);

	if (rc == 0)
		rc = qt_dtype_parse(&s->npy.dtype, qt_value_dtype(v), err);
	if (rc < 0)
		goto out;
	s->npy.count = 1;
	s->value = malloc(s->npy.dtype.size);
	if (s->value != NULL)
		n = qt_value_get(v, s->value, s->npy.dtype.size, NULL);
	if (n == -QT_EEMPTY)
		qt_err_set(err, "it has no value yet");
	rc = n < 0 ? (int)n : (size_t)n != s->npy.dtype.size ? -QT_ECORRUPT : 0;
out:
	qt_value_close(v);
	return rc;
}

int
source_open(struct source *s, struct qt_seg *seg, const char *name,
    const char **why, struct qt_err *err)
{
	struct qt_seg_entry	e;
	struct qt_obj_stat	stat = { .dtype = "" };
	int			rc = qt_seg_entry_get(seg, name, &e);

	*s = (struct source){ .offset = 0 };
	*why = NULL;
	if (rc == 0 && e.type >= QT_TYPE_ARRAY && e.type < QT_TYPE_COUNT_)
		rc = qt_obj_stat(seg, name, &stat, err);
	if (rc < 0)
		return rc;
	if (e.type == QT_TYPE_ARRAY) {
		rc = open_array(s, seg, name, err);
	} else if (e.type == QT_TYPE_VALUE && stat.dtype[0] != '\0') {
		rc = open_value(s, seg, name, err);
	} else {
		*why = e.type == QT_TYPE_VALUE ? "value without a dtype" :
		    qt_obj_type_name(e.type);
		if (*why == NULL)
			*why = "structure of a newer type";
		return 1;
	}
	s->npy.size = s->npy.count * s->npy.dtype.size;
	if (rc < 0)
		source_close(s);
	return rc;
}

void
source_open_zipm(struct source *s, const struct qt_zipm *z,
    const struct target *t, const char *dtype)
{
	*s = (struct source){ .zipm = z };
	zipm_npy(z, t, dtype, &s->npy);
	s->offset = zipm_entry(z, t)->offset + 8;
}

void
source_close(struct source *s)
{
	qt_array_close(s->array);
	free(s->value);
	*s = (struct source){ .offset = 0 };
}

int
source_read(const struct source *s,
    int (*put)(void *arg, const void *data, size_t len), void *arg)
{
	size_t		 size = s->npy.dtype.size;
	uint64_t	 count = s->npy.count, n;
	uint64_t	 room = size > PIECE ? 1 : PIECE / size;
	void		*buf;
	int		 rc = 0;

	if (s->value != NULL)
		return put(arg, s->value, size);
	buf = malloc((size_t)room * size);
	if (buf == NULL)
		return -ENOMEM;
	for (uint64_t i = 0; i < count && rc == 0; i += n) {
		n = count - i < room ? count - i : room;
		rc = s->zipm != NULL ? qt_zipm_read(s->zipm, s->offset +
		    i * size, buf, (size_t)n * size) :
		    qt_array_get(s->array, i, n, buf);
		if (rc == 0)
			rc = put(arg, buf, (size_t)n * size);
	}
	free(buf);
	return rc;
}
