/* SPDX-License-Identifier: Apache-2.0 */
/* What a terminal sends, taken apart. See pick_keys.h. */

#include <string.h>

#include <qt/base/utf8.h>

#include "pick_keys.h"

#define ESC	'\033'
#define ARGS	4u		/* of a sequence that are looked at */
#define ARG_MAX	0x200000u

static const char	paste_end[] = "\033[201~";

static void
set(struct pick_key *out, uint32_t code, unsigned int mods)
{
	*out = (struct pick_key){ .code = code, .mods = mods };
}

/* --- Characters ----------------------------------------------------------- */

static void
control(struct pick_key *out, unsigned char c)
{
	if (c == '\r' || c == '\n')
		set(out, PICK_ENTER, 0);
	else if (c == '\t')
		set(out, PICK_TAB, 0);
	else if (c == 0x7f || c == '\b')
		set(out, PICK_BACKSPACE, 0);
	else if (c == ESC)
		set(out, PICK_ESCAPE, 0);
	else if (c == 0)
		set(out, ' ', PICK_CTRL);
	else
		set(out, c < 27 ? c + 'a' - 1u : c + 64u, PICK_CTRL);
}

static uint32_t
code_point(const char *p, size_t n)
{
	uint32_t	c = (unsigned char)p[0];

	if (n == 1)
		return c;
	c &= 0x7fu >> n;
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3f);
	return c;
}

/* Whether more bytes could make a character of these. */
static bool
is_begun(const char *p, size_t len)
{
	unsigned char	c = (unsigned char)p[0];
	size_t		n = c >= 0xf0 && c < 0xf5 ? 4 : c >= 0xe0 ? 3 : 2;
	char		whole[4];
	int		is_valid;

	if (c < 0xc2 || c > 0xf4 || len >= n)
		return false;
	/* What follows is tried with the bytes that may follow anything. */
	for (unsigned int next = 0x80; next < 0xc0; next += 0x10) {
		memset(whole, 0x80, sizeof(whole));
		memcpy(whole, p, len);
		whole[len] = (char)next;
		if (qt_utf8_next(whole, n, &is_valid) == n && is_valid)
			return true;
	}
	return false;
}

static size_t
character(const char *p, size_t len, bool is_over, struct pick_key *out)
{
	int	is_valid;
	size_t	n = qt_utf8_next(p, len, &is_valid);

	if (!is_valid && !is_over && is_begun(p, len))
		return 0;
	set(out, PICK_BYTE, 0);
	if (is_valid)
		out->code = code_point(p, n);
	else
		n = 1;
	/* C1: a terminal that sends those is none of this century. */
	if (is_valid && out->code >= 0x80 && out->code < 0xa0) {
		out->code = PICK_NONE;
		return n;
	}
	memcpy(out->text, p, n);
	out->len = n;
	return n;
}

/* --- Sequences ------------------------------------------------------------ */

struct sequence {
	char		private;	/* '<', '?' ... or 0 */
	char		final;
	unsigned int	args[ARGS], count;
	size_t		len;
};

static unsigned int
modifiers(unsigned int arg)
{
	return arg > 0 ? (arg - 1) & 7u : 0;
}

static void
letter(struct pick_key *out, char final, unsigned int mods)
{
	static const char	letters[] = "ABCDHFPMZ";
	static const uint32_t	codes[] = { PICK_UP, PICK_DOWN, PICK_RIGHT,
	    PICK_LEFT, PICK_HOME, PICK_END, PICK_F1, PICK_ENTER, PICK_TAB };
	const char		*at = strchr(letters, final);

	set(out, PICK_NONE, 0);
	if (final == '\0' || at == NULL)
		return;
	set(out, codes[at - letters], final == 'Z' ? mods | PICK_SHIFT : mods);
}

