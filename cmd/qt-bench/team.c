/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that start together. See team.h. */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>

#include "shm_rows.h"

void
team_go(struct team *t)
{
	uint32_t	tries = 0;

	if (atomic_fetch_add(&t->ready, 1) + 1 == t->count)
		atomic_store(&t->started_ns, qt_clock_mono_ns());
	while (atomic_load(&t->started_ns) == 0)
		team_idle(&tries);
}

static _Noreturn void
member_run(const struct team_work *work, struct team *t, uint32_t which,
    pid_t parent)
{
	uint64_t	now, last;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	work->member(t, which, work->arg);
	now = qt_clock_mono_ns();
	last = atomic_load(&t->ended_ns);
	while (last < now &&
	    !atomic_compare_exchange_weak(&t->ended_ns, &last, now))
		;
	_exit(0);
}

static void
end_all(const pid_t *pids, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (pids[i] > 0)
			kill(pids[i], SIGKILL);
}

/* Takes one off the list; 0 when it failed. */
static int
wait_one(pid_t *pids, uint32_t count)
{
	int	status = 0;
	pid_t	pid;

	do
		pid = waitpid(-1, &status, 0);
	while (pid < 0 && errno == EINTR);
	for (uint32_t i = 0; i < count; i++)
		if (pids[i] == pid)
			pids[i] = 0;
	return pid > 0 && status == 0;
}

double
team_run(const struct team_work *work, struct team *t)
{
	struct team	*shared = shm_shared(sizeof(*shared));
	pid_t		 pids[TEAM_MAX], parent = getpid();
	uint32_t	 count = work->count;

	shared->count = count;
	for (uint32_t i = 0; i < count; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			member_run(work, shared, i, parent);
		if (pids[i] < 0) {
			end_all(pids, i);
			qt_die(QT_EXIT_SYS, "fork: %s", strerror(errno));
		}
	}
	for (uint32_t i = 0; i < count; i++)
		if (!wait_one(pids, count)) {
			end_all(pids, count);
			qt_die(QT_EXIT_SYS, "a process of the row failed");
		}
	memcpy(t, shared, sizeof(*t));
	munmap(shared, sizeof(*shared));
	return (double)(t->ended_ns - t->started_ns);
}
