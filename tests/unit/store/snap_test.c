/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots: a moment that stays as it was, and the slots that hold it. */

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "scan_world.h"

QT_TEST(a_snapshot_stays_as_it_was_while_everything_is_overwritten)
{
	static struct model	 m, then[6];
	struct qt_store_snap	*snaps[6];
	struct world		 w;

	(void)state;
	world_begin(&w, "1M");
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
	world_end(&w);
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
	world_begin(&w, "1M");
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
	world_end(&w);
}

QT_TEST(a_snapshot_stays_as_it_was_through_flushes_merges_and_clear)
{
	static struct model	 m, then[8];
	struct qt_store_snap	*snaps[8];
	struct world		 w;

	(void)state;
	world_begin(&w, "1M");
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
	world_end(&w);
}

/* --- Other processes ------------------------------------------------------ */

#define ACCOUNTS	40u
#define UNITS		1000u

static void
put_account(struct qt_store_put *p, char key[16], const uint64_t *units,
    uint32_t i)
{
	snprintf(key, 16, "account-%03u", i);
	*p = (struct qt_store_put){ .key = key, .key_len = 11,
	    .value = units, .value_len = sizeof(*units) };
}

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
	struct qt_store	*s = world_open(w, QT_STORE_NO_THREADS);
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

static uint64_t
sum_of_scan(struct qt_store *s, const struct qt_store_snap *snap,
    int is_reverse)
{
	struct qt_store_range	 r = { .prefix = "account-", .prefix_len = 8,
	    .is_reverse = is_reverse };
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	uint64_t		 sum = 0, units;

	assert_int_equal(qt_store_scan_open(s, snap, &r, &scan, NULL), 0);
	while (qt_store_scan_next(scan, &item, NULL) == 1) {
		memcpy(&units, item.value, sizeof(units));
		sum += units;
		sched_yield();
	}
	qt_store_scan_close(scan);
	return sum;
}

static uint64_t
sum_of_gets(struct qt_store *s, const struct qt_store_snap *snap)
{
	struct qt_store_value	v;
	struct qt_store_put	p;
	char			key[16];
	uint64_t		sum = 0, units;

	for (uint32_t i = 0; i < ACCOUNTS; i++) {
		put_account(&p, key, &units, i);
		assert_int_equal(qt_store_get(s, snap, &v, key, 11, NULL), 0);
		memcpy(&units, v.data, sizeof(units));
		qt_store_value_clear(&v);
		sum += units;
		sched_yield();	/* the movers' turn */
	}
	return sum;
}

static void
put_accounts(struct qt_store *s)
{
	struct qt_store_put	puts[ACCOUNTS];
	char			keys[ACCOUNTS][16];
	uint64_t		units = UNITS;

	for (uint32_t i = 0; i < ACCOUNTS; i++)
		put_account(&puts[i], keys[i], &units, i);
	assert_int_equal(qt_store_put_many(s, NULL, NULL, puts, ACCOUNTS,
	    NULL), 0);
}

static void
stop(pid_t pid, int sig)
{
	int	status;

	assert_int_equal(kill(pid, sig), 0);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(sig == SIGSTOP ? WIFSTOPPED(status) :
	    WIFSIGNALED(status));
}

QT_TEST(what_others_move_in_batches_is_never_seen_on_its_way)
{
	static const char	 tokens[1000];
	struct qt_store_snap	*snap;
	struct world		 w;
	pid_t			 movers[3];
	int			 pipes[2];

	(void)state;
	world_begin(&w, "1M");
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
	world_end(&w);
}

/* A child with a snapshot of its own; reads it when it is told to. */
struct holder {
	pid_t	pid;
	int	go, said;
};

static void
be_a_holder(const struct world *w, int go, int said)
{
	struct qt_store		*s = world_open(w, QT_STORE_NO_THREADS);
	struct qt_store_snap	*snap;
	char			 c = 'r';

	if (qt_store_snap_open(s, &snap, NULL) < 0 || write(said, &c, 1) != 1)
		_exit(2);
	if (read(go, &c, 1) != 1)
		_exit(3);
	c = sum_of_scan(s, snap, 0) == ACCOUNTS * UNITS &&
	    sum_of_gets(s, snap) == ACCOUNTS * UNITS ? 'y' : 'n';
	qt_store_snap_close(snap);
	qt_store_close(s, NULL);
	_exit(write(said, &c, 1) == 1 ? 0 : 4);
}

