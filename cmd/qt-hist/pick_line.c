/* SPDX-License-Identifier: Apache-2.0 */
/* The line in which a query is typed. See pick_line.h. */

#include <stdlib.h>
#include <string.h>

#include "pick_glyph.h"
#include "pick_line.h"

static char
plain(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f ? ' ' : c;
}

void
pick_line_init(struct pick_line *l, const char *text, size_t len, bool has_vi)
{
	memset(l, 0, sizeof(*l));
	l->has_vi = has_vi;
	l->len = len < PICK_LINE_MAX ? len : PICK_LINE_MAX;
	for (size_t i = 0; i < l->len; i++)
		l->text[i] = plain(text[i]);
	l->at = l->len;
}

void
pick_line_clear(struct pick_line *l)
{
	for (size_t i = 0; i < PICK_LINE_UNDO; i++)
		free(l->undo[i].text);
	memset(l, 0, sizeof(*l));
}

/* --- Undo ----------------------------------------------------------------- */

/* Without memory there is one step less. */
void
pick_line_step(struct pick_line *l)
{
	struct pick_undo	*u = &l->undo[l->steps % PICK_LINE_UNDO];
	char			*text = malloc(l->len + 1);

	if (text == NULL)
		return;
	memcpy(text, l->text, l->len);
	free(u->text);
	*u = (struct pick_undo){ text, l->len, l->at };
	l->steps++;
}

bool
pick_line_undo(struct pick_line *l)
{
	struct pick_undo	*u;

	l->is_typing = l->is_killing = false;
	if (l->steps == 0)
		return false;
	u = &l->undo[(l->steps - 1) % PICK_LINE_UNDO];
	if (u->text == NULL)	/* too long ago */
		return false;
	l->steps--;
	memcpy(l->text, u->text, u->len);
	l->len = u->len;
	l->at = u->at;
	free(u->text);
	u->text = NULL;
	return true;
}

/* --- Changing ------------------------------------------------------------- */

bool
pick_line_put(struct pick_line *l, const char *text, size_t len)
{
	if (len > PICK_LINE_MAX - l->len)
		return false;
	memmove(l->text + l->at + len, l->text + l->at, l->len - l->at);
	memcpy(l->text + l->at, text, len);
	l->at += len;
	l->len += len;
	return true;
}

/* What is killed one after the other is put back at once. */
static void
keep(struct pick_line *l, size_t from, size_t to)
{
	bool	is_before = to == l->at && from < to;
	size_t	n = to - from;

	if (!l->is_killing || n > PICK_LINE_MAX - l->kill_len)
		l->kill_len = 0;
	if (is_before) {
		memmove(l->kill + n, l->kill, l->kill_len);
		memcpy(l->kill, l->text + from, n);
	} else {
		memcpy(l->kill + l->kill_len, l->text + from, n);
	}
	l->kill_len += n;
}

void
pick_line_cut(struct pick_line *l, size_t from, size_t to, bool is_kept)
{
	if (from > to) {
		size_t	t = from;

		from = to;
		to = t;
	}
	if (from == to)
		return;
	pick_line_step(l);
	if (is_kept)
		keep(l, from, to);
	memmove(l->text + from, l->text + to, l->len - to);
	l->len -= to - from;
	l->at = from;
}

/* A character, or a byte of what is pasted. */
static enum pick_did
type(struct pick_line *l, const struct pick_key *k)
{
	char	c = plain(k->text[0]);

	/* A word is one step, as in readline. */
	if (!l->is_typing || (c == ' ' && k->code != PICK_PASTE))
		pick_line_step(l);
	l->is_typing = true;
	return pick_line_put(l, k->len == 1 ? &c : k->text, k->len) ?
	    PICK_CHANGED : PICK_TAKEN;
}

/* --- Moving --------------------------------------------------------------- */

size_t
pick_line_left(const struct pick_line *l, size_t at)
{
	return at > 0 ? pick_glyph_before(l->text, at) : 0;
}

size_t
pick_line_right(const struct pick_line *l, size_t at)
{
	struct pick_glyph	g;

	if (at >= l->len)
		return l->len;
	pick_glyph_next(l->text + at, l->len - at, &g);
	return at + g.len;
}

static bool
is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}

static size_t
word_left(const struct pick_line *l)
{
	size_t	at = l->at;

	while (at > 0 && !is_word(l->text[at - 1]))
		at--;
	while (at > 0 && is_word(l->text[at - 1]))
		at--;
	return at;
}

