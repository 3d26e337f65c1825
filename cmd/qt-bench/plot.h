/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BENCH_PLOT_H
#define QT_BENCH_PLOT_H

#include <stddef.h>
#include <stdio.h>

/*
 * Lines over two logarithmic axes, as an SVG file or in the cells of a
 * terminal. What is to be drawn is greater than 0.
 */
#define PLOT_POINTS	16u
#define PLOT_LINES	32u

struct plot_line {
	const char	*name;		/* in the legend, with note */
	const char	*note;
	size_t		 count;
	double		 x[PLOT_POINTS], y[PLOT_POINTS];
};
struct plot {
	const char	*title, *x_name, *y_name;
	size_t		 count;
	struct plot_line lines[PLOT_LINES];
};

/* What the axes span: whole decades. */
struct plot_span {
	double	x0, x1, y0, y1;		/* powers of ten */
};
void	plot_span(const struct plot *p, struct plot_span *s);
/* A power of ten as a label: "1", "10", "1k", "10M". */
void	plot_label(double power, char *text, size_t size);

/* plot_svg.c. 0 or -errno. */
int	plot_svg(const struct plot *p, FILE *f);
/*
 * plot_term.c: braille in so many columns, with colours or without; lines end
 * in the letters of the legend.
 */
void	plot_term(const struct plot *p, FILE *f, int columns, int has_colour);

#endif /* QT_BENCH_PLOT_H */
