/* SPDX-License-Identifier: Apache-2.0 */
/* The screen as bytes, in the forms of screen.h. See <qt/session/vt.h>. */

#include <string.h>

#include <qt/base/json.h>

#include "vt_priv.h"

/*
 * A reset that does not flash: synchronized output first, then DECSTR and
 * what it leaves: the alternate screen, mouse, paste, focus, keyboard modes,
 * character sets, margins, pen.
 */
static const char reset[] =
	"\x1b[?2026h\x1b[?25l\x1b[<9u\x1b[?1049l\x1b[!p"
	"\x1b[?1;5;6;9;12;66;1000;1001;1002;1003;1004;1005;1006;1007;1015;"
	"1016;2004l\x1b[?7h\x1b[4l\x1b[20l\x1b>\x1b[>4;0m\x1b[<9u\x1b[=0u"
	"\x1b[0 q\x1b[r\x1b(B\x1b)B\x1b*B\x1b+B\x0f\x1b[m\x1b[H\x1b[J";

static uint32_t
back_count(const struct qt_vt *vt, uint32_t wanted)
{
	return wanted < vt->back.count ? wanted : vt->back.count;
}

/*
 * Scrollback: its lines are printed from the top, which scrolls most of them
 * away, and line feeds in the last row push the rest out of the screen.
 */
static int
ansi_back(struct qt_vt *vt, uint32_t wanted, struct qt_buf *out)
{
	uint32_t		i, n = back_count(vt, wanted), rows = 0, width;
	const struct qt__line	*line;
	int			rc = 0;

	for (i = vt->back.count - n; i < vt->back.count && rc == 0; i++) {
		line = qt__lines_get(&vt->back, i);
		width = qt__line_width(line);
		rc = qt_buf_add(out, line->text, line->len);
		if (rc == 0)
			rc = qt_buf_add(out, "\r\n", 2);
		if (rows < vt->rows)
			rows += 1 + (width > 0 ? (width - 1) / vt->cols : 0);
	}
	if (n == 0 || rc < 0)
		return rc;
	if (rows > vt->rows - 1u)
		rows = vt->rows - 1u;
	rc = qt_buf_addf(out, "\x1b[%u;1H", vt->rows);
	for (; rows > 0 && rc == 0; rows--)
		rc = qt_buf_add(out, "\n", 1);
	return rc;
}

static int
ansi_row(const char *text, size_t len, int row, struct qt_buf *out)
{
	int	rc;

	if (len == 0)
		return 0;
	rc = qt_buf_addf(out, "\x1b[%d;1H", row + 1);
	return rc < 0 ? rc : qt_buf_add(out, text, len);
}

/* Draws rows by position on an empty screen, without wrapping. */
static int
ansi_rows(struct qt_vt *vt, struct qt_buf *out)
{
	struct qt_buf	text = QT_BUF_INIT;
	int		i, rc = qt_buf_addf(out, "\x1b[?7l");

	for (i = 0; i < vt->rows && rc == 0; i++) {
		qt_buf_reset(&text);
		rc = qt__vt_row(vt, i, &text);
		if (rc == 0)
			rc = ansi_row(text.data, text.len, i, out);
	}
	qt_buf_clear(&text);
	return rc < 0 ? rc : qt_buf_addf(out, "\x1b[?7h");
}

static int
ansi_main_rows(struct qt_vt *vt, struct qt_buf *out)
{
	int	i, rc = 0;

	for (i = 0; i < vt->main_rows && i < vt->rows && rc == 0; i++)
		if (qt__line_width(&vt->main_row[i]) <= vt->cols)
			rc = ansi_row(vt->main_row[i].text,
			    vt->main_row[i].len, i, out);
	return rc;
}

static int
add_pen(const struct qt__pen *pen, struct qt_buf *out)
{
	struct qt__pen	none;
	int		rc = qt_buf_addf(out, "\x1b[m");

	qt__pen_reset(&none);
	return rc < 0 ? rc : qt__pen_change(&none, pen, out);
}

/* A saved cursor with its pen, saved again. */
static int
ansi_saved(const struct qt__saved *s, struct qt_buf *out)
{
	int	rc;

	if (!s->is_set)
		return 0;
	rc = add_pen(&s->pen, out);
	if (rc == 0)
		rc = qt_buf_addf(out, "\x1b[%d;%dH\x1b" "7\x1b[m", s->row + 1,
		    s->col + 1);
	return rc;
}

