/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a command is one that forgets others. See db_priv.h. */

#include <string.h>

#include "db_priv.h"

/* Takes a word off, and the blanks before it. */
static struct qt_hist_bytes
take_word(struct qt_hist_bytes *b)
{
	struct qt_hist_bytes	word;
	size_t			from = 0, to;

	while (from < b->len && strchr(" \t", b->data[from]) != NULL)
		from++;
	for (to = from; to < b->len && strchr(" \t\n;&|()",
	    b->data[to]) == NULL;)
		to++;
	word = (struct qt_hist_bytes){ b->data + from, to - from };
	*b = (struct qt_hist_bytes){ b->data + to, b->len - to };
	return word;
}

/* Whether a word is that, or its end is, behind what a path or alias needs. */
static bool
is_word(const struct qt_hist_bytes *b, const char *word)
{
	size_t	len = strlen(word);

	return b->len >= len &&
	    memcmp(b->data + b->len - len, word, len) == 0 &&
	    (b->len == len || strchr("/\\", b->data[b->len - len - 1]) != NULL);
}

bool
qt__is_deletion(const struct qt_hist_bytes *text)
{
	bool	is_first = true;

	for (size_t i = 0; i < text->len; i++) {
		struct qt_hist_bytes	rest = { text->data + i,
			text->len - i }, word;

		if (is_first) {
			word = take_word(&rest);
			if (is_word(&word, "command"))
				word = take_word(&rest);
			if (is_word(&word, "qt-hist")) {
				word = take_word(&rest);
				if (is_word(&word, "delete"))
					return true;
			}
		}
		is_first = memchr("\n;&|(", text->data[i], 5) != NULL;
	}
	return false;
}
