/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_CHILD_H
#define QT_TEST_CHILD_H

/*
 * Runs a function in a process of its own, for what changes a process for
 * good or ends it: exit codes, environment, signals, what is printed.
 */
struct child {
	int	status;		/* exit code, or -signal */
	char	out[16384];	/* what it wrote, cut, with a final '\0' */
	char	err[16384];
};

/* fn's result is the exit code when it returns; it may also exit itself. */
void	child_run(struct child *child, int (*fn)(void *arg), void *arg);

/*
 * From now on on one CPU, for processes that take turns: switching between two
 * takes longer. Programs that run at once, as QT_TEST_SLOT says, take others.
 */
void	child_stay_on_one_cpu(void);

/* How many descriptors this process has open. */
int	child_count_fds(void);

#endif /* QT_TEST_CHILD_H */
