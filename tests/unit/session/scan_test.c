/* SPDX-License-Identifier: Apache-2.0 */
/* The scanner: what it reports, where it is safe, that splits do not matter. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/session/scan.h>

#include "../test.h"

/* Everything a scanner reports, as text. */
static void
note(void *ctx, const struct qt_scan_seq *q)
{
	char		*log = ctx, *p = log + strlen(log);
	uint32_t	i;

	p += sprintf(p, "%c", "CEODcS"[q->kind]);
	if (q->prefix)
		p += sprintf(p, "%c", q->prefix);
	for (i = 0; i < q->nparams; i++)
		p += sprintf(p, "%s%u", i > 0 ? ";" : "", q->param[i]);
	if (q->inter)
		p += sprintf(p, "%c", q->inter == 0x7f ? '*' : q->inter);
	if (q->kind == QT_SCAN_CONTROL)
		p += sprintf(p, "%02x", q->final);
	else if (q->final)
		p += sprintf(p, "%c", q->final);
	if (q->len > 0)
		p += sprintf(p, "(%.*s)", (int)q->len, q->text);
	sprintf(p, " ");
}

static void
expect(const char *in, size_t len, const char *want, int is_safe)
{
	size_t	cut;

	for (cut = 0; cut <= len; cut++) {
		struct qt_scan	s = QT_SCAN_INIT;
		char		log[4096] = "";

		qt_scan_feed(&s, in, cut, note, log);
		qt_scan_feed(&s, in + cut, len - cut, note, log);
		assert_string_equal(log, want);
		assert_int_equal(qt_scan_is_safe(&s), is_safe);
	}
}

#define EXPECT(in, want, safe) expect(in, sizeof(in) - 1, want, safe)

QT_TEST(reports_control_sequences_with_parameters)
{
	(void)state;
	EXPECT("a\x1b[1;31mred\x1b[m\r\n", "C1;31m Cm ", 1);
	EXPECT("\x1b[?1006;1000h\x1b[>4;2m", "C?1006;1000h C>4;2m ", 1);
	EXPECT("\x1b[;5H\x1b[2 q\x1b[?25$p", "C0;5H C2 q C?25$p ", 1);
	EXPECT("\x1b[38:2::1:2:3;4:3;7m", "C38;4;7m ", 1);
	EXPECT("\x1b[99999999999999999999A", "C99999999A ", 1);
}

QT_TEST(reports_escapes_and_designations)
{
	(void)state;
	EXPECT("\x1b" "7\x1b(0\x1b#8\x1b=\x1b" "c", "E7 E(0 E#8 E= Ec ", 1);
	EXPECT("\x1b$(C", "E*C ", 1);
}

QT_TEST(reports_strings_by_every_end)
{
	(void)state;
	EXPECT("\x1b]0;hi\x07x", "O(0;hi) ", 1);
	EXPECT("\x1b]2;hi\x1b\\x", "O(2;hi) ", 1);
	EXPECT("\x1b]2;hi\x1b[mx", "O(2;hi) Cm ", 1);
	EXPECT("\xc2\x9d" "0;\xc3\xa9\xc2\xa9\xc2\x9cx",
	    "O(0;\xc3\xa9\xc2\xa9) ", 1);
	EXPECT("\x1b]2;hi\x18x", "", 1);
	EXPECT("\x1b]2;hi\xc2\x9bmx", "Cm ", 1);
	EXPECT("\x1bP1$qm\x1b\\", "D1$q(m) ", 1);
	EXPECT("\x1b_Gi=1;AA\x1b\\", "S_(Gi=1;AA) ", 1);
}

QT_TEST(takes_c1_controls_only_as_utf8)
{
	(void)state;
	EXPECT("\xc2\x9b" "5n\xc2\x85", "C5n EE ", 1);
	EXPECT("\x9b" "5n", "", 1);
	EXPECT("\xc2\xa9 \xc3\x9b" "5n", "", 1);
	EXPECT("\x1b[1\xc2\xa9x", "", 1);
}

QT_TEST(executes_controls_inside_sequences)
{
	(void)state;
	EXPECT("\x1b[1\x05;2m\x0e", "c05 C1;2m c0e ", 1);
	EXPECT("\x1b[1\x18m\x1b[2\x1b[3m", "C3m ", 1);
	EXPECT("\x1b[1?2mx\x1b[4m", "C4m ", 1);
}

QT_TEST(knows_safe_points)
{
	(void)state;
	EXPECT("\xe3\x81", "", 0);
	EXPECT("\xe3\x81\x82", "", 1);
	EXPECT("\xf0\x9f\x98", "", 0);
	EXPECT("x\xf0\x9f\x98\x80", "", 1);
	EXPECT("\xe3\x81\n", "", 1);
	EXPECT("\xc2", "", 0);
	EXPECT("\x1b", "", 0);
	EXPECT("\x1b[1", "", 0);
	EXPECT("\x1b]0;x\x1b", "", 0);
}

QT_TEST(bounds_parameters_and_texts)
{
	char	in[2048], want[2048];
	size_t	i, n = 0, w = 0;

	(void)state;
	n += (size_t)sprintf(in, "\x1b[");
	w += (size_t)sprintf(want, "C");
	for (i = 0; i < 40; i++) {
		n += (size_t)sprintf(in + n, "%zu;", i + 1);
		if (i < QT_SCAN_PARAMS)
			w += (size_t)sprintf(want + w, "%s%zu",
			    i > 0 ? ";" : "", i + 1);
	}
	n += (size_t)sprintf(in + n, "m");
	sprintf(want + w, "m ");
	expect(in, n, want, 1);

	n = (size_t)sprintf(in, "\x1b]0;");
	memset(in + n, 'x', 700);
	n += 700;
	in[n++] = '\a';
	w = (size_t)sprintf(want, "O(0;");
	memset(want + w, 'x', QT_SCAN_TEXT - 2);
	sprintf(want + w + QT_SCAN_TEXT - 2, ") ");
	expect(in, n, want, 1);
}
