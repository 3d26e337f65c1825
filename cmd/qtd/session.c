/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions as users of this server see them. See session.h. */

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/err.h>

#include "session.h"

struct qt_session_table *
session_table(const struct worker *w)
{
	struct qt_client	*c = host_client(w->host);

	return c == NULL ? NULL : qt_client_table(c);
}

static int
is_visible(const struct worker *w, const struct qt_session *s)
{
	if (s->state == QT_STATE_FREE || s->state == QT_STATE_SPARE)
		return 0;
	return w->opt->command == NULL || strcmp(s->owner, w->owner) == 0;
}

int
session_resolve(const struct worker *w, const char *text,
    struct qt_session *out)
{
	struct qt_session_table	*t = session_table(w);
	int			 rc;

	if (t == NULL)
		return -QT_ENOHOST;
	rc = qt_session_resolve(t, text, out);
	if (rc == 0 && !is_visible(w, out))
		return -ENOENT;
	return rc;
}

enum qt_role
user_role(const struct worker *w, const struct user *user)
{
	if (user->role == QT_NET_ROLE_NONE)
		return QT_ROLE_NONE;
	if (w->opt->is_readonly || user->role == QT_NET_ROLE_READER)
		return QT_ROLE_READER;
	return user->role == QT_NET_ROLE_ADMIN ? QT_ROLE_OWNER :
	    QT_ROLE_WRITER;
}

int
session_may_change(const struct worker *w, const struct user *user,
    const struct qt_session *s)
{
	enum qt_role	role = user_role(w, user);

	if (role >= QT_ROLE_OWNER)
		return 1;
	return role == QT_ROLE_WRITER && (w->opt->command != NULL ||
	    strncmp(s->owner, user->name, QT_SESSION_OWNER_SIZE - 1) == 0);
}

int
session_size(json_int_t cols, json_int_t rows, uint16_t out[2])
{
	if (cols <= 0 || rows <= 0)
		return -EINVAL;
	out[0] = cols < UINT16_MAX ? (uint16_t)cols : UINT16_MAX;
	out[1] = rows < UINT16_MAX ? (uint16_t)rows : UINT16_MAX;
	qt_session_size_clamp(&out[0], &out[1]);
	return 0;
}

/* The exit code as a shell tells it, or null. */
static void
exit_status(struct qt_json *j, const struct qt_session *s)
{
	int32_t	status = s->exit_status;

	if (s->state != QT_STATE_EXITED)
		qt_json_null(j, "exit_status");
	else
		qt_json_int(j, "exit_status", (status & 0x7f) != 0 ?
		    128 + (status & 0x7f) : status >> 8 & 0xff);
}

void
session_fields(const struct worker *w, struct qt_json *j,
    const struct qt_session *s)
{
	const struct qt_session_live	*live = NULL;
	struct qt_session_table		*t = session_table(w);
	char				 id[QT_UUID_TEXT_SIZE];

	if (t != NULL)
		live = qt_session_live(t, s->slot);
	qt_uuid_text(&s->id, id);
	qt_json_str(j, "id", id);
	qt_json_str(j, "name", s->name);
	qt_json_str(j, "state", qt_session_state_name(s->state));
	qt_json_uint(j, "cols", s->cols);
	qt_json_uint(j, "rows", s->rows);
	qt_json_str(j, "title", s->title);
	qt_json_str(j, "command", s->command);
	qt_json_str(j, "cwd", s->cwd);
	qt_json_uint(j, "created", s->created_ms);
	qt_json_uint(j, "changed", s->changed_ms);
	qt_json_uint(j, "viewers", s->viewers);
	exit_status(j, s);
	qt_json_str(j, "policy", qt_resize_policy_name(s->policy));
	qt_json_str(j, "owner", s->owner);
	qt_json_uint(j, "generation", s->generation);
	qt_json_uint(j, "output_bytes", live == NULL ? 0 :
	    atomic_load_explicit(&live->output_bytes, memory_order_relaxed));
}

static size_t
count_visible(const struct worker *w, struct qt_session_table *t,
    const char *owner)
{
	struct qt_session	s;
	uint64_t		cursor = 0;
	size_t			n = 0;

	while (qt_session_next(t, owner, &cursor, &s) == 1)
		n += (size_t)is_visible(w, &s);
	return n;
}

int
session_list(const struct worker *w, struct qt_buf *out, size_t max)
{
	const char		*owner = w->opt->command != NULL ? w->owner :
	    NULL;
	struct qt_session_table	*t = session_table(w);
	struct qt_json		 j = QT_JSON_INIT(out);
	struct qt_session	 s;
	uint64_t		 cursor = 0;
	size_t			 skip;

	if (t == NULL)
		return -QT_ENOHOST;
	skip = count_visible(w, t, owner);
	skip = skip > max ? skip - max : 0;
	qt_json_array(&j, NULL);
	while (qt_session_next(t, owner, &cursor, &s) == 1) {
		if (!is_visible(w, &s))
			continue;
		if (skip > 0) {
			skip--;
			continue;
		}
		qt_json_object(&j, NULL);
		session_fields(w, &j, &s);
		qt_json_end(&j);
	}
	qt_json_end(&j);
	return qt_json_status(&j);
}
