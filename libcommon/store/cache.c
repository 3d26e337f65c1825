/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache of blocks. See cache_priv.h; what is kept is cache_shard.c's.
 *
 * Blocks are spread over shards by their hash, each with a mutex that is held
 * for some dozen instructions; making room may take longer, but not on the
 * average. Blocks are counted by who holds them, so one can go from the cache
 * while it is read. A child of fork() finds every shard whole: no thread is in
 * one at that moment.
 */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "cache_shard_priv.h"
#include "fork_priv.h"

#define SHARDS_MAX	16u
#define SHARD_MIN	(256u << 10)	/* bytes: some dozen blocks */

struct part {
	pthread_mutex_t		mutex;
	struct qt__shard	shard;
	uint64_t		hits, misses;
	uint64_t		told_hits, told_misses;
	uint8_t			pad[64];	/* a line of its own */
};

struct qt__block_cache {
	uint32_t		 count;		/* a power of two */
	struct qt__forked	 forked;
	struct part		 part[];
};

static void
each_lock(void *arg)
{
	struct qt__block_cache	*c = arg;

	for (uint32_t i = 0; i < c->count; i++)
		pthread_mutex_lock(&c->part[i].mutex);
}

static void
each_unlock(void *arg)
{
	struct qt__block_cache	*c = arg;

	for (uint32_t i = c->count; i > 0; i--)
		pthread_mutex_unlock(&c->part[i - 1].mutex);
}

int
qt__cache_new(struct qt__block_cache **out, uint64_t size)
{
	struct qt__block_cache	*c;
	uint32_t		 count = 1;
	int			 rc;

	*out = NULL;
	while (count < SHARDS_MAX && size / (2 * count) >= SHARD_MIN)
		count *= 2;
	c = calloc(1, sizeof(*c) + count * sizeof(c->part[0]));
	if (c == NULL)
		return -ENOMEM;
	for (; c->count < count; c->count++) {
		pthread_mutex_init(&c->part[c->count].mutex, NULL);
		qt__shard_init(&c->part[c->count].shard, size / count);
	}
	c->forked = (struct qt__forked){ .before = each_lock,
	    .parent = each_unlock, .child = each_unlock, .arg = c };
	rc = qt__fork_watch(&c->forked);
	if (rc < 0) {
		qt__cache_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

void
qt__cache_free(struct qt__block_cache *c)
{
	if (c == NULL)
		return;
	qt__fork_unwatch(&c->forked);
	for (uint32_t i = 0; i < c->count; i++) {
		qt__shard_clear(&c->part[i].shard);
		pthread_mutex_destroy(&c->part[i].mutex);
	}
	free(c);
}

/* The numbers are our own: it only has to spread. MurmurHash3's end. */
static uint64_t
hash(uint64_t file, uint64_t offset)
{
	uint64_t	h = file * UINT64_C(0x9e3779b97f4a7c15) ^ offset;

	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 33;
}

/* By bits that the shard's tables do not use much. */
static struct part *
part_of(struct qt__block_cache *c, uint64_t h)
{
	return &c->part[h >> 28 & (c->count - 1)];
}

static struct qt__cached *
hold(struct qt__cached *b)
{
	/* The cache holds it, and nothing is read through the count. */
	atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return b;
}

int
qt__cache_get(struct qt__block_cache *c, uint64_t file, uint64_t offset,
    struct qt__block **out)
{
	uint64_t		 h = hash(file, offset);
	struct part		*p = part_of(c, h);
	struct qt__cached	*b;

	pthread_mutex_lock(&p->mutex);
	b = qt__shard_find(&p->shard, file, offset, h);
	if (b != NULL) {
		p->hits++;
		*out = &hold(b)->block;
	} else
		p->misses++;
	pthread_mutex_unlock(&p->mutex);
	return b != NULL;
}

static struct qt__cached *
new_block(uint64_t file, uint64_t offset, uint8_t *data, size_t len)
{
	struct qt__cached	*b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->block.data = data;
	b->block.len = len;
	b->data = data;
	atomic_init(&b->refs, 1);
	b->file = file;
	b->offset = offset;
	b->hash = hash(file, offset);
	/* With what malloc(3) takes for two, and a place in the tables. */
	b->charge = len + sizeof(*b) + 64;
	return b;
}

int
qt__cache_add(struct qt__block_cache *c, uint64_t file, uint64_t offset,
    uint8_t *data, size_t len, struct qt__block **out)
{
	struct qt__cached	*b = new_block(file, offset, data, len), *there;
	struct part		*p;

	if (b == NULL) {
		free(data);
		return -ENOMEM;
	}
	p = part_of(c, b->hash);
	pthread_mutex_lock(&p->mutex);
	there = qt__shard_find(&p->shard, file, offset, b->hash);
	if (there != NULL)
		hold(there);		/* somebody read it at the same time */
	else if (qt__shard_add(&p->shard, b))
		hold(b);
	pthread_mutex_unlock(&p->mutex);
	if (there != NULL)
		qt__cached_drop(b);
	*out = there != NULL ? &there->block : &b->block;
	return 0;
}

void
qt__block_release(struct qt__block *b)
{
	if (b != NULL)
		qt__cached_drop((struct qt__cached *)b);
}

void
qt__cache_stat(struct qt__block_cache *c, uint64_t *hits, uint64_t *misses,
    uint64_t *bytes)
{
	*hits = *misses = *bytes = 0;
	for (uint32_t i = 0; i < c->count; i++) {
		struct part	*p = &c->part[i];

		pthread_mutex_lock(&p->mutex);
		*hits += p->hits;
		*misses += p->misses;
		*bytes += qt__shard_bytes(&p->shard);
		pthread_mutex_unlock(&p->mutex);
	}
}

void
qt__cache_tell(struct qt__block_cache *c, uint64_t *hits, uint64_t *misses)
{
	*hits = *misses = 0;
	for (uint32_t i = 0; i < c->count; i++) {
		struct part	*p = &c->part[i];

		pthread_mutex_lock(&p->mutex);
		*hits += p->hits - p->told_hits;
		*misses += p->misses - p->told_misses;
		p->told_hits = p->hits;
		p->told_misses = p->misses;
		pthread_mutex_unlock(&p->mutex);
	}
}
