/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_SHM_MAP_MODEL_H
#define QT_TEST_SHM_MAP_MODEL_H

#include <stdint.h>
#include <string.h>

#include "../model.h"

/*
 * The algorithm of hash_*.c on one bucket for map_model_test.c: one step for
 * each load, store or compare-and-swap of a shared word.
 */
#define NODES	5
#define KEYS	3		/* from 1, in the order of the list */
#define THREADS	3
#define SURVIVOR 2
#define OPS	2

enum { FREE, OWNED, LIVE, TAKEN };
enum { IS_LIVE, DELETED, REPLACED, FREED };
enum { NOTHING, PUT, DEL, GET };

struct word {
	uint8_t	generation, owner, state;
};
struct link {
	uint8_t	count, mark, at;
};
struct node {
	struct word	word;
	struct link	next;
	uint8_t		key, v[2];	/* two halves of a value */
};
struct op {
	uint8_t	what, key, value;
};

/* See struct qt__pos; prev 0 is the bucket. */
struct pos {
	uint8_t		prev, at, is_match;
	struct link	link, next;
};

/* A thread: where it is, and what it remembers. */
struct local {
	uint8_t		pc, turn, is_dead, swept, todo, i;
	struct op	op;
	uint8_t		seen;		/* values of its key since it began */
	uint8_t		mine, half;
	struct word	mine_word, word;
	struct pos	pos;
	struct link	way, marked;	/* way: the link that is followed */
	struct pos	old;		/* of what we marked */
	struct link	old_marked;
	uint8_t		key, is_past, order, found;	/* of a search */
	uint8_t		at, who, is_out, retired;	/* of a retirement */
	uint8_t		pad[3];
};

struct world {
	struct link	bucket;
	struct node	node[NODES + 1];
	uint8_t		truth[KEYS];
	uint8_t		pad[4];
	struct local	local[THREADS];
};
_Static_assert(sizeof(struct world) % 8 == 0, "hashed by words");

struct scene {
	const char	*name;
	unsigned int	 mortal;
	uint8_t		 value[KEYS];		/* that are there before */
	struct op	 op[THREADS][OPS];
};

/* Turned to show that the model notices. */
static int	looks_again = 1, looks_past = 1, settles = 1, says_replaced = 1,
		counts = 1, sweep_looks_again = 1;

enum {
	BEGIN,
	/* A node for a put. */
	CLAIM, SET_KEY, SET_0, SET_1,
	/* Finding l->key, then l->found. */
	START, NODE, KEY, HOLD, UNLINK,
	JUDGE, COPY_0, COPY_1, CHECK,
	AIM, INSERT, MARK, SETTLE, SETTLED, TAKE_OUT,
	/* Freeing l->at, then l->retired. */
	WORD, LOOK, TAKE, FORGET, GIVE,
	DONE, SWEEP, SWEEP_NODE, SWEEP_OWNED, SWEEP_FOUND,
	SWEEP_MARKED, SWEEP_ON, END,
};

#define SAME(a, b) (memcmp(&(a), &(b), sizeof(a)) == 0)

static struct link *
link_of(struct world *w, uint8_t node)
{
	return node == 0 ? &w->bucket : &w->node[node].next;
}

static struct link
after(struct link old, uint8_t mark, uint8_t at)
{
	return (struct link){ (uint8_t)(old.count + counts), mark, at };
}

/* A compare-and-swap of a link. */
static int
swap(struct world *w, uint8_t node, struct link old, struct link new)
{
	if (!SAME(*link_of(w, node), old))
		return 0;
	*link_of(w, node) = new;
	return 1;
}

static int
is_linked(struct world *w, uint8_t node)
{
	int	left = 2 * NODES;

	for (uint8_t i = w->bucket.at; i != 0 && left-- > 0;
	    i = w->node[i].next.at)
		if (i == node)
			return 1;
	return 0;
}

/* The key has another value from now on; 0: none. */
static void
change(struct world *w, uint8_t key, uint8_t value)
{
	w->truth[key] = value;
	for (int t = 0; t < THREADS; t++)
		if (w->local[t].op.key == key)
			w->local[t].seen |= (uint8_t)(1 << value);
}

static void
search(struct local *l, uint8_t key, uint8_t is_past, uint8_t found)
{
	l->key = key;
	l->is_past = is_past;
	l->found = found;
	l->pc = START;
}

static void
retire(struct local *l, uint8_t at, struct link marked, uint8_t is_out,
    uint8_t retired)
{
	l->at = at;
	l->marked = marked;
	l->is_out = is_out || !looks_past;
	l->retired = retired;
	l->pc = WORD;
}

static void
follow(struct local *l, struct link way)
{
	l->way = way;
	l->pos.at = way.at;
	l->pc = way.at == 0 ? HOLD : NODE;
}

