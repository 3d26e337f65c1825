/* SPDX-License-Identifier: Apache-2.0 */
/* Where a row of `qt-bench store` keeps its data. See store_rows.h. */

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "store_rows.h"

#define SHM	"/dev/shm"
#define PREFIX	"qt-store-"
#define HEX	16u

static char	place[QT_PATH_SIZE];	/* of the row, while there is one */
static pid_t	place_pid;		/* a fork child must not remove it */

static const char *
base_of(const struct bench_opt *opt)
{
	const char	*tmp = getenv("TMPDIR");

	return opt->dir != NULL ? opt->dir : tmp != NULL && *tmp != '\0' ?
	    tmp : ".";
}

/* --- A store's shared memory ---------------------------------------------- */

/*
 * Its segments, found as what is mapped when it is open, are removed: those
 * with the same PREFIX and HEX digits.
 */
static void
unlink_mapped(void)
{
	char	line[PATH_MAX + 128], *name;
	FILE	*f = fopen("/proc/self/maps", "re");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		name = strstr(line, SHM "/" PREFIX);
		if (name == NULL || strlen(name) < strlen(SHM "/" PREFIX) +
		    HEX)
			continue;
		name[strcspn(name, " \n")] = '\0';
		unlink(name);
	}
	if (f != NULL)
		fclose(f);
}

static void
forget_in_child(const char *path)
{
	struct qt_store_options	 o = { .flags = QT_STORE_NO_THREADS };
	struct qt_store		*s;
	struct qt_store_value	 v = QT_STORE_VALUE_INIT;

	if (qt_store_open(path, &o, &s, NULL) < 0)
		return;
	/* A look maps the memtables, too. */
	(void)qt_store_get(s, NULL, &v, "?", 1, NULL);
	qt_store_value_clear(&v);
	unlink_mapped();
}

void
store_forget(const char *path)
{
	char	format[QT_PATH_SIZE + 16];
	pid_t	pid;

	snprintf(format, sizeof(format), "%s/FORMAT", path);
	if (access(format, F_OK) < 0)
		return;
	pid = fork();
	if (pid == 0) {
		forget_in_child(path);
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* --- Folders -------------------------------------------------------------- */

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	remove(path);
	return 0;
}

void
store_remove(const char *path)
{
	store_forget(path);
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int
forget_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	if (type == FTW_D && ftw->level == 1)
		store_forget(path);
	return 0;
}

void
store_leave(void)
{
	if (place[0] == '\0' || getpid() != place_pid)
		return;
	nftw(place, forget_one, 8, FTW_PHYS);
	nftw(place, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	place[0] = '\0';
}

static void
on_signal(int sig)
{
	(void)sig;
	exit(QT_EXIT_SYS);
}

void
store_enter(const struct bench_opt *opt)
{
	static int	is_armed;
	char		base[PATH_MAX];

	if (!is_armed) {
		atexit(store_leave);
		signal(SIGINT, on_signal);
		signal(SIGTERM, on_signal);
		is_armed = 1;
	}
	place_pid = getpid();
	/* Absolute: programs are told of it by their environment. */
	if (realpath(base_of(opt), base) == NULL ||
	    snprintf(place, sizeof(place), "%s/qt-bench-XXXXXX", base) >=
	    (int)sizeof(place) / 2 ||
	    mkdtemp(place) == NULL) {
		place[0] = '\0';
		qt_die(QT_EXIT_SYS, "make a folder in '%s': %s", base_of(opt),
		    strerror(errno));
	}
}

const char *
store_path(const char *engine, char out[QT_PATH_SIZE])
{
	snprintf(out, QT_PATH_SIZE, "%.*s/%s", QT_PATH_SIZE / 2, place,
	    engine);
	return out;
}

/* --- The file system ------------------------------------------------------ */

/* "36 25 254:1 / / rw,relatime - ext4 /dev/vda ..." */
static int
is_line_of(const char *line, dev_t dev, char type[64])
{
	unsigned int	major_no, minor_no;
	const char	*rest = strstr(line, " - ");

	return rest != NULL && sscanf(line, "%*d %*d %u:%u", &major_no,
	    &minor_no) == 2 && makedev(major_no, minor_no) == dev &&
	    sscanf(rest, " - %63s", type) == 1;
}

const char *
store_file_system(const struct bench_opt *opt, int *is_memory)
{
	static char	type[64];
	char		line[2048];
	struct stat	st;
	FILE		*f = fopen("/proc/self/mountinfo", "re");
	int		is_found = 0;

	if (f != NULL && stat(base_of(opt), &st) == 0)
		while (!is_found && fgets(line, sizeof(line), f) != NULL)
			is_found = is_line_of(line, st.st_dev, type);
	if (f != NULL)
		fclose(f);
	if (!is_found)
		snprintf(type, sizeof(type), "a file system of no name");
	*is_memory = strcmp(type, "tmpfs") == 0 || strcmp(type, "ramfs") == 0;
	return type;
}
