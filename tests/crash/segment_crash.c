/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of what changes a segment. Then a
 * survivor finishes what was begun, finds the tables sound, frees what the dead
 * process had finished, and has every page back: nothing was lost either way.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/shm/segment.h>

#include "ground.h"

#define SIZE	(512u << 10)
#define WORDS	8

struct world {
	struct ground	g;
	uint64_t	*words;		/* in the segment: what is allocated */
	uint64_t	 used;		/* bytes before they were */
	uint64_t	 loose;		/* an extent that no word names, or 0 */
};

/* A page of words, and holes of several sizes to allocate from. */
static void *
world_new(int *fd)
{
	struct world		*w = ground_new(sizeof(*w), SIZE, fd);
	uint64_t		 root;

	step_must(qt_seg_alloc(w->g.seg, 4096, &root) == 0, "alloc");
	w->words = qt_seg_at(w->g.seg, root, 4096);
	w->used = qt_seg_used(w->g.seg);
	for (int i = 0; i < 6; i++)
		step_must(qt_seg_alloc(w->g.seg, 4096u << i % 3, &w->words[i]) == 0,
		    "alloc");
	step_must(qt_seg_free_at(w->g.seg, &w->words[1]) == 0, "free");
	step_must(qt_seg_free_at(w->g.seg, &w->words[3]) == 0, "free");
	return w;
}

static void
world_end(void *state)
{
	struct world	*w = state;

	ground_end(w);
}

/* Everything that is left can be freed, and then all of it is one extent. */
static const char *
check_all_comes_back(struct world *w)
{
	static char	text[600];
	struct qt_err	err = QT_ERR_INIT;
	uint64_t	all;

	if (qt_seg_sweep(w->g.seg) < 0)
		return "sweep failed";
	if (qt_seg_fsck(w->g.seg, &err) < 0) {
		snprintf(text, sizeof(text), "fsck: %s", err.text);
		return text;
	}
	if (w->loose != 0 && qt_seg_extent(w->g.seg, w->loose) != 0 &&
	    qt_seg_free(w->g.seg, w->loose) < 0)
		return "an extent cannot be freed";
	for (int i = 0; i < WORDS; i++)
		if (w->words[i] != 0 &&
		    qt_seg_free_at(w->g.seg, &w->words[i]) < 0)
			return "a word names no extent";
	if (qt_seg_fsck(w->g.seg, &err) < 0)
		return "fsck after freeing all";
	/* Before anything is made again, which would hide what was lost. */
	if (qt_seg_used(w->g.seg) != w->used)
		return "memory was lost";
	if (qt_seg_alloc(w->g.seg, 400u << 10, &all) < 0)
		return "address space was lost";
	for (uint32_t i = 0; i < 400u << 10; i++)
		if (((char *)qt_seg_at(w->g.seg, all, 1))[i] != 0)
			return "an extent that is not zero";
	return qt_seg_free(w->g.seg, all) < 0 ? "free" : NULL;
}

static const char *
check(void *state)
{
	return check_all_comes_back(state);
}

static void
op_join_and_leave(void *state)
{
	struct world	*w = state;

	join(w);
	qt_seg_close(w->g.seg);
}

static void
op_alloc(void *state)
{
	struct world	*w = state;

	if (qt_seg_alloc(w->g.seg, 8192, &w->words[6]) < 0)
		_exit(1);
}

/* Memory twice for one of its pages. */
static void
op_reserve(void *state)
{
	struct world	*w = state;

	if (qt_seg_reserve(w->g.seg, 16384, &w->words[6]) < 0 ||
	    qt_seg_back(w->g.seg, w->words[6] + 4096, 4096) < 0 ||
	    qt_seg_back(w->g.seg, w->words[6] + 8000, 8) < 0)
		_exit(1);
}

/* Between two free extents, so that it merges with both. */
static void
op_free(void *state)
{
	struct world	*w = state;

	if (qt_seg_free_at(w->g.seg, &w->words[2]) < 0)
		_exit(1);
}

static void *
loose_world(int *fd)
{
	struct world	*w = world_new(fd);

	step_must(qt_seg_alloc(w->g.seg, 8192, &w->loose) == 0, "alloc");
	return w;
}

static void
op_free_it(void *state)
{
	struct world	*w = state;

	if (qt_seg_free(w->g.seg, w->loose) < 0)
		_exit(1);
}

/* Who only looks takes the lock too. */
static void
op_look(void *state)
{
	struct world	*w = state;

	if (qt_seg_extent(w->g.seg, w->words[0]) != 4096 ||
	    qt_seg_fsck(w->g.seg, NULL) < 0)
		_exit(1);
}

static void *
entry_world(int *fd)
{
	struct world		*w = world_new(fd);
	struct qt_seg_entry	 e = { .name = "old", .type = QT_TYPE_RAW,
	    .offset = w->words[0], .size = 4096 };

	step_must(qt_seg_entry_add(w->g.seg, &e) == 0, "entry");
	return w;
}

/* The old name is there or gone, the new one is whole or not there. */
static const char *
check_entries(void *state)
{
	struct world		*w = state;
	struct qt_seg_entry	 e, again = { .name = "third",
	    .offset = w->words[0], .size = 8 };
	uint32_t		 cursor = 0;

	if (qt_seg_entry_get(w->g.seg, "new", &e) == 0 &&
	    (e.type != QT_TYPE_TABLE || e.size != 4096 ||
	    strcmp(e.dtype, "<f8") != 0 || e.shape[0] != 512))
		return "a torn entry";
	if (qt_seg_entry_get(w->g.seg, "old", &e) == 0 &&
	    (e.offset != w->words[0] || e.size != 4096))
		return "a torn old entry";
	while (qt_seg_entry_next(w->g.seg, &cursor, &e))
		if (strcmp(e.name, "old") != 0 && strcmp(e.name, "new") != 0)
			return "an entry without its name";
	if (qt_seg_entry_add(w->g.seg, &again) < 0 ||
	    qt_seg_entry_get(w->g.seg, "third", &e) < 0 ||
	    qt_seg_entry_del(w->g.seg, "third") < 0)
		return "no entry can be added";
	return check_all_comes_back(w);
}

static void
op_entries(void *state)
{
	struct world		*w = state;
	struct qt_seg_entry	 e = { .name = "new", .type = QT_TYPE_TABLE,
	    .dtype = "<f8", .shape = { 512 }, .offset = w->words[0],
	    .size = 4096 };

	if (qt_seg_entry_add(w->g.seg, &e) < 0 ||
	    qt_seg_entry_del(w->g.seg, "old") < 0)
		_exit(1);
}

int
main(void)
{
	static const struct step_case	cases[] = {
		{ "join and leave", world_new, NULL, op_join_and_leave, check,
		    world_end },
		{ "alloc", world_new, join, op_alloc, check, world_end },
		{ "reserve, and give it memory", world_new, join, op_reserve,
		    check, world_end },
		{ "free between free neighbours", world_new, join, op_free, check,
		    world_end },
		{ "free by its offset", loose_world, join, op_free_it, check,
		    world_end },
		{ "look at all of it", loose_world, join, op_look, check,
		    world_end },
		{ "add and delete an entry", entry_world, join, op_entries,
		    check_entries, world_end },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
