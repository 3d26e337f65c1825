/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tries of all commands at once, in the order in which that is fast.
 *
 * Commands are added in the order of their bytes: then what one has in common with
 * those before is the first child of each node on the way. They are sorted by
 * eight bytes at a time (multikey quicksort: J. L. Bentley, R. Sedgewick, SODA
 * 1997). Words are added by the score of their commands, the best first, so each
 * of them goes into its trie once.
 */

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "index_priv.h"

#define FEW	2u
#define DEEP	2048u		/* bytes; what is the same so long: as it comes */

struct item {
	uint64_t	key;
	uint32_t	command;
};

/* Eight bytes of a command, from at on, as they sort. */
static uint64_t
key_at(const struct qt_hist_index_view *v, uint32_t command, size_t at)
{
	struct qt_hist_bytes	text = qt_hist_index_text(v, command);
	uint64_t		key = 0;

	if (at < text.len)
		memcpy(&key, text.data + at, text.len - at < 8 ?
		    text.len - at : 8);
	return be64toh(key);
}

static void
swap(struct item *a, struct item *b)
{
	struct item	c = *a;

	*a = *b;
	*b = c;
}

static uint64_t
middle(uint64_t a, uint64_t b, uint64_t c)
{
	if (a < b)
		return b < c ? b : a < c ? c : a;
	return a < c ? a : b < c ? c : b;
}

/* Items whose bytes before at are the same. They need not be in perfect order:
   it is for speed only. */
static void
sort(const struct qt_hist_index_view *v, struct item *a, size_t n, size_t at)
{
	while (n >= FEW) {
		uint64_t	pivot = middle(a[0].key, a[n / 2].key,
		    a[n - 1].key);
		size_t		low = 0, i = 0, high = n;

		while (i < high) {
			if (a[i].key < pivot)
				swap(&a[i++], &a[low++]);
			else if (a[i].key > pivot)
				swap(&a[i], &a[--high]);
			else
				i++;
		}
		/* A zero at the end: they have ended. */
		if (high - low >= FEW && (pivot & 0xff) != 0 && at < DEEP) {
			for (i = low; i < high; i++)
				a[i].key = key_at(v, a[i].command, at + 8);
			sort(v, a + low, high - low, at + 8);
		}
		/* The longer part by the loop: so it is never deep. */
		if (low < n - high) {
			sort(v, a, low, at);
			a += high;
			n -= high;
		} else {
			sort(v, a + high, n - high, at);
			n = low;
		}
	}
}

/* --- Words ---------------------------------------------------------------- */

static bool
is_word(const struct qt_hist_index *ix, uint32_t own, const char *bytes,
    uint32_t len)
{
	const struct qt__ix_word	*w = &ix->word[own - 1];

	return qt__ix_get(&w->len) == len && memcmp(ix->text +
	    qt__ix_get(&w->text), bytes, len) == 0;
}

uint32_t *
qt__ix_words_slot(const struct qt_hist_index *ix, struct qt__ix_words *w,
    const char *bytes, uint32_t len)
{
	size_t	at = (size_t)qt_hash_quick(&ix->key, bytes, len);

	for (at &= w->size - 1; w->slots[at] != 0 &&
	    !is_word(ix, w->slots[at], bytes, len);)
		at = (at + 1) & (w->size - 1);
	return &w->slots[at];
}

int
qt__ix_words_reserve(const struct qt_hist_index *ix, struct qt__ix_words *w)
{
	struct qt__ix_words	more = { .count = w->count };

	if (w->size > 0 && w->count * 2 < w->size)
		return 0;
	more.size = w->size == 0 ? 1024 : w->size * 4;
	more.slots = calloc(more.size, sizeof(*more.slots));
	if (more.slots == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < w->size; i++) {
		const struct qt__ix_word	*word;

		if (w->slots[i] == 0)
			continue;
		word = &ix->word[w->slots[i] - 1];
		*qt__ix_words_slot(ix, &more, ix->text + qt__ix_get(
		    &word->text), qt__ix_get(&word->len)) = w->slots[i];
	}
	free(w->slots);
	*w = more;
	return 0;
}

/* --- All ------------------------------------------------------------------ */

static int
by_score(const void *a, const void *b)
{
	const struct item	*x = a, *y = b;

	return x->key == y->key ? 0 : x->key < y->key ? 1 : -1;
}

int
qt__ix_grow_all(struct qt_hist_index *ix)
{
	struct qt_hist_index_view	 v;
	struct qt__ix_words		 words = { NULL, 0, 0 };
	struct item			*items;
	int				 rc = 0;

	qt_hist_index_view(ix, &v);
	items = calloc((size_t)v.commands + 1, sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < v.commands; i++)
		items[i] = (struct item){ key_at(&v, i, 0), i };
	sort(&v, items, v.commands, 0);
	for (uint32_t i = 0; i < v.commands && rc == 0; i++)
		rc = qt__ix_grow_command(ix, items[i].command);
	for (uint32_t i = 0; i < v.commands; i++)
		items[i].key = v.score[items[i].command];
	qsort(items, v.commands, sizeof(*items), by_score);
	for (uint32_t i = 0; i < v.commands && rc == 0; i++)
		rc = qt__ix_grow_words(ix, items[i].command, &words);
	free(words.slots);
	free(items);
	return rc;
}
