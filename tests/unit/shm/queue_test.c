/* SPDX-License-Identifier: Apache-2.0 */
/* Queues: order, limits, loans, death of who holds an item. */

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <qt/shm/queue.h>

#include "../test.h"
#include "shm_test.h"

static const struct qt_queue_spec	numbers = { .dtype = "<u8",
    .capacity = 5, .loans = 3 };
static const struct qt_queue_spec	lines = { .item_max = 100,
    .capacity = 5, .loans = 3 };

static struct qt_queue *
open_queue(struct qt_seg *seg)
{
	struct qt_queue	*q;
	struct qt_err	 err = QT_ERR_INIT;

	if (qt_queue_open(seg, "q", NULL, &q, &err) < 0)
		fail_msg("%s", err.text);
	return q;
}

static struct qt_queue *
make(struct qt_seg *seg, const struct qt_queue_spec *spec)
{
	struct qt_err	err = QT_ERR_INIT;

	if (qt_queue_create(seg, "q", spec, &err) < 0)
		fail_msg("%s", err.text);
	return open_queue(seg);
}

static int
push(struct qt_queue *q, uint64_t n)
{
	return qt_queue_push(q, &n, sizeof(n), QT_WAIT_NEVER);
}

static int64_t
pop(struct qt_queue *q)
{
	uint64_t	n = 0;
	ssize_t		rc = qt_queue_pop(q, &n, sizeof(n), QT_WAIT_NEVER);

	return rc == sizeof(n) ? (int64_t)n : rc;
}

static uint64_t
number(struct qt_seg *seg, const char *name)
{
	struct qt_obj_stat	st;

	assert_int_equal(qt_obj_stat(seg, "q", &st, NULL), 0);
	for (uint32_t i = 0; i < st.number_count; i++)
		if (strcmp(st.number[i].name, name) == 0)
			return st.number[i].value;
	fail_msg("no number '%s'", name);
	return 0;
}

static int
nothing_wrong(struct qt_seg *seg)
{
	return qt_obj_fsck(seg, 0, NULL, NULL) == 0;
}

QT_TEST(items_come_out_in_the_order_they_went_in)
{
	struct qt_seg		*seg = test_seg();
	struct qt_queue		*q = make(seg, &numbers);
	struct qt_obj_stat	 st;

	(void)state;
	/* Many laps, at every fill. */
	for (uint64_t n = 0, out = 0; n < 2000; n++) {
		assert_int_equal(push(q, n), 0);
		if (n % 5 == 4)
			for (int i = 0; i < 5; i++)
				assert_int_equal(pop(q), out++);
	}
	assert_int_equal(pop(q), -QT_EEMPTY);
	assert_int_equal(push(q, 7), 0);
	assert_int_equal(qt_obj_stat(seg, "q", &st, NULL), 0);
	assert_string_equal(st.type_name, "queue");
	assert_string_equal(st.dtype, "<u8");
	assert_int_equal(st.count, 1);
	assert_int_equal(st.capacity, 5);
	assert_int_equal(number(seg, "pushed"), 2001);
	assert_int_equal(number(seg, "popped"), 2000);
	assert_true(nothing_wrong(seg));
	qt_queue_close(q);
	qt_seg_close(seg);
}

QT_TEST(a_full_queue_says_so_and_changes_nothing)
{
	struct qt_seg	*seg = test_seg();
	struct qt_queue	*q = make(seg, &numbers);

	(void)state;
	for (uint64_t n = 0; n < 5; n++)
		assert_int_equal(push(q, n), 0);
	assert_int_equal(push(q, 5), -QT_EFULL);
	assert_int_equal(qt_queue_push(q, &q, 8, qt_wait_deadline(20)),
	    -ETIMEDOUT);
	assert_int_equal(qt_queue_count(q), 5);
	for (uint64_t n = 0; n < 5; n++)
		assert_int_equal(pop(q), n);
	assert_int_equal(pop(q), -QT_EEMPTY);
	assert_int_equal(qt_queue_pop(q, &q, 8, qt_wait_deadline(20)),
	    -ETIMEDOUT);
	qt_queue_close(q);
	qt_seg_close(seg);
}

