/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Histories that others keep in SQLite: atuin, zsh-histdb, McFly, hishtory. See
 * <qt/hist/import.h>.
 *
 * Which of them it is, the tables say, and which columns there are: older ones
 * have fewer. The database is opened read-only, so that what its write-ahead log
 * has is seen; where that cannot be (a folder that nobody may write to), as a
 * file that does not change.
 */

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "import_priv.h"

#define BUSY_MS		2000

/* What is asked of each; columns as in enum column. */
enum column {
	START_US, TOOK_US, STATUS, TEXT, CWD, SESSION, HOST, USER, SHELL
};

static const struct kind {
	enum qt_hist_format	 format;
	const char		*table, *column;	/* what only it has */
	const char		*count;
	const char		*query;
	/* A column that newer ones have, and the query of those that lack it. */
	const char		*new_column, *old_query;
} kinds[] = {
	{ QT_HIST_ATUIN, "history", "timestamp",
	    "SELECT count(*) FROM history",
	    "SELECT timestamp / 1000, CASE WHEN duration >= 0 THEN "
	    "duration / 1000 END, CASE WHEN exit >= 0 THEN exit END, command, "
	    "cwd, session, CASE WHEN instr(hostname, ':') > 0 THEN "
	    "substr(hostname, 1, instr(hostname, ':') - 1) ELSE hostname END, "
	    "CASE WHEN instr(hostname, ':') > 0 THEN substr(hostname, "
	    "instr(hostname, ':') + 1) END, NULL FROM history "
	    "WHERE deleted_at IS NULL ORDER BY timestamp, rowid",
	    "deleted_at",
	    "SELECT timestamp / 1000, CASE WHEN duration >= 0 THEN "
	    "duration / 1000 END, CASE WHEN exit >= 0 THEN exit END, command, "
	    "cwd, session, CASE WHEN instr(hostname, ':') > 0 THEN "
	    "substr(hostname, 1, instr(hostname, ':') - 1) ELSE hostname END, "
	    "CASE WHEN instr(hostname, ':') > 0 THEN substr(hostname, "
	    "instr(hostname, ':') + 1) END, NULL FROM history "
	    "ORDER BY timestamp, rowid" },
	{ QT_HIST_HISTDB, "history", "place_id",
	    "SELECT count(*) FROM history",
	    "SELECT start_time * 1000000, duration * 1000000, exit_status, "
	    "argv, dir, session, host, NULL, 'zsh' FROM history "
	    "JOIN commands ON command_id = commands.id "
	    "LEFT JOIN places ON place_id = places.id "
	    "ORDER BY start_time, history.id", NULL, NULL },
	{ QT_HIST_MCFLY, "commands", "when_run",
	    "SELECT count(*) FROM commands",
	    "SELECT when_run * 1000000, NULL, exit_code, cmd, dir, "
	    "session_id, NULL, NULL, NULL FROM commands "
	    "ORDER BY when_run, id", NULL, NULL },
	{ QT_HIST_HISHTORY, "history_entries", "command",
	    "SELECT count(*) FROM history_entries",
	    "SELECT a, CASE WHEN b >= a THEN b - a END, exit_code, command, "
	    "current_working_directory, NULL, hostname, local_username, NULL "
	    "FROM (SELECT *, strftime('%s', start_time) * 1000000 + "
	    "CAST(round(strftime('%f', start_time) * 1000) AS INTEGER) % 1000 "
	    "* 1000 AS a, strftime('%s', end_time) * 1000000 + "
	    "CAST(round(strftime('%f', end_time) * 1000) AS INTEGER) % 1000 "
	    "* 1000 AS b FROM history_entries) ORDER BY a", NULL, NULL },
};

struct qt__rows {
	sqlite3		*db;
	sqlite3_stmt	*query;
	uint64_t	 done, all;
};

/* --- Opening -------------------------------------------------------------- */

static int
add_uri_path(struct qt_buf *out, const char *path)
{
	int	rc = 0;

	for (; *path != '\0' && rc == 0; path++)
		if (strchr("%?#", *path) != NULL)
			rc = qt_buf_addf(out, "%%%02x",
			    (unsigned char)*path);
		else
			rc = qt_buf_add(out, path, 1);
	return rc;
}

/* Opened, and it can be read from. */
static int
open_as(struct qt__rows *r, const char *path, const char *how)
{
	struct qt_buf	uri = QT_BUF_INIT;
	int		rc;

	if (qt_buf_add(&uri, "file:", 5) < 0 ||
	    add_uri_path(&uri, path) < 0 ||
	    qt_buf_addf(&uri, "?%s", how) < 0) {
		qt_buf_clear(&uri);
		return SQLITE_NOMEM;
	}
	sqlite3_close(r->db);
	r->db = NULL;
	rc = sqlite3_open_v2(uri.data, &r->db, SQLITE_OPEN_READONLY |
	    SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
	qt_buf_clear(&uri);
	if (rc != SQLITE_OK)
		return rc;
	sqlite3_busy_timeout(r->db, BUSY_MS);
	return sqlite3_exec(r->db, "SELECT count(*) FROM sqlite_master", NULL,
	    NULL, NULL);
}

static int
refuse(const struct qt__rows *r, const char *what, struct qt_err *err)
{
	int	rc = r->db == NULL ? SQLITE_NOMEM : sqlite3_errcode(r->db);

	qt_err_set(err, "%s: %s", what, r->db == NULL ? "no memory" :
	    sqlite3_errmsg(r->db));
	return rc == SQLITE_NOMEM ? -ENOMEM : rc == SQLITE_BUSY ||
	    rc == SQLITE_LOCKED ? -EBUSY : rc == SQLITE_CANTOPEN ? -EACCES :
	    -QT_ECORRUPT;
}

/* Is there such a column? The names are ours. */
static bool
has_column(const struct qt__rows *r, const char *table, const char *column)
{
	return sqlite3_table_column_metadata(r->db, NULL, table, column, NULL,
	    NULL, NULL, NULL, NULL) == SQLITE_OK;
}

static const struct kind *
find_kind(const struct qt__rows *r, enum qt_hist_format format)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if ((format == QT_HIST_DETECT || format == kinds[i].format) &&
		    has_column(r, kinds[i].table, kinds[i].column))
			return &kinds[i];
	return NULL;
}

