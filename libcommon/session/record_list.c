/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking over records, and finding one by what a person typed. See
 * <qt/session/record.h>.
 *
 * A walk takes down which slots are in use, sorts them by id (UUIDv7: by
 * time), and then reads record by record, so that each is shown as it is at
 * that moment. The cursor is the first half of the last id, which no two
 * records share, so walks may nest and restart.
 */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record_priv.h"

#define PREFIX_MIN	4	/* characters of an id */
#define LIST_TRIES	8

static uint64_t
key_of(const struct qt_uuid *id)
{
	uint64_t	key = 0;

	for (int i = 0; i < 8; i++)
		key = key << 8 | id->b[i];
	return key;
}

static int
by_key(const void *a, const void *b)
{
	const struct qt__order	*x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->slot < y->slot ? -1 : x->slot > y->slot;
}

static int
take_down(struct qt_session_table *t, const struct qt_session *s)
{
	struct qt__order	*order;
	size_t			 size;

	if (t->count == t->size) {
		size = t->size > 0 ? 2 * t->size : 64;
		order = reallocarray(t->order, size, sizeof(*order));
		if (order == NULL)
			return -ENOMEM;
		t->order = order;
		t->size = size;
	}
	t->order[t->count++] = (struct qt__order){ key_of(&s->id), s->slot };
	return 0;
}

/*
 * Along the owner's list. -EAGAIN when it changed on the way. The bound ends
 * a walk in a list that was damaged into a circle.
 */
static int
take_owner(struct qt_session_table *t, const char *owner)
{
	struct qt_session	 s, key = { .slot = 0 };
	_Atomic uint64_t	*seq = &t->map.head->list_seq;
	uint64_t		 before = atomic_load(seq);
	uint32_t		 slots = qt__map_slots(&t->map), next;
	struct qt__live		*live;
	int			 rc;

	t->count = 0;
	if (before % 2 != 0)
		return -EAGAIN;
	memcpy(key.owner, owner, strlen(owner) + 1);
	rc = qt__index_find(&t->map, QT__BY_OWNER, &key, &s);
	next = rc >= 0 ? s.slot + 1 : 0;
	for (uint32_t i = 0; next != 0 && i < slots; i++) {
		live = qt__map_live(&t->map, next - 1);
		if (live == NULL || qt__map_get(&t->map, next - 1, &s) < 0 ||
		    s.state == QT_STATE_FREE || strcmp(s.owner, owner) != 0)
			return -EAGAIN;
		if (take_down(t, &s) < 0)
			return -ENOMEM;
		next = atomic_load(&live->owner_next);
	}
	return atomic_load(seq) == before ? 0 : -EAGAIN;
}

static int
take_all(struct qt_session_table *t, const char *owner)
{
	struct qt_session	s;
	uint32_t		slots = qt__map_slots(&t->map);

	t->count = 0;
	for (uint32_t i = 0; i < slots; i++) {
		if (qt__map_get(&t->map, i, &s) < 0 ||
		    s.state == QT_STATE_FREE ||
		    (owner != NULL && strcmp(s.owner, owner) != 0))
			continue;
		if (take_down(t, &s) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int
take(struct qt_session_table *t, const char *owner)
{
	int	rc = -EAGAIN;

	t->owner[0] = '\0';
	if (owner != NULL) {
		if (strlen(owner) >= sizeof(t->owner))
			return -ENOENT;
		for (int i = 0; i < LIST_TRIES && rc == -EAGAIN; i++)
			rc = take_owner(t, owner);
		/* A dead host's list may end too early. */
		if (rc == 0 && !qt__is_host_alive(&t->map))
			rc = -EAGAIN;
		memcpy(t->owner, owner, strlen(owner) + 1);
	}
	if (rc == -EAGAIN)
		rc = take_all(t, owner);
	if (rc == 0 && t->count > 0)
		qsort(t->order, t->count, sizeof(*t->order), by_key);
	return rc;
}

/* The first in order after the cursor. */
static size_t
place_of(const struct qt_session_table *t, uint64_t cursor)
{
	size_t	low = 0, high = t->count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (t->order[mid].key <= cursor)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int
qt_session_next(struct qt_session_table *t, const char *owner,
    uint64_t *cursor, struct qt_session *out)
{
	if ((*cursor == 0 ||
	    strcmp(t->owner, owner != NULL ? owner : "") != 0) &&
	    take(t, owner) < 0)
		return 0;
	for (size_t i = place_of(t, *cursor); i < t->count; i++) {
		*cursor = t->order[i].key;
		/* It may have gone, or another may be there now. */
		if (qt_session_get(t, t->order[i].slot, out) == 0 &&
		    key_of(&out->id) == t->order[i].key)
			return 1;
	}
	return 0;
}

static int
find_prefix(struct qt_session_table *t, const char *text,
    struct qt_session *out)
{
	char			id[QT_UUID_TEXT_SIZE];
	struct qt_session	s;
	size_t			len = strlen(text);
	uint32_t		slots = qt__map_slots(&t->map);
	int			rc = -ENOENT;

	for (uint32_t i = 0; i < slots; i++) {
		if (qt_session_get(t, i, &s) < 0 ||
		    s.state == QT_STATE_SPARE)
			continue;
		qt_uuid_text(&s.id, id);
		if (strncasecmp(id, text, len) != 0)
			continue;
		if (rc == 0)
			return -EEXIST;
		*out = s;
		rc = 0;
	}
	return rc;
}

int
qt_session_resolve(struct qt_session_table *t, const char *text,
    struct qt_session *out)
{
	struct qt_session	key = { .slot = 0 };
	struct qt_uuid		id;
	size_t			len = strlen(text);

	if (qt_uuid_parse(text, &id) == 0)
		return qt_session_find(t, &id, out);
	if (qt_session_name_check(text) == 0) {
		memcpy(key.name, text, len + 1);
		if (qt__record_find(t, QT__BY_NAME, &key, out) == 0)
			return 0;
	}
	if (len < PREFIX_MIN || len >= QT_UUID_TEXT_SIZE ||
	    strspn(text, "0123456789abcdefABCDEF-") != len)
		return -ENOENT;
	return find_prefix(t, text, out);
}
