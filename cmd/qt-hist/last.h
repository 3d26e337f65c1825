/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_LAST_H
#define QT_HIST_LAST_H
/* The last events of a history. */
#include <qt/hist/db.h>

/*
 * Tells each of the last limit (0: of all), in the order of time. Returns how
 * many; ends the program when that fails.
 */
unsigned long last_each(struct qt_hist_db *db, unsigned long limit,
	    void (*each)(void *arg, const struct qt_hist_event *e),
	    void *arg);

#endif /* QT_HIST_LAST_H */
