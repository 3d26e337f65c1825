/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power is cut while manifests, and the runs that they name, are written:
 * CURRENT names a whole manifest, not older than what was acknowledged, all of
 * whose files are sound; and the next one can be saved.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "../../libcommon/store/manifest_priv.h"
#include "cut_case.h"

#define SAVES	5u
#define RECORDS	40u

static int
open_folder(const char *dir)
{
	int	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	must(fd >= 0, "open the folder");
	return fd;
}

static void
begin(const char *dir)
{
	int	fd = open_folder(dir);

	must(mkdirat(fd, "manifest", 0700) == 0, "mkdir");
	must(mkdirat(fd, "run", 0700) == 0, "mkdir");
	close(fd);
}

/* A run with that number, and its name, on the disk. */
static void
write_run(int fd, uint64_t number, struct qt__run_info *info)
{
	struct qt__run_options	 o = { .block_size = 512 };
	struct qt__run_writer	*w;
	char			 key[16], value[100];
	int			 dirfd = openat(fd, "run",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	memset(value, 'v', sizeof(value));
	must(qt__run_create(&w, dirfd, number, &o, NULL) == 0, "run");
	for (unsigned int i = 0; i < RECORDS; i++) {
		struct qt__entry	e = { .key = (uint8_t *)key,
		    .key_len = 4, .value = (uint8_t *)value,
		    .value_len = sizeof(value), .version = number * 100 + i };

		snprintf(key, sizeof(key), "k%03u", i);
		must(qt__run_add(w, &e, NULL) == 0, "add");
	}
	must(qt__run_finish(w, info, NULL) == 0, "finish");
	must(qt_sys_fsync(dirfd) == 0, "sync run/");
	close(dirfd);
}

/* A manifest more, which names one run more. */
static struct qt__manifest *
save(int fd, struct qt__manifest *from)
{
	struct qt__manifest_edit	*e;
	struct qt__manifest		*m;
	struct qt__run_info		 info;
	uint64_t			 number = from != NULL ?
	    from->number + 1 : 1;

	write_run(fd, number, &info);
	must(qt__manifest_edit(&e, from) == 0, "edit");
	must(qt__manifest_run_add(e, 0, number, 0, 0) == 0, "run");
	must(qt__manifest_slice_add(e, number, &info, "k000", 4, "k039", 4)
	    == 0, "slice");
	must(qt__manifest_save(e, fd, &m, NULL) == 0, "save");
	qt__manifest_free(from);
	return m;
}

static void
op(const char *dir)
{
	struct qt__manifest	*m = NULL;
	int			 fd = open_folder(dir);

	for (unsigned int i = 0; i < SAVES; i++) {
		m = save(fd, m);
		cut_mark(CUT_DONE, m->number);
		must(qt__manifest_prune(fd, m->number) == 0, "prune");
	}
	qt__manifest_free(m);
	close(fd);
}

/* All its records can be read, with checksums. */
static int
is_sound(int dirfd, uint64_t number)
{
	struct qt__cursor	*c;
	struct qt__run		*r;
	unsigned int		 count = 0;

	if (qt__run_open(&r, dirfd, number, QT__RUN_VERIFY, NULL, NULL) < 0)
		return 0;
	must(qt__run_cursor(r, &c, NULL) == 0, "cursor");
	for (int rc = c->ops->seek(c, "", 0); rc == 1; rc = c->ops->next(c))
		count += c->entry.value_len == 100 &&
		    c->entry.version / 100 == number;
	c->ops->close(c);
	qt__run_close(r);
	return count == RECORDS;
}

static const char *
check_runs(int fd, const struct qt__manifest *m)
{
	const char	*wrong = NULL;
	int		 dirfd = openat(fd, "run",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (m->slice_count != m->number)
		wrong = "a manifest without its slices";
	for (uint32_t i = 0; i < m->slice_count && wrong == NULL; i++)
		if (!is_sound(dirfd, m->slices[i].info.number))
			wrong = "a run that is not sound";
	close(dirfd);
	return wrong;
}

static const char *
check(void *arg, const char *dir, const struct cut_at *at)
{
	int			 fd = open_folder(dir), rc;
	struct qt_err		 err = QT_ERR_INIT;
	struct qt__manifest	*m;
	const char		*wrong = NULL;
	uint64_t		 done = at->count;

	(void)arg;
	rc = qt__manifest_load(&m, fd, 0, &err);
	if (rc < 0 && (done > 0 || faccessat(fd, "CURRENT", F_OK, 0) == 0)) {
		printf("# load: %s\n", err.text);
		wrong = "no manifest";
	} else if (rc == 0 && (m->number < done || m->number > done + 1)) {
		wrong = "an old manifest";
	} else if (rc == 0) {
		wrong = check_runs(fd, m);
	}
	if (wrong == NULL) {
		done = rc == 0 ? m->number : 0;
		m = save(fd, rc == 0 ? m : NULL);
		if (m->number != done + 1)
			wrong = "the next one has another number";
	}
	qt__manifest_free(m);
	close(fd);
	return wrong;
}

int
main(void)
{
	const struct cut_case	cases[] = {
		{ .name = "manifests and runs", .begin = begin, .op = op,
		    .check = { .check = check, .singles = 6, .randoms = 4 } },
		{ .name = "the same, torn in sectors", .begin = begin,
		    .op = op, .unit = 512,
		    .check = { .check = check, .singles = 4, .randoms = 4 } },
		{ .name = "the same, with a journal", .begin = begin,
		    .op = op, .is_kind = 1,
		    .check = { .check = check, .singles = 4, .randoms = 4 } },
	};

	return cut_all(cases, sizeof(cases) / sizeof(cases[0]));
}
