/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SYNC_WORLD_H
#define QT_SYNC_WORLD_H

/* What the kill sweeps of objects to wait at share. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/shm/object.h>
#include <qt/shm/wait.h>

#include "../unit/step.h"

#define LONG_MS		60000	/* nothing takes as long as that */
#define SHORT_MS	5	/* long enough to claim a turn */

struct world {
	struct qt_seg	*seg;
	void		*it;		/* the structure's handle */
	uint64_t	*data;		/* words in the segment */
	pid_t		 peer;		/* another process, or 0 */
	int		 fd;
};

static inline struct world *
world_new(int *fd)
{
	struct qt_seg_spec	 s = { .size = 256 << 10, .mode = 0600,
	    .group = (gid_t)-1, .participants = 6, .entries = 8,
	    .kind = "crash" };
	struct world		*w = calloc(1, sizeof(*w));
	uint64_t		 at;

	step_must(w != NULL, "calloc");
	step_must(qt_seg_create(NULL, &s, &w->seg, NULL) == 0, "create");
	step_must(qt_seg_alloc(w->seg, 4096, &at) == 0, "alloc");
	w->data = qt_seg_at(w->seg, at, 4096);
	w->fd = qt_seg_dup_rdonly(w->seg);
	*fd = w->fd;
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
	close(w->fd);
	qt_seg_close(w->seg);
	free(w);
}

/* In the victim. */
static inline void
join(void *state)
{
	struct world	*w = state;

	if (qt_seg_after_fork(w->seg, NULL) < 0)
		_exit(1);
}

static inline void
want(int ok, int code)
{
	if (!ok)
		_exit(code);
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

/* When all is over: nothing names anybody, and fsck finds nothing. */
static inline const char *
check_sound(struct world *w)
{
	if (qt_seg_sweep(w->seg) < 0)
		return "sweep";
	if (qt_obj_fsck(w->seg, 0, NULL, NULL) != 0)
		return "fsck of objects";
	return qt_seg_fsck(w->seg, NULL) < 0 ? "fsck" : NULL;
}

static inline void
op_sweep(void *state)
{
	struct world	*w = state;

	want(qt_seg_sweep(w->seg) >= 0, 2);
}

static inline int
run_cases(const struct step_case *cases, size_t count)
{
	int	bad = 0;

	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++)
		bad |= step_sweep(&cases[i], (int)i + 1);
	return bad;
}

#endif /* QT_SYNC_WORLD_H */
