/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm export - an array as a .npy file */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/sys.h>
#include <qt/shm/array.h>
#include <qt/shm/npy.h>

#include "thing.h"
#include "verbs.h"
#include "zipm.h"

#define PIECE	65536u

static const struct qt_opt opts[] = {
	{ 't', "dtype", "DTYPE", "of the elements of a zeroipc array" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb export_verb = {
	"export", export_main, "SEG/NAME [FILE.npy]",
	"write an array as a .npy file", opts,
};

/* An array of ours, or one of zeroipc. */
struct source {
	struct target	 target;
	struct qt_npy	 npy;
	struct thing	 t;
	struct qt_zipm	 z;
	uint64_t	 offset;	/* of zeroipc's first element */
	int		 is_zipm;
};

static void
open_source(struct source *s, const char *operand, const char *dtype)
{
	const uint64_t	*shape;

	target_parse(&s->target, operand, TARGET_NAME);
	s->is_zipm = zipm_open(&s->z, &s->target);
	if (s->is_zipm) {
		zipm_npy(&s->z, &s->target, dtype, &s->npy);
		s->offset = zipm_entry(&s->z, &s->target)->offset + 8;
		return;
	}
	if (dtype != NULL)
		qt_die(QT_EXIT_USAGE, "%s: -t is for segments of zeroipc; this "
		    "one says what its elements are", s->target.text);
	thing_open(&s->t, operand, QT_SEG_RDONLY);
	if (s->t.type != &array_thing)
		thing_cannot(&s->t, "export");
	shape = qt_array_shape(s->t.handle);
	s->npy.dtype = s->t.dtype;
	s->npy.count = qt_array_count(s->t.handle);
	while (s->npy.dims < QT_NPY_DIMS && shape[s->npy.dims] != 0) {
		s->npy.shape[s->npy.dims] = shape[s->npy.dims];
		s->npy.dims++;
	}
}

static void
close_source(struct source *s)
{
	if (s->is_zipm)
		qt_zipm_close(&s->z);
	else
		thing_close(&s->t);
}

static int
write_head(int fd, const struct source *s)
{
	struct qt_buf	head = QT_BUF_INIT;
	int		rc = qt_npy_format(&s->npy, &head);

	if (rc == 0)
		rc = qt_sys_write_all(fd, head.data, head.len);
	qt_buf_clear(&head);
	return rc;
}

static int
write_elements(int fd, const struct source *s)
{
	size_t		 size = s->npy.dtype.size;
	uint64_t	 count = s->npy.count, n;
	uint64_t	 room = size > PIECE ? 1 : PIECE / size;
	void		*buf = malloc((size_t)room * size);
	int		 rc = buf != NULL ? 0 : -ENOMEM;

	for (uint64_t i = 0; i < count && rc == 0; i += n) {
		n = count - i < room ? count - i : room;
		rc = s->is_zipm ? qt_zipm_read(&s->z, s->offset + i * size,
		    buf, (size_t)n * size) :
		    qt_array_get(s->t.handle, i, n, buf);
		if (rc == 0)
			rc = qt_sys_write_all(fd, buf, (size_t)n * size);
	}
	free(buf);
	return rc;
}

/*
 * Under another name first, so that a file of that name is a whole one, and an
 * older one stays until then.
 */
static void
write_file(const struct source *s, const char *path)
{
	char		temp[4096];
	const char	*slash = strrchr(path, '/');
	mode_t		mask = umask(0);
	int		fd, rc;

	umask(mask);
	if (snprintf(temp, sizeof(temp), "%.*s.qt-shm-XXXXXX", slash != NULL ?
	    (int)(slash - path + 1) : 0, path) >= (int)sizeof(temp))
		qt_die(QT_EXIT_SYS, "%s: the path is too long", path);
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		qt_die(QT_EXIT_SYS, "%s: make a file beside it: %s", path,
		    strerror(errno));
	rc = fchmod(fd, 0666 & ~mask) < 0 ? -errno : 0;
	if (rc == 0)
		rc = write_head(fd, s);
	if (rc == 0)
		rc = write_elements(fd, s);
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0)
		rc = qt_sys_rename(AT_FDCWD, temp, path);
	if (rc == 0)
		return;
	(void)qt_sys_unlink(AT_FDCWD, temp);
	qt_die(QT_EXIT_SYS, "%s: %s", path, qt_strerror(rc));
}

int
export_main(int argc, char **argv)
{
	struct qt_opts	 o = QT_OPTS_INIT(&export_verb, argc, argv);
	struct source	 s = { .npy = { .dims = 0 } };
	const char	*dtype = NULL;
	int		 rc = 0;

	while (qt_opts_next(&o) != 0)
		dtype = o.value;
	argc -= o.index;
	argv += o.index;
	if (argc < 1 || argc > 2)
		qt_usage(&export_verb);
	open_source(&s, argv[0], dtype);
	if (argc == 2 && strcmp(argv[1], "-") != 0) {
		write_file(&s, argv[1]);
	} else {
		rc = write_head(STDOUT_FILENO, &s);
		if (rc == 0)
			rc = write_elements(STDOUT_FILENO, &s);
	}
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: write to standard output: %s",
		    s.target.text, qt_strerror(rc));
	close_source(&s);
	return QT_EXIT_OK;
}
