/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_CONTROL_H
#define QT_SESSION_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/buf.h>
#include <qt/base/uuid.h>
#include <qt/session/id.h>

/*
 * The control protocol between the session host and everybody else, over the
 * Unix socket "host.sock" (SOCK_SEQPACKET: one packet is one message) in the
 * runtime folder. The same text, for people: qt-host(7).
 *
 * A packet is this head and a body. Both ends run on one machine, so numbers
 * are in the machine's byte order; every size is checked by the receiver.
 *
 *	OFFSET	SIZE	DESCRIPTION
 *	0	2	type
 *	2	2	flags, by type
 *	4	4	tag: chosen by the asker, repeated in the answer
 *	8	4	channel: an attachment's bell slot, else 0
 *	12	4	len of the body
 *
 * Every request but INPUT, SIZE, LEAD and REPLY is answered by exactly one
 * packet of its own tag: OK, ERROR or the answer named below. The host sends
 * nothing else, so a client may simply send and wait; ERROR for an INPUT that
 * was refused comes with the tag of that INPUT.
 */
#define QT_CONTROL_VERSION	1u
#define QT_CONTROL_SIZE_MAX	(128u << 10)	/* of a whole packet */

struct qt_control_head {
	uint16_t	type, flags;
	uint32_t	tag;
	uint32_t	channel;
	uint32_t	len;
};
_Static_assert(sizeof(struct qt_control_head) == 16, "control head");

/* The numbers are the protocol: append only. */
enum qt_control_type {
	/* requests			body		answer */
	QT_MSG_HELLO = 1,	/*	hello		WELCOME + 3 fds */
	QT_MSG_NEW = 2,		/*	new		CREATED */
	QT_MSG_KILL = 3,	/*	id, u32 signal	OK */
	QT_MSG_RENAME = 4,	/*	id, text	OK */
	QT_MSG_RESIZE = 5,	/*	id, u16 cols, u16 rows, u32 policy or ~0 OK
				 * a size that cannot be (id.h): ERROR, as in
				 * NEW; of ATTACH and SIZE it is clamped */
	QT_MSG_FORGET = 6,	/*	id		OK: drop an exited record */
	QT_MSG_ATTACH = 7,	/*	attach		ATTACHED */
	QT_MSG_DETACH = 8,	/*	none (channel)	OK */
	QT_MSG_INPUT = 9,	/*	bytes (channel)	none */
	QT_MSG_SIZE = 10,	/*	u16, u16 (channel) none: my size is now */
	QT_MSG_LEAD = 11,	/*	none (channel)	none: make me the lead */
	QT_MSG_SEND = 12,	/*	id, bytes	OK once queued */
	QT_MSG_REPLY = 13,	/*	id, bytes	none: the screen's answer to
				 *	a terminal query; dropped unless the
				 *	session has no lead viewer */
	QT_MSG_TITLE = 14,	/*	id, text	none: from the screen */
	QT_MSG_STAT = 15,	/*	none		STATED */
	QT_MSG_UPGRADE = 16,	/*	text: program	OK, then the host execs it */
	QT_MSG_STOP = 17,	/*	u32 0: refuse while sessions run, 1: kill them
				 *			OK, then the host ends */
	QT_MSG_SEEN = 18,	/*	id		OK: its exit was seen */
	QT_MSG_KICK = 19,	/*	id, u32 conn or 0 for all but me	OK */
	/* answers */
	QT_MSG_OK = 64,
	QT_MSG_ERROR = 65,	/*	i32 code (negative), text */
	QT_MSG_WELCOME = 66,	/*	welcome */
	QT_MSG_CREATED = 67,	/*	id, u32 slot, u32 pid */
	QT_MSG_ATTACHED = 68,	/*	attached */
	QT_MSG_STATED = 69,	/*	stat */
};

/* HELLO */
struct qt_control_hello {
	uint32_t	version;
	uint32_t	role;		/* enum qt_role: the most it asks for */
	uint32_t	bell_slots;	/* 0: wants no segment and no bell */
	uint32_t	flags;		/* QT_HELLO_... */
};
#define QT_HELLO_HELPER	1u	/* not counted as a viewer (the screen) */

/*
 * WELCOME. With bell_slots, three descriptors come along: the segment
 * (read-only), the bell page (struct qt_bell, writable memfd, sealed), and
 * the doorbell (eventfd).
 */
struct qt_control_welcome {
	uint32_t	version;
	uint32_t	conn;		/* this connection's id, never reused */
	uint32_t	role;
	uint32_t	pid;		/* of the host */
	uint64_t	segment;	/* qt_seg_id() */
	uint32_t	bell_slots;
	uint32_t	pad;
};

