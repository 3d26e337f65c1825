/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of cells as text with SGR, and the lines that are kept in that form:
 * scrollback, and the main screen while the alternate one is shown. Such a
 * line costs about what the program sent for it.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vt_priv.h"

#define LINES_BYTES_MAX (16u << 20)

static int
is_blank(const VTermScreenCell *c)
{
	if ((c->bg.type & VTERM_COLOR_DEFAULT_MASK) == 0)
		return 0;
	if (c->chars[0] == 0)
		return 1;
	return c->chars[0] == ' ' && c->chars[1] == 0 && !c->attrs.reverse &&
	    !c->attrs.underline && !c->attrs.strike &&
	    (c->attrs.font & QT__FONT_OVERLINE) == 0;
}

static int
add_chars(const struct qt_vt *vt, const VTermScreenCell *c,
    struct qt_buf *out)
{
	uint8_t	text[4 * VTERM_MAX_CHARS_PER_CELL];
	size_t	i, n = 0;

	if (c->chars[0] == 0)
		return qt_buf_add(out, " ", 1);
	for (i = 0; i < VTERM_MAX_CHARS_PER_CELL && c->chars[i] != 0; i++)
		n += qt__utf8_put(text + n, qt__vt_decode(vt, c->chars[i]));
	return qt_buf_add(out, text, n);
}

/* On a space only some looks show; the others stay, which saves SGR. */
static void
pen_of_space(struct qt__pen *pen, const struct qt__pen *was)
{
	VTermColor	bg = pen->bg;

	if (pen->reverse || pen->underline || pen->strike ||
	    pen->font & QT__FONT_OVERLINE)
		return;
	*pen = *was;
	pen->bg = bg;
	pen->reverse = pen->underline = pen->strike = 0;
	pen->font &= (uint8_t)~QT__FONT_OVERLINE;
}

/*
 * Columns of the character at c, the next one's cell being next (or NULL); 0
 * for half of a wide one whose other half was written over. libvterm's own
 * number counts what stands to the right, whoever that belongs to.
 */
static int
columns(const struct qt_vt *vt, const VTermScreenCell *c,
    const VTermScreenCell *next)
{
	if (c->chars[0] == UINT32_MAX)
		return 0;
	if (c->chars[0] < 0x1100 ||
	    qt__vt_width(qt__vt_decode(vt, c->chars[0])) != 2)
		return 1;
	return next != NULL && next->chars[0] == UINT32_MAX ? 2 : 0;
}

int
qt__row_add(const struct qt_vt *vt, const VTermScreenCell *cells, int from,
    int cols, struct qt_buf *out)
{
	struct qt__pen	was, pen, none;
	VTermScreenCell	c;
	int		i, n, end = cols, rc = 0;

	qt__pen_reset(&none);
	was = none;
	while (cols > from && is_blank(&cells[cols - 1]))
		cols--;
	for (i = from; i < cols && rc == 0; i += n > 0 ? n : 1) {
		c = cells[i];
		n = columns(vt, &c, i + 1 < end ? &cells[i + 1] : NULL);
		if (n == 0)
			c.chars[0] = 0;
		qt__pen_of_cell(&pen, &c);
		if (c.chars[0] == 0 || (c.chars[0] == ' ' && c.chars[1] == 0))
			pen_of_space(&pen, &was);
		rc = qt__pen_change(&was, &pen, out);
		if (rc == 0)
			rc = add_chars(vt, &c, out);
		was = pen;
	}
	return rc < 0 ? rc : qt__pen_change(&was, &none, out);
}

void
qt__vt_read(struct qt_vt *vt, int row)
{
	VTermPos	pos = { .row = row, .col = 0 };

	memset(vt->cells, 0, vt->cols * sizeof(*vt->cells));
	for (; pos.col < vt->cols; pos.col++)
		(void)vterm_screen_get_cell(vt->screen, pos,
		    &vt->cells[pos.col]);
}

