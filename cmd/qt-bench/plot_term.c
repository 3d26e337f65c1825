/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines over logarithmic axes in a terminal: plot.h. A cell is a braille
 * character, two dots wide and four high. Which line a dot belongs to is said
 * by its colour and, for those without, by a letter where the line ends.
 */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plot.h"

#define ROWS		20
#define MARGIN		7	/* columns of labels to the left */
#define COLUMNS_MIN	40
#define COLUMNS_MAX	160
#define COLOURS		6

struct canvas {
	int	columns;	/* of cells */
	uint8_t	dots[ROWS][COLUMNS_MAX];
	uint8_t	line[ROWS][COLUMNS_MAX];	/* + 1; that drew last */
	char	letter[ROWS][COLUMNS_MAX];
};

static char
letter_of(size_t line)
{
	return (char)(line < 26 ? 'a' + (int)line : 'A' + (int)line - 26);
}

static void
dot(struct canvas *c, int x, int y, size_t line)
{
	/* The bits of U+2800 by row and column of the cell. */
	static const uint8_t	bits[4][2] = { { 1, 8 }, { 2, 16 }, { 4, 32 },
	    { 64, 128 } };

	if (x < 0 || y < 0 || x >= c->columns * 2 || y >= ROWS * 4)
		return;
	c->dots[y / 4][x / 2] |= bits[y % 4][x % 2];
	c->line[y / 4][x / 2] = (uint8_t)(line + 1);
}

static void
draw(struct canvas *c, double x0, double y0, double x1, double y1,
    size_t line)
{
	int	steps = (int)fmax(fabs(x1 - x0), fabs(y1 - y0)) + 1;

	for (int i = 0; i <= steps; i++) {
		double	t = (double)i / steps;

		dot(c, (int)lround(x0 + (x1 - x0) * t),
		    (int)lround(y0 + (y1 - y0) * t), line);
	}
}

static void
draw_line(struct canvas *c, const struct plot_line *l,
    const struct plot_span *s, size_t which)
{
	double	x = 0, y = 0;
	int	row, column;

	for (size_t i = 0; i < l->count; i++) {
		double	to_x = (log10(l->x[i]) - s->x0) / (s->x1 - s->x0) *
		    (c->columns * 2 - 3);
		double	to_y = (s->y1 - log10(l->y[i])) / (s->y1 - s->y0) *
		    (ROWS * 4 - 1);

		draw(c, i == 0 ? to_x : x, i == 0 ? to_y : y, to_x, to_y,
		    which);
		x = to_x;
		y = to_y;
	}
	/* Where lines end together their letters stand beside each other. */
	row = (int)(y / 4);
	column = (int)(x / 2) + 1;
	if (row < 0 || row >= ROWS || column < 1 || column >= c->columns)
		return;
	while (column > 1 && c->letter[row][column] != '\0')
		column--;
	c->letter[row][column] = letter_of(which);
	c->line[row][column] = (uint8_t)(which + 1);
}

static void
colour(FILE *f, size_t line, int has_colour)
{
	if (has_colour)
		fprintf(f, "\033[%d%sm", 31 + (int)(line % COLOURS),
		    line / COLOURS % 2 != 0 ? ";1" : "");
}

static void
plain(FILE *f, int has_colour)
{
	if (has_colour)
		fputs("\033[0m", f);
}

static void
put_cell(const struct canvas *c, int row, int column, FILE *f, int has_colour)
{
	uint8_t	dots = c->dots[row][column];

	if (c->line[row][column] == 0) {
		fputc(' ', f);
		return;
	}
	colour(f, c->line[row][column] - 1u, has_colour);
	if (c->letter[row][column] != '\0')
		fputc(c->letter[row][column], f);
	else
		fprintf(f, "\xe2%c%c", 0xa0 | dots >> 6, 0x80 | (dots & 0x3f));
	plain(f, has_colour);
}

/* The label of the decade that begins in this row, if one does. */
static void
put_margin(const struct plot_span *s, int row, FILE *f)
{
	char	label[16] = "";
	int	is_tick = 0;

	for (double y = s->y0; y <= s->y1; y++)
		if ((int)((s->y1 - y) / (s->y1 - s->y0) * (ROWS - 1) + 0.5) ==
		    row) {
			plot_label(y, label, sizeof(label));
			is_tick = 1;
		}
	fprintf(f, "%*s %s", MARGIN - 2, label, is_tick ? "┤" : "│");
}

static void
put_x_axis(const struct plot *p, const struct plot_span *s, int columns,
    FILE *f)
{
	char	line[COLUMNS_MAX + 32];
	char	label[16];

	fprintf(f, "%*s└", MARGIN - 1, "");
	for (int i = 0; i < columns; i++)
		fputs("─", f);
	memset(line, ' ', sizeof(line));
	for (double x = s->x0; x <= s->x1; x++) {
		size_t	at = (size_t)((x - s->x0) / (s->x1 - s->x0) *
		    (columns - 2));

		plot_label(x, label, sizeof(label));
		memcpy(line + at, label, strlen(label));
	}
	line[columns + 2] = '\0';
	fprintf(f, "\n%*s%s %s\n", MARGIN, "", line, p->x_name);
}

void
plot_term(const struct plot *p, FILE *f, int columns, int has_colour)
{
	struct canvas		*c = calloc(1, sizeof(*c));
	struct plot_span	 s;

	if (c == NULL)
		return;
	columns -= MARGIN + 12;		/* the name of the axis, at its end */
	c->columns = columns < COLUMNS_MIN ? COLUMNS_MIN :
	    columns > COLUMNS_MAX ? COLUMNS_MAX : columns;
	plot_span(p, &s);
	for (size_t i = 0; i < p->count; i++)
		draw_line(c, &p->lines[i], &s, i);
	fprintf(f, "%s, %s\n", p->title, p->y_name);
	for (int row = 0; row < ROWS; row++) {
		put_margin(&s, row, f);
		for (int i = 0; i < c->columns; i++)
			put_cell(c, row, i, f, has_colour);
		fputc('\n', f);
	}
	put_x_axis(p, &s, c->columns, f);
	for (size_t i = 0; i < p->count; i++) {
		colour(f, i, has_colour);
		fprintf(f, "%c", letter_of(i));
		plain(f, has_colour);
		fprintf(f, " %-22s %-12s%s", p->lines[i].name,
		    p->lines[i].note, i % 2 == 1 || i + 1 == p->count ? "\n" :
		    " ");
	}
	free(c);
}