/*
 * NEW: this struct, then NUL-terminated strings one after the other: name,
 * owner, cwd (each may be empty: the host chooses), argc of argv (0: the
 * login shell), envc of "K=V".
 */
struct qt_control_new {
	uint16_t	cols, rows;	/* 0: 80x24 */
	uint32_t	policy;		/* enum qt_resize_policy */
	uint32_t	ring_limit;	/* bytes, 0: the default */
	uint32_t	flags;		/* QT_NEW_... */
	uint32_t	argc, envc;
};
#define QT_NEW_CLEAN_ENV  1u	/* env is the whole environment, not additions */
#define QT_NEW_FORGET	  2u	/* drop the record by itself once exited */
/*
 * It gets a signal (SIGHUP, unless QT_NEW_SIGNAL says another) when the
 * connection that made it closes, however that came: for what nobody could
 * come back to.
 */
#define QT_NEW_BOUND	  4u
#define QT_NEW_SIGNAL(n)  ((uint32_t)(n) << 8)	/* bits 8 to 15 */

/* ATTACH */
struct qt_control_attach {
	struct qt_uuid	id;
	uint16_t	cols, rows;	/* 0: has no size of its own */
	uint32_t	role;		/* enum qt_role, at most the connection's */
	uint32_t	channel;	/* bell slot to use, free, < bell_slots */
	uint32_t	flags;		/* QT_ATTACH_... */
};
#define QT_ATTACH_IGNORE_SIZE	1u	/* its size never decides */
#define QT_ATTACH_HELPER	2u	/* not a viewer: recorder, screen, wait */

struct qt_control_attached {
	uint32_t	slot;		/* record */
	uint32_t	generation;
	uint32_t	role;
	uint32_t	pad;
};

struct qt_control_stat {
	uint64_t	sessions, connections, attachments;
	uint64_t	rss_bytes, segment_bytes;
	uint64_t	cpu_user_us, cpu_system_us;
	uint64_t	output_bytes, rings, loops;
};

/*
 * The bell page of one connection: how a reader sleeps without the host ever
 * waiting for it. One slot an attachment.
 *
 * To sleep, a reader stores wake_at = (its position + n), n >= 1, then looks
 * at the ring once more; if nothing came it polls the doorbell. The host,
 * after it publishes, compares: head >= wake_at != 0 means exchange it to 0,
 * set QT_BELL_LOOK in rung, and write the eventfd (once for many slots). It does the same for
 * every slot of a session, whatever wake_at says unless it is 0, when
 * something other than output changed: size, exit, lead, title, name.
 *
 * A reader that moves a lot of output should not arm after each piece but
 * look again after a millisecond: the host then pays nothing for it.
 *
 * Both sides' accesses are sequentially consistent: the store of wake_at
 * pairs with the host's load after its publishing store (Dekker).
 */
struct qt_bell_slot {
	_Atomic uint64_t	wake_at;
	_Atomic uint32_t	rung;	/* QT_BELL_..., cleared by the reader */
	uint32_t		pad;
};
#define QT_BELL_LOOK	1u	/* there is something new */
#define QT_BELL_ENDED	2u	/* the host ended this attachment: KICK, or its
				 * record was dropped; rung whatever wake_at is */
#define QT_BELL_SLOTS_MAX	65536u

/*
 * Packing. Appends one whole packet (head and body) to buf.
 * Unpacking checks a received packet and points into it; no copies.
 */
int	qt_control_pack(struct qt_buf *buf, enum qt_control_type type,
	    uint32_t tag, uint32_t channel, const void *body, size_t len);
/* NEW with its strings; argv and env end with NULL, each may be NULL. */
int	qt_control_pack_new(struct qt_buf *buf, uint32_t tag,
	    const struct qt_control_new *head, const char *name,
	    const char *owner, const char *cwd, char *const *argv,
	    char *const *env);
/* 0 or -QT_EPROTO. *body is borrowed from packet. */
int	qt_control_unpack(const void *packet, size_t len,
	    struct qt_control_head *head, const void **body);
/*
 * The strings of a NEW. argv_out and env_out are allocated (one free each)
 * arrays ending with NULL that borrow from body. 0, -QT_EPROTO, -ENOMEM.
 */
int	qt_control_unpack_new(const void *body, size_t len,
	    struct qt_control_new *head, const char **name, const char **owner,
	    const char **cwd, char ***argv_out, char ***env_out);

#endif /* QT_SESSION_CONTROL_H */
