/* SPDX-License-Identifier: Apache-2.0 */
/* The last events of a history. See last.h. */

#include <qt/base/prog.h>

#include "history.h"
#include "last.h"

/* The first of the last so many. */
static struct qt_hist_event
find_first(struct qt_hist_db *db, unsigned long limit, struct qt_err *err)
{
	struct qt_hist_event	 e = { 0 };
	struct qt_hist_scan	*scan;
	int			 rc;

	rc = qt_hist_scan_open(db, 0, UINT64_MAX, true, &scan, err);
	while (rc >= 0 && limit-- > 0)
		if ((rc = qt_hist_scan_next(scan, &e, err)) <= 0)
			break;
	if (rc < 0)
		qt_die(history_code(rc), "%s: %s", err->text, qt_strerror(rc));
	qt_hist_scan_close(scan);
	return e;
}

unsigned long
last_each(struct qt_hist_db *db, unsigned long limit,
    void (*each)(void *arg, const struct qt_hist_event *e), void *arg)
{
	struct qt_hist_event	 first = { 0 }, e = { 0 };
	struct qt_hist_scan	*scan;
	struct qt_err		 err = QT_ERR_INIT;
	unsigned long		 n = 0;
	int			 rc;

	if (limit > 0)
		first = find_first(db, limit, &err);
	rc = qt_hist_scan_open(db, first.start_us, UINT64_MAX, false, &scan,
	    &err);
	while (rc >= 0 && (rc = qt_hist_scan_next(scan, &e, &err)) == 1) {
		/* Many may have begun at one time, or nobody knows when. */
		if (e.start_us == first.start_us && e.id < first.id)
			continue;
		each(arg, &e);
		n++;
	}
	if (rc < 0)
		qt_die(history_code(rc), "%s: %s", err.text, qt_strerror(rc));
	qt_hist_scan_close(scan);
	return n;
}
