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
 *
 * The table is shared by processes, so an entry is one word, and every change
 * one compare-and-swap: whoever is killed leaves it whole, and of two who try
 * at once one sees the other. No order between words matters: all relaxed.
 *
 *	63        40 39     36 35                      0
 *	| tag       | failed  | last, ms, modulo 2^36  |	0: free
 *
 * The tag and the set's number are 34 bits of a keyed hash; the time wraps
 * after two years, which only an entry that was quiet for so long notices.
 */

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <qt/base/hash.h>
#include <qt/net/login.h>

#include "limit_priv.h"

#define WAYS		8
#define FREE_TRIES	3
#define FAILS_MAX	15u	/* what four bits hold: over 300 seconds */
#define WAIT_MAX_S	300u
#define FORGET_MS	(3600u * 1000)
#define PAIRS		4096	/* of address and account, remembered */
#define TIME_MASK	((UINT64_C(1) << 36) - 1)

struct qt_net_backoff {
	struct qt_hash_key	 hash;
	size_t			 size;		/* of the mapping */
	size_t			 nsets;		/* a power of two */
	_Atomic uint64_t	 pairs[PAIRS];
	_Atomic uint64_t	 entries[];
};

int
qt_net_backoff_new(unsigned int slots, struct qt_net_backoff **out)
{
	size_t	nsets = 1, size;
	void	*p;

	*out = NULL;
	while (nsets * WAYS < slots && nsets < (1u << 20))
		nsets *= 2;
	size = sizeof(**out) + nsets * WAYS * sizeof((*out)->entries[0]);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	*out = p;
	(*out)->size = size;
	(*out)->nsets = nsets;
	qt_hash_key_init(&(*out)->hash);
	return 0;
}

void
qt_net_backoff_free(struct qt_net_backoff *b)
{
	if (b != NULL)
		(void)munmap(b, b->size);
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
	return qt__net_addr_key(&b->hash, addr) & ~(uint64_t)1;
}

/* Never 0, which is a free place. */
static uint64_t
pair_key(const struct qt_net_backoff *b, const struct qt_net_addr *addr,
    const char *name)
{
	uint64_t	both[2] = { addr_key(b, addr), name_key(b, name) };

	return qt_hash(&b->hash, both, sizeof(both)) | 1;
}

static _Atomic uint64_t *
set_of(struct qt_net_backoff *b, uint64_t key)
{
	return &b->entries[(key >> 1 & (b->nsets - 1)) * WAYS];
}

/* The key's highest bits, and the one that tells names from addresses. */
static uint64_t
tag_of(uint64_t key)
{
	return (key >> 40 & ~(uint64_t)1) | (key & 1);
}

static uint64_t
word_of(uint64_t key, unsigned int fails, uint64_t now_ms)
{
	return tag_of(key) << 40 | (uint64_t)fails << 36 |
	    (now_ms & TIME_MASK);
}

static unsigned int
fails_of(uint64_t word)
{
	return word >> 36 & FAILS_MAX;
}

/* Another process may have looked at its clock a little later than we. */
static uint64_t
age_of(uint64_t word, uint64_t now_ms)
{
	uint64_t	age = (now_ms - word) & TIME_MASK;

	return age > TIME_MASK - FORGET_MS ? 0 : age;
}

/* Seconds to wait by what an entry says. */
static unsigned int
wait_of(uint64_t word, uint64_t now_ms)
{
	unsigned int	wait = WAIT_MAX_S, fails = fails_of(word);
	uint64_t	age = age_of(word, now_ms);

	if (word == 0 || fails < FREE_TRIES)
		return 0;
	if (fails - FREE_TRIES < 9)
		wait = 1u << (fails - FREE_TRIES);
	if (wait > WAIT_MAX_S)
		wait = WAIT_MAX_S;
	if (age >= (uint64_t)wait * 1000)
		return 0;
	return wait - (unsigned int)(age / 1000);
}

