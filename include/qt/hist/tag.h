/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_TAG_H
#define QT_HIST_TAG_H
/*
 * Tags: names that the user gives to commands that were run, each to any number
 * of them.
 *
 *	key			value
 *	g start(8) id(8)	the tags of the event e start id: sorted, no two
 *				the same, each ends in a NUL
 *
 * An event without tags has no such record; an event that is erased takes its
 * tags with it. Any number of processes may tag at once: what one does to an
 * event is done after what the other did.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>
#include <qt/hist/db.h>

#define QT_HIST_TAGS_MAX	64u	/* of an event */
#define QT_HIST_TAG_MAX		64u	/* bytes of a name */

/*
 * A name has letters, digits and - _ . / + @ : and well-formed UTF-8 beyond ASCII
 * without controls; it does not begin with a dash. 0; -EINVAL; -ENAMETOOLONG.
 * Pure.
 */
int	qt_hist_tag_check(const char *name, size_t len);

/*
 * Durable when they return. add: -EEXIST, it has that tag; -ENOENT, there is no
 * such event; -E2BIG, it has QT_HIST_TAGS_MAX; and what check says. remove:
 * -ENOENT, it does not have it.
 */
int	qt_hist_tag_add(struct qt_hist_db *db, uint64_t start_us, uint64_t id,
	    const char *name, size_t len, struct qt_err *err);
int	qt_hist_tag_remove(struct qt_hist_db *db, uint64_t start_us,
	    uint64_t id, const char *name, size_t len, struct qt_err *err);

/*
 * The same for many, synced once: those that have it, or do not, or are not
 * there, are passed over. *changed counts the others, also on failure, which
 * ends it.
 */
struct qt_hist_tag_at {
	uint64_t	start_us, id;
};
int	qt_hist_tag_add_all(struct qt_hist_db *db,
	    const struct qt_hist_tag_at *at, size_t count, const char *name,
	    size_t len, size_t *changed, struct qt_err *err);
int	qt_hist_tag_remove_all(struct qt_hist_db *db,
	    const struct qt_hist_tag_at *at, size_t count, const char *name,
	    size_t len, size_t *changed, struct qt_err *err);

/* An event's. They lie in bytes: not to be copied. */
struct qt_hist_tags {
	struct qt_hist_bytes	of[QT_HIST_TAGS_MAX];
	size_t			count;
	char			bytes[QT_HIST_TAGS_MAX * (QT_HIST_TAG_MAX + 1)];
};
/* 0, also when it has none, or is not there; negative, and then it has none. */
int	qt_hist_tags_of(struct qt_hist_db *db, uint64_t start_us, uint64_t id,
	    struct qt_hist_tags *out, struct qt_err *err);

/*
 * Calls each for every event that has tags, by start and id; tags are sorted and
 * borrowed until it returns. 0; or what each returned, when it is not 0, which
 * ends it; or negative.
 */
int	qt_hist_tags_each(struct qt_hist_db *db,
	    int (*each)(void *arg, uint64_t start_us, uint64_t id,
	    const struct qt_hist_bytes *tags, size_t count), void *arg,
	    struct qt_err *err);

#endif /* QT_HIST_TAG_H */
