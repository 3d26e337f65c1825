/* SPDX-License-Identifier: Apache-2.0 */
/* Listings, for people, for scripts and as JSON. See grid.h. */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/buf.h>
#include <qt/base/clock.h>
#include <qt/base/json.h>
#include <qt/base/prog.h>
#include <qt/base/text.h>

#include "grid.h"

void
grid_init(struct grid *g)
{
	memset(g, 0, sizeof(*g));
}

static size_t
find(const struct grid *g, const char *name, size_t len)
{
	for (size_t i = 0; i < g->column_count; i++)
		if (strlen(g->columns[i].name) == len &&
		    strncmp(g->columns[i].name, name, len) == 0)
			return i;
	return g->column_count;
}

/* Takes "name,size" apart; exits 2 on a column that is not there. */
static void
choose(struct grid *g, const char *list)
{
	size_t	len, i;

	for (g->shown_count = 0; g->shown_count < GRID_COLUMNS_MAX;
	    list += len + 1) {
		len = strcspn(list, ",");
		i = find(g, list, len);
		if (i == g->column_count) {
			qt_warn("-o: no column '%.*s'; there are:", (int)len,
			    list);
			for (i = 0; i < g->column_count; i++)
				fprintf(stderr, "%s%s", i > 0 ? "," : "\t",
				    g->columns[i].name);
			fputc('\n', stderr);
			exit(QT_EXIT_USAGE);
		}
		g->shown[g->shown_count++] = i;
		if (list[len] == '\0')
			break;
	}
}

void
grid_columns(struct grid *g, const struct grid_column *columns)
{
	g->columns = columns;
	for (g->column_count = 0; columns[g->column_count].name != NULL;)
		g->column_count++;
	if (g->list != NULL)
		choose(g, g->list);
}

int
grid_option(struct grid *g, int id, const char *value)
{
	switch (id) {
	case 'o':
		g->list = value;
		return 1;
	case 'J':
		return g->is_json = 1;
	case 'b':
		return g->is_bytes = 1;
	case 'r':
		return g->is_raw = 1;
	case 256:
		return g->no_headings = 1;
	default:
		return 0;
	}
}

void
grid_row(struct grid *g)
{
	size_t			 n = g->column_count;
	struct grid_cell	*cells;

	cells = realloc(g->cells, (g->row_count + 1) * n * sizeof(*cells));
	if (cells == NULL)
		qt_die(QT_EXIT_SYS, "no memory for the list");
	g->cells = cells;
	memset(cells + g->row_count++ * n, 0, n * sizeof(*cells));
}

static struct grid_cell *
cell_of(struct grid *g, const char *column)
{
	size_t	i = find(g, column, strlen(column));

	if (i == g->column_count)
		return NULL;
	return &g->cells[(g->row_count - 1) * g->column_count + i];
}

void
grid_text(struct grid *g, const char *column, const char *fmt, ...)
{
	struct grid_cell	*c = cell_of(g, column);
	va_list			 ap;

	if (c == NULL)
		return;
	free(c->text);
	va_start(ap, fmt);
	c->is_set = vasprintf(&c->text, fmt, ap) >= 0;
	va_end(ap);
	if (!c->is_set)
		qt_die(QT_EXIT_SYS, "no memory for the list");
}

void
grid_number(struct grid *g, const char *column, uint64_t n)
{
	struct grid_cell	*c = cell_of(g, column);

	if (c != NULL) {
		c->is_set = 1;
		c->n = n;
	}
}

static void
cell_plain(const struct grid_column *col, const struct grid_cell *c,
    struct qt_buf *out)
{
	char	time[QT_CLOCK_ISO_SIZE];

	if (!c->is_set)
		return;
	switch (col->kind) {
	case GRID_TEXT:
		qt_text_escape(out, c->text, strlen(c->text));
		break;
	case GRID_TIME:
		qt_clock_iso(c->n, time);
		qt_buf_addf(out, "%s", time);
		break;
	case GRID_BOOL:
		qt_buf_addf(out, "%s", c->n ? "yes" : "no");
		break;
	default:
		qt_buf_addf(out, "%" PRIu64, c->n);
	}
}

static void
cell_human(const struct grid *g, const struct grid_column *col,
    const struct grid_cell *c, struct qt_buf *out)
{
	if (!c->is_set || (col->kind == GRID_TEXT && *c->text == '\0'))
		qt_buf_addf(out, "-");
	else if (col->kind == GRID_BYTES && !g->is_bytes)
		qt_text_bytes(out, c->n);
	else if (col->kind == GRID_TIME)
		qt_text_ago(out, qt_clock_real_ms(), c->n);
	else
		cell_plain(col, c, out);
}

static void
cell_json(const struct grid_column *col, const struct grid_cell *c,
    struct qt_json *json)
{
	char	time[QT_CLOCK_ISO_SIZE];

