/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of a log, sorted in private memory. See order_priv.h.
 *
 * Each has a word of 8 bytes of its key; a stable radix sort by words leaves
 * runs with equal words, which are sorted alike by the 8 bytes that follow what
 * the keys of that run have in common, and so on (multikey sorting: Bentley,
 * Sedgewick, "Fast Algorithms for Sorting and Searching Strings", SODA 1997).
 * Small runs are compared key by key. The input is newest first, which a stable
 * sort leaves so.
 */

#include <errno.h>
#include <stdlib.h>

#include "order_priv.h"

#define SMALL		24u	/* sorted by insertion */
#define DEPTH_MAX	32u	/* then compare, rather than nest any deeper */
#define AHEAD		12u	/* frames that are brought in */

struct sorter {
	const struct qt__mem	*m;
	uint64_t		 end;	/* of the log */
	struct qt__order_item	*tmp;	/* as many as are sorted */
	bool			 is_bad;
};

static void
key_of(struct sorter *s, const struct qt__order_item *item,
    const uint8_t **key, uint32_t *len)
{
	const struct qt__frame	*f = qt__mem_frame(s->m,
	    (uint64_t)item->record * 8, s->end);
	struct qt__entry	 e;

	if (f == NULL) {	/* it was sound when we collected it */
		s->is_bad = true;
		*key = (const uint8_t *)"";
		*len = 0;
		return;
	}
	qt__frame_entry(s->m, f, &e);
	*key = e.key;
	*len = e.key_len;
}

/* Of items whose words are equal. */
static bool
is_less(struct sorter *s, const struct qt__order_item *a,
    const struct qt__order_item *b)
{
	const uint8_t	*p, *q;
	uint32_t	 m, n;
	int		 c;

	key_of(s, a, &p, &m);
	key_of(s, b, &q, &n);
	c = qt__key_compare(p, m, q, n);
	return c != 0 ? c < 0 : a->record > b->record;
}

static void
insert_sort(struct sorter *s, struct qt__order_item *at, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		struct qt__order_item	x = at[i];
		uint32_t		j = i;

		for (; j > 0 && is_less(s, &x, &at[j - 1]); j--)
			at[j] = at[j - 1];
		at[j] = x;
	}
}

/* By comparing: for keys that are alike for long, in many ways. */
static void
merge_sort(struct sorter *s, struct qt__order_item *at,
    struct qt__order_item *tmp, uint32_t n)
{
	uint32_t	half = n / 2, i = 0, j = half, k = 0;

	if (n <= SMALL) {
		insert_sort(s, at, n);
		return;
	}
	merge_sort(s, at, tmp, half);
	merge_sort(s, at + half, tmp, n - half);
	memcpy(tmp, at, half * sizeof(*at));
	while (i < half && j < n)
		at[k++] = is_less(s, &at[j], &tmp[i]) ? at[j++] : tmp[i++];
	while (i < half)
		at[k++] = tmp[i++];
}

static void
insert_words(struct qt__order_item *at, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		struct qt__order_item	x = at[i];
		uint32_t		j = i;

		for (; j > 0 && x.word < at[j - 1].word; j--)
			at[j] = at[j - 1];
		at[j] = x;
	}
}

/* One pass of the radix sort, by the byte at shift. */
static void
scatter(struct qt__order_item *to, const struct qt__order_item *from,
    uint32_t n, const uint32_t count[256], uint32_t shift)
{
	uint32_t	at[256], sum = 0;

	for (uint32_t i = 0; i < 256; i++) {
		at[i] = sum;
		sum += count[i];
	}
	for (uint32_t i = 0; i < n; i++)
		to[at[from[i].word >> shift & 0xff]++] = from[i];
}

/*
 * Stable; bytes that all have in common cost nothing. Not inlined: its counts
 * would be on the stack of each run within a run.
 */
__attribute__((noinline))
static void
sort_words(struct qt__order_item *at, struct qt__order_item *tmp, uint32_t n)
{
	uint32_t		 count[8][256] = { { 0 } };
	struct qt__order_item	*from = at, *to = tmp, *swap;

	if (n <= SMALL) {
		insert_words(at, n);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t b = 0; b < 8; b++)
			count[b][at[i].word >> b * 8 & 0xff]++;
	for (uint32_t b = 0; b < 8; b++) {
		if (count[b][at[0].word >> b * 8 & 0xff] == n)
			continue;
		scatter(to, from, n, count[b], b * 8);
		swap = from;
		from = to;
		to = swap;
	}
	if (from != at)
		memcpy(at, from, n * sizeof(*at));
}

/* How many bytes all these keys begin with alike. */
static uint32_t
common_len(struct sorter *s, const struct qt__order_item *at, uint32_t n)
{
	const uint8_t	*first, *key;
	uint32_t	 common, len, i;

	key_of(s, &at[0], &first, &common);
	for (uint32_t k = 1; k < n; k++) {
		if (k + AHEAD < n)
			qt__order_prefetch(s->m, at[k + AHEAD].record);
		key_of(s, &at[k], &key, &len);
		if (len < common)
			common = len;
		if (memcmp(first, key, common) == 0)
			continue;
		for (i = 0; first[i] == key[i]; i++)
			;
		common = i;
	}
	return common;
}