static void
hold(struct holder *h, const struct world *w)
{
	int	go[2], said[2];
	char	c;

	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(said), 0);
	h->pid = fork();
	assert_true(h->pid >= 0);
	if (h->pid == 0) {
		close(go[1]);
		close(said[0]);
		be_a_holder(w, go[0], said[1]);
	}
	close(go[0]);
	close(said[1]);
	h->go = go[1];
	h->said = said[0];
	assert_int_equal(read(h->said, &c, 1), 1);
	assert_int_equal(c, 'r');
}

static void
let_go(struct holder *h)
{
	close(h->go);
	close(h->said);
}

QT_TEST(the_slot_of_one_who_was_killed_is_taken_again)
{
	struct qt_store_snap	*snap;
	struct qt__slot		*slot;
	struct holder		 h;
	struct world		 w;

	(void)state;
	world_begin(&w, "1M");
	put_accounts(w.s);
	hold(&h, &w);
	slot = &w.s->ctl->slots[0];
	assert_int_equal(slot->pid, h.pid);
	assert_true(slot->manifest != 0 && slot->version != 0);
	assert_int_equal(qt_store_snap_open(w.s, &snap, NULL), 0);
	assert_int_equal(w.s->ctl->slot_high, 2);
	stop(h.pid, SIGKILL);
	qt_store_snap_close(snap);
	/* The one that is free, and then the dead one's. */
	assert_int_equal(qt_store_snap_open(w.s, &snap, NULL), 0);
	assert_int_equal(slot->pid, h.pid);
	assert_int_equal(sum_of_scan(w.s, NULL, 0), ACCOUNTS * UNITS);
	assert_int_equal(slot->pid, getpid());
	assert_int_equal(slot->owner, 0);
	assert_int_equal(w.s->ctl->slot_high, 2);
	qt_store_snap_close(snap);
	let_go(&h);
	world_end(&w);
}

static unsigned int
count_runs(const struct world *w)
{
	char		 path[128];
	DIR		*dir;
	unsigned int	 n = 0;

	snprintf(path, sizeof(path), "%s/run", w->path);
	dir = opendir(path);
	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		n += strstr(e->d_name, ".run") != NULL;
	closedir(dir);
	return n;
}

static void
overwrite(struct world *w)
{
	struct qt_store_put	p;
	char			key[16];
	uint64_t		units;

	for (uint32_t i = 0; i < 5 * ACCOUNTS; i++) {
		put_account(&p, key, &units, i % ACCOUNTS);
		units = i;
		assert_int_equal(qt_store_put(w->s, NULL, &p, NULL), 0);
	}
	assert_int_equal(qt_store_compact(w->s, NULL), 0);
	while (qt_store_maintain(w->s, 1000, NULL) == 1)
		;
}

QT_TEST(a_reader_that_is_stopped_keeps_what_it_has_not_opened_yet)
{
	struct holder	h;
	struct world	w;
	char		c;
	int		status;

	(void)state;
	world_begin(&w, "1M");
	put_accounts(w.s);
	assert_int_equal(qt_store_checkpoint(w.s, NULL, NULL), 0);
	hold(&h, &w);
	stop(h.pid, SIGSTOP);
	overwrite(&w);
	overwrite(&w);
	assert_int_equal(count_runs(&w), 2);
	assert_int_equal(kill(h.pid, SIGCONT), 0);
	assert_int_equal(write(h.go, "g", 1), 1);
	assert_int_equal(read(h.said, &c, 1), 1);
	assert_int_equal(c, 'y');
	assert_int_equal(waitpid(h.pid, &status, 0), h.pid);
	let_go(&h);
	overwrite(&w);
	assert_int_equal(count_runs(&w), 1);
	world_end(&w);
}

