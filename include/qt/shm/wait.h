/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_WAIT_H
#define QT_SHM_WAIT_H

#include <stdint.h>

/*
 * Waiting in objects.
 *
 * Functions that may wait take a deadline: milliseconds of CLOCK_MONOTONIC, as
 * qt_clock_mono_ms() counts them, so that several calls can share one.
 *
 *	QT_WAIT_NEVER	0: do not wait; the answer is "no" at once: -QT_EFULL,
 *			-QT_EEMPTY, -EBUSY, as the function says
 *	QT_WAIT_FOREVER	until it happens
 *	else		-ETIMEDOUT when that moment has passed
 *
 * A wait that cannot end because the object was erased is -QT_EGONE.
 *
 * A waiter looks again for a few microseconds (not where there is one
 * processor), then sleeps in the kernel. It sleeps for 100 ms at most before it
 * looks again, so a wake-up that died with its sender costs that long and no
 * more; and what it leaves when it is killed is a flag that costs the next
 * sender one needless call of the kernel. On a read-only segment, where it can
 * leave no flag, it looks every 5 ms.
 *
 * Signals do not end a wait. No fairness is promised.
 */
#define QT_WAIT_NEVER	UINT64_C(0)
#define QT_WAIT_FOREVER	UINT64_MAX

/* The deadline so many ms from now; negative: QT_WAIT_FOREVER. */
uint64_t qt_wait_deadline(int64_t timeout_ms);

/*
 * For how long waiters of this process look again before they sleep. The
 * default is 10 microseconds, and 0 where the process may use one processor
 * only. Longer is faster for who answers within that time, and burns as much
 * processor time. Threads that already wait go on as they were.
 */
void	qt_wait_set_spin_ns(uint64_t ns);
uint64_t qt_wait_spin_ns(void);

#endif /* QT_SHM_WAIT_H */
