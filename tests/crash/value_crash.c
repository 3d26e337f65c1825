/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of putting a value. Then the value
 * is the old one or the new one, no buffer is lost, and a survivor goes on for
 * three rounds of all buffers.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/shm/value.h>

#include "../../libcommon/shm/object_priv.h"
#include "ground.h"

#define LEN	40
#define BUFFERS	3

struct world {
	struct ground	g;
	struct qt_value	*v;
	uint64_t	 before;	/* sequence number */
};

static struct world *
world_with(int *fd, int puts)
{
	struct qt_value_spec	 spec = { .size = LEN, .writers = 1 };
	struct world		*w = ground_new(sizeof(*w),
	    256u << 10, fd);
	char			 old[LEN];

	step_must(qt_value_create(w->g.seg, "v", &spec, NULL) == 0 &&
	    qt_value_open(w->g.seg, "v", NULL, &w->v, NULL) == 0, "create");
	memset(old, 'o', sizeof(old));
	for (int i = 0; i < puts; i++)
		step_must(qt_value_put(w->v, old, LEN, &w->before) == 0, "put");
	return w;
}

static void *world_empty(int *fd) { return world_with(fd, 0); }
static void *world_old(int *fd) { return world_with(fd, 5); }

static void
world_end(void *state)
{
	struct world	*w = state;

	qt_value_close(w->v);
	ground_end(w);
}

/* All of one letter: 'o' as long as nothing new was published, else 'n'. */
static const char *
check_whole(struct world *w)
{
	char		buf[LEN];
	uint64_t	seq;
	ssize_t		n = qt_value_get(w->v, buf, LEN, &seq);

	if (n == -QT_EEMPTY)
		return w->before == 0 ? NULL : "the value is gone";
	if (n != LEN)
		return "a value of another length";
	for (int i = 0; i < LEN; i++)
		if (buf[i] != (seq == w->before ? 'o' : 'n'))
			return "half a value";
	return NULL;
}

static const char *
check(void *state)
{
	struct world	*w = state;
	const char	*wrong = check_whole(w);
	char		 text[LEN];
	uint64_t	 last, seq;

	if (wrong != NULL)
		return wrong;
	/* Without a sweep first: who writes takes back what it needs. */
	if (qt_value_get(w->v, text, LEN, &last) < 0)
		last = 0;
	for (int i = 0; i < 3 * BUFFERS; i++) {
		memset(text, 'n', LEN);
		if (qt_value_put(w->v, text, LEN, &seq) < 0)
			return "no value can be put any more";
		if (seq != ++last || check_whole(w) != NULL)
			return "a wrong value later";
	}
	if (qt_seg_sweep(w->g.seg) < 0 || qt_obj_fsck(w->g.seg, 0, NULL, NULL) != 0)
		return "fsck";
	return NULL;
}

static void
op_put(void *state)
{
	struct world	*w = state;
	char		 text[LEN];

	memset(text, 'n', LEN);
	if (qt_value_put(w->v, text, LEN, NULL) < 0 ||
	    qt_value_put(w->v, text, LEN, NULL) < 0)
		_exit(1);
}

static void
op_put_if(void *state)
{
	struct world	*w = state;
	char		 text[LEN];
	uint64_t	 seq = w->before, wrong = 1000;

	memset(text, 'n', LEN);
	if (qt_value_put_if(w->v, text, LEN, &wrong) != 0 ||
	    qt_value_put_if(w->v, text, LEN, &seq) != 1)
		_exit(1);
}

/* In vain. */
static void
op_wait(void *state)
{
	struct world	*w = state;
	uint64_t	 seq = w->before;

	want(qt_value_wait(w->v, &seq, qt_wait_deadline(5)) == -ETIMEDOUT,
	    2);
}

int
main(void)
{
	static const struct step_case	cases[] = {
		{ "put the first value", world_empty, join, op_put, check,
		    world_end },
		{ "put a value", world_old, join, op_put, check, world_end },
		{ "put a value if it is the last", world_old, join, op_put_if,
		    check, world_end },
		{ "wait for another, and give up", world_old, join, op_wait,
		    check, world_end },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
