/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_CRASH_CUT_CASE_H
#define QT_CRASH_CUT_CASE_H

/* Power cuts of what a function does to a folder, as a program's TAP. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/cut.h"
#include "../unit/place.h"

struct cut_case {
	const char	*name;
	void		 (*begin)(const char *dir);	/* not recorded; NULL */
	void		 (*op)(const char *dir);	/* recorded */
	struct cut_check check;		/* max: half of it, or with
					   QT_STRESS=long four times */
	size_t		 unit;		/* 0: pages */
	int		 is_kind;
};

/* Ends the program when ok is 0. */
static inline void
must(int ok, const char *what)
{
	if (ok)
		return;
	printf("Bail out! %s\n", what);
	exit(1);
}

static inline int
cut_one(const struct cut_case *c, int number)
{
	const char		*length = getenv("QT_STRESS");
	struct cut_check	 check = c->check;
	struct cut_result	 r;
	struct cut_log		*log;
	char			 dir[256];

	fflush(stdout);
	place_new(dir, sizeof(dir));
	if (c->begin != NULL)
		c->begin(dir);
	log = cut_begin(dir, c->unit != 0 ? c->unit : 4096, c->is_kind);
	c->op(dir);
	cut_end(log);
	if (length == NULL || strcmp(length, "long") != 0)
		check.max /= 2;
	else
		check.max *= 4;
	cut_each(log, &check, &r);
	cut_free(log);
	place_remove(dir);
	if (r.wrong[0] != '\0')
		printf("not ok %d - %s: %s\n", number, c->name, r.wrong);
	else
		printf("ok %d - %s: %lu states of %lu records%s\n", number,
		    c->name, r.states, r.records, r.skipped > 0 ?
		    ", a sample" : "");
	fflush(stdout);
	return r.wrong[0] != '\0' || r.states < 3;
}

static inline int
cut_all(const struct cut_case *cases, size_t count)
{
	int	bad = 0;

	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++)
		bad |= cut_one(&cases[i], (int)i + 1);
	return bad;
}

#endif /* QT_CRASH_CUT_CASE_H */
