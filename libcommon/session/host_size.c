/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How large a session's terminal is. The policies are in <qt/session/id.h>.
 * Viewers that only read, helpers, and those who ask to be ignored never
 * decide; without anybody who decides the size stays. A window may be larger than
 * a session can be: the session then is as large as it can.
 */

#include <errno.h>

#include "host_priv.h"

static int
has_say(const struct qt__attach *a)
{
	return a->cols > 0 && a->rows > 0 && a->role >= QT_ROLE_WRITER &&
	    (a->flags & (QT_ATTACH_IGNORE_SIZE | QT_ATTACH_HELPER)) == 0 &&
	    (a->conn->flags & QT_HELLO_HELPER) == 0;
}

static void
fold(uint16_t *have, uint16_t with, int policy)
{
	if (*have == 0 || (policy == QT_RESIZE_SMALLEST && with < *have) ||
	    (policy == QT_RESIZE_LARGEST && with > *have))
		*have = with;
}

void
qt__size_decide(struct qt__session *s)
{
	const struct qt__attach	*latest = NULL;
	uint16_t		 cols = 0, rows = 0;

	if (s->policy == QT_RESIZE_FIXED || s->fd < 0)
		return;
	for (const struct qt__attach *a = s->attach; a != NULL; a = a->next) {
		if (!has_say(a))
			continue;
		if (latest == NULL || a->active > latest->active)
			latest = a;
		fold(&cols, a->cols, s->policy);
		fold(&rows, a->rows, s->policy);
	}
	if (latest == NULL)
		return;
	if (s->policy == QT_RESIZE_LATEST) {
		cols = latest->cols;
		rows = latest->rows;
	}
	(void)qt__size_set(s, cols, rows);
}

/* A size that was asked for by its numbers. */
int
qt__size_check(uint16_t cols, uint16_t rows, struct qt_err *err)
{
	int	rc = qt_session_size_check(cols, rows);

	if (rc < 0)
		qt_err_set(err, "a size of %ux%u, not 1x1 to %dx%d and at most "
		    "%u cells", cols, rows, QT_SESSION_COLS_MAX,
		    QT_SESSION_ROWS_MAX, QT_SESSION_CELLS_MAX);
	return rc;
}

/*
 * What the program wrote before it heard of the new size goes into the ring
 * first, so that size_offset parts the two as well as can be known.
 */
int
qt__size_set(struct qt__session *s, uint16_t cols, uint16_t rows)
{
	struct qt_session	rec;
	struct qt__event	e;
	int			rc;

	qt_session_size_clamp(&cols, &rows);
	if (s->fd < 0)
		return -QT_EGONE;
	if (s->cols == cols && s->rows == rows)
		return 0;
	if (!s->is_hup && !s->is_starting)
		(void)qt__session_read(s, QT__READ_BUDGET, 0);
	rc = qt__pty_resize(s->fd, cols, rows);
	if (rc < 0 || (rc = qt__table_get(s->host->table, s->slot, &rec)) < 0)
		return rc;
	rec.cols = s->cols = cols;
	rec.rows = s->rows = rows;
	rec.size_seq++;
	rec.size_offset = s->head;
	rc = qt__table_put(s->host->table, &rec);
	qt__bell_change(s);
	if (s->is_spare)
		return rc;
	qt__event_begin(&e, "resized", &rec);
	qt_json_uint(&e.json, "cols", cols);
	qt_json_uint(&e.json, "rows", rows);
	qt__event_end(s->host, &e);
	return rc;
}
