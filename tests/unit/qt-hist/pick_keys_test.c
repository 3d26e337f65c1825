/* SPDX-License-Identifier: Apache-2.0 */
/* What a terminal sends, taken apart: cmd/qt-hist/pick_keys.c. */

#include <stdio.h>
#include <string.h>

#include "../../../cmd/qt-hist/pick_keys.h"
#include "../test.h"

/* One key's name: C-a, M-Up, 'x', paste:x ... */
static size_t
name(char *out, size_t size, const struct pick_key *k)
{
	static const char *const names[] = { "none", "byte", "paste", "Enter",
	    "Tab", "Esc", "BSpace", "Up", "Down", "Right", "Left", "Home",
	    "End", "Insert", "Delete", "PgUp", "PgDn", "F1", "mouse", "place" };
	int	n = snprintf(out, size, "%s%s%s", k->mods & PICK_CTRL ? "C-" :
	    "", k->mods & PICK_ALT ? "M-" : "", k->mods & PICK_SHIFT ? "S-" :
	    "");

	if (k->code == PICK_MOUSE || k->code == PICK_PLACE)
		n += snprintf(out + n, size - (size_t)n, "%s:%u:%u:%u",
		    names[k->code - PICK_NONE], k->button, k->col, k->row);
	else if (k->code >= PICK_NONE)
		n += snprintf(out + n, size - (size_t)n, "%s%s%.*s",
		    names[k->code - PICK_NONE], k->len > 0 ? ":" : "",
		    (int)k->len, k->text);
	else if (k->len > 0)
		n += snprintf(out + n, size - (size_t)n, "%.*s", (int)k->len,
		    k->text);
	else
		n += snprintf(out + n, size - (size_t)n, "%c", (int)k->code);
	return (size_t)n;
}

/* All keys of a text; "..." where more is waited for. */
static const char *
said(const char *text, size_t len, bool is_over)
{
	static char		out[1024];
	struct pick_keys	keys = { false };
	struct pick_key		k;
	size_t			n, at = 0;

	out[0] = '\0';
	while (len > 0) {
		n = pick_keys_next(&keys, text, len, is_over, &k);
		if (n == 0) {
			strcpy(out + at, "...");
			break;
		}
		at += name(out + at, sizeof(out) - at - 8, &k);
		strcpy(out + at++, " ");
		text += n;
		len -= n;
	}
	return out;
}

#define EXPECT(text, want)						\
	assert_string_equal(said(text, sizeof(text) - 1, false), want)
#define EXPECT_OVER(text, want)						\
	assert_string_equal(said(text, sizeof(text) - 1, true), want)

QT_TEST(characters_and_controls)
{
	(void)state;
	EXPECT("aZ ~", "a Z   ~ ");
	EXPECT("\x01\x12\x1f\x1c", "C-a C-r C-_ C-\\ ");
	EXPECT("\r\n\t\x7f\b", "Enter Enter Tab BSpace BSpace ");
	assert_string_equal(said("\0", 1, false), "C-  ");
	EXPECT("\xc3\xa4\xe6\x97\xa5\xf0\x9f\x98\x80", "ä 日 😀 ");
}

QT_TEST(a_character_may_come_in_pieces)
{
	(void)state;
	EXPECT("\xe6\x97", "...");
	EXPECT("\xf0\x9f\x98", "...");
	EXPECT_OVER("\xe6\x97", "byte:\xe6 byte:\x97 ");
	/* What cannot become one is not waited for. */
	EXPECT("\xffx\xc0\x80", "byte:\xff x byte:\xc0 byte:\x80 ");
	EXPECT("\xe0\x80", "byte:\xe0 byte:\x80 ");
	EXPECT("\xed\xa0", "byte:\xed byte:\xa0 ");
	EXPECT("\xe6x", "byte:\xe6 x ");
}

