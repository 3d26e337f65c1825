/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of who makes, opens and removes a
 * segment by its name. Then behind the name is a whole segment that can be
 * joined and left, three times; or there is none, and one can be made.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/shm/segment.h>

#include "../unit/step.h"

struct world {
	char		name[80];
	struct qt_seg	*seg;		/* the victim's, while it has one */
	int		 fd, has_name;
};

static const struct qt_seg_spec	spec = { .size = 256u << 10, .mode = 0600,
    .group = (gid_t)-1, .participants = 4, .entries = 8, .kind = "crash" };

/* What is watched when there is no segment yet: an empty one of our own. */
static struct world *
world_with(int *fd, int has_name)
{
	const char	*group = getenv("QT_CHECK_GROUP");
	struct world	*w = calloc(1, sizeof(*w));
	static int	 count;

	step_must(w != NULL, "calloc");
	snprintf(w->name, sizeof(w->name), "/qt-test-%s-crash-%ld-%d",
	    group != NULL ? group : "", (long)getpid(), count++);
	step_must(qt_seg_create(has_name ? w->name : NULL, &spec, &w->seg,
	    NULL) == 0, "create");
	w->fd = qt_seg_dup_rdonly(w->seg);
	qt_seg_close(w->seg);
	w->seg = NULL;
	w->has_name = has_name;
	*fd = w->fd;
	return w;
}

static void *world_none(int *fd) { return world_with(fd, 0); }
static void *world_named(int *fd) { return world_with(fd, 1); }

static void
world_end(void *state)
{
	struct world	*w = state;

	(void)qt_seg_unlink(w->name);
	close(w->fd);
	free(w);
}

static const char *
check_whole(const char *name)
{
	struct qt_seg_entry	 e = { .name = "e", .size = 8 };
	struct qt_seg		*seg;
	const char		*wrong = NULL;
	uint64_t		 at = 0;

	if (qt_seg_open(name, "crash", QT_SEG_JOIN, &seg, NULL) < 0)
		return "what is there cannot be joined";
	if (qt_seg_fsck(seg, NULL) < 0)
		wrong = "fsck";
	else if (qt_seg_alloc(seg, 4096, &at) < 0)
		wrong = "alloc";
	e.offset = at;
	if (wrong == NULL && (qt_seg_entry_add(seg, &e) < 0 ||
	    qt_seg_entry_del(seg, "e") < 0 || qt_seg_free(seg, at) < 0))
		wrong = "entries";
	qt_seg_close(seg);
	return wrong;
}

static const char *
check(void *state)
{
	struct world	*w = state;
	const char	*wrong = NULL;
	struct qt_seg	*seg;
	int		 rc = qt_seg_open(w->name, "crash", QT_SEG_RDONLY,
	    &seg, NULL);

	if (rc < 0 && rc != -ENOENT)
		return "what is there cannot be opened";
	qt_seg_close(seg);
	for (int lap = 0; lap < 3 && wrong == NULL; lap++) {
		if (rc == -ENOENT) {
			rc = qt_seg_create(w->name, &spec, &seg, NULL);
			if (rc < 0)
				return "none can be made";
			qt_seg_close(seg);
		}
		wrong = check_whole(w->name);
		if (qt_seg_unlink(w->name) < 0)
			wrong = "unlink";
		rc = -ENOENT;
	}
	return wrong;
}

/* It was there all the time. */
static const char *
check_there(void *state)
{
	struct world	*w = state;
	const char	*wrong = check_whole(w->name);

	return wrong != NULL ? wrong : check(w);
}

static void
op_create(void *state)
{
	struct world	*w = state;

	if (qt_seg_create(w->name, &spec, &w->seg, NULL) < 0)
		_exit(1);
	qt_seg_close(w->seg);
}

static void
op_open(void *state)
{
	struct world	*w = state;

	if (qt_seg_open(w->name, "crash", QT_SEG_JOIN, &w->seg, NULL) < 0)
		_exit(1);
	qt_seg_close(w->seg);
}

static void
op_open_fd(void *state)
{
	struct world	*w = state;
	int		 fd;

	if (qt_seg_open(w->name, "crash", QT_SEG_JOIN, &w->seg, NULL) < 0 ||
	    (fd = qt_seg_dup_rdwr(w->seg)) < 0)
		_exit(1);
	qt_seg_close(w->seg);
	if (qt_seg_open_fd(fd, "crash", QT_SEG_JOIN, &w->seg, NULL) < 0)
		_exit(2);
	qt_seg_close(w->seg);
}

static void
op_unlink(void *state)
{
	struct world	*w = state;

	if (qt_seg_unlink(w->name) < 0)
		_exit(1);
}

int
main(void)
{
	static const struct step_case	cases[] = {
		{ "make a segment by its name", world_none, NULL, op_create,
		    check, world_end },
		{ "join a segment by its name, and leave", world_named, NULL,
		    op_open, check_there, world_end },
		{ "join by a descriptor, and leave", world_named, NULL,
		    op_open_fd, check_there, world_end },
		{ "remove a segment's name", world_named, NULL, op_unlink,
		    check, world_end },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
