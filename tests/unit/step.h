/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_STEP_H
#define QT_TEST_STEP_H

#include <stddef.h>

/*
 * Kills a process at every instruction of an operation that matters.
 *
 * A child runs the operation one instruction at a time (ptrace). What a killed
 * process leaves to the others is the contents of a file, which of its pages
 * have memory, and its locks. So one run finds the instructions after which any
 * of these may differ: a store that changed the file, or a system call. Then,
 * for each of them, a fresh child is killed right there by SIGKILL; between
 * two of them a kill would leave the same as at the first. Such a child runs at
 * full speed to a trap at that instruction, as often as the first came by it;
 * should it take another way (a clock may let it), the next goes step by step.
 */
struct step_case {
	const char	*name;
	/* Prepares a fresh state; *fd is the file to be watched, fd[1] may be
	   another. */
	void		*(*setup)(int *fd);
	/* In the child, at full speed, before it is watched. May be NULL. */
	void		 (*begin)(void *state);
	/* What the child does then. */
	void		 (*op)(void *state);
	/* In the parent, after the kill: NULL, or what is wrong. */
	const char	*(*check)(void *state);
	void		 (*clean)(void *state);
};

/* For setup: ends the program, as TAP has it, when ok is 0. */
void	step_must(int ok, const char *what);

/* All of them, as a program's result. */
int	step_run(const struct step_case *cases, size_t count);
/* Runs the whole sweep and prints one TAP line. 0, or 1 when it failed. */
int	step_sweep(const struct step_case *c, int number);

/*
 * The same for operations of many thousand instructions: killed after each
 * store to memory that setup has named by step_watch(), which others share, and
 * after each system call. Files are not looked at; fd stays as it is.
 */
int	step_run_long(const struct step_case *cases, size_t count);
void	step_watch(const void *from, size_t len);
/*
 * At most so many kills of each operation from now on, evenly over it, from a
 * random one on (SEED=n repeats them); QT_STRESS=long does all. 0: all.
 */
void	step_limit(size_t points);

#endif /* QT_TEST_STEP_H */
