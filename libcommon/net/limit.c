/* SPDX-License-Identifier: Apache-2.0 */
/* Token buckets and connection counts by address. See limit_priv.h. */

#include <errno.h>
#include <stdlib.h>

#include <qt/base/hash.h>

#include "limit_priv.h"

#define SETS	512		/* a power of two */
#define WAYS	8

struct entry {
	uint64_t	key;	/* 0: free */
	uint64_t	at_ms;	/* tokens were right then */
	uint32_t	millitokens;
	uint32_t	conns;
};

struct qt__limit {
	struct qt_hash_key	hash;
	unsigned int		rate;
	unsigned int		burst;
	unsigned int		conns_max;
	struct entry		entries[SETS][WAYS];
};

uint64_t
qt__net_addr_key(const struct qt_hash_key *key, const struct qt_net_addr *addr)
{
	uint8_t		b[17] = { addr->family };
	size_t		len = addr->family == 6 ? 8 : 4;
	uint64_t	h;

	if (addr->family == 0)
		memcpy(b + 1, &addr->uid, len);
	else
		memcpy(b + 1, addr->b, len);
	h = qt_hash(key, b, len + 1);
	return h != 0 ? h : 1;
}

int
qt__net_limit_new(unsigned int rate, unsigned int burst, unsigned int conns_max,
    struct qt__limit **out)
{
	struct qt__limit	*l;

	l = calloc(1, sizeof(*l));
	*out = l;
	if (l == NULL)
		return -ENOMEM;
	qt_hash_key_init(&l->hash);
	l->rate = rate > 1000000 ? 1000000 : rate;
	l->burst = burst > 1000000 ? 1000000 : burst;
	if (l->burst < 1)
		l->burst = 1;
	l->conns_max = conns_max;
	return 0;
}

void
qt__net_limit_free(struct qt__limit *l)
{
	free(l);
}

static struct entry *
find(struct qt__limit *l, uint64_t key)
{
	struct entry	*set = l->entries[key & (SETS - 1)];

	for (int i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
	}
	return NULL;
}

/* A place for key, or NULL when all of its set have connections. */
static struct entry *
make(struct qt__limit *l, uint64_t key, uint64_t now_ms)
{
	struct entry	*set = l->entries[key & (SETS - 1)], *best = NULL;

	for (int i = 0; i < WAYS; i++) {
		if (set[i].conns == 0 &&
		    (best == NULL || set[i].at_ms < best->at_ms))
			best = &set[i];
	}
	if (best != NULL)
		*best = (struct entry){ key, now_ms, l->burst * 1000, 0 };
	return best;
}

static void
refill(const struct qt__limit *l, struct entry *e, uint64_t now_ms)
{
	uint64_t	passed = now_ms > e->at_ms ? now_ms - e->at_ms : 0;
	uint64_t	most = (uint64_t)l->burst * 1000, tokens;

	/* A millitoken comes every 1/rate ms; beyond an hour all are full. */
	if (passed > 3600 * 1000)
		passed = 3600 * 1000;
	tokens = e->millitokens + passed * l->rate;
	e->millitokens = (uint32_t)(tokens < most ? tokens : most);
	e->at_ms = now_ms;
}

int
qt__net_limit_open(struct qt__limit *l, const struct qt_net_addr *addr,
    uint64_t now_ms)
{
	uint64_t	 key = qt__net_addr_key(&l->hash, addr);
	struct entry	*e = find(l, key);

	if (e == NULL)
		e = make(l, key, now_ms);
	if (e == NULL)
		return 0;
	refill(l, e, now_ms);
	if (l->conns_max > 0 && e->conns >= l->conns_max)
		return -EMFILE;
	if (l->rate > 0) {
		if (e->millitokens < 1000)
			return -EAGAIN;
		e->millitokens -= 1000;
	}
	e->conns++;
	return 0;
}

void
qt__net_limit_close(struct qt__limit *l, const struct qt_net_addr *addr)
{
	struct entry	*e = find(l, qt__net_addr_key(&l->hash, addr));

	if (e != NULL && e->conns > 0)
		e->conns--;
}
