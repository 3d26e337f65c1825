/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm import - an array from a .npy file */

#include <errno.h>
#include <inttypes.h>
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

static const struct qt_opt opts[] = {
	{ 'f', "force", NULL, "into an array of the same dtype and shape" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb import_verb = {
	"import", import_main, "FILE.npy SEG/NAME",
	"make an array from a .npy file", opts,
};

/* How much was there. */
static size_t
read_all(const char *path, int fd, void *buf, size_t size)
{
	size_t	len = 0;
	ssize_t	n = 1;

	while (len < size && n > 0) {
		n = qt_sys_read(fd, (char *)buf + len, size - len);
		if (n < 0)
			qt_die(QT_EXIT_SYS, "%s: %s", path,
			    qt_strerror((int)n));
		len += (size_t)n;
	}
	return len;
}

/* Its length is right too, where a file has one: before anything is made. */
static void
check_size(const char *path, int fd, uint64_t want)
{
	struct stat	st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (uint64_t)st.st_size != want)
		qt_die(QT_EXIT_SYS, "%s: it has %" PRIu64 " bytes, and its "
		    "header says %" PRIu64, path, (uint64_t)st.st_size, want);
}

static void
read_head(const char *path, int fd, struct qt_npy *npy)
{
	struct qt_err	err = QT_ERR_INIT;
	unsigned char	first[QT_NPY_FIRST];
	char		*head = NULL;
	ssize_t		size = -QT_EFORMAT;
	int		rc;

	qt_err_set(&err, "it is too short to be a .npy file");
	if (read_all(path, fd, first, sizeof(first)) == sizeof(first))
		size = qt_npy_head_size(first, &err);
	if (size > 0)
		head = malloc((size_t)size);
	if (size < 0 || head == NULL)
		qt_die(QT_EXIT_SYS, "%s: %s", path, size < 0 ? err.text :
		    "no memory for its header");
	memcpy(head, first, sizeof(first));
	size = (ssize_t)(sizeof(first) + read_all(path, fd, head +
	    sizeof(first), (size_t)size - sizeof(first)));
	rc = qt_npy_parse(npy, head, (size_t)size, &err);
	free(head);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", path, err.text);
	if (npy->count == 0)
		qt_die(QT_EXIT_SYS, "%s: it has no elements", path);
	if (npy->is_fortran && npy->dims > 1)
		qt_die(QT_EXIT_SYS, "%s: it is in Fortran's order; "
		    "np.ascontiguousarray() puts it in C order", path);
	check_size(path, fd, (uint64_t)size + npy->size);
	if (npy->dims == 0)
		npy->shape[npy->dims++] = 1;
}

/* A new array; or, when forced, one that is just like it. */
static struct qt_array *
open_array(const struct target *t, struct qt_seg *seg,
    const struct qt_npy *npy, int is_forced, int *is_new)
{
	struct qt_array_spec	 spec = { .dtype = npy->dtype.text };
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_array		*a;
	int			 rc;

	memcpy(spec.shape, npy->shape, sizeof(spec.shape));
	rc = qt_array_create(seg, t->name, &spec, &err);
	*is_new = rc == 0;
	if (rc == -EEXIST && !is_forced)
		qt_die(QT_EXIT_SYS, "%s: the name is taken (-f stores into it, "
		    "'qt-shm rm %s' removes it)", t->text, t->text);
	if (rc == 0 || rc == -EEXIST)
		rc = qt_array_open(seg, t->name, npy->dtype.text, &a, &err);
	if (rc == 0 && memcmp(qt_array_shape(a), spec.shape,
	    sizeof(spec.shape)) != 0) {
		qt_err_set(&err, "it is of another shape ('qt-shm stat -o "
		    "shape %s' says which)", t->text);
		rc = -EINVAL;
	}
	if (rc < 0)
		target_die(t, rc, &err);
	return a;
}

/* How many elements came. */
static uint64_t
copy_elements(const char *path, int fd, struct qt_array *a)
{
	size_t		 size = qt_array_elem_size(a), n;
	uint64_t	 count = qt_array_count(a), done = 0;
	uint64_t	 room = size > PIECE ? 1 : PIECE / size;
	char		*buf = malloc((size_t)room * size);

	if (buf == NULL)
		qt_die(QT_EXIT_SYS, "%s: no memory for an element", path);
	while (done < count) {
		n = (size_t)(count - done < room ? count - done : room);
		n = read_all(path, fd, buf, n * size) / size;
		if (n == 0 || qt_array_put(a, done, n, buf) < 0)
			break;
		done += n;
	}
	free(buf);
	return done;
}

int
import_main(int argc, char **argv)
{
	struct qt_opts	 o = QT_OPTS_INIT(&import_verb, argc, argv);
	struct qt_npy	 npy;
	struct qt_seg	*seg;
	struct qt_array	*a;
	struct target	 t;
	const char	*path;
	uint64_t	 done;
	int		 fd = STDIN_FILENO, is_forced = 0, is_new;

	while (qt_opts_next(&o) != 0)
		is_forced = 1;
	if (argc - o.index != 2)
		qt_usage(&import_verb);
	path = argv[o.index];
	target_parse(&t, argv[o.index + 1], TARGET_NAME);
	if (strcmp(path, "-") != 0)
		fd = qt_sys_open(AT_FDCWD, path, O_RDONLY, 0);
	else
		path = "standard input";
	if (fd < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", path, qt_strerror(fd));
	read_head(path, fd, &npy);
	seg = target_open(&t, QT_SEG_JOIN);
	a = open_array(&t, seg, &npy, is_forced, &is_new);
	done = copy_elements(path, fd, a);
	qt_array_close(a);
	if (done < npy.count && is_new)
		(void)qt_obj_erase(seg, t.name, NULL);
	if (done < npy.count)
		qt_die(QT_EXIT_SYS, "%s: it ends after %" PRIu64 " of %" PRIu64
		    " elements", path, done, npy.count);
	target_close(seg);
	if (fd != STDIN_FILENO)
		close(fd);
	return QT_EXIT_OK;
}
