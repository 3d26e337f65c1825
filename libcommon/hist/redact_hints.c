/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rules have a hint in a text, in one pass. See redact_priv.h.
 *
 *	trie of all hints | shorter ends of each state | what comes next
 */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "redact_priv.h"

/* A byte in either case is the same class. */
static void
add_classes(struct qt__hints *h, const char *hints)
{
	for (; *hints != '\0'; hints++) {
		int	c = tolower((unsigned char)*hints);

		if (*hints == ' ' || h->class[c] != 0)
			continue;
		h->class[c] = (uint8_t)h->classes;
		h->class[toupper(c)] = (uint8_t)h->classes++;
	}
}

/* Goes on from a state, which is made if need be: there is room. */
static uint32_t
step(struct qt__hints *h, uint32_t state, char c)
{
	uint16_t	*next = &h->next[state * h->classes +
	    h->class[(unsigned char)c]];

	if (*next == 0)
		*next = (uint16_t)h->states++;
	return *next;
}

static void
add_hints(struct qt__hints *h, size_t rule, const char *hints)
{
	uint32_t	state = 0;

	for (;; hints++) {
		if (*hints != ' ' && *hints != '\0') {
			state = step(h, state, *hints);
			continue;
		}
		h->found[state].bits[rule / 64] |= UINT64_C(1) << rule % 64;
		h->has_found[state] = 1;
		state = 0;
		if (*hints == '\0')
			return;
	}
}

static void
unite(struct qt__rule_set *to, const struct qt__rule_set *from)
{
	for (size_t i = 0; i < QT__HINTS_RULES / 64; i++)
		to->bits[i] |= from->bits[i];
}

/*
 * Where a state has no way on, that of the longest shorter end of it is taken,
 * which was complete before: states are looked at in the order of their length.
 */
static int
complete(struct qt__hints *h)
{
	uint16_t	*queue = calloc(h->states, sizeof(*queue));
	uint16_t	*shorter = calloc(h->states, sizeof(*shorter));
	uint32_t	 head = 0, tail = 1, c;

	if (queue == NULL || shorter == NULL) {
		free(queue);
		free(shorter);
		return -ENOMEM;
	}
	for (; head < tail; head++) {
		uint32_t	state = queue[head], end = shorter[state];

		for (c = 1; c < h->classes; c++) {
			uint16_t	*next = &h->next[state * h->classes + c];
			uint16_t	 other = state == 0 ? 0 :
			    h->next[end * h->classes + c];

			if (*next == 0) {
				*next = other;
				continue;
			}
			shorter[*next] = other;
			unite(&h->found[*next], &h->found[other]);
			h->has_found[*next] |= h->has_found[other];
			queue[tail++] = *next;
		}
	}
	free(queue);
	free(shorter);
	return 0;
}

int
qt__hints_init(struct qt__hints *h, const struct qt__rule *rules, size_t count)
{
	size_t	room = 1, i;

	memset(h, 0, sizeof(*h));
	h->classes = h->states = 1;
	for (i = 0; i < count; i++) {
		add_classes(h, rules[i].hints);
		room += strlen(rules[i].hints);
	}
	h->next = calloc(room * h->classes, sizeof(*h->next));
	h->found = calloc(room, sizeof(*h->found));
	h->has_found = calloc(room, 1);
	if (h->next == NULL || h->found == NULL || h->has_found == NULL) {
		qt__hints_clear(h);
		return -ENOMEM;
	}
	for (i = 0; i < count; i++)
		add_hints(h, i, rules[i].hints);
	if (complete(h) < 0) {
		qt__hints_clear(h);
		return -ENOMEM;
	}
	return 0;
}

void
qt__hints_clear(struct qt__hints *h)
{
	free(h->next);
	free(h->found);
	free(h->has_found);
	memset(h, 0, sizeof(*h));
}

bool
qt__hints_find(const struct qt__hints *h, struct qt__rule_set *out,
    const void *text, size_t len)
{
	const unsigned char	*p = text, *end = p + len;
	uint32_t		 state = 0;
	bool			 is = false;

	memset(out, 0, sizeof(*out));
	for (; p < end; p++) {
		state = h->next[state * h->classes + h->class[*p]];
		if (h->has_found[state]) {
			unite(out, &h->found[state]);
			is = true;
		}
	}
	return is;
}
