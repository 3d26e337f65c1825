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

/*
 * Stays where it is while it is open: fork.c knows it. In a fork child it is
 * closed (fd -1, id 0) when fork() returns, whatever the parent held; the child
 * opens a user of its own.
 */
struct qt__user {
	int		 fd;		/* on LOCK, own description; -1: none */
	uint32_t	 id;		/* 1 to max; 0: none */
	uint64_t	 pid;		/* of who took it: not its fork child */
	uint64_t	 pid_ns;	/* and in which PID namespace it is that: an
					   inode; 0: not known */
	struct qt__user	*next_;
};
#define QT__USER_INIT { -1, 0, 0, 0, NULL }

/*
 * Opens LOCK in the folder, which has to be writable, and takes a free byte:
 * tries from a random one of the first few, then grows. max bounds the ids;
 * when all are taken, waits for one until the deadline (CLOCK_MONOTONIC ms,
 * UINT64_MAX: for ever, 0: does not wait): -ETIMEDOUT. -ENOSYS where the file
 * system has no such locks. u may hold anything before; on failure it is none.
 */
int	qt__user_open(struct qt__user *u, int dirfd, uint32_t max,
	    uint64_t deadline_ms, struct qt_err *err);
/* What it holds has been given back before. Harmless for none. */
void	qt__user_close(struct qt__user *u);
/* From now on it is this process: it was handed over to a fork child. */
void	qt__user_set_pid(struct qt__user *u);
/*
 * Whether a process is stopped: 1, 0; negative: nobody knows, as where it has
 * that pid in another namespace than ours.
 */
int	qt__user_is_stopped(const struct qt__user *u, uint64_t pid,
	    uint64_t pid_ns);
/* 1: lives, 0: dead, negative. Never asks about itself (that is 1). */
int	qt__user_is_alive(const struct qt__user *u, uint32_t id);
/*
 * When id is dead: 1, and until qt__user_unbury(), which has to follow soon,
 * nobody can become id, so a word in shared memory that names it is a dead one's
 * and may be taken away from it. 0: it lives, or cannot be told. Not for u's own
 * id. No other user may be opened or closed by this thread in between.
 */
int	qt__user_bury(const struct qt__user *u, uint32_t id);
void	qt__user_unbury(const struct qt__user *u, uint32_t id);
/*
 * How many live ones there are, ids up to QT__USER_MAX, besides the one whose
 * descriptor it is. O(live).
 */
int	qt__user_count(int lock_fd, uint32_t *count);

/* All zeros: free. */
struct qt__lock {
	_Atomic uint32_t word;		/* see lock.c */
	_Atomic uint32_t waits;		/* how often somebody had to sleep */
	_Atomic uint64_t since_ms;	/* when it was taken: CLOCK_MONOTONIC,
					   some ms exact, for people */
	_Atomic uint64_t pid;		/* of the owner, for people */
	_Atomic uint64_t died;		/* how often an owner died with it */
	_Atomic uint64_t pid_ns;	/* of pid: struct qt__user */
	uint64_t	 pad[3];
};
_Static_assert(sizeof(struct qt__lock) == 64, "one line");

/*
 * Takes the lock. 0; 1: taken, and the one who had it died with it, so what it
 * protects has to be put right before anything else (if we die doing so the
 * next one gets a 1 again: it stays so until qt__lock_give()); -ETIMEDOUT with
 * the owner's process id in err. deadline_ms 0: does not wait, -EBUSY; but what
 * a dead one had is taken. UINT64_MAX: for ever. Not recursive. Threads of one
 * user exclude each other by a mutex before, one for each lock.
 */
int	qt__lock_take(struct qt__lock *l, const struct qt__user *u,
	    uint64_t deadline_ms, struct qt_err *err);
/* Nothing, where we were deposed. */
void	qt__lock_give(struct qt__lock *l, const struct qt__user *u);
/*
 * Takes it from one who lives and has had it for held_ms. He goes on as
 * if he had it, when he is continued; so this is for locks whose owners ask
 * whether they still have it, and do no harm from then on, see sync.c.
 */
bool	qt__lock_depose(struct qt__lock *l, const struct qt__user *u,
	    uint64_t held_ms);
bool	qt__lock_is_ours(const struct qt__lock *l, const struct qt__user *u);
/*
 * After taking an id that a dead process may have had: locks that name it are
 * its remains, and look taken by us. To qt__lock_take() of our own they do not
 * matter, but all others wait for us as long as we live. Turns each into "owner
 * died"; for every lock there is, before any of them is taken, and for those
 * in memory that is mapped later when it is mapped.
 */
void	qt__lock_disown(struct qt__lock *l, const struct qt__user *u);
/* Who has it: an id, 0 for nobody. *is_dead (may be NULL) asks the kernel. */
uint32_t qt__lock_owner(struct qt__lock *l, const struct qt__user *u,
	    bool *is_dead);

/* --- Between lock.c, user.c and fork.c ------------------------------------ */

/*
 * One mutex of the process, also held across fork(): around the list of users,
 * and what a thread does with bytes of LOCK that are not its user's own.
 */
void	qt__users_lock(void);
void	qt__users_unlock(void);
/* Before the first user: 0, or negative. */
int	qt__users_watch(void);
/* With the mutex. */
void	qt__user_register(struct qt__user *u);
void	qt__user_unregister(struct qt__user *u);

#endif /* QT_STORE_LOCK_PRIV_H */