int
qt__vt_row(struct qt_vt *vt, int row, struct qt_buf *out)
{
	qt__vt_read(vt, row);
	return qt__row_add(vt, vt->cells, 0, vt->cols, out);
}

int
qt__line_plain(const char *text, size_t len, struct qt_buf *out)
{
	const char	*p = text, *end, *esc, *m;
	int		rc = 0;

	if (len == 0)	/* then text may be NULL */
		return 0;
	end = text + len;
	while (p < end && rc == 0) {
		esc = memchr(p, '\x1b', (size_t)(end - p));
		rc = qt_buf_add(out, p, (size_t)((esc ? esc : end) - p));
		if (esc == NULL)
			break;
		m = memchr(esc, 'm', (size_t)(end - esc));
		p = m != NULL ? m + 1 : end;
	}
	while (rc == 0 && out->len > 0 && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	return rc;
}

uint32_t
qt__line_width(const struct qt__line *line)
{
	const uint8_t	*p = (const uint8_t *)line->text, *end;
	uint32_t	 c, width = 0;
	int		 n;

	if (line->len == 0)	/* then text is NULL */
		return 0;
	for (end = p + line->len; p < end; p += n) {
		if (*p == 0x1b) {
			const uint8_t *m = memchr(p, 'm', (size_t)(end - p));

			n = m != NULL ? (int)(m - p) + 1 : (int)(end - p);
			continue;
		}
		n = qt__utf8_get(p, (size_t)(end - p), &c);
		if (n <= 0)
			n = 1;
		else
			width += (uint32_t)qt__vt_width(c);
	}
	return width;
}

int
qt__line_set(struct qt__line *line, const char *text, size_t len)
{
	char	*copy = NULL;

	if (len > 0) {
		copy = malloc(len);
		if (copy == NULL)
			return -ENOMEM;
		memcpy(copy, text, len);
	}
	free(line->text);
	line->text = copy;
	line->len = (uint32_t)len;
	return 0;
}

static void
pop_oldest(struct qt__lines *l)
{
	struct qt__line	*line = &l->line[l->first];

	l->bytes -= line->len;
	free(line->text);
	line->text = NULL;
	line->len = 0;
	l->first = (l->first + 1) % l->max;
	l->count--;
}

/* Takes line's text. */
void
qt__lines_push(struct qt__lines *l, struct qt__line *line)
{
	if (l->max == 0) {
		free(line->text);
		return;
	}
	while (l->count > 0 && (l->count == l->max ||
	    l->bytes + line->len > LINES_BYTES_MAX))
		pop_oldest(l);
	l->line[(l->first + l->count) % l->max] = *line;
	l->count++;
	l->bytes += line->len;
}

const struct qt__line *
qt__lines_get(const struct qt__lines *l, uint32_t i)
{
	return &l->line[(l->first + i) % l->max];
}

void
qt__lines_clear(struct qt__lines *l)
{
	while (l->count > 0)
		pop_oldest(l);
}

void
qt__vt_keep_main(struct qt_vt *vt)
{
	struct qt_buf	text = QT_BUF_INIT;
	int		i;

	qt__vt_drop_main(vt);
	vt->main_row = calloc(vt->rows, sizeof(*vt->main_row));
	if (vt->main_row == NULL)
		return;
	vt->main_rows = vt->rows;
	for (i = 0; i < vt->rows; i++) {
		qt_buf_reset(&text);
		if (qt__vt_row(vt, i, &text) == 0)
			(void)qt__line_set(&vt->main_row[i], text.data,
			    text.len);
	}
	qt_buf_clear(&text);
}

void
qt__vt_drop_main(struct qt_vt *vt)
{
	size_t	i;

	for (i = 0; i < vt->main_rows; i++)
		free(vt->main_row[i].text);
	free(vt->main_row);
	vt->main_row = NULL;
	vt->main_rows = 0;
}
