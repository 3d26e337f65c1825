/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_IMPORT_PRIV_H
#define QT_HIST_IMPORT_PRIV_H
/* Between import.c and the formats: each is one import_NAME.c. */
#include <qt/base/buf.h>
#include <qt/hist/import.h>

struct qt__rows;		/* of a database: import_sqlite.c */

struct qt_hist_import {
	enum qt_hist_format	 format;
	const char		*data;	/* text */
	size_t			 len, at;
	uint64_t		 line;	/* of the one that was read last */
	struct qt_buf		 text;	/* of an event, where not in data */
	struct qt_buf		 more;	/* other fields of it */
	struct qt_buf		 tags;	/* each ends in a NUL */
	char			*own;	/* what data is in, or NULL */
	bool			 is_crlf, is_timed;
	struct qt__rows		*rows;
};

/* A line without what ends it; is_torn: nothing did. */
struct qt__line {
	const char	*data;
	size_t		 len;
	bool		 is_torn;
};
/* false at the end. Counts. */
bool	qt__line_next(struct qt_hist_import *i, struct qt__line *out);
/* The one that comes next, which stays. */
bool	qt__line_peek(const struct qt_hist_import *i, struct qt__line *out);

/*
 * Decimal digits at *at, which moves behind them. false: there are none, or
 * more than fit.
 */
bool	qt__digits(const char **at, const char *end, uint64_t *out);
/* Seconds since 1970 as start_us; 0 for those nobody can mean. */
uint64_t qt__seconds(uint64_t seconds);
bool	qt__starts(const char *data, size_t len, const char *with);

/*
 * The format's next event, as qt_hist_import_next() says it. text is set, it
 * may be empty or have NUL bytes: import.c passes these over.
 */
int	qt__bash_next(struct qt_hist_import *i, struct qt_hist_event *out,
	    struct qt_err *err);
int	qt__zsh_next(struct qt_hist_import *i, struct qt_hist_event *out,
	    struct qt_err *err);
int	qt__fish_next(struct qt_hist_import *i, struct qt_hist_event *out,
	    struct qt_err *err);
int	qt__powershell_next(struct qt_hist_import *i,
	    struct qt_hist_event *out, struct qt_err *err);
int	qt__json_next(struct qt_hist_import *i, struct qt_hist_event *out,
	    struct qt_err *err);
int	qt__rows_next(struct qt_hist_import *i, struct qt_hist_event *out,
	    struct qt_err *err);

/* Is a line one of "#SECONDS"? of ": START:SECONDS;"? */
bool	qt__bash_is_time(const struct qt__line *line, uint64_t *seconds);
bool	qt__zsh_is_head(const struct qt__line *line);

/* Opens i->rows; i->format says which kind, or is set. */
int	qt__rows_open(struct qt_hist_import *i, const char *path,
	    struct qt_err *err);
void	qt__rows_close(struct qt__rows *rows);
void	qt__rows_progress(const struct qt__rows *rows, uint64_t *done,
	    uint64_t *all);

/* What $'...' of bash stands for, appended. 0, -EINVAL or -ENOMEM. */
int	qt__unquote(struct qt_buf *out, const char *text, size_t len);

#endif /* QT_HIST_IMPORT_PRIV_H */
