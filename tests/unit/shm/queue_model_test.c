/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The algorithm of queues, step by step, in all orders: who pushes two items and
 * who pops two may each be killed anywhere; a survivor pushes one, sweeps the
 * dead while the other goes on, and drains the queue. No item comes out twice,
 * none is lost but in the hands of a dead popper, and all chunks are free again.
 */

#include <stdint.h>
#include <string.h>

#include "../model.h"
#include "../test.h"

#define CHUNKS	2
#define CELLS	2
#define THREADS	3
#define PUSHER	0
#define POPPER	1
#define SURVIVOR 2
#define ITEMS	3	/* 1 and 2 of the pusher, 3 of the survivor */
#define LIMIT	3000000

enum { FREE, OWNED, TAKEN, AGAIN };

struct word { uint8_t generation, owner, state; };
struct chunk { struct word word; uint8_t place, item; };
struct cell { uint8_t lap, generation, chunk; };

/* A thread: where it is, and what it remembers. */
struct local {
	uint8_t		pc, after, t, h, seen, i, item, todo;
	struct word	w;
	struct cell	c;
	uint8_t		is_dead, swept;	/* bits of threads */
	uint8_t		is_last;	/* the others are done: empty is empty */
};

struct world {
	uint8_t		tail, head;
	struct cell	cell[CELLS];
	struct chunk	chunk[CHUNKS];
	uint8_t		got[ITEMS + 1], pushed, last, pad[6];
	struct local	local[THREADS];
	uint8_t		pad2[7];
};
_Static_assert(sizeof(struct world) % 8 == 0, "hashed by words");

/* Turned to show that the model notices. */
static int	looks_at_place = 1, looks_at_generation = 1, knows_overtaken = 1,
		delivers_again;

enum {
	/* Push, as queue_push.c: claim, fill, enter. */
	CLAIM, FILL, TAIL, CELL, GONE, SETTLE, SETTLE_CELL, SETTLE_WORD,
	SETTLE_LOAD, SETTLE_STORE, PLACE, ENTER, TAIL_LOAD, TAIL_STORE, PUSHED,
	/* Pop, as queue_pop.c. */
	HEAD, POP_CELL, POP_WORD, POP_AGAIN, TAKE, COPY, GIVE, HEAD_LOAD,
	HEAD_STORE, POPPED,
	/* Sweep, as queue_sweep.c. */
	SWEEP, SWEEP_WORD, SWEEP_PLACE, SWEEP_CELL, SWEEP_CAS, ENTERED,
	NEXT, END,
};

static void
init(void *state)
{
	struct world	*w = state;

	memset(w, 0, sizeof(*w));
	/* Positions begin in lap 1. */
	w->tail = w->head = CELLS;
	w->local[PUSHER] = (struct local){ .pc = CLAIM, .item = 1, .todo = 2 };
	w->local[POPPER] = (struct local){ .pc = HEAD, .todo = 2 };
	w->local[SURVIVOR] = (struct local){ .pc = CLAIM, .item = 3 };
}

static int
die(void *state, unsigned int t)
{
	struct world	*w = state;
	struct local	*l = &w->local[t];

	if (l->is_dead || l->pc == END)
		return 0;
	*l = (struct local){ .is_dead = 1 };
	return 1;
}

static int
place(const void *state, unsigned int t)
{
	const struct world	*w = state;

	return w->local[t].is_dead ? -1 : w->local[t].pc;
}

#define SAME(a, b) (memcmp(&(a), &(b), sizeof(a)) == 0)

static int
is_there(struct cell c, struct word w)
{
	return (w.state == OWNED || w.state == AGAIN) &&
	    (c.generation == w.generation || !looks_at_generation);
}

/* Claims l->i and fills it. */
static enum model_move
claim_step(struct world *w, unsigned int t, struct local *l)
{
	if (l->pc == FILL) {
		w->chunk[l->i].item = l->item;
		l->after = PUSHED;
		l->pc = TAIL;
		return MODEL_STEP;
	}
	for (uint8_t i = 0; i < CHUNKS; i++) {
		struct word	*word = &w->chunk[i].word;

		if (word->state != FREE)
			continue;
		word->state = OWNED;
		word->owner = (uint8_t)(t + 1);
		w->chunk[i].place = 0;
		w->chunk[i].item = 0;
		l->i = i;
		l->w = *word;
		l->pc = FILL;
		return MODEL_STEP;
	}
	/* The survivor can do something about it; others wait for it. */
	if (t != SURVIVOR)
		return MODEL_WAIT;
	l->pc = NEXT;
	return MODEL_STEP;
}

