/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_COMMAND_STATS_H
#define QT_HIST_COMMAND_STATS_H
/* Figures of a history, printed: stats.c for programs, stats_page.c for people. */
#include <qt/base/buf.h>
#include <qt/hist/stats.h>

struct stats_page {
	const struct qt_hist_stats	*stats;
	unsigned int			 limit;		/* rows of a list */
	unsigned int			 width;		/* columns */
	bool				 has_color;
	bool				 is_utf8;	/* bars of blocks, not # */
};
/* Appended to out. Pure. */
void	stats_page(struct qt_buf *out, const struct stats_page *page);

#endif /* QT_HIST_COMMAND_STATS_H */