static int
start_query(struct qt__rows *r, const struct kind *kind, struct qt_err *err)
{
	const char	*query = kind->query;

	if (kind->new_column != NULL &&
	    !has_column(r, kind->table, kind->new_column))
		query = kind->old_query;
	if (sqlite3_prepare_v2(r->db, kind->count, -1, &r->query, NULL) ==
	    SQLITE_OK && sqlite3_step(r->query) == SQLITE_ROW)
		r->all = (uint64_t)sqlite3_column_int64(r->query, 0);
	sqlite3_finalize(r->query);
	r->query = NULL;
	if (sqlite3_prepare_v2(r->db, query, -1, &r->query, NULL) != SQLITE_OK)
		return refuse(r, "ask the database", err);
	return 0;
}

int
qt__rows_open(struct qt_hist_import *i, const char *path, struct qt_err *err)
{
	struct qt__rows		*r = calloc(1, sizeof(*r));
	const struct kind	*kind;
	int			 rc;

	if (r == NULL)
		return -ENOMEM;
	i->rows = r;
	rc = open_as(r, path, "mode=ro");
	if (rc == SQLITE_CANTOPEN || rc == SQLITE_READONLY)
		rc = open_as(r, path, "mode=ro&immutable=1");
	if (rc != SQLITE_OK)
		return refuse(r, "open the database", err);
	kind = find_kind(r, i->format);
	if (kind == NULL) {
		qt_err_set(err, i->format == QT_HIST_DETECT ?
		    "a database, of none of atuin, histdb, mcfly, hishtory" :
		    "no database of %s", qt_hist_format_name(i->format));
		return -QT_EFORMAT;
	}
	i->format = kind->format;
	return start_query(r, kind, err);
}

void
qt__rows_close(struct qt__rows *r)
{
	if (r == NULL)
		return;
	sqlite3_finalize(r->query);
	sqlite3_close(r->db);
	free(r);
}

void
qt__rows_progress(const struct qt__rows *r, uint64_t *done, uint64_t *all)
{
	*done = r->done;
	*all = r->all;
}

/* --- Rows ----------------------------------------------------------------- */

/* The bytes of a text; borrowed until the next row. */
static struct qt_hist_bytes
bytes(const struct qt__rows *r, enum column column)
{
	const unsigned char	*text = sqlite3_column_text(r->query, column);

	return (struct qt_hist_bytes){ text == NULL ? "" : (const char *)text,
		(size_t)sqlite3_column_bytes(r->query, column) };
}

static bool
is_known(const struct qt__rows *r, enum column column, int64_t *out)
{
	*out = sqlite3_column_int64(r->query, column);
	return sqlite3_column_type(r->query, column) != SQLITE_NULL &&
	    *out >= 0;
}

/* A field of a context or a place, which end in a NUL: cut at one. */
static struct qt_hist_bytes
field(const struct qt__rows *r, enum column column)
{
	struct qt_hist_bytes	b = bytes(r, column);

	b.len = strnlen(b.data, b.len);
	return b;
}

int
qt__rows_next(struct qt_hist_import *i, struct qt_hist_event *out,
    struct qt_err *err)
{
	struct qt__rows	*r = i->rows;
	int64_t		 n;
	int		 rc;

	if (r->query == NULL)
		return 0;
	i->line++;
	rc = sqlite3_step(r->query);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
		qt_err_set(err, "row %llu and what follows it: %s",
		    (unsigned long long)i->line, sqlite3_errmsg(r->db));
		rc = -QT_EFORMAT;
	}
	if (rc != SQLITE_ROW) {
		sqlite3_finalize(r->query);
		r->query = NULL;
		return rc < 0 ? rc : 0;
	}
	r->done++;
	if (is_known(r, START_US, &n))
		out->start_us = (uint64_t)n;
	if (is_known(r, TOOK_US, &n))
		out->took_us = (uint64_t)n;
	if (is_known(r, STATUS, &n) && n <= INT32_MAX)
		out->status = (int32_t)n;
	out->text = bytes(r, TEXT);
	out->cwd = field(r, CWD);
	out->session = field(r, SESSION);
	out->host = field(r, HOST);
	out->user = field(r, USER);
	if (sqlite3_column_type(r->query, SHELL) != SQLITE_NULL)
		out->shell = field(r, SHELL);
	return 1;
}
