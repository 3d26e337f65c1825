/* SPDX-License-Identifier: Apache-2.0 */
/* The session table's one writer. See "table_priv.h" for how and why. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/clock.h>

#include "table_priv.h"

#define LOAD(p)		atomic_load_explicit(p, memory_order_relaxed)
#define STORE(p, v)	atomic_store_explicit(p, v, memory_order_release)

static uint32_t
body_take(struct qt__table *t)
{
	uint32_t	body = t->free_body[t->body_first];

	t->body_first = (t->body_first + 1) % t->body_size;
	t->body_count--;
	return body;
}

static void
body_give(struct qt__table *t, uint32_t body)
{
	uint32_t	at = (t->body_first + t->body_count) % t->body_size;

	t->free_body[at] = body;
	t->body_count++;
}

/* Room in the lists for slots records. */
static int
lists_grow(struct qt__table *t, uint32_t slots)
{
	uint32_t	 size = slots + QT__TABLE_SPARES;
	uint32_t	*slot, *body;

	slot = reallocarray(t->free_slot, slots, sizeof(*slot));
	if (slot == NULL)
		return -ENOMEM;
	t->free_slot = slot;
	body = calloc(size, sizeof(*body));
	if (body == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->body_count; i++)
		body[i] = t->free_body[(t->body_first + i) % t->body_size];
	free(t->free_body);
	t->free_body = body;
	t->body_first = 0;
	t->body_size = size;
	return 0;
}

/* Lowest slots on top, so that a small table stays in its first block. */
static void
slots_give(struct qt__table *t, uint32_t first)
{
	for (uint32_t i = QT__TABLE_BLOCK; i-- > 0;) {
		t->free_slot[t->free_slots++] = first + i;
		body_give(t, QT__TABLE_SPARES + first + i);
	}
}

/* Killed before the store of blocks: the next host uses what dir says. */
static int
block_add(struct qt__table *t)
{
	struct qt__table_head	*head = t->map.head;
	uint32_t		 n = (uint32_t)LOAD(&head->blocks);
	int			 rc;

	if (n == QT__TABLE_BLOCKS)
		return -QT_EFULL;
	rc = lists_grow(t, (n + 1) * QT__TABLE_BLOCK);
	if (rc < 0)
		return rc;
	if (LOAD(&head->dir[n]) == 0)
		rc = qt_seg_alloc(t->seg, sizeof(struct qt__block),
		    qt__plain(&head->dir[n]));
	if (rc == 0 && qt__map_live(&t->map, n * QT__TABLE_BLOCK) == NULL)
		rc = -QT_ECORRUPT;	/* dir is damaged */
	if (rc < 0)
		return rc;
	STORE(&head->blocks, n + 1);
	slots_give(t, n * QT__TABLE_BLOCK);
	return 0;
}

static void
body_pack(struct qt__body *b, const struct qt_session *s)
{
	*b = (struct qt__body){
		.id = s->id, .slot = s->slot, .generation = s->generation,
		.state = s->state, .policy = s->policy, .pid = s->pid,
		.cols = s->cols, .rows = s->rows, .size_seq = s->size_seq,
		.size_offset = s->size_offset, .exit_offset = s->exit_offset,
		.created_ms = s->created_ms, .changed_ms = s->changed_ms,
		.exited_ms = s->exited_ms, .ring_offset = s->ring_offset,
		.ring_limit = s->ring_limit, .viewers = s->viewers,
		.lead = s->lead, .lead_slot = s->lead_slot, .flags = s->flags,
		.lead_offset = s->lead_offset,
		.exit_status = s->exit_status,
	};
	memcpy(b->name, s->name, sizeof(b->name));
	memcpy(b->owner, s->owner, sizeof(b->owner));
	memcpy(b->title, s->title, sizeof(b->title));
	memcpy(b->cwd, s->cwd, sizeof(b->cwd));
	memcpy(b->command, s->command, sizeof(b->command));
}

/*
 * The one store that changes a record. Pairs with qt__map_get(): stores into
 * the body are releases, so that none of them is seen before the store of a
 * word that took this body out of use.
 */
