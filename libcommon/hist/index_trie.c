/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tries of commands and of words: radix trees (D. R. Morrison, JACM 15,
 * 1968), whose nodes know the best of what is below them. Readers are in them
 * while the one writer adds, so a node never gets another label: where one has
 * to be split, two new nodes take its place, by one store of the link to it.
 *
 *	parent --> "git"            parent --> "gi" --> "t" (children as before)
 *	                  + "gin"                   '--> "n"
 *
 * The old node stays as it is for who is in it, and is lost; there is one for
 * each split, so at most as many as there are commands or words.
 *
 * Scores only grow, so the best of a node is kept by going down to what has
 * grown: no node needs to look at its children again.
 */

#include <errno.h>
#include <string.h>

#include "index_priv.h"

uint32_t
qt__ix_score(const struct qt_hist_index *ix, enum qt_hist_complete of,
    uint32_t own)
{
	uint32_t	commands = qt__ix_count(&ix->head->commands,
	    ix->room.commands);

	if (own != 0 && of == QT_HIST_WORDS)
		own = own <= qt__ix_count(&ix->head->words, ix->room.words) ?
		    qt__ix_get(&ix->word[own - 1].command) + 1 : 0;
	return own == 0 || own > commands ? 0 :
	    qt__ix_get(&ix->score[own - 1]);
}

const char *
qt__ix_label(const struct qt_hist_index *ix, uint32_t node, uint32_t *len)
{
	const char	*text;

	*len = qt__ix_get(&ix->node[node].label) & QT__IX_LABEL_MAX;
	text = qt__ix_text(ix, qt__ix_get(&ix->node[node].text), *len);
	return *len == 0 ? NULL : text;
}

uint32_t
qt__ix_child(const struct qt_hist_index *ix, uint32_t node, unsigned char c,
    uint32_t *before)
{
	uint32_t	most = ix->room.nodes, last = 0, at;

	/* Pairs with link_to(). */
	at = atomic_load_explicit(&ix->node[node].child,
	    memory_order_acquire);
	for (uint32_t i = 0; i < QT__IX_FANOUT && at != 0 && at < most; i++) {
		uint32_t	its = qt__ix_get(&ix->node[at].label) >> 24;

		if (its <= c) {
			if (before != NULL)
				*before = last;
			return its == c ? at : 0;
		}
		last = at;
		at = atomic_load_explicit(&ix->node[at].next,
		    memory_order_acquire);
	}
	if (before != NULL)
		*before = last;
	return 0;
}

/* --- Adding --------------------------------------------------------------- */

/* Publishes what is in a node, in a list: pairs with qt__ix_child(). */
static void
link_to(_Atomic uint32_t *link, uint32_t node)
{
	atomic_store_explicit(link, node, memory_order_release);
}

/* Its label must not be empty, but for a root's. */
static int
new_node(struct qt_hist_index *ix, uint32_t *out, uint32_t text, uint32_t len)
{
	uint32_t		 n = qt__ix_count(&ix->head->nodes,
	    ix->room.nodes);
	struct qt__ix_node	*node = &ix->node[n];
	const char		*first = qt__ix_text(ix, text, len > 0);
	int			 rc;

	if (first == NULL)
		return -QT_ECORRUPT;
	if (n >= ix->room.nodes || len > QT__IX_LABEL_MAX)
		return -QT_EFULL;
	rc = qt__ix_back(ix, QT__IX_NODE, n + UINT64_C(1));
	if (rc < 0)
		return rc;
	qt__ix_set(&node->text, text);
	qt__ix_set(&node->label, len == 0 ? 0 :
	    (uint32_t)(unsigned char)*first << 24 | len);
	qt__ix_publish(&ix->head->nodes, n + 1);
	*out = n;
	return 0;
}

int
qt__ix_plant(struct qt_hist_index *ix)
{
	uint32_t	node = 0;
	int		rc = 0;

	for (uint32_t i = 0; i <= QT__IX_ROOT(QT_HIST_WORDS) && rc == 0; i++)
		rc = new_node(ix, &node, 0, 0);
	return rc;
}

/* What is added, and to which trie. */
struct growth {
	enum qt_hist_complete	 of;
	uint32_t		 text, len;
	const char		*bytes;
	uint32_t		 own;
};

