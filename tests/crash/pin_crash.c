/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of a snapshot and of a scan, which
 * puts a memtable in order. The others take its slot, see everything in order,
 * and no file is held any longer.
 */

#include "../../libcommon/store/pin_priv.h"
#include "../../libcommon/store/super_priv.h"
#include "store_ground.h"

#define PUTS	6u

static void *
world_plain(int *fd)
{
	struct ground		*g = ground_new(PUTS, 100, QT_STORE_ASYNC_NOW);
	struct qt__stripe	*stripe;
	static int		 was[2] = { -1, -1 };

	for (int i = 0; i < 2; i++)
		if (was[i] >= 0)
			close(was[i]);
	step_must(qt__super_get(g->s, &stripe, NULL) == 0, "super");
	fd[0] = was[0] = qt_seg_dup_rdonly(g->s->seg);
	fd[1] = was[1] = qt_seg_dup_rdonly(stripe->super->mems[0]->seg);
	qt__super_release(stripe);
	return g;
}

static void
op_snap(void *state)
{
	struct ground		*g = state;
	struct qt_store_snap	*snap;

	if (qt_store_snap_open(g->s, &snap, NULL) < 0)
		_exit(1);
	qt_store_snap_close(snap);
}

/* How many; negative when they are not in order. */
static int
count(struct qt_store *s, int is_reverse)
{
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	char			 last[64] = "";
	size_t			 len = 0;
	int			 n = 0, rc;

	if (qt_store_scan_open(s, NULL, &(struct qt_store_range){
	    .is_reverse = is_reverse }, &scan, NULL) < 0)
		return -1;
	while ((rc = qt_store_scan_next(scan, &item, NULL)) == 1) {
		int	order = qt__key_compare(item.key, item.key_len, last,
		    len);

		if (item.key_len > sizeof(last) || (n > 0 &&
		    (is_reverse ? order >= 0 : order <= 0)))
			return -1;
		len = item.key_len;
		memcpy(last, item.key, len);
		n++;
	}
	qt_store_scan_close(scan);
	return rc < 0 ? rc : n;
}

static void
op_scan(void *state)
{
	struct ground	*g = state;

	if (count(g->s, 0) != PUTS)
		_exit(1);
}

static const char *
check(void *state)
{
	struct ground		*g = state;
	struct qt__ctl		*ctl = g->s->ctl;
	struct qt_store_snap	*snaps[2];
	uint64_t		 number, begun = qt_clock_mono_ms();

	for (int i = 0; i < 2; i++)
		if (qt_store_snap_open(g->s, &snaps[i], NULL) < 0)
			return "no snapshot";
	if (atomic_load(&ctl->slot_high) > 2)
		return "the dead one's slot was not taken";
	if (count(g->s, 0) != PUTS || count(g->s, 1) != PUTS)
		return "not all is there, in order";
	for (int i = 0; i < 2; i++)
		qt_store_snap_close(snaps[i]);
	for (uint32_t i = 0; i < QT__SLOTS; i++)
		if (qt__pin_is_live(&ctl->slots[i], &g->s->user, &number))
			return "a slot is held";
	if (qt_clock_mono_ms() - begun > SOON_MS)
		return "the others waited for long";
	return NULL;
}

int
main(void)
{
	const struct step_case	cases[] = {
		{ "a snapshot", world_plain, NULL, op_snap, check,
		    ground_free },
		{ "a scan", world_plain, NULL, op_scan, check, ground_free },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
