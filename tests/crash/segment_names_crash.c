/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many processes make, open and remove segments of one name, and are killed at
 * random. Whoever finds the name finds a whole segment behind it: opening never
 * fails but because the name is gone. In the end nothing is left.
 *
 * SEED=n repeats the order of kills (not the scheduler's); KILLS=n how many.
 */

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/shm/segment.h>

#define WORKERS		4
#define DEADLINE_MS	120000

struct counts {
	_Atomic unsigned long	made, taken, joined, done;
};

static char		 name[64];
static struct counts	*counts;
static pid_t		 pids[WORKERS];

static void
fail(const char *what, int code)
{
	printf("not ok 1 - names: %s: %d\n", what, code);
	fflush(stdout);
	for (int i = 0; i < WORKERS; i++)
		if (pids[i] > 0)
			kill(pids[i], SIGKILL);
	(void)qt_seg_unlink(name);
	exit(1);
}

/* One that is whole has a sound allocator and an entry can be added. */
static int
is_whole(struct qt_seg *seg)
{
	struct qt_seg_entry	e = { .size = 8 };
	int			rc;

	if (qt_seg_fsck(seg, NULL) < 0 ||
	    qt_seg_alloc(seg, 4096, &e.offset) < 0)
		return 0;
	snprintf(e.name, sizeof(e.name), "%u", qt_seg_self(seg));
	rc = qt_seg_entry_add(seg, &e);
	return (rc == 0 || rc == -EEXIST) && qt_seg_free(seg, e.offset) == 0;
}

static void
work(unsigned int seed)
{
	struct qt_seg_spec	spec = { .size = 1 << 20, .mode = 0600,
	    .group = (gid_t)-1, .kind = "names" };
	struct qt_seg		*seg;
	int			rc;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Who kills goes first. */
	if (setpriority(PRIO_PROCESS, 0, 10) < 0)
		_exit(1);
	for (;;) {
		rc = qt_seg_create(name, &spec, &seg, NULL);
		if (rc == 0) {
			atomic_fetch_add(&counts->made, 1);
		} else if (rc == -EEXIST) {
			atomic_fetch_add(&counts->taken, 1);
			rc = qt_seg_open(name, "names", QT_SEG_JOIN, &seg,
			    NULL);
			if (rc == 0)
				atomic_fetch_add(&counts->joined, 1);
			else if (rc != -ENOENT)
				_exit(2);
		} else {
			_exit(3);
		}
		if (seg != NULL && !is_whole(seg))
			_exit(4);
		if (rand_r(&seed) % 4 == 0 &&
		    (rc = qt_seg_unlink(name)) < 0 && rc != -ENOENT)
			_exit(5);
		qt_seg_close(seg);
		atomic_fetch_add(&counts->done, 1);
	}
}

static void
start(int i, unsigned int seed)
{
	pids[i] = fork();
	if (pids[i] < 0)
		fail("fork", errno);
	if (pids[i] == 0)
		work(seed);
}

static void
end(int i)
{
	int	status;

	kill(pids[i], SIGKILL);
	if (waitpid(pids[i], &status, 0) != pids[i])
		fail("waitpid", errno);
	pids[i] = 0;
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		fail("a worker found something wrong", WEXITSTATUS(status));
}

static unsigned int
number(const char *key, unsigned int otherwise)
{
	const char	*text = getenv(key);

	return text == NULL ? otherwise : (unsigned int)strtoul(text, NULL, 0);
}

int
main(void)
{
	unsigned int	seed = number("SEED", (unsigned int)getpid());
	unsigned int	kills = number("KILLS", 500);
	uint64_t	deadline = qt_clock_mono_ms() + DEADLINE_MS;
	int		rc;

	printf("1..1\n# SEED=%u KILLS=%u\n", seed, kills);
	fflush(stdout);
	snprintf(name, sizeof(name), "/qt-test-%s-names-%ld",
	    getenv("QT_CHECK_GROUP") != NULL ? getenv("QT_CHECK_GROUP") : "",
	    (long)getpid());
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		fail("mmap", errno);
	for (int i = 0; i < WORKERS; i++)
		start(i, seed + (unsigned int)i);
	for (unsigned int n = 0; n < kills; n++) {
		int		i = rand_r(&seed) % WORKERS;
		unsigned long	goal = atomic_load(&counts->done) +
		    (unsigned long)rand_r(&seed) % 20;

		while (atomic_load(&counts->done) < goal) {
			if (qt_clock_mono_ms() > deadline)
				fail("no progress", (int)n);
			sched_yield();
		}
		end(i);
		start(i, (unsigned int)rand_r(&seed));
	}
	for (int i = 0; i < WORKERS; i++)
		end(i);
	printf("# made %lu, found taken %lu, joined %lu\n", counts->made,
	    counts->taken, counts->joined);
	rc = qt_seg_unlink(name);
	if (rc < 0 && rc != -ENOENT)
		fail("unlink", rc);
	if (counts->made == 0 || counts->joined == 0)
		fail("nothing was tried", 0);
	printf("ok 1 - a name is a whole segment or is not there\n");
	return 0;
}
