/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What qt-session does with bytes of programs and of the keyboard: stripping,
 * cropping, and undoing the modes that output left a terminal in.
 * clang -fsanitize=fuzzer
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../cmd/qt-session/keys.c"
#include "../../cmd/qt-session/modes.c"
#include "../../cmd/qt-session/strip.c"
#include "../../cmd/qt-session/width.c"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Names the promise that was broken. */
#define check(is_true) do {						\
	if (!(is_true)) {						\
		fprintf(stderr, "line %d: not %s\n", __LINE__, #is_true);	\
		abort();						\
	}								\
} while (0)

/* Any split gives the same text, which holds no control but \n and \t. */
static void
strip_is_clean(const char *data, size_t size)
{
	struct strip	a = STRIP_INIT, b = STRIP_INIT;
	struct qt_buf	whole = QT_BUF_INIT, pieces = QT_BUF_INIT;
	size_t		i;

	check(strip_feed(&a, data, size, &whole) == 0);
	for (i = 0; i < size; i++)
		check(strip_feed(&b, data + i, 1, &pieces) == 0);
	check(whole.len == pieces.len);
	for (i = 0; i < whole.len; i++) {
		check(whole.data[i] == pieces.data[i]);
		check((unsigned char)whole.data[i] >= 0x20 ||
		    whole.data[i] == '\n' || whole.data[i] == '\t');
	}
	qt_buf_clear(&whole);
	qt_buf_clear(&pieces);
}

/* What is cropped fills at most its columns and sends only SGR. */
static void
crop_fits(const char *data, size_t size, size_t left, size_t columns)
{
	struct qt_buf	out = QT_BUF_INIT, text = QT_BUF_INIT;
	struct strip	s = STRIP_INIT;
	size_t		used;

	used = width_crop(&out, data, size, left, columns);
	check(used <= columns);
	check(strip_feed(&s, out.len > 0 ? out.data : "", out.len,
	    &text) == 0);
	check(text.len == 0 || width_text(text.data) == used);
	qt_buf_clear(&out);
	qt_buf_clear(&text);
}

static void
fit_fits(const char *data, size_t size, size_t columns)
{
	struct qt_buf	text = QT_BUF_INIT, out = QT_BUF_INIT;

	check(qt_buf_add(&text, data, strnlen(data, size)) == 0);
	width_fit(&out, text.len > 0 ? text.data : "", columns);
	check(out.len == 0 ? columns == 0 : width_text(out.data) == columns);
	qt_buf_clear(&text);
	qt_buf_clear(&out);
}

/* After what term_defaults() says, nothing that it tracks is on. */
static void
defaults_restore(const char *data, size_t size)
{
	static struct term	t;
	struct qt_buf		out = QT_BUF_INIT;
	size_t			i;

	memset(&t, 0, sizeof(t));
	term_note(&t, data, size);
	term_defaults(&t, &out);
	term_note(&t, out.data, out.len);
	check(qt_scan_is_safe(&t.scan));
	check(t.ndec == 0 || t.is_dec_full);
	check(t.modes.dec == 0 && t.modes.mouse == 0);
	check(t.modes.mouse_enc == 0 && t.modes.cursor_shape == 0);
	check(t.modes.modify_keys == 0 && t.modes.charset_gl == 0);
	check(t.modes.margin_top == 0 && t.modes.margin_bottom == 0);
	check(!t.is_linked);
	for (i = 0; i < 4; i++)
		check(t.modes.charset[i] == 0);
	for (i = 0; i < 2; i++)
		check(t.modes.kitty[i].depth == 0 &&
		    t.modes.kitty[i].flags[0] == 0);
	qt_buf_clear(&out);
}

static void
detach_is_inside(const char *data, size_t size)
{
	struct detach_key	k;
	size_t			at, len;

	check(detach_key_parse(&k, "C-\\") == 0);
	at = detach_key_find(&k, data, size, &len);
	check(at <= size && len <= size - at);
	check((len > 0) == (at < size));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char	*text = (const char *)data;
	size_t		 left, columns;

	if (size < 2)
		return 0;
	left = data[0] % 50;
	columns = data[1] % 50;
	text += 2;
	size -= 2;
	strip_is_clean(text, size);
	crop_fits(text, size, left, columns);
	fit_fits(text, size, columns);
	defaults_restore(text, size);
	detach_is_inside(text, size);
	return 0;
}
