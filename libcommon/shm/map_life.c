/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making and opening maps and sets. See <qt/shm/map.h>; the table that they
 * are is in hash_priv.h.
 */

#include <errno.h>
#include <stdlib.h>

#include <qt/shm/dtype.h>
#include <qt/shm/map.h>
#include <qt/shm/set.h>

#include "map_priv.h"

extern const struct qt__obj_type	qt__map_type, qt__set_type;

static int
create(struct qt_seg *seg, const char *name, uint32_t type,
    const struct qt_map_spec *spec, struct qt_err *err)
{
	struct qt__obj_spec	s = { .type = type,
	    .key_dtype = spec->key_dtype, .dtype = spec->dtype,
	    .key_size = spec->key_max, .elem_size = spec->value_max,
	    .capacity = spec->capacity };
	struct qt_dtype		key, value;
	int			rc = qt__hash_size_by(&s.key_dtype, &key,
	    &s.key_size, err);

	if (rc == 0)
		rc = qt__hash_size_by(&s.dtype, &value, &s.elem_size, err);
	if (rc < 0) {
		qt_err_wrap(err, "make %s '%s'", qt_obj_type_name(type), name);
		return rc;
	}
	s.size = qt__hash_plan(seg, &s, QT__OBJ_BODY);
	if (s.size == UINT64_MAX) {
		qt_err_set(err, "make %s '%s': it takes 1 to 2^31 entries of "
		    "keys of 1 to %d bytes and values of up to %u",
		    qt_obj_type_name(type), name, QT_MAP_KEY_MAX,
		    QT_MAP_VALUE_MAX);
		return -EINVAL;
	}
	return qt__obj_create(seg, name, &s, err);
}

int
qt_map_create(struct qt_seg *seg, const char *name,
    const struct qt_map_spec *spec, struct qt_err *err)
{
	return create(seg, name, QT_TYPE_MAP, spec, err);
}

int
qt_set_create(struct qt_seg *seg, const char *name,
    const struct qt_set_spec *spec, struct qt_err *err)
{
	struct qt_map_spec	s = { .key_dtype = spec->dtype,
	    .key_max = spec->key_max, .capacity = spec->capacity };

	return create(seg, name, QT_TYPE_SET, &s, err);
}

static int
check(const struct qt_obj *obj)
{
	struct qt__hash	t;

	if (qt__hash_init(&t, obj, QT__OBJ_BODY) < 0 ||
	    qt__hash_check_types(&obj->head) < 0)
		return -QT_ECORRUPT;
	return 0;
}

static void
sweep(struct qt_obj *obj, uint32_t id)
{
	struct qt__hash	t;

	if (qt__hash_init(&t, obj, QT__OBJ_BODY) == 0)
		qt__hash_sweep(&t, id);
}

static void
describe(struct qt_obj *obj, struct qt_obj_stat *stat)
{
	struct qt__hash	t;

	if (qt__hash_init(&t, obj, QT__OBJ_BODY) == 0)
		stat->count = qt__hash_count(&t);
}

static void
fsck(struct qt_obj *obj, struct qt__fsck *f)
{
	struct qt__hash	t;

	if (qt__hash_init(&t, obj, QT__OBJ_BODY) == 0)
		qt__hash_fsck(&t, f);
}

const struct qt__obj_type	qt__map_type = {
	.number = QT_TYPE_MAP, .name = "map", .check = check,
	.sweep = sweep, .describe = describe, .fsck = fsck,
};

const struct qt__obj_type	qt__set_type = {
	.number = QT_TYPE_SET, .name = "set", .check = check,
	.sweep = sweep, .describe = describe, .fsck = fsck,
};

static void
set_up(struct qt_map *m)
{
	const struct qt__obj_head	*h = &m->obj.head;
	struct qt_dtype			 d;

	m->is_key_fixed = h->key_dtype[0] != '\0';
	m->is_value_fixed = h->dtype[0] != '\0';
	if (!m->is_value_fixed && h->elem_size >= 8) {
		m->int_size = 8;
		m->is_signed = true;
	} else if (m->is_value_fixed &&
	    qt_dtype_parse(&d, h->dtype, NULL) == 0 && qt_dtype_is_int(&d)) {
		m->int_size = d.size;
		m->is_signed = d.field[0].kind == 'i';
	}
}

int
qt__map_attach(struct qt_seg *seg, const char *name, uint32_t type,
    const char *key_dtype, const char *dtype, struct qt_map **out,
    struct qt_err *err)
{
	struct qt_map	*m = qt__obj_new(qt_map);
	int		 rc;

	*out = NULL;
	if (m == NULL)
		return -ENOMEM;
	rc = qt__obj_open(seg, name, type, &m->obj, err);
	if (rc < 0)
		goto err_after_new;
	rc = qt__hash_compare_types(&m->obj.head, key_dtype, dtype, err);
	if (rc == 0)
		rc = qt__hash_init(&m->hash, &m->obj, QT__OBJ_BODY);
	if (rc < 0) {
		qt_err_wrap(err, "open %s '%s'", qt_obj_type_name(type), name);
		goto err_after_open;
	}
	set_up(m);
	*out = m;
	return 0;

err_after_open:
	qt__obj_close(&m->obj);
err_after_new:
	free(m);
	return rc;
}

int
qt_map_open(struct qt_seg *seg, const char *name, const char *key_dtype,
    const char *dtype, struct qt_map **out, struct qt_err *err)
{
	return qt__map_attach(seg, name, QT_TYPE_MAP, key_dtype, dtype, out,
	    err);
}

void
qt_map_close(struct qt_map *m)
{
	if (m == NULL)
		return;
	qt__obj_close(&m->obj);
	free(m);
}
