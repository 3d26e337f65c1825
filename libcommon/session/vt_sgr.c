/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SGR, on the way in and on the way out.
 *
 * In: each attribute goes to libvterm in a call of its own, because it keeps
 * 16 parameters at most, takes the parts of colours that it does not know
 * (underline colour) for attributes, and reads 38:2::R:G:B wrongly. Dim,
 * hidden and overlined text it does not have; they travel in the font number,
 * which nothing else uses.
 */

#include <string.h>

#include "vt_priv.h"

#define SGR_MAX 64

/* Parameters; sub[i] says that v[i] came after a colon. Absent: 0. */
struct params {
	uint32_t	v[SGR_MAX];
	uint8_t		sub[SGR_MAX];
	size_t		n;
};

static void
parse(const uint8_t *text, size_t len, struct params *p)
{
	size_t	i;

	memset(p, 0, sizeof(*p));
	p->n = 1;
	for (i = 0; i < len; i++) {
		uint8_t	c = text[i];

		if (c >= '0' && c <= '9') {
			if (p->v[p->n - 1] < 10000)
				p->v[p->n - 1] = p->v[p->n - 1] * 10 + c - '0';
		} else if (c == ';' || c == ':') {
			if (p->n == SGR_MAX)
				break;
			p->sub[p->n++] = c == ':';
		}
	}
}

static void
set_font(struct qt_vt *vt, uint8_t font)
{
	if (font == vt->font)
		return;
	vt->font = font;
	qt__vt_writef(vt, "\x1b[%um", 10u + font);
}

/*
 * 38, 48 or 58 at i: how many parameters belong to it. Both the old form with
 * semicolons and the one with colons, which may name a colour space.
 */
static size_t
colour(struct qt_vt *vt, const struct params *p, size_t i)
{
	size_t		n = 1, rgb;
	uint32_t	what = p->v[i], how = i + 1 < p->n ? p->v[i + 1] : 0;

	if (i + 1 < p->n && p->sub[i + 1]) {
		while (i + n < p->n && p->sub[i + n])
			n++;
		rgb = n >= 6 ? i + 3 : i + 2;
	} else {
		n = how == 5 ? 3 : how == 2 ? 5 : 2;
		rgb = i + 2;
		if (i + n > p->n)
			return p->n - i;
	}
	if (what == 58)
		return n;
	if (how == 5 && i + 2 < p->n && p->v[i + 2] < 256)
		qt__vt_writef(vt, "\x1b[%u;5;%um", what, p->v[i + 2]);
	else if (how == 2 && rgb + 2 < p->n && p->v[rgb] < 256 &&
	    p->v[rgb + 1] < 256 && p->v[rgb + 2] < 256)
		qt__vt_writef(vt, "\x1b[%u;2;%u;%u;%um", what, p->v[rgb],
		    p->v[rgb + 1], p->v[rgb + 2]);
	return n;
}

/* 4 with or without a style; how many parameters belong to it. */
static size_t
underline(struct qt_vt *vt, const struct params *p, size_t i)
{
	uint32_t	style = 1;

	if (i + 1 >= p->n || !p->sub[i + 1]) {
		qt__vt_writef(vt, "\x1b[4m");
		return 1;
	}
	style = p->v[i + 1];
	if (style == 0)
		qt__vt_writef(vt, "\x1b[24m");
	else if (style == 2)
		qt__vt_writef(vt, "\x1b[21m");
	else if (style == 3)
		qt__vt_writef(vt, "\x1b[4:3m");
	else
		qt__vt_writef(vt, "\x1b[4m");
	return 2;
}

static void
attribute(struct qt_vt *vt, uint32_t n)
{
	switch (n) {
	case 0:
		vt->font = 0;
		break;
	case 2:
		set_font(vt, vt->font | QT__FONT_DIM);
		return;
	case 8:
		set_font(vt, vt->font | QT__FONT_HIDDEN);
		return;
	case 22:
		set_font(vt, vt->font & (uint8_t)~QT__FONT_DIM);
		break;
	case 28:
		set_font(vt, vt->font & (uint8_t)~QT__FONT_HIDDEN);
		return;
	case 53:
		set_font(vt, vt->font | QT__FONT_OVERLINE);
		return;
	case 55:
		set_font(vt, vt->font & (uint8_t)~QT__FONT_OVERLINE);
		return;
	default:
		if ((n >= 10 && n <= 20) || n > 107 || n == 26 ||
		    (n >= 50 && n < 90))
			return;
		break;
	}
	qt__vt_writef(vt, "\x1b[%um", n == 6 ? 5 : n);
}

void
qt__vt_sgr(struct qt_vt *vt, const uint8_t *text, size_t len)
{
	struct params	p;
	size_t		i = 0;

	parse(text, len, &p);
	while (i < p.n) {
		if (p.v[i] == 38 || p.v[i] == 48 || p.v[i] == 58) {
			i += colour(vt, &p, i);
		} else if (p.v[i] == 4) {
			i += underline(vt, &p, i);
		} else {
			attribute(vt, p.v[i]);
			i++;
		}
		while (i < p.n && p.sub[i])	/* parts nobody knows */
			i++;
	}
}

void
qt__pen_reset(struct qt__pen *pen)
{
	memset(pen, 0, sizeof(*pen));
	pen->fg.type = VTERM_COLOR_DEFAULT_FG;
	pen->bg.type = VTERM_COLOR_DEFAULT_BG;
}

