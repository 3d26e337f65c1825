/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_VT_PRIV_H
#define QT_SESSION_VT_PRIV_H

/* What the vt_*.c files share. libvterm is seen only there. */

#include <vterm.h>

#include <qt/session/scan.h>
#include <qt/session/vt.h>

#include "scan_priv.h"

#define QT__VT_HOLD	512u	/* bytes of a control sequence */
#define QT__VT_LETTER	0x10ff00u	/* stand-ins of letters */
#define QT__VT_ZEROES	240u	/* stand-ins for combining characters */

/* Looks of a cell or of the pen. What libvterm lacks is in its font number. */
struct qt__pen {
	VTermColor	fg, bg;
	uint8_t		bold, italic, underline, blink, reverse, strike;
	uint8_t		font;		/* QT__FONT_... */
};
#define QT__FONT_DIM		1u
#define QT__FONT_HIDDEN		2u
#define QT__FONT_OVERLINE	4u

struct qt__saved {
	uint8_t		is_set, is_origin, charset_gl, charset[4];
	int		row, col;
	struct qt__pen	pen;
};

/* A line outside the screen: text and SGR, from and to the default pen. */
struct qt__line {
	char		*text;
	uint32_t	 len;
};

/* A row as it was before the screen became narrower. */
struct qt__wide {
	VTermScreenCell	*cells;
	int		 cols;
};

struct qt__lines {
	struct qt__line	*line;
	uint32_t	 first, count, max;	/* a ring of max */
	size_t		 bytes;
};

struct qt_vt {
	VTerm		*vt;
	VTermState	*state;
	VTermScreen	*screen;
	uint16_t	 cols, rows;
	struct qt_scan	 scan;
	struct qt_modes	 modes;
	uint64_t	 fed, safe;

	/* the last character and what combines with it */
	uint8_t		 cluster[64], cluster_len, cluster_chars;
	uint8_t		 is_written;	/* the cluster was given to libvterm */
	uint8_t		 is_text;	/* nothing came after it */
	uint8_t		 part[4], part_len;	/* of a UTF-8 character */
	uint8_t		 hold[QT__VT_HOLD];
	uint32_t	 hold_len;
	VTermRect	 damage;	/* what was drawn last */

	uint8_t		 font;
	uint8_t		 is_alt;
	struct qt__saved saved[2];	/* of the main and alternate screen */
	struct qt__saved main_cursor;	/* while the other is shown */
	struct qt__line	*main_row;	/* rows of them, likewise */
	uint16_t	 main_rows;
	struct qt__lines back;		/* scrollback */
	struct qt__wide	*wide;		/* rows of them */
	VTermScreenCell	*cells;		/* one row, for reading */
	uint32_t	 zero[QT__VT_ZEROES];
	uint32_t	 zeroes;
};

/* vt_text.c */
void	qt__vt_text(struct qt_vt *vt, const uint8_t *p, size_t len);
void	qt__vt_flush(struct qt_vt *vt);
void	qt__vt_repeat(struct qt_vt *vt, uint32_t count);
void	qt__vt_write(struct qt_vt *vt, const void *p, size_t len);
void	qt__vt_writef(struct qt_vt *vt, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* vt_width.c */
int	qt__vt_width(uint32_t c);	/* what it should be */
/* What libvterm is told instead of c, and back. */
uint32_t qt__vt_encode(struct qt_vt *vt, uint32_t c);
uint32_t qt__vt_decode(const struct qt_vt *vt, uint32_t c);
/* 0 when invalid, -1 when cut off; else its length. */
int	qt__utf8_get(const uint8_t *p, size_t len, uint32_t *c);
size_t	qt__utf8_put(uint8_t out[4], uint32_t c);
/* vt_sgr.c */
void	qt__vt_sgr(struct qt_vt *vt, const uint8_t *text, size_t len);
void	qt__pen_reset(struct qt__pen *pen);
void	qt__pen_of_cell(struct qt__pen *pen, const VTermScreenCell *cell);
void	qt__pen_now(struct qt_vt *vt, struct qt__pen *pen);
/* Appends the SGR that turns from into to, or nothing. 0 or -ENOMEM. */
int	qt__pen_change(const struct qt__pen *from, const struct qt__pen *to,
	    struct qt_buf *out);
/* vt_seq.c */
void	qt__vt_seq(struct qt_vt *vt, const struct qt_scan_seq *seq);
void	qt__vt_save(struct qt_vt *vt, struct qt__saved *s);
void	qt__vt_restore(struct qt_vt *vt, const struct qt__saved *s);
/* vt.c: feeds text that is ours, between two bytes of the session's. */
void	qt__vt_draw(struct qt_vt *vt, const char *text, size_t len);
int	qt__vt_is_wrap_pending(const struct qt_vt *vt);
/* Reads a row into vt->cells. */
void	qt__vt_read(struct qt_vt *vt, int row);
/* vt_row.c */
int	qt__row_add(const struct qt_vt *vt, const VTermScreenCell *cells,
	    int from, int cols, struct qt_buf *out);
int	qt__vt_row(struct qt_vt *vt, int row, struct qt_buf *out);
int	qt__line_set(struct qt__line *line, const char *text, size_t len);
void	qt__lines_push(struct qt__lines *l, struct qt__line *line);
const struct qt__line *qt__lines_get(const struct qt__lines *l, uint32_t i);
void	qt__lines_clear(struct qt__lines *l);
/* Without the SGR. */
int	qt__line_plain(const char *text, size_t len, struct qt_buf *out);
void	qt__vt_keep_main(struct qt_vt *vt);
void	qt__vt_drop_main(struct qt_vt *vt);
/* Columns it takes. */
uint32_t qt__line_width(const struct qt__line *line);
/* vt_wide.c: what a narrower screen would lose */
void	qt__wide_keep(struct qt_vt *vt, int cols);
/* Columns from old on that a wider screen has room for again. */
void	qt__wide_restore(struct qt_vt *vt, int old);
/* Row 0 scrolls away: its cells, wider ones if there are. Then next(). */
const struct qt__wide *qt__wide_top(struct qt_vt *vt,
	    const VTermScreenCell *cells, int cols);
void	qt__wide_next(struct qt_vt *vt);
void	qt__wide_clear(struct qt_vt *vt);

#endif /* QT_SESSION_VT_PRIV_H */
