/* SPDX-License-Identifier: Apache-2.0 */
/* Entries: names that are there once, whole, and gone when deleted. */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "../test.h"
#include "shm_test.h"

static struct qt_seg_entry
entry(const struct qt_seg *seg, const char *name, uint64_t at)
{
	struct qt_seg_entry	e = { .type = QT_TYPE_RAW, .offset = at,
	    .size = 8, .dtype = "<u8", .shape = { 1 } };

	(void)seg;
	snprintf(e.name, sizeof(e.name), "%s", name);
	return e;
}

QT_TEST(an_entry_comes_back_as_it_was_added)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg		*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_seg_entry	 e, got;
	uint64_t		 at;

	(void)state;
	assert_int_equal(qt_seg_alloc(seg, 4096, &at), 0);
	e = entry(seg, "a name", at);
	e.shape[3] = 9;
	assert_int_equal(qt_seg_entry_get(reader, "a name", &got), -ENOENT);
	assert_int_equal(qt_seg_entry_add(seg, &e), 0);
	assert_int_equal(qt_seg_entry_get(reader, "a name", &got), 0);
	assert_string_equal(got.name, "a name");
	assert_string_equal(got.dtype, "<u8");
	assert_int_equal(got.type, QT_TYPE_RAW);
	assert_int_equal(got.offset, at);
	assert_int_equal(got.size, 8);
	assert_int_equal(got.shape[0], 1);
	assert_int_equal(got.shape[3], 9);
	assert_true(got.generation > 0);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

QT_TEST(a_name_is_there_once_and_again_after_deletion)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg_entry	 e, got;
	uint64_t		 at;
	uint32_t		 generation;

	(void)state;
	assert_int_equal(qt_seg_alloc(seg, 4096, &at), 0);
	e = entry(seg, "x", at);
	assert_int_equal(qt_seg_entry_add(seg, &e), 0);
	assert_int_equal(qt_seg_entry_add(seg, &e), -EEXIST);
	assert_int_equal(qt_seg_entry_get(seg, "x", &got), 0);
	generation = got.generation;
	assert_int_equal(qt_seg_entry_del(seg, "x"), 0);
	assert_int_equal(qt_seg_entry_del(seg, "x"), -ENOENT);
	assert_int_equal(qt_seg_entry_get(seg, "x", &got), -ENOENT);
	assert_int_equal(qt_seg_entry_add(seg, &e), 0);
	assert_int_equal(qt_seg_entry_get(seg, "x", &got), 0);
	assert_true(got.generation > generation);
	qt_seg_close(seg);
}

QT_TEST(what_is_no_entry_is_refused)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg_entry	 e, good;
	uint64_t		 at;

	(void)state;
	assert_int_equal(qt_seg_alloc(seg, 4096, &at), 0);
	good = entry(seg, "x", at);
#define REFUSED(change) do {						\
	e = good;							\
	change;								\
	assert_int_equal(qt_seg_entry_add(seg, &e), -EINVAL);		\
} while (0)
	REFUSED(e.name[0] = '\0');
	REFUSED(memset(e.name, 'x', sizeof(e.name)));
	REFUSED(memset(e.dtype, 'x', sizeof(e.dtype)));
	REFUSED(e.offset = 0);
	REFUSED(e.offset = qt_seg_size(seg));
	REFUSED(e.size = qt_seg_size(seg));
	REFUSED(e.size = UINT64_MAX);
#undef REFUSED
	qt_seg_close(seg);
}

QT_TEST(a_full_table_says_so_and_each_of_its_names_is_found)
{
	struct qt_seg_spec	 spec = test_spec;
	struct qt_seg		*seg;
	struct qt_seg_entry	 e, got;
	uint64_t		 at;
	uint32_t		 cursor = 0, n = 0;
	char			 name[16];

	(void)state;
	spec.entries = 100;
	assert_int_equal(qt_seg_create(NULL, &spec, &seg, NULL), 0);
	assert_int_equal(qt_seg_alloc(seg, 4096, &at), 0);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 100; i++) {
			snprintf(name, sizeof(name), "%d-%d", round, i);
			e = entry(seg, name, at + (uint64_t)i * 8);
			assert_int_equal(qt_seg_entry_add(seg, &e), 0);
		}
		e = entry(seg, "one more", at);
		assert_int_equal(qt_seg_entry_add(seg, &e), -QT_EFULL);
		for (int i = 0; i < 100; i++) {
			snprintf(name, sizeof(name), "%d-%d", round, i);
			assert_int_equal(qt_seg_entry_get(seg, name, &got), 0);
			assert_int_equal(got.offset, at + (uint64_t)i * 8);
		}
		for (cursor = n = 0; qt_seg_entry_next(seg, &cursor, &got);)
			n++;
		assert_int_equal(n, 100);
		for (int i = 0; i < 100; i++) {
			snprintf(name, sizeof(name), "%d-%d", round, i);
			assert_int_equal(qt_seg_entry_del(seg, name), 0);
		}
		cursor = 0;
		assert_int_equal(qt_seg_entry_next(seg, &cursor, &got), 0);
	}
	qt_seg_close(seg);
}

struct race {
	struct qt_seg	*seg;
	uint64_t	 at;
	atomic_int	 stop;
};

/* Adds and deletes; name, shape and size always agree. */
static void *
churn(void *arg)
{
	struct race	*r = arg;

	for (uint64_t i = 0; !atomic_load(&r->stop); i++) {
		struct qt_seg_entry	e = entry(r->seg, "", r->at);

		snprintf(e.name, sizeof(e.name), "n%u", (unsigned int)(i % 5));
		e.shape[0] = i;
		e.shape[1] = ~i;
		if (qt_seg_entry_add(r->seg, &e) < 0 ||
		    qt_seg_entry_del(r->seg, e.name) < 0)
			abort();
	}
	return NULL;
}

QT_TEST(a_reader_never_sees_half_an_entry)
{
	struct race	r = { .seg = test_seg() };
	pthread_t	thread;
	int		seen = 0;

	(void)state;
	assert_int_equal(qt_seg_alloc(r.seg, 8, &r.at), 0);
	assert_int_equal(pthread_create(&thread, NULL, churn, &r), 0);
	while (seen < 2000) {
		struct qt_seg_entry	e;
		uint32_t		cursor = 0;

		while (qt_seg_entry_next(r.seg, &cursor, &e)) {
			seen++;
			assert_int_equal(e.shape[0], ~e.shape[1]);
			assert_int_equal(e.name[1] - '0', e.shape[0] % 5);
		}
	}
	atomic_store(&r.stop, 1);
	pthread_join(thread, NULL);
	qt_seg_close(r.seg);
}

QT_TEST(of_many_that_add_one_name_one_does)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 at;
	pid_t		 pid[4];
	int		 status, won = 0;

	(void)state;
	assert_int_equal(qt_seg_alloc(seg, 8, &at), 0);
	for (int i = 0; i < 4; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] == 0) {
			struct qt_seg_entry	e = entry(seg, "only", at);
			int			rc;

			if (qt_seg_after_fork(seg, NULL) < 0)
				_exit(9);
			rc = qt_seg_entry_add(seg, &e);
			_exit(rc == 0 ? 1 : rc == -EEXIST ? 0 : 9);
		}
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_true(WIFEXITED(status));
		won += WEXITSTATUS(status);
	}
	assert_int_equal(won, 1);
	qt_seg_close(seg);
}
