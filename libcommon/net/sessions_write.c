/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of browser sessions: the one writer. See <qt/net/sessions.h>.
 *
 * If killed inside store(), the slot's sequence stays odd: no reader believes
 * it, and the next writer clears it when it attaches. If killed before the
 * count was set, attaching counts anew.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sessions_priv.h"

static int
cmp(const struct qt_rb_node *a, const struct qt_rb_node *b)
{
	uint64_t	x, y;

	x = qt_rb_entry(a, struct qt__session_node, node)->expires_ms;
	y = qt_rb_entry(b, struct qt__session_node, node)->expires_ms;
	return (x > y) - (x < y);
}

/* Writes the record under the sequence; see sessions.c for the ordering. */
static void
store(struct qt__session_slot *slot, struct qt__session_record *r)
{
	uint64_t	words[QT__SESSION_WORDS];
	uint64_t	seq = atomic_load_explicit(&slot->seq,
	    memory_order_relaxed) | 1;

	r->check = qt__net_session_check(r);
	memcpy(words, r, sizeof(words));
	atomic_store_explicit(&slot->seq, seq, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < QT__SESSION_WORDS; i++)
		atomic_store_explicit(&slot->words[i], words[i],
		    memory_order_relaxed);
	atomic_store_explicit(&slot->seq, seq + 1, memory_order_release);
}

static void
set_count(struct qt_net_sessions *s)
{
	atomic_store_explicit(&s->header->count, s->tree.count,
	    memory_order_relaxed);
}

static void
tree_add(struct qt_net_sessions *s, uint32_t i, uint64_t expires_ms)
{
	s->nodes[i].expires_ms = expires_ms;
	s->nodes[i].is_in = 1;
	qt_rb_add(&s->tree, &s->nodes[i].node);
}

static void
tree_del(struct qt_net_sessions *s, uint32_t i)
{
	qt_rb_del(&s->tree, &s->nodes[i].node);
	s->nodes[i].is_in = 0;
}

static void
drop(struct qt_net_sessions *s, uint32_t i)
{
	struct qt__session_record	none;

	memset(&none, 0, sizeof(none));
	store(&s->slots[i], &none);
	tree_del(s, i);
	set_count(s);
}

int
qt_net_sessions_attach(void *memory, size_t size,
    struct qt_net_sessions **out, struct qt_err *err)
{
	struct qt__session_record	 r, none;
	struct qt_net_sessions		*s;
	int				 rc;

	rc = qt_net_sessions_attach_rdonly(memory, size, out, err);
	if (rc < 0)
		return rc;
	s = *out;
	s->tree = (struct qt_rb)QT_RB_INIT(cmp);
	s->nodes = calloc(s->nslots, sizeof(*s->nodes));
	if (s->nodes == NULL) {
		qt_net_sessions_detach(s);
		*out = NULL;
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < s->nslots; i++) {
		if (qt__net_session_load(&s->slots[i], &r)) {
			tree_add(s, i, r.expires_ms);
		} else if (atomic_load_explicit(&s->slots[i].seq,
		    memory_order_relaxed) != 0) {
			memset(&none, 0, sizeof(none));
			store(&s->slots[i], &none);
		}
	}
	set_count(s);
	return 0;
}

static uint32_t
bucket_of(const struct qt_net_sessions *s,
    const struct qt_net_token_hash *token)
{
	uint64_t	first;

	memcpy(&first, token->b, sizeof(first));
	return (uint32_t)(first & (s->nslots - 1) &
	    ~(uint64_t)(QT__SESSIONS_WAYS - 1));
}

/* The slot that has the token, or -1. The writer's own view is exact. */
static int64_t
find(const struct qt_net_sessions *s, const struct qt_net_token_hash *token,
    struct qt__session_record *r)
{
	uint32_t	at = bucket_of(s, token);

	for (uint32_t i = at; i < at + QT__SESSIONS_WAYS; i++) {
		if (s->nodes[i].is_in &&
		    qt__net_session_load(&s->slots[i], r) &&
		    memcmp(r->token, token->b, sizeof(r->token)) == 0)
			return i;
	}
	return -1;
}

static uint32_t
slot_of(const struct qt_net_sessions *s, const struct qt_rb_node *n)
{
	return (uint32_t)(qt_rb_entry(n, struct qt__session_node, node) -
	    s->nodes);
}