static void
raise_best(struct qt_hist_index *ix, const struct growth *g, uint32_t node)
{
	_Atomic uint32_t	*best = &ix->node[node].best;

	if (qt__ix_score(ix, g->of, qt__ix_get(best)) <
	    qt__ix_score(ix, g->of, g->own))
		qt__ix_set(best, g->own);
}

static int
new_leaf(struct qt_hist_index *ix, const struct growth *g, uint32_t pos,
    uint32_t *out)
{
	int	rc = new_node(ix, out, g->text + pos, g->len - pos);

	if (rc < 0)
		return rc;
	qt__ix_set(&ix->node[*out].own, g->own);
	qt__ix_set(&ix->node[*out].best, g->own);
	return 0;
}

/* The first same bytes of old's label get a node of their own, which takes its
   place in link. */
static int
split(struct qt_hist_index *ix, const struct growth *g, uint32_t pos,
    uint32_t same, uint32_t old, _Atomic uint32_t *link)
{
	struct qt__ix_node	*was = &ix->node[old];
	uint32_t		 text = qt__ix_get(&was->text), len =
	    qt__ix_get(&was->label) & QT__IX_LABEL_MAX;
	uint32_t		 upper, lower, leaf = 0;
	int			 rc;

	rc = new_node(ix, &upper, text, same);
	if (rc == 0)
		rc = new_node(ix, &lower, text + same, len - same);
	if (rc == 0 && pos + same < g->len)
		rc = new_leaf(ix, g, pos + same, &leaf);
	if (rc < 0)
		return rc;
	qt__ix_set(&ix->node[lower].child, qt__ix_get(&was->child));
	qt__ix_set(&ix->node[lower].own, qt__ix_get(&was->own));
	qt__ix_set(&ix->node[lower].best, qt__ix_get(&was->best));
	if (leaf == 0 || qt__ix_get(&ix->node[lower].label) >
	    qt__ix_get(&ix->node[leaf].label)) {
		qt__ix_set(&ix->node[lower].next, leaf);
		qt__ix_set(&ix->node[upper].child, lower);
	} else {
		qt__ix_set(&ix->node[leaf].next, lower);
		qt__ix_set(&ix->node[upper].child, leaf);
	}
	qt__ix_set(&ix->node[upper].next, qt__ix_get(&was->next));
	qt__ix_set(&ix->node[upper].best, qt__ix_get(&was->best));
	if (leaf == 0)
		qt__ix_set(&ix->node[upper].own, g->own);
	raise_best(ix, g, upper);
	link_to(link, upper);
	return 0;
}

static uint32_t
same_bytes(const char *a, uint32_t a_len, const char *b, uint32_t b_len)
{
	uint32_t	n = a_len < b_len ? a_len : b_len, i = 0;

	while (i < n && a[i] == b[i])
		i++;
	return i;
}

static int
grow(struct qt_hist_index *ix, const struct growth *g)
{
	uint32_t	node = QT__IX_ROOT(g->of), pos = 0;

	for (;;) {
		uint32_t		 child, before, len, same, leaf;
		const char		*label;
		_Atomic uint32_t	*link;
		int			 rc;

		raise_best(ix, g, node);
		if (pos == g->len) {
			qt__ix_set(&ix->node[node].own, g->own);
			return 0;
		}
		child = qt__ix_child(ix, node, (unsigned char)g->bytes[pos],
		    &before);
		link = before == 0 ? &ix->node[node].child :
		    &ix->node[before].next;
		if (child == 0) {
			rc = new_leaf(ix, g, pos, &leaf);
			if (rc < 0)
				return rc;
			qt__ix_set(&ix->node[leaf].next, qt__ix_get(link));
			link_to(link, leaf);
			return 0;
		}
		label = qt__ix_label(ix, child, &len);
		if (label == NULL)
			return -QT_ECORRUPT;
		same = same_bytes(label, len, g->bytes + pos, g->len - pos);
		if (same == 0)
			return -QT_ECORRUPT;
		if (same < len)
			return split(ix, g, pos, same, child, link);
		node = child;
		pos += same;
	}
}

/* --- Words ---------------------------------------------------------------- */

