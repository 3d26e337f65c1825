/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal's screen: life, feeding, resizing. See <qt/session/vt.h>. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vt_priv.h"

static int
on_damage(VTermRect rect, void *user)
{
	((struct qt_vt *)user)->damage = rect;
	return 1;
}

static int
on_push(int cols, const VTermScreenCell *cells, void *user)
{
	struct qt_vt		*vt = user;
	const struct qt__wide	*wide;
	struct qt_buf		 text = QT_BUF_INIT;
	struct qt__line		 line = { NULL, 0 };

	wide = qt__wide_top(vt, cells, cols);
	if ((wide != NULL ? qt__row_add(vt, wide->cells, 0, wide->cols, &text) :
	    qt__row_add(vt, cells, 0, cols, &text)) == 0 &&
	    qt__line_set(&line, text.data, text.len) == 0)
		qt__lines_push(&vt->back, &line);
	qt__wide_next(vt);
	qt_buf_clear(&text);
	return 1;
}

static const VTermScreenCallbacks callbacks = {
	.damage = on_damage,
	.sb_pushline = on_push,
};

/* What libvterm would answer; the answers are screen_reply.c's. */
static void
on_output(const char *text, size_t len, void *user)
{
	(void)text;
	(void)len;
	(void)user;
}

static int
check_size(uint16_t cols, uint16_t rows)
{
	if (cols == 0 || rows == 0)
		return -EINVAL;
	return (uint32_t)cols * rows > QT_VT_CELLS_MAX ? -QT_EFULL : 0;
}

int
qt_vt_new(uint16_t cols, uint16_t rows, uint32_t scrollback,
    struct qt_vt **out)
{
	struct qt_vt	*vt;
	int		rc = check_size(cols, rows);

	if (rc < 0)
		return rc;
	if (scrollback > QT_VT_SCROLLBACK_MAX)
		scrollback = QT_VT_SCROLLBACK_MAX;
	vt = calloc(1, sizeof(*vt));
	if (vt == NULL)
		return -ENOMEM;
	vt->cols = cols;
	vt->rows = rows;
	vt->back.max = scrollback;
	vt->back.line = calloc(scrollback + 1, sizeof(*vt->back.line));
	vt->cells = calloc(cols, sizeof(*vt->cells));
	vt->vt = vterm_new(rows, cols);
	if (vt->back.line == NULL || vt->cells == NULL || vt->vt == NULL) {
		qt_vt_free(vt);
		return -ENOMEM;
	}
	vterm_set_utf8(vt->vt, 1);
	vterm_output_set_callback(vt->vt, on_output, NULL);
	vt->state = vterm_obtain_state(vt->vt);
	vt->screen = vterm_obtain_screen(vt->vt);
	vterm_screen_set_callbacks(vt->screen, &callbacks, vt);
	vterm_screen_enable_altscreen(vt->screen, 1);
	vterm_screen_reset(vt->screen, 1);
	*out = vt;
	return 0;
}

void
qt_vt_free(struct qt_vt *vt)
{
	if (vt == NULL)
		return;
	qt__vt_drop_main(vt);
	qt__wide_clear(vt);
	if (vt->back.line != NULL)
		qt__lines_clear(&vt->back);
	free(vt->back.line);
	free(vt->cells);
	if (vt->vt != NULL)
		vterm_free(vt->vt);
	free(vt);
}

/* Layout controls inside a sequence are executed before it. */
static void
embedded(struct qt_vt *vt)
{
	uint32_t	i;

	for (i = 1; i < vt->hold_len && i < QT__VT_HOLD; i++)
		if (vt->hold[i] >= 0x08 && vt->hold[i] <= 0x0d) {
			qt__vt_write(vt, &vt->hold[i], 1);
			vt->is_text = 0;
		}
}

/* Whether it may move the cursor, also from behind the last column. */
static int
is_moving(const struct qt_scan_seq *q)
{
	if (q->kind == QT_SCAN_CSI)
		return strchr("mbhlKJ", q->final) == NULL && q->inter == 0;
	return q->kind == QT_SCAN_ESC && q->inter == 0 &&
	    strchr("=>no", q->final) == NULL;
}

