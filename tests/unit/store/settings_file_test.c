/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of a store that is there: replaced, and where its logs may go. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../libcommon/store/format_priv.h"
#include "../../../libcommon/store/lock_priv.h"
#include "../place.h"
#include "../test.h"
#include "files.h"

struct world {
	char				path[64], store[80];
	int				fd;
	struct qt_store_settings	s;
};

static void
world_new(struct world *w)
{
	place_new(w->path, sizeof(w->path));
	snprintf(w->store, sizeof(w->store), "%s/s", w->path);
	assert_int_equal(qt_store_init(w->store, NULL, NULL), 0);
	w->fd = open(w->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(w->fd >= 0);
	assert_int_equal(qt_store_settings_load(w->store, &w->s, NULL), 0);
}

static void
world_end(struct world *w)
{
	close(w->fd);
	place_remove(w->path);
}

/* Saves with another wal_path, and says what came of it. */
static int
move(struct world *w, const char *to, const char **why)
{
	static struct qt_err	err;
	size_t			len;

	strcpy(w->s.wal_path, to);
	err.text[0] = '\0';
	len = strlen("change settings of store '': ") + strlen(w->store);
	*why = err.text + len;
	return qt_store_settings_save(w->store, &w->s, &err);
}

QT_TEST(settings_are_replaced_and_the_store_stays_itself)
{
	struct world			w;
	struct qt__format		before, after;
	struct qt_store_settings	s;

	(void)state;
	world_new(&w);
	assert_int_equal(qt__format_load(&before, w.fd, NULL), 0);
	w.s.level = 7;
	strcpy(w.s.sync_prefix, "acct/");
	assert_int_equal(qt_store_settings_save(w.store, &w.s, NULL), 0);
	memset(&s, 0, sizeof(s));
	assert_int_equal(qt_store_settings_load(w.store, &s, NULL), 0);
	assert_memory_equal(&s, &w.s, sizeof(s));
	assert_int_equal(qt__format_load(&after, w.fd, NULL), 0);
	assert_memory_equal(before.id, after.id, 16);
	assert_int_equal(before.made_ms, after.made_ms);
	world_end(&w);
}

QT_TEST(what_is_no_store_or_no_setting_is_refused)
{
	struct world	w;
	struct qt_err	err = QT_ERR_INIT;
	char		want[256];

	(void)state;
	world_new(&w);
	assert_int_equal(qt_store_settings_load(w.path, &w.s, &err),
	    -QT_EFORMAT);
	snprintf(want, sizeof(want), "read settings of store '%s': there is "
	    "no FORMAT in it", w.path);
	assert_string_equal(err.text, want);
	assert_int_equal(qt_store_settings_save("/nonexistent", &w.s, &err),
	    -ENOENT);
	assert_string_equal(err.text, "change settings of store '/nonexistent': open its "
	    "folder");
	w.s.level = 10;
	assert_int_equal(qt_store_settings_save(w.store, &w.s, &err), -EINVAL);
	assert_int_equal(qt_store_settings_load(w.store, &w.s, &err), 0);
	assert_int_equal(w.s.level, 0);
	world_end(&w);
}

QT_TEST(whoever_replaces_settings_excludes_others)
{
	struct world	w;
	struct qt_err	err = QT_ERR_INIT;
	char		want[256];
	int		lock;

	(void)state;
	world_new(&w);
	w.s.lock_timeout_ms = 1;
	assert_int_equal(qt_store_settings_save(w.store, &w.s, &err), 0);
	lock = qt__lock_file(w.fd, QT__LOCK_SETTINGS);
	assert_true(lock >= 0);
	assert_int_equal(qt_store_settings_save(w.store, &w.s, &err),
	    -ETIMEDOUT);
	snprintf(want, sizeof(want), "change settings of store '%s': lock its settings",
	    w.store);
	assert_string_equal(err.text, want);
	close(lock);
	assert_int_equal(qt_store_settings_save(w.store, &w.s, &err), 0);
	world_end(&w);
}

QT_TEST(logs_go_elsewhere_when_there_are_none)
{
	struct world		w;
	struct qt__format	f;
	const char		*why;
	int			wal;

	(void)state;
	world_new(&w);
	assert_int_equal(move(&w, "../logs", &why), 0);
	assert_int_equal(qt__format_load(&f, w.fd, NULL), 0);
	wal = qt__format_wal_dir(&f, w.fd, NULL);
	assert_true(wal >= 0);
	files_touch(wal, "000000000001.wal");
	/* A log is there: not away from it. */
	assert_int_equal(move(&w, "", &why), -ENOTEMPTY);
	assert_non_null(strstr(why, ": move that folder first"));
	/* Other settings may change. */
	assert_int_equal(move(&w, "../logs", &why), 0);
	/* Somebody moved it to where it shall be. */
	files_touch(w.fd, "wal/000000000001.wal");
	assert_int_equal(unlinkat(wal, "000000000001.wal", 0), 0);
	assert_int_equal(move(&w, "", &why), 0);
	close(wal);
	world_end(&w);
}

QT_TEST(logs_that_are_away_are_not_forgotten)
{
	struct world	w;
	const char	*why;

	(void)state;
	world_new(&w);
	assert_int_equal(renameat(w.fd, "wal", w.fd, "away"), 0);
	assert_int_equal(move(&w, "../logs", &why), -ENOENT);
	assert_string_equal(why,
	    "wal-path: the folder of the logs so far, 'wal'");
	assert_int_equal(qt_store_settings_load(w.store, &w.s, NULL), 0);
	assert_string_equal(w.s.wal_path, "");
	world_end(&w);
}

QT_TEST(logs_stay_while_somebody_has_the_store_open)
{
	struct world	w;
	struct qt__user	u;
	const char	*why;

	(void)state;
	world_new(&w);
	/* Not to wait here for one who may end soon. */
	w.s.lock_timeout_ms = 1;
	assert_int_equal(qt_store_settings_save(w.store, &w.s, NULL), 0);
	assert_int_equal(qt__user_open(&u, w.fd, 100, 0, NULL), 0);
	assert_int_equal(move(&w, "../logs", &why), -EBUSY);
	assert_string_equal(why,
	    "wal-path cannot change while somebody writes to the store");
	qt__user_close(&u);
	assert_int_equal(move(&w, "../logs", &why), 0);
	world_end(&w);
}
