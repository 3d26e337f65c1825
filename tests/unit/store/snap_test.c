/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots: a moment that stays as it was. */

#include "account_world.h"

QT_TEST(a_snapshot_stays_as_it_was_while_everything_is_overwritten)
{
	static struct model	 m, then[6];
	struct qt_store_snap	*snaps[6];
	struct world		 w;

	(void)state;
	scan_begin(&w, "1M");
	model_begin(&m, 3);
	for (int i = 0; i < 6; i++) {
		for (int j = 0; j < 60; j++)
			model_change(&m, w.s, 1000);
		then[i] = m;
		assert_int_equal(qt_store_snap_open(w.s, &snaps[i], NULL), 0);
	}
	for (int j = 0; j < 100; j++)
		model_change(&m, w.s, 1000);
	for (int i = 0; i < 6; i++) {
		model_scans(&then[i], w.s, snaps[i], 10, 1000);
		model_gets(&then[i], w.s, snaps[i], 1000);
		qt_store_snap_close(snaps[i]);
	}
	model_scans(&m, w.s, NULL, 0, 1000);
	scan_end(&w);
}

QT_TEST(a_value_and_a_scan_outlive_their_snapshot)
{
	struct qt_store_snap	*snap;
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	struct qt_store_value	 v;
	struct world		 w;
	uint64_t		 version;

	(void)state;
	scan_begin(&w, "1M");
	assert_int_equal(qt_store_put(w.s, NULL, &(struct qt_store_put){
	    .key = "k", .key_len = 1, .value = "v", .value_len = 1 }, NULL), 0);
	assert_int_equal(qt_store_snap_open(w.s, &snap, NULL), 0);
	assert_int_equal(qt_store_get(w.s, snap, &v, "k", 1, NULL), 0);
	assert_true(v.version <= qt_store_snap_version(snap));
	assert_int_equal(qt_store_put(w.s, &version, &(struct qt_store_put){
	    .key = "k", .key_len = 1, .value = "w", .value_len = 1 }, NULL), 0);
	assert_true(version > qt_store_snap_version(snap));
	assert_int_equal(qt_store_scan_open(w.s, snap,
	    &(struct qt_store_range){ .from = NULL }, &scan, NULL), 0);
	qt_store_snap_close(snap);
	assert_int_equal(w.s->ctl->slots[0].owner, w.s->user.id);
	assert_int_equal(qt_store_scan_next(scan, &item, NULL), 1);
	assert_memory_equal(item.value, "v", 1);
	qt_store_scan_close(scan);
	assert_int_equal(w.s->ctl->slots[0].owner, 0);
	assert_memory_equal(v.data, "v", 1);
	qt_store_value_clear(&v);
	scan_end(&w);
}

QT_TEST(a_snapshot_stays_as_it_was_through_flushes_merges_and_clear)
{
	static struct model	 m, then[8];
	struct qt_store_snap	*snaps[8];
	struct world		 w;

	(void)state;
	scan_begin(&w, "1M");
	model_begin(&m, 9);
	for (int i = 0; i < 8; i++) {
		for (int j = 0; j < 60; j++)
			model_change(&m, w.s, 600);
		then[i] = m;
		assert_int_equal(qt_store_snap_open(w.s, &snaps[i], NULL), 0);
		world_maintain(&w, model_random(&m, 16));
	}
	assert_int_equal(qt_store_compact(w.s, NULL), 0);
	for (int i = 0; i < 8; i++)
		model_scans(&then[i], w.s, snaps[i], 2, 600);
	assert_int_equal(qt_store_clear(w.s, NULL), 0);
	while (qt_store_maintain(w.s, 1000, NULL) == 1)
		;
	for (int i = 0; i < 8; i++) {
		model_scans(&then[i], w.s, snaps[i], 2, 600);
		model_gets(&then[i], w.s, snaps[i], 600);
		qt_store_snap_close(snaps[i]);
	}
	memset(m.value, 0, sizeof(m.value));
	model_scans(&m, w.s, NULL, 0, 600);
	scan_end(&w);
}

/* --- Other processes ------------------------------------------------------ */

/* Moves units between two accounts, unless somebody else was faster. */
static void
move_units(struct qt_store *s, uint32_t from, uint32_t to)
{
	struct qt_store_value	v;
	struct qt_store_put	puts[2];
	char			keys[2][16];
	uint64_t		units[2];
	uint32_t		which[] = { from, to };

	for (int i = 0; i < 2; i++) {
		put_account(&puts[i], keys[i], &units[i], which[i]);
		if (qt_store_get(s, NULL, &v, keys[i], 11, NULL) < 0)
			_exit(2);
		memcpy(&units[i], v.data, sizeof(units[i]));
		puts[i].if_version = v.version;
		puts[i].flags = QT_STORE_IF_VERSION;
		qt_store_value_clear(&v);
	}
	if (units[0] == 0)
		return;
	units[0]--;
	units[1]++;
	switch (qt_store_put_many(s, NULL, NULL, puts, 2, NULL)) {
	case 0:
	case -ESTALE:
		break;
	default:
		_exit(3);
	}
}

