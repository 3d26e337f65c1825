/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are not stored as they are: deflated, or in files of their own. */

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <qt/base/sys.h>

#include "../../../libcommon/store/big_collect_priv.h"
#include "../../../libcommon/store/durable_priv.h"
#include "../../../libcommon/store/get_priv.h"
#include "../../../libcommon/store/handle_priv.h"
#include "files.h"
#include "world.h"

#define LEN	(300u << 10)	/* more than a quarter of 1 MiB */

static const char *const	plain[] = { "mode", "async", NULL };
static const char *const	deflated[] = { "mode", "async", "compression",
    "6", NULL };
static char			value[LEN + 16];

/* One that is like no other. */
static const char *
big_value(unsigned int seed)
{
	uint32_t	x = seed * 2654435761u + 1;

	for (size_t i = 0; i < LEN; i++) {
		x = x * 1664525u + 1013904223u;
		value[i] = (char)(x >> 24);
	}
	return value;
}

static void
maintain(struct qt_store *s)
{
	struct qt_err	err = QT_ERR_INIT;

	if (qt_store_maintain(s, 10000, &err) != 0)
		fail_msg("%s", err.text);
}

static void
put_big(struct qt_store *s, const char *key, unsigned int seed)
{
	assert_int_equal(put(s, key, big_value(seed), LEN, 0), 0);
}

static void
expect_big(struct qt_store *s, const char *key, unsigned int seed)
{
	expect(s, key, big_value(seed), LEN);
}

QT_TEST(a_large_value_is_there_in_memory_in_a_run_and_after_a_reboot)
{
	struct world		 w;
	struct qt_store		*s;
	struct qt_store_value	 v;

	(void)state;
	world_begin(&w, plain);
	s = world_open(&w);
	put_big(s, "a", 1);
	put_big(s, "b", 2);
	assert_int_equal(files_count(s->big_fd, "."), 2);
	expect_big(s, "a", 1);
	world_reboot(s);
	s = world_open(&w);
	expect_big(s, "b", 2);
	assert_int_equal(qt_store_checkpoint(s, NULL, NULL), 0);
	expect_big(s, "a", 1);
	assert_int_equal(files_count(s->big_fd, "."), 2);
	/* It stays for who has it. */
	assert_int_equal(qt_store_get(s, NULL, &v, "a", 1, NULL), 0);
	assert_int_equal(put(s, "a", "", 0, QT_STORE_DEL), 0);
	assert_int_equal(qt_store_compact(s, NULL), 0);
	assert_int_equal(files_count(s->big_fd, "."), 1);
	assert_int_equal(v.len, LEN);
	assert_true(memcmp(v.data, big_value(1), LEN) == 0);
	qt_store_value_clear(&v);
	expect(s, "a", NULL, 0);
	expect_big(s, "b", 2);
	world_end(&w, s);
}

QT_TEST(what_is_overwritten_goes_and_what_is_written_then_has_a_new_number)
{
	struct world	 w;
	struct qt_store	*s;
	uint64_t	 next;

	(void)state;
	world_begin(&w, plain);
	s = world_open(&w);
	for (unsigned int i = 0; i < 5; i++)
		put_big(s, "k", i);
	assert_int_equal(files_count(s->big_fd, "."), 5);
	assert_int_equal(qt_store_compact(s, NULL), 0);
	put_big(s, "k", 5);
	assert_int_equal(qt_store_compact(s, NULL), 0);
	assert_int_equal(files_count(s->big_fd, "."), 1);
	next = s->ctl->next_big;
	assert_int_equal(next, 7);
	world_reboot(s);
	s = world_open(&w);
	assert_int_equal(s->ctl->next_big, next);
	expect_big(s, "k", 5);
	maintain(s);
	assert_int_equal(s->ctl->big_swept, next);
	expect_big(s, "k", 5);
	world_end(&w, s);
}

