/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether all files of a store are sound. See <qt/store/store.h>.
 *
 * It reads FORMAT, the current manifest, and every byte of the runs that this
 * names, and compares them with what it says of them; then the logs, and the big
 * values that records name. No lock is taken: where a file is gone and another
 * manifest is current by then, a compaction removed it, and the runs that are new
 * in that manifest are read. A file that nothing names is no damage; it is noted
 * if nobody has the store open.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "durable_priv.h"
#include "lock_priv.h"
#include "verify_priv.h"

static void __attribute__((format(printf, 3, 0)))
say(struct qt__verify *v, const char *kind, const char *fmt, va_list ap)
{
	char	text[512];
	int	len = snprintf(text, sizeof(text), "%s", kind);

	vsnprintf(text + len, sizeof(text) - (size_t)len, fmt, ap);
	v->tell(v->arg, text);
}

void
qt__verify_found(struct qt__verify *v, const char *fmt, ...)
{
	va_list	ap;

	v->found++;
	va_start(ap, fmt);
	say(v, "", fmt, ap);
	va_end(ap);
}

bool
qt__verify_is_used(struct qt__verify *v)
{
	if (!v->is_used && v->lock_fd >= 0)
		v->is_used = qt_sys_is_used(v->lock_fd, QT__USER_BASE,
		    QT__USER_MAX + 1) != 0;
	return v->is_used;
}

void
qt__verify_note(struct qt__verify *v, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	say(v, "note: ", fmt, ap);
	va_end(ap);
}

static bool
is_done(const struct qt__verify *v, uint64_t number)
{
	for (size_t i = 0; i < v->done_count; i++) {
		if (v->done[i] == number)
			return true;
	}
	return false;
}

