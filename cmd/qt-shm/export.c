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

#define PIECE	65536u

const struct qt_verb export_verb = {
	"export", export_main, "SEG/NAME [FILE.npy]",
	"write an array as a .npy file", NULL,
};

static int
write_head(int fd, const struct thing *t)
{
	struct qt_npy	npy = { .dtype = t->dtype };
	struct qt_buf	head = QT_BUF_INIT;
	const uint64_t	*shape = qt_array_shape(t->handle);
	int		rc;

	while (npy.dims < QT_NPY_DIMS && shape[npy.dims] != 0) {
		npy.shape[npy.dims] = shape[npy.dims];
		npy.dims++;
	}
	rc = qt_npy_format(&npy, &head);
	if (rc == 0)
		rc = qt_sys_write_all(fd, head.data, head.len);
	qt_buf_clear(&head);
	return rc;
}

static int
write_elements(int fd, const struct thing *t)
{
	size_t		 size = t->dtype.size;
	uint64_t	 count = qt_array_count(t->handle), n;
	uint64_t	 room = size > PIECE ? 1 : PIECE / size;
	void		*buf = malloc((size_t)room * size);
	int		 rc = buf != NULL ? 0 : -ENOMEM;

	for (uint64_t i = 0; i < count && rc == 0; i += n) {
		n = count - i < room ? count - i : room;
		rc = qt_array_get(t->handle, i, n, buf);
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
write_file(const struct thing *t, const char *path)
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
		rc = write_head(fd, t);
	if (rc == 0)
		rc = write_elements(fd, t);
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
	struct qt_opts	o = QT_OPTS_INIT(&export_verb, argc, argv);
	struct thing	t;
	int		rc = 0;

	while (qt_opts_next(&o) != 0)
		;
	argc -= o.index;
	argv += o.index;
	if (argc < 1 || argc > 2)
		qt_usage(&export_verb);
	thing_open(&t, argv[0], QT_SEG_RDONLY);
	if (t.type != &array_thing)
		thing_cannot(&t, "export");
	if (argc == 2 && strcmp(argv[1], "-") != 0) {
		write_file(&t, argv[1]);
	} else {
		rc = write_head(STDOUT_FILENO, &t);
		if (rc == 0)
			rc = write_elements(STDOUT_FILENO, &t);
	}
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: write to standard output: %s",
		    t.target.text, qt_strerror(rc));
	thing_close(&t);
	return QT_EXIT_OK;
}
