/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_QUERY_PRIV_H
#define QT_HIST_QUERY_PRIV_H
/*
 * Between query.c, which knows words, query_filter.c, which knows their values,
 * and query_time.c, which knows times.
 */
#include <qt/hist/query.h>

struct qt__parse {
	struct qt_hist_query	*q;
	const struct qt_hist_here *here;
	struct qt_hist_mistake	 mistake;
	const char		*text;	/* the query */
	size_t			 len, at;
};

/* A mistake; returns rc. */
int	qt__query_fail(struct qt__parse *p, int rc, size_t at, size_t len,
	    const char *expected);
/* Appends to q->bytes. 0, or -E2BIG. */
int	qt__query_add(struct qt__parse *p, const char *data, size_t len);

/* The value of a filter, f->name, at and at_len are set; the value begins at
   value_at. 0 or negative, with a mistake. */
int	qt__query_value(struct qt__parse *p, struct qt_hist_filter *f,
	    const char *value, size_t len, size_t value_at);

/* 0, or -EINVAL. Pure. */
int	qt__query_time(uint64_t *us, const char *text, size_t len,
	    const struct qt_hist_here *here);
int	qt__query_span(uint64_t *us, const char *text, size_t len,
	    bool is_unit_needed);

#endif /* QT_HIST_QUERY_PRIV_H */
