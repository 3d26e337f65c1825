/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_RWLOCK_H
#define QT_SHM_RWLOCK_H

#include <stdint.h>

#include <qt/shm/object.h>
#include <qt/shm/wait.h>

/*
 * A lock in shared memory for many readers or one writer, between processes
 * and between their threads.
 *
 * Each participant's readers are counted in a word of its own, so readers do
 * not slow each other down, and when a participant dies its readers are gone
 * with it. When the writer dies the lock is free and stale: what it protects
 * may be half changed. Each call that takes it, also for reading, then answers
 * 1 instead of 0, until a writer has put things right and says so by
 * qt_rwlock_consistent(). Closing the last handle counts as dying.
 *
 * A stopped process is alive and keeps what it holds; others wait. But one
 * that is stopped while it waits keeps nobody out.
 *
 * A writer that waits goes before readers that come after it. A reader or a
 * writer that has waited for 2 ms is let through next, unless it is stopped;
 * so neither kind keeps the other out for ever.
 *
 * It is not recursive, not for readers either: a thread that reads and asks to
 * read again may wait for a writer that waits for it. Which of the threads of a
 * process unlocks is not checked. Any number of threads may use one handle.
 */
struct qt_rwlock;

/* -EEXIST, -ENOMEM, -ENOSPC, -QT_EFULL, -EINVAL (the name), -EACCES. */
int	qt_rwlock_create(struct qt_seg *seg, const char *name,
	    struct qt_err *err);
/* -ENOENT, -EINVAL (it is of another type), -QT_ECORRUPT. */
int	qt_rwlock_open(struct qt_seg *seg, const char *name,
	    struct qt_rwlock **out, struct qt_err *err);
void	qt_rwlock_close(struct qt_rwlock *l);	/* NULL is fine */
struct qt_obj *qt_rwlock_obj(struct qt_rwlock *l);

/*
 * Takes it for reading, for writing. 0; 1 when it is ours and stale; -EBUSY
 * (QT_WAIT_NEVER, which does not wait for its turn either), -ETIMEDOUT,
 * -QT_EGONE, -EACCES. QT_WAIT_NEVER may answer -EBUSY because of a writer that
 * waits.
 */
int	qt_rwlock_lock_read(struct qt_rwlock *l, uint64_t deadline);
int	qt_rwlock_lock_write(struct qt_rwlock *l, uint64_t deadline);
/* 0, -EPERM (this process does not hold it in that way), -EACCES. */
int	qt_rwlock_unlock_read(struct qt_rwlock *l);
int	qt_rwlock_unlock_write(struct qt_rwlock *l);
/*
 * By the writer: what it protects is whole again. 0, -EPERM (this process does
 * not hold it for writing), -EACCES.
 */
int	qt_rwlock_consistent(struct qt_rwlock *l);

/* The participant that writes now, dead or alive; 0: nobody. */
uint32_t qt_rwlock_writer(const struct qt_rwlock *l);
/* How often a participant holds it for reading; 0 for all of them together. */
uint64_t qt_rwlock_readers(const struct qt_rwlock *l, uint32_t participant);
int	qt_rwlock_is_stale(const struct qt_rwlock *l);

#endif /* QT_SHM_RWLOCK_H */
