/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_EPOCH_H
#define QT_SHM_EPOCH_H

#include <stdint.h>

#include <qt/shm/object.h>

/*
 * Epochs: when the memory of what was taken out of a structure may be used
 * again, while others may still be reading it.
 *
 * Who works on a structure that has epochs pins the current one meanwhile. What
 * is taken out of the structure waits in limbo until two epochs have passed,
 * and an epoch passes only when everybody who is pinned has seen it. So a
 * process that is stopped in the middle of an operation holds back the memory
 * of what is deleted, and nothing else: the structure goes on working until it
 * has no free nodes left. It is alive, so nobody overrules it; it can be
 * seen, and continued or killed. What a dead process left in limbo is adopted
 * by the others. The scheme is K. Fraser's ("Practical lock-freedom", 2004).
 */
struct qt_epoch_pin {
	uint32_t	participant;	/* 0: nobody's, to be adopted */
	uint64_t	epoch;		/* that it has pinned; 0: none */
	uint64_t	behind;		/* the current one less that */
	uint64_t	limbo;		/* nodes that it is to free */
};

/*
 * Calls fn for each record of an object's epochs that is in use. Returns how
 * many, 0 for an object without epochs; -ENOENT, -EINVAL, -QT_ECORRUPT.
 */
int	qt_epoch_each(struct qt_seg *seg, const char *name,
	    void (*fn)(void *arg, const struct qt_epoch_pin *pin), void *arg,
	    struct qt_err *err);

#endif /* QT_SHM_EPOCH_H */