/* The key's entry, else the one that gives way; *word is what it holds. */
static _Atomic uint64_t *
find(struct qt_net_backoff *b, uint64_t key, uint64_t now_ms, uint64_t *word)
{
	_Atomic uint64_t	*set = set_of(b, key), *oldest = &set[0];
	uint64_t		 w, age, most = 0;

	*word = 0;
	for (int i = 0; i < WAYS; i++) {
		w = atomic_load_explicit(&set[i], memory_order_relaxed);
		if (w != 0 && w >> 40 == tag_of(key)) {
			*word = w;
			return &set[i];
		}
		age = w == 0 ? UINT64_MAX : age_of(w, now_ms);
		if (i == 0 || age > most) {
			oldest = &set[i];
			most = age;
			*word = w;
		}
	}
	return oldest;
}

static int
is_of(uint64_t word, uint64_t key)
{
	return word != 0 && word >> 40 == tag_of(key);
}

/* Counts a failure in advance, unless one has to wait (is_held: then too). */
static unsigned int
reserve(struct qt_net_backoff *b, uint64_t key, uint64_t now_ms, int is_held)
{
	_Atomic uint64_t	*e;
	uint64_t		 word, next;
	unsigned int		 fails, wait;

	do {
		e = find(b, key, now_ms, &word);
		fails = 0;
		if (is_of(word, key) && age_of(word, now_ms) <= FORGET_MS) {
			wait = wait_of(word, now_ms);
			if (wait > 0 && is_held)
				return wait;
			fails = fails_of(word);
		}
		next = word_of(key, fails < FAILS_MAX ? fails + 1 : fails,
		    now_ms);
	} while (!atomic_compare_exchange_weak_explicit(e, &word, next,
	    memory_order_relaxed, memory_order_relaxed));
	return 0;
}

/* Takes failures back: one, or all of them. */
static void
release(struct qt_net_backoff *b, uint64_t key, int is_all)
{
	_Atomic uint64_t	*e;
	uint64_t		 word, next;

	do {
		e = find(b, key, 0, &word);
		if (!is_of(word, key))
			return;
		next = is_all || fails_of(word) <= 1 ? 0 :
		    word - (UINT64_C(1) << 36);
	} while (!atomic_compare_exchange_weak_explicit(e, &word, next,
	    memory_order_relaxed, memory_order_relaxed));
}

static int
is_known_pair(struct qt_net_backoff *b, const struct qt_net_addr *addr,
    const char *name)
{
	uint64_t	pair = pair_key(b, addr, name);

	return atomic_load_explicit(&b->pairs[pair / 2 % PAIRS],
	    memory_order_relaxed) == pair;
}

unsigned int
qt_net_backoff_try(struct qt_net_backoff *b, const struct qt_net_addr *addr,
    const char *name, uint64_t now_ms)
{
	unsigned int	wait = reserve(b, addr_key(b, addr), now_ms, 1);

	if (wait > 0 || name == NULL)
		return wait;
	wait = reserve(b, name_key(b, name), now_ms,
	    !is_known_pair(b, addr, name));
	if (wait > 0)
		release(b, addr_key(b, addr), 0);
	return wait;
}

void
qt_net_backoff_undo(struct qt_net_backoff *b, const struct qt_net_addr *addr,
    const char *name)
{
	release(b, addr_key(b, addr), 0);
	if (name != NULL)
		release(b, name_key(b, name), 0);
}

void
qt_net_backoff_ok(struct qt_net_backoff *b, const struct qt_net_addr *addr,
    const char *name)
{
	uint64_t	pair;

	release(b, addr_key(b, addr), 1);
	if (name == NULL)
		return;
	pair = pair_key(b, addr, name);
	atomic_store_explicit(&b->pairs[pair / 2 % PAIRS], pair,
	    memory_order_relaxed);
	release(b, name_key(b, name), 1);
}
