/* SPDX-License-Identifier: Apache-2.0 */
/* Pools with epochs: what a pinned reader got stays until it leaves. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <qt/shm/epoch.h>
#include <qt/shm/pool.h>

#include "../test.h"
#include "shm_test.h"

#define BLOCKS	4

static struct qt_shm_pool *
open_pool(struct qt_seg *seg)
{
	struct qt_shm_pool	*p;
	struct qt_err		 err = QT_ERR_INIT;

	if (qt_shm_pool_open(seg, "p", NULL, &p, &err) < 0)
		fail_msg("%s", err.text);
	return p;
}

static struct qt_shm_pool *
make(struct qt_seg *seg)
{
	static const struct qt_shm_pool_spec	spec = { .size = 64,
	    .capacity = BLOCKS, .flags = QT_POOL_EPOCHS };
	struct qt_err				err = QT_ERR_INIT;

	if (qt_shm_pool_create(seg, "p", &spec, &err) < 0)
		fail_msg("%s", err.text);
	return open_pool(seg);
}

static uint64_t
number_of(struct qt_seg *seg, const char *name)
{
	struct qt_obj_stat	st;

	assert_int_equal(qt_obj_stat(seg, "p", &st, NULL), 0);
	for (unsigned int i = 0; i < st.number_count; i++)
		if (strcmp(st.number[i].name, name) == 0)
			return st.number[i].value;
	return UINT64_MAX;
}

static uint64_t
alloc(struct qt_shm_pool *p, int with)
{
	uint64_t	h;

	assert_int_equal(qt_shm_pool_alloc(p, &h, QT_WAIT_NEVER), 0);
	memset(qt_shm_pool_get(p, h), with, 64);
	return h;
}

QT_TEST(a_block_is_kept_for_a_reader_until_it_leaves)
{
	struct qt_seg			*seg = test_seg();
	struct qt_seg			*other = test_join(seg, QT_SEG_JOIN);
	struct qt_shm_pool		*p = make(seg), *q = open_pool(other);
	struct qt_shm_pool_guard	 g;
	uint64_t			 h[BLOCKS], more;
	const char			*at;

	(void)state;
	for (int i = 0; i < BLOCKS; i++)
		h[i] = alloc(p, i + 1);
	assert_int_equal(qt_shm_pool_give(p, h[2]), 0);
	assert_int_equal(qt_shm_pool_enter(q, &g), 0);
	at = qt_shm_pool_get(q, h[2]);
	assert_int_equal(qt_shm_pool_retire(p, h[2]), 0);
	/* Stale for all who come now, and no more to be changed. */
	assert_null(qt_shm_pool_get(q, h[2]));
	assert_null(qt_shm_pool_get(p, h[2]));
	assert_int_equal(qt_shm_pool_owner(p, h[2]), -QT_EGONE);
	assert_int_equal(qt_shm_pool_own(p, h[2]), -QT_EGONE);
	assert_int_equal(qt_shm_pool_free(p, h[2]), -QT_EGONE);
	assert_int_equal(qt_shm_pool_retire(p, h[2]), -QT_EGONE);
	assert_int_equal(qt_shm_pool_count(p), BLOCKS - 1);
	for (int i = 0; i < 10; i++)
		assert_int_equal(qt_shm_pool_alloc(p, &more, QT_WAIT_NEVER),
		    -QT_EFULL);
	for (int i = 0; i < 64; i++)
		assert_int_equal(at[i], 3);
	assert_int_equal(number_of(seg, "limbo"), 1);
	assert_int_equal(number_of(seg, "held back by"), qt_seg_self(other));
	qt_shm_pool_leave(&g);
	qt_shm_pool_leave(&g);
	assert_int_equal(number_of(seg, "held back by"), UINT64_MAX);
	more = alloc(p, 9);
	assert_ptr_equal(qt_shm_pool_get(q, more), at);
	assert_true(more != h[2]);
	assert_null(qt_shm_pool_get(q, h[2]));
	assert_int_equal(qt_obj_fsck(seg, 0, NULL, NULL), 0);
	qt_shm_pool_close(q);
	qt_shm_pool_close(p);
	qt_seg_close(other);
	qt_seg_close(seg);
}