static size_t
word_right(const struct pick_line *l)
{
	size_t	at = l->at;

	while (at < l->len && !is_word(l->text[at]))
		at++;
	while (at < l->len && is_word(l->text[at]))
		at++;
	return at;
}

/* What C-w takes. */
static size_t
blank_left(const struct pick_line *l)
{
	size_t	at = l->at;

	while (at > 0 && l->text[at - 1] == ' ')
		at--;
	while (at > 0 && l->text[at - 1] != ' ')
		at--;
	return at;
}

/* --- Keys ----------------------------------------------------------------- */

static enum pick_did
go(struct pick_line *l, size_t at)
{
	l->at = at;
	l->is_typing = l->is_killing = false;
	return PICK_TAKEN;
}

static enum pick_did
cut(struct pick_line *l, size_t to, bool is_kept)
{
	size_t	before = l->len;

	l->is_typing = false;
	pick_line_cut(l, l->at, to, is_kept);
	l->is_killing = is_kept;
	return l->len != before ? PICK_CHANGED : PICK_TAKEN;
}

static enum pick_did
yank(struct pick_line *l)
{
	l->is_typing = l->is_killing = false;
	if (l->kill_len == 0 || l->kill_len > PICK_LINE_MAX - l->len)
		return PICK_TAKEN;
	pick_line_step(l);
	pick_line_put(l, l->kill, l->kill_len);
	return PICK_CHANGED;
}

static enum pick_did
undo(struct pick_line *l)
{
	return pick_line_undo(l) ? PICK_CHANGED : PICK_TAKEN;
}

static enum pick_did
with_ctrl(struct pick_line *l, uint32_t code)
{
	switch (code) {
	case 'a':
		return go(l, 0);
	case 'e':
		return go(l, l->len);
	case 'b':
		return go(l, pick_line_left(l, l->at));
	case 'f':
		return go(l, pick_line_right(l, l->at));
	case 'd':
		return cut(l, pick_line_right(l, l->at), false);
	case 'k':
		return cut(l, l->len, true);
	case 'u':
		return cut(l, 0, true);
	case 'w':
		return cut(l, blank_left(l), true);
	case 'y':
		return yank(l);
	case '_':
		return undo(l);
	case PICK_LEFT:
		return go(l, word_left(l));
	case PICK_RIGHT:
		return go(l, word_right(l));
	case PICK_BACKSPACE:
		return cut(l, word_left(l), true);
	case PICK_DELETE:
		return cut(l, word_right(l), true);
	default:
		return PICK_NOT_MINE;
	}
}

static enum pick_did
with_alt(struct pick_line *l, uint32_t code)
{
	switch (code) {
	case 'b':
	case PICK_LEFT:
		return go(l, word_left(l));
	case 'f':
	case PICK_RIGHT:
		return go(l, word_right(l));
	case 'd':
	case PICK_DELETE:
		return cut(l, word_right(l), true);
	case PICK_BACKSPACE:
		return cut(l, word_left(l), true);
	default:
		return PICK_NOT_MINE;
	}
}

static enum pick_did
alone(struct pick_line *l, uint32_t code)
{
	switch (code) {
	case PICK_LEFT:
		return go(l, pick_line_left(l, l->at));
	case PICK_RIGHT:
		return go(l, pick_line_right(l, l->at));
	case PICK_HOME:
		return go(l, 0);
	case PICK_END:
		return go(l, l->len);
	case PICK_BACKSPACE:
		return cut(l, pick_line_left(l, l->at), false);
	case PICK_DELETE:
		return cut(l, pick_line_right(l, l->at), false);
	default:
		return PICK_NOT_MINE;
	}
}

enum pick_did
pick_line_key(struct pick_line *l, const struct pick_key *k)
{
	if (k->len > 0 && (k->mods & ~PICK_SHIFT) == 0 &&
	    (!l->is_normal || k->code == PICK_PASTE)) {
		l->is_killing = false;
		return type(l, k);
	}
	if (l->has_vi && (l->is_normal || k->code == PICK_ESCAPE))
		return pick_vi_key(l, k);
	if (k->mods == PICK_CTRL)
		return with_ctrl(l, k->code);
	if (k->mods == PICK_ALT)
		return with_alt(l, k->code);
	return k->mods == 0 ? alone(l, k->code) : PICK_NOT_MINE;
}
