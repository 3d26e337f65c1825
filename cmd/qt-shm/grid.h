/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_GRID_H
#define QT_SHM_GRID_H

#include <stddef.h>
#include <stdint.h>

/*
 * Rows of named columns, as every listing prints them: a table for people
 * when standard output is a terminal, lines of tab-separated fields when it is
 * not, JSON with -J. -o chooses the columns.
 *
 *	struct grid g;
 *	grid_init(&g);
 *	grid_columns(&g, columns);
 *	grid_row(&g);
 *	grid_text(&g, "name", name);
 *	grid_number(&g, "size", size);
 *	grid_print(&g);
 *
 * A field that is not set has no value: "-" for people, nothing in a line, null
 * in JSON. Running out of memory ends the program.
 */
enum grid_kind {
	GRID_TEXT, GRID_NUMBER, GRID_BYTES, GRID_TIME, GRID_BOOL
};

struct grid_column {
	const char	*name;
	enum grid_kind	 kind;
	int		 is_usual;	/* shown to people unless -o */
};

struct grid_cell {
	int		 is_set;
	uint64_t	 n;
	char		*text;
};

#define GRID_COLUMNS_MAX	40

struct grid {
	const struct grid_column *columns;	/* up to a NULL name */
	size_t			 column_count;
	size_t			 shown[GRID_COLUMNS_MAX];
	size_t			 shown_count;
	struct grid_cell	*cells;
	size_t			 row_count;
	/* As the options say: grid_option(). */
	const char		*list;
	int			 is_json, is_raw, is_bytes, no_headings;
	int			 is_one;	/* one object, not an array */
};

/* Rows for a verb's table of options. */
#define GRID_OPTIONS							\
	{ 'o', "columns", "COL,...", "these columns (qt-shm(1))" },	\
	{ 'J', "json", NULL, "as JSON" },				\
	{ 'b', "bytes", NULL, "sizes in bytes, also for people" },	\
	{ 'r', "raw", NULL, "tab-separated, also on a terminal" },	\
	{ 256, "noheadings", NULL, "no line of headings" }

void	grid_init(struct grid *g);
/* 1 when id is one of GRID_OPTIONS. */
int	grid_option(struct grid *g, int id, const char *value);
/* After the options; a column in -o that is none exits 2. */
void	grid_columns(struct grid *g, const struct grid_column *columns);

void	grid_row(struct grid *g);	/* begins one */
void	grid_text(struct grid *g, const char *column, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
void	grid_number(struct grid *g, const char *column, uint64_t n);

/*
 * Prints all rows, and forgets them. With is_one set there is one: people get a
 * line a column, JSON is an object.
 */
void	grid_print(struct grid *g);
void	grid_clear(struct grid *g);

#endif /* QT_SHM_GRID_H */
