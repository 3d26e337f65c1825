/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The algorithm of epoch.c and epoch_sweep.c, step by step, in all orders: a
 * writer that may be killed anywhere, a writer that sweeps it, and a reader.
 * Nobody ever reads a node that was freed, and in the end all are free but the
 * current one.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../model.h"
#include "../test.h"

#define NODES	4
#define THREADS	3
#define READER	2
#define LIMIT	500000

enum { FREE, OWNED, LIVE, RETIRING, LIMBO, FREEING };

struct node {
	uint8_t	state, owner, next, generation;
};

/* A thread: where it is, and what it remembers. */
struct local {
	uint8_t	pc, now, mine, old, k, i, ref, generation, rounds, after;
	uint8_t	is_dead, pad[5];
};

struct record {
	uint8_t	pin;		/* epoch + 1, 0: none */
	uint8_t	head[3], tag[3];	/* of lists */
	uint8_t	pad;
};

struct world {
	uint8_t		epoch, current, is_swept, pad[5];
	struct node	node[NODES + 1];	/* from 1 */
	uint8_t		pad2[4];
	struct record	record[THREADS];
	struct local	local[THREADS];
};
_Static_assert(sizeof(struct world) % 8 == 0, "hashed by words");

/* Turned to show that the model notices. */
static int	epochs_to_wait = 2;
static int	looks_at_pins = 1;
/* Of the writers. */
static uint8_t	rounds[2] = { 1, 2 };

enum {
	START, PIN, ALLOC, LOAD, MARK, SWAP, PUSH, TAG, LINK,
	HEAD, SAY, PASS, CHECK, ADVANCE, OLD, EMPTY, TAKE, OFF, GIVE, SETTLE,
	UNPIN, LAST, SWEEP, LAST_PASS, LAST_FREE, END,
	READ_LOAD, READ_ONE, READ_TWO,
};

static void
init(void *state)
{
	struct world	*w = state;

	memset(w, 0, sizeof(*w));
	w->current = 1;
	w->node[1].state = LIVE;
	w->local[0].rounds = rounds[0];
	w->local[1].rounds = rounds[1];
	w->local[READER].rounds = 1;
}

static int
die(void *state, unsigned int t)
{
	struct world	*w = state;

	if (w->local[t].is_dead || w->local[t].pc == END)
		return 0;
	memset(&w->local[t], 0, sizeof(w->local[t]));
	w->local[t].is_dead = 1;
	return 1;
}

static int
place(const void *state, unsigned int t)
{
	const struct world	*w = state;

	return w->local[t].is_dead ? -1 : w->local[t].pc;
}

static void
free_node(struct world *w, uint8_t ref)
{
	w->node[ref].state = FREE;
	w->node[ref].owner = 0;
	w->node[ref].generation = (w->node[ref].generation + 1) & 3;
}

/* In one step: nobody else looks at what is done here. */
static void
push_now(struct world *w, unsigned int record, uint8_t ref)
{
	struct record	*r = &w->record[record];
	uint8_t		 k = w->epoch % 3;

	while (r->tag[k] != w->epoch && r->head[k] != 0) {
		uint8_t	old = r->head[k];

		r->head[k] = w->node[old].next;
		free_node(w, old);
	}
	r->tag[k] = w->epoch;
	w->node[ref].next = r->head[k];
	w->node[ref].owner = 0;
	w->node[ref].state = LIMBO;
	r->head[k] = ref;
}

/* One step of sweeping thread 0: first the lists, then node by node. */
static void
sweep(struct world *w, struct local *l)
{
	struct record	*r = &w->record[0];

	if (l->i == 0) {
		for (int k = 0; k < 3; k++) {
			uint8_t	ref = r->head[k];

			if (ref == 0 || w->node[ref].owner != 1)
				continue;
			if (w->node[ref].state == RETIRING) {
				w->node[ref].state = LIMBO;
				w->node[ref].owner = 0;
			} else if (w->node[ref].state == FREEING) {
				r->head[k] = w->node[ref].next;
				free_node(w, ref);
			}
		}
	} else if (l->i <= NODES && w->node[l->i].owner == 1 && r->pin != 0) {
		struct node	*n = &w->node[l->i];

		if (n->state == OWNED && w->current == l->i) {
			n->state = LIVE;
			n->owner = 0;
		} else if (n->state == OWNED || n->state == FREEING) {
			free_node(w, l->i);
		} else if (n->state == RETIRING) {
			if (w->current == l->i)
				w->current = 0;
			push_now(w, 0, l->i);
		}
	}
	if (l->i++ < NODES + 1)
		return;
	r->pin = 0;
	w->is_swept = 1;
	l->i = 0;
	l->pc = l->after;
}

