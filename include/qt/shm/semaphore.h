/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_SEMAPHORE_H
#define QT_SHM_SEMAPHORE_H

#include <stdint.h>

#include <qt/shm/object.h>
#include <qt/shm/wait.h>

/*
 * A counting semaphore: wait takes one when there is one, post puts one in.
 *
 * With QT_SEMAPHORE_UNDO it is known how many each participant holds: what it
 * waited for and has not posted. When it dies, or closes its last handle, they
 * are put back, as SEM_UNDO of semop(2) does. That is for things that are taken
 * and given back (places, permits). Where one process posts what another
 * consumes, do without: the consumer would hold all that it ever got.
 *
 * Without it nothing is held: what a process that died had taken is gone.
 *
 * A stopped process is alive and keeps what it holds. Any number of threads may
 * use one handle; the threads of a process are one participant.
 */
struct qt_semaphore;

#define QT_SEMAPHORE_UNDO	1u

#define QT_SEMAPHORE_MAX	UINT32_C(16777215)

struct qt_semaphore_spec {
	uint32_t	value;	/* at first */
	uint32_t	max;	/* 0: QT_SEMAPHORE_MAX */
	uint32_t	flags;	/* QT_SEMAPHORE_... */
};

/*
 * -EEXIST, -ENOMEM, -ENOSPC, -QT_EFULL, -EINVAL (the name; a value above max, a
 * max above QT_SEMAPHORE_MAX, flags), -EACCES.
 */
int	qt_semaphore_create(struct qt_seg *seg, const char *name,
	    const struct qt_semaphore_spec *spec, struct qt_err *err);
/* -ENOENT, -EINVAL (it is of another type), -QT_ECORRUPT. */
int	qt_semaphore_open(struct qt_seg *seg, const char *name,
	    struct qt_semaphore **out, struct qt_err *err);
void	qt_semaphore_close(struct qt_semaphore *s);	/* NULL is fine */
struct qt_obj *qt_semaphore_obj(struct qt_semaphore *s);

/*
 * Takes one. 0; -EBUSY (QT_WAIT_NEVER and there is none), -ETIMEDOUT,
 * -QT_EGONE, -EACCES, -QT_ECORRUPT.
 */
int	qt_semaphore_wait(struct qt_semaphore *s, uint64_t deadline);
/* qt_semaphore_wait() with QT_WAIT_NEVER. */
int	qt_semaphore_trywait(struct qt_semaphore *s);
/* Puts one in. 0; -EOVERFLOW (max are in), -EACCES, -QT_ECORRUPT. */
int	qt_semaphore_post(struct qt_semaphore *s);

uint32_t qt_semaphore_value(const struct qt_semaphore *s);
/* How many a participant holds; 0 without QT_SEMAPHORE_UNDO. */
uint32_t qt_semaphore_held(const struct qt_semaphore *s,
	    uint32_t participant);

#endif /* QT_SHM_SEMAPHORE_H */
