/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm stat - everything that is known of a segment, or of a structure */

#include <inttypes.h>

#include "file.h"
#include "grid.h"
#include "names.h"
#include "target.h"
#include "verbs.h"
#include "zipm.h"

static const struct qt_opt opts[] = {
	GRID_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb stat_verb = {
	"stat", stat_main, "SEG[/NAME]", "say all that is known of it", opts,
};

static const struct grid_column columns[] = {
	{ "name", GRID_TEXT, 1 },
	{ "path", GRID_TEXT, 1 },
	{ "kind", GRID_TEXT, 1 },
	{ "version", GRID_TEXT, 1 },
	{ "id", GRID_TEXT, 1 },
	{ "uid", GRID_NUMBER, 1 },
	{ "gid", GRID_NUMBER, 1 },
	{ "mode", GRID_TEXT, 1 },
	{ "created", GRID_TIME, 1 },
	{ "creator", GRID_NUMBER, 1 },
	{ "size", GRID_BYTES, 1 },
	{ "used", GRID_BYTES, 1 },
	{ "page", GRID_BYTES, 1 },
	{ "huge", GRID_TEXT, 1 },
	{ "huge_used", GRID_BYTES, 1 },
	{ "numa", GRID_NUMBER, 1 },
	{ "numa_used", GRID_BYTES, 1 },
	{ "data_offset", GRID_NUMBER, 1 },
	{ "structures", GRID_NUMBER, 1 },
	{ "entries", GRID_NUMBER, 1 },
	{ "users", GRID_NUMBER, 1 },
	{ "dead", GRID_NUMBER, 1 },
	{ "participants", GRID_NUMBER, 1 },
	{ "swept", GRID_NUMBER, 1 },
	{ NULL, GRID_TEXT, 0 },
};

static void
fill_counts(struct grid *g, struct qt_seg *seg)
{
	struct qt_seg_participant	p;
	struct qt_seg_entry		e;
	uint32_t			cursor = 0, names = 0, alive = 0;
	uint32_t			dead = 0;

	while (qt_seg_entry_next(seg, &cursor, &e) == 1)
		names++;
	cursor = 0;
	while (qt_seg_participant_next(seg, &cursor, &p) == 1)
		if (qt_seg_is_alive(seg, p.id))
			alive++;
		else
			dead++;
	grid_number(g, "structures", names);
	grid_number(g, "users", alive);
	grid_number(g, "dead", dead);
}

/* What was asked of its memory, and what it has. */
static void
fill_pages(struct grid *g, const struct target *t, const struct qt_seg *seg)
{
	struct qt_seg_memory	p;
	int			rc = qt_seg_pages(seg, &p);

	if (rc < 0)
		target_die(t, rc, NULL);
	if (!(p.flags & QT_SEG_HUGE))
		grid_text(g, "huge", "no");
	else if (p.why == NULL)
		grid_text(g, "huge", "yes");
	else
		grid_text(g, "huge", "not granted: %s", p.why);
	if (p.flags & QT_SEG_HUGE)
		grid_number(g, "huge_used", p.huge_used);
	if (!(p.flags & QT_SEG_ON_NODE))
		return;
	grid_number(g, "numa", p.node);
	if (p.looked > 0)
		grid_number(g, "numa_used", (uint64_t)((double)
		    qt_seg_used(seg) * (double)p.on_node / (double)p.looked));
}

static void
stat_segment(struct grid *g, const struct target *t)
{
	struct qt_seg		*seg = target_open(t, QT_SEG_RDONLY);
	struct file_look	 look;
	struct qt_seg_info	 info;
	int			 rc = file_look(t->seg, &look);

	if (rc < 0)
		target_die(t, rc, NULL);
	qt_seg_describe(seg, &info);
	grid_row(g);
	grid_text(g, "name", "%s", t->seg);
	grid_text(g, "path", "/dev/shm/%s", t->seg);
	grid_text(g, "kind", "%s", info.kind);
	grid_text(g, "version", "%u.%u", info.major, info.minor);
	grid_text(g, "id", "%016" PRIx64, info.id);
	grid_number(g, "uid", look.st.st_uid);
	grid_number(g, "gid", look.st.st_gid);
	grid_text(g, "mode", "%04o", look.st.st_mode & 07777);
	grid_number(g, "created", info.made_ms);
	grid_number(g, "creator", info.maker_pid);
	grid_number(g, "size", info.size);
	grid_number(g, "used", qt_seg_used(seg));
	grid_number(g, "page", info.page_size);
	grid_number(g, "data_offset", info.data_offset);
	grid_number(g, "entries", info.entries);
	grid_number(g, "participants", info.participants);
	grid_number(g, "swept", info.sweeps);
	fill_counts(g, seg);
	fill_pages(g, t, seg);
	target_close(seg);
}

static void
stat_structure(struct grid *g, const struct target *t)
{
	struct qt_seg		*seg = target_open(t, QT_SEG_RDONLY);
	struct qt_obj_stat	 s;
	struct qt_seg_entry	 e;
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc = qt_seg_entry_get(seg, t->name, &e);

	/* A damaged one is no row here, but what is wrong with it. */
	if (rc == 0 && qt_obj_is_type(e.type))
		rc = qt_obj_stat(seg, t->name, &s, &err);
	if (rc < 0)
		target_die(t, rc, &err);
	names_row(g, seg, &e);
	grid_text(g, "path", "/dev/shm/%s", t->seg);
	target_close(seg);
}

int
stat_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&stat_verb, argc, argv);
	struct target	t;
	struct qt_zipm	z;
	struct grid	g;
	int		id;

	grid_init(&g);
	g.is_one = 1;
	while ((id = qt_opts_next(&o)) != 0)
		(void)grid_option(&g, id, o.value);
	if (argc - o.index != 1)
		qt_usage(&stat_verb);
	target_parse(&t, argv[o.index], TARGET_SEG | TARGET_NAME);
	grid_columns(&g, t.name[0] != '\0' ? names_columns : columns);
	if (zipm_open(&z, &t)) {
		if (t.name[0] != '\0')
			zipm_row(&g, &z, &t, zipm_entry(&z, &t));
		else
			zipm_stat(&g, &z, &t);
		qt_zipm_close(&z);
	} else if (t.name[0] != '\0')
		stat_structure(&g, &t);
	else
		stat_segment(&g, &t);
	grid_print(&g);
	return QT_EXIT_OK;
}
