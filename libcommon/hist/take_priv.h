/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_TAKE_PRIV_H
#define QT_HIST_TAKE_PRIV_H
/* Between take.c, which reads files, and takings.c, which makes events. */
#include <qt/base/buf.h>
#include <qt/hist/take.h>

struct qt__take {
	struct qt_hist_db	*db;
	int			 dirfd;
	bool			 is_sure;
	struct qt_hist_taken	*out;
	struct qt_buf		 cwd, root;	/* the last one looked for */
	struct qt_buf		 clean;		/* the last text without secrets */
};
void	qt__take_clear(struct qt__take *take);

/* Whose a spool is. */
struct qt__shell {
	char		 token[QT_HIST_TOKEN];
	struct qt_buf	 data;		/* what session borrows from */
	struct qt_hist_spool_record session;
	size_t		 end;		/* of its record in the spool */
};
/* From the beginning of a spool. 0, -QT_EFORMAT, -ENOMEM. */
int	qt__shell_read(struct qt__shell *s, const void *data, size_t len);
/* From its name alone: the shell writes on, but somebody took away what had been
   there. is_old: since before this boot. 0, -QT_EFORMAT: no spool's; -ENOMEM. */
int	qt__shell_guess(struct qt__shell *s, const char *name, bool is_old);
void	qt__shell_clear(struct qt__shell *s);
/* Certainly: where nobody knows, it is not. */
bool	qt__shell_is_gone(const struct qt__shell *s);

/* Events being made of records; they borrow from them, and from t. */
struct qt__takings {
	struct qt__take		*take;
	const struct qt__shell	*shell;
	struct qt_hist_event	*events;
	uint64_t		*numbers;	/* of each */
	size_t			 count, room;
	struct qt_buf		**texts;	/* of what began before */
	size_t			 text_count;
	struct qt_hist_bytes	 last;		/* a record's text */
};
void	qt__takings_begin(struct qt__takings *t, struct qt__take *take,
	    const struct qt__shell *shell);
/* 1, or negative. */
int	qt__takings_add(struct qt__takings *t,
	    const struct qt_hist_spool_record *r, struct qt_err *err);
void	qt__takings_end(struct qt__takings *t);

#endif /* QT_HIST_TAKE_PRIV_H */
