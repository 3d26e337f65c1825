/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_SPOOL_H
#define QT_HIST_SPOOL_H
/*
 * Spools: what shells write down for qt-hist to take in.
 *
 * At its prompt a shell may do no more than to append to a file, by built-ins.
 * So the format is what printf can write and what needs no escaping: fields that
 * end in a NUL byte, which no command, path or variable of a shell can have.
 *
 *	spool	head record ...
 *	head	"qt-hist-spool 1 TOKEN\n"	TOKEN: 16 hex digits, random
 *	record	RS TOKEN kind NUL field NUL ... RS TOKEN "." NUL
 *
 * RS is the byte 0x1e. A record that is torn, as its shell was killed or the disk
 * was full, lacks its end; the next one begins with the token, which nobody
 * knows who writes a command elsewhere.
 *
 *	kind	fields
 *	S	host user tty shell version pid start QT_SESSION boot pidns
 *	B	number start cwd text
 *	E	number start end status statuses cwd form text
 *
 * S is the session, written with the head by who makes the file; B a command
 * that begins, where the shell tells (zsh and fish do); E one that has ended.
 * number tells commands of a session that began at once from each other, and B
 * and E of one have the same. Times are microseconds since 1970, or seconds, what
 * a locale has for a point, and six digits; 0 or empty where they are not known.
 * status is the exit status, or empty where nobody knows; statuses are those of a
 * pipeline's commands, with spaces between. form says how text is to be read: "t"
 * as it is, "f" and "h" as bash's fc -ln and history print it, "b" not at all: it
 * is in B; "c" as "f", and if that is a comment the command is in the next field,
 * as "f", too; "e" as "h", with the time of the last prompt and a space before it,
 * and the entry's own time, in seconds, and a space in it: that may be of an
 * earlier command. There may be more fields in later versions: they are behind
 * these.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QT_HIST_SPOOL_HEAD	33u	/* bytes of the head */
#define QT_HIST_TOKEN		16u
#define QT_HIST_PIPE_MAX	16u	/* statuses; more are left out */
#define QT_HIST_TEXT_MAX	(1u << 20)	/* bytes of a field; with longer ones
					   a record is passed over */

/* Bytes of somebody else's. */
struct qt_hist_bytes {
	const char	*data;
	size_t		 len;
};

enum qt_hist_spool_kind {
	QT_HIST_SPOOL_SESSION = 'S', QT_HIST_SPOOL_BEGIN = 'B',
	QT_HIST_SPOOL_END = 'E'
};

/* What a kind does not have is empty, or 0. */
struct qt_hist_spool_record {
	enum qt_hist_spool_kind kind;
	struct qt_hist_bytes host, user, tty, shell, version, qt_session;
	struct qt_hist_bytes boot;	/* the kernel's boot_id */
	struct qt_hist_bytes cwd, text;
	uint64_t	pid, pid_ns;	/* that of its number in /proc/PID/ns */
	uint64_t	number, start_us, end_us;
	int32_t		status;		/* -1: not known */
	uint32_t	pipe_count;
	int32_t		pipe[QT_HIST_PIPE_MAX];
	bool		has_text;	/* else it is that of B */
	bool		is_unsure;	/* it may be that of the record before */
};

/* Whether a file of that name in a folder of spools is one. */
bool	qt_hist_spool_is_name(const char *name);
/* The head for a token of 16 hex digits; out is not terminated. */
void	qt_hist_spool_head(char out[QT_HIST_SPOOL_HEAD],
	    const char token[QT_HIST_TOKEN]);
/* 0 and the token, or -QT_EFORMAT. */
int	qt_hist_spool_token(char token[QT_HIST_TOKEN], const void *data,
	    size_t len);

/*
 * The next record of a spool. data, len are what is left of it, from anywhere
 * behind the head; torn and unknown ones are passed over. 1: there is one,
 * and *used bytes belong to it and to what was passed over; it borrows from
 * data. 0: none that is whole; *used may be more than 0, and *lost counts bytes
 * that were passed over, in either case. Pure.
 */
int	qt_hist_spool_next(struct qt_hist_spool_record *out,
	    const char token[QT_HIST_TOKEN], const void *data, size_t len,
	    size_t *used, uint64_t *lost);

#endif /* QT_HIST_SPOOL_H */
