/* SPDX-License-Identifier: Apache-2.0 */
/* What one process cannot do, or leaves undone, is not everybody's trouble. */

#include <qt/base/sys.h>

#include "../../../libcommon/store/handle_priv.h"
#include "world.h"

static const char *const	in_sync[] = { "mode", "sync", "lock-timeout",
	"300ms", NULL };

/* It cannot open the log; the others can, and sync what it wrote. */
QT_TEST(who_has_no_descriptors_left_poisons_nothing)
{
	struct world	 w;
	struct qt_store	*a, *b;

	(void)state;
	world_begin(&w, in_sync);
	a = world_open(&w);
	b = world_open(&w);
	assert_int_equal(put(a, "a", "1", 1, 0), 0);
	expect(b, "a", "1", 1);
	assert_int_equal(qt__store_user(b, NULL), 0);
	qt_sys_fault(QT_SYS_OPEN, 1, EMFILE + QT_SYS_STAYS);
	assert_int_equal(put(b, "b", "2", 1, 0), -EMFILE);
	qt_sys_fault(QT_SYS_OPEN, 0, 0);
	assert_int_equal(a->ctl->poison, 0);
	assert_int_equal(put(a, "c", "3", 1, 0), 0);
	qt_store_close(b, NULL);
	world_reboot(a);
	a = world_open(&w);
	expect(a, "b", "2", 1);
	expect(a, "c", "3", 1);
	world_end(&w, a);
}

/* A leader was killed when it had saved all, and the word was still there. */
QT_TEST(poison_is_nothing_where_all_is_durable)
{
	struct world	 w;
	struct qt_store	*s;

	(void)state;
	world_begin(&w, in_sync);
	s = world_open(&w);
	assert_int_equal(put(s, "a", "1", 1, 0), 0);
	s->ctl->poison = EIO;
	assert_int_equal(put(s, "b", "2", 1, 0), 0);
	assert_int_equal(s->ctl->poison, 0);
	/* But not where something is not. */
	assert_int_equal(put(s, "c", "3", 1, QT_STORE_ASYNC_NOW), 0);
	s->ctl->poison = EIO;
	assert_int_equal(put(s, "d", "4", 1, 0), -EROFS);
	assert_int_equal(qt_store_sync(s, 0, NULL), 0);
	assert_int_equal(put(s, "d", "4", 1, 0), 0);
	world_end(&w, s);
}

/* Somebody was killed in a rescue, and his id is now another's, who idles. */
QT_TEST(who_gets_the_id_of_a_dead_rescuer_holds_up_nobody)
{
	struct qt_store_settings	 set;
	struct qt_store_options		 o = { .flags = QT_STORE_NO_THREADS,
		.settings = &set };
	struct world			 w;
	struct qt_store			*s, *idle;

	(void)state;
	world_begin(&w, in_sync);
	s = world_open(&w);
	assert_int_equal(put(s, "a", "1", 1, 0), 0);
	set = s->set;
	set.max_ops = s->user.id == 1 ? 2 : 1;
	assert_int_equal(qt_store_open(w.path, &o, &idle, NULL), 0);
	s->ctl->rescuer = s->user.id == 1 ? 2 : 1;
	assert_int_equal(qt__store_user(idle, NULL), 0);
	assert_int_equal(idle->user.id, s->user.id == 1 ? 2 : 1);
	assert_int_equal(put(s, "b", "2", 1, 0), 0);
	qt_store_close(idle, NULL);
	world_end(&w, s);
}
