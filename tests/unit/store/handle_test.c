/* SPDX-License-Identifier: Apache-2.0 */
/* Who uses a store, and what becomes of that in children and without memory. */

#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>

#include "../../../libcommon/store/handle_priv.h"
#include "world.h"

#define CHILDREN	20u

static const char *const	async[] = { "mode", "async", NULL };

QT_TEST(a_handle_whose_memory_was_removed_writes_no_more)
{
	struct world	 w;
	struct qt_store	*s, *other;
	struct qt_err	 err = QT_ERR_INIT;

	(void)state;
	world_begin(&w, async);
	s = world_open(&w);
	assert_int_equal(qt_seg_unlink(s->name), 0);
	assert_int_equal(qt_store_put(s, NULL, &(struct qt_store_put){
	    .key = "k", .key_len = 1 }, &err), -QT_EGONE);
	assert_non_null(strstr(err.text, "open it again"));
	/* Nor when there is another one by that name. */
	other = world_open(&w);
	assert_int_equal(put(other, "k", "v", 1, 0), 0);
	assert_int_equal(put(s, "k", "w", 1, 0), -QT_EGONE);
	expect(other, "k", "v", 1);
	qt_store_close(s, NULL);
	world_end(&w, other);
}

/* What it would be told is durable is in files that nobody can find. */
QT_TEST(a_handle_whose_store_was_removed_syncs_nothing)
{
	struct world	 w;
	struct qt_store	*s;
	struct qt_err	 err = QT_ERR_INIT;

	(void)state;
	world_begin(&w, async);
	s = world_open(&w);
	assert_int_equal(put(s, "k", "v", 1, QT_STORE_SYNC_NOW), 0);
	place_remove(w.path);
	assert_int_equal(put(s, "k", "w", 1, QT_STORE_SYNC_NOW), -QT_EGONE);
	assert_int_equal(qt_store_sync(s, 0, &err), -QT_EGONE);
	/* From now on nobody is told that it is written. */
	assert_int_equal(put(s, "k", "w", 1, QT_STORE_ASYNC_NOW), -QT_EGONE);
	assert_non_null(strstr(err.text, "open it again"));
	world_end(&w, s);
}

QT_TEST(settings_that_do_not_go_together_are_refused)
{
	struct world			 w;
	struct qt_store_settings	 set;
	struct qt_store_options		 o = { .settings = &set };
	struct qt_store			*s;
	struct qt_err			 err = QT_ERR_INIT;

	(void)state;
	world_begin(&w, async);
	qt_store_settings_init(&set);
	set.wal_max = set.memtable_size - 1;
	assert_int_equal(qt_store_open(w.path, &o, &s, &err), -EINVAL);
	assert_non_null(strstr(err.text, "wal-max"));
	world_rm(&w);
}

/* Ids 1 to 64 are all dead ones', whichever of them is ours then. */
QT_TEST(what_a_dead_one_of_our_id_left_is_let_go_of)
{
	struct world	 w;
	struct qt_store	*s;
	unsigned int	 left = 0;

	(void)state;
	world_begin(&w, async);
	s = world_open(&w);
	expect(s, "k", NULL, 0);
	for (uint32_t i = 0; i < 64; i++)
		s->ctl->slots[i].owner = i + 1;
	s->ctl->slot_high = 64;
	assert_int_equal(put(s, "k", "v", 1, 0), 0);
	for (uint32_t i = 0; i < 64; i++) {
		left += s->ctl->slots[i].owner != 0;
		assert_int_not_equal(s->ctl->slots[i].owner, s->user.id);
	}
	assert_int_equal(left, 63);
	world_end(&w, s);
}

