/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An index of all that is in a history. See index_priv.h.
 *
 * What events name is read first, in the order of its keys, so that no event
 * has to look anything up on the disk. All is of one moment of the store.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/buf.h>
#include <qt/base/sys.h>

#include "db_priv.h"
#include "index_priv.h"
#include "journal_priv.h"
#include "names_priv.h"

#define TRIES		4	/* each with twice the room */
#define WAITING		16	/* events */

/* --- Events --------------------------------------------------------------- */

struct build {
	struct qt_hist_db		*db;
	struct qt_store_snap		*snap;
	struct qt__names		 commands, contexts, places;
	struct qt_hist_index		*ix;
};

/* The ids of what an event names, made when it is the first to. 1; 0: something
   is not there, so nobody can tell what was run. */
static int
get_ids(struct build *b, const struct qt__event_keys *keys, uint32_t id[3])
{
	struct qt__hash_slot	*c = qt__hashes_get(&b->commands.keys,
	    keys->text);
	struct qt__hash_slot	*x = qt__hashes_get(&b->contexts.keys,
	    keys->context);
	struct qt__hash_slot	*l = qt__hashes_get(&b->places.keys,
	    keys->place);
	struct qt_hist_bytes	 data;
	struct qt_hist_event	 e;
	int			 rc = 0;

	if (c == NULL || x == NULL || l == NULL)
		return 0;
	if (c->id == QT_HIST_NONE) {
		data = qt__names_bytes(&b->commands, c);
		rc = qt__ix_add_command(b->ix, &c->id, data.data, data.len);
	}
	if (rc == 0 && x->id == QT_HIST_NONE) {
		data = qt__names_bytes(&b->contexts, x);
		qt__context_unpack(&e, data.data, data.len);
		rc = qt__ix_add_context(b->ix, &x->id, &e, data.data,
		    data.len);
	}
	if (rc == 0 && l->id == QT_HIST_NONE) {
		data = qt__names_bytes(&b->places, l);
		rc = qt__ix_add_place(b->ix, &l->id, data.data, data.len);
	}
	id[0] = c->id;
	id[1] = x->id;
	id[2] = l->id;
	return rc < 0 ? rc : 1;
}

/* Events that wait for others, so that the memory for all is on its way before
   the first of them needs it. */
struct waiting {
	struct qt_hist_event	e;
	struct qt__event_keys	keys;
	uint32_t		id[3];
	int			has_ids;
};

static void
prefetch_names(const struct build *b, const struct qt__event_keys *k)
{
	qt__hashes_prefetch(&b->commands.keys, k->text);
	qt__hashes_prefetch(&b->contexts.keys, k->context);
}

static int
add_waiting(struct build *b, struct waiting *w, size_t count)
{
	int	rc = 0;

	for (size_t i = 0; i < count && rc >= 0; i++) {
		rc = w[i].has_ids = get_ids(b, &w[i].keys, w[i].id);
		if (rc == 1) {
			__builtin_prefetch((void *)&b->ix->last[w[i].id[0]]);
			__builtin_prefetch((void *)&b->ix->count[w[i].id[0]]);
			__builtin_prefetch((void *)&b->ix->score[w[i].id[0]]);
		}
	}
	for (size_t i = 0; i < count && rc >= 0; i++)
		if (w[i].has_ids == 1)
			rc = qt__ix_add_event(b->ix, w[i].id[0], w[i].id[1],
			    w[i].id[2], &w[i].e);
	return rc < 0 ? rc : 0;
}

static int
add_events(struct build *b, struct qt_err *err)
{
	struct waiting		 w[WAITING] = { 0 };
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	size_t			 count = 0;
	int			 rc;

	rc = qt_store_scan_open(b->db->store, b->snap,
	    &(struct qt_store_range){ .prefix = "e", .prefix_len = 1 }, &scan,
	    err);
	if (rc < 0)
		return rc;
	while (rc >= 0 && (rc = qt_store_scan_next(scan, &item, err)) == 1) {
		struct waiting	*one = &w[count];

		if (qt__event_key_read(&one->e, item.key, item.key_len) < 0 ||
		    qt__event_unpack(&one->e, &one->keys, item.value,
		    item.value_len) < 0)
			continue;
		prefetch_names(b, &one->keys);
		if (++count < WAITING)
			continue;
		rc = add_waiting(b, w, count);
		count = 0;
	}
	qt_store_scan_close(scan);
	return rc < 0 ? rc : add_waiting(b, w, count);
}

/* --- The index ------------------------------------------------------------ */

uint64_t
qt__ix_history(const struct qt_hist_db *db)
{
	static const struct qt_hash_key	key = { { 0x71742d68697374, 2 } };

	return qt_hash(&key, db->key, sizeof(db->key));
}