/* Checks one pin, or is through. */
static void
check_pin(struct world *w, struct local *l, uint8_t through, uint8_t blocked)
{
	uint8_t	pin = w->record[l->i].pin;

	if (looks_at_pins && pin != 0 && pin != l->now + 1) {
		if (l->i == 0 && w->local[0].is_dead) {
			l->after = blocked;
			l->pc = SWEEP;
			l->i = 0;
			return;
		}
		l->pc = blocked;
		l->i = 0;
	} else if (++l->i == THREADS) {
		l->pc = through;
		l->i = 0;
	}
}

static enum model_move
read_step(struct world *w, struct local *l)
{
	switch (l->pc) {
	case READ_LOAD:
		l->ref = w->current;
		l->generation = w->node[l->ref].generation;
		l->pc = l->ref == 0 ? UNPIN : READ_ONE;
		break;
	case READ_ONE: case READ_TWO:
		if (w->node[l->ref].state == FREE ||
		    w->node[l->ref].state == FREEING ||
		    w->node[l->ref].generation != l->generation)
			return MODEL_BAD;
		l->pc = l->pc == READ_ONE ? READ_TWO : UNPIN;
		break;
	case UNPIN:
		w->record[READER].pin = 0;
		l->pc = --l->rounds == 0 ? END : START;
		break;
	default:
		return MODEL_WAIT;
	}
	return MODEL_STEP;
}

/* From taking a node to having put it in place of the old one. */
static enum model_move
replace_step(struct world *w, unsigned int t, struct local *l)
{
	struct node	*n;

	switch (l->pc) {
	case ALLOC:
		l->mine = 1;
		while (l->mine <= NODES && w->node[l->mine].state != FREE)
			l->mine++;
		if (l->mine > NODES) {
			l->mine = 0;
			l->pc = PASS;
			break;
		}
		w->node[l->mine].state = OWNED;
		w->node[l->mine].owner = (uint8_t)(t + 1);
		l->pc = LOAD;
		break;
	case LOAD:
		l->old = w->current;
		l->pc = l->old == 0 ? SWAP : MARK;
		break;
	case MARK:
		n = &w->node[l->old];
		if (n->state == OWNED && w->current == l->old) {
			n->state = LIVE;	/* its maker was slow */
			n->owner = 0;
		} else if (n->state == LIVE && w->current == l->old) {
			n->state = RETIRING;
			n->owner = (uint8_t)(t + 1);
			l->pc = SWAP;
		} else {
			l->pc = LOAD;
		}
		break;
	default:	/* SWAP */
		if (w->current != l->old) {
			if (l->old != 0)
				return MODEL_BAD;
			l->pc = LOAD;
			break;
		}
		w->current = l->mine;
		l->pc = l->old == 0 ? PASS : PUSH;
	}
	return MODEL_STEP;
}

/* Emptying list k, for free_old() and for push(); then to l->after. */
static enum model_move
empty_step(struct world *w, unsigned int t, struct local *l)
{
	struct record	*r = &w->record[t];

	switch (l->pc) {
	case EMPTY:
		l->ref = r->head[l->k];
		l->pc = l->ref == 0 ? l->after : TAKE;
		break;
	case TAKE:
		w->node[l->ref].state = FREEING;
		w->node[l->ref].owner = (uint8_t)(t + 1);
		l->pc = OFF;
		break;
	case OFF:
		r->head[l->k] = w->node[l->ref].next;
		l->pc = GIVE;
		break;
	default:	/* GIVE */
		free_node(w, l->ref);
		l->pc = EMPTY;
	}
	return MODEL_STEP;
}

static enum model_move
push_step(struct world *w, unsigned int t, struct local *l)
{
	struct record	*r = &w->record[t];

	switch (l->pc) {
	case PUSH:
		l->now = w->epoch;
		l->k = l->now % 3;
		l->pc = r->tag[l->k] == l->now ? LINK : EMPTY;
		l->after = TAG;
		break;
	case TAG:
		r->tag[l->k] = l->now;
		l->pc = LINK;
		break;
	case LINK:
		w->node[l->old].next = r->head[l->k];
		l->pc = HEAD;
		break;
	case HEAD:
		r->head[l->k] = l->old;
		l->pc = SAY;
		break;
	default:	/* SAY */
		w->node[l->old].state = LIMBO;
		w->node[l->old].owner = 0;
		l->pc = PASS;
	}
	return MODEL_STEP;
}