/* The position held: on from there. */
static enum model_move
found_step(struct local *l)
{
	struct pos	*p = &l->pos;

	if (p->at != 0 && p->next.mark != IS_LIVE) {
		if (l->op.what == GET)
			follow(l, p->next);
		else
			l->pc = UNLINK;
	} else if (p->at == 0 || l->order > l->key ||
	    (l->order == l->key && !l->is_past)) {
		p->is_match = p->at != 0 && l->order == l->key;
		l->pc = l->found;
	} else {
		p->prev = p->at;
		p->link = p->next;
		follow(l, p->next);
	}
	return MODEL_STEP;
}

static enum model_move
find_step(struct world *w, struct local *l)
{
	struct pos	*p = &l->pos;
	struct link	 next;

	switch (l->pc) {
	case START:
		memset(p, 0, sizeof(*p));
		p->link = w->bucket;
		follow(l, p->link);
		break;
	case NODE:
		p->next = w->node[p->at].next;
		l->pc = KEY;
		break;
	case KEY:
		l->order = w->node[p->at].key;
		l->pc = HOLD;
		/* Who reads looks once it has read all. */
		if (l->op.what == GET && l->order == l->key &&
		    p->next.mark == IS_LIVE)
			l->pc = COPY_0;
		break;
	case HOLD:
		if (SAME(*link_of(w, p->prev), p->link))
			return found_step(l);
		l->pc = START;
		break;
	default:		/* UNLINK */
		next = after(p->link, IS_LIVE, p->next.at);
		l->pc = START;
		if (!swap(w, p->prev, p->link, next))
			break;
		p->link = next;
		follow(l, next);
	}
	return MODEL_STEP;
}

static enum model_move
copy_step(struct world *w, struct local *l)
{
	const struct node	*n = &w->node[l->pos.at];

	switch (l->pc) {
	case COPY_0:
		l->half = n->v[0];
		l->pc = COPY_1;
		return MODEL_STEP;
	case COPY_1:
		l->order = n->v[1];
		l->pc = CHECK;
		return MODEL_STEP;
	default:
		l->pc = START;
		if (looks_again && !SAME(*link_of(w, l->pos.prev),
		    l->pos.link))
			return MODEL_STEP;
		l->pc = DONE;
		return l->half != l->order || !(l->seen & 1 << l->half) ?
		    MODEL_BAD : MODEL_STEP;
	}
}

static enum model_move
claim_step(struct world *w, unsigned int t, struct local *l)
{
	struct node	*n = &w->node[l->mine];

	switch (l->pc) {
	case CLAIM:
		for (uint8_t i = 1; i <= NODES; i++) {
			n = &w->node[i];
			if (n->word.state != FREE)
				continue;
			n->word = (struct word){ n->word.generation + 1,
			    (uint8_t)(t + 1), OWNED };
			l->mine = i;
			l->mine_word = n->word;
			l->pc = SET_KEY;
			return MODEL_STEP;
		}
		return MODEL_BAD;	/* there are enough */
	case SET_KEY:
		n->key = l->op.key;
		l->pc = SET_0;
		break;
	case SET_0:
		n->v[0] = l->op.value;
		l->pc = SET_1;
		break;
	default:
		n->v[1] = l->op.value;
		search(l, l->op.key, 0, JUDGE);
	}
	return MODEL_STEP;
}

/* The one step that changes an entry, and those around it. */
static enum model_move
edit_step(struct world *w, struct local *l)
{
	struct pos	*p = &l->pos;
	uint8_t		 key = l->op.key;

	switch (l->pc) {
	case JUDGE:
		if (l->op.what == PUT)
			l->pc = AIM;
		else if (l->op.what == DEL && p->is_match)
			l->pc = MARK;
		else if (!(l->seen & 1))
			return MODEL_BAD;
		else
			l->pc = DONE;
		break;
	case AIM:
		w->node[l->mine].next = after(w->node[l->mine].next, IS_LIVE,
		    p->is_match ? p->next.at : p->at);
		l->pc = p->is_match ? MARK : INSERT;
		break;
	case INSERT:
		search(l, key, 0, JUDGE);
		if (!swap(w, p->prev, p->link, after(p->link, IS_LIVE,
		    l->mine)))
			break;
		if (w->truth[key] != 0)
			return MODEL_BAD;
		change(w, key, l->op.value);
		l->pc = SETTLE;
		break;
	case MARK:
		search(l, key, 0, JUDGE);
		l->old = *p;
		l->old_marked = l->op.what == DEL || !says_replaced ?
		    after(p->next, DELETED, p->next.at) :
		    after(p->next, REPLACED, l->mine);
		if (!swap(w, p->at, p->next, l->old_marked))
			break;
		if (w->truth[key] != w->node[p->at].v[0])
			return MODEL_BAD;
		change(w, key, l->op.value);
		l->pc = l->op.what == DEL ? TAKE_OUT : SETTLE;
		break;
	default:		/* TAKE_OUT */
		p = &l->old;
		retire(l, p->at, l->old_marked, (uint8_t)swap(w, p->prev,
		    p->link, after(p->link, IS_LIVE, l->old_marked.at)), DONE);
	}
	return MODEL_STEP;
}

