/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The algorithm of hash_*.c, step by step, in all orders: two change entries of
 * one bucket and may be killed anywhere, a third reads and sweeps the dead
 * while the others go on. No key is there twice, none is lost, no value is torn
 * or one that the key did not have meanwhile, no node is freed while it is in
 * the list, and in the end all that is not in the list is free.
 */

#include <stdint.h>
#include <string.h>

#include "../model.h"
#include "../test.h"
#include "map_model.h"

#define LIMIT	1000000

static const struct scene	scenes[] = {
	{ "two insert a key", 3, { 0, 0, 0 }, {
		{ { PUT, 1, 2 } }, { { PUT, 1, 3 } }, { { GET, 1, 0 } } } },
	{ "one inserts before what another deletes", 3, { 0, 0, 1 }, {
		{ { PUT, 1, 2 } }, { { DEL, 2, 0 } }, { { GET, 1, 0 } } } },
	{ "one inserts behind what another deletes", 3, { 0, 1, 0 }, {
		{ { PUT, 2, 2 } }, { { DEL, 1, 0 } }, { { GET, 2, 0 } } } },
	{ "two replace a value", 1, { 0, 1, 0 }, {
		{ { PUT, 1, 2 } }, { { PUT, 1, 3 } }, { { NOTHING, 0, 0 } } } },
	{ "one replaces what another reads", 1, { 0, 1, 0 }, {
		{ { PUT, 1, 2 } }, { { GET, 1, 0 } }, { { GET, 1, 0 } } } },
	{ "one replaces what another deletes", 1, { 0, 1, 0 }, {
		{ { PUT, 1, 2 } }, { { DEL, 1, 0 } }, { { GET, 1, 0 } } } },
	{ "one deletes what another replaces", 2, { 0, 1, 0 }, {
		{ { PUT, 1, 2 } }, { { DEL, 1, 0 } }, { { NOTHING, 0, 0 } } } },
	{ "one inserts what another deletes", 3, { 0, 0, 0 }, {
		{ { PUT, 1, 2 } }, { { DEL, 1, 0 } }, { { GET, 1, 0 } } } },
	{ "two delete neighbours", 3, { 0, 1, 2 }, {
		{ { DEL, 1, 0 } }, { { DEL, 2, 0 } }, { { GET, 2, 0 } } } },
	{ "a node comes to have another key", 1, { 0, 1, 0 }, {
		{ { DEL, 1, 0 }, { PUT, 2, 2 } }, { { GET, 2, 0 } },
		{ { GET, 1, 0 } } } },
	{ "a node comes to have its key again", 1, { 0, 1, 3 }, {
		{ { DEL, 1, 0 }, { PUT, 1, 2 } }, { { GET, 1, 0 } },
		{ { GET, 2, 0 } } } },
	{ "a node is used again where another is at work", 0, { 0, 1, 0 }, {
		{ { DEL, 1, 0 }, { PUT, 2, 2 } }, { { PUT, 1, 3 } },
		{ { NOTHING, 0, 0 } } } },
	{ "a node is used again where another inserts", 0, { 0, 1, 0 }, {
		{ { DEL, 1, 0 }, { PUT, 1, 2 } }, { { PUT, 2, 3 } },
		{ { GET, 2, 0 } } } },
};
#define SCENES	(sizeof(scenes) / sizeof(scenes[0]))
static const struct scene	*scene;

