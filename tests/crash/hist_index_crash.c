/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL wherever a history's index is brought up to date, or made anew: who
 * reads goes on, and the next writer leaves one that says what the history has.
 */

#include "../../libcommon/hist/index_priv.h"
#include "../unit/hist/index_compare.h"
#include "../unit/step.h"

static struct world *
begin(uint32_t commands)
{
	struct world	*w = calloc(1, sizeof(*w));

	step_must(w != NULL, "calloc");
	world_begin(w, 64, commands);
	world_add_random(w, 40);
	world_add_random(w, 20);
	world_update(w);
	return w;
}

/* Two commands are new, one is not; the ring is full with them. */
static void *
world_behind(int *fd)
{
	struct world	*w = begin(1024);
	char		 same[48];

	(void)fd;
	snprintf(same, sizeof(same), "%s", w->e[10].text);
	world_add(w, 61, "a new command", "s9", "/new", 0);
	world_add(w, 62, "a newer command", "s9", "/a", 1);
	world_add(w, 63, same, "s1", "/1", 0);
	world_add(w, 64, "a", "s1", "/1", 0);
	world_add(w, 65, "a new word", "s1", "/1", 0);
	step_watch(w->ix->head, qt_seg_size(w->ix->seg) -
	    qt_seg_offset(w->ix->seg, w->ix->head));
	return w;
}

/* One that is too small for what is to come. */
static void *
world_full(int *fd)
{
	struct world	*w = begin(64);
	char		 text[32];

	(void)fd;
	for (uint32_t n = 61; n < 200; n++) {
		snprintf(text, sizeof(text), "command %u", n);
		world_note(w, n, text, "s1", "/a", 0);
	}
	for (uint32_t n = 61; n < 200; n += 20) {
		struct qt_hist_event	e[20];
		uint32_t		count = 0;

		for (; count < 20 && n + count < 200; count++)
			world_event(&e[count], &w->e[n + count - 1]);
		step_must(qt_hist_db_add(w->db, e, count, NULL, 0, NULL) == 0,
		    "add");
	}
	step_watch(w->ix->head, sizeof(*w->ix->head));
	return w;
}

static void
op_update(void *state)
{
	struct world	*w = state;

	if (qt_hist_index_update(&w->ix, w->db, w->path, &w->options, NULL) <
	    0)
		_exit(1);
}

/* What is there may lack something, but can be read. */
static const char *
read_all(const struct world *w)
{
	struct qt_hist_completion	 out[20];
	struct qt_hist_index_event	 e;
	struct qt_hist_index		*ix;
	uint32_t			 count, n;
	int				 rc;

	rc = qt_hist_index_open(&ix, w->path, NULL);
	if (rc < 0)
		return "nobody can open it";
	n = qt_hist_index_last(ix);
	count = qt_hist_index_complete(ix, QT_HIST_COMMANDS, "", 0, out, 20);
	for (uint32_t i = 1; i < count; i++)
		if (out[i].score > out[i - 1].score)
			count = 0;
	rc = n >= 60 && qt_hist_index_event(ix, n, &e) && count == 20;
	qt_hist_index_close(ix);
	return rc ? NULL : "what was there is not";
}

static const char *
check(void *state)
{
	struct world	*w = state;
	const char	*wrong = read_all(w);
	char		 name[QT__IX_NAME];
	struct qt_seg	*seg;

	if (wrong != NULL)
		return wrong;
	world_update(w);
	world_compare(w);
	step_must(qt__ix_name(name, w->path, ".new") == 0, "name");
	if (qt_seg_open(name, NULL, QT_SEG_RDONLY, &seg, NULL) != -ENOENT &&
	    world_was_built(w))
		return "another one was left";
	return NULL;
}

static void
clean(void *state)
{
	world_end(state);
	free(state);
}

int
main(void)
{
	const struct step_case	cases[] = {
		{ "bring an index up to date", world_behind, NULL, op_update,
		    check, clean },
		{ "make an index anew", world_full, NULL, op_update, check,
		    clean },
	};

	step_limit(120);
	return step_run_long(cases, sizeof(cases) / sizeof(cases[0]));
}
