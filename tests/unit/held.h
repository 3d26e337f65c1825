/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_HELD_H
#define QT_TEST_HELD_H

#include <stdbool.h>

struct qt_seg;

/*
 * Holds a sweeper after every instruction of its sweep, while others go on with
 * the very thing that it is looking at; then lets it go on as well.
 *
 * A victim is killed when it is half way. Where is_half is given, a first
 * sweeper is killed half way, too. A second one is then held (ptrace) at each
 * instruction in turn (at every second one, unless QT_STRESS=long), each time in
 * a fresh world: a worker, a participant of its own, does what others do; the
 * sweeper is let go, has to come to its end, and the worker is killed. Needs
 * x86-64; elsewhere it says that it skips.
 */
struct held_world {
	struct qt_seg	*seg;		/* the first member of the test's own */
};

struct held_case {
	const char	*name;
	struct held_world *(*setup)(void);
	/* Where the sweep begins that is looked at. */
	void		(*entry)(void);
	/* Who dies does this until it is so. */
	void		(*victim)(struct held_world *w);
	bool		(*is_dying)(struct held_world *w);
	/* NULL; or a sweeper is killed when this is so. */
	bool		(*is_half)(struct held_world *w);
	void		(*others)(struct held_world *w);
	/* In the end: NULL, or what is wrong. */
	const char	*(*check)(struct held_world *w);
	void		(*clean)(struct held_world *w);
	unsigned int	 limit;		/* of instructions; 0: some hundreds */
};

/* Prints one line of TAP. 0, or 1 when it failed. */
int	held_sweep(const struct held_case *c, int number);

#endif /* QT_TEST_HELD_H */
