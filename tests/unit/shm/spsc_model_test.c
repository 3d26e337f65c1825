/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The algorithm of queues of one producer and one consumer, and of waiting,
 * step by step, in all orders: one pushes two items and one pops two, both
 * sleep when they must, and each may be killed anywhere. A survivor takes over
 * the role of who is dead or has closed, pops what is there, pushes one item
 * and pops it. Items come out in order, once, and as they were put in; nobody
 * sleeps for ever, and when nobody dies nobody sleeps out his time.
 */

#include <stdint.h>
#include <string.h>

#include "../model.h"
#include "../test.h"

#define CAPACITY 1
#define THREADS	3
#define SURVIVOR 2
#define ITEMS	2	/* of the producer, and of the consumer */
#define LIMIT	2000000

/* A side pushes or pops, wakes the event count of its number, and waits for the
 * other. */
enum { PRODUCER, CONSUMER, SIDES };

struct local {
	uint8_t	pc, side, todo, key;
	uint8_t	at[SIDES], seen[SIDES];
	uint8_t	word, is_asleep, is_dead, has[SIDES];
	uint8_t	pad[3];
};

struct world {
	uint8_t		at[SIDES];	/* tail, head */
	uint8_t		role[SIDES];	/* thread + 1 */
	uint8_t		event[SIDES];	/* count << 1 | somebody waits */
	uint8_t		slot[CAPACITY];	/* position + 1 of its item */
	uint8_t		pad[1];
	struct local	local[THREADS];
};
_Static_assert(sizeof(struct world) % 8 == 0, "hashed by words");

/* Turned to show that the model notices. */
static int	copies_before = 1, looks_again = 1, looks_after = 1;

enum {
	TRY, MOVE, PUBLISH, LOOK, WAKE, FUTEX, DONE,
	RAISE, AGAIN, SLEEP, ASLEEP,
	DROP, CHOOSE, SWEEP, TAKE, END,
};