QT_TEST(items_have_the_length_that_they_were_given)
{
	struct qt_seg	*seg = test_seg();
	struct qt_queue	*q = make(seg, &lines);
	char		 text[101], out[100];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t len = 0; len <= 100; len++) {
		assert_int_equal(qt_queue_push(q, text, len, QT_WAIT_NEVER),
		    0);
		if (len > 0)
			assert_int_equal(qt_queue_pop(q, out, len - 1,
			    QT_WAIT_NEVER), -EMSGSIZE);
		assert_int_equal(qt_queue_pop(q, out, len, QT_WAIT_NEVER),
		    len);
		assert_memory_equal(out, text, len);
	}
	assert_int_equal(qt_queue_push(q, text, 101, QT_WAIT_NEVER),
	    -EMSGSIZE);
	qt_queue_close(q);
	qt_seg_close(seg);
}

QT_TEST(what_a_queue_cannot_be_is_said)
{
	static const struct qt_queue_spec	none = { .item_max = 8 };
	static const struct qt_queue_spec	large = { .item_max = 8,
	    .capacity = QT_QUEUE_CHUNKS_MAX };
	static const struct qt_queue_spec	bytes = { .capacity = 8 };
	static const struct qt_queue_spec	bad = { .dtype = "x9",
	    .capacity = 8 };
	struct qt_seg	*seg = test_seg();
	struct qt_queue	*q = make(seg, &numbers);
	struct qt_err	 err = QT_ERR_INIT;
	uint32_t	 small = 1;

	(void)state;
	assert_int_equal(qt_queue_create(seg, "b", &none, &err), -EINVAL);
	assert_int_equal(qt_queue_create(seg, "b", &large, &err), -EINVAL);
	assert_int_equal(qt_queue_create(seg, "b", &bytes, &err), -EINVAL);
	assert_int_equal(qt_queue_create(seg, "b", &bad, &err), -EINVAL);
	assert_int_equal(qt_queue_create(seg, "q", &numbers, &err), -EEXIST);
	assert_int_equal(qt_queue_push(q, &small, 4, QT_WAIT_NEVER),
	    -EMSGSIZE);
	qt_queue_close(q);
	assert_int_equal(qt_queue_open(seg, "q", "<f8", &q, &err), -EINVAL);
	assert_string_equal(err.text,
	    "open queue 'q': its elements are '<u8', not '<f8'");
	assert_int_equal(qt_queue_open(seg, "q", "uint64", &q, &err), 0);
	qt_queue_close(q);
	qt_seg_close(seg);
}

QT_TEST(several_go_in_and_out_at_once)
{
	struct qt_seg	*seg = test_seg();
	struct qt_queue	*q = make(seg, &numbers);
	uint64_t	 in[8], out[8], next = 0, last = 0;
	struct iovec	 v[8], w[8];

	(void)state;
	for (int lap = 0; lap < 300; lap++) {
		for (int i = 0; i < 8; i++) {
			in[i] = next + (uint64_t)i;
			v[i] = (struct iovec){ &in[i], 8 };
			w[i] = (struct iovec){ &out[i], 8 };
		}
		ssize_t n = qt_queue_pushv(q, v, 8, QT_WAIT_NEVER);

		assert_int_equal(n, 5 - (next - last));
		next += (uint64_t)n;
		assert_int_equal(qt_queue_pushv(q, v, 1, QT_WAIT_NEVER),
		    -QT_EFULL);
		n = qt_queue_popv(q, w, 3 + (size_t)lap % 6, QT_WAIT_NEVER);
		assert_true(n >= 3);
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(out[i], last++);
		while (last < next && lap % 2 == 0)
			assert_int_equal(pop(q), last++);
		while (next - last > 2)
			assert_int_equal(pop(q), last++);
	}
	qt_queue_close(q);
	qt_seg_close(seg);
}

