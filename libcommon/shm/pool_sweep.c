/* SPDX-License-Identifier: Apache-2.0 */
/* Pools: what the table of types wants. */

#include "pool_priv.h"

extern const struct qt__obj_type	qt__pool_type;

/* What the dead one owned: to be retired where somebody may be reading it. */
static void
sweep_block(struct qt_shm_pool *p, _Atomic uint64_t *at, uint64_t word)
{
	uint64_t	next = qt__pool_has_epochs(p) ?
	    qt__chunk_word(word, 0, QT__CHUNK_ORPHAN) : qt__chunk_next(word);

	if (atomic_compare_exchange_strong(at, &word, next))
		qt__obj_count(&p->obj, QT__POOL_TAKEOVERS, 1);
}

static void
sweep(struct qt_obj *obj, uint32_t id)
{
	struct qt_shm_pool	p;
	bool			was_at_work;

	qt__pool_attach(&p, obj);
	was_at_work = qt__pool_has_epochs(&p) &&
	    qt__epoch_sweep_begin(&p.epoch, id);
	for (uint32_t i = 0; i < p.chunks.count; i++) {
		_Atomic uint64_t *at = &qt__chunk_at(&p.chunks, i)->word;
		uint64_t	  word = atomic_load(at);

		if (qt__owner_id(word) != id)
			continue;
		if (qt__owner_state(word) == QT__CHUNK_OWNED)
			sweep_block(&p, at, word);
		else if (was_at_work)
			qt__epoch_sweep_node(&p.epoch, id, (uint64_t)i + 1);
	}
	if (was_at_work)
		qt__epoch_sweep_end(&p.epoch, id);
	qt__wake(obj, QT__POOL_NOT_FULL);
}

static uint64_t
count_orphans(const struct qt_shm_pool *p)
{
	uint64_t	n = 0;

	for (uint32_t i = 0; i < p->chunks.count; i++)
		n += qt__owner_state(atomic_load_explicit(&qt__chunk_at(
		    &p->chunks, i)->word, memory_order_relaxed)) ==
		    QT__CHUNK_ORPHAN;
	return n;
}

static void
describe(struct qt_obj *obj, struct qt_obj_stat *stat)
{
	struct qt_shm_pool	p;

	qt__pool_attach(&p, obj);
	stat->count = qt_shm_pool_count(&p);
	qt__stat_add(stat, "takeovers", qt__obj_counted(obj,
	    QT__POOL_TAKEOVERS));
	if (!qt__pool_has_epochs(&p))
		return;
	qt__stat_add(stat, "orphans", count_orphans(&p));
	qt__epoch_describe(&p.epoch, stat);
}

static void
fsck(struct qt_obj *obj, struct qt__fsck *f)
{
	struct qt_shm_pool	p;
	uint32_t		states = 1u << QT__CHUNK_FREE |
	    1u << QT__CHUNK_OWNED | 1u << QT__CHUNK_SHARED;

	qt__pool_attach(&p, obj);
	if (qt__pool_has_epochs(&p)) {
		qt__epoch_fsck(&p.epoch, f);
		states |= 1u << QT__CHUNK_ORPHAN | QT__CHUNK_EPOCHS;
	}
	qt__chunk_fsck(obj, &p.chunks, states, f);
}

static void
each_hold(struct qt_obj *obj, struct qt__holds *h)
{
	struct qt_shm_pool	p;

	qt__pool_attach(&p, obj);
	for (uint32_t i = 0; i < p.chunks.count; i++) {
		uint64_t	word = atomic_load(
		    &qt__chunk_at(&p.chunks, i)->word);

		if (qt__owner_state(word) == QT__CHUNK_OWNED)
			qt__hold(h, qt__owner_id(word), "owned", 1);
	}
}

static int
each_pin(struct qt_obj *obj,
    void (*fn)(void *arg, const struct qt_epoch_pin *pin), void *arg)
{
	struct qt_shm_pool	p;

	qt__pool_attach(&p, obj);
	return qt__pool_has_epochs(&p) ? qt__epoch_each(&p.epoch, fn, arg) : 0;
}

const struct qt__obj_type	qt__pool_type = {
	.number = QT_TYPE_POOL, .name = "pool", .check = qt__pool_check,
	.sweep = sweep, .describe = describe, .fsck = fsck,
	.each_hold = each_hold, .each_pin = each_pin,
};
