/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Epochs: what the dead left, and what is to be seen. See epoch_priv.h.
 *
 * Only records that are pinned by the dead one can have lists whose first node
 * is half way onto them or off them; nobody else takes such a record before
 * sweep_end. All that is done is done in the name of the dead one, so should we
 * die as well, it is done again.
 */

#include <errno.h>

#include "epoch_priv.h"

static bool
is_of(const struct qt__epoch_record *r, uint32_t id)
{
	uint64_t	pin = atomic_load(&r->pin);

	return (pin & 1) && qt__epoch_pin_id(pin) == id;
}

static struct qt__epoch_record *
record_of(struct qt__epoch *e, uint32_t id)
{
	for (uint32_t i = 0; i < e->count; i++)
		if (is_of(&e->area->record[i], id))
			return &e->area->record[i];
	return NULL;
}

/*
 * A list's first node may be half way: on the list without saying so, or about
 * to leave it. After this, no node that names id is on any list.
 */
static void
settle_first(struct qt__epoch *e, _Atomic uint64_t *list, uint32_t id)
{
	uint64_t		 ref = atomic_load(list), word;
	struct qt__epoch_node	*node = e->ops->node(e->obj, ref);

	if (ref == 0 || node == NULL)
		return;
	word = atomic_load(&node->word);
	if (qt__owner_id(word) != id)
		return;
	if (qt__owner_state(word) == QT__EPOCH_RETIRING) {
		atomic_store(&node->word, qt__owner(qt__owner_generation(word),
		    0, QT__EPOCH_LIMBO));
	} else if (qt__owner_state(word) == QT__EPOCH_FREEING) {
		atomic_store(list, atomic_load(&node->next));
		e->ops->free(e->obj, ref);
	}
}

bool
qt__epoch_sweep_begin(struct qt__epoch *e, uint32_t id)
{
	/* What it had pinned holds as long as we are at it. */
	for (uint32_t i = 0; i < e->count; i++)
		for (unsigned int k = 0; k < 3; k++)
			if (is_of(&e->area->record[i], id))
				settle_first(e, &e->area->record[i].limbo[k],
				    id);
	return record_of(e, id) != NULL;
}

void
qt__epoch_sweep_node(struct qt__epoch *e, uint32_t id, uint64_t ref)
{
	struct qt__epoch_node	*node = e->ops->node(e->obj, ref);
	struct qt__epoch_record	*r = record_of(e, id);
	uint64_t		 word;

	if (node == NULL || r == NULL)
		return;
	word = atomic_load(&node->word);
	if (qt__owner_id(word) != id)
		return;
	if (qt__owner_state(word) == QT__EPOCH_FREEING) {
		e->ops->free(e->obj, ref);
	} else if (qt__owner_state(word) == QT__EPOCH_RETIRING) {
		e->ops->unlink(e->obj, ref);
		qt__epoch_push(e, r, id, ref, node);
	}
}

void
qt__epoch_sweep_end(struct qt__epoch *e, uint32_t id)
{
	for (uint32_t i = 0; i < e->count; i++)
		if (is_of(&e->area->record[i], id))
			atomic_store(&e->area->record[i].pin, 0);
}

/* --- Looking --------------------------------------------------------------- */

/* Nodes on the lists of a record, which may change meanwhile. */
static uint64_t
count_limbo(struct qt__epoch *e, const struct qt__epoch_record *r)
{
	uint64_t	n = 0;

	for (unsigned int k = 0; k < 3; k++) {
		uint64_t	ref = atomic_load(&r->limbo[k]), turns = 0;

		while (ref != 0 && turns++ < e->limit) {
			struct qt__epoch_node	*node = e->ops->node(e->obj,
			    ref);

			if (node == NULL || qt__owner_state(atomic_load(
			    &node->word)) != QT__EPOCH_LIMBO)
				break;
			n++;
			ref = atomic_load(&node->next);
		}
	}
	return n;
}

