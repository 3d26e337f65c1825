/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_ONCE_H
#define QT_SHM_ONCE_H

#include <stdint.h>

#include <qt/shm/object.h>
#include <qt/shm/wait.h>

/*
 * Something that is to be done once, by whoever comes first.
 *
 *	new --- begin ---> running, by a participant --- done ---> done
 *	 ^                              |
 *	 +---------- fail, death -------+
 *
 * One caller is told to do it; the others wait until it is done. When the one
 * that does it says that it failed, or dies, the next one is told to: it may
 * find things half done. A stopped process is alive, and others wait for it.
 *
 * Any number of threads may use one handle; which of the threads of a process
 * says that it is done is not checked.
 */
struct qt_once;

/* -EEXIST, -ENOMEM, -ENOSPC, -QT_EFULL, -EINVAL (the name), -EACCES. */
int	qt_once_create(struct qt_seg *seg, const char *name,
	    struct qt_err *err);
/* -ENOENT, -EINVAL (it is of another type), -QT_ECORRUPT. */
int	qt_once_open(struct qt_seg *seg, const char *name,
	    struct qt_once **out, struct qt_err *err);
void	qt_once_close(struct qt_once *o);	/* NULL is fine */
struct qt_obj *qt_once_obj(struct qt_once *o);

/*
 * 0: it is done, and what was written before qt_once_done() is seen. 1: do it,
 * then call done or fail. -EBUSY (QT_WAIT_NEVER and somebody does it),
 * -ETIMEDOUT, -QT_EGONE. A handle that is no participant is never told to do
 * it, and waits until somebody else has.
 */
int	qt_once_begin(struct qt_once *o, uint64_t deadline);
/* 0; -EPERM (this process does not do it), -EACCES. */
int	qt_once_done(struct qt_once *o);
int	qt_once_fail(struct qt_once *o);

/*
 * The three in one: init(arg) is called if it is to be done by us, and answers
 * 0 or why it failed. 0 when it is done; what init answered; or as begin.
 */
int	qt_once_run(struct qt_once *o, uint64_t deadline,
	    int (*init)(void *arg), void *arg);

int	qt_once_is_done(const struct qt_once *o);
/* The participant that does it now; 0: nobody. */
uint32_t qt_once_owner(const struct qt_once *o);

#endif /* QT_SHM_ONCE_H */