static void
publish(struct qt__table *t, struct qt_session *s)
{
	struct qt__live	*live = qt__map_live(&t->map, s->slot);
	union {
		struct qt__body	body;
		uint64_t	w[QT__BODY_WORDS];
	}		 copy;
	uint64_t	 word = LOAD(&live->word);
	uint32_t	 seq = (uint32_t)(word >> 32) + 1;
	uint32_t	 index = body_take(t);
	struct qt__cell	*cell = qt__map_body(&t->map, index);

	s->changed_ms = qt_clock_real_ms();
	body_pack(&copy.body, s);
	for (size_t i = 0; i < QT__BODY_WORDS; i++)
		STORE(&cell->w[i], copy.w[i]);
	STORE(&live->word, (uint64_t)(seq != 0 ? seq : 1) << 32 | index);
	if (word >> 32 != 0)
		body_give(t, (uint32_t)word);
}

/* The name's index entry goes to s, unless another has more right to it. */
static void
name_add(struct qt__table *t, const struct qt_session *s)
{
	struct qt_session	other;

	if (s->name[0] == '\0')
		return;
	if (qt__index_find(&t->map, QT__BY_NAME, s, &other) < 0) {
		qt__index_add(t, QT__BY_NAME, s);
		return;
	}
	if (other.slot == s->slot)
		return;
	t->hidden++;
	if (qt__is_namesake_better(s, &other))
		qt__index_move(t, QT__BY_NAME, s, other.slot, s->slot);
}

/* s loses its name; the best of the others that had it comes forward. */
static void
name_del(struct qt__table *t, const struct qt_session *s)
{
	struct qt_session	other, best = { .slot = UINT32_MAX };
	uint32_t		slots = qt__map_slots(&t->map);

	if (s->name[0] == '\0')
		return;
	if (qt__index_find(&t->map, QT__BY_NAME, s, &other) != (int)s->slot) {
		t->hidden--;
		return;
	}
	for (uint32_t i = 0; t->hidden > 0 && i < slots; i++) {
		if (i != s->slot && qt__map_get(&t->map, i, &other) == 0 &&
		    other.state != QT_STATE_FREE &&
		    strcmp(other.name, s->name) == 0 &&
		    (best.slot == UINT32_MAX ||
		    qt__is_namesake_better(&other, &best)))
			best = other;
	}
	if (best.slot == UINT32_MAX) {
		qt__index_del(t, QT__BY_NAME, s);
		return;
	}
	t->hidden--;
	qt__index_move(t, QT__BY_NAME, s, s->slot, best.slot);
}

static void
live_clear(struct qt__live *live)
{
	atomic_store(&live->live.output_bytes, 0);
	atomic_store(&live->live.input_bytes, 0);
	atomic_store(&live->live.output_ms, 0);
	atomic_store(&live->live.input_ms, 0);
	atomic_store(&live->live.rings, 0);
	atomic_store(&live->live.refused, 0);
}

int
qt__table_add(struct qt__table *t, struct qt_session *s)
{
	struct qt_session	old = { .generation = 0 };
	struct qt__live		*live;
	int			rc;

	for (int i = 0; i < QT__INDEXES; i++) {
		rc = qt__index_reserve(t, (enum qt__index)i);
		if (rc < 0)
			return rc;
	}
	if (t->free_slots == 0 && (rc = block_add(t)) < 0)
		return rc;
	s->slot = t->free_slot[t->free_slots - 1];
	live = qt__map_live(&t->map, s->slot);
	if (live == NULL)
		return -QT_ECORRUPT;	/* the directory was written over */
	t->free_slots--;
	(void)qt__map_get(&t->map, s->slot, &old);
	s->generation = old.generation + 1;
	live_clear(live);
	publish(t, s);
	t->records++;
	qt__index_add(t, QT__BY_ID, s);
	name_add(t, s);
	qt__owner_add(t, s);
	return 0;
}

int
qt__table_put(struct qt__table *t, struct qt_session *s)
{
	struct qt_session	old;
	int			is_renamed, rc;

	rc = qt__map_get(&t->map, s->slot, &old);
	if (rc < 0)
		return rc;
	is_renamed = strcmp(old.name, s->name) != 0;
	if (is_renamed && (rc = qt__index_reserve(t, QT__BY_NAME)) < 0)
		return rc;
	/* The old entry goes while the record still answers to it. */
	if (is_renamed)
		name_del(t, &old);
	publish(t, s);
	if (is_renamed)
		name_add(t, s);
	return 0;
}

