/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_MUTEX_H
#define QT_SHM_MUTEX_H

#include <stdint.h>

#include <qt/shm/object.h>
#include <qt/shm/wait.h>

/*
 * A mutex in shared memory, between processes and between their threads.
 *
 *	free --- lock ---> held by a participant --- unlock ---> free
 *	                         |
 *	                       death
 *	                         v
 *	                   free and stale --- lock, which answers 1 ---> held
 *
 * The word says which participant holds it. When that one dies (or closes its
 * last handle on it) the mutex is free again, and stale: what it protects may
 * be half changed. Each call that takes it then answers 1 instead of 0, until
 * a holder has put things right and says so by qt_mutex_consistent(). Nothing
 * ever makes it unusable.
 *
 * A stopped process is alive and keeps what it holds; others wait.
 *
 * It is not recursive: a thread that locks what it holds waits for itself.
 * Which of the threads of a process unlocks is not checked. Any number of
 * threads may use one handle.
 *
 * Fairness: who comes just when the mutex is released may take it before those
 * who sleep. But who has waited for 2 ms is let through next, unless it is
 * stopped; so nobody waits for ever while others take turns.
 */
struct qt_mutex;

/* -EEXIST, -ENOMEM, -ENOSPC, -QT_EFULL, -EINVAL (the name), -EACCES. */
int	qt_mutex_create(struct qt_seg *seg, const char *name,
	    struct qt_err *err);
/* -ENOENT, -EINVAL (it is of another type), -QT_ECORRUPT. */
int	qt_mutex_open(struct qt_seg *seg, const char *name,
	    struct qt_mutex **out, struct qt_err *err);
void	qt_mutex_close(struct qt_mutex *m);	/* NULL is fine */
struct qt_obj *qt_mutex_obj(struct qt_mutex *m);

/*
 * Takes it. 0; 1 when it is ours and stale; -EBUSY (QT_WAIT_NEVER, which does
 * not wait for its turn either), -ETIMEDOUT, -QT_EGONE (it was erased while
 * another holds it), -EACCES.
 */
int	qt_mutex_lock(struct qt_mutex *m, uint64_t deadline);
/* qt_mutex_lock() with QT_WAIT_NEVER. */
int	qt_mutex_trylock(struct qt_mutex *m);
/* 0, -EPERM (this process does not hold it), -EACCES. */
int	qt_mutex_unlock(struct qt_mutex *m);
/*
 * What it protects is whole again: it is no longer stale. 0, also when it was
 * not; -EPERM (this process does not hold it), -EACCES.
 */
int	qt_mutex_consistent(struct qt_mutex *m);

/* The participant that holds it now, dead or alive; 0: nobody. */
uint32_t qt_mutex_owner(const struct qt_mutex *m);
int	qt_mutex_is_stale(const struct qt_mutex *m);

#endif /* QT_SHM_MUTEX_H */
