/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks: order, limits, death of who works on one. */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <qt/shm/stack.h>

#include "../test.h"
#include "shm_test.h"

static const struct qt_stack_spec	numbers = { .dtype = "<u8",
    .capacity = 5 };
static const struct qt_stack_spec	lines = { .item_max = 100,
    .capacity = 5 };

static struct qt_stack *
open_stack(struct qt_seg *seg)
{
	struct qt_stack	*s;
	struct qt_err	 err = QT_ERR_INIT;

	if (qt_stack_open(seg, "s", NULL, &s, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

static struct qt_stack *
make(struct qt_seg *seg, const struct qt_stack_spec *spec)
{
	struct qt_err	err = QT_ERR_INIT;

	if (qt_stack_create(seg, "s", spec, &err) < 0)
		fail_msg("%s", err.text);
	return open_stack(seg);
}

static int
push(struct qt_stack *s, uint64_t n)
{
	return qt_stack_push(s, &n, sizeof(n), QT_WAIT_NEVER);
}

static int64_t
pop(struct qt_stack *s)
{
	uint64_t	n = 0;
	ssize_t		rc = qt_stack_pop(s, &n, sizeof(n), QT_WAIT_NEVER);

	return rc == sizeof(n) ? (int64_t)n : rc;
}

QT_TEST(the_newest_comes_out_first)
{
	struct qt_seg		*seg = test_seg();
	struct qt_stack		*s = make(seg, &numbers);
	struct qt_obj_stat	 st;

	(void)state;
	for (uint64_t lap = 0; lap < 300; lap++) {
		for (uint64_t n = 0; n < 5; n++) {
			assert_int_equal(qt_stack_count(s), n);
			assert_int_equal(push(s, lap + n), 0);
		}
		assert_int_equal(push(s, 9), -QT_EFULL);
		for (uint64_t n = 5; n-- > 0;)
			assert_int_equal(pop(s), lap + n);
		assert_int_equal(pop(s), -QT_EEMPTY);
	}
	assert_int_equal(push(s, 7), 0);
	assert_int_equal(qt_obj_stat(seg, "s", &st, NULL), 0);
	assert_string_equal(st.type_name, "stack");
	assert_int_equal(st.count, 1);
	assert_int_equal(qt_stack_push(s, &st, 8, qt_wait_deadline(1)), 0);
	assert_int_equal(qt_obj_fsck(seg, 0, NULL, NULL), 0);
	qt_stack_close(s);
	qt_seg_close(seg);
}

QT_TEST(items_have_the_length_that_they_were_given)
{
	struct qt_seg	*seg = test_seg();
	struct qt_stack	*s = make(seg, &lines);
	char		 text[101], out[100];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t len = 0; len <= 100; len++) {
		assert_int_equal(qt_stack_push(s, text, len, QT_WAIT_NEVER),
		    0);
		if (len > 0)
			assert_int_equal(qt_stack_pop(s, out, len - 1,
			    QT_WAIT_NEVER), -EMSGSIZE);
		assert_int_equal(qt_stack_pop(s, out, len, QT_WAIT_NEVER),
		    len);
		assert_memory_equal(out, text, len);
	}
	assert_int_equal(qt_stack_push(s, text, 101, QT_WAIT_NEVER),
	    -EMSGSIZE);
	assert_int_equal(qt_stack_pop(s, out, 1, qt_wait_deadline(20)),
	    -ETIMEDOUT);
	qt_stack_close(s);
	qt_seg_close(seg);
}

QT_TEST(what_a_stack_cannot_be_is_said)
{
	static const struct qt_stack_spec	none = { .item_max = 8 };
	static const struct qt_stack_spec	large = { .item_max = 8,
	    .capacity = QT_STACK_CHUNKS_MAX };
	static const struct qt_stack_spec	flags = { .item_max = 8,
	    .capacity = 8, .flags = 64 };
	struct qt_seg	*seg = test_seg();
	struct qt_stack	*s = make(seg, &numbers);
	struct qt_err	 err = QT_ERR_INIT;

	(void)state;
	assert_int_equal(qt_stack_create(seg, "b", &none, &err), -EINVAL);
	assert_int_equal(qt_stack_create(seg, "b", &large, &err), -EINVAL);
	assert_int_equal(qt_stack_create(seg, "b", &flags, &err), -EINVAL);
	assert_int_equal(qt_stack_push(s, &s, 4, QT_WAIT_NEVER), -EMSGSIZE);
	qt_stack_close(s);
	assert_int_equal(qt_stack_open(seg, "s", "<f8", &s, &err), -EINVAL);
	assert_string_equal(err.text,
	    "open stack 's': its elements are '<u8', not '<f8'");
	qt_seg_close(seg);
}

QT_TEST(who_goes_down_a_stack_that_changes_goes_on_at_his_place)
{
	struct qt_seg	*seg = test_seg();
	struct qt_stack	*s = make(seg, &(struct qt_stack_spec){
	    .dtype = "<u8", .capacity = 7 });
	struct qt_stack_cursor c = QT_STACK_CURSOR_INIT;
	uint64_t	 n;

	(void)state;
	for (uint64_t i = 0; i < 6; i++)
		assert_int_equal(push(s, i), 0);
	assert_int_equal(qt_stack_next(s, &c, &n, 8), 8);
	assert_int_equal(n, 5);
	/* 6 on top: 5 is one place below, and seen again. */
	assert_int_equal(push(s, 6), 0);
	assert_int_equal(qt_stack_next(s, &c, &n, 8), 8);
	assert_int_equal(n, 5);
	/* 4 on top: two places below is 2. */
	assert_int_equal(pop(s), 6);
	assert_int_equal(pop(s), 5);
	assert_int_equal(qt_stack_next(s, &c, &n, 8), 8);
	assert_int_equal(n, 2);
	/* The one that was next is gone, and another in its chunk. */
	for (int i = 4; i >= 0; i--)
		assert_int_equal(pop(s), i);
	assert_int_equal(qt_stack_next(s, &c, &n, 8), -QT_EEMPTY);
	for (uint64_t i = 10; i < 14; i++)
		assert_int_equal(push(s, i), 0);
	assert_int_equal(qt_stack_next(s, &c, &n, 8), 8);
	assert_int_equal(n, 10);
	assert_int_equal(qt_stack_next(s, &c, &n, 8), -QT_EEMPTY);
	qt_stack_close(s);
	qt_seg_close(seg);
}

QT_TEST(who_may_only_read_can_look_from_the_top_down)
{
	struct qt_seg	*seg = test_seg();
	struct qt_seg	*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_stack	*s = make(seg, &numbers), *r = open_stack(reader);
	struct qt_stack_cursor c = QT_STACK_CURSOR_INIT;
	uint64_t	 n;

	(void)state;
	assert_int_equal(qt_stack_peek(r, 0, &n, 8), -QT_EEMPTY);
	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(push(s, i), 0);
	for (uint64_t i = 0; i < 4; i++) {
		assert_int_equal(qt_stack_peek(r, i, &n, 8), 8);
		assert_int_equal(n, 3 - i);
	}
	assert_int_equal(qt_stack_peek(r, 4, &n, 8), -QT_EEMPTY);
	for (uint64_t i = 0; i < 4; i++) {
		assert_int_equal(qt_stack_next(r, &c, &n, 8), 8);
		assert_int_equal(n, 3 - i);
	}
	assert_int_equal(qt_stack_next(r, &c, &n, 8), -QT_EEMPTY);
	assert_int_equal(c.which, 4);
	assert_int_equal(qt_stack_count(r), 4);
	assert_int_equal(push(r, 1), -EACCES);
	assert_int_equal(pop(r), -EACCES);
	qt_stack_close(r);
	qt_stack_close(s);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

#define THREADS	4
#define TURNS	20000u

/* Each pushes numbers of its own and pops whatever there is. */
static void *
work(void *arg)
{
	struct qt_stack	*s = ((void **)arg)[0];
	uint64_t	 sum = 0, n;

	for (uint64_t i = 1; i <= TURNS; i++) {
		if (qt_stack_push(s, &i, 8, QT_WAIT_FOREVER) < 0 ||
		    qt_stack_pop(s, &n, 8, QT_WAIT_FOREVER) != 8)
			return NULL;
		sum += n;
	}
	((void **)arg)[1] = (void *)(uintptr_t)sum;
	return arg;
}

QT_TEST(threads_push_and_pop_and_lose_nothing)
{
	struct qt_seg	*seg = test_seg();
	struct qt_stack	*s = make(seg, &numbers);
	pthread_t	 thread[THREADS];
	void		*arg[THREADS][2], *ok;
	uint64_t	 sum = 0;

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		arg[i][0] = s;
		assert_int_equal(pthread_create(&thread[i], NULL, work,
		    arg[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], &ok), 0);
		assert_ptr_equal(ok, arg[i]);
		sum += (uintptr_t)arg[i][1];
	}
	assert_int_equal(sum, THREADS * ((uint64_t)TURNS * (TURNS + 1) / 2));
	assert_int_equal(qt_stack_count(s), 0);
	assert_int_equal(qt_obj_fsck(seg, 0, NULL, NULL), 0);
	qt_stack_close(s);
	qt_seg_close(seg);
}

QT_TEST(a_thousand_stacks_one_after_the_other_lose_no_space)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 used = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct qt_stack	*s = make(seg, &numbers);

		assert_int_equal(push(s, 1), 0);
		assert_int_equal(qt_obj_erase(seg, "s", NULL), 0);
		qt_stack_close(s);
		if (i == 0)
			used = qt_seg_used(seg);
	}
	assert_int_equal(qt_seg_used(seg), used);
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);
	qt_seg_close(seg);
}