QT_TEST(a_fork_child_does_not_let_go_of_what_its_parent_holds)
{
	struct qt_store_snap	*snap, *own;
	struct world		 w;
	pid_t			 pid;
	int			 status;

	(void)state;
	world_begin(&w, "1M");
	put_accounts(w.s);
	assert_int_equal(qt_store_snap_open(w.s, &snap, NULL), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (qt_store_snap_open(w.s, &own, NULL) < 0 ||
		    sum_of_scan(w.s, own, 0) != ACCOUNTS * UNITS)
			_exit(2);
		qt_store_snap_close(own);
		qt_store_snap_close(snap);
		_exit(w.s->ctl->slots[0].owner != 0 &&
		    w.s->ctl->slots[1].owner == 0 ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(w.s->ctl->slots[0].owner, w.s->user.id);
	assert_int_equal(w.s->ctl->slots[0].pid, getpid());
	qt_store_snap_close(snap);
	assert_int_equal(w.s->ctl->slots[0].owner, 0);
	world_end(&w);
}

/* --- Limits --------------------------------------------------------------- */

QT_TEST(there_are_so_many_places_and_the_next_is_told_so)
{
	static struct qt_store_snap	*snaps[QT__SLOTS];
	struct qt_store_snap		*more;
	struct qt_store_scan		*scan;
	struct qt_store_range		 all = { .from = NULL };
	struct qt_err			 err = QT_ERR_INIT;
	struct world			 w;

	(void)state;
	world_begin(&w, "1M");
	put_accounts(w.s);
	for (uint32_t i = 0; i < QT__SLOTS; i++)
		assert_int_equal(qt_store_snap_open(w.s, &snaps[i], NULL), 0);
	assert_int_equal(qt_store_snap_open(w.s, &more, &err), -QT_EFULL);
	assert_non_null(strstr(err.text, "close some"));
	assert_int_equal(qt_store_scan_open(w.s, NULL, &all, &scan, NULL),
	    -QT_EFULL);
	qt_store_snap_close(snaps[1000]);
	assert_int_equal(qt_store_snap_open(w.s, &snaps[1000], NULL), 0);
	/* Dead ones, all of the same id. */
	for (uint32_t i = 0; i < QT__SLOTS; i++) {
		qt_store_snap_close(snaps[i]);
		w.s->ctl->slots[i].owner = QT__USER_MAX - 1;
	}
	assert_int_equal(qt_store_snap_open(w.s, &more, NULL), 0);
	qt_store_snap_close(more);
	world_end(&w);
}

QT_TEST(a_handle_holds_so_many_states_of_the_store)
{
	static struct qt_store_snap	*snaps[QT__SUPERS];
	struct qt_store_value		 v;
	struct qt__where		 where;
	struct qt_err			 err = QT_ERR_INIT;
	struct world			 w;
	uint32_t			 n;
	int				 rc;

	(void)state;
	world_begin(&w, "1M");
	put_accounts(w.s);
	for (n = 0; n < QT__SUPERS; n++) {
		rc = qt_store_snap_open(w.s, &snaps[n], &err);
		if (rc < 0)
			break;
		/* As when a memtable was flushed. */
		(void)qt__where_get(w.s->ctl, &where);
		qt__where_set(w.s->ctl, &where);
	}
	assert_int_equal(n, QT__SUPERS);
	assert_int_equal(qt_store_get(w.s, NULL, &v, "account-001", 11, &err),
	    -QT_EFULL);
	assert_non_null(strstr(err.text, "close some"));
	assert_int_equal(qt_store_get(w.s, snaps[5], &v, "account-001", 11,
	    NULL), 0);
	qt_store_value_clear(&v);
	qt_store_snap_close(snaps[7]);
	assert_int_equal(qt_store_get(w.s, NULL, &v, "account-001", 11, NULL),
	    0);
	qt_store_value_clear(&v);
	for (n = 0; n < QT__SUPERS; n++)
		if (n != 7)
			qt_store_snap_close(snaps[n]);
	world_end(&w);
}

/* Ids are used again: what the last one of ours left is nobody's. */
static void
check_reborn(struct world *w, bool is_mapped_first)
{
	struct qt_store_settings set = w->s->set;
	struct qt_store_options	 o = { .flags = QT_STORE_NO_THREADS,
	    .settings = &set };
	struct qt__stripe	*stripe, *mine;
	struct qt__mem_head	*head;
	struct qt_store		*s;

	set.max_ops = 1;
	assert_int_equal(qt__super_get(w->s, &stripe, NULL), 0);
	head = stripe->super->mems[0]->head;
	w->s->ctl->slot_high = 2;
	w->s->ctl->slots[0].owner = w->s->ctl->slots[1].owner = 1;
	head->order.word = 1;
	assert_int_equal(qt_store_open(w->path, &o, &s, NULL), 0);
	if (!is_mapped_first)
		assert_int_equal(qt__store_user(s, NULL), 0);
	assert_int_equal(qt__super_get(s, &mine, NULL), 0);
	if (is_mapped_first)
		assert_int_equal(qt__store_user(s, NULL), 0);
	assert_int_equal(s->user.id, 1);
	assert_int_equal(w->s->ctl->slots[0].owner, 0);
	assert_int_equal(w->s->ctl->slots[1].owner, 0);
	assert_int_equal(qt__lock_owner(&head->order, &s->user, NULL), 0);
	qt__super_release(mine);
	qt_store_close(s, NULL);
	qt__super_release(stripe);
}

QT_TEST(who_gets_the_id_of_a_dead_one_frees_its_slots_and_locks)
{
	struct world	w;

	(void)state;
	world_begin(&w, "1M");
	check_reborn(&w, true);
	check_reborn(&w, false);
	world_end(&w);
}
