/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept and what goes: S3-FIFO. See cache_shard_priv.h.
 *
 *	new ---> [ small: a tenth ] --used twice--> [ main ] --not used--> out
 *	                 | not                        ^  |
 *	                 v                            |  '--used: once more
 *	              [ ghosts ] -----asked again-----'
 *
 * Most blocks are asked for once, by whoever scans; so a new one has a tenth of
 * the room to show that it is used again, and goes before it has cost the others
 * anything. What is asked for again soon after it went is known by its ghost,
 * and enters main at once. In main a block is given another round for each time
 * that it was used, up to three. A hit moves nothing: it counts.
 *
 * Ghosts are fingerprints with the time when they came, counted in ghosts, in a
 * table of four to a line; one that came longer ago than there are blocks in the
 * cache is no longer one. No list is needed, and what is overwritten was old.
 */

#include <stdlib.h>
#include <string.h>

#include "cache_shard_priv.h"

#define USED_MAX	3u
#define WAYS		4u
#define USUAL_BLOCK	4096u		/* for the first sizes of tables */
#define SMALL_PART	10u

static uint64_t
power_of_two(uint64_t at_least)
{
	uint64_t	n = 16;

	while (n < at_least)
		n *= 2;
	return n;
}

void
qt__shard_init(struct qt__shard *s, uint64_t size)
{
	memset(s, 0, sizeof(*s));
	s->size = size;
}

/* For the first block. */
static bool
make_tables(struct qt__shard *s)
{
	uint64_t	blocks = power_of_two(s->size / USUAL_BLOCK);

	s->table = calloc(blocks, sizeof(*s->table));
	s->ghost = calloc(blocks, sizeof(*s->ghost));
	if (s->table == NULL || s->ghost == NULL) {
		free(s->table);
		free(s->ghost);
		s->table = NULL;
		s->ghost = NULL;
		return false;
	}
	s->mask = blocks - 1;
	s->ghost_mask = blocks - 1;
	return true;
}

uint64_t
qt__shard_bytes(const struct qt__shard *s)
{
	return s->small.bytes + s->main.bytes;
}

void
qt__cached_drop(struct qt__cached *b)
{
	/* Acquire and release: who frees it has seen all that others did. */
	if (atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1)
		return;
	free(b->data);
	free(b);
}

/* --- Queues --------------------------------------------------------------- */

static void
push(struct qt__fifo *q, struct qt__cached *b)
{
	b->behind = NULL;
	if (q->last != NULL)
		q->last->behind = b;
	else
		q->first = b;
	q->last = b;
	q->bytes += b->charge;
	q->count++;
}

static struct qt__cached *
pop(struct qt__fifo *q)
{
	struct qt__cached	*b = q->first;

	q->first = b->behind;
	if (q->first == NULL)
		q->last = NULL;
	q->bytes -= b->charge;
	q->count--;
	return b;
}

/* --- Ghosts --------------------------------------------------------------- */

static uint64_t *
ghost_line(struct qt__shard *s, uint64_t hash)
{
	return s->ghost + (hash & s->ghost_mask & ~(uint64_t)(WAYS - 1));
}

/* Of the hash's other half, never 0. */
static uint32_t
fingerprint(uint64_t hash)
{
	return (uint32_t)(hash >> 32) | 1;
}

static uint32_t
age(const struct qt__shard *s, uint64_t ghost)
{
	return s->ghosts - (uint32_t)ghost;
}

static void
ghost_add(struct qt__shard *s, uint64_t hash)
{
	uint64_t	*line = ghost_line(s, hash), *oldest = line;

	for (unsigned int i = 0; i < WAYS && *oldest != 0; i++)
		if (line[i] == 0 || age(s, line[i]) > age(s, *oldest))
			oldest = &line[i];
	*oldest = (uint64_t)fingerprint(hash) << 32 | s->ghosts++;
}

/* Was it here not long ago? Then it is no ghost any more. */
static bool
ghost_take(struct qt__shard *s, uint64_t hash)
{
	uint64_t	*line = ghost_line(s, hash);

	for (unsigned int i = 0; i < WAYS; i++) {
		if (line[i] >> 32 != fingerprint(hash))
			continue;
		if (age(s, line[i]) > s->small.count + s->main.count)
			return false;
		line[i] = 0;
		return true;
	}
	return false;
}

/* --- The table ------------------------------------------------------------ */

struct qt__cached *
qt__shard_find(struct qt__shard *s, uint64_t file, uint64_t offset,
    uint64_t hash)
{
	struct qt__cached	*b = s->table == NULL ? NULL :
	    s->table[hash & s->mask];

	while (b != NULL && (b->file != file || b->offset != offset))
		b = b->chain;
	if (b != NULL && b->used < USED_MAX)
		b->used++;
	return b;
}

static void
insert(struct qt__cached **table, uint64_t mask, struct qt__cached *b)
{
	b->chain = table[b->hash & mask];
	table[b->hash & mask] = b;
}

/* Without memory for it chains are longer, which is all. */
static void
grow(struct qt__shard *s)
{
	uint64_t		  mask = s->mask * 2 + 1;
	struct qt__cached	**table = calloc(mask + 1, sizeof(*table));

	if (table == NULL)
		return;
	for (uint64_t i = 0; i <= s->mask; i++)
		for (struct qt__cached *b = s->table[i], *next; b != NULL;
		    b = next) {
			next = b->chain;
			insert(table, mask, b);
		}
	free(s->table);
	s->table = table;
	s->mask = mask;
}

/* Out of the cache; it is in no queue. */
static void
forget(struct qt__shard *s, struct qt__cached *b)
{
	struct qt__cached	**p = &s->table[b->hash & s->mask];

	while (*p != b)
		p = &(*p)->chain;
	*p = b->chain;
	qt__cached_drop(b);
}

/* --- Making room ---------------------------------------------------------- */

static void
evict_small(struct qt__shard *s)
{
	struct qt__cached	*b = pop(&s->small);

	if (b->used > 1) {
		b->used = 0;
		push(&s->main, b);
		return;
	}
	ghost_add(s, b->hash);
	forget(s, b);
}

static void
evict_main(struct qt__shard *s)
{
	struct qt__cached	*b = pop(&s->main);

	if (b->used > 0) {
		b->used--;
		push(&s->main, b);
		return;
	}
	forget(s, b);
}

bool
qt__shard_add(struct qt__shard *s, struct qt__cached *b)
{
	if (b->charge > s->size || (s->table == NULL && !make_tables(s)))
		return false;
	/* Each block is moved a few times at most, so this ends. */
	while (qt__shard_bytes(s) + b->charge > s->size) {
		if (s->small.bytes >= s->size / SMALL_PART ||
		    s->main.count == 0)
			evict_small(s);
		else
			evict_main(s);
	}
	if (s->small.count + s->main.count > s->mask)
		grow(s);
	b->used = 0;
	insert(s->table, s->mask, b);
	push(ghost_take(s, b->hash) ? &s->main : &s->small, b);
	return true;
}

void
qt__shard_clear(struct qt__shard *s)
{
	while (s->small.count > 0)
		forget(s, pop(&s->small));
	while (s->main.count > 0)
		forget(s, pop(&s->main));
	free(s->table);
	free(s->ghost);
	memset(s, 0, sizeof(*s));
}
