/* SPDX-License-Identifier: Apache-2.0 */
/* qt-session ls - list sessions, from the segment, without the host */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <qt/base/clock.h>

#include "columns.h"
#include "find.h"
#include "verbs.h"
#include "width.h"

#define SHOWN_MAX	64
#define HUMAN_COLUMNS	"name,state,command,size,viewers,active,created"
#define PLAIN_COLUMNS	"id,name,state,status,command,size,viewers,created," \
			"active"
#define GAP		2
#define LONG_MIN	8	/* a column is not cut below that */

static const struct qt_opt opts[] = {
	{ 'a', "all", NULL, "also those that ended and were seen" },
	{ 'o', "columns", "COL,...", "these columns (qt-session(1))" },
	{ 'J', "json", NULL, "as a JSON array" },
	{ '0', "null", NULL, "end lines with NUL, escape nothing" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb ls_verb = {
	"ls", ls_main, "", "list sessions", opts,
};

struct listing {
	const struct column	*shown[SHOWN_MAX];
	size_t			 nshown;
	struct row		*rows;
	size_t			 nrows;
	int			 is_all, is_null;
};

/* Takes "name,size" apart; exits 2 on a column that is not there. */
static void
choose(struct listing *l, const char *list)
{
	const struct column	*c;
	size_t			 len, i;

	for (l->nshown = 0; l->nshown < SHOWN_MAX; list += len + 1) {
		len = strcspn(list, ",");
		c = column_find(list, len);
		if (c == NULL) {
			qt_warn("-o: no column '%.*s'; there are:", (int)len,
			    list);
			for (i = 0; i < session_columns_count; i++)
				fprintf(stderr, "%s%s", i > 0 ? "," : "\t",
				    session_columns[i].name);
			fputc('\n', stderr);
			exit(QT_EXIT_USAGE);
		}
		l->shown[l->nshown++] = c;
		if (list[len] == '\0')
			break;
	}
}

static void
load(struct listing *l, const struct world *w)
{
	struct qt_session	s;
	struct row		*rows;
	uint64_t		cursor = 0, now_ms = qt_clock_real_ms();
	int			is_alive = is_host_alive(w->table);

	while (qt_session_next(w->table, NULL, &cursor, &s) == 1) {
		if (s.state == QT_STATE_SPARE || (!l->is_all &&
		    s.state != QT_STATE_RUNNING &&
		    (s.flags & QT_SESSION_SEEN)))
			continue;
		rows = realloc(l->rows, (l->nrows + 1) * sizeof(*rows));
		if (rows == NULL)
			qt_die(QT_EXIT_SYS, "no memory for the list");
		l->rows = rows;
		row_fill(&rows[l->nrows++], w->table, &s, is_alive, now_ms);
	}
}

static void
print_plain(const struct listing *l)
{
	struct qt_buf	line = QT_BUF_INIT, value = QT_BUF_INIT;
	size_t		i, k;

	for (i = 0; i < l->nrows; i++) {
		qt_buf_reset(&line);
		for (k = 0; k < l->nshown; k++) {
			if (k > 0)
				qt_buf_add(&line, "\t", 1);
			qt_buf_reset(&value);
			column_plain(l->shown[k], &l->rows[i], &value);
			if (l->is_null)
				qt_buf_add(&line, value.data, value.len);
			else if (value.len > 0)
				width_escape(&line, value.data);
		}
		qt_buf_add(&line, l->is_null ? "" : "\n", 1);
		fwrite(line.data, 1, line.len, stdout);
	}
	qt_buf_clear(&line);
	qt_buf_clear(&value);
}

static void
print_json(const struct listing *l, int has_columns)
{
	struct qt_buf	buf = QT_BUF_INIT;
	struct qt_json	json = QT_JSON_INIT(&buf);
	size_t		i, k, count = has_columns ? l->nshown : session_columns_count;

	qt_json_array(&json, NULL);
	for (i = 0; i < l->nrows; i++) {
		qt_json_object(&json, NULL);
		for (k = 0; k < count; k++)
			column_json(has_columns ? l->shown[k] : &session_columns[k],
			    &l->rows[i], &json);
		qt_json_end(&json);
	}
	qt_json_end(&json);
	if (qt_json_status(&json) < 0)
		qt_die(QT_EXIT_SYS, "no memory for the list");
	puts(buf.data);
	qt_buf_clear(&buf);
}

/* Takes columns off the widest column that may be cut, until it fits. */
static void
shrink(const struct listing *l, size_t *width, size_t screen)
{
	size_t	k, sum, widest;

	for (;;) {
		sum = 0;
		widest = SHOWN_MAX;
		for (k = 0; k < l->nshown; k++) {
			sum += width[k] + (k > 0 ? GAP : 0);
			if (l->shown[k]->is_long && width[k] > LONG_MIN &&
			    (widest == SHOWN_MAX || width[k] > width[widest]))
				widest = k;
		}
		if (sum <= screen || widest == SHOWN_MAX)
			return;
		width[widest]--;
	}
}

static void
print_row(const struct listing *l, const size_t *width, const struct row *row)
{
	struct qt_buf	line = QT_BUF_INIT, value = QT_BUF_INIT;
	size_t		k;

	for (k = 0; k < l->nshown; k++) {
		qt_buf_reset(&value);
		if (row == NULL)
			qt_buf_addf(&value, "%s", l->shown[k]->title);
		else
			column_human(l->shown[k], row, &value);
		if (k > 0)
			width_fit(&line, "", GAP);
		width_fit(&line, value.data, width[k]);
	}
	while (line.len > 0 && line.data[line.len - 1] == ' ')
		line.data[--line.len] = '\0';
	puts(line.data != NULL ? line.data : "");
	qt_buf_clear(&line);
	qt_buf_clear(&value);
}

static void
print_table(const struct listing *l)
{
	struct qt_buf	value = QT_BUF_INIT;
	struct winsize	ws;
	size_t		width[SHOWN_MAX], i, k, n;

	for (k = 0; k < l->nshown; k++) {
		width[k] = strlen(l->shown[k]->title);
		for (i = 0; i < l->nrows; i++) {
			qt_buf_reset(&value);
			column_human(l->shown[k], &l->rows[i], &value);
			n = value.len > 0 ? width_text(value.data) : 0;
			width[k] = n > width[k] ? n : width[k];
		}
	}
	qt_buf_clear(&value);
	shrink(l, width, ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 &&
	    ws.ws_col > 0 ? ws.ws_col : 80);
	print_row(l, width, NULL);
	for (i = 0; i < l->nrows; i++)
		print_row(l, width, &l->rows[i]);
}

int
ls_main(int argc, char **argv)
{
	struct qt_opts	 o = QT_OPTS_INIT(&ls_verb, argc, argv);
	struct world	 w = WORLD_INIT;
	struct listing	 l = { .nshown = 0 };
	const char	*list = NULL;
	int		 id, is_json = 0, is_tty = isatty(STDOUT_FILENO);

	while ((id = qt_opts_next(&o)) != 0) {
		l.is_all |= id == 'a';
		l.is_null |= id == '0';
		is_json |= id == 'J';
		if (id == 'o')
			list = o.value;
	}
	if (o.index < argc)
		qt_usage(&ls_verb);
	is_tty &= !l.is_null;
	choose(&l, list != NULL ? list : is_tty ? HUMAN_COLUMNS :
	    PLAIN_COLUMNS);
	if (world_look(&w) == 0)
		load(&l, &w);
	if (is_json)
		print_json(&l, list != NULL);
	else if (l.nrows == 0 && is_tty)
		qt_warn("no sessions ('qt-session new' starts one)");
	else if (is_tty)
		print_table(&l);
	else
		print_plain(&l);
	free(l.rows);
	world_close(&w);
	return l.nrows > 0 ? QT_EXIT_OK : QT_EXIT_NO;
}
