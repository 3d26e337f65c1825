/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of an object, and whether it is sound. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/sys.h>

#include "object_priv.h"

void
qt__stat_add(struct qt_obj_stat *stat, const char *name, uint64_t value)
{
	if (stat->number_count == QT_OBJ_NUMBERS)
		return;
	stat->number[stat->number_count].name = name;
	stat->number[stat->number_count++].value = value;
}

int
qt_obj_stat(struct qt_seg *seg, const char *name, struct qt_obj_stat *out,
    struct qt_err *err)
{
	struct qt_obj			 obj;
	const struct qt__obj_head	*h = &obj.head;
	int				 rc = qt__obj_open(seg, name,
	    QT_TYPE_NONE, &obj, err);

	memset(out, 0, sizeof(*out));
	if (rc < 0)
		return rc;
	snprintf(out->name, sizeof(out->name), "%s", name);
	out->type_name = obj.type->name;
	out->type = h->type;
	out->flags = h->flags;
	out->id = h->id;
	out->made_ms = h->made_ms;
	memcpy(out->dtype, h->dtype, sizeof(out->dtype));
	memcpy(out->key_dtype, h->key_dtype, sizeof(out->key_dtype));
	out->elem_size = h->elem_size;
	out->key_size = h->key_size;
	out->capacity = h->capacity;
	memcpy(out->shape, h->shape, sizeof(out->shape));
	out->offset = obj.offset;
	out->size = obj.size;
	/* Asked of the description with our own lock, which is not counted. */
	out->is_open = qt_sys_is_used(seg->obj_fd, (off_t)obj.offset, 1) > 0;
	for (unsigned int i = 0; i < QT__OBJ_WAITS; i++)
		out->has_waiters |= (int)(atomic_load_explicit(
		    &obj.shared->wait[i], memory_order_relaxed) & 1);
	if (obj.type->describe != NULL)
		obj.type->describe(&obj, out);
	qt__obj_close(&obj);
	return 0;
}

struct qt__holds {
	void	(*fn)(void *arg, const struct qt_obj_hold *hold);
	void	*arg;
};

void
qt__hold(struct qt__holds *h, uint32_t id, const char *what, uint64_t count)
{
	struct qt_obj_hold	hold = { .participant = id, .what = what,
	    .count = count };

	if (id != 0 && count != 0)
		h->fn(h->arg, &hold);
}

int
qt_obj_each_hold(struct qt_seg *seg, const char *name,
    void (*fn)(void *arg, const struct qt_obj_hold *hold), void *arg,
    struct qt_err *err)
{
	struct qt__holds	h = { .fn = fn, .arg = arg };
	struct qt_obj		obj;
	int			rc = qt__obj_open(seg, name, QT_TYPE_NONE,
	    &obj, err);

	if (rc < 0)
		return rc;
	if (obj.type->each_hold != NULL)
		obj.type->each_hold(&obj, &h);
	qt__obj_close(&obj);
	return 0;
}

void
qt__fsck_fault(struct qt__fsck *f, bool is_repaired, const char *fmt, ...)
{
	char	text[200];
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!is_repaired)
		f->left++;
	if (f->fault != NULL)
		f->fault(f->arg, f->name, text);
}

/* Under the lock, for the eraser changes both words under it. */
static void
check_erased(struct qt_obj *obj, uint32_t row, uint64_t word,
    struct qt__fsck *f)
{
	bool	is_bad, repair = f->flags & QT_OBJ_FSCK_REPAIR;

	if (qt__seg_lock(obj->seg) < 0)
		return;
	is_bad = atomic_load(&obj->seg->rows[row].word) == word &&
	    qt_obj_is_erased(obj);
	if (is_bad && repair)
		atomic_store(&obj->shared->erased, 0);
	qt__seg_unlock(obj->seg);
	if (is_bad)
		qt__fsck_fault(f, repair,
		    "it is there and says that it was erased");
}

static void
check_row(struct qt_seg *seg, uint32_t row, struct qt__fsck *f)
{
	struct qt_seg_entry	e;
	struct qt_obj		obj;
	uint64_t		word;
	uint32_t		state = qt__row_get(seg, row, &word, &e);
	int			rc;

	if (state == QT__ROW_FREE || qt__obj_type(e.type) == NULL ||
	    (state == QT__ROW_ERASED && e.offset == 0))
		return;
	memcpy(f->name, e.name, sizeof(f->name));
	rc = qt__obj_attach(seg, row, word, &e, &obj, NULL);
	if (rc == -EAGAIN)
		return;		/* it is being erased */
	if (rc < 0) {
		qt__fsck_fault(f, false, "%s", rc == -QT_ECORRUPT ?
		    "its head makes no sense" : qt_strerror(rc));
		return;
	}
	if (state == QT__ROW_READY)
		check_erased(&obj, row, word, f);
	if (obj.type->fsck != NULL)
		obj.type->fsck(&obj, f);
	qt__obj_detach(&obj);
	if (state == QT__ROW_ERASED)
		(void)qt__obj_finish(seg, row, true);
}

static int
compare(const void *a, const void *b)
{
	uint64_t	x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Two rows of one extent: it would be freed under one of them. */
static int
check_shared(struct qt_seg *seg, struct qt__fsck *f)
{
	uint64_t	*at = calloc(seg->head.entry_count, sizeof(*at));
	uint32_t	 n = 0;

	if (at == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < seg->head.entry_count; i++) {
		struct qt_seg_entry	e;
		uint64_t		word;

		if (qt__row_get(seg, i, &word, &e) != QT__ROW_FREE &&
		    qt__obj_type(e.type) != NULL && e.offset != 0)
			at[n++] = e.offset;
	}
	qsort(at, n, sizeof(*at), compare);
	f->name[0] = '\0';
	for (uint32_t i = 1; i < n; i++)
		if (at[i] == at[i - 1])
			qt__fsck_fault(f, false, "two objects at %#llx",
			    (unsigned long long)at[i]);
	free(at);
	return 0;
}

int
qt_obj_fsck(struct qt_seg *seg, unsigned int flags,
    void (*fault)(void *arg, const char *name, const char *what), void *arg)
{
	struct qt__fsck	f = { .flags = flags, .fault = fault, .arg = arg };

	int		rc;

	if (seg->self == 0)
		return -EACCES;
	rc = check_shared(seg, &f);
	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < seg->head.entry_count; i++)
		check_row(seg, i, &f);
	return f.left;
}
