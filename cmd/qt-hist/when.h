/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_WHEN_H
#define QT_HIST_WHEN_H
/*
 * When something ran, and how long it took, for people. Times are microseconds
 * since 1970; sizes are bytes, with a NUL.
 */
#include <stdint.h>

#define WHEN_CLOCK	32u
#define WHEN_AGE	8u
#define WHEN_TOOK	24u

/* On this machine's clocks: "2026-11-21 20:30:05", "2026-11-21". 0: "-". */
void	when_clock(char out[WHEN_CLOCK], uint64_t us);
void	when_day(char out[WHEN_CLOCK], uint64_t us);
/* "5m", "3h", "12d": at most 4 columns. then_us 0: "-". */
void	when_age(char out[WHEN_AGE], uint64_t now_us, uint64_t then_us);
/* "20ms", "1.5s", "2m05s", "3h20m". UINT64_MAX: "-". */
void	when_took(char out[WHEN_TOOK], uint64_t us);

#endif /* QT_HIST_WHEN_H */