static uint64_t
power(uint64_t least, uint64_t than)
{
	uint64_t	x = least;

	while (x < than && x < UINT64_C(1) << 30)
		x *= 2;
	return x;
}

/* Twice of what there is, at least; it is address space only, but for hashes. */
static void
choose_room(struct qt__ix_room *r, const struct build *b,
    const struct qt_hist_index_options *options, uint32_t times)
{
	uint32_t	least = options == NULL ? 0 : options->commands;
	uint64_t	commands = power(64, least == 0 ? 16384 : least);
	uint64_t	facts, text;

	commands = power(commands, b->commands.count * 2);
	facts = power(1024, (b->contexts.count + b->places.count) * 4);
	text = (b->commands.bytes.len + b->contexts.bytes.len +
	    b->places.bytes.len) * 3 + ((uint64_t)16 << 20);
	text *= times;
	*r = (struct qt__ix_room){
		.ring = options == NULL || options->ring == 0 ? QT_HIST_RING :
		    (uint32_t)power(64, options->ring),
		.commands = (uint32_t)commands,
		.c_slots = (uint32_t)commands * 2,
		.bloom = (uint32_t)commands / 4,
		.facts = (uint32_t)facts, .f_slots = (uint32_t)facts * 2,
		.words = (uint32_t)commands * 2 * times,
		.text = text < UINT32_MAX ? text : UINT32_MAX - 1,
	};
	/* A command, or word, that splits a node makes three. */
	r->nodes = 3 * (r->commands + r->words) + 16;
}

static int
fill(struct build *b, const char *name,
    const struct qt_hist_index_options *options, uint32_t times,
    struct qt_err *err)
{
	struct qt__ix_room	room;
	int			rc;

	choose_room(&room, b, options, times);
	rc = qt__ix_create(&b->ix, name, &room, qt__ix_history(b->db), err);
	if (rc < 0)
		return rc;
	qt__names_forget(&b->commands);
	qt__names_forget(&b->contexts);
	qt__names_forget(&b->places);
	rc = qt__ix_plant(b->ix);
	if (rc == 0)
		rc = add_events(b, err);
	if (rc == 0)
		rc = qt__ix_grow_all(b->ix);
	if (rc < 0) {
		qt_hist_index_close(b->ix);
		b->ix = NULL;
		(void)qt_seg_unlink(name);
	}
	return rc;
}

/*
 * The old one is outdated before it loses its name: whoever is killed between
 * leaves one that the next writer makes anew.
 */
static int
replace(const char *name, const char *new_name, struct qt_err *err)
{
	char	from[80], to[80];
	int	rc;

	qt__ix_outdate(name);
	snprintf(from, sizeof(from), "/dev/shm%s", new_name);
	snprintf(to, sizeof(to), "/dev/shm%s", name);
	rc = qt_sys_rename(AT_FDCWD, from, to);
	if (rc < 0)
		qt_err_set(err, "rename '%s' to '%s'", from, to);
	return rc;
}

static int
build_all(struct build *b, const char *name, const char *new_name,
    const struct qt_hist_index_options *options, struct qt_err *err)
{
	uint64_t	batch, version;
	uint32_t	times = 1;
	int		rc = qt__journal_last(b->db, b->snap, &batch,
	    &version, err);

	if (rc == 0)
		rc = qt__names_load(&b->commands, b->db, b->snap, 'c', err);
	if (rc == 0)
		rc = qt__names_load(&b->contexts, b->db, b->snap, 'x', err);
	if (rc == 0)
		rc = qt__names_load(&b->places, b->db, b->snap, 'l', err);
	if (rc < 0)
		return rc;
	do {
		rc = fill(b, new_name, options, times, err);
		times *= 2;
	} while (rc == -QT_EFULL && times < 1u << TRIES);
	if (rc < 0)
		return rc;
	b->ix->was_built = true;
	atomic_store(&b->ix->head->batch, batch);
	rc = replace(name, new_name, err);
	if (rc < 0)
		(void)qt_seg_unlink(new_name);
	return rc;
}

int
qt__ix_build(struct qt_hist_index **out, struct qt_hist_db *db,
    const char *path, const struct qt_hist_index_options *options,
    struct qt_err *err)
{
	struct build	b = { .db = db };
	char		name[QT__IX_NAME], new_name[QT__IX_NAME];
	int		rc = qt__ix_name(name, path, "");

	*out = NULL;
	if (rc == 0)
		rc = qt__ix_name(new_name, path, ".new");
	if (rc == 0)
		rc = qt_store_snap_open(db->store, &b.snap, err);
	if (rc == 0)
		rc = build_all(&b, name, new_name, options, err);
	qt__names_clear(&b.commands);
	qt__names_clear(&b.contexts);
	qt__names_clear(&b.places);
	qt_store_snap_close(b.snap);
	if (rc < 0)
		qt_hist_index_close(b.ix);
	else
		*out = b.ix;
	return rc;
}
