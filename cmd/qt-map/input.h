/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_MAP_INPUT_H
#define QT_MAP_INPUT_H

#include <qt/base/buf.h>

/*
 * All of standard input, a value: at most QT_STORE_VALUE_MAX bytes, or we exit
 * 3. What a file has is read into one piece of memory of its size.
 */
void	input_value(struct qt_buf *buf);

/*
 * Reads more behind what is there: up to a piece, twice as much when a lot is
 * there already. 0 at the end of the input. Exits 3 when it cannot be read, or
 * when more than max bytes are there.
 */
size_t	input_more(struct qt_buf *buf, size_t max);

#endif /* QT_MAP_INPUT_H */
