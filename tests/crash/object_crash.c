/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of an object's life. Then the
 * object is there whole or not at all, the name can be used again, and when all
 * is erased every page is back.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/shm/array.h>

#include "../../libcommon/shm/object_priv.h"
#include "ground.h"

#define SIZE	(512u << 10)

struct world {
	struct ground	g;
	struct qt_array	*array;		/* open in the survivor, or NULL */
	struct qt_array	*theirs;	/* in the victim */
	uint64_t	 used;
};

static const struct qt_array_spec	spec = { .dtype = "<u2",
    .shape = { 5000 } };

static struct world *
world_new(int *fd)
{
	struct world		*w = ground_new(sizeof(*w), SIZE, fd);
	uint64_t		 at;

	step_must(qt_seg_alloc(w->g.seg, 400 << 10, &at) == 0 &&
	    qt_seg_free(w->g.seg, at) == 0, "alloc");
	w->used = qt_seg_used(w->g.seg);
	return w;
}

static void *
world_none(int *fd)
{
	return world_new(fd);
}

/* One object, made and closed. */
static void *
world_one(int *fd)
{
	struct world	*w = world_new(fd);
	uint16_t	 mark = 0x5151;

	step_must(qt_array_create(w->g.seg, "a", &spec, NULL) == 0 &&
	    qt_array_open(w->g.seg, "a", NULL, &w->array, NULL) == 0 &&
	    qt_array_fill(w->array, 0, 5000, &mark) == 0, "array");
	qt_array_close(w->array);
	w->array = NULL;
	return w;
}

/* The same, open in the survivor. */
static void *
world_open(int *fd)
{
	struct world	*w = world_one(fd);

	step_must(qt_array_open(w->g.seg, "a", NULL, &w->array, NULL) == 0, "open");
	return w;
}

static void
world_end(void *state)
{
	struct world	*w = state;

	ground_end(w);
}

static void
fault(void *arg, const char *name, const char *what)
{
	snprintf(arg, 200, "fsck: %s: %s", name, what);
}

static const char *
check_value(struct qt_array *a, uint16_t want)
{
	uint16_t	v[5000];

	if (qt_array_get(a, 0, 5000, v) < 0)
		return "an array that cannot be read";
	for (int i = 0; i < 5000; i++)
		if (v[i] != want)
			return "a wrong element";
	return NULL;
}

static const char *
check_gone(struct world *w)
{
	static char	text[200];
	int		rc;

	if (qt_seg_sweep(w->g.seg) < 0 || qt_seg_fsck(w->g.seg, NULL) < 0)
		return "fsck of the segment";
	if (qt_obj_fsck(w->g.seg, 0, fault, text) != 0)
		return text;
	for (const char *n = "ab"; *n != '\0'; n++) {
		char	name[2] = { *n, '\0' };

		rc = qt_obj_erase(w->g.seg, name, NULL);
		if (rc < 0 && rc != -ENOENT)
			return "an object that cannot be erased";
	}
	if (qt_obj_gc(w->g.seg) < 0)
		return "gc failed";
	if (qt_seg_used(w->g.seg) != w->used)
		return "memory was lost";
	for (int i = 0; i < 12; i++)
		if (qt_array_create(w->g.seg, "a", &spec, NULL) < 0 ||
		    qt_obj_erase(w->g.seg, "a", NULL) < 0)
			return "no object can be made any more";
	return qt_seg_used(w->g.seg) != w->used ? "memory was lost later" : NULL;
}

/* "b" is there with zeros, or not at all; "a" as it was. */
static const char *
check(void *state)
{
	struct world	*w = state;
	struct qt_array	*a;
	const char	*wrong = NULL;
	int		 rc;

	if (w->array != NULL) {
		/* It was erased, and we had it open all the time. */
		wrong = check_value(w->array, 0x5151);
		qt_array_close(w->array);
		w->array = NULL;
	}
	for (const char *n = "ab"; *n != '\0' && wrong == NULL; n++) {
		char	name[2] = { *n, '\0' };

		rc = qt_array_open(w->g.seg, name, "u2", &a, NULL);
		if (rc == -ENOENT)
			continue;
		if (rc < 0)
			return "an object that cannot be opened";
		wrong = check_value(a, *n == 'a' ? 0x5151 : 0);
		qt_array_close(a);
	}
	return wrong == NULL ? check_gone(w) : wrong;
}

static void
op_create(void *state)
{
	struct world	*w = state;

	if (qt_array_create(w->g.seg, "b", &spec, NULL) < 0)
		_exit(1);
}

static void
op_open_and_close(void *state)
{
	struct world	*w = state;

	if (qt_array_open(w->g.seg, "a", NULL, &w->theirs, NULL) < 0)
		_exit(1);
	qt_array_close(w->theirs);
}

static void
op_erase(void *state)
{
	struct world	*w = state;

	if (qt_obj_erase(w->g.seg, "a", NULL) < 0)
		_exit(1);
}

/* Erased while it is open here too: closing it frees it. */
static void
op_erase_and_close(void *state)
{
	struct world	*w = state;

	if (qt_array_open(w->g.seg, "a", NULL, &w->theirs, NULL) < 0 ||
	    qt_obj_erase(w->g.seg, "a", NULL) < 0)
		_exit(1);
	qt_array_close(w->theirs);
	if (qt_seg_used(w->g.seg) != w->used)
		_exit(1);
}

/* Somebody died while making an object, and somebody with it open. */
static void *
world_dead(int *fd)
{
	struct world	*w = world_one(fd);
	pid_t		 pid = fork();
	uint64_t	 at;
	int		 status;

	step_must(pid >= 0, "fork");
	if (pid == 0) {
		join(w);
		if (qt_array_open(w->g.seg, "a", NULL, &w->theirs, NULL) < 0 ||
		    qt__seg_alloc(w->g.seg, 8192, (uint64_t)((unsigned char *)
		    &w->g.seg->slots[w->g.seg->self].intent - w->g.seg->map), 0,
		    &at) < 0)
			_exit(1);
		raise(SIGSTOP);
		_exit(1);
	}
	step_must(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status),
	    "the first victim");
	step_must(qt_obj_erase(w->g.seg, "a", NULL) == 0, "erase");
	kill(pid, SIGKILL);
	step_must(waitpid(pid, &status, 0) == pid, "waitpid");
	return w;
}

/* Who joins sweeps. */
static void
op_join(void *state)
{
	struct world	*w = state;

	join(w);
	if (qt_seg_used(w->g.seg) != w->used)
		_exit(1);
}

int
main(void)
{
	static const struct step_case	cases[] = {
		{ "create an object", world_one, join, op_create, check,
		    world_end },
		{ "create the first object", world_none, join, op_create,
		    check, world_end },
		{ "open and close an object", world_one, join,
		    op_open_and_close, check, world_end },
		{ "erase an object", world_one, join, op_erase, check,
		    world_end },
		{ "erase an object that is open elsewhere", world_open, join,
		    op_erase, check, world_end },
		{ "erase an object and close it", world_one, join,
		    op_erase_and_close, check, world_end },
		{ "join and free what a dead one left", world_dead, NULL, op_join, check,
		    world_end },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
