/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control sequences on the way to libvterm: what is passed, what we do
 * ourselves, what is left out. Only what changes the picture is passed, in
 * canonical form and one mode at a time; the other modes are the tracker's.
 */

#include <stdio.h>
#include <string.h>

#include "vt_priv.h"

#define PARAM_MAX 32767u

static uint32_t
param(const struct qt_scan_seq *q, uint32_t i, uint32_t fallback)
{
	uint32_t	v = i < q->nparams ? q->param[i] : 0;

	return v == 0 ? fallback : v < PARAM_MAX ? v : PARAM_MAX;
}

static void
pass(struct qt_vt *vt, const struct qt_scan_seq *q)
{
	char		text[128];
	size_t		n = 0;
	uint32_t	i;

	text[n++] = '\x1b';
	text[n++] = '[';
	if (q->prefix != 0)
		text[n++] = q->prefix;
	for (i = 0; i < q->nparams && i < 8; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u",
		    i > 0 ? ";" : "", param(q, i, 0));
	if (q->inter != 0)
		text[n++] = q->inter;
	text[n++] = q->final;
	qt__vt_write(vt, text, n);
}

void
qt__vt_save(struct qt_vt *vt, struct qt__saved *s)
{
	VTermPos	pos;

	vterm_state_get_cursorpos(vt->state, &pos);
	s->is_set = 1;
	s->row = pos.row;
	s->col = pos.col;
	s->is_origin = (vt->modes.dec & QT_MODE_ORIGIN) != 0;
	s->charset_gl = vt->modes.charset_gl;
	memcpy(s->charset, vt->modes.charset, sizeof(s->charset));
	qt__pen_now(vt, &s->pen);
}

/* Positions count from the margins in origin mode. */
static void
move_to(struct qt_vt *vt, int row, int col)
{
	int	top = vt->modes.margin_top;

	if (vt->modes.dec & QT_MODE_ORIGIN && top > 0)
		row -= top - 1;
	qt__vt_writef(vt, "\x1b[%d;%dH", row >= 0 ? row + 1 : 1, col + 1);
}

static void
set_pen(struct qt_vt *vt, const struct qt__pen *pen)
{
	struct qt__pen	none;
	struct qt_buf	text = QT_BUF_INIT;

	qt__pen_reset(&none);
	qt__vt_sgr(vt, (const uint8_t *)"0", 1);
	if (qt__pen_change(&none, pen, &text) == 0 && text.len > 3)
		qt__vt_sgr(vt, (const uint8_t *)text.data + 2, text.len - 3);
	qt_buf_clear(&text);
}

void
qt__vt_restore(struct qt_vt *vt, const struct qt__saved *s)
{
	static const char	sets[] = "()*+";
	static const char *const shift[] = { "\x0f", "\x0e", "\x1bn", "\x1bo" };
	struct qt__saved	none = { .row = 0 };
	size_t			i;

	if (!s->is_set) {
		qt__pen_reset(&none.pen);
		s = &none;
	}
	vt->modes.dec &= ~(uint32_t)QT_MODE_ORIGIN;
	if (s->is_origin)
		vt->modes.dec |= QT_MODE_ORIGIN;
	qt__vt_writef(vt, "\x1b[?6%c", s->is_origin ? 'h' : 'l');
	for (i = 0; i < sizeof(s->charset); i++)
		qt__vt_writef(vt, "\x1b%c%c", sets[i],
		    s->charset[i] ? s->charset[i] : 'B');
	qt__vt_writef(vt, "%s", shift[s->charset_gl & 3]);
	memcpy(vt->modes.charset, s->charset, sizeof(s->charset));
	vt->modes.charset_gl = s->charset_gl;
	move_to(vt, s->row, s->col);
	set_pen(vt, &s->pen);
}

static void
set_alt(struct qt_vt *vt, int is_on, int saves)
{
	if (is_on && !vt->is_alt) {
		qt__vt_save(vt, &vt->main_cursor);
		if (saves)
			vt->saved[0] = vt->main_cursor;
		qt__vt_keep_main(vt);
		vt->saved[1].is_set = 0;
		vt->is_alt = 1;
		qt__vt_write(vt, "\x1b[?1047h", 8);
	} else if (!is_on && vt->is_alt) {
		qt__vt_write(vt, "\x1b[?1047l", 8);
		vt->is_alt = 0;
		qt__vt_drop_main(vt);
		if (saves)
			qt__vt_restore(vt, &vt->saved[0]);
	}
}

static void
dec_mode(struct qt_vt *vt, uint32_t n, int is_on)
{
	switch (n) {
	case 6:
	case 7:
		qt__vt_writef(vt, "\x1b[?%u%c", n, is_on ? 'h' : 'l');
		break;
	case 47:
	case 1047:
	case 1049:
		set_alt(vt, is_on, n == 1049);
		break;
	case 1048:
		if (is_on)
			qt__vt_save(vt, &vt->saved[vt->is_alt]);
		else
			qt__vt_restore(vt, &vt->saved[vt->is_alt]);
		break;
	}
}

