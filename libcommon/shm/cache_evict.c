/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who goes when room is needed: S3-FIFO. See <qt/shm/cache.h>, cache_priv.h.
 *
 * The small queue has a tenth of the entries. What leaves it used is in main
 * from then on, where it is, for main is a clock over all nodes; what leaves it
 * unused is taken out, and its hash kept: put again, it goes to main at once.
 *
 * An entry whose place in the small queue was lost with a process is found by
 * the hand, when it comes by for the second time.
 */

#include <errno.h>

#include "cache_priv.h"

#define ROUNDS 5	/* of the hand: each use is one, and one to be seen */

uint64_t
qt__expiry_of(uint32_t life, uint64_t now, uint64_t ttl)
{
	uint64_t	ms = 0, most = (UINT64_C(1) << 48) - 1;

	if (ttl != 0 && (now > most || ttl > most - now))
		ms = most;
	else if (ttl != 0)
		ms = now + ttl;
	return (uint64_t)life << 48 | ms;
}

/* Takes out the entry that is in node `at` with that life. */
static bool
take_out(struct qt__cache_turn *turn, uint32_t at, uint32_t life, bool is_old)
{
	struct qt_cache	*c = turn->c;
	struct qt__hash	*t = &c->hash;
	struct qt__node	*n = qt__hash_node(t, at);
	unsigned char	 data[1024];
	struct qt__key	 key = { .data = data };
	struct qt__pos	 pos;

	key.hash = atomic_load_explicit(&n->hash, memory_order_relaxed);
	key.len = (uint32_t)atomic_load_explicit(&n->lens,
	    memory_order_relaxed);
	if (key.len == 0 || key.len > t->key_max)
		return false;
	qt__words_get(data, n->data, key.len);
	if (qt__hash_find(t, &key, false, &pos) < 0 || !pos.is_match ||
	    pos.at != at || qt__cache_life(c, at) != life ||
	    qt__hash_remove(t, &pos) < 0)
		return false;
	qt__cache_add(c, is_old ? QT__EXPIRED : QT__EVICTIONS);
	return true;
}

void
qt__cache_expire(struct qt__cache_turn *turn, const struct qt__pos *pos)
{
	if (qt__hash_remove(&turn->c->hash, pos) == 0)
		qt__cache_add(turn->c, QT__EXPIRED);
}

static bool
is_old(const struct qt__cache_turn *turn, uint32_t at)
{
	return qt__expiry_is_past(atomic_load_explicit(&turn->c->expiry[at],
	    memory_order_relaxed), turn->now);
}

/* --- The small queue ------------------------------------------------------ */

static uint64_t
small_len(const struct qt_cache *c)
{
	uint64_t	head = atomic_load_explicit(&c->words->head,
	    memory_order_relaxed);
	uint64_t	tail = atomic_load_explicit(&c->words->tail,
	    memory_order_relaxed);

	return tail > head ? tail - head : 0;
}

static _Atomic uint32_t *
ghost_of(const struct qt_cache *c, uint64_t hash)
{
	return &c->ghost[hash % c->hash.node_count];
}

/* Of a hash, never 0. */
static uint32_t
print_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32) | 1;
}

/*
 * 1 the oldest was taken out, 0 it stays or was gone already, -1 none. Unless
 * room is needed, it stays.
 */
static int
leave_small(struct qt__cache_turn *turn, bool is_needed)
{
	struct qt_cache	*c = turn->c;
	uint64_t	 head = atomic_load(&c->words->head), hint, hash;
	uint64_t	 tail = atomic_load(&c->words->tail);
	uint32_t	 at;
	uint8_t		 m;

	if (head >= tail)
		return -1;
	/* What was overwritten before it left is not there any more. */
	if (!atomic_compare_exchange_strong(&c->words->head, &head,
	    tail - head > c->small_mask + 1 ? tail - c->small_mask : head + 1))
		return 0;
	hint = atomic_load_explicit(&c->small[head & c->small_mask],
	    memory_order_relaxed);
	at = (uint32_t)hint;
	if (at == 0 || at > c->hash.node_count ||
	    qt__cache_life(c, at) != hint >> 32)
		return 0;
	m = atomic_load_explicit(&c->meta[at], memory_order_relaxed);
	if (m & QT__META_MAIN || !(m & QT__META_ENTRY))
		return 0;
	if (((m & QT__META_USES) && !is_old(turn, at)) || !is_needed) {
		atomic_store_explicit(&c->meta[at], QT__META_ENTRY |
		    QT__META_MAIN, memory_order_relaxed);
		return 0;
	}
	hash = atomic_load_explicit(&qt__hash_node(&c->hash, at)->hash,
	    memory_order_relaxed);
	if (!take_out(turn, at, (uint32_t)(hint >> 32), is_old(turn, at)))
		return 0;
	atomic_store_explicit(ghost_of(c, hash), print_of(hash),
	    memory_order_relaxed);
	return 1;
}

