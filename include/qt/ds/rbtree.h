/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_DS_RBTREE_H
#define QT_DS_RBTREE_H

#include <stddef.h>

/*
 * An intrusive red-black tree (Guibas, Sedgewick 1978; deletion as in Cormen
 * et al., 3rd edition, chapter 13). The node lives inside the caller's
 * struct; the tree allocates nothing and owns nothing.
 *
 *	struct timer { struct qt_rb_node node; uint64_t at; };
 *	qt_rb_add(&tree, &t->node);
 *	t = qt_rb_entry(qt_rb_first(&tree), struct timer, node);
 *
 * Invariants: no red node has a red child; each path from the root to a leaf
 * has as many black nodes; equal keys keep the order in which they came.
 * add and del are O(log n); the first node is kept, so qt_rb_first is O(1).
 *
 * Not for two threads at once.
 */
struct qt_rb_node {
	struct qt_rb_node	*parent;
	struct qt_rb_node	*child[2];	/* left, right */
	int			 is_red;
};

/* Negative, 0 or positive, as for strcmp(3). */
typedef int qt_rb_cmp(const struct qt_rb_node *a, const struct qt_rb_node *b);

struct qt_rb {
	struct qt_rb_node	*root;
	struct qt_rb_node	*first;
	qt_rb_cmp		*cmp;
	size_t			 count;
};

#define QT_RB_INIT(cmp) { NULL, NULL, cmp, 0 }

#define qt_rb_entry(ptr, type, member)					\
	((type *)(void *)((char *)(ptr) - offsetof(type, member)))

/* node must be in no tree. */
void	qt_rb_add(struct qt_rb *tree, struct qt_rb_node *node);
/* node must be in this tree. */
void	qt_rb_del(struct qt_rb *tree, struct qt_rb_node *node);

/* NULL when empty, at the end. */
struct qt_rb_node *qt_rb_first(const struct qt_rb *tree);
struct qt_rb_node *qt_rb_next(const struct qt_rb_node *node);

/*
 * The first node for which cmp(key, node) is <= 0, or NULL: key is a node
 * of the caller's that need not be in the tree.
 */
struct qt_rb_node *qt_rb_find_ge(const struct qt_rb *tree,
	    const struct qt_rb_node *key);

#endif /* QT_DS_RBTREE_H */
