/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the index, and reading it. See <qt/hist/index.h>. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "event_priv.h"
#include "index_priv.h"

int
qt_hist_index_open(struct qt_hist_index **out, const char *path,
    struct qt_err *err)
{
	char	name[QT__IX_NAME];
	int	rc = qt__ix_name(name, path, "");

	*out = NULL;
	if (rc == 0)
		rc = qt__ix_open(out, name, QT_SEG_RDONLY, err);
	if (rc < 0)
		qt_err_wrap(err, "open the index of the history in '%s'",
		    path);
	return rc;
}

void
qt_hist_index_close(struct qt_hist_index *ix)
{
	if (ix == NULL)
		return;
	qt_seg_close(ix->seg);
	free(ix);
}

bool
qt_hist_index_is_outdated(const struct qt_hist_index *ix)
{
	return atomic_load_explicit(&ix->head->is_outdated,
	    memory_order_acquire) != 0;
}

uint64_t
qt_hist_index_batch(const struct qt_hist_index *ix)
{
	return atomic_load_explicit(&ix->head->batch, memory_order_acquire);
}

/* --- Events --------------------------------------------------------------- */

uint32_t
qt_hist_index_last(const struct qt_hist_index *ix)
{
	return qt__ix_count(&ix->head->last, INT32_MAX);
}

uint32_t
qt_hist_index_first(const struct qt_hist_index *ix)
{
	uint32_t	last = qt_hist_index_last(ix);
	uint32_t	first = qt__ix_get(&ix->head->first);

	/* Whatever it says: no more than there are. */
	if (last >= ix->room.ring && first <= last - ix->room.ring)
		first = last - ix->room.ring + 1;
	return first == 0 ? 1 : first;
}

bool
qt_hist_index_event(const struct qt_hist_index *ix, uint32_t number,
    struct qt_hist_index_event *out)
{
	const struct qt__ix_event	*e;
	uint64_t			 w[6];
	uint32_t			*before[4] = { &out->of_command,
	    &out->of_place, &out->of_session, &out->of_host };

	if (number > qt_hist_index_last(ix) || number <
	    qt_hist_index_first(ix))
		return false;
	e = &ix->ring[number & (ix->room.ring - 1)];
	for (int i = 0; i < 6; i++)
		w[i] = atomic_load_explicit(&e->word[i],
		    memory_order_relaxed);
	/* Pairs with the fence in qt__ix_add_event(). */
	atomic_thread_fence(memory_order_acquire);
	if (number < qt__ix_get(&ix->head->first))
		return false;
	*out = (struct qt_hist_index_event){
		.start_us = w[0], .command = (uint32_t)w[1],
		.context = (uint32_t)(w[1] >> 32), .took = (uint32_t)w[2],
		.status = (int16_t)(w[2] >> 32), .flags = (uint16_t)(w[2] >>
		48), .place = (uint32_t)w[3], .id = (uint32_t)(w[3] >> 32),
	};
	for (int i = 0; i < 4; i++) {
		*before[i] = (uint32_t)(w[4 + i / 2] >> (i % 2 ? 32 : 0));
		/* So who follows them gets to an end. */
		if (*before[i] >= number)
			*before[i] = 0;
	}
	return true;
}

/* --- Commands ------------------------------------------------------------- */

void
qt_hist_index_view(const struct qt_hist_index *ix,
    struct qt_hist_index_view *out)
{
	uint64_t	text;

	out->commands = qt__ix_count(&ix->head->commands, ix->room.commands);
	text = atomic_load_explicit(&ix->head->text, memory_order_acquire);
	out->arena = ix->text;
	out->arena_len = text < ix->room.text ? text : ix->room.text;
	out->signature = (const void *)ix->signature;
	out->text = (const void *)ix->c_text;
	out->len = (const void *)ix->c_len;
	out->count = (const void *)ix->count;
	out->last = (const void *)ix->last;
	out->successes = (const void *)ix->successes;
	out->score = (const void *)ix->score;
}

uint32_t
qt_hist_index_find(const struct qt_hist_index *ix, const void *text,
    size_t len)
{
	return qt__ix_find_command(ix, qt__ix_hash(ix, 0, text, len), text,
	    len);
}

uint32_t
qt_hist_index_next(const struct qt_hist_index *ix, uint32_t command,
    struct qt_hist_index_next out[QT_HIST_NEXT])
{
	uint32_t	most = qt__ix_count(&ix->head->commands,
	    ix->room.commands), count = 0;

	if (command >= most)
		return 0;
	for (uint32_t i = 0; i < QT_HIST_NEXT; i++) {
		uint64_t	x = atomic_load_explicit(
		    &ix->next[command].of[i], memory_order_relaxed);
		struct qt_hist_index_next	one = { (uint32_t)x,
			(uint32_t)(x >> 32) };
		uint32_t	at = count;

		if (one.count == 0 || one.command >= most)
			continue;
		for (; at > 0 && out[at - 1].count < one.count; at--)
			out[at] = out[at - 1];
		out[at] = one;
		count++;
	}
	return count;
}

/* --- Facts ---------------------------------------------------------------- */

uint32_t
qt_hist_index_fact_next(const struct qt_hist_index *ix,
    enum qt_hist_fact kind, uint32_t id)
{
	uint32_t	count = qt__ix_count(&ix->head->facts,
	    ix->room.facts);

	for (id = id == QT_HIST_NONE ? 0 : id + 1; id < count; id++)
		if (qt__ix_get(&ix->fact[id].kind) == (uint32_t)kind)
			return id;
	return QT_HIST_NONE;
}

bool
qt_hist_index_fact(const struct qt_hist_index *ix, enum qt_hist_fact kind,
    uint32_t id, struct qt_hist_event *e, uint32_t *last)
{
	const struct qt__ix_fact	*f;
	const char			*text;
	uint32_t			 len;

	if (id >= qt__ix_count(&ix->head->facts, ix->room.facts))
		return false;
	f = &ix->fact[id];
	if (qt__ix_get(&f->kind) != (uint32_t)kind)
		return false;
	len = qt__ix_get(&f->len);
	text = qt__ix_text(ix, qt__ix_get(&f->text), len);
	if (text == NULL)
		return false;
	if (last != NULL)
		*last = qt__ix_get(&f->last);
	if (kind == QT_HIST_FACT_CONTEXT)
		qt__context_unpack(e, text, len);
	else if (kind == QT_HIST_FACT_PLACE)
		qt__place_unpack(e, text, len);
	else
		e->host = (struct qt_hist_bytes){ text, len };
	return true;
}

/* --- Figures -------------------------------------------------------------- */

void
qt_hist_index_stat(const struct qt_hist_index *ix,
    struct qt_hist_index_stat *out)
{
	const struct qt__ix_head	*h = ix->head;
	uint32_t			 last = qt_hist_index_last(ix);

	*out = (struct qt_hist_index_stat){
		.used = qt_seg_used(ix->seg), .size = qt_seg_size(ix->seg),
		.events = last < ix->room.ring ? last : ix->room.ring,
		.commands = qt__ix_count(&h->commands, ix->room.commands),
		.words = qt__ix_count(&h->words, ix->room.words),
		.facts = qt__ix_count(&h->facts, ix->room.facts),
		.nodes = qt__ix_count(&h->nodes, ix->room.nodes),
		.text = atomic_load(&h->text), .was_built = ix->was_built,
	};
}