static int
is_string_start(const struct qt_vt *vt)
{
	uint8_t	c = vt->hold_len > 1 ? vt->hold[1] : 0;

	if (vt->hold[0] == 0xc2)
		c = (uint8_t)(c - 0x40);
	return c != 0 && strchr("]PX^_", c) != NULL;
}

static void
hold(struct qt_vt *vt, const uint8_t *p, size_t len)
{
	size_t	n = QT__VT_HOLD - vt->hold_len;

	n = len < n ? len : n;
	memcpy(vt->hold + vt->hold_len, p, n);
	vt->hold_len += (uint32_t)n;
}

/* A sequence ended: the byte that may start the next one stays. */
static void
settle(struct qt_vt *vt)
{
	vt->hold_len = 0;
	if (vt->scan.state == QT__S_ESC)
		vt->hold[vt->hold_len++] = 0x1b;
	else if (qt__scan_has_kept(&vt->scan))
		vt->hold[vt->hold_len++] = 0xc2;
}

/* The tracker does not know how many rows there are for margins. */
static void
track(struct qt_vt *vt, const struct qt_scan_seq *q)
{
	uint16_t	top = vt->modes.margin_top;
	uint16_t	bottom = vt->modes.margin_bottom;

	qt_modes_seq(&vt->modes, q);
	if (vt->modes.margin_top >= vt->rows) {
		vt->modes.margin_top = top;
		vt->modes.margin_bottom = bottom;
	}
}

static void
one_event(struct qt_vt *vt, enum qt__scan_event ev, const uint8_t *p,
    size_t used, const struct qt_scan_seq *seq)
{
	if (ev == QT__SCAN_TEXT) {
		if (vt->hold_len > 0)	/* a C2 that began a character */
			qt__vt_text(vt, vt->hold, 1);
		vt->hold_len = 0;
		qt__vt_text(vt, p, used);
		return;
	}
	if (vt->hold_len == 0 && ev == QT__SCAN_MORE && used == 1 &&
	    *p == 0xc2) {
		hold(vt, p, used);
		return;
	}
	qt__vt_flush(vt);
	vt->part_len = 0;
	hold(vt, p, used);
	if (ev == QT__SCAN_MORE)
		return;
	if (ev == QT__SCAN_CONTROL) {
		qt__vt_seq(vt, seq);
		track(vt, seq);
		if (vt->scan.state == QT__S_GROUND)
			vt->hold_len = 0;
		return;
	}
	if (!is_string_start(vt))
		embedded(vt);
	if (ev == QT__SCAN_SEQ) {
		qt__vt_seq(vt, seq);
		track(vt, seq);
		if (is_moving(seq))
			vt->is_text = 0;
	}
	if (ev != QT__SCAN_SEQ || seq->kind != QT_SCAN_CSI ||
	    seq->final != 'b')
		vt->cluster_len = 0;
	settle(vt);
}

static void
feed(struct qt_vt *vt, const uint8_t *p, size_t len)
{
	struct qt_scan_seq	seq = { .kind = QT_SCAN_CONTROL };
	enum qt__scan_event	ev;
	size_t			used;

	while (len > 0) {
		ev = qt__scan_next(&vt->scan, p, len, &used, &seq);
		one_event(vt, ev, p, used, &seq);
		p += used;
		len -= used;
		vt->fed += used;
		if (vt->scan.state == QT__S_GROUND && vt->scan.flags == 0)
			vt->safe = vt->fed - vt->part_len;
	}
}

void
qt_vt_feed(struct qt_vt *vt, const void *data, size_t len)
{
	feed(vt, data, len);
}

void
qt__vt_draw(struct qt_vt *vt, const char *text, size_t len)
{
	struct qt_scan	scan = vt->scan;
	uint64_t	fed = vt->fed, safe = vt->safe;
	uint8_t		hold_copy[QT__VT_HOLD], part[4], part_len;
	uint32_t	hold_len = vt->hold_len;

	memcpy(hold_copy, vt->hold, hold_len);
	memcpy(part, vt->part, sizeof(part));
	part_len = vt->part_len;
	vt->scan = (struct qt_scan)QT_SCAN_INIT;
	vt->hold_len = 0;
	vt->part_len = 0;
	feed(vt, (const uint8_t *)text, len);
	qt__vt_flush(vt);
	vt->cluster_len = 0;
	vt->is_text = 0;
	vt->scan = scan;
	vt->fed = fed;
	vt->safe = safe;
	memcpy(vt->hold, hold_copy, hold_len);
	vt->hold_len = hold_len;
	memcpy(vt->part, part, sizeof(part));
	vt->part_len = part_len;
}