static int
add_done(struct qt__verify *v, uint64_t number)
{
	size_t		 wanted = v->done_room < 16 ? 16 : v->done_room * 2;
	uint64_t	*more;

	if (v->done_count == v->done_room) {
		more = realloc(v->done, wanted * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		v->done = more;
		v->done_room = wanted;
	}
	v->done[v->done_count++] = number;
	return 0;
}

/* The file's first and last keys, and what the manifest says. */
static void
compare_keys(struct qt__verify *v, const struct qt__manifest *m,
    const struct qt__slice *s, struct qt__cursor *c)
{
	const struct qt__entry	*e = &c->entry;

	if (c->ops->seek(c, "", 0) == 1 && qt__key_compare(e->key, e->key_len,
	    m->heap + s->min_at, s->min_len) > 0)
		qt__verify_found(v, "run/%012llu.run: its first key is "
		    "greater than the manifest says",
		    (unsigned long long)s->info.number);
	if (c->ops->seek_before(c, NULL, 0) == 1 && qt__key_compare(e->key,
	    e->key_len, m->heap + s->max_at, s->max_len) != 0)
		qt__verify_found(v, "run/%012llu.run: its last key is not "
		    "what the manifest says",
		    (unsigned long long)s->info.number);
}

static bool
is_current(const struct qt__verify *v, const struct qt__manifest *m)
{
	uint64_t	number;

	return qt__manifest_current(v->dirfd, &number, NULL) < 0 ||
	    number == m->number;
}

static int
check_values(struct qt__verify *v, const struct qt__manifest *m,
    const struct qt__slice *s, struct qt__cursor *c)
{
	char	of[40];
	int	r, rc = 0;

	snprintf(of, sizeof(of), "run/%012llu.run",
	    (unsigned long long)s->info.number);
	for (r = c->ops->seek(c, m->heap + s->min_at, s->min_len);
	    r == 1 && rc == 0; r = c->ops->next(c)) {
		rc = qt__verify_value(v, &c->entry, of);
		if (rc != -ENOENT)
			continue;
		if (is_current(v, m))
			qt__verify_missing(v, &c->entry, of);
		rc = 0;
	}
	return rc;
}

static int
compare_run(struct qt__verify *v, const struct qt__manifest *m,
    const struct qt__slice *s)
{
	struct qt__run_info	 info;
	struct qt__cursor	*c;
	struct qt__run		*r;
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc;

	rc = qt__run_open(&r, v->run_fd, s->info.number, QT__RUN_VERIFY, NULL,
	    &err);
	if (rc < 0)
		return rc;
	qt__run_describe(r, &info);
	if (memcmp(&info, &s->info, sizeof(info)) != 0)
		qt__verify_found(v, "run/%012llu.run: its size, its counts or "
		    "its versions are not what the manifest says",
		    (unsigned long long)s->info.number);
	rc = qt__run_cursor(r, &c, &err);
	if (rc == 0) {
		compare_keys(v, m, s, c);
		rc = check_values(v, m, s, c);
		c->ops->close(c);
	}
	qt__run_close(r);
	return rc;
}

/* -ENOENT: it is not there. */
static int
verify_run(struct qt__verify *v, const struct qt__manifest *m,
    const struct qt__slice *s)
{
	int	rc = qt__run_verify(v->run_fd, s->info.number, v->tell, v->arg);

	if (rc > 0)
		v->found += rc;
	if (rc == 0)
		rc = compare_run(v, m, s);
	if (rc == -ENOENT || rc == -ENOMEM || rc == -EMFILE)
		return rc;
	if (rc < 0)
		qt__verify_found(v, "run/%012llu.run: %s",
		    (unsigned long long)s->info.number, qt_strerror(rc));
	return add_done(v, s->info.number);
}

/* All runs of one manifest. -ENOENT: another one counts by now. */
static int
verify_runs(struct qt__verify *v, const struct qt__manifest *m)
{
	size_t	before = v->done_count;
	int	rc;

	for (uint32_t i = 0; i < m->slice_count; i++) {
		const struct qt__slice	*s = &m->slices[i];

		if (before > 0 && is_done(v, s->info.number))
			continue;
		rc = verify_run(v, m, s);
		if (rc != -ENOENT && rc < 0)
			return rc;
		if (rc != -ENOENT)
			continue;
		if (!is_current(v, m))
			return -ENOENT;
		qt__verify_found(v, "run/%012llu.run: it is missing, and "
		    "manifest %llu names it",
		    (unsigned long long)s->info.number,
		    (unsigned long long)m->number);
		rc = add_done(v, s->info.number);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Without a manifest: each run by itself. */
static int
verify_any(void *arg, const char *name)
{
	struct qt__verify	*v = arg;
	uint64_t		 number = qt__number_of(name, ".run");
	int			 rc = number == 0 ? 0 :
	    qt__run_verify(v->run_fd, number, v->tell, v->arg);

	if (rc > 0)
		v->found += rc;
	return rc < 0 && rc != -ENOENT ? rc : 0;
}

static int
note_run(void *arg, const char *name)
{
	struct qt__verify	*v = arg;
	uint64_t		 number = qt__number_of(name, ".run");

	if (number == 0 || !is_done(v, number))
		qt__verify_note(v, "run/%s: the manifest does not name it",
		    name);
	return 0;
}

static int
verify_files(struct qt__verify *v, struct qt_err *err)
{
	struct qt__manifest	*m = NULL;
	int			 rc;

	do {
		qt__manifest_free(m);
		rc = qt__manifest_load(&m, v->dirfd, 0, err);
		if (rc == -QT_ECORRUPT) {
			qt__verify_found(v, "%s", err->text);
			return qt__each_name(v->run_fd, ".", verify_any, v);
		}
		if (rc < 0)
			return rc;
		rc = verify_runs(v, m);
	} while (rc == -ENOENT);
	if (rc == 0 && !qt__verify_is_used(v))
		rc = qt__each_name(v->run_fd, ".", note_run, v);
	if (rc == 0)
		rc = qt__verify_logs(v, m);
	if (rc == 0 && v->big_fd >= 0 && !qt__verify_is_used(v))
		rc = qt__verify_bigs(v, m);
	qt__manifest_free(m);
	return rc;
}

/* A folder of it, or damage. */
static int
open_folder(struct qt__verify *v, const char *name)
{
	int	fd = qt_sys_open(v->dirfd, name, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		qt__verify_found(v, "folder %s: %s", name, qt_strerror(fd));
	return fd;
}

static int
open_all(struct qt__verify *v, struct qt_err *err)
{
	int	rc = qt__format_load(&v->format, v->dirfd, err);

	if (rc == -QT_EFORMAT || rc == -QT_EVERSION)
		return rc;
	v->has_format = rc == 0;
	if (rc < 0)
		qt__verify_found(v, "%s: %s", err->text, qt_strerror(rc));
	v->lock_fd = qt_sys_open(v->dirfd, "LOCK", O_RDONLY | O_NONBLOCK, 0);
	if (v->lock_fd < 0)
		qt__verify_found(v, "LOCK: %s", qt_strerror(v->lock_fd));
	(void)qt__verify_is_used(v);
	v->run_fd = open_folder(v, "run");
	v->big_fd = open_folder(v, "big");
	if (!v->has_format) {
		v->wal_fd = open_folder(v, "wal");
		return 0;
	}
	v->wal_fd = qt__format_wal_dir(&v->format, v->dirfd, err);
	if (v->wal_fd < 0)
		qt__verify_found(v, "%s: %s", err->text,
		    qt_strerror(v->wal_fd));
	return 0;
}

int
qt_store_verify(const char *path, void (*tell)(void *arg, const char *what),
    void *arg, struct qt_err *err)
{
	struct qt__verify	 v = { .lock_fd = -1, .run_fd = -1,
	    .wal_fd = -1, .big_fd = -1, .tell = tell, .arg = arg };
	int			*fds[] = { &v.dirfd, &v.lock_fd, &v.run_fd,
	    &v.wal_fd, &v.big_fd };
	struct qt_err		 own = QT_ERR_INIT;
	int			 rc;

	if (err == NULL)
		err = &own;
	qt_err_set(err, "open its folder");
	v.dirfd = qt_sys_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	rc = v.dirfd < 0 ? v.dirfd : open_all(&v, err);
	if (rc == 0 && v.run_fd >= 0 && v.wal_fd >= 0)
		rc = verify_files(&v, err);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (*fds[i] >= 0)
			close(*fds[i]);
	free(v.done);
	qt_buf_clear(&v.named);
	if (rc < 0)
		qt_err_wrap(err, "verify store '%s'", path);
	return rc < 0 ? rc : v.found;
}
