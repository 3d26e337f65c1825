/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sorted run, slice after slice. See merge_priv.h.
 *
 * The manifest's bounds of a slice are what counts, not the file's: while a
 * merge is under way the beginning of an input has been merged away already.
 */
#include <stdlib.h>

#include "merge_priv.h"

struct sorted {
	struct qt__cursor	 cursor;
	const struct qt__manifest *m;
	const struct qt__sorted	*run;
	struct qt__run_source	 source;
	struct qt__run		*open;		/* slice number index */
	struct qt__cursor	*at;		/* of open; NULL: none */
	const struct qt__slice	*slice;
	const uint8_t		*min, *max;	/* its bounds */
	uint32_t		 index;		/* in the run */
	bool			 is_on;
};

static const struct qt__slice *
slice_of(const struct sorted *s, uint32_t index)
{
	return &s->m->slices[s->run->first + index];
}

static void
leave(struct sorted *s)
{
	if (s->at != NULL)
		s->at->ops->close(s->at);
	if (s->open != NULL)
		s->source.done(s->source.arg, s->open);
	s->at = NULL;
	s->open = NULL;
}

static int
enter(struct sorted *s, uint32_t index)
{
	const struct qt__slice	*slice = slice_of(s, index);
	int			 r;

	if (s->at != NULL && s->index == index)
		return 0;
	leave(s);
	s->index = index;
	s->slice = slice;
	s->min = s->m->heap + slice->min_at;
	s->max = s->m->heap + slice->max_at;
	r = s->source.open(s->source.arg, slice->info.number, &s->open,
	    s->source.err);
	if (r < 0) {
		s->open = NULL;
		return r;
	}
	r = qt__run_cursor(s->open, &s->at, s->source.err);
	if (r < 0) {
		s->at = NULL;
		leave(s);
	}
	return r;
}

static inline bool
is_above(const struct sorted *s)
{
	return qt__key_compare(s->at->entry.key, s->at->entry.key_len,
	    s->max, s->slice->max_len) > 0;
}

static inline bool
is_below(const struct sorted *s)
{
	return qt__key_compare(s->at->entry.key, s->at->entry.key_len,
	    s->min, s->slice->min_len) < 0;
}

static inline int
give(struct sorted *s)
{
	s->cursor.entry = s->at->entry;
	s->is_on = true;
	return 1;
}

static int
fail(struct sorted *s, int r)
{
	s->is_on = false;
	if (r < 0 && s->at != NULL)
		qt_err_set(s->source.err, "read run/%012llu.run",
		    (unsigned long long)s->slice->info.number);
	return r;
}

/* To the first entry not less than key (NULL: any) from slice index on. */
static int
go_forward(struct sorted *s, uint32_t index, const void *key, size_t len)
{
	int	r;

	for (; index < s->run->count; index++, key = NULL) {
		r = enter(s, index);
		if (r < 0)
			return fail(s, r);
		if (key == NULL || qt__key_compare(key, len, s->min,
		    s->slice->min_len) < 0)
			r = s->at->ops->seek(s->at, s->min, s->slice->min_len);
		else
			r = s->at->ops->seek(s->at, key, len);
		if (r < 0)
			return fail(s, r);
		if (r == 1 && !is_above(s))
			return give(s);
	}
	return fail(s, 0);
}

/* To the last entry less than key (NULL: any) in slices before end. */
static int
go_back(struct sorted *s, uint32_t end, const void *key, size_t len)
{
	int	r;

	for (; end > 0; end--, key = NULL) {
		r = enter(s, end - 1);
		if (r < 0)
			return fail(s, r);
		r = s->at->ops->seek_before(s->at, key, len);
		while (r == 1 && is_above(s))
			r = s->at->ops->prev(s->at);
		if (r < 0)
			return fail(s, r);
		if (r == 1 && !is_below(s))
			return give(s);
	}
	return fail(s, 0);
}

/* How many slices lie below key wholly (by their max), or begin below it. */
static uint32_t
slices_below(const struct sorted *s, const void *key, size_t len, bool by_max)
{
	const struct qt__slice	*slice;
	uint32_t		 low = 0, high = s->run->count, mid;
	int			 c;

	while (low < high) {
		mid = low + (high - low) / 2;
		slice = slice_of(s, mid);
		c = by_max ? qt__key_compare(s->m->heap + slice->max_at,
		    slice->max_len, key, len) :
		    qt__key_compare(s->m->heap + slice->min_at,
		    slice->min_len, key, len);
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int
sorted_seek(struct qt__cursor *c, const void *key, size_t len)
{
	struct sorted	*s = (struct sorted *)c;

	return go_forward(s, slices_below(s, key, len, true), key, len);
}

static int
sorted_seek_before(struct qt__cursor *c, const void *key, size_t len)
{
	struct sorted	*s = (struct sorted *)c;

	return go_back(s, key == NULL ? s->run->count :
	    slices_below(s, key, len, false), key, len);
}

static int
sorted_next(struct qt__cursor *c)
{
	struct sorted	*s = (struct sorted *)c;
	int		 r;

	if (!s->is_on)
		return 0;
	r = s->at->ops->next(s->at);
	if (r == 1 && !is_above(s))
		return give(s);
	return r < 0 ? fail(s, r) : go_forward(s, s->index + 1, NULL, 0);
}

static int
sorted_prev(struct qt__cursor *c)
{
	struct sorted	*s = (struct sorted *)c;
	int		 r;

	if (!s->is_on)
		return 0;
	r = s->at->ops->prev(s->at);
	if (r == 1 && !is_below(s))
		return give(s);
	return r < 0 ? fail(s, r) : go_back(s, s->index, NULL, 0);
}

static void
sorted_close(struct qt__cursor *c)
{
	leave((struct sorted *)c);
	free(c);
}

static const struct qt__cursor_ops sorted_ops = {
	.seek = sorted_seek,
	.seek_before = sorted_seek_before,
	.next = sorted_next,
	.prev = sorted_prev,
	.close = sorted_close,
};

int
qt__sorted_cursor(struct qt__cursor **out, const struct qt__manifest *m,
    const struct qt__sorted *run, const struct qt__run_source *source)
{
	struct sorted	*s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return -ENOMEM;
	s->cursor.ops = &sorted_ops;
	s->m = m;
	s->run = run;
	s->source = *source;
	*out = &s->cursor;
	return 0;
}
