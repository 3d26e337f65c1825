/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of each change of a skip list. The
 * entry that it was about is then as before or as after, and stays so; the
 * others are untouched; and a survivor fills, replaces and empties the list
 * three times, with as many entries as ever.
 */

#include <qt/shm/skiplist.h>

#include "../../libcommon/shm/skiplist_priv.h"

#define CAPACITY	24
#define KEYED(verb)	qt_skiplist_##verb
#define KEYED_TYPE	qt_skiplist
#define KEYED_NODES	nodes
#include "keyed_sweep.h"

/* Sets the dice so that the next node has that many levels. */
static void
throw(struct qt_skiplist *s, uint32_t height)
{
	for (uint64_t k = 1;; k++) {
		uint64_t	x = k;
		uint32_t	h = 1;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		for (x >>= 8; h < s->levels && (x & 3) == 0; x >>= 2)
			h++;
		if (h != height)
			continue;
		atomic_store(&s->dice, k);
		return;
	}
}

static struct qt_skiplist *
keyed_new(struct qt_seg *seg)
{
	struct qt_skiplist_spec	 spec = { .key_max = 4, .value_max = 8,
	    .capacity = CAPACITY };
	struct qt_skiplist	*m = NULL;

	step_must(qt_skiplist_create(seg, "m", &spec, NULL) == 0 &&
	    qt_skiplist_open(seg, "m", NULL, NULL, &m, NULL) == 0, "list");
	throw(m, 1);
	return m;
}

/* Of all heights; and the victim's is in all lists. */
static void
keyed_before_put(struct qt_skiplist *m, int64_t key)
{
	throw(m, 1 + (uint32_t)(key + 2) % m->levels);
}

static void
keyed_before_op(struct qt_skiplist *m)
{
	throw(m, m->levels);
}

int
main(void)
{
	static const struct step_case	cases[] = { KEYED_CASES };

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