/* pass(), free_old(), and leaving. */
static enum model_move
look_step(struct world *w, unsigned int t, struct local *l)
{
	struct record	*r = &w->record[t];

	switch (l->pc) {
	case PASS:
		l->now = w->epoch;
		l->i = 0;
		l->pc = CHECK;
		break;
	case CHECK:
		check_pin(w, l, ADVANCE, OLD);
		l->k = 0;
		break;
	case ADVANCE:
		if (w->epoch == l->now && w->epoch < 12)
			w->epoch++;
		l->k = 0;
		l->pc = OLD;
		break;
	case OLD:
		if (l->k == 3) {
			l->pc = SETTLE;
			break;
		}
		while (l->k < 3 && (r->head[l->k] == 0 ||
		    r->tag[l->k] + epochs_to_wait > w->epoch))
			l->k++;
		if (l->k < 3) {
			l->pc = EMPTY;
			l->after = OLD;
		}
		break;
	case SETTLE:
		if (l->mine != 0 && w->node[l->mine].state == OWNED &&
		    w->node[l->mine].owner == t + 1) {
			w->node[l->mine].state = LIVE;
			w->node[l->mine].owner = 0;
		}
		l->pc = UNPIN;
		break;
	default:	/* UNPIN */
		r->pin = 0;
		memset(l, 0, offsetof(struct local, rounds));
		l->after = 0;
		l->pc = --l->rounds == 0 ? t == 0 ? END : LAST : START;
	}
	return MODEL_STEP;
}

/* When the others are through or dead: thread 1 tidies up, as reclaim does. */
static enum model_move
last_step(struct world *w, struct local *l)
{
	const struct local	*a = &w->local[0], *b = &w->local[READER];

	switch (l->pc) {
	case LAST:
		if ((a->pc != END && !a->is_dead) || b->pc != END)
			return MODEL_WAIT;
		l->after = LAST_PASS;
		l->pc = a->is_dead && !w->is_swept ? SWEEP : LAST_PASS;
		break;
	case LAST_PASS:
		for (int i = 0; i < THREADS; i++)
			if (w->record[i].pin != 0)
				return MODEL_BAD;
		w->epoch += 2;
		l->pc = LAST_FREE;
		break;
	default:	/* LAST_FREE */
		for (int i = 0; i < THREADS; i++)
			for (int k = 0; k < 3; k++)
				while (w->record[i].head[k] != 0) {
					uint8_t	ref = w->record[i].head[k];

					if (w->node[ref].state != LIMBO)
						return MODEL_BAD;
					w->record[i].head[k] =
					    w->node[ref].next;
					free_node(w, ref);
				}
		l->pc = END;
	}
	return MODEL_STEP;
}

static enum model_move
step(void *state, unsigned int t)
{
	struct world	*w = state;
	struct local	*l = &w->local[t];

	if (l->is_dead || l->pc == END)
		return MODEL_WAIT;
	if (l->pc == START) {
		l->now = w->epoch;
		l->pc = PIN;
		return MODEL_STEP;
	}
	if (l->pc == PIN) {
		w->record[t].pin = l->now + 1;
		l->pc = t == READER ? READ_LOAD : ALLOC;
		return MODEL_STEP;
	}
	if (t == READER)
		return read_step(w, l);
	if (l->pc <= SWAP)
		return replace_step(w, t, l);
	if (l->pc == SWEEP)
		return sweep(w, l), MODEL_STEP;
	if (l->pc >= EMPTY && l->pc <= GIVE)
		return empty_step(w, t, l);
	if (l->pc == PUSH || (l->pc >= TAG && l->pc <= SAY))
		return push_step(w, t, l);
	return l->pc >= LAST ? last_step(w, l) : look_step(w, t, l);
}

static int
is_right(const void *state)
{
	const struct world	*w = state;
	unsigned int		 free_nodes = 0;

	for (int i = 1; i <= NODES; i++)
		free_nodes += w->node[i].state == FREE;
	if (w->current != 0 && w->node[w->current].state != LIVE)
		return 0;
	return free_nodes == NODES - (w->current != 0);
}

static struct model	model = {
	.name = "epochs", .size = sizeof(struct world), .threads = THREADS,
	.mortal = 1, .init = init, .step = step, .die = die,
	.is_right = is_right, .place = place,
};

QT_TEST(no_order_of_steps_frees_what_is_read_or_loses_a_node)
{
	static const uint8_t	turns[][2] = { { 1, 2 }, { 2, 1 }, { 2, 2 } };
	const char		*length = getenv("QT_STRESS");
	size_t			 n = length != NULL &&
	    strcmp(length, "long") == 0 ? 3 : 2;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		size_t	count;

		memcpy(rounds, turns[i], sizeof(rounds));
		count = model_check(&model, i == 2 ? 3200000 : LIMIT);
		print_message("# %zu states\n", count);
		assert_true(count > 100000);
	}
}

static void
notices(int *knob, int value)
{
	int	before = *knob;

	*knob = value;
	model.is_quiet = 1;
	assert_int_equal(model_check(&model, LIMIT), 0);
	model.is_quiet = 0;
	*knob = before;
}

QT_TEST(the_model_notices_what_would_be_wrong)
{
	(void)state;
	notices(&epochs_to_wait, 1);
	notices(&looks_at_pins, 0);
}
