/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading one record of the session table. See <qt/session/record.h>, and
 * "table_priv.h" for why no reader waits for a writer.
 *
 * Everything read here may be nonsense: the segment's pages are another
 * process's. So each offset goes through qt_seg_at(), each index is compared
 * with its bound, each loop ends by itself, and each string is ended here.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record_priv.h"

#define TRIES 1000	/* of a copy that the writer overtook; see the essay */

#define LOAD(p)		atomic_load_explicit(p, memory_order_acquire)
#define LOOK(p)		atomic_load_explicit(p, memory_order_relaxed)

static int
check_head(const struct qt__table_head *h, struct qt_err *err)
{
	if (h->magic != QT__TABLE_MAGIC) {
		qt_err_set(err, "session table");
		return -QT_EFORMAT;
	}
	if (h->version != QT__TABLE_VERSION) {
		qt_err_set(err, "session table of version %u, not %u",
		    h->version, QT__TABLE_VERSION);
		return -QT_EVERSION;
	}
	if (h->block_records != QT__TABLE_BLOCK ||
	    h->blocks_max != QT__TABLE_BLOCKS ||
	    h->live_size != sizeof(struct qt__live) ||
	    h->body_size != sizeof(struct qt__body) ||
	    h->spares != QT__TABLE_SPARES) {
		qt_err_set(err, "sizes in the session table");
		return -QT_ECORRUPT;
	}
	return 0;
}

int
qt__map_open(const struct qt_seg *seg, struct qt__table_map *out,
    struct qt_err *err)
{
	struct qt_seg_entry	entry;
	int			rc;

	rc = qt_seg_entry_get(seg, QT__TABLE_ENTRY, &entry);
	if (rc < 0) {
		qt_err_set(err, "find the session table");
		return rc;
	}
	out->seg = seg;
	out->head = NULL;
	if (entry.type == QT_TYPE_TABLE && entry.offset % 64 == 0)
		out->head = qt_seg_at(seg, entry.offset, sizeof(*out->head));
	if (out->head == NULL) {
		qt_err_set(err, "place of the session table");
		return -QT_ECORRUPT;
	}
	return check_head(out->head, err);
}

uint32_t
qt__map_slots(const struct qt__table_map *m)
{
	uint64_t	blocks = LOAD(&m->head->blocks);

	if (blocks > QT__TABLE_BLOCKS)
		blocks = QT__TABLE_BLOCKS;
	return (uint32_t)blocks * QT__TABLE_BLOCK;
}

static struct qt__block *
block_at(const struct qt__table_map *m, uint32_t index)
{
	uint64_t	offset;

	if (index >= QT__TABLE_BLOCKS)
		return NULL;
	offset = LOAD(&m->head->dir[index]);
	if (offset == 0 || offset % 64 != 0)
		return NULL;
	return qt_seg_at(m->seg, offset, sizeof(struct qt__block));
}

struct qt__live *
qt__map_live(const struct qt__table_map *m, uint32_t slot)
{
	struct qt__block	*b = block_at(m, slot / QT__TABLE_BLOCK);

	return b != NULL ? &b->live[slot % QT__TABLE_BLOCK] : NULL;
}

struct qt__cell *
qt__map_body(const struct qt__table_map *m, uint32_t index)
{
	struct qt__block	*b;

	if (index < QT__TABLE_SPARES)
		return &m->head->spare[index];
	index -= QT__TABLE_SPARES;
	b = block_at(m, index / QT__TABLE_BLOCK);
	return b != NULL ? &b->body[index % QT__TABLE_BLOCK] : NULL;
}

_Atomic uint64_t *
qt__map_ring(const struct qt__table_map *m, uint32_t slot)
{
	struct qt__block	*b = block_at(m, slot / QT__TABLE_BLOCK);

	return b != NULL ? &b->ring[slot % QT__TABLE_BLOCK] : NULL;
}

static void
copy_text(char *to, const char *from, size_t size)
{
	memcpy(to, from, size);
	to[size - 1] = '\0';
}

