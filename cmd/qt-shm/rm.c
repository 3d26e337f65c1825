/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm rm - remove structures and segments */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <qt/shm/object.h>

#include "file.h"
#include "target.h"
#include "verbs.h"

static const struct qt_opt opts[] = {
	{ 'f', "force", NULL, "what is not there is no error" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb rm_verb = {
	"rm", rm_main, "SEG[/NAME] ...", "remove structures, segments", opts,
};

/* Plain memory with a name: both are freed. */
static int
remove_raw(struct qt_seg *seg, const struct qt_seg_entry *e)
{
	int	rc = qt_seg_free(seg, e->offset);

	return rc < 0 ? rc : qt_seg_entry_del(seg, e->name);
}

static enum qt_exit
remove_structure(const struct target *t, int is_forced)
{
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_seg_entry	 e;
	struct file_look	 look;
	struct qt_seg		*seg;
	int			 rc;

	if (is_forced && file_look(t->seg, &look) == -ENOENT)
		return QT_EXIT_OK;
	seg = target_open(t, QT_SEG_JOIN);
	rc = qt_seg_entry_get(seg, t->name, &e);
	if (rc == 0 && e.type == QT_TYPE_RAW)
		rc = remove_raw(seg, &e);
	else if (rc == 0)
		rc = qt_obj_erase(seg, t->name, &err);
	target_close(seg);
	if (rc == 0 || (rc == -ENOENT && is_forced))
		return QT_EXIT_OK;
	return target_warn(t, rc, &err);
}

/*
 * A segment, also a damaged one; never a file that is none, and never the
 * segment of a program that is not ours.
 */
static enum qt_exit
remove_segment(const struct target *t, int is_forced)
{
	struct file_look	look;
	struct qt_err		err = QT_ERR_INIT;
	char			name[sizeof(t->seg) + 1];
	int			rc = file_look(t->seg, &look);

	if (rc == -ENOENT && is_forced)
		return QT_EXIT_OK;
	if (rc == 0 && look.format != FILE_SEGMENT) {
		qt_warn("%s: /dev/shm/%s is no segment of ours; rm(1) removes "
		    "it, if you are sure", t->text, t->seg);
		return QT_EXIT_SYS;
	}
	if (rc == 0 && look.kind[0] != '\0' &&
	    strcmp(look.kind, SEG_KIND) != 0) {
		qt_warn("%s: it is another program's (kind '%s'): that one "
		    "removes it", t->text, look.kind);
		return QT_EXIT_SYS;
	}
	snprintf(name, sizeof(name), "/%s", t->seg);
	if (rc == 0)
		rc = qt_seg_unlink(name);
	/* The folder is sticky: who may use a segment may not remove it. */
	if (rc == -EPERM)
		qt_err_set(&err, "its name is user %lu's to remove",
		    (unsigned long)look.st.st_uid);
	return rc < 0 ? target_warn(t, rc, &err) : QT_EXIT_OK;
}

int
rm_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&rm_verb, argc, argv);
	enum qt_exit	rc, worst = QT_EXIT_OK;
	struct target	t;
	int		is_forced = 0;

	while (qt_opts_next(&o) != 0)
		is_forced = 1;
	if (o.index == argc)
		qt_usage(&rm_verb);
	for (int i = o.index; i < argc; i++) {
		target_parse(&t, argv[i], TARGET_SEG | TARGET_NAME);
		rc = t.name[0] != '\0' ? remove_structure(&t, is_forced) :
		    remove_segment(&t, is_forced);
		worst = rc > worst ? rc : worst;
	}
	return worst;
}