static void	sort_runs(struct sorter *s, struct qt__order_item *at,
		    uint32_t n, uint32_t depth);

/* A run of equal words. */
static void
sort_run(struct sorter *s, struct qt__order_item *at, uint32_t n,
    uint32_t depth)
{
	uint64_t	 word = at[0].word;
	uint32_t	 common, len, first = 0, rest = 0;
	const uint8_t	*key;

	if (n <= SMALL || depth == DEPTH_MAX) {
		merge_sort(s, at, s->tmp, n);
		return;
	}
	common = common_len(s, at, n);
	/* Keys that end here are all one key, and come before the others. */
	for (uint32_t i = 0; i < n; i++) {
		struct qt__order_item	x = at[i];

		key_of(s, &x, &key, &len);
		x.word = qt__order_load(key, len, common);
		if (len <= common)
			at[first++] = x;
		else
			s->tmp[rest++] = x;
	}
	memcpy(at + first, s->tmp, rest * sizeof(*at));
	if (rest > 0) {
		sort_words(at + first, s->tmp, rest);
		sort_runs(s, at + first, rest, depth + 1);
	}
	for (uint32_t i = 0; i < n; i++)
		at[i].word = word;
}

static void
sort_runs(struct sorter *s, struct qt__order_item *at, uint32_t n,
    uint32_t depth)
{
	for (uint32_t i = 0, k; i < n; i = k) {
		for (k = i + 1; k < n && at[k].word == at[i].word; k++)
			;
		if (k - i > 1)
			sort_run(s, at + i, k - i, depth);
	}
}

static int
add(struct qt__order_items *items, uint64_t offset)
{
	struct qt__order_item	*at;
	uint32_t		 room = items->room ? items->room * 2 : 256;

	if (items->count == items->room) {
		at = realloc(items->at, room * sizeof(*at));
		if (at == NULL)
			return -ENOMEM;
		items->at = at;
		items->room = room;
	}
	items->at[items->count++].record = (uint32_t)(offset / 8);
	return 0;
}

/*
 * The frames, one after the other; and how many bytes all keys share, with the
 * first one, which is in base when it is not yet set.
 */
static int
walk(struct qt__order_items *items, const struct qt__mem *m, uint64_t from,
    uint64_t upto, uint32_t max, struct qt__order_base *base)
{
	bool			 is_new = base->common == NULL;
	const struct qt__frame	*f;
	struct qt__entry	 e;
	uint64_t		 at = from;
	uint32_t		 i;
	int			 rc;

	for (; at < upto && items->count < max; at += qt__frame_size(f)) {
		f = qt__mem_frame(m, at, upto);
		rc = f == NULL ? -QT_ECORRUPT : add(items, at);
		if (rc < 0)
			return rc;
		qt__frame_entry(m, f, &e);
		if (base->common == NULL) {
			base->common = e.key;
			base->skip = e.key_len;
		}
		if (is_new) {
			if (e.key_len < base->skip)
				base->skip = e.key_len;
			for (i = 0; i < base->skip &&
			    e.key[i] == base->common[i]; i++)
				;
			base->skip = i;
		} else {
			items->at[items->count - 1].word =
			    qt__order_word(base, e.key, e.key_len);
		}
	}
	items->end = at;
	return at > upto ? -QT_ECORRUPT : 0;
}

static void
reverse(struct qt__order_items *items)
{
	for (uint32_t i = 0, k = items->count; i + 1 < k--; i++) {
		struct qt__order_item	x = items->at[i];

		items->at[i] = items->at[k];
		items->at[k] = x;
	}
}

int
qt__order_collect(struct qt__order_items *items, const struct qt__mem *m,
    uint64_t from, uint64_t upto, uint32_t max, struct qt__order_base *base,
    uint32_t *first)
{
	struct sorter	 s = { .m = m, .end = upto };
	bool		 is_new = base->common == NULL;
	const uint8_t	*key;
	uint32_t	 len;
	int		 rc;

	items->count = 0;
	rc = walk(items, m, from, upto, max, base);
	if (rc < 0 || items->count == 0)
		return rc;
	if (is_new)
		*first = items->at[0].record;
	for (uint32_t i = 0; is_new && i < items->count; i++) {
		key_of(&s, &items->at[i], &key, &len);
		items->at[i].word = qt__order_word(base, key, len);
	}
	s.tmp = malloc(items->count * sizeof(*s.tmp));
	if (s.tmp == NULL)
		return -ENOMEM;
	reverse(items);
	sort_words(items->at, s.tmp, items->count);
	sort_runs(&s, items->at, items->count, 0);
	free(s.tmp);
	return s.is_bad ? -QT_ECORRUPT : 0;
}

void
qt__order_items_clear(struct qt__order_items *items)
{
	free(items->at);
	*items = (struct qt__order_items){ NULL, 0, 0, 0 };
}
