/* SPDX-License-Identifier: Apache-2.0 */
/* Objects: made whole, found by name and type, erased, and their space reused. */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <qt/shm/array.h>

#include "../test.h"
#include "shm_test.h"

static const struct qt_array_spec	spec = { .dtype = "<i8",
    .shape = { 1000 } };

static void
make(struct qt_seg *seg, const char *name)
{
	struct qt_err	err = QT_ERR_INIT;

	if (qt_array_create(seg, name, &spec, &err) < 0)
		fail_msg("%s", err.text);
}

static struct qt_array *
open_array(struct qt_seg *seg, const char *name)
{
	struct qt_array	*a;
	struct qt_err	 err = QT_ERR_INIT;

	if (qt_array_open(seg, name, NULL, &a, &err) < 0)
		fail_msg("%s", err.text);
	return a;
}

QT_TEST(an_object_is_found_by_its_name_and_described)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg		*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_obj_stat	 st;

	(void)state;
	make(seg, "a");
	assert_int_equal(qt_obj_stat(reader, "a", &st, NULL), 0);
	assert_string_equal(st.name, "a");
	assert_string_equal(st.type_name, "array");
	assert_string_equal(st.dtype, "<i8");
	assert_int_equal(st.elem_size, 8);
	assert_int_equal(st.capacity, 1000);
	assert_int_equal(st.count, 1000);
	assert_int_equal(st.data_offset, st.offset + 512);
	assert_int_equal(st.is_open, 0);
	assert_int_equal(qt_obj_stat(reader, "b", &st, NULL), -ENOENT);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

QT_TEST(a_name_that_is_taken_stays_whose_it_is)
{
	struct qt_seg	*seg = test_seg();
	struct qt_err	 err = QT_ERR_INIT;
	uint64_t	 used;

	(void)state;
	make(seg, "a");
	used = qt_seg_used(seg);
	assert_int_equal(qt_array_create(seg, "a", &spec, &err), -EEXIST);
	assert_string_equal(err.text, "make 'a': the name is taken");
	assert_int_equal(qt_seg_used(seg), used);
	qt_seg_close(seg);
}

QT_TEST(objects_and_plain_entries_do_not_mix)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg_entry	 e = { .name = "raw", .type = QT_TYPE_RAW,
	    .size = 8 };

	(void)state;
	make(seg, "a");
	assert_int_equal(qt_seg_alloc(seg, 4096, &e.offset), 0);
	assert_int_equal(qt_seg_entry_add(seg, &e), 0);
	assert_int_equal(qt_obj_erase(seg, "raw", NULL), -EINVAL);
	assert_int_equal(qt_seg_entry_del(seg, "a"), -EINVAL);
	e.type = QT_TYPE_ARRAY;
	assert_int_equal(qt_seg_entry_add(seg, &e), -EINVAL);
	qt_seg_close(seg);
}

QT_TEST(an_erased_object_lives_as_long_as_it_is_open)
{
	struct qt_seg	*seg = test_seg(), *other = test_join(seg, QT_SEG_JOIN);
	struct qt_seg	*reader = test_join(seg, QT_SEG_RDONLY);
	uint64_t	 used = qt_seg_used(seg);
	struct qt_array	*a, *b;
	int64_t		 v = 7;

	(void)state;
	make(seg, "a");
	a = open_array(other, "a");
	b = open_array(reader, "a");
	assert_int_equal(qt_obj_is_erased(qt_array_obj(a)), 0);
	assert_int_equal(qt_obj_erase(seg, "a", NULL), 0);
	assert_int_equal(qt_obj_is_erased(qt_array_obj(a)), 1);
	assert_int_equal(qt_obj_erase(seg, "a", NULL), -ENOENT);
	make(seg, "a");
	assert_int_equal(qt_array_put(a, 999, 1, &v), 0);
	v = 0;
	assert_int_equal(qt_array_get(b, 999, 1, &v), 0);
	assert_int_equal(v, 7);
	assert_int_equal(qt_obj_erase(seg, "a", NULL), 0);
	/* A reader cannot free it, so it waits for the next who can. */
	qt_array_close(a);
	qt_array_close(b);
	assert_int_equal(qt_obj_gc(seg), 1);
	assert_int_equal(qt_seg_used(seg), used);
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);
	qt_seg_close(reader);
	qt_seg_close(other);
	qt_seg_close(seg);
}

QT_TEST(the_last_to_close_frees_it)
{
	struct qt_seg	*seg = test_seg(), *other = test_join(seg, QT_SEG_JOIN);
	uint64_t	 used = qt_seg_used(seg);
	struct qt_array	*a, *b, *c;

	(void)state;
	make(seg, "a");
	a = open_array(seg, "a");
	b = open_array(other, "a");
	c = open_array(other, "a");
	assert_int_equal(qt_obj_erase(seg, "a", NULL), 0);
	qt_array_close(b);
	qt_array_close(a);
	assert_true(qt_seg_used(seg) > used);
	qt_array_close(c);
	assert_int_equal(qt_seg_used(seg), used);
	qt_seg_close(other);
	qt_seg_close(seg);
}

