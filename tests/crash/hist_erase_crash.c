/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL wherever something is erased from a history: what was not meant stays,
 * and once the next one is through what was is in no file and no memory, and does
 * not return: not by an import, not by a reboot.
 */

#include <errno.h>

#include <qt/base/sys.h>

#include "hist_ground.h"

#define OTHERS	"one;two;three;"
#define GONE	"echo " SECRET

static const char	*wanted[] = {
	"one;", GONE ";", "two;", GONE ";", "three;",
};

static int
judge(void *arg, struct qt_hist_event *e)
{
	(void)arg;
	return memmem(e->text.data, e->text.len, SECRET, strlen(SECRET)) !=
	    NULL ? QT_HIST_GOES : QT_HIST_STAYS;
}

static int
judge_secret(void *arg, struct qt_hist_event *e)
{
	int	rc = judge(arg, e);

	if (rc == QT_HIST_GOES) {
		e->text = (struct qt_hist_bytes){ "clean", 5 };
		return QT_HIST_CHANGES;
	}
	return rc;
}

/* Some of it in a run, some in a log, all in an index. */
static void *
world_some(int *fd)
{
	struct ground		*g = ground_new();
	struct qt_hist_index	*ix = NULL;

	(void)fd;
	ground_add(g, 1, "one", "/", 0);
	ground_add(g, 2, GONE, "/only", 0);
	step_must(qt_store_checkpoint(g->db->store, NULL, NULL) == 0,
	    "checkpoint");
	ground_add(g, 3, "two", "/", 0);
	ground_add(g, 4, GONE, "/", 0);
	ground_add(g, 5, "three", "/", 0);
	step_must(qt_hist_index_update(&ix, g->db, g->store, NULL, NULL) == 0,
	    "index");
	qt_hist_index_close(ix);
	ground_watch(g);
	return g;
}

static void
put(struct ground *g, const void *key, size_t len, const char *value)
{
	struct qt_store_put	p = { .key = key, .key_len = len,
	    .value = value, .value_len = value == NULL ? 0 :
	    *value == 'p' ? 1 : 8,
	    .flags = value == NULL ? QT_STORE_DEL : 0 };

	step_must(qt_store_put(g->db->store, NULL, &p, NULL) == 0, "put");
}

/* As one that was killed left it: events are gone, nothing else is. */
static void *
world_owed(int *fd)
{
	struct ground		*g = world_some(fd);
	struct qt_hist_bytes	 session = { "s", 1 };
	uint8_t			 key[QT__EVENT_KEY];

	put(g, "p", 1, "p");
	put(g, "d", 1, "\1\0\0\0\0\0\0");
	for (uint64_t second = 2; second <= 4; second += 2) {
		qt__event_key(key, second * 1000000, qt_hist_db_id(g->db,
		    &session, second));
		put(g, key, sizeof(key), NULL);
	}
	return g;
}

static void
op_erase(void *state)
{
	struct ground		*g = state;
	struct qt_hist_erased	 out;

	if (qt_hist_erase(g->db, judge, NULL, 0, &out, NULL) < 0)
		_exit(1);
}

static void
op_redact(void *state)
{
	struct ground		*g = state;
	struct qt_hist_erased	 out;

	if (qt_hist_erase(g->db, judge_secret, NULL, 0, &out, NULL) < 0)
		_exit(1);
}

static void
op_finish(void *state)
{
	struct ground	*g = state;
	bool		 is_held;

	if (qt_hist_erase_finish(g->db, &is_held, NULL) < 0)
		_exit(1);
}

/* What stays is there, in its order; each of the others is, or is not. */
static bool
is_between(struct ground *g)
{
	const char	*p = ground_list(g);

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		size_t	len = strlen(wanted[i]);

		if (strncmp(p, wanted[i], len) == 0)
			p += len;
		else if (strcmp(wanted[i], GONE ";") == 0 &&
		    strncmp(p, "clean;", 6) == 0)
			p += 6;
		else if (strcmp(wanted[i], GONE ";") != 0)
			return false;
	}
	return *p == '\0';
}

static const char *
finish(struct ground *g)
{
	struct qt_hist_index	*ix = NULL;
	bool			 is_held;
	uint32_t		 command;

	if (qt_hist_erase_finish(g->db, &is_held, NULL) < 0 || is_held)
		return "nobody can finish it";
	if (!is_between(g)) {
		printf("# it is %s\n", ground_text);
		return "it is not what was there";
	}
	if (strstr(ground_text, SECRET) == NULL &&
	    ground_traces(g, SECRET) > 0)
		return "what no event names is in a file or memory";
	if (qt_hist_index_update(&ix, g->db, g->store, NULL, NULL) < 0)
		return "there can be no index";
	command = qt_hist_index_find(ix, GONE, strlen(GONE));
	qt_hist_index_close(ix);
	return (command == QT_HIST_NONE) == (strstr(ground_text, SECRET) ==
	    NULL) ? NULL : "the index is of another history";
}

/* Whatever came of it: done again, it is done, and stays so. */
static const char *
erase_again(struct ground *g, const char *want)
{
	if (!ground_is(g, want))
		return "it is not what should stay";
	if (ground_traces(g, SECRET) > 0)
		return "it is in a file or in memory";
	ground_add(g, 2, GONE, "/", QT_HIST_IMPORTED);
	ground_add(g, 9, GONE, "/", QT_HIST_IMPORTED);
	ground_add(g, 0, GONE, "/", QT_HIST_IMPORTED);
	if (!ground_is(g, want))
		return "an import brings it back";
	ground_reboot(g);
	if (!ground_is(g, want) || ground_traces(g, SECRET) > 0)
		return "a reboot brings it back";
	return NULL;
}

static const char *
check_erase(void *state)
{
	const char	*wrong = finish(state);

	op_erase(state);
	return wrong != NULL ? wrong : erase_again(state, OTHERS);
}

static const char *
check_redact(void *state)
{
	const char	*wrong = finish(state);

	op_redact(state);
	return wrong != NULL ? wrong : erase_again(state,
	    "one;clean;two;clean;three;");
}

static const char *
check_reboot(void *state)
{
	ground_reboot(state);
	return check_erase(state);
}

int
main(void)
{
	const struct step_case	cases[] = {
		{ "erase, others go on", world_some, NULL, op_erase,
		    check_erase, ground_free },
		{ "erase, and the machine reboots", world_some, NULL,
		    op_erase, check_reboot, ground_free },
		{ "redact", world_some, NULL, op_redact, check_redact,
		    ground_free },
		{ "finish what another one began", world_owed, NULL,
		    op_finish, check_erase, ground_free },
	};

	step_limit(40);
	return step_run_long(cases, sizeof(cases) / sizeof(cases[0]));
}
