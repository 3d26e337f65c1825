/* SPDX-License-Identifier: Apache-2.0 */
/* Epochs: nothing is freed under a reader, and everything is in the end. */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "../test.h"
#include "cell.h"
#include "shm_test.h"

static void
make(struct cell *c, struct qt_seg *seg)
{
	uint64_t	at;

	assert_int_equal(qt_seg_alloc(seg, CELL_SIZE, &at), 0);
	cell_open(c, seg, at);
}

QT_TEST(what_is_retired_is_freed_two_epochs_later)
{
	struct qt_seg	*seg = test_seg();
	struct cell	 c;

	(void)state;
	make(&c, seg);
	assert_int_equal(cell_put(&c, 1), 0);
	assert_int_equal(cell_put(&c, 2), 0);
	assert_int_equal(cell_count_free(&c), CELL_NODES - 2);
	assert_int_equal(qt__epoch_reclaim(&c.epoch), 1);
	assert_int_equal(cell_count_free(&c), CELL_NODES - 1);
	assert_int_equal(qt__epoch_reclaim(&c.epoch), 0);
	qt_seg_close(seg);
}

QT_TEST(a_reader_holds_back_what_it_may_see_and_no_more)
{
	struct qt_seg		*seg = test_seg();
	struct cell		 c;
	struct qt__epoch_guard	 g;
	struct qt_obj_stat	 st = { .number_count = 0 };

	(void)state;
	make(&c, seg);
	assert_int_equal(cell_put(&c, 1), 0);
	assert_int_equal(qt__epoch_enter(&c.epoch, &g), 0);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(cell_put(&c, 2), 0);
		assert_int_equal(qt__epoch_reclaim(&c.epoch), 0);
	}
	qt__epoch_describe(&c.epoch, &st);
	assert_int_equal(st.number_count, 3);
	assert_int_equal(st.number[1].value, 10);	/* limbo */
	assert_int_equal(st.number[2].value, qt_seg_self(seg));
	qt__epoch_leave(&g);
	assert_int_equal(qt__epoch_reclaim(&c.epoch), 10);
	qt_seg_close(seg);
}

QT_TEST(without_readers_no_call_to_reclaim_is_needed)
{
	struct qt_seg	*seg = test_seg();
	struct cell	 c;

	(void)state;
	make(&c, seg);
	for (uint64_t i = 0; i < 10000; i++) {
		int	rc = cell_put(&c, i);

		/* 32 nodes, and a look after 32 that were retired. */
		if (rc == -QT_EFULL) {
			assert_true(qt__epoch_reclaim(&c.epoch) > 0);
			rc = cell_put(&c, i);
		}
		assert_int_equal(rc, 0);
	}
	qt_seg_close(seg);
}

QT_TEST(more_threads_than_records_are_told)
{
	struct qt_seg		*seg = test_seg();
	struct cell		 c;
	struct qt__epoch_guard	 g[CELL_RECORDS], more;

	(void)state;
	make(&c, seg);
	for (unsigned int i = 0; i < CELL_RECORDS; i++)
		assert_int_equal(qt__epoch_enter(&c.epoch, &g[i]), 0);
	assert_int_equal(qt__epoch_enter(&c.epoch, &more), -EBUSY);
	qt__epoch_leave(&g[3]);
	assert_int_equal(qt__epoch_enter(&c.epoch, &more), 0);
	assert_ptr_equal(more.record, g[3].record);
	qt_seg_close(seg);
}

/* --- Threads --------------------------------------------------------------- */

#define WRITERS		2
#define READERS		2
#define ROUNDS		4000

struct crowd {
	struct cell		 c;
	_Atomic unsigned int	 done;
	_Atomic int		 is_torn;
};

static void *
write_it(void *arg)
{
	struct crowd	*w = arg;

	for (uint64_t i = 1; i <= ROUNDS; i++)
		while (cell_put(&w->c, i * 100) == -QT_EFULL)
			if (qt__epoch_reclaim(&w->c.epoch) == 0)
				sched_yield();
	atomic_fetch_add(&w->done, 1);
	return NULL;
}

