/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm ls - the segments that there are, or the structures of one */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

const struct qt_verb ls_verb = {
	"ls", ls_main, "[SEG]", "list segments, or what is in one", opts,
};

static const struct grid_column columns[] = {
	{ "name", GRID_TEXT, 1 },
	{ "state", GRID_TEXT, 1 },
	{ "format", GRID_TEXT, 0 },
	{ "kind", GRID_TEXT, 1 },
	{ "size", GRID_BYTES, 1 },
	{ "used", GRID_BYTES, 1 },
	{ "structures", GRID_NUMBER, 1 },
	{ "users", GRID_NUMBER, 1 },
	{ "uid", GRID_NUMBER, 0 },
	{ "gid", GRID_NUMBER, 0 },
	{ "mode", GRID_TEXT, 1 },
	{ "created", GRID_TIME, 1 },
	{ NULL, GRID_TEXT, 0 },
};

static const char *
state_of(int rc)
{
	switch (rc) {
	case 0:			return "ok";
	case -QT_EVERSION:	return "version";
	case -EACCES:
	case -QT_EOWNER:	return "denied";
	default:		return "damaged";
	}
}

/* What the segment itself says. */
static void
fill_open(struct grid *g, struct qt_seg *seg)
{
	struct qt_seg_participant	p;
	struct qt_seg_entry		e;
	struct qt_seg_info		info;
	uint32_t			cursor = 0, names = 0, users = 0;

	qt_seg_describe(seg, &info);
	while (qt_seg_entry_next(seg, &cursor, &e) == 1)
		names++;
	cursor = 0;
	while (qt_seg_participant_next(seg, &cursor, &p) == 1)
		users += qt_seg_is_alive(seg, p.id) != 0;
	grid_number(g, "structures", names);
	grid_number(g, "users", users);
	grid_number(g, "created", info.made_ms);
}

static void
add_segment(struct grid *g, const char *name)
{
	struct file_look	 look;
	struct qt_zipm		 z = QT_ZIPM_INIT;
	struct qt_seg		*seg = NULL;
	char			 path[300];
	int			 rc = file_look(name, &look);

	/* Gone meanwhile, somebody's we may not read, or no segment. */
	if (rc < 0 || look.format == FILE_OTHER)
		return;
	grid_row(g);
	grid_text(g, "name", "%s", name);
	grid_text(g, "format", look.format == FILE_ZIPM ? "zipm" : "qt");
	grid_number(g, "size", (uint64_t)look.st.st_size);
	grid_number(g, "used", (uint64_t)look.st.st_blocks * 512);
	grid_number(g, "uid", look.st.st_uid);
	grid_number(g, "gid", look.st.st_gid);
	grid_text(g, "mode", "%04o", look.st.st_mode & 07777);
	snprintf(path, sizeof(path), "/%s", name);
	if (look.format == FILE_ZIPM) {
		rc = qt_zipm_open(&z, path, NULL);
		grid_text(g, "state", "%s", state_of(rc));
		if (rc == 0)
			grid_number(g, "structures", z.count);
		qt_zipm_close(&z);
		return;
	}
	grid_text(g, "kind", "%s", look.kind);
	rc = qt_seg_open(path, NULL, QT_SEG_RDONLY, &seg, NULL);
	grid_text(g, "state", "%s", state_of(rc));
	if (rc == 0)
		fill_open(g, seg);
	qt_seg_close(seg);
}

static int
is_name(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static size_t
list_segments(struct grid *g)
{
	struct dirent	**list;
	int		 n = scandir("/dev/shm", &list, is_name, alphasort);

	if (n < 0)
		qt_die(QT_EXIT_SYS, "/dev/shm: %s", strerror(errno));
	for (int i = 0; i < n; i++) {
		add_segment(g, list[i]->d_name);
		free(list[i]);
	}
	free(list);
	return g->row_count;
}

int
ls_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&ls_verb, argc, argv);
	struct target	t = { .seg = "" };
	struct grid	g;
	size_t		count;
	int		id;

	grid_init(&g);
	while ((id = qt_opts_next(&o)) != 0)
		(void)grid_option(&g, id, o.value);
	if (argc - o.index > 1)
		qt_usage(&ls_verb);
	if (o.index < argc) {
		target_parse(&t, argv[o.index], TARGET_SEG);
		grid_columns(&g, names_columns);
		count = names_list(&g, &t);
	} else {
		grid_columns(&g, columns);
		count = list_segments(&g);
	}
	if (count == 0 && isatty(STDOUT_FILENO) && !g.is_json)
		qt_warn(t.seg[0] != '\0' ? "%s: no structures ('qt-shm new' "
		    "makes one)" : "%sno segments ('qt-shm create' makes one)",
		    t.seg);
	else
		grid_print(&g);
	return count > 0 ? QT_EXIT_OK : QT_EXIT_NO;
}