	if (!c->is_set)
		qt_json_null(json, col->name);
	else if (col->kind == GRID_TEXT)
		qt_json_str(json, col->name, c->text);
	else if (col->kind == GRID_BOOL)
		qt_json_bool(json, col->name, c->n != 0);
	else if (col->kind == GRID_TIME) {
		qt_clock_iso(c->n, time);
		qt_json_str(json, col->name, time);
	} else
		qt_json_uint(json, col->name, c->n);
}

static void
print_json(const struct grid *g)
{
	struct qt_buf	buf = QT_BUF_INIT;
	struct qt_json	json = QT_JSON_INIT(&buf);

	if (!g->is_one)
		qt_json_array(&json, NULL);
	for (size_t i = 0; i < g->row_count; i++) {
		qt_json_object(&json, NULL);
		for (size_t k = 0; k < g->shown_count; k++)
			cell_json(&g->columns[g->shown[k]], &g->cells[i *
			    g->column_count + g->shown[k]], &json);
		qt_json_end(&json);
	}
	if (!g->is_one)
		qt_json_end(&json);
	if (qt_json_status(&json) < 0)
		qt_die(QT_EXIT_SYS, "no memory for the list");
	puts(buf.data);
	qt_buf_clear(&buf);
}

static void
print_plain(const struct grid *g)
{
	struct qt_buf	line = QT_BUF_INIT;

	for (size_t i = 0; i < g->row_count; i++) {
		qt_buf_reset(&line);
		for (size_t k = 0; k < g->shown_count; k++) {
			if (k > 0)
				qt_buf_add(&line, "\t", 1);
			cell_plain(&g->columns[g->shown[k]], &g->cells[i *
			    g->column_count + g->shown[k]], &line);
		}
		qt_buf_add(&line, "\n", 1);
		fwrite(line.data, 1, line.len, stdout);
	}
	qt_buf_clear(&line);
}

/* One thing: a line a column, its name first. */
static void
print_one(const struct grid *g, int is_human)
{
	struct qt_buf	value = QT_BUF_INIT;

	for (size_t k = 0; k < g->shown_count; k++) {
		const struct grid_column	*c = &g->columns[g->shown[k]];
		const struct grid_cell		*cell = &g->cells[g->shown[k]];

		if (!cell->is_set && g->list == NULL)
			continue;
		qt_buf_reset(&value);
		if (is_human)
			cell_human(g, c, cell, &value);
		else
			cell_plain(c, cell, &value);
		printf(is_human ? "%-13s %s\n" : "%s\t%s\n", c->name,
		    value.len > 0 ? value.data : "");
	}
	qt_buf_clear(&value);
}

/* NULL row: the headings. */
static void
add_human(const struct grid *g, size_t k, const struct grid_cell *row,
    struct qt_buf *out)
{
	const struct grid_column	*c = &g->columns[g->shown[k]];

	if (row != NULL) {
		cell_human(g, c, &row[g->shown[k]], out);
		return;
	}
	for (const char *p = c->name; *p != '\0'; p++)
		qt_buf_addf(out, "%c", *p >= 'a' && *p <= 'z' ? *p - 32 : *p);
}

static void
print_table(const struct grid *g)
{
	struct qt_buf	value = QT_BUF_INIT;
	size_t		width[GRID_COLUMNS_MAX] = { 0 }, n, pad = 0;

	for (size_t i = g->no_headings ? 1 : 0; i <= g->row_count; i++)
		for (size_t k = 0; k < g->shown_count; k++) {
			qt_buf_reset(&value);
			add_human(g, k, i == 0 ? NULL :
			    &g->cells[(i - 1) * g->column_count], &value);
			n = qt_text_width(value.data, value.len);
			width[k] = n > width[k] ? n : width[k];
		}
	for (size_t i = g->no_headings ? 1 : 0; i <= g->row_count; i++) {
		for (size_t k = 0; k < g->shown_count; k++, pad += 2) {
			qt_buf_reset(&value);
			add_human(g, k, i == 0 ? NULL :
			    &g->cells[(i - 1) * g->column_count], &value);
			printf("%*s%s", (int)pad, "", value.data);
			pad = width[k] - qt_text_width(value.data, value.len);
		}
		pad = 0;
		putchar('\n');
	}
	qt_buf_clear(&value);
}

void
grid_print(struct grid *g)
{
	int	is_human = isatty(STDOUT_FILENO) && !g->is_raw && !g->is_json;

	if (g->list == NULL) {
		g->shown_count = 0;
		for (size_t i = 0; i < g->column_count; i++)
			if (!is_human || g->is_one || g->columns[i].is_usual)
				g->shown[g->shown_count++] = i;
	}
	if (g->is_json)
		print_json(g);
	else if (g->is_one && (is_human || g->list == NULL))
		print_one(g, is_human);
	else if (!is_human)
		print_plain(g);
	else
		print_table(g);
	grid_clear(g);
}

void
grid_clear(struct grid *g)
{
	for (size_t i = 0; i < g->row_count * g->column_count; i++)
		free(g->cells[i].text);
	free(g->cells);
	g->cells = NULL;
	g->row_count = 0;
}