QT_TEST(a_put_that_fails_leaves_no_file)
{
	struct world	 w;
	struct qt_store	*s;

	(void)state;
	world_begin(&w, plain);
	s = world_open(&w);
	assert_int_equal(put(s, "k", "v", 1, 0), 0);
	assert_int_equal(put(s, "k", big_value(0), LEN, QT_STORE_IF_ABSENT),
	    -EEXIST);
	/* It was not written at all. */
	assert_int_equal(s->ctl->next_big, 1);
	for (unsigned int nth = 1; nth <= 2; nth++) {
		qt_sys_fault(QT_SYS_WRITE, nth, ENOSPC);
		assert_int_equal(put(s, "k", big_value(0), LEN, 0), -ENOSPC);
		qt_sys_fault(QT_SYS_WRITE, 0, 0);
	}
	/* Nor does a batch of which a later one cannot be written. */
	qt_sys_fault(QT_SYS_FALLOCATE, 2, ENOSPC);
	assert_int_equal(qt_store_put_many(s, NULL, NULL,
	    (struct qt_store_put[]){
		{ .key = "a", .key_len = 1, .value = value, .value_len = LEN },
		{ .key = "b", .key_len = 1, .value = value, .value_len = LEN },
	    }, 2, NULL), -ENOSPC);
	qt_sys_fault(QT_SYS_FALLOCATE, 0, 0);
	assert_int_equal(files_count(s->big_fd, "."), 0);
	expect(s, "k", "v", 1);
	expect(s, "a", NULL, 0);
	world_end(&w, s);
}

QT_TEST(a_batch_has_values_of_each_kind)
{
	struct world	 w;
	struct qt_store	*s;
	char		 zeros[1000] = { 0 };

	(void)state;
	world_begin(&w, deflated);
	s = world_open(&w);
	big_value(3);
	assert_int_equal(qt_store_put_many(s, NULL, NULL,
	    (struct qt_store_put[]){
		{ .key = "a", .key_len = 1, .value = value, .value_len = LEN },
		{ .key = "b", .key_len = 1, .value = "b", .value_len = 1 },
		{ .key = "c", .key_len = 1, .value = zeros,
		    .value_len = sizeof(zeros) },
		{ .key = "d", .key_len = 1, .value = value + 1,
		    .value_len = LEN },
	    }, 4, NULL), 0);
	for (unsigned int turn = 0; turn < 2; turn++) {
		expect_big(s, "a", 3);
		expect(s, "b", "b", 1);
		expect(s, "c", zeros, sizeof(zeros));
		expect(s, "d", value + 1, LEN);
		assert_int_equal(qt_store_checkpoint(s, NULL, NULL), 0);
	}
	assert_int_equal(files_count(s->big_fd, "."), 2);
	world_end(&w, s);
}

static struct qt__entry
find(struct qt_store *s, const char *key)
{
	struct qt__stripe	*stripe;
	struct qt__entry	 e;
	void			*own;

	assert_int_equal(qt__super_get(s, &stripe, NULL), 0);
	assert_int_equal(qt__lookup(s, stripe->super, &e, &own, key,
	    strlen(key), UINT64_MAX, NULL), 1);
	free(own);
	qt__super_release(stripe);
	return e;
}

QT_TEST(what_becomes_smaller_is_deflated)
{
	struct world	 w;
	struct qt_store	*s;
	char		 text[4096];

	(void)state;
	world_begin(&w, deflated);
	s = world_open(&w);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "some text "[i % 10];
	for (size_t len = 255; len <= sizeof(text); len += len / 3) {
		assert_int_equal(put(s, "text", text, len, 0), 0);
		expect(s, "text", text, len);
		assert_int_equal(find(s, "text").flags, len < 256 ? 0 :
		    QT__DEFLATED);
		if (len >= 256)
			assert_true(find(s, "text").value_len < 80);
		assert_int_equal(put(s, "noise", big_value(1), len, 0), 0);
		assert_int_equal(find(s, "noise").flags, 0);
		expect(s, "noise", value, len);
	}
	world_reboot(s);
	s = world_open(&w);
	assert_int_equal(find(s, "text").flags, QT__DEFLATED);
	world_end(&w, s);
}

/* --- Who wrote a file and no record --------------------------------------- */

static void
write_unnamed(struct qt_store *s, const char *key, uint64_t *number)
{
	struct qt__big_value	v = { .key = key, .key_len = strlen(key),
	    .data = value, .len = 1000 };
	struct qt__big_ref	ref;

	assert_int_equal(qt__store_user(s, NULL), 0);
	assert_int_equal(qt__big_claim(&s->user, &s->ctl->next_big, number),
	    0);
	assert_int_equal(qt__big_write(s->big_fd, *number, &v, &ref, NULL),
	    0);
}

