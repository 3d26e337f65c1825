/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_ID_H
#define QT_SESSION_ID_H

/* Sizes and small vocabularies that every part of the session module shares. */

#include <stdint.h>

#define QT_SESSION_NAME_SIZE	64	/* with the final NUL */
#define QT_SESSION_OWNER_SIZE	32
#define QT_SESSION_COLS_MAX	2000
#define QT_SESSION_ROWS_MAX	1000
/* Columns times rows: a larger screen takes more memory than it is worth. */
#define QT_SESSION_CELLS_MAX	(512u << 10)
#define QT_SESSION_INPUT_MAX	(1u << 20)	/* queued input of a session */

enum qt_session_state {
	QT_STATE_FREE,		/* the record is not in use */
	QT_STATE_RUNNING,
	QT_STATE_EXITED,	/* exit_status and exit_offset are final */
	QT_STATE_LOST,		/* its host died */
	QT_STATE_SPARE,		/* pre-started shell that nobody asked for yet */
};

enum qt_resize_policy {
	QT_RESIZE_LATEST,	/* the viewer that typed or resized last */
	QT_RESIZE_SMALLEST,
	QT_RESIZE_LARGEST,
	QT_RESIZE_FIXED,	/* only by the resize verb */
};

enum qt_role {
	QT_ROLE_NONE,
	QT_ROLE_READER,		/* may look */
	QT_ROLE_WRITER,		/* may type, resize, rename and kill its own */
	QT_ROLE_OWNER,		/* may do everything */
};

/* The word for a value, "unknown" for one that is none. Never NULL. */
const char *qt_session_state_name(enum qt_session_state state);
const char *qt_resize_policy_name(enum qt_resize_policy policy);
const char *qt_role_name(enum qt_role role);
/* The value of such a word, or -EINVAL. */
int	qt_resize_policy_parse(const char *text);

/*
 * A session's name: 1 to 63 bytes of UTF-8 without control characters, '/',
 * ':' or leading '-', not "." or "..", and not the text of a UUID. 0 or
 * -EINVAL.
 */
int	qt_session_name_check(const char *name);

/*
 * A terminal's size: 1x1 to QT_SESSION_COLS_MAX x QT_SESSION_ROWS_MAX, and no
 * more than QT_SESSION_CELLS_MAX cells. What somebody asks for by its numbers
 * is checked: 0 or -EINVAL. What somebody's window happens to have is clamped:
 * the nearest size that a session can have; too many cells cost rows, since
 * lines break at columns.
 */
int	qt_session_size_check(uint16_t cols, uint16_t rows);
void	qt_session_size_clamp(uint16_t *cols, uint16_t *rows);

#endif /* QT_SESSION_ID_H */