/* One move for each byte that comes. */
static void
be_a_mover(const struct world *w, unsigned int seed, int tokens)
{
	struct qt_store	*s = world_open_as(w, QT_STORE_NO_THREADS);
	char		 token;

	while (read(tokens, &token, 1) == 1) {
		uint32_t	from, to;

		seed = seed * 1103515245u + 12345;
		from = (seed >> 16) % ACCOUNTS;
		to = (from + 1 + (seed >> 8) % (ACCOUNTS - 1)) % ACCOUNTS;
		move_units(s, from, to);
	}
}

static pid_t
start_mover(const struct world *w, unsigned int seed, const int pipes[2])
{
	pid_t	pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		close(pipes[1]);
		be_a_mover(w, seed, pipes[0]);
		_exit(0);
	}
	return pid;
}

QT_TEST(what_others_move_in_batches_is_never_seen_on_its_way)
{
	static const char	 tokens[1000];
	struct qt_store_snap	*snap;
	struct world		 w;
	pid_t			 movers[3];
	int			 pipes[2];

	(void)state;
	scan_begin(&w, "1M");
	put_accounts(w.s);
	assert_int_equal(pipe(pipes), 0);
	for (unsigned int i = 0; i < 3; i++)
		movers[i] = start_mover(&w, i + 1, pipes);
	for (unsigned int i = 0; i < 25; i++) {
		assert_int_equal(write(pipes[1], tokens, sizeof(tokens)),
		    sizeof(tokens));
		assert_int_equal(qt_store_snap_open(w.s, &snap, NULL), 0);
		assert_int_equal(sum_of_gets(w.s, snap), ACCOUNTS * UNITS);
		assert_int_equal(sum_of_scan(w.s, snap, i % 2),
		    ACCOUNTS * UNITS);
		if (i % 4 == 0)
			world_maintain(&w, i / 4);
		assert_int_equal(sum_of_gets(w.s, snap), ACCOUNTS * UNITS);
		qt_store_snap_close(snap);
		assert_int_equal(sum_of_scan(w.s, NULL, i % 2),
		    ACCOUNTS * UNITS);
		if (i % 3 == 2) {
			stop(movers[i % 9 / 3], SIGKILL);
			movers[i % 9 / 3] = start_mover(&w, i + 4, pipes);
		}
	}
	for (unsigned int i = 0; i < 3; i++)
		stop(movers[i], SIGKILL);
	close(pipes[0]);
	close(pipes[1]);
	assert_int_equal(sum_of_scan(w.s, NULL, 0), ACCOUNTS * UNITS);
	scan_end(&w);
}

#define MANY	2000u

static int
put_round(struct qt_store *s, uint32_t round)
{
	static struct qt_store_put	puts[MANY];
	static char			keys[MANY][16];

	for (uint32_t i = 0; i < MANY; i++) {
		snprintf(keys[i], sizeof(keys[i]), "%u", i);
		puts[i] = (struct qt_store_put){ .key = keys[i],
		    .key_len = strlen(keys[i]), .value = &round,
		    .value_len = sizeof(round) };
	}
	return qt_store_put_many(s, NULL, NULL, puts, MANY, NULL);
}

static uint32_t
round_of(struct qt_store *s, const struct qt_store_snap *snap, uint32_t i)
{
	struct qt_store_value	v;
	uint32_t		round;
	char			key[16];

	snprintf(key, sizeof(key), "%u", i);
	assert_int_equal(qt_store_get(s, snap, &v, key, strlen(key), NULL), 0);
	memcpy(&round, v.data, sizeof(round));
	qt_store_value_clear(&v);
	return round;
}

QT_TEST(a_batch_of_thousands_is_there_at_once)
{
	struct qt_store_snap	*snap;
	struct qt_store		*s;
	struct world		 w;
	uint32_t		 round;
	pid_t			 pid;
	int			 status;

	(void)state;
	scan_begin(&w, "1M");
	assert_int_equal(put_round(w.s, 0), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		s = world_open_as(&w, QT_STORE_NO_THREADS);
		for (round = 1; round < 60; round++)
			if (put_round(s, round) < 0)
				_exit(2);
		_exit(0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		assert_int_equal(qt_store_snap_open(w.s, &snap, NULL), 0);
		round = round_of(w.s, snap, 0);
		for (uint32_t i = 1; i < MANY; i += MANY / 8 - 1)
			assert_int_equal(round_of(w.s, snap, i), round);
		qt_store_snap_close(snap);
	}
	assert_int_equal(status, 0);
	scan_end(&w);
}
