/* SPDX-License-Identifier: Apache-2.0 */
/* One event more in the index. See index_priv.h. Only the writer is here. */

#include <errno.h>
#include <string.h>

#include <qt/hist/match.h>

#include "index_priv.h"

#define NUMBER_MAX	((uint32_t)INT32_MAX)	/* events, then a rebuild */
#define SESSION_MAX	4096u			/* looked back at */

const char *
qt__ix_text(const struct qt_hist_index *ix, uint32_t at, uint32_t len)
{
	uint64_t	end = atomic_load_explicit(&ix->head->text,
	    memory_order_acquire);

	if (end > ix->room.text)
		end = ix->room.text;
	return at <= end && len <= end - at ? ix->text + at : NULL;
}

static int
add_text(struct qt_hist_index *ix, uint32_t *at, const void *data, size_t len)
{
	uint64_t	end = atomic_load(&ix->head->text);
	int		rc;

	if (end > ix->room.text || len > ix->room.text - end)
		return -QT_EFULL;
	rc = qt__ix_back(ix, QT__IX_TEXT, end + len);
	if (rc < 0)
		return rc;
	memcpy(ix->text + end, data, len);
	*at = (uint32_t)end;
	atomic_store_explicit(&ix->head->text, end + len,
	    memory_order_release);
	return 0;
}

/* --- Hashes --------------------------------------------------------------- */

uint64_t
qt__ix_hash(const struct qt_hist_index *ix, uint32_t kind, const void *data,
    size_t len)
{
	struct qt_hash_key	key = ix->key;

	key.k[1] ^= kind;
	return qt_hash_quick(&key, data, len);
}

static uint64_t
slot_of(uint64_t hash, uint32_t id)
{
	return (hash & ~(uint64_t)UINT32_MAX) | (id + 1);
}

/* The id in a slot, if it may be of this hash; else QT_HIST_NONE. */
static uint32_t
id_of(uint64_t slot, uint64_t hash)
{
	return slot >> 32 == hash >> 32 ? (uint32_t)slot - 1 : QT_HIST_NONE;
}

/* After its id counts. There are twice as many slots as ids. */
static int
put_slot(_Atomic uint64_t *slots, uint32_t size, uint64_t hash, uint32_t id)
{
	uint32_t	at = (uint32_t)hash & (size - 1);

	for (uint32_t i = 0; i < size; i++, at = (at + 1) & (size - 1)) {
		if (atomic_load_explicit(&slots[at], memory_order_relaxed) !=
		    0)
			continue;
		atomic_store_explicit(&slots[at], slot_of(hash, id),
		    memory_order_release);
		return 0;
	}
	return -QT_EFULL;
}

/* Three bits of one word: one line of the cache (B. H. Bloom, 1970). */
static uint64_t
bloom_bits(uint64_t hash)
{
	return UINT64_C(1) << (hash >> 58) |
	    UINT64_C(1) << (hash >> 52 & 63) |
	    UINT64_C(1) << (hash >> 46 & 63);
}

static _Atomic uint64_t *
bloom_word(const struct qt_hist_index *ix, uint64_t hash)
{
	return &ix->bloom[(hash >> 14) & (ix->room.bloom - 1)];
}

static bool
is_text(const struct qt_hist_index *ix, uint32_t at, uint32_t its,
    const void *data, size_t len)
{
	const char	*text = its == len ? qt__ix_text(ix, at, its) : NULL;

	return text != NULL && memcmp(text, data, len) == 0;
}

uint32_t
qt__ix_find_command(const struct qt_hist_index *ix, uint64_t hash,
    const void *text, size_t len)
{
	uint32_t	count = qt__ix_count(&ix->head->commands,
	    ix->room.commands);
	uint32_t	size = ix->room.c_slots, at = (uint32_t)hash &
	    (size - 1);
	uint64_t	bits = bloom_bits(hash), slot;

	if ((atomic_load_explicit(bloom_word(ix, hash),
	    memory_order_relaxed) & bits) != bits)
		return QT_HIST_NONE;
	for (uint32_t i = 0; i < size; i++, at = (at + 1) & (size - 1)) {
		uint32_t	id;

		/* Pairs with put_slot(). */
		slot = atomic_load_explicit(&ix->c_index[at],
		    memory_order_acquire);
		if (slot == 0)
			break;
		id = id_of(slot, hash);
		if (id < count && is_text(ix, qt__ix_get(&ix->c_text[id]),
		    qt__ix_get(&ix->c_len[id]), text, len))
			return id;
	}
	return QT_HIST_NONE;
}

/* --- Commands ------------------------------------------------------------- */

static int
back_command(struct qt_hist_index *ix, uint32_t id)
{
	int	rc = 0;

	if (id >= ix->room.commands)
		return -QT_EFULL;
	for (int i = QT__IX_SIGNATURE; i <= QT__IX_NEXT && rc == 0; i++)
		rc = qt__ix_back(ix, (enum qt__ix_area_id)i, id + UINT64_C(1));
	return rc;
}

