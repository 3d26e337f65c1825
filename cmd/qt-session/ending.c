/* SPDX-License-Identifier: Apache-2.0 */
/* Ending a session for good. See ending.h. */

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include <qt/base/clock.h>

#include "ending.h"

#define POLITE_MS	1000
#define FORCED_MS	3000
#define LOOK_MS		5

/* Waits for the record to change. 0 once it ended, -ETIMEDOUT. */
static int
await_end(const struct world *w, const struct qt_session *s, int timeout_ms)
{
	uint64_t		end_ms = qt_clock_mono_ms() +
	    (uint64_t)timeout_ms;
	struct qt_session	now;

	do {
		if (qt_session_find(w->table, &s->id, &now) < 0 ||
		    now.state != QT_STATE_RUNNING)
			return 0;
		poll(NULL, 0, LOOK_MS);
	} while (qt_clock_mono_ms() < end_ms);
	return -ETIMEDOUT;
}

static int
tell(const struct world *w, enum qt_control_type type,
    const struct qt_session *s, struct qt_err *err)
{
	return qt_client_call(w->client, type, 0, &s->id, sizeof(s->id),
	    QT_MSG_OK, NULL, 0, err);
}

int
session_end(const struct world *w, const struct qt_session *s,
    struct qt_err *err)
{
	int	rc;

	if (s->state != QT_STATE_RUNNING)
		return tell(w, QT_MSG_FORGET, s, err);
	rc = qt_client_kill(w->client, &s->id, SIGHUP, err);
	if (rc == 0 && await_end(w, s, POLITE_MS) < 0) {
		rc = qt_client_kill(w->client, &s->id, SIGKILL, err);
		if (rc == 0)
			rc = await_end(w, s, FORCED_MS);
	}
	if (rc == -QT_EGONE)	/* it ended by itself meanwhile */
		rc = 0;
	if (rc == 0)
		tell(w, QT_MSG_SEEN, s, NULL);
	return rc;
}