static void
init(void *state)
{
	struct world	*w = state;
	uint8_t		 last = 0;

	memset(w, 0, sizeof(*w));
	for (uint8_t k = 1; k < KEYS; k++) {
		uint8_t	v = scene->value[k];

		if (v == 0)
			continue;
		w->node[k].word.state = LIVE;
		w->node[k].key = k;
		w->node[k].v[0] = w->node[k].v[1] = v;
		w->truth[k] = v;
		link_of(w, last)->at = k;
		last = k;
	}
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

static int
is_done(const struct local *l)
{
	return l->is_dead || l->pc == END;
}

/* The next thing to do, with nothing remembered of the last. */
static enum model_move
begin_step(struct world *w, unsigned int t, struct local *l)
{
	struct local	fresh = { .turn = l->turn, .swept = l->swept,
	    .who = (uint8_t)(t + 1) };

	if (l->turn < OPS && scene->op[t][l->turn].what != NOTHING) {
		fresh.op = scene->op[t][fresh.turn++];
		fresh.seen = (uint8_t)(1 << w->truth[fresh.op.key]);
		fresh.pc = CLAIM;
		if (fresh.op.what != PUT)
			search(&fresh, fresh.op.key, 0, JUDGE);
		*l = fresh;
		return MODEL_STEP;
	}
	for (uint8_t i = 0; t == SURVIVOR && i < SURVIVOR; i++)
		if (w->local[i].is_dead && !(l->swept & 1 << i)) {
			fresh.todo = i;
			fresh.i = 1;
			fresh.pc = SWEEP;
			*l = fresh;
			return MODEL_STEP;
		}
	if (t == SURVIVOR && (!is_done(&w->local[0]) ||
	    !is_done(&w->local[1])))
		return MODEL_WAIT;
	fresh.pc = END;
	*l = fresh;
	return MODEL_STEP;
}

static enum model_move
step(void *state, unsigned int t)
{
	struct world	*w = state;
	struct local	*l = &w->local[t];

	if (is_done(l))
		return MODEL_WAIT;
	if (l->pc == DONE)
		l->pc = BEGIN;
	if (l->pc == BEGIN)
		return begin_step(w, t, l);
	if (l->pc <= SET_1)
		return claim_step(w, t, l);
	if (l->pc <= UNLINK)
		return find_step(w, l);
	if (l->pc >= COPY_0 && l->pc <= CHECK)
		return copy_step(w, l);
	if (l->pc == SETTLE || l->pc == SETTLED)
		return settle_step(w, l);
	if (l->pc <= TAKE_OUT)
		return edit_step(w, l);
	if (l->pc <= GIVE)
		return retire_step(w, l);
	return sweep_step(w, l);
}

/* The list is what the keys have, and all else is free. */
static int
is_right(const void *state)
{
	const struct world	*w = state;
	uint8_t			 last = 0, keys = 0, linked = 0;

	for (uint8_t at = w->bucket.at; at != 0; at = w->node[at].next.at) {
		const struct node	*n = &w->node[at];

		if (n->key <= last || n->word.state != LIVE ||
		    n->next.mark != IS_LIVE || n->v[0] != w->truth[n->key])
			return 0;
		last = n->key;
		keys |= (uint8_t)(1 << n->key);
		linked |= (uint8_t)(1 << at);
	}
	for (uint8_t k = 1; k < KEYS; k++)
		if (w->truth[k] != 0 && !(keys & 1 << k))
			return 0;
	for (uint8_t i = 1; i <= NODES; i++)
		if (!(linked & 1 << i) && w->node[i].word.state != FREE)
			return 0;
	return 1;
}

static struct model	model = {
	.size = sizeof(struct world), .threads = THREADS,
	.init = init, .step = step, .die = die, .is_right = is_right,
	.place = place,
};

/* Of all scenes; 0: one is wrong. */
static size_t
check_all(void)
{
	size_t	sum = 0, count;

	for (scene = scenes; scene < scenes + SCENES; scene++) {
		model.name = scene->name;
		model.mortal = scene->mortal;
		count = model_check(&model, LIMIT);
		if (count == 0)
			return 0;
		if (!model.is_quiet)
			print_message("# %s: %zu states\n", scene->name,
			    count);
		sum += count;
	}
	return sum;
}

QT_TEST(no_order_of_steps_and_deaths_doubles_loses_or_tears_an_entry)
{
	(void)state;
	assert_true(check_all() > 100000);
}

static void
notices(int *knob)
{
	*knob = 0;
	model.is_quiet = 1;
	assert_int_equal(check_all(), 0);
	model.is_quiet = 0;
	*knob = 1;
}

QT_TEST(the_model_notices_what_would_be_wrong)
{
	(void)state;
	notices(&looks_again);
	notices(&looks_past);
	notices(&counts);
	notices(&settles);
	notices(&says_replaced);
	notices(&sweep_looks_again);
}