/* 0, or -1 when these bytes are not record number slot. */
static int
body_unpack(const struct qt__body *b, uint32_t slot, struct qt_session *out)
{
	if (b->slot != slot || b->state > QT_STATE_SPARE)
		return -1;
	*out = (struct qt_session){
		.id = b->id, .slot = slot, .generation = b->generation,
		.state = (enum qt_session_state)b->state,
		.policy = b->policy <= QT_RESIZE_FIXED ?
		    (enum qt_resize_policy)b->policy : QT_RESIZE_LATEST,
		.pid = b->pid, .cols = b->cols, .rows = b->rows,
		.size_seq = b->size_seq, .size_offset = b->size_offset,
		.exit_status = b->exit_status, .exit_offset = b->exit_offset,
		.created_ms = b->created_ms, .changed_ms = b->changed_ms,
		.exited_ms = b->exited_ms, .ring_offset = b->ring_offset,
		.ring_limit = b->ring_limit, .viewers = b->viewers,
		.lead = b->lead, .lead_slot = b->lead_slot, .flags = b->flags,
		.lead_offset = b->lead_offset,
	};
	copy_text(out->name, b->name, sizeof(out->name));
	copy_text(out->owner, b->owner, sizeof(out->owner));
	copy_text(out->title, b->title, sizeof(out->title));
	copy_text(out->cwd, b->cwd, sizeof(out->cwd));
	copy_text(out->command, b->command, sizeof(out->command));
	return 0;
}

/*
 * Pairs with publish() in table.c: its release store of word with the first
 * load here; and because every load of the copy is an acquire, the second
 * load of word comes after all of them, while the writer's stores into a body
 * come after the store of word that took that body out of use.
 */
int
qt__map_get(const struct qt__table_map *m, uint32_t slot,
    struct qt_session *out)
{
	struct qt__live	*live = qt__map_live(m, slot);
	union {
		struct qt__body	body;
		uint64_t	w[QT__BODY_WORDS];
	}		 copy;
	struct qt__cell	*cell;
	uint64_t	 word;

	for (int i = 0; live != NULL && i < TRIES; i++) {
		word = LOAD(&live->word);
		cell = word >> 32 != 0 ? qt__map_body(m, (uint32_t)word) : NULL;
		if (cell == NULL)
			return -ENOENT;
		for (size_t k = 0; k < QT__BODY_WORDS; k++)
			copy.w[k] = LOAD(&cell->w[k]);
		if (LOOK(&live->word) == word &&
		    body_unpack(&copy.body, slot, out) == 0)
			return 0;
	}
	return -ENOENT;
}

_Atomic uint32_t *
qt__map_index(const struct qt__table_map *m, uint64_t place, uint32_t *mask)
{
	unsigned int	log = QT__PLACE_LOG(place);

	if (log < QT__INDEX_LOG_MIN || log > QT__INDEX_LOG_MAX)
		return NULL;
	*mask = (1u << log) - 1;
	return qt_seg_at(m->seg, QT__PLACE_OFFSET(place),
	    sizeof(uint32_t) << log);
}

uint64_t
qt__map_hash(const struct qt__table_map *m, enum qt__index which,
    const struct qt_session *s)
{
	const struct qt_hash_key	*key = &m->head->key;

	switch (which) {
	case QT__BY_ID:
		return qt_hash(key, &s->id, sizeof(s->id));
	case QT__BY_NAME:
		return qt_hash(key, s->name, strlen(s->name));
	default:
		return qt_hash(key, s->owner, strlen(s->owner));
	}
}

static int
is_same_key(enum qt__index which, const struct qt_session *a,
    const struct qt_session *b)
{
	switch (which) {
	case QT__BY_ID:
		return memcmp(&a->id, &b->id, sizeof(a->id)) == 0;
	case QT__BY_NAME:
		return strcmp(a->name, b->name) == 0;
	default:
		return strcmp(a->owner, b->owner) == 0;
	}
}