QT_TEST(a_loan_is_in_the_queue_when_it_is_published)
{
	struct qt_seg		*seg = test_seg();
	struct qt_queue		*q = make(seg, &lines);
	struct qt_queue_item	 a, b, c;

	(void)state;
	assert_int_equal(qt_queue_loan(q, &a, QT_WAIT_NEVER), 0);
	assert_int_equal(qt_queue_loan(q, &b, QT_WAIT_NEVER), 0);
	assert_int_equal((uintptr_t)a.data % 32, 0);
	assert_int_equal(a.size, 100);
	assert_int_equal(pop(q), -QT_EEMPTY);
	memcpy(a.data, "first", 5);
	assert_int_equal(qt_queue_publish(q, &a, 101), -EMSGSIZE);
	assert_int_equal(qt_queue_publish(q, &a, 5), 0);
	assert_int_equal(qt_queue_publish(q, &a, 5), -EINVAL);
	assert_int_equal(qt_queue_cancel(q, &a), -EINVAL);
	assert_int_equal(qt_queue_cancel(q, &b), 0);
	assert_int_equal(qt_queue_cancel(q, &b), -EINVAL);
	assert_int_equal(qt_queue_take(q, &c, QT_WAIT_NEVER), 0);
	assert_int_equal(c.len, 5);
	assert_memory_equal(c.data, "first", 5);
	assert_int_equal(qt_queue_take(q, &b, QT_WAIT_NEVER), -QT_EEMPTY);
	assert_int_equal(qt_queue_requeue(q, &c), 0);
	assert_int_equal(qt_queue_release(q, &c), -EINVAL);
	assert_int_equal(qt_queue_take(q, &c, QT_WAIT_NEVER), 0);
	assert_memory_equal(c.data, "first", 5);
	assert_int_equal(qt_queue_release(q, &c), 0);
	assert_int_equal(qt_queue_release(q, &c), -EINVAL);
	assert_int_equal(qt_queue_count(q), 0);
	qt_queue_close(q);
	qt_seg_close(seg);
}

