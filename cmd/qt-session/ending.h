/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_ENDING_H
#define QT_SESSION_ENDING_H

#include "find.h"

/*
 * Ends a running session as closing its terminal would: SIGHUP, and SIGKILL
 * when that did not help within a second; waits until it has ended and marks
 * the end as seen. Of a session that had ended already, drops the record.
 * 0, or negative.
 */
int	session_end(const struct world *w, const struct qt_session *s,
	    struct qt_err *err);

#endif /* QT_SESSION_ENDING_H */
