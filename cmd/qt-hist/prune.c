/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist prune - what is old, or there several times */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/clock.h>
#include <qt/base/hash.h>
#include <qt/base/text.h>
#include <qt/hist/stats.h>

#include "forget.h"
#include "verbs.h"

static const struct qt_opt options[] = {
	{ 'o', "older-than", "TIME", "events that began before that: 90d, 2026-11-01" },
	{ 'd', "duplicates", NULL, "all but the last event of each command" },
	{ 'n', "dry-run", NULL, "only show what would go" },
	{ 'f', "force", NULL, "do not ask" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb prune_verb = {
	"prune", prune_main, "",
	"forget events that are old, or repeat a command", options,
};

struct pruning {
	uint64_t		 before_us;
	bool			 is_unique;
	struct qt_hash_key	 key[2];
	/* Commands that were seen, from the last event on: open addressing. */
	struct seen {
		uint64_t	hash[2];
	}			*seen;
	size_t			 size, count;
};

static void
restart(void *arg)
{
	struct pruning	*p = arg;

	free(p->seen);
	p->seen = NULL;
	p->size = p->count = 0;
}

/* The slot of a command, or the empty one where it belongs. */
static struct seen *
find(struct seen *all, size_t size, const struct seen *s)
{
	size_t	i = (size_t)s->hash[0] & (size - 1);

	while (all[i].hash[0] != 0 && memcmp(&all[i], s, sizeof(*s)) != 0)
		i = (i + 1) & (size - 1);
	return &all[i];
}

static int
grow(struct pruning *p)
{
	size_t		 size = p->size == 0 ? 1024 : p->size * 2;
	struct seen	*all = calloc(size, sizeof(*all));

	if (all == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < p->size; i++)
		if (p->seen[i].hash[0] != 0)
			*find(all, size, &p->seen[i]) = p->seen[i];
	free(p->seen);
	p->seen = all;
	p->size = size;
	return 0;
}

/* 1: it was seen before, 0: it is now, or -ENOMEM. */
static int
see(struct pruning *p, const struct qt_hist_bytes *text)
{
	struct seen	s, *at;

	for (size_t i = 0; i < 2; i++)
		s.hash[i] = qt_hash(&p->key[i], text->data, text->len);
	s.hash[0] |= 1;
	if (p->count * 2 >= p->size && grow(p) < 0)
		return -ENOMEM;
	at = find(p->seen, p->size, &s);
	if (at->hash[0] != 0)
		return 1;
	*at = s;
	p->count++;
	return 0;
}

static int
judge(void *arg, struct qt_hist_event *e)
{
	struct pruning	*p = arg;
	int		 rc;

	if (e->flags & QT_HIST_RUNNING)
		return QT_HIST_STAYS;
	if (e->start_us != 0 && e->start_us < p->before_us)
		return QT_HIST_GOES;
	if (!p->is_unique)
		return QT_HIST_STAYS;
	rc = see(p, &e->text);
	return rc < 0 ? rc : rc == 1 ? QT_HIST_GOES : QT_HIST_STAYS;
}

/* So long ago; or a time as queries have it: what ends there. */
static uint64_t
time_before(const char *text)
{
	struct qt_hist_period	period;
	uint64_t		ms, now = qt_clock_real_us();
	char			range[64];
	int			n = snprintf(range, sizeof(range), "..%s",
	    text);

	if (qt_text_parse_ms(text, &ms) == 0 && ms <= now / 1000)
		return now - ms * 1000;
	if (n < 0 || (size_t)n >= sizeof(range) || *text == '\0' ||
	    qt_hist_period_parse(&period, range, history_here()) < 0)
		qt_die(QT_EXIT_USAGE, "--older-than '%s': no time, as 90d, "
		    "yesterday, 2026-11-01", text);
	return period.to_us;
}

int
prune_main(int argc, char **argv)
{
	struct qt_opts		 o = QT_OPTS_INIT(&prune_verb, argc, argv);
	struct pruning		 p = { 0 };
	struct forget		 f = { .what = "forget", .judge = judge,
	    .arg = &p, .restart = restart, .flags = QT_HIST_ERASE_REVERSE };
	struct qt_hist_db	*db;
	int			 id, rc;

	while ((id = qt_opts_next(&o)) != 0) {
		if (id == 'n')
			f.is_dry = true;
		else if (id == 'f')
			f.is_forced = true;
		else if (id == 'd')
			p.is_unique = true;
		else
			p.before_us = time_before(o.value);
	}
	if (o.index < argc || (p.before_us == 0 && !p.is_unique))
		qt_usage(&prune_verb);
	qt_hash_key_init(&p.key[0]);
	qt_hash_key_init(&p.key[1]);
	db = history_open();
	rc = forget(db, &f);
	restart(&p);
	history_close(db);
	return rc;
}