int
qt__ix_add_command(struct qt_hist_index *ix, uint32_t *id, const void *text,
    size_t len)
{
	uint64_t	hash = qt__ix_hash(ix, 0, text, len);
	uint32_t	at;
	int		rc;

	*id = qt__ix_find_command(ix, hash, text, len);
	if (*id != QT_HIST_NONE)
		return 0;
	*id = qt__ix_count(&ix->head->commands, ix->room.commands);
	rc = back_command(ix, *id);
	if (rc == 0)
		rc = add_text(ix, &at, text, len);
	if (rc < 0)
		return rc;
	atomic_store_explicit(&ix->signature[*id],
	    qt_hist_match_signature(text, len), memory_order_relaxed);
	qt__ix_set(&ix->c_text[*id], at);
	qt__ix_set(&ix->c_len[*id], (uint32_t)len);
	qt__ix_publish(&ix->head->commands, *id + 1);
	atomic_fetch_or_explicit(bloom_word(ix, hash), bloom_bits(hash),
	    memory_order_relaxed);
	return put_slot(ix->c_index, ix->room.c_slots, hash, *id);
}

/* --- Facts ---------------------------------------------------------------- */

static int
add_fact(struct qt_hist_index *ix, uint32_t *out, uint32_t kind, uint32_t host,
    const void *data, size_t len)
{
	uint64_t		hash = qt__ix_hash(ix, kind, data, len), slot;
	uint32_t		count = qt__ix_count(&ix->head->facts,
	    ix->room.facts);
	uint32_t		size = ix->room.f_slots, at = (uint32_t)hash;
	struct qt__ix_fact	*f;
	int			 rc;

	for (uint32_t i = 0; i < size; i++, at++) {
		slot = atomic_load_explicit(&ix->f_index[at & (size - 1)],
		    memory_order_acquire);
		if (slot == 0)
			break;
		*out = id_of(slot, hash);
		if (*out >= count)
			continue;
		f = &ix->fact[*out];
		if (qt__ix_get(&f->kind) == kind && is_text(ix,
		    qt__ix_get(&f->text), qt__ix_get(&f->len), data, len))
			return 0;
	}
	if (count >= ix->room.facts)
		return -QT_EFULL;
	rc = qt__ix_back(ix, QT__IX_FACT, count + UINT64_C(1));
	if (rc == 0)
		rc = add_text(ix, &at, data, len);
	if (rc < 0)
		return rc;
	f = &ix->fact[count];
	qt__ix_set(&f->kind, kind);
	qt__ix_set(&f->text, at);
	qt__ix_set(&f->len, (uint32_t)len);
	qt__ix_set(&f->host, host);
	qt__ix_publish(&ix->head->facts, count + 1);
	*out = count;
	return put_slot(ix->f_index, size, hash, count);
}

int
qt__ix_add_context(struct qt_hist_index *ix, uint32_t *id,
    const struct qt_hist_event *e, const void *data, size_t len)
{
	uint32_t	host;
	int		rc = add_fact(ix, &host, QT_HIST_FACT_HOST, QT_HIST_NONE,
	    e->host.data, e->host.len);

	return rc < 0 ? rc : add_fact(ix, id, QT_HIST_FACT_CONTEXT, host, data,
	    len);
}

int
qt__ix_add_place(struct qt_hist_index *ix, uint32_t *id, const void *data,
    size_t len)
{
	return add_fact(ix, id, QT_HIST_FACT_PLACE, QT_HIST_NONE, data, len);
}

/* --- Events --------------------------------------------------------------- */

static uint64_t
pair(uint32_t low, uint32_t high)
{
	return (uint64_t)high << 32 | low;
}

static uint64_t
ended_word(const struct qt_hist_event *e)
{
	uint64_t	took = e->took_us;
	int32_t		status = e->status < -1 ? -1 : e->status > INT16_MAX ?
	    INT16_MAX : e->status;

	if (took == UINT64_MAX)
		took = QT_HIST_TOOK_NONE;
	else if (took >> 31 != 0)
		took = took / 1000 >= INT32_MAX ? QT_HIST_TOOK_NONE - 1 :
		    took / 1000 | UINT64_C(1) << 31;
	return took | (uint64_t)(uint16_t)status << 32 |
	    (uint64_t)(uint16_t)e->flags << 48;
}

static bool
is_success(uint64_t ended)
{
	return (ended >> 32 & UINT16_MAX) == 0 &&
	    (ended >> 48 & QT_HIST_RUNNING) == 0;
}

/* One that followed: the least frequent gives way when there are too many
   (Space-Saving: A. Metwally, D. Agrawal, A. El Abbadi, ICDT 2005). */
