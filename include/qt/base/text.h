/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_TEXT_H
#define QT_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/buf.h>

/*
 * Bytes as text in which nothing drives a terminal and nothing ends a field, a
 * line or a word; and some numbers for people.
 */

/*
 * Appends text for a line of tab-separated fields, or for a terminal: tab,
 * new-line, carriage return and backslash as \t \n \r \\, other controls and
 * what is not UTF-8 as \xNN.
 */
void	qt_text_escape(struct qt_buf *out, const char *text, size_t len);

/*
 * The reverse, in place: the new length, or -EINVAL when a backslash begins
 * nothing that qt_text_escape() writes.
 */
int	qt_text_unescape(char *text, size_t *len);

/*
 * The next word of a line, taken apart in place: 1 with the word, and *text and
 * *len what follows it; 0 when there is none; -EINVAL for a backslash that
 * begins nothing, or a quote that does not end.
 *
 * Words are separated by blanks and tabs. A part in double quotes may hold
 * them, and "" is an empty word. Everywhere a backslash begins what
 * qt_text_escape() writes, and takes its meaning from a quote or a blank.
 */
int	qt_text_word(char **text, size_t *len, char **word, size_t *word_len);

/* How many characters; as wide as a terminal shows most of them. */
size_t	qt_text_width(const char *text, size_t len);

void	qt_text_bytes(struct qt_buf *out, uint64_t n);	/* "12.3 MB" */
/*
 * What people write for a size: digits, and K, M, G or T (of 1024) or none; and
 * for a time: digits and ms, s, m, h or d, or 0. Nothing else: -EINVAL, nor
 * what does not fit.
 */
int	qt_text_parse_bytes(const char *text, uint64_t *out);
int	qt_text_parse_ms(const char *text, uint64_t *out);
void	qt_text_ago(struct qt_buf *out, uint64_t now_ms, uint64_t then_ms);

#endif /* QT_BASE_TEXT_H */
