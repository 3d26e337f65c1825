/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_LATCH_H
#define QT_SHM_LATCH_H

#include <stdint.h>

#include <qt/shm/object.h>
#include <qt/shm/wait.h>

/*
 * A latch: a number that is counted down to 0 once, and who waits until it is.
 * It stays open from then on.
 *
 * Nobody is known to be expected, so a process that dies before it has counted
 * down is missing; who takes its place may count down for it. Where that should
 * be noticed, use a barrier (<qt/shm/barrier.h>).
 *
 * Any number of threads may use one handle.
 */
struct qt_latch;

/*
 * Makes one of that count; of 0 it is open. -EEXIST, -ENOMEM, -ENOSPC,
 * -QT_EFULL, -EINVAL (the name), -EACCES.
 */
int	qt_latch_create(struct qt_seg *seg, const char *name, uint64_t count,
	    struct qt_err *err);
/* -ENOENT, -EINVAL (it is of another type), -QT_ECORRUPT. */
int	qt_latch_open(struct qt_seg *seg, const char *name,
	    struct qt_latch **out, struct qt_err *err);
void	qt_latch_close(struct qt_latch *l);	/* NULL is fine */
struct qt_obj *qt_latch_obj(struct qt_latch *l);

/*
 * Counts down by n. 0; 1 when that opened it; -ERANGE when fewer than n are
 * left, and then nothing is counted; -EACCES.
 */
int	qt_latch_down(struct qt_latch *l, uint64_t n);
/*
 * 0 when it is open, and what was written before it was counted down is seen.
 * -EBUSY (QT_WAIT_NEVER), -ETIMEDOUT, -QT_EGONE.
 */
int	qt_latch_wait(struct qt_latch *l, uint64_t deadline);

uint64_t qt_latch_count(const struct qt_latch *l);	/* what is left */

#endif /* QT_SHM_LATCH_H */
