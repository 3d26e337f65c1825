/* SPDX-License-Identifier: Apache-2.0 */
/* Queues of one producer and one consumer: order, batches, roles. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <qt/shm/spsc.h>

#include "../test.h"
#include "shm_test.h"

#define BOTH	(QT_SPSC_PRODUCER | QT_SPSC_CONSUMER)

static const struct qt_spsc_spec	numbers = { .dtype = "<u8",
    .capacity = 5 };
static const struct qt_spsc_spec	lines = { .item_max = 99,
    .capacity = 5 };

static struct qt_spsc *
open_spsc(struct qt_seg *seg, unsigned int roles)
{
	struct qt_spsc	*q;
	struct qt_err	 err = QT_ERR_INIT;

	if (qt_spsc_open(seg, "q", NULL, roles, &q, &err) < 0)
		fail_msg("%s", err.text);
	return q;
}

static struct qt_spsc *
make(struct qt_seg *seg, const struct qt_spsc_spec *spec)
{
	struct qt_err	err = QT_ERR_INIT;

	if (qt_spsc_create(seg, "q", spec, &err) < 0)
		fail_msg("%s", err.text);
	return open_spsc(seg, BOTH);
}

static int
push(struct qt_spsc *q, uint64_t n)
{
	return qt_spsc_push(q, &n, sizeof(n), QT_WAIT_NEVER);
}

static int64_t
pop(struct qt_spsc *q)
{
	uint64_t	n = 0;
	ssize_t		rc = qt_spsc_pop(q, &n, sizeof(n), QT_WAIT_NEVER);

	return rc == sizeof(n) ? (int64_t)n : rc;
}

QT_TEST(items_come_out_in_the_order_they_went_in)
{
	struct qt_seg		*seg = test_seg();
	struct qt_spsc		*q = make(seg, &numbers);
	struct qt_obj_stat	 st;

	(void)state;
	for (uint64_t n = 0, out = 0; n < 1000; n++) {
		assert_int_equal(push(q, n), 0);
		if (n % 5 == 4) {
			assert_int_equal(push(q, n), -QT_EFULL);
			for (int i = 0; i < 5; i++)
				assert_int_equal(pop(q), out++);
			assert_int_equal(pop(q), -QT_EEMPTY);
		}
	}
	assert_int_equal(push(q, 7), 0);
	assert_int_equal(qt_obj_stat(seg, "q", &st, NULL), 0);
	assert_string_equal(st.type_name, "spsc");
	assert_int_equal(st.count, 1);
	assert_int_equal(st.capacity, 5);
	assert_string_equal(st.number[0].name, "pushed");
	assert_int_equal(st.number[0].value, 1001);
	assert_int_equal(qt_obj_fsck(seg, 0, NULL, NULL), 0);
	qt_spsc_close(q);
	qt_seg_close(seg);
}

QT_TEST(many_move_at_once_over_the_end_of_the_row)
{
	struct qt_seg	*seg = test_seg();
	struct qt_spsc	*q = make(seg, &numbers);
	uint64_t	 in[9], out[9], next = 0, last = 0;

	(void)state;
	for (size_t lap = 0; lap < 500; lap++) {
		size_t	room = 5 - (size_t)(next - last), want = 1 + lap % 9;
		ssize_t	n;

		for (size_t i = 0; i < 9; i++)
			in[i] = next + i;
		n = qt_spsc_push_n(q, in, want, QT_WAIT_NEVER);
		assert_int_equal(n, room == 0 ? -QT_EFULL :
		    (ssize_t)(want < room ? want : room));
		next += n > 0 ? (uint64_t)n : 0;
		n = qt_spsc_pop_n(q, out, 1 + lap % 4, QT_WAIT_NEVER);
		assert_true(n > 0);
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(out[i], last++);
		assert_int_equal(qt_spsc_count(q), next - last);
	}
	qt_spsc_close(q);
	qt_seg_close(seg);
}

QT_TEST(items_of_bytes_have_the_length_that_they_were_given)
{
	struct qt_seg	*seg = test_seg();
	struct qt_spsc	*q = make(seg, &lines);
	char		 text[100], out[100];
	const void	*at;
	void		*room;
	size_t		 got;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t len = 0; len <= 99; len++) {
		assert_int_equal(qt_spsc_push(q, text, len, QT_WAIT_NEVER), 0);
		if (len > 0)
			assert_int_equal(qt_spsc_pop(q, out, len - 1,
			    QT_WAIT_NEVER), -EMSGSIZE);
		assert_int_equal(qt_spsc_pop(q, out, len, QT_WAIT_NEVER), len);
		assert_memory_equal(out, text, len);
	}
	assert_int_equal(qt_spsc_push(q, text, 100, QT_WAIT_NEVER), -EMSGSIZE);
	assert_int_equal(qt_spsc_push_n(q, text, 1, QT_WAIT_NEVER), -EINVAL);
	assert_int_equal(qt_spsc_loan(q, &room, 3, QT_WAIT_NEVER), 1);
	memcpy(room, "word", 4);
	assert_int_equal(qt_spsc_publish(q, 100), -EINVAL);
	assert_int_equal(qt_spsc_publish(q, 4), 0);
	assert_int_equal(qt_spsc_publish(q, 4), -EINVAL);
	assert_int_equal(qt_spsc_peek(q, 0, out, 100), 4);
	assert_memory_equal(out, "word", 4);
	assert_int_equal(qt_spsc_take(q, &at, &got, 3, QT_WAIT_NEVER), 1);
	assert_int_equal(got, 4);
	assert_memory_equal(at, "word", 4);
	assert_int_equal(qt_spsc_release(q, 1), 0);
	assert_int_equal(qt_spsc_release(q, 1), -EINVAL);
	qt_spsc_close(q);
	qt_seg_close(seg);
}

QT_TEST(elements_are_written_and_read_in_place)
{
	struct qt_seg	*seg = test_seg();
	struct qt_spsc	*q = make(seg, &numbers);
	const uint64_t	*from;
	uint64_t	*to;

	(void)state;
	for (uint64_t lap = 0, next = 0, last = 0; lap < 100; lap++) {
		ssize_t	n = qt_spsc_loan(q, (void **)&to, 3, QT_WAIT_NEVER);

		assert_true(n >= 1 && n <= 3);
		for (ssize_t i = 0; i < n; i++)
			to[i] = next + (uint64_t)i;
		/* Not all of them. */
		next += (uint64_t)(n + 1) / 2;
		assert_int_equal(qt_spsc_publish(q, (size_t)(n + 1) / 2), 0);
		while (last < next) {
			n = qt_spsc_take(q, (const void **)&from, NULL, 2,
			    QT_WAIT_NEVER);
			assert_true(n >= 1);
			for (ssize_t i = 0; i < n; i++)
				assert_int_equal(from[i], last++);
			assert_int_equal(qt_spsc_release(q, (size_t)n), 0);
		}
		assert_int_equal(qt_spsc_take(q, (const void **)&from, NULL, 2,
		    QT_WAIT_NEVER), -QT_EEMPTY);
	}
	qt_spsc_close(q);
	qt_seg_close(seg);
}

