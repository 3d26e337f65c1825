/* SPDX-License-Identifier: Apache-2.0 */
/* A session drawn as a picture. See mirror.h. */

#include <string.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/session/screen.h>

#include "mirror.h"
#include "width.h"

#define STUCK_MS 3000	/* for one picture */

void
mirror_start(struct mirror *m, struct term *t)
{
	struct qt_buf	buf = QT_BUF_INIT;

	m->is_on = 1;
	m->is_due = 1;
	m->next_ms = 0;
	m->modes = t->modes;
	m->scan = t->scan;
	/* Of its own screen, so that the scrollback gets no pictures. */
	term_defaults(t, &buf);
	qt_buf_addf(&buf, "\033[?1049h\033[H\033[2J");
	term_write(t, buf.data, buf.len);
	qt_buf_clear(&buf);
}

void
mirror_stop(struct mirror *m)
{
	if (m->fd >= 0)
		close(m->fd);
	qt_buf_clear(&m->text);
	*m = (struct mirror)MIRROR_INIT;
}

void
mirror_feed(struct mirror *m, const void *data, size_t len)
{
	qt_scan_feed(&m->scan, data, len, qt_modes_seq, &m->modes);
	m->is_due = 1;
}

int
mirror_ask(struct mirror *m, const struct qt_uuid *id)
{
	struct qt_screen_request	req = { .form = QT_SCREEN_STYLED };
	uint64_t			now_ms = qt_clock_mono_ms();

	if (m->fd >= 0 && now_ms >= m->next_ms + STUCK_MS) {
		close(m->fd);	/* of a service that hangs: ask anew */
		m->fd = -1;
		m->is_due = 1;
	}
	if (m->fd >= 0)
		return STUCK_MS;
	if (!m->is_on || !m->is_due)
		return -1;
	if (now_ms < m->next_ms)
		return (int)(m->next_ms - now_ms);
	req.id = *id;
	m->is_due = 0;
	m->next_ms = now_ms + MIRROR_MS;
	m->fd = qt_screen_begin(&req, NULL);
	if (m->fd >= 0)
		return STUCK_MS;
	m->fd = -1;
	m->is_due = 1;		/* the service is starting again */
	return MIRROR_MS;
}

void
picture_draw(struct qt_buf *out, const struct picture *p, unsigned int row,
    unsigned int col, unsigned int rows, unsigned int cols)
{
	const char	*line = p->text, *end = p->text + p->len, *nl;
	unsigned int	 i;
	size_t		 len, used;

	for (i = 0; i < p->top + rows; i++) {
		nl = line < end ? memchr(line, '\n', (size_t)(end - line)) :
		    NULL;
		len = (size_t)((nl != NULL ? nl : end) - line);
		if (i >= p->top) {
			qt_buf_addf(out, "\033[%u;%uH\033[m",
			    row + i - p->top + 1, col + 1);
			used = width_crop(out, line, len, p->left, cols);
			qt_buf_addf(out, "\033[m");
			while (used++ < cols)
				qt_buf_add(out, " ", 1);
		}
		line = nl != NULL ? nl + 1 : end;
	}
}

/* The keyboard must speak as the program expects. */
static void
follow_modes(const struct mirror *m, const struct term *t, struct qt_buf *out)
{
	uint32_t	differ = m->modes.dec ^ t->modes.dec, on = m->modes.dec;

	if (differ & QT_MODE_APP_CURSOR)
		qt_buf_addf(out, "\033[?1%c",
		    on & QT_MODE_APP_CURSOR ? 'h' : 'l');
	if (differ & QT_MODE_APP_KEYPAD)
		qt_buf_addf(out, "\033%c", on & QT_MODE_APP_KEYPAD ? '=' : '>');
	if (differ & QT_MODE_PASTE)
		qt_buf_addf(out, "\033[?2004%c",
		    on & QT_MODE_PASTE ? 'h' : 'l');
}

int
mirror_draw(struct mirror *m, struct term *t)
{
	struct qt_screen_answer	a;
	struct qt_buf		out = QT_BUF_INIT;
	struct picture		p;
	int			rc;

	qt_buf_reset(&m->text);
	rc = qt_screen_finish(m->fd, &a, &m->text, NULL);
	close(m->fd);
	m->fd = -1;
	if (rc < 0) {
		m->is_due = 1;
		return 0;
	}
	p.text = m->text.data;
	p.len = m->text.len;
	p.top = a.cursor_row >= t->rows ? a.cursor_row - t->rows + 1 : 0;
	p.left = a.cursor_col >= t->cols ? a.cursor_col - t->cols + 1 : 0;
	qt_buf_addf(&out, "\033[?2026h\033[?25l");
	follow_modes(m, t, &out);
	picture_draw(&out, &p, 0, 0, t->rows, t->cols);
	qt_buf_addf(&out, "\033[%u;%uH%s\033[?2026l",
	    a.cursor_row - p.top + 1, a.cursor_col - p.left + 1,
	    m->modes.dec & QT_MODE_HIDE_CURSOR ? "" : "\033[?25h");
	rc = term_write(t, out.data, out.len);
	qt_buf_clear(&out);
	return rc;
}