/* The alternate screen, with the main one beneath it. */
static int
ansi_alt(struct qt_vt *vt, struct qt_buf *out)
{
	const struct qt__saved	*at = &vt->main_cursor;
	int			rc;

	rc = ansi_main_rows(vt, out);
	if (rc == 0)
		rc = qt__modes_write(&vt->modes, QT__MODES_KITTY_MAIN, out);
	if (rc == 0)	/* 1049 saves the cursor: the one to come back to */
		rc = add_pen(vt->saved[0].is_set ? &vt->saved[0].pen :
		    &at->pen, out);
	if (rc == 0)
		rc = qt_buf_addf(out, "\x1b[%d;%dH\x1b[?1049h\x1b[m\x1b[H\x1b[J",
		    (vt->saved[0].is_set ? vt->saved[0].row : at->row) + 1,
		    (vt->saved[0].is_set ? vt->saved[0].col : at->col) + 1);
	return rc < 0 ? rc : ansi_rows(vt, out);
}

static int
ansi_cursor(struct qt_vt *vt, struct qt_buf *out)
{
	struct qt__pen	pen;
	VTermPos	pos;
	size_t		len;
	int		row, col, rc, is_pending;

	vterm_state_get_cursorpos(vt->state, &pos);
	row = pos.row;
	col = pos.col;
	if (vt->modes.dec & QT_MODE_ORIGIN && vt->modes.margin_top > 0)
		row -= vt->modes.margin_top - 1;
	is_pending = qt__vt_is_wrap_pending(vt);
	if (is_pending) {	/* print the last character once more */
		qt__vt_read(vt, pos.row);
		if (col > 0 && vt->cells[col].chars[0] == UINT32_MAX)
			col--;
	}
	rc = qt_buf_addf(out, "\x1b[%d;%dH", row >= 0 ? row + 1 : 1, col + 1);
	len = out->len;
	if (rc == 0 && is_pending)
		rc = qt__row_add(vt, vt->cells, col, vt->cols, out);
	if (rc == 0 && is_pending && out->len == len)	/* it is blank */
		rc = qt_buf_add(out, " ", 1);
	qt__pen_now(vt, &pen);
	return rc < 0 ? rc : add_pen(&pen, out);
}

static int
dump_ansi(struct qt_vt *vt, uint32_t scrollback, unsigned int flags,
    struct qt_buf *out)
{
	int	rc = qt_buf_add(out, reset, sizeof(reset) - 1);

	if (rc == 0 && scrollback > 0 && !(flags & QT_VT_KEEP_SCROLLBACK))
		rc = qt_buf_addf(out, "\x1b[3J");
	if (rc == 0)
		rc = ansi_back(vt, scrollback, out);
	if (rc == 0)
		rc = vt->is_alt ? ansi_alt(vt, out) : ansi_rows(vt, out);
	if (rc == 0)
		rc = ansi_saved(&vt->saved[vt->is_alt], out);
	if (rc == 0)
		rc = qt__modes_write(&vt->modes, QT__MODES_KITTY |
		    QT__MODES_DRAW, out);
	if (rc == 0)
		rc = ansi_cursor(vt, out);
	if (rc == 0)
		rc = qt__modes_write(&vt->modes, QT__MODES_INPUT, out);
	if (rc == 0 && !(vt->modes.dec & QT_MODE_HIDE_CURSOR))
		rc = qt_buf_addf(out, "\x1b[?25h");
	if (rc == 0 && !(vt->modes.dec & QT_MODE_SYNC))
		rc = qt_buf_addf(out, "\x1b[?2026l");
	return rc;
}

/* One line of TEXT or STYLED; blank ones wait until something follows. */
static int
add_line(const char *text, size_t len, int is_plain, uint32_t *blanks,
    struct qt_buf *out)
{
	struct qt_buf	plain = QT_BUF_INIT;
	int		rc = 0;

	if (is_plain) {
		rc = qt__line_plain(text, len, &plain);
		text = plain.data;
		len = plain.len;
	}
	if (len == 0) {
		++*blanks;
	} else {
		for (; *blanks > 0 && rc == 0; --*blanks)
			rc = qt_buf_add(out, "\n", 1);
		if (rc == 0)
			rc = qt_buf_add(out, text, len);
		if (rc == 0)
			rc = qt_buf_add(out, "\n", 1);
	}
	qt_buf_clear(&plain);
	return rc;
}

