/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a snapshot sees. See merge_priv.h.
 *
 * Forward, the first version of a key that is not too new is what the snapshot
 * sees. The entry is the source's own; its key is remembered for the next step,
 * which passes by the older versions.
 *
 * Backward, versions of a key come oldest first, so which one is the newest is
 * known only when the source has reached another key. So the entry is copied,
 * and the source then stands before its key.
 */
#include <stdlib.h>

#include "merge_priv.h"

enum place { NOWHERE, ON, BEFORE };	/* where the source is */

struct view {
	struct qt__cursor	 cursor;
	struct qt__cursor	*source;
	uint64_t		 version, now_ms;
	enum place		 place;
	bool			 has_more;	/* BEFORE: source is on one */
	struct qt_buf		 key, value;	/* see above */
};

/* Forward from where the source is; with held, past versions of v->key. */
static int
find(struct view *v, int r, bool is_held)
{
	struct qt__cursor	*s = v->source;
	const struct qt__entry	*e = &s->entry;

	for (; r == 1; r = s->ops->next(s)) {
		if (e->version > v->version || (is_held &&
		    qt__key_equals(e, v->key.data, v->key.len)))
			continue;
		if (!qt__entry_is_over(e, v->now_ms)) {
			v->cursor.entry = *e;
			v->place = ON;
			return 1;
		}
		r = qt__key_hold(&v->key, e->key, e->key_len);
		if (r < 0)
			break;
		is_held = true;
	}
	v->place = NOWHERE;
	return r;
}

/* The newest so far of its key; what is over needs no value. */
static int
hold(struct view *v, const struct qt__entry *e)
{
	struct qt__entry	*own = &v->cursor.entry;

	*own = *e;
	if (qt__key_hold(&v->key, e->key, e->key_len) < 0 ||
	    (!qt__entry_is_over(e, v->now_ms) &&
	    qt__key_hold(&v->value, e->value, e->value_len) < 0))
		return -ENOMEM;
	own->key = (const uint8_t *)v->key.data;
	own->value = (const uint8_t *)v->value.data;
	return 0;
}

/* Backward from where the source is. */
static int
find_back(struct view *v, int r)
{
	struct qt__cursor	*s = v->source;
	const struct qt__entry	*e = &s->entry;
	bool			 is_held = false;

	for (; r == 1; r = s->ops->prev(s)) {
		if (e->version > v->version)
			continue;
		if (is_held && !qt__entry_is_over(&v->cursor.entry, v->now_ms) &&
		    !qt__key_equals(e, v->key.data, v->key.len))
			break;
		if (hold(v, e) < 0) {
			r = -ENOMEM;
			break;
		}
		is_held = true;
	}
	v->place = NOWHERE;
	if (r < 0 || !is_held || qt__entry_is_over(&v->cursor.entry, v->now_ms))
		return r < 0 ? r : 0;
	v->place = BEFORE;
	v->has_more = r == 1;
	return 1;
}

static int
view_seek(struct qt__cursor *c, const void *key, size_t len)
{
	struct view	*v = (struct view *)c;

	return find(v, v->source->ops->seek(v->source, key, len), false);
}

static int
view_seek_before(struct qt__cursor *c, const void *key, size_t len)
{
	struct view	*v = (struct view *)c;

	return find_back(v, v->source->ops->seek_before(v->source, key, len));
}

static int
view_next(struct qt__cursor *c)
{
	struct view	*v = (struct view *)c;
	int		 r;

	if (v->place == NOWHERE)
		return 0;
	if (v->place == BEFORE)
		return find(v, v->source->ops->seek(v->source, v->key.data,
		    v->key.len), true);
	r = qt__key_hold(&v->key, c->entry.key, c->entry.key_len);
	return find(v, r < 0 ? r : v->source->ops->next(v->source), true);
}

static int
view_prev(struct qt__cursor *c)
{
	struct view	*v = (struct view *)c;

	if (v->place == NOWHERE)
		return 0;
	if (v->place == BEFORE)
		return find_back(v, v->has_more);
	return find_back(v, v->source->ops->prev(v->source));
}

static void
view_close(struct qt__cursor *c)
{
	struct view	*v = (struct view *)c;

	v->source->ops->close(v->source);
	qt_buf_clear(&v->key);
	qt_buf_clear(&v->value);
	free(v);
}

static const struct qt__cursor_ops view_ops = {
	.seek = view_seek,
	.seek_before = view_seek_before,
	.next = view_next,
	.prev = view_prev,
	.close = view_close,
};

int
qt__view_cursor(struct qt__cursor **out, struct qt__cursor *source,
    uint64_t version, uint64_t now_ms)
{
	struct view	*v = calloc(1, sizeof(*v));

	*out = NULL;
	if (v == NULL) {
		source->ops->close(source);
		return -ENOMEM;
	}
	v->cursor.ops = &view_ops;
	v->source = source;
	v->version = version;
	v->now_ms = now_ms;
	*out = &v->cursor;
	return 0;
}
