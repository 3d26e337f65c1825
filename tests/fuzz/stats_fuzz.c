/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a command, as a period and as a tag: what they are called stays
 * within its bounds, and lies in the command; a period has a beginning before its
 * end. clang -fsanitize=fuzzer
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <qt/hist/stats.h>
#include <qt/hist/tag.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int is_true)
{
	if (!is_true)
		abort();
}

static int32_t
zone(int64_t unix_s)
{
	return unix_s / 1000000 % 2 == 0 ? 3600 : -36000;
}

static void
check_program(const char *text, size_t len)
{
	char	out[QT_HIST_PROGRAM_MAX];
	size_t	n, first;

	memset(out, 0, sizeof(out));
	n = qt_hist_program(out, text, len);
	check(n <= sizeof(out) && n <= len);
	/* Its first word is a part of the command. */
	for (first = 0; first < n && out[first] != ' '; first++)
		continue;
	check(n == 0 || memmem(text, len, out, first) != NULL);
}

static void
check_period(const char *text)
{
	struct qt_hist_here	here = { .now_us = UINT64_C(1) << 50,
	    .zone_s = zone };
	struct qt_hist_period	p;

	if (qt_hist_period_parse(&p, text, &here) == 0)
		check(p.from_us < p.to_us);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of the size, so that a byte too far is seen. */
	char	*text = malloc(size + 1);

	check(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	check_period(text);
	text = realloc(text, size + (size == 0));
	check(text != NULL);
	check_program(text, size);
	if (qt_hist_tag_check(text, size) == 0)
		check(size > 0 && size <= QT_HIST_TAG_MAX &&
		    memchr(text, '\0', size) == NULL && text[0] != '-');
	free(text);
	return 0;
}
