/* SPDX-License-Identifier: Apache-2.0 */
/* Sets: a member is in or out, once. */

#include <errno.h>

#include <qt/shm/map.h>
#include <qt/shm/set.h>

#include "../test.h"
#include "shm_test.h"

static struct qt_set *
set_with(struct qt_seg *seg, const struct qt_set_spec *spec)
{
	struct qt_set	*s = NULL;
	struct qt_err	 err = QT_ERR_INIT;

	if (qt_set_create(seg, "s", spec, &err) < 0 ||
	    qt_set_open(seg, "s", NULL, &s, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

QT_TEST(a_member_is_added_once_and_found_until_it_is_deleted)
{
	struct qt_seg		*seg = test_seg();
	struct qt_set_spec	 spec = { .key_max = 16, .capacity = 3 };
	struct qt_set		*s = set_with(seg, &spec);

	(void)state;
	assert_int_equal(qt_set_has(s, "a", 1), 0);
	assert_int_equal(qt_set_add(s, "a", 1), 0);
	assert_int_equal(qt_set_add(s, "a", 1), -EEXIST);
	assert_int_equal(qt_set_add(s, "aa", 2), 0);
	assert_int_equal(qt_set_add(s, "a longer member", 15), 0);
	assert_int_equal(qt_set_add(s, "b", 1), -QT_EFULL);
	assert_int_equal(qt_set_count(s), 3);
	assert_int_equal(qt_set_has(s, "aa", 2), 1);
	assert_int_equal(qt_set_del(s, "aa", 2), 0);
	assert_int_equal(qt_set_del(s, "aa", 2), -ENOENT);
	assert_int_equal(qt_set_add(s, "b", 1), 0);
	assert_int_equal(qt_set_add(s, "", 0), -EINVAL);
	assert_int_equal(qt_set_clear(s), 3);
	assert_int_equal(qt_set_count(s), 0);
	qt_set_close(s);
	qt_seg_close(seg);
}

QT_TEST(the_members_of_a_set_are_gone_through)
{
	struct qt_seg		*seg = test_seg();
	struct qt_set_spec	 spec = { .dtype = "<u2", .capacity = 1000 };
	struct qt_set		*s = set_with(seg, &spec), *other;
	uint16_t		 k;
	unsigned int		 sum = 0;
	size_t			 len = 0;

	(void)state;
	for (k = 0; k < 1000; k++)
		assert_int_equal(qt_set_add(s, &k, 2), 0);
	while (qt_set_next(s, &k, &len) > 0)
		sum += k;
	assert_int_equal(sum, 999 * 500);
	assert_int_equal(qt_set_add(s, &sum, 4), -EINVAL);
	assert_int_equal(qt_set_open(seg, "s", "<u4", &other, NULL), -EINVAL);
	qt_set_close(s);
	qt_seg_close(seg);
}

QT_TEST(a_set_is_no_map)
{
	struct qt_seg		*seg = test_seg();
	struct qt_set_spec	 spec = { .key_max = 8, .capacity = 3 };
	struct qt_set		*s = set_with(seg, &spec);
	struct qt_obj_stat	 st;
	struct qt_map		*m;
	struct qt_err		 err = QT_ERR_INIT;

	(void)state;
	assert_int_equal(qt_set_add(s, "a", 1), 0);
	assert_int_equal(qt_map_open(seg, "s", NULL, NULL, &m, &err),
	    -EINVAL);
	assert_string_equal(err.text, "open 's': it is a set, not a map");
	assert_int_equal(qt_obj_stat(seg, "s", &st, NULL), 0);
	assert_int_equal(st.count, 1);
	assert_int_equal(st.key_size, 8);
	assert_int_equal(st.elem_size, 0);
	qt_set_close(s);
	qt_seg_close(seg);
}
