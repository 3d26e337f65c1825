/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stretch of several runs into slices, in parts at once. See compact_priv.h.
 *
 *	largest input:	[ s ][ s ][ s ][ s ][ s ][ s ][ s ][ s ] ...
 *	parts:		[      0      ][      1      ]  later steps
 *
 * The parts end where slices of the largest input end. Each is merged to its
 * end, by threads of this step's own, and together they are one change of the
 * manifest. Where the other inputs are not spread as the largest is, so that a
 * part would be much more than its share, there is one part only.
 */
#include <pthread.h>
#include <stdlib.h>

#include <qt/ds/pool.h>

#include "compact_priv.h"

struct team {
	pthread_mutex_t	mutex;
	pthread_cond_t	cond;
	bool		is_woken;
};
struct task {
	struct qt_pool_job	 job;	/* first */
	struct qt__part		*part;
	uint32_t		 first, count;
	struct qt__part_keys	 bounds;
	uint64_t		 budget;
	struct qt_buf		 upto;
	struct qt_err		 err;
	int			 rc;
};

/* The inputs, as they are in from, read as one. */
static int
open_inputs(struct qt__cursor **out, const struct qt__step *s, uint32_t first,
    uint32_t count, struct qt_err *err)
{
	struct qt__run_source	  source = s->work->source;
	struct qt__cursor	**at = calloc(count, sizeof(struct qt__cursor *));
	const struct qt__sorted	 *run;
	size_t			  n = 0;
	int			  rc = at == NULL ? -ENOMEM : 0;

	source.err = err;
	for (uint32_t i = first; i < first + count && rc == 0; i++) {
		run = &s->from->runs[i];
		if (run->count == 0)
			continue;
		rc = qt__sorted_cursor(&at[n], s->from, run, &source);
		n += rc == 0;
	}
	if (rc == 0)
		rc = qt__merge_cursor(out, at, n);
	else
		while (n-- > 0)
			at[n]->ops->close(at[n]);
	free(at);
	return rc;
}

static void
task_run(struct qt_pool_job *job)
{
	struct task		*t = (struct task *)job;
	struct qt__cursor	*inputs;

	t->rc = open_inputs(&inputs, t->part->step, t->first, t->count,
	    &t->err);
	if (t->rc == 0)
		t->rc = qt__part_write(t->part, inputs, &t->bounds, t->budget,
		    &t->upto, &t->err);
}

/* --- Where the parts end ------------------------------------------------- */

/* Bytes of slices of a run that lie in part or wholly within the bounds. */
static uint64_t
bytes_within(const struct qt__manifest *m, const struct qt__sorted *run,
    const struct qt__part_keys *b)
{
	const struct qt__slice	*s = &m->slices[run->first];
	uint64_t		 bytes = 0;

	for (; s < &m->slices[run->first] + run->count; s++) {
		if ((b->after_len == 0 || qt__key_compare(m->heap + s->max_at,
		    s->max_len, b->after, b->after_len) > 0) &&
		    (b->limit == NULL || qt__key_compare(m->heap + s->min_at,
		    s->min_len, b->limit, b->limit_len) <= 0))
			bytes += s->info.size;
	}
	return bytes;
}

static bool
is_fair(const struct qt__step *s, const struct task *t, uint64_t share)
{
	const struct qt__sorted	*run = &s->from->runs[t->first];
	uint64_t		 bytes = 0;

	for (uint32_t i = 0; i < t->count; i++)
		bytes += bytes_within(s->from, &run[i], &t->bounds);
	return bytes / 4 <= share;
}

