/* SPDX-License-Identifier: Apache-2.0 */
/* Power cuts, everywhere in a record. See cut.h. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cut.h"
#include "disk.h"
#include "place.h"

#define SEEN	(1u << 20)		/* states that are remembered */

struct cut_log {
	struct disk	*disk;		/* as it was in the beginning */
	int		 fd;
};

/* One walk through the record. */
struct walk {
	struct disk		*disk;
	const struct cut_check	*c;
	struct cut_result	*out;
	char			 dir[256];
	uint64_t		*seen;
	struct cut_mark		*mark;
	struct cut_at		 at;
	uint64_t		 done;	/* marks CUT_DONE */
	unsigned int		 seed, first_seed;
	unsigned long		 every;	/* of the states, one is tried */
	unsigned long		 turn;
	int			 is_dry;
	unsigned char		*keep;
	size_t			 room;
	const struct qt_sys_event *last;
};

static void
die(const char *what)
{
	printf("Bail out! cut: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *
room(void *old, size_t size)
{
	void	*p = realloc(old, size > 0 ? size : 1);

	if (p == NULL)
		die("memory");
	return p;
}

/* --- The record ----------------------------------------------------------- */

struct cut_log *
cut_begin(const char *root, size_t unit, int is_kind)
{
	struct cut_log	*log = room(NULL, sizeof(*log));

	log->disk = disk_new(root, unit, is_kind);
	log->fd = memfd_create("cut", MFD_CLOEXEC);
	if (log->fd < 0 || fcntl(log->fd, F_SETFL, O_APPEND) < 0)
		die("a log");
	qt_sys_record(log->fd);
	return log;
}

void
cut_mark(uint64_t what, uint64_t value)
{
	qt_sys_record_mark(what, value);
}

void
cut_end(struct cut_log *log)
{
	(void)log;
	qt_sys_record(-1);
}

void
cut_free(struct cut_log *log)
{
	close(log->fd);
	disk_free(log->disk);
	free(log);
}

/* --- States --------------------------------------------------------------- */

static const char *
call_name(const struct qt_sys_event *e)
{
	static const char *const	names[QT_SYS_COUNT_ + 1] = {
		[QT_SYS_OPEN] = "open", [QT_SYS_PWRITE] = "write",
		[QT_SYS_FSYNC] = "sync", [QT_SYS_FTRUNCATE] = "truncate",
		[QT_SYS_FALLOCATE] = "allocate", [QT_SYS_LINK] = "link",
		[QT_SYS_RENAME] = "rename", [QT_SYS_UNLINK] = "unlink",
		[QT_SYS_MKDIR] = "mkdir", [QT_SYS_COUNT_] = "mark",
	};

	return names[e->call] != NULL ? names[e->call] : "?";
}

/* What is not there, in words, as far as there is room. */
static void
say(struct walk *w, const char *how, const char *wrong)
{
	char	*text = w->out->wrong;
	size_t	 size = sizeof(w->out->wrong), len, n = disk_count(w->disk);

	len = (size_t)snprintf(text, size, "%s; cut after record %zu (%s %.*s),"
	    " %s, SEED=%u; lost of %zu:", wrong, w->at.record,
	    call_name(w->last), (int)w->last->name_len,
	    (const char *)(w->last + 1), how, w->first_seed, n);
	for (size_t i = 0; i < n && len < size; i++)
		if (!w->keep[i])
			len += (size_t)snprintf(text + len, size - len,
			    " [%llu: %s]", (unsigned long long)disk_record(
			    w->disk, i), disk_say(w->disk, i));
}

/* Has it been tried with the same to be found in it? */
static int
is_new(struct walk *w, uint64_t hash)
{
	uint64_t	i;

	hash = (hash ^ w->done * UINT64_C(0x9e3779b97f4a7c15)) | 1;
	for (i = hash >> 20 & (SEEN - 1); w->seen[i] != 0;
	    i = (i + 1) & (SEEN - 1))
		if (w->seen[i] == hash)
			return 0;
	if (w->turn < SEEN / 2)
		w->seen[i] = hash;
	return 1;
}

static void
attempt(struct walk *w, const char *how)
{
	const char	*wrong;

	if (w->out->wrong[0] != '\0' ||
	    !is_new(w, disk_choose(w->disk, w->keep)))
		return;
	if (w->turn++ % w->every != 0) {
		w->out->skipped++;
		return;
	}
	w->out->states++;
	if (w->is_dry)
		return;
	if (mkdir(w->dir, 0700) < 0)
		die(w->dir);
	disk_build(w->disk, w->dir);
	wrong = w->c->check(w->c->arg, w->dir, &w->at);
	place_remove(w->dir);
	if (wrong != NULL)
		say(w, how, wrong);
}

/* All, or nothing, but what one record did, or one effect. */
static void
single(struct walk *w, int is_kept, size_t i, int is_record)
{
	size_t		n = disk_count(w->disk);
	uint64_t	record = disk_record(w->disk, i);

	memset(w->keep, !is_kept, n);
	w->keep[i] = (unsigned char)is_kept;
	for (size_t j = 0; j < n && is_record; j++)
		if (disk_record(w->disk, j) == record)
			w->keep[j] = (unsigned char)is_kept;
	if (is_kept)
		disk_keep(w->disk, w->keep);
	else
		disk_lose(w->disk, w->keep);
	attempt(w, is_kept ? is_record ? "one record kept" : "one kept" :
	    is_record ? "one record lost" : "one lost");
}

static void
singles(struct walk *w, int is_record)
{
	size_t	n = disk_count(w->disk), tries = w->c->singles, i;

	if (tries == 0 || tries >= n) {
		for (i = 0; i < n; i++) {
			if (is_record && i > 0 && disk_record(w->disk, i) ==
			    disk_record(w->disk, i - 1))
				continue;
			single(w, 0, i, is_record);
			single(w, 1, i, is_record);
		}
		return;
	}
	while (tries-- > 0) {
		single(w, 0, (size_t)rand_r(&w->seed) % n, is_record);
		single(w, 1, (size_t)rand_r(&w->seed) % n, is_record);
	}
}

static void
random_one(struct walk *w)
{
	size_t	n = disk_count(w->disk);
	int	odds = 1 + rand_r(&w->seed) % 7;

	for (size_t i = 0; i < n; i++)
		w->keep[i] = rand_r(&w->seed) % 8 < odds;
	if (rand_r(&w->seed) % 2 == 0)
		disk_keep(w->disk, w->keep);
	else
		disk_lose(w->disk, w->keep);
	attempt(w, "at random");
}

static void
look(struct walk *w)
{
	size_t	n = disk_count(w->disk);

	if (n + 1 > w->room) {
		w->room = n * 2 + 64;
		w->keep = room(w->keep, w->room);
	}
	memset(w->keep, 0, n);
	attempt(w, "all lost");
	memset(w->keep, 1, n);
	attempt(w, "all kept");
	if (n < 2)
		return;
	singles(w, 1);
	singles(w, 0);
	for (unsigned int i = 0; i < w->c->randoms; i++)
		random_one(w);
}

/* --- The walk ------------------------------------------------------------- */

static int
is_mark(struct walk *w, const struct qt_sys_event *e)
{
	if (e->call != QT_SYS_COUNT_)
		return 0;
	w->mark = room(w->mark, (w->at.count + 1) * sizeof(*w->mark));
	w->mark[w->at.count++] = (struct cut_mark){ e->ino, (uint64_t)e->at };
	w->at.marks = w->mark;
	w->done += e->ino == CUT_DONE;
	return e->ino == CUT_DONE;
}

/* The root is built again from nothing, so that a log can be walked twice. */
static void
walk(struct walk *w, const unsigned char *text, size_t size)
{
	struct qt_sys_event	*e = NULL;
	uint64_t		 len;

	look(w);
	for (size_t at = 0; at < size && w->out->wrong[0] == '\0'; at += len) {
		memcpy(&len, text + at, sizeof(len));
		/* A copy, aligned as a record should be. */
		e = room(e, len);
		memcpy(e, text + at, len);
		w->last = e;
		w->at.record++;
		if (is_mark(w, e) | disk_apply(w->disk, e))
			look(w);
	}
	w->out->records = w->at.record;
	free(e);
}

static unsigned int
seed_of(void)
{
	const char	*text = getenv("SEED");

	return text != NULL ? (unsigned int)strtoul(text, NULL, 10) :
	    (unsigned int)getpid();
}

static void
one_walk(struct cut_log *log, struct walk *w, const unsigned char *text,
    size_t size)
{
	static const struct qt_sys_event	start = {
		.call = QT_SYS_COUNT_ };

	w->disk = disk_dup(log->disk);
	w->seen = calloc(SEEN, sizeof(*w->seen));
	if (w->seen == NULL)
		die("memory");
	w->last = &start;
	memset(w->out, 0, sizeof(*w->out));
	walk(w, text, size);
	disk_free(w->disk);
	free(w->seen);
	free(w->mark);
	free(w->keep);
}

void
cut_each(struct cut_log *log, const struct cut_check *check,
    struct cut_result *out)
{
	struct walk	 w = { .c = check, .out = out, .every = 1 };
	struct walk	 dry;
	off_t		 size = lseek(log->fd, 0, SEEK_END);
	unsigned char	*text = size > 0 ? mmap(NULL, (size_t)size, PROT_READ,
	    MAP_SHARED, log->fd, 0) : NULL;

	if (size < 0 || text == MAP_FAILED)
		die("read the log");
	place_new(w.dir, sizeof(w.dir));
	strcat(w.dir, "/cut");
	w.seed = w.first_seed = seed_of();
	dry = w;
	dry.is_dry = 1;
	one_walk(log, &dry, text, (size_t)size);
	if (check->max > 0 && out->states > check->max)
		w.every = (out->states + check->max - 1) / check->max;
	one_walk(log, &w, text, (size_t)size);
	*strrchr(w.dir, '/') = '\0';
	place_remove(w.dir);
	if (size > 0)
		munmap(text, (size_t)size);
}
