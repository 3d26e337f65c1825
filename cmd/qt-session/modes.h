/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_MODES_H
#define QT_SESSION_MODES_H

#include <stddef.h>

struct term;

/* Notes what these bytes, sent to the terminal, leave switched on. */
void	term_note(struct term *t, const void *data, size_t len);

#endif /* QT_SESSION_MODES_H */
