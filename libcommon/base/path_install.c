/* SPDX-License-Identifier: Apache-2.0 */
/* Where the programs and their data lie. See <qt/base/path.h>. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/path.h>

#ifndef QT_PREFIX
#define QT_PREFIX "/usr/local"
#endif

/*
 * The folder of the running executable, without its name. The kernel appends
 * " (deleted)" to a name that was replaced; the folder stays right.
 */
static int
exe_dir(char out[QT_PATH_SIZE])
{
	ssize_t	 len = readlink("/proc/self/exe", out, QT_PATH_SIZE - 1);
	char	*slash;

	if (len < 0)
		return -errno;
	out[len] = '\0';
	slash = strrchr(out, '/');
	if (slash == NULL)
		return -ENOENT;
	*slash = '\0';
	return 0;
}

/* Formats a path into out: 0 when it fits and access(2) allows mode. */
static int __attribute__((format(printf, 3, 4)))
try_path(char out[QT_PATH_SIZE], int mode, const char *fmt, ...)
{
	va_list	ap;
	int	len;

	va_start(ap, fmt);
	len = vsnprintf(out, QT_PATH_SIZE, fmt, ap);
	va_end(ap);
	if (len < 0 || len >= QT_PATH_SIZE)
		return -ENAMETOOLONG;
	return access(out, mode) < 0 ? -errno : 0;
}

/*
 * In the build tree the executable is build/bin/PROG, what was made for it is
 * build/NAME, and what needs no making is cmd/PROG/NAME, of any program.
 */
static int
try_build_tree(char out[QT_PATH_SIZE], const char *dir, const char *name)
{
	static const char *const	progs[] = { "qtd", "qt-session",
	    "qt-hist", "qt-map", "qt-shm", "qt-bench" };
	size_t				i;

	if (try_path(out, F_OK, "%s/../../cmd", dir) < 0)
		return -ENOENT;
	if (try_path(out, R_OK, "%s/../%s", dir, name) == 0)
		return 0;
	for (i = 0; i < sizeof(progs) / sizeof(progs[0]); i++) {
		if (try_path(out, R_OK, "%s/../../cmd/%s/%s", dir, progs[i],
		    name) == 0)
			return 0;
	}
	return -ENOENT;
}

/* folder: share or lib. */
static int
try_installed(char out[QT_PATH_SIZE], const char *folder, const char *name)
{
	char	dir[QT_PATH_SIZE];

	if (exe_dir(dir) == 0) {
		if (try_path(out, R_OK, "%s/../%s/qt/%s", dir, folder,
		    name) == 0)
			return 0;
		if (try_build_tree(out, dir, name) == 0)
			return 0;
	}
	return try_path(out, R_OK, QT_PREFIX "/%s/qt/%s", folder, name);
}

int
qt_path_data(const char *name, char out[QT_PATH_SIZE])
{
	const char	*set = getenv("QT_DATA_DIR");

	if (set != NULL && *set != '\0')
		return try_path(out, R_OK, "%s/%s", set, name);
	return try_installed(out, "share", name);
}

int
qt_path_lib(const char *name, char out[QT_PATH_SIZE])
{
	return try_installed(out, "lib", name);
}

void
qt_path_program(const char *name, char out[QT_PATH_SIZE])
{
	char	dir[QT_PATH_SIZE];

	if (exe_dir(dir) == 0 && try_path(out, X_OK, "%s/%s", dir, name) == 0)
		return;
	snprintf(out, QT_PATH_SIZE, "%s", name);
}