QT_TEST(there_is_one_producer_and_one_consumer)
{
	struct qt_seg	*seg = test_seg(), *other = test_join(seg, QT_SEG_JOIN);
	struct qt_seg	*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_err	 err = QT_ERR_INIT;
	struct qt_spsc	*p, *c, *q;
	char		 text[80];
	uint64_t	 n;

	(void)state;
	assert_int_equal(qt_spsc_create(seg, "q", &numbers, NULL), 0);
	p = open_spsc(seg, QT_SPSC_PRODUCER);
	assert_int_equal(qt_spsc_open(other, "q", NULL, QT_SPSC_PRODUCER, &q,
	    &err), -EBUSY);
	snprintf(text, sizeof(text), "open spsc 'q': participant %u is the "
	    "producer", qt_seg_self(seg));
	assert_string_equal(err.text, text);
	assert_int_equal(qt_spsc_open(seg, "q", NULL, QT_SPSC_PRODUCER, &q,
	    NULL), -EBUSY);
	assert_int_equal(qt_spsc_open(reader, "q", NULL, QT_SPSC_CONSUMER, &q,
	    NULL), -EACCES);
	c = open_spsc(other, QT_SPSC_CONSUMER);
	q = open_spsc(reader, QT_SPSC_LOOK);
	assert_int_equal(push(p, 4), 0);
	assert_int_equal(push(c, 4), -EACCES);
	assert_int_equal(pop(p), -EACCES);
	assert_int_equal(pop(q), -EACCES);
	assert_int_equal(qt_spsc_peek(q, 0, &n, 8), 8);
	assert_int_equal(n, 4);
	assert_int_equal(qt_spsc_peek(q, 1, &n, 8), -QT_EEMPTY);
	assert_int_equal(pop(c), 4);
	qt_spsc_close(p);
	/* The next one goes on where it was. */
	p = open_spsc(other, QT_SPSC_PRODUCER);
	assert_int_equal(push(p, 5), 0);
	assert_int_equal(pop(c), 5);
	qt_spsc_close(p);
	qt_spsc_close(c);
	qt_spsc_close(q);
	qt_seg_close(reader);
	qt_seg_close(other);
	qt_seg_close(seg);
}

