/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_CUT_H
#define QT_TEST_CUT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Power cuts. What is done to a folder is recorded; then, for each position in
 * the record, folders are built of the states that a cut there may leave (see
 * disk.h), and a check looks at each: nothing lost that was not synced, all of
 * it, all but one effect or one call, only one, and random ones.
 */
struct cut_mark {
	uint64_t	what, value;
};
#define CUT_BEGUN	1u	/* value: the caller's number of it */
#define CUT_DONE	2u	/* from here on it has to be there */

struct cut_log;
/* Records what is done to the folder by us and children to come. */
struct cut_log *cut_begin(const char *root, size_t unit, int is_kind);
/* In the order of the record; by any of these processes. */
void	cut_mark(uint64_t what, uint64_t value);
/* No longer; the children have ended. */
void	cut_end(struct cut_log *log);
void	cut_free(struct cut_log *log);

struct cut_at {
	size_t		 record;	/* so many had been written */
	const struct cut_mark *marks;	/* those before */
	size_t		 count;
};
struct cut_check {
	/* dir holds a state; what it makes of it does not matter. NULL, or
	   what is wrong. */
	const char	*(*check)(void *arg, const char *dir,
			    const struct cut_at *at);
	void		*arg;
	unsigned int	 singles;	/* a position, of each kind; 0: all */
	unsigned int	 randoms;	/* a position */
	unsigned long	 max;		/* states of all; 0: no bound */
};
struct cut_result {
	unsigned long	 states, records, skipped;
	char		 wrong[1024];	/* "": nothing */
};
/*
 * Stops at the first that is wrong. Each state is tried once as long as nothing
 * more is CUT_DONE. Where max says that there are more than can be tried, those
 * left out are counted in skipped, evenly over the record. SEED=n in the
 * environment repeats what is random.
 */
void	cut_each(struct cut_log *log, const struct cut_check *check,
	    struct cut_result *out);

#endif /* QT_TEST_CUT_H */
