/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of browser sessions, in a segment that outlives the monitor: kill
 * it and start it again, and every cookie is still good.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/clock.h>
#include <qt/base/log.h>

#include "monitor.h"

#define CAPACITY	4096
#define LINK_MS		(3600u * 1000)	/* how long a link is good */
#define ENTRY		"sessions"

static int
create(struct monitor *m, struct qt_err *err)
{
	struct qt_seg_spec	spec = { .entries = 8, .participants = 16,
	    .extents = 16, .mode = 0600, .group = (gid_t)-1, .kind = "qtd" };
	struct qt_seg_entry	e = { .name = ENTRY, .type = QT_TYPE_RAW };
	size_t			size = qt_net_sessions_size(CAPACITY);
	void			*memory;
	int			rc;

	spec.size = size + (1u << 20);
	rc = qt_seg_create(m->segment, &spec, &m->seg, err);
	if (rc < 0)
		return rc;
	rc = qt_seg_alloc(m->seg, size, &e.offset);
	if (rc < 0) {
		qt_err_set(err, "make room for the browser sessions");
		return rc;
	}
	e.size = size;
	memory = qt_seg_at(m->seg, e.offset, e.size);
	rc = qt_net_sessions_format(memory, size, CAPACITY);
	if (rc == 0)
		rc = qt_seg_entry_add(m->seg, &e);
	if (rc == 0)
		rc = qt_net_sessions_attach(memory, size, &m->sessions, err);
	return rc;
}

static int
open_old(struct monitor *m, struct qt_err *err)
{
	struct qt_seg_entry	e;
	int			rc;

	rc = qt_seg_open(m->segment, "qtd", QT_SEG_JOIN, &m->seg, err);
	if (rc < 0)
		return rc;
	rc = qt_seg_entry_get(m->seg, ENTRY, &e);
	if (rc == 0)
		rc = qt_net_sessions_attach(qt_seg_at(m->seg, e.offset,
		    e.size), e.size, &m->sessions, err);
	return rc;
}

static void
let_go(struct monitor *m)
{
	if (m->sessions != NULL)
		qt_net_sessions_detach(m->sessions);
	qt_seg_close(m->seg);
	m->sessions = NULL;
	m->seg = NULL;
}

int
table_open(struct monitor *m, struct qt_err *err)
{
	int	rc = qt_path_segment(m->name, m->segment, err);

	if (rc < 0)
		return rc;
	rc = open_old(m, err);
	if (rc == 0 || rc == -QT_EOWNER || rc == -EACCES)
		return rc;
	let_go(m);
	if (rc != -ENOENT) {
		/* Only logins are lost. We hold the lock: nobody uses it. */
		qt_log(QT_LOG_WARN, "qtd", "%s: %s; everybody has to log in "
		    "again", err->text, qt_strerror(rc));
		qt_seg_unlink(m->segment);
	}
	rc = create(m, err);
	if (rc < 0) {
		let_go(m);
		qt_seg_unlink(m->segment);
	}
	return rc;
}

void
table_close(struct monitor *m)
{
	int	is_empty;

	if (m->sessions == NULL)
		return;
	qt_net_sessions_del_user(m->sessions, TABLE_LINK_USER);
	is_empty = qt_net_sessions_count(m->sessions) == 0;
	let_go(m);
	if (is_empty)
		qt_seg_unlink(m->segment);
}

int
table_link(struct monitor *m, char *token)
{
	struct qt_net_token_hash	hash;
	struct qt_net_session		s = { .kind = QT_NET_SESSION_LINK };

	s.created_ms = qt_clock_real_ms();
	s.expires_ms = s.created_ms + LINK_MS;
	s.role = m->opt->is_readonly ? QT_NET_ROLE_READER : QT_NET_ROLE_ADMIN;
	strcpy(s.name, TABLE_LINK_USER);
	qt_net_token_new(token, &hash);
	return qt_net_sessions_add(m->sessions, &hash, &s);
}
