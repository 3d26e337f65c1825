/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_GATHER_PRIV_H
#define QT_STORE_GATHER_PRIV_H
/*
 * When a round of group commit begins. What it does then is in sync.c.
 *
 *	writers		w1 w2 w3 w4		w3 w1 w2 w4
 *	the last	          [ sync ]	          [ sync ]
 *
 * If each round began as soon as it could, N writers that write again when they
 * are durable would fall apart into two halves, one of which writes while the
 * other one is synced, and a round would have N / 2. So those who were in the last
 * round are waited for: who is the last to come leads; the first to come, the
 * guard, does so when they are not there in the time that a sync took, 10 ms at
 * most, and then the next rounds begin at once: 1, 3, 7 and so on up to 63 of
 * them. PostgreSQL's commit_delay and MySQL's binlog_group_commit_sync_delay
 * are such waits, set by hand.
 *
 * In shared memory, all zeros at first. All of it are hints: whatever they say,
 * nothing is lost, and nobody waits for longer than he sleeps anyway.
 */
#include <stdatomic.h>
#include <stdint.h>

struct qt__gather {
	_Atomic uint32_t arrived;	/* writers, ever; wraps around */
	_Atomic uint32_t target;	/* arrived, when all will be back */
	_Atomic uint32_t guarded;	/* round that has a guard */
	/* Of leaders only. */
	_Atomic uint32_t began;		/* arrived, when the round began */
	_Atomic uint32_t members;	/* who came since the one before */
	_Atomic uint32_t skip;		/* rounds that begin at once */
	_Atomic uint32_t penalty;	/* and how many that were last time */
	_Atomic uint32_t sync_ns;	/* that the last one took, 10 ms at most */
	_Atomic uint64_t ended_ns;	/* when: CLOCK_MONOTONIC; 0: never */
};

/* A writer, once: its record is visible, and not yet durable. */
void	qt__gather_arrive(struct qt__gather *g);
/*
 * How long it is to sleep before it tries to lead round, unless that ends: 0,
 * UINT64_MAX (somebody else tries), or a time in ns, if it is the guard.
 */
uint64_t qt__gather_wait(struct qt__gather *g, uint32_t round);
/*
 * The leader, with SYNC, before it looks what there is; what it gives is for the
 * end, which is left out where syncing failed.
 */
uint64_t qt__gather_begin(struct qt__gather *g, uint32_t round);
void	qt__gather_end(struct qt__gather *g, uint64_t begun_ns);

#endif /* QT_STORE_GATHER_PRIV_H */
