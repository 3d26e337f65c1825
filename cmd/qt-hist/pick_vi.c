/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vi's normal mode in the query's line: motions, with counts; d, c and y with
 * them; and what stands for such. See pick_line.h.
 */

#include <string.h>

#include "pick_line.h"

#define TIMES_MAX	1000u

/* 0 blank, 1 letters and digits, 2 others; of a W or B, 2 is 1. */
static int
class(char c, bool is_big)
{
	if (c == ' ')
		return 0;
	if (is_big || c == '_' || (c & 0x80) != 0 || (c >= '0' && c <= '9') ||
	    ((c | 32) >= 'a' && (c | 32) <= 'z'))
		return 1;
	return 2;
}

static size_t
word_next(const struct pick_line *l, size_t at, bool is_big)
{
	int	c = at < l->len ? class(l->text[at], is_big) : 0;

	while (at < l->len && class(l->text[at], is_big) == c)
		at++;
	while (at < l->len && l->text[at] == ' ')
		at++;
	return at;
}

static size_t
word_before(const struct pick_line *l, size_t at, bool is_big)
{
	int	c;

	while (at > 0 && l->text[at - 1] == ' ')
		at--;
	c = at > 0 ? class(l->text[at - 1], is_big) : 0;
	while (at > 0 && class(l->text[at - 1], is_big) == c)
		at--;
	return at;
}

/* Behind the last character of the word. */
static size_t
word_end(const struct pick_line *l, size_t at, bool is_big)
{
	int	c;

	at = pick_line_right(l, at);
	while (at < l->len && l->text[at] == ' ')
		at++;
	c = at < l->len ? class(l->text[at], is_big) : 0;
	while (at < l->len && class(l->text[at], is_big) == c)
		at++;
	return at;
}

/* f, F, t, T: where the character is, or l->len + 1. */
static size_t
seek(const struct pick_line *l, size_t from, uint32_t by)
{
	size_t	none = l->len + 1, n = l->sought_len, at = from;
	bool	is_back = by == 'F' || by == 'T';

	if (n == 0)
		return none;
	if (by == 't')
		at = pick_line_right(l, at);
	if (by == 'T')
		at = pick_line_left(l, at);
	while (is_back ? at > 0 : at < l->len) {
		at = is_back ? pick_line_left(l, at) : pick_line_right(l, at);
		if (l->len - at >= n && memcmp(l->text + at, l->sought, n) == 0)
			return by == 't' ? pick_line_left(l, at) :
			    by == 'T' ? pick_line_right(l, at) : at;
	}
	return none;
}

/*
 * Where a motion leads, once; *is_to_end: the character there belongs to it. A
 * place that is not is l->len + 1.
 */
static size_t
motion(const struct pick_line *l, size_t at, uint32_t c, bool *is_to_end)
{
	*is_to_end = false;
	switch (c) {
	case 'h':
	case PICK_LEFT:
	case PICK_BACKSPACE:
		return pick_line_left(l, at);
	case 'l':
	case ' ':
	case PICK_RIGHT:
		return pick_line_right(l, at);
	case 'w':
	case 'W':
		return word_next(l, at, c == 'W');
	case 'b':
	case 'B':
		return word_before(l, at, c == 'B');
	case 'e':
	case 'E':
		*is_to_end = true;
		return pick_line_left(l, word_end(l, at, c == 'E'));
	case '0':
	case '^':
	case PICK_HOME:
		return 0;
	case '$':
	case PICK_END:
		return l->len;
	case 'f':
	case 'F':
	case 't':
	case 'T':
	case ';':
		*is_to_end = l->sought_by == 'f' || l->sought_by == 't';
		return seek(l, at, l->sought_by);
	case ',':
		*is_to_end = l->sought_by == 'F' || l->sought_by == 'T';
		return seek(l, at, l->sought_by ^ 32);	/* the other case */
	default:
		return l->len + 1;
	}
}

/* The cursor is on a character, where there is one. */
static enum pick_did
rest(struct pick_line *l, enum pick_did did)
{
	if (l->is_normal && l->at == l->len && l->len > 0)
		l->at = pick_line_left(l, l->len);
	return did;
}

static enum pick_did
insert(struct pick_line *l, size_t at, enum pick_did did)
{
	l->at = at;
	l->is_normal = l->is_typing = false;
	return did;
}

static enum pick_did
operate(struct pick_line *l, uint32_t operator, size_t from, size_t to)
{
	size_t	before = l->len;

	l->is_killing = false;
	if (from > to) {
		size_t	t = from;

		from = to;
		to = t;
	}
	l->at = from;
	if (operator == 'y') {
		memcpy(l->kill, l->text + from, to - from);
		l->kill_len = to - from;
		return rest(l, PICK_TAKEN);
	}
	pick_line_cut(l, from, to, true);
	if (operator == 'c')
		l->is_normal = l->is_typing = false;
	return rest(l, before != l->len ? PICK_CHANGED : PICK_TAKEN);
}

