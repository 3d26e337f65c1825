/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_PICK_DRAW_H
#define QT_HIST_PICK_DRAW_H
/*
 * What the picker shows, as bytes for a terminal.
 *
 *	+----------------------------------------------+
 *	|> query                                       |
 *	|  12/190022  host  best                F1 help|
 *	|>+  5m ! a command                            |  list
 *	|    2h   another one                          |
 *	|-- 3 runs, 2 without error -------------------|  preview
 *	|a command, whole                              |
 *	|   5m  2026-11-21 20:30:05  exit 1  12.0s  ~/x|
 *	+----------------------------------------------+
 *
 * The rows are written one below the other from where the cursor is, which is
 * the first one's begin, and the cursor ends in the query. So the area may be
 * anywhere on the screen, which scrolls when it has to. Lines are not wrapped
 * meanwhile: a terminal with other widths than ours shows less of one, no more.
 * Pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qt/base/buf.h>

struct pick_row {
	const char	*text;
	size_t		 len;
	const uint32_t	*at;		/* bytes that matched, ascending */
	size_t		 at_count;
	uint64_t	 when_us;	/* since 1970; 0: not known */
	int32_t		 status;	/* -1: not known */
	bool		 is_running, is_marked;
};

struct pick_run {
	uint64_t	 when_us, took_us;	/* UINT64_MAX: not known */
	int32_t		 status;
	bool		 is_running;
	const char	*folder, *host;
	size_t		 folder_len, host_len;
};

struct pick_preview {
	const char		*text;	/* of the command; NULL: there is none */
	size_t			 len;
	uint32_t		 count, good;	/* runs; that ended with 0 */
	const struct pick_run	*runs;	/* the last ones */
	uint32_t		 run_count;
};

struct pick_screen {
	unsigned int		 cols, rows;	/* of the area */
	bool			 has_color;
	uint64_t		 now_us;
	const char		*home;	/* shown as ~; may be NULL */
	/* The query; wrong: where it does not parse, UINT32_MAX: it does. */
	const char		*query;
	size_t			 len, at;
	uint32_t		 wrong, wrong_len;
	bool			 is_normal;	/* vi */
	/* Below it; hint is at the right where there is room. */
	const char		*status, *hint;
	bool			 is_alarm;	/* status is to be seen */
	const struct pick_row	*list;
	unsigned int		 list_count, cursor;
	struct pick_preview	 preview;
	const char *const	*help;	/* in place of list and preview, or NULL */
	unsigned int		 help_count;
};

struct pick_layout {
	unsigned int	list_row, list_rows;
	unsigned int	preview_rows;	/* with its rule; 0: none */
};
/* rows >= 3. A preview is shown where there is room for it and the list. */
struct pick_layout pick_layout(unsigned int rows, bool has_preview);
#define PICK_PREVIEW_ROWS	12u	/* from so many on there is room */

void	pick_draw(const struct pick_screen *s, struct qt_buf *out);

#endif /* QT_HIST_PICK_DRAW_H */
