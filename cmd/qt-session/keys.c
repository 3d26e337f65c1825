/* SPDX-License-Identifier: Apache-2.0 */
/* Keys by name. See keys.h; sequences are xterm's (ctlseqs, "PC-Style"). */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "width.h"

enum { MOD_SHIFT = 1, MOD_META = 2, MOD_CTRL = 4 };

/*
 * How a named key is sent: a byte; CSI final, SS3 final in application mode;
 * CSI number ~.
 */
enum key_form { KEY_BYTE, KEY_CURSOR, KEY_SS3, KEY_TILDE };

static const struct named_key {
	const char	*name;
	enum key_form	 form;
	int		 value;
} named[] = {
	{ "Enter", KEY_BYTE, '\r' },	{ "Return", KEY_BYTE, '\r' },
	{ "Tab", KEY_BYTE, '\t' },	{ "Space", KEY_BYTE, ' ' },
	{ "BSpace", KEY_BYTE, 0x7f },	{ "Backspace", KEY_BYTE, 0x7f },
	{ "Escape", KEY_BYTE, 0x1b },	{ "Esc", KEY_BYTE, 0x1b },
	{ "Up", KEY_CURSOR, 'A' },	{ "Down", KEY_CURSOR, 'B' },
	{ "Right", KEY_CURSOR, 'C' },	{ "Left", KEY_CURSOR, 'D' },
	{ "Home", KEY_CURSOR, 'H' },	{ "End", KEY_CURSOR, 'F' },
	{ "Insert", KEY_TILDE, 2 },	{ "Delete", KEY_TILDE, 3 },
	{ "PageUp", KEY_TILDE, 5 },	{ "PageDown", KEY_TILDE, 6 },
	{ "F1", KEY_SS3, 'P' },		{ "F2", KEY_SS3, 'Q' },
	{ "F3", KEY_SS3, 'R' },		{ "F4", KEY_SS3, 'S' },
	{ "F5", KEY_TILDE, 15 },	{ "F6", KEY_TILDE, 17 },
	{ "F7", KEY_TILDE, 18 },	{ "F8", KEY_TILDE, 19 },
	{ "F9", KEY_TILDE, 20 },	{ "F10", KEY_TILDE, 21 },
	{ "F11", KEY_TILDE, 23 },	{ "F12", KEY_TILDE, 24 },
};

#define NAMED_COUNT (sizeof(named) / sizeof(named[0]))

/* Takes the modifiers off the front of a name. */
static const char *
modifiers(const char *name, int *mods)
{
	*mods = 0;
	for (;;) {
		if (name[0] == '^' && name[1] != '\0') {
			*mods |= MOD_CTRL;
			name++;
		} else if (name[0] != '\0' && name[1] == '-' &&
		    name[2] != '\0' && strchr("CcMmSs", name[0]) != NULL) {
			*mods |= tolower((unsigned char)name[0]) == 'c' ?
			    MOD_CTRL : tolower((unsigned char)name[0]) == 'm' ?
			    MOD_META : MOD_SHIFT;
			name += 2;
		} else {
			return name;
		}
	}
}

static const struct named_key *
find_named(const char *name)
{
	size_t	i;

	for (i = 0; i < NAMED_COUNT; i++) {
		if (strcasecmp(named[i].name, name) == 0)
			return &named[i];
	}
	return NULL;
}

/* The control byte of a character, or -1. */
static int
ctrl_byte(int c)
{
	if (c == ' ' || c == '@' || c == '2')
		return 0;
	if (c == '?')
		return 0x7f;
	if (c == '/')
		return 0x1f;
	c = toupper(c);
	return c >= '@' && c <= '_' ? c - '@' : -1;
}

static int
byte_key(struct qt_buf *out, int c, int mods)
{
	char	byte = (char)c;

	if (c == '\t' && (mods & MOD_SHIFT))
		return qt_buf_addf(out, "%s\033[Z",
		    mods & MOD_META ? "\033" : "");
	if ((mods & MOD_CTRL) && c == ' ')
		byte = 0;
	else if ((mods & MOD_CTRL) && c == 0x7f)
		byte = '\b';
	if (mods & MOD_META)
		qt_buf_add(out, "\033", 1);
	return qt_buf_add(out, &byte, 1);
}