/* Looks for the first position whose item is not gone: qt__queue_skip(). */
static void
settle_step(struct world *w, struct local *l)
{
	int	ahead;

	switch (l->pc) {
	case SETTLE:
		l->h = w->head;
		l->pc = SETTLE_CELL;
		break;
	case SETTLE_CELL:
		ahead = w->cell[l->h % CELLS].lap - l->h / CELLS;
		if (ahead > 0)
			l->h = (uint8_t)(l->h + (ahead - 1) * CELLS + 1);
		else
			l->pc = ahead < 0 ? SETTLE_LOAD : SETTLE_WORD;
		break;
	case SETTLE_WORD: {
		/* The cell and then the word: the cell may be another by now,
		 * and then its generation is. */
		struct cell	c = w->cell[l->h % CELLS];

		l->pc = SETTLE_CELL;
		if (c.lap == l->h / CELLS &&
		    is_there(c, w->chunk[c.chunk].word))
			l->pc = SETTLE_LOAD;
		else
			l->h += c.lap == l->h / CELLS;
		break;
	}
	case SETTLE_LOAD:
		l->seen = l->h;
		l->pc = w->head < l->h ? SETTLE_STORE : GONE;
		break;
	default:
		w->head = l->h;
		l->pc = GONE;
	}
}

static enum model_move
enter_step(struct world *w, struct local *l)
{
	struct cell	*cell = &w->cell[l->t % CELLS];
	int		 ahead, behind;

	switch (l->pc) {
	case TAIL:
		l->t = w->tail;
		l->pc = CELL;
		l->h = 0;
		break;
	case CELL:
		l->c = *cell;
		ahead = l->c.lap - l->t / CELLS;
		if (ahead < -1)
			return MODEL_BAD;
		l->h = 0;
		if (ahead >= 0)
			l->t = (uint8_t)(l->t + ahead * CELLS + 1);
		else
			l->pc = GONE;
		break;
	case GONE:
		behind = l->t - l->seen;
		if (behind < 0 && !knows_overtaken)
			behind = CELLS;
		if (behind < CELLS)
			l->pc = PLACE;
		else if (l->h != 0)
			return MODEL_BAD;	/* it looks damaged */
		else
			l->pc = SETTLE;
		break;
	case PLACE:
		w->chunk[l->i].place = l->t;
		l->pc = ENTER;
		break;
	case ENTER:
		l->pc = CELL;
		if (!SAME(*cell, l->c))
			break;
		*cell = (struct cell){ l->t / CELLS, l->w.generation, l->i };
		l->pc = TAIL_LOAD;
		break;
	case TAIL_LOAD:
		l->pc = w->tail < l->t + 1 ? TAIL_STORE : l->after;
		break;
	default:
		w->tail = (uint8_t)(l->t + 1);
		l->pc = l->after;
	}
	return MODEL_STEP;
}

/* What follows when an item was taken. */
static enum model_move
give_step(struct world *w, unsigned int t, struct local *l)
{
	struct word	*word = &w->chunk[l->c.chunk].word;

	switch (l->pc) {
	case COPY:
		l->item = w->chunk[l->c.chunk].item;
		/* Not filled yet, or out already. */
		if (l->item == 0 || (!delivers_again && w->got[l->item] != 0))
			return MODEL_BAD;
		if (!delivers_again)
			w->got[l->item]++;
		l->pc = GIVE;
		break;
	case GIVE:
		if (delivers_again)
			w->got[l->item]++;
		*word = (struct word){ word->generation + 1, 0, FREE };
		l->pc = HEAD_LOAD;
		break;
	case HEAD_LOAD:
		l->pc = w->head < l->h + 1 ? HEAD_STORE : POPPED;
		break;
	case HEAD_STORE:
		w->head = (uint8_t)(l->h + 1);
		l->pc = POPPED;
		break;
	default:
		/* The pusher's come in its order. */
		if (l->item < 3 && !delivers_again) {
			if (l->item == 1 && w->last == 2 && t == SURVIVOR)
				return MODEL_BAD;
			w->last = t == SURVIVOR ? l->item : w->last;
		}
		l->pc = t == SURVIVOR || --l->todo > 0 ? HEAD : END;
	}
	return MODEL_STEP;
}

static enum model_move
pop_step(struct world *w, unsigned int t, struct local *l)
{
	struct word	*word = &w->chunk[l->c.chunk].word;
	int		 ahead;

	switch (l->pc) {
	case HEAD:
		l->h = w->head;
		l->pc = POP_CELL;
		break;
	case POP_CELL:
		l->c = w->cell[l->h % CELLS];
		ahead = l->c.lap - l->h / CELLS;
		if (ahead < -1)
			return MODEL_BAD;
		if (ahead < 0)		/* empty: the popper asks again */
			l->pc = t == SURVIVOR ? END : HEAD;
		else if (ahead > 0)
			l->h = (uint8_t)(l->h + (ahead - 1) * CELLS + 1);
		else
			l->pc = POP_WORD;
		if (l->pc == HEAD)
			return w->local[PUSHER].is_dead ||
			    w->local[PUSHER].pc == END ? (l->pc = END,
			    MODEL_STEP) : MODEL_STEP;
		break;
	case POP_WORD:
		l->w = *word;
		l->pc = POP_AGAIN;
		if (!is_there(l->c, l->w))
			l->h++, l->pc = POP_CELL;
		break;
	case POP_AGAIN:
		l->pc = SAME(w->cell[l->h % CELLS], l->c) ? TAKE :
		    POP_CELL;
		break;
	case TAKE:
		l->pc = POP_CELL;
		if (!SAME(*word, l->w))
			break;
		word->state = TAKEN;
		word->owner = (uint8_t)(t + 1);
		l->pc = COPY;
		break;
	default:
		return give_step(w, t, l);
	}
	return MODEL_STEP;
}

