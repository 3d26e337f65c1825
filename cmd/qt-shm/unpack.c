/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A .npz file into a segment. See unpack.h.
 *
 *	1. The file is read to its end: it is whole, and its checksums are
 *	   right. Nothing is touched, not even as a participant.
 *	2. Its names are looked for: they are free, or, when forced, structures
 *	   just like the members, which are opened.
 *	3. The others are made, empty: there is space for all of them.
 *	4. New ones are filled, then the older ones.
 *
 * What fails in 3 or 4, and a signal that ends us, erases the new ones again.
 * In 4 only a file that changes meanwhile, or fails to be read twice, is left
 * to go wrong; older ones come last because they cannot be put back.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/sys.h>
#include <qt/npz/npz.h>

#include "dest.h"
#include "unpack.h"
#include "whole.h"

#define PIECE	65536u

struct unpack {
	const char	*path;
	struct qt_npz	*npz;
	struct qt_seg	*seg;
	struct dest	*dests;		/* one a member */
	uint32_t	 count;
	struct qt_err	 err;
	sigset_t	 ending;	/* signals that end us, at a good point */
};

/* --- The file ------------------------------------------------------------ */

/* A copy that can be read twice, of what comes from a pipe. */
static int
copy_of(const char *path, int from, uint64_t max)
{
	char		*buf = malloc(PIECE);
	int		 to = whole_temporary();
	ssize_t		 n = 1;
	uint64_t	 size = 0;
	int		 rc = buf != NULL ? 0 : -ENOMEM;

	for (; n > 0 && rc == 0 && size <= max; size += (uint64_t)n) {
		n = qt_sys_read(from, buf, PIECE);
		rc = n > 0 ? qt_sys_write_all(to, buf, (size_t)n) : (int)n;
	}
	free(buf);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s%s", path, qt_strerror(rc), n > 0 ?
		    WHOLE_KEPT : "");
	if (size > max)
		qt_die(QT_EXIT_SYS, "%s: it is longer than the segment", path);
	return to;
}

/* Read and checked, all of it. */
static void
open_file(struct unpack *u, int fd, const struct target *t)
{
	struct qt_seg		*seg = target_open(t, QT_SEG_RDONLY);
	struct qt_seg_info	 info;
	struct stat		 st;
	const char		*why;
	int			 rc, copy = -1;

	qt_seg_describe(seg, &info);
	target_close(seg);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    lseek(fd, 0, SEEK_CUR) != 0)
		fd = copy = copy_of(u->path, fd, info.size + info.size / 64 +
		    UINT64_C(1024) * info.entries);
	rc = qt_npz_open(&u->npz, fd, info.entries, info.size, &u->err);
	if (rc == 0)
		rc = qt_npz_check(u->npz, &u->err);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s%s", u->path, u->err.text[0] != '\0' ?
		    u->err.text : qt_strerror(rc), rc == -QT_EFORMAT ?
		    " (a .npy file goes into SEG/NAME)" : "");
	u->count = qt_npz_count(u->npz);
	for (uint32_t i = 0; i < u->count; i++) {
		why = dest_why_not(&qt_npz_member(u->npz, i)->npy);
		if (why != NULL)
			qt_die(QT_EXIT_SYS, "%s: member '%s': %s", u->path,
			    qt_npz_member(u->npz, i)->name, why);
	}
}

/* --- All or none --------------------------------------------------------- */

static void
close_all(struct unpack *u, int is_undone)
{
	for (uint32_t i = 0; i < u->count; i++) {
		if (is_undone && u->dests[i].is_touched && !u->dests[i].is_new)
			qt_warn("%s: it was stored into already",
			    u->dests[i].target.text);
		dest_close(&u->dests[i], u->seg, is_undone);
	}
	free(u->dests);
	qt_npz_close(u->npz);
	target_close(u->seg);
}

static _Noreturn void
give_up(struct unpack *u)
{
	close_all(u, 1);
	/* The signal that was asked for, if that is why. */
	sigprocmask(SIG_UNBLOCK, &u->ending, NULL);
	exit(QT_EXIT_SYS);
}

static int
is_ending(const struct unpack *u)
{
	sigset_t	now;

	sigpending(&now);
	return sigandset(&now, &now, &u->ending) == 0 && !sigisemptyset(&now);
}

static void
find_all(struct unpack *u, const struct target *seg_target, int is_forced)
{
	const struct qt_npz_member	*m;
	struct target			 t;

	for (uint32_t i = 0; i < u->count; i++) {
		m = qt_npz_member(u->npz, i);
		t = *seg_target;
		snprintf(t.name, sizeof(t.name), "%s", m->name);
		snprintf(t.text, sizeof(t.text), "%s/%s", t.seg, m->name);
		if (dest_find(&u->dests[i], &t, u->seg, &m->npy, is_forced) < 0)
			give_up(u);
	}
}

static void
make_all(struct unpack *u)
{
	struct dest	*d;

	for (uint32_t i = 0; i < u->count; i++) {
		d = &u->dests[i];
		if (d->array != NULL || d->value != NULL)
			continue;
		if (is_ending(u) || dest_make(d, u->seg,
		    &qt_npz_member(u->npz, i)->npy) < 0)
			give_up(u);
	}
}

static int
get(void *arg, void *out, size_t len)
{
	struct unpack	*u = arg;

	return is_ending(u) ? -EINTR : qt_npz_get(u->npz, out, len, &u->err);
}

static void
fill_all(struct unpack *u, int is_new)
{
	int	rc;

	for (uint32_t i = 0; i < u->count; i++) {
		if (u->dests[i].is_new != is_new)
			continue;
		rc = qt_npz_start(u->npz, i, &u->err);
		if (rc == 0)
			rc = dest_fill(&u->dests[i],
			    &qt_npz_member(u->npz, i)->npy, get, u);
		if (rc == 0)
			rc = qt_npz_end(u->npz, &u->err);
		if (rc < 0 && rc != -ECANCELED && rc != -EINTR)
			qt_warn("%s: %s", u->path, u->err.text);
		if (rc < 0)
			give_up(u);
	}
}

void
unpack(const char *path, int fd, const struct target *t, int is_forced)
{
	struct unpack	u = { .path = path };

	open_file(&u, fd, t);
	u.dests = calloc(u.count, sizeof(*u.dests));
	if (u.dests == NULL)
		qt_die(QT_EXIT_SYS, "no memory for %u members", u.count);
	u.seg = target_open(t, QT_SEG_JOIN);
	sigemptyset(&u.ending);
	sigaddset(&u.ending, SIGHUP);
	sigaddset(&u.ending, SIGINT);
	sigaddset(&u.ending, SIGTERM);
	find_all(&u, t, is_forced);
	sigprocmask(SIG_BLOCK, &u.ending, NULL);
	make_all(&u);
	fill_all(&u, 1);
	fill_all(&u, 0);
	close_all(&u, 0);
	sigprocmask(SIG_UNBLOCK, &u.ending, NULL);
}