QT_TEST(a_file_without_a_record_stays_while_its_writer_lives)
{
	struct world	 w;
	struct qt_store	*s, *other;
	uint64_t	 number;
	pid_t		 child;
	int		 status;

	(void)state;
	world_begin(&w, plain);
	s = world_open(&w);
	other = world_open(&w);
	put_big(s, "k", 1);
	write_unnamed(other, "k", &number);
	put_big(s, "l", 2);
	/* Also for the one that it is a thread of. */
	maintain(s);
	maintain(other);
	assert_int_equal(files_count(s->big_fd, "."), 3);
	assert_int_equal(s->ctl->big_swept, number);
	qt__big_unclaim(&other->user, number);
	maintain(s);
	assert_int_equal(files_count(s->big_fd, "."), 2);
	assert_int_equal(s->ctl->big_swept, number + 2);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		write_unnamed(s, "new", &number);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(files_count(s->big_fd, "."), 3);
	maintain(s);
	assert_int_equal(files_count(s->big_fd, "."), 2);
	expect_big(s, "k", 1);
	expect_big(s, "l", 2);
	qt_store_close(other, NULL);
	world_end(&w, s);
}

/* 1 when it was killed, 0 when it had put it. */
static int
put_and_die(struct qt_store *s, const char *key, enum qt_sys_call call,
    unsigned int nth)
{
	pid_t	child = fork();
	int	status;

	assert_true(child >= 0);
	if (child == 0) {
		qt_sys_fault(call, nth, QT_SYS_KILL);
		_exit(put(s, key, value, LEN, QT_STORE_SYNC_NOW) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status))
		return 1;
	assert_int_equal(status, 0);
	return 0;
}

/* And never is there a record without its file. */
QT_TEST(a_writer_that_is_killed_at_any_call_leaves_no_file_for_long)
{
	static const enum qt_sys_call	calls[] = { QT_SYS_OPEN,
	    QT_SYS_FALLOCATE, QT_SYS_WRITE, QT_SYS_FSYNC, QT_SYS_PWRITE };
	struct world			w;
	struct qt_store			*s;
	struct qt_store_value		 v;
	unsigned int			 killed = 0;
	int				 committed = 0;
	char				 key[16];

	(void)state;
	world_begin(&w, plain);
	s = world_open(&w);
	big_value(1);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		for (unsigned int nth = 1;; nth++) {
			int	is_dead;

			snprintf(key, sizeof(key), "%zu %u", i, nth);
			is_dead = put_and_die(s, key, calls[i], nth);
			killed += (unsigned int)is_dead;
			maintain(s);
			committed += qt_store_get(s, NULL, &v, key,
			    strlen(key), NULL) == 0;
			qt_store_value_clear(&v);
			assert_int_equal(files_count(s->big_fd, "."), committed);
			if (!is_dead)
				break;
		}
	assert_true(committed >= 5);
	assert_true(killed >= 8);
	world_end(&w, s);
}

/* As one leaves it who is killed between the two: it will be indexed yet. */
QT_TEST(a_file_whose_record_is_committed_and_not_yet_visible_stays)
{
	struct world		 w;
	struct qt_store		*s;
	struct qt__stripe	*stripe;

	(void)state;
	world_begin(&w, plain);
	s = world_open(&w);
	put_big(s, "k", 1);
	assert_int_equal(qt__super_get(s, &stripe, NULL), 0);
	atomic_store(&stripe->super->mems[0]->head->indexed, QT__LOG_FIRST);
	qt__super_release(stripe);
	expect(s, "k", NULL, 0);
	maintain(s);
	assert_int_equal(files_count(s->big_fd, "."), 1);
	assert_int_equal(s->ctl->big_swept, 2);
	assert_int_equal(put(s, "l", "", 0, 0), 0);
	expect_big(s, "k", 1);
	world_end(&w, s);
}