/* Of l->todo, a dead thread, chunk by chunk. */
static void
sweep_step(struct world *w, struct local *l)
{
	struct chunk	*chunk = &w->chunk[l->i];
	struct cell	 c;

	switch (l->pc) {
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
			l->pc = l->w.state == OWNED ? SWEEP_PLACE : SWEEP_CAS;
		break;
	case SWEEP_PLACE:
		l->t = chunk->place;
		l->pc = SWEEP_CELL;
		break;
	case SWEEP_CELL:
		c = (struct cell){ l->t / CELLS, l->w.generation, l->i };
		l->pc = SWEEP_CAS;
		if (looks_at_place && l->t >= CELLS &&
		    SAME(w->cell[l->t % CELLS], c))
			l->i++, l->pc = SWEEP_WORD;
		break;
	case SWEEP_CAS:
		l->pc = SWEEP_WORD;
		if (!SAME(chunk->word, l->w)) {
			l->i++;
		} else if (delivers_again && l->w.state == TAKEN) {
			chunk->word.state = AGAIN;
			chunk->word.generation++;
			l->w = chunk->word;
			l->after = ENTERED;
			l->pc = TAIL;
		} else {
			chunk->word = (struct word){ l->w.generation + 1, 0,
			    FREE };
			l->i++;
		}
		break;
	default:		/* ENTERED */
		if (SAME(chunk->word, l->w))
			chunk->word.state = OWNED;
		l->i++;
		l->pc = SWEEP_WORD;
	}
}

static int
is_done(const struct local *l)
{
	return l->is_dead || l->pc == END;
}

/* The survivor: sweeps who is dead, pushes, drains when nobody else works. */
static enum model_move
next_step(struct world *w, struct local *l)
{
	for (uint8_t i = 0; i < SURVIVOR; i++)
		if (w->local[i].is_dead && !(l->swept & 1 << i)) {
			l->todo = i;
			l->i = 0;
			l->pc = SWEEP_WORD;
			return MODEL_STEP;
		}
	if (w->got[3] == 0 && !(w->pushed & 4)) {
		l->item = 3;
		for (int i = 0; i < CHUNKS; i++)
			if (w->chunk[i].word.state == FREE)
				return l->pc = CLAIM, MODEL_STEP;
	}
	/* Room for it. */
	if (!is_done(&w->local[PUSHER]) && is_done(&w->local[POPPER]))
		return l->pc = HEAD, MODEL_STEP;
	if (!is_done(&w->local[PUSHER]) || !is_done(&w->local[POPPER]))
		return MODEL_WAIT;
	l->is_last = (w->pushed & 4) != 0;
	l->pc = HEAD;
	return MODEL_STEP;
}

static enum model_move
step(void *state, unsigned int t)
{
	struct world	*w = state;
	struct local	*l = &w->local[t];

	if (l->is_dead)
		return MODEL_WAIT;
	if (l->pc == END) {
		if (t != SURVIVOR || l->is_last)
			return MODEL_WAIT;
		l->pc = NEXT;
	}
	if (l->pc == NEXT)
		return next_step(w, l);
	if (l->pc == PUSHED) {
		w->pushed |= (uint8_t)(1 << (l->item - 1));
		l->pc = t == SURVIVOR ? NEXT : --l->todo > 0 ? CLAIM : END;
		l->item++;
		return MODEL_STEP;
	}
	if (l->pc <= FILL)
		return claim_step(w, t, l);
	if (l->pc >= SETTLE && l->pc <= SETTLE_STORE)
		return settle_step(w, l), MODEL_STEP;
	if (l->pc <= TAIL_STORE)
		return enter_step(w, l);
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
	for (int n = 1; n <= ITEMS; n++) {
		if (w->got[n] > 1)
			return 0;
		lost += w->got[n] == 0 && (w->pushed & 1 << (n - 1));
	}
	return lost == 0 ||
	    (lost == 1 && w->local[POPPER].is_dead && !delivers_again);
}

static struct model	model = {
	.name = "queue", .size = sizeof(struct world), .threads = THREADS,
	.mortal = 1 << PUSHER | 1 << POPPER, .init = init, .step = step,
	.die = die, .is_right = is_right, .place = place,
};

QT_TEST(no_order_of_steps_and_deaths_loses_an_item_or_gives_it_twice)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		size_t	count;

		delivers_again = i;
		count = model_check(&model, LIMIT);
		print_message("# %zu states\n", count);
		assert_true(count > 10000);
	}
	delivers_again = 0;
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
	notices(&looks_at_place);
	notices(&looks_at_generation);
	notices(&knows_overtaken);
}
