/* SPDX-License-Identifier: Apache-2.0 */
/* All interleavings of a model, breadth first. See model.h. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

struct search {
	const struct model	*m;
	size_t			 limit, count;
	unsigned char		*states;
	uint32_t		*from;		/* state before, and how */
	signed char		*by;		/* thread, or ~thread: killed */
	uint32_t		*table;		/* open addressing; state + 1 */
	size_t			 slots;
};

static unsigned char *
at(const struct search *s, size_t i)
{
	return s->states + i * s->m->size;
}

static size_t
hash(const unsigned char *p, size_t size)
{
	uint64_t	h = 0x9e3779b97f4a7c15, word;

	for (size_t i = 0; i < size; i += 8) {
		memcpy(&word, p + i, 8);
		h = (h ^ word) * 0xff51afd7ed558ccd;
		h ^= h >> 32;
	}
	return (size_t)h;
}

/* Adds the state behind the last one, unless it is known. 0: too many. */
static int
keep(struct search *s, uint32_t from, int by)
{
	unsigned char	*p = at(s, s->count);
	size_t		 i = hash(p, s->m->size) % s->slots;

	for (; s->table[i] != 0; i = (i + 1) % s->slots)
		if (memcmp(at(s, s->table[i] - 1), p, s->m->size) == 0)
			return 1;
	if (s->count + 1 >= s->limit)
		return 0;
	s->from[s->count] = from;
	s->by[s->count] = (signed char)by;
	s->table[i] = (uint32_t)++s->count;
	return 1;
}

static void
print_trace(const struct search *s, size_t i, int depth)
{
	if (i != 0 && depth < 300)
		print_trace(s, s->from[i], depth + 1);
	if (i == 0)
		return;
	printf("#   thread %d %s, at", s->by[i] < 0 ? ~s->by[i] : s->by[i],
	    s->by[i] < 0 ? "is killed" : "moves");
	for (unsigned int t = 0; t < s->m->threads; t++)
		printf(" %d", s->m->place(at(s, i), t));
	printf("\n");
}

static int
fail(const struct search *s, size_t i, const char *what)
{
	if (s->m->is_quiet)
		return 0;
	printf("# %s: %s after state %zu\n", s->m->name, what, i);
	print_trace(s, i, 0);
	return 0;
}

/* All moves from state i. 0: wrong. */
static int
expand(struct search *s, size_t i)
{
	const struct model	*m = s->m;
	int			 moved = 0;

	for (unsigned int t = 0; t < m->threads; t++) {
		enum model_move	move;

		memcpy(at(s, s->count), at(s, i), m->size);
		move = m->step(at(s, s->count), t);
		if (move == MODEL_BAD)
			return fail(s, i, "a step that must not be");
		if (move == MODEL_STEP) {
			moved = 1;
			if (!keep(s, (uint32_t)i, (int)t))
				return fail(s, 0, "too many states");
		}
		if (!(m->mortal >> t & 1))
			continue;
		memcpy(at(s, s->count), at(s, i), m->size);
		if (m->die(at(s, s->count), t) &&
		    !keep(s, (uint32_t)i, ~(int)t))
			return fail(s, 0, "too many states");
	}
	return moved || m->is_right(at(s, i)) ? 1 :
	    fail(s, i, "an end that is not right");
}

size_t
model_check(const struct model *m, size_t limit)
{
	struct search	s = { .m = m, .limit = limit, .slots = limit * 2 };
	size_t		count = 0;

	s.states = calloc(limit + 1, m->size);
	s.from = calloc(limit, sizeof(*s.from));
	s.by = calloc(limit, 1);
	s.table = calloc(s.slots, sizeof(*s.table));
	if (s.states != NULL && s.from != NULL && s.by != NULL &&
	    s.table != NULL) {
		size_t	i = 0;

		m->init(at(&s, 0));
		(void)keep(&s, 0, 0);
		while (i < s.count && expand(&s, i))
			i++;
		count = i == s.count ? s.count : 0;
	}
	free(s.states);
	free(s.from);
	free(s.by);
	free(s.table);
	return count;
}
