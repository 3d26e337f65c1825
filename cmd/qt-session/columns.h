/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_COLUMNS_H
#define QT_SESSION_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/buf.h>
#include <qt/base/json.h>
#include <qt/session/record.h>

/*
 * What can be said of a session, one column each: ls -o, ls -J and info are
 * made of the same table. Names are listed in qt-session(1).
 */
struct row {
	struct qt_session	session;	/* state as find_state() says */
	char			id[QT_UUID_TEXT_SIZE];
	uint64_t		output, input, refused;
	uint64_t		active_ms, typed_ms;
	uint64_t		now_ms;
};

enum column_kind {
	COLUMN_TEXT, COLUMN_NUMBER, COLUMN_TIME, COLUMN_BYTES, COLUMN_STATUS
};

struct column {
	const char		*name;
	const char		*title;
	enum column_kind	 kind;
	int			 is_long;	/* may be cut to fit a screen */
	/* Exactly one of them, by kind. NULL text is no value. */
	const char		*(*text)(const struct row *, char buf[64]);
	uint64_t		 (*number)(const struct row *);
};

extern const struct column session_columns[];
extern const size_t session_columns_count;

/* The column, or NULL. */
const struct column *column_find(const char *name, size_t len);

/* For people: relative times, 12.3 MB, "exited 2". */
void	column_human(const struct column *c, const struct row *row,
	    struct qt_buf *out);
/* For programs: plain numbers, ISO times, nothing for no value. */
void	column_plain(const struct column *c, const struct row *row,
	    struct qt_buf *out);
void	column_json(const struct column *c, const struct row *row,
	    struct qt_json *json);

/* Reads the session's live words too. is_host_alive: else running is lost. */
void	row_fill(struct row *row, struct qt_session_table *table,
	    const struct qt_session *session, int is_host_alive,
	    uint64_t now_ms);
/* 1 when the table's host lives. */
int	is_host_alive(struct qt_session_table *table);

#endif /* QT_SESSION_COLUMNS_H */
