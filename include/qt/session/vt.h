/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_VT_H
#define QT_SESSION_VT_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/buf.h>
#include <qt/session/id.h>
#include <qt/session/screen.h>

/*
 * A terminal's screen: libvterm behind our own scanner, which covers what
 * libvterm 0.1.4 gets wrong (several modes in one sequence, underline colours
 * taken for blinking, no dim or hidden text, one saved cursor for two screens,
 * widths of newer characters, erased scrollback, ...) and keeps strings and
 * queries away from it. Characters are as wide as xterm.js with its unicode11
 * addon makes them.
 *
 * Programs that send hostile bytes may crash libvterm; only processes that may
 * die use this. Not for two threads at once.
 */
struct qt_vt;

#define QT_VT_CELLS_MAX		QT_SESSION_CELLS_MAX	/* cols * rows */
#define QT_VT_SCROLLBACK_MAX	100000u		/* lines */

/* -EINVAL for a size of 0, -QT_EFULL beyond QT_VT_CELLS_MAX, -ENOMEM. */
int	qt_vt_new(uint16_t cols, uint16_t rows, uint32_t scrollback,
	    struct qt_vt **out);
void	qt_vt_free(struct qt_vt *vt);

/* Any split of the bytes gives the same screen. */
void	qt_vt_feed(struct qt_vt *vt, const void *data, size_t len);
/*
 * Lines that become too long for the screen are kept and come back when it
 * is wide enough again, unless something was written over them. As new().
 */
int	qt_vt_resize(struct qt_vt *vt, uint16_t cols, uint16_t rows);

/* Bytes fed up to the last place where the scanner was safe. */
uint64_t qt_vt_safe(const struct qt_vt *vt);
/* From 0. */
void	qt_vt_cursor(struct qt_vt *vt, uint32_t *col, uint32_t *row);
void	qt_vt_size(const struct qt_vt *vt, uint16_t *cols, uint16_t *rows);
/* Memory it uses, about. */
size_t	qt_vt_memory(const struct qt_vt *vt);

#define QT_VT_KEEP_SCROLLBACK	1u	/* of the terminal that is drawn on */

/*
 * Appends the screen in a form of screen.h (MODES: the preamble), with at most
 * so many lines of scrollback. 0 or -ENOMEM.
 *
 * ANSI redraws it on any terminal of at least that size without a flash: it
 * begins synchronized output (?2026h), resets by DECSTR and single modes
 * instead of RIS, clears by CUP and ED 0, which no terminal turns into
 * scrollback, and erases the terminal's scrollback (ED 3) only when it brings
 * another. The main screen is drawn first, then the alternate one if that is
 * shown, then modes, saved cursor, cursor and pen.
 */
int	qt_vt_dump(struct qt_vt *vt, enum qt_screen_form form,
	    uint32_t scrollback, unsigned int flags, struct qt_buf *out);

#endif /* QT_SESSION_VT_H */
