/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm gc - finish what dead processes left, now */

#include <stdio.h>

#include <qt/shm/object.h>

#include "target.h"
#include "verbs.h"

const struct qt_verb gc_verb = {
	"gc", gc_main, "SEG", "sweep the dead, free what was erased", NULL,
};

/* Joining a segment sweeps: who is dead is counted before. */
static int
count_dead(const struct target *t)
{
	struct qt_seg			*seg = target_open(t, QT_SEG_RDONLY);
	struct qt_seg_participant	 p;
	uint32_t			 cursor = 0;
	int				 count = 0;

	while (qt_seg_participant_next(seg, &cursor, &p) == 1)
		count += !qt_seg_is_alive(seg, p.id);
	target_close(seg);
	return count;
}

int
gc_main(int argc, char **argv)
{
	struct qt_opts	 o = QT_OPTS_INIT(&gc_verb, argc, argv);
	struct qt_seg	*seg;
	struct target	 t;
	int		 rc, dead;

	while (qt_opts_next(&o) != 0)
		;
	if (argc - o.index != 1)
		qt_usage(&gc_verb);
	target_parse(&t, argv[o.index], TARGET_SEG);
	dead = count_dead(&t);
	seg = target_open(&t, QT_SEG_JOIN);
	rc = qt_obj_gc(seg);
	if (rc < 0)
		target_die(&t, rc, NULL);
	target_close(seg);
	printf("swept\t%d\nfreed\t%d\n", dead, rc);
	return QT_EXIT_OK;
}
