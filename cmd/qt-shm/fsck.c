/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm fsck - check a segment and all that is in it */

#include <stdio.h>

#include <qt/shm/object.h>

#include "target.h"
#include "verbs.h"

static const struct qt_opt opts[] = {
	{ 'n', "check", NULL, "change nothing (the default)" },
	{ 'y', "repair", NULL, "put right what can be" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb fsck_verb = {
	"fsck", fsck_main, "SEG", "check it; -y repairs", opts,
};

static void
fault(void *count, const char *name, const char *what)
{
	++*(int *)count;
	printf("%s\t%s\n", name, what);
}

int
fsck_main(int argc, char **argv)
{
	struct qt_opts	 o = QT_OPTS_INIT(&fsck_verb, argc, argv);
	struct qt_err	 err = QT_ERR_INIT;
	struct qt_seg	*seg;
	struct target	 t;
	unsigned int	 flags = 0;
	int		 id, rc, left, found = 0;

	while ((id = qt_opts_next(&o)) != 0)
		flags = id == 'y' ? QT_OBJ_FSCK_REPAIR : 0;
	if (argc - o.index != 1)
		qt_usage(&fsck_verb);
	target_parse(&t, argv[o.index], TARGET_SEG);
	seg = target_open(&t, QT_SEG_JOIN);
	rc = qt_seg_fsck(seg, &err);
	if (rc == -QT_ECORRUPT)
		fault(&found, "", err.text);
	else if (rc < 0)
		target_die(&t, rc, &err);
	left = qt_obj_fsck(seg, flags, fault, &found);
	if (left < 0)
		target_die(&t, left, NULL);
	left += rc < 0;
	target_close(seg);
	if (left > 0)
		qt_warn("%s: %d faults left of %d%s", t.seg, left, found,
		    flags != 0 ? " ('qt-shm rm' removes what is damaged)" :
		    " ('qt-shm fsck -y' repairs what can be)");
	return left > 0 ? QT_EXIT_NO : QT_EXIT_OK;
}
