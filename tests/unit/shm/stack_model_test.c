/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The algorithm of stacks, step by step, in all orders: one pushes an item and
 * pops one, another pops one and pushes an item, and each may be killed
 * anywhere; a survivor pushes one, sweeps the dead while the others go on, and
 * pops all. No item comes out twice, none is lost but in the hands of a dead
 * popper, and all chunks are free again.
 */

#include <stdint.h>
#include <string.h>

#include "../model.h"
#include "../test.h"

#define CHUNKS	3
#define THREADS	3
#define SURVIVOR 2
#define ITEMS	3	/* thread t pushes item t + 1 */
#define LIMIT	3000000

enum { FREE, OWNED, TAKEN, LINKED };

struct word {
	uint8_t	generation, owner, state;
};
struct chunk {
	struct word	word;
	uint8_t		next, item;	/* next: chunk + 1 */
};
struct top {
	uint8_t	tag, popper, chunk;	/* chunk + 1 */
};

/* A thread: where it is, and what it remembers. */
struct local {
	uint8_t		pc, after, mine, i, next, todo;
	struct top	t;
	struct word	w;
	uint8_t		is_dead, swept, is_last, pad;
};

struct world {
	struct top	top;
	struct chunk	chunk[CHUNKS];
	uint8_t		got[ITEMS + 1], pushed;
	struct local	local[THREADS];
	uint8_t		pad[1];
};
_Static_assert(sizeof(struct world) % 8 == 0, "hashed by words");

/* Turned to show that the model notices. */
static int	links_before = 1, says_who_pops = 1, looks_at_top = 1;

enum {
	CLAIM, FILL, TOP, LOOK, VERIFY, LINK, PLACE, SWING, PUSHED,
	/* Finishing the pop that t speaks of, then after. */
	HELP, HELP_VERIFY, HELP_TAKE, HELP_SWING,
	POP, BEGIN, BEGUN, COPY, GIVE, POPPED,
	SWEEP_TOP, SWEEP_WORD, SWEEP_IS_TOP, SWEEP_CAS, NEXT, END,
};

static void
init(void *state)
{
	struct world	*w = state;

	memset(w, 0, sizeof(*w));
	/* Push and pop; pop and push; whatever is left. */
	w->local[0].pc = CLAIM;
	w->local[1].pc = POP;
	w->local[SURVIVOR].pc = CLAIM;
	w->local[0].todo = w->local[1].todo = 2;
}

static int
die(void *state, unsigned int t)
{
	struct world	*w = state;
	struct local	*l = &w->local[t];

	if (l->is_dead || l->pc == END)
		return 0;
	memset(l, 0, sizeof(*l));
	l->is_dead = 1;
	return 1;
}

static int
place(const void *state, unsigned int t)
{
	const struct world	*w = state;

	return w->local[t].is_dead ? -1 : w->local[t].pc;
}

#define SAME(a, b) (memcmp(&(a), &(b), sizeof(a)) == 0)

/* A CAS of top, from what l saw it to be. */
static int
swing(struct world *w, struct local *l, uint8_t popper, uint8_t chunk)
{
	if (!SAME(w->top, l->t))
		return 0;
	w->top = (struct top){ w->top.tag + 1, popper, chunk };
	return 1;
}

