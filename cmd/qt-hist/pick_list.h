/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_PICK_LIST_H
#define QT_HIST_PICK_LIST_H
/*
 * What the picker found, where the cursor is in it, what is marked, and what is
 * to be deleted in the end. Commands have numbers that the next index may give
 * to others; so what lasts is kept as bytes.
 */
#include <stdbool.h>
#include <stdint.h>

#include <qt/hist/find.h>

#define PICK_FOUND	24u	/* looked for at once, or as many as there are
				   rows; more on the way down */
#define PICK_FOUND_MAX	(1u << 20)

struct pick_texts {
	struct qt_hist_bytes	*items;		/* each of malloc(3) */
	size_t			 count;
};

/* What went at once, and comes back at once: the deleted ones from first on. */
struct pick_deletion {
	size_t		first;
	uint64_t	step;		/* the caller's: when it was */
	bool		is_marked;	/* they were */
};

struct pick_list {
	uint32_t		 rows;	/* of the screen, when it was drawn */
	struct qt_hist_index	*ix;		/* ours; NULL: there is none */
	struct qt_hist_db	*db;		/* ours, for tags; may be NULL */
	struct qt_hist_find	*find;
	const struct qt_hist_here *here;
	enum qt_hist_scope	 scope;
	enum qt_hist_order	 order;
	struct qt_hist_found	*found;
	uint32_t		 room, count;
	uint64_t		 matched;
	uint64_t		 gave_up;	/* commands: a pattern took too long */
	uint32_t		 cursor, top;	/* top: the first in sight */
	bool			 is_wrong;	/* the query does not parse */
	struct qt_hist_mistake	 mistake;
	struct pick_texts	 marked, deleted;
	struct pick_texts	 doomed;	/* to be deleted, if that is sure */
	struct pick_deletion	*deletions;
	size_t			 deletion_count;
	struct pick_texts	 was_on;	/* the cursor, of the last index */
};

/* Another index, and history (NULL: none), which are the list's from now on. */
int	pick_list_use(struct pick_list *l, struct qt_hist_index *ix,
	    struct qt_hist_db *db, struct qt_err *err);
void	pick_list_clear(struct pick_list *l);

/*
 * 0, also when the query does not parse: the last ones stay then, and is_wrong
 * is set. -ECANCELED: is_over said so. is_same: what the cursor is on, it stays
 * on where that is still there; else it is on the best one.
 */
int	pick_list_find(struct pick_list *l, const char *query, size_t len,
	    bool is_same, bool (*is_over)(void *arg), void *arg,
	    struct qt_err *err);
/* More of the same, when the cursor is at the end of what there is. */
int	pick_list_more(struct pick_list *l, const char *query, size_t len,
	    struct qt_err *err);

/* Number i's bytes, borrowed from the index. */
struct qt_hist_bytes pick_list_text(const struct pick_list *l, uint32_t i);
/* Moves the cursor by so many rows; the list shows rows of them. */
void	pick_list_move(struct pick_list *l, int64_t by);
void	pick_list_scroll(struct pick_list *l, uint32_t rows);
/* The scope that follows; one of which nobody knows what it is here is not. */
void	pick_list_next_scope(struct pick_list *l);
const char *pick_list_order_name(const struct pick_list *l);

bool	pick_texts_has(const struct pick_texts *t,
	    const struct qt_hist_bytes *text);
/* Adds a copy, or takes it out. -ENOMEM. */
int	pick_texts_toggle(struct pick_texts *t,
	    const struct qt_hist_bytes *text);
void	pick_texts_clear(struct pick_texts *t);

/*
 * Deleting in two steps, between which the list may become another one: all that
 * are marked are doomed, else that under the cursor; then those are gone, which
 * is one deletion. -ENOMEM: nothing is done.
 */
int	pick_list_doom(struct pick_list *l);
int	pick_list_delete(struct pick_list *l, uint64_t step);
/* The last deletion's are back, marked as they were. How many; 0: none was. */
size_t	pick_list_undelete(struct pick_list *l);

#endif /* QT_HIST_PICK_LIST_H */