static void
set_modes(struct qt_vt *vt, const struct qt_scan_seq *q)
{
	uint32_t	i;

	for (i = 0; i < q->nparams; i++) {
		if (q->prefix == '?')
			dec_mode(vt, q->param[i], q->final == 'h');
		else if (q->param[i] == 4 || q->param[i] == 20)
			qt__vt_writef(vt, "\x1b[%u%c", q->param[i], q->final);
	}
}

static void
plain_csi(struct qt_vt *vt, const struct qt_scan_seq *q)
{
	uint32_t	bottom = param(q, 1, 0);

	switch (q->final) {
	case 'b':
		qt__vt_repeat(vt, param(q, 0, 1));
		break;
	case 's':
		qt__vt_save(vt, &vt->saved[vt->is_alt]);
		break;
	case 'u':
		qt__vt_restore(vt, &vt->saved[vt->is_alt]);
		break;
	case 'h':
	case 'l':
		set_modes(vt, q);
		break;
	case 'J':
		if (param(q, 0, 0) == 3)
			qt__lines_clear(&vt->back);
		else
			pass(vt, q);
		qt__wide_clear(vt);
		break;
	case 'r':
		if (bottom != 0 && bottom <= param(q, 0, 1))
			break;
		if (param(q, 0, 1) < vt->rows)
			pass(vt, q);
		break;
	case 'K':
		/* As xterm.js: nothing is right of a cursor that waits behind
		 * the last column. */
		if (param(q, 0, 0) != 0 || !qt__vt_is_wrap_pending(vt))
			pass(vt, q);
		break;
	case 'G':
	case 'H':
	case '`':
	case 'f':
		/* libvterm stays behind the last column if it is there. */
		if (qt__vt_is_wrap_pending(vt))
			qt__vt_write(vt, "\b", 1);
		pass(vt, q);
		break;
	default:
		if (strchr("@ABCDEFILMPSTXZadeg", q->final) != NULL)
			pass(vt, q);
		break;
	}
}

static void
csi(struct qt_vt *vt, const struct qt_scan_seq *q)
{
	const uint8_t	*p;

	if (q->prefix == 0 && q->inter == 0) {
		if (q->final != 'm') {
			plain_csi(vt, q);
			return;
		}
		/* The parameters as they came, for their parts. */
		p = vt->hold[0] == 0x1b || vt->hold[0] == 0xc2 ?
		    vt->hold + 2 : vt->hold;
		if (vt->hold_len < QT__VT_HOLD)
			qt__vt_sgr(vt, p,
			    (size_t)(vt->hold + vt->hold_len - 1 - p));
		return;
	}
	if (q->prefix == '?' && q->inter == 0) {
		if (q->final == 'h' || q->final == 'l')
			set_modes(vt, q);
		else if (q->final == 'J' || q->final == 'K')
			pass(vt, q);
		return;
	}
	if (q->prefix != 0)
		return;
	if ((q->inter == '\'' && (q->final == '}' || q->final == '~')) ||
	    (q->inter == '"' && q->final == 'q') ||
	    (q->inter == ' ' && (q->final == '@' || q->final == 'A')))
		pass(vt, q);
	else if (q->inter == '!' && q->final == 'p') {
		qt__vt_write(vt, "\x1b[!p", 4);
		vt->saved[vt->is_alt].is_set = 0;
		vt->font = 0;
	}
}

static void
reset(struct qt_vt *vt)
{
	set_alt(vt, 0, 0);
	qt__vt_write(vt, "\x1b" "c", 2);
	qt__lines_clear(&vt->back);
	qt__wide_clear(vt);
	vt->saved[0].is_set = vt->saved[1].is_set = 0;
	vt->font = 0;
	vt->cluster_len = 0;
}

static void
escape(struct qt_vt *vt, const struct qt_scan_seq *q)
{
	char	text[3] = { '\x1b', q->final, 0 };

	if (q->inter == 0) {
		if (q->final == '7')
			qt__vt_save(vt, &vt->saved[vt->is_alt]);
		else if (q->final == '8')
			qt__vt_restore(vt, &vt->saved[vt->is_alt]);
		else if (q->final == 'c')
			reset(vt);
		else if (strchr("DEHMNOno", q->final) != NULL)
			qt__vt_write(vt, text, 2);
	} else if (strchr("()*+", q->inter) != NULL ||
	    (q->inter == '#' && q->final == '8')) {
		text[1] = q->inter;
		text[2] = q->final;
		qt__vt_write(vt, text, 3);
	}
}

void
qt__vt_seq(struct qt_vt *vt, const struct qt_scan_seq *q)
{
	if (qt_scan_is_query(q))
		return;
	if (q->kind == QT_SCAN_CSI)
		csi(vt, q);
	else if (q->kind == QT_SCAN_ESC)
		escape(vt, q);
	else if (q->kind == QT_SCAN_CONTROL &&
	    (q->final == 0x0e || q->final == 0x0f))
		qt__vt_write(vt, &q->final, 1);
}
