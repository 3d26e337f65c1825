/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_EVENT_H
#define QT_SHM_EVENT_H

#include <stdint.h>

#include <qt/shm/object.h>
#include <qt/shm/wait.h>

/*
 * An event: it is set or it is not, and who waits goes on when it is.
 *
 *	manual		it stays set, for all who wait, until it is reset. Who
 *			was waiting when it was set goes on, also when it was
 *			reset at once.
 *	automatic	one of those who wait goes on, and it is reset by that.
 *			Setting it when it is set adds nothing.
 *
 * Nothing is held: an automatic event that was got by a process that then died
 * is used up, as an item that it took. Any number of threads may use one
 * handle.
 */
struct qt_event;

#define QT_EVENT_MANUAL	0u
#define QT_EVENT_AUTO	1u

/*
 * Makes one that is not set. -EEXIST, -ENOMEM, -ENOSPC, -QT_EFULL, -EINVAL (the
 * name, flags), -EACCES.
 */
int	qt_event_create(struct qt_seg *seg, const char *name, uint32_t flags,
	    struct qt_err *err);
/* -ENOENT, -EINVAL (it is of another type), -QT_ECORRUPT. */
int	qt_event_open(struct qt_seg *seg, const char *name,
	    struct qt_event **out, struct qt_err *err);
void	qt_event_close(struct qt_event *e);	/* NULL is fine */
struct qt_obj *qt_event_obj(struct qt_event *e);

/* 0, -EACCES. */
int	qt_event_set(struct qt_event *e);
int	qt_event_reset(struct qt_event *e);
/*
 * 0 when it was set, and what was written before that is seen. -EBUSY
 * (QT_WAIT_NEVER), -ETIMEDOUT, -QT_EGONE; -EACCES (an automatic one, and we are
 * no participant).
 */
int	qt_event_wait(struct qt_event *e, uint64_t deadline);
int	qt_event_is_set(const struct qt_event *e);

#endif /* QT_SHM_EVENT_H */
