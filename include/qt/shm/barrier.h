/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_BARRIER_H
#define QT_SHM_BARRIER_H

#include <stdint.h>

#include <qt/shm/object.h>
#include <qt/shm/wait.h>

/*
 * A barrier: a number of parties that wait for each other, again and again.
 *
 * It has a place for each party. A handle is one party: it takes a place when
 * it first waits (or by qt_barrier_join()), and gives it back when it is
 * closed. So each thread opens one of its own, and uses it alone.
 *
 *	place	empty, or a party's, or lost
 *	phase	ends when every place is lost or its party has arrived
 *
 * When a party dies, its place is lost: the others no longer wait for it, and
 * the phase that was under way is broken. Each other party is told so by
 * -EOWNERDEAD from its wait for that phase (which it may be in, or come to
 * later). After that the barrier goes on with those that are left: they wait
 * again. A new party takes an empty place, else a lost one; or the lost ones
 * are made empty by qt_barrier_reset(), and waited for again. A process that
 * ends, or closes the segment, without closing the handle has died.
 *
 * A stopped process is alive; the others wait for it.
 */
struct qt_barrier;

#define QT_BARRIER_MAX	4096u		/* parties */

/*
 * -EEXIST, -ENOMEM, -ENOSPC, -QT_EFULL (no row), -EINVAL (the name, parties 0
 * or above QT_BARRIER_MAX), -EACCES.
 */
int	qt_barrier_create(struct qt_seg *seg, const char *name,
	    uint32_t parties, struct qt_err *err);
/* -ENOENT, -EINVAL (it is of another type), -QT_ECORRUPT. */
int	qt_barrier_open(struct qt_seg *seg, const char *name,
	    struct qt_barrier **out, struct qt_err *err);
/* Gives its place back: the others wait until somebody takes it. NULL is fine. */
void	qt_barrier_close(struct qt_barrier *b);
struct qt_obj *qt_barrier_obj(struct qt_barrier *b);

/*
 * Takes a place now, so that the others are told if we die before we first
 * wait. 0, also when there is one; -QT_EFULL (all have living parties),
 * -EACCES.
 */
int	qt_barrier_join(struct qt_barrier *b);
/*
 * Arrives, and waits until all have. 0; 1 for at most one of them in a phase;
 * -EOWNERDEAD (a party died in this phase); -QT_EFULL, -EACCES, as join.
 *
 * -EBUSY (QT_WAIT_NEVER), -ETIMEDOUT, -QT_EGONE: we have not arrived after all;
 * the same phase is to be waited for again.
 */
int	qt_barrier_wait(struct qt_barrier *b, uint64_t deadline);
/*
 * Our place is lost without an error to anybody: we do not come any more, and
 * the others need not wait for us. 0, -ENOENT (we have none), -EACCES.
 */
int	qt_barrier_leave(struct qt_barrier *b);
/* Lost places become empty. Returns how many, or -EACCES. */
int	qt_barrier_reset(struct qt_barrier *b);

uint32_t qt_barrier_parties(const struct qt_barrier *b);
/* How many have arrived in this phase. */
uint32_t qt_barrier_arrived(const struct qt_barrier *b);
/* How many places are lost. */
uint32_t qt_barrier_lost(const struct qt_barrier *b);

#endif /* QT_SHM_BARRIER_H */