QT_TEST(keys_of_xterm_and_of_the_linux_console)
{
	(void)state;
	EXPECT("\033[A\033[B\033[C\033[D", "Up Down Right Left ");
	EXPECT("\033OA\033OH\033OF\033OP", "Up Home End F1 ");
	EXPECT("\033[1;5A\033[1;3C\033[1;2D", "C-Up M-Right S-Left ");
	EXPECT("\033[H\033[F\033[1~\033[4~", "Home End Home End ");
	EXPECT("\033[2~\033[3~\033[5~\033[6~", "Insert Delete PgUp PgDn ");
	EXPECT("\033[3;2~\033[3$\033[3^", "S-Delete S-Delete C-Delete ");
	EXPECT("\033[Z\033[11~", "S-Tab F1 ");
	EXPECT("\033[1;5H\033[1;5F", "C-Home C-End ");
}

QT_TEST(keys_of_kitty_and_of_modify_other_keys)
{
	(void)state;
	EXPECT("\033[97;5u\033[13u\033[27u\033[9;2u",
	    "C-a Enter Esc S-Tab ");
	EXPECT("\033[27;5;114~", "C-r ");
	EXPECT("\033[127;3u", "M-BSpace ");
	EXPECT("\033[99999999999999u", "none ");
}

QT_TEST(alt_is_an_escape_before)
{
	(void)state;
	EXPECT("\033b\033\x7f\033\r", "M-b M-BSpace M-Enter ");
	EXPECT("\033\033[A", "M-Up ");
	EXPECT("\033\xc3\xa4", "M-\xe4 ");
}

QT_TEST(an_escape_alone_is_told_by_what_does_not_follow)
{
	(void)state;
	EXPECT("\033", "...");
	EXPECT_OVER("\033", "Esc ");
	EXPECT("\033[", "...");
	EXPECT_OVER("\033[", "M-[ ");
	EXPECT("\033O", "...");
	EXPECT("\033\033", "...");
	EXPECT_OVER("\033\033", "Esc Esc ");
	EXPECT("\033\033\033[A", "Esc M-Up ");
	EXPECT("x\033[1;", "x ...");
}

QT_TEST(the_mouse_and_the_place_of_the_cursor)
{
	(void)state;
	EXPECT("\033[<0;10;5M", "mouse:0:10:5 ");
	EXPECT("\033[<0;10;5m", "none ");		/* let go */
	EXPECT("\033[<64;1;1M\033[<65;1;1M", "mouse:64:1:1 mouse:65:1:1 ");
	EXPECT("\033[<32;1;1M", "none ");		/* moved */
	EXPECT("\033[<4;1;1M", "S-mouse:0:1:1 ");
	EXPECT("\033[<0;0;0M\033[<0M", "none none ");
	EXPECT("\033[M !\"x", "mouse:0:1:2 x ");
	EXPECT("\033[M #", "...");
	EXPECT("\033[12;40R", "place:0:40:12 ");
}

QT_TEST(what_is_pasted_is_text)
{
	(void)state;
	EXPECT("\033[200~a\rb\033[201~\r",
	    "none paste:a paste:\r paste:b none Enter ");
	/* Escapes in it are, too; but its end may still come. */
	EXPECT("\033[200~\033[A", "none paste:\033 paste:[ paste:A ");
	EXPECT("\033[200~x\033[20", "none paste:x ...");
	EXPECT_OVER("\033[200~x\033[", "none paste:x paste:\033 paste:[ ");
}

QT_TEST(what_is_no_key_means_nothing)
{
	static char	endless[PICK_KEYS_MAX + 1] = "\033[";

	(void)state;
	EXPECT("\033[?2026;2$y", "none ");
	EXPECT("\033]11;rgb:0/0/0\033\\x", "none x ");
	EXPECT("\033]11;rgb:0/0/0\ax", "none x ");
	EXPECT("\033[I\033[O\033[1;2;3;4;5;6A", "none none S-Up ");
	EXPECT("\033[1\x01", "none C-a ");
	EXPECT("\xc2\x9b" "A", "none A ");
	memset(endless + 2, '1', sizeof(endless) - 2);
	/* So many bytes and no more. */
	assert_string_equal(said(endless, sizeof(endless), false), "none 1 ");
}