QT_TEST(one_retires_what_is_its_own_or_nobodys)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg		*other = test_join(seg, QT_SEG_JOIN);
	struct qt_seg		*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_shm_pool	*p = make(seg), *q = open_pool(other);
	struct qt_shm_pool	*r = open_pool(reader);
	struct qt_shm_pool_guard g;
	uint64_t		 h = alloc(p, 1);

	(void)state;
	assert_int_equal(qt_shm_pool_retire(q, h), -EPERM);
	assert_int_equal(qt_shm_pool_retire(r, h), -EACCES);
	assert_int_equal(qt_shm_pool_enter(r, &g), -EACCES);
	qt_shm_pool_leave(&g);
	assert_int_equal(qt_shm_pool_retire(p, QT_POOL_NONE), -QT_EGONE);
	assert_int_equal(qt_shm_pool_give(p, h), 0);
	assert_int_equal(qt_shm_pool_retire(q, h), 0);
	assert_int_equal(qt_shm_pool_retire(p, alloc(p, 2)), 0);
	/* Nobody reads, so nobody waits. */
	for (int i = 0; i < 1000; i++)
		assert_int_equal(qt_shm_pool_retire(p, alloc(p, 3)), 0);
	qt_shm_pool_close(r);
	qt_shm_pool_close(q);
	qt_shm_pool_close(p);
	qt_seg_close(reader);
	qt_seg_close(other);
	qt_seg_close(seg);
}

QT_TEST(a_pool_without_epochs_says_so)
{
	struct qt_seg			*seg = test_seg();
	struct qt_shm_pool_spec		 spec = { .size = 64, .capacity = 2 };
	struct qt_shm_pool		*p;
	struct qt_shm_pool_guard	 g;
	uint64_t			 h;

	(void)state;
	assert_int_equal(qt_shm_pool_create(seg, "p", &spec, NULL), 0);
	p = open_pool(seg);
	h = alloc(p, 1);
	assert_int_equal(qt_shm_pool_enter(p, &g), -EINVAL);
	qt_shm_pool_leave(&g);
	assert_int_equal(qt_shm_pool_retire(p, h), -EINVAL);
	assert_non_null(qt_shm_pool_get(p, h));
	assert_int_equal(number_of(seg, "epoch"), UINT64_MAX);
	spec.flags = 1u << 7;
	assert_int_equal(qt_shm_pool_create(seg, "x", &spec, NULL), -EINVAL);
	qt_shm_pool_close(p);
	qt_seg_close(seg);
}

QT_TEST(more_readers_than_records_are_told)
{
	struct qt_seg			*seg = test_seg();
	struct qt_shm_pool		*p = make(seg);
	struct qt_shm_pool_guard	*g = calloc(1024, sizeof(*g)), more;
	unsigned int			 n = 0;
	uint64_t			 h = alloc(p, 1);

	(void)state;
	assert_non_null(g);
	while (n < 1024 && qt_shm_pool_enter(p, &g[n]) == 0)
		n++;
	assert_true(n >= 16 && n < 1024);
	assert_int_equal(qt_shm_pool_enter(p, &more), -EBUSY);
	assert_int_equal(qt_shm_pool_retire(p, h), -EBUSY);
	assert_non_null(qt_shm_pool_get(p, h));
	qt_shm_pool_leave(&g[n / 2]);
	assert_int_equal(qt_shm_pool_retire(p, h), 0);
	/* With the last handle, what was not left is left. */
	qt_shm_pool_close(p);
	p = open_pool(seg);
	for (int i = 0; i < BLOCKS; i++)
		(void)alloc(p, 2);
	qt_shm_pool_close(p);
	free(g);
	qt_seg_close(seg);
}

