/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many processes make, open and remove segments of one name, and are killed and
 * stopped at random. Whoever finds the name finds a whole segment behind it:
 * opening never fails but because the name is gone. In the end nothing is left.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/shm/segment.h>

#include "../unit/storm.h"

#define WORKERS		4

struct world {
	char			name[64];
	_Atomic unsigned long	made, taken, joined;
};

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
turn(void *arg, unsigned int worker, unsigned int r, uint64_t n)
{
	struct qt_seg_spec	spec = { .size = 1 << 20, .mode = 0600,
	    .group = (gid_t)-1, .kind = "names" };
	struct world		*w = arg;
	struct qt_seg		*seg;
	int			rc;

	(void)worker;
	(void)n;
	rc = qt_seg_create(w->name, &spec, &seg, NULL);
	if (rc == 0) {
		atomic_fetch_add(&w->made, 1);
	} else {
		storm_expect(rc == -EEXIST, 3);
		atomic_fetch_add(&w->taken, 1);
		rc = qt_seg_open(w->name, "names", QT_SEG_JOIN, &seg, NULL);
		storm_expect(rc == 0 || rc == -ENOENT, 2);
		if (rc == 0)
			atomic_fetch_add(&w->joined, 1);
	}
	storm_expect(seg == NULL || is_whole(seg), 4);
	if (r / 16 % 4 == 0) {
		rc = qt_seg_unlink(w->name);
		storm_expect(rc == 0 || rc == -ENOENT, 5);
	}
	qt_seg_close(seg);
}

int
main(void)
{
	struct world	*w;
	const char	*group = getenv("QT_CHECK_GROUP");
	struct storm	 s = { .name = "names storm", .workers = WORKERS,
	    .is_waiting = 1, .turn = turn };
	int		 rc;

	storm_plan(1);
	s.arg = w = storm_memory(sizeof(*w));
	snprintf(w->name, sizeof(w->name), "/qt-test-%s-names-%ld",
	    group != NULL ? group : "", (long)getpid());
	storm_run(&s, 500);
	printf("# made %lu, found taken %lu, joined %lu\n", w->made, w->taken,
	    w->joined);
	rc = qt_seg_unlink(w->name);
	storm_must(rc == 0 || rc == -ENOENT, "unlink");
	storm_must(w->made > 0 && w->joined > 0, "nothing was tried");
	storm_passed(&s, "a name is a whole segment or is not there");
	return EXIT_SUCCESS;
}
