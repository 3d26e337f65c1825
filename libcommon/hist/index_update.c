/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the index lacks of the history. See <qt/hist/index.h>.
 *
 *	the history's last batch is	the index's	nothing
 *					not far on	batches' events, by time
 *					else		all anew
 */

#include <errno.h>
#include <stdlib.h>

#include <qt/base/buf.h>

#include "db_priv.h"
#include "index_priv.h"
#include "journal_priv.h"

/* All anew: what is below says so by this. */
#define ANEW	(-QT_EFULL)

static int
apply_event(struct qt_hist_index *ix, const struct qt_hist_event *e,
    struct qt_buf *bytes)
{
	uint32_t	command, context, place;
	int		rc;

	/* Those of others' files are of any time, so the order is lost. */
	if (e->flags & QT_HIST_IMPORTED)
		return ANEW;
	rc = qt__ix_add_command(ix, &command, e->text.data, e->text.len);
	qt_buf_reset(bytes);
	if (rc == 0)
		rc = qt__context_pack(bytes, e);
	if (rc == 0)
		rc = qt__ix_add_context(ix, &context, e, bytes->data,
		    bytes->len);
	qt_buf_reset(bytes);
	if (rc == 0)
		rc = qt__place_pack(bytes, e);
	if (rc == 0)
		rc = qt__ix_add_place(ix, &place, bytes->data, bytes->len);
	if (rc == 0)
		rc = qt__ix_again(ix, command, context, e);
	if (rc != 0)
		return rc;
	rc = qt__ix_add_event(ix, command, context, place, e);
	return rc < 0 ? rc : qt__ix_grow(ix, command);
}

/* --- What batches added --------------------------------------------------- */

/*
 * All of them together, in the order of time: a batch is what one spool had, so
 * of shells that were used by turns one batch has what ran between two events of
 * another.
 */
struct came {
	struct qt__journal_key	key;
	size_t			at;	/* fish has times in ms: then in order */
};
struct keys {
	struct came	*key;
	size_t		 count, room;
};

static int
add_keys(struct keys *all, struct qt_hist_db *db, uint64_t batch,
    struct qt_err *err)
{
	struct qt__journal_key	*keys;
	struct came		*more;
	size_t			 count;
	int			 rc = qt__journal_load(db, batch, &keys, &count,
	    err);

	if (rc < 0)
		return rc == -ENOENT ? ANEW : rc;
	if (count > all->room - all->count) {
		size_t	room = all->room * 2 + count;

		more = reallocarray(all->key, room, sizeof(*more));
		if (more == NULL) {
			free(keys);
			return -ENOMEM;
		}
		all->key = more;
		all->room = room;
	}
	for (size_t i = 0; i < count; i++, all->count++)
		all->key[all->count] = (struct came){ keys[i], all->count };
	free(keys);
	return 0;
}

static int
by_time(const void *a, const void *b)
{
	const struct came	*x = a, *y = b;

	if (x->key.start_us != y->key.start_us)
		return x->key.start_us < y->key.start_us ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static int
apply_keys(struct qt_hist_index *ix, struct qt_hist_db *db,
    const struct keys *all, struct qt_err *err)
{
	struct qt_hist_event	e;
	struct qt_buf		bytes = QT_BUF_INIT;
	int			rc = 0;

	for (size_t i = 0; i < all->count && rc >= 0; i++) {
		rc = qt_hist_db_get(db, all->key[i].key.start_us,
		    all->key[i].key.id, &e, err);
		if (rc == 0)
			rc = apply_event(ix, &e, &bytes);
		/* Deleted since. */
		else if (rc == -ENOENT)
			rc = 0;
	}
	qt_buf_clear(&bytes);
	return rc < 0 ? rc : 0;
}

static int
apply(struct qt_hist_index *ix, struct qt_hist_db *db, struct qt_err *err)
{
	struct keys	all = { NULL, 0, 0 };
	uint64_t	from = qt_hist_index_batch(ix), last;
	int		rc = qt_hist_db_batch(db, &last, err);

	if (rc < 0 || last == from)
		return rc;
	if (last < from || last - from > QT_HIST_BATCHES)
		return ANEW;
	for (uint64_t batch = from; batch < last && rc == 0;)
		rc = add_keys(&all, db, ++batch, err);
	if (rc == 0) {
		if (all.count > 1)
			qsort(all.key, all.count, sizeof(*all.key),
			    by_time);
		atomic_store(&ix->head->is_busy, 1);
		rc = apply_keys(ix, db, &all, err);
	}
	free(all.key);
	if (rc < 0)
		return rc;
	atomic_store_explicit(&ix->head->batch, last, memory_order_release);
	atomic_store(&ix->head->is_busy, 0);
	return 0;
}

bool
qt_hist_index_is_current(const struct qt_hist_index *ix, struct qt_hist_db *db)
{
	uint64_t	last;

	return !qt_hist_index_is_outdated(ix) &&
	    ix->head->history == qt__ix_history(db) &&
	    qt_hist_db_batch(db, &last, NULL) == 0 &&
	    qt_hist_index_batch(ix) == last;
}

/* Whether this one can be gone on with. */
static bool
is_usable(const struct qt_hist_index *ix, const struct qt_hist_db *db,
    const struct qt_hist_index_options *options)
{
	uint32_t	ring = options == NULL || options->ring == 0 ?
	    QT_HIST_RING : options->ring;

	return !qt_hist_index_is_outdated(ix) &&
	    atomic_load(&ix->head->is_busy) == 0 &&
	    ix->head->history == qt__ix_history(db) && ix->room.ring == ring;
}

static int
update(struct qt_hist_index **ix, struct qt_hist_db *db, const char *path,
    const struct qt_hist_index_options *options, struct qt_err *err)
{
	struct qt_hist_index	*other;
	char			 name[QT__IX_NAME];
	uint32_t		 ring = options == NULL ? 0 : options->ring;
	int			 rc = (ring & (ring - 1)) != 0 || (ring > 0 &&
	    ring < 64) ? -EINVAL : qt__ix_name(name, path, "");

	if (rc == 0 && *ix != NULL && (qt_hist_index_is_outdated(*ix) ||
	    qt_seg_is_named((*ix)->seg) != 1)) {
		qt_hist_index_close(*ix);
		*ix = NULL;
	}
	if (rc == 0 && *ix == NULL)
		/* One that cannot be used is as good as none. */
		(void)qt__ix_open(ix, name, QT_SEG_WRITE, NULL);
	if (rc == 0)
		rc = *ix != NULL && is_usable(*ix, db, options) ?
		    apply(*ix, db, err) : ANEW;
	if (*ix != NULL)
		(*ix)->was_built = false;
	if (rc == ANEW || rc == -QT_ECORRUPT) {
		rc = qt__ix_build(&other, db, path, options, err);
		if (rc == 0) {
			qt_hist_index_close(*ix);
			*ix = other;
		}
	}
	return rc;
}

int
qt_hist_index_update(struct qt_hist_index **ix, struct qt_hist_db *db,
    const char *path, const struct qt_hist_index_options *options,
    struct qt_err *err)
{
	/* What is read here nobody erases before the index has its name. */
	int	rc = qt__db_lock(db, QT__NO_WAIT, err);

	if (rc == 0) {
		rc = update(ix, db, path, options, err);
		qt__db_unlock(db);
	}
	if (rc < 0)
		qt_err_wrap(err, "bring the history's index up to date");
	return rc;
}
