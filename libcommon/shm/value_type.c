/* SPDX-License-Identifier: Apache-2.0 */
/* What values are as objects: sound, swept, described. See value_priv.h. */

#include <qt/shm/dtype.h>

#include "value_priv.h"

static int
check(const struct qt_obj *obj)
{
	const struct qt__obj_head	*h = &obj->head;

	if (h->param[0] <= QT__VALUE_EXTRA ||
	    h->param[0] > QT_VALUE_WRITERS_MAX + QT__VALUE_EXTRA || h->elem_size == 0 ||
	    h->elem_size > QT_VALUE_SIZE_MAX ||
	    qt__obj_sum(h->param[0], qt__value_stride(h->elem_size),
	    QT__VALUE_BUFFERS) != h->size)
		return -QT_ECORRUPT;
	return qt__obj_dtype_is_sound(h->dtype, h->elem_size) ? 0 :
	    -QT_ECORRUPT;
}

void
qt__value_settle(const struct qt_value *v, uint32_t i, uint64_t word)
{
	uint64_t	published = atomic_load(v->published);
	uint32_t	state = qt__value_seq(published) != 0 &&
	    qt__value_index(published) == i ? QT__VALUE_DONE : QT__VALUE_FREE;

	/* Fails when somebody else settled it: just as well. */
	atomic_compare_exchange_strong(&qt__value_buffer(v, i)->word, &word,
	    qt__owner(qt__owner_generation(word), 0, state));
}

static void
sweep(struct qt_obj *obj, uint32_t id)
{
	struct qt_value	v = { .obj = *obj };

	qt__value_attach(&v);
	for (uint32_t i = 0; i < v.count; i++) {
		uint64_t	word = atomic_load(&qt__value_buffer(&v, i)->word);

		if (qt__owner_state(word) == QT__VALUE_OWNED && qt__owner_id(word) == id)
			qt__value_settle(&v, i, word);
	}
}

static void
describe(struct qt_obj *obj, struct qt_obj_stat *stat)
{
	struct qt_value	v = { .obj = *obj };
	uint64_t	published, held = 0;

	qt__value_attach(&v);
	published = atomic_load(v.published);
	for (uint32_t i = 0; i < v.count; i++)
		held += qt__owner_state(atomic_load(&qt__value_buffer(&v, i)->word)) ==
		    QT__VALUE_OWNED;
	stat->count = qt__value_seq(published) != 0;
	qt__stat_add(stat, "sequence", qt__value_seq(published));
	if (qt__value_seq(published) != 0 && qt__value_index(published) < v.count)
		qt__stat_add(stat, "length", atomic_load_explicit(
		    &qt__value_buffer(&v, qt__value_index(published))->len,
		    memory_order_relaxed));
	qt__stat_add(stat, "writers", v.count - QT__VALUE_EXTRA);
	qt__stat_add(stat, "writing", held);
}

static bool
has_value(const struct qt_value *v, uint64_t published)
{
	uint32_t	i = qt__value_index(published);

	return i < v->count &&
	    atomic_load(&qt__value_buffer(v, i)->len) <= v->size;
}

static void
fsck(struct qt_obj *obj, struct qt__fsck *f)
{
	struct qt_value	v = { .obj = *obj };
	uint64_t	published;
	bool		repair = f->flags & QT_OBJ_FSCK_REPAIR;

	qt__value_attach(&v);
	published = atomic_load(v.published);
	if (qt__value_seq(published) != 0 && !has_value(&v, published)) {
		if (repair)
			/* No value, rather than one that makes no sense. */
			atomic_compare_exchange_strong(v.published, &published,
			    0);
		qt__fsck_fault(f, repair, "its value makes no sense");
	}
	for (uint32_t i = 0; i < v.count; i++) {
		uint64_t	word = atomic_load(&qt__value_buffer(&v, i)->word);
		uint32_t	state = qt__owner_state(word);

		if (state <= QT__VALUE_DONE && (state != QT__VALUE_OWNED ||
		    !qt__obj_is_dead(obj, qt__owner_id(word))))
			continue;
		if (repair)
			qt__value_settle(&v, i, word);
		qt__fsck_fault(f, repair, "buffer %u belongs to nobody", i);
	}
}

extern const struct qt__obj_type	qt__value_type;
static void
each_hold(struct qt_obj *obj, struct qt__holds *h)
{
	struct qt_value	v = { .obj = *obj };

	qt__value_attach(&v);
	for (uint32_t i = 0; i < v.count; i++) {
		uint64_t	word = atomic_load(
		    &qt__value_buffer(&v, i)->word);

		if (qt__owner_state(word) == QT__VALUE_OWNED)
			qt__hold(h, qt__owner_id(word), "writing", 1);
	}
}

const struct qt__obj_type	qt__value_type = {
	.number = QT_TYPE_VALUE, .name = "value", .check = check,
	.sweep = sweep, .describe = describe, .fsck = fsck,
	.each_hold = each_hold,
};
