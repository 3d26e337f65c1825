/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_LOCK_PRIV_H
#define QT_STORE_LOCK_PRIV_H
/*
 * Locks between processes that outlive whoever holds them.
 *
 * A lock is a word in shared memory that names its owner, so taking a free one
 * is one compare-and-swap. Who an owner is, and whether it lives, is the
 * kernel's business: each user of a store (struct qt__user) holds an OFD lock on
 * one byte of the file LOCK, byte QT__USER_BASE + id, on a description of its
 * own. The byte is free when the process is dead, in whatever PID namespace,
 * and only then may somebody take the lock away from it.
 *
 * Who waits sleeps in a futex on the word, for bounded times, and then asks the
 * kernel whether the owner lives. Fair: who has waited for long says so in the
 * word; from then on newcomers queue up behind, see lock.c.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <qt/base/err.h>

#define QT__LOCK_FORMAT		0	/* first opening, recovery */
#define QT__LOCK_SETTINGS	1	/* FORMAT is being replaced */
#define QT__USER_BASE		64
#define QT__USER_MAX		(1u << 20)

struct qt__user {
	int		 fd;		/* on LOCK, own description; -1: none */
	uint32_t	 id;		/* 1 to max */
	uint64_t	 pid;		/* of who took it: not its fork child */
};

/*
 * Opens LOCK in the folder and takes a free byte: tries from a random one of
 * the first few, then grows. max bounds the ids; when all are taken, waits for
 * one until the deadline (CLOCK_MONOTONIC ms, UINT64_MAX: for ever): -ETIMEDOUT.
 */
int	qt__user_open(struct qt__user *u, int dirfd, uint32_t max,
	    uint64_t deadline_ms, struct qt_err *err);
void	qt__user_close(struct qt__user *u);
/* 1: lives, 0: dead, negative. Never asks about itself (that is 1). */
int	qt__user_is_alive(const struct qt__user *u, uint32_t id);
/* How many live ones there are besides this one, ids up to QT__USER_MAX. */
int	qt__user_count(int lock_fd, uint32_t *count);

struct qt__lock {
	_Atomic uint32_t word;		/* see lock.c */
	_Atomic uint32_t waiters;	/* a hint: somebody may sleep */
	_Atomic uint64_t since_ms;	/* when it was taken, for people */
	_Atomic uint64_t pid;		/* of the owner, for people */
	_Atomic uint64_t died;		/* how often an owner died with it */
	uint64_t	 pad[4];
};
_Static_assert(sizeof(struct qt__lock) == 64, "one line");

/*
 * Takes the lock. 0; 1: taken, and the one who had it died with it, so what it
 * protects has to be put right before anything else (if we die doing so the
 * next one gets a 1 again: it stays so until qt__lock_give()); -ETIMEDOUT with
 * the owner's process id in err. deadline_ms 0: does not wait, -EBUSY.
 * Not recursive. Threads of one user exclude each other by a mutex before.
 */
int	qt__lock_take(struct qt__lock *l, const struct qt__user *u,
	    uint64_t deadline_ms, struct qt_err *err);
void	qt__lock_give(struct qt__lock *l, const struct qt__user *u);
/*
 * After taking an id that a dead process had: locks that name it are its
 * remains, and would look taken by us. Turns each into "owner died".
 */
void	qt__lock_disown(struct qt__lock *l, const struct qt__user *u);
/* Who has it: an id, 0 for nobody. *is_dead (may be NULL) asks the kernel. */
uint32_t qt__lock_owner(struct qt__lock *l, const struct qt__user *u,
	    bool *is_dead);

#endif /* QT_STORE_LOCK_PRIV_H */
