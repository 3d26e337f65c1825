/* SPDX-License-Identifier: Apache-2.0 */
/* qt-bench shm - what structures in shared memory promise, measured */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "shm_rows.h"
#include "verbs.h"

static int shm_main(int argc, char **argv);

static const struct qt_opt shm_opts[] = {
	{ 'J', "json", NULL, "print one JSON array" },
	{ 'n', "items", "N", "items, entries of a round (default 1000000)" },
	{ 'r', "rounds", "N", "repeat, take medians (default 5)" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb shm_verb = {
	"shm", shm_main, "[ROW ...]",
	"rows: kill spsc pair mpmc round map get cycles", shm_opts
};

static int
shm_main(int argc, char **argv)
{
	static const struct bench_row rows[] = {
		{ "kill", row_shm_kill },
		{ "spsc", row_shm_spsc },
		{ "pair", row_shm_pair },
		{ "mpmc", row_shm_mpmc },
		{ "round", row_shm_round },
		{ "map", row_shm_map },
		{ "get", row_shm_get },
		{ "cycles", row_shm_cycles },
		{ NULL, NULL },
	};
	static const struct bench_opt	opt = { .items = 1000000,
	    .rounds = 5 };

	return bench_main(&shm_verb, rows, &opt, 0, argc, argv);
}

void
shm_must(int rc, const char *what)
{
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", what, qt_strerror(rc));
}

struct qt_seg *
shm_segment(uint64_t size)
{
	struct qt_seg_spec	 spec = { .size = size, .mode = 0600,
	    .group = (gid_t)-1, .kind = "bench" };
	struct qt_seg		*seg;

	shm_must(qt_seg_create(NULL, &spec, &seg, NULL), "make a segment");
	return seg;
}

void *
shm_shared(size_t size)
{
	void	*p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		qt_die(QT_EXIT_SYS, "shared memory: %s", strerror(errno));
	return p;
}

uint64_t
cpu_ns(void)
{
	struct timespec	ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) < 0)
		qt_die(QT_EXIT_SYS, "processor time: %s", strerror(errno));
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}
