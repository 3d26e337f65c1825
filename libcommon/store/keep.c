/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a compaction keeps. See merge_priv.h.
 *
 * Versions of a key come newest first, so the first one is kept and the others
 * are passed over.
 */
#include <stdlib.h>

#include "merge_priv.h"

struct keep {
	struct qt__cursor	 cursor;
	struct qt__cursor	*source;
	const struct qt__keep	*rule;
	struct qt_buf		 key;
	bool			 is_held, is_on;
};

static int
drop(const struct keep *k, const struct qt__entry *e)
{
	return k->rule->drop == NULL ? 0 : k->rule->drop(k->rule->arg, e);
}

/* 1: give k->cursor.entry, 0: it is dropped, negative. */
static int
judge(struct keep *k)
{
	const struct qt__entry	*e = &k->source->entry;
	struct qt__entry	*own = &k->cursor.entry;
	int			 rc;

	if (k->is_held && qt__key_equals(e, k->key.data, k->key.len))
		return drop(k, e);
	if (qt__key_hold(&k->key, e->key, e->key_len) < 0)
		return -ENOMEM;
	k->is_held = true;
	*own = *e;
	if (qt__entry_is_over(e, k->rule->now_ms) &&
	    (e->flags & QT__DEL) == 0) {
		own->flags = QT__DEL;
		own->value_len = 0;
		own->expires_ms = 0;
		rc = drop(k, e);
		if (rc < 0)
			return rc;
	}
	return (own->flags & QT__DEL) == 0 || !k->rule->is_bottom;
}

static int
find(struct keep *k, int r)
{
	struct qt__cursor	*s = k->source;

	for (; r == 1; r = s->ops->next(s)) {
		r = judge(k);
		if (r < 0)
			break;
		if (r == 1) {
			k->is_on = true;
			return 1;
		}
	}
	k->is_on = false;
	return r;
}

static int
keep_seek(struct qt__cursor *c, const void *key, size_t len)
{
	struct keep	*k = (struct keep *)c;

	k->is_held = false;
	return find(k, k->source->ops->seek(k->source, key, len));
}

static int
keep_next(struct qt__cursor *c)
{
	struct keep	*k = (struct keep *)c;

	return k->is_on ? find(k, k->source->ops->next(k->source)) : 0;
}

static int
keep_seek_before(struct qt__cursor *c, const void *key, size_t len)
{
	(void)c;
	(void)key;
	(void)len;
	return -ENOTSUP;
}

static int
keep_prev(struct qt__cursor *c)
{
	(void)c;
	return -ENOTSUP;
}

static void
keep_close(struct qt__cursor *c)
{
	struct keep	*k = (struct keep *)c;

	k->source->ops->close(k->source);
	qt_buf_clear(&k->key);
	free(k);
}

static const struct qt__cursor_ops keep_ops = {
	.seek = keep_seek,
	.seek_before = keep_seek_before,
	.next = keep_next,
	.prev = keep_prev,
	.close = keep_close,
};

int
qt__keep_cursor(struct qt__cursor **out, struct qt__cursor *source,
    const struct qt__keep *rule)
{
	struct keep	*k = calloc(1, sizeof(*k));

	*out = NULL;
	if (k == NULL) {
		source->ops->close(source);
		return -ENOMEM;
	}
	k->cursor.ops = &keep_ops;
	k->source = source;
	k->rule = rule;
	*out = &k->cursor;
	return 0;
}
