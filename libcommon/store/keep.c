/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a compaction keeps. See merge_priv.h.
 *
 * Versions of a key come newest first. left is how many of the snapshots, the
 * oldest ones, have not found theirs yet:
 *
 *	keep:    20   50   UINT64_MAX		left 3
 *	entry 70: seen by the last; 50 < 70	left 2
 *	entry 60: nobody's, dropped
 *	entry 10: seen by 50 and 20		left 0
 */
#include <stdlib.h>

#include "merge_priv.h"

struct keep {
	struct qt__cursor	 cursor;
	struct qt__cursor	*source;
	const struct qt__keep	*rule;
	struct qt_buf		 key;
	bool			 is_held, is_on;
	size_t			 left;
};

/* How many snapshots are older than version. */
static size_t
older(const struct qt__keep *rule, size_t count, uint64_t version)
{
	while (count > 0 && rule->keep[count - 1] >= version)
		count--;
	return count;
}

/* 1: give v->cursor.entry, 0: it is dropped, negative. */
static int
judge(struct keep *k)
{
	const struct qt__keep	*rule = k->rule;
	const struct qt__entry	*e = &k->source->entry;
	struct qt__entry	*own = &k->cursor.entry;
	bool			 is_only_now;
	int			 r = 0;

	if (!k->is_held || !qt__key_equals(e, k->key.data, k->key.len)) {
		if (qt__key_hold(&k->key, e->key, e->key_len) < 0)
			return -ENOMEM;
		k->is_held = true;
		k->left = rule->keep_count;
	}
	if (k->left == 0 || e->version > rule->keep[k->left - 1])
		return rule->drop == NULL ? 0 : rule->drop(rule->arg, e);
	is_only_now = k->left == rule->keep_count;
	k->left = older(rule, k->left, e->version);
	is_only_now = is_only_now && k->left + 1 == rule->keep_count;
	*own = *e;
	if (is_only_now && qt__entry_is_over(e, rule->now_ms) &&
	    (e->flags & QT__DEL) == 0) {
		own->flags = QT__DEL;
		own->value_len = 0;
		own->expires_ms = 0;
		if (rule->drop != NULL)
			r = rule->drop(rule->arg, e);
		if (r < 0)
			return r;
	}
	return (own->flags & QT__DEL) == 0 || !rule->is_bottom || k->left > 0;
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
