/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_TARGET_H
#define QT_SHM_TARGET_H

#include <qt/base/err.h>
#include <qt/base/prog.h>
#include <qt/shm/segment.h>

/*
 * What a command is about: SEG, the segment /dev/shm/SEG, or SEG/NAME, a
 * structure in it.
 */
struct target {
	char	seg[256];	/* as typed, without a leading '/' */
	char	name[QT_SEG_NAME_SIZE];	/* "" for the whole segment */
	char	text[336];	/* "SEG" or "SEG/NAME", for messages */
};

/* Which forms a command takes. */
#define TARGET_SEG	1u
#define TARGET_NAME	2u

/* Reads an operand; exits 2 when it is not of a form that is wanted. */
void	target_parse(struct target *t, const char *text, unsigned int forms);

/*
 * Opens the segment, or exits 3. To change something (QT_SEG_JOIN) it must be
 * one of those that people make: another program's, such as the session
 * host's, may be looked into only.
 */
struct qt_seg *target_open(const struct target *t, unsigned int flags);

/* Leaves and closes it. Also done at exit. */
void	target_close(struct qt_seg *seg);

/* The kind of segments that this program makes, and changes. */
#define SEG_KIND	"shm"

/*
 * Says "qt-shm: SEG/NAME: what is wrong (a way out)" and exits: 1 when the
 * answer was no (full, empty, timed out), else 3. err may be NULL.
 */
_Noreturn void target_die(const struct target *t, int rc,
	    const struct qt_err *err);
/* The same message; for who goes on. Returns the exit status. */
enum qt_exit target_warn(const struct target *t, int rc,
	    const struct qt_err *err);

/* "-W 2.5": milliseconds, or exit 2. */
int64_t	target_timeout_ms(const char *text);

#endif /* QT_SHM_TARGET_H */