static void
init(void *state)
{
	struct world	*w = state;

	memset(w, 0, sizeof(*w));
	for (uint8_t side = 0; side < SIDES; side++) {
		w->role[side] = side + 1;
		w->local[side].side = side;
		w->local[side].has[side] = 1;
		w->local[side].todo = ITEMS;
	}
	w->local[SURVIVOR].pc = CHOOSE;
	w->local[SURVIVOR].todo = 1;
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

/* Can the side go on, by what it knows of the other? */
static int
is_ready(const struct local *l)
{
	uint8_t	s = l->side;

	return s == PRODUCER ? l->at[s] - l->seen[s] < CAPACITY :
	    l->seen[s] - l->at[s] > 0;
}

static int
is_anybody_dead(const struct world *w)
{
	return w->local[PRODUCER].is_dead || w->local[CONSUMER].is_dead;
}

static enum model_move
move_step(struct world *w, struct local *l)
{
	uint8_t	s = l->side, *slot = &w->slot[l->at[s] % CAPACITY];

	switch (l->pc) {
	case TRY:
		if (!is_ready(l))
			l->seen[s] = w->at[!s];
		if (is_ready(l))
			l->pc = copies_before ? MOVE : PUBLISH;
		else
			l->pc = l == &w->local[SURVIVOR] ? CHOOSE : RAISE;
		break;
	case MOVE:
		if (s == CONSUMER && *slot != l->at[s] + copies_before)
			return MODEL_BAD;
		if (s == PRODUCER)
			*slot = l->at[s] + copies_before;
		if (!looks_after)
			l->word = w->event[s];
		l->pc = copies_before ? PUBLISH : LOOK;
		break;
	case PUBLISH:
		w->at[s] = ++l->at[s];
		l->pc = copies_before ? LOOK : MOVE;
		break;
	case LOOK:
		if (looks_after)
			l->word = w->event[s];
		l->pc = l->word & 1 ? WAKE : DONE;
		break;
	case WAKE:
		l->pc = LOOK;
		if (w->event[s] == l->word) {
			w->event[s]++;
			l->pc = FUTEX;
		} else if (!looks_after) {
			l->pc = DONE;
		}
		break;
	case FUTEX:
		for (int t = 0; t < SURVIVOR; t++)
			if (w->local[t].side != s)
				w->local[t].is_asleep = 0;
		l->pc = DONE;
		break;
	default:		/* DONE */
		l->todo -= l != &w->local[SURVIVOR] || s == PRODUCER;
		l->pc = l == &w->local[SURVIVOR] ? CHOOSE :
		    l->todo > 0 ? TRY : DROP;
	}
	return MODEL_STEP;
}

static enum model_move
wait_step(struct world *w, struct local *l)
{
	uint8_t	s = l->side, *event = &w->event[!s];

	switch (l->pc) {
	case RAISE:
		*event |= 1;
		l->key = *event;
		l->pc = looks_again ? AGAIN : SLEEP;
		break;
	case AGAIN:
		l->seen[s] = w->at[!s];
		l->pc = is_ready(l) ? TRY : SLEEP;
		break;
	case SLEEP:
		l->is_asleep = *event == l->key;
		l->pc = ASLEEP;
		break;
	default:		/* ASLEEP: 100 ms are only up when a wake-up
				 * may have died with its sender. */
		if (l->is_asleep && !is_anybody_dead(w))
			return MODEL_WAIT;
		l->is_asleep = 0;
		l->pc = TRY;
	}
	return MODEL_STEP;
}

/* The survivor: a role that is to be had, items, or its own item. */
static enum model_move
choose(struct world *w, struct local *l)
{
	for (uint8_t s = CONSUMER + 1; s-- > 0;) {
		if (l->has[s])
			continue;
		if (w->role[s] != 0 && !w->local[w->role[s] - 1].is_dead)
			continue;
		l->side = s;
		l->pc = w->role[s] != 0 ? SWEEP : TAKE;
		return MODEL_STEP;
	}
	l->side = CONSUMER;
	if (l->has[CONSUMER] && w->at[PRODUCER] != l->at[CONSUMER]) {
		l->pc = TRY;
	} else if (l->has[CONSUMER] && l->has[PRODUCER] && l->todo > 0) {
		l->side = PRODUCER;
		l->pc = TRY;
	} else if (l->todo == 0) {
		l->pc = END;
	} else {
		return MODEL_WAIT;
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
	if (l->pc <= DONE)
		return move_step(w, l);
	if (l->pc <= ASLEEP)
		return wait_step(w, l);
	switch (l->pc) {
	case DROP:
		w->role[l->side] = 0;
		l->pc = END;
		break;
	case CHOOSE:
		return choose(w, l);
	case SWEEP:
		w->role[l->side] = 0;
		l->pc = TAKE;
		break;
	default:		/* TAKE */
		w->role[l->side] = (uint8_t)(t + 1);
		l->has[l->side] = 1;
		l->at[l->side] = w->at[l->side];
		l->seen[l->side] = w->at[!l->side];
		l->pc = CHOOSE;
	}
	return MODEL_STEP;
}

static int
is_right(const void *state)
{
	const struct world	*w = state;

	for (int t = 0; t < THREADS; t++)
		if (!w->local[t].is_dead && w->local[t].pc != END)
			return 0;
	return w->at[PRODUCER] == w->at[CONSUMER] &&
	    (w->local[PRODUCER].is_dead || w->at[PRODUCER] == ITEMS + 1);
}

static struct model	model = {
	.name = "spsc", .size = sizeof(struct world), .threads = THREADS,
	.mortal = 3, .init = init, .step = step, .die = die,
	.is_right = is_right, .place = place,
};

QT_TEST(no_order_of_steps_and_deaths_loses_an_item_or_a_wake_up)
{
	size_t	count;

	(void)state;
	count = model_check(&model, LIMIT);
	print_message("# %zu states\n", count);
	assert_true(count > 1000);
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
	notices(&copies_before);
	notices(&looks_again);
	notices(&looks_after);
}