QT_TEST(loans_have_a_limit_and_come_back_when_the_handle_closes)
{
	struct qt_seg		*seg = test_seg(),
	    *other = test_join(seg, QT_SEG_JOIN);
	struct qt_queue		*q = make(seg, &numbers), *r;
	struct qt_queue_item	 item;

	(void)state;
	r = open_queue(other);
	for (uint64_t n = 0; n < 4; n++)
		assert_int_equal(push(r, n), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(qt_queue_loan(q, &item, QT_WAIT_NEVER), 0);
	assert_int_equal(qt_queue_loan(q, &item, QT_WAIT_NEVER), -QT_EFULL);
	assert_int_equal(push(r, 4), -QT_EFULL);
	qt_queue_close(q);
	assert_int_equal(push(r, 4), 0);
	for (uint64_t n = 0; n < 5; n++)
		assert_int_equal(pop(r), n);
	assert_true(nothing_wrong(seg));
	qt_queue_close(r);
	qt_seg_close(other);
	qt_seg_close(seg);
}

QT_TEST(who_may_only_read_can_look)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg		*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_queue		*q = make(seg, &numbers), *r;
	struct qt_queue_item	 item;
	uint64_t		 n;

	(void)state;
	r = open_queue(reader);
	assert_int_equal(qt_queue_peek(r, 0, &n, 8), -QT_EEMPTY);
	for (uint64_t i = 0; i < 5; i++)
		assert_int_equal(push(q, i + 10), 0);
	assert_int_equal(pop(q), 10);
	for (uint64_t i = 0; i < 4; i++) {
		assert_int_equal(qt_queue_peek(r, i, &n, 8), 8);
		assert_int_equal(n, i + 11);
	}
	assert_int_equal(qt_queue_peek(r, 4, &n, 8), -QT_EEMPTY);
	assert_int_equal(qt_queue_peek(r, UINT64_MAX, &n, 8), -QT_EEMPTY);
	assert_int_equal(qt_queue_count(r), 4);
	assert_int_equal(push(r, 1), -EACCES);
	assert_int_equal(pop(r), -EACCES);
	assert_int_equal(qt_queue_loan(r, &item, QT_WAIT_NEVER), -EACCES);
	assert_int_equal(qt_queue_take(r, &item, QT_WAIT_NEVER), -EACCES);
	qt_queue_close(r);
	qt_queue_close(q);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

/* A process that takes an item, has one on loan, and is killed. */
static void
die_with_items(struct qt_seg *seg, struct qt_queue *q)
{
	struct qt_queue_item	item;
	int			status;
	pid_t			pid = fork();

	if (pid == 0) {
		if (qt_seg_after_fork(seg, NULL) < 0 || push(q, 99) < 0 ||
		    qt_queue_take(q, &item, QT_WAIT_NEVER) < 0 ||
		    qt_queue_loan(q, &item, QT_WAIT_NEVER) < 0)
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

QT_TEST(what_a_dead_process_had_taken_is_dropped)
{
	struct qt_seg	*seg = test_seg();
	struct qt_queue	*q = make(seg, &numbers);

	(void)state;
	for (uint64_t n = 0; n < 3; n++)
		assert_int_equal(push(q, n), 0);
	die_with_items(seg, q);
	assert_int_equal(qt_seg_sweep(seg), 1);
	assert_int_equal(number(seg, "dropped"), 1);
	assert_int_equal(number(seg, "takeovers"), 2);
	assert_int_equal(number(seg, "popped"), 0);
	assert_int_equal(pop(q), 1);
	assert_int_equal(pop(q), 2);
	assert_int_equal(pop(q), 99);
	assert_int_equal(pop(q), -QT_EEMPTY);
	assert_true(nothing_wrong(seg));
	qt_queue_close(q);
	qt_seg_close(seg);
}

QT_TEST(or_delivered_again_also_to_who_only_polls)
{
	struct qt_queue_spec	spec = numbers;
	struct qt_seg		*seg = test_seg();
	struct qt_queue		*q;

	(void)state;
	spec.flags = QT_QUEUE_REDELIVER;
	q = make(seg, &spec);
	for (uint64_t n = 0; n < 3; n++)
		assert_int_equal(push(q, n), 0);
	die_with_items(seg, q);
	assert_int_equal(pop(q), 1);
	assert_int_equal(pop(q), 2);
	assert_int_equal(pop(q), 99);
	assert_int_equal(pop(q), 0);
	assert_int_equal(pop(q), -QT_EEMPTY);
	assert_int_equal(number(seg, "redelivered"), 1);
	assert_int_equal(number(seg, "popped"), 4);
	assert_int_equal(number(seg, "pushed"), 4);
	assert_true(nothing_wrong(seg));
	qt_queue_close(q);
	qt_seg_close(seg);
}

QT_TEST(chunks_of_the_dead_are_found_when_they_are_short)
{
	struct qt_seg	*seg = test_seg();
	struct qt_queue	*q = make(seg, &numbers);

	(void)state;
	for (int i = 0; i < 8; i++)
		die_with_items(seg, q);
	for (uint64_t n = 0; n < 5; n++)
		assert_int_equal(push(q, n), 0);
	assert_int_equal(push(q, 5), -QT_EFULL);
	assert_true(qt_seg_sweep(seg) >= 0);
	assert_int_equal(number(seg, "dropped"), 8);
	qt_queue_close(q);
	qt_seg_close(seg);
}

QT_TEST(waiters_are_woken_by_items_room_and_erasing)
{
	struct qt_seg	*seg = test_seg();
	struct qt_queue	*q = make(seg, &numbers);
	uint64_t	 n;
	int		 status;
	pid_t		 pid = fork();

	(void)state;
	if (pid == 0) {
		if (qt_seg_after_fork(seg, NULL) < 0)
			_exit(1);
		/* Echoes three items, then waits for one that never comes. */
		for (uint64_t i = 0; i < 20; i++)
			if (qt_queue_pop(q, &n, 8, QT_WAIT_FOREVER) != 8 ||
			    n != i)
				_exit(2);
		_exit(qt_queue_pop(q, &n, 8, QT_WAIT_FOREVER) == -QT_EGONE ?
		    0 : 3);
	}
	for (uint64_t i = 0; i < 20; i++)
		assert_int_equal(qt_queue_push(q, &i, 8, QT_WAIT_FOREVER), 0);
	while (qt_queue_count(q) > 0)
		sched_yield();
	assert_int_equal(qt_obj_erase(seg, "q", NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	qt_queue_close(q);
	qt_seg_close(seg);
}

QT_TEST(a_thousand_queues_one_after_the_other_lose_no_space)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 used = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct qt_queue	*q = make(seg, &numbers);

		assert_int_equal(push(q, 1), 0);
		assert_int_equal(qt_obj_erase(seg, "q", NULL), 0);
		qt_queue_close(q);
		if (i == 0)
			used = qt_seg_used(seg);
	}
	assert_int_equal(qt_seg_used(seg), used);
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);
	qt_seg_close(seg);
}