/* Ours is in the list; what it replaced is still to be taken out. */
static enum model_move
settle_step(struct world *w, struct local *l)
{
	struct node	*n = &w->node[l->mine];
	uint8_t		 then = l->old.at != 0 ? TAKE_OUT : DONE;

	if (l->pc == SETTLED) {
		l->pc = then;
		if (n->next.mark == DELETED || n->next.mark == REPLACED)
			retire(l, l->mine, n->next, 0, then);
		return MODEL_STEP;
	}
	l->pc = then;
	if (SAME(n->word, l->mine_word)) {
		n->word = (struct word){ n->word.generation + 1, 0, LIVE };
		if (settles)
			l->pc = SETTLED;
	}
	return MODEL_STEP;
}

static enum model_move
retire_step(struct world *w, struct local *l)
{
	struct node	*n = &w->node[l->at];

	switch (l->pc) {
	case WORD:
		l->word = n->word;
		l->pc = LOOK;
		break;
	case LOOK:
		l->pc = SAME(n->next, l->marked) && (l->word.state == OWNED ||
		    l->word.state == LIVE) ? TAKE : l->retired;
		break;
	case TAKE:
		if (!SAME(n->word, l->word)) {
			l->word = n->word;
			l->pc = LOOK;
			break;
		}
		n->word = (struct word){ n->word.generation + 1, l->who,
		    TAKEN };
		l->word = n->word;
		if (l->is_out)
			l->pc = FORGET;
		else
			search(l, n->key, 1, FORGET);
		break;
	case FORGET:
		if (is_linked(w, l->at))
			return MODEL_BAD;
		n->next = after(n->next, FREED, 0);
		l->pc = GIVE;
		break;
	default:
		l->pc = l->retired;
		if (SAME(n->word, l->word))
			n->word = (struct word){ n->word.generation + 1, 0,
			    FREE };
	}
	return MODEL_STEP;
}

/* What the dead thread l->todo left in node l->i. */
static void
sweep_node_step(struct world *w, struct local *l)
{
	struct node	*n = &w->node[l->i];
	int		 is_its = l->word.owner == l->todo + 1;

	l->pc = SWEEP_ON;
	if (l->word.state == FREE)
		return;
	if ((n->next.mark == DELETED || n->next.mark == REPLACED) &&
	    (l->word.state == LIVE || (l->word.state == OWNED && is_its)))
		retire(l, l->i, n->next, 0, SWEEP_ON);
	else if (l->word.state == OWNED && is_its)
		l->pc = SWEEP_OWNED;
	else if (l->word.state == TAKEN && is_its)
		search(l, n->key, 1, FORGET);
}

static enum model_move
sweep_step(struct world *w, struct local *l)
{
	struct node	*n = &w->node[l->i];

	switch (l->pc) {
	case SWEEP:
		l->who = l->todo + 1;
		l->word = n->word;
		l->at = l->i;
		l->retired = SWEEP_ON;
		l->pc = SWEEP_NODE;
		break;
	case SWEEP_NODE:
		sweep_node_step(w, l);
		break;
	case SWEEP_OWNED:
		l->pc = sweep_looks_again ? SWEEP_MARKED : FORGET;
		if (n->next.mark == IS_LIVE && n->key != 0)
			search(l, n->key, 0, SWEEP_FOUND);
		break;
	case SWEEP_FOUND:
		if (l->pos.is_match && l->pos.at == l->i) {
			if (SAME(n->word, l->word))
				n->word = (struct word){
				    n->word.generation + 1, 0, LIVE };
			l->pc = SWEEP_ON;
			break;
		}
		l->pc = SWEEP_MARKED;
		break;
	case SWEEP_MARKED:
		if (n->next.mark == DELETED || n->next.mark == REPLACED)
			retire(l, l->i, n->next, 0, SWEEP_ON);
		else
			l->pc = FORGET;
		break;
	default:		/* SWEEP_ON */
		l->pc = SWEEP;
		if (++l->i > NODES) {
			l->swept |= (uint8_t)(1 << l->todo);
			l->pc = BEGIN;
		}
	}
	return MODEL_STEP;
}

#endif /* QT_TEST_SHM_MAP_MODEL_H */
