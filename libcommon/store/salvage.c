/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saving what is sound of a store. See qt_store_salvage() of <qt/store/store.h>.
 *
 *	runs, the oldest first ---.
 *	                           > put, one by one ---> a new store
 *	logs ---------------------'
 *
 * The manifest says which runs count, which of them are older, and what of them
 * has been merged away. Where CURRENT is damaged, the manifest with the greatest
 * number is taken; where that is, too, all runs that are in the folder, and of
 * each record it is asked whether another run has a newer one.
 *
 * A key whose newest value was in a file of its own that is damaged is left out:
 * an older value of it would be a wrong one.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/le.h>
#include <qt/base/sys.h>
#include <qt/base/text.h>

#include "block_zlib_priv.h"
#include "control_priv.h"
#include "durable_priv.h"
#include "lock_priv.h"
#include "salvage_priv.h"

#define KEY_SHOWN	64u

void
qt__salvage_tell(struct qt__salvage *s, const char *fmt, ...)
{
	char	text[512];
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	s->tell(s->arg, text);
}

/* --- Records -------------------------------------------------------------- */

static void
tell_lost(struct qt__salvage *s, const struct qt__entry *e, const char *of,
    const char *why)
{
	struct qt_buf	key = QT_BUF_INIT;

	qt_text_escape(&key, (const char *)e->key,
	    e->key_len < KEY_SHOWN ? e->key_len : KEY_SHOWN);
	qt__salvage_tell(s, "%s: the value of '%s%s' is lost: %s", of,
	    key.data == NULL ? "" : (const char *)key.data,
	    e->key_len > KEY_SHOWN ? "..." : "", why);
	qt_buf_clear(&key);
}

static int
delete(struct qt__salvage *s, const struct qt__entry *e)
{
	int	rc = qt_store_put(s->to, NULL, &(struct qt_store_put){
		.key = e->key, .key_len = e->key_len,
		.flags = QT_STORE_DEL }, s->err);

	if (rc == 0)
		s->count--;
	return rc == -ENOENT ? 0 : rc;
}

static int
copy(struct qt__salvage *s, const struct qt__entry *e, const void *value,
    size_t len)
{
	struct qt_store_put	p = {
		.key = e->key, .key_len = e->key_len,
		.value = value, .value_len = len,
		.expires_ms = e->expires_ms, .tag = e->tag,
		.flags = QT_STORE_IF_ABSENT,
	};
	int			rc = qt_store_put(s->to, NULL, &p, s->err);

	if (rc == 0)
		s->count++;
	if (rc != -EEXIST)
		return rc;
	p.flags = 0;
	return qt_store_put(s->to, NULL, &p, s->err);
}

static int
copy_deflated(struct qt__salvage *s, const struct qt__entry *e,
    const char *of)
{
	uint32_t	 len = e->value_len < 4 ? UINT32_MAX :
	    qt_le_load32(e->value);
	uint8_t		*value = NULL;
	int		 rc = -QT_ECORRUPT;

	if (len <= QT_STORE_VALUE_MAX) {
		value = malloc(len > 0 ? len : 1);
		rc = value == NULL ? -ENOMEM : qt__inflate(value, len,
		    e->value + 4, e->value_len - 4);
	}
	if (rc == 0) {
		rc = copy(s, e, value, len);
	} else if (rc == -QT_ECORRUPT) {
		tell_lost(s, e, of, "it does not inflate");
		rc = delete(s, e);
	}
	free(value);
	return rc;
}

static int
copy_big(struct qt__salvage *s, const struct qt__entry *e, const char *of)
{
	struct qt_err		err = QT_ERR_INIT;
	struct qt__big_ref	ref;
	struct qt__big		big = { NULL, 0, NULL };
	int			rc;

	rc = qt__big_ref_unpack(&ref, e->value, e->value_len);
	if (rc == 0)
		rc = qt__big_open(&big, s->big_fd, &ref, QT__BIG_VERIFY, &err);
	else
		qt_err_set(&err, "it names no file that there can be");
	if (rc == -ENOENT)
		qt_err_wrap(&err, "its file is missing");
	if (rc == -ENOMEM || rc == -EMFILE)
		return rc;
	if (rc < 0) {
		tell_lost(s, e, of, err.text);
		return delete(s, e);
	}
	rc = copy(s, e, big.data, big.len);
	qt__big_close(&big);
	return rc;
}

