/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_PICK_GLYPH_H
#define QT_HIST_PICK_GLYPH_H
/*
 * Bytes as a terminal shows them: one cluster of characters (Unicode's UAX 29,
 * by libutf8proc) after the other, each with its columns. What drives a
 * terminal, changes the direction of what follows, or is not UTF-8 stands there
 * as a mark: \t, \x1b, \u202e; a new line as an arrow. Pure.
 */
#include <stdbool.h>
#include <stddef.h>

#define PICK_GLYPH_MAX	64u	/* bytes of a cluster; longer ones are cut */

struct pick_glyph {
	size_t		len;		/* bytes of the text, >= 1 */
	unsigned int	columns;	/* >= 1 */
	char		mark[12];	/* what is shown instead; "": itself */
};

/* The first one of len > 0 bytes. */
void	pick_glyph_next(const char *text, size_t len, struct pick_glyph *out);
/* Where the one begins that ends at text[at], at > 0. */
size_t	pick_glyph_before(const char *text, size_t at);
unsigned int pick_glyph_columns(const char *text, size_t len);

#endif /* QT_HIST_PICK_GLYPH_H */