static void *
read_it(void *arg)
{
	struct crowd		*w = arg;
	struct qt__epoch_guard	 g;

	while (atomic_load(&w->done) < WRITERS) {
		uint64_t	ref, first;

		if (qt__epoch_enter(&w->c.epoch, &g) < 0) {
			atomic_store(&w->is_torn, 1);
			return NULL;
		}
		ref = atomic_load(w->c.current);
		for (uint64_t i = 0; ref != 0 && i < 3 * CELL_WORDS; i++) {
			uint64_t	v = atomic_load_explicit(
			    &w->c.node[ref - 1].data[i % CELL_WORDS],
			    memory_order_relaxed) - i % CELL_WORDS;

			if (i == 0)
				first = v;
			else if (v != first)
				atomic_store(&w->is_torn, 1);
		}
		qt__epoch_leave(&g);
	}
	return NULL;
}

QT_TEST(nobody_reads_what_was_freed)
{
	struct qt_seg	*seg = test_seg();
	struct crowd	 w = { .done = 0 };
	pthread_t	 t[WRITERS + READERS];

	(void)state;
	make(&w.c, seg);
	for (int i = 0; i < WRITERS + READERS; i++)
		assert_int_equal(pthread_create(&t[i], NULL,
		    i < WRITERS ? write_it : read_it, &w), 0);
	for (int i = 0; i < WRITERS + READERS; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	assert_int_equal(atomic_load(&w.is_torn), 0);
	(void)qt__epoch_reclaim(&w.c.epoch);
	assert_int_equal(cell_count_free(&w.c), CELL_NODES - 1);
	qt_seg_close(seg);
}

/* --- The stopped, the dead, and the mad ------------------------------------ */

QT_TEST(a_stopped_reader_is_named_and_a_dead_one_is_swept)
{
	struct qt_seg		*seg = test_seg();
	struct cell		 c;
	struct qt_obj_stat	 st = { .number_count = 0 };
	struct qt__epoch_guard	 g;
	uint32_t		 id;
	pid_t			 pid;

	(void)state;
	make(&c, seg);
	pid = fork();
	if (pid == 0) {
		if (qt_seg_after_fork(seg, NULL) < 0 ||
		    qt__epoch_enter(&c.epoch, &g) < 0)
			_exit(1);
		/* As if stopped while it filled a node. */
		(void)cell_alloc(&c);
		raise(SIGSTOP);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
	for (int i = 0; i < 5; i++)
		assert_int_equal(cell_put(&c, 1), 0);
	assert_int_equal(qt__epoch_reclaim(&c.epoch), 0);
	assert_int_equal(qt__epoch_reclaim(&c.epoch), 0);
	qt__epoch_describe(&c.epoch, &st);
	assert_string_equal(st.number[2].name, "held back by");
	id = (uint32_t)st.number[2].value;
	assert_int_equal(qt_seg_is_alive(seg, id), 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(qt_seg_is_alive(seg, id), 0);
	cell_sweep(&c, id);
	assert_int_equal(qt__epoch_reclaim(&c.epoch), 4);
	assert_int_equal(cell_count_free(&c), CELL_NODES - 1);
	qt_seg_close(seg);
}

static void
fault(void *arg, const char *name, const char *what)
{
	(void)name;
	assert_non_null(strstr(what, arg));
}

QT_TEST(lists_that_lead_nowhere_are_found_and_end)
{
	struct qt_seg	*seg = test_seg();
	struct cell	 c;
	char		 want[] = "leads nowhere";
	struct qt__fsck	 f = { .fault = fault, .arg = want };
	_Atomic uint64_t *list;

	(void)state;
	make(&c, seg);
	for (int i = 0; i < 5; i++)
		assert_int_equal(cell_put(&c, 1), 0);
	qt__epoch_fsck(&c.epoch, &f);
	assert_int_equal(f.left, 0);
	list = &c.epoch.area->record[1].limbo[0];
	for (uint32_t i = 0; i < CELL_RECORDS; i++)
		if (c.epoch.area->record[i].limbo[0] != 0)
			list = &c.epoch.area->record[i].limbo[0];
	/* In a circle; out of bounds. */
	atomic_store(&c.node[*list - 1].limbo.next, *list);
	qt__epoch_fsck(&c.epoch, &f);
	assert_int_equal(f.left, 1);
	(void)qt__epoch_reclaim(&c.epoch);
	atomic_store(list, UINT64_MAX);
	qt__epoch_fsck(&c.epoch, &f);
	assert_int_equal(f.left, 2);
	f.flags = QT_OBJ_FSCK_REPAIR;
	qt__epoch_fsck(&c.epoch, &f);
	assert_int_equal(f.left, 2);
	assert_int_equal(atomic_load(list), 0);
	qt_seg_close(seg);
}
