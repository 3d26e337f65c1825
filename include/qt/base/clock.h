/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_CLOCK_H
#define QT_BASE_CLOCK_H

#include <stdint.h>

/* Safe from any thread; they never fail. */
uint64_t qt_clock_mono_ns(void);	/* CLOCK_MONOTONIC */
uint64_t qt_clock_mono_ms(void);
uint64_t qt_clock_real_ms(void);	/* since 1970, UTC */
uint64_t qt_clock_real_us(void);

/* "2026-11-21T09:08:07.123Z" into text. */
#define QT_CLOCK_ISO_SIZE 25
void	qt_clock_iso(uint64_t real_ms, char text[QT_CLOCK_ISO_SIZE]);
/* The reverse, of nothing but what that writes: 0, -EINVAL. */
int	qt_clock_parse_iso(uint64_t *real_ms, const char *text);

#endif /* QT_BASE_CLOCK_H */