/* The word + 1, or 0. */
static uint32_t
find_word(const struct qt_hist_index *ix, const char *bytes, uint32_t len)
{
	uint32_t	node = QT__IX_ROOT(QT_HIST_WORDS), pos = 0;

	while (pos < len) {
		const char	*label;
		uint32_t	 its;

		node = qt__ix_child(ix, node, (unsigned char)bytes[pos],
		    NULL);
		label = node == 0 ? NULL : qt__ix_label(ix, node, &its);
		if (label == NULL || its > len - pos ||
		    memcmp(label, bytes + pos, its) != 0)
			return 0;
		pos += its;
	}
	node = qt__ix_get(&ix->node[node].own);
	return node <= qt__ix_count(&ix->head->words, ix->room.words) ?
	    node : 0;
}

static int
new_word(struct qt_hist_index *ix, struct growth *g, uint32_t command)
{
	uint32_t		 n = qt__ix_count(&ix->head->words,
	    ix->room.words);
	struct qt__ix_word	*w = &ix->word[n];
	int			 rc;

	if (n >= ix->room.words)
		return -QT_EFULL;
	rc = qt__ix_back(ix, QT__IX_WORD, n + UINT64_C(1));
	if (rc < 0)
		return rc;
	qt__ix_set(&w->text, g->text);
	qt__ix_set(&w->len, g->len);
	qt__ix_set(&w->command, command);
	qt__ix_publish(&ix->head->words, n + 1);
	g->own = n + 1;
	return 0;
}

static int
grow_word(struct qt_hist_index *ix, uint32_t text, uint32_t len,
    uint32_t command, struct qt__ix_words *words)
{
	struct growth	g = { QT_HIST_WORDS, text, len, ix->text + text, 0 };
	uint32_t	best, *slot = NULL;
	int		rc;

	if (words != NULL) {
		rc = qt__ix_words_reserve(ix, words);
		if (rc < 0)
			return rc;
		slot = qt__ix_words_slot(ix, words, g.bytes, len);
	}
	g.own = slot == NULL ? find_word(ix, g.bytes, len) : *slot;
	if (g.own == 0) {
		rc = new_word(ix, &g, command);
		if (rc == 0 && slot != NULL) {
			*slot = g.own;
			words->count++;
		}
		return rc < 0 ? rc : grow(ix, &g);
	}
	best = qt__ix_get(&ix->word[g.own - 1].command);
	if (best != command && qt__ix_score(ix, QT_HIST_COMMANDS, best + 1) >=
	    qt__ix_get(&ix->score[command]))
		return 0;
	qt__ix_set(&ix->word[g.own - 1].command, command);
	return grow(ix, &g);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

int
qt__ix_grow_words(struct qt_hist_index *ix, uint32_t command,
    struct qt__ix_words *words)
{
	uint32_t	 at = qt__ix_get(&ix->c_text[command]), from = 0;
	uint32_t	 len = qt__ix_get(&ix->c_len[command]);
	const char	*bytes = qt__ix_text(ix, at, len);
	int		 rc = 0;

	if (bytes == NULL)
		return -QT_ECORRUPT;
	for (uint32_t i = 0; i <= len && rc == 0; i++) {
		if (i < len && !is_blank(bytes[i]))
			continue;
		if (i - from >= QT__IX_WORD_MIN && i - from <=
		    QT__IX_WORD_MAX)
			rc = grow_word(ix, at + from, i - from, command,
			    words);
		from = i + 1;
	}
	return rc;
}

int
qt__ix_grow_command(struct qt_hist_index *ix, uint32_t command)
{
	uint32_t	at = qt__ix_get(&ix->c_text[command]);
	uint32_t	len = qt__ix_get(&ix->c_len[command]);
	struct growth	g = { QT_HIST_COMMANDS, at, len,
	    qt__ix_text(ix, at, len), command + 1 };

	return g.bytes == NULL ? -QT_ECORRUPT : grow(ix, &g);
}

int
qt__ix_grow(struct qt_hist_index *ix, uint32_t command)
{
	int	rc = qt__ix_grow_command(ix, command);

	return rc < 0 ? rc : qt__ix_grow_words(ix, command, NULL);
}
