/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_CRASH_HIST_GROUND_H
#define QT_CRASH_HIST_GROUND_H
/*
 * A history in which somebody is killed by step.h: what it has is told as text,
 * by who has it open meanwhile, and from the disk alone.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/hist/erase.h>
#include <qt/hist/index.h>

#include "../../libcommon/hist/db_priv.h"
#include "../../libcommon/hist/index_priv.h"
#include "../../libcommon/store/super_priv.h"
#include "../unit/place.h"
#include "../unit/step.h"
#include "../unit/traces.h"
#include "store_world.h"

#define SECRET	"correct-horse-battery-staple"

struct ground {
	char			 dir[256], store[300];
	struct qt_hist_db	*db;	/* inherited by who is killed */
};

static char	ground_text[2048];

static inline void
ground_open(struct ground *g)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc = qt_hist_db_open(&g->db, g->store, false, &err);

	step_must(rc == 0, err.text);
}

static inline struct ground *
ground_new(void)
{
	struct ground	*g = calloc(1, sizeof(*g));

	step_must(g != NULL, "calloc");
	place_new(g->dir, sizeof(g->dir));
	snprintf(g->store, sizeof(g->store), "%s/store", g->dir);
	ground_open(g);
	return g;
}

/* What others read of the store is watched. */
static inline void
ground_watch(struct ground *g)
{
	struct qt_store		*s = g->db->store;
	struct qt__stripe	*stripe;

	step_must(qt__super_get(s, &stripe, NULL) == 0, "super");
	step_watch(s->ctl, offsetof(struct qt__ctl, counts));
	step_watch(stripe->super->mems[0]->head, sizeof(struct qt__mem_head));
	qt__super_release(stripe);
}

static inline void
ground_free(void *state)
{
	struct ground	*g = state;

	(void)qt_hist_db_close(g->db, NULL);
	(void)qt_hist_index_remove(g->store);
	world_forget(g->store);
	place_remove(g->dir);
	free(g);
}

/* Whoever had it open is gone, and so is all shared memory of it. */
static inline void
ground_reboot(struct ground *g)
{
	(void)qt_hist_db_close(g->db, NULL);
	(void)qt_hist_index_remove(g->store);
	world_forget(g->store);
	ground_open(g);
}

static inline void
ground_add(struct ground *g, uint64_t second, const char *text,
    const char *cwd, unsigned int flags)
{
	struct qt_hist_event	e = { .start_us = second * 1000000,
	    .took_us = 1, .flags = flags, .text = { text, strlen(text) },
	    .cwd = { cwd, strlen(cwd) }, .session = { "s", 1 },
	    .host = { "h", 1 } };

	e.id = qt_hist_db_id(g->db, &e.session, second);
	step_must(qt_hist_db_add(g->db, &e, 1, NULL, 0, NULL) == 0, "add");
}

/* All commands, each with a ';'. */
static inline const char *
ground_list(struct ground *g)
{
	struct qt_hist_scan	*scan;
	struct qt_hist_event	 e = { 0 };
	char			*p = ground_text;
	int			 rc;

	*p = '\0';
	if (qt_hist_scan_open(g->db, 0, UINT64_MAX, false, &scan, NULL) < 0)
		return "it cannot be read";
	while ((rc = qt_hist_scan_next(scan, &e, NULL)) == 1 &&
	    p < ground_text + sizeof(ground_text) - 200)
		p += snprintf(p, 200, "%.*s;", (int)e.text.len, e.text.data);
	qt_hist_scan_close(scan);
	return rc == 0 ? ground_text : "it cannot be read to its end";
}

static inline bool
ground_is(struct ground *g, const char *want)
{
	bool	is = strcmp(ground_list(g), want) == 0;

	if (!is)
		printf("# it is %s\n", ground_text);
	return is;
}

/* In files of the folder, and in shared memory: the store's, and the index's. */
static inline unsigned int
ground_traces(const struct ground *g, const char *bytes)
{
	const char	*name = g->db->store->name;
	char		 index[QT__IX_NAME];

	step_must(qt__ix_name(index, g->store, "") == 0, "name");
	return traces_in_folder(g->dir, "", bytes) +
	    traces_in_folder("/dev/shm", name + (name[0] == '/'), bytes) +
	    traces_in_folder("/dev/shm", index + 1, bytes);
}

#endif /* QT_CRASH_HIST_GROUND_H */
