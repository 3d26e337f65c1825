/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_CMD_QUERY_H
#define QT_HIST_CMD_QUERY_H
/* Queries on the command line. What is wrong ends the program, with exit 2. */
#include <stdbool.h>

#include <qt/base/buf.h>
#include <qt/hist/find.h>

/* Operands, with a blank between them; never NULL, also of none. */
void	query_join(struct qt_buf *out, char **operands, int count);
/* Shows the place where it does not parse, and what would. */
_Noreturn void query_die(const struct qt_buf *query,
	    const struct qt_hist_mistake *mistake);

/* The value of an option. */
enum qt_hist_scope query_scope(const char *option, const char *value);
enum qt_hist_order query_order(const char *option, const char *value);

/* --- query_events.c: for who asks about events, not about commands -------- */

struct query_events {
	struct qt_hist_query	*query;		/* NULL: none was read */
	struct qt_hist_match	*match;
};
/* Operands; into one that is all zeros. Words are exact, never fuzzy. */
void	query_events_read(struct query_events *q, char **operands, int count);
/* It asks for nothing, so all pass. */
bool	query_events_is_all(const struct query_events *q);
/* 1: the event, which db has, matches; 0; negative. */
int	query_events_has(struct query_events *q, struct qt_hist_db *db,
	    const struct qt_hist_event *e);
void	query_events_clear(struct query_events *q);

#endif /* QT_HIST_CMD_QUERY_H */