static enum model_move
push_step(struct world *w, unsigned int t, struct local *l)
{
	struct chunk	*mine = &w->chunk[l->mine];
	struct chunk	*above = l->t.chunk == 0 ? NULL :
	    &w->chunk[l->t.chunk - 1];

	switch (l->pc) {
	case CLAIM:
		for (uint8_t i = 0; i < CHUNKS; i++) {
			if (w->chunk[i].word.state != FREE)
				continue;
			l->mine = i;
			w->chunk[i].word.state = OWNED;
			w->chunk[i].word.owner = (uint8_t)(t + 1);
			w->chunk[i].item = 0;
			l->pc = FILL;
			return MODEL_STEP;
		}
		return MODEL_BAD;	/* there is one for each */
	case FILL:
		mine->item = (uint8_t)(t + 1);
		l->pc = TOP;
		break;
	case TOP:
		l->t = w->top;
		l->after = TOP;
		l->pc = l->t.popper != 0 ? HELP : l->t.chunk == 0 ? PLACE :
		    LOOK;
		break;
	case LOOK:
		l->w = above->word;
		l->pc = VERIFY;
		break;
	case VERIFY:
		l->pc = TOP;
		if (looks_at_top && !SAME(w->top, l->t))
			break;
		if (l->w.state != LINKED && l->w.state != OWNED)
			return looks_at_top ? MODEL_BAD : MODEL_STEP;
		l->pc = l->w.state == LINKED || !links_before ? PLACE : LINK;
		break;
	case LINK:
		l->pc = TOP;
		if (!SAME(above->word, l->w))
			break;
		above->word.state = LINKED;
		above->word.owner = 0;
		l->pc = PLACE;
		break;
	case PLACE:
		mine->next = l->t.chunk;
		l->pc = SWING;
		break;
	case SWING:
		l->pc = swing(w, l, 0, l->mine + 1) ? PUSHED : TOP;
		break;
	default:
		w->pushed |= (uint8_t)(1 << t);
		l->pc = t == SURVIVOR ? NEXT : --l->todo > 0 ? POP : END;
	}
	return MODEL_STEP;
}

static enum model_move
help_step(struct world *w, struct local *l)
{
	struct chunk	*chunk = l->t.chunk == 0 ? NULL :
	    &w->chunk[l->t.chunk - 1];

	switch (l->pc) {
	case HELP:
		l->w = chunk->word;
		l->next = chunk->next;
		l->pc = HELP_VERIFY;
		break;
	case HELP_VERIFY:
		l->pc = l->after;
		if (!SAME(w->top, l->t))
			break;
		if (l->w.state == OWNED || l->w.state == LINKED)
			l->pc = HELP_TAKE;
		else if (l->w.state == TAKEN && l->w.owner == l->t.popper)
			l->pc = HELP_SWING;
		else
			return MODEL_BAD;
		break;
	case HELP_TAKE:
		if (SAME(chunk->word, l->w)) {
			chunk->word.state = TAKEN;
			chunk->word.owner = l->t.popper;
		}
		l->pc = HELP;
		break;
	default:
		(void)swing(w, l, 0, l->next);
		l->pc = l->after;
	}
	return MODEL_STEP;
}

static enum model_move
pop_step(struct world *w, unsigned int t, struct local *l)
{
	struct chunk	*chunk = &w->chunk[l->mine];

	switch (l->pc) {
	case POP:
		l->t = w->top;
		l->after = POP;
		if (l->t.popper != 0)
			l->pc = HELP;
		else if (l->t.chunk == 0)
			l->pc = POPPED;
		else
			l->pc = BEGIN;
		break;
	case BEGIN:
		l->pc = POP;
		l->mine = l->t.chunk - 1;
		if (!says_who_pops) {
			/* The chunk's word first, and top later: see LOOK. */
			l->w = w->chunk[l->mine].word;
			if (!SAME(w->top, l->t) || (l->w.state != OWNED &&
			    l->w.state != LINKED))
				break;
			w->chunk[l->mine].word.state = TAKEN;
			w->chunk[l->mine].word.owner = (uint8_t)(t + 1);
			l->next = w->chunk[l->mine].next;
			l->pc = BEGUN;
			break;
		}
		if (!swing(w, l, (uint8_t)(t + 1), l->t.chunk))
			break;
		l->t = w->top;
		l->after = COPY;
		l->pc = HELP;
		break;
	case BEGUN:
		(void)swing(w, l, 0, l->next);
		l->pc = COPY;
		break;
	case COPY:
		if (chunk->word.state != TAKEN || chunk->word.owner != t + 1 ||
		    chunk->item == 0 || w->got[chunk->item]++ != 0)
			return MODEL_BAD;
		l->pc = GIVE;
		break;
	case GIVE:
		chunk->word = (struct word){ chunk->word.generation + 1, 0,
		    FREE };
		l->pc = t == SURVIVOR ? POP : POPPED;
		break;
	default:
		if (t == SURVIVOR)
			l->pc = l->is_last ? END : NEXT;
		else
			l->pc = --l->todo > 0 ? CLAIM : END;
	}
	return MODEL_STEP;
}

