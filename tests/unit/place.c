/* SPDX-License-Identifier: Apache-2.0 */
/* Folders for tests. See place.h. */

#include <errno.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "place.h"

#define MEMORY	"/dev/shm"
#define ENOUGH	(UINT64_C(256) << 20)	/* containers may have 64 MiB */

static void
die(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	exit(1);
}

static void
make_in(char *path, size_t size, const char *where)
{
	const char	*group = getenv("QT_CHECK_GROUP");

	snprintf(path, size, "%s/qt-test-%.30s-XXXXXX", where,
	    group != NULL ? group : "");
	if (mkdtemp(path) == NULL)
		die(path);
}

void
place_new_disk(char *path, size_t size)
{
	const char	*tmp = getenv("TMPDIR");

	make_in(path, size, tmp != NULL && strlen(tmp) < size / 2 ? tmp :
	    "/tmp");
}

void
place_new(char *path, size_t size)
{
	struct statvfs	st;

	if (access(MEMORY, W_OK) == 0 && statvfs(MEMORY, &st) == 0 &&
	    (uint64_t)st.f_bavail * st.f_frsize >= ENOUGH)
		make_in(path, size, MEMORY);
	else
		place_new_disk(path, size);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
place_remove(const char *path)
{
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0 &&
	    errno != ENOENT)
		die(path);
}