QT_TEST(somebody_who_removes_a_store_is_waited_for)
{
	struct world	 w;
	struct qt_store	*s;
	pid_t		 child;
	int		 dirfd, lock, status;

	(void)state;
	world_begin(&w, async);
	s = world_open(&w);
	dirfd = open(w.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	lock = qt__lock_file(dirfd, QT__LOCK_FORMAT);
	assert_true(lock >= 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		/* The very same lock would be ours, too. */
		close(lock);
		_exit(put(s, "k", "v", 1, 0) == -QT_EGONE ? 0 : 1);
	}
	assert_int_equal(qt_seg_unlink(s->name), 0);
	close(lock);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(dirfd);
	qt_store_close(s, NULL);
	s = world_open(&w);
	world_end(&w, s);
}

QT_TEST(what_a_cache_has_saved_is_counted)
{
	static const char *const compressed[] = { "mode", "async",
	    "compression", "6", NULL };
	struct world		 w;
	struct qt_store		*s, *other;
	struct qt_store_stat	 stat;
	char			 key[16], value[100] = { 0 };

	(void)state;
	world_begin(&w, compressed);
	s = world_open(&w);
	for (unsigned int i = 0; i < 200; i++) {
		snprintf(key, sizeof(key), "key %u", i);
		assert_int_equal(put(s, key, value, sizeof(value), 0), 0);
	}
	assert_int_equal(qt_store_checkpoint(s, NULL, NULL), 0);
	other = world_open(&w);
	for (unsigned int i = 0; i < 400; i++) {
		snprintf(key, sizeof(key), "key %u", i % 200);
		expect(other, key, value, sizeof(value));
	}
	qt_store_close(other, NULL);
	assert_int_equal(qt_store_stat(s, &stat, NULL), 0);
	assert_true(stat.cache_misses > 0);
	assert_int_equal(stat.cache_hits + stat.cache_misses, 400);
	world_end(&w, s);
}

/* --- Threads, while others fork ------------------------------------------- */

struct crowd {
	struct qt_store	*s;
	_Atomic bool	 is_over;
	_Atomic unsigned int failed, done;
};

/* A handle has a thread of its own; under this, children cannot start one. */
#if defined(__SANITIZE_THREAD__)
#define FLAGS	QT_STORE_NO_THREADS
#else
#define FLAGS	0
#endif

static int
scan_some(struct qt_store *s, const char *prefix)
{
	struct qt_store_range	 range = { .prefix = prefix,
	    .prefix_len = strlen(prefix) };
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	int			 rc = qt_store_scan_open(s, NULL, &range,
	    &scan, NULL), count = 0;

	while (rc >= 0 && count < 50 &&
	    (rc = qt_store_scan_next(scan, &item, NULL)) == 1)
		count++;
	if (rc >= 0)
		qt_store_scan_close(scan);
	return rc < 0 ? rc : count;
}

static void *
keep_busy(void *arg)
{
	static _Atomic unsigned int	 threads;
	struct crowd			*c = arg;
	unsigned int			 me = atomic_fetch_add(&threads, 1);
	char				 key[32];

	for (unsigned int i = 0; !atomic_load(&c->is_over); i++) {
		struct qt_store_value	v;

		snprintf(key, sizeof(key), "thread %u %u", me, i % 100);
		if (put(c->s, key, key, strlen(key),
		    i % 50 == 0 ? QT_STORE_SYNC_NOW : 0) != 0)
			atomic_fetch_add(&c->failed, 1);
		if (qt_store_get(c->s, NULL, &v, key, strlen(key), NULL) != 0)
			atomic_fetch_add(&c->failed, 1);
		qt_store_value_clear(&v);
		if (i % 20 == 0 && scan_some(c->s, "thread ") < 1)
			atomic_fetch_add(&c->failed, 1);
		if (i % 1000 == 999 && qt_store_maintain(c->s, 0, NULL) < 0)
			atomic_fetch_add(&c->failed, 1);
		atomic_fetch_add(&c->done, 1);
	}
	return NULL;
}

static int
be_child(struct qt_store *s, unsigned int number)
{
	char			key[32];
	struct qt_store_value	v;

	snprintf(key, sizeof(key), "child %u", number);
	if (put(s, key, key, strlen(key), QT_STORE_SYNC_NOW) != 0)
		return 1;
	if (qt_store_get(s, NULL, &v, key, strlen(key), NULL) != 0)
		return 2;
	qt_store_value_clear(&v);
	if (scan_some(s, key) != 1 || qt_store_maintain(s, 0, NULL) < 0)
		return 3;
	return qt_store_close(s, NULL) == 0 ? 0 : 4;
}

static void
fork_children(struct crowd *c)
{
	unsigned int	before;
	int		status;

	for (unsigned int i = 0; i < CHILDREN; i++) {
		pid_t	child;

		/* In the middle of whatever they are at. */
		before = atomic_load(&c->done);
		while (atomic_load(&c->done) == before)
			sched_yield();
		child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			alarm(20);
			_exit(be_child(c->s, i));
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
}

QT_TEST(children_use_the_handle_that_threads_of_their_parent_are_using)
{
	struct world	w;
	struct crowd	c = { .s = NULL };
	pthread_t	threads[3];
	char		key[32];

	(void)state;
	/* Whose allocator may be locked by another thread when one forks, and is
	   so in the child for ever. */
#if defined(__SANITIZE_ADDRESS__)
	skip();
#endif
	world_begin(&w, async);
	assert_int_equal(qt_store_open(w.path, &(struct qt_store_options){
	    .flags = FLAGS }, &c.s, NULL), 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, keep_busy,
		    &c), 0);
	fork_children(&c);
	atomic_store(&c.is_over, true);
	for (unsigned int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&c.failed), 0);
	for (unsigned int i = 0; i < CHILDREN; i++) {
		snprintf(key, sizeof(key), "child %u", i);
		expect(c.s, key, key, strlen(key));
	}
	world_end(&w, c.s);
}

/* Who only gets is no user, for whom others would wait, and asks for nothing. */
QT_TEST(who_only_reads_is_told_that_memory_was_replaced)
{
	const char	*settings[] = { NULL };
	struct world	 w;
	struct qt_store	*s, *reader;
	struct qt_store_value v;
	uint8_t		 stamp[QT__STAMP_SIZE];

	(void)state;
	world_begin(&w, settings);
	s = world_open(&w);
	assert_int_equal(put(s, "k", "1", 1, 0), 0);
	assert_int_equal(qt_store_close(s, NULL), 0);
	reader = world_open(&w);
	expect(reader, "k", "1", 1);
	s = world_open(&w);
	/* As if it had been written to elsewhere. */
	assert_int_equal(qt__store_user(s, NULL), 0);
	assert_int_equal(qt__stamp_make(s->user.fd, stamp), 0);
	assert_int_equal(qt_store_close(s, NULL), 0);
	s = world_open(&w);
	assert_int_equal(put(s, "k", "2", 1, 0), 0);
	assert_int_equal(qt_store_get(reader, NULL, &v, "k", 1, NULL),
	    -QT_EGONE);
	qt_store_close(reader, NULL);
	world_end(&w, s);
}
