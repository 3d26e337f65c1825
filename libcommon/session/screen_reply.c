/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a terminal answers, for sessions that nobody looks at: programs that
 * ask at their start would wait for nothing otherwise. The answers are those
 * of xterm.js where it has any, since that is what will show the session.
 */

#include <stdio.h>
#include <string.h>

#include "screen_priv.h"

#ifndef QT_VERSION
#define QT_VERSION "0"
#endif

/* 1 set, 2 reset, 0 not known; DECRQM's numbers. */
static unsigned int
mode_state(const struct qt_modes *m, uint32_t n)
{
	static const struct { uint16_t n, is_inverse; uint32_t bit; } map[] = {
		{ 1, 0, QT_MODE_APP_CURSOR },	{ 5, 0, QT_MODE_REVERSE },
		{ 6, 0, QT_MODE_ORIGIN },	{ 7, 1, QT_MODE_NO_WRAP },
		{ 12, 0, QT_MODE_BLINK },	{ 25, 1, QT_MODE_HIDE_CURSOR },
		{ 47, 0, QT_MODE_ALT_SCREEN },	{ 66, 0, QT_MODE_APP_KEYPAD },
		{ 1004, 0, QT_MODE_FOCUS },	{ 1007, 0, QT_MODE_ALT_SCROLL },
		{ 1047, 0, QT_MODE_ALT_SCREEN },
		{ 1049, 0, QT_MODE_ALT_SCREEN },
		{ 2004, 0, QT_MODE_PASTE },	{ 2026, 0, QT_MODE_SYNC },
	};
	static const uint16_t	enc[] = { 0, 1005, 1006, 1015, 1016 };
	size_t			i;

	for (i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (map[i].n == n)
			return ((m->dec & map[i].bit) != 0) !=
			    map[i].is_inverse ? 1 : 2;
	for (i = 1; i < sizeof(enc) / sizeof(enc[0]); i++)
		if (enc[i] == n)
			return m->mouse_enc == i ? 1 : 2;
	if (n == 9)
		return m->mouse == 1 ? 1 : 2;
	if (n >= 1000 && n <= 1003)
		return m->mouse == n - 998 ? 1 : 2;
	return 0;
}

static unsigned int
ansi_mode_state(const struct qt_modes *m, uint32_t n)
{
	if (n == 4)
		return m->dec & QT_MODE_INSERT ? 1 : 2;
	if (n == 20)
		return m->dec & QT_MODE_NEWLINE ? 1 : 2;
	return 0;
}

static int
reply_status(const struct qt_scan_seq *q, const struct qt_modes *m,
    const struct qt__cursor *cursor, int *is_cursor, struct qt_buf *out)
{
	uint32_t	n = q->nparams > 0 ? q->param[0] : 0;
	uint32_t	row = cursor->row;
	const char	*mark = q->prefix == '?' ? "?" : "";

	if (n == 5 && q->prefix == 0)
		return qt_buf_addf(out, "\x1b[0n");
	if (n != 6)
		return 0;
	if (!cursor->is_known) {
		*is_cursor = 1;
		return 0;
	}
	if (m->dec & QT_MODE_ORIGIN && m->margin_top > 0)
		row = row + 1 >= m->margin_top ? row + 1 - m->margin_top : 0;
	return qt_buf_addf(out, "\x1b[%s%u;%uR", mark, row + 1,
	    cursor->col + 1);
}

static int
reply_csi(const struct qt_scan_seq *q, const struct qt_modes *m,
    const struct qt__cursor *cursor, int *is_cursor, struct qt_buf *out)
{
	uint32_t	n = q->nparams > 0 ? q->param[0] : 0;

	if (q->inter == '$' && q->final == 'p')
		return q->prefix == '?' ?
		    qt_buf_addf(out, "\x1b[?%u;%u$y", n, mode_state(m, n)) :
		    qt_buf_addf(out, "\x1b[%u;%u$y", n, ansi_mode_state(m, n));
	if (q->inter != 0)
		return 0;
	if (q->final == 'n' && (q->prefix == 0 || q->prefix == '?'))
		return reply_status(q, m, cursor, is_cursor, out);
	if (n != 0)
		return 0;
	if (q->final == 'c' && q->prefix == 0)
		return qt_buf_addf(out, "\x1b[?1;2c");
	if (q->final == 'c' && q->prefix == '>')
		return qt_buf_addf(out, "\x1b[>0;276;0c");
	if (q->final == 'q' && q->prefix == '>')
		return qt_buf_addf(out, "\x1bP>|qt-session(%s)\x1b\\",
		    QT_VERSION);
	return 0;
}

int
qt__screen_reply(const struct qt_scan_seq *q, const struct qt_modes *m,
    const struct qt__cursor *cursor, int *is_cursor, struct qt_buf *out)
{
	*is_cursor = 0;
	if (q->kind == QT_SCAN_CSI)
		return reply_csi(q, m, cursor, is_cursor, out);
	if (q->kind == QT_SCAN_ESC)	/* DECID */
		return qt_buf_addf(out, "\x1b[?1;2c");
	/* Colours: light on dark, what most themes are. */
	if (q->kind == QT_SCAN_OSC && q->len == 4 &&
	    memcmp(q->text, "10;?", 4) == 0)
		return qt_buf_addf(out,
		    "\x1b]10;rgb:ffff/ffff/ffff\x1b\\");
	if (q->kind == QT_SCAN_OSC && q->len == 4 &&
	    memcmp(q->text, "11;?", 4) == 0)
		return qt_buf_addf(out,
		    "\x1b]11;rgb:0000/0000/0000\x1b\\");
	return 0;
}
