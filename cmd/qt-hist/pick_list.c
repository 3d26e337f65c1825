/* SPDX-License-Identifier: Apache-2.0 */
/* What the picker found, and what became of it. See pick_list.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pick_list.h"

/* --- Texts ---------------------------------------------------------------- */

static size_t
where(const struct pick_texts *t, const struct qt_hist_bytes *text)
{
	size_t	i = 0;

	while (i < t->count && (t->items[i].len != text->len ||
	    memcmp(t->items[i].data, text->data, text->len) != 0))
		i++;
	return i;
}

bool
pick_texts_has(const struct pick_texts *t, const struct qt_hist_bytes *text)
{
	return where(t, text) < t->count;
}

static void
take_out(struct pick_texts *t, size_t i)
{
	free((char *)(uintptr_t)t->items[i].data);
	t->count--;
	memmove(t->items + i, t->items + i + 1,
	    (t->count - i) * sizeof(*t->items));
}

static int
add(struct pick_texts *t, const struct qt_hist_bytes *text)
{
	void	*items = reallocarray(t->items, t->count + 1,
		    sizeof(*t->items));
	char	*copy;

	if (items == NULL)
		return -ENOMEM;
	t->items = items;
	copy = malloc(text->len + 1);
	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, text->data, text->len);
	t->items[t->count++] = (struct qt_hist_bytes){ copy, text->len };
	return 0;
}

int
pick_texts_toggle(struct pick_texts *t, const struct qt_hist_bytes *text)
{
	size_t	i = where(t, text);

	if (i == t->count)
		return add(t, text);
	take_out(t, i);
	return 0;
}

void
pick_texts_clear(struct pick_texts *t)
{
	while (t->count > 0)
		take_out(t, t->count - 1);
	free(t->items);
	t->items = NULL;
}

/* --- Finding -------------------------------------------------------------- */

struct qt_hist_bytes
pick_list_text(const struct pick_list *l, uint32_t i)
{
	struct qt_hist_index_view	v;

	if (i >= l->count)
		return (struct qt_hist_bytes){ "", 0 };
	qt_hist_index_view(l->ix, &v);
	return qt_hist_index_text(&v, l->found[i].command);
}

int
pick_list_use(struct pick_list *l, struct qt_hist_index *ix,
    struct qt_hist_db *db, struct qt_err *err)
{
	struct qt_err		ignored = QT_ERR_INIT;
	struct qt_hist_bytes	text = pick_list_text(l, l->cursor);

	if (l->cursor > 0 && l->cursor < l->count)
		(void)add(&l->was_on, &text);
	qt_hist_find_free(l->find);
	l->find = NULL;
	if (ix != l->ix)
		qt_hist_index_close(l->ix);
	if (db != l->db)
		(void)qt_hist_db_close(l->db, &ignored);
	l->ix = ix;
	l->db = db;
	l->count = 0;
	l->matched = 0;
	return ix == NULL ? 0 :
	    qt_hist_find_new(&l->find, ix, db, l->here, err);
}

void
pick_list_clear(struct pick_list *l)
{
	struct qt_err	ignored = QT_ERR_INIT;

	(void)pick_list_use(l, NULL, NULL, &ignored);
	pick_texts_clear(&l->marked);
	pick_texts_clear(&l->deleted);
	pick_texts_clear(&l->doomed);
	pick_texts_clear(&l->was_on);
	free(l->deletions);
	l->deletions = NULL;
	l->deletion_count = 0;
	free(l->found);
	l->found = NULL;
}

static void
leave_out_deleted(struct pick_list *l)
{
	struct qt_hist_bytes	text;
	uint32_t		kept = 0;

	if (l->deleted.count == 0)
		return;
	for (uint32_t i = 0; i < l->count; i++) {
		text = pick_list_text(l, i);
		if (pick_texts_has(&l->deleted, &text))
			l->matched--;
		else
			l->found[kept++] = l->found[i];
	}
	l->count = kept;
}

/* The number of the command with this one's bytes, or 0. */
static uint32_t
find_again(const struct pick_list *l, const struct pick_texts *was)
{
	struct qt_hist_bytes	text;

	for (uint32_t i = 0; was->count > 0 && i < l->count; i++) {
		text = pick_list_text(l, i);
		if (pick_texts_has(was, &text))
			return i;
	}
	return 0;
}

static int
look(struct pick_list *l, const char *query, size_t len,
    bool (*is_over)(void *arg), void *arg, struct qt_err *err)
{
	struct qt_hist_finding	f = { .query = query, .len = len,
	    .scope = l->scope, .order = l->order, .found = l->found,
	    .max = l->room, .is_typing = true, .is_over = is_over,
	    .arg = arg };
	int			rc = qt_hist_find(l->find, &f, err);

	l->is_wrong = rc == -EINVAL || rc == -E2BIG;
	if (l->is_wrong) {
		l->mistake = f.mistake;
		return 0;
	}
	if (rc < 0)
		return rc;
	l->count = f.count;
	l->matched = f.matched;
	l->gave_up = f.gave_up;
	leave_out_deleted(l);
	return 0;
}

static int
grow(struct pick_list *l, uint32_t room)
{
	void	*found;

	if (room <= l->room)
		return 0;
	found = reallocarray(l->found, room, sizeof(*l->found));
	if (found == NULL)
		return -ENOMEM;
	l->found = found;
	l->room = room;
	return 0;
}