/* A child that has a block, and reads another's; stopped in the middle. */
static pid_t
start_reader(struct qt_seg *seg, struct qt_shm_pool *p, uint64_t given)
{
	pid_t	pid = fork();
	int	status;

	if (pid == 0) {
		struct qt_shm_pool_guard	g;
		uint64_t			mine;

		if (qt_seg_after_fork(seg, NULL) < 0 ||
		    qt_shm_pool_alloc(p, &mine, QT_WAIT_NEVER) < 0 ||
		    qt_shm_pool_enter(p, &g) < 0 ||
		    qt_shm_pool_get(p, given) == NULL)
			_exit(1);
		raise(SIGSTOP);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	return pid;
}

static void
see_behind(void *arg, const struct qt_epoch_pin *pin)
{
	if (pin->participant != 0 && pin->behind > 0)
		*(uint32_t *)arg = pin->participant;
}

QT_TEST(a_stopped_reader_is_named_and_a_dead_one_is_undone)
{
	struct qt_seg		*seg = test_seg();
	struct qt_shm_pool	*p = make(seg);
	uint64_t		 given = alloc(p, 1), h;
	uint32_t		 who = 0;
	pid_t			 pid;

	(void)state;
	assert_int_equal(qt_shm_pool_give(p, given), 0);
	pid = start_reader(seg, p, given);
	assert_int_equal(qt_shm_pool_retire(p, given), 0);
	/* Two were free, and are; what is retired is held back. */
	assert_int_equal(qt_shm_pool_retire(p, alloc(p, 2)), 0);
	assert_int_equal(qt_shm_pool_retire(p, alloc(p, 2)), 0);
	assert_int_equal(qt_shm_pool_alloc(p, &h, QT_WAIT_NEVER), -QT_EFULL);
	assert_int_equal(qt_shm_pool_alloc(p, &h, qt_wait_deadline(20)),
	    -ETIMEDOUT);
	assert_true(qt_epoch_each(seg, "p", see_behind, &who, NULL) > 0);
	assert_true(who != 0 && who != qt_seg_self(seg));
	assert_int_equal(number_of(seg, "held back by"), who);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	/* All of them, and the dead one's own too. */
	for (int i = 0; i < BLOCKS; i++)
		(void)alloc(p, 3);
	assert_int_equal(qt_shm_pool_alloc(p, &h, QT_WAIT_NEVER), -QT_EFULL);
	assert_int_equal(number_of(seg, "takeovers"), 1);
	assert_int_equal(number_of(seg, "limbo"), 0);
	assert_int_equal(qt_obj_fsck(seg, 0, NULL, NULL), 0);
	qt_shm_pool_close(p);
	qt_seg_close(seg);
}

QT_TEST(what_a_dead_one_owned_is_kept_for_its_readers)
{
	struct qt_seg			*seg = test_seg();
	struct qt_seg			*other = test_join(seg, QT_SEG_JOIN);
	struct qt_shm_pool		*p = make(seg), *q = open_pool(other);
	struct qt_shm_pool_guard	 g;
	uint64_t			 h = alloc(q, 7), more;
	const char			*at;

	(void)state;
	assert_int_equal(qt_shm_pool_enter(p, &g), 0);
	at = qt_shm_pool_get(p, h);
	qt_shm_pool_close(q);
	assert_null(qt_shm_pool_get(p, h));
	assert_int_equal(number_of(seg, "orphans"), 1);
	for (int i = 0; i < BLOCKS - 1; i++)
		(void)alloc(p, i);
	for (int i = 0; i < 10; i++)
		assert_int_equal(qt_shm_pool_alloc(p, &more, QT_WAIT_NEVER),
		    -QT_EFULL);
	assert_int_equal(at[63], 7);
	assert_int_equal(number_of(seg, "limbo"), 1);
	qt_shm_pool_leave(&g);
	more = alloc(p, 8);
	assert_ptr_equal(qt_shm_pool_get(p, more), at);
	qt_shm_pool_close(p);
	qt_seg_close(other);
	qt_seg_close(seg);
}

/* --- Threads --------------------------------------------------------------- */

struct waiting {
	struct qt_shm_pool	*p;
	int			 rc;
};

static void *
wait_for_block(void *arg)
{
	struct waiting	*w = arg;
	uint64_t	 h;

	w->rc = qt_shm_pool_alloc(w->p, &h, QT_WAIT_FOREVER);
	return NULL;
}

QT_TEST(who_waits_for_a_block_gets_it_when_the_reader_leaves)
{
	struct qt_seg			*seg = test_seg();
	struct qt_shm_pool		*p = make(seg);
	struct qt_shm_pool_guard	 g;
	struct waiting			 w = { p, -1 };
	pthread_t			 t;
	struct qt_obj_stat		 st;
	uint64_t			 h[BLOCKS];

	(void)state;
	for (int i = 0; i < BLOCKS; i++)
		h[i] = alloc(p, i);
	assert_int_equal(qt_shm_pool_enter(p, &g), 0);
	assert_int_equal(qt_shm_pool_retire(p, h[0]), 0);
	assert_int_equal(pthread_create(&t, NULL, wait_for_block, &w), 0);
	do {
		assert_int_equal(qt_obj_stat(seg, "p", &st, NULL), 0);
	} while (!st.has_waiters);
	qt_shm_pool_leave(&g);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_int_equal(w.rc, 0);
	qt_shm_pool_close(p);
	qt_seg_close(seg);
}
