/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_SYNC_PRIV_H
#define QT_SHM_SYNC_PRIV_H

#include "object_priv.h"

/*
 * The words of the structures that processes wait at, and what the files of
 * these share. See qt-segment(5). Words of 64 bits that name an owner are
 * qt__owner()'s: generation in bits 32 to 63, owner in 16 to 31, state below.
 */

/* mutex.c */
struct qt__mutex {
	_Atomic uint64_t	word;
	_Atomic uint64_t	turn;
	uint64_t		pad[6];
};
_Static_assert(sizeof(struct qt__mutex) == 64, "layout");
#define QT__MUTEX_HELD		1u
#define QT__MUTEX_STALE		2u	/* its owner died; not yet put right */

/* rwlock.c: a reader's own line, so that readers do not meet. */
struct qt__rwlock_reader {
	_Atomic uint64_t	count;
	uint64_t		pad[7];
};

struct qt__rwlock {
	_Atomic uint64_t	word;		/* of the writer */
	_Atomic uint64_t	turn;
	_Atomic uint64_t	beat_ms;
	uint64_t		pad[5];
	struct qt__rwlock_reader reader[];	/* of participant i + 1 */
};
_Static_assert(sizeof(struct qt__rwlock_reader) == 64, "layout");
_Static_assert(sizeof(struct qt__rwlock) == 64, "layout");
#define QT__RWLOCK_PENDING	1u	/* waits for readers to go */
#define QT__RWLOCK_HELD		2u
#define QT__RWLOCK_STALE	4u

/* semaphore.c */
struct qt__semaphore {
	_Atomic uint64_t	word;
	uint64_t		pad[7];
	_Atomic uint64_t	hold[];		/* of participant i + 1 */
};
_Static_assert(sizeof(struct qt__semaphore) == 64, "layout");

/* latch.c */
struct qt__latch {
	_Atomic uint64_t	count;
	uint64_t		pad[7];
};
_Static_assert(sizeof(struct qt__latch) == 64, "layout");

/* barrier.c */
struct qt__barrier {
	_Atomic uint64_t	word;
	uint64_t		pad[7];
	_Atomic uint64_t	place[];
};
_Static_assert(sizeof(struct qt__barrier) == 64, "layout");

/* event.c */
struct qt__event {
	_Atomic uint64_t	word;
	uint64_t		pad[7];
};
_Static_assert(sizeof(struct qt__event) == 64, "layout");

/* once.c */
struct qt__once {
	_Atomic uint64_t	word;
	uint64_t		pad[7];
};
_Static_assert(sizeof(struct qt__once) == 64, "layout");
#define QT__ONCE_NEW		0u
#define QT__ONCE_RUNNING	1u
#define QT__ONCE_DONE		2u

/* The type's own words of an open object. */
static inline void *
qt__sync_body(const struct qt_obj *obj)
{
	return obj->base + QT__OBJ_BODY;
}

/* How many participants there can be: one word for each, by id - 1. */
static inline uint32_t
qt__sync_slots(const struct qt_obj *obj)
{
	return obj->seg->head.slot_count;
}

/*
 * Opens an object into size zeroed bytes that begin with its struct qt_obj.
 * *out is the caller's, to be closed and freed by qt__sync_close(). 0,
 * -ENOMEM, or as qt__obj_open().
 */
int	qt__sync_open(struct qt_seg *seg, const char *name, uint32_t type,
	    size_t size, void **out, struct qt_err *err);
void	qt__sync_close(struct qt_obj *obj);

/* Wakes who waits for which, when rc is no error; returns rc. */
int	qt__sync_wake(struct qt_obj *obj, unsigned int which, int rc);

/*
 * Turns: who has waited for a lock for long says so in the turn word, and
 * others leave the lock to it when it is released. That is a courtesy and not
 * part of the lock: who sees the same claim for some time (its waiter was
 * killed, or is stopped) takes it away and goes on.
 *
 * One struct for each call that waits, all 0 at first.
 */
struct qt__turn {
	uint64_t	since_ns;	/* since when we wait */
	uint64_t	mine;		/* our claim, as it was stored */
	uint64_t	other;		/* somebody else's */
	uint64_t	other_ns;	/* since when we have seen it */
};
/* The lock is free: is it to be left to somebody else? */
bool	qt__turn_is_others(struct qt__turn *t, _Atomic uint64_t *word);
/* The lock is not free: having waited for long we claim the next turn. */
void	qt__turn_want(struct qt__turn *t, const struct qt_obj *obj,
	    _Atomic uint64_t *word);
/* We have the lock, or no longer want it. 1 when there was a claim of ours. */
int	qt__turn_end(struct qt__turn *t, _Atomic uint64_t *word);
/* Participant id is dead. */
void	qt__turn_sweep(_Atomic uint64_t *word, uint32_t id);

/*
 * For fsck: a word may not name an owner that is dead (whoever swept it missed
 * it) nor have a state above max. 1 when it is at fault; with QT_OBJ_FSCK_REPAIR
 * it becomes ownerless and of the state that is given.
 */
int	qt__sync_fsck_word(struct qt_obj *obj, struct qt__fsck *f,
	    _Atomic uint64_t *word, uint32_t max, uint32_t state);

#endif /* QT_SHM_SYNC_PRIV_H */