static int
named_bytes(struct qt_buf *out, const struct named_key *k, int mods,
    int app_cursor)
{
	switch (k->form) {
	case KEY_BYTE:
		return byte_key(out, k->value, mods);
	case KEY_TILDE:
		if (mods != 0)
			return qt_buf_addf(out, "\033[%d;%d~", k->value,
			    mods + 1);
		return qt_buf_addf(out, "\033[%d~", k->value);
	default:
		if (mods != 0)
			return qt_buf_addf(out, "\033[1;%d%c", mods + 1,
			    k->value);
		return qt_buf_addf(out, "\033%c%c", k->form == KEY_SS3 ||
		    app_cursor ? 'O' : '[', k->value);
	}
}

/* One character of any script, with modifiers. */
static int
char_bytes(struct qt_buf *out, const char *name, int mods)
{
	size_t	len = strlen(name);
	int32_t	cp;
	int	columns, c = (unsigned char)name[0];
	char	byte;

	if (len == 0 || width_next(name, len, &cp, &columns) != len ||
	    (cp == 0xfffd && len == 1))
		return -EINVAL;
	if (mods & MOD_CTRL) {
		if (len != 1 || ctrl_byte(c) < 0)
			return -EINVAL;
		byte = (char)ctrl_byte(c);
	} else {
		byte = (char)(mods & MOD_SHIFT ? toupper(c) : c);
	}
	if (mods & MOD_META)
		qt_buf_add(out, "\033", 1);
	return len == 1 ? qt_buf_add(out, &byte, 1) :
	    qt_buf_add(out, name, len);
}

int
key_bytes(struct qt_buf *out, const char *name, int app_cursor)
{
	const struct named_key	*k;
	int			 mods;

	name = modifiers(name, &mods);
	k = find_named(name);
	if (k != NULL)
		return named_bytes(out, k, mods, app_cursor);
	return char_bytes(out, name, mods);
}

int
key_is_cursor(const char *name)
{
	const struct named_key	*k;
	int			 mods;

	k = find_named(modifiers(name, &mods));
	return k != NULL && k->form == KEY_CURSOR && mods == 0;
}

int
detach_key_parse(struct detach_key *k, const char *text)
{
	struct qt_buf	buf = QT_BUF_INIT;
	const char	*base;
	int		mods, rc;

	memset(k, 0, sizeof(*k));
	if (strcmp(text, "-") == 0)
		return 0;
	base = modifiers(text, &mods);
	rc = (mods & ~MOD_CTRL) != 0 || strlen(base) != 1 ? -EINVAL :
	    char_bytes(&buf, base, mods);
	if (rc == 0) {
		k->is_on = 1;
		k->byte = (unsigned char)buf.data[0];
		k->codepoint = (unsigned int)tolower((unsigned char)base[0]);
		snprintf(k->name, sizeof(k->name), "%s%c",
		    mods != 0 ? "Ctrl-" : "", mods != 0 ?
		    toupper((unsigned char)base[0]) : base[0]);
	}
	qt_buf_clear(&buf);
	return rc;
}

/*
 * Length of "CSI codepoint ; modifiers u" (kitty, press or repeat) or
 * "CSI 27 ; modifiers ; codepoint ~" (xterm) of Ctrl and the key, else 0.
 */
static size_t
encoded_len(const struct detach_key *k, const char *p, size_t len)
{
	unsigned int	a = 0, mods = 0, c = 0, event = 1;
	char		text[32], end = 0;
	int		n = 0;

	if (k->byte >= 0x20 || len < 6 || p[0] != '\033' || p[1] != '[')
		return 0;
	snprintf(text, sizeof(text), "%.*s", (int)(len < 31 ? len : 31), p);
	if (sscanf(text, "\033[27;%u;%u%c%n", &mods, &c, &end, &n) == 3 &&
	    end == '~' && c == k->codepoint && mods == 5)
		return (size_t)n;
	n = 0;
	if (sscanf(text, "\033[%u;%u%c%n", &a, &mods, &end, &n) == 3 &&
	    end == ':') {
		n = 0;
		if (sscanf(text, "\033[%u;%u:%u%c%n", &a, &mods, &event, &end,
		    &n) != 4)
			return 0;
	}
	/* Caps lock (64) and num lock (128) do not make it another key. */
	if (n > 0 && end == 'u' && a == k->codepoint && event != 3 &&
	    mods > 0 && ((mods - 1) & ~192u) == MOD_CTRL)
		return (size_t)n;
	return 0;
}

size_t
detach_key_find(const struct detach_key *k, const char *input, size_t len,
    size_t *key_len)
{
	size_t	i, n;

	for (i = 0; k->is_on && i < len; i++) {
		n = (unsigned char)input[i] == k->byte ? 1 :
		    encoded_len(k, input + i, len - i);
		if (n > 0) {
			*key_len = n;
			return i;
		}
	}
	*key_len = 0;
	return len;
}