/* One walk along the places of one state of an index. */
static int
index_probe(const struct qt__table_map *m, enum qt__index which,
    uint64_t place, const struct qt_session *key, struct qt_session *out)
{
	_Atomic uint32_t	*at;
	uint32_t		 mask, value;
	uint64_t		 hash;

	at = qt__map_index(m, place, &mask);
	if (at == NULL)
		return -ENOENT;
	hash = qt__map_hash(m, which, key);
	for (uint32_t i = 0; i <= mask; i++) {
		value = LOAD(&at[(hash + i) & mask]);
		if (value == 0)
			return -ENOENT;
		if (value != QT__INDEX_GONE &&
		    qt__map_get(m, value - 1, out) == 0 &&
		    out->state != QT_STATE_FREE && is_same_key(which, key, out))
			return (int)(value - 1);
	}
	return -ENOENT;
}

int
qt__index_find(const struct qt__table_map *m, enum qt__index which,
    const struct qt_session *key, struct qt_session *out)
{
	uint64_t	place = LOAD(&m->head->index[which]), now;
	int		rc;

	for (int i = 0; i < TRIES; i++) {
		rc = index_probe(m, which, place, key, out);
		if (rc >= 0)
			return rc;
		/* Pairs with the store in qt__index_reserve(). */
		now = LOAD(&m->head->index[which]);
		if (now == place)
			break;
		place = now;
	}
	return -ENOENT;
}

int
qt__is_namesake_better(const struct qt_session *a, const struct qt_session *b)
{
	int	a_runs = a->state == QT_STATE_RUNNING;
	int	b_runs = b->state == QT_STATE_RUNNING;

	if (a_runs != b_runs)
		return a_runs;
	return memcmp(&a->id, &b->id, sizeof(a->id)) > 0;
}

/* Without the index: looks at every record. */
static int
scan_for(const struct qt__table_map *m, enum qt__index which,
    const struct qt_session *key, struct qt_session *out)
{
	struct qt_session	s;
	uint32_t		slots = qt__map_slots(m);
	int			rc = -ENOENT;

	for (uint32_t i = 0; i < slots; i++) {
		if (qt__map_get(m, i, &s) < 0 || s.state == QT_STATE_FREE ||
		    !is_same_key(which, key, &s))
			continue;
		if (rc < 0 || qt__is_namesake_better(&s, out))
			*out = s;
		rc = 0;
	}
	return rc;
}

int
qt__record_find(struct qt_session_table *t, enum qt__index which,
    const struct qt_session *key, struct qt_session *out)
{
	int	rc = qt__index_find(&t->map, which, key, out);

	if (rc >= 0)
		return 0;
	/* A host that died in the middle may have left the index behind. */
	return qt__is_host_alive(&t->map) ? rc :
	    scan_for(&t->map, which, key, out);
}

int
qt_session_table_open(const struct qt_seg *seg, struct qt_session_table **out,
    struct qt_err *err)
{
	struct qt_session_table	*t;
	int			 rc;

	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	rc = qt__map_open(seg, &t->map, err);
	if (rc < 0) {
		free(t);
		return rc;
	}
	*out = t;
	return 0;
}

void
qt_session_table_close(struct qt_session_table *t)
{
	if (t == NULL)
		return;
	free(t->order);
	free(t);
}

int
qt_session_get(struct qt_session_table *t, uint32_t slot,
    struct qt_session *out)
{
	int	rc = qt__map_get(&t->map, slot, out);

	return rc == 0 && out->state == QT_STATE_FREE ? -ENOENT : rc;
}

int
qt_session_find(struct qt_session_table *t, const struct qt_uuid *id,
    struct qt_session *out)
{
	struct qt_session	key = { .id = *id };

	return qt__record_find(t, QT__BY_ID, &key, out);
}

const struct qt_session_live *
qt_session_live(struct qt_session_table *t, uint32_t slot)
{
	struct qt__live	*live = qt__map_live(&t->map, slot);

	return live != NULL ? &live->live : NULL;
}