int
qt__salvage_put(struct qt__salvage *s, const struct qt__entry *e,
    const char *of)
{
	if (e->key_len == 0 || e->key_len > QT_STORE_KEY_MAX) {
		qt__salvage_tell(s, "%s: a key of %u bytes is left out", of,
		    e->key_len);
		return 0;
	}
	/* One that has expired hides older ones, as a deletion does. */
	if (qt__entry_is_over(e, s->now_ms))
		return delete(s, e);
	if (e->flags & QT__BIG)
		return copy_big(s, e, of);
	if (e->flags & QT__DEFLATED)
		return copy_deflated(s, e, of);
	return copy(s, e, e->value, e->value_len);
}

/* --- What there is -------------------------------------------------------- */

/* What was visible and not durable is in memory that may still be there. */
static void
save_memory(struct qt__salvage *s, const char *path)
{
	struct qt_store_options	 o = { .flags = QT_STORE_NO_THREADS };
	char			 name[QT__SEG_NAME_SIZE];
	struct qt_store		*store;
	struct qt_seg		*seg;
	struct qt__ctl		*ctl;
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc;

	if (!s->has_format || qt__control_name(name, s->dirfd,
	    s->format.id) < 0 || qt__control_open(&seg, &ctl, name,
	    s->format.id, true, NULL) < 0)
		return;
	qt_seg_close(seg);
	rc = qt_store_open(path, &o, &store, &err);
	if (rc == 0) {
		rc = s->format.set.mode == QT_STORE_MEMORY ?
		    qt_store_checkpoint(store, NULL, &err) :
		    qt_store_sync(store, 0, &err);
		(void)qt_store_close(store, NULL);
	}
	if (rc < 0)
		qt__salvage_tell(s, "what was written last, and is in memory "
		    "only: %s: %s", err.text, qt_strerror(rc));
}

static int
lock(struct qt__salvage *s, struct qt_err *err)
{
	int	rc;

	s->lock_fd = qt__lock_file(s->dirfd, QT__LOCK_FORMAT);
	/* Nobody can open it to write to it then. */
	if (s->lock_fd == -EROFS || s->lock_fd == -EACCES)
		return 0;
	rc = s->lock_fd < 0 ? s->lock_fd : qt_sys_is_used(s->lock_fd,
	    QT__USER_BASE + 1, QT__USER_MAX);
	if (rc == 1 || rc == -EAGAIN) {
		qt_err_set(err, "it is in use");
		return -EBUSY;
	}
	if (rc < 0)
		qt_err_set(err, "lock it");
	return rc;
}

static int
note_highest(void *arg, const char *name)
{
	uint64_t	*highest = arg, number = qt__number_of(name, "");

	if (number > *highest)
		*highest = number;
	return 0;
}

/* An older one than that may name nothing of what was written last. */
static void
load_highest(struct qt__salvage *s)
{
	uint64_t	highest = 0;

	s->manifest = NULL;
	if (qt__each_name(s->dirfd, "manifest", note_highest, &highest) < 0 ||
	    highest == 0 || qt__manifest_load(&s->manifest, s->dirfd, highest,
	    NULL) < 0)
		s->manifest = NULL;
}

static int
load_manifest(struct qt__salvage *s, struct qt_err *err)
{
	int	rc = qt__manifest_load(&s->manifest, s->dirfd, 0, err);

	if (rc != -QT_ECORRUPT && rc != -ENOENT && rc != -EIO)
		return rc;
	qt__salvage_tell(s, "%s", err->text);
	load_highest(s);
	if (s->manifest != NULL)
		qt__salvage_tell(s, "manifest %llu is taken in its place",
		    (unsigned long long)s->manifest->number);
	else
		qt__salvage_tell(s, "the manifest is lost: all runs are taken; "
		    "what was deleted or overwritten may be there again");
	return 0;
}