void
qt__cache_enter(struct qt__cache_turn *turn, uint32_t at, uint32_t life,
    uint64_t hash, uint8_t was)
{
	struct qt_cache		*c = turn->c;
	_Atomic uint32_t	*ghost = ghost_of(c, hash);
	uint8_t			 m = was | QT__META_ENTRY;
	uint64_t		 tail;

	if (atomic_load_explicit(ghost, memory_order_relaxed) ==
	    print_of(hash)) {
		atomic_store_explicit(ghost, 0, memory_order_relaxed);
		m |= QT__META_MAIN;
	}
	atomic_store_explicit(&c->meta[at], m, memory_order_relaxed);
	if (m & QT__META_MAIN)
		return;
	if (small_len(c) > c->small_mask)
		(void)leave_small(turn, false);
	tail = atomic_fetch_add(&c->words->tail, 1);
	atomic_store_explicit(&c->small[tail & c->small_mask],
	    (uint64_t)life << 32 | at, memory_order_relaxed);
}

/* --- Main ----------------------------------------------------------------- */

/* What the hand meets. true: it was taken out. */
static bool
judge(struct qt__cache_turn *turn, uint32_t at, bool is_last)
{
	struct qt_cache	*c = turn->c;
	uint8_t		 m = atomic_load_explicit(&c->meta[at],
	    memory_order_relaxed);
	uint32_t	 life;

	if (!(m & QT__META_ENTRY))
		return false;
	life = qt__cache_life(c, at);
	if (is_old(turn, at))
		return take_out(turn, at, life, true);
	if (!(m & (QT__META_MAIN | QT__META_SEEN)) && !is_last) {
		atomic_store_explicit(&c->meta[at], m | QT__META_SEEN,
		    memory_order_relaxed);
		return false;
	}
	if ((m & QT__META_USES) && !is_last) {
		atomic_store_explicit(&c->meta[at], (uint8_t)(m - 1),
		    memory_order_relaxed);
		return false;
	}
	return take_out(turn, at, life, false);
}

static bool
leave_main(struct qt__cache_turn *turn, uint32_t rounds, bool is_last)
{
	struct qt_cache	*c = turn->c;
	uint32_t	 count = c->hash.node_count;

	for (uint64_t left = (uint64_t)count * rounds; left > 0; left--) {
		uint64_t	hand = atomic_fetch_add_explicit(
		    &c->words->hand, 1, memory_order_relaxed);

		if (judge(turn, (uint32_t)(hand % count) + 1, is_last))
			return true;
	}
	return false;
}

bool
qt__cache_evict(struct qt__cache_turn *turn)
{
	struct qt_cache	*c = turn->c;
	uint64_t	 count = (uint32_t)qt__obj_counted(&c->obj,
	    QT__HASH_COUNT);
	uint64_t	 left = small_len(c);
	int		 rc = 0;

	while (rc == 0 && left-- > 0 && small_len(c) > count / 10)
		rc = leave_small(turn, true);
	if (rc > 0 || leave_main(turn, 1, false))
		return true;
	/* Main is all in use, or empty. */
	for (left = small_len(c), rc = 0; rc == 0 && left > 0; left--)
		rc = leave_small(turn, true);
	return rc > 0 || leave_main(turn, ROUNDS, false) ||
	    leave_main(turn, 1, true);
}