int
qt__table_set_owner(struct qt__table *t, struct qt_session *s)
{
	struct qt_session	old;
	char			owner[QT_SESSION_OWNER_SIZE];
	int			rc;

	rc = qt__map_get(&t->map, s->slot, &old);
	if (rc == 0)
		rc = qt__index_reserve(t, QT__BY_OWNER);
	if (rc < 0)
		return rc;
	memcpy(owner, s->owner, sizeof(owner));
	memcpy(s->owner, old.owner, sizeof(owner));
	rc = qt__table_put(t, s);
	memcpy(s->owner, owner, sizeof(owner));
	if (rc < 0)
		return rc;
	qt__owner_del(t, &old);
	publish(t, s);
	return qt__owner_add(t, s);
}

void
qt__table_del(struct qt__table *t, uint32_t slot)
{
	struct qt_session	s;

	if (qt__map_get(&t->map, slot, &s) < 0 || s.state == QT_STATE_FREE)
		return;
	qt__owner_del(t, &s);
	name_del(t, &s);
	qt__index_del(t, QT__BY_ID, &s);
	s.state = QT_STATE_FREE;
	publish(t, &s);
	t->records--;
	t->free_slot[t->free_slots++] = slot;
}

int
qt__table_get(const struct qt__table *t, uint32_t slot, struct qt_session *out)
{
	int	rc = qt__map_get(&t->map, slot, out);

	return rc == 0 && out->state == QT_STATE_FREE ? -ENOENT : rc;
}

int
qt__table_find_id(const struct qt__table *t, const struct qt_uuid *id,
    struct qt_session *out)
{
	struct qt_session	key = { .id = *id };
	int			rc;

	rc = qt__index_find(&t->map, QT__BY_ID, &key, out);
	return rc < 0 ? rc : 0;
}

int
qt__table_find_name(const struct qt__table *t, const char *name,
    struct qt_session *out)
{
	struct qt_session	key = { .slot = 0 };
	int			rc;

	if (name[0] == '\0' || strlen(name) >= sizeof(key.name))
		return -ENOENT;
	memcpy(key.name, name, strlen(name) + 1);
	rc = qt__index_find(&t->map, QT__BY_NAME, &key, out);
	return rc < 0 ? rc : 0;
}

struct qt_session_live *
qt__table_live(const struct qt__table *t, uint32_t slot)
{
	return &qt__map_live(&t->map, slot)->live;
}

struct qt__table_host *
qt__table_host(const struct qt__table *t)
{
	return &t->map.head->host;
}

uint64_t *
qt__table_ring(const struct qt__table *t, uint32_t slot)
{
	return qt__plain(qt__map_ring(&t->map, slot));
}

void
qt__table_close(struct qt__table *t)
{
	if (t == NULL)
		return;
	free(t->free_slot);
	free(t->free_body);
	free(t);
}

int
qt__table_create(struct qt_seg *seg, struct qt__table **out,
    struct qt_err *err)
{
	struct qt_seg_entry	 entry = {
		.name = QT__TABLE_ENTRY, .type = QT_TYPE_TABLE,
		.size = sizeof(struct qt__table_head),
	};
	struct qt__table_head	*head;
	struct qt__table	*t;
	int			 rc;

	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	t->seg = seg;
	t->map.seg = seg;
	rc = qt_seg_alloc(seg, sizeof(*head), &entry.offset);
	if (rc < 0)
		goto err;
	t->map.head = head = qt_seg_at(seg, entry.offset, sizeof(*head));
	head->magic = QT__TABLE_MAGIC;
	head->version = QT__TABLE_VERSION;
	head->block_records = QT__TABLE_BLOCK;
	head->blocks_max = QT__TABLE_BLOCKS;
	head->live_size = sizeof(struct qt__live);
	head->body_size = sizeof(struct qt__body);
	head->spares = QT__TABLE_SPARES;
	qt_hash_key_init(&head->key);
	rc = lists_grow(t, QT__TABLE_BLOCK);
	if (rc == 0) {
		for (uint32_t i = 0; i < QT__TABLE_SPARES; i++)
			body_give(t, i);
		rc = block_add(t);
	}
	for (int i = 0; rc == 0 && i < QT__INDEXES; i++)
		rc = qt__index_reserve(t, (enum qt__index)i);
	/* Readers find the table from here on. */
	if (rc == 0)
		rc = qt_seg_entry_add(seg, &entry);
	if (rc < 0)
		goto err;
	*out = t;
	return 0;
err:
	qt_err_set(err, "make the session table");
	qt__table_close(t);
	return rc;
}
