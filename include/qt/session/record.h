/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_RECORD_H
#define QT_SESSION_RECORD_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>
#include <qt/base/uuid.h>
#include <qt/session/id.h>
#include <qt/shm/segment.h>

/*
 * The session table as readers see it: fixed records in the host's segment,
 * each behind a sequence lock, found by id or name through a hash index in
 * O(1). Only the host writes. Reading needs no host: `qt-session ls` answers
 * while the host is stuck or dead. Byte layout: qt-segment(5), "Session
 * table".
 *
 * A snapshot of a record (struct qt_session) is plain data, copied out
 * consistently. The words that change with every byte of output stay in the
 * segment (struct qt_session_live) and are read one by one.
 */
struct qt_session {
	struct qt_uuid	id;
	uint32_t	slot;		/* index of the record */
	uint32_t	generation;	/* grows when the slot is reused */
	enum qt_session_state state;
	enum qt_resize_policy policy;
	char		name[QT_SESSION_NAME_SIZE];
	char		owner[QT_SESSION_OWNER_SIZE];
	char		title[128];	/* set by the program, UTF-8, no controls */
	char		cwd[256];	/* at start; cut when longer */
	char		command[256];	/* argv joined by spaces, cut */
	uint32_t	pid;		/* of the child, also its session leader */
	uint16_t	cols, rows;
	uint64_t	size_seq;	/* grows with every resize */
	uint64_t	size_offset;	/* head when the size last changed */
	int32_t		exit_status;	/* wait(2) status once EXITED */
	uint64_t	exit_offset;	/* head after the last byte, once EXITED */
	uint64_t	created_ms, changed_ms, exited_ms;	/* Unix time */
	uint64_t	ring_offset;	/* for qt_ring_reader_open */
	uint64_t	ring_limit;
	uint32_t	viewers;	/* attachments, the host's helpers excluded */
	uint32_t	lead;		/* connection id of the lead viewer, or 0 */
	uint32_t	lead_slot;	/* its bell slot */
	uint64_t	lead_offset;	/* head when the last lead left: queries
					 * up to there were a viewer's to answer */
	uint32_t	flags;		/* QT_SESSION_... */
};

#define QT_SESSION_SEEN		1u	/* its exit was seen: may be pruned */

/* Statistics, each word an atomic of its own; never reset. */
struct qt_session_live {
	_Atomic uint64_t	output_bytes;	/* = the ring's head */
	_Atomic uint64_t	input_bytes;
	_Atomic uint64_t	output_ms;	/* time of the last output, Unix */
	_Atomic uint64_t	input_ms;
	_Atomic uint64_t	rings;		/* doorbells rung */
	_Atomic uint64_t	refused;	/* input bytes refused: queue full */
};

struct qt_session_table;	/* a reader's handle; one thread at a time */

/*
 * Opens the table in a segment of kind "host". The segment is borrowed and
 * must outlive it. -ENOENT (no table in it), -QT_EFORMAT, -QT_EVERSION,
 * -QT_ECORRUPT, -ENOMEM.
 */
int	qt_session_table_open(const struct qt_seg *seg,
	    struct qt_session_table **out, struct qt_err *err);
void	qt_session_table_close(struct qt_session_table *t);

/*
 * A consistent copy of a record. 0, or -ENOENT when the slot is free or
 * beyond the table.
 */
int	qt_session_get(struct qt_session_table *t, uint32_t slot,
	    struct qt_session *out);
/* By id. 0, or -ENOENT: then out has nothing that means anything. */
int	qt_session_find(struct qt_session_table *t, const struct qt_uuid *id,
	    struct qt_session *out);
/*
 * By what a person types: a name, an id, or a prefix of an id of at least 4
 * characters. 0, -ENOENT, or -EEXIST when a prefix fits several.
 */
int	qt_session_resolve(struct qt_session_table *t, const char *text,
	    struct qt_session *out);
/*
 * Every record in use, oldest id first; owner NULL for all, else by the
 * owner's list. 1 with a session, 0 at the end. *cursor starts at 0.
 */
int	qt_session_next(struct qt_session_table *t, const char *owner,
	    uint64_t *cursor, struct qt_session *out);
/* Borrowed until the table is closed; NULL for a bad slot. */
const struct qt_session_live *qt_session_live(struct qt_session_table *t,
	    uint32_t slot);

/* Host-wide numbers. */
struct qt_host_info {
	uint32_t	pid;
	uint32_t	is_alive;	/* the kernel's verdict, not a guess */
	uint64_t	started_ms;
	uint64_t	boot;		/* grows with every host on this segment */
	uint32_t	sessions, sessions_max;
	uint64_t	events_ring;	/* ring offset: JSON lines of events */
	uint64_t	output_bytes, input_bytes, created, exited;
	char		version[32];
};
/* Copies them, each by itself, not all of one moment. Always 0. */
int	qt_host_info(struct qt_session_table *t, struct qt_host_info *out);

#endif /* QT_SESSION_RECORD_H */
