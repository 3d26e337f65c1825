/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm import - an array from a .npy file, a segment's from a .npz file */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "dest.h"
#include "unpack.h"
#include "verbs.h"

static const struct qt_opt opts[] = {
	{ 'f', "force", NULL, "into what has the same dtype and shape" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb import_verb = {
	"import", import_main, "FILE SEG[/NAME]",
	"make an array from a .npy, several from a .npz", opts,
};

struct file {
	const char	*path;
	int		 fd;
	uint64_t	 elements_len;	/* that came */
};

/* How much was there. */
static size_t
read_all(const struct file *f, void *buf, size_t size)
{
	size_t	len = 0;
	ssize_t	n = 1;

	while (len < size && n > 0) {
		n = qt_sys_read(f->fd, (char *)buf + len, size - len);
		if (n < 0)
			qt_die(QT_EXIT_SYS, "%s: %s", f->path,
			    qt_strerror((int)n));
		len += (size_t)n;
	}
	return len;
}

/* Its length is right too, where a file has one: before anything is made. */
static void
check_size(const struct file *f, uint64_t want)
{
	struct stat	st;

	if (fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (uint64_t)st.st_size != want)
		qt_die(QT_EXIT_SYS, "%s: it has %" PRIu64 " bytes, and its "
		    "header says %" PRIu64, f->path, (uint64_t)st.st_size,
		    want);
}

static void
read_head(const struct file *f, struct qt_npy *npy)
{
	struct qt_err	 err = QT_ERR_INIT;
	unsigned char	 first[QT_NPY_FIRST] = "";
	const char	*why;
	char		*head = NULL;
	ssize_t		 size = -QT_EFORMAT;
	int		 rc;

	qt_err_set(&err, "it is too short to be a .npy file");
	if (read_all(f, first, sizeof(first)) == sizeof(first))
		size = qt_npy_head_size(first, &err);
	if (size > 0)
		head = malloc((size_t)size);
	if (size < 0 || head == NULL)
		qt_die(QT_EXIT_SYS, "%s: %s%s", f->path, size < 0 ? err.text :
		    "no memory for its header", memcmp(first, "PK", 2) == 0 ?
		    " (a .npz file goes into a whole segment, SEG)" : "");
	memcpy(head, first, sizeof(first));
	size = (ssize_t)(sizeof(first) + read_all(f, head + sizeof(first),
	    (size_t)size - sizeof(first)));
	rc = qt_npy_parse(npy, head, (size_t)size, &err);
	free(head);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", f->path, err.text);
	why = dest_why_not(npy);
	if (why != NULL)
		qt_die(QT_EXIT_SYS, "%s: %s", f->path, why);
	check_size(f, (uint64_t)size + npy->size);
}

static int
get(void *arg, void *out, size_t len)
{
	struct file	*f = arg;
	size_t		 n = read_all(f, out, len);

	f->elements_len += n;
	return n == len ? 0 : -ENODATA;
}

static void
import_one(struct file *f, const struct target *t, int is_forced)
{
	struct qt_npy	 npy;
	struct qt_seg	*seg;
	struct dest	 d;
	int		 rc;

	read_head(f, &npy);
	seg = target_open(t, QT_SEG_JOIN);
	rc = dest_find(&d, t, seg, &npy, is_forced);
	if (rc == 0)
		rc = dest_make(&d, seg, &npy);
	if (rc < 0)
		exit(QT_EXIT_SYS);
	rc = dest_fill(&d, &npy, get, f);
	dest_close(&d, seg, rc < 0);
	if (rc == -ENODATA)
		qt_die(QT_EXIT_SYS, "%s: it ends after %" PRIu64 " of %" PRIu64
		    " elements", f->path, f->elements_len / npy.dtype.size,
		    npy.count);
	if (rc < 0)
		exit(QT_EXIT_SYS);
	target_close(seg);
}

int
import_main(int argc, char **argv)
{
	struct qt_opts	 o = QT_OPTS_INIT(&import_verb, argc, argv);
	struct target	 t;
	struct file	 f = { .fd = STDIN_FILENO };
	int		 is_forced = 0;

	while (qt_opts_next(&o) != 0)
		is_forced = 1;
	if (argc - o.index != 2)
		qt_usage(&import_verb);
	f.path = argv[o.index];
	target_parse(&t, argv[o.index + 1], TARGET_SEG | TARGET_NAME);
	if (strcmp(f.path, "-") != 0)
		f.fd = qt_sys_open(AT_FDCWD, f.path, O_RDONLY, 0);
	else
		f.path = "standard input";
	if (f.fd < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", f.path, qt_strerror(f.fd));
	if (t.name[0] != '\0')
		import_one(&f, &t, is_forced);
	else
		unpack(f.path, f.fd, &t, is_forced);
	if (f.fd != STDIN_FILENO)
		close(f.fd);
	return QT_EXIT_OK;
}
