/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BENCH_PROCESS_H
#define QT_BENCH_PROCESS_H

#include <stdint.h>

#include <qt/base/path.h>

/*
 * Programs that are run again and again, one process each, with nothing read
 * and output to nowhere.
 */

/* Beside qt-bench, or in the build tree; 0 when it cannot be run. */
int	process_find(char path[QT_PATH_SIZE], const char *name);
/* The static program that does nothing. NULL, or why it is not there. */
const char *process_find_nothing(char path[QT_PATH_SIZE]);
/* Runs one to its end: its exit status; how long in *ns. */
int	process_run(char *const *argv, double *ns);
/* The same; it reads a file, and may be one that is in PATH. */
int	process_run_from(char *const *argv, const char *in, double *ns);
/* process_run(), and ends the program unless it was 0. */
double	process_ns(char *const *argv);

#endif /* QT_BENCH_PROCESS_H */
