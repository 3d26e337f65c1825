/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Older commands for a shell's own up-arrow: those that begin as the line does
 * up to the cursor, the last one first, this session's before the others', each
 * once. See pick.h.
 */

#include <stdlib.h>
#include <string.h>

#include <qt/base/prog.h>
#include <qt/hist/index.h>
#include <qt/hist/query.h>

#include "history.h"
#include "pick.h"

struct up {
	const struct qt_hist_index	*ix;
	struct qt_hist_index_view	 view;
	const char			*prefix;
	size_t				 len;
	unsigned long			 left;
	uint64_t			*seen;	/* a bit a command */
};

static void
say(struct up *u, uint32_t command)
{
	struct qt_hist_bytes	text;
	uint64_t		bit = UINT64_C(1) << command % 64;

	if (command >= u->view.commands ||
	    (u->seen[command / 64] & bit) != 0)
		return;
	u->seen[command / 64] |= bit;
	text = qt_hist_index_text(&u->view, command);
	/* What is in the line already is not older. */
	if (text.len <= u->len || memcmp(text.data, u->prefix, u->len) != 0)
		return;
	qt_prog_write(text.data, text.len);
	qt_prog_write("", 1);
	u->left--;
}

/* The number of this session's last event; 0: it has none. */
static uint32_t
last_of_session(const struct up *u, const char *session)
{
	struct qt_hist_event	e;
	uint32_t		id = QT_HIST_NONE, last, most = 0;

	while (session != NULL && (id = qt_hist_index_fact_next(u->ix,
	    QT_HIST_FACT_CONTEXT, id)) != QT_HIST_NONE) {
		memset(&e, 0, sizeof(e));
		if (qt_hist_index_fact(u->ix, QT_HIST_FACT_CONTEXT, id, &e,
		    &last) && last > most &&
		    e.session.len == strlen(session) &&
		    memcmp(e.session.data, session, e.session.len) == 0)
			most = last;
	}
	return most;
}

static void
walk(struct up *u, uint32_t from, bool is_session)
{
	struct qt_hist_index_event	e;
	uint32_t			next;

	for (; from != 0 && u->left > 0; from = next) {
		if (!qt_hist_index_event(u->ix, from, &e))
			break;
		say(u, e.command);
		next = is_session ? e.of_session : from - 1;
		if (next >= from)
			break;
	}
}

int
pick_up(const char *prefix, unsigned long count)
{
	struct qt_hist_index	*ix;
	struct qt_hist_db	*db = history_open_index(&ix);
	struct up		 u = { .ix = ix, .prefix = prefix,
	    .len = strlen(prefix), .left = count };

	if (ix == NULL)
		return QT_EXIT_SYS;
	qt_hist_index_view(ix, &u.view);
	u.seen = calloc(u.view.commands / 64 + 1, sizeof(*u.seen));
	if (u.seen == NULL)
		qt_die(QT_EXIT_SYS, "out of memory");
	walk(&u, last_of_session(&u, history_here()->session), true);
	walk(&u, qt_hist_index_last(ix), false);
	free(u.seen);
	qt_hist_index_close(ix);
	history_close(db);
	return u.left < count ? QT_EXIT_OK : QT_EXIT_NO;
}