static void
make_file(struct qt_store *s, const char *name, const void *data, size_t len)
{
	int	fd = openat(s->big_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC,
	    0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	close(fd);
}

QT_TEST(what_a_power_cut_left_goes_and_what_is_damaged_stays)
{
	struct world	 w;
	struct qt_store	*s;
	uint64_t	 number;
	char		 zeros[4096] = { 0 };

	(void)state;
	world_begin(&w, plain);
	s = world_open(&w);
	put_big(s, "k", 1);
	write_unnamed(s, "k", &number);
	assert_int_equal(qt_store_checkpoint(s, NULL, NULL), 0);
	make_file(s, "000000000010.big", "", 0);
	make_file(s, "000000000011.big", zeros, sizeof(zeros));
	make_file(s, "000000000012.big", "damaged by a disk, maybe, who is to "
	    "tell what it was before?", 60);
	make_file(s, "notes.txt", "mine", 4);
	world_reboot(s);
	s = world_open(&w);
	assert_int_equal(s->ctl->next_big, 13);
	maintain(s);
	assert_int_equal(files_count(s->big_fd, "."), 3);
	assert_int_equal(faccessat(s->big_fd, "000000000012.big", F_OK, 0), 0);
	assert_int_equal(s->ctl->big_swept, 13);
	expect_big(s, "k", 1);
	world_end(&w, s);
}

QT_TEST(a_file_that_only_an_old_version_names_stays_until_that_goes)
{
	struct world	 w;
	struct qt_store	*s;

	(void)state;
	world_begin(&w, plain);
	s = world_open(&w);
	put_big(s, "k", 1);
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(put(s, "k", "small", 5, 0), 0);
	maintain(s);
	assert_int_equal(s->ctl->big_swept, 2);
	assert_int_equal(files_count(s->big_fd, "."), 1);
	assert_int_equal(qt_store_compact(s, NULL), 0);
	assert_int_equal(files_count(s->big_fd, "."), 0);
	world_end(&w, s);
}

QT_TEST(a_cleared_store_has_no_files_when_nobody_looks_at_older_ones)
{
	struct world		 w;
	struct qt_store		*s;
	struct qt_store_snap	*snap;
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;

	(void)state;
	world_begin(&w, plain);
	s = world_open(&w);
	put_big(s, "in a run", 1);
	assert_int_equal(qt_store_checkpoint(s, NULL, NULL), 0);
	put_big(s, "in memory", 2);
	assert_int_equal(qt_store_snap_open(s, &snap, NULL), 0);
	assert_int_equal(qt_store_clear(s, NULL), 0);
	maintain(s);
	assert_int_equal(files_count(s->big_fd, "."), 2);
	put_big(s, "new", 3);
	assert_int_equal(qt_store_scan_open(s, snap,
	    &(struct qt_store_range){ .prefix = NULL }, &scan, NULL), 0);
	for (unsigned int i = 1; i <= 2; i++) {
		assert_int_equal(qt_store_scan_next(scan, &item, NULL), 1);
		assert_int_equal(item.value_len, LEN);
		assert_int_equal(memcmp(item.value, big_value(i), LEN), 0);
	}
	assert_int_equal(qt_store_scan_next(scan, &item, NULL), 0);
	qt_store_scan_close(scan);
	qt_store_snap_close(snap);
	maintain(s);
	assert_int_equal(files_count(s->big_fd, "."), 1);
	expect(s, "in a run", NULL, 0);
	expect_big(s, "new", 3);
	world_end(&w, s);
}

QT_TEST(a_file_that_is_missing_is_damage_and_not_an_absent_key)
{
	struct world		 w;
	struct qt_store		*s;
	struct qt_store_value	 v;
	struct qt_store_range	 range = { .prefix = NULL };
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	struct qt_err		 err = QT_ERR_INIT;

	(void)state;
	world_begin(&w, plain);
	s = world_open(&w);
	put_big(s, "k", 1);
	assert_int_equal(qt__big_remove(s->big_fd, 1), 0);
	assert_int_equal(qt_store_get(s, NULL, &v, "k", 1, &err),
	    -QT_ECORRUPT);
	assert_non_null(strstr(err.text, "big/000000000001.big"));
	/* Who only wants the keys does not look. */
	assert_int_equal(qt_store_scan_open(s, NULL, &range, &scan, NULL), 0);
	assert_int_equal(qt_store_scan_next(scan, &item, NULL),
	    -QT_ECORRUPT);
	qt_store_scan_close(scan);
	range.is_keys_only = 1;
	assert_int_equal(qt_store_scan_open(s, NULL, &range, &scan, NULL), 0);
	assert_int_equal(qt_store_scan_next(scan, &item, NULL), 1);
	assert_int_equal(item.value_len, 0);
	assert_int_equal(qt_store_scan_next(scan, &item, NULL), 0);
	qt_store_scan_close(scan);
	world_end(&w, s);
}
