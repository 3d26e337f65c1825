/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what is kept can be read, and what is still to be taken in. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/err.h>
#include <qt/base/sys.h>
#include <qt/base/text.h>
#include <qt/hist/index.h>
#include <qt/hist/redact.h>
#include <qt/store/store.h>

#include "doctor.h"
#include "history.h"

#define LONG_AGO	(7 * 86400)	/* seconds */
#define MUCH		(UINT64_C(16) << 20)

/* --- The store and its index ---------------------------------------------- */

static void
tell_damage(void *arg, const char *what)
{
	struct qt_buf	*first = arg;

	if (first->len == 0 && strncmp(what, "note: ", 6) != 0)
		(void)qt_buf_add(first, what, strlen(what));
}

static void
say_damage(struct doctor *d, const char *path, const char *what)
{
	struct qt_buf	mend = QT_BUF_INIT;

	(void)qt_buf_addf(&mend, "'qt-map -m %s verify' lists all, 'verify "
	    "--salvage DIR' copies what is sound", path);
	doctor_say(d, DOCTOR_FAIL, "store", mend.data, "damaged: %s", what);
	d->is_damaged = true;
	qt_buf_clear(&mend);
}

static bool
check_files(struct doctor *d, const char *path)
{
	struct qt_err	err = QT_ERR_INIT;
	struct qt_buf	first = QT_BUF_INIT;
	int		rc = qt_store_verify(path, tell_damage, &first, &err);

	if (rc > 0 || rc == -QT_ECORRUPT)
		say_damage(d, path, first.len > 0 ? first.data : err.text);
	else if (rc < 0)
		doctor_say(d, DOCTOR_FAIL, "store", NULL, "cannot be looked "
		    "at: %s: %s", err.text, qt_strerror(rc));
	qt_buf_clear(&first);
	return rc == 0;
}

static void
check_index(struct doctor *d, struct qt_hist_db *db, const char *path)
{
	struct qt_hist_index	*ix = NULL;
	struct qt_err		 err = QT_ERR_INIT;
	uint64_t		 last;
	int			 rc = qt_hist_index_open(&ix, path, &err);

	if (rc == -ENOENT) {
		doctor_say(d, DOCTOR_OK, "index", NULL,
		    "there is none yet; what needs it makes it");
	} else if (rc < 0) {
		doctor_say(d, DOCTOR_WARN, "index", "nothing is lost: what "
		    "needs it makes it anew", "it cannot be used: %s: %s",
		    err.text, qt_strerror(rc));
	} else if ((rc = qt_hist_db_batch(db, &last, &err)) < 0) {
		doctor_say(d, DOCTOR_FAIL, "index", NULL, "%s: %s", err.text,
		    qt_strerror(rc));
	} else if (qt_hist_index_batch(ix) == last) {
		doctor_say(d, DOCTOR_OK, "index", NULL, "up to date, %" PRIu32
		    " events", qt_hist_index_last(ix));
	} else {
		doctor_say(d, DOCTOR_OK, "index", NULL, "lacks the last "
		    "batches; the next run adds them");
	}
	qt_hist_index_close(ix);
}

/* --- What shells wrote ---------------------------------------------------- */

struct spools {
	unsigned int	files, open_to_others;
	uint64_t	waiting;	/* bytes that were not taken in */
	time_t		oldest;
	char		example[256];
};

static void
look_at_spool(struct spools *s, struct qt_hist_db *db, int dir,
    const char *name)
{
	struct qt_err	err = QT_ERR_INIT;
	struct stat	st;
	uint64_t	offset = 0;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode))
		return;
	s->files++;
	if ((st.st_mode & 077) != 0 || st.st_uid != geteuid()) {
		s->open_to_others++;
		snprintf(s->example, sizeof(s->example), "%s", name);
	}
	if (db != NULL && qt_hist_db_spool(db, name, &offset, &err) < 0)
		return;
	if ((uint64_t)st.st_size <= offset)
		return;
	s->waiting += (uint64_t)st.st_size - offset;
	/* One that has only its session has nothing to take in. */
	if (st.st_size > 512 && (s->oldest == 0 || st.st_mtime < s->oldest))
		s->oldest = st.st_mtime;
}

