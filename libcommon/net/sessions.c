/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of browser sessions: attaching and reading. See
 * <qt/net/sessions.h>; sessions_write.c writes.
 *
 * The sequence lock (Lameter's seqlock; the C11 form of Boehm, "Can seqlocks
 * get along with programming language memory models?", 2012):
 *
 *	writer				reader
 *	seq = n + 1 (relaxed)		n = seq (acquire)	[B]
 *	release fence			words (relaxed)
 *	words (relaxed)			acquire fence
 *	seq = n + 2 (release) [A]	seq again (relaxed): the same, even
 *
 * A pairs with B. The words are atomics because both sides touch them at once
 * by design; on x86-64 they are plain moves.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/hash.h>

#include "sessions_priv.h"

#define TRIES		8
#define CAPACITY_MIN	16u
#define CAPACITY_MAX	1000000u

static uint32_t
slots_for(unsigned int capacity)
{
	uint32_t	n = QT__SESSIONS_WAYS;

	while (n < capacity * 2)
		n *= 2;
	return n;
}

size_t
qt_net_sessions_size(unsigned int capacity)
{
	if (capacity < CAPACITY_MIN || capacity > CAPACITY_MAX)
		return 0;
	return sizeof(struct qt__sessions_header) +
	    slots_for(capacity) * sizeof(struct qt__session_slot);
}

int
qt_net_sessions_format(void *memory, size_t size, unsigned int capacity)
{
	struct qt__sessions_header	*h = memory;
	size_t				 want = qt_net_sessions_size(capacity);

	if (want == 0 || size < want || (uintptr_t)memory % 64 != 0)
		return -EINVAL;
	/* The magic goes last: a half-made table is no table. */
	memset(memory, 0, want);
	h->version = QT__SESSIONS_VERSION;
	h->slot_size = sizeof(struct qt__session_slot);
	h->capacity = capacity;
	h->nslots = slots_for(capacity);
	atomic_thread_fence(memory_order_release);
	h->magic = QT__SESSIONS_MAGIC;
	return 0;
}

static int
check_header(const struct qt__sessions_header *h, size_t size,
    struct qt_err *err)
{
	qt_err_set(err, "table of browser sessions");
	if (size < sizeof(*h) || (uintptr_t)h % 64 != 0 ||
	    h->magic != QT__SESSIONS_MAGIC)
		return -QT_EFORMAT;
	if (h->version != QT__SESSIONS_VERSION ||
	    h->slot_size != sizeof(struct qt__session_slot))
		return -QT_EVERSION;
	if (qt_net_sessions_size(h->capacity) == 0 ||
	    size < qt_net_sessions_size(h->capacity) ||
	    h->nslots != slots_for(h->capacity))
		return -QT_ECORRUPT;
	return 0;
}

int
qt_net_sessions_attach_rdonly(const void *memory, size_t size,
    struct qt_net_sessions **out, struct qt_err *err)
{
	struct qt_net_sessions	*s;
	int			 rc;

	*out = NULL;
	rc = check_header(memory, size, err);
	if (rc < 0)
		return rc;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	s->header = (struct qt__sessions_header *)memory;
	s->slots = (struct qt__session_slot *)(s->header + 1);
	s->capacity = s->header->capacity;
	s->nslots = slots_for(s->capacity);
	*out = s;
	return 0;
}

void
qt_net_sessions_detach(struct qt_net_sessions *s)
{
	if (s == NULL)
		return;
	free(s->nodes);
	free(s);
}

uint64_t
qt__net_session_check(const struct qt__session_record *r)
{
	static const struct qt_hash_key	key = { { 0x7174, 2 } };

	return qt_hash(&key, r, offsetof(struct qt__session_record, check));
}

int
qt__net_session_load(const struct qt__session_slot *slot,
    struct qt__session_record *out)
{
	uint64_t	words[QT__SESSION_WORDS], seq;

	for (int i = 0; i < TRIES; i++) {
		seq = atomic_load_explicit(&slot->seq, memory_order_acquire);
		if (seq % 2 != 0)
			continue;
		for (size_t w = 0; w < QT__SESSION_WORDS; w++)
			words[w] = atomic_load_explicit(&slot->words[w],
			    memory_order_relaxed);
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(&slot->seq, memory_order_relaxed) !=
		    seq)
			continue;
		memcpy(out, words, sizeof(*out));
		return out->kind != 0 &&
		    out->name[sizeof(out->name) - 1] == '\0' &&
		    out->check == qt__net_session_check(out);
	}
	return 0;
}

int
qt_net_sessions_get(const struct qt_net_sessions *s,
    const struct qt_net_token_hash *token, enum qt_net_session_kind kind,
    uint64_t now_ms, struct qt_net_session *out)
{
	const struct qt__session_slot	*slot;
	struct qt__session_record	 r;
	struct qt_net_token_hash	 have;
	uint64_t			 first, word;

	memcpy(&first, token->b, sizeof(first));
	slot = &s->slots[first & (s->nslots - 1) &
	    ~(uint64_t)(QT__SESSIONS_WAYS - 1)];
	for (unsigned int i = 0; i < QT__SESSIONS_WAYS; i++, slot++) {
		/* Words 4 to 7 are the token's hash; its first tells enough. */
		word = atomic_load_explicit(&slot->words[4],
		    memory_order_relaxed);
		if (word != first || !qt__net_session_load(slot, &r))
			continue;
		memcpy(have.b, r.token, sizeof(have.b));
		if (!qt_net_token_is_equal(&have, token) ||
		    r.kind != (uint32_t)kind || r.expires_ms <= now_ms)
			continue;
		out->id = r.id;
		out->created_ms = r.created_ms;
		out->expires_ms = r.expires_ms;
		out->kind = kind;
		out->role = (enum qt_net_role)r.role;
		memcpy(out->name, r.name, sizeof(out->name));
		out->stamp = r.stamp;
		return 1;
	}
	return 0;
}

unsigned int
qt_net_sessions_count(const struct qt_net_sessions *s)
{
	return (unsigned int)atomic_load_explicit(&s->header->count,
	    memory_order_relaxed);
}
