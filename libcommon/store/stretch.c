/* SPDX-License-Identifier: Apache-2.0 */
/* A part of what a source gives, for a step of bounded work. compact_priv.h. */

#include <stdlib.h>

#include "compact_priv.h"

struct stretch {
	struct qt__cursor	 cursor;
	struct qt__cursor	*source;
	uint64_t		 left;		/* bytes */
	const void		*limit;		/* NULL: none */
	size_t			 limit_len;
	bool			 is_last;	/* key is the last one */
	bool			 is_over, is_cut;
	struct qt_buf		 key;
};

static int
end(struct stretch *s, int r)
{
	s->is_over = true;
	s->is_cut = r == 1;
	return r < 0 ? r : 0;
}

static int
pass(struct stretch *s, int r)
{
	const struct qt__entry	*e = &s->source->entry;
	uint64_t		 size;

	if (r != 1)
		return end(s, r);
	if (s->is_last && !qt__key_equals(e, s->key.data, s->key.len))
		return end(s, 1);
	if (s->limit != NULL && qt__key_compare(e->key, e->key_len, s->limit,
	    s->limit_len) > 0) {
		r = qt__key_hold(&s->key, s->limit, s->limit_len);
		return end(s, r < 0 ? r : 1);
	}
	s->cursor.entry = *e;
	size = sizeof(*e) + (uint64_t)e->key_len + e->value_len;
	if (size < s->left)
		s->left -= size;
	else if (!s->is_last && qt__stretch_end(&s->cursor) < 0)
		return end(s, -ENOMEM);
	return 1;
}

static int
stretch_seek(struct qt__cursor *c, const void *key, size_t len)
{
	struct stretch	*s = (struct stretch *)c;

	return pass(s, s->source->ops->seek(s->source, key, len));
}

static int
stretch_next(struct qt__cursor *c)
{
	struct stretch	*s = (struct stretch *)c;

	return s->is_over ? 0 : pass(s, s->source->ops->next(s->source));
}

static int
stretch_seek_before(struct qt__cursor *c, const void *key, size_t len)
{
	(void)c;
	(void)key;
	(void)len;
	return -ENOTSUP;
}

static int
stretch_prev(struct qt__cursor *c)
{
	(void)c;
	return -ENOTSUP;
}

static void
stretch_close(struct qt__cursor *c)
{
	struct stretch	*s = (struct stretch *)c;

	s->source->ops->close(s->source);
	qt_buf_clear(&s->key);
	free(s);
}

static const struct qt__cursor_ops stretch_ops = {
	.seek = stretch_seek,
	.seek_before = stretch_seek_before,
	.next = stretch_next,
	.prev = stretch_prev,
	.close = stretch_close,
};

int
qt__stretch_cursor(struct qt__cursor **out, struct qt__cursor *source,
    uint64_t bytes, const void *limit, size_t limit_len)
{
	struct stretch	*s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL) {
		source->ops->close(source);
		return -ENOMEM;
	}
	s->cursor.ops = &stretch_ops;
	s->source = source;
	s->left = bytes;
	s->limit = limit;
	s->limit_len = limit_len;
	*out = &s->cursor;
	return 0;
}

int
qt__stretch_end(struct qt__cursor *c)
{
	struct stretch		*s = (struct stretch *)c;
	const struct qt__entry	*e = &s->source->entry;

	if (s->is_last)
		return 0;
	s->is_last = true;
	return qt__key_hold(&s->key, e->key, e->key_len);
}

bool
qt__stretch_is_cut(const struct qt__cursor *c, const void **key, size_t *len)
{
	const struct stretch	*s = (const struct stretch *)c;

	*key = s->key.data;
	*len = s->key.len;
	return s->is_cut;
}
