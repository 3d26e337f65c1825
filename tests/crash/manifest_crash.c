/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kill at every system call of saving a manifest: the old one is in force or
 * the new one, whole, and the next one can be saved over what was left.
 */

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../libcommon/store/manifest_priv.h"
#include "../unit/place.h"
#include "../unit/step.h"

struct world {
	char			 path[64];
	int			 fd, watched;
	struct qt__manifest	*from;	/* NULL: the first one */
};

static struct qt__manifest_edit *
next_of(const struct qt__manifest *from)
{
	struct qt__manifest_edit	*e;
	struct qt__run_info		 info = { .size = 100 };
	uint64_t			 n;

	if (qt__manifest_edit(&e, from) < 0)
		return NULL;
	info.number = n = qt__manifest_fields(e)->next_file;
	if (qt__manifest_run_add(e, 0, n, 0, 0) < 0 ||
	    qt__manifest_slice_add(e, n, &info, "a", 1, "b", 1) < 0)
		return NULL;
	return e;
}

static void *
setup_first(int *fd)
{
	struct world	*w = calloc(1, sizeof(*w));

	step_must(w != NULL, "calloc");
	place_new(w->path, sizeof(w->path));
	w->fd = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	step_must(w->fd >= 0 && mkdirat(w->fd, "manifest", 0700) == 0,
	    "a folder");
	/* Nothing is shared but files: only system calls matter; and what a
	   sync does to a disk does not, so the disk is memory. */
	w->watched = memfd_create("nothing", MFD_CLOEXEC);
	step_must(w->watched >= 0 && ftruncate(w->watched, 4096) == 0, "memfd");
	*fd = w->watched;
	return w;
}

static void *
setup_next(int *fd)
{
	struct world			*w = setup_first(fd);
	struct qt__manifest_edit	*e = next_of(NULL);

	step_must(e != NULL && qt__manifest_save(e, w->fd, &w->from,
	    NULL) == 0, "the first manifest");
	return w;
}

static void
op(void *state)
{
	struct world			*w = state;
	struct qt__manifest_edit	*e = next_of(w->from);
	struct qt__manifest		*m;

	if (e == NULL || qt__manifest_save(e, w->fd, &m, NULL) < 0)
		_exit(1);
	qt__manifest_free(m);
}

static const char *
check(void *state)
{
	struct world			*w = state;
	uint64_t			 from = w->from != NULL ? 1 : 0, n;
	struct qt__manifest		*m = NULL, *next;
	struct qt__manifest_edit	*e;

	if (qt__manifest_load(&m, w->fd, 0, NULL) < 0 && from > 0)
		return "none is in force";
	n = m != NULL ? m->number : 0;
	if (n != from && n != from + 1)
		return "neither the old one nor the new one";
	if (m != NULL && m->run_count != n)
		return "its contents are not its own";
	/* What whoever takes over does. */
	if (m != NULL && qt__manifest_settle(w->fd, NULL) < 0)
		return "settle";
	e = next_of(m);
	if (e == NULL || qt__manifest_save(e, w->fd, &next, NULL) < 0)
		return "the next one cannot be saved";
	qt__manifest_free(m);
	n = next->number;
	qt__manifest_free(next);
	if (qt__manifest_load(&m, w->fd, 0, NULL) < 0 || m->number != n)
		return "the next one is not in force";
	qt__manifest_free(m);
	return NULL;
}

static void
empty(int fd, const char *name)
{
	int		 sub = openat(fd, name, O_RDONLY | O_CLOEXEC);
	DIR		*dir = fdopendir(sub);
	struct dirent	*d;

	step_must(dir != NULL, "fdopendir");
	while ((d = readdir(dir)) != NULL)
		(void)unlinkat(sub, d->d_name, 0);
	closedir(dir);
}

static void
clean(void *state)
{
	struct world	*w = state;

	empty(w->fd, "manifest");
	(void)unlinkat(w->fd, "manifest", AT_REMOVEDIR);
	empty(w->fd, ".");
	step_must(rmdir(w->path) == 0, "files were left");
	qt__manifest_free(w->from);
	close(w->watched);
	close(w->fd);
	free(w);
}

static const struct step_case	cases[] = {
	{ "the first manifest", setup_first, NULL, op, check, clean },
	{ "the next manifest", setup_next, NULL, op, check, clean },
};

int
main(void)
{
	return step_run_long(cases, sizeof(cases) / sizeof(cases[0]));
}