static void
add_next(struct qt__ix_next *n, uint32_t command)
{
	uint32_t	least = 0, its = UINT32_MAX;

	for (uint32_t i = 0; i < QT_HIST_NEXT; i++) {
		uint64_t	x = atomic_load_explicit(&n->of[i],
		    memory_order_relaxed);
		uint32_t	count = (uint32_t)(x >> 32);

		if (count > 0 && (uint32_t)x == command) {
			least = i;
			its = count;
			break;
		}
		if (count < its) {
			least = i;
			its = count;
		}
	}
	atomic_store_explicit(&n->of[least], pair(command, its + 1),
	    memory_order_relaxed);
}

/* Its number is n; what is chained to others is taken from them. */
static void
write_event(struct qt_hist_index *ix, uint32_t n,
    const struct qt_hist_index_event *at, const struct qt_hist_event *e)
{
	_Atomic uint64_t	*w = ix->ring[n & (ix->room.ring - 1)].word;
	const uint64_t		 words[6] = {
		e->start_us, pair(at->command, at->context), ended_word(e),
		pair(at->place, (uint32_t)e->id),
		pair(at->of_command, at->of_place),
		pair(at->of_session, at->of_host),
	};

	for (int i = 0; i < 6; i++)
		atomic_store_explicit(&w[i], words[i], memory_order_relaxed);
}

int
qt__ix_add_event(struct qt_hist_index *ix, uint32_t command, uint32_t context,
    uint32_t place, const struct qt_hist_event *e)
{
	struct qt__ix_head		*h = ix->head;
	uint32_t			 ring = ix->room.ring;
	uint32_t			 n = qt_hist_index_last(ix) + 1;
	uint32_t			 host = qt__ix_get(&ix->fact[context].host);
	struct qt_hist_index_event	 before, at = {
		.command = command, .context = context, .place = place,
		.of_command = qt__ix_get(&ix->last[command]),
		.of_place = qt__ix_get(&ix->fact[place].last),
		.of_session = qt__ix_get(&ix->fact[context].last),
	};
	int				 rc;

	if (n >= NUMBER_MAX)
		return -QT_EFULL;
	if (host >= qt__ix_count(&h->facts, ix->room.facts))
		return -QT_ECORRUPT;
	at.of_host = qt__ix_get(&ix->fact[host].last);
	rc = qt__ix_back(ix, QT__IX_RING, n < ring ? n + UINT64_C(1) : ring);
	if (rc < 0)
		return rc;
	if (at.of_session != 0 && qt_hist_index_event(ix, at.of_session,
	    &before) && before.command < ix->room.commands)
		add_next(&ix->next[before.command], command);
	/* Who read what is overwritten sees that it is not there any more:
	   pairs with the fence in qt_hist_index_event(). */
	qt__ix_set(&h->first, n < ring ? 1 : n - ring + 1);
	atomic_thread_fence(memory_order_release);
	write_event(ix, n, &at, e);
	qt__ix_publish(&h->last, n);
	qt__ix_set(&ix->last[command], n);
	qt__ix_set(&ix->fact[place].last, n);
	qt__ix_set(&ix->fact[context].last, n);
	qt__ix_set(&ix->fact[host].last, n);
	qt__ix_set(&ix->count[command], qt__ix_get(&ix->count[command]) + 1);
	if (is_success(ended_word(e)))
		qt__ix_set(&ix->successes[command],
		    qt__ix_get(&ix->successes[command]) + 1);
	qt__ix_set(&ix->score[command], qt__score_add(
	    qt__ix_get(&ix->score[command]), e->start_us));
	return 0;
}

int
qt__ix_again(struct qt_hist_index *ix, uint32_t command, uint32_t context,
    const struct qt_hist_event *e)
{
	uint32_t			n = qt__ix_get(&ix->fact[context].last);
	struct qt_hist_index_event	was;
	_Atomic uint64_t		*w;
	uint64_t			 old, ended = ended_word(e);

	for (uint32_t i = 0; i < SESSION_MAX && n != 0 &&
	    qt_hist_index_event(ix, n, &was); i++, n = was.of_session) {
		if (was.start_us == e->start_us && was.id == (uint32_t)e->id)
			break;
		/* A session's are in the order of time. */
		if (was.start_us != 0 && was.start_us < e->start_us)
			return 0;
	}
	if (n == 0 || !qt_hist_index_event(ix, n, &was) ||
	    was.start_us != e->start_us || was.id != (uint32_t)e->id)
		return 0;
	if (was.command != command || was.context != context)
		return -QT_EFULL;
	w = &ix->ring[n & (ix->room.ring - 1)].word[2];
	old = atomic_load_explicit(w, memory_order_relaxed);
	atomic_store_explicit(w, ended, memory_order_relaxed);
	qt__ix_set(&ix->successes[command],
	    qt__ix_get(&ix->successes[command]) + is_success(ended) -
	    is_success(old));
	return 1;
}