QT_TEST(what_is_erased_makes_room_when_its_user_was_killed)
{
	struct qt_seg		*seg = test_seg();
	struct qt_array_spec	 large = { .dtype = "u1",
	    .shape = { 40 << 20 } };
	int			 status;
	pid_t			 pid;

	(void)state;
	assert_int_equal(qt_array_create(seg, "a", &large, NULL), 0);
	pid = fork();
	if (pid == 0) {
		struct qt_array	*a;

		if (qt_seg_after_fork(seg, NULL) < 0 ||
		    qt_array_open(seg, "a", NULL, &a, NULL) < 0)
			_exit(1);
		raise(SIGSTOP);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(qt_obj_erase(seg, "a", NULL), 0);
	/* A stopped process is alive and has it open. */
	assert_int_equal(qt_array_create(seg, "a", &large, NULL), -ENOMEM);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(qt_array_create(seg, "a", &large, NULL), 0);
	qt_seg_close(seg);
}

QT_TEST(a_thousand_objects_one_after_the_other_lose_no_space)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 used;

	(void)state;
	make(seg, "a");
	assert_int_equal(qt_obj_erase(seg, "a", NULL), 0);
	used = qt_seg_used(seg);
	for (int i = 0; i < 1000; i++) {
		struct qt_array	*a;

		make(seg, "a");
		a = open_array(seg, "a");
		if (i % 2 == 0)
			qt_array_close(a);
		assert_int_equal(qt_obj_erase(seg, "a", NULL), 0);
		if (i % 2 != 0)
			qt_array_close(a);
	}
	assert_int_equal(qt_seg_used(seg), used);
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);
	qt_seg_close(seg);
}

QT_TEST(a_fork_child_keeps_what_its_parent_had_open)
{
	struct qt_seg	*seg = test_seg();
	struct qt_array	*a;
	int64_t		 v = 5;
	int		 status, fds[2];
	char		 byte = 0;
	pid_t		 pid;

	(void)state;
	make(seg, "a");
	a = open_array(seg, "a");
	assert_int_equal(qt_array_put(a, 3, 1, &v), 0);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		close(fds[1]);
		/* Until the parent has closed and erased it. */
		if (read(fds[0], &byte, 1) != 1 ||
		    qt_array_put(a, 3, 1, &v) != -EACCES ||
		    qt_seg_after_fork(seg, NULL) < 0 ||
		    qt_obj_gc(seg) != 0 ||
		    qt_array_get(a, 3, 1, &v) < 0 || v != 5 ||
		    qt_array_put(a, 3, 1, &v) < 0)
			_exit(1);
		qt_array_close(a);
		qt_seg_close(seg);
		_exit(0);
	}
	close(fds[0]);
	qt_array_close(a);
	assert_int_equal(qt_obj_erase(seg, "a", NULL), 0);
	assert_int_equal(qt_obj_gc(seg), 0);
	assert_int_equal(write(fds[1], &byte, 1), 1);
	close(fds[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(qt_obj_gc(seg), 0);
	assert_int_equal(qt_obj_fsck(seg, 0, NULL, NULL), 0);
	qt_seg_close(seg);
}

/* --- Threads --------------------------------------------------------------- */

static int
is_a_no(int rc)
{
	return rc == 0 || rc == -EEXIST || rc == -ENOENT;
}

/* Makes, opens and erases objects of two names; returns what went wrong. */
static void *
turn(void *arg)
{
	struct qt_seg	*seg = arg;
	struct qt_array	*a;
	int64_t		 v = 1;

	for (int i = 0; i < 300; i++) {
		const char	*name = i % 3 == 0 ? "x" : "y";
		int		 rc = qt_array_create(seg, name, &spec, NULL);

		if (!is_a_no(rc))
			return seg;
		rc = qt_array_open(seg, name, "i8", &a, NULL);
		if (!is_a_no(rc))
			return seg;
		if (rc == 0) {
			if (qt_array_put(a, 0, 1, &v) < 0 ||
			    qt_array_get(a, 0, 1, &v) < 0 || v != 1)
				return seg;
			qt_array_close(a);
		}
		if (i % 2 == 0 && !is_a_no(qt_obj_erase(seg, name, NULL)))
			return seg;
	}
	return NULL;
}

QT_TEST(threads_make_open_and_erase_at_once)
{
	struct qt_seg	*seg = test_seg(), *other = test_join(seg, QT_SEG_JOIN);
	uint64_t	 used = 0;
	pthread_t	 t[4];
	void		*rc;

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 4; i++)
			assert_int_equal(pthread_create(&t[i], NULL, turn,
			    i % 2 == 0 ? seg : other), 0);
		for (int i = 0; i < 4; i++) {
			assert_int_equal(pthread_join(t[i], &rc), 0);
			assert_null(rc);
		}
		(void)qt_obj_erase(seg, "x", NULL);
		(void)qt_obj_erase(seg, "y", NULL);
		assert_true(qt_obj_gc(seg) >= 0);
		if (round == 0)
			used = qt_seg_used(seg);
	}
	/* The page map may have got memory in the first round. */
	assert_true(qt_seg_used(seg) <= used + 4096);
	assert_int_equal(qt_obj_fsck(seg, 0, NULL, NULL), 0);
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);
	qt_seg_close(other);
	qt_seg_close(seg);
}