int
qt__epoch_each(struct qt__epoch *e,
    void (*fn)(void *arg, const struct qt_epoch_pin *pin), void *arg)
{
	uint64_t	now = atomic_load(&e->area->epoch);
	int		count = 0;

	for (uint32_t i = 0; i < e->count; i++) {
		struct qt__epoch_record	*r = &e->area->record[i];
		struct qt_epoch_pin	 p = { .limbo = count_limbo(e, r) };
		uint64_t		 pin = atomic_load(&r->pin);

		if (pin & 1) {
			p.participant = qt__epoch_pin_id(pin);
			p.epoch = qt__epoch_pin_epoch(pin);
			p.behind = now > p.epoch ? now - p.epoch : 0;
		} else if (p.limbo == 0) {
			continue;
		}
		fn(arg, &p);
		count++;
	}
	return count;
}

struct sum {
	uint64_t	limbo, behind;
	uint32_t	participant;
};

static void
add(void *arg, const struct qt_epoch_pin *pin)
{
	struct sum	*s = arg;

	s->limbo += pin->limbo;
	if (pin->behind > s->behind) {
		s->behind = pin->behind;
		s->participant = pin->participant;
	}
}

void
qt__epoch_describe(struct qt__epoch *e, struct qt_obj_stat *stat)
{
	struct sum	s = { 0 };

	(void)qt__epoch_each(e, add, &s);
	qt__stat_add(stat, "epoch", atomic_load(&e->area->epoch));
	qt__stat_add(stat, "limbo", s.limbo);
	if (s.behind > 0)
		qt__stat_add(stat, "held back by", s.participant);
}

/* Only a list's first node may be anything but LIMBO. */
static void
check_list(struct qt__epoch *e, uint32_t i, unsigned int k,
    struct qt__fsck *f)
{
	struct qt__epoch_record	*r = &e->area->record[i];
	uint64_t		 ref = atomic_load(&r->limbo[k]), turns = 0;
	bool			 repair = f->flags & QT_OBJ_FSCK_REPAIR;

	for (; ref != 0; turns++) {
		struct qt__epoch_node	*node = e->ops->node(e->obj, ref);

		if (node == NULL || turns == e->limit ||
		    (turns > 0 && qt__owner_state(atomic_load(&node->word)) !=
		    QT__EPOCH_LIMBO)) {
			if (repair)
				atomic_store(&r->limbo[k], 0);
			qt__fsck_fault(f, repair, "list %u of record %u leads "
			    "nowhere", k, i);
			return;
		}
		ref = atomic_load(&node->next);
	}
}

void
qt__epoch_fsck(struct qt__epoch *e, struct qt__fsck *f)
{
	bool	repair = f->flags & QT_OBJ_FSCK_REPAIR;

	for (uint32_t i = 0; i < e->count; i++) {
		struct qt__epoch_record	*r = &e->area->record[i];
		uint64_t		 pin = atomic_load(&r->pin);

		if (pin != 0 && (!(pin & 1) || qt__obj_is_dead(e->obj,
		    qt__epoch_pin_id(pin)))) {
			if (repair)
				atomic_compare_exchange_strong(&r->pin, &pin,
				    0);
			qt__fsck_fault(f, repair, "record %u is pinned by "
			    "nobody", i);
		}
		/* Who works with it changes its lists. */
		for (unsigned int k = 0; k < 3 && pin == 0; k++)
			check_list(e, i, k, f);
	}
}

int
qt_epoch_each(struct qt_seg *seg, const char *name,
    void (*fn)(void *arg, const struct qt_epoch_pin *pin), void *arg,
    struct qt_err *err)
{
	struct qt_obj	obj;
	int		rc = qt__obj_open(seg, name, QT_TYPE_NONE, &obj, err);

	if (rc < 0)
		return rc;
	if (obj.type->each_pin != NULL)
		rc = obj.type->each_pin(&obj, fn, arg);
	qt__obj_close(&obj);
	return rc;
}
