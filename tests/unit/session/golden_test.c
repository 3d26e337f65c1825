/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output of real programs, recorded from a pty of 80x24 (golden/NAME.vt): bash
 * editing lines, less, vim with split windows, tmux with panes. Wherever one
 * stops watching, a redraw gives the same screen, cursor and modes, and what
 * comes after has the same effect on it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/session/vt.h>

#include "../test.h"

#define STEP 23	/* bytes between redraws */

static char	*text;
static size_t	text_len;

static void
load(const char *name)
{
	char	path[256], *slash;
	FILE	*f;

	snprintf(path, sizeof(path), "%s", __FILE__);
	slash = strrchr(path, '/');
	assert_non_null(slash);
	snprintf(slash, sizeof(path) - (size_t)(slash - path), "/golden/%s.vt",
	    name);
	f = fopen(path, "rb");
	assert_non_null(f);
	text = malloc(1 << 16);
	assert_non_null(text);
	text_len = fread(text, 1, 1 << 16, f);
	fclose(f);
	assert_true(text_len > 500);
}

static struct qt_vt *
vt_new(void)
{
	struct qt_vt	*vt;

	assert_int_equal(qt_vt_new(80, 24, 200, &vt), 0);
	return vt;
}

static void
dump(struct qt_vt *vt, struct qt_buf *out)
{
	qt_buf_reset(out);
	assert_int_equal(qt_vt_dump(vt, QT_SCREEN_ANSI, 200, 0, out), 0);
}

/* Watches from offset cut on, with nothing but a redraw. */
static void
join_at(struct qt_vt *a, size_t cut, const struct qt_buf *end)
{
	struct qt_vt	*b = vt_new();
	struct qt_buf	was = QT_BUF_INIT, is = QT_BUF_INIT;

	dump(a, &was);
	qt_vt_feed(b, "old\x1b[?1049h\x1b[5;6r\x1b[?1002hold", 29);
	qt_vt_feed(b, was.data, was.len);
	dump(b, &is);
	assert_string_equal(is.data, was.data);
	/* From the last safe offset: that is where the stream goes on. */
	cut = (size_t)qt_vt_safe(a);
	qt_vt_feed(b, text + cut, text_len - cut);
	dump(b, &is);
	assert_string_equal(is.data, end->data);
	qt_buf_clear(&was);
	qt_buf_clear(&is);
	qt_vt_free(b);
}

static void
watch(const char *name)
{
	struct qt_vt	*a;
	struct qt_buf	end = QT_BUF_INIT;
	size_t		at, n;

	load(name);
	a = vt_new();
	qt_vt_feed(a, text, text_len);
	dump(a, &end);
	qt_vt_free(a);
	a = vt_new();
	for (at = 0; at < text_len; at += n) {
		n = text_len - at < STEP ? text_len - at : STEP;
		qt_vt_feed(a, text + at, n);
		join_at(a, at + n, &end);
	}
	qt_vt_free(a);
	qt_buf_clear(&end);
	free(text);
}

QT_TEST(bash_can_be_joined_anywhere)
{
	(void)state;
	watch("bash");
}

QT_TEST(less_can_be_joined_anywhere)
{
	(void)state;
	watch("less");
}

QT_TEST(vim_can_be_joined_anywhere)
{
	(void)state;
	watch("vim");
}

QT_TEST(tmux_can_be_joined_anywhere)
{
	(void)state;
	watch("tmux");
}
