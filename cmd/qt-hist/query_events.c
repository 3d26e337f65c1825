/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each event that a query matches, not each command once. See query.h.
 *
 * Who changes what he finds does not want to have found more than he wrote: no
 * word is fuzzy.
 */

#include <errno.h>
#include <stdlib.h>

#include <qt/base/prog.h>
#include <qt/hist/tag.h>

#include "history.h"
#include "query.h"

void
query_events_read(struct query_events *q, char **operands, int count)
{
	struct qt_hist_mistake	mistake;
	struct qt_err		err = QT_ERR_INIT;
	struct qt_buf		text = QT_BUF_INIT;
	int			rc;

	query_join(&text, operands, count);
	q->query = malloc(sizeof(*q->query));
	if (q->query == NULL)
		qt_die(QT_EXIT_SYS, "%s", qt_strerror(-ENOMEM));
	rc = qt_hist_query_parse(q->query, text.data, text.len, history_here(),
	    &mistake, &err);
	for (uint32_t i = 0; rc == 0 && i < q->query->term_count; i++)
		if (q->query->terms[i].kind == QT_HIST_FUZZY)
			q->query->terms[i].kind = QT_HIST_EXACT;
	if (rc == 0)
		rc = qt_hist_match_new(&q->match, q->query, &mistake, &err);
	if (rc == -EINVAL || rc == -E2BIG)
		query_die(&text, &mistake);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
	qt_buf_clear(&text);
}

bool
query_events_is_all(const struct query_events *q)
{
	return q->query->term_count + q->query->filter_count == 0;
}

int
query_events_has(struct query_events *q, struct qt_hist_db *db,
    const struct qt_hist_event *e)
{
	struct qt_hist_tags	tags = { .count = 0 };
	int			rc = 0;

	if (qt_hist_match_one(q->match, e->text.data, e->text.len, NULL) == 0)
		return 0;
	if (q->query->filter_count > 0)
		rc = qt_hist_tags_of(db, e->start_us, e->id, &tags, NULL);
	return rc < 0 ? rc :
	    qt_hist_query_passes(q->query, e, tags.of, tags.count);
}

void
query_events_clear(struct query_events *q)
{
	qt_hist_match_free(q->match);
	free(q->query);
	*q = (struct query_events){ NULL, NULL };
}
