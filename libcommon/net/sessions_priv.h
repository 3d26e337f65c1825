/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_SESSIONS_PRIV_H
#define QT_NET_SESSIONS_PRIV_H

#include <stdatomic.h>

#include <qt/ds/rbtree.h>
#include <qt/net/sessions.h>

/*
 * The table in memory, in the machine's byte order.
 *
 *	OFFSET	SIZE	header
 *	0	8	magic "QTWEBSES"
 *	8	4	version, 2
 *	12	4	bytes of a slot, 192
 *	16	4	capacity
 *	20	4	slots, a power of two
 *	24	8	last id given
 *	32	8	sessions now
 *	40	24	zero
 *
 *	OFFSET	SIZE	slot
 *	0	8	sequence: odd while being written
 *	8	4	kind, 0: free
 *	12	4	role
 *	16	8	id
 *	24	8	created, ms
 *	32	8	expires, ms
 *	40	32	SHA-256 of the token
 *	72	64	name, zero-filled
 *	136	8	stamp of the account
 *	144	8	check: keyed hash of bytes 8 to 143
 *	152	40	zero
 */
#define QT__SESSIONS_MAGIC	0x5345534245575451u	/* "QTWEBSES" */
#define QT__SESSIONS_VERSION	2u
#define QT__SESSIONS_WAYS	16u

struct qt__sessions_header {
	uint64_t		magic;
	uint32_t		version;
	uint32_t		slot_size;
	uint32_t		capacity;
	uint32_t		nslots;
	_Atomic uint64_t	last_id;
	_Atomic uint64_t	count;
	uint64_t		zero[3];
};
_Static_assert(sizeof(struct qt__sessions_header) == 64, "its size");

/* What the sequence guards, as a copy outside of the table. */
struct qt__session_record {
	uint32_t	kind;
	uint32_t	role;
	uint64_t	id;
	uint64_t	created_ms;
	uint64_t	expires_ms;
	uint8_t		token[32];
	char		name[64];
	uint64_t	stamp;
	uint64_t	check;
};
#define QT__SESSION_WORDS (sizeof(struct qt__session_record) / 8)
_Static_assert(sizeof(struct qt__session_record) == 144, "its size");

struct qt__session_slot {
	_Atomic uint64_t	seq;
	_Atomic uint64_t	words[QT__SESSION_WORDS];
	uint64_t		zero[5];
};
_Static_assert(sizeof(struct qt__session_slot) == 192, "its size");

/* One for each slot, in the writer's own memory. */
struct qt__session_node {
	struct qt_rb_node	node;
	uint64_t		expires_ms;
	uint32_t		is_in;
};

struct qt_net_sessions {
	struct qt__sessions_header	*header;
	struct qt__session_slot		*slots;
	uint32_t			 nslots;
	uint32_t			 capacity;
	struct qt__session_node		*nodes;	/* NULL for a reader */
	struct qt_rb			 tree;
};

/* A consistent copy of a slot: 1, or 0 when free, torn or being written. */
int	qt__net_session_load(const struct qt__session_slot *slot,
	    struct qt__session_record *out);
uint64_t qt__net_session_check(const struct qt__session_record *r);

#endif /* QT_NET_SESSIONS_PRIV_H */
