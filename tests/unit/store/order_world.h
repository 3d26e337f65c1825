/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_ORDER_WORLD_H
#define QT_STORE_ORDER_WORLD_H

/* What the tests of a memtable's order share: one, and who puts into it. */

#include <stdlib.h>
#include <string.h>

#include "../../../libcommon/store/log_priv.h"
#include "../../../libcommon/store/order_priv.h"
#include "lock_world.h"

struct order_world {
	struct world	*w;		/* the folder */
	struct qt__user	 user;
	struct qt__mem	*m;
};

__attribute__((unused))
static int
order_world_new(struct order_world *o, uint64_t log_size)
{
	struct qt__mem_spec	spec = { .number = 1, .base = 4096,
	    .log_size = log_size, .mode = 0600, .group = (gid_t)-1 };

	*o = (struct order_world){ .user = QT__USER_INIT };
	o->w = world_new();
	return o->w != NULL && qt__user_open(&o->user, o->w->dir, 100, soon(),
	    NULL) == 0 && qt__mem_create(&o->m, NULL, &spec, NULL) == 0;
}

__attribute__((unused))
static void
order_world_free(struct order_world *o)
{
	qt__mem_release(o->m);
	qt__user_close(&o->user);
	world_free(o->w);
}

/* Puts one record; 0 when there is no room. */
__attribute__((unused))
static int
order_put(struct qt__mem *m, const void *key, uint32_t len)
{
	struct qt__log_record	r = { .key = key, .key_len = len,
	    .value = "value", .value_len = 5 };
	uint64_t		at = atomic_load(&m->head->head);
	uint64_t		size = qt__log_size(&r);

	if (qt__mem_room(m, size, 1) != 1)
		return 0;
	m->head->chain = qt__log_put((void *)(m->log + at), m->seed,
	    m->head->chain, 0, &r);
	atomic_store(&m->head->head, at + size);
	return qt__mem_redo(m) == 0;
}

__attribute__((unused))
static uint64_t
order_indexed(const struct order_world *o)
{
	return atomic_load(&o->m->head->indexed);
}

/* Links all there is. */
__attribute__((unused))
static int
order_all(struct order_world *o)
{
	return qt__order_link(o->m, &o->user, order_indexed(o), soon(), NULL);
}

/*
 * Walks all of it, both ways. How many there are, or negative when one is not in
 * order or both ways differ.
 */
__attribute__((unused))
static int64_t
order_count(struct qt__cursor *c)
{
	struct qt__entry	was;
	int64_t			n = 0, back = 0;
	int			rc;

	for (rc = c->ops->seek(c, "", 0); rc == 1; rc = c->ops->next(c), n++) {
		if (n > 0 && qt__entry_compare(&was, &c->entry) >= 0)
			return -1;
		was = c->entry;
	}
	if (rc < 0)
		return rc;
	for (rc = c->ops->seek_before(c, NULL, 0); rc == 1;
	    rc = c->ops->prev(c), back++) {
		if (back > 0 && qt__entry_compare(&was, &c->entry) <= 0)
			return -2;
		was = c->entry;
	}
	if (rc < 0)
		return rc;
	return n == back ? n : -3;
}

#endif /* QT_STORE_ORDER_WORLD_H */
