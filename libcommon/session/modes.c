/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mode tracker: what a screen's contents do not show. See
 * <qt/session/scan.h>.
 */

#include <string.h>

#include "scan_priv.h"

#define KITTY_MAX (sizeof(((struct qt_modes *)0)->kitty[0].flags) - 1)

static uint32_t
param(const struct qt_scan_seq *q, uint32_t i, uint32_t fallback)
{
	return i < q->nparams && q->param[i] != 0 ? q->param[i] : fallback;
}

static void
set_bit(struct qt_modes *m, uint32_t bit, int is_on)
{
	if (is_on)
		m->dec |= bit;
	else
		m->dec &= ~bit;
}

/* The alternate screen starts with a keyboard of its own. */
static void
set_alt(struct qt_modes *m, int is_on)
{
	if (((m->dec & QT_MODE_ALT_SCREEN) != 0) == is_on)
		return;
	set_bit(m, QT_MODE_ALT_SCREEN, is_on);
	memset(&m->kitty[1], 0, sizeof(m->kitty[1]));
}

static void
dec_mode(struct qt_modes *m, uint32_t n, int is_on)
{
	static const struct { uint16_t n, is_inverse; uint32_t bit; } map[] = {
		{ 1, 0, QT_MODE_APP_CURSOR },	{ 5, 0, QT_MODE_REVERSE },
		{ 6, 0, QT_MODE_ORIGIN },	{ 7, 1, QT_MODE_NO_WRAP },
		{ 12, 0, QT_MODE_BLINK },	{ 25, 1, QT_MODE_HIDE_CURSOR },
		{ 66, 0, QT_MODE_APP_KEYPAD },	{ 1004, 0, QT_MODE_FOCUS },
		{ 1007, 0, QT_MODE_ALT_SCROLL }, { 2004, 0, QT_MODE_PASTE },
		{ 2026, 0, QT_MODE_SYNC },
	};
	static const uint16_t	enc[] = { 1005, 1006, 1015, 1016 };
	size_t			i;

	for (i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (map[i].n == n)
			set_bit(m, map[i].bit, is_on != map[i].is_inverse);
	for (i = 0; i < sizeof(enc) / sizeof(enc[0]); i++)
		if (enc[i] == n)
			m->mouse_enc = is_on ? (uint8_t)(i + 1) : 0;
	if (n == 9)
		m->mouse = is_on ? 1 : 0;
	else if (n >= 1000 && n <= 1003)
		m->mouse = is_on ? (uint8_t)(n - 998) : 0;
	else if (n == 47 || n == 1047 || n == 1049)
		set_alt(m, is_on);
}

static void
set_modes(struct qt_modes *m, const struct qt_scan_seq *q)
{
	int		is_on = q->final == 'h';
	uint32_t	i;

	for (i = 0; i < q->nparams; i++) {
		if (q->prefix == '?')
			dec_mode(m, q->param[i], is_on);
		else if (q->prefix == 0 && q->param[i] == 4)
			set_bit(m, QT_MODE_INSERT, is_on);
		else if (q->prefix == 0 && q->param[i] == 20)
			set_bit(m, QT_MODE_NEWLINE, is_on);
	}
}

static void
kitty(struct qt_modes *m, const struct qt_scan_seq *q)
{
	int		is_alt = (m->dec & QT_MODE_ALT_SCREEN) != 0;
	uint8_t		*depth = &m->kitty[is_alt].depth;
	uint8_t		*stack = m->kitty[is_alt].flags;
	uint8_t		flags = (uint8_t)(param(q, 0, 0) & 31);
	uint32_t	n;

	if (q->prefix == '>') {
		if (*depth < KITTY_MAX)
			++*depth;
		else		/* the oldest falls off */
			memmove(stack, stack + 1, KITTY_MAX);
		stack[*depth] = flags;
	} else if (q->prefix == '<') {
		n = param(q, 0, 1);
		if (n > *depth)
			stack[0] = 0;
		for (; n > 0 && *depth > 0; n--)
			stack[(*depth)--] = 0;
	} else if (q->prefix == '=') {
		n = param(q, 1, 1);
		stack[*depth] = n == 2 ? stack[*depth] | flags :
		    n == 3 ? stack[*depth] & ~flags : flags;
	}
}

static void
set_margins(struct qt_modes *m, const struct qt_scan_seq *q)
{
	uint32_t	top = param(q, 0, 1), bottom = param(q, 1, 0);

	if (top > UINT16_MAX || bottom > UINT16_MAX)
		return;
	if (bottom != 0 && bottom <= top)
		return;
	m->margin_top = top == 1 && bottom == 0 ? 0 : (uint16_t)top;
	m->margin_bottom = (uint16_t)bottom;
}

static void
soft_reset(struct qt_modes *m)
{
	m->dec &= ~(uint32_t)(QT_MODE_APP_CURSOR | QT_MODE_APP_KEYPAD |
	    QT_MODE_NO_WRAP | QT_MODE_HIDE_CURSOR | QT_MODE_ORIGIN |
	    QT_MODE_INSERT);
	m->margin_top = m->margin_bottom = 0;
	m->charset_gl = 0;
	memset(m->charset, 0, sizeof(m->charset));
}

static void
hard_reset(struct qt_modes *m)
{
	char	title[sizeof(m->title)];

	memcpy(title, m->title, sizeof(title));
	*m = (struct qt_modes)QT_MODES_INIT;
	memcpy(m->title, title, sizeof(title));
}

static void
csi(struct qt_modes *m, const struct qt_scan_seq *q)
{
	uint32_t	n;

	if (q->inter == 0 && (q->final == 'h' || q->final == 'l')) {
		set_modes(m, q);
	} else if (q->inter == 0 && q->final == 'u') {
		kitty(m, q);
	} else if (q->inter == 0 && q->prefix == 0 && q->final == 'r') {
		set_margins(m, q);
	} else if (q->inter == ' ' && q->prefix == 0 && q->final == 'q') {
		n = param(q, 0, 0);
		m->cursor_shape = n <= 6 ? (uint8_t)n : 0;
	} else if (q->inter == '!' && q->prefix == 0 && q->final == 'p') {
		soft_reset(m);
	} else if (q->inter == 0 && q->prefix == '>' && q->final == 'm' &&
	    (param(q, 0, 0) == 4 || q->nparams == 0)) {
		n = param(q, 1, 0);
		m->modify_keys = n <= 3 ? (uint8_t)n : 0;
		set_bit(m, QT_MODE_MODIFY_KEYS, m->modify_keys != 0);
	} else if (q->inter == 0 && q->prefix == '>' && q->final == 'n' &&
	    param(q, 0, 0) == 4) {
		m->modify_keys = 0;
		set_bit(m, QT_MODE_MODIFY_KEYS, 0);
	}
}

static void
escape(struct qt_modes *m, const struct qt_scan_seq *q)
{
	static const char	sets[] = "()*+";
	const char		*g;

	if (q->inter == 0) {
		switch (q->final) {
		case '=':
		case '>':
			set_bit(m, QT_MODE_APP_KEYPAD, q->final == '=');
			break;
		case 'c':
			hard_reset(m);
			break;
		case 'n':
		case 'o':
			m->charset_gl = q->final == 'n' ? 2 : 3;
			break;
		}
		return;
	}
	g = strchr(sets, q->inter);
	if (g != NULL)
		m->charset[g - sets] =
		    q->final == 'B' ? 0 : (uint8_t)q->final;
}

/* Length of the UTF-8 character at p, 0 when it is not one to be shown. */
static size_t
utf8_len(const uint8_t *p, size_t len)
{
	size_t	n = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	size_t	i;

	if (p[0] < 0x20 || p[0] == 0x7f || (p[0] >= 0x80 && p[0] < 0xc2) ||
	    p[0] >= 0xf5 || n > len)
		return 0;
	for (i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xe0 && p[1] < 0xa0) ||
	    (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf0 && p[1] < 0x90) ||
	    (p[0] == 0xf4 && p[1] >= 0x90))
		return 0;
	return n;
}

static void
set_title(struct qt_modes *m, const char *text, size_t len)
{
	const uint8_t	*p = (const uint8_t *)text, *end = p + len;
	size_t		 n, at = 0;

	while (p < end) {
		n = utf8_len(p, (size_t)(end - p));
		if (n == 0) {
			p++;
			continue;
		}
		if (at + n >= sizeof(m->title))
			break;
		memcpy(m->title + at, p, n);
		at += n;
		p += n;
	}
	memset(m->title + at, 0, sizeof(m->title) - at);
}

void
qt_modes_seq(void *ctx, const struct qt_scan_seq *seq)
{
	struct qt_modes	*m = ctx;

	switch (seq->kind) {
	case QT_SCAN_CSI:
		csi(m, seq);
		break;
	case QT_SCAN_ESC:
		escape(m, seq);
		break;
	case QT_SCAN_OSC:
		if (seq->len >= 2 && (seq->text[0] == '0' ||
		    seq->text[0] == '2') && seq->text[1] == ';')
			set_title(m, seq->text + 2, seq->len - 2);
		break;
	case QT_SCAN_CONTROL:
		if (seq->final == 0x0e || seq->final == 0x0f)
			m->charset_gl = seq->final == 0x0e;
		break;
	default:
		break;
	}
}
