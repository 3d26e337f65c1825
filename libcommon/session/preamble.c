/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modes back into sequences: what brings a terminal that was just reset into
 * the modes that modes.c tracked. See <qt/session/scan.h>.
 */

#include "scan_priv.h"

static const struct { uint32_t bit; const char *seq; } input[] = {
	{ QT_MODE_APP_CURSOR, "\x1b[?1h" },
	{ QT_MODE_APP_KEYPAD, "\x1b=" },
	{ QT_MODE_FOCUS, "\x1b[?1004h" },
	{ QT_MODE_PASTE, "\x1b[?2004h" },
	{ QT_MODE_REVERSE, "\x1b[?5h" },
	{ QT_MODE_ALT_SCROLL, "\x1b[?1007h" },
	{ QT_MODE_HIDE_CURSOR, "\x1b[?25l" },
	{ QT_MODE_SYNC, "\x1b[?2026h" },
}, draw[] = {
	{ QT_MODE_NO_WRAP, "\x1b[?7l" },
	{ QT_MODE_ORIGIN, "\x1b[?6h" },
	{ QT_MODE_INSERT, "\x1b[4h" },
	{ QT_MODE_NEWLINE, "\x1b[20h" },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int
write_draw(const struct qt_modes *m, struct qt_buf *out)
{
	static const char	sets[] = "()*+";
	static const char *const shift[] = { "", "\x0e", "\x1bn", "\x1bo" };
	size_t			i;
	int			rc = 0;

	for (i = 0; i < sizeof(m->charset) && rc == 0; i++)
		if (m->charset[i] != 0)
			rc = qt_buf_addf(out, "\x1b%c%c", sets[i],
			    m->charset[i]);
	if (rc == 0)
		rc = qt_buf_addf(out, "%s", shift[m->charset_gl & 3]);
	if (rc == 0 && m->margin_bottom != 0)
		rc = qt_buf_addf(out, "\x1b[%u;%ur", m->margin_top,
		    m->margin_bottom);
	else if (rc == 0 && m->margin_top != 0)
		rc = qt_buf_addf(out, "\x1b[%ur", m->margin_top);
	for (i = 0; i < COUNT(draw) && rc == 0; i++)
		if (m->dec & draw[i].bit)
			rc = qt_buf_addf(out, "%s", draw[i].seq);
	return rc;
}

static int
write_mouse(const struct qt_modes *m, struct qt_buf *out)
{
	static const uint16_t	mode[] = { 0, 9, 1000, 1001, 1002, 1003 };
	static const uint16_t	enc[] = { 0, 1005, 1006, 1015, 1016 };
	int			rc = 0;

	if (m->mouse != 0 && m->mouse < COUNT(mode))
		rc = qt_buf_addf(out, "\x1b[?%uh", mode[m->mouse]);
	if (rc == 0 && m->mouse_enc != 0 && m->mouse_enc < COUNT(enc))
		rc = qt_buf_addf(out, "\x1b[?%uh", enc[m->mouse_enc]);
	return rc;
}

static int
write_input(const struct qt_modes *m, struct qt_buf *out)
{
	size_t	i;
	int	rc = write_mouse(m, out);

	if (rc == 0 && m->cursor_shape != 0)
		rc = qt_buf_addf(out, "\x1b[%u q", m->cursor_shape);
	/* After the shape, which some terminals let decide about blinking. */
	if (rc == 0 && m->dec & QT_MODE_BLINK)
		rc = qt_buf_addf(out, "\x1b[?12h");
	if (rc == 0 && m->modify_keys != 0)
		rc = qt_buf_addf(out, "\x1b[>4;%um", m->modify_keys);
	for (i = 0; i < COUNT(input) && rc == 0; i++)
		if (m->dec & input[i].bit)
			rc = qt_buf_addf(out, "%s", input[i].seq);
	if (rc == 0 && m->title[0] != '\0')
		rc = qt_buf_addf(out, "\x1b]2;%.*s\x1b\\",
		    (int)sizeof(m->title), m->title);
	return rc;
}

static int
write_kitty(const struct qt_modes *m, int is_alt, struct qt_buf *out)
{
	const uint8_t	*stack = m->kitty[is_alt].flags;
	size_t		i;
	int		rc = 0;

	if (stack[0] != 0)
		rc = qt_buf_addf(out, "\x1b[=%uu", stack[0]);
	for (i = 1; i <= m->kitty[is_alt].depth && i < 8 && rc == 0; i++)
		rc = qt_buf_addf(out, "\x1b[>%uu", stack[i]);
	return rc;
}

int
qt__modes_write(const struct qt_modes *m, unsigned int parts,
    struct qt_buf *out)
{
	int	is_alt = (m->dec & QT_MODE_ALT_SCREEN) != 0;
	int	rc = 0;

	if (is_alt && parts & QT__MODES_KITTY_MAIN)
		rc = write_kitty(m, 0, out);
	if (rc == 0 && is_alt && parts & QT__MODES_ALT)
		rc = qt_buf_addf(out, "\x1b[?1049h");
	if (rc == 0 && parts & QT__MODES_KITTY)
		rc = write_kitty(m, is_alt, out);
	if (rc == 0 && parts & QT__MODES_DRAW)
		rc = write_draw(m, out);
	if (rc == 0 && parts & QT__MODES_INPUT)
		rc = write_input(m, out);
	return rc;
}

int
qt_modes_preamble(const struct qt_modes *m, struct qt_buf *out)
{
	return qt__modes_write(m, QT__MODES_ALT | QT__MODES_DRAW |
	    QT__MODES_INPUT | QT__MODES_KITTY_MAIN | QT__MODES_KITTY, out);
}
