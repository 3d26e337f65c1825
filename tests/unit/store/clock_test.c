/* SPDX-License-Identifier: Apache-2.0 */
/* A clock that was far ahead for a while, and what helps. */

#include <qt/base/clock.h>

#include "world.h"

#define YEAR_MS	UINT64_C(31557600000)

static const char *const	in_sync[] = { "mode", "sync", NULL };

static void
put_for_an_hour(struct qt_store *s, const char *key)
{
	struct qt_store_put	p = { .key = key, .key_len = strlen(key),
	    .value = "v", .value_len = 1,
	    .expires_ms = qt_clock_real_ms() + 3600000 };

	assert_int_equal(qt_store_put(s, NULL, &p, NULL), 0);
}

QT_TEST(what_expires_is_gone_until_the_clock_is_there_but_a_salvaged_copy_has_it)
{
	struct world	 w, copy;
	struct qt_store	*s;
	uint64_t	 count;

	(void)state;
	world_begin(&w, in_sync);
	s = world_open(&w);
	put_for_an_hour(s, "before");
	/* As a put of then leaves it. */
	s->ctl->clock_ms = qt_clock_real_ms() + 10 * YEAR_MS;
	assert_int_equal(put(s, "a", "1", 1, 0), 0);
	put_for_an_hour(s, "behind");
	expect(s, "before", NULL, 0);
	expect(s, "behind", NULL, 0);
	expect(s, "a", "1", 1);
	world_reboot(s);
	s = world_open(&w);
	put_for_an_hour(s, "again");
	expect(s, "again", NULL, 0);
	expect(s, "a", "1", 1);
	world_reboot(s);
	copy = w;
	snprintf(copy.path, sizeof(copy.path), "%.60s/copy", w.dir);
	assert_int_equal(qt_store_salvage(w.path, copy.path, &count, NULL,
	    NULL, NULL), 0);
	assert_int_equal(count, 4);
	s = world_open(&copy);
	expect(s, "before", "v", 1);
	expect(s, "behind", "v", 1);
	expect(s, "a", "1", 1);
	put_for_an_hour(s, "new");
	expect(s, "new", "v", 1);
	world_end(&copy, s);
}
