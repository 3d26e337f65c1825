/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_FRESHEN_H
#define QT_HIST_FRESHEN_H
/*
 * For verbs that answer from the index as it is, as somebody waits at a prompt:
 * what shells wrote since is taken in behind their back.
 */

/*
 * When a spool was written to since the last time, leaves a process that takes
 * all in, brings the index up to date, and that nobody waits for: it has no
 * terminal and none of our files. Else, and when that fails, does nothing.
 */
void	freshen(void);

#endif /* QT_HIST_FRESHEN_H */
