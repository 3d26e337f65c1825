/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_DOORBELL_H
#define QT_SHM_DOORBELL_H

#include <qt/base/err.h>
#include <qt/shm/object.h>

/*
 * Doorbells: waiting for an object in an event loop, by a descriptor.
 *
 *	fd = qt_obj_doorbell(obj, &err);
 *	for (;;) {
 *		qt_obj_doorbell_arm(obj);
 *		while (there is something: QT_WAIT_NEVER)
 *			do it;
 *		poll(fd, POLLIN);	and whatever else there is
 *	}
 *
 * Arming comes before looking: so what happens in between is either seen or
 * rings. The descriptor is readable from when somebody does what would wake a
 * waiter (<qt/shm/wait.h>: an item, room, a release, an erasure), until it is
 * armed again. It may also be readable for nothing: look, and arm again.
 *
 * Who has to ring may be killed just before. So an armed doorbell is readable
 * after 100 ms in any case, which is as long as any wait sleeps at most.
 *
 * It is an epoll(7) descriptor: poll it, do not read it; and it is for one
 * thread of a process. Behind it is a FIFO in /dev/shm for those who may write
 * to the segment, who find it by the numbers of segment, object and
 * participant, with or without a name of the segment. It is removed with the
 * last handle on the object; after a death by who sweeps, erases the object, or
 * unlinks the segment, and where nobody is left to do so, a minute later by
 * whom of that user makes the next doorbell; in a segment that users share,
 * each user's FIFOs only by that user, as the sticky bit of /dev/shm has it:
 * another one with the same number uses what was left. If something of a
 * stranger has the name, there is no FIFO, and 100 ms is how long each ring
 * takes. A fork child has no doorbell until it asks for its own.
 */

/*
 * The descriptor, the same each time; it is the object's, and closed with the
 * process's last handle on it. -EACCES (no participant), -ENOSPC, -EMFILE.
 */
int	qt_obj_doorbell(struct qt_obj *obj, struct qt_err *err);
/* 0; -EINVAL without a doorbell, -EACCES, -QT_EGONE when it was erased. */
int	qt_obj_doorbell_arm(struct qt_obj *obj);

#endif /* QT_SHM_DOORBELL_H */
