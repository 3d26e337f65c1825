/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_ASK_H
#define QT_HIST_ASK_H

/*
 * Whether it is meant: asks when standard input is a terminal, on standard
 * error; 1 when it is none.
 */
int	ask(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif /* QT_HIST_ASK_H */