static int
open_folder(struct qt__salvage *s, const char *name)
{
	int	fd = qt_sys_open(s->dirfd, name, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		qt__salvage_tell(s, "folder %s: %s", name, qt_strerror(fd));
	return fd;
}

static int
open_source(struct qt__salvage *s, const char *path, struct qt_err *err)
{
	int	rc;

	qt_err_set(err, "open its folder");
	s->dirfd = qt_sys_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	if (s->dirfd < 0)
		return s->dirfd;
	rc = qt__format_load(&s->format, s->dirfd, err);
	s->has_format = rc == 0;
	if (rc == -QT_EVERSION || (rc == -QT_EFORMAT &&
	    faccessat(s->dirfd, "CURRENT", F_OK, 0) < 0))
		return rc;
	if (rc < 0) {
		qt__salvage_tell(s, "%s: %s; the new one has usual settings",
		    err->text, qt_strerror(rc));
		qt_store_settings_init(&s->format.set);
	}
	save_memory(s, path);
	rc = lock(s, err);
	if (rc < 0)
		return rc;
	s->run_fd = open_folder(s, "run");
	s->big_fd = open_folder(s, "big");
	s->wal_fd = s->has_format ? qt__format_wal_dir(&s->format, s->dirfd,
	    err) : open_folder(s, "wal");
	if (s->wal_fd < 0 && s->has_format)
		qt__salvage_tell(s, "%s: %s", err->text,
		    qt_strerror(s->wal_fd));
	return load_manifest(s, err);
}

static void
close_source(struct qt__salvage *s)
{
	int	fds[] = { s->dirfd, s->run_fd, s->wal_fd, s->big_fd,
	    s->lock_fd };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	for (size_t i = 0; i < s->source_count; i++)
		qt__run_close(s->sources[i].run);
	free(s->sources);
	qt__manifest_free(s->manifest);
}

/* --- The whole ------------------------------------------------------------ */

static int
fill(struct qt__salvage *s, const char *dest, struct qt_err *err)
{
	struct qt_store_settings set = s->format.set;
	struct qt_store_options	 o = { .settings = &set };
	int			 rc, closed;

	/* It is synced when all is there. */
	set.mode = QT_STORE_ASYNC;
	rc = qt_store_open(dest, &o, &s->to, err);
	if (rc < 0)
		return rc;
	rc = s->run_fd < 0 ? 0 : qt__salvage_runs(s);
	if (rc == 0 && s->wal_fd >= 0)
		rc = qt__salvage_logs(s);
	if (rc == 0)
		rc = qt_store_sync(s->to, 0, err);
	closed = qt_store_close(s->to, rc < 0 ? NULL : err);
	return rc < 0 ? rc : closed;
}

int
qt_store_salvage(const char *path, const char *dest, uint64_t *count,
    void (*tell)(void *arg, const char *what), void *arg, struct qt_err *err)
{
	struct qt__salvage	s = { .dirfd = -1, .run_fd = -1, .wal_fd = -1,
		.big_fd = -1, .lock_fd = -1, .tell = tell, .arg = arg,
		.now_ms = qt_clock_real_ms() };
	struct qt_err		own = QT_ERR_INIT;
	int			rc;

	if (err == NULL)
		err = &own;
	s.err = err;
	rc = open_source(&s, path, err);
	if (rc == 0)
		rc = qt_store_init(dest, &s.format.set, err);
	if (rc == 0) {
		rc = fill(&s, dest, err);
		if (rc < 0)
			(void)qt_store_remove(dest, NULL);
	}
	close_source(&s);
	if (count != NULL)
		*count = s.count;
	if (rc < 0)
		qt_err_wrap(err, "salvage store '%s'", path);
	return rc;
}