int
pick_list_find(struct pick_list *l, const char *query, size_t len,
    bool is_same, bool (*is_over)(void *arg), void *arg, struct qt_err *err)
{
	struct qt_hist_bytes	text = pick_list_text(l, l->cursor);
	int			rc = grow(l, l->rows > PICK_FOUND ? l->rows :
	    PICK_FOUND);

	if (l->find == NULL || rc < 0)
		return rc;
	if (!is_same)
		pick_texts_clear(&l->was_on);
	else if (l->cursor > 0 && l->cursor < l->count)
		(void)add(&l->was_on, &text);
	rc = look(l, query, len, is_over, arg, err);
	if (rc == 0 && !l->is_wrong) {
		l->cursor = find_again(l, &l->was_on);
		if (l->cursor == 0)
			l->top = 0;
	}
	if (rc != -ECANCELED)
		pick_texts_clear(&l->was_on);
	return rc;
}

int
pick_list_more(struct pick_list *l, const char *query, size_t len,
    struct qt_err *err)
{
	int	rc;

	if (l->find == NULL || l->is_wrong || l->count >= l->matched ||
	    (l->cursor + 1 < l->count && l->rows <= l->count) ||
	    l->room >= PICK_FOUND_MAX)
		return 0;
	rc = grow(l, l->room * 8);
	return rc < 0 ? rc : look(l, query, len, NULL, NULL, err);
}

/* --- The cursor ----------------------------------------------------------- */

void
pick_list_move(struct pick_list *l, int64_t by)
{
	int64_t	to = (int64_t)l->cursor + by, last = (int64_t)l->count - 1;

	to = to > last ? last : to;
	l->cursor = to < 0 ? 0 : (uint32_t)to;
}

void
pick_list_scroll(struct pick_list *l, uint32_t rows)
{
	l->rows = rows;
	if (l->cursor >= l->count)
		l->cursor = l->count > 0 ? l->count - 1 : 0;
	if (l->cursor < l->top)
		l->top = l->cursor;
	if (rows > 0 && l->cursor >= l->top + rows)
		l->top = l->cursor - rows + 1;
	if (l->top > 0 && l->top + rows > l->count)
		l->top = l->count > rows ? l->count - rows : 0;
}

static bool
is_known(const struct pick_list *l, enum qt_hist_scope scope)
{
	const struct qt_hist_here	*h = l->here;
	const char			*what = scope == QT_HIST_THIS_HOST ?
	    h->host : scope == QT_HIST_THIS_SESSION ? h->session :
	    scope == QT_HIST_THIS_FOLDER ? h->cwd :
	    scope == QT_HIST_THIS_REPOSITORY ? h->git : "all";

	return what != NULL && *what != '\0';
}

void
pick_list_next_scope(struct pick_list *l)
{
	do
		l->scope = (l->scope + 1) % QT_HIST_SCOPES;
	while (!is_known(l, l->scope));
}

const char *
pick_list_order_name(const struct pick_list *l)
{
	return l->order == QT_HIST_BEST ? "best" :
	    l->order == QT_HIST_LATEST ? "latest" : "auto";
}

/* --- Deleting ------------------------------------------------------------- */

int
pick_list_doom(struct pick_list *l)
{
	struct qt_hist_bytes	 text = pick_list_text(l, l->cursor);
	struct pick_texts	 which = { &text, l->cursor < l->count };
	int			 rc = 0;

	if (l->marked.count > 0)
		which = l->marked;
	pick_texts_clear(&l->doomed);
	for (size_t i = 0; rc == 0 && i < which.count; i++)
		rc = add(&l->doomed, &which.items[i]);
	if (rc < 0)
		pick_texts_clear(&l->doomed);
	return rc;
}

/* How many above that place are deleted, and still in the list. */
static uint32_t
count_deleted(const struct pick_list *l, uint32_t above)
{
	struct qt_hist_bytes	text;
	uint32_t		count = 0;

	for (uint32_t i = 0; i < above && i < l->count; i++) {
		text = pick_list_text(l, i);
		count += pick_texts_has(&l->deleted, &text);
	}
	return count;
}

/* Who is on one that stays remains on it. */
static void
leave_out_of_sight(struct pick_list *l)
{
	uint32_t	above = count_deleted(l, l->cursor);

	l->top -= count_deleted(l, l->top);
	leave_out_deleted(l);
	pick_list_move(l, -(int64_t)above);
}

int
pick_list_delete(struct pick_list *l, uint64_t step)
{
	struct pick_texts	*to = &l->deleted, *from = &l->doomed;
	void			*items = reallocarray(to->items,
				    to->count + from->count,
				    sizeof(*to->items));
	void			*deletions;

	if (items == NULL)
		return -ENOMEM;
	to->items = items;
	deletions = reallocarray(l->deletions, l->deletion_count + 1,
	    sizeof(*l->deletions));
	if (deletions == NULL)
		return -ENOMEM;
	l->deletions = deletions;
	l->deletions[l->deletion_count++] = (struct pick_deletion){
		to->count, step, l->marked.count > 0 };
	for (size_t i = 0; i < from->count; i++)
		to->items[to->count++] = from->items[i];
	from->count = 0;	/* they are the others' now */
	pick_texts_clear(&l->marked);
	leave_out_of_sight(l);
	return 0;
}

size_t
pick_list_undelete(struct pick_list *l)
{
	struct pick_deletion	d;
	size_t			count;

	if (l->deletion_count == 0)
		return 0;
	d = l->deletions[--l->deletion_count];
	count = l->deleted.count - d.first;
	for (size_t i = d.first; d.is_marked && i < l->deleted.count; i++)
		(void)add(&l->marked, &l->deleted.items[i]);
	while (l->deleted.count > d.first)
		take_out(&l->deleted, l->deleted.count - 1);
	return count;
}
