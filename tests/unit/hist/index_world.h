/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_HIST_INDEX_WORLD_H
#define QT_TEST_HIST_INDEX_WORLD_H
/*
 * A history, its index, and a list of all that was added, which is looked
 * through from its beginning to its end.
 */

#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/hist/index.h>
#include <qt/hist/match.h>
#include <qt/store/store.h>

#include "../place.h"

#define WORLD_START	UINT64_C(1700000000000000)
#define WORLD_EVENTS	1024u

struct world_event {
	char		text[48], session[8], cwd[8];
	uint32_t	number;
	int		status;
};
struct world {
	char				 dir[64], path[80];
	struct qt_hist_db		*db;
	struct qt_hist_index		*ix;
	struct qt_hist_index_options	 options;
	struct world_event		 e[WORLD_EVENTS];
	uint32_t			 count;
	uint64_t			 seed;
};

static inline void
world_begin(struct world *w, uint32_t ring, uint32_t commands)
{
	const char	*seed = getenv("SEED");

	memset(w, 0, sizeof(*w));
	place_new(w->dir, sizeof(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/hist", w->dir);
	w->options = (struct qt_hist_index_options){ ring, commands };
	w->seed = seed == NULL ? 88172645463325252 : strtoull(seed, NULL, 10);
	assert_int_equal(qt_hist_db_open(&w->db, w->path, false, NULL), 0);
}

static inline void
world_end(struct world *w)
{
	qt_hist_index_close(w->ix);
	(void)qt_hist_index_remove(w->path);
	assert_int_equal(qt_hist_db_close(w->db, NULL), 0);
	assert_int_equal(qt_store_remove(w->path, NULL), 0);
	place_remove(w->dir);
}

static inline uint32_t
world_draw(struct world *w, uint32_t below)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 7;
	w->seed ^= w->seed << 17;
	return (uint32_t)((w->seed >> 20) % below);
}

static inline struct qt_hist_bytes
world_bytes(const char *s)
{
	return (struct qt_hist_bytes){ s, strlen(s) };
}

/* number is when, too, so it counts up; status < 0: it runs. */
static inline void
world_event(struct qt_hist_event *out, const struct world_event *e)
{
	*out = (struct qt_hist_event){
		.id = e->number, .start_us = WORLD_START + e->number *
		    UINT64_C(3600000000), .took_us = e->status < 0 ?
		    UINT64_MAX : e->number * UINT64_C(1000),
		.status = e->status, .flags = e->status < 0 ?
		    QT_HIST_RUNNING : 0, .text = world_bytes(e->text),
		.cwd = world_bytes(e->cwd), .root = world_bytes(""),
		.host = world_bytes("host"), .user = world_bytes("user"),
		.tty = world_bytes("/dev/pts/1"), .shell = world_bytes("zsh"),
		.session = world_bytes(e->session),
		.qt_session = world_bytes(""),
	};
}

static inline struct world_event *
world_note(struct world *w, uint32_t number, const char *text,
    const char *session, const char *cwd, int status)
{
	struct world_event	*e = NULL;

	for (uint32_t i = 0; i < w->count; i++)
		if (w->e[i].number == number)
			e = &w->e[i];
	if (e == NULL) {
		assert_true(w->count < WORLD_EVENTS);
		e = &w->e[w->count++];
	}
	snprintf(e->text, sizeof(e->text), "%s", text);
	snprintf(e->session, sizeof(e->session), "%s", session);
	snprintf(e->cwd, sizeof(e->cwd), "%s", cwd);
	e->number = number;
	e->status = status;
	return e;
}

static inline void
world_add(struct world *w, uint32_t number, const char *text,
    const char *session, const char *cwd, int status)
{
	struct qt_hist_event	 e;

	world_event(&e, world_note(w, number, text, session, cwd, status));
	assert_int_equal(qt_hist_db_add(w->db, &e, 1, NULL, 0, NULL), 0);
}

static inline void
world_add_running(struct world *w, uint32_t number, const char *text,
    const char *session, const char *cwd)
{
	world_add(w, number, text, session, cwd, -1);
}

/* All in one batch. */
static inline void
world_add_random(struct world *w, uint32_t count)
{
	static const char *const	verb[] = { "git", "g", "gitk", "make",
	    "find . -name", "", "\xff\xfe", "a b c" };
	struct qt_hist_event		e[64];
	char				text[48], session[8], cwd[8];

	assert_true(count <= 64);
	for (uint32_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "%s%s%u%s", verb[world_draw(w,
		    8)], world_draw(w, 2) ? " " : "", world_draw(w, 30),
		    world_draw(w, 3) ? "" : " word");
		snprintf(session, sizeof(session), "s%u", world_draw(w, 5));
		snprintf(cwd, sizeof(cwd), "/%u", world_draw(w, 7));
		world_event(&e[i], world_note(w, w->count + 1, text, session,
		    cwd, (int)world_draw(w, 3)));
	}
	assert_int_equal(qt_hist_db_add(w->db, e, count, NULL, 0, NULL), 0);
}

static inline void
world_update(struct world *w)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc = qt_hist_index_update(&w->ix, w->db, w->path,
	    &w->options, &err);

	if (rc < 0)
		fail_msg("%s: %s", err.text, qt_strerror(rc));
}

static inline bool
world_was_built(const struct world *w)
{
	struct qt_hist_index_stat	st;

	qt_hist_index_stat(w->ix, &st);
	return st.was_built;
}

static inline bool
world_is(struct qt_hist_bytes b, const char *s)
{
	return b.len == strlen(s) && memcmp(b.data, s, b.len) == 0;
}

#endif /* QT_TEST_HIST_INDEX_WORLD_H */
