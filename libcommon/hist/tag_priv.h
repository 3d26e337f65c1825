/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_TAG_PRIV_H
#define QT_HIST_TAG_PRIV_H
/* For load.c, which adds the tags of many events, and syncs once. */
#include <qt/hist/tag.h>

/*
 * Names that end in a NUL each; those that are none, are there, or are too many
 * are passed over, as is an event that is not there. Visible when it returns.
 */
int	qt__tags_add(struct qt_hist_db *db, uint64_t start_us, uint64_t id,
	    const char *names, size_t len, struct qt_err *err);

#endif /* QT_HIST_TAG_PRIV_H */
