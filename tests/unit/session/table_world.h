/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_TABLE_WORLD_H
#define QT_SESSION_TABLE_WORLD_H

/* What tests of the session table share. */

#include <stdio.h>
#include <string.h>

#include "../../../libcommon/session/table_priv.h"

static const struct qt_seg_spec	table_spec = {
	.size = 64u << 20, .mode = 0600, .group = (gid_t)-1, .kind = "host",
};

/* A record to add. */
__attribute__((unused))
static struct qt_session
table_record(const char *name, const char *owner)
{
	struct qt_session	s = { .state = QT_STATE_RUNNING, .cols = 80,
	    .rows = 24 };

	qt_uuid_new(&s.id);
	snprintf(s.name, sizeof(s.name), "%s", name);
	snprintf(s.owner, sizeof(s.owner), "%s", owner);
	return s;
}

/* NULL, or what of the table contradicts itself, seen as a reader. */
__attribute__((unused))
static const char *
table_check(const struct qt_seg *seg)
{
	struct qt_session_table	*t;
	struct qt_session	 s, found;
	const char		*wrong = NULL;
	char			 last[16] = "";
	uint64_t		 cursor = 0, own;
	size_t			 n = 0;

	if (qt_session_table_open(seg, &t, NULL) < 0)
		return "no table";
	while (wrong == NULL && qt_session_next(t, NULL, &cursor, &s) == 1) {
		n++;
		if (memcmp(last, &s.id, sizeof(s.id)) >= 0)
			wrong = "records out of order";
		memcpy(last, &s.id, sizeof(s.id));
		if (qt_session_find(t, &s.id, &found) < 0 ||
		    found.slot != s.slot)
			wrong = "a record is not found by its id";
		else if (s.name[0] != '\0' &&
		    (qt_session_resolve(t, s.name, &found) < 0 ||
		    strcmp(found.name, s.name) != 0))
			wrong = "a record is not found by its name";
		own = 0;
		while (qt_session_next(t, s.owner, &own, &found) == 1)
			if (found.slot == s.slot)
				break;
		if (wrong == NULL && found.slot != s.slot)
			wrong = "a record is not in its owner's list";
	}
	qt_session_table_close(t);
	return wrong;
}

#endif /* QT_SESSION_TABLE_WORLD_H */
