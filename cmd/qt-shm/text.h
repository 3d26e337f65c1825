/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_TEXT_H
#define QT_SHM_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/buf.h>

/*
 * Appends text for a line of tab-separated fields, or for a terminal: tab,
 * new-line, carriage return and backslash as \t \n \r \\, other controls and
 * what is not UTF-8 as \xNN.
 */
void	text_escape(struct qt_buf *out, const char *text, size_t len);

/*
 * The reverse, in place: the new length, or -EINVAL when a backslash begins
 * nothing that text_escape() writes.
 */
int	text_unescape(char *text, size_t *len);

/* How many characters; as wide as a terminal shows most of them. */
size_t	text_width(const char *text, size_t len);

void	text_bytes(struct qt_buf *out, uint64_t n);	/* "12.3 MB" */
void	text_ago(struct qt_buf *out, uint64_t now_ms, uint64_t then_ms);

#endif /* QT_SHM_TEXT_H */
