/* SPDX-License-Identifier: Apache-2.0 */
/* Editing the query: cmd/qt-hist/pick_line.c and pick_vi.c. */

#include <string.h>

#include "../../../cmd/qt-hist/pick_glyph.c"
#include "../../../cmd/qt-hist/pick_keys.c"
#include "../../../cmd/qt-hist/pick_line.h"
#include "../../../cmd/qt-hist/pick_vi.c"
#include "../test.h"

static struct pick_line	line;

/* Types bytes as a terminal sends them. */
static void
type(const char *keys)
{
	struct pick_keys	parser = { false };
	struct pick_key		k;
	size_t			len = strlen(keys), n;

	for (; len > 0; keys += n, len -= n) {
		n = pick_keys_next(&parser, keys, len, true, &k);
		if (k.code != PICK_NONE)
			(void)pick_line_key(&line, &k);
	}
}

/* The line, with | where the cursor is. */
static const char *
shown(void)
{
	static char	out[PICK_LINE_MAX + 2];

	memcpy(out, line.text, line.at);
	out[line.at] = '|';
	memcpy(out + line.at + 1, line.text + line.at, line.len - line.at);
	out[line.len + 1] = '\0';
	return out;
}

static void
try(bool has_vi, const char *text, const char *keys, const char *want)
{
	pick_line_init(&line, text, strlen(text), has_vi);
	/* One after the other: an Escape is no Alt. */
	for (char one[2] = ""; has_vi && *keys != '\0'; keys++) {
		one[0] = *keys;
		type(one);
	}
	type(keys);
	if (strcmp(shown(), want) != 0)
		fail_msg("'%s': '%s', not '%s'", text, shown(), want);
	pick_line_clear(&line);
}

#define EMACS(text, keys, want)	try(false, text, keys, want)
#define VI(text, keys, want)	try(true, text, "\033" keys, want)

QT_TEST(emacs_moves)
{
	(void)state;
	EMACS("ab cd", "\001", "|ab cd");
	EMACS("ab cd", "\001\006\006x", "abx| cd");
	EMACS("ab cd", "\033b", "ab |cd");
	EMACS("ab cd", "\001\033f", "ab| cd");
	EMACS("ab cd", "\033[1;5D\033[1;5D", "|ab cd");
	EMACS("ab cd", "\033[H\005!", "ab cd!|");
	EMACS("a日本", "\002\002", "a|日本");
	EMACS("e\xcc\x81x", "\002\002", "|e\xcc\x81x");
}

QT_TEST(emacs_kills_and_yanks)
{
	(void)state;
	EMACS("ab cd", "\027", "ab |");
	EMACS("ab cd/ef", "\033\x7f", "ab cd/|");
	EMACS("ab cd/ef", "\027\031\031", "ab cd/efcd/ef|");
	EMACS("ab cd", "\001\013\031", "ab cd|");
	EMACS("ab cd", "\025", "|");
	EMACS("ab cd", "\001\033d", "| cd");
	EMACS("ab cd ef", "\027\027\031", "ab cd ef|");
	EMACS("ab cd", "\001\004\004", "| cd");
	EMACS("日本", "\x7f", "日|");
}

QT_TEST(emacs_undoes_by_words)
{
	(void)state;
	EMACS("", "one two\037", "one|");
	EMACS("", "one two\037\037", "|");
	EMACS("", "one two\037\037\037", "|");
	EMACS("ab cd", "\027\037", "ab cd|");
	EMACS("ab", "\001x\005y\037", "xab|");
}

QT_TEST(undo_goes_back_so_far_and_no_further)
{
	(void)state;
	pick_line_init(&line, "", 0, false);
	for (int i = 0; i < 1000; i++)
		type("a ");
	for (int i = 0; i < 1000; i++)
		type("\037");
	assert_int_equal(line.len, 2000 - 1 - PICK_LINE_UNDO * 2 + 2);
	assert_false(pick_line_undo(&line));
	pick_line_clear(&line);
}

QT_TEST(what_is_pasted_or_given_has_no_controls)
{
	(void)state;
	EMACS("a\nb\tc", "", "a b c|");
	EMACS("", "\033[200~x\r\ny\033[201~z", "x  yz|");
}

QT_TEST(a_full_line_takes_no_more)
{
	static char	full[PICK_LINE_MAX + 10];

	(void)state;
	memset(full, 'x', sizeof(full));
	pick_line_init(&line, full, sizeof(full), false);
	assert_int_equal(line.len, PICK_LINE_MAX);
	type("y\001y\031\025\031\031");
	assert_int_equal(line.len, PICK_LINE_MAX);
	pick_line_clear(&line);
}

QT_TEST(vi_moves)
{
	(void)state;
	VI("ab cd", "", "ab c|d");
	VI("ab cd", "0", "|ab cd");
	VI("ab cd", "b", "ab |cd");
	VI("ab cd", "bb", "|ab cd");
	VI("ab cd.ef gh", "0ww", "ab cd|.ef gh");
	VI("ab cd.ef gh", "0WW", "ab cd.ef |gh");
	VI("ab cd.ef gh", "02W", "ab cd.ef |gh");
	VI("ab cd ef", "0e", "a|b cd ef");
	VI("ab cd ef", "0ee", "ab c|d ef");
	VI("ab cd", "0$", "ab c|d");
	VI("ab cd", "0fc", "ab |cd");
	VI("ab cd", "Fa", "|ab cd");
	VI("ab cd", "0tc", "ab| cd");
	VI("a.b.c.d", "0f.;;", "a.b.c|.d");
	VI("a.b.c.d", "0f.;,", "a|.b.c.d");
	VI("ab", "fz", "a|b");
}

QT_TEST(vi_changes)
{
	(void)state;
	VI("ab cd", "x", "ab |c");
	VI("ab cd", "02x", "| cd");
	VI("ab cd", "0dw", "|cd");
	VI("ab cd ef", "02dw", "|ef");
	VI("ab cd", "db", "ab |d");
	VI("ab cd", "0de", "| cd");
	VI("ab cd", "0dtc", "|cd");
	VI("ab cd", "0dfc", "|d");
	VI("ab cd", "dd", "|");
	VI("ab cd", "0cwxy", "xy| cd");
	VI("ab cd", "0D", "|");
	VI("ab cd", "0wCx", "ab x|");
	VI("ab cd", "Sx", "x|");
	VI("ab cd", "0sx", "x|b cd");
	VI("ab cd", "0rx", "|xb cd");
	VI("ab cd", "0~", "A|b cd");
	VI("ab cd", "d\033x", "ab |c");
	VI("日本", "x", "|日");
}

QT_TEST(vi_inserts_puts_and_undoes)
{
	(void)state;
	VI("ab", "ix", "ax|b");
	VI("ab", "ax", "abx|");
	VI("ab", "Ix", "x|ab");
	VI("ab", "0Ax", "abx|");
	VI("ab cd", "0dwp", "cab| d");
	VI("ab cd", "0dwP", "ab| cd");
	VI("ab", "0yyp", "aa|bb");
	VI("ab cd", "0dwu", "|ab cd");
	VI("ab", "u", "a|b");
	VI("ab", "i\033\033", "|ab");
}
