/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_QUERY_H
#define QT_HIST_QUERY_H
/*
 * What is looked for: words for the text of commands, filters for where, when
 * and how they ran. qt-query(7) is the manual of the language.
 *
 *	query	part part ...			all of them
 *	part	one | one ...			any of them: words, or values
 *						of one filter
 *	one	[!] word			in the text
 *		[!] name:value			of the event
 *	word	x  'x  ^x  x$  "x y"  re:x	fuzzy, exact, begins, ends, exact,
 *						pattern; not: exact
 *
 * A query is parsed into two flat lists. Terms: those with is_or belong to the
 * one before them; a group matches when one of it does, and all groups have to.
 * Filters: of those with one name that are not negated one has to match; of
 * their bounds (exit, dur: < and >) all together count as one. Negated ones each
 * have to say no. <qt/hist/match.h> matches the terms.
 *
 * Pure: time, folders and names are parameters; nothing is allocated.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>
#include <qt/hist/db.h>

#define QT_HIST_QUERY_MAX	4096u	/* bytes of a query */
#define QT_HIST_TERMS_MAX	64u
#define QT_HIST_FILTERS_MAX	64u
#define QT_HIST_FUZZY_MAX	64u	/* bytes; longer words are exact */
#define QT_HIST_PATTERN_MAX	1024u	/* bytes of a re: */
#define QT_HIST_QUERY_BYTES	16384u	/* of all texts, with folders filled in */

enum qt_hist_term_kind {
	QT_HIST_FUZZY, QT_HIST_EXACT, QT_HIST_PREFIX, QT_HIST_SUFFIX,
	QT_HIST_WHOLE, QT_HIST_REGEX
};

/* at, at_len: where it is in the query. */
struct qt_hist_term {
	enum qt_hist_term_kind	kind;
	bool			is_or;		/* belongs to the one before */
	bool			is_negated;
	bool			is_case;	/* has a capital: case matters */
	uint32_t		text, len;	/* in bytes, not empty */
	uint32_t		at, at_len;
};

/*	name		as it is written */
#define QT_HIST_FILTER_MAP(X)						\
	X(CWD,		"cwd")						\
	X(DIR,		"dir")						\
	X(GIT,		"git")						\
	X(HOST,		"host")						\
	X(SESSION,	"session")					\
	X(EXIT,		"exit")						\
	X(DUR,		"dur")						\
	X(BEFORE,	"before")					\
	X(AFTER,	"after")					\
	X(SHELL,	"shell")					\
	X(TAG,		"tag")

enum qt_hist_filter_name {
#define X(name, text) QT_HIST_##name,
	QT_HIST_FILTER_MAP(X)
#undef X
	QT_HIST_FILTER_NAMES
};

enum qt_hist_compare {
	QT_HIST_IS, QT_HIST_IS_NOT, QT_HIST_LESS, QT_HIST_LESS_IS,
	QT_HIST_MORE, QT_HIST_MORE_IS,
	QT_HIST_IS_RUNNING,	/* exit: nobody saw it end */
	QT_HIST_IS_UNKNOWN	/* exit: it ended, nobody knows how */
};

struct qt_hist_filter {
	enum qt_hist_filter_name name;
	enum qt_hist_compare	compare;
	bool			is_negated;
	uint64_t		number;		/* exit: status; dur: us; before,
						   after: us since 1970 */
	uint32_t		text, len;	/* in bytes: the others */
	uint32_t		at, at_len;
};

/* Plain data: may be copied. */
struct qt_hist_query {
	struct qt_hist_term	terms[QT_HIST_TERMS_MAX];
	struct qt_hist_filter	filters[QT_HIST_FILTERS_MAX];
	uint32_t		term_count, filter_count, used;
	char			bytes[QT_HIST_QUERY_BYTES];
};

/* What a query is relative to. NULL is fine where there is no such thing. */
struct qt_hist_here {
	uint64_t	 now_us;
	/* Seconds that clocks are ahead of UTC at that time; NULL: none. */
	int32_t		(*zone_s)(int64_t unix_s);
	const char	*home, *cwd;	/* absolute: for ~ and . */
	const char	*git;		/* the repository's root: for git:. */
	const char	*host, *session;	/* for host:. session:. */
	/* Somebody is still typing: what is not finished at the end of the query
	   (a quote, '|', a filter without its value) is no mistake. */
	bool		 is_typing;
};

/* Where a query does not parse, and what would have. */
struct qt_hist_mistake {
	uint32_t	at, len;	/* bytes of the query; len may be 0 */
	char		expected[128];
};

/*
 * Parses len bytes; any bytes. 0; -EINVAL when it does not parse, -E2BIG when a
 * bound above is exceeded: then *mistake (may be NULL) and err say where and
 * why, and out is empty.
 */
int	qt_hist_query_parse(struct qt_hist_query *out, const char *text,
	    size_t len, const struct qt_hist_here *here,
	    struct qt_hist_mistake *mistake, struct qt_err *err);

/* "cwd" for QT_HIST_CWD. */
const char *qt_hist_filter_name(enum qt_hist_filter_name name);

/*
 * Whether an event passes all filters. A status, duration or time that is not
 * known passes neither a filter nor its negation: a command that runs has not
 * failed. tags are the event's.
 */
bool	qt_hist_query_passes(const struct qt_hist_query *q,
	    const struct qt_hist_event *e, const struct qt_hist_bytes *tags,
	    size_t tag_count);

#endif /* QT_HIST_QUERY_H */
