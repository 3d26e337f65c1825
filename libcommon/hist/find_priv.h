/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_FIND_PRIV_H
#define QT_HIST_FIND_PRIV_H
/*
 * Between find.c, which asks, find_filter.c, which knows what passes the filters,
 * and find_prior.c, which knows what else speaks for a command.
 */
#include <qt/hist/find.h>

/* What a finder was told of here: copies, which here points to. */
struct qt__here {
	struct qt_hist_here	 here;
	char			*held[5];
};

/* Runs of a command near here; sorted by command. */
struct qt__near {
	uint32_t	command, folder, repository, follows;
};
struct qt__prior {
	uint32_t	*of;		/* each command's, of count */
	uint32_t	 count;
	struct qt__near	*near;
	size_t		 near_count, near_room;
};

/* What passed the filters of scope and query, until either is another one. */
struct qt__passed {
	struct qt_hist_query	 query, scope;
	uint32_t		 last;	/* event of the index, then */
	bool			 is_known;
	uint32_t		*newest;	/* each command's event, or 0 */
	uint64_t		*keep;	/* a bit each */
	uint32_t		 commands;	/* that have one */
};

struct qt_hist_find {
	const struct qt_hist_index	*ix;
	struct qt_hist_db		*db;
	struct qt__here			 here;
	struct qt_hist_index_view	 view;	/* of when it was made */
	struct qt__prior		 prior;
	struct qt__passed		 passed;
	struct qt_hist_match		*match;	/* of the last query */
	uint64_t			*found;	/* a bit for each command */
	bool				 is_all;	/* found is all that match
						   has, without filters */
	struct qt_hist_hit		*hits;
	uint32_t			 hit_room;
	uint32_t			 seeds[QT_HIST_SEEDS];	/* the last best */
	uint32_t			 seed_count;
	struct qt_hist_query		 query, scope;	/* being asked */
};

/* 0 or -ENOMEM. */
int	qt__prior_make(struct qt_hist_find *f);
void	qt__prior_clear(struct qt__prior *p);

/* Sees to it that passed is of query and scope. */
int	qt__passed_make(struct qt_hist_find *f,
	    bool (*is_over)(void *arg), void *arg, struct qt_err *err);
void	qt__passed_clear(struct qt__passed *p);

#endif /* QT_HIST_FIND_PRIV_H */
