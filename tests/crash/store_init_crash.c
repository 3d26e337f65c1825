/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kill at every system call of making a store: there is none, or a whole one;
 * and the next one who makes it leaves nothing of the dead one behind.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../libcommon/store/format_priv.h"
#include "../../libcommon/store/manifest_priv.h"
#include "../unit/place.h"
#include "../unit/step.h"

struct world {
	char	path[64], store[80];
	int	fd, watched;
};

static void *
setup_new(int *fd)
{
	struct world	*w = calloc(1, sizeof(*w));

	step_must(w != NULL, "calloc");
	place_new(w->path, sizeof(w->path));
	w->fd = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	step_must(w->fd >= 0, "a folder");
	snprintf(w->store, sizeof(w->store), "%s/s", w->path);
	/* Nothing is shared but files: only system calls matter; and what a
	   sync does to a disk does not, so the disk is memory. */
	w->watched = memfd_create("nothing", MFD_CLOEXEC);
	step_must(w->watched >= 0 && ftruncate(w->watched, 4096) == 0, "memfd");
	*fd = w->watched;
	return w;
}

static void *
setup_existing(int *fd)
{
	struct world	*w = setup_new(fd);

	step_must(mkdir(w->store, 0700) == 0, "mkdir");
	return w;
}

static int
make(const struct world *w)
{
	struct qt_store_settings	s;

	qt_store_settings_init(&s);
	strcpy(s.wal_path, "../logs");
	return qt_store_init(w->store, &s, NULL);
}

static void
op(void *state)
{
	if (make(state) < 0)
		_exit(1);
}

static unsigned int
count_in(int parent, const char *name)
{
	int		 fd = openat(parent, name, O_RDONLY | O_CLOEXEC);
	DIR		*dir = fdopendir(fd);
	struct dirent	*d;
	unsigned int	 count = 0;

	step_must(dir != NULL, "fdopendir");
	while ((d = readdir(dir)) != NULL)
		count++;
	closedir(dir);
	return count - 2;
}

static const char *
check_whole(int fd)
{
	struct qt__format	 f;
	struct qt__manifest	*m;
	int			 wal;

	if (qt__format_load(&f, fd, NULL) < 0)
		return "FORMAT";
	if (qt__manifest_load(&m, fd, 0, NULL) < 0)
		return "the manifest";
	qt__manifest_free(m);
	wal = qt__format_wal_dir(&f, fd, NULL);
	if (wal < 0)
		return "the folder of logs";
	close(wal);
	if (faccessat(fd, "run", F_OK, 0) < 0 ||
	    faccessat(fd, "big", F_OK, 0) < 0 ||
	    faccessat(fd, "LOCK", F_OK, 0) < 0)
		return "run, big or LOCK";
	return count_in(fd, ".") == 6 ? NULL : "something else is in it";
}

static const char *
check(void *state)
{
	struct world	*w = state;
	const char	*wrong;
	int		 fd, is_there = faccessat(w->fd, "s/FORMAT", F_OK,
	    0) == 0;

	if (make(w) != (is_there ? -EEXIST : 0))
		return "the next one cannot make it, or makes it again";
	fd = openat(w->fd, "s", O_RDONLY | O_CLOEXEC);
	wrong = check_whole(fd);
	close(fd);
	if (wrong != NULL)
		return wrong;
	/* Of a dead one's logs not even the folder of its id is left. */
	if (count_in(w->fd, "logs") != 1)
		return "a folder of logs of nobody";
	return count_in(w->fd, ".") == 2 ? NULL : "a folder of a dead one";
}

static void
clean(void *state)
{
	struct world	*w = state;

	place_remove(w->path);
	close(w->watched);
	close(w->fd);
	free(w);
}

static const struct step_case	cases[] = {
	{ "a store in a new folder", setup_new, NULL, op, check, clean },
	{ "a store in an empty folder", setup_existing, NULL, op, check,
	    clean },
};

int
main(void)
{
	return step_run_long(cases, sizeof(cases) / sizeof(cases[0]));
}
