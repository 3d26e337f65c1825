/* SPDX-License-Identifier: Apache-2.0 */
/* Lines over logarithmic axes as SVG, readable on light and dark. plot.h */

#include <errno.h>
#include <math.h>

#include "plot.h"

#define WIDTH	960.0
#define LEFT	80.0
#define RIGHT	(WIDTH - 300.0)
#define TOP	50.0
#define BOTTOM	560.0
#define HEIGHT	620.0
#define ROW	18.0
#define HUES	12u

void
plot_span(const struct plot *p, struct plot_span *s)
{
	double	x0 = HUGE_VAL, x1 = -HUGE_VAL, y0 = HUGE_VAL, y1 = -HUGE_VAL;

	for (size_t l = 0; l < p->count; l++)
		for (size_t i = 0; i < p->lines[l].count; i++) {
			x0 = fmin(x0, log10(p->lines[l].x[i]));
			x1 = fmax(x1, log10(p->lines[l].x[i]));
			y0 = fmin(y0, log10(p->lines[l].y[i]));
			y1 = fmax(y1, log10(p->lines[l].y[i]));
		}
	if (x0 > x1)
		x0 = y0 = 0, x1 = y1 = 1;
	/* A point on a decade is not to need another one. */
	*s = (struct plot_span){ floor(x0 + 1e-9), ceil(x1 - 1e-9),
	    floor(y0 + 1e-9), ceil(y1 - 1e-9) };
	if (s->x1 <= s->x0)
		s->x1 = s->x0 + 1;
	if (s->y1 <= s->y0)
		s->y1 = s->y0 + 1;
}

void
plot_label(double power, char *text, size_t size)
{
	static const char *const units[] = { "", "k", "M", "G", "T" };
	int			 p = (int)power, unit = p / 3;

	if (p < 0 || unit > 4)
		snprintf(text, size, "1e%d", p);
	else
		snprintf(text, size, "%s%s", p % 3 == 0 ? "1" : p % 3 == 1 ?
		    "10" : "100", units[unit]);
}

static double
x_at(const struct plot_span *s, double x)
{
	return LEFT + (x - s->x0) / (s->x1 - s->x0) * (RIGHT - LEFT);
}

static double
y_at(const struct plot_span *s, double y)
{
	return BOTTOM - (y - s->y0) / (s->y1 - s->y0) * (BOTTOM - TOP);
}

/* Text between tags. */
static void
put_text(FILE *f, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&':	fputs("&amp;", f); break;
		case '<':	fputs("&lt;", f); break;
		case '>':	fputs("&gt;", f); break;
		default:	fputc(*text, f); break;
		}
}

static void
put_label(FILE *f, double x, double y, const char *anchor, const char *text)
{
	fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y,
	    anchor);
	put_text(f, text);
	fputs("</text>\n", f);
}

static void
put_axes(const struct plot *p, const struct plot_span *s, FILE *f)
{
	char	label[16];

	for (double x = s->x0; x <= s->x1; x++) {
		fprintf(f, "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" "
		    "x2=\"%.1f\" y2=\"%.1f\"/>\n", x_at(s, x), TOP,
		    x_at(s, x), BOTTOM);
		plot_label(x, label, sizeof(label));
		put_label(f, x_at(s, x), BOTTOM + 18, "middle", label);
	}
	for (double y = s->y0; y <= s->y1; y++) {
		fprintf(f, "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" "
		    "x2=\"%.1f\" y2=\"%.1f\"/>\n", LEFT, y_at(s, y), RIGHT,
		    y_at(s, y));
		plot_label(y, label, sizeof(label));
		put_label(f, LEFT - 8, y_at(s, y) + 4, "end", label);
	}
	put_label(f, (LEFT + RIGHT) / 2, BOTTOM + 42, "middle", p->x_name);
	put_label(f, LEFT, TOP - 10, "end", p->y_name);
}

/* Colours round the wheel, and then dashed ones. */
static void
put_stroke(FILE *f, size_t line)
{
	fprintf(f, " stroke=\"hsl(%u,70%%,45%%)\"%s",
	    (unsigned int)(line % HUES * 360 / HUES * 7 % 360),
	    line < HUES ? "" : line < 2 * HUES ? " stroke-dasharray=\"6 3\"" :
	    " stroke-dasharray=\"2 3\"");
}

static void
put_line(const struct plot *p, const struct plot_span *s, size_t which,
    FILE *f)
{
	const struct plot_line	*l = &p->lines[which];
	double			 y = TOP + 6 + ROW * (double)which;

	fputs("<polyline fill=\"none\" stroke-width=\"2\"", f);
	put_stroke(f, which);
	fputs(" points=\"", f);
	for (size_t i = 0; i < l->count; i++)
		fprintf(f, "%s%.1f,%.1f", i == 0 ? "" : " ",
		    x_at(s, log10(l->x[i])), y_at(s, log10(l->y[i])));
	fprintf(f, "\"/>\n<line stroke-width=\"2\" x1=\"%.1f\" y1=\"%.1f\" "
	    "x2=\"%.1f\" y2=\"%.1f\"", RIGHT + 16, y, RIGHT + 40, y);
	put_stroke(f, which);
	fprintf(f, "/>\n<text x=\"%.1f\" y=\"%.1f\">", RIGHT + 46, y + 4);
	put_text(f, l->name);
	fputs("  ", f);
	put_text(f, l->note);
	fputs("</text>\n", f);
}

int
plot_svg(const struct plot *p, FILE *f)
{
	struct plot_span	s;
	double			height = TOP + ROW * (double)(p->count + 1);

	plot_span(p, &s);
	fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
	    "viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" "
	    "font-size=\"12\">\n<style>\n"
	    "text{fill:#222} .grid{stroke:#8884}\n"
	    "@media(prefers-color-scheme:dark){text{fill:#ddd} "
	    "svg{background:#181818}}\n</style>\n", WIDTH,
	    height > HEIGHT ? height : HEIGHT);
	fputs("<title>", f);
	put_text(f, p->title);
	fputs("</title>\n", f);
	put_label(f, (LEFT + RIGHT) / 2, 20, "middle", p->title);
	put_axes(p, &s, f);
	for (size_t i = 0; i < p->count; i++)
		put_line(p, &s, i, f);
	fputs("</svg>\n", f);
	return fflush(f) != 0 || ferror(f) ? -EIO : 0;
}