static void
numbered(struct pick_key *out, unsigned int number, unsigned int mods)
{
	static const uint32_t	codes[] = { PICK_NONE, PICK_HOME, PICK_INSERT,
	    PICK_DELETE, PICK_END, PICK_PAGE_UP, PICK_PAGE_DOWN, PICK_HOME,
	    PICK_END, PICK_NONE, PICK_NONE, PICK_F1 };

	set(out, number < sizeof(codes) / sizeof(codes[0]) ? codes[number] :
	    PICK_NONE, mods);
}

/* A key by its code point: kitty's and xterm's way to say any of them. */
static void
pointed(struct pick_key *out, unsigned int c, unsigned int mods)
{
	if (c < ' ' || c == 0x7f) {
		control(out, (unsigned char)c);
		out->mods |= mods;
		return;
	}
	set(out, c < 0x110000 ? c : PICK_NONE, mods);
	if (mods == 0 && c < 0x7f) {
		out->text[0] = (char)c;
		out->len = 1;
	}
}

static void
mouse(struct pick_key *out, const struct sequence *s)
{
	/* Only what is pressed, without moving. */
	if (s->final != 'M' || s->count < 3 || (s->args[0] & 32) != 0 ||
	    s->args[1] == 0 || s->args[2] == 0) {
		set(out, PICK_NONE, 0);
		return;
	}
	set(out, PICK_MOUSE, s->args[0] >> 2 & 7u);
	out->button = s->args[0] & ~28u;
	out->col = s->args[1];
	out->row = s->args[2];
}

static void
sequence_key(struct pick_keys *k, const struct sequence *s,
    struct pick_key *out)
{
	unsigned int	mods = s->count > 1 ? modifiers(s->args[1]) : 0;

	set(out, PICK_NONE, 0);
	if (s->private == '<' && (s->final == 'M' || s->final == 'm')) {
		mouse(out, s);
	} else if (s->private != 0) {
		return;
	} else if (s->final == 'R' && s->count == 2) {
		set(out, PICK_PLACE, 0);
		out->row = s->args[0];
		out->col = s->args[1];
	} else if (s->final == 'u' && s->count > 0) {
		pointed(out, s->args[0], mods);
	} else if (s->final == '~' && s->args[0] == 27 && s->count > 2) {
		pointed(out, s->args[2], mods);
	} else if (s->final == '~' && s->args[0] == 200) {
		k->is_pasting = true;
	} else if (s->final == '~') {
		numbered(out, s->args[0], mods);
	} else if (s->final == '$' || s->final == '^' || s->final == '@') {
		numbered(out, s->args[0], s->final == '$' ? PICK_SHIFT :
		    s->final == '^' ? PICK_CTRL : PICK_CTRL | PICK_SHIFT);
	} else if (s->final != 'M') {
		letter(out, s->final, mods);
	}
}

/* CSI: what is behind "ESC [". 0: it may go on. */
static size_t
csi(struct sequence *s, const char *p, size_t len)
{
	size_t	i = 2;
	char	c;

	if (i < len && p[i] >= '<' && p[i] <= '?')
		s->private = p[i++];
	s->count = 1;
	for (; i < len; i++) {
		c = p[i];
		if (c >= '0' && c <= '9' && s->count <= ARGS) {
			unsigned int	*a = &s->args[s->count - 1];

			*a = *a < ARG_MAX ? *a * 10 + (unsigned int)(c - '0') :
			    ARG_MAX;
		} else if (c == ';' && s->count <= ARGS) {
			s->count++;
		} else if ((c >= '@' && c <= '~') ||
		    (c == '$' && s->private == 0)) {
			s->final = c;
			if (s->count > ARGS)
				s->count = ARGS;
			return i + 1;
		} else if (c < ' ' || c > '~') {
			return i;	/* not one after all */
		}
	}
	return 0;
}

/* The mouse as terminals report it that know mode 1000 alone. */
static size_t
old_mouse(const char *p, size_t len, bool is_over, struct pick_key *out)
{
	struct sequence	s = { .final = 'M', .count = 3 };

	set(out, PICK_NONE, 0);
	if (len < 6)
		return is_over ? len : 0;
	for (unsigned int i = 0; i < 3; i++) {
		unsigned char	c = (unsigned char)p[3 + i];

		s.args[i] = c >= 32 ? c - 32u : 0;
	}
	if ((s.args[0] & 67) != 3)	/* let go */
		mouse(out, &s);
	return 6;
}

