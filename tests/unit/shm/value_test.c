/* SPDX-License-Identifier: Apache-2.0 */
/* Values: whole or not at all, whoever writes at the same time or dies. */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <qt/shm/value.h>

#include "../../../libcommon/shm/object_priv.h"
#include "../test.h"
#include "shm_test.h"

#define FIRST_WORD(v) ((_Atomic uint64_t *)(void *)(qt_value_obj(v)->base + 512))
#define BUFFER_WORD(v, i) ((_Atomic uint64_t *)(void *)			\
	(qt_value_obj(v)->base + 576 + (size_t)(i) * 128))

static struct qt_value *
value(struct qt_seg *seg, uint64_t size, uint32_t writers)
{
	struct qt_value_spec	 spec = { .size = size, .writers = writers };
	struct qt_value		*v = NULL;
	struct qt_err		 err = QT_ERR_INIT;

	if (qt_value_create(seg, "v", &spec, &err) < 0 ||
	    qt_value_open(seg, "v", NULL, &v, &err) < 0)
		fail_msg("%s", err.text);
	return v;
}

QT_TEST(a_value_is_what_was_put_last)
{
	struct qt_seg	*seg = test_seg();
	struct qt_seg	*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_value	*v = value(seg, 100, 0), *r;
	char		 buf[100];
	uint64_t	 seq = 9;

	(void)state;
	assert_int_equal(qt_value_open(reader, "v", NULL, &r, NULL), 0);
	assert_int_equal(qt_value_get(r, buf, 100, &seq), -QT_EEMPTY);
	assert_int_equal(qt_value_put(v, "hello", 5, &seq), 0);
	assert_int_equal(seq, 1);
	assert_int_equal(qt_value_get(r, buf, 100, &seq), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(qt_value_get(r, buf, 4, NULL), -ERANGE);
	for (int i = 0; i < 100; i++)
		assert_int_equal(qt_value_put(v, buf, (size_t)i, &seq), 0);
	assert_int_equal(seq, 101);
	assert_int_equal(qt_value_get(r, buf, 100, &seq), 99);
	assert_int_equal(qt_value_put(v, buf, 101, NULL), -ERANGE);
	assert_int_equal(qt_value_put(r, buf, 1, NULL), -EACCES);
	qt_value_close(r);
	qt_seg_close(reader);
	qt_value_close(v);
	qt_seg_close(seg);
}

QT_TEST(a_dtype_fixes_the_size)
{
	struct qt_seg		*seg = test_seg();
	struct qt_value_spec	 spec = { .dtype = "[('t','f8'),('n','i4')]" };
	struct qt_value		*v;
	struct qt_obj_stat	 st;
	struct qt_err		 err = QT_ERR_INIT;
	char			 buf[12] = "twelve bytes";

	(void)state;
	assert_int_equal(qt_value_create(seg, "v", &spec, NULL), 0);
	assert_int_equal(qt_value_open(seg, "v", "<f8", &v, &err), -EINVAL);
	assert_string_equal(err.text, "open value 'v': it is of "
	    "'[('t','f8'),('n','i4')]', not '<f8'");
	assert_int_equal(qt_value_open(seg, "v", spec.dtype, &v, NULL), 0);
	assert_int_equal(qt_value_put(v, buf, 11, NULL), -ERANGE);
	assert_int_equal(qt_value_put(v, buf, 12, NULL), 0);
	assert_int_equal(qt_value_get(v, buf, 12, NULL), 12);
	assert_int_equal(qt_obj_stat(seg, "v", &st, NULL), 0);
	assert_string_equal(st.dtype, "[('t','f8'),('n','i4')]");
	assert_int_equal(st.elem_size, 12);
	assert_int_equal(st.count, 1);
	assert_string_equal(st.number[0].name, "sequence");
	assert_int_equal(st.number[0].value, 1);
	qt_value_close(v);
	spec.size = 0;
	spec.dtype = NULL;
	assert_int_equal(qt_value_create(seg, "w", &spec, NULL), -EINVAL);
	spec.size = UINT64_MAX;
	assert_int_equal(qt_value_create(seg, "w", &spec, NULL), -EINVAL);
	spec.size = QT_VALUE_SIZE_MAX;
	assert_int_equal(qt_value_create(seg, "w", &spec, &err), -ENOMEM);
	qt_seg_close(seg);
}

QT_TEST(put_if_is_for_who_has_seen_the_last)
{
	struct qt_seg	*seg = test_seg();
	struct qt_value	*v = value(seg, 8, 0);
	uint64_t	 mine = 0, theirs = 0;

	(void)state;
	assert_int_equal(qt_value_put_if(v, "a", 1, &mine), 1);
	assert_int_equal(mine, 1);
	assert_int_equal(qt_value_put_if(v, "b", 1, &theirs), 0);
	assert_int_equal(theirs, 1);
	assert_int_equal(qt_value_put_if(v, "b", 1, &theirs), 1);
	assert_int_equal(theirs, 2);
	assert_int_equal(qt_value_put_if(v, "c", 1, &mine), 0);
	qt_value_close(v);
	qt_seg_close(seg);
}

/* --- Threads -------------------------------------------------------------- */

struct crowd {
	struct qt_value		*v;
	_Atomic uint64_t	 done;		/* writers that are */
	_Atomic uint64_t	 added;
	_Atomic int		 is_torn;
};

#define WORDS		12
#define WRITERS		3
#define ROUNDS		3000

static int
is_whole(const uint64_t *words)
{
	for (int i = 1; i < WORDS; i++)
		if (words[i] != words[0])
			return 0;
	return 1;
}

/* Counts up by put_if, and writes anything by put. */
static void *
write_it(void *arg)
{
	struct crowd	*c = arg;
	uint64_t	 words[WORDS], seq;

	for (int i = 0; i < ROUNDS; i++) {
		if (qt_value_get(c->v, words, sizeof(words), &seq) !=
		    sizeof(words) || !is_whole(words))
			atomic_store(&c->is_torn, 1);
		for (int k = 0; k < WORDS; k++)
			words[k]++;
		if (qt_value_put_if(c->v, words, sizeof(words), &seq) > 0)
			atomic_fetch_add(&c->added, 1);
	}
	atomic_fetch_add(&c->done, 1);
	return NULL;
}

static void *
read_it(void *arg)
{
	struct crowd	*c = arg;
	uint64_t	 words[WORDS], last = 0, seq = 0;

	while (atomic_load(&c->done) < WRITERS) {
		(void)qt_value_wait(c->v, &seq, qt_wait_deadline(1));
		if (qt_value_get(c->v, words, sizeof(words), NULL) !=
		    sizeof(words) || !is_whole(words) || words[0] < last)
			atomic_store(&c->is_torn, 1);
		last = words[0];
	}
	return NULL;
}

QT_TEST(no_reader_sees_half_a_value_and_no_increment_is_lost)
{
	struct qt_seg	*seg = test_seg();
	struct crowd	 c = { .v = value(seg, WORDS * 8, WRITERS) };
	pthread_t	 t[WRITERS + 1];
	uint64_t	 words[WORDS] = { 0 };

	(void)state;
	assert_int_equal(qt_value_put(c.v, words, sizeof(words), NULL), 0);
	for (int i = 0; i <= WRITERS; i++)
		assert_int_equal(pthread_create(&t[i], NULL,
		    i < WRITERS ? write_it : read_it, &c), 0);
	for (int i = 0; i <= WRITERS; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	assert_int_equal(atomic_load(&c.is_torn), 0);
	assert_int_equal(qt_value_get(c.v, words, sizeof(words), NULL),
	    sizeof(words));
	assert_int_equal(words[0], atomic_load(&c.added));
	assert_true(words[0] >= ROUNDS);
	qt_value_close(c.v);
	qt_seg_close(seg);
}

static void *
wait_for_it(void *arg)
{
	struct crowd	*c = arg;
	uint64_t	 seq = 0;

	while (seq < 500)
		if (qt_value_wait(c->v, &seq, QT_WAIT_FOREVER) < 0)
			return c;
	return NULL;
}

QT_TEST(who_waits_for_a_change_is_told)
{
	struct qt_seg	*seg = test_seg();
	struct crowd	 c = { .v = value(seg, 8, 0) };
	uint64_t	 seq = 0;
	pthread_t	 t;
	void		*rc;

	(void)state;
	assert_int_equal(qt_value_wait(c.v, &seq, QT_WAIT_NEVER), -EAGAIN);
	assert_int_equal(qt_value_wait(c.v, &seq, qt_wait_deadline(5)),
	    -ETIMEDOUT);
	assert_int_equal(pthread_create(&t, NULL, wait_for_it, &c), 0);
	for (int i = 0; i < 500; i++)
		assert_int_equal(qt_value_put(c.v, "x", 1, NULL), 0);
	assert_int_equal(pthread_join(t, &rc), 0);
	assert_null(rc);
	qt_value_close(c.v);
	qt_seg_close(seg);
}

/* --- The dead, the stopped, and the mad ----------------------------------- */

/* A child that has claimed a buffer, as if in the middle of a put. */
static pid_t
claimer(struct qt_seg *seg, struct qt_value *v, int buffer)
{
	pid_t	pid = fork();
	int	status;

	if (pid == 0) {
		if (qt_seg_after_fork(seg, NULL) < 0)
			_exit(1);
		atomic_store(BUFFER_WORD(v, buffer), qt__owner(7,
		    qt_seg_self(seg), 1));
		raise(SIGSTOP);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	return pid;
}

QT_TEST(stopped_writers_keep_their_buffers_and_dead_ones_do_not)
{
	struct qt_seg	*seg = test_seg();
	struct qt_value	*v = value(seg, 100, 1);	/* 3 buffers */
	pid_t		 a = claimer(seg, v, 0), b = claimer(seg, v, 1);

	(void)state;
	/* The third one is free, and then it is the published one. */
	assert_int_equal(qt_value_put(v, "one", 3, NULL), 0);
	assert_int_equal(qt_value_put(v, "two", 3, NULL), -EBUSY);
	kill(a, SIGKILL);
	assert_int_equal(waitpid(a, NULL, 0), a);
	assert_int_equal(qt_value_put(v, "two", 3, NULL), 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(qt_value_put(v, "three", 5, NULL), 0);
	kill(b, SIGKILL);
	assert_int_equal(waitpid(b, NULL, 0), b);
	assert_true(qt_seg_sweep(seg) >= 1);
	assert_int_equal(qt__owner_state(atomic_load(BUFFER_WORD(v, 1))), 0);
	assert_int_equal(qt_obj_fsck(seg, 0, NULL, NULL), 0);
	qt_value_close(v);
	qt_seg_close(seg);
}

QT_TEST(words_that_make_no_sense_are_found_and_repaired)
{
	struct qt_seg	*seg = test_seg();
	struct qt_value	*v = value(seg, 100, 1);
	char		 buf[100];

	(void)state;
	assert_int_equal(qt_value_put(v, "one", 3, NULL), 0);
	atomic_store(FIRST_WORD(v), UINT64_C(5) << 16 | 3);
	assert_int_equal(qt_value_get(v, buf, 100, NULL), -QT_ECORRUPT);
	atomic_store(FIRST_WORD(v), UINT64_C(5) << 16 | 1);
	atomic_store(BUFFER_WORD(v, 1) + 1, UINT64_MAX);
	assert_int_equal(qt_value_get(v, buf, 100, NULL), -QT_ECORRUPT);
	atomic_store(BUFFER_WORD(v, 2), UINT64_MAX);
	assert_int_equal(qt_obj_fsck(seg, 0, NULL, NULL), 2);
	assert_int_equal(qt_obj_fsck(seg, QT_OBJ_FSCK_REPAIR, NULL, NULL), 0);
	assert_int_equal(qt_obj_fsck(seg, 0, NULL, NULL), 0);
	assert_int_equal(qt_value_get(v, buf, 100, NULL), -QT_EEMPTY);
	for (int i = 0; i < 20; i++)
		assert_int_equal(qt_value_put(v, "two", 3, NULL), 0);
	qt_value_close(v);
	qt_seg_close(seg);
}

QT_TEST(a_thousand_values_one_after_the_other_lose_no_space)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 used = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct qt_value	*v = value(seg, 5000, 0);

		assert_int_equal(qt_value_put(v, "x", 1, NULL), 0);
		qt_value_close(v);
		assert_int_equal(qt_obj_erase(seg, "v", NULL), 0);
		if (i == 0)
			used = qt_seg_used(seg);
	}
	assert_int_equal(qt_seg_used(seg), used);
	qt_seg_close(seg);
}
