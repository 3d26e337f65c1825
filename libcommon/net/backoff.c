/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Back-off after failed logins. See <qt/net/login.h>.
 *
 * Two keys for each attempt: the address (a v6 /64) and the account. The
 * table is fixed: sets of eight; the entry that has been quiet for longest
 * gives way, so a flood of addresses can make an address be forgotten, but
 * then the account still remembers.
 *
 * So that nobody can lock somebody else out by failing in their name, an
 * address from which an account was let in is not held up by that account's
 * failures, only by its own.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/hash.h>
#include <qt/net/login.h>

#include "limit_priv.h"

#define WAYS		8
#define FREE_TRIES	3
#define WAIT_MAX_S	300u
#define FORGET_MS	(3600u * 1000)
#define PAIRS		4096	/* of address and account, remembered */

struct entry {
	uint64_t	key;		/* 0: free */
	uint64_t	last_ms;
	unsigned int	fails;
};

struct qt_net_backoff {
	struct qt_hash_key	hash;
	size_t			nsets;	/* a power of two */
	uint64_t		pairs[PAIRS];
	struct entry		entries[];
};

int
qt_net_backoff_new(unsigned int slots, struct qt_net_backoff **out)
{
	size_t	nsets = 1;

	while (nsets * WAYS < slots && nsets < (1u << 20))
		nsets *= 2;
	*out = calloc(1, sizeof(**out) + nsets * WAYS * sizeof(struct entry));
	if (*out == NULL)
		return -ENOMEM;
	(*out)->nsets = nsets;
	qt_hash_key_init(&(*out)->hash);
	return 0;
}

void
qt_net_backoff_free(struct qt_net_backoff *b)
{
	free(b);
}

static uint64_t
name_key(const struct qt_net_backoff *b, const char *name)
{
	/* Odd, and addresses are even: they never meet. */
	return qt_hash(&b->hash, name, strnlen(name, 256)) | 1;
}

static uint64_t
addr_key(const struct qt_net_backoff *b, const struct qt_net_addr *addr)
{
	uint64_t	h = qt__net_addr_key(&b->hash, addr) & ~(uint64_t)1;

	return h != 0 ? h : 2;
}

static uint64_t
pair_key(const struct qt_net_backoff *b, const struct qt_net_addr *addr,
    const char *name)
{
	uint64_t	both[2] = { addr_key(b, addr), name_key(b, name) };

	return qt_hash(&b->hash, both, sizeof(both));
}

static const struct entry *
find(const struct qt_net_backoff *b, uint64_t key)
{
	const struct entry	*set = &b->entries[(key >> 1 &
	    (b->nsets - 1)) * WAYS];

	for (int i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
	}
	return NULL;
}

static unsigned int
wait_of(const struct entry *e, uint64_t now_ms)
{
	unsigned int	wait = WAIT_MAX_S;
	uint64_t	passed;

	if (e == NULL || e->fails < FREE_TRIES)
		return 0;
	if (e->fails - FREE_TRIES < 9)
		wait = 1u << (e->fails - FREE_TRIES);
	if (wait > WAIT_MAX_S)
		wait = WAIT_MAX_S;
	passed = now_ms > e->last_ms ? now_ms - e->last_ms : 0;
	if (passed >= (uint64_t)wait * 1000)
		return 0;
	return wait - (unsigned int)(passed / 1000);
}

unsigned int
qt_net_backoff_wait(const struct qt_net_backoff *b,
    const struct qt_net_addr *addr, const char *name, uint64_t now_ms)
{
	unsigned int	x, y = 0;

	x = wait_of(find(b, addr_key(b, addr)), now_ms);
	if (name != NULL) {
		uint64_t	pair = pair_key(b, addr, name);

		if (b->pairs[pair % PAIRS] != pair)
			y = wait_of(find(b, name_key(b, name)), now_ms);
	}
	return x > y ? x : y;
}

static void
fail(struct qt_net_backoff *b, uint64_t key, uint64_t now_ms)
{
	struct entry	*set = &b->entries[(key >> 1 & (b->nsets - 1)) * WAYS];
	struct entry	*e = &set[0];

	for (int i = 0; i < WAYS; i++) {
		if (set[i].key == key) {
			e = &set[i];
			break;
		}
		if (set[i].last_ms < e->last_ms)
			e = &set[i];
	}
	if (e->key != key || now_ms - e->last_ms > FORGET_MS)
		*e = (struct entry){ .key = key };
	e->last_ms = now_ms;
	e->fails++;
}

void
qt_net_backoff_fail(struct qt_net_backoff *b, const struct qt_net_addr *addr,
    const char *name, uint64_t now_ms)
{
	fail(b, addr_key(b, addr), now_ms);
	if (name != NULL)
		fail(b, name_key(b, name), now_ms);
}

void
qt_net_backoff_ok(struct qt_net_backoff *b, const struct qt_net_addr *addr,
    const char *name)
{
	struct entry	*e;

	e = (struct entry *)find(b, addr_key(b, addr));
	if (e != NULL)
		memset(e, 0, sizeof(*e));
	if (name == NULL)
		return;
	b->pairs[pair_key(b, addr, name) % PAIRS] = pair_key(b, addr, name);
	e = (struct entry *)find(b, name_key(b, name));
	if (e != NULL)
		memset(e, 0, sizeof(*e));
}