/* A motion, for an operator or for itself. */
static enum pick_did
move(struct pick_line *l, uint32_t c)
{
	uint32_t	operator = l->operator;
	unsigned int	times = l->times > 0 ? l->times : 1;
	size_t		at = l->at, to;
	bool		is_to_end = false;

	l->operator = l->times = 0;
	/* cw leaves the blanks behind the word. */
	if (operator == 'c' && (c == 'w' || c == 'W') && at < l->len &&
	    l->text[at] != ' ')
		c = c == 'w' ? 'e' : 'E';
	while (times-- > 0) {
		to = motion(l, at, c, &is_to_end);
		if (to > l->len)
			return PICK_TAKEN;
		at = to;
	}
	if (operator == 0) {
		l->at = at;
		return rest(l, PICK_TAKEN);
	}
	return operate(l, operator, l->at,
	    is_to_end ? pick_line_right(l, at) : at);
}

/* The character that f, t or r waits for. */
static enum pick_did
awaited(struct pick_line *l, const struct pick_key *k)
{
	uint32_t	by = l->find;

	l->find = 0;
	if (k->len == 0) {
		l->operator = l->times = 0;
		return PICK_TAKEN;
	}
	if (by == 'r') {
		size_t	at = l->at;

		if (at == l->len)
			return PICK_TAKEN;
		pick_line_cut(l, at, pick_line_right(l, at), false);
		(void)pick_line_put(l, k->text, k->len);
		l->at = at;
		return PICK_CHANGED;
	}
	memcpy(l->sought, k->text, k->len);
	l->sought_len = k->len;
	l->sought_by = by;
	return move(l, by);
}

static enum pick_did
put(struct pick_line *l, bool is_behind)
{
	if (l->kill_len == 0 || l->kill_len > PICK_LINE_MAX - l->len)
		return PICK_TAKEN;
	pick_line_step(l);
	if (is_behind)
		l->at = pick_line_right(l, l->at);
	pick_line_put(l, l->kill, l->kill_len);
	l->at = pick_line_left(l, l->at);
	return PICK_CHANGED;
}

/* The other case, of ASCII. */
static enum pick_did
swap(struct pick_line *l)
{
	char	c = l->at < l->len ? l->text[l->at] : ' ';
	bool	is_letter = (c | 32) >= 'a' && (c | 32) <= 'z';

	if (is_letter) {
		pick_line_step(l);
		l->text[l->at] = (char)(c ^ 32);
	}
	l->at = pick_line_right(l, l->at);
	return rest(l, is_letter ? PICK_CHANGED : PICK_TAKEN);
}

/* What is one letter for an operator and a motion, or a change by itself. */
static enum pick_did
act(struct pick_line *l, uint32_t c)
{
	size_t	at = l->at, end = l->len, next = at;

	for (unsigned int i = 0; i < (l->times > 0 ? l->times : 1); i++)
		next = pick_line_right(l, next);
	l->times = 0;
	switch (c) {
	case 'x':
	case PICK_DELETE:
		return operate(l, 'd', at, next);
	case 'X':
		return operate(l, 'd', pick_line_left(l, at), at);
	case 's':
		return operate(l, 'c', at, next);
	case 'S':
		return operate(l, 'c', 0, end);
	case 'D':
		return operate(l, 'd', at, end);
	case 'C':
		return operate(l, 'c', at, end);
	case 'Y':
		return operate(l, 'y', at, end);
	case 'i':
	case PICK_INSERT:
		return insert(l, at, PICK_TAKEN);
	case 'I':
		return insert(l, 0, PICK_TAKEN);
	case 'a':
		return insert(l, pick_line_right(l, at), PICK_TAKEN);
	case 'A':
		return insert(l, end, PICK_TAKEN);
	case 'p':
		return put(l, true);
	case 'P':
		return put(l, false);
	case 'u':
		return rest(l, pick_line_undo(l) ? PICK_CHANGED : PICK_TAKEN);
	case '~':
		return swap(l);
	default:
		return PICK_NOT_MINE;
	}
}

enum pick_did
pick_vi_key(struct pick_line *l, const struct pick_key *k)
{
	uint32_t	c = k->code;

	if (!l->is_normal) {		/* Escape */
		l->is_normal = true;
		l->is_typing = l->is_killing = false;
		l->operator = l->find = l->times = 0;
		l->at = pick_line_left(l, l->at);
		return PICK_TAKEN;
	}
	if (l->find != 0)
		return awaited(l, k);
	if ((k->mods & ~PICK_SHIFT) != 0 || c == PICK_ESCAPE) {
		bool	was_waiting = l->operator != 0 || l->times != 0;

		l->operator = l->times = 0;
		if (k->mods == PICK_CTRL && c == '_')
			return act(l, 'u');
		return was_waiting ? PICK_TAKEN : PICK_NOT_MINE;
	}
	if (c >= '1' - (l->times > 0) && c <= '9') {
		l->times = l->times * 10 + (c - '0');
		if (l->times > TIMES_MAX)
			l->times = TIMES_MAX;
		return PICK_TAKEN;
	}
	if (c == 'f' || c == 'F' || c == 't' || c == 'T' || c == 'r') {
		l->find = c;
		return PICK_TAKEN;
	}
	if (l->operator != 0 && c == l->operator) {
		l->operator = l->times = 0;
		return operate(l, c, 0, l->len);
	}
	if (l->operator != 0 ||
	    (c > 0 && c < 128 && strchr("hl wWbBeE0^$;,", (int)c) != NULL) ||
	    c == PICK_LEFT || c == PICK_RIGHT || c == PICK_HOME ||
	    c == PICK_END || c == PICK_BACKSPACE)
		return move(l, c);
	if (c == 'd' || c == 'c' || c == 'y') {
		l->operator = c;
		return PICK_TAKEN;
	}
	return act(l, c);
}
