/* SPDX-License-Identifier: Apache-2.0 */
/* What was deleted, and purged, is nowhere: every file is searched for it. */

#include "../traces.h"
#include "world.h"

#define SECRET	"correct-horse-battery-staple"

/* Shared memory is named after the store; its folder may be in there, too. */
static unsigned int
count_traces(const struct world *w, const struct qt_store *s)
{
	return traces_in_folder(w->path, "", SECRET) +
	    traces_in_folder("/dev/shm", s->name + (s->name[0] == '/'),
	    SECRET);
}

/* With SECRET in the middle. */
static void
put_secret(struct qt_store *s, const char *key, size_t len)
{
	char	*value = malloc(len);

	assert_non_null(value);
	memset(value, 'x', len);
	memcpy(value + len / 2, SECRET, strlen(SECRET));
	assert_int_equal(put(s, key, value, len, 0), 0);
	free(value);
}

static void
fill(struct qt_store *s, unsigned int first, unsigned int count)
{
	char	key[16], value[1000] = "of no interest";

	for (unsigned int i = first; i < first + count; i++) {
		snprintf(key, sizeof(key), "%06u", i);
		assert_int_equal(put(s, key, value, sizeof(value), 0), 0);
	}
}

static void
check_purged(struct world *w, struct qt_store *s)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc = qt_store_purge(s, &err);

	if (rc != 0)
		fail_msg("%d %s", rc, err.text);
	assert_int_equal(count_traces(w, s), 0);
	expect(s, "secret", NULL, 0);
	assert_int_equal(qt_store_verify(w->path, NULL, NULL, &err), 0);
}

QT_TEST(what_was_deleted_in_memory_is_nowhere)
{
	struct world	 w;
	struct qt_store	*s;

	(void)state;
	world_begin(&w, (const char *const[]){ NULL });
	s = world_open(&w);
	fill(s, 0, 10);
	put_secret(s, "secret", 200);
	assert_true(count_traces(&w, s) >= 2);
	assert_int_equal(put(s, "secret", NULL, 0, QT_STORE_DEL), 0);
	assert_true(count_traces(&w, s) >= 2);
	check_purged(&w, s);
	fill(s, 0, 10);
	world_end(&w, s);
}

QT_TEST(what_was_deleted_is_not_in_runs_nor_in_logs_that_are_used_again)
{
	struct world	 w;
	struct qt_store	*s;

	(void)state;
	world_begin(&w, (const char *const[]){ NULL });
	s = world_open(&w);
	/* Beyond what the next use of that log will overwrite. */
	fill(s, 0, 700);
	put_secret(s, "secret", 2000);
	assert_int_equal(qt_store_checkpoint(s, NULL, NULL), 0);
	fill(s, 0, 5);
	assert_int_equal(qt_store_checkpoint(s, NULL, NULL), 0);
	assert_int_equal(put(s, "secret", NULL, 0, QT_STORE_DEL), 0);
	assert_true(count_traces(&w, s) >= 2);
	check_purged(&w, s);
	fill(s, 0, 2000);
	check_purged(&w, s);
	world_end(&w, s);
}

/* Killed when the next log had begun: it is empty, but its end is not. */
QT_TEST(an_empty_log_that_was_anothers_is_purged)
{
	struct world	 w;
	struct qt_store	*s;

	(void)state;
	world_begin(&w, (const char *const[]){ NULL });
	s = world_open(&w);
	fill(s, 0, 700);
	put_secret(s, "secret", 2000);
	assert_int_equal(put(s, "secret", NULL, 0, QT_STORE_DEL), 0);
	assert_int_equal(qt_store_checkpoint(s, NULL, NULL), 0);
	fill(s, 0, 1);
	assert_int_equal(qt_store_checkpoint(s, NULL, NULL), 0);
	assert_true(count_traces(&w, s) >= 1);
	check_purged(&w, s);
	world_end(&w, s);
}

QT_TEST(values_that_were_overwritten_and_large_ones_are_purged)
{
	struct world	 w;
	struct qt_store	*s;

	(void)state;
	world_begin(&w, (const char *const[]){ NULL });
	s = world_open(&w);
	put_secret(s, "large", 600000);
	put_secret(s, "small", 60);
	assert_int_equal(qt_store_checkpoint(s, NULL, NULL), 0);
	assert_int_equal(put(s, "large", "x", 1, 0), 0);
	assert_int_equal(put(s, "small", "y", 1, 0), 0);
	check_purged(&w, s);
	expect(s, "large", "x", 1);
	expect(s, "small", "y", 1);
	world_end(&w, s);
}

QT_TEST(what_somebody_reads_goes_when_he_is_done)
{
	struct world		 w;
	struct qt_store		*s, *other;
	struct qt_store_snap	*snap;

	(void)state;
	world_begin(&w, (const char *const[]){ NULL });
	s = world_open(&w);
	other = world_open(&w);
	put_secret(s, "secret", 200);
	assert_int_equal(qt_store_checkpoint(s, NULL, NULL), 0);
	assert_int_equal(qt_store_snap_open(other, &snap, NULL), 0);
	assert_int_equal(put(s, "secret", NULL, 0, QT_STORE_DEL), 0);
	assert_int_equal(qt_store_purge(s, NULL), 1);
	assert_int_equal(qt_store_collect(s, NULL), 1);
	assert_int_equal(count_traces(&w, s), 1);
	qt_store_snap_close(snap);
	assert_int_equal(qt_store_collect(s, NULL), 0);
	assert_int_equal(count_traces(&w, s), 0);
	assert_int_equal(qt_store_close(other, NULL), 0);
	world_end(&w, s);
}