QT_TEST(a_dead_producer_is_replaced_and_a_child_is_none)
{
	struct qt_seg	*seg = test_seg();
	struct qt_spsc	*q, *c;
	int		 status;
	pid_t		 pid;

	(void)state;
	assert_int_equal(qt_spsc_create(seg, "q", &numbers, NULL), 0);
	c = open_spsc(seg, QT_SPSC_CONSUMER);
	pid = fork();
	if (pid == 0) {
		if (pop(c) != -EACCES || qt_seg_after_fork(seg, NULL) < 0 ||
		    pop(c) != -EACCES || qt_spsc_open(seg, "q", NULL,
		    QT_SPSC_PRODUCER, &q, NULL) < 0 || push(q, 1) < 0)
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	q = open_spsc(seg, QT_SPSC_PRODUCER);
	assert_int_equal(push(q, 2), 0);
	assert_int_equal(pop(c), 1);
	assert_int_equal(pop(c), 2);
	qt_spsc_close(q);
	qt_spsc_close(c);
	qt_seg_close(seg);
}

#define THREAD_ITEMS	100000u

static void *
produce(void *arg)
{
	struct qt_spsc	*q = arg;

	for (uint64_t i = 0; i < THREAD_ITEMS; i++) {
		uint64_t	n[3] = { i, i + 1, i + 2 };

		if (i % 7 == 0 && i + 2 < THREAD_ITEMS) {
			ssize_t	k = qt_spsc_push_n(q, n, 3, QT_WAIT_FOREVER);

			if (k < 1)
				return arg;
			i += (uint64_t)k - 1;
		} else if (qt_spsc_push(q, n, 8, QT_WAIT_FOREVER) < 0) {
			return arg;
		}
	}
	return NULL;
}

QT_TEST(two_threads_of_one_handle_move_everything_in_order)
{
	struct qt_seg	*seg = test_seg();
	struct qt_spsc	*q = make(seg, &numbers);
	pthread_t	 thread;
	void		*bad;
	uint64_t	 n = 0;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, produce, q), 0);
	for (uint64_t i = 0; i < THREAD_ITEMS; i++) {
		assert_int_equal(qt_spsc_pop(q, &n, 8, QT_WAIT_FOREVER), 8);
		assert_int_equal(n, i);
	}
	assert_int_equal(pthread_join(thread, &bad), 0);
	assert_null(bad);
	qt_spsc_close(q);
	qt_seg_close(seg);
}

QT_TEST(a_thousand_of_them_one_after_the_other_lose_no_space)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 used = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct qt_spsc	*q = make(seg, &numbers);

		assert_int_equal(push(q, 1), 0);
		assert_int_equal(qt_obj_erase(seg, "q", NULL), 0);
		assert_int_equal(qt_spsc_push(q, &seg, 8, QT_WAIT_NEVER), 0);
		qt_spsc_close(q);
		if (i == 0)
			used = qt_seg_used(seg);
	}
	assert_int_equal(qt_seg_used(seg), used);
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);
	qt_seg_close(seg);
}
