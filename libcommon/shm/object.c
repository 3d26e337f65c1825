/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making an object. See <qt/shm/object.h>.
 *
 *	alloc	the extent, and our slot's intent names it: one step
 *	fill	head and words, at leisure: nobody else knows of it
 *	publish	the row is READY and the intent 0: one step
 *
 * Killed before alloc or after publish, nothing is left to do. In between, who
 * sweeps us frees what the intent names. There is one intent for all threads
 * of a participant, so they make objects one after the other.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/hash.h>

#include "object_priv.h"

static uint32_t
head_crc(const struct qt__obj_head *h)
{
	uint32_t	crc = qt_crc32c(0, h,
	    offsetof(struct qt__obj_head, crc));

	crc = qt_crc32c(crc, h->dtype, sizeof(h->dtype));
	return qt_crc32c(crc, h->key_dtype, sizeof(h->key_dtype));
}

int
qt__obj_head_check(const struct qt__obj_head *h, uint32_t type, uint64_t size)
{
	if (memcmp(h->magic, QT__OBJ_MAGIC, sizeof(h->magic)) != 0 ||
	    h->crc != head_crc(h) || h->type != type || h->id == 0 ||
	    h->size < QT__OBJ_BODY || h->size > size ||
	    memchr(h->dtype, '\0', sizeof(h->dtype)) == NULL ||
	    memchr(h->key_dtype, '\0', sizeof(h->key_dtype)) == NULL)
		return -QT_ECORRUPT;
	return 0;
}

static int
has_room(const char *text, size_t size)
{
	return text == NULL || strlen(text) < size;
}

static int
check_spec(const struct qt_seg *seg, const char *name,
    const struct qt__obj_spec *spec, struct qt_err *err)
{
	const char	*why = NULL;

	if (seg->self == 0 || seg->pid != getpid()) {
		qt_err_set(err, "only a participant may change the segment");
		return -EACCES;
	}
	if (!(seg->head.need_write & QT__SEG_OBJECTS)) {
		qt_err_set(err, "the segment was made without objects");
		return -QT_EVERSION;
	}
	if (name[0] == '\0' || strlen(name) >= QT_SEG_NAME_SIZE)
		why = "a name has 1 to 63 bytes";
	else if (!has_room(spec->dtype, QT_OBJ_DTYPE_SIZE) ||
	    !has_room(spec->key_dtype, QT_OBJ_KEY_DTYPE_SIZE))
		why = "the dtype is too long";
	else if (qt__obj_type(spec->type) == NULL || spec->size < QT__OBJ_BODY)
		why = "no such object";
	else if (spec->size > seg->size) {
		qt_err_set(err, "it takes %llu bytes and the segment has %llu",
		    (unsigned long long)spec->size,
		    (unsigned long long)seg->size);
		return -ENOMEM;
	}
	if (why == NULL)
		return 0;
	qt_err_set(err, "%s", why);
	return -EINVAL;
}

static void
fill_head(struct qt__obj_head *h, const struct qt__obj_spec *spec)
{
	memcpy(h->magic, QT__OBJ_MAGIC, sizeof(h->magic));
	h->type = spec->type;
	h->flags = spec->flags;
	while (h->id == 0)
		qt_random(&h->id, sizeof(h->id));
	h->elem_size = spec->elem_size;
	h->key_size = spec->key_size;
	h->capacity = spec->capacity;
	h->size = spec->size;
	h->made_ms = qt_clock_real_ms();
	memcpy(h->shape, spec->shape, sizeof(h->shape));
	memcpy(h->param, spec->param, sizeof(h->param));
	if (spec->dtype != NULL)
		memcpy(h->dtype, spec->dtype, strlen(spec->dtype));
	if (spec->key_dtype != NULL)
		memcpy(h->key_dtype, spec->key_dtype, strlen(spec->key_dtype));
	h->crc = head_crc(h);
}

static void
fill_row(struct qt_seg_entry *e, const char *name,
    const struct qt__obj_spec *spec, uint64_t offset)
{
	memset(e, 0, sizeof(*e));
	memcpy(e->name, name, strlen(name));
	/* The row has less room; the head has all of it. */
	if (spec->dtype != NULL && has_room(spec->dtype, sizeof(e->dtype)))
		memcpy(e->dtype, spec->dtype, strlen(spec->dtype));
	e->type = spec->type;
	memcpy(e->shape, spec->shape, sizeof(e->shape));
	e->offset = offset;
	e->size = spec->size;
}

/* The extent gets its head and the type's words. 0 or the type's refusal. */
static int
fill(struct qt_seg *seg, const struct qt__obj_spec *spec, uint64_t offset)
{
	struct qt_obj	obj = { .seg = seg, .offset = offset,
	    .size = spec->size, .base = seg->map + offset,
	    .shared = (void *)(seg->map + offset),
	    .type = qt__obj_type(spec->type) };

	fill_head(&obj.head, spec);
	memcpy(obj.base, &obj.head, sizeof(obj.head));
	if (spec->init != NULL)
		spec->init(&obj, spec->arg);
	return obj.type->check(&obj) < 0 ? -EINVAL : 0;
}

static int
create_once(struct qt_seg *seg, const char *name,
    const struct qt__obj_spec *spec)
{
	struct qt_seg_entry	entry;
	uint64_t		link, word, offset;
	int			rc;

	if (qt__row_find(seg, name, &word, &entry) >= 0)
		return -EEXIST;
	link = seg->head.slot_offset +
	    (uint64_t)seg->self * sizeof(struct qt__seg_slot) +
	    offsetof(struct qt__seg_slot, intent);
	/* Should an earlier one have been left there: it was never seen. */
	rc = qt__seg_free(seg, 0, link);
	if (rc == 0)
		rc = qt__seg_alloc(seg, spec->size, link, 0, &offset);
	if (rc < 0)
		return rc;
	rc = fill(seg, spec, offset);
	if (rc == 0) {
		fill_row(&entry, name, spec, offset);
		rc = qt__row_publish(seg, &entry);
	}
	if (rc < 0)
		(void)qt__seg_free(seg, 0, link);
	return rc;
}

static const char *
why(int rc)
{
	switch (rc) {
	case -EEXIST:		return "the name is taken";
	case -QT_EFULL:		return "the segment has no row for the name";
	case -ENOMEM:		return "the segment has no space left";
	case -ENOSPC:		return "/dev/shm has no space left";
	case -EINVAL:		return "sizes that do not fit together";
	default:		return "make the object";
	}
}

int
qt__obj_create(struct qt_seg *seg, const char *name,
    const struct qt__obj_spec *spec, struct qt_err *err)
{
	int	rc = check_spec(seg, name, spec, err);

	if (rc == 0) {
		pthread_mutex_lock(&seg->make_mutex);
		rc = create_once(seg, name, spec);
		/* What nobody uses any more may be in the way. */
		if ((rc == -ENOMEM || rc == -ENOSPC || rc == -QT_EFULL) &&
		    qt_obj_gc(seg) >= 0)
			rc = create_once(seg, name, spec);
		pthread_mutex_unlock(&seg->make_mutex);
		if (rc < 0)
			qt_err_set(err, "%s", why(rc));
	}
	if (rc < 0)
		qt_err_wrap(err, "make '%s'", name);
	return rc;
}

uint64_t
qt_obj_id(const struct qt_obj *obj)
{
	return obj->head.id;
}

int
qt_obj_is_erased(const struct qt_obj *obj)
{
	/* Pairs with the release store in object_erase.c. */
	return atomic_load_explicit(&obj->shared->erased,
	    memory_order_acquire) != 0;
}
