/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intrusive red-black tree. See <qt/ds/rbtree.h>.
 *
 * Left and right are child[0] and child[1], so that each case of the repair
 * loops is written once: "dir" is the side under repair, "!dir" the other.
 */

#include <qt/ds/rbtree.h>

/* Puts to, or nothing, in the place that from has under its parent. */
static void
replace(struct qt_rb *tree, const struct qt_rb_node *from,
    struct qt_rb_node *to)
{
	struct qt_rb_node	*up = from->parent;

	if (up == NULL)
		tree->root = to;
	else
		up->child[up->child[1] == from] = to;
	if (to != NULL)
		to->parent = up;
}

/* Turns node down to side dir; its child on the other side comes up. */
static void
rotate(struct qt_rb *tree, struct qt_rb_node *node, int dir)
{
	struct qt_rb_node	*top = node->child[!dir];

	node->child[!dir] = top->child[dir];
	if (top->child[dir] != NULL)
		top->child[dir]->parent = node;
	replace(tree, node, top);
	top->child[dir] = node;
	node->parent = top;
}

static void
add_repair(struct qt_rb *tree, struct qt_rb_node *node)
{
	struct qt_rb_node	*up, *grand, *uncle;
	int			 dir;

	while ((up = node->parent) != NULL && up->is_red) {
		grand = up->parent;	/* a red node is never the root */
		dir = grand->child[1] == up;
		uncle = grand->child[!dir];
		if (uncle != NULL && uncle->is_red) {
			up->is_red = uncle->is_red = 0;
			grand->is_red = 1;
			node = grand;
			continue;
		}
		if (up->child[!dir] == node) {
			rotate(tree, up, dir);
			up = node;
		}
		up->is_red = 0;
		grand->is_red = 1;
		rotate(tree, grand, !dir);
		break;
	}
	tree->root->is_red = 0;
}

void
qt_rb_add(struct qt_rb *tree, struct qt_rb_node *node)
{
	struct qt_rb_node	*up = NULL, **link = &tree->root;
	int			 is_first = 1;

	while (*link != NULL) {
		up = *link;
		if (tree->cmp(node, up) < 0) {
			link = &up->child[0];
		} else {
			link = &up->child[1];
			is_first = 0;
		}
	}
	node->parent = up;
	node->child[0] = node->child[1] = NULL;
	node->is_red = 1;
	*link = node;
	if (is_first)
		tree->first = node;
	tree->count++;
	add_repair(tree, node);
}

/* One black node is missing above node (perhaps NULL) on side dir of up. */
static void
del_repair(struct qt_rb *tree, struct qt_rb_node *up, struct qt_rb_node *node)
{
	struct qt_rb_node	*sib;
	int			 dir;

	while (up != NULL && (node == NULL || !node->is_red)) {
		dir = up->child[1] == node;
		sib = up->child[!dir];
		if (sib->is_red) {
			sib->is_red = 0;
			up->is_red = 1;
			rotate(tree, up, dir);
			sib = up->child[!dir];
		}
		if ((sib->child[0] == NULL || !sib->child[0]->is_red) &&
		    (sib->child[1] == NULL || !sib->child[1]->is_red)) {
			sib->is_red = 1;
			node = up;
			up = node->parent;
			continue;
		}
		if (sib->child[!dir] == NULL || !sib->child[!dir]->is_red) {
			sib->child[dir]->is_red = 0;
			sib->is_red = 1;
			rotate(tree, sib, !dir);
			sib = up->child[!dir];
		}
		sib->is_red = up->is_red;
		up->is_red = 0;
		sib->child[!dir]->is_red = 0;
		rotate(tree, up, dir);
		return;
	}
	if (node != NULL)
		node->is_red = 0;
}

void
qt_rb_del(struct qt_rb *tree, struct qt_rb_node *node)
{
	struct qt_rb_node	*next = qt_rb_next(node), *child, *up;
	int			 was_red;

	if (tree->first == node)
		tree->first = next;
	tree->count--;

	if (node->child[0] == NULL || node->child[1] == NULL) {
		child = node->child[node->child[0] == NULL];
		up = node->parent;
		was_red = node->is_red;
		replace(tree, node, child);
	} else {
		/* next is the least on the right: it has no left child. */
		child = next->child[1];
		up = next->parent == node ? next : next->parent;
		was_red = next->is_red;
		replace(tree, next, child);
		replace(tree, node, next);
		next->is_red = node->is_red;
		for (int i = 0; i < 2; i++) {
			next->child[i] = node->child[i];
			if (next->child[i] != NULL)
				next->child[i]->parent = next;
		}
	}
	if (!was_red)
		del_repair(tree, up, child);
	node->parent = node->child[0] = node->child[1] = NULL;
}

struct qt_rb_node *
qt_rb_first(const struct qt_rb *tree)
{
	return tree->first;
}

struct qt_rb_node *
qt_rb_next(const struct qt_rb_node *node)
{
	struct qt_rb_node	*n = node->child[1];

	if (n != NULL) {
		while (n->child[0] != NULL)
			n = n->child[0];
		return n;
	}
	for (n = node->parent; n != NULL && n->child[1] == node; n = n->parent)
		node = n;
	return n;
}

struct qt_rb_node *
qt_rb_find_ge(const struct qt_rb *tree, const struct qt_rb_node *key)
{
	struct qt_rb_node	*n = tree->root, *best = NULL;

	while (n != NULL) {
		if (tree->cmp(key, n) <= 0) {
			best = n;
			n = n->child[0];
		} else {
			n = n->child[1];
		}
	}
	return best;
}
