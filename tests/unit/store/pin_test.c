/* SPDX-License-Identifier: Apache-2.0 */
/* Slots, by which readers of all processes hold what they read. */

#include <dirent.h>

#include "../../../libcommon/store/handle_priv.h"
#include "../../../libcommon/store/super_priv.h"
#include "account_world.h"

/* A child with a snapshot of its own; reads it when it is told to. */
struct holder {
	pid_t	pid;
	int	go, said;
};

static void
be_a_holder(const struct world *w, int go, int said)
{
	struct qt_store		*s = world_open_as(w, QT_STORE_NO_THREADS);
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
	scan_begin(&w, "1M");
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
	scan_end(&w);
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
	scan_begin(&w, "1M");
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
	scan_end(&w);
}

QT_TEST(a_fork_child_does_not_let_go_of_what_its_parent_holds)
{
	struct qt_store_snap	*snap, *own;
	struct world		 w;
	pid_t			 pid;
	int			 status;

	(void)state;
	scan_begin(&w, "1M");
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
	scan_end(&w);
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
	scan_begin(&w, "1M");
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
	scan_end(&w);
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
	scan_begin(&w, "1M");
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
	scan_end(&w);
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
	scan_begin(&w, "1M");
	check_reborn(&w, true);
	check_reborn(&w, false);
	scan_end(&w);
}
