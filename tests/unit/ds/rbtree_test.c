/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/ds/rbtree.h>: order, the colour rules after every step, the first. */

#include <stdlib.h>

#include <qt/ds/rbtree.h>

#include "../test.h"

struct item {
	struct qt_rb_node	node;
	int			key;
	int			serial;
	int			is_in;
};

static int
cmp(const struct qt_rb_node *a, const struct qt_rb_node *b)
{
	int	x = qt_rb_entry(a, const struct item, node)->key;
	int	y = qt_rb_entry(b, const struct item, node)->key;

	return (x > y) - (x < y);
}

/* The black height; fails the test on a broken rule. */
static int
check_node(const struct qt_rb_node *n)
{
	int	height[2];

	if (n == NULL)
		return 1;
	for (int i = 0; i < 2; i++) {
		if (n->child[i] != NULL) {
			assert_ptr_equal(n->child[i]->parent, n);
			assert_false(n->is_red && n->child[i]->is_red);
		}
		height[i] = check_node(n->child[i]);
	}
	assert_int_equal(height[0], height[1]);
	return height[0] + !n->is_red;
}

static void
check_tree(const struct qt_rb *tree)
{
	const struct qt_rb_node	*n, *last = NULL;
	size_t			 count = 0;

	check_node(tree->root);
	assert_true(tree->root == NULL || !tree->root->is_red);
	for (n = qt_rb_first(tree); n != NULL; n = qt_rb_next(n)) {
		assert_true(last == NULL || cmp(last, n) <= 0);
		last = n;
		count++;
	}
	assert_int_equal(count, tree->count);
}

QT_TEST(every_add_and_delete_keeps_the_rules)
{
	static struct item	items[300];
	struct qt_rb		tree = QT_RB_INIT(cmp);
	unsigned int		seed = 1;

	(void)state;
	for (int step = 0; step < 6000; step++) {
		struct item	*it = &items[rand_r(&seed) % 300];

		if (it->is_in) {
			qt_rb_del(&tree, &it->node);
		} else {
			it->key = rand_r(&seed) % 100;
			qt_rb_add(&tree, &it->node);
		}
		it->is_in = !it->is_in;
		check_tree(&tree);
	}
}

QT_TEST(equal_keys_keep_the_order_in_which_they_came)
{
	struct item		items[50] = { 0 };
	struct qt_rb		tree = QT_RB_INIT(cmp);
	struct qt_rb_node	*n;
	int			i = 0;

	(void)state;
	for (; i < 50; i++) {
		items[i].key = 7;
		items[i].serial = i;
		qt_rb_add(&tree, &items[i].node);
	}
	for (i = 0, n = qt_rb_first(&tree); n != NULL; n = qt_rb_next(n), i++)
		assert_int_equal(qt_rb_entry(n, struct item, node)->serial, i);
	assert_int_equal(i, 50);
}

QT_TEST(find_ge_gives_the_first_at_or_after_the_key)
{
	struct item		items[10] = { 0 }, key = { .key = 0 };
	struct qt_rb		tree = QT_RB_INIT(cmp);
	struct qt_rb_node	*n;

	(void)state;
	for (int i = 0; i < 10; i++) {
		items[i].key = i * 10;
		qt_rb_add(&tree, &items[i].node);
	}
	for (key.key = -5; key.key <= 95; key.key++) {
		n = qt_rb_find_ge(&tree, &key.node);
		if (key.key > 90)
			assert_null(n);
		else
			assert_int_equal(qt_rb_entry(n, struct item, node)->key,
			    key.key <= 0 ? 0 : (key.key + 9) / 10 * 10);
	}
}