/* Of l->todo, a dead thread: top first, then chunk by chunk. */
static void
sweep_step(struct world *w, struct local *l)
{
	struct chunk	*chunk = &w->chunk[l->i];

	switch (l->pc) {
	case SWEEP_TOP:
		l->t = w->top;
		l->after = SWEEP_TOP;
		l->i = 0;
		l->pc = l->t.popper == l->todo + 1 ? HELP : SWEEP_WORD;
		break;
	case SWEEP_WORD:
		if (l->i == CHUNKS) {
			l->swept |= (uint8_t)(1 << l->todo);
			l->pc = NEXT;
			return;
		}
		l->w = chunk->word;
		if (l->w.state == FREE || l->w.owner != l->todo + 1)
			l->i++;
		else
			l->pc = l->w.state == OWNED ? SWEEP_IS_TOP : SWEEP_CAS;
		break;
	case SWEEP_IS_TOP:
		l->next = w->top.chunk == l->i + 1;
		l->pc = SWEEP_CAS;
		break;
	default:		/* SWEEP_CAS */
		if (SAME(chunk->word, l->w)) {
			if (l->w.state == OWNED && l->next)
				chunk->word = (struct word){
				    l->w.generation, 0, LINKED };
			else
				chunk->word = (struct word){
				    l->w.generation + 1, 0, FREE };
		}
		l->i++;
		l->pc = SWEEP_WORD;
	}
}

static int
is_done(const struct local *l)
{
	return l->is_dead || l->pc == END;
}

static enum model_move
next_step(struct world *w, struct local *l)
{
	for (uint8_t i = 0; i < SURVIVOR; i++)
		if (w->local[i].is_dead && !(l->swept & 1 << i)) {
			l->todo = i;
			l->pc = SWEEP_TOP;
			return MODEL_STEP;
		}
	if (!is_done(&w->local[0]) || !is_done(&w->local[1]))
		return MODEL_WAIT;
	l->is_last = 1;
	l->pc = POP;
	return MODEL_STEP;
}

static enum model_move
step(void *state, unsigned int t)
{
	struct world	*w = state;
	struct local	*l = &w->local[t];

	if (is_done(l))
		return MODEL_WAIT;
	if (l->pc == NEXT)
		return next_step(w, l);
	if (l->pc <= PUSHED)
		return push_step(w, t, l);
	if (l->pc <= HELP_SWING)
		return help_step(w, l);
	if (l->pc <= POPPED)
		return pop_step(w, t, l);
	return sweep_step(w, l), MODEL_STEP;
}

static int
is_right(const void *state)
{
	const struct world	*w = state;
	int			 lost = 0;

	for (int i = 0; i < CHUNKS; i++)
		if (w->chunk[i].word.state != FREE)
			return 0;
	for (int n = 1; n <= ITEMS; n++)
		lost += w->got[n] == 0 && (w->pushed & 1 << (n - 1));
	return lost <= w->local[0].is_dead + w->local[1].is_dead &&
	    w->top.chunk == 0;
}

static struct model	model = {
	.name = "stack", .size = sizeof(struct world), .threads = THREADS,
	.mortal = 3, .init = init, .step = step, .die = die,
	.is_right = is_right, .place = place,
};

QT_TEST(no_order_of_steps_and_deaths_loses_an_item_or_gives_it_twice)
{
	size_t	count;

	(void)state;
	count = model_check(&model, LIMIT);
	print_message("# %zu states\n", count);
	assert_true(count > 10000);
}

static void
notices(int *knob)
{
	*knob = 0;
	model.is_quiet = 1;
	assert_int_equal(model_check(&model, LIMIT), 0);
	model.is_quiet = 0;
	*knob = 1;
}

QT_TEST(the_model_notices_what_would_be_wrong)
{
	(void)state;
	notices(&links_before);
	notices(&says_who_pops);
	notices(&looks_at_top);
}