/* A free slot of the token's bucket, made free if need be. */
static uint32_t
make_room(struct qt_net_sessions *s, const struct qt_net_token_hash *token)
{
	uint32_t	at = bucket_of(s, token), best = at;

	if (s->tree.count >= s->capacity)
		drop(s, slot_of(s, qt_rb_first(&s->tree)));
	for (uint32_t i = at; i < at + QT__SESSIONS_WAYS; i++) {
		if (!s->nodes[i].is_in)
			return i;
		if (s->nodes[i].expires_ms < s->nodes[best].expires_ms)
			best = i;
	}
	drop(s, best);
	return best;
}

int
qt_net_sessions_add(struct qt_net_sessions *s,
    const struct qt_net_token_hash *token, struct qt_net_session *session)
{
	struct qt__session_record	r;
	uint32_t			i;

	if (s->nodes == NULL)
		return -EROFS;
	if (session->kind < QT_NET_SESSION_BROWSER ||
	    session->kind > QT_NET_SESSION_TICKET)
		return -EINVAL;
	if (find(s, token, &r) >= 0)
		return -EEXIST;
	i = make_room(s, token);
	memset(&r, 0, sizeof(r));
	r.kind = (uint32_t)session->kind;
	r.role = (uint32_t)session->role;
	r.id = atomic_load_explicit(&s->header->last_id,
	    memory_order_relaxed) + 1;
	r.created_ms = session->created_ms;
	r.expires_ms = session->expires_ms;
	r.stamp = session->stamp;
	memcpy(r.token, token->b, sizeof(r.token));
	memcpy(r.name, session->name, strnlen(session->name,
	    sizeof(r.name) - 1));
	atomic_store_explicit(&s->header->last_id, r.id, memory_order_relaxed);
	store(&s->slots[i], &r);
	tree_add(s, i, r.expires_ms);
	set_count(s);
	session->id = r.id;
	return 0;
}

int
qt_net_sessions_take(struct qt_net_sessions *s,
    const struct qt_net_token_hash *token, enum qt_net_session_kind kind,
    uint64_t now_ms, struct qt_net_session *out)
{
	if (s->nodes == NULL ||
	    !qt_net_sessions_get(s, token, kind, now_ms, out))
		return 0;
	return qt_net_sessions_del(s, token) == 0;
}

int
qt_net_sessions_renew(struct qt_net_sessions *s,
    const struct qt_net_token_hash *token, uint64_t expires_ms)
{
	struct qt__session_record	r;
	int64_t				i;

	if (s->nodes == NULL)
		return -EROFS;
	i = find(s, token, &r);
	if (i < 0)
		return -ENOENT;
	r.expires_ms = expires_ms;
	store(&s->slots[i], &r);
	tree_del(s, (uint32_t)i);
	tree_add(s, (uint32_t)i, expires_ms);
	return 0;
}

int
qt_net_sessions_del(struct qt_net_sessions *s,
    const struct qt_net_token_hash *token)
{
	struct qt__session_record	r;
	int64_t				i;

	if (s->nodes == NULL)
		return -EROFS;
	i = find(s, token, &r);
	if (i < 0)
		return -ENOENT;
	drop(s, (uint32_t)i);
	return 0;
}

unsigned int
qt_net_sessions_del_user(struct qt_net_sessions *s, const char *name)
{
	struct qt__session_record	r;
	unsigned int			count = 0;

	for (uint32_t i = 0; s->nodes != NULL && i < s->nslots; i++) {
		if (s->nodes[i].is_in &&
		    qt__net_session_load(&s->slots[i], &r) &&
		    strcmp(r.name, name) == 0) {
			drop(s, i);
			count++;
		}
	}
	return count;
}

unsigned int
qt_net_sessions_expire(struct qt_net_sessions *s, uint64_t now_ms,
    uint64_t *next_ms)
{
	struct qt_rb_node	*n;
	unsigned int		 count = 0;

	*next_ms = 0;
	while (s->nodes != NULL && (n = qt_rb_first(&s->tree)) != NULL) {
		uint64_t	at = qt_rb_entry(n, struct qt__session_node,
		    node)->expires_ms;

		if (at > now_ms) {
			*next_ms = at;
			break;
		}
		drop(s, slot_of(s, n));
		count++;
	}
	return count;
}