static void
check_spools(struct doctor *d, struct qt_hist_db *db, const char *path)
{
	struct qt_buf		 waiting = QT_BUF_INIT;
	struct spools		 s = { 0 };
	const struct dirent	*e;
	DIR			*dir = opendir(path);

	if (dir == NULL)
		return;		/* its folder's check has said it */
	while ((e = readdir(dir)) != NULL)
		if (qt_hist_spool_is_name(e->d_name))
			look_at_spool(&s, db, dirfd(dir), e->d_name);
	closedir(dir);
	qt_text_bytes(&waiting, s.waiting);
	if (s.open_to_others > 0)
		doctor_say(d, DOCTOR_FAIL, "spools", "chmod 600 them, or "
		    "remove what is not yours", "%u in '%s', such as '%s', are "
		    "not yours alone", s.open_to_others, path, s.example);
	else if (s.waiting > MUCH || (s.oldest != 0 &&
	    time(NULL) - s.oldest > LONG_AGO))
		doctor_say(d, DOCTOR_WARN, "spools", "run 'qt-hist "
		    "sync-spool', and have cron(8) do so", "nobody takes them "
		    "in: %s wait in '%s'", waiting.data, path);
	else
		doctor_say(d, DOCTOR_OK, "spools", NULL, "%u in '%s', %s to be "
		    "taken in", s.files, path, waiting.data);
	qt_buf_clear(&waiting);
}

/* --- Rules ---------------------------------------------------------------- */

struct told {
	struct doctor	*d;
	const char	*path;
	unsigned int	 count;
};

static void
tell_rule(void *arg, const char *what)
{
	struct told	*t = arg;

	doctor_say(t->d, DOCTOR_FAIL, "redaction", "mend that line: what it "
	    "was to find is kept as it is", "'%s': %s", t->path, what);
	t->count++;
}

static void
check_rules(struct doctor *d)
{
	struct qt_hist_redact	*r;
	struct qt_err		 err = QT_ERR_INIT;
	char			 path[QT_PATH_SIZE];
	struct told		 t = { d, path, 0 };
	const char		*name;
	size_t			 cursor = 0;
	unsigned int		 count = 0;
	bool			 is_users;
	int			 rc = history_rules(path, &err);

	if (rc == 0)
		rc = qt_hist_redact_open(&r, path, tell_rule, &t, &err);
	if (rc < 0) {
		doctor_say(d, DOCTOR_FAIL, "redaction", NULL, "%s: %s",
		    err.text, qt_strerror(rc));
		return;
	}
	while (qt_hist_redact_next(r, &cursor, &name, &is_users) == 1)
		count++;
	if (qt_hist_redact_mode(r) == QT_HIST_KEEP)
		doctor_say(d, DOCTOR_WARN, "redaction", "take 'mode keep' out "
		    "of the file", "secrets are kept as they are: '%s'", path);
	else if (t.count == 0)
		doctor_say(d, DOCTOR_OK, "redaction", NULL, "%u rules look for "
		    "secrets", count);
	qt_hist_redact_close(r);
}

/* --- All of it ------------------------------------------------------------ */

void
doctor_store(struct doctor *d)
{
	struct qt_hist_db	*db = NULL;
	struct qt_err		 err = QT_ERR_INIT;
	char			 path[QT_PATH_SIZE], spool[QT_PATH_SIZE];
	int			 rc = history_place(path, "store", &err);

	check_rules(d);
	if (rc < 0 || access(path, F_OK) < 0) {
		doctor_say(d, DOCTOR_OK, "store", NULL, "there is none yet; "
		    "the first command that asks for the history makes it");
	} else if (check_files(d, path)) {
		rc = qt_hist_db_open(&db, path, true, &err);
		if (rc == -QT_ECORRUPT)
			say_damage(d, path, err.text);
		else if (rc < 0)
			doctor_say(d, DOCTOR_FAIL, "store", NULL, "%s: %s",
			    err.text, qt_strerror(rc));
		else
			doctor_say(d, DOCTOR_OK, "store", NULL, "it is sound");
	}
	if (db != NULL)
		check_index(d, db, path);
	if (history_place(spool, "spool", &err) == 0)
		check_spools(d, db, spool);
	if (history_spare_folder(spool, &err) == 0)
		check_spools(d, db, spool);
	(void)qt_hist_db_close(db, &err);
}