void
qt__pen_of_cell(struct qt__pen *pen, const VTermScreenCell *cell)
{
	qt__pen_reset(pen);
	pen->bg = cell->bg;
	if (cell->chars[0] == 0)	/* erased: only the background shows */
		return;
	pen->fg = cell->fg;
	pen->bold = cell->attrs.bold;
	pen->italic = cell->attrs.italic;
	pen->underline = (uint8_t)cell->attrs.underline;
	pen->blink = cell->attrs.blink;
	pen->reverse = cell->attrs.reverse;
	pen->strike = cell->attrs.strike;
	pen->font = (uint8_t)cell->attrs.font;
}

static int
number(struct qt_vt *vt, VTermAttr attr)
{
	VTermValue	v;

	memset(&v, 0, sizeof(v));
	if (!vterm_state_get_penattr(vt->state, attr, &v))
		return 0;
	return vterm_get_attr_type(attr) == VTERM_VALUETYPE_BOOL ?
	    v.boolean != 0 : v.number;
}

static VTermColor
pen_colour(struct qt_vt *vt, VTermAttr attr)
{
	VTermValue	v;

	memset(&v, 0, sizeof(v));
	(void)vterm_state_get_penattr(vt->state, attr, &v);
	return v.color;
}

void
qt__pen_now(struct qt_vt *vt, struct qt__pen *pen)
{
	qt__pen_reset(pen);
	pen->fg = pen_colour(vt, VTERM_ATTR_FOREGROUND);
	pen->bg = pen_colour(vt, VTERM_ATTR_BACKGROUND);
	pen->bold = (uint8_t)number(vt, VTERM_ATTR_BOLD);
	pen->italic = (uint8_t)number(vt, VTERM_ATTR_ITALIC);
	pen->underline = (uint8_t)number(vt, VTERM_ATTR_UNDERLINE);
	pen->blink = (uint8_t)number(vt, VTERM_ATTR_BLINK);
	pen->reverse = (uint8_t)number(vt, VTERM_ATTR_REVERSE);
	pen->strike = (uint8_t)number(vt, VTERM_ATTR_STRIKE);
	pen->font = vt->font;
}

static int
is_same_colour(const VTermColor *a, const VTermColor *b)
{
	int	da = (a->type & VTERM_COLOR_DEFAULT_MASK) != 0;
	int	db = (b->type & VTERM_COLOR_DEFAULT_MASK) != 0;

	if (da || db)
		return da == db;
	if (VTERM_COLOR_IS_INDEXED(a) != VTERM_COLOR_IS_INDEXED(b))
		return 0;
	if (VTERM_COLOR_IS_INDEXED(a))
		return a->indexed.idx == b->indexed.idx;
	return a->rgb.red == b->rgb.red && a->rgb.green == b->rgb.green &&
	    a->rgb.blue == b->rgb.blue;
}

static int
add_colour(const VTermColor *c, unsigned int base, struct qt_buf *out)
{
	if (c->type & VTERM_COLOR_DEFAULT_MASK)
		return qt_buf_addf(out, "%u;", base + 9);
	if (!VTERM_COLOR_IS_INDEXED(c))
		return qt_buf_addf(out, "%u;2;%u;%u;%u;", base + 8,
		    c->rgb.red, c->rgb.green, c->rgb.blue);
	if (c->indexed.idx < 8)
		return qt_buf_addf(out, "%u;", base + c->indexed.idx);
	if (c->indexed.idx < 16)
		return qt_buf_addf(out, "%u;", base + 52 + c->indexed.idx);
	return qt_buf_addf(out, "%u;5;%u;", base + 8, c->indexed.idx);
}

/* Whether something is on in from that is off in to: then all is reset. */
static int
needs_reset(const struct qt__pen *from, const struct qt__pen *to)
{
	return from->bold > to->bold || from->italic > to->italic ||
	    (from->underline != 0 && to->underline == 0) ||
	    from->blink > to->blink || from->reverse > to->reverse ||
	    from->strike > to->strike || (from->font & ~to->font) != 0;
}

static int
add_attributes(const struct qt__pen *from, const struct qt__pen *to,
    struct qt_buf *out)
{
	static const char	*const line[] = { "", "4;", "21;", "4:3;" };
	uint8_t			font = to->font & (uint8_t)~from->font;

	return qt_buf_addf(out, "%s%s%s%s%s%s%s%s%s",
	    to->bold > from->bold ? "1;" : "",
	    font & QT__FONT_DIM ? "2;" : "",
	    to->italic > from->italic ? "3;" : "",
	    to->underline != from->underline ? line[to->underline & 3] : "",
	    to->blink > from->blink ? "5;" : "",
	    to->reverse > from->reverse ? "7;" : "",
	    font & QT__FONT_HIDDEN ? "8;" : "",
	    to->strike > from->strike ? "9;" : "",
	    font & QT__FONT_OVERLINE ? "53;" : "");
}

int
qt__pen_change(const struct qt__pen *from, const struct qt__pen *to,
    struct qt_buf *out)
{
	struct qt__pen	now = *from;
	size_t		start = out->len;
	int		rc;

	rc = qt_buf_add(out, "\x1b[", 2);
	if (rc == 0 && needs_reset(from, to)) {
		qt__pen_reset(&now);
		rc = qt_buf_add(out, "0;", 2);
	}
	if (rc == 0)
		rc = add_attributes(&now, to, out);
	if (rc == 0 && !is_same_colour(&now.fg, &to->fg))
		rc = add_colour(&to->fg, 30, out);
	if (rc == 0 && !is_same_colour(&now.bg, &to->bg))
		rc = add_colour(&to->bg, 40, out);
	if (rc < 0)
		return rc;
	if (out->len == start + 2) {	/* no change */
		out->len = start;
		out->data[start] = '\0';
	} else if (out->len == start + 4 && out->data[start + 2] == '0') {
		out->data[start + 2] = 'm';
		out->len--;
		out->data[out->len] = '\0';
	} else {
		out->data[out->len - 1] = 'm';
	}
	return 0;
}
