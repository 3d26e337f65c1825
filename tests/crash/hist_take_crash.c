/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL wherever spools are taken in: what shells wrote is in a spool or in
 * the history, also after a reboot; the next one takes in the rest, each once.
 */

#include <qt/base/sys.h>
#include <qt/hist/redact.h>
#include <qt/hist/take.h>

#include "../unit/hist/spool_write.h"
#include "hist_ground.h"

#define ALL	"before;one;X_TOKEN=" QT_HIST_REDACTION " two;three;four;"

struct taking {
	struct ground		*g;
	struct qt_hist_redact	*redact;
	char			 spools[300], live[340], dead[340];
};

/* Of a shell that runs, and of one that ran before the machine began. */
static void *
world_spools(int *fd)
{
	struct taking	*t = calloc(1, sizeof(*t));

	(void)fd;
	step_must(t != NULL, "calloc");
	t->g = ground_new();
	step_must(qt_hist_redact_open(&t->redact, NULL, NULL, NULL, NULL) == 0,
	    "rules");
	qt_hist_db_set_redact(t->g->db, t->redact);
	ground_add(t->g, 1, "before", "/", 0);
	snprintf(t->spools, sizeof(t->spools), "%s/spool", t->g->dir);
	snprintf(t->live, sizeof(t->live), "%s/a.spool", t->spools);
	snprintf(t->dead, sizeof(t->dead), "%s/b.spool", t->spools);
	step_must(qt_sys_mkdir(t->spools, 0700) == 0, "mkdir");
	spool_begin(t->live, getpid(), NULL);
	spool_put(t->live, 'B', "1|2000000|/|one|", true);
	spool_put(t->live, 'E', "1|2000000|3000000|0|0|/|b||", true);
	spool_put(t->live, 'E', "2|4000000|5000000|1|1|/|t|X_TOKEN=" SECRET
	    " two|", true);
	spool_put(t->live, 'E', "3|5000000|6000000|0|0|/|t|three|", true);
	spool_begin(t->dead, getpid(), "another boot");
	spool_put(t->dead, 'E', "4|7000000|8000000|0|0|/|t|four|", true);
	ground_watch(t->g);
	return t;
}

static int
take(struct taking *t)
{
	struct qt_hist_taken	n;
	int			rc = qt_hist_take(t->g->db, t->spools, 0, &n,
	    NULL);

	return rc < 0 ? rc : n.is_busy ? -EBUSY : 0;
}

static void
op_take(void *state)
{
	if (take(state) < 0)
		_exit(1);
}

/* The spool's end is where the history goes on, and nothing is left to read. */
static const char *
check_spools(struct taking *t)
{
	struct stat	st;
	uint64_t	offset;

	if (stat(t->live, &st) < 0)
		return "a spool whose shell runs is gone";
	if (stat(t->dead, &st) == 0)
		return "a spool whose shell is gone is there";
	step_must(stat(t->live, &st) == 0, "stat");
	if (qt_hist_db_spool(t->g->db, "a.spool", &offset, NULL) < 0 ||
	    offset != (uint64_t)st.st_size)
		return "the history does not go on at the spool's end";
	if (ground_traces(t->g, SECRET) > 0)
		return "what was a secret is there";
	return NULL;
}

static const char *
check_all(struct taking *t)
{
	const char	*wrong;

	if (take(t) < 0)
		return "nobody can take in";
	if (!ground_is(t->g, ALL))
		return "it is not what was run, each once";
	wrong = check_spools(t);
	if (wrong != NULL)
		return wrong;
	/* It goes on. */
	spool_put(t->live, 'E', "5|9000000|9500000|0|0|/|t|five|", true);
	if (take(t) < 0 || !ground_is(t->g, ALL "five;"))
		return "what the shell wrote next is not there";
	return NULL;
}

static const char *
check_others(void *state)
{
	struct taking	*t = state;
	const char	*wrong = check_all(t);

	if (wrong != NULL)
		return wrong;
	ground_reboot(t->g);
	return ground_is(t->g, ALL "five;") ? NULL :
	    "it is not there after a reboot";
}

static const char *
check_reboot(void *state)
{
	struct taking	*t = state;

	ground_reboot(t->g);
	qt_hist_db_set_redact(t->g->db, t->redact);
	return check_all(t);
}

static void
clean(void *state)
{
	struct taking	*t = state;

	qt_hist_redact_close(t->redact);
	ground_free(t->g);
	free(t);
}

int
main(void)
{
	const struct step_case	cases[] = {
		{ "spools are taken in, others go on", world_spools, NULL,
		    op_take, check_others, clean },
		{ "spools are taken in, and the machine reboots",
		    world_spools, NULL, op_take, check_reboot, clean },
	};

	step_limit(100);
	return step_run_long(cases, sizeof(cases) / sizeof(cases[0]));
}
