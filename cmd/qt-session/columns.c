/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said of a session. See columns.h. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <qt/base/clock.h>

#include "columns.h"
#include "find.h"
#include "width.h"

#define TEXT(column, expr)						\
	static const char *						\
	column##_text(const struct row *r, char buf[64])		\
	{								\
		(void)buf;						\
		return (expr);						\
	}
#define NUMBER(column, expr)						\
	static uint64_t							\
	column##_number(const struct row *r)				\
	{								\
		return (expr);						\
	}

TEXT(id, r->id)
TEXT(name, r->session.name)
TEXT(state, qt_session_state_name(r->session.state))
TEXT(command, r->session.command)
TEXT(title, r->session.title[0] != '\0' ? r->session.title : NULL)
TEXT(cwd, r->session.cwd)
TEXT(owner, r->session.owner)
TEXT(policy, qt_resize_policy_name(r->session.policy))
TEXT(seen, r->session.flags & QT_SESSION_SEEN ? "yes" : "no")

static const char *
size_text(const struct row *r, char buf[64])
{
	snprintf(buf, 64, "%ux%u", r->session.cols, r->session.rows);
	return buf;
}

NUMBER(status, (uint64_t)exit_code(r->session.exit_status))
NUMBER(pid, r->session.pid)
NUMBER(viewers, r->session.viewers)
NUMBER(created, r->session.created_ms)
NUMBER(changed, r->session.changed_ms)
NUMBER(exited, r->session.exited_ms)
NUMBER(active, r->active_ms)
NUMBER(typed, r->typed_ms)
NUMBER(output, r->output)
NUMBER(input, r->input)
NUMBER(refused, r->refused)
NUMBER(keep, r->session.ring_limit)

const struct column session_columns[] = {
	{ "id", "ID", COLUMN_TEXT, 0, id_text, NULL },
	{ "name", "NAME", COLUMN_TEXT, 1, name_text, NULL },
	{ "state", "STATE", COLUMN_TEXT, 0, state_text, NULL },
	{ "status", "STATUS", COLUMN_STATUS, 0, NULL, status_number },
	{ "command", "COMMAND", COLUMN_TEXT, 1, command_text, NULL },
	{ "title", "TITLE", COLUMN_TEXT, 1, title_text, NULL },
	{ "cwd", "CWD", COLUMN_TEXT, 1, cwd_text, NULL },
	{ "owner", "OWNER", COLUMN_TEXT, 0, owner_text, NULL },
	{ "pid", "PID", COLUMN_NUMBER, 0, NULL, pid_number },
	{ "size", "SIZE", COLUMN_TEXT, 0, size_text, NULL },
	{ "policy", "POLICY", COLUMN_TEXT, 0, policy_text, NULL },
	{ "viewers", "VIEWERS", COLUMN_NUMBER, 0, NULL, viewers_number },
	{ "created", "CREATED", COLUMN_TIME, 0, NULL, created_number },
	{ "changed", "CHANGED", COLUMN_TIME, 0, NULL, changed_number },
	{ "exited", "EXITED", COLUMN_TIME, 0, NULL, exited_number },
	{ "active", "ACTIVE", COLUMN_TIME, 0, NULL, active_number },
	{ "typed", "TYPED", COLUMN_TIME, 0, NULL, typed_number },
	{ "output", "OUTPUT", COLUMN_BYTES, 0, NULL, output_number },
	{ "input", "INPUT", COLUMN_BYTES, 0, NULL, input_number },
	{ "refused", "REFUSED", COLUMN_BYTES, 0, NULL, refused_number },
	{ "keep", "KEEP", COLUMN_BYTES, 0, NULL, keep_number },
	{ "seen", "SEEN", COLUMN_TEXT, 0, seen_text, NULL },
};

const size_t session_columns_count = sizeof(session_columns) / sizeof(session_columns[0]);

const struct column *
column_find(const char *name, size_t len)
{
	size_t	i;

	for (i = 0; i < session_columns_count; i++) {
		if (strlen(session_columns[i].name) == len &&
		    strncmp(session_columns[i].name, name, len) == 0)
			return &session_columns[i];
	}
	return NULL;
}

static int
has_value(const struct column *c, const struct row *row)
{
	char	buf[64];

	switch (c->kind) {
	case COLUMN_TEXT:
		return c->text(row, buf) != NULL;
	case COLUMN_TIME:
		return c->number(row) != 0;
	case COLUMN_STATUS:
		return row->session.state == QT_STATE_EXITED;
	default:
		return 1;
	}
}

void
column_human(const struct column *c, const struct row *row, struct qt_buf *out)
{
	const struct qt_session	*s = &row->session;
	char			 buf[64];

	if (!has_value(c, row)) {
		qt_buf_addf(out, "-");
	} else if (strcmp(c->name, "state") == 0 &&
	    s->state == QT_STATE_EXITED) {
		if (WIFSIGNALED(s->exit_status))
			qt_buf_addf(out, "killed %d",
			    WTERMSIG(s->exit_status));
		else
			qt_buf_addf(out, "exited %d",
			    WEXITSTATUS(s->exit_status));
	} else if (c->kind == COLUMN_TIME) {
		width_ago(buf, row->now_ms, c->number(row));
		qt_buf_addf(out, "%s ago", buf);
	} else if (c->kind == COLUMN_BYTES) {
		width_bytes(buf, c->number(row));
		qt_buf_addf(out, "%s", buf);
	} else if (c->kind == COLUMN_TEXT) {
		qt_buf_addf(out, "%s", c->text(row, buf));
	} else {
		qt_buf_addf(out, "%" PRIu64, c->number(row));
	}
}

void
column_plain(const struct column *c, const struct row *row, struct qt_buf *out)
{
	char	buf[64];

	if (!has_value(c, row))
		return;
	if (c->kind == COLUMN_TEXT) {
		qt_buf_addf(out, "%s", c->text(row, buf));
	} else if (c->kind == COLUMN_TIME) {
		qt_clock_iso(c->number(row), buf);
		qt_buf_addf(out, "%s", buf);
	} else {
		qt_buf_addf(out, "%" PRIu64, c->number(row));
	}
}

void
column_json(const struct column *c, const struct row *row,
    struct qt_json *json)
{
	char	buf[64];

	if (!has_value(c, row)) {
		qt_json_null(json, c->name);
	} else if (c->kind == COLUMN_TEXT) {
		qt_json_str(json, c->name, c->text(row, buf));
	} else if (c->kind == COLUMN_TIME) {
		qt_clock_iso(c->number(row), buf);
		qt_json_str(json, c->name, buf);
	} else {
		qt_json_uint(json, c->name, c->number(row));
	}
}

int
is_host_alive(struct qt_session_table *table)
{
	struct qt_host_info	info;

	return qt_host_info(table, &info) == 0 && info.is_alive;
}

void
row_fill(struct row *row, struct qt_session_table *table,
    const struct qt_session *session, int is_alive, uint64_t now_ms)
{
	const struct qt_session_live	*live;

	memset(row, 0, sizeof(*row));
	row->session = *session;
	row->now_ms = now_ms;
	if (!is_alive && session->state == QT_STATE_RUNNING)
		row->session.state = QT_STATE_LOST;
	qt_uuid_text(&session->id, row->id);
	live = qt_session_live(table, session->slot);
	if (live == NULL)
		return;
	row->output = atomic_load(&live->output_bytes);
	row->input = atomic_load(&live->input_bytes);
	row->refused = atomic_load(&live->refused);
	row->active_ms = atomic_load(&live->output_ms);
	row->typed_ms = atomic_load(&live->input_ms);
}
