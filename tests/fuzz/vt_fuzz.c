/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes at any split and with resizes leave a screen that can be dumped in
 * every form, and whose redraw on a fresh screen looks the same. A redraw
 * asks nothing. The first bytes choose sizes.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <qt/session/scan.h>
#include <qt/session/vt.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
no_query(void *ctx, const struct qt_scan_seq *q)
{
	(void)ctx;
	if (qt_scan_is_query(q))
		abort();
}

static void
dump(struct qt_vt *vt, enum qt_screen_form form, struct qt_buf *out)
{
	uint32_t	lines = form == QT_SCREEN_TEXT ? 0 : 10;

	qt_buf_reset(out);
	/* Scrollback of a wider time fills more lines when it is redrawn. */
	if (qt_vt_dump(vt, form, lines, 0, out) < 0 ||
	    qt_buf_add(out, "", 0) < 0)
		abort();
}

static void
check_redraw(struct qt_vt *a)
{
	struct qt_buf	ansi = QT_BUF_INIT, text = QT_BUF_INIT;
	struct qt_buf	again = QT_BUF_INIT;
	struct qt_scan	scan = QT_SCAN_INIT;
	struct qt_vt	*b;
	uint16_t	cols, rows;
	uint32_t	form;

	for (form = QT_SCREEN_TEXT; form <= QT_SCREEN_MODES; form++)
		dump(a, (enum qt_screen_form)form, &text);
	dump(a, QT_SCREEN_ANSI, &ansi);
	dump(a, QT_SCREEN_TEXT, &text);
	qt_scan_feed(&scan, ansi.data, ansi.len, no_query, NULL);
	if (!qt_scan_is_safe(&scan))
		abort();
	qt_vt_size(a, &cols, &rows);
	if (qt_vt_new(cols, rows, 10, &b) < 0)
		abort();
	qt_vt_feed(b, ansi.data, ansi.len);
	dump(b, QT_SCREEN_TEXT, &again);
	/* In one column nothing wide fits, and everything is different. */
	if (cols > 2 && strcmp(text.data, again.data) != 0)
		abort();
	qt_vt_free(b);
	qt_buf_clear(&ansi);
	qt_buf_clear(&text);
	qt_buf_clear(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qt_vt	*a;
	size_t		half;

	if (size < 4)
		return 0;
	if (qt_vt_new(1 + data[0] % 30, 1 + data[1] % 10, 10, &a) < 0)
		abort();
	half = (size - 4) / 2;
	qt_vt_feed(a, data + 4, half);
	check_redraw(a);
	if (qt_vt_resize(a, 1 + data[2] % 30, 1 + data[3] % 10) < 0)
		abort();
	qt_vt_feed(a, data + 4 + half, size - 4 - half);
	check_redraw(a);
	qt_vt_free(a);
	return 0;
}