static int
dump_lines(struct qt_vt *vt, uint32_t scrollback, int is_plain,
    struct qt_buf *out)
{
	uint32_t		i, n = back_count(vt, scrollback), blanks = 0;
	const struct qt__line	*line;
	struct qt_buf		text = QT_BUF_INIT;
	int			row, rc = 0;

	for (i = vt->back.count - n; i < vt->back.count && rc == 0; i++) {
		line = qt__lines_get(&vt->back, i);
		rc = add_line(line->text, line->len, is_plain, &blanks, out);
	}
	for (row = 0; row < vt->rows && rc == 0; row++) {
		qt_buf_reset(&text);
		rc = qt__vt_row(vt, row, &text);
		if (rc == 0)
			rc = add_line(text.data, text.len, is_plain, &blanks,
			    out);
	}
	qt_buf_clear(&text);
	return rc;
}

static int
json_line(struct qt_json *j, const char *text, size_t len)
{
	struct qt_buf	plain = QT_BUF_INIT;
	int		rc = qt__line_plain(text, len, &plain);

	if (rc == 0)
		qt_json_strn(j, NULL, plain.len > 0 ? plain.data : "",
		    plain.len);
	qt_buf_clear(&plain);
	return rc;
}

static int
json_lines(struct qt_vt *vt, uint32_t scrollback, struct qt_json *j)
{
	uint32_t		i, n = back_count(vt, scrollback);
	const struct qt__line	*line;
	struct qt_buf		text = QT_BUF_INIT;
	int			row, rc = 0;

	qt_json_array(j, "scrollback");
	for (i = vt->back.count - n; i < vt->back.count && rc == 0; i++) {
		line = qt__lines_get(&vt->back, i);
		rc = json_line(j, line->text, line->len);
	}
	qt_json_end(j);
	qt_json_array(j, "lines");
	for (row = 0; row < vt->rows && rc == 0; row++) {
		qt_buf_reset(&text);
		rc = qt__vt_row(vt, row, &text);
		if (rc == 0)
			rc = json_line(j, text.data, text.len);
	}
	qt_json_end(j);
	qt_buf_clear(&text);
	return rc;
}

static int
dump_json(struct qt_vt *vt, uint32_t scrollback, struct qt_buf *out)
{
	struct qt_json		j = QT_JSON_INIT(out);
	const struct qt_modes	*m = &vt->modes;
	uint32_t		col, row;
	int			rc;

	qt_vt_cursor(vt, &col, &row);
	qt_json_object(&j, NULL);
	qt_json_uint(&j, "cols", vt->cols);
	qt_json_uint(&j, "rows", vt->rows);
	qt_json_str(&j, "title", m->title);
	qt_json_bool(&j, "alternate", vt->is_alt);
	qt_json_object(&j, "cursor");
	qt_json_uint(&j, "col", col);
	qt_json_uint(&j, "row", row);
	qt_json_bool(&j, "visible", !(m->dec & QT_MODE_HIDE_CURSOR));
	qt_json_uint(&j, "shape", m->cursor_shape);
	qt_json_end(&j);
	qt_json_object(&j, "modes");
	qt_json_bool(&j, "app_cursor", (m->dec & QT_MODE_APP_CURSOR) != 0);
	qt_json_bool(&j, "app_keypad", (m->dec & QT_MODE_APP_KEYPAD) != 0);
	qt_json_bool(&j, "paste", (m->dec & QT_MODE_PASTE) != 0);
	qt_json_bool(&j, "focus", (m->dec & QT_MODE_FOCUS) != 0);
	qt_json_bool(&j, "mouse", m->mouse != 0);
	qt_json_end(&j);
	rc = json_lines(vt, scrollback, &j);
	qt_json_end(&j);
	return rc < 0 ? rc : qt_json_status(&j);
}

int
qt_vt_dump(struct qt_vt *vt, enum qt_screen_form form, uint32_t scrollback,
    unsigned int flags, struct qt_buf *out)
{
	qt__vt_flush(vt);
	switch (form) {
	case QT_SCREEN_ANSI:
		return dump_ansi(vt, scrollback, flags, out);
	case QT_SCREEN_TEXT:
	case QT_SCREEN_STYLED:
		return dump_lines(vt, scrollback, form == QT_SCREEN_TEXT, out);
	case QT_SCREEN_JSON:
		return dump_json(vt, scrollback, out);
	case QT_SCREEN_MODES:
		return qt_modes_preamble(&vt->modes, out);
	}
	return -1;
}
