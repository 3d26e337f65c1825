/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_DOCTOR_RUN_H
#define QT_HIST_DOCTOR_RUN_H
/* One shell, started and typed into, and what came of it. */
#include "doctor.h"
#include "doctor_pty.h"

#define DOCTOR_COMMANDS	3u

/* What the shell starts with. */
enum doctor_how {
	DOCTOR_USER,	/* the user's startup files */
	DOCTOR_HOOKS,	/* ours alone */
	DOCTOR_NONE	/* nothing */
};

/* What is in its spools of a command that was typed. */
struct doctor_seen {
	unsigned int	count;		/* how often */
	bool		has_ended, is_place;	/* the folder that it ran in */
	int32_t		status;
	uint64_t	start_us, took_us;
};

struct doctor_run {
	struct doctor	*d;
	enum doctor_how	 how;
	struct doctor_pty pty;
	char		 dir[QT_PATH_SIZE];	/* its folder of everything */
	const char	*waits_for;		/* a file's name, or what is shown */
	bool		 has_begun;	/* startup files came to their end */
	bool		 has_ended;	/* all that was typed was run */
	struct qt_buf	 begin, end;	/* what doctor.NAME told, then */
	struct doctor_seen seen[DOCTOR_COMMANDS];
	uint64_t	 before_us;	/* when the first was typed */
};

/*
 * Starts a shell and waits for the end of its startup files; whether they came
 * to it is has_begun. 0, or negative: it cannot be tried at all.
 */
int	doctor_run_start(struct doctor_run *r, struct doctor *d,
	    enum doctor_how how, struct qt_err *err);
/* Types the commands; their records are in seen, where there are any. */
void	doctor_run_type(struct doctor_run *r);
/* Microseconds for one of so many prompts; 0: it did not come to its end. */
uint64_t doctor_run_prompt_us(struct doctor_run *r, unsigned int count);
void	doctor_run_end(struct doctor_run *r);

/*
 * doctor_cost.c: the line that says what the hooks cost, by two shells of its
 * own; and what a prompt takes in the user's, which was measured: 0: it was not.
 */
void	doctor_cost(struct doctor *d, uint64_t user_us);

/* The value of a name that doctor.NAME told, never NULL. */
const char *doctor_told(const struct qt_buf *told, const char *name);

#endif /* QT_HIST_DOCTOR_RUN_H */
