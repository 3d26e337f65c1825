/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_COMMAND_COMPLETE_H
#define QT_HIST_COMMAND_COMPLETE_H
/* What complete and suggest, which answer at a prompt, have in common. */
#include <stdbool.h>

#include <qt/hist/index.h>

/*
 * The index as it is, without opening the history; only where there is none one
 * is made. Ends the program when that cannot be.
 */
struct qt_hist_index *complete_index(void);
/* A line, escaped; or the bytes and a NUL. */
void	complete_print(const struct qt_hist_bytes *text, bool is_null);

#endif /* QT_HIST_COMMAND_COMPLETE_H */
