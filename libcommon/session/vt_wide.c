/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a narrower screen would cut off for good, since libvterm 0.1.4 does not
 * reflow (and later ones abort in it). Rows that have something beyond the new
 * edge are kept whole. When the screen is wide enough again, or the row scrolls
 * away, the kept part is used if the visible part is still the same; so rows
 * that were written over never get old text back.
 */

#include <stdlib.h>
#include <string.h>

#include "vt_priv.h"

static int
is_same(const VTermScreenCell *a, const VTermScreenCell *b, int cols)
{
	int	i;

	for (i = 0; i < cols; i++)
		if (memcmp(a[i].chars, b[i].chars, sizeof(a[i].chars)) != 0)
			return 0;
	return 1;
}

static int
has_content(const VTermScreenCell *cells, int from, int cols)
{
	for (; from < cols; from++)
		if (cells[from].chars[0] != 0 && cells[from].chars[0] != ' ')
			return 1;
	return 0;
}

static void
drop(struct qt__wide *w)
{
	free(w->cells);
	w->cells = NULL;
	w->cols = 0;
}

void
qt__wide_clear(struct qt_vt *vt)
{
	int	i;

	for (i = 0; vt->wide != NULL && i < vt->rows; i++)
		drop(&vt->wide[i]);
	free(vt->wide);
	vt->wide = NULL;
}

void
qt__wide_keep(struct qt_vt *vt, int cols)
{
	struct qt__wide	*w;
	size_t		 size = vt->cols * sizeof(*vt->cells);
	int		 i;

	if (vt->is_alt || cols >= vt->cols)
		return;
	if (vt->wide == NULL)
		vt->wide = calloc(vt->rows, sizeof(*vt->wide));
	for (i = 0; vt->wide != NULL && i < vt->rows; i++) {
		w = &vt->wide[i];
		qt__vt_read(vt, i);
		if (w->cells != NULL && is_same(w->cells, vt->cells, vt->cols))
			continue;
		drop(w);
		if (!has_content(vt->cells, cols, vt->cols))
			continue;
		w->cells = malloc(size);
		if (w->cells == NULL)
			continue;
		memcpy(w->cells, vt->cells, size);
		w->cols = vt->cols;
	}
}

/* Writes columns old and on of row i as they were. */
static void
restore_row(struct qt_vt *vt, int i, int old)
{
	struct qt__wide	*w = &vt->wide[i];
	struct qt_buf	 text = QT_BUF_INIT;
	int		 cols = w->cols < vt->cols ? w->cols : vt->cols;

	/* A wide character across the edge is left out. */
	if (w->cols > cols && w->cells[cols].chars[0] == UINT32_MAX)
		cols--;
	if (cols > old && w->cells[old].chars[0] == UINT32_MAX)
		old--;
	if (qt_buf_addf(&text, "\x1b[%d;%dH", i + 1, old + 1) == 0 &&
	    qt__row_add(vt, w->cells, old, cols, &text) == 0)
		qt__vt_draw(vt, text.data, text.len);
	qt_buf_clear(&text);
}

void
qt__wide_restore(struct qt_vt *vt, int old)
{
	struct qt__saved	s;
	int			i;

	if (vt->wide == NULL || vt->is_alt || old >= vt->cols)
		return;
	qt__vt_save(vt, &s);
	qt__vt_writef(vt, "\x1b[?6l\x1b[?7l\x1b[4l\x1b[r\x0f\x1b(B\x1b[m");
	for (i = 0; i < vt->rows; i++) {
		if (vt->wide[i].cells == NULL)
			continue;
		qt__vt_read(vt, i);
		if (!is_same(vt->wide[i].cells, vt->cells, old)) {
			drop(&vt->wide[i]);
			continue;
		}
		restore_row(vt, i, old);
		if (vt->wide[i].cols <= vt->cols)
			drop(&vt->wide[i]);
	}
	if ((vt->modes.dec & QT_MODE_NO_WRAP) == 0)
		qt__vt_writef(vt, "\x1b[?7h");
	if (vt->modes.dec & QT_MODE_INSERT)
		qt__vt_writef(vt, "\x1b[4h");
	qt__vt_restore(vt, &s);
}

const struct qt__wide *
qt__wide_top(struct qt_vt *vt, const VTermScreenCell *cells, int cols)
{
	const struct qt__wide	*w = vt->wide;

	return w != NULL && w->cells != NULL && w->cols >= cols &&
	    is_same(w->cells, cells, cols) ? w : NULL;
}

void
qt__wide_next(struct qt_vt *vt)
{
	if (vt->wide == NULL)
		return;
	drop(&vt->wide[0]);
	memmove(vt->wide, vt->wide + 1,
	    (vt->rows - 1u) * sizeof(*vt->wide));
	vt->wide[vt->rows - 1] = (struct qt__wide){ NULL, 0 };
}