/* Sets the bounds of up to max parts and returns how many there are. */
static size_t
split(const struct qt__step *s, struct task *tasks, size_t max,
    uint64_t budget)
{
	const struct qt__sorted	*run = &s->from->runs[tasks[0].first];
	const struct qt__sorted	*largest = run;
	const struct qt__slice	*end;
	uint64_t		 total = 0, per, share;
	size_t			 i;

	for (i = 0; i < tasks[0].count; i++) {
		total += run[i].bytes;
		if (run[i].bytes > largest->bytes)
			largest = &run[i];
	}
	if (max > budget / s->slice_size)
		max = (size_t)(budget / s->slice_size);
	if (max > largest->count)
		max = largest->count;
	if (max < 2 || total == 0)
		return 1;
	share = budget / max;
	per = (uint64_t)((double)largest->count * (double)share /
	    (double)total);
	if (per >= largest->count / max)
		per = largest->count / max;
	if (per == 0)
		per = 1;
	for (i = 0; i < max; i++) {
		if (i > 0) {
			tasks[i].bounds.after = tasks[i - 1].bounds.limit;
			tasks[i].bounds.after_len =
			    tasks[i - 1].bounds.limit_len;
		}
		end = &s->from->slices[largest->first + per * (i + 1) - 1];
		if (i + 1 < max || per * max + max <= largest->count) {
			tasks[i].bounds.limit = s->from->heap + end->max_at;
			tasks[i].bounds.limit_len = end->max_len;
		}
		if (!is_fair(s, &tasks[i], share + s->slice_size))
			break;
	}
	if (i == max)
		return max;
	for (i = 0; i < max; i++)
		tasks[i].bounds = (struct qt__part_keys){ 0 };
	return 1;
}

/* --- Threads ------------------------------------------------------------- */

static void
wake(void *arg)
{
	struct team	*team = arg;

	pthread_mutex_lock(&team->mutex);
	team->is_woken = true;
	pthread_cond_signal(&team->cond);
	pthread_mutex_unlock(&team->mutex);
}

/* Until so many jobs have been done and collected. */
static void
collect(struct qt_pool *pool, struct team *team, size_t count)
{
	struct qt_pool_job	*job;

	while (count > 0) {
		pthread_mutex_lock(&team->mutex);
		while (!team->is_woken)
			pthread_cond_wait(&team->cond, &team->mutex);
		team->is_woken = false;
		pthread_mutex_unlock(&team->mutex);
		for (job = qt_pool_take_done(pool); job != NULL;
		    job = job->next)
			count--;
	}
}

/* All tasks; the first by this thread, as are all where there are no others. */
static void
run_all(struct task *tasks, size_t count)
{
	struct team	 team = { PTHREAD_MUTEX_INITIALIZER,
	    PTHREAD_COND_INITIALIZER, false };
	struct qt_pool	*pool = NULL;
	size_t		 i, submitted = 0;

	if (count > 1 && qt_pool_new((unsigned int)count - 1,
	    (unsigned int)count, wake, &team, &pool) < 0)
		pool = NULL;
	for (i = 1; i < count && pool != NULL; i++) {
		if (qt_pool_submit(pool, &tasks[i].job) < 0)
			break;
		submitted++;
	}
	task_run(&tasks[0].job);
	for (i = submitted + 1; i < count; i++)
		task_run(&tasks[i].job);
	if (pool != NULL) {
		collect(pool, &team, submitted);
		qt_pool_free(pool);
	}
}

int
qt__step_merge(struct qt__step *s, uint32_t first, uint32_t count,
    uint64_t budget, struct qt_buf *upto, struct qt_err *err)
{
	struct task	 tasks[QT__PARTS] = { 0 }, *t;
	size_t		 max = s->work->threads;
	int		 rc = 0;

	if (max > QT__PARTS)
		max = QT__PARTS;
	for (size_t i = 0; i < QT__PARTS; i++) {
		t = &tasks[i];
		t->job.run = task_run;
		t->part = &s->part[i];
		t->first = first;
		t->count = count;
		t->budget = budget;
	}
	s->parts = split(s, tasks, max, budget);
	if (s->parts > 1) {
		/* A part but the last has no end but its own. */
		for (size_t i = 0; i < s->parts; i++)
			tasks[i].budget = UINT64_MAX;
	}
	run_all(tasks, s->parts);
	for (t = tasks; t < tasks + s->parts; t++) {
		if (rc >= 0) {
			rc = t->rc;
			if (rc < 0 && err != NULL)
				*err = t->err;
		}
		if (t == &tasks[s->parts - 1] && rc == 1)
			rc = qt__key_hold(upto, t->upto.data, t->upto.len) < 0 ?
			    -ENOMEM : 1;
		qt_buf_clear(&t->upto);
	}
	return rc;
}
