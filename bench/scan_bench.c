/* SPDX-License-Identifier: Apache-2.0 */
/* Megabytes a second of the scanner, on plain and on coloured output. */

#include <stdio.h>
#include <stdlib.h>

#include <qt/base/buf.h>
#include <qt/base/clock.h>
#include <qt/session/scan.h>

#define SIZE	(16u << 20)
#define ROUNDS	8

static void
run(const char *name, const char *line)
{
	struct qt_scan	scan = QT_SCAN_INIT;
	struct qt_modes	modes = QT_MODES_INIT;
	struct qt_buf	text = QT_BUF_INIT;
	uint64_t	start;
	double		s;

	while (text.len < SIZE) {
		if (qt_buf_addf(&text, "%s", line) < 0)
			exit(EXIT_FAILURE);
	}
	start = qt_clock_mono_ns();
	for (int i = 0; i < ROUNDS; i++)
		qt_scan_feed(&scan, text.data, text.len, qt_modes_seq, &modes);
	s = (double)(qt_clock_mono_ns() - start) / 1e9;
	printf("scan_%s\tMB_per_s=%.0f\n", name,
	    (double)text.len * ROUNDS / 1e6 / s);
	qt_buf_clear(&text);
}

int
main(void)
{
	run("plain", "the quick brown fox jumps over the lazy dog\r\n");
	run("utf8", "der schnelle Fuchs spr\xc3\xa4nge \xc3\xbc""ber\r\n");
	run("colour", "\033[01;34mbin\033[0m  \033[01;32mrun.sh\033[0m  a.c\r\n");
	return EXIT_SUCCESS;
}
