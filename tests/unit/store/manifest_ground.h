/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_MANIFEST_GROUND_H
#define QT_TEST_MANIFEST_GROUND_H

/* What the tests of manifests stand on: a folder with manifest/ in it. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "../../../libcommon/store/manifest_file_priv.h"
#include "../place.h"
#include "../test.h"

struct ground {
	char	path[64];
	int	fd;
};

static inline void
ground_new(struct ground *g)
{
	place_new(g->path, sizeof(g->path));
	g->fd = open(g->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(g->fd >= 0);
	assert_int_equal(mkdirat(g->fd, "manifest", 0777), 0);
}

/* Every file in a folder of it, and how many there were. */
static inline unsigned int
ground_empty(const struct ground *g, const char *name)
{
	int		 fd = openat(g->fd, name, O_RDONLY | O_CLOEXEC);
	DIR		*dir = fdopendir(fd);
	struct dirent	*d;
	unsigned int	 count = 0;

	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL) {
		if (unlinkat(fd, d->d_name, 0) == 0)
			count++;
	}
	closedir(dir);
	return count;
}

static inline void
ground_end(struct ground *g)
{
	ground_empty(g, "manifest");
	unlinkat(g->fd, "manifest", AT_REMOVEDIR);
	ground_empty(g, ".");
	close(g->fd);
	assert_int_equal(rmdir(g->path), 0);
}

static inline int
ground_has(const struct ground *g, const char *name)
{
	return faccessat(g->fd, name, F_OK, 0) == 0;
}

static inline void
ground_write(const struct ground *g, const char *name, const void *data,
    size_t len)
{
	int	fd = openat(g->fd, name,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	assert_true(fd >= 0);
	assert_int_equal(qt_sys_write_all(fd, data, len), 0);
	close(fd);
}

/* Reads a whole file; the caller frees it. */
static inline void *
ground_read(const struct ground *g, const char *name, size_t *len)
{
	int		 fd = openat(g->fd, name, O_RDONLY | O_CLOEXEC);
	struct stat	 st;
	void		*data;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	data = malloc((size_t)st.st_size + 1);
	assert_non_null(data);
	*len = (size_t)st.st_size;
	assert_int_equal(read(fd, data, *len), *len);
	close(fd);
	return data;
}

/* A slice in file number, of keys that are strings; versions as the number. */
static inline int
add_slice(struct qt__manifest_edit *e, uint64_t id, uint64_t number,
    uint64_t version, const char *min, const char *max)
{
	struct qt__run_info	info = { .number = number,
	    .size = 1000 + number, .records = 10, .dels = 1,
	    .raw_bytes = 900, .min_version = version, .max_version = version };

	return qt__manifest_slice_add(e, id, &info, min, strlen(min), max,
	    strlen(max));
}

/* Saves, and must not fail; e is gone. */
static inline struct qt__manifest *
must_save(struct qt__manifest_edit *e, int fd)
{
	struct qt_err		 err = QT_ERR_INIT;
	struct qt__manifest	*m;
	int			 rc = qt__manifest_save(e, fd, &m, &err);

	if (rc < 0)
		fail_msg("save: %s: %s", err.text, qt_strerror(rc));
	return m;
}

static inline struct qt__manifest *
must_load(int fd, uint64_t number)
{
	struct qt_err		 err = QT_ERR_INIT;
	struct qt__manifest	*m;
	int			 rc = qt__manifest_load(&m, fd, number, &err);

	if (rc < 0)
		fail_msg("load: %s: %s", err.text, qt_strerror(rc));
	return m;
}

static inline struct qt__manifest_edit *
must_edit(const struct qt__manifest *from)
{
	struct qt__manifest_edit	*e;

	assert_int_equal(qt__manifest_edit(&e, from), 0);
	return e;
}

#endif /* QT_TEST_MANIFEST_GROUND_H */