/* The kept rows for another number of rows. 0 or -ENOMEM. */
static int
resize_wide(struct qt_vt *vt, uint16_t rows)
{
	struct qt__wide	*wide;
	int		i;

	if (vt->wide == NULL)
		return 0;
	for (i = rows; i < vt->rows; i++)
		free(vt->wide[i].cells);
	wide = realloc(vt->wide, rows * sizeof(*wide));
	if (wide == NULL)
		return -ENOMEM;
	for (i = vt->rows; i < rows; i++)
		wide[i] = (struct qt__wide){ NULL, 0 };
	vt->wide = wide;
	return 0;
}

int
qt_vt_resize(struct qt_vt *vt, uint16_t cols, uint16_t rows)
{
	VTermScreenCell	*cells;
	VTermPos	pos;
	int		old = vt->cols, rc = check_size(cols, rows);

	if (rc < 0 || (cols == vt->cols && rows == vt->rows))
		return rc;
	qt__vt_flush(vt);
	vt->is_text = 0;
	qt__wide_keep(vt, cols);
	cells = calloc(cols > vt->cols ? cols : vt->cols, sizeof(*cells));
	if (cells == NULL)
		return -ENOMEM;
	free(vt->cells);
	vt->cells = cells;
	/* Scrolls lines away first, while the rows are what they were. */
	vterm_set_size(vt->vt, rows, cols);
	if (resize_wide(vt, rows) < 0)
		return -ENOMEM;
	vt->cols = cols;
	vt->rows = rows;
	vt->modes.margin_top = vt->modes.margin_bottom = 0;
	/* libvterm 0.1.4 may leave the cursor above the first row. */
	vterm_state_get_cursorpos(vt->state, &pos);
	pos.row = pos.row < 0 ? 0 : pos.row < rows ? pos.row : rows - 1;
	pos.col = pos.col < cols ? pos.col : cols - 1;
	qt__vt_writef(vt, "\x1b[r\x1b[%d;%dH", pos.row + 1, pos.col + 1);
	qt__wide_restore(vt, old);
	return 0;
}

/*
 * Whether the cursor waits behind the last column. libvterm does not tell, but
 * then text came last and was drawn there.
 */
int
qt__vt_is_wrap_pending(const struct qt_vt *vt)
{
	VTermPos	pos;

	vterm_state_get_cursorpos(vt->state, &pos);
	return vt->is_text && pos.col == vt->cols - 1 &&
	    (vt->modes.dec & QT_MODE_NO_WRAP) == 0 &&
	    vt->damage.end_col == vt->cols &&
	    vt->damage.end_row == pos.row + 1;
}

uint64_t
qt_vt_safe(const struct qt_vt *vt)
{
	return vt->safe;
}

void
qt_vt_cursor(struct qt_vt *vt, uint32_t *col, uint32_t *row)
{
	VTermPos	pos;

	qt__vt_flush(vt);
	vterm_state_get_cursorpos(vt->state, &pos);
	*col = (uint32_t)pos.col;
	*row = (uint32_t)pos.row;
}

void
qt_vt_size(const struct qt_vt *vt, uint16_t *cols, uint16_t *rows)
{
	*cols = vt->cols;
	*rows = vt->rows;
}

size_t
qt_vt_memory(const struct qt_vt *vt)
{
	size_t	cells = (size_t)vt->cols * vt->rows;
	size_t	wide = vt->wide != NULL ? cells : 0;

	return sizeof(*vt) + cells * 2 * sizeof(VTermScreenCell) +
	    wide * 2 * sizeof(VTermScreenCell) + vt->back.bytes +
	    (vt->back.max + vt->back.count) * sizeof(struct qt__line) + 4096;
}
