/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SYNC_WORLD_H
#define QT_SYNC_WORLD_H

/* What the kill sweeps of objects to wait at share. */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <qt/shm/wait.h>

#include "ground.h"

#define LONG_MS		60000	/* nothing takes as long as that */
#define SHORT_MS	5	/* long enough to claim a turn */

struct world {
	struct ground	g;
	void		*it;		/* the structure's handle */
	uint64_t	*data;		/* words in the segment */
	pid_t		 peer;		/* another process, or 0 */
};

static inline struct world *
world_new(int *fd)
{
	struct world	*w = ground_new(sizeof(*w), 256u << 10, fd);
	uint64_t	 at;

	step_must(qt_seg_alloc(w->g.seg, 4096, &at) == 0, "alloc");
	w->data = qt_seg_at(w->g.seg, at, 4096);
	return w;
}

/* For clean; the structure's handle was closed before. */
static inline void
world_end(struct world *w)
{
	if (w->peer > 0) {
		kill(w->peer, SIGKILL);
		waitpid(w->peer, NULL, 0);
	}
	ground_end(w);
}

/* Two words of data. By who has the lock, or it makes no sense to ask. */
static inline int
is_whole(const struct world *w)
{
	return w->data[0] == w->data[1];
}

static inline void
change(struct world *w)
{
	((_Atomic uint64_t *)w->data)[0]++;
	((_Atomic uint64_t *)w->data)[1]++;
}

static inline void
put_right(struct world *w)
{
	w->data[1] = w->data[0];
}

/*
 * A process that did fn(w) as a participant of its own and was then killed. In
 * the victim after it has joined, for joining sweeps who is dead.
 */
static inline void
die_after(struct world *w, void (*fn)(struct world *w))
{
	int	status;
	pid_t	pid = fork();

	step_must(pid >= 0, "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		join(w);
		fn(w);
		kill(getpid(), SIGKILL);
	}
	step_must(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status),
	    "a process that dies");
}

/* One that goes on; w->peer. */
static inline void
start_peer(struct world *w, int (*fn)(struct world *w))
{
	w->peer = fork();
	step_must(w->peer >= 0, "fork");
	if (w->peer == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		join(w);
		_exit(fn(w));
	}
}

static inline int
end_peer(struct world *w)
{
	int	status;
	pid_t	pid = w->peer;

	w->peer = 0;
	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline uint64_t
soon(void)
{
	return qt_wait_deadline(LONG_MS);
}

static inline void
op_sweep(void *state)
{
	struct world	*w = state;

	want(qt_seg_sweep(w->g.seg) >= 0, 2);
}

#endif /* QT_SYNC_WORLD_H */