/* An answer of the terminal, up to BEL or ST: means nothing. */
static size_t
string(const char *p, size_t len)
{
	for (size_t i = 2; i < len; i++)
		if (p[i] == '\a' || (p[i] == '\\' && p[i - 1] == ESC))
			return i + 1;
	return 0;
}

static size_t
bracket(struct pick_keys *k, const char *p, size_t len, bool is_over,
    struct pick_key *out)
{
	struct sequence	s = { 0 };

	if (len > 2 && p[2] == 'M')
		return old_mouse(p, len, is_over, out);
	s.len = csi(&s, p, len);
	if (s.len > 0)
		sequence_key(k, &s, out);
	return s.len;
}

/* Esc before a key is Alt with it. */
static size_t
alt(struct pick_keys *k, const char *p, size_t len, bool is_over,
    struct pick_key *out)
{
	size_t	n = pick_keys_next(k, p + 1, len - 1, is_over, out);

	out->mods |= PICK_ALT;
	out->len = 0;
	return n > 0 ? n + 1 : 0;
}

/* The sequence, or Alt and a key, that begins here; 0: it may go on. */
static size_t
introduced(struct pick_keys *k, const char *p, size_t len, bool is_over,
    struct pick_key *out)
{
	switch (p[1]) {
	case '[':
		return bracket(k, p, len, is_over, out);
	case 'O':
		letter(out, len > 2 ? p[2] : '\0', 0);
		return len > 2 ? 3 : 0;
	case ']':
	case 'P':
	case '_':
		set(out, PICK_NONE, 0);
		return string(p, len);
	case ESC:
		/* Only a sequence takes an Escape before its own. */
		if (len > 2 ? p[2] != '[' && p[2] != 'O' : is_over)
			return 1;
		return len > 2 ? alt(k, p, len, is_over, out) : 0;
	default:
		return alt(k, p, len, is_over, out);
	}
}

/* What begins with ESC. */
static size_t
escape(struct pick_keys *k, const char *p, size_t len, bool is_over,
    struct pick_key *out)
{
	size_t	n;

	set(out, PICK_ESCAPE, 0);
	if (len == 1)
		return is_over ? 1 : 0;
	n = introduced(k, p, len, is_over, out);
	if (n > 0)
		return n;
	if (len >= PICK_KEYS_MAX) {
		set(out, PICK_NONE, 0);
		return len;
	}
	if (!is_over)
		return 0;
	/* It ends here: Alt and a character; of a longer one nothing is left. */
	set(out, len > 2 ? (uint32_t)PICK_NONE : (unsigned char)p[1], PICK_ALT);
	return len;
}

/* --- Pasting -------------------------------------------------------------- */

static size_t
pasted(struct pick_keys *k, const char *p, size_t len, bool is_over,
    struct pick_key *out)
{
	size_t	end = sizeof(paste_end) - 1, n = len < end ? len : end;

	if (memcmp(p, paste_end, n) == 0 && (n == end || !is_over)) {
		set(out, PICK_NONE, 0);
		k->is_pasting = n < end;
		return n == end ? n : 0;
	}
	set(out, PICK_PASTE, 0);
	out->text[0] = *p;
	out->len = 1;
	return 1;
}

size_t
pick_keys_next(struct pick_keys *k, const char *data, size_t len,
    bool is_over, struct pick_key *out)
{
	unsigned char	c = (unsigned char)*data;

	if (len > PICK_KEYS_MAX) {
		len = PICK_KEYS_MAX;
		is_over = false;
	}
	if (k->is_pasting)
		return pasted(k, data, len, is_over, out);
	if (c == ESC)
		return escape(k, data, len, is_over, out);
	if (c < ' ' || c == 0x7f) {
		control(out, c);
		return 1;
	}
	return character(data, len, is_over, out);
}
