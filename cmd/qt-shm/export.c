/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm export - an array as a .npy file, a segment's as a .npz file */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/sys.h>
#include <qt/npz/npz.h>

#include "names.h"
#include "source.h"
#include "verbs.h"
#include "whole.h"

static const struct qt_opt opts[] = {
	{ 't', "dtype", "DTYPE", "of the elements of a zeroipc array" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb export_verb = {
	"export", export_main, "SEG[/NAME] [FILE]",
	"write an array as .npy, a segment as .npz", opts,
};

/* --- One: .npy ----------------------------------------------------------- */

static int
put_fd(void *arg, const void *data, size_t len)
{
	return qt_sys_write_all(*(const int *)arg, data, len);
}

static void
write_npy(const struct source *s, const char *path)
{
	struct qt_buf	head = QT_BUF_INIT;
	struct whole	w;
	int		rc = qt_npy_format(&s->npy, &head);

	whole_open(&w, path, 0);
	if (rc == 0)
		rc = qt_sys_write_all(w.fd, head.data, head.len);
	if (rc == 0)
		rc = source_read(s, put_fd, &w.fd);
	qt_buf_clear(&head);
	whole_close(&w, rc);
}

static void
export_one(const struct target *t, const char *path)
{
	struct qt_err	 err = QT_ERR_INIT;
	struct qt_seg	*seg = target_open(t, QT_SEG_RDONLY);
	struct source	 s;
	const char	*why;
	int		 rc = source_open(&s, seg, t->name, &why, &err);

	if (rc == 1)
		qt_die(QT_EXIT_SYS, "%s: it is a %s, which is nothing for a "
		    ".npy file ('qt-shm dump %s' prints it)", t->text, why,
		    t->text);
	if (rc < 0)
		target_die(t, rc, &err);
	write_npy(&s, path);
	source_close(&s);
	target_close(seg);
}

/* --- A segment: .npz ----------------------------------------------------- */

static int
put_npz(void *arg, const void *data, size_t len)
{
	return qt_npz_put(arg, data, len);
}

static int
write_member(struct qt_npz_writer *w, const char *name,
    const struct source *s)
{
	int	rc = qt_npz_add(w, name, &s->npy);

	return rc < 0 ? rc : source_read(s, put_npz, w);
}

/*
 * 1 when it was written; 0 when it was left out, which is said. What is damaged
 * ends the program: without a word it would be missing.
 */
static int
export_member(struct qt_npz_writer *w, const struct target *seg_target,
    struct qt_seg *seg, const char *name, int *rc)
{
	struct qt_err	 err = QT_ERR_INIT;
	struct target	 t = *seg_target;
	struct source	 s;
	const char	*why;
	int		 found;

	snprintf(t.name, sizeof(t.name), "%s", name);
	snprintf(t.text, sizeof(t.text), "%s/%s", t.seg, name);
	found = source_open(&s, seg, name, &why, &err);
	if (found == -ENOENT)
		return 0;	/* erased meanwhile */
	if (found == 1 || found == -QT_EEMPTY) {
		qt_warn("%s: left out: %s%s", t.text, found == 1 ?
		    "it is a " : err.text, found == 1 ? why : "");
		return 0;
	}
	if (found < 0)
		target_die(&t, found, &err);
	if (!qt_npz_is_name(name, strlen(name)))
		qt_die(QT_EXIT_SYS, "%s: no member of a .npz file may have "
		    "this name ('qt-shm export' writes the structure alone, as "
		    "a .npy file)", t.text);
	*rc = write_member(w, name, &s);
	source_close(&s);
	return 1;
}

static enum qt_exit
export_all(const struct target *t, const char *path)
{
	struct qt_seg		*seg = target_open(t, QT_SEG_RDONLY);
	struct qt_npz_writer	*z;
	struct qt_seg_entry	*all;
	struct whole		 w;
	size_t			 count = names_all(seg, &all), written = 0;
	enum qt_exit		 answer = QT_EXIT_OK;
	int			 rc;

	whole_open(&w, path, 1);
	rc = qt_npz_new(&z, w.fd);
	for (size_t i = 0; i < count && rc == 0; i++)
		written += (size_t)export_member(z, t, seg, all[i].name, &rc);
	if (rc == 0 && written == 0) {
		qt_warn("%s: there is no array or value in it: nothing is "
		    "written ('qt-shm ls %s' lists what is there)", t->text,
		    t->seg);
		answer = QT_EXIT_NO;
	} else {
		if (rc == 0)
			rc = qt_npz_finish(z);
		whole_close(&w, rc);
	}
	qt_npz_free(z);
	free(all);
	target_close(seg);
	return answer;
}

/* --- The command --------------------------------------------------------- */

static enum qt_exit
export_zipm(struct qt_zipm *z, const struct target *t, const char *dtype,
    const char *path)
{
	struct source	s;

	if (t->name[0] == '\0')
		qt_die(QT_EXIT_USAGE, "%s: zeroipc does not say what its "
		    "structures are; name one, '%s/NAME', and its dtype by -t",
		    t->text, t->seg);
	source_open_zipm(&s, z, t, dtype);
	write_npy(&s, path);
	qt_zipm_close(z);
	return QT_EXIT_OK;
}

int
export_main(int argc, char **argv)
{
	struct qt_opts	 o = QT_OPTS_INIT(&export_verb, argc, argv);
	struct target	 t;
	struct qt_zipm	 z;
	const char	*dtype = NULL, *path;

	while (qt_opts_next(&o) != 0)
		dtype = o.value;
	argc -= o.index;
	argv += o.index;
	if (argc < 1 || argc > 2)
		qt_usage(&export_verb);
	path = argc == 2 ? argv[1] : NULL;
	target_parse(&t, argv[0], TARGET_SEG | TARGET_NAME);
	if (zipm_open(&z, &t))
		return export_zipm(&z, &t, dtype, path);
	if (dtype != NULL)
		qt_die(QT_EXIT_USAGE, "%s: -t is for segments of zeroipc; this "
		    "one says what its elements are", t.text);
	if (t.name[0] == '\0')
		return export_all(&t, path);
	export_one(&t, path);
	return QT_EXIT_OK;
}
