/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_TRACES_H
#define QT_TEST_TRACES_H
/* Are these bytes in any file of a folder, or in any shared memory of a name? */

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* In what is no hole: reading one would fill it, in shared memory. */
static inline bool
traces_in_file(int dirfd, const char *name, const char *bytes)
{
	int	fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	off_t	at = 0, end;
	bool	is = false;

	if (fd < 0)
		abort();
	while (!is && (at = lseek(fd, at, SEEK_DATA)) >= 0) {
		char	*data;
		ssize_t	 n;

		end = lseek(fd, at, SEEK_HOLE);
		data = malloc((size_t)(end - at) + 1);
		if (end <= at || data == NULL)
			abort();
		n = pread(fd, data, (size_t)(end - at), at);
		if (n < 0)
			abort();
		is = memmem(data, (size_t)n, bytes, strlen(bytes)) != NULL;
		free(data);
		at = end;
	}
	close(fd);
	return is;
}

/* How many files; those below it whose names begin with prefix. Tells which. */
static inline unsigned int
traces_in_folder(const char *path, const char *prefix, const char *bytes)
{
	DIR		*d = opendir(path);
	struct dirent	*e;
	unsigned int	 count = 0;

	if (d == NULL)
		abort();
	while ((e = readdir(d)) != NULL) {
		char		below[1024];
		struct stat	st;

		if (e->d_name[0] == '.' || strncmp(e->d_name, prefix,
		    strlen(prefix)) != 0 || fstatat(dirfd(d), e->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
		if (S_ISDIR(st.st_mode)) {
			count += traces_in_folder(below, "", bytes);
		} else if (S_ISREG(st.st_mode) &&
		    traces_in_file(dirfd(d), e->d_name, bytes)) {
			printf("# '%s' is in %s\n", bytes, below);
			count++;
		}
	}
	closedir(d);
	return count;
}

#endif /* QT_TEST_TRACES_H */
