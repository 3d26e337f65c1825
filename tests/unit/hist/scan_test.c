/* SPDX-License-Identifier: Apache-2.0 */
/* Reading events: libcommon/hist/scan.c. */

#include "index_world.h"

#define LARGE	((size_t)9 << 20)

static char *
filled(char with)
{
	char	*bytes = malloc(LARGE);

	assert_non_null(bytes);
	memset(bytes, with, LARGE);
	return bytes;
}

static void
check(const struct qt_hist_bytes *b, const char *want)
{
	assert_int_equal(b->len, LARGE);
	assert_memory_equal(b->data, want, LARGE);
}

/* What is kept in memory of contexts and of places begins anew at 16 MiB. */
QT_TEST(a_session_and_a_folder_may_be_long)
{
	char			*session = filled('s'), *cwd = filled('/');
	struct qt_hist_event	 e = { .id = 1, .start_us = 1,
	    .text = { "true", 4 }, .session = { session, LARGE },
	    .cwd = { cwd, LARGE }, .root = { "", 0 }, .host = { "", 0 },
	    .user = { "", 0 }, .tty = { "", 0 }, .shell = { "", 0 },
	    .qt_session = { "", 0 } }, got = { 0 };
	struct world		 w;

	(void)state;
	world_begin(&w, 0, 0);
	assert_int_equal(qt_hist_db_add(w.db, &e, 1, NULL, 0, NULL), 0);
	/* The next one has others. */
	e.id = 2;
	e.session = e.cwd = (struct qt_hist_bytes){ "", 0 };
	assert_int_equal(qt_hist_db_add(w.db, &e, 1, NULL, 0, NULL), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(qt_hist_db_get(w.db, 1, 1, &got, NULL), 0);
		check(&got.session, session);
		check(&got.cwd, cwd);
		assert_int_equal(qt_hist_db_get(w.db, 1, 2, &got, NULL), 0);
		assert_int_equal(got.session.len + got.cwd.len, 0);
	}
	world_end(&w);
	free(session);
	free(cwd);
}
