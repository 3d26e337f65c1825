/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which modes the terminal was left in, and the way back.
 *
 * DEC private modes are a list of whatever was switched from its default, by
 * number, so that a mode invented tomorrow is switched off too. The rest
 * (keypad, margins, character sets, kitty keys, cursor shape) is the
 * session's own mode tracker, fed with what this terminal was sent.
 */

#include <string.h>

#include "modes.h"
#include "term.h"

#define OSC_COLOR_FIRST	10	/* OSC 10 to 19: set; 110 to 119: reset */
#define OSC_COLOR_LAST	19

/* Modes that a terminal has on when it starts: wrap, visible cursor, and
 * xterm's meta and numlock keys. */
static int
is_on_by_default(uint32_t mode)
{
	return mode == 7 || mode == 25 || mode == 1034 || mode == 1035 ||
	    mode == 1036;
}

static void
dec_set(struct term *t, uint32_t mode, int on)
{
	uint32_t	i;

	for (i = 0; i < t->ndec && t->dec[i] != mode; i++)
		;
	if (on == is_on_by_default(mode)) {
		if (i < t->ndec)
			t->dec[i] = t->dec[--t->ndec];
	} else if (i == t->ndec) {
		if (t->ndec < TERM_DEC_MAX)
			t->dec[t->ndec++] = mode;
		else
			t->is_dec_full = 1;
	}
}

/* OSC N ; value. A value of "?" is a question and changes nothing. */
static void
note_osc(struct term *t, const char *text, size_t len)
{
	const char	*value = memchr(text, ';', len), *uri;
	uint32_t	 n = 0;
	size_t		 i;

	for (i = 0; i < len && text[i] >= '0' && text[i] <= '9' && i < 4; i++)
		n = n * 10 + (uint32_t)(text[i] - '0');
	if (value == NULL || i == 0)
		return;
	len -= (size_t)(value + 1 - text);
	value++;
	if (n == 8) {		/* OSC 8 ; params ; uri, an empty uri ends it */
		uri = memchr(value, ';', len);
		t->is_linked = uri != NULL && uri + 1 < value + len;
	} else if ((n == 4 || (n >= OSC_COLOR_FIRST && n <= OSC_COLOR_LAST)) &&
	    len > 0 && memchr(value, '?', len) == NULL) {
		t->colors |= 1u << n;
	}
}

static void
note(void *ctx, const struct qt_scan_seq *seq)
{
	struct term	*t = ctx;
	uint32_t	 i;

	qt_modes_seq(&t->modes, seq);
	if (seq->kind == QT_SCAN_OSC) {
		note_osc(t, seq->text, seq->len);
	} else if (seq->kind == QT_SCAN_CSI && seq->prefix == '?' &&
	    seq->inter == 0 && (seq->final == 'h' || seq->final == 'l')) {
		for (i = 0; i < seq->nparams; i++)
			dec_set(t, seq->param[i], seq->final == 'h');
	} else if (seq->kind == QT_SCAN_ESC && seq->inter == 0 &&
	    seq->final == 'c') {
		t->ndec = 0;
		t->is_dec_full = 0;
		t->colors = 0;
		t->is_linked = 0;
	}
}

void
term_note(struct term *t, const void *data, size_t len)
{
	qt_scan_feed(&t->scan, data, len, note, t);
}

static int
is_alt(uint32_t mode)
{
	return mode == 47 || mode == 1047 || mode == 1049;
}

/*
 * Keyboard protocols belong to a screen each. Only our pushes are popped:
 * below them may be those of the program that we were started from.
 */
static void
kitty_off(const struct qt_modes *m, int is_alt, struct qt_buf *out)
{
	if (m->kitty[is_alt].depth > 0)
		qt_buf_addf(out, "\033[<%uu", m->kitty[is_alt].depth);
	if (m->kitty[is_alt].flags[0] != 0)
		qt_buf_addf(out, "\033[=0u");
}

/* What every terminal knows, for output that switched more than we can list. */
#define DEC_ALL_OFF							\
	"\033[?1;5;6;9;12;66;1000;1001;1002;1003;1004;1005;1006l"	\
	"\033[?1007;1015;1016;2004;2026l\033[?7;25h"

/* A keyboard's flags belong to its screen, so they go before it does. */
static void
alt_off(const struct term *t, struct qt_buf *out)
{
	uint32_t	i, count = 0;

	kitty_off(&t->modes, 1, out);
	for (i = 0; i < t->ndec; i++) {
		if (is_alt(t->dec[i])) {
			qt_buf_addf(out, "\033[?%ul", t->dec[i]);
			count++;
		}
	}
	if (count == 0 && (t->modes.dec & QT_MODE_ALT_SCREEN))
		qt_buf_addf(out, "\033[?1049l");
}

static void
dec_off(const struct term *t, struct qt_buf *out)
{
	uint32_t	i;

	if (t->is_dec_full)
		qt_buf_addf(out, "%s", DEC_ALL_OFF);
	for (i = 0; i < t->ndec; i++) {
		if (!is_alt(t->dec[i]))
			qt_buf_addf(out, "\033[?%u%c", t->dec[i],
			    is_on_by_default(t->dec[i]) ? 'h' : 'l');
	}
}

static void
colors_off(const struct term *t, struct qt_buf *out)
{
	uint32_t	n;

	if (t->colors & (1u << 4))
		qt_buf_addf(out, "\033]104\033\\");
	for (n = OSC_COLOR_FIRST; n <= OSC_COLOR_LAST; n++) {
		if (t->colors & (1u << n))
			qt_buf_addf(out, "\033]%u\033\\", n + 100);
	}
}

void
term_defaults(const struct term *t, struct qt_buf *out)
{
	const struct qt_modes	*m = &t->modes;
	size_t			 i;
	int			 is_safe = qt_scan_is_safe(&t->scan);

	/* What was begun is dropped (CAN), and ended where CAN is not known. */
	if (!is_safe)
		qt_buf_addf(out, "\030\033\\");
	if (m->modify_keys != 0)
		qt_buf_addf(out, "\033[>4m");
	if (m->margin_top != 0 || m->margin_bottom != 0)
		qt_buf_addf(out, "\0337\033[r\0338");
	if (m->charset_gl != 0)
		qt_buf_addf(out, "\017");
	for (i = 0; i < sizeof(m->charset); i++) {
		if (m->charset[i] != 0)
			qt_buf_addf(out, "\033%cB", "()*+"[i]);
	}
	if (m->dec & QT_MODE_APP_KEYPAD)
		qt_buf_addf(out, "\033>");
	if (m->dec & QT_MODE_INSERT)
		qt_buf_addf(out, "\033[4l");
	if (m->dec & QT_MODE_NEWLINE)
		qt_buf_addf(out, "\033[20l");
	if (m->cursor_shape != 0)
		qt_buf_addf(out, "\033[0 q");
	if (t->is_linked || !is_safe)
		qt_buf_addf(out, "\033]8;;\033\\");
	colors_off(t, out);
	dec_off(t, out);
	alt_off(t, out);
	kitty_off(m, 0, out);
	qt_buf_addf(out, "\033[m");
}
