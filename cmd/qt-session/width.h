/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_WIDTH_H
#define QT_SESSION_WIDTH_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/buf.h>

/*
 * Text by terminal columns (Unicode widths of libutf8proc). Bytes that are
 * not UTF-8 count and show as U+FFFD; control characters show as '?'.
 */

/*
 * Reads one character: its bytes consumed (>= 1) and its columns (0 to 2).
 * *cp is the code point, U+FFFD for what is not UTF-8. len >= 1.
 */
size_t	width_next(const char *text, size_t len, int32_t *cp, int *columns);

/* Columns of a whole text without controls. */
size_t	width_text(const char *text);

/*
 * Appends text in exactly columns columns: padded with blanks, or cut with a
 * final ellipsis. columns 0 appends nothing.
 */
void	width_fit(struct qt_buf *out, const char *text, size_t columns);

/*
 * Appends columns [left, left + columns) of a line that may hold SGR
 * sequences, which all pass; a wide character cut by an edge becomes blanks.
 * Returns how many columns were filled.
 */
size_t	width_crop(struct qt_buf *out, const char *line, size_t len,
	    size_t left, size_t columns);

/*
 * Appends text for a line of tab-separated fields: tab, newline, carriage
 * return and backslash as \t \n \r \\, other controls as \xNN.
 */
void	width_escape(struct qt_buf *out, const char *text);

/* "12s", "5m", "3h", "2d" ... since then_ms; "-" when then_ms is 0. */
void	width_ago(char out[16], uint64_t now_ms, uint64_t then_ms);
/* "512 B", "12.3 KB", "4.0 MB". */
void	width_bytes(char out[24], uint64_t n);

#endif /* QT_SESSION_WIDTH_H */
